"""照发: an answer on its way to the reporter; what looks empty or off topic waits for a person."""

import re

from handlers.announce import announce
from handlers.ctx import NUMBER, Ctx, JobCtx, Refused, command, cron, may
from handlers.dispatch import TAKERS, find
from nlp.reply_check import check
from store import held_answers
from store.cases import Case
from store.held_answers import Held

CHECKERS = ("village_staff", "dispatcher")
HELD_HOURS = 24
HELD_SECONDS = HELD_HOURS * 3600
RELEASE_BATCH = 100


def give(ctx: Ctx, case: Case, fact: str, answer: str, *, question: str, from_state: str, again: str) -> str:
    """Announce `fact` with its answer, or hold the answer back from the reporter where it says nothing.

    Nothing is blocked: the case has moved already. The result is what the person who wrote it is told
    ("" where all is well); `again` is the command that writes a better one. An answer given a second
    time takes the place of the one that was held.
    """
    flag = check(question, answer, ctx.county.rules.reading)
    if flag is None:
        held_answers.drop(ctx.tx, case.id)
        announce(ctx, fact, case, from_state=from_state, note=answer)
        return ""
    held_answers.put(ctx.tx, case.id, kind=flag.kind, answer=answer, person_id=ctx.person.id, now=ctx.now)
    announce(ctx, "case.held", case, from_state=from_state, note=answer)
    return (
        f"\n{flag.reason}先不发给上报人：改写请发“{again} {case.id} 新的说明”，"
        f"不用改请发“照发 {case.id}”，{HELD_HOURS} 小时后自动发出。"
    )


def own(ctx: Ctx, case: Case) -> Held | None:
    """The answer of the speaker that is held back; None when there is none to write anew."""
    waiting = held_answers.get(ctx.tx, case.id)
    return waiting if waiting is not None and waiting.person_id == ctx.person.id else None


def release(ctx: Ctx | JobCtx, case: Case) -> bool:
    """Tell the reporter what was held back; False when nothing was. Twice tells it once."""
    waiting = held_answers.get(ctx.tx, case.id)
    if waiting is None or not held_answers.drop(ctx.tx, case.id):
        return False
    announce(ctx, "case.answered", case, from_state=case.state, note=waiting.answer)
    return True


@command(
    "照发",
    "照样发",
    grammar=NUMBER,
    roles=(*TAKERS, "dispatcher"),
    usage="照发 编号",
    about="答复不用改，发给上报人",
)
def send_as_it_is(ctx: Ctx, match: re.Match[str]) -> str:
    case = find(ctx, match["number"])
    if held_answers.get(ctx.tx, case.id) is None:
        raise Refused(f"事件 {case.id} 没有待发的答复。")
    if own(ctx, case) is None and not may(ctx, case.unit_id, *CHECKERS):
        raise Refused(f"事件 {case.id} 的答复不是您写的。")
    release(ctx, case)
    return f"事件 {case.id} 的答复已发给上报人。"


@cron(every=600)
def release_overdue(ctx: JobCtx) -> None:
    """A check must not keep anybody waiting: after a day the answer goes out as it is."""
    for case, _ in held_answers.before(ctx.tx, ctx.now - HELD_SECONDS, RELEASE_BATCH):
        release(ctx, case)
