"""考核: a worker's own assessment points, month by month; those of the workers in one's area."""

import re

from handlers.applied import TOPIC
from handlers.checkin import WORKERS
from handlers.ctx import Ctx, Refused, areas, command
from handlers.days import local_day
from handlers.public_lists import beside, is_month
from store import people, scores

LEADERS = ("village_staff", "dispatcher", "leader", "auditor", "admin")
LISTED_MAX = 25  # a reply holds 2,048 bytes


@command(
    "考核",
    "考核分",
    "我的考核",
    grammar=r"(?:(?P<month>\d{4}-\d{2}|上个?月|本月))?\s*(?P<where>\S*?)",
    roles=(*WORKERS, *LEADERS),
    usage="考核 上月",
    about="看考核分；管理人员看辖区的网格员",
    topic=TOPIC,
)
def show(ctx: Ctx, match: re.Match[str]) -> str | None:
    """Somebody who works and leads sees both; a leader may name one unit of the area."""
    area = areas(ctx, *LEADERS)
    where = match["where"]
    named = [unit_id for unit_id in area if ctx.registry.units[unit_id].name == where]
    if where and not named:
        return None
    month = _month(ctx, match["month"] or "本月")
    lines = []
    if ctx.person.has(*WORKERS):
        lines += _own(ctx, month)
    if area:
        lines += _area(ctx, month, ctx.registry.under(named[0]) if where else area)
    return "\n".join(lines)


def _month(ctx: Ctx, word: str) -> str:
    this = local_day(ctx.now)[:7]
    if word == "本月":
        return this
    if word.startswith("上"):
        return beside(this, now=ctx.now)[0]
    if not is_month(word, now=ctx.now):
        raise Refused("月份请写成 2026-11，不能晚于本月。")
    return word


def _own(ctx: Ctx, month: str) -> list[str]:
    found = scores.parts(ctx.tx, ctx.person.id, month)
    days = scores.days_checked_in(ctx.tx, [ctx.person.id], month).get(ctx.person.id, 0)
    before = beside(month, now=ctx.now)[0]
    earlier = scores.totals(ctx.tx, [ctx.person.id], before).get(ctx.person.id, 0)
    total = sum(part.points for part in found)
    lines = [f"【我的考核】{month}：{total} 分（{before}：{earlier} 分），按时报平安 {days} 天"]
    return lines + [f"{part.reason.partition('（')[0]} {part.times} 次 {part.points} 分" for part in found]


def _area(ctx: Ctx, month: str, area: list[int]) -> list[str]:
    """The workers of an area, by unit."""
    workers = {
        person_id: (unit_id, name)
        for role in reversed(WORKERS[:2])
        for person_id, name, unit_id in people.holding(ctx.tx, role, area)
    }
    total = scores.totals(ctx.tx, workers, month)
    days = scores.days_checked_in(ctx.tx, workers, month)
    ordered = sorted(workers, key=lambda one: (workers[one][0], one))
    lines = [f"【考核】{month}，{len(ordered)} 人"]
    for person_id in ordered[:LISTED_MAX]:
        unit_id, name = workers[person_id]
        unit = ctx.registry.units[unit_id].name
        lines.append(f"{unit} {name} {total.get(person_id, 0)} 分，报平安 {days.get(person_id, 0)} 天")
    if len(ordered) > LISTED_MAX:
        lines.append(f"……共 {len(ordered)} 人，可写明村(社区)：考核 村名")
    return lines
