"""The card of a household: its number, and the PIN without which nothing is sold on it."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from store.prepared import Prepared
from store.tables import households
from store.tx import Tx, change_one


@dataclass(frozen=True, slots=True)
class Card:
    """Whose card it is; `pin_open_until` is until when a first PIN may be typed in a shop."""

    household_id: int
    code: str
    name: str
    unit_id: int | None
    pin_hash: str
    wrong_tries: int
    locked_until: int
    pin_open_until: int


_CARD = (
    households.c.id,
    *(households.c[name] for name in Card.__dataclass_fields__ if name != "household_id"),
)
_LIVING = households.c.closed_at.is_(None)
_BY_CODE = Prepared(sa.select(*_CARD).where(households.c.code == sa.bindparam("code"), _LIVING))
_OF = Prepared(sa.select(*_CARD).where(households.c.id == sa.bindparam("household_id")))
_LOCK = Prepared(
    sa.update(households)
    .where(households.c.id == sa.bindparam("household_id"))
    .values(wrong_tries=households.c.wrong_tries)
    .returning(*_CARD)
)


def by_code(tx: Tx, code: str) -> Card | None:
    """The card with this number; None for a lost one, and for that of a household that is no more."""
    row = tx.execute(_BY_CODE, {"code": code}).first()
    return Card(*row) if row else None


def of(tx: Tx, household_id: int) -> Card:
    (row,) = tx.execute(_OF, {"household_id": household_id})
    return Card(*row)


def hold_still(tx: Tx, household_id: int) -> Card:
    """The card, which nobody else changes until this transaction ends: two guesses at once count as two."""
    (row,) = tx.execute(_LOCK, {"household_id": household_id})
    return Card(*row)


def named(tx: Tx, name: str, unit_ids: Iterable[int]) -> list[Card]:
    """The cards of the households of this name in some units."""
    query = sa.select(*_CARD).where(
        households.c.name == name, households.c.unit_id.in_(list(unit_ids)), _LIVING
    )
    return [Card(*row) for row in tx.execute(query.order_by(households.c.id).limit(10))]


def in_units(tx: Tx, unit_ids: Iterable[int], limit: int) -> list[Card]:
    """Every card of some units, in the order of the units and then of opening."""
    query = sa.select(*_CARD).where(households.c.unit_id.in_(list(unit_ids)), _LIVING)
    return [
        Card(*row) for row in tx.execute(query.order_by(households.c.unit_id, households.c.id).limit(limit))
    ]


def replace(tx: Tx, card: Card, code: str) -> None:
    """A new card: the number before it is dead. Raises Conflict when somebody replaced it first."""
    same = sa.update(households).where(households.c.id == card.household_id, households.c.code == card.code)
    change_one(tx, same.values(code=code))


def set_pin(tx: Tx, household_id: int, pin_hash: str) -> None:
    """A new PIN, with nothing counted against it."""
    values = {"pin_hash": pin_hash, "wrong_tries": 0, "locked_until": 0, "pin_open_until": 0}
    change_one(tx, sa.update(households).where(households.c.id == household_id).values(**values))


def open_pin(tx: Tx, household_id: int, *, until: int) -> None:
    """Forget the PIN and let a new one be typed in a shop until a moment."""
    values = {"pin_hash": "", "wrong_tries": 0, "locked_until": 0, "pin_open_until": until}
    change_one(tx, sa.update(households).where(households.c.id == household_id).values(**values))


def right_pin(tx: Tx, household_id: int) -> None:
    """Wrong PINs before the right one count no more."""
    tx.execute(
        sa.update(households)
        .where(households.c.id == household_id, households.c.wrong_tries > 0)
        .values(wrong_tries=0)
    )


def wrong_pin(tx: Tx, household_id: int, *, most: int, until: int) -> tuple[int, int]:
    """Count a wrong PIN: (wrong ones so far, locked until). The `most`-th locks and begins the count anew."""
    full = households.c.wrong_tries + 1 >= most
    query = (
        sa.update(households)
        .where(households.c.id == household_id)
        .values(
            wrong_tries=sa.case((full, 0), else_=households.c.wrong_tries + 1),
            locked_until=sa.case((full, until), else_=households.c.locked_until),
        )
        .returning(households.c.wrong_tries, households.c.locked_until)
    )
    ((tries, locked_until),) = tx.execute(query)
    return tries, locked_until
