"""An application as it stands: which one, who may see it and decide; 我的申请, 看申请."""

import re

from handlers import application_notices as notices
from handlers.announce import clip
from handlers.codes import derived_token
from handlers.ctx import NUMBER, Ctx, Refused, command, may, refuse_in_group, saw
from handlers.days import clock_time
from handlers.deed import offer
from nlp.slots import mask_phones
from store import applications, households, people, photos
from store.applications import Application
from store.people import Person

TOPIC = "积分申请"
CHECKERS = ("worker", "micro_leader", "village_staff")
APPROVERS = ("village_staff", "dispatcher")
SUPERVISORS = ("leader", "auditor", "shop_supervisor")
LIST_MAX = 10
SHOWN_MAX = 250  # characters: a reply holds 2,048 bytes
STATES = {
    "applied": "待初审",
    "proposed": "待批准",
    "public": "公示中",
    "disputed": "有异议，核实中",
    "posted": "已公示入账",
    "refused": "未通过",
}


@command("我的申请", "申请进度", usage="我的申请", about="自己的积分申请到了哪一步", topic=TOPIC)
def own(ctx: Ctx, _match: re.Match[str]) -> str:
    found = applications.of_person(ctx.tx, ctx.person.id, LIST_MAX)
    if not found:
        return f"您还没有申请过积分。\n{offer(ctx)}"
    return "\n".join(f"{one.id} {notices.called(ctx, one)}：{state_of(one)}" for one in found)


@command("看申请", "申请详情", grammar=NUMBER, usage="看申请 编号", about="申请的内容和经过", topic=TOPIC)
def look(ctx: Ctx, match: re.Match[str]) -> str:
    refuse_in_group(ctx, match, "申请里有个人情况，")
    application = find(ctx, match["number"])
    if not is_family(ctx, application):
        subject = f"person:{application.person_id}"
        why = f"看申请 {application.id}"
        saw(ctx, subject, why)
    name, unit = notices.person_of(ctx, application)
    lines = [
        f"申请 {application.id}：{state_of(application)}",
        f"{name}（{unit}）　{notices.called(ctx, application)}",
        f"内容：{clip(mask_phones(application.text), SHOWN_MAX)}",
    ]
    lines += [f"照片：{link}" for link in _photo_links(ctx, application)]
    if lacks_photo(ctx, application):
        lines.append("还缺照片。")
    return "\n".join([*lines, *_course(ctx, application)])


def _course(ctx: Ctx, application: Application) -> list[str]:
    """Who did what; who objects is told to those who decide about it."""
    signed = [
        ("申请", application.writer_id, application.at),
        ("初审", application.proposer_id, application.proposed_at),
        ("批准", application.approver_id, application.approved_at),
    ]
    objections = applications.objections_to(ctx.tx, application.id) if may_decide(ctx, application) else []
    ids = [person_id for _, person_id, _ in signed if person_id] + [one.person_id for one in objections]
    names = people.names(ctx.tx, ids)
    lines = [
        f"{clock_time(at)} {names[person_id] or '居民'} {did}"
        for did, person_id, at in signed
        if person_id and at
    ]
    for one in objections:
        lines.append(
            f"{clock_time(one.at)} {names[one.person_id] or '居民'} 提出异议：{mask_phones(one.text)}"
        )
    if application.ended_at is not None:
        note = f"：{mask_phones(application.note)}" if application.note else ""
        lines.append(f"{clock_time(application.ended_at)} {state_of(application)}{note}")
    return lines


def _photo_links(ctx: Ctx, application: Application) -> list[str]:
    count = photos.count_of_application(ctx.tx, application.id)
    token = photo_token(ctx.county.secret, application.id)
    return [f"{ctx.county.base_url}/a/{application.id}/{token}/{index}" for index in range(count)]


def photo_token(secret: bytes, number: int) -> str:
    return derived_token(secret, "application", str(number))


def state_of(application: Application) -> str:
    is_taken_back = application.ended_by in (application.person_id, application.writer_id)
    if application.state == "refused" and is_taken_back:
        return "已撤回"
    if application.state == "public" and application.public_until is not None:
        return f"公示中，到 {clock_time(application.public_until)}"
    return STATES[application.state]


# --- which application, and who may


def find(ctx: Ctx, number: str) -> Application:
    """The application of this number; one refusal whether there is none or the speaker may not see it."""
    found = applications.get(ctx.tx, int(number))
    if found is None or not _may_see(ctx, found):
        raise Refused(f"没有查到您能看的申请 {int(number)}，请核对编号。")
    return found


def _may_see(ctx: Ctx, application: Application) -> bool:
    if ctx.person.id == application.writer_id or is_family(ctx, application):
        return True
    return may(ctx, application.unit_id, *CHECKERS, *APPROVERS, *SUPERVISORS)


def is_family(ctx: Ctx, application: Application) -> bool:
    """Whether the speaker would benefit: the person himself, or somebody of the household."""
    own = households.of(ctx.tx, ctx.person.id)
    return ctx.person.id == application.person_id or own == application.household_id


def may_check(ctx: Ctx, application: Application) -> bool:
    return may(ctx, application.unit_id, *CHECKERS) and not is_family(ctx, application)


def may_decide(ctx: Ctx, application: Application) -> bool:
    return may(ctx, application.unit_id, *APPROVERS) and not is_family(ctx, application)


def must_be(application: Application, *states: str) -> None:
    if application.state not in states:
        raise Refused(f"申请 {application.id} 现在是“{state_of(application)}”，不能这样操作。")


def lacks_photo(ctx: Ctx, application: Application) -> bool:
    rule = ctx.county.rules.points.named(application.rule)
    needs = rule is not None and rule.evidence == "photo"
    return needs and not photos.count_of_application(ctx.tx, application.id)


def home(ctx: Ctx, person: Person) -> int | None:
    """Where somebody lives or works; of the speaker also the place whose code was scanned last."""
    own = [person.unit_id, *(post.unit_id for post in person.posts)]
    if ctx.account is not None and person.id == ctx.person.id:
        own.append(ctx.account.scanned_unit_id)
    return next((unit_id for unit_id in own if unit_id in ctx.registry.units), None)
