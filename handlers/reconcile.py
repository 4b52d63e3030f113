"""对账: are the books right; each night by itself, and awards are halted while they are not."""

from collections.abc import Callable
from typing import Any

from handlers.ctx import JobCtx, cron
from handlers.days import local_day
from store import ledger, meta, outbox, people, reconciliations
from store.awards import HALTED
from store.db import Tx

FINDINGS_KEPT = 100


def check(
    tx: Tx, on_start: Callable[[int], None] = lambda _count: None, on_row: Callable[[], None] = lambda: None
) -> list[str]:
    """Check every movement against its digest and its postings, every balance against its postings.

    What is wrong, a line each; `on_start` is told how many movements there are, `on_row` of each.
    """
    on_start(ledger.count(tx))
    found = [f"流水 {number}：内容和入账时不一样" for number in ledger.altered(tx, on_row)]
    accounts = ledger.drift(tx)
    known = ledger.described(tx, accounts)
    for account in accounts:
        kind, unit, owner = known.get(account, ("?", 0, 0))
        found.append(f"账户 {account}（{kind}，单位 {unit}，归属 {owner}）：余额、分录和流水对不上")
    return found


def _checked(ctx: JobCtx) -> tuple[int, list[str]]:
    return ledger.count(ctx.tx), check(ctx.tx)


@cron(hour=2, minute=30, catch_up_hours=20, prepare=_checked)
def nightly(ctx: JobCtx, checked: Any) -> None:
    """Keep the result; raise the alarm and halt awards where something is wrong, let them go on where not."""
    movements, found = checked
    kept = found[:FINDINGS_KEPT]
    number = reconciliations.add(ctx.tx, at=ctx.now, movements=movements, findings=kept)
    meta.put(ctx.tx, HALTED, str(number) if found else "")
    if found:
        outbox.add(ctx.tx, _alarms(ctx, len(found)))


def _alarms(ctx: JobCtx, count: int) -> list[dict[str, object]]:
    """For the county's group and for every supervisor of a shop who has an account."""
    day = local_day(ctx.now)
    text = (
        f"【红色警报】积分账目核对发现 {count} 处不对，已暂停发放积分，兑换照常。"
        "请管理员运行 mashang reconcile 看是哪几笔。"
    )
    assert ctx.registry.top is not None
    county = ctx.registry.top
    holders = people.holding(ctx.tx, "shop_supervisor", list(ctx.registry.units))
    openids = people.accounts_of(ctx.tx, [person_id for person_id, _, _ in holders], "official")

    def row(channel: str, address: str, key: object, unit_id: int | None = None) -> dict[str, object]:
        return outbox.row(
            channel=channel,
            address=address,
            unit_id=unit_id,
            text=text,
            fact="books.wrong",
            idem=f"books.wrong:{day}:{key}",
            now=ctx.now,
        )

    return [
        row("group", county.group_webhook, county.code, county.id),
        *(row("official", openid, person_id) for person_id, openid in sorted(openids.items())),
    ]
