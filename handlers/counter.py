"""The counter of a shop: who stands there with a code or a card, what is given out, what it cost.

A code is what a member brings; a card needs the household's PIN. A wrong code or PIN is an answer (a str)
and no refusal: it must be counted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from handlers import cards, form, goods, keepers, orders, partial, pickup
from handlers.codes import read_pickup
from handlers.ctx import Ctx, Refused, saw
from handlers.me import Piece, basket_of, pieces
from handlers.names import masked
from store import households, people, redemptions, shop, wallets
from store.cards import Card
from store.redemptions import Line, Redemption
from store.shop import Article, Shop

UNKNOWN = "没有这个码。取货码是 6 位数字，户卡号是 8 位；请再扫一次或再输一次。"


@dataclass(frozen=True, slots=True)
class Waiting:
    """An order that waits, as the clerk sees it: whose (masked), and each line with its number."""

    shop: Shop
    who: str
    lines: list[tuple[int, Piece]]
    until: int


@dataclass(frozen=True, slots=True)
class Customer:
    """A household that came with its card: its name masked, what waits here, what it may choose."""

    shop: Shop
    card: str
    who: str
    points: int
    has_pin: bool
    may_set_pin: bool
    lines: list[tuple[int, Piece]]
    articles: list[Article]
    photos: set[int]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was given out at once; `left` is what the household has now."""

    number: int
    first_line: int
    household_id: int
    shop: Shop
    at: int
    clerk: str
    who: str
    collector: str
    pieces: list[Piece]
    left: int

    @property
    def points(self) -> int:
        return sum(piece.points for piece in self.pieces)


def shops(ctx: Ctx) -> list[Shop]:
    """The shops at whose counter the speaker stands."""
    found = keepers.kept(ctx)
    if not found:
        raise Refused("您没有管理的平安超市。")
    return found


def look_up(ctx: Ctx, shop_id: int, typed: str) -> Waiting | Customer | str:
    """Who stands there with what was typed or scanned; each look is written down."""
    one = _shop(ctx, shop_id)
    if (code := read_pickup(typed)) is not None:
        found = _order(ctx, one, *code)
        return found if isinstance(found, str) else _waiting(ctx, one, found)
    card = cards.scanned(ctx, typed)
    return customer(ctx, one, card) if card else UNKNOWN


def _shop(ctx: Ctx, shop_id: int) -> Shop:
    found = next((one for one in shops(ctx) if one.id == shop_id), None)
    if found is None:
        raise Refused("这个超市不归您管。")
    return found


def _order(ctx: Ctx, one: Shop, shop_code: str, code: str) -> Redemption | str:
    """The order of a code. A code of another shop is nothing to guess at, and is not counted."""
    if shop_code not in ("", one.code):
        raise Refused("这是别的超市的取货码，请到那一家去领。")
    return pickup.find(ctx, [one], code)


def _waiting(ctx: Ctx, one: Shop, redemption: Redemption) -> Waiting:
    saw(ctx, f"household:{redemption.household_id}", f"柜台核销，单号 {redemption.id}")
    names = people.names(ctx.tx, [redemption.person_id]) if redemption.person_id is not None else {}
    held = [line for line in redemptions.lines_of(ctx.tx, redemption.id) if line.state == "held"]
    return Waiting(one, masked(next(iter(names.values()), "")), _numbered(ctx, held), redemption.expires_at)


def customer(ctx: Ctx, one: Shop, card: Card) -> Customer:
    """The household of a card. Raises Refused for the clerk's own."""
    _refuse_own(ctx, card.household_id)
    saw(ctx, f"household:{card.household_id}", "柜台刷户卡")
    articles = [each for each in shop.articles_of(ctx.tx, [one.id]) if goods.is_on_offer(ctx, each)]
    return Customer(
        shop=one,
        card=cards.number(card),
        who=masked(card.name),
        points=wallets.points(ctx.tx, card.household_id),
        has_pin=bool(card.pin_hash),
        may_set_pin=not card.pin_hash and card.pin_open_until > ctx.now,
        lines=_numbered(ctx, _held_here(ctx, one, card.household_id)),
        articles=articles,
        photos=shop.with_photo(ctx.tx, one.id),
    )


def _refuse_own(ctx: Ctx, household_id: int) -> None:
    if household_id == households.of(ctx.tx, ctx.person.id):
        raise Refused("不能给自己家经手，请由别人来办。")


def _held_here(ctx: Ctx, one: Shop, household_id: int) -> list[Line]:
    """What a household ordered in this shop and may still fetch."""
    return [
        line
        for redemption in redemptions.held_of(ctx.tx, household_id)
        if redemption.shop_id == one.id and redemption.expires_at > ctx.now
        for line in redemptions.lines_of(ctx.tx, redemption.id)
        if line.state == "held"
    ]


def _numbered(ctx: Ctx, lines: Sequence[Line]) -> list[tuple[int, Piece]]:
    return list(zip([line.id for line in lines], pieces(ctx, lines), strict=True))


# ---- giving out


def hand_over(ctx: Ctx, shop_id: int, typed: str, ticked: Mapping[int, int], sheet_id: str) -> Receipt | str:
    """Give the ticked lines of the order of a code to the member who brought it.

    `ticked` is line → pieces, 0 for all of it.
    """
    one = _shop(ctx, shop_id)

    def act() -> list[int] | str:
        code = read_pickup(typed)
        found = _order(ctx, one, *code) if code else UNKNOWN
        if isinstance(found, str):
            return found
        pickup.check_time(ctx, found)
        given = _give(ctx, found, ticked, collector="member")
        if not given:
            raise Refused("还没有勾选要交的商品。")
        return [line.id for line in given]

    return _once(ctx, one, sheet_id, (typed, sorted(ticked.items())), act)


def sell(
    ctx: Ctx,
    shop_id: int,
    card_number: str,
    wanted: Mapping[int, int],
    ticked: Mapping[int, int],
    *,
    pin: str,
    sheet_id: str,
) -> Receipt | str:
    """Sell a basket on a card and give out what was ordered before: one PIN, one receipt.

    `wanted` is article → pieces, `ticked` is line → pieces, 0 for all of it.
    """
    one, card = _shop(ctx, shop_id), cards.scanned(ctx, card_number)
    if card is None:
        raise Refused("这张户卡已经挂失或作废。")
    _refuse_own(ctx, card.household_id)
    if problem := cards.wrong(ctx, card, pin):
        return problem

    def act() -> list[int]:
        given = _give_ordered(ctx, one, card, ticked)
        if any(wanted.values()):
            basket = basket_of(ctx, one.id, wanted)
            redemption_id, _ = orders.place(ctx, card.household_id, basket, channel="counter")
            redemption = redemptions.get(ctx.tx, redemption_id)
            assert redemption is not None, "an order was placed"
            given += orders.hand_over(ctx, redemption, collector="card")
        if not given:
            raise Refused("还没有选商品。")
        return [line.id for line in given]

    return _once(ctx, one, sheet_id, (card.code, sorted(wanted.items()), sorted(ticked.items())), act)


def _give_ordered(ctx: Ctx, one: Shop, card: Card, ticked: Mapping[int, int]) -> list[Line]:
    lines = [line for line in _held_here(ctx, one, card.household_id) if line.id in ticked]
    given = []
    for redemption_id in dict.fromkeys(line.redemption_id for line in lines):
        redemption = redemptions.get(ctx.tx, redemption_id)
        assert redemption is not None, "a line has its order"
        given += _give(ctx, redemption, ticked, collector="card")
    if len(given) != len(ticked):
        raise Refused("勾选的商品里有的已经领走、取消或过期了，请重新刷卡。")
    return given


def _give(ctx: Ctx, redemption: Redemption, ticked: Mapping[int, int], *, collector: str) -> list[Line]:
    """Give out those of the ticked lines that wait in this order, each with as many pieces as asked."""
    redemptions.hold_still(ctx.tx, redemption)
    held = [line for line in redemptions.lines_of(ctx.tx, redemption.id) if line.state == "held"]
    wanted = [(line, ticked[line.id] or line.count) for line in held if line.id in ticked]
    if any(count > line.count for line, count in wanted):
        raise Refused("交的数量超过了待领的数量。")
    lines = [partial.take_out(ctx, redemption, line, count) for line, count in wanted]
    return orders.hand_over(ctx, redemption, collector=collector, lines=lines) if lines else []


def first_pin(ctx: Ctx, shop_id: int, card_number: str, pin: str, again: str) -> None:
    """The PIN that a household types in the shop for the first time, when a grid worker has opened that."""
    _shop(ctx, shop_id)
    card = cards.scanned(ctx, card_number)
    if card is None or card.pin_hash or card.pin_open_until <= ctx.now:
        raise Refused("这户现在不能在柜台设密码，请网格员先发“开通密码 卡号”。")
    _refuse_own(ctx, card.household_id)
    cards.set_pin(ctx, card.household_id, pin, again)


def _once(
    ctx: Ctx, one: Shop, sheet_id: str, content: object, act: Callable[[], list[int] | str]
) -> Receipt | str:
    """The receipt of the lines that `act` gives out, or what is wrong; sent again, the same receipt."""
    problem = UNKNOWN  # of a form that was wrong the first time and comes again

    def given(_ctx: Ctx) -> str:
        nonlocal problem
        done = act()
        if isinstance(done, str):
            problem = done
            return ""
        _tell(ctx, _receipt(ctx, one, done))
        return ",".join(map(str, done))

    kept = form.once(ctx, sheet_id, (one.id, content), given)
    return _receipt(ctx, one, [int(number) for number in kept.split(",")]) if kept else problem


def _receipt(ctx: Ctx, one: Shop, line_ids: Sequence[int]) -> Receipt:
    lines = redemptions.lines(ctx.tx, line_ids)
    redemption = redemptions.get(ctx.tx, lines[0].redemption_id)
    assert redemption is not None and lines[0].ended_at is not None, "given out"
    return Receipt(
        number=redemption.id,
        first_line=lines[0].id,
        household_id=redemption.household_id,
        shop=one,
        at=lines[0].ended_at,
        clerk=ctx.person.name,
        who=masked(cards.of(ctx, redemption.household_id).name),
        collector=lines[0].collector,
        pieces=pieces(ctx, lines),
        left=wallets.points(ctx.tx, redemption.household_id),
    )


def _tell(ctx: Ctx, receipt: Receipt) -> None:
    """The household hears what was given out in its name; a part of an order is told as it goes."""
    what = "、".join(f"{piece.name} {piece.count} {piece.measure}" for piece in receipt.pieces)
    text = (
        f"【{receipt.shop.name}】您家领走了{what}，{receipt.points} 分，单号 {receipt.number}，"
        f"经手人{receipt.clerk}。现有 {receipt.left} 分。不是您家领的，请马上回复“投诉”说明。"
    )
    key = f"{receipt.number}:{receipt.first_line}"
    keepers.tell_household(ctx, receipt.household_id, text, fact="shop.receipt", key=key)
