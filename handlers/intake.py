"""What a text that is no command wants: an answer, a look at one's own affairs, or a case; and 分开."""

import re
from dataclasses import replace

from handlers import checkin, dispatch, patrol, place, points, progress, report
from handlers.announce import announce, clip
from handlers.ctx import Ctx, Refused, command
from handlers.message import Reply
from nlp import Reading
from nlp.slots import mask_phones
from store import cases
from store.cases import Case

SPLIT_SECONDS = 600  # how long several matters in one message may still be told apart
RECENT_MAX = 10
TOLD_MAX = 40  # characters of each matter in the answer
COURTESY = {
    "greeting": "您好！直接说哪里有什么问题就行，例如：幸福社区3号楼井盖破了。发“帮助”看还能做什么。",
    "thanks": "不客气！有问题随时告诉我，发“查询 编号”可以看进度。",
}
STILL_A_REPORT = "如果是要反映问题，请发“上报 内容”，马上给您编号。"
NOTHING_REPORTED = "您还没有反映过问题。直接说哪里有什么问题就行。"


def receive(ctx: Ctx) -> Reply:
    """When in doubt it is a report; an emergency always is."""
    reading = ctx.reading
    if reading.urgent is None:
        if reading.courtesy:
            return Reply(COURTESY[reading.courtesy])
        if (asked := _asked(ctx)) is not None:
            return Reply(asked)
        if reading.answer:
            return Reply(f"{reading.answer}\n{STILL_A_REPORT}")
        if (added := place.answer(ctx)) is not None:
            return added
    return report.receive(ctx, ctx.message.text, ctx.person)


def _asked(ctx: Ctx) -> str | None:
    """The answer to somebody who asks for the own cases or points, or tells of the own day, in free words."""
    match ctx.reading.intent:
        case "progress":
            return _own_progress(ctx)
        case "points":
            return points.told(ctx)
        case "check_in" if ctx.person.has(*checkin.WORKERS) and not checkin.ASKS.search(ctx.reading.plain):
            return checkin.told(ctx)
        case "patrol" if ctx.person.has(*checkin.WORKERS):
            return patrol.told(ctx)
    return None


def _own_progress(ctx: Ctx) -> str:
    own = cases.of_reporter(ctx.tx, ctx.person.id, RECENT_MAX)
    if not own:
        return NOTHING_REPORTED
    return progress.show(ctx, own[0]) if len(own) == 1 else dispatch.reported(ctx)


@command("分开", "分开登记", "分别登记", usage="分开", about="刚才一次说了几件事，分别登记")
def take_apart(ctx: Ctx, _match: re.Match[str]) -> Reply:
    """The case of a message that told several matters keeps the first; the others get cases of their own.

    Once: afterwards its text tells one matter. The journal keeps the whole as it was said.
    """
    since = ctx.now - SPLIT_SECONDS
    recent = cases.recent_of(ctx.tx, ctx.person.id, since=since, limit=RECENT_MAX)
    found = next(((case, whole) for case in recent if (whole := _told(ctx, case)).matters), None)
    if found is None:
        raise Refused("10 分钟内没有一次说了几件事的上报，不用分开。")
    case, whole = found
    first, *others = (replace(ctx.county.read(text), intent=whole.intent) for text in whole.matters)
    kept = cases.reword(ctx.tx, case, first.text, **_sorted_as(case, whole, first))
    announce(ctx, "case.split", kept, from_state=kept.state, note=case.text)
    reporter = report.person_of(ctx, case)
    opened = [report.open_case(ctx, one, reporter, spot=case.place, beside=case)[0] for one in others]
    told = [f"{one.id} {clip(mask_phones(one.text), TOLD_MAX)}" for one in (kept, *opened)]
    return Reply("\n".join([f"已分成 {len(told)} 件：", *told, "发“查询 编号”可看进度。"]), case.id)


def _told(ctx: Ctx, case: Case) -> Reading:
    return ctx.county.read(case.text)


def _sorted_as(case: Case, whole: Reading, first: Reading) -> dict[str, object]:
    """The first matter's own category, unless somebody has sorted the case already."""
    if case.category != whole.category:
        return {}
    return {
        "category": first.category,
        "uncertain": first.uncertain,
        "score": first.score,
        "words": list(first.words),
        "runner_up": first.runner_up or "",
    }
