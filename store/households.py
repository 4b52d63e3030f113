"""Households: who earns and spends together. Their history survives who comes and goes."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from store.db import Retry, Tx, change_one
from store.prepared import Prepared
from store.tables import freezes, households, members, people


@dataclass(frozen=True, slots=True)
class Household:
    """`code` is printed on its card; `pin_hash` is "" where no PIN was set. Times are UTC seconds."""

    id: int
    code: str
    name: str
    unit_id: int | None
    pin_hash: str
    wrong_tries: int
    locked_until: int
    opened_at: int
    closed_at: int | None


_FIELDS = [households.c[name] for name in Household.__dataclass_fields__]
_OF = Prepared(
    sa.select(members.c.household_id).where(
        members.c.person_id == sa.bindparam("person_id"), members.c.until.is_(None)
    )
)
_GET = Prepared(sa.select(*_FIELDS).where(households.c.id == sa.bindparam("id")))
_BY_CODE = Prepared(sa.select(*_FIELDS).where(households.c.code == sa.bindparam("code")))
_ADD = Prepared(sa.insert(households).returning(households.c.id))
_JOIN = Prepared(sa.insert(members).returning(members.c.id))


def of(tx: Tx, person_id: int) -> int | None:
    """The household somebody belongs to now; None for somebody who never earned anything."""
    found = tx.execute(_OF, {"person_id": person_id}).scalar()
    return int(found) if found is not None else None


def get(tx: Tx, household_id: int) -> Household | None:
    row = tx.execute(_GET, {"id": household_id}).first()
    return Household(*row) if row else None


def by_code(tx: Tx, code: str) -> Household | None:
    row = tx.execute(_BY_CODE, {"code": code.upper()}).first()
    return Household(*row) if row else None


def open_for(tx: Tx, person_id: int, *, code: str, name: str, unit_id: int | None, now: int) -> int:
    """A new household with this one member. Raises Retry when the person joined one meanwhile."""
    row = {"code": code, "name": name, "unit_id": unit_id, "opened_at": now}
    household_id = int(tx.execute(_ADD, row).scalar_one())
    join(tx, household_id, person_id, now=now)
    return household_id


def join(tx: Tx, household_id: int, person_id: int, *, now: int) -> None:
    """Make somebody a member who belongs to no household. Raises Retry where that is no longer so."""
    try:
        with tx.savepoint("joining"):
            tx.execute(_JOIN, {"household_id": household_id, "person_id": person_id, "since": now})
    except sa.exc.IntegrityError as error:
        raise Retry from error


def leave(tx: Tx, person_id: int, *, how: str, now: int) -> None:
    """End somebody's membership (moved, split, died). Raises Conflict where there is none."""
    current = sa.update(members).where(members.c.person_id == person_id, members.c.until.is_(None))
    change_one(tx, current.values(until=now, ended_by=how))


def members_of(tx: Tx, household_id: int) -> list[tuple[int, str]]:
    """(person id, name) of those who belong to it now, who came first first."""
    query = (
        sa.select(people.c.id, people.c.name)
        .join(members, members.c.person_id == people.c.id)
        .where(members.c.household_id == household_id, members.c.until.is_(None))
        .order_by(members.c.id)
    )
    return [(row[0], row[1]) for row in tx.execute(query)]


def in_units(tx: Tx, unit_ids: Iterable[int]) -> list[Household]:
    """The households of these units that are open, lowest id first."""
    query = sa.select(*_FIELDS).where(
        households.c.unit_id.in_(list(unit_ids)), households.c.closed_at.is_(None)
    )
    return [Household(*row) for row in tx.execute(query.order_by(households.c.id))]


def change(tx: Tx, household_id: int, **values: object) -> None:
    change_one(tx, sa.update(households).where(households.c.id == household_id).values(**values))


def close(tx: Tx, household_id: int, *, now: int) -> None:
    """Nobody lives in it any more. Raises Conflict when it is closed already."""
    still_open = sa.update(households).where(
        households.c.id == household_id, households.c.closed_at.is_(None)
    )
    change_one(tx, still_open.values(closed_at=now))


def is_frozen(tx: Tx, household_id: int) -> bool:
    query = sa.select(freezes.c.id).where(
        freezes.c.household_id == household_id, freezes.c.lifted_at.is_(None)
    )
    return tx.execute(query).first() is not None


def frozen(tx: Tx) -> list[int]:
    """Every household whose points are frozen now."""
    return list(tx.execute(sa.select(freezes.c.household_id).where(freezes.c.lifted_at.is_(None))).scalars())
