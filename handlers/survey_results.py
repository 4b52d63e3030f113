"""问卷结果, 问卷意见: counts, shares, 知晓率 and 满意度 of an ended survey; never who answered what."""

import re

from handlers.announce import clip
from handlers.ctx import Ctx, Refused, command
from handlers.survey import TOPIC, is_open, until
from handlers.survey_new import DEED, in_area
from handlers.survey_text import LETTERS
from store import surveys
from store.surveys import Question, Survey

READERS = ("village_staff", "dispatcher", "leader")
# Of fewer answers one could tell whose they are; and while answers come in, from how the counts move.
ANSWERS_MIN = 5
WORDS_SHOWN, WORD_SHOWN = 12, 45  # a reply holds 2,048 bytes
SATISFIED = 3  # grades 4 and 5, counted from 0
_KNOWS = re.compile("^(?:我|都|很|非常|比较|基本|完全|大致)*(?:知道|知晓|了解|清楚|听说过|听过)")


@command(
    "问卷结果", grammar=DEED, roles=READERS, usage="问卷结果 编号", about="结束以后看人数和比例", topic=TOPIC
)
def show(ctx: Ctx, match: re.Match[str]) -> str:
    survey, number = _ended(ctx, match)
    lines = [f"【问卷结果 {survey.id}】{survey.title}", f"{number} 人回答"]
    for place, (question, times) in enumerate(
        zip(survey.questions, surveys.counts(ctx.tx, survey), strict=True), 1
    ):
        if question.kind == "words":
            written = surveys.count_words(ctx.tx, survey.id)
            lines.append(f"{place}. {question.text} {written} 条，请发：问卷意见 {survey.id}")
        else:
            lines += [f"{place}. {question.text}{_rate(question, times)}", _shares(question, times)]
    return "\n".join(lines)


@command(
    "问卷意见",
    grammar=rf"{DEED}(?:\s+第?(?P<page>\d{{1,3}})页?)?",
    roles=READERS,
    usage="问卷意见 编号 页",
    about="看大家写的话，没有姓名",
    topic=TOPIC,
)
def show_words(ctx: Ctx, match: re.Match[str]) -> str:
    survey, _ = _ended(ctx, match)
    page = max(int(match["page"] or 1), 1)
    every = surveys.count_words(ctx.tx, survey.id)
    found = surveys.words(ctx.tx, survey.id, after=(page - 1) * WORDS_SHOWN, limit=WORDS_SHOWN)
    if not found:
        raise Refused(f"问卷 {survey.id} {'没有这一页' if every else '没有人写意见'}。")
    pages = -(-every // WORDS_SHOWN)
    more = [f"第 {page} 页，共 {pages} 页"] if pages > 1 else []
    return "\n".join(
        [f"【问卷意见 {survey.id}】{every} 条", *(f"· {clip(one, WORD_SHOWN)}" for one in found), *more]
    )


def _ended(ctx: Ctx, match: re.Match[str]) -> tuple[Survey, int]:
    """The survey, and how many answered. Raises Refused while its numbers could tell on somebody."""
    survey = in_area(ctx, int(match["number"]), *READERS)
    number = surveys.answers(ctx.tx, survey.id)
    if is_open(ctx, survey):
        raise Refused(
            f"问卷 {survey.id} {until(survey)}截止，现在 {number} 人回答。结束以后才显示结果，"
            f"免得看出是谁答的；提前结束：结束问卷 {survey.id}"
        )
    if number < ANSWERS_MIN:
        raise Refused(
            f"问卷 {survey.id} 只有 {number} 人回答，不满 {ANSWERS_MIN} 人不显示，免得看出是谁答的。"
        )
    return survey, number


def _rate(question: Question, times: list[int]) -> str:
    """知晓率 of a question whose choices say 知道, 满意度 and the mean of a grade."""
    total = sum(times)
    if question.kind == "grade" and total:
        mean = sum(grade * count for grade, count in enumerate(times, 1)) / total
        return f" 满意度 {_percent(sum(times[SATISFIED:]), total)}（4、5 分），平均 {mean:.1f} 分"
    knowing = [count for choice, count in zip(question.choices, times, strict=True) if _KNOWS.search(choice)]
    return f" 知晓率 {_percent(sum(knowing), total)}" if knowing else ""


def _shares(question: Question, times: list[int]) -> str:
    names = [f"{one} 分" for one in question.choices]
    if question.kind == "choice":
        names = [f"{letter} {one}" for letter, one in zip(LETTERS, question.choices, strict=False)]
    return "，".join(
        f"{name}：{count}（{_percent(count, sum(times))}）" for name, count in zip(names, times, strict=True)
    )


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "0.0%"
