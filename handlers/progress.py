"""查询 编号, and the progress page of a link: where is my case."""

import re
from dataclasses import dataclass

from handlers.announce import OUTCOMES, called, where
from handlers.ctx import NUMBER, County, Ctx, command
from handlers.days import clock_time
from handlers.dispatch import ANSWERS, STATES, find
from handlers.report import HOTLINES
from nlp.plain import plain
from nlp.slots import mask_phones, slots
from store import cases, doubles, held_answers, journal, merges, photos
from store.cases import Case
from store.journal import Line
from store.tx import Tx

# What each step is called for people; a fact that is not here is not shown.
STEPS = {
    "case.opened": "已受理",
    "case.amended": "已补充",
    "case.placed": "已补充地点",
    "case.dispatched": "已派单",
    "case.signed": "已签收，正在办理",
    "case.confirmed": "核实属实",
    "case.rejected": "核实不属实",
    "case.resolved": "已办结",
    "case.failed": "核查未通过，重新办理",
    "case.verified": "核查通过",
    "case.closed": "已结案",
    "case.sorted": "类别已核对",
    "case.held": "已有处理结果，答复核对中",
    "case.answered": "答复",
    "case.merged": "与同一问题的事件合并办理",
    "case.joined": "又有人反映同一问题",
    "case.parted": "恢复单独办理",
    "case.left": "有事件拆出单独办理",
    "case.doubled": "发现疑似同一问题",
    "case.split": "几件事分开登记",
    "case.passed_on": "已转达",
    "case.adopted": "建议已采纳",
    "case.declined": "建议未采纳",
}
# Notes that are meant for the reporter; others may name people.
PUBLIC_NOTES = {"case.rejected", "case.resolved", "case.answered", "case.adopted", "case.declined"}
TURNS_MAX = 6
DETAILS = {"place": "地点", "time": "时间", "people": "人数", "plate": "车牌"}
DETAILS_TEXT_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Step:
    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Progress:
    """A case as its reporter may see it; times in UTC seconds."""

    number: int
    text: str
    place: str
    category: str
    state: str
    opened_at: int
    due_at: int
    steps: list[Step]
    photos: int


@command(
    "查询",
    "查",
    "查一下",
    "查询一下",
    "进度",
    "查询进度",
    grammar=rf"{NUMBER}(?:的?进度)?",
    usage="查询 编号",
    about="看事件办到哪一步",
)
def ask(ctx: Ctx, match: re.Match[str]) -> str:
    return show(ctx, find(ctx, match["number"]))


def show(ctx: Ctx, case: Case) -> str:
    """How far a case is, for somebody who may see it."""
    lines = [
        f"事件 {case.id}：{_state(ctx.tx, case)}",
        f"类别：{called(ctx.county, case)}　时限：{clock_time(case.due_at)}",
        f"地点：{where(ctx.county, case)}",
    ]
    if ctx.person.posts and (details := _details(case.text)):
        lines.append(f"要点：{details}")
    if case.urgent:
        lines.append(f"紧急，请拨打 {HOTLINES[case.urgent]}")
    if ctx.person.posts:
        lines += _for_staff(ctx, case)
    steps = _lines(ctx.tx, case)[-TURNS_MAX:]
    return "\n".join(lines + [f"{clock_time(step.at)} {_told(step)}" for step in steps])


def _state(tx: Tx, case: Case) -> str:
    """The state of a case; of one that was joined to another also how far that is."""
    joined = merges.get(tx, case.id)
    into = cases.get(tx, joined.into_id) if joined else None
    if into is None:
        return STATES[case.state]
    return f"{STATES[case.state]}（与编号 {into.id} 一起办理，{STATES[into.state]}）"


def _lines(tx: Tx, case: Case) -> list[Line]:
    """What happened to a case, and then what came of the one it was joined to."""
    lines = journal.of_case(tx, case.id)
    if joined := merges.get(tx, case.id):
        lines += [line for line in journal.of_case(tx, joined.into_id) if line.fact in OUTCOMES]
    return lines


def _for_staff(ctx: Ctx, case: Case) -> list[str]:
    lines = []
    if case.words:
        lines.append(f"判断依据：{'、'.join(case.words)}{'（请人工确认）' if case.uncertain else ''}")
    if alike := doubles.of_cases(ctx.tx, [case.id]):
        lines.append(f"疑似同一问题：编号 {'、'.join(map(str, alike[case.id]))}")
    if waiting := held_answers.get(ctx.tx, case.id):
        lines.append(f"答复待发（{ANSWERS[waiting.kind]}）：{mask_phones(waiting.answer)}")
    return lines


def _details(text: str) -> str:
    """What a worker looks for in a text: when, how many, which house, which vehicle. Nothing more is kept."""
    found: dict[str, list[str]] = {}
    for slot in slots(plain(text[:DETAILS_TEXT_MAX])):
        if slot.kind in DETAILS and slot.text not in found.setdefault(slot.kind, []):
            found[slot.kind].append(slot.text)
    return "；".join(
        f"{name} {'、'.join(found[kind][:3])}" for kind, name in DETAILS.items() if kind in found
    )


def _told(line: Line) -> str:
    text = STEPS.get(line.fact, line.fact)
    return f"{text}：{mask_phones(line.note)}" if line.note and line.fact in PUBLIC_NOTES else text


def by_token(tx: Tx, county: County, token: str) -> Progress | None:
    """What the link of a case shows; None for a token that belongs to none."""
    case = _case(tx, token)
    if case is None:
        return None
    return Progress(
        case.id,
        case.text,
        where(county, case),
        called(county, case),
        _state(tx, case),
        case.opened_at,
        case.due_at,
        [Step(line.at, _told(line)) for line in _lines(tx, case)],
        len(photos.of_case(tx, case.id)),
    )


def _case(tx: Tx, token: str) -> Case | None:
    # PostgreSQL cannot even be asked for some of what may stand in an address.
    return cases.by_token(tx, token) if re.fullmatch(r"[\w-]{1,64}", token, re.ASCII) else None


def photo(tx: Tx, token: str, index: int) -> bytes | None:
    """The photo number `index` (from 0) of the case behind a link."""
    case = _case(tx, token)
    kept = photos.of_case(tx, case.id) if case else []
    return kept[index] if 0 <= index < len(kept) else None
