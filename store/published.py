"""What everybody may read: the points of a month by household and rule, goods in and out of a shop."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from store.ledger import POINTS
from store.tables import acct, households, posting, xfer
from store.tx import Tx


@dataclass(frozen=True, slots=True)
class Earned:
    """What a household earned by one rule: `times` awards, `points` together."""

    name: str
    unit_id: int
    rule: str
    reason: str
    times: int
    points: int


@dataclass(frozen=True, slots=True)
class Stock:
    """Pieces of an article: on hand at the beginning, what came and went, on hand at the end.

    `counted` is what stock-takes found beyond the books, or below them.
    """

    opening: int
    received: int
    given: int
    damaged: int
    counted: int

    @property
    def closing(self) -> int:
        return self.opening + self.received - self.given - self.damaged + self.counted


_reversal = xfer.alias("reversal")
# From the households of a village to their wallets' lines: what it reads grows with the village alone.
_AWARDS = (
    acct.join(households, households.c.id == acct.c.owner)
    .join(posting, posting.c.acct == acct.c.id)
    .join(xfer, xfer.c.id == posting.c.xfer)
    .outerjoin(_reversal, _reversal.c.reverses_id == xfer.c.id)
)


def _of_month(unit_ids: Sequence[int], month: str) -> list[sa.ColumnElement[bool]]:
    return [
        households.c.unit_id.in_(unit_ids),
        acct.c.kind == "wallet",
        acct.c.unit == POINTS,
        xfer.c.kind == "award",
        xfer.c.day.between(f"{month}-01", f"{month}-31"),
        _reversal.c.id.is_(None),
    ]


def earned(tx: Tx, unit_ids: Sequence[int], month: str, *, skip: int, limit: int) -> list[Earned]:
    """What the households of the units earned in a month (2026-11) and was not taken back, by unit."""
    reason = sa.func.min(xfer.c.reason)
    query = (
        sa.select(
            households.c.name,
            households.c.unit_id,
            xfer.c.rule,
            reason,
            sa.func.count(),
            sa.func.sum(xfer.c.amount),
        )
        .select_from(_AWARDS)
        .where(*_of_month(unit_ids, month))
        .group_by(households.c.id, households.c.name, households.c.unit_id, xfer.c.rule)
        .order_by(households.c.unit_id, households.c.id, xfer.c.rule)
    )
    rows = tx.execute(query.offset(skip).limit(limit))
    return [Earned(row[0], row[1], row[2], row[3], row[4], int(row[5])) for row in rows]


def earned_together(tx: Tx, unit_ids: Sequence[int], month: str) -> tuple[int, int]:
    """(households, points) of a month."""
    query = (
        sa.select(
            sa.func.count(sa.distinct(households.c.id)), sa.func.coalesce(sa.func.sum(xfer.c.amount), 0)
        )
        .select_from(_AWARDS)
        .where(*_of_month(unit_ids, month))
    )
    row = tx.execute(query).one()
    return int(row[0]), int(row[1])


def stock(tx: Tx, article_ids: Sequence[int], *, since: int, until: int) -> dict[int, Stock]:
    """What became of the goods in [since, until) UTC seconds, by article."""
    before = sa.case((xfer.c.at < since, posting.c.amount), else_=0)
    during = sa.case((xfer.c.at >= since, posting.c.amount), else_=0)
    query = (
        sa.select(acct.c.unit, acct.c.kind, sa.func.sum(before), sa.func.sum(during))
        .join(posting, posting.c.acct == acct.c.id)
        .join(xfer, xfer.c.id == posting.c.xfer)
        .where(acct.c.unit.in_(article_ids), acct.c.unit > 0, xfer.c.at < until)
        .group_by(acct.c.unit, acct.c.kind)
    )
    sums = {(row[0], row[1]): (int(row[2]), int(row[3])) for row in tx.execute(query)}
    found = {}
    for article in article_ids:
        of = {kind: sums.get((article, kind), (0, 0)) for kind in _KINDS}
        found[article] = Stock(
            opening=of["shelf"][0] + of["reserved"][0],
            received=-of["supplier"][1],
            given=of["given"][1],
            damaged=of["damaged"][1],
            counted=-of["counted"][1],
        )
    return found


_KINDS = ("supplier", "shelf", "reserved", "given", "damaged", "counted")
