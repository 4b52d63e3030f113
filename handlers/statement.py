"""对账单: each household's month, made at its end; what was there at any past moment."""

import json
import re
from dataclasses import dataclass
from datetime import date, timedelta

from handlers.ctx import Ctx, JobCtx, Refused, command, cron
from handlers.days import clock_time, day_bounds, local, local_day, month_bounds
from store import households, meta, statements
from store.statements import Line, Statement
from store.tx import Tx

TOPIC = "家庭"
LINES_MAX = 12
PARTS = ("earned", "spent", "expired", "other")
SLICE = 1_000  # households a run
FIRST_HOUR = 3  # of the new month: by then whatever began in the old one is booked
PROGRESS = "statements"  # key of meta: the last whole month and its cut; the month in work, its cut, how far


@dataclass(frozen=True, slots=True)
class Sheet:
    """A statement with its lines, for chat, page and print; `is_final` once its month is over and closed."""

    statement: Statement
    lines: list[Line]
    is_final: bool


def sheet(tx: Tx, household_id: int, month: str) -> Sheet | None:
    """A household's statement of a month (2026-11), as far as it goes while it is open; None: no such."""
    last = statements.before(tx, household_id, month)
    since, opening = (last.cut, last.closing) if last else (0, 0)
    made = statements.of(tx, household_id, month)
    if made:
        found = statements.lines(tx, household_id, since=since, cut=made.cut, opening=made.opening)
        return Sheet(made, found, True)
    begin, until = month_bounds(month)
    known = statements.lines(tx, household_id, since=since, cut=None, opening=opening)
    opening = next((line.after for line in reversed(known) if line.at < begin), opening)
    found = [line for line in known if begin <= line.at < until]
    if not found and not last:
        return None
    sums = {part: sum(line.amount for line in found if line.part == part) for part in PARTS}
    as_it_goes = Statement(
        household_id,
        month,
        found[-1].xfer if found else since,
        opening,
        sums["earned"],
        -sums["spent"],
        -sums["expired"],
        sums["other"],
        opening + sum(sums.values()),
    )
    return Sheet(as_it_goes, found, False)


@command(
    "对账单",
    "账单",
    "积分账单",
    grammar=r"(?P<month>(?:\d{4}[-./年])?\d{1,2}月?|本月|这个月|上月|上个月)?(?:份|的)?",
    usage="对账单 月份",
    about="一个月的积分收支，例如：对账单 2026-11",
    topic=TOPIC,
)
def show(ctx: Ctx, match: re.Match[str]) -> str:
    """Without a month the last one that is closed; where there is none yet, the current one."""
    household_id = households.of(ctx.tx, ctx.person.id)
    if household_id is None:
        raise Refused("您还没有积分记录。反映的问题核实属实就有积分。")
    month = _month(match["month"], ctx.now)
    found = sheet(ctx.tx, household_id, month)
    if found is None and not match["month"]:
        month = local_day(ctx.now)[:7]
        found = sheet(ctx.tx, household_id, month)
    if found is None or month > local_day(ctx.now)[:7]:
        raise Refused(f"您家 {_called(month)}没有对账单。")
    return "\n".join(_told(found))


def _told(found: Sheet) -> list[str]:
    of = found.statement
    head = f"{_called(of.month)}对账单" + ("" if found.is_final else "（本月未结，截至现在）")
    parts = [f"得 {of.earned} 分", f"用 {of.spent} 分"]
    parts += [f"到期 {of.expired} 分"] if of.expired else []
    parts += [f"其他 {of.other:+d} 分"] if of.other else []
    lines = [head, f"期初 {of.opening} 分", "，".join(parts)]
    lines += [f"{clock_time(one.at)} {one.amount:+d} 分 {one.reason}" for one in found.lines[:LINES_MAX]]
    if len(found.lines) > LINES_MAX:
        lines.append(f"……共 {len(found.lines)} 笔")
    return [*lines, f"期末 {of.closing} 分"]


def _called(month: str) -> str:
    return f"{month[:4]}年{int(month[5:])}月"


def _month(text: str | None, now: int) -> str:
    """2026-11 for what people write; the newest such month that is not to come."""
    today = local(now).date()
    if text in ("本月", "这个月"):
        return today.isoformat()[:7]
    if text in (None, "", "上月", "上个月"):
        return (today.replace(day=1) - timedelta(days=1)).isoformat()[:7]
    numbers = [int(number) for number in re.findall(r"\d+", text or "")]
    month = numbers[-1]
    if not 1 <= month <= 12:
        raise Refused("没有这个月份，请写：对账单 2026-11")
    year = numbers[0] if len(numbers) > 1 else today.year - (month > today.month)
    return f"{year:04d}-{month:02d}"


def balance_on(ctx: Ctx, household_id: int, day: date) -> int:
    """What a household had at the end of a local day."""
    at = day_bounds(day)[1] - 1
    return statements.balance_at(ctx.tx, household_id, month=day.isoformat()[:7], at=at)


@cron(every=600)
def month_end(ctx: JobCtx) -> None:
    """Make what is missing, some households a run: the months since the first movement, the oldest first."""
    kept = json.loads(meta.get(ctx.tx, PROGRESS) or "{}")
    month = kept.get("month") or _following(ctx, kept.get("done"))
    if month is None or not _is_over(month, ctx.now):
        return
    begin, until = month_bounds(month)
    cut = kept["month_cut"] if kept.get("month") else statements.cut_before(ctx.tx, until)
    reached = statements.make(
        ctx.tx,
        month=month,
        since=kept.get("cut", 0),
        cut=cut,
        begin=begin,
        until=until,
        after=kept.get("after", 0),
        limit=SLICE,
        now=ctx.now,
    )
    if reached is None:
        kept = {"done": month, "cut": cut}
    else:
        kept |= {"month": month, "month_cut": cut, "after": reached}
    meta.put(ctx.tx, PROGRESS, json.dumps(kept))


def _following(ctx: JobCtx, done: str | None) -> str | None:
    """The month to make next; None while nothing was ever booked."""
    if done:
        return local_day(month_bounds(done)[1])[:7]
    first = statements.first_at(ctx.tx)
    return local_day(first)[:7] if first is not None else None


def _is_over(month: str, now: int) -> bool:
    return now >= month_bounds(month)[1] + FIRST_HOUR * 3600
