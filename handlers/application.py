"""申请积分: points for what no report shows (publicity, mediation …), applied for with a photo."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from handlers import application_notices as notices
from handlers import form, neighbour
from handlers.applied import CHECKERS, LIST_MAX, TOPIC, find, home, lacks_photo, may_check, state_of
from handlers.ctx import GAP, Ctx, Refused, command, is_set_apart
from handlers.days import local
from handlers.deed import DAY, DAYS_BACK, day_of, is_named, rule_of, rules_of
from handlers.earn import household_of
from handlers.place import JOIN_SECONDS
from handlers.points_rules import PointsRule
from handlers.typed import PHONE, UNSTORABLE
from store import applications, photos
from store.applications import Application
from store.people import Person

TEXT_MAX, TEXT_MIN = 500, 4  # characters
OPEN_MAX = 10  # of one person at a time


@command(
    "申请积分",
    "积分申请",
    grammar=r"(?P<text>.+)",
    usage="申请积分 项目 哪天 做了什么",
    about="可发照片作凭证",
    topic=TOPIC,
)
def apply(ctx: Ctx, match: re.Match[str]) -> str | None:
    if not is_set_apart(match, "text") and not is_named(ctx, match["text"]):
        return None  # 积分申请交上去一个月没消息
    return _answer(ctx, submit(ctx, ctx.person, match["text"]))


@command(
    "代申请",
    "代申请积分",
    grammar=rf"(?P<name>[^\s\d,，、:：]{{2,10}}?)[\s,，、:：]+(?:(?:电话|手机)?{GAP}"
    rf"(?P<phone>{PHONE.pattern}|无电话|没有电话|没电话){GAP})?(?P<text>.+)",
    roles=CHECKERS,
    usage="代申请 姓名 项目 哪天 做了什么",
    about="替辖区里没有手机的人申请积分",
    topic=TOPIC,
)
def apply_for(ctx: Ctx, match: re.Match[str]) -> str | None:
    if not is_set_apart(match, "name") and not is_named(ctx, match["text"]):
        return None  # 代申请低保的老人没人管，房子漏雨
    person = neighbour.find(ctx, match["name"], neighbour.digits(match["phone"]))
    return f"替{person.name}登记：" + _answer(ctx, submit(ctx, person, match["text"]))


def submit(ctx: Ctx, person: Person, text: str, jpegs: Sequence[bytes] = ()) -> Application:
    """Open the application of somebody; once it is complete the grid worker hears of it.

    `jpegs` come from a page; a chat's photos are fetched later.
    """
    text = UNSTORABLE.sub("", text).strip()[:TEXT_MAX]
    rule = rule_of(ctx, text)
    day = day_of(ctx, text)
    if len(re.sub(rf"{DAY.pattern}|{rule.title}|\W", "", text)) < TEXT_MIN:
        raise Refused(f"请写明做了什么，例如：申请积分 {rule.title} 昨天 在小区门口忙了一下午。")
    unit_id = home(ctx, person)
    if not person.name or unit_id is None:
        raise Refused(
            "公示要用姓名和所在的村(社区)，您还没有登记。请网格员登记后代申请：登记居民 您的姓名 电话。"
        )
    same = applications.like(ctx.tx, person_id=person.id, rule=rule.name, day=day, text=text)
    if same is not None:
        raise Refused(f"这件事已经申请过了，编号 {same}。")
    if applications.count_open(ctx.tx, person.id) >= OPEN_MAX:
        raise Refused(f"已有 {OPEN_MAX} 件申请没有办完，请等办完再申请。")
    number = applications.add(
        ctx.tx,
        rule=rule.name,
        revision=ctx.county.rules.revision,
        person_id=person.id,
        household_id=household_of(ctx.tx, person.id, now=ctx.now),
        unit_id=unit_id,
        day=day,
        text=text,
        points=rule.points,
        state="applied",
        writer_id=ctx.person.id,
        at=ctx.now,
    )
    since = ctx.now - JOIN_SECONDS
    if ctx.account is not None and ctx.account.photo_at >= since:
        photos.show(ctx.tx, application_id=number, account_id=ctx.account.id, since=since)
    for jpeg in jpegs:
        photos.add(ctx.tx, application_id=number, jpeg=jpeg, now=ctx.now)
    return pass_on(ctx, find(ctx, str(number)))


def pass_on(ctx: Ctx, application: Application) -> Application:
    """What is complete goes to the grid worker; what he wrote for somebody else is checked by that."""
    if lacks_photo(ctx, application):
        return application
    if ctx.person.id != application.person_id and may_check(ctx, application):
        return propose(ctx, application)
    notices.to_check(ctx, application)
    return application


def propose(ctx: Ctx, application: Application) -> Application:
    """The grid worker's check is done; the village is asked to approve."""
    proposed = applications.move(
        ctx.tx, application, "proposed", proposer_id=ctx.person.id, proposed_at=ctx.now
    )
    notices.to_approve(ctx, proposed)
    return proposed


def _answer(ctx: Ctx, application: Application) -> str:
    told = f"编号 {application.id}，{notices.called(ctx, application)}。"
    if lacks_photo(ctx, application):
        return f"{told}请在 10 分钟内再发一张照片作凭证，就转给网格员。"
    if application.state == "proposed":
        return f"{told}您已核实，等村(社区)批准。"
    return f"{told}等网格员初审，每一步都会告诉您。发“我的申请”可看进度。"


def add_photo(ctx: Ctx, media_id: str, *, photos_max: int, after: int) -> str | None:
    """Let a photo belong to the application just written, if that came after `after`; None where none did."""
    assert ctx.account is not None
    application = applications.last_written(ctx.tx, ctx.person.id, since=ctx.now - JOIN_SECONDS)
    if application is None or application.at < after:
        return None
    if photos.count_of_application(ctx.tx, application.id) >= photos_max:
        return f"申请 {application.id} 已有 {photos_max} 张照片，够用了，谢谢。"
    lacked = lacks_photo(ctx, application)
    photos.add_due(
        ctx.tx,
        case_id=None,
        application_id=application.id,
        account_id=ctx.account.id,
        media_id=media_id,
        now=ctx.now,
    )
    if lacked:
        passed = pass_on(ctx, application)
        whom = "村(社区)批准" if passed.state == "proposed" else "网格员初审"
        return f"照片已加到申请 {application.id}，已转{whom}。"
    return f"照片已加到申请 {application.id}。"


def from_page(ctx: Ctx, title: str, day: str, text: str, jpegs: Sequence[bytes], sheet_id: str) -> str:
    """Apply by the form of /me/apply, once however often it is sent; what the applicant is told."""
    rule = next((one for one in rules_of(ctx) if one.title == title), None)
    if rule is None:
        raise Refused("请选一个项目。")
    if rule.evidence == "photo" and not jpegs:
        raise Refused(f"{rule.title}要照片作凭证，请选一张照片。")

    def act(ctx: Ctx) -> str:
        application = submit(ctx, ctx.person, f"{title} {day} {text}", jpegs)
        return f"编号 {application.id}，{notices.called(ctx, application)}。等网格员初审。"

    return form.once(ctx, sheet_id, (title, day, text), act)


@dataclass(frozen=True, slots=True)
class Applying:
    """What the page of one's own applications shows; `first` and `last` day may be chosen."""

    rules: tuple[PointsRule, ...]
    own: list[tuple[Application, str, str]]  # one, what it is called, its state
    first: str
    last: str


def page_of(ctx: Ctx) -> Applying:
    today = local(ctx.now).date()
    found = applications.of_person(ctx.tx, ctx.person.id, LIST_MAX)
    own = [(one, notices.called(ctx, one), state_of(one)) for one in found]
    first = (today - timedelta(days=DAYS_BACK)).isoformat()
    return Applying(rules_of(ctx), own, first, today.isoformat())
