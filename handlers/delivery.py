"""送货上门: orders that are brought to those who cannot come, the list of them, and 已送达."""

import re

from handlers import keepers, orders, redeem
from handlers.ctx import GAP, Ctx, Refused, areas, command, is_set_apart, may, refuse_in_group, saw
from handlers.keepers import MANAGER
from handlers.redeem import CODE
from nlp.slots import mask_phones
from store import households, redemptions
from store.redemptions import Line, Redemption

BRINGERS = ("worker", "micro_leader")
TOPIC = "送货"
ADDRESS_MAX = 60  # characters
LIST_MAX = 20
ORDER = r"(?:单号|第)\s*(?P<number>\d{1,18})\s*(?:号单|号|单)?"
GONE = "没有这个待领的单，或者已经领取、取消了。"


@command(
    "送货上门",
    grammar=rf"(?:{ORDER}|(?:取货码)?{GAP}(?P<code>{CODE}))?{GAP}(?P<address>.*)",
    usage="送货上门 取货码 地址",
    about="腿脚不便，请人把兑换的东西送来",
    topic=TOPIC,
)
def ask(ctx: Ctx, match: re.Match[str]) -> str | None:
    """By the household with its code; by the manager or the grid worker (单号) for who has no phone."""
    if not (match["number"] or match["code"]) and match["address"] and not is_set_apart(match, "address"):
        return None  # 送货上门的三轮车撞坏了围栏
    redemption = _meant(ctx, match, "送货上门")
    address = mask_phones(match["address"].strip())
    if len(address) > ADDRESS_MAX:
        raise Refused(f"地址最多 {ADDRESS_MAX} 个字。")
    redemptions.bring(ctx.tx, redemption, is_delivery=True, address=address)
    goods = orders.goods_told(ctx, _waiting(ctx, redemption))
    if redemption.household_id != households.of(ctx.tx, ctx.person.id):
        _tell_of_staff(ctx, redemption, goods)
    return f"已登记送货上门（单号 {redemption.id}）：{goods}，送到{address or '家里'}。不用送了请发：取消送货"


def _tell_of_staff(ctx: Ctx, redemption: Redemption, goods: str) -> None:
    """Goods that are brought need no code: who asks for that in another's name is seen doing so."""
    key = f"{redemption.id}:{ctx.person.id}:{ctx.now}"
    text = f"【送货】{ctx.person.name}替您家登记了送货上门：{goods}。不是您家托的，请马上发“取消送货”。"
    keepers.tell_household(ctx, redemption.household_id, text, fact="shop.delivery_asked", key=key)
    one = keepers.shop_of(ctx, redemption.shop_id)
    text = f"【代登记送货】{one.name}：单号 {redemption.id}，{goods}，登记人{ctx.person.name}。"
    keepers.tell_supervisors(ctx, one, text, fact="shop.delivery_asked", key=key)


@command(
    "取消送货",
    grammar=rf"(?:{ORDER}|(?:取货码)?{GAP}(?P<code>{CODE}))?",
    usage="取消送货 取货码",
    about="不用送了，自己去领",
    topic=TOPIC,
)
def call_off(ctx: Ctx, match: re.Match[str]) -> str:
    redemption = _meant(ctx, match, "取消送货")
    if not redemption.is_delivery:
        raise Refused("这一单没有登记送货。")
    redemptions.bring(ctx.tx, redemption, is_delivery=False)
    return f"单号 {redemption.id} 不送了，请凭取货码到店领取。"


def _meant(ctx: Ctx, match: re.Match[str], word: str) -> Redemption:
    if not match["number"]:
        return redeem.waiting(ctx, match["code"], word)
    redemption = _held(ctx, int(match["number"]))
    if redemption.household_id != households.of(ctx.tx, ctx.person.id) and not _brings(ctx, redemption):
        raise Refused(GONE)
    return redemption


def _held(ctx: Ctx, number: int) -> Redemption:
    redemption = redemptions.get(ctx.tx, number) if number < 2**63 else None
    if redemption is None or redemption.state != "held":
        raise Refused(GONE)
    return redemption


def _brings(ctx: Ctx, redemption: Redemption) -> bool:
    """Whether the speaker manages the shop, or looks after the grid where the household lives."""
    if may(ctx, keepers.shop_of(ctx, redemption.shop_id).unit_id, *MANAGER):
        return True
    _, unit_id = households.names(ctx.tx, [redemption.household_id])[redemption.household_id]
    return unit_id is not None and may(ctx, unit_id, *BRINGERS)


@command("送货单", roles=(*MANAGER, *BRINGERS), usage="送货单", about="看有哪些要送上门", topic=TOPIC)
def show(ctx: Ctx, match: re.Match[str]) -> str:
    refuse_in_group(ctx, match, "送货单")
    mine = {one.id for one in keepers.kept(ctx)}
    found = redemptions.to_bring(ctx.tx, mine, areas(ctx, *BRINGERS), LIST_MAX + 1)
    if not found:
        return "没有要送上门的。"
    known = households.names(ctx.tx, {one.household_id for one in found})
    lines = []
    for one in found[:LIST_MAX]:
        name, unit_id = known[one.household_id]
        where = "，".join(filter(None, (_unit(ctx, unit_id), one.address)))
        goods = orders.goods_told(ctx, _waiting(ctx, one))
        subject = f"household:{one.household_id}"
        saw(ctx, subject, "送货单")
        lines.append(f"单号 {one.id} {name or '未登记姓名'}（{where or '地址没有登记'}）：{goods}")
    more = ["还有更多，送完这些再看。"] if len(found) > LIST_MAX else []
    return "\n".join(["【送货单】", *lines, *more, "送到了请发：已送达 单号"])


def _unit(ctx: Ctx, unit_id: int | None) -> str:
    return ctx.registry.units[unit_id].name if unit_id in ctx.registry.units else ""


def _waiting(ctx: Ctx, redemption: Redemption) -> list[Line]:
    return [line for line in redemptions.lines_of(ctx.tx, redemption.id) if line.state == "held"]


@command(
    "已送达",
    "送达",
    grammar=rf"(?:单号|第)?{GAP}(?P<number>\d{{1,18}})\s*(?:号单|号|单)?",
    roles=(*MANAGER, *BRINGERS),
    usage="已送达 单号",
    about="送到了，告诉那一户",
    topic=TOPIC,
)
def delivered(ctx: Ctx, match: re.Match[str]) -> str:
    """Whoever brought it is the clerk; the household is told at once, and may object."""
    redemption = _held(ctx, int(match["number"]))
    if not _brings(ctx, redemption):
        raise Refused(GONE)
    if not redemption.is_delivery:
        raise Refused(
            f"单号 {redemption.id} 没有登记送货，请凭取货码核销，或先发：送货上门 单号{redemption.id}"
        )
    if redemption.expires_at <= ctx.now:
        raise Refused("这一单已经过期，积分会自动退回。")
    given = orders.hand_over(ctx, redemption, collector="delivery")
    goods = orders.goods_told(ctx, given)
    text = f"【送达】您家兑换的{goods}已送到，经手人{ctx.person.name}。没有收到请马上回复“投诉”说明。"
    keepers.tell_household(
        ctx, redemption.household_id, text, fact="shop.delivered", key=f"{redemption.id}:{given[0].id}"
    )
    return f"单号 {redemption.id} 已送达：{goods}。"
