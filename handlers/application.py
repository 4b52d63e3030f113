"""申请积分: points for what no report shows (publicity, mediation …), applied for with a photo."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from handlers import application_notices as notices
from handlers import form
from handlers.announce import clip
from handlers.codes import derived_token
from handlers.ctx import GAP, NUMBER, Ctx, Refused, areas, command, is_set_apart, may, refuse_in_group
from handlers.days import clock_time, local
from handlers.earn import household_of
from handlers.place import JOIN_SECONDS
from handlers.points_rules import PointsRule
from handlers.typed import PHONE, UNSTORABLE
from nlp.plain import plain
from nlp.slots import mask_phones
from store import applications, households, looks, people, photos
from store.applications import Application
from store.people import Person

TOPIC = "积分申请"
CHECKERS = ("worker", "micro_leader", "village_staff")
APPROVERS = ("village_staff", "dispatcher")
SUPERVISORS = ("leader", "auditor", "shop_supervisor")
TEXT_MAX, TEXT_MIN = 500, 4  # characters
DAYS_BACK = 30
OPEN_MAX = 10  # of one person at a time
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
_AGO = {"今天": 0, "今日": 0, "昨天": 1, "昨日": 1, "前天": 2, "前日": 2}
_DAY = re.compile(
    rf"(?P<word>{'|'.join(_AGO)})|(?:(?P<year>20\d\d)[-./年])?(?P<month>\d{{1,2}})月(?P<day>\d{{1,2}})[日号]?"
    r"|(?P<iso>20\d\d-\d{1,2}-\d{1,2})"
)


@command(
    "申请积分",
    "积分申请",
    grammar=r"(?P<text>.+)",
    usage="申请积分 项目 哪天 做了什么",
    about="可发照片作凭证",
    topic=TOPIC,
)
def apply(ctx: Ctx, match: re.Match[str]) -> str | None:
    if not is_set_apart(match, "text") and not _named(ctx, match["text"]):
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
    if not is_set_apart(match, "name") and not _named(ctx, match["text"]):
        return None  # 代申请低保的老人没人管，房子漏雨
    phone = "".join(each for each in plain(match["phone"] or "") if each.isdigit())
    person = _neighbour(ctx, match["name"], phone)
    return f"替{person.name}登记：" + _answer(ctx, submit(ctx, person, match["text"]))


def submit(ctx: Ctx, person: Person, text: str, jpegs: Sequence[bytes] = ()) -> Application:
    """Open the application of somebody; once it is complete the grid worker hears of it.

    `jpegs` come from a page; a chat's photos are fetched later.
    """
    text = UNSTORABLE.sub("", text).strip()[:TEXT_MAX]
    rule = _rule_of(ctx, text)
    day = _day_of(ctx, text)
    if len(re.sub(rf"{_DAY.pattern}|{rule.title}|\W", "", text)) < TEXT_MIN:
        raise Refused(f"请写明做了什么，例如：申请积分 {rule.title} 昨天 在小区门口忙了一下午。")
    unit_id = home(ctx, person)
    if not person.name or unit_id is None:
        raise Refused(
            "公示要用姓名和所在的村(社区)，您还没有登记。请网格员代申请：代申请 您的姓名 电话 做了什么。"
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


def rules_of(ctx: Ctx) -> tuple[PointsRule, ...]:
    """What may be applied for."""
    return ctx.county.rules.points.of_path("application")


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


@command("我的申请", "申请进度", usage="我的申请", about="自己的积分申请到了哪一步", topic=TOPIC)
def own(ctx: Ctx, _match: re.Match[str]) -> str:
    found = applications.of_person(ctx.tx, ctx.person.id, LIST_MAX)
    if not found:
        return f"您还没有申请过积分。\n{_offer(ctx)}"
    return "\n".join(f"{one.id} {notices.called(ctx, one)}：{state_of(one)}" for one in found)


@command("看申请", "申请详情", grammar=NUMBER, usage="看申请 编号", about="申请的内容和经过", topic=TOPIC)
def look(ctx: Ctx, match: re.Match[str]) -> str:
    refuse_in_group(ctx, match, "申请里有个人情况，")
    application = find(ctx, match["number"])
    if not is_family(ctx, application):
        subject = f"person:{application.person_id}"
        why = f"看申请 {application.id}"
        looks.add(ctx.tx, actor_id=ctx.person.id, subject=subject, why=why, now=ctx.now)
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


@command("撤回申请", "取消申请", grammar=NUMBER, usage="撤回申请 编号", about="不申请了", topic=TOPIC)
def withdraw(ctx: Ctx, match: re.Match[str]) -> str:
    application = find(ctx, match["number"])
    if ctx.person.id not in (application.person_id, application.writer_id):
        raise Refused("只有申请人能撤回。")
    must_be(application, *applications.OPEN)
    if application.public_until is not None and application.public_until <= ctx.now:
        raise Refused(f"申请 {application.id} 公示期已满，不能撤回了。")
    applications.move(ctx.tx, application, "refused", ended_at=ctx.now, ended_by=ctx.person.id)
    return f"申请 {application.id} 已撤回。"


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


def _neighbour(ctx: Ctx, name: str, phone: str) -> Person:
    """Whom a worker names in the own area; somebody nobody knows yet is registered there."""
    area = areas(ctx, *CHECKERS)
    known = people.called(ctx.tx, name, area)
    found = [person_id for person_id, theirs in known if not phone or theirs in ("", phone)]
    exact = [person_id for person_id, theirs in known if phone and theirs == phone]
    if len(exact or found) > 1:
        raise Refused(f"您的辖区有 {len(exact or found)} 位{name}，请写电话：代申请 {name} 电话 做了什么。")
    for person_id in exact or found:
        person = people.by_id(ctx.tx, person_id)
        assert person is not None
        return person
    unit_id = next(post.unit_id for post in ctx.person.posts if post.role in CHECKERS)
    person_id = people.add(ctx.tx, now=ctx.now, name=name, phone=phone, unit_id=unit_id)
    return Person(person_id, name, phone, unit_id, ())


# --- what is applied for


def _rule_of(ctx: Ctx, text: str) -> PointsRule:
    """The rule that the text names; else the one whose words it holds most of."""
    said = plain(text)
    rules = rules_of(ctx)
    titled = sorted((rule for rule in rules if rule.title in said), key=lambda rule: said.index(rule.title))
    if titled:
        # 协助巡查 holds no other title, but 志愿服务宣传 does: what is said first counts, the longer of two.
        first = said.index(titled[0].title)
        return max((r for r in titled if said.index(r.title) == first), key=lambda rule: len(rule.title))
    counts = {rule: sum(word in said for word in rule.words.split()) for rule in rules}
    most = max(counts.values(), default=0)
    best = [rule for rule, count in counts.items() if count == most]
    if not most or len(best) > 1:
        raise Refused(f"没看出申请哪一项，请写上项目名。\n{_offer(ctx)}")
    return best[0]


def _named(ctx: Ctx, text: str) -> bool:
    """Whether a text says anything of what may be applied for."""
    said = plain(text)
    return any(word in said for rule in rules_of(ctx) for word in (rule.title, *rule.words.split()))


def _offer(ctx: Ctx) -> str:
    rules = rules_of(ctx)
    if not rules:
        return "本地还没有可以申请积分的项目。"
    titles = "、".join(
        f"{rule.title} {rule.points} 分{'（要照片）' if rule.evidence == 'photo' else ''}" for rule in rules
    )
    return f"可以申请：{titles}。\n请这样发：申请积分 {rules[0].title} 昨天 做了什么"


def _day_of(ctx: Ctx, text: str) -> str:
    """The day that is told, today where none is; not one to come, and not long ago."""
    today = local(ctx.now).date()
    told = _told_day(plain(text), today)
    if told is None:
        raise Refused("没看懂是哪一天，请写成 11月22日 这样。")
    if not today - timedelta(days=DAYS_BACK) <= told <= today:
        raise Refused(f"只能申请最近 {DAYS_BACK} 天里已经做了的事。")
    return told.isoformat()


def _told_day(text: str, today: date) -> date | None:
    match = _DAY.search(text)
    if match is None:
        return today
    if match["word"]:
        return today - timedelta(days=_AGO[match["word"]])
    try:
        if match["iso"]:
            return date(*map(int, match["iso"].split("-")))
        told = date(int(match["year"] or today.year), int(match["month"]), int(match["day"]))
        return told if match["year"] or told <= today else told.replace(year=today.year - 1)
    except ValueError:
        return None
