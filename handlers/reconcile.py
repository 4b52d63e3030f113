"""对账: are the books right; each night by itself, and awards are halted while they are not."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from handlers.ctx import JobCtx, cron
from handlers.days import local_day
from store import audit, ledger, meta, outbox, people, reconciliations
from store.awards import HALTED

FINDINGS_KEPT = 100


WRONG = {
    "changed": "内容和入账时不一样",
    "legs": "分录和流水对不上",
    "units": "金额、单位或两边账户不对",
    "resolves": "和它了结的预留对不上",
    "mirrors": "和它冲正的那一笔对不上",
    "refunds": "退回的多于花掉的",
    "named": "没有写明规则、事由、日期或本人",
    "approved": "没有经两人审核、公示期满就入了账",
    "chain": "分录前后接不上",
    "balance": "余额和最后一条分录对不上",
    "held": "冻结数和未了结的预留对不上",
    "budget": "预算余额和下达、发放对不上",
    "sum": "全部账户加起来不等于零",
    "cap": "上限用量和实际发放对不上",
}


def check(read: audit.Read, on_rows: Callable[[int], None] = lambda _count: None) -> list[str]:
    """What is wrong in the books, a line each; `on_rows` is told of the rows that were read."""
    found = list(audit.findings(read, on_rows))
    with read() as tx:
        accounts = [finding.number for finding in found if finding.about == "account"]
        known = ledger.described(tx, accounts[:FINDINGS_KEPT])
    return [f"{_subject(finding, known)}：{WRONG[finding.why]}" for finding in found]


def _subject(finding: audit.Finding, accounts: dict[int, tuple[str, int, int]]) -> str:
    match finding.about:
        case "movement":
            return f"流水 {finding.number}"
        case "account":
            kind, unit, owner = accounts.get(finding.number, ("?", 0, 0))
            return f"账户 {finding.number}（{kind}，单位 {unit}，归属 {owner}）"
        case "unit":
            return f"单位 {finding.number}"
        case _:
            return f"{finding.number} 的上限"


def _checked(ctx: JobCtx) -> tuple[int, list[str]]:
    return ledger.count(ctx.tx), check(lambda: nullcontext(ctx.tx))


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
