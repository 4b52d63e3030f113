"""批准批次, 作废批次: a second person posts a month-end list of points in one statement, or drops it."""

import re

from handlers.announce import clip
from handlers.application_notices import title_of
from handlers.applied import APPROVERS, TOPIC
from handlers.batch import STATES, day_of
from handlers.ctx import NUMBER, Ctx, Refused, areas, command, may, refuse_in_group, saw
from handlers.days import clock_time
from handlers.earn import caps_of, cohort_of, town_of
from handlers.points_rules import PointsRule
from store import award_lists, batches, households, outbox, people
from store.awards import Award
from store.batches import Batch
from store.budgets import Budget
from store.caps import Exceeded
from store.ledger import Insufficient
from store.tx import Conflict

LIST_MAX = 10
BOOKED = "表里有的户已由别的批次记过，什么都没有记。请作废这批，核对后重新提交。"
CLIP = 24  # characters of a reason


@command(
    "看批次", grammar=NUMBER, roles=APPROVERS, usage="看批次 编号", about="月底批量积分的内容", topic=TOPIC
)
def look(ctx: Ctx, match: re.Match[str]) -> str:
    refuse_in_group(ctx, match, "名单")
    batch = _find(ctx, match["number"])
    subject = f"unit:{batch.unit_id}"
    saw(ctx, subject, f"看批次 {batch.id}")
    names = people.names(ctx.tx, [batch.proposer_id, *(line["person"] for line in batch.lines[:LIST_MAX])])
    listed = [
        f"{names[line['person']]} {line['points']} 分 {clip(line['reason'], CLIP)}"
        for line in batch.lines[:LIST_MAX]
    ]
    more = [f"……共 {len(batch.lines)} 户"] if len(batch.lines) > LIST_MAX else []
    told = f"提交：{names[batch.proposer_id]}，{clock_time(batch.at)}"
    return "\n".join([f"{_called(ctx, batch)}：{STATES[batch.state]}", told, *listed, *more])


@command(
    "批准批次", grammar=NUMBER, roles=APPROVERS, usage="批准批次 编号", about="月底批量积分入账", topic=TOPIC
)
def approve(ctx: Ctx, match: re.Match[str]) -> str:
    """Post all of a list or nothing of it; what is posted already tells the same again."""
    batch = _find(ctx, match["number"])
    if batch.state == "posted" and batch.ended_at is not None:
        return f"{_called(ctx, batch)}：{clock_time(batch.ended_at)} 已经入账。"
    _must_wait(ctx, batch)
    if batch.proposer_id == ctx.person.id:
        raise Refused("这批是您提交的，要由另一个人批准。")
    homes = _homes(ctx, batch)
    own = households.of(ctx.tx, ctx.person.id)
    if any(ctx.person.id == line["person"] or own == homes[line["household"]] for line in batch.lines):
        raise Refused("这批里有您家，要由另一个人批准。")
    rule = ctx.county.rules.points.named(batch.rule)
    if rule is None:
        raise Refused(f"积分规则里没有 {batch.rule} 了，请先改规则或作废这批。")
    if batches.booked(ctx.tx, [line["idem"] for line in batch.lines]):
        raise Refused(BOOKED)
    batches.end(ctx.tx, batch, "posted", now=ctx.now, approver_id=ctx.person.id)
    try:
        booked = award_lists.award_all(ctx.tx, _awards(ctx, batch, rule, homes), now=ctx.now)
    except Insufficient:
        raise Refused("本镇今年的积分预算不够，什么都没有记。请先追加预算。") from None
    except Conflict:
        raise Refused(BOOKED) from None
    except Exceeded as exceeded:
        raise Refused(_over(batch, homes, exceeded)) from None
    _tell(ctx, batch)
    waits = len(batch.lines) - booked
    later = f"其中 {waits} 户暂缓发放（冻结或正在核对账目），可以发放时自动补记。" if waits else ""
    return f"{_called(ctx, batch)}：已入账 {booked} 户。{later}"


def _over(batch: Batch, homes: dict[int, int], exceeded: Exceeded) -> str:
    """What was earned since the list was handed in left no room in a month's limit."""
    lines = [
        line["line"]
        for line in batch.lines
        if {("person", line["person"]), ("household", homes[line["household"]])} & exceeded.subjects
    ]
    shown = "、".join(map(str, lines[:LIST_MAX])) + (" 等" if len(lines) > LIST_MAX else "")
    return f"第 {shown} 行超过每月上限了，什么都没有记。请作废这批，改好表再提交。"


def _homes(ctx: Ctx, batch: Batch) -> dict[int, int]:
    """Where each household of the list gets its points: one that went into another since, in that one."""
    homes = {line["household"]: line["household"] for line in batch.lines}
    return homes | {gone: households.successor(ctx.tx, gone) for gone in households.closed(ctx.tx, homes)}


def _awards(ctx: Ctx, batch: Batch, rule: PointsRule, homes: dict[int, int]) -> list[Award]:
    rules = ctx.county.rules.points
    day = day_of(batch.month, ctx.now)
    budget = Budget(town_of(ctx, batch.unit_id), int(day[:4]), rule.group, rules.first_grant(rule))
    cohort = cohort_of(rules, day)
    # A list pays a month's work on one day: what a day allows is not asked.
    caps = tuple(cap for cap in caps_of(rules, rule) if cap.period == "month")
    return [
        Award(
            rule=rule.name,
            points=line["points"],
            person_id=line["person"],
            household_id=homes[line["household"]],
            reason=line["reason"],
            idem=line["idem"],
            cause=f"list:{batch.id}:{line['line']}",
            day=day,
            budget=budget,
            revision=ctx.county.rules.revision,
            caps=caps,
            cohort=cohort,
            actor_id=ctx.person.id,
            txn=f"batch:{batch.id}",
        )
        for line in batch.lines
    ]


@command(
    "作废批次", grammar=NUMBER, roles=APPROVERS, usage="作废批次 编号", about="不发这批积分", topic=TOPIC
)
def drop(ctx: Ctx, match: re.Match[str]) -> str:
    batch = _find(ctx, match["number"])
    _must_wait(ctx, batch)
    batches.end(ctx.tx, batch, "dropped", now=ctx.now)
    return f"{_called(ctx, batch)}：已作废，什么都没有记。"


def waiting(ctx: Ctx) -> list[str]:
    """Lists that wait for the speaker, a line each; for 待办."""
    if not ctx.person.has(*APPROVERS):
        return []
    found = batches.proposed(ctx.tx, areas(ctx, *APPROVERS), LIST_MAX)
    listed = [_called(ctx, one) for one in found if one.proposer_id != ctx.person.id]
    return ["【积分批次待批准】", *listed] if listed else []


def _find(ctx: Ctx, number: str) -> Batch:
    batch = batches.get(ctx.tx, int(number))
    if batch is None or not may(ctx, batch.unit_id, *APPROVERS):
        raise Refused(f"没有查到您能看的批次 {int(number)}，请核对编号。")
    return batch


def _must_wait(ctx: Ctx, batch: Batch) -> None:
    if batch.state != "proposed":
        raise Refused(f"{_called(ctx, batch)}：{STATES[batch.state]}，不能这样操作。")


def _called(ctx: Ctx, batch: Batch) -> str:
    points = sum(line["points"] for line in batch.lines)
    title = title_of(ctx, batch.rule)
    return f"批次 {batch.id} {batch.month} {title} {len(batch.lines)} 户 {points} 分"


def _tell(ctx: Ctx, batch: Batch) -> None:
    unit = ctx.registry.units[ctx.registry.village_of(batch.unit_id)]
    row = outbox.row(
        channel="group",
        address=unit.group_webhook,
        unit_id=unit.id,
        text=f"【积分发放】{_called(ctx, batch)}\n名单（姓名隐去）："
        f"{ctx.county.base_url}/g/{unit.code}/points/{batch.month}",
        fact="batch.posted",
        idem=f"batch.posted:{batch.id}",
        now=ctx.now,
    )
    outbox.add(ctx.tx, [row])
