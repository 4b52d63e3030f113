"""异议: anybody of the village may object to what is public; the points wait until somebody has judged it."""

import re

from handlers import application_notices as notices
from handlers.applied import APPROVERS, TOPIC, find, home, is_family, must_be
from handlers.ctx import GAP, NUMBER, Ctx, Refused, command, may
from handlers.days import clock_time
from handlers.typed import UNSTORABLE
from store import applications
from store.applications import Application

HOUSE = re.compile(r"\s*号?\s*[楼栋幢院单弄巷路线]")  # 异议3号楼加装电梯 is a report
TEXT_MAX = 500


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
    village = ctx.registry.village_of(application.unit_id)
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
    "异议成立",
    "异议不成立",
    grammar=rf"{NUMBER}(?:{GAP}(?P<note>.+))?",
    roles=APPROVERS,
    usage="异议成立(不成立) 编号 理由",
    about="核实后取消申请，或继续公示",
    topic=TOPIC,
)
def judge(ctx: Ctx, match: re.Match[str]) -> str:
    """The clock of the publicity stood still meanwhile: its days are not shortened."""
    is_upheld = not match[0].startswith("异议不")
    application, note = _to_judge(ctx, match, "异议成立" if is_upheld else "异议不成立")
    first, last = _decide(ctx, application, "upheld" if is_upheld else "refused", note)
    if is_upheld:
        ended = applications.move(
            ctx.tx, application, "refused", ended_at=ctx.now, ended_by=ctx.person.id, note=note
        )
        notices.to_person(ctx, ended, "upheld", f"公示期间的异议经核实成立，不记分。理由：{note}")
        return f"已记录：异议成立。申请 {application.id} 不记分，理由会告诉双方。"
    until = max(application.public_until or 0, ctx.now + (application.public_until or 0) - first)
    again = applications.move(ctx.tx, application, "public", public_until=until)
    notices.settled(ctx, again, last)
    return f"已记录：异议不成立。申请 {application.id} 继续公示到 {clock_time(until)}。"


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


def drop(ctx: Ctx, application: Application) -> None:
    """The application is given up: nobody has to judge what was said against it, who said it is told."""
    for one in applications.drop_objections(ctx.tx, application.id, now=ctx.now):
        told = f"您提过异议的积分申请 {application.id} 已经撤回，不记分，不用再核实了。"
        notices.to_people(ctx, {one.person_id}, f"objection.dropped:{one.id}", told)
