"""The page of one's own: points, household, orders, cases. Nothing of anybody else's."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handlers import cards, form, goods, keepers, opening, orders, statement, survey
from handlers.announce import called
from handlers.codes import pickup_payload
from handlers.ctx import Ctx, Refused
from handlers.days import local_day
from handlers.dispatch import STATES
from handlers.earn import household_of
from handlers.orders import Basket
from handlers.statement import Sheet
from store import cases, households, redemptions, shop, stock, vouchers, wallets
from store.cases import Case
from store.redemptions import Line, Redemption
from store.shop import Article, Shop
from store.surveys import Survey
from store.wallets import Entry

ENTRIES_MAX = 20
CASES_MAX = 10


@dataclass(frozen=True, slots=True)
class Piece:
    """One line of an order, in words."""

    name: str
    measure: str
    count: int
    points: int


@dataclass(frozen=True, slots=True)
class Order:
    """What waits to be picked up, where and until when (UTC seconds)."""

    id: int
    shop: Shop
    pieces: list[Piece]
    until: int

    @property
    def points(self) -> int:
        return sum(piece.points for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Home:
    """What /me shows. Without a household there is no card yet: `card` and its address are ""."""

    name: str
    members: list[str]
    points: int
    held: int
    promised: int
    entries: list[Entry]
    orders: list[Order]
    cases: list[tuple[Case, str, str]]  # a case, its category and state in words
    card: str
    card_address: str
    has_pin: bool
    surveys: list[Survey]  # that wait for an answer


@dataclass(frozen=True, slots=True)
class Shelf:
    """A shop as somebody with `points` sees it; `others` are the other shops, nearest first."""

    shop: Shop
    others: list[Shop]
    articles: list[Article]
    photos: set[int]  # articles that have one
    points: int
    hours: str


@dataclass(frozen=True, slots=True)
class Placed:
    """An order and the code to pick it up with, which is told now and never again."""

    order: Order
    code: str

    @property
    def payload(self) -> str:
        """What the QR of the code says."""
        return pickup_payload(self.order.shop.code, self.code)


def home(ctx: Ctx) -> Home:
    household_id = households.of(ctx.tx, ctx.person.id)
    card = cards.own(ctx) if household_id is not None else None
    promised = vouchers.promised(ctx.tx, household_id)
    own = cases.of_reporter(ctx.tx, ctx.person.id, CASES_MAX)
    return Home(
        name=ctx.person.name,
        members=[name for _, name in households.members_of(ctx.tx, household_id)] if household_id else [],
        points=wallets.points(ctx.tx, household_id),
        held=wallets.held(ctx.tx, household_id) - promised,
        promised=promised,
        entries=wallets.entries(ctx.tx, household_id, ENTRIES_MAX),
        orders=[_order(ctx, one) for one in redemptions.held_of(ctx.tx, household_id)]
        if household_id
        else [],
        cases=[(case, called(ctx.county, case), STATES[case.state]) for case in own],
        card=cards.number(card) if card else "",
        card_address=cards.address(ctx, card) if card else "",
        has_pin=bool(card and card.pin_hash),
        surveys=survey.waiting(ctx),
    )


def shelf(ctx: Ctx, shop_code: str) -> Shelf:
    """The goods of a shop, of the nearest one where none is named. Raises Refused where there is no shop."""
    shops = goods.nearest_shops(ctx)
    one = next((each for each in shops if each.code == shop_code), shops[0] if shops else None)
    if one is None:
        raise Refused("平安超市还没有上架商品。")
    articles = [each for each in shop.articles_of(ctx.tx, [one.id]) if goods.is_on_offer(ctx, each)]
    return Shelf(
        shop=one,
        others=[each for each in shops if each is not one],
        articles=articles,
        photos=shop.with_photo(ctx.tx, one.id),
        points=wallets.points(ctx.tx, households.of(ctx.tx, ctx.person.id)),
        hours=opening.told(one.opening),
    )


def order(ctx: Ctx, shop_id: int, wanted: Mapping[int, int], sheet_id: str) -> Placed:
    """Order what a form names, once; the form sent again brings the same order and code."""
    basket = basket_of(ctx, shop_id, wanted)

    def place(ctx: Ctx) -> str:
        household_id = household_of(ctx.tx, ctx.person.id, now=ctx.now)
        redemption_id, code = orders.place(ctx, household_id, basket, channel="page")
        return f"{redemption_id} {code.mark}"

    redemption_id, code = form.once(ctx, sheet_id, sorted(wanted.items()), place).split()
    redemption = redemptions.get(ctx.tx, int(redemption_id))
    assert redemption is not None, "an order was placed"
    return Placed(_order(ctx, redemption), code)


def basket_of(ctx: Ctx, shop_id: int, wanted: Mapping[int, int]) -> Basket:
    """Articles of a shop with how many of each; what is wanted 0 times is left out."""
    known = {one.id: one for one in shop.articles_of(ctx.tx, [shop_id])}
    basket = [
        (known[article_id], count) for article_id, count in wanted.items() if count and article_id in known
    ]
    if not basket:
        raise Refused("还没有选商品。请返回上一页，点“＋”选几样。")
    return basket


def statement_of(ctx: Ctx, month: str) -> Sheet:
    """The own household's statement of a month (2026-11), of this one where none is named."""
    month = month or local_day(ctx.now)[:7]
    household_id = households.of(ctx.tx, ctx.person.id)
    is_month = re.fullmatch(r"20\d\d-(?:0[1-9]|1[0-2])", month, re.ASCII) and month <= local_day(ctx.now)[:7]
    found = statement.sheet(ctx.tx, household_id, month) if household_id is not None and is_month else None
    if found is None:
        raise Refused("您家这个月没有对账单。")
    return found


def new_code(ctx: Ctx, redemption_id: int) -> Placed:
    """The order with a new pick-up code; the old one is dead."""
    redemption = _own(ctx, redemption_id)
    return Placed(_order(ctx, redemption), orders.new_code_for(ctx, redemption).value)


def cancel(ctx: Ctx, redemption_id: int) -> int:
    """Give an order up; the points that came back."""
    return orders.give_back(ctx, _own(ctx, redemption_id), "cancelled")


def set_pin(ctx: Ctx, pin: str, again: str) -> None:
    cards.set_pin(ctx, household_of(ctx.tx, ctx.person.id, now=ctx.now), pin, again)


def lose_card(ctx: Ctx) -> str:
    """The new card number; the old one is dead."""
    return cards.replace(ctx, cards.own(ctx))


def _own(ctx: Ctx, redemption_id: int) -> Redemption:
    redemption = redemptions.get(ctx.tx, redemption_id)
    household_id = households.of(ctx.tx, ctx.person.id)
    if redemption is None or redemption.household_id != household_id or redemption.state != "held":
        raise Refused("这张单子已经领取、取消或过期了。")
    return redemption


def _order(ctx: Ctx, redemption: Redemption) -> Order:
    where = keepers.shop_of(ctx, redemption.shop_id)
    lines = redemptions.lines_of(ctx.tx, redemption.id)
    return Order(
        redemption.id,
        where,
        pieces(ctx, [one for one in lines if one.state == "held"]),
        redemption.expires_at,
    )


def pieces(ctx: Ctx, lines: Sequence[Line]) -> list[Piece]:
    """Lines of an order as people read them."""
    known = stock.names(ctx.tx, [line.article_id for line in lines])
    return [Piece(*known[line.article_id], line.count, line.points) for line in lines]
