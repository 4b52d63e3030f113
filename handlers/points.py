"""积分 and 明细: what a person has and where it came from."""

import re

from handlers import expiry
from handlers.ctx import Ctx, Refused, command
from handlers.days import DAY, clock_time, local_day, past_day
from handlers.statement import balance_on
from store import households, vouchers, wallets

ENTRIES_MAX = 10


@command(
    "积分",
    "我的积分",
    "查积分",
    "积分查询",
    grammar=rf"(?P<day>{DAY})?",
    usage="积分",
    about="看自己有多少积分",
)
def balance(ctx: Ctx, match: re.Match[str]) -> str | None:
    """With a day: what there was at its end."""
    return told(ctx) if not match["day"] else _told_of(ctx, match["day"])


def told(ctx: Ctx) -> str:
    household_id = households.of(ctx.tx, ctx.person.id)
    points, promised = wallets.points(ctx.tx, household_id), vouchers.promised(ctx.tx, household_id)
    parts = [f"您现有 {points} 分。", expiry.next_of(ctx.tx, household_id)]
    if held := wallets.held(ctx.tx, household_id) - promised:
        parts.append(f"另有 {held} 分已换商品，等待领取。")
    if promised:
        parts.append(f"另有 {promised} 分备作离线券，没用完的退回。")
    if owed := wallets.owed(ctx.tx, household_id):
        parts.append(f"欠 {owed} 分，以后得分先抵。")
    if household_id is not None and households.is_frozen(ctx.tx, household_id):
        parts.append("积分已冻结，暂时不能使用。")
    return "".join(parts)


def _told_of(ctx: Ctx, written: str) -> str:
    day = past_day(written, ctx.now)
    if day is None or day.isoformat() > local_day(ctx.now):
        raise Refused("请写过去的一天，例如：积分 2026-10-31")
    household_id = households.of(ctx.tx, ctx.person.id)
    points = balance_on(ctx, household_id, day) if household_id is not None else 0
    return f"{day.year}年{day.month}月{day.day}日结束时，您有 {points} 分。"


@command("明细", "积分明细", "我的明细", usage="明细", about="看积分从哪来、到哪去")
def entries(ctx: Ctx, _match: re.Match[str]) -> str:
    found = wallets.entries(ctx.tx, households.of(ctx.tx, ctx.person.id), ENTRIES_MAX)
    if not found:
        return "您还没有积分记录。反映的问题核实属实就有积分。"
    return "\n".join(
        f"{clock_time(entry.at)} {entry.amount:+d} 分 {entry.reason}，余 {entry.after} 分" for entry in found
    )
