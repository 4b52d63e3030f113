"""办结 and 自办: whoever took a case says how it was settled."""

import re

import nlp
from handlers import reply
from handlers.announce import announce
from handlers.ctx import GAP, NUMBER, Ctx, Refused, command
from handlers.dispatch import TAKERS, find, lies_with, must_be, take
from handlers.message import Reply
from handlers.report import open_case
from store import cases
from store.cases import Case


@command(
    "办结",
    "已办结",
    "处理完毕",
    grammar=rf"{NUMBER}(?:{GAP}(?P<note>.+))?",
    roles=TAKERS,
    usage="办结 编号 说明",
    about="说明怎么处理的，等核查",
)
def resolve(ctx: Ctx, match: re.Match[str]) -> str:
    case = find(ctx, match["number"])
    note = (match["note"] or "").strip(" ，,。")
    if case.state == "resolved" and note and reply.own(ctx, case):
        return _rewrite(ctx, case, note)
    must_be(case, *cases.BEFORE_RESOLVING)
    if not lies_with(ctx, case):
        raise Refused(f"事件 {case.id} 没有派给您。")
    if not note:
        raise Refused(f"请写明怎么处理的，例如：办结 {case.id} 已换新井盖。")
    if case.state != "signed":
        case = take(ctx, case)
    hint = _settle(ctx, case, note, question=case.text)
    return f"事件 {case.id} 已办结，等村(社区)核查。{hint}"


def _rewrite(ctx: Ctx, case: Case, note: str) -> str:
    """A better answer in the place of the one that was held back."""
    touched = cases.change(ctx.tx, case, resolved_at=ctx.now)
    hint = reply.give(
        ctx, touched, "case.resolved", note, question=case.text, from_state=case.state, again="办结"
    )
    return f"事件 {case.id} 的答复已改写。{hint}"


@command(
    "自办",
    grammar=r"(?P<text>.*\w.*)",
    roles=("worker", "micro_leader", "village_staff"),
    usage="自办 内容",
    about="自己发现、已经处理好的事，一步登记",
)
def settle_oneself(ctx: Ctx, match: re.Match[str]) -> Reply:
    """Open, sign and resolve in one step: what the grid settles itself is still written down."""
    reading = nlp.read(match["text"], ctx.county.rules.reading, ctx.county.places)
    case, _ = open_case(ctx, reading, ctx.person, note="自办", silent=True)
    signed = cases.move(ctx.tx, case, "signed", handler_id=ctx.person.id, asked=False)
    announce(ctx, "case.signed", signed, from_state=case.state, silent=True)
    # What was found and what was done are one text: it cannot be off topic.
    hint = _settle(ctx, signed, match["text"], question="")
    return Reply(f"已登记自办事件 {case.id}，等村(社区)核查。{hint}", case.id)


def _settle(ctx: Ctx, case: Case, note: str, *, question: str) -> str:
    resolved = cases.move(ctx.tx, case, "resolved", resolved_at=ctx.now)
    return reply.give(
        ctx, resolved, "case.resolved", note, question=question, from_state=case.state, again="办结"
    )
