"""Points that expire, where a county wants it: the nightly sweep, and a word to each household before."""

from datetime import date, timedelta
from typing import Any

from handlers.ctx import JobCtx, cron
from handlers.days import local, local_day
from store import expiries, outbox, wallets
from store.expiries import Ending
from store.tx import Tx

WARNED_DAYS = 30
WARNINGS_BATCH = 500
WAKING_HOURS = range(8, 21)


def as_cohort(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day


def as_day(cohort: int) -> str:
    """2027年12月31日, for people."""
    return f"{cohort // 10_000}年{cohort // 100 % 100}月{cohort % 100}日"


def next_of(tx: Tx, household_id: int | None) -> str:
    """What a household is told with its balance: how much ends when; "" where nothing does."""
    if household_id is None:
        return ""
    found = next(((c, p) for c, _, p in wallets.cohorts(tx, household_id) if c and p), None)
    return f"其中 {found[1]} 分到 {as_day(found[0])} 为止有效。" if found else ""


@cron(hour=0, minute=10, catch_up_hours=23)
def sweep(ctx: JobCtx) -> None:
    """What was good until yesterday or earlier goes; also what a refund brought back into such a cohort."""
    today = local(ctx.planned).date()
    expiries.sweep(ctx.tx, as_cohort(today), run=local_day(ctx.planned), now=ctx.now)


def _to_warn(ctx: JobCtx) -> list[Ending]:
    """Who was not told yet, some at a time, at hours when people are awake."""
    moment = local(ctx.now)
    if moment.hour not in WAKING_HOURS:
        return []
    today = moment.date()
    last = as_cohort(today + timedelta(days=WARNED_DAYS))
    return expiries.warnings(ctx.tx, first=as_cohort(today), last=last, limit=WARNINGS_BATCH)


@cron(every=600, prepare=_to_warn)
def warn(ctx: JobCtx, due: Any) -> None:
    """Tell each member once of what ends; the key of the notice is what `expiries.warnings` looks for."""
    outbox.add(
        ctx.tx,
        [
            outbox.row(
                channel="official",
                address=one.openid,
                text=f"您家有 {one.points} 分到 {as_day(one.cohort)} 为止有效，过期作废，请及时兑换。"
                "发“商品”看能换什么，发“积分”看现有多少。",
                fact="points.expiring",
                idem=f"points.expiring:{one.household_id}:{one.cohort}:{one.person_id}",
                now=ctx.now,
            )
            for one in due
        ],
    )
