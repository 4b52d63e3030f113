"""Assessment points of workers: what each earned in a month and did not lose again."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from store.db import Tx
from store.ledger import SCORE
from store.tables import checkins, xfer


@dataclass(frozen=True, slots=True)
class Part:
    """What one rule gave: `times` awards, `points` together."""

    rule: str
    reason: str
    times: int
    points: int


_undone = xfer.alias("undone")


def _of(person_ids: Iterable[int], month: str) -> list[sa.ColumnElement[bool]]:
    return [
        xfer.c.person_id.in_(list(person_ids)),
        xfer.c.day.between(f"{month}-01", f"{month}-31"),
        xfer.c.unit == SCORE,
        xfer.c.kind == "award",
        _undone.c.id.is_(None),
    ]


def parts(tx: Tx, person_id: int, month: str) -> list[Part]:
    """What somebody's score of a month (2026-11) is made of, most first."""
    points = sa.func.sum(xfer.c.amount)
    query = (
        sa.select(xfer.c.rule, sa.func.min(xfer.c.reason), sa.func.count(), points)
        .outerjoin(_undone, _undone.c.reverses_id == xfer.c.id)
        .where(*_of([person_id], month))
        .group_by(xfer.c.rule)
        .order_by(points.desc(), xfer.c.rule)
    )
    return [Part(row[0], row[1], row[2], int(row[3])) for row in tx.execute(query)]


def totals(tx: Tx, person_ids: Iterable[int], month: str) -> dict[int, int]:
    """Score of a month by person; whoever has none is left out."""
    query = (
        sa.select(xfer.c.person_id, sa.func.sum(xfer.c.amount))
        .outerjoin(_undone, _undone.c.reverses_id == xfer.c.id)
        .where(*_of(person_ids, month))
        .group_by(xfer.c.person_id)
    )
    return {row[0]: int(row[1]) for row in tx.execute(query)}


def days_checked_in(tx: Tx, person_ids: Iterable[int], month: str) -> dict[int, int]:
    """Days of a month with a check-in that was not late, by person."""
    query = (
        sa.select(checkins.c.person_id, sa.func.count())
        .where(
            checkins.c.person_id.in_(list(person_ids)),
            checkins.c.day.between(f"{month}-01", f"{month}-31"),
            checkins.c.late.is_(False),
        )
        .group_by(checkins.c.person_id)
    )
    return {row[0]: row[1] for row in tx.execute(query)}
