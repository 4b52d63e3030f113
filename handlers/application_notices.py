"""Who hears of an application: the work group of its village under a masked name, the applicant himself."""

from handlers import notify
from handlers.ctx import Ctx, JobCtx
from handlers.days import clock_time
from handlers.names import masked
from store import people
from store.applications import Application

AnyCtx = Ctx | JobCtx


def title_of(ctx: AnyCtx, rule_name: str) -> str:
    """What a rule is called; its name where the rules no longer hold it."""
    rule = ctx.county.rules.points.named(rule_name)
    return (rule.title or rule.name) if rule else rule_name


def called(ctx: AnyCtx, application: Application) -> str:
    """宣传 5 分（11月22日）"""
    _, month, day = application.day.split("-")
    title = title_of(ctx, application.rule)
    return f"{title} {application.points} 分（{int(month)}月{int(day)}日）"


def person_of(ctx: AnyCtx, application: Application) -> tuple[str, str]:
    """The name of whom an application is for, and of the unit."""
    name = people.names(ctx.tx, [application.person_id]).get(application.person_id, "")
    unit = ctx.registry.units.get(application.unit_id)
    return name or "居民", unit.name if unit else ""


def to_check(ctx: Ctx, application: Application) -> None:
    workers = _staff(ctx, application, ("worker", "micro_leader"))
    number = application.id
    _to_group(
        ctx,
        application,
        "applied",
        f"【积分申请 {number}】{_masked(ctx, application)}\n看内容：看申请 {number}\n"
        f"请网格员核实后发：初审 {number}，或：不通过 {number} 理由",
        workers or _staff(ctx, application, ("village_staff",)),
    )


def to_approve(ctx: Ctx, application: Application) -> None:
    number = application.id
    _to_group(
        ctx,
        application,
        "proposed",
        f"【积分待批准 {number}】{_masked(ctx, application)}\n初审：{ctx.person.name}\n"
        f"看内容：看申请 {number}\n请村(社区)批准：批准 {number}，或：不通过 {number} 理由",
        _staff(ctx, application, ("village_staff",)),
    )
    if application.writer_id != ctx.person.id:
        to_person(ctx, application, "proposed", "初审通过，等村(社区)批准。")


def published(ctx: Ctx, application: Application) -> None:
    number, until = application.id, clock_time(application.public_until or ctx.now)
    village = ctx.registry.units[ctx.registry.village_of(application.unit_id)]
    _to_group(
        ctx,
        application,
        "public",
        f"【积分公示 {number}】{_masked(ctx, application)}\n公示到 {until}。"
        f"有不同意见请发：异议 {number} 理由\n全部公示：{ctx.county.base_url}/g/{village.code}",
        [],
    )
    to_person(ctx, application, "public", f"已批准，公示到 {until}，没有异议就记分。")


def objected(ctx: Ctx, application: Application, objection_id: int) -> None:
    """The group hears that there is an objection, not whose; who decides reads it in 看申请."""
    number = application.id
    _to_group(
        ctx,
        application,
        f"disputed:{objection_id}",
        f"【公示异议 {number}】有居民对 {_masked(ctx, application)} 提出异议，看内容：看申请 {number}\n"
        f"请村(社区)核实后发：异议不成立 {number} 理由，或：异议成立 {number} 理由",
        _staff(ctx, application, ("village_staff",)),
    )
    to_person(
        ctx,
        application,
        f"disputed:{objection_id}",
        "公示期间有居民提出异议，村(社区)正在核实，核实前不记分。",
    )


def settled(ctx: Ctx, application: Application, objection_id: int) -> None:
    """The objections were found wrong: it goes on being public."""
    until = clock_time(application.public_until or ctx.now)
    _to_group(
        ctx,
        application,
        f"settled:{objection_id}",
        f"【公示 {application.id}】异议经核实不成立，继续公示到 {until}。",
        [],
    )
    to_person(
        ctx, application, f"settled:{objection_id}", f"异议经核实不成立，继续公示到 {until}，没有异议就记分。"
    )


def rule_gone(ctx: JobCtx, application: Application) -> None:
    """Nobody can book it until the rule is back: who checked and approved it hears so, and the applicant."""
    number = application.id
    signed = {one for one in (application.proposer_id, application.approver_id) if one is not None}
    told = (
        f"积分申请 {number}：公示期满，但积分规则里没有“{application.rule}”了，不能入账。"
        "请管理员在 rules/points.toml 里恢复这一条，恢复后自动入账；"
        f"不再发放请村(社区)发：不通过 {number} 理由"
    )
    to_people(ctx, signed, f"application.rule_gone:{number}", told)
    why = "公示期满，但这一项的积分规则有变动，还没有入账，已请村(社区)处理。"
    to_person(ctx, application, "rule_changed", why)


def to_person(ctx: AnyCtx, application: Application, fact: str, text: str) -> None:
    """Tell the applicant, and who wrote for him, how it stands; not the speaker, who reads the answer."""
    speaker = ctx.person.id if isinstance(ctx, Ctx) else None
    ids = {application.person_id, application.writer_id} - {speaker}
    told = f"积分申请 {application.id}，{called(ctx, application)}：{text}"
    to_people(ctx, ids, f"application.{fact}:{application.id}", told)


def to_people(ctx: AnyCtx, person_ids: set[int], key: str, text: str) -> None:
    fact, _, number = key.partition(":")
    notify.persons(ctx, person_ids, text, fact=fact, key=number)


def _masked(ctx: Ctx, application: Application) -> str:
    name, unit = person_of(ctx, application)
    return f"{masked(name)}（{unit}）{called(ctx, application)}"


def _staff(ctx: Ctx, application: Application, roles: tuple[str, ...]) -> list[str]:
    """企业微信 accounts of those who hold one of the roles at the place, lowest unit first; not his own."""
    for unit in ctx.registry.chain(application.unit_id):
        ids = {who for role in roles for who, _, _ in people.holding(ctx.tx, role, [unit.id])}
        accounts = people.accounts_of(ctx.tx, ids - {application.person_id}, "aibot")
        if accounts:
            return sorted(accounts.values())
    return []


def _to_group(ctx: Ctx, application: Application, fact: str, text: str, mentions: list[str]) -> None:
    village = ctx.registry.units[ctx.registry.village_of(application.unit_id)]
    what, _, which = fact.partition(":")
    key = f"{application.id}:{which}"
    notify.group(ctx, village, text, fact=f"application.{what}", key=key, mentions=mentions)
