"""公示: what was approved is public for some days, then it is booked."""

import re

from handlers import application_notices as notices
from handlers.applied import TOPIC, home
from handlers.ctx import Ctx, JobCtx, Refused, command, cron
from handlers.days import clock_time
from handlers.earn import earn
from handlers.names import masked
from nlp.plain import plain
from store import applications, households, people, wallets
from store.applications import Application
from store.awards import Outcome

SHOWN_MAX = 20
POST_BATCH = 50
WITHHELD = {
    "frozen": "您家的积分现在被冻结",
    "halted": "积分账目正在核对",
    "budget": "本镇今年的积分预算已用完",
}


@command(
    "公示",
    "积分公示",
    grammar=r"(?P<name>.*?)",
    usage="公示",
    about="本村(社区)正在公示的积分申请",
    topic=TOPIC,
)
def show(ctx: Ctx, match: re.Match[str]) -> str | None:
    name = plain(match["name"])
    named = [unit for unit in ctx.registry.units.values() if name in (unit.name, unit.code)]
    if name and not named:
        return None
    at = named[0].id if name else home(ctx, ctx.person)
    if at is None:
        raise Refused("请写哪个村(社区)，例如：公示 幸福社区。")
    village = ctx.registry.units[ctx.registry.village_of(at)]
    found = applications.in_units(ctx.tx, ctx.registry.under(village.id), ("public", "disputed"), SHOWN_MAX)
    names = people.names(ctx.tx, [one.person_id for one in found])
    lines = [f"【{village.name}积分公示】"]
    for one in found:
        until = "有异议，核实中" if one.state == "disputed" else f"到 {clock_time(one.public_until or 0)}"
        lines.append(f"{one.id} {masked(names[one.person_id])} {notices.called(ctx, one)} {until}")
    if not found:
        lines.append("现在没有公示的积分申请。")
    else:
        lines.append("有不同意见请发：异议 编号 理由（不公开您的姓名）。")
    return "\n".join([*lines, f"网页：{ctx.county.base_url}/g/{village.code}"])


@cron(every=600)
def post(ctx: JobCtx) -> None:
    """Book what was public for its days and nobody objects to, once; say what became of it."""
    known = [rule.name for rule in ctx.county.rules.points.rules]
    for application in applications.unbookable(ctx.tx, known, now=ctx.now, limit=POST_BATCH):
        notices.rule_gone(ctx, application)
    for application, booked in applications.due(ctx.tx, known, now=ctx.now, limit=POST_BATCH):
        if booked is not None:  # it had to wait, and was paid meanwhile
            _end(ctx, application, Outcome(booked, "capped" if booked < application.points else ""))
            continue
        outcome = _book(ctx, application)
        if outcome.why in WITHHELD:
            why = f"公示期满，但{WITHHELD[outcome.why]}，积分暂缓发放，可以发放时自动补记。"
            notices.to_person(ctx, application, "withheld", why)
        else:
            _end(ctx, application, outcome)


def _book(ctx: JobCtx, application: Application) -> Outcome:
    rule = ctx.county.rules.points.named(application.rule)
    assert rule is not None, "what no rule knows is not due"
    return earn(
        ctx,
        rule,
        person_id=application.person_id,
        household_id=application.household_id,
        unit_id=application.unit_id,
        idem=applications.key(application.id),
        cause=applications.key(application.id),
        number=application.id,
        day=application.day,
        application_id=application.id,
        points=application.points,
    )


def _end(ctx: JobCtx, application: Application, outcome: Outcome) -> None:
    note = f"已到上限，记 {outcome.points} 分" if outcome.why == "capped" else ""
    posted = applications.move(ctx.tx, application, "posted", ended_at=ctx.now, note=note)
    told = "公示期满，"
    if outcome.why == "capped":
        told += (
            f"按积分上限记 {outcome.points} 分。"
            if outcome.points
            else "但这段时间的积分已到上限，没有记分。"
        )
    else:
        told += f"已记 {outcome.points} 分。"
    own = households.of(ctx.tx, application.person_id)
    if own == application.household_id:
        told += f"现有 {wallets.points(ctx.tx, own)} 分。"
    notices.to_person(ctx, posted, "posted", told)
