"""Stock of a shop: what lies there, what was counted, and each movement of goods in and out."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from store.tables import (
    acct,
    articles,
    bal,
    people,
    posting,
    redemption_lines,
    redemptions,
    stock_takes,
    xfer,
)
from store.tx import Tx


@dataclass(frozen=True, slots=True)
class Level:
    """Pieces of an article: free on the shelf, set aside for orders, spoiled."""

    shelf: int = 0
    reserved: int = 0
    damaged: int = 0

    @property
    def here(self) -> int:
        """What somebody who counts finds in the shop."""
        return self.shelf + self.reserved


@dataclass(frozen=True, slots=True)
class Movement:
    """Goods that came in, went bad or were found to be more or fewer; `pieces` below 0 left the shelf."""

    id: int
    kind: str
    article_id: int
    pieces: int
    reason: str
    actor: str
    at: int
    is_reversed: bool


@dataclass(frozen=True, slots=True)
class Given:
    """A line of an order that was handed over: what, to which household, by and to whom."""

    redemption_id: int
    article_id: int
    count: int
    points: int
    at: int
    household_id: int
    person_id: int | None
    clerk_id: int
    collector: str
    proxy_id: int | None


_reversal = xfer.alias("reversal")
_BY_HAND = ("restock", "damage", "count", "reverse", "refund")
_MOVEMENTS = (
    sa.select(
        xfer.c.id,
        xfer.c.kind,
        xfer.c.unit,
        posting.c.amount,
        xfer.c.reason,
        sa.func.coalesce(people.c.name, ""),
        xfer.c.at,
        _reversal.c.id.is_not(None),
    )
    # By the shelf's own postings: the whole journal is much longer.
    .join(posting, posting.c.xfer == xfer.c.id)
    .join(acct, acct.c.id == posting.c.acct)
    .outerjoin(people, people.c.id == xfer.c.actor_id)
    .outerjoin(_reversal, _reversal.c.reverses_id == xfer.c.id)
    .where(acct.c.kind == "shelf", xfer.c.kind.in_(_BY_HAND))
)


def levels(tx: Tx, article_ids: Iterable[int]) -> dict[int, Level]:
    """What there is of each article; one that never had any is left out."""
    query = (
        sa.select(acct.c.unit, acct.c.kind, bal.c.posted)
        .join(bal, bal.c.acct == acct.c.id)
        .where(acct.c.unit.in_(list(article_ids)), acct.c.kind.in_(["shelf", "reserved", "damaged"]))
    )
    found: dict[int, dict[str, int]] = {}
    for article_id, kind, posted in tx.execute(query):
        found.setdefault(article_id, {})[kind] = posted
    return {article_id: Level(**pieces) for article_id, pieces in found.items()}


def add_take(
    tx: Tx, *, article_id: int, expected: int, counted: int, reason: str, by_id: int, now: int
) -> int:
    """Write down what somebody counted, and what should have been there."""
    values = {
        "article_id": article_id,
        "expected": expected,
        "counted": counted,
        "reason": reason,
        "by_id": by_id,
        "at": now,
    }
    return int(tx.execute(sa.insert(stock_takes).returning(stock_takes.c.id), values).scalar_one())


def movement(tx: Tx, xfer_id: int) -> Movement | None:
    row = tx.execute(_MOVEMENTS.where(xfer.c.id == xfer_id)).first()
    return Movement(*row) if row else None


def movements(tx: Tx, shop_id: int, *, since: int, until: int, limit: int) -> list[Movement]:
    """What came in, went bad or was counted in [since, until), newest first."""
    goods = sa.select(articles.c.id).where(articles.c.shop_id == shop_id)
    query = _MOVEMENTS.where(acct.c.unit.in_(goods), xfer.c.at >= since, xfer.c.at < until)
    return [Movement(*row) for row in tx.execute(query.order_by(xfer.c.id.desc()).limit(limit))]


def given(tx: Tx, shop_id: int, *, since: int, until: int, limit: int) -> list[Given]:
    """What was handed over in [since, until), newest first."""
    line = redemption_lines.c
    query = (
        sa.select(
            line.redemption_id,
            line.article_id,
            line.count,
            line.count * line.price,
            line.ended_at,
            redemptions.c.household_id,
            redemptions.c.person_id,
            line.clerk_id,
            line.collector,
            line.proxy_id,
        )
        .join(redemptions, redemptions.c.id == line.redemption_id)
        .where(redemptions.c.shop_id == shop_id, line.state == "collected")
        .where(line.ended_at >= since, line.ended_at < until)
        .order_by(line.ended_at.desc(), line.id.desc())
    )
    return [Given(*row) for row in tx.execute(query.limit(limit))]


def names(tx: Tx, article_ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """(name, measure) of articles, by their numbers."""
    query = sa.select(articles.c.id, articles.c.name, articles.c.measure)
    rows = tx.execute(query.where(articles.c.id.in_(list(article_ids))))
    return {row[0]: (row[1], row[2]) for row in rows}
