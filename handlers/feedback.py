"""转达: praise reaches whom it is for; 采纳 and 不采纳: a suggestion is answered. Each ends with its step."""

import re

from handlers.announce import announce
from handlers.ctx import GAP, NUMBER, Ctx, Refused, command, may
from handlers.dispatch import SORTERS, find, is_liaison, must_be
from store import cases
from store.cases import Case

ANSWERERS = (*SORTERS, "department")
NAMES = {"praise": "表扬", "suggestion": "建议"}


@command(
    "转达",
    "已转达",
    grammar=NUMBER,
    roles=SORTERS,
    usage="转达 编号",
    about="表扬已转达给本人",
    topic="建议和表扬",
)
def pass_on(ctx: Ctx, match: re.Match[str]) -> str:
    case = _find(ctx, match["number"], "praise")
    closed = cases.move(ctx.tx, case, "closed", closed_at=ctx.now)
    announce(ctx, "case.passed_on", closed, from_state=case.state)
    return f"表扬 {case.id} 已转达，结案。"


@command(
    "采纳",
    grammar=rf"{NUMBER}(?:{GAP}(?P<note>.+))?",
    roles=ANSWERERS,
    usage="采纳 编号 打算怎么做",
    about="采纳一条建议，答复建议人",
    topic="建议和表扬",
)
def adopt(ctx: Ctx, match: re.Match[str]) -> str:
    case = _answer(ctx, match, "case.adopted", f"采纳 {int(match['number'])} 下月在村口装路灯")
    return f"建议 {case.id} 已采纳，答复会告诉建议人。"


@command(
    "不采纳",
    grammar=rf"{NUMBER}(?:{GAP}(?P<note>.+))?",
    roles=ANSWERERS,
    usage="不采纳 编号 理由",
    about="说明一条建议为什么不采纳",
    topic="建议和表扬",
)
def decline(ctx: Ctx, match: re.Match[str]) -> str:
    case = _answer(ctx, match, "case.declined", f"不采纳 {int(match['number'])} 今年没有这笔预算")
    return f"建议 {case.id} 不采纳，理由会告诉建议人。"


def _answer(ctx: Ctx, match: re.Match[str], fact: str, example: str) -> Case:
    case = _find(ctx, match["number"], "suggestion")
    note = (match["note"] or "").strip(" ，,。")
    if not note:
        raise Refused(f"请写明打算或理由，例如：{example}。")
    closed = cases.move(ctx.tx, case, "closed", closed_at=ctx.now)
    announce(ctx, fact, closed, from_state=case.state, note=note)
    return closed


def _find(ctx: Ctx, number: str, kind: str) -> Case:
    case = find(ctx, number)
    if case.kind != kind:
        raise Refused(f"事件 {case.id} 不是{NAMES[kind]}。")
    if not (is_liaison(ctx, case) or may(ctx, case.unit_id, *SORTERS)):
        raise Refused(f"事件 {case.id} 不在您的辖区。")
    must_be(case, *cases.BEFORE_RESOLVING)
    return case
