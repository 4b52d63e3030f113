"""Likely doubles: offered to sorters, told to residents; joined (并案) and parted (拆案) by people alone."""

import re

from handlers.announce import announce
from handlers.ctx import GAP, NUMBER, Ctx, Refused, command, may
from handlers.dispatch import SORTERS, find, must_be
from store import cases, doubles, merges
from store.cases import Case

OFFERED_MAX = doubles.STANDING_MAX
UNPLACED_LENGTH_MIN = 12  # characters; 路灯坏了 without a place may be anywhere


def offer(ctx: Ctx, case: Case) -> str:
    """Keep which open cases a new one is likely the same as and say so to its village; nothing is merged.

    What its reporter is told: how many other people said so, and the oldest number; "" where none is found.
    """
    likely, head = _likely(ctx, case)
    if not likely:
        return ""
    doubles.add(ctx.tx, case.id, likely, now=ctx.now)
    numbers = "、".join(map(str, sorted(likely)))
    announce(ctx, "case.doubled", case, from_state=case.state, note=numbers)
    others = doubles.other_reporters(ctx.tx, head, case.reporter_id)
    if not others:
        return f"您反映过同样的问题，编号 {head}。"
    return f"已有 {others} 人反映同一问题，编号 {head}。"


def _likely(ctx: Ctx, case: Case) -> tuple[dict[int, float], int]:
    """Older open cases near by, each with how alike it is, and the oldest number of the matter."""
    is_placed = ctx.registry.units[case.unit_id].level not in ("town", "county")
    if not is_placed and len(case.text) < UNPLACED_LENGTH_MIN:
        return {}, 0
    area = _area(ctx, case, is_placed)
    found = dict(
        ctx.county.open_cases.find(case.text, area, case.opened_at, OFFERED_MAX, category=case.category)
    )
    # What is found is a hint: the database knows what is still open and still here.
    standing = doubles.standing(ctx.tx, found) if found else {}
    likely = {
        number: alike
        for number, alike in found.items()
        if number < case.id and number in standing and standing[number].unit_id in area
    }
    if not likely:
        return {}, 0
    best, alike = next(iter(likely.items()))
    head = standing[best].oldest_id
    return {head: alike, **likely}, head


def _area(ctx: Ctx, case: Case, is_placed: bool) -> set[int]:
    """The unit of the case, what lies below it, and what lies above it up to the village."""
    if not is_placed:
        return {case.unit_id}
    above = [unit.id for unit in ctx.registry.chain(case.unit_id) if unit.level not in ("town", "county")]
    return {*ctx.registry.under(case.unit_id), *above}


@command(
    "并案",
    "合并",
    grammar=rf"{NUMBER}{GAP}(?:并?[入到至和与]|并入)?\s*(?:编号|事件)?\s*(?P<into>\d{{1,18}})",
    roles=SORTERS,
    usage="并案 编号 主编号",
    about="两件是同一问题，前一件并入后一件",
    topic="重复事件",
)
def merge(ctx: Ctx, match: re.Match[str]) -> str:
    case, into = _both(ctx, match["number"], match["into"])
    must_be(case, *cases.BEFORE_RESOLVING)
    if (gone := merges.get(ctx.tx, into.id)) is not None:
        raise Refused(f"事件 {into.id} 已并入 {gone.into_id}，请发：并案 {case.id} {gone.into_id}。")
    must_be(into, *cases.OPEN)
    if case.urgent and not into.urgent:
        raise Refused(f"事件 {case.id} 是紧急事件，请反过来：并案 {into.id} {case.id}。")
    # The other one must still be open when this is kept: its row is taken too.
    cases.change(ctx.tx, into, state=into.state)
    merged = cases.move(ctx.tx, case, "merged")
    merges.add(ctx.tx, case, into, person_id=ctx.person.id, now=ctx.now)
    announce(ctx, "case.merged", merged, from_state=case.state, note=str(into.id))
    announce(ctx, "case.joined", into, from_state=into.state, note=str(case.id), silent=True)
    return f"事件 {case.id} 已并入 {into.id}，办理结果会一并告诉上报人。要分开请发：拆案 {case.id}。"


def _both(ctx: Ctx, number: str, into: str) -> tuple[Case, Case]:
    if int(number) == int(into):
        raise Refused("不能并入自己，请写两个不同的编号。")
    case, other = find(ctx, number), find(ctx, into)
    for each in (case, other):
        if not may(ctx, each.unit_id, *SORTERS):
            raise Refused(f"事件 {each.id} 不在您的辖区。")
    return case, other


@command(
    "拆案",
    "拆分",
    grammar=NUMBER,
    roles=SORTERS,
    usage="拆案 编号",
    about="并错了，恢复单独办理",
    topic="重复事件",
)
def part(ctx: Ctx, match: re.Match[str]) -> str:
    """Undo a merge while the matter is still being worked on; afterwards it has been answered with it."""
    case = find(ctx, match["number"])
    if not may(ctx, case.unit_id, *SORTERS):
        raise Refused(f"事件 {case.id} 不在您的辖区。")
    gone = merges.get(ctx.tx, case.id)
    if gone is None:
        raise Refused(f"事件 {case.id} 没有并案。")
    into = cases.get(ctx.tx, gone.into_id)
    assert into is not None
    if into.state not in cases.OPEN:
        raise Refused(f"事件 {into.id} 已经办完，不能再拆开；没办好请重新上报。")
    cases.change(ctx.tx, into, state=into.state)
    merges.part(ctx.tx, gone)
    parted = cases.move(ctx.tx, case, gone.from_state)
    doubles.dismiss(ctx.tx, case.id, ctx.person.id)
    announce(ctx, "case.parted", parted, from_state=case.state, note=str(into.id))
    announce(ctx, "case.left", into, from_state=into.state, note=str(case.id), silent=True)
    return f"事件 {case.id} 已从 {into.id} 拆出，恢复单独办理。"


@command(
    "不是同一件",
    "不是一件事",
    grammar=NUMBER,
    roles=SORTERS,
    usage="不是同一件 编号",
    about="不再提示它和别的事件相似",
    topic="重复事件",
)
def dismiss(ctx: Ctx, match: re.Match[str]) -> str:
    case = find(ctx, match["number"])
    if not may(ctx, case.unit_id, *SORTERS):
        raise Refused(f"事件 {case.id} 不在您的辖区。")
    if not doubles.dismiss(ctx.tx, case.id, ctx.person.id):
        raise Refused(f"事件 {case.id} 没有疑似同一问题的事件。")
    return f"好的，事件 {case.id} 单独办理。"
