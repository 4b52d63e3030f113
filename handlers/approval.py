"""初审, 批准, 不通过: two people who do not benefit stand behind every application, then it is public."""

import hashlib
import re

from handlers import application_notices as notices
from handlers.application import propose
from handlers.applied import (
    APPROVERS,
    CHECKERS,
    LIST_MAX,
    TOPIC,
    find,
    is_family,
    lacks_photo,
    must_be,
    state_of,
)
from handlers.ctx import GAP, NUMBER, Ctx, Refused, areas, command, may
from handlers.days import DAY_SECONDS, clock_time
from handlers.names import masked
from store import applications, photos
from store.applications import Application

ACTORS = tuple(dict.fromkeys((*CHECKERS, *APPROVERS)))


@command("初审", grammar=NUMBER, roles=CHECKERS, usage="初审 编号", about="核实积分申请是真的", topic=TOPIC)
def check(ctx: Ctx, match: re.Match[str]) -> str:
    application = find(ctx, match["number"])
    _must_act(ctx, application, CHECKERS)
    must_be(application, "applied")
    if lacks_photo(ctx, application):
        raise Refused(f"申请 {application.id} 还缺照片，请申请人补发照片后再初审。")
    propose(ctx, application)
    return f"申请 {application.id} 初审通过，等村(社区)批准。"


@command(
    "批准", grammar=NUMBER, roles=APPROVERS, usage="批准 编号", about="批准积分申请，开始公示", topic=TOPIC
)
def approve(ctx: Ctx, match: re.Match[str]) -> str:
    application = find(ctx, match["number"])
    _must_act(ctx, application, APPROVERS)
    must_be(application, "proposed")
    if application.proposer_id == ctx.person.id:
        raise Refused("您做过初审，批准要由另一个人来做。")
    rule = ctx.county.rules.points.named(application.rule)
    if rule is None:
        raise Refused(f"积分规则里没有“{application.rule}”了，批准了也不能入账。请先恢复规则，或不通过。")
    published = applications.move(
        ctx.tx,
        application,
        "public",
        approver_id=ctx.person.id,
        approved_at=ctx.now,
        public_until=ctx.now + rule.public_days * DAY_SECONDS,
        evidence=_evidence(ctx, application),
    )
    notices.published(ctx, published)
    until = clock_time(published.public_until or ctx.now)
    return f"申请 {application.id} 已批准，公示到 {until}，没有异议就记分。"


def _evidence(ctx: Ctx, application: Application) -> str:
    """SHA-256 over the photos as they were when the village approved; "" without any."""
    kept = photos.of_application(ctx.tx, application.id)
    return (
        hashlib.sha256(b"".join(hashlib.sha256(each).digest() for each in kept)).hexdigest() if kept else ""
    )


@command(
    "不通过",
    "不批准",
    grammar=rf"{NUMBER}(?:{GAP}(?P<note>.+))?",
    roles=ACTORS,
    usage="不通过 编号 理由",
    about="不同意积分申请",
    topic=TOPIC,
)
def refuse(ctx: Ctx, match: re.Match[str]) -> str:
    application = find(ctx, match["number"])
    _must_act(ctx, application, CHECKERS if application.state == "applied" else APPROVERS)
    if not _is_stuck(ctx, application):
        must_be(application, "applied", "proposed")
    note = (match["note"] or "").strip()
    if not note:
        raise Refused(f"请写明理由，例如：不通过 {application.id} 当天没有这项活动。")
    refused = applications.move(
        ctx.tx, application, "refused", ended_at=ctx.now, ended_by=ctx.person.id, note=note
    )
    notices.to_person(ctx, refused, "refused", f"没有通过。理由：{note}")
    return f"申请 {application.id} 已记为不通过，理由会告诉申请人。"


def _is_stuck(ctx: Ctx, application: Application) -> bool:
    """Whether it was public for its days, for a rule that is gone: nobody else could end it."""
    is_over = application.public_until is not None and application.public_until <= ctx.now
    is_known = ctx.county.rules.points.named(application.rule) is not None
    return application.state == "public" and is_over and not is_known


def _must_act(ctx: Ctx, application: Application, roles: tuple[str, ...]) -> None:
    if is_family(ctx, application):
        raise Refused("这是您自己或您家的申请，要由别人来办。")
    if not may(ctx, application.unit_id, *roles):
        raise Refused(f"申请 {application.id} 现在是“{state_of(application)}”，不由您办。")


def waiting(ctx: Ctx) -> list[str]:
    """What waits for the speaker, a line each; for 待办."""
    lines = []
    for title, roles, states in (
        ("积分申请待初审", CHECKERS, ("applied",)),
        ("积分申请待批准", APPROVERS, ("proposed",)),
        ("公示异议待核实", APPROVERS, ("disputed",)),
    ):
        if not ctx.person.has(*roles):
            continue
        found = applications.in_units(ctx.tx, areas(ctx, *roles), states, LIST_MAX)
        own = [one for one in found if one.proposer_id != ctx.person.id or states != ("proposed",)]
        listed = [_line(ctx, one) for one in own if not is_family(ctx, one)]
        lines += [f"【{title}】", *listed] if listed else []
    return lines


def _line(ctx: Ctx, application: Application) -> str:
    name, unit = notices.person_of(ctx, application)
    lack = "（缺照片）" if lacks_photo(ctx, application) else ""
    return f"{application.id} {masked(name)}（{unit}）{notices.called(ctx, application)}{lack}"
