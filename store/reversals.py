"""Awards that are taken back: by whom, why, and for a large one who agreed."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from store.tables import acct, reversals, xfer
from store.tx import Conflict, Tx, change_one


@dataclass(frozen=True, slots=True)
class Reversal:
    """One request; `state` is asked, done or dropped."""

    id: int
    xfer_id: int
    household_id: int
    reason: str
    by_id: int
    state: str


@dataclass(frozen=True, slots=True)
class Given:
    """An award as it was booked: to which household, how much, what for."""

    xfer_id: int
    household_id: int
    points: int
    reason: str
    at: int


def award(tx: Tx, xfer_id: int) -> Given | None:
    """The award of shop points with this number; None where it is none."""
    query = (
        sa.select(xfer.c.id, acct.c.owner, xfer.c.amount, xfer.c.reason, xfer.c.at)
        .join(acct, acct.c.id == xfer.c.credit)
        .where(xfer.c.id == xfer_id, xfer.c.kind == "award", acct.c.kind == "wallet")
    )
    row = tx.execute(query).first()
    return Given(*row) if row else None


def add(tx: Tx, given: Given, *, household_id: int, reason: str, by_id: int, is_done: bool, now: int) -> int:
    """Ask for an award to be taken back, or keep that it was. Raises Conflict where one stands already."""
    row = {
        "xfer_id": given.xfer_id,
        "household_id": household_id,
        "reason": reason,
        "by_id": by_id,
        "at": now,
        "state": "done" if is_done else "asked",
    }
    added = tx.execute(insert(reversals).on_conflict_do_nothing().returning(reversals.c.id), row).scalar()
    if added is None:
        raise Conflict
    return int(added)


def standing(tx: Tx, xfer_id: int) -> Reversal | None:
    """The request that an award was or may be taken back by."""
    return _first(tx, sa.and_(reversals.c.xfer_id == xfer_id, reversals.c.state != "dropped"))


def get(tx: Tx, number: int) -> Reversal | None:
    return _first(tx, reversals.c.id == number)


def _first(tx: Tx, condition: sa.ColumnElement[bool]) -> Reversal | None:
    columns = [reversals.c[name] for name in Reversal.__dataclass_fields__]
    row = tx.execute(sa.select(*columns).where(condition)).first()
    return Reversal(*row) if row else None


def decide(tx: Tx, reversal: Reversal, state: str, *, by_id: int, now: int) -> None:
    """End a request (done, dropped). Raises Conflict when somebody did so first."""
    still = sa.update(reversals).where(reversals.c.id == reversal.id, reversals.c.state == "asked")
    change_one(tx, still.values(state=state, decided_by=by_id, decided_at=now))
