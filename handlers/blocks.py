"""封存: new movements are sealed into blocks; at the end of a month its hash is told to people."""

from handlers import notify
from handlers.ctx import JobCtx, cron
from handlers.days import local, local_day, month_start
from handlers.supervisors import to_supervisors
from store import blocks, outbox
from store.tx import Tx


@cron(every=300)
def seal(ctx: JobCtx) -> None:
    blocks.seal(ctx.tx, now=ctx.now)


@cron(day=1, hour=8, catch_up_hours=24)
def tell(ctx: JobCtx) -> None:
    """Who keeps this message can prove later that nothing before it was changed."""
    told = proof(ctx.tx, ctx.now)
    if told:
        text = f"{told}\n请保存本条消息：以后账目如有改动，可用它核对出来。"
        outbox.add(ctx.tx, to_supervisors(ctx, "books.sealed", text))
        for unit in ctx.registry.units.values():
            if unit.level == "village":
                notify.group(ctx, unit, text, fact="books.sealed", key=local_day(ctx.now))


def proof(tx: Tx, now: int) -> str:
    """A line for a public list: it vouches for all that was booked before this month. "" for nothing."""
    head = blocks.head(tx, before=month_start(now))
    if head is None:
        return ""
    month = local(month_start(now) - 1)
    return f"积分账本 {month.year} 年 {month.month} 月末校验码（第 {head.id} 块）：{head.hash}"
