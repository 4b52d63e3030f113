"""红榜: who earned most. Only the first are named, never the last; who does not want to be named is not."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from handlers import notify
from handlers.ctx import Ctx, JobCtx, Refused, command, cron, may
from handlers.days import local
from handlers.earn import home_of, household_of
from handlers.names import masked
from handlers.whom import STEWARDS
from store import honours, households
from store.honours import Earner

TOPIC = "家庭"
FIRST_HOUSEHOLDS, FIRST_VILLAGES = 10, 3
MAY_READ_NAMES = (*STEWARDS, "shop_manager", "shop_supervisor", "auditor", "admin")
_PERIODS = "本月|这个月|上月|上个月|本季度?|季度|今年|本年|年度"


@dataclass(frozen=True, slots=True)
class Period:
    """From one local day to another, both included."""

    name: str
    first: str
    last: str


@command(
    "红榜",
    "积分排名",
    "积分榜",
    grammar=rf"(?P<where>\S*?)\s*(?P<when>{_PERIODS})?\s*(?P<after>\S*?)",
    usage="红榜",
    about="本村本月得分最多的户，也可写：红榜 季度、红榜 各村",
    topic=TOPIC,
)
def show(ctx: Ctx, match: re.Match[str]) -> str | None:
    period = period_of(match["when"], local(ctx.now).date())
    where = (match["where"] or match["after"]).strip()
    if where in ("各村", "村", "全镇"):
        return villages(ctx, period)
    village = _village(ctx, where)
    if village is None:
        return None
    found = honours.earners(ctx.tx, ctx.registry.under(village), first=period.first, last=period.last)
    own = households.of(ctx.tx, ctx.person.id) or 0
    reads_names = may(ctx, village, *MAY_READ_NAMES) and not ctx.message.chat
    lines = listed(found, own=own if not ctx.message.chat else 0, is_masked=not reads_names)
    head = f"【红榜】{ctx.registry.units[village].name} {period.name}"
    if not lines:
        return f"{head}：还没有得分的户。"
    return "\n".join([head, *lines, *_own_rank(ctx, found, own)])


def period_of(word: str | None, today: date) -> Period:
    """What 本月, 上月, 季度 and 今年 are; this month without a word."""
    word = word or "本月"
    begin = today.replace(day=1)
    if "上" in word:
        last = begin - timedelta(days=1)
        return Period(f"{last.year}年{last.month}月", last.replace(day=1).isoformat(), last.isoformat())
    if "季" in word:
        begin = begin.replace(month=(today.month - 1) // 3 * 3 + 1)
        name = f"{today.year}年第{(today.month + 2) // 3}季度"
    elif "年" in word:
        begin, name = begin.replace(month=1), f"{today.year}年"
    else:
        name = f"{today.year}年{today.month}月"
    return Period(name, begin.isoformat(), today.isoformat())


def _village(ctx: Ctx, named: str) -> int | None:
    """The village meant, without a name the speaker's own; None where there is no such village."""
    if not named:
        chain = ctx.registry.chain(home_of(ctx, ctx.person.id))
        found = next((unit.id for unit in chain if unit.level == "village"), None)
        if found is None:
            raise Refused("请写村(社区)名，例如：红榜 桃花村；看各村请发：红榜 各村")
        return found
    units = [unit for unit in ctx.registry.units.values() if unit.level == "village"]
    whole = [unit.id for unit in units if unit.name == named] or [u.id for u in units if named in u.name]
    return whole[0] if len(whole) == 1 else None


def listed(found: list[Earner], *, own: int = 0, is_masked: bool = True) -> list[str]:
    """The first households; names masked but for the own one."""
    shown = [one for one in found if not one.is_unlisted][:FIRST_HOUSEHOLDS]
    lines = []
    for place, one in enumerate(shown, 1):
        mine = one.household_id == own
        name = one.name if mine or not is_masked else masked(one.name)
        lines.append(f"{place}. {name or '未登记姓名'}家 {one.points} 分" + ("（您家）" if mine else ""))
    return lines


def _own_rank(ctx: Ctx, found: list[Earner], own: int) -> list[str]:
    """Told to the asker alone, not in a group."""
    mine = next((one.points for one in found if one.household_id == own), 0)
    if ctx.message.chat or not mine:
        return []
    better = sum(one.points > mine for one in found)
    return [f"您家得 {mine} 分，第 {better + 1} 名（只有您看得到）。"]


def villages(ctx: Ctx, period: Period) -> str:
    """The first villages of the speaker's town, by points a household of the registry."""
    chain = ctx.registry.chain(home_of(ctx, ctx.person.id))
    town = next((unit for unit in chain if unit.level == "town"), None) or chain[-1]
    under = ctx.registry.under(town.id)
    points = honours.by_unit(ctx.tx, under, first=period.first, last=period.last)
    rates = []
    for unit in (ctx.registry.units[unit_id] for unit_id in under):
        if unit.level == "village" and unit.households:
            total = sum(points.get(below, 0) for below in ctx.registry.under(unit.id))
            rates.append((total / unit.households, unit.name))
    first = sorted((one for one in rates if one[0]), key=lambda one: (-one[0], one[1]))[:FIRST_VILLAGES]
    head = f"【红榜】{town.name}各村 {period.name}"
    if not first:
        return f"{head}：还没有得分的村。"
    return "\n".join([head, *(f"{n}. {name} 户均 {rate:.2f} 分" for n, (rate, name) in enumerate(first, 1))])


@command("不上榜", usage="不上榜", about="红榜上不写您家", topic=TOPIC)
def leave_out(ctx: Ctx, _match: re.Match[str]) -> str:
    households.change(ctx.tx, household_of(ctx.tx, ctx.person.id, now=ctx.now), is_unlisted=True)
    return "好的，红榜上不再写您家。想上榜请发：上榜"


@command("上榜", usage="上榜", about="红榜上可以写您家", topic=TOPIC)
def take_in(ctx: Ctx, _match: re.Match[str]) -> str:
    households.change(ctx.tx, household_of(ctx.tx, ctx.person.id, now=ctx.now), is_unlisted=False)
    return "好的，得分多时红榜上会写您家（名字打码）。"


def _last_month(ctx: JobCtx) -> list[tuple[int, list[str]]]:
    period = period_of("上月", local(ctx.planned).date())
    villages = [unit.id for unit in ctx.registry.units.values() if unit.level == "village"]
    found = (
        (one, honours.earners(ctx.tx, ctx.registry.under(one), first=period.first, last=period.last))
        for one in villages
    )
    return [(village, lines) for village, earners in found if (lines := listed(earners))]


@cron(day=1, hour=9, catch_up_hours=24, prepare=_last_month)
def post(ctx: JobCtx, found: Any) -> None:
    """Each village's group reads who earned most in the month that ended."""
    period = period_of("上月", local(ctx.planned).date())
    for village, lines in found:
        unit = ctx.registry.units[village]
        text = "\n".join([f"【红榜】{unit.name} {period.name}", *lines, "谢谢大家！不想上榜可发：不上榜"])
        notify.group(ctx, unit, text, fact="points.honoured", key=period.first)
