"""改类: a person puts the category of a case right; 依据: why the rules chose the one they chose."""

import re
from difflib import SequenceMatcher

from handlers.announce import announce, category_name, clip
from handlers.ctx import GAP, NUMBER, Ctx, Refused, command, may
from handlers.days import clock_time
from handlers.dispatch import SORTERS, find, must_be
from nlp.classify import marked, marks
from nlp.plain import plain
from nlp.rules import Category
from nlp.slots import mask_phones
from nlp.urgent import evidence
from store import cases, corrections
from store.cases import Case

HOUR = 3600
NAMES_MAX = 5
WORDS_MAX = 8
SHOWN_MAX = 300  # characters of a report that 依据 shows


@command(
    "改类",
    "改类别",
    "改分类",
    grammar=rf"{NUMBER}(?:{GAP}(?:改?[为成到])?\s*(?P<category>.+?))?",
    roles=SORTERS,
    usage="改类 编号 类别",
    about="类别分错了，改成对的",
)
def reclassify(ctx: Ctx, match: re.Match[str]) -> str:
    case = find(ctx, match["number"])
    if not may(ctx, case.unit_id, *SORTERS):
        raise Refused(f"事件 {case.id} 不在您的辖区。")
    must_be(case, *cases.OPEN)
    if not match["category"]:
        raise Refused(f"请写改成哪一类，例如：改类 {case.id} 市政设施。")
    category = _named(ctx, plain(match["category"]))
    if category.code == case.category:
        return _agree(ctx, case, category)
    return _correct(ctx, case, category)


def _named(ctx: Ctx, name: str) -> Category:
    """The category of this name or code; a refusal lists the names that are near."""
    categories = ctx.county.rules.reading.categories
    for category in categories:
        if name in (category.name, category.code):
            return category
    beginning = [each for each in categories if each.name.startswith(name)]
    if len(beginning) == 1:
        return beginning[0]

    def nearness(each: Category) -> float:
        return -max(SequenceMatcher(None, name, known).ratio() for known in (each.name, each.code))

    near = [each.name for each in sorted(categories, key=nearness)[:NAMES_MAX]]
    raise Refused(f"没有叫“{clip(name, 20)}”的类别，相近的有：{'、'.join(near)}。")


def _agree(ctx: Ctx, case: Case, category: Category) -> str:
    """The rules were right after all; said of a sure case it changes nothing."""
    if not case.uncertain:
        raise Refused(f"事件 {case.id} 已经是“{category.name}”。")
    sure = cases.change(ctx.tx, case, uncertain=False)
    announce(ctx, "case.sorted", sure, from_state=case.state, note=category.name, silent=True)
    return f"事件 {case.id} 的类别确认为“{category.name}”。"


def _correct(ctx: Ctx, case: Case, category: Category) -> str:
    values: dict[str, object] = {"category": category.code, "uncertain": False}
    if not case.urgent:
        values["due_at"] = case.opened_at + category.due_hours * HOUR
    changed = cases.change(ctx.tx, case, **values)
    corrections.add(
        ctx.tx,
        case_id=case.id,
        before=case.category,
        after=category.code,
        words=case.words,
        rules_revision=case.rules_revision,
        person_id=ctx.person.id,
        now=ctx.now,
    )
    before = ctx.county.rules.reading.by_code.get(case.category)
    is_elsewhere = before is None or before.department != category.department
    note = f"{category_name(ctx.county, case.category)} → {category.name}"
    announce(ctx, "case.sorted", changed, from_state=case.state, note=note, silent=not is_elsewhere)
    answer = f"事件 {case.id} 已改为“{category.name}”，{clock_time(changed.due_at)}前办结。"
    return answer + (f"主管部门是{category.department}，需要时请重新派单。" if is_elsewhere else "")


@command("依据", "判断依据", grammar=NUMBER, usage="依据 编号", about="为什么分到这一类")
def explain(ctx: Ctx, match: re.Match[str]) -> str:
    """The report with its deciding words marked, what they weigh, and what people changed since."""
    case = find(ctx, match["number"])
    put_right = corrections.of_case(ctx.tx, case.id)
    chosen = put_right[0][2] if put_right else case.category
    lines = [
        f"事件 {case.id} 分到“{category_name(ctx.county, chosen)}”，{case.score:g} 分{_lead(ctx, case)}",
        f"原文：{clip(marked(mask_phones(case.text), ctx.county.rules.reading), SHOWN_MAX)}",
        *_weights(ctx, case, chosen),
        *_alarm(ctx, case),
        _revision(ctx, case),
    ]
    for at, who, before, after in put_right:
        by = f" {who}" if ctx.person.posts else ""
        names = f"{category_name(ctx.county, before)} → {category_name(ctx.county, after)}"
        lines.append(f"{clock_time(at)}{by} 改类：{names}")
    return "\n".join(lines)


def _lead(ctx: Ctx, case: Case) -> str:
    second = f"；其次是{category_name(ctx.county, case.runner_up)}" if case.runner_up else ""
    if not case.uncertain:
        return second
    if not case.words:
        return f"{second}。没有认出关键词，拿不准，请人工确认"
    return f"{second}，领先不到 {ctx.county.rules.reading.margin} 分，拿不准，请人工确认"


def _weights(ctx: Ctx, case: Case, chosen: str) -> list[str]:
    """What each word found weighs, first for the category that was chosen."""
    found = {}
    for mark in marks(case.text, ctx.county.rules.reading):
        weights = sorted(mark.weights, key=lambda pair: (pair[0] != chosen, -pair[1]))
        found[mark.word] = "，".join(
            f"{category_name(ctx.county, code)} {weight:+d}" for code, weight in weights
        )
    return [f"{word}：{weights}" for word, weights in list(found.items())[:WORDS_MAX]]


def _alarm(ctx: Ctx, case: Case) -> list[str]:
    """Why an emergency is one."""
    if not case.urgent:
        return []
    told = [
        f"{what} {weight:+d}" for what, weight in evidence(mask_phones(case.text), ctx.county.rules.reading)
    ]
    return [f"紧急（{case.urgent}）：{'，'.join(told[:WORDS_MAX]) or '按现在的规则不算'}"]


def _revision(ctx: Ctx, case: Case) -> str:
    now = ctx.county.rules.revision
    if case.rules_revision == now:
        return f"规则版本 {now}"
    return f"当时的规则版本 {case.rules_revision}；上面的词按现在的版本 {now} 标出"
