"""发起问卷, 确认问卷, 结束问卷: staff ask the people of their village or town."""

import re

from handlers import notify
from handlers.ctx import GAP, Ctx, JobCtx, Refused, command, cron, may
from handlers.days import local_day
from handlers.survey import TOPIC, points, until
from handlers.survey_text import HOW, read, shown
from store import surveys
from store.surveys import Survey

AUTHORS = ("village_staff", "dispatcher")
GROUP_LEVELS = ("county", "town", "village")
DEED = rf"{GAP}(?:编号)?{GAP}(?P<number>\d{{1,9}})"


@command(
    "发起问卷",
    grammar=r"(?P<text>.+)?",
    roles=AUTHORS,
    usage="发起问卷 标题：… 截止：… 问题1：…",
    about="问卷：选择、满意度或文字，最多 5 题",
    topic=TOPIC,
)
def draft(ctx: Ctx, match: re.Match[str]) -> str:
    """What it will look like; it goes out only when its author confirms it."""
    if not match["text"]:
        return HOW
    title, last_day, questions = read(match["text"], ctx.now)
    unit_id = next(post.unit_id for post in ctx.person.posts if post.role in AUTHORS)
    survey = surveys.draft(
        ctx.tx,
        unit_id=unit_id,
        author_id=ctx.person.id,
        title=title,
        last_day=last_day,
        questions=questions,
        now=ctx.now,
    )
    unit = ctx.registry.units[unit_id].name
    head = f"【问卷预览】{title}\n发给：{unit}；{until(survey)}截止；每人一次，答完得 {points(ctx)} 分"
    return "\n".join([head, *shown(questions), "发出请发：确认问卷。要改就重新发起。"])


@command("确认问卷", roles=AUTHORS, usage="确认问卷", about="把预览的问卷发出去", topic=TOPIC)
def confirm(ctx: Ctx, _match: re.Match[str]) -> str:
    survey = surveys.draft_of(ctx.tx, ctx.person.id)
    if survey is None or not may(ctx, survey.unit_id, *AUTHORS):
        raise Refused("没有等您确认的问卷，请先发：发起问卷。")
    if survey.last_day < local_day(ctx.now):
        raise Refused(f"这份问卷的截止日期（{until(survey)}）已经过了，请重新发起。")
    surveys.begin(ctx.tx, survey)
    told = _announce(ctx, survey)
    return (
        f"问卷 {survey.id} 已发出，通知了 {told} 个群。提前结束请发：结束问卷 {survey.id}；"
        f"结束以后看结果：问卷结果 {survey.id}"
    )


def _announce(ctx: Ctx, survey: Survey) -> int:
    """Tell the group of the area and those below it; how many groups that are."""
    text = (
        f"【问卷 {survey.id}】{survey.title}\n{len(survey.questions)} 个问题，{until(survey)}截止，每人一次，"
        f"答完得 {points(ctx)} 分。\n请单独给我发：问卷 {survey.id}\n回答和姓名分开保存，查不出是谁答的。"
    )
    units = [ctx.registry.units[unit_id] for unit_id in ctx.registry.under(survey.unit_id)]
    groups = [unit for unit in units if unit.group_webhook or unit.level in GROUP_LEVELS]
    for unit in groups:
        notify.group(ctx, unit, text, fact="survey.opened", key=survey.id)
    return len(groups)


@command("结束问卷", grammar=DEED, roles=AUTHORS, usage="结束问卷 编号", about="提前结束", topic=TOPIC)
def close(ctx: Ctx, match: re.Match[str]) -> str:
    survey = in_area(ctx, int(match["number"]), *AUTHORS)
    if survey.state != "open":
        raise Refused(f"问卷 {survey.id} 已经结束了。看结果：问卷结果 {survey.id}")
    surveys.end(ctx.tx, survey, now=ctx.now)
    return (
        f"问卷 {survey.id} 已结束，{surveys.answers(ctx.tx, survey.id)} 人回答。看结果：问卷结果 {survey.id}"
    )


def in_area(ctx: Ctx, number: int, *roles: str) -> Survey:
    """A survey that was sent out in an area for which the speaker holds one of the roles."""
    survey = surveys.get(ctx.tx, number)
    if survey is None or survey.state in ("draft", "dropped") or not may(ctx, survey.unit_id, *roles):
        raise Refused(f"您的辖区里没有编号为 {number} 的问卷。")
    return survey


@cron(hour=0, catch_up_hours=24)
def end_overdue(ctx: JobCtx) -> None:
    """Whose last day is over ends, and its author is told."""
    for survey in surveys.overdue(ctx.tx, local_day(ctx.now)):
        surveys.end(ctx.tx, survey, now=ctx.now)
        number = surveys.answers(ctx.tx, survey.id)
        text = f"问卷 {survey.id}（{survey.title}）已截止，{number} 人回答。看结果请发：问卷结果 {survey.id}"
        notify.persons(ctx, [survey.author_id], text, fact="survey.closed", key=survey.id)
