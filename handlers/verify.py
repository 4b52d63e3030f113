"""属实 and 不属实: is a report true; 核查: was it settled; 结案: the end."""

import re

from handlers import reply
from handlers.announce import announce
from handlers.ctx import GAP, NUMBER, Ctx, Refused, command, may
from handlers.dispatch import find, must_be
from handlers.reply import CHECKERS
from store import cases, held_answers
from store.awards import Outcome
from store.cases import Case

JUDGES = ("worker", "micro_leader", "village_staff")


@command(
    "属实", "情况属实", grammar=NUMBER, roles=JUDGES, usage="属实 编号", about="核实反映是真的，上报人得积分"
)
def confirm(ctx: Ctx, match: re.Match[str]) -> str:
    case = _to_judge(ctx, match["number"])
    if case.confirmed:
        raise Refused(f"事件 {case.id} 已经核实过了。")
    confirmed = cases.change(ctx.tx, case, confirmed=True)
    earned = announce(ctx, "case.confirmed", confirmed, from_state=case.state)
    return f"事件 {case.id} 属实{_earned(earned)}。"


def _earned(outcomes: list[Outcome]) -> str:
    """What the reporter earned by it, and why it is less than the rule says."""
    whys = {outcome.why for outcome in outcomes}
    points = sum(outcome.points for outcome in outcomes)
    if not outcomes:
        return ""
    if whys & {"frozen", "halted", "budget"}:
        return "，积分暂缓发放，可以发放时自动补记"
    if "capped" in whys:
        return f"，上报人的积分已到上限，记 {points} 分"
    return "，已给上报人记积分"


@command(
    "不属实",
    "情况不属实",
    grammar=rf"{NUMBER}(?:{GAP}(?P<note>.+))?",
    roles=JUDGES,
    usage="不属实 编号 理由",
    about="核实反映不是真的",
)
def reject(ctx: Ctx, match: re.Match[str]) -> str:
    note = (match["note"] or "").strip()
    rejected = find(ctx, match["number"])
    if rejected.state == "rejected" and note and reply.own(ctx, rejected):
        return f"事件 {rejected.id} 的理由已改写。{_tell(ctx, rejected, rejected.state, note)}"
    case = _to_judge(ctx, match["number"])
    if case.confirmed:
        raise Refused(f"事件 {case.id} 已核实属实，不能再改为不属实。")
    if not note:
        raise Refused(f"请写明理由，例如：不属实 {case.id} 现场井盖完好。")
    rejected = cases.move(ctx.tx, case, "rejected", closed_at=ctx.now)
    hint = _tell(ctx, rejected, case.state, note)
    return f"事件 {case.id} 已记为不属实" + (f"。{hint}" if hint else "，理由会告诉上报人。")


def _tell(ctx: Ctx, case: Case, from_state: str, note: str) -> str:
    return reply.give(
        ctx, case, "case.rejected", note, question=case.text, from_state=from_state, again="不属实"
    )


def _to_judge(ctx: Ctx, number: str) -> Case:
    case = find(ctx, number)
    is_charged = case.handler_id == ctx.person.id and ctx.person.has(*JUDGES)
    if not (is_charged or may(ctx, case.unit_id, *JUDGES)):
        raise Refused(f"事件 {case.id} 不在您的辖区。")
    must_be(case, *cases.BEFORE_RESOLVING)
    if case.kind == "praise":
        raise Refused(f"表扬不用核实，转达后请发：转达 {case.id}。")
    # Nobody may give himself points.
    if ctx.person.id in (case.reporter_id, case.writer_id):
        raise Refused("不能核实自己上报的事件，请由别人核实。")
    return case


@command(
    "核查",
    grammar=rf"{NUMBER}{GAP}(?P<result>[不未没]?(?:通过|合格))(?:{GAP}(?P<note>.+))?",
    roles=CHECKERS,
    usage="核查 编号 通过/不通过",
    about="办结以后看是不是真办好了",
)
def check(ctx: Ctx, match: re.Match[str]) -> str:
    case = find(ctx, match["number"])
    if not may(ctx, case.unit_id, *CHECKERS):
        raise Refused(f"事件 {case.id} 不在您的辖区。")
    must_be(case, "resolved")
    if case.handler_id == ctx.person.id:
        raise Refused("不能核查自己办结的事件，请由别人核查。")
    note = (match["note"] or "").strip()
    if match["result"] in ("通过", "合格"):
        moved = cases.move(ctx.tx, case, "verified")
        reply.release(ctx, moved)
        announce(ctx, "case.verified", moved, from_state=case.state, note=note)
        return f"事件 {case.id} 核查通过。"
    moved = cases.move(ctx.tx, case, "signed", resolved_at=None)
    held_answers.drop(ctx.tx, case.id)
    announce(ctx, "case.failed", moved, from_state=case.state, note=note)
    return f"事件 {case.id} 核查未通过，已退回办理人。"


@command("结案", grammar=NUMBER, roles=("dispatcher",), usage="结案 编号", about="核查通过后结案")
def close(ctx: Ctx, match: re.Match[str]) -> str:
    case = find(ctx, match["number"])
    if not may(ctx, case.unit_id, "dispatcher"):
        raise Refused(f"事件 {case.id} 不在您的辖区。")
    must_be(case, "verified")
    closed = cases.move(ctx.tx, case, "closed", closed_at=ctx.now)
    announce(ctx, "case.closed", closed, from_state=case.state)
    return f"事件 {case.id} 已结案。"
