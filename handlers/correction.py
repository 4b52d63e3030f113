"""更正: an award that should not have been is reversed, never rewritten; a large one by two people."""

import re

from handlers.ctx import GAP, PROPOSAL, Ctx, Refused, command, may, refuse_in_group, saw
from handlers.days import clock_time
from handlers.discipline import TOPIC
from handlers.household import settle_in
from handlers.whom import STEWARDS, WHOM, WHY, called, find, heard, home, is_meant, not_own, tell, tell_group
from store import households, reversals, wallets
from store.reversals import Given, Reversal

CORRECTORS = ("shop_supervisor", "dispatcher", "leader")
READERS = (*STEWARDS, "shop_supervisor", "auditor")
ENTRIES_MAX = 20


@command(
    "户明细",
    grammar=rf"{WHOM}",
    roles=READERS,
    usage="户明细 户",
    about="看一户的积分和流水号",
    topic=TOPIC,
)
def entries(ctx: Ctx, match: re.Match[str]) -> str | None:
    if not is_meant(ctx, match, *READERS):
        return None
    refuse_in_group(ctx, match, "别人家的积分")
    household = find(ctx, match["whom"], *READERS)
    if households.of(ctx.tx, ctx.person.id) != household.id:
        subject = f"household:{household.id}"
        saw(ctx, subject, "户明细")
    found = wallets.entries(ctx.tx, household.id, ENTRIES_MAX)
    owed = wallets.owed(ctx.tx, household.id)
    debt = f"，欠 {owed} 分" if owed else ""
    points = wallets.points(ctx.tx, household.id)
    head = f"{called(ctx, household.id)}（户号 {household.code}）现有 {points} 分{debt}"
    lines = [
        f"{one.xfer} {clock_time(one.at)} {one.amount:+d} 分 {one.reason}，余 {one.after} 分" for one in found
    ]
    return "\n".join([head, *lines])


@command(
    "更正",
    "冲正",
    grammar=rf"(?:流水号?|积分)?{GAP}(?P<number>\d{{1,18}}){WHY}",
    roles=CORRECTORS,
    usage="更正 流水号 理由",
    about="收回一笔不该发的积分",
    topic=TOPIC,
)
def correct(ctx: Ctx, match: re.Match[str]) -> str:
    given = _award(ctx, int(match["number"]))
    reason = (match["reason"] or "").strip()
    if not reason:
        raise Refused(f"请写明理由，例如：更正 {given.xfer_id} 照片是别处的。")
    household_id = households.successor(ctx.tx, given.household_id)
    not_own(ctx, household_id)
    if standing := reversals.standing(ctx.tx, given.xfer_id):
        state = "已经更正过了" if standing.state == "done" else "正等另一位同意"
        raise Refused(f"流水 {given.xfer_id} {state}。")
    most = ctx.county.rules.points.limits.reverse_alone
    is_small = given.points <= most
    number = reversals.add(
        ctx.tx,
        given,
        household_id=given.household_id,
        reason=reason,
        by_id=ctx.person.id,
        is_done=is_small,
        now=ctx.now,
    )
    if is_small:
        return _carry_out(ctx, given, reason, number)
    text = (
        f"【积分更正】有一笔 {given.points} 分的更正（编号 {number}）超过 {most} 分，"
        f"要另一位同意：请发“同意更正 {number}”或“不同意更正 {number}”。"
    )
    unit_id = home(ctx, households.get(ctx.tx, household_id))
    for level in ("village", "town"):
        tell_group(ctx, unit_id, level, text, fact="points.reversal_asked", key=str(number))
    return f"这笔有 {given.points} 分，超过 {most} 分，要另一位监督员或镇里同意，编号 {number}。"


def _award(ctx: Ctx, number: int) -> Given:
    given = reversals.award(ctx.tx, number)
    if given is not None:
        household = households.get(ctx.tx, households.successor(ctx.tx, given.household_id))
        if may(ctx, home(ctx, household), *CORRECTORS):
            return given
    raise Refused("您的辖区里没有这个流水号的得分。流水号请用“户明细 姓名”查看。")


def _carry_out(ctx: Ctx, given: Given, reason: str, number: int) -> str:
    """Reverse the award; what is missing because it was spent becomes a debt, and follows the household."""
    household_id = households.successor(ctx.tx, given.household_id)
    for one in {given.household_id, household_id}:
        if households.is_frozen(ctx.tx, one):
            raise Refused("这户的积分冻结着，什么都不能动，请先解冻。")
    wallets.take_back(
        ctx.tx,
        given.xfer_id,
        given.household_id,
        reason=f"更正：{reason}",
        now=ctx.now,
        actor_id=ctx.person.id,
    )
    settle_in(ctx, given.household_id, key=f"reversal:{number}", reason=f"更正：{reason}")
    owed = wallets.owed(ctx.tx, household_id)
    debt = f"已用掉的部分记欠 {owed} 分，以后得分先抵。" if owed else ""
    text = (
        f"您家 {clock_time(given.at)} 的 {given.points} 分（{given.reason}）已收回：{reason}。{debt}"
        f"经办人：{ctx.person.name}。有疑问请联系村(社区)。"
    )
    told = tell(ctx, household_id, text, fact="points.reversed", key=str(given.xfer_id))
    return (
        f"已收回{called(ctx, household_id)}的 {given.points} 分（流水 {given.xfer_id}）。{debt}{heard(told)}"
    )


@command(
    "同意更正",
    grammar=PROPOSAL,
    roles=CORRECTORS,
    usage="同意更正 编号",
    about="大额更正的第二人",
    topic=TOPIC,
)
def agree(ctx: Ctx, match: re.Match[str]) -> str:
    reversal, given = _asked(ctx, match)
    reversals.decide(ctx.tx, reversal, "done", by_id=ctx.person.id, now=ctx.now)
    return _carry_out(ctx, given, reversal.reason, reversal.id)


@command(
    "不同意更正", grammar=PROPOSAL, roles=CORRECTORS, usage="不同意更正 编号", about="不收回", topic=TOPIC
)
def refuse(ctx: Ctx, match: re.Match[str]) -> str:
    reversal, given = _asked(ctx, match)
    reversals.decide(ctx.tx, reversal, "dropped", by_id=ctx.person.id, now=ctx.now)
    return f"更正 {reversal.id} 不同意，流水 {given.xfer_id} 的 {given.points} 分不收回。"


def _asked(ctx: Ctx, match: re.Match[str]) -> tuple[Reversal, Given]:
    reversal = reversals.get(ctx.tx, int(match["number"]))
    if reversal is None:
        raise Refused("没有这个编号的更正。")
    given = _award(ctx, reversal.xfer_id)
    if reversal.state != "asked":
        raise Refused(f"更正 {reversal.id} 已经有结果了。")
    if reversal.by_id == ctx.person.id:
        raise Refused("这是您提出的，要由另一位同意。")
    not_own(ctx, households.successor(ctx.tx, given.household_id))
    return reversal, given
