"""兑换, 取消兑换 and 重发 in chat: points and stock are held together until somebody comes for them."""

import re

from handlers import keepers, opening, orders
from handlers.ctx import GAP, Ctx, JobCtx, Refused, command, cron, refuse_in_group
from handlers.days import clock_time
from handlers.earn import household_of
from handlers.goods import find, squeezed
from handlers.orders import give_back
from store import households, redemptions
from store.redemptions import Redemption

CODE = r"\d{3}[ -]?\d{3}"
NAME_MAX = 12  # characters of what may be an article
EXPIRE_BATCH = 50


@command("兑换", "换购", grammar=r"(?P<wanted>.+?)", usage="兑换 商品 数量", about="用积分换商品，得到取货码")
def reserve(ctx: Ctx, match: re.Match[str]) -> str | None:
    wanted = squeezed(match["wanted"])
    found = find(ctx, wanted)
    if found is None:
        if _is_order(match[0], wanted):
            raise Refused("平安超市没有这样商品，发“商品”看能换什么。")
        return None
    refuse_in_group(ctx, match, "取货码")
    article, count = found
    household_id = household_of(ctx.tx, ctx.person.id, now=ctx.now)
    redemption_id, code = orders.place(ctx, household_id, [found], channel="chat")
    placed = redemptions.get(ctx.tx, redemption_id)
    assert placed is not None
    one = keepers.shop_of(ctx, article.shop_id)
    hours = f"（{opening.told(one.opening)}）" if one.opening else ""
    return (
        f"已兑换{article.name} {count} {article.measure}，用 {article.price * count} 分。\n"
        f"取货码：{code.mark}\n"
        f"请在 {clock_time(placed.expires_at)} 前到{one.name}领取{hours}。"
    )


def _is_order(text: str, wanted: str) -> bool:
    """Whether it is written as an order: 兑换 电视机 1 is one, 兑换的东西质量太差了 is a report."""
    return bool(re.match(r"\w+[\s:：,，]", text)) and len(wanted) <= NAME_MAX


@command(
    "取消兑换",
    "取消",
    grammar=rf"(?:取货码)?{GAP}(?P<code>{CODE})?",
    usage="取消兑换 取货码",
    about="不要了，积分退回",
    topic="取货",
)
def cancel(ctx: Ctx, match: re.Match[str]) -> str:
    """Without a code, the one redemption that waits."""
    redemption = waiting(ctx, match["code"], "取消兑换")
    points = give_back(ctx, redemption, "cancelled")
    return f"已取消，{points} 分退回。"


@command(
    "重发",
    "重发取货码",
    grammar=rf"(?:取货码)?{GAP}(?P<code>{CODE})?",
    usage="重发",
    about="取货码丢了，换一个新的，旧的作废",
    topic="取货",
)
def resend(ctx: Ctx, match: re.Match[str]) -> str:
    refuse_in_group(ctx, match, "取货码")
    redemption = waiting(ctx, match["code"], "重发")
    code = orders.new_code_for(ctx, redemption)
    return f"新取货码：{code.mark}，旧的已作废。请在 {clock_time(redemption.expires_at)} 前领取。"


def waiting(ctx: Ctx, code: str | None, word: str) -> Redemption:
    """The redemption of the speaker's household that a code names; without a code the only one."""
    household_id = households.of(ctx.tx, ctx.person.id)
    held = redemptions.held_of(ctx.tx, household_id) if household_id is not None else []
    if code is None and len(held) > 1:
        raise Refused(f"您有 {len(held)} 样商品待领，请写明：{word} 取货码。")
    redemption = _by_code(ctx, {one.shop_id for one in held}, code) if code else next(iter(held), None)
    if redemption is None or redemption.household_id != household_id:
        raise Refused("没有这个取货码，或者已经领取、取消了。")
    return redemption


def _by_code(ctx: Ctx, shop_ids: set[int], code: str) -> Redemption | None:
    hashes = [orders.code_hash(ctx, shop_id, code) for shop_id in shop_ids]
    return redemptions.held_with_code(ctx.tx, shop_ids, hashes)


@cron(every=600)
def expire(ctx: JobCtx) -> None:
    """Give back what nobody picked up in time."""
    for redemption in redemptions.overdue(ctx.tx, now=ctx.now, limit=EXPIRE_BATCH):
        give_back(ctx, redemption, "expired")
