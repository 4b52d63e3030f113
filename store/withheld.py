"""Awards that cannot be paid yet: kept as they were asked for, and handed on with the people they are for."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from store.prepared import Prepared
from store.tables import acct, withheld, xfer
from store.tx import Tx

_ADD = Prepared(insert(withheld).on_conflict_do_nothing(index_elements=["idem"]).returning(withheld.c.id))


def add(tx: Tx, *, idem: str, household_id: int | None, award: dict[str, Any], why: str, now: int) -> None:
    """Keep an award that cannot be paid, once per `idem`."""
    row = {"idem": idem, "household_id": household_id, "award": award, "why": why, "at": now}
    tx.execute(_ADD, row)


def waiting(tx: Tx, limit: int) -> Sequence[int]:
    """What waits, what was tried longest ago first."""
    query = sa.select(withheld.c.id).where(withheld.c.paid_at.is_(None))
    return tx.execute(query.order_by(withheld.c.at, withheld.c.id).limit(limit)).scalars().all()


def take(tx: Tx, row_id: int, *, now: int) -> dict[str, Any] | None:
    """The award, marked as paid; None where another transaction has taken it."""
    mine = sa.update(withheld).where(withheld.c.id == row_id, withheld.c.paid_at.is_(None))
    return tx.execute(mine.values(paid_at=now).returning(withheld.c.award)).scalar()


def put_back(tx: Tx, row_id: int, why: str, *, now: int) -> None:
    """It cannot be paid yet; it is tried again after all others."""
    tx.execute(sa.update(withheld).where(withheld.c.id == row_id).values(paid_at=None, why=why, at=now))


def pass_on(tx: Tx, old: int, new: int, *, key: str) -> None:
    """What waits for one household is due to another: it went there by the movements of `key`."""
    _hand_over(tx, sa.and_(withheld.c.household_id == old, withheld.c.paid_at.is_(None)), new, key)


def pass_back(tx: Tx, old: int, *, key: str) -> None:
    """What `pass_on` brought and still waits is due to the old household again."""
    _hand_over(tx, sa.and_(withheld.c.came_with == key, withheld.c.paid_at.is_(None)), old, "")


def _hand_over(tx: Tx, which: sa.ColumnElement[bool], new: int, key: str) -> None:
    query = sa.select(withheld.c.id, withheld.c.award).where(which).order_by(withheld.c.id)
    for row_id, kept in tx.execute(query).all():
        # Whoever pays it just now came first: then it is among the points of the household.
        mark = sa.update(withheld).where(withheld.c.id == row_id, withheld.c.paid_at.is_(None))
        handed = {"household_id": new, "award": {**kept, "household_id": new}, "came_with": key}
        tx.execute(mark.values(handed))


def paid_of(tx: Tx, key: str) -> list[tuple[str, int, int, int]]:
    """(key, wallet, cohort, points) of what `pass_on` brought and was paid since, and not taken back."""
    undone = xfer.alias("undone")
    query = (
        sa.select(xfer.c.idem, acct.c.id, acct.c.cohort, xfer.c.amount)
        .join(withheld, withheld.c.idem == xfer.c.idem)
        .join(acct, acct.c.id == xfer.c.credit)
        .outerjoin(undone, undone.c.reverses_id == xfer.c.id)
        .where(withheld.c.came_with == key, undone.c.id.is_(None))
    )
    return [(row[0], row[1], row[2], row[3]) for row in tx.execute(query.order_by(xfer.c.id))]
