"""Households that a village wants to take in, and whether they, or who knows them, agreed."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from store.tables import moves
from store.tx import Conflict, Tx, change_one


@dataclass(frozen=True, slots=True)
class Move:
    """`unit_id` is where the household goes; `state` is asked, done or dropped."""

    id: int
    household_id: int
    unit_id: int
    asked_by: int
    at: int
    state: str


_COLUMNS = [moves.c[name] for name in Move.__dataclass_fields__]


def add(tx: Tx, *, household_id: int, unit_id: int, asked_by: int, now: int) -> int:
    """Ask for it. Raises Conflict where somebody asked and nobody answered yet."""
    row = {"household_id": household_id, "unit_id": unit_id, "asked_by": asked_by, "at": now}
    added = tx.execute(insert(moves).on_conflict_do_nothing().returning(moves.c.id), row).scalar()
    if added is None:
        raise Conflict
    return int(added)


def get(tx: Tx, number: int) -> Move | None:
    row = tx.execute(sa.select(*_COLUMNS).where(moves.c.id == number)).first()
    return Move(*row) if row else None


def asked(tx: Tx, household_id: int) -> Move | None:
    """What nobody answered yet."""
    waits = sa.and_(moves.c.household_id == household_id, moves.c.state == "asked")
    row = tx.execute(sa.select(*_COLUMNS).where(waits)).first()
    return Move(*row) if row else None


def drop_old(tx: Tx, household_id: int, *, before: int, now: int) -> None:
    """What was asked at or before a moment and nobody answered is asked no more."""
    stale = sa.update(moves).where(
        moves.c.household_id == household_id, moves.c.state == "asked", moves.c.at <= before
    )
    tx.execute(stale.values(state="dropped", decided_at=now))


def end(tx: Tx, move: Move, state: str, *, by_id: int, now: int) -> None:
    """Done or dropped. Raises Conflict when somebody answered first."""
    still = sa.update(moves).where(moves.c.id == move.id, moves.c.state == "asked")
    change_one(tx, still.values(state=state, decided_by=by_id, decided_at=now))
