"""The reward shop: articles, stock on the ledger's shelf, redemptions with a pick-up code."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from store.db import Tx, change_one
from store.tables import acct, articles, bal, redemptions, shops


@dataclass(frozen=True, slots=True)
class Shop:
    id: int
    code: str
    name: str
    unit_id: int
    address: str


@dataclass(frozen=True, slots=True)
class Article:
    """`price` in points a piece, `stock` pieces on the shelf."""

    id: int
    shop_id: int
    code: str
    name: str
    price: int
    measure: str
    stock: int


@dataclass(frozen=True, slots=True)
class Redemption:
    id: int
    shop_id: int
    person_id: int
    article_id: int
    count: int
    points: int
    state: str
    points_hold: int
    stock_hold: int
    expires_at: int


_STOCK = (
    sa.select(sa.func.coalesce(sa.func.sum(bal.c.posted), 0))
    .join(acct, acct.c.id == bal.c.acct)
    .where(acct.c.kind == "shelf", acct.c.unit == articles.c.id)
    .correlate(articles)
    .scalar_subquery()
)
_ARTICLES = sa.select(
    articles.c.id,
    articles.c.shop_id,
    articles.c.code,
    articles.c.name,
    articles.c.price,
    articles.c.measure,
    _STOCK.label("stock"),
).order_by(articles.c.shop_id, articles.c.id)
_SHOPS = sa.select(shops.c.id, shops.c.code, shops.c.name, shops.c.unit_id, shops.c.address).order_by(
    shops.c.id
)
_REDEMPTION = [redemptions.c[name] for name in Redemption.__dataclass_fields__]


def all_shops(tx: Tx) -> list[Shop]:
    return [Shop(*row) for row in tx.execute(_SHOPS)]


def articles_of(tx: Tx, shop_ids: Iterable[int]) -> list[Article]:
    return [Article(*row) for row in tx.execute(_ARTICLES.where(articles.c.shop_id.in_(list(shop_ids))))]


def article(tx: Tx, article_id: int) -> Article | None:
    row = tx.execute(_ARTICLES.where(articles.c.id == article_id)).first()
    return Article(*row) if row else None


def add_redemption(tx: Tx, **values: object) -> int:
    return int(tx.execute(sa.insert(redemptions).returning(redemptions.c.id), values).scalar_one())


def set_holds(tx: Tx, redemption_id: int, *, points_hold: int, stock_hold: int) -> None:
    change = sa.update(redemptions).where(redemptions.c.id == redemption_id)
    change_one(tx, change.values(points_hold=points_hold, stock_hold=stock_hold))


def held_with_code(tx: Tx, shop_ids: Iterable[int], code_hashes: Iterable[str]) -> Redemption | None:
    """The redemption that waits in one of the shops under this pick-up code."""
    query = sa.select(*_REDEMPTION).where(
        redemptions.c.shop_id.in_(list(shop_ids)),
        redemptions.c.code_hash.in_(list(code_hashes)),
        redemptions.c.state == "held",
    )
    row = tx.execute(query).first()
    return Redemption(*row) if row else None


def is_code_taken(tx: Tx, shop_id: int, code_hash: str) -> bool:
    query = sa.select(redemptions.c.id).where(
        redemptions.c.shop_id == shop_id, redemptions.c.code_hash == code_hash, redemptions.c.state == "held"
    )
    return tx.execute(query).first() is not None


def overdue(tx: Tx, *, now: int, limit: int) -> list[Redemption]:
    """Redemptions nobody picked up in time, oldest first."""
    query = sa.select(*_REDEMPTION).where(redemptions.c.state == "held", redemptions.c.expires_at <= now)
    rows = tx.execute(query.order_by(redemptions.c.expires_at, redemptions.c.id).limit(limit))
    return [Redemption(*row) for row in rows]


def held_of(tx: Tx, person_id: int) -> list[Redemption]:
    query = sa.select(*_REDEMPTION).where(redemptions.c.person_id == person_id, redemptions.c.state == "held")
    return [Redemption(*row) for row in tx.execute(query.order_by(redemptions.c.id).limit(50))]


def end(tx: Tx, redemption: Redemption, state: str, *, now: int, clerk_id: int | None = None) -> None:
    """Collected, cancelled or expired; raises Conflict when it has ended already."""
    held = sa.update(redemptions).where(redemptions.c.id == redemption.id, redemptions.c.state == "held")
    change_one(tx, held.values(state=state, ended_at=now, clerk_id=clerk_id))


def add_shop(tx: Tx, **values: object) -> int:
    return int(tx.execute(sa.insert(shops).returning(shops.c.id), values).scalar_one())


def change_shop(tx: Tx, shop_id: int, **values: object) -> None:
    tx.execute(sa.update(shops).where(shops.c.id == shop_id).values(**values))


def add_article(tx: Tx, **values: object) -> int:
    return int(tx.execute(sa.insert(articles).returning(articles.c.id), values).scalar_one())


def change_article(tx: Tx, article_id: int, **values: object) -> None:
    tx.execute(sa.update(articles).where(articles.c.id == article_id).values(**values))
