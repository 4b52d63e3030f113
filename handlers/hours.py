"""营业时间 and 临时开门: when a shop hands goods out."""

import re
from datetime import datetime, time

from handlers import goods, keepers, opening
from handlers.ctx import Ctx, Refused, command, is_set_apart
from handlers.days import ZONE, local
from handlers.keepers import MANAGER, TOPIC
from nlp.plain import plain
from store import shop
from store.shop import Shop

SHOWN_MAX = 5


@command(
    "营业时间",
    "领取时间",
    grammar=r"(?P<text>.*)",
    usage="营业时间",
    about="超市什么时候可以领东西",
    topic="取货",
)
def hours(ctx: Ctx, match: re.Match[str]) -> str | None:
    """The hours of the nearest shops; a manager who writes new ones changes them."""
    if not match["text"]:
        shops = goods.nearest_shops(ctx)[:SHOWN_MAX]
        return "\n".join(_line(ctx, one) for one in shops) or "平安超市还没有开。"
    if not keepers.kept(ctx):
        return None
    one, text = keepers.the_shop(ctx, plain(match["text"]))
    try:
        windows = opening.parse(text)
    except ValueError as error:
        if not is_set_apart(match, "text"):
            return None  # 营业时间太短
        raise Refused(f"{error}。") from None
    shop.change_shop(ctx.tx, one.id, opening=windows)
    told = f"{one.name}领取时间改为：{opening.told(windows)}"
    key = f"{ctx.message.channel}:{ctx.message.id}"
    text = f"【营业时间】{told}，经手{ctx.person.name}。"
    keepers.tell_supervisors(ctx, one, text, fact="shop.hours", key=key)
    return f"{told}。"


def _line(ctx: Ctx, one: Shop) -> str:
    if one.opening is None:
        return f"{one.name}：随时可领。"
    now = "现在可以领" if opening.is_open(one.opening, ctx.now) else "现在不能领"
    return f"{one.name}：{opening.told(one.opening)}。{now}，下次 {opening.next_told(one.opening, ctx.now)}。"


@command(
    "临时开门",
    grammar=r"(?:今天)?(?:到|至|开到)?\s*(?P<hour>\d{1,2})(?:[:：点时](?P<minute>\d{2}|半)?分?)?[\s,，:：]*(?P<reason>.*)",
    roles=MANAGER,
    usage="临时开门 到18:00 理由",
    about="今天多开一会儿",
    topic=TOPIC,
)
def extend(ctx: Ctx, match: re.Match[str]) -> str:
    one, reason = keepers.the_shop(ctx, match["reason"].strip())
    if one.opening is None:
        raise Refused(f"{one.name}随时可以领，不用临时开门。")
    minute = 30 if match["minute"] == "半" else int(match["minute"] or 0)
    midnight = datetime.combine(local(ctx.now).date(), time(), ZONE)
    until = int(midnight.timestamp()) + int(match["hour"]) * 3600 + minute * 60
    if not reason or not ctx.now < until < int(midnight.timestamp()) + 24 * 3600 or minute > 59:
        raise Refused("请写今天晚些时候的钟点和理由，例如：临时开门 到18:00 集中兑换")
    shop.change_shop(ctx.tx, one.id, opening=opening.extended(one.opening, ctx.now, until, reason))
    told = f"{one.name}今天临时开到 {local(until):%H:%M}"
    key = f"{ctx.message.channel}:{ctx.message.id}"
    text = f"【临时开门】{told}，{reason}，经手{ctx.person.name}。"
    keepers.tell_supervisors(ctx, one, text, fact="shop.hours", key=key)
    return f"{told}。"
