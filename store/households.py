"""Households: who earns and spends together. Their history survives who comes and goes."""

from collections.abc import Iterable

import sqlalchemy as sa

from store.db import Retry, Tx, change_one
from store.prepared import Prepared
from store.tables import freezes, households, members, people

_OF = Prepared(
    sa.select(members.c.household_id).where(
        members.c.person_id == sa.bindparam("person_id"), members.c.until.is_(None)
    )
)
_ADD = Prepared(sa.insert(households).returning(households.c.id))
_JOIN = Prepared(sa.insert(members).returning(members.c.id))


def of(tx: Tx, person_id: int) -> int | None:
    """The household somebody belongs to now; None for somebody who never earned anything."""
    found = tx.execute(_OF, {"person_id": person_id}).scalar()
    return int(found) if found is not None else None


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


def close(tx: Tx, household_id: int, *, now: int) -> None:
    """Nobody lives in it any more. Raises Conflict when it is closed already."""
    still_open = sa.update(households).where(
        households.c.id == household_id, households.c.closed_at.is_(None)
    )
    change_one(tx, still_open.values(closed_at=now))


def is_closed(tx: Tx, household_id: int) -> bool:
    query = sa.select(households.c.id).where(
        households.c.id == household_id, households.c.closed_at.is_not(None)
    )
    return tx.execute(query).first() is not None


def names(tx: Tx, household_ids: Iterable[int]) -> dict[int, tuple[str, int | None]]:
    """(name, unit id) of households, by their numbers."""
    query = sa.select(households.c.id, households.c.name, households.c.unit_id)
    rows = tx.execute(query.where(households.c.id.in_(list(household_ids))))
    return {row[0]: (row[1], row[2]) for row in rows}


def is_frozen(tx: Tx, household_id: int) -> bool:
    query = sa.select(freezes.c.id).where(
        freezes.c.household_id == household_id, freezes.c.lifted_at.is_(None)
    )
    return tx.execute(query).first() is not None


def frozen(tx: Tx) -> list[int]:
    """Every household whose points are frozen now."""
    return list(tx.execute(sa.select(freezes.c.household_id).where(freezes.c.lifted_at.is_(None))).scalars())
