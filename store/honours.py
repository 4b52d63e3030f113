"""Who earned most, by the days the awards count for: households of a village, and whole units."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from store.ledger import POINTS
from store.tables import acct, households, xfer
from store.tx import Tx


@dataclass(frozen=True, slots=True)
class Earner:
    """A household and the points it earned and kept."""

    household_id: int
    name: str
    is_unlisted: bool
    points: int


# Written out: SQLite knows a partial index by its condition, and a parameter is none.
_IS_AWARD = xfer.c.kind == sa.literal_column("'award'")
_undone = xfer.alias("undone")
_POINTS = sa.func.sum(xfer.c.amount)


def _awards(
    unit_ids: Iterable[int], first: str, last: str, *columns: sa.ColumnElement[Any]
) -> sa.Select[Any]:
    """Awards not taken back of households in the units, for days from `first` to `last`."""
    return (
        sa.select(*columns)
        .select_from(households)
        .join(
            acct,
            sa.and_(acct.c.kind == "wallet", acct.c.unit == POINTS, acct.c.owner == households.c.id),
        )
        .join(xfer, sa.and_(xfer.c.credit == acct.c.id, _IS_AWARD))
        .outerjoin(_undone, _undone.c.reverses_id == xfer.c.id)
        .where(
            households.c.unit_id.in_(list(unit_ids)),
            households.c.closed_at.is_(None),
            xfer.c.day >= first,
            xfer.c.day <= last,
            _undone.c.id.is_(None),
        )
    )


def earners(tx: Tx, unit_ids: Iterable[int], *, first: str, last: str) -> list[Earner]:
    """Every household of the units that earned anything from `first` to `last` (local days), most first."""
    columns = (households.c.id, households.c.name, households.c.is_unlisted)
    query = _awards(unit_ids, first, last, *columns, _POINTS).group_by(*columns)
    rows = tx.execute(query.order_by(_POINTS.desc(), households.c.id))
    return [Earner(row[0], row[1], bool(row[2]), int(row[3])) for row in rows]


def by_unit(tx: Tx, unit_ids: Iterable[int], *, first: str, last: str) -> dict[int, int]:
    """Points earned by the households of each unit that earned any."""
    query = _awards(unit_ids, first, last, households.c.unit_id, _POINTS).group_by(households.c.unit_id)
    return {row[0]: int(row[1]) for row in tx.execute(query)}
