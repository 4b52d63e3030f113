"""对账: are the books right; each night by itself, and awards are halted while they are not."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from handlers.ctx import JobCtx, cron
from handlers.supervisors import to_supervisors
from store import audit, ledger, meta, outbox, reconciliations
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
    "belongs": "得分的户里从来没有人",
    "expires": "到期清零和账户、余额对不上",
    "lapsed": "到期的积分没有清完",
    "chain": "分录前后接不上",
    "balance": "余额和最后一条分录对不上",
    "held": "冻结数和未了结的预留对不上",
    "budget": "预算余额和下达、发放对不上",
    "sum": "全部账户加起来不等于零",
    "cap": "上限用量和实际发放对不上",
    "given": "领取、退货的数和花掉的积分、给出的货对不上",
    "set_aside": "待领的数和预留的积分、货对不上",
    "handed": "没有写明经手人和领取人，或是自家人经手",
    "goods": "给出或预留的货和订单对不上",
    "counted": "盘点记录和库存变动对不上",
    "promised": "离线券和预留的积分对不上",
    "statement": "对账单和流水对不上，或前后接不上",
    "left_behind": "人已并入别户，积分还留在原户",
    "two_homes": "同一个人同时在两户",
    "kin": "初审或批准的是自家人",
    "listed": "没有经两人审核，或规则、月份对不上",
    "whole": "记为全部入账，流水里却不全",
    "moved": "冻结期间动过积分",
    "sealed": "内容和封存时不一样",
    "block": "和前一块接不上，或内容被改过",
    "unsealed": "过了一小时还没有封存",
}
RECORDS = {
    "block": "封存块",
    "line": "订单行",
    "article": "商品",
    "voucher": "离线券",
    "household": "户",
    "member": "成员记录",
    "application": "积分申请",
    "batch": "批量名单",
    "booked_list": "已入账名单",
    "freeze": "冻结记录",
}
SEALED_WITHIN_SECONDS = 3600


def check(
    read: audit.Read, on_rows: Callable[[int], None] = lambda _count: None, *, now: int | None = None
) -> list[str]:
    """What is wrong in the books, a line for each thing; `on_rows` is told of the rows that were read.

    With `now` also what should have been sealed long ago.
    """
    before = None if now is None else now - SEALED_WITHIN_SECONDS
    found: dict[tuple[str, int], list[str]] = {}
    for finding in audit.findings(read, on_rows, sealed_before=before):
        found.setdefault((finding.about, finding.number), []).append(WRONG[finding.why])
    with read() as tx:
        accounts = [number for about, number in found if about == "account"]
        known = ledger.described(tx, accounts[:FINDINGS_KEPT])
    return [f"{_subject(about, number, known)}：{'；'.join(why)}" for (about, number), why in found.items()]


def _subject(about: str, number: int, accounts: dict[int, tuple[str, int, int]]) -> str:
    match about:
        case "movement":
            return f"流水 {number}"
        case "account":
            kind, unit, owner = accounts.get(number, ("?", 0, 0))
            return f"账户 {number}（{kind}，单位 {unit}，归属 {owner}）"
        case "unit":
            return f"单位 {number}"
        case "cap":
            return f"{number} 的上限"
        case _:
            return f"{RECORDS[about]} {number}"


def _checked(ctx: JobCtx) -> tuple[int, list[str]]:
    return ledger.count(ctx.tx), check(lambda: nullcontext(ctx.tx), now=ctx.now)


@cron(hour=2, minute=30, catch_up_hours=20, prepare=_checked)
def nightly(ctx: JobCtx, checked: Any) -> None:
    """Keep the result; raise the alarm and halt awards where something is wrong, let them go on where not."""
    movements, found = checked
    kept = found[:FINDINGS_KEPT]
    number = reconciliations.add(ctx.tx, at=ctx.now, movements=movements, findings=kept)
    meta.put(ctx.tx, HALTED, str(number) if found else "")
    if found:
        text = (
            f"【红色警报】积分账目核对发现 {len(found)} 处不对，已暂停发放积分，兑换照常。"
            "请管理员运行 mashang reconcile 看是哪几笔。"
        )
        outbox.add(ctx.tx, to_supervisors(ctx, "books.wrong", text))
