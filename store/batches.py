"""Month-end lists of points: proposed by one person, approved by another, booked in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from store.people import in_parts
from store.tables import batches, households, members, people, xfer
from store.tx import Tx, change_one


@dataclass(frozen=True, slots=True)
class Batch:
    """`lines` hold line, household, person, points, reason and idem of each award."""

    id: int
    month: str
    rule: str
    digest: str
    state: str
    unit_id: int
    proposer_id: int
    approver_id: int | None
    at: int
    ended_at: int | None
    lines: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Home:
    """A household a list names, by its code or by a person; `id` is None for somebody who has none yet."""

    id: int | None
    name: str
    unit_id: int | None
    person_id: int | None
    is_closed: bool


_COLUMNS = [batches.c[name] for name in Batch.__dataclass_fields__]
_FIRST = (
    sa.select(members.c.person_id)
    .where(members.c.household_id == households.c.id, members.c.until.is_(None))
    .order_by(members.c.id)
    .limit(1)
    .correlate(households)
    .scalar_subquery()
)


def add(tx: Tx, **values: object) -> int:
    return int(tx.execute(sa.insert(batches).returning(batches.c.id), values).scalar_one())


def get(tx: Tx, batch_id: int) -> Batch | None:
    row = tx.execute(sa.select(*_COLUMNS).where(batches.c.id == batch_id)).first()
    return Batch(*row) if row else None


def by_digest(tx: Tx, digest: str) -> Batch | None:
    row = tx.execute(sa.select(*_COLUMNS).where(batches.c.digest == digest)).first()
    return Batch(*row) if row else None


def end(tx: Tx, batch: Batch, state: str, *, now: int, approver_id: int | None = None) -> None:
    """Posted or dropped; Conflict when it has ended already."""
    open_still = sa.update(batches).where(batches.c.id == batch.id, batches.c.state == "proposed")
    change_one(tx, open_still.values(state=state, ended_at=now, approver_id=approver_id))


def proposed(tx: Tx, unit_ids: Sequence[int], limit: int) -> list[Batch]:
    """Those of the units that wait for a second person, oldest first."""
    query = sa.select(*_COLUMNS).where(batches.c.state == "proposed", batches.c.unit_id.in_(unit_ids))
    return [Batch(*row) for row in tx.execute(query.order_by(batches.c.id).limit(limit))]


# --- whom a list names


def by_code(tx: Tx, codes: Sequence[str]) -> dict[str, Home]:
    """Households by the code on their card, with the member who came first."""
    found = {}
    for part in in_parts(codes):
        query = sa.select(
            households.c.code,
            households.c.id,
            households.c.name,
            households.c.unit_id,
            _FIRST,
            households.c.closed_at,
        ).where(households.c.code.in_(part))
        for row in tx.execute(query):
            found[row[0]] = Home(row[1], row[2], row[3], row[4], row[5] is not None)
    return found


def by_person(tx: Tx, person_ids: Sequence[int]) -> dict[int, Home]:
    """The households of people, by their numbers."""
    found = {}
    for part in in_parts(person_ids):
        query = (
            sa.select(people.c.id, people.c.name, people.c.unit_id, members.c.household_id)
            .outerjoin(members, sa.and_(members.c.person_id == people.c.id, members.c.until.is_(None)))
            .where(people.c.id.in_(part))
        )
        for row in tx.execute(query):
            found[row[0]] = Home(row[3], row[1], row[2], row[0], False)
    return found


def living_in(tx: Tx, unit_ids: Sequence[int]) -> list[tuple[str, int, str, int]]:
    """(household's code, "" for none yet; person; name; unit) of all who live there, one a household."""
    query = (
        sa.select(households.c.code, people.c.id, people.c.name, people.c.unit_id, members.c.household_id)
        .select_from(people)
        .outerjoin(members, sa.and_(members.c.person_id == people.c.id, members.c.until.is_(None)))
        .outerjoin(households, households.c.id == members.c.household_id)
        .where(people.c.unit_id.in_(unit_ids), people.c.name != "")
        .order_by(people.c.unit_id, people.c.id)
    )
    listed, seen = [], set()
    for code, person_id, name, unit_id, household_id in tx.execute(query):
        if household_id is None or household_id not in seen:
            listed.append((code or "", person_id, name, unit_id))
        seen.add(household_id)
    return listed


# --- what they have already


def booked(tx: Tx, keys: Sequence[str]) -> dict[str, tuple[int, bool]]:
    """(points, whether they were taken back) of the awards that are booked under these keys."""
    reversal = xfer.alias()
    found: dict[str, tuple[int, bool]] = {}
    for part in in_parts(keys):
        query = (
            sa.select(xfer.c.idem, xfer.c.amount, reversal.c.id)
            .outerjoin(reversal, reversal.c.reverses_id == xfer.c.id)
            .where(xfer.c.idem.in_(part))
        )
        found |= {row[0]: (row[1], row[2] is not None) for row in tx.execute(query)}
    return found
