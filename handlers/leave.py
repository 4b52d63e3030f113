"""请假: days on which a grid worker is not asked to check in."""

import re
from datetime import date, timedelta

from handlers.checkin import WORKERS
from handlers.ctx import GAP, Ctx, Refused, command
from handlers.days import DAY, NUMERALS, local_day, parse_day
from store import checkins

LEAVE_DAYS_MAX = 180


@command(
    "请假",
    grammar=rf"(?:从|自)?(?P<first>{DAY})?(?:起|开始)?(?:(?:{GAP}|[到至~])(?P<last>{DAY})"
    rf"|{GAP}(?P<days>\d{{1,3}}|[{NUMERALS}两])天)?(?:[\s,，;；。(（]+(?P<why>.{{1,30}}))?",
    roles=WORKERS,
    usage="请假 起 止",
    about="例如：请假 11-24 11-26",
)
def take_leave(ctx: Ctx, match: re.Match[str]) -> str | None:
    if not (match["first"] or match["days"]) or (match["why"] and (ctx.reading.score or ctx.reading.urgent)):
        return None
    first = parse_day(match["first"] or "今天", ctx.now)
    last = _last_day(match, first, ctx.now) if first else None
    if first is None or last is None:
        return None
    if last < first or (last - first).days >= LEAVE_DAYS_MAX:
        raise Refused("请假的日期不对，请写：请假 开始日期 结束日期。")
    if last.isoformat() < local_day(ctx.now):
        raise Refused("这几天已经过去了，不能再请假。")
    checkins.add_leave(
        ctx.tx, person_id=ctx.person.id, first_day=first.isoformat(), last_day=last.isoformat(), now=ctx.now
    )
    if first == last:
        return f"已记请假：{first.isoformat()}，当天不催报平安。"
    return f"已记请假：{first.isoformat()} 至 {last.isoformat()}，期间不催报平安。"


def _last_day(match: re.Match[str], first: date, now: int) -> date | None:
    if match["last"]:
        return parse_day(match["last"], now, since=first)
    days = match["days"] or "1"
    number = int(days) if days.isdigit() else (NUMERALS.find(days) + 1 or 2)
    return first + timedelta(days=number - 1)
