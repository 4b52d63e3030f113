"""The reward shop: its articles, their stock on the ledger's shelf, wrong pick-up codes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from store.tables import acct, articles, bal, shops
from store.tx import Tx


@dataclass(frozen=True, slots=True)
class Shop:
    """`opening` is what handlers/opening.py reads; None stands for at any time."""

    id: int
    code: str
    name: str
    unit_id: int
    address: str
    opening: dict[str, Any] | None
    code_tries: int
    locked_until: int


@dataclass(frozen=True, slots=True)
class Article:
    """`price` in points a piece, `stock` pieces on the shelf."""

    id: int
    shop_id: int
    code: str
    name: str
    price: int
    measure: str
    is_service: bool
    is_withdrawn: bool
    most_a_month: int | None
    low_stock: int
    supplier: str
    best_before: str
    stock: int


_STOCK = (
    sa.select(sa.func.coalesce(sa.func.sum(bal.c.posted), 0))
    .join(acct, acct.c.id == bal.c.acct)
    .where(acct.c.kind == "shelf", acct.c.unit == articles.c.id)
    .correlate(articles)
    .scalar_subquery()
)
_ARTICLES = sa.select(
    *(articles.c[name] for name in Article.__dataclass_fields__ if name != "stock"),
    _STOCK.label("stock"),
).order_by(articles.c.shop_id, articles.c.id)
_SHOPS = sa.select(*(shops.c[name] for name in Shop.__dataclass_fields__)).order_by(shops.c.id)


def all_shops(tx: Tx) -> list[Shop]:
    return [Shop(*row) for row in tx.execute(_SHOPS)]


def articles_of(tx: Tx, shop_ids: Iterable[int]) -> list[Article]:
    return [Article(*row) for row in tx.execute(_ARTICLES.where(articles.c.shop_id.in_(list(shop_ids))))]


def article(tx: Tx, article_id: int) -> Article | None:
    row = tx.execute(_ARTICLES.where(articles.c.id == article_id)).first()
    return Article(*row) if row else None


def wrong_code(tx: Tx, shop_ids: Iterable[int], *, most: int, until: int) -> list[tuple[int, int]]:
    """Count a wrong pick-up code: (wrong codes so far, closed until) of each shop.

    The `most`-th closes the shop to codes until `until` and starts the count anew.
    """
    full = shops.c.code_tries + 1 >= most
    query = (
        sa.update(shops)
        .where(shops.c.id.in_(list(shop_ids)))
        .values(
            code_tries=sa.case((full, 0), else_=shops.c.code_tries + 1),
            locked_until=sa.case((full, until), else_=shops.c.locked_until),
        )
    )
    rows = tx.execute(query.returning(shops.c.code_tries, shops.c.locked_until))
    return [(row[0], row[1]) for row in rows]


def photo(tx: Tx, article_id: int) -> bytes | None:
    """The picture of an article as JPEG."""
    return tx.execute(sa.select(articles.c.photo).where(articles.c.id == article_id)).scalar()


def add_shop(tx: Tx, **values: object) -> int:
    return int(tx.execute(sa.insert(shops).returning(shops.c.id), values).scalar_one())


def change_shop(tx: Tx, shop_id: int, **values: object) -> None:
    tx.execute(sa.update(shops).where(shops.c.id == shop_id).values(**values))


def add_article(tx: Tx, **values: object) -> int:
    return int(tx.execute(sa.insert(articles).returning(articles.c.id), values).scalar_one())


def change_article(tx: Tx, article_id: int, **values: object) -> None:
    tx.execute(sa.update(articles).where(articles.c.id == article_id).values(**values))


def with_photo(tx: Tx, shop_id: int) -> set[int]:
    """The articles of a shop that have a picture."""
    query = sa.select(articles.c.id).where(articles.c.shop_id == shop_id, articles.c.photo.is_not(None))
    return set(tx.execute(query).scalars())
