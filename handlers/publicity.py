"""公示: what was approved is public for some days; anybody of the village may object; then it is booked."""

import re

from handlers import application_notices as notices
from handlers.applied import APPROVERS, TOPIC, find, home, is_family, must_be
from handlers.ctx import GAP, NUMBER, Ctx, JobCtx, Refused, command, cron, may
from handlers.days import clock_time
from handlers.earn import earn
from handlers.names import masked
from handlers.typed import UNSTORABLE
from nlp.plain import plain
from store import applications, households, people, wallets
from store.applications import Application
from store.awards import Outcome

SHOWN_MAX = 20
HOUSE = re.compile(r"\s*号?\s*[楼栋幢院单弄巷路线]")  # 异议3号楼加装电梯 is a report
POST_BATCH = 50
TEXT_MAX = 500
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
    village = ctx.registry.units[notices.village_of(ctx, at)]
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


@command(
    "异议",
    "提异议",
    grammar=rf"{NUMBER}(?:{GAP}(?P<text>.+))?",
    usage="异议 编号 理由",
    about="对公示有不同意见，不公开姓名",
    topic=TOPIC,
)
def object_to(ctx: Ctx, match: re.Match[str]) -> str | None:
    """Anybody of the village; the posting stops until the village has looked into it."""
    if HOUSE.match(match.string, match.end("number")):
        return None
    application = applications.get(ctx.tx, int(match["number"]))
    is_shown = application is not None and application.state in ("public", "disputed")
    if application is None or not is_shown or (application.public_until or 0) <= ctx.now:
        raise Refused(f"没有编号 {int(match['number'])} 的公示，或者公示已经结束。")
    if is_family(ctx, application):
        raise Refused(f"这是您自己家的申请，不要了请发：撤回申请 {application.id}。")
    lives_at = home(ctx, ctx.person)
    village = notices.village_of(ctx, application.unit_id)
    if lives_at is None or not (
        ctx.registry.holds(village, lives_at) or ctx.registry.holds(lives_at, village)
    ):
        name = ctx.registry.units[village].name
        raise Refused(f"这是{name}的公示，只有本村(社区)的人能提异议。住在这里的，请先扫网格二维码再提。")
    text = UNSTORABLE.sub("", match["text"] or "").strip()[:TEXT_MAX]
    if not text:
        raise Refused(f"请写明理由，例如：异议 {application.id} 那天他不在村里。")
    if any(one.person_id == ctx.person.id for one in applications.objections_to(ctx.tx, application.id)):
        raise Refused("您的异议已经收到，村(社区)正在核实。")
    if applications.has_objected(ctx.tx, application.id, ctx.person.id):
        # Each objection stops the clock: one person must not hold up another's points for good.
        raise Refused("您对这件申请的异议已经核实过了。有新的情况，请当面告诉村(社区)。")
    objection = applications.object_to(ctx.tx, application, person_id=ctx.person.id, text=text, now=ctx.now)
    if application.state == "public":
        application = applications.move(ctx.tx, application, "disputed")
    notices.objected(ctx, application, objection)
    return f"收到您对申请 {application.id} 的异议，核实前不记分。您的姓名不公开，结果会告诉您。"


@command(
    "异议不成立",
    grammar=rf"{NUMBER}(?:{GAP}(?P<note>.+))?",
    roles=APPROVERS,
    usage="异议不成立 编号 理由",
    about="核实后继续公示",
    topic=TOPIC,
)
def refuse(ctx: Ctx, match: re.Match[str]) -> str:
    """The clock of the publicity stood still meanwhile: its days are not shortened."""
    application, note = _to_judge(ctx, match, "异议不成立")
    first, last = _decide(ctx, application, "refused", note)
    until = max(application.public_until or 0, ctx.now + (application.public_until or 0) - first)
    again = applications.move(ctx.tx, application, "public", public_until=until)
    notices.settled(ctx, again, last)
    return f"已记录：异议不成立。申请 {application.id} 继续公示到 {clock_time(until)}。"


@command(
    "异议成立",
    grammar=rf"{NUMBER}(?:{GAP}(?P<note>.+))?",
    roles=APPROVERS,
    usage="异议成立 编号 理由",
    about="核实后取消申请",
    topic=TOPIC,
)
def uphold(ctx: Ctx, match: re.Match[str]) -> str:
    application, note = _to_judge(ctx, match, "异议成立")
    _decide(ctx, application, "upheld", note)
    ended = applications.move(
        ctx.tx, application, "refused", ended_at=ctx.now, ended_by=ctx.person.id, note=note
    )
    notices.to_person(ctx, ended, "upheld", f"公示期间的异议经核实成立，不记分。理由：{note}")
    return f"已记录：异议成立。申请 {application.id} 不记分，理由会告诉双方。"


def _to_judge(ctx: Ctx, match: re.Match[str], word: str) -> tuple[Application, str]:
    application = find(ctx, match["number"])
    if is_family(ctx, application):
        raise Refused("这是您自己或您家的申请，要由别人来办。")
    if not may(ctx, application.unit_id, *APPROVERS):
        raise Refused(f"申请 {application.id} 不在您的辖区。")
    must_be(application, "disputed")
    if any(one.person_id == ctx.person.id for one in applications.objections_to(ctx.tx, application.id)):
        raise Refused("异议是您提的，要由别人来核实。")
    note = (match["note"] or "").strip()
    if not note:
        raise Refused(f"请写明核实的结果，例如：{word} {application.id} 查了签到表。")
    return application, note


def _decide(ctx: Ctx, application: Application, state: str, note: str) -> tuple[int, int]:
    """Decide what is open and tell who raised it: when the first came, the number of the last."""
    found = applications.objections_to(ctx.tx, application.id)
    verdict = "成立，这件申请不记分" if state == "upheld" else "不成立"
    for one in found:
        applications.decide(ctx.tx, one, state, by=ctx.person.id, decision=note, now=ctx.now)
        told = f"您对积分申请 {application.id} 的异议经核实{verdict}。理由：{note}"
        notices.to_people(ctx, {one.person_id}, f"objection.decided:{one.id}", told)
    return found[0].at, found[-1].id


@cron(every=600)
def post(ctx: JobCtx) -> None:
    """Book what was public for its days and nobody objects to, once; say what became of it."""
    for application, booked in applications.due(ctx.tx, now=ctx.now, limit=POST_BATCH):
        if booked is not None:  # it had to wait, and was paid meanwhile
            _end(ctx, application, Outcome(booked, "capped" if booked < application.points else ""))
        elif (outcome := _book(ctx, application)) is not None:
            if outcome.why in WITHHELD:
                why = f"公示期满，但{WITHHELD[outcome.why]}，积分暂缓发放，可以发放时自动补记。"
                notices.to_person(ctx, application, "withheld", why)
            else:
                _end(ctx, application, outcome)


def _book(ctx: JobCtx, application: Application) -> Outcome | None:
    """None where the town's rules no longer know what it was applied for: it waits until they do."""
    rule = ctx.county.rules.points.named(application.rule)
    if rule is None:
        return None
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
