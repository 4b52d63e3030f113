"""积分 and 明细: what a person has and where it came from."""

import re

from handlers.ctx import Ctx, command
from handlers.days import clock_time
from store import households, wallets

ENTRIES_MAX = 10


@command("积分", "我的积分", "查积分", "积分查询", usage="积分", about="看自己有多少积分")
def balance(ctx: Ctx, _match: re.Match[str]) -> str:
    return told(ctx)


def told(ctx: Ctx) -> str:
    household_id = households.of(ctx.tx, ctx.person.id)
    points, held = wallets.points(ctx.tx, household_id), wallets.held(ctx.tx, household_id)
    return f"您现有 {points} 分。" + (f"另有 {held} 分已换商品，等待领取。" if held else "")


@command("明细", "积分明细", "我的明细", usage="明细", about="看积分从哪来、到哪去")
def entries(ctx: Ctx, _match: re.Match[str]) -> str:
    found = wallets.entries(ctx.tx, households.of(ctx.tx, ctx.person.id), ENTRIES_MAX)
    if not found:
        return "您还没有积分记录。反映的问题核实属实就有积分。"
    return "\n".join(
        f"{clock_time(entry.at)} {entry.amount:+d} 分 {entry.reason}，余 {entry.after} 分" for entry in found
    )
