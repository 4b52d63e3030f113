"""Assessment points of workers: each award, and what a month came to without those taken back."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from store.ledger import SCORE
from store.tables import checkins, xfer
from store.tx import Tx


@dataclass(frozen=True, slots=True)
class Part:
    """What one rule gave: `times` awards, `points` together."""

    rule: str
    reason: str
    times: int
    points: int


@dataclass(frozen=True, slots=True)
class Given:
    """One award of score as it was booked, and whether it was taken back."""

    xfer: int
    person_id: int
    at: int
    points: int
    reason: str
    is_undone: bool


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


_GIVEN = (
    sa.select(xfer.c.id, xfer.c.person_id, xfer.c.at, xfer.c.amount, xfer.c.reason, _undone.c.id.is_not(None))
    .outerjoin(_undone, _undone.c.reverses_id == xfer.c.id)
    .where(xfer.c.unit == SCORE, xfer.c.kind == "award")
)


def awards_of(tx: Tx, person_id: int, limit: int) -> list[Given]:
    """What somebody was given, newest first."""
    query = _GIVEN.where(xfer.c.person_id == person_id).order_by(xfer.c.id.desc()).limit(limit)
    return [Given(*row) for row in tx.execute(query)]


def award(tx: Tx, number: int) -> Given | None:
    """The award of score with this number; None where it is none."""
    row = tx.execute(_GIVEN.where(xfer.c.id == number)).first()
    return Given(*row) if row else None


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
