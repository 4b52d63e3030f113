"""核销 and 代领: by a pick-up code, whole or in part, to a member or to a neighbour who came."""

import re
from collections.abc import Sequence

from handlers import keepers, orders, partial
from handlers.ctx import GAP, Ctx, Refused, command
from handlers.days import clock_time
from handlers.goods import count_of, squeezed
from handlers.keepers import MANAGER
from store import households, people, shop
from store.people import Person
from store.shop import Line, Redemption, Shop

CODE = r"\d{3}[ -]?\d{3}"
WRONG_CODES_MAX = 5
PAUSE_SECONDS = 600
UNKNOWN = "没有这个取货码，或者已经领取、过期了。"


def find(ctx: Ctx, shops: Sequence[Shop], code: str) -> Redemption | str:
    """The order that waits in one of the shops under a code, or why not.

    A wrong code is an answer, not a refusal: return the text instead of raising it, for the count of wrong
    codes must be kept.
    """
    open_shops = [one for one in shops if one.locked_until <= ctx.now]
    if not open_shops:
        until = min((one.locked_until for one in shops), default=ctx.now)
        return f"取货码输错太多次，请在 {clock_time(until)} 以后再试。"
    ids = [one.id for one in open_shops]
    found = shop.held_with_code(ctx.tx, ids, [orders.code_hash(ctx, one, code) for one in ids])
    if found is None:
        return _wrong(ctx, ids)
    if any(one.id == found.shop_id and one.code_tries for one in open_shops):
        shop.change_shop(ctx.tx, found.shop_id, code_tries=0)
    return found


def _wrong(ctx: Ctx, shop_ids: list[int]) -> str:
    until = ctx.now + PAUSE_SECONDS
    counts = shop.wrong_code(ctx.tx, shop_ids, most=WRONG_CODES_MAX, until=until)
    if any(closed > ctx.now for _, closed in counts):
        return f"{UNKNOWN}已错 {WRONG_CODES_MAX} 次，请在 {clock_time(until)} 以后再试。"
    return f"{UNKNOWN}还可以试 {WRONG_CODES_MAX - max(tries for tries, _ in counts)} 次。"


@command(
    "核销",
    "取货",
    grammar=rf"(?:取货码)?{GAP}(?P<code>{CODE})(?:{GAP}(?:只领|先领|领)?(?P<goods>.+))?",
    roles=MANAGER,
    usage="核销 取货码 [商品 数量]",
    about="交货给村民，写了商品就只交这些",
)
def collect(ctx: Ctx, match: re.Match[str]) -> str:
    redemption = find(ctx, keepers.kept(ctx), match["code"])
    if isinstance(redemption, str):
        return redemption
    check_time(ctx, redemption)
    lines = _named(ctx, redemption, match["goods"]) if match["goods"] else None
    given = orders.hand_over(ctx, redemption, collector="member", lines=lines)
    return _told(ctx, redemption, given, _ordered_by(ctx, redemption))


@command(
    "代领",
    grammar=rf"(?:取货码)?{GAP}(?P<code>{CODE}){GAP}(?P<name>[一-鿿·]{{2,12}}){GAP}(?P<phone>\d{{4,11}})",
    roles=MANAGER,
    usage="代领 取货码 姓名 手机后四位",
    about="别人来替领，会告诉那一户",
)
def collect_by_proxy(ctx: Ctx, match: re.Match[str]) -> str:
    """Family comes as a member; anybody else is written down as a proxy, and the household is told."""
    redemption = find(ctx, keepers.kept(ctx), match["code"])
    if isinstance(redemption, str):
        return redemption
    check_time(ctx, redemption)
    proxy = proxy_called(ctx, match["name"], match["phone"])
    is_family = households.of(ctx.tx, proxy.id) == redemption.household_id
    collector = "member" if is_family else "proxy"
    given = orders.hand_over(ctx, redemption, collector=collector, proxy_id=proxy.id)
    if not is_family:
        tell_of_proxy(ctx, redemption, given, proxy)
    return _told(ctx, redemption, given, proxy.name + ("（家人）" if is_family else "（代领）"))


def _ordered_by(ctx: Ctx, redemption: Redemption) -> str:
    """Who ordered; the household where its card did."""
    who = {} if redemption.person_id is None else people.names(ctx.tx, [redemption.person_id])
    household, _ = households.names(ctx.tx, [redemption.household_id])[redemption.household_id]
    return next(iter(who.values()), "") or household or "未登记姓名的居民"


def proxy_called(ctx: Ctx, name: str, phone: str) -> Person:
    """The registered person of this name whose number ends so; the speaker cannot be it."""
    named = [one for one in people.any_of(ctx.tx, names=[name]) if one.name == name]
    found = [one for one in named if one.phone.endswith(phone)]
    if len(found) != 1:
        raise Refused(f"没有登记过{name}（手机尾号 {phone[-4:]}），代领人要先绑定身份，或写完整手机号。")
    if found[0].id == ctx.person.id:
        raise Refused("经手人不能自己代领。")
    return found[0]


def tell_of_proxy(ctx: Ctx, redemption: Redemption, given: Sequence[Line], proxy: Person) -> None:
    text = (
        f"【代领】您家兑换的{orders.goods_told(ctx, given)}已由{proxy.name}代领，"
        f"经手人{ctx.person.name}。如果不是您家托的，请马上回复“投诉”说明。"
    )
    key = f"{redemption.id}:{given[0].id}"
    keepers.tell_household(ctx, redemption.household_id, text, fact="shop.proxy", key=key)


def check_time(ctx: Ctx, redemption: Redemption) -> None:
    """Refuse an order whose time is over; the job gives it back."""
    if redemption.expires_at <= ctx.now:
        raise Refused("这个取货码已经过期，积分会自动退回。")


def _named(ctx: Ctx, redemption: Redemption, goods: str) -> list[Line]:
    """The waiting lines of an order that a text names (大米、盐), or so many pieces of them (大米 2)."""
    shop.hold_still(ctx.tx, redemption)
    waiting = [line for line in shop.lines_of(ctx.tx, redemption.id) if line.state == "held"]
    known = {one.id: one for one in shop.articles_of(ctx.tx, [redemption.shop_id])}
    asked: dict[int, int] = {}
    for part in filter(None, map(squeezed, re.split(r"[,，、;；\n]+", goods))):
        found = [(line, line.count) for line in waiting if part in squeezed(known[line.article_id].name)]
        found = found or [
            (line, count)
            for line in waiting
            if (count := count_of(part, known[line.article_id])) is not None and 0 < count <= line.count
        ]
        if len(found) != 1:
            told = orders.goods_told(ctx, waiting)
            raise Refused(f"这一单待领的是：{told}，请写其中的商品和不超过它的数量。")
        asked[found[0][0].id] = found[0][1]
    return [partial.take_out(ctx, redemption, line, asked[line.id]) for line in waiting if line.id in asked]


def _told(ctx: Ctx, redemption: Redemption, given: Sequence[Line], name: str) -> str:
    points = sum(line.points for line in given)
    left = [line for line in shop.lines_of(ctx.tx, redemption.id) if line.state == "held"]
    rest = f"还有{orders.goods_told(ctx, left)}待领，取货码不变。" if left else ""
    what = f"{name}，{orders.goods_told(ctx, given)}，{points} 分"
    return f"核销成功（单号 {redemption.id}）：{what}。请交货。{rest}"
