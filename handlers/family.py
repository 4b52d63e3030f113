"""我家: who earns and spends together; 邀请家人, 加入 by a code, and 撤销加入 while it is fresh."""

import re

from handlers.codes import LONG, keyed, told
from handlers.ctx import GAP, Ctx, Refused, command, refuse_in_group
from handlers.days import DAY_SECONDS, clock_time
from handlers.discipline import number_of
from handlers.earn import household_of
from handlers.household import may_leave, merge, refuse_frozen, take_back
from handlers.join import refuse_locked, wrong_try
from handlers.whom import called, tell
from store import households, invitations, measures, moves, people, shop, splits, vouchers, wallets
from store.households import Membership

TOPIC = "家庭"
CODE_DAYS = 3
MEMBERS_MAX = 20
UNDO_SECONDS = DAY_SECONDS


@command("我家", "我的家", "家庭积分", usage="我家", about="家里有谁、有多少积分", topic=TOPIC)
def show(ctx: Ctx, match: re.Match[str]) -> str:
    refuse_in_group(ctx, match, "家里的情况")
    household_id = household_of(ctx.tx, ctx.person.id, now=ctx.now)
    household = households.get(ctx.tx, household_id)
    names = [name or "未登记姓名" for _, name in households.members_of(ctx.tx, household_id)]
    lines = [
        f"户号 {household.code}，{len(names)} 人：{'、'.join(names)}",
        f"积分 {wallets.points(ctx.tx, household_id)} 分",
    ]
    promised = vouchers.promised(ctx.tx, household_id)
    if held := wallets.held(ctx.tx, household_id) - promised:
        lines[1] += f"，另有 {held} 分已换商品"
    if promised:
        lines[1] += f"，{promised} 分备作离线券"
    if owed := wallets.owed(ctx.tx, household_id):
        lines[1] += f"，欠 {owed} 分（以后得分先抵）"
    for order in shop.held_of(ctx.tx, household_id):
        points = sum(line.points for line in shop.lines_of(ctx.tx, order.id) if line.state == "held")
        lines.append(f"待领商品 {points} 分，请在 {clock_time(order.expires_at)} 前领取")
    lines += _measures(ctx, household_id)
    if (move := moves.asked(ctx.tx, household_id)) is not None:
        where = ctx.registry.full_name(move.unit_id)
        lines.append(f"要迁到{where}：同意请发“同意迁入 {move.id}”，没有搬请发“不同意迁入 {move.id}”")
    for split in splits.asked(ctx.tx, household_id):
        who = people.names(ctx.tx, [split.person_id]).get(split.person_id) or "一位家人"
        lines.append(f"{who}要分户，带走 {split.points} 分：同意请发“同意分户 {split.id}”")
    return "\n".join(lines)


def _measures(ctx: Ctx, household_id: int) -> list[str]:
    days = ctx.county.rules.points.limits.appeal_days
    lines = []
    for one in measures.since(ctx.tx, household_id, ctx.now - days * DAY_SECONDS):
        what = "积分冻结" if one.kind == measures.FREEZE else f"扣 {one.points} 分"
        if one.stands:
            state = "，申诉复核中" if one.appealed_at and one.decided_by is None else ""
            lines.append(f"{number_of(one.kind, one.id)} {what}：{one.reason}{state}")
    return lines


@command("邀请家人", "邀请家庭成员", usage="邀请家人", about="得到邀请码，发给要加入的家人", topic=TOPIC)
def invite(ctx: Ctx, match: re.Match[str]) -> str:
    refuse_in_group(ctx, match, "邀请码")
    household_id = household_of(ctx.tx, ctx.person.id, now=ctx.now)
    if len(households.members_of(ctx.tx, household_id)) >= MEMBERS_MAX:
        raise Refused(f"一户最多 {MEMBERS_MAX} 人。")
    code = told(ctx.county.secret, ctx.message, "code")
    until = ctx.now + CODE_DAYS * DAY_SECONDS
    row = {"person_id": ctx.person.id, "code_hash": _hash(ctx, code.value), "expires_at": until}
    invitations.add_all(ctx.tx, [row])
    return (
        f"邀请码：{code.mark}\n请家人在 {clock_time(until)} 前给我发：加入 {code.mark}\n"
        "只能用一次，积分以后一起用。"
    )


def _hash(ctx: Ctx, code: str) -> str:
    return keyed(ctx.county.secret, "family", code)


@command(
    "加入",
    "加入家庭",
    grammar=rf"(?:邀请码)?{GAP}(?P<code>{LONG})",
    usage="加入 邀请码",
    about="和家人合成一户，积分并到一起",
    topic=TOPIC,
)
def enter(ctx: Ctx, match: re.Match[str]) -> str:
    """A wrong code is an answer, not a refusal: the count of wrong tries must be kept."""
    refuse_locked(ctx)
    found = invitations.find(ctx.tx, code_hash=_hash(ctx, match["code"]), now=ctx.now)
    household_id = households.of(ctx.tx, found[1]) if found else None
    if found is None or household_id is None:
        return wrong_try(ctx, "邀请码不对，或者已经用过、过期了")
    old = households.of(ctx.tx, ctx.person.id)
    _check(ctx, old, household_id)
    invitations.use(ctx.tx, found[0], now=ctx.now)
    moved = _move_in(ctx, old, household_id)
    assert ctx.account is not None
    people.set_tries(ctx.tx, ctx.account.id, wrong_tries=0, locked_until=0)
    who = ctx.person.name or "一位家人"
    text = f"{who}加入了您家" + (f"，带来 {moved} 分。" if moved else "。") + "积分以后一起用，发“我家”可看。"
    key = f"{household_id}:{found[0]}"
    tell(ctx, household_id, text, fact="family.joined", key=key, but=[ctx.person.id])
    brought = f"，您的 {moved} 分已并入" if moved else ""
    return f"已加入{called(ctx, household_id)}{brought}。弄错了可在 24 小时内发“撤销加入”。"


def _check(ctx: Ctx, old: int | None, new: int) -> None:
    if old == new:
        raise Refused("您已经在这一户了。")
    if old is not None and len(households.members_of(ctx.tx, old)) > 1:
        raise Refused("您现在和家人在一户，请先发“分户 分数”说好带走多少积分，再加入。")
    if len(households.members_of(ctx.tx, new)) >= MEMBERS_MAX:
        raise Refused(f"一户最多 {MEMBERS_MAX} 人。")
    refuse_frozen(ctx, new)
    may_leave(ctx, ctx.person.id)


def _move_in(ctx: Ctx, old: int | None, new: int) -> int:
    """Leave the old household, which ends with its only member, and take along what it holds; the points."""
    if old is not None:
        households.leave(ctx.tx, ctx.person.id, how="moved", now=ctx.now)
        households.close(ctx.tx, old, now=ctx.now)
    membership = households.join(ctx.tx, new, ctx.person.id, now=ctx.now)
    if old is None:
        return 0
    return merge(ctx, old, new, key=_key(membership), reason=f"{ctx.person.name or '家人'}加入")


def _key(membership: int) -> str:
    return f"join:member:{membership}"


@command("撤销加入", usage="撤销加入", about="加入 24 小时内可以退回原来的户", topic=TOPIC)
def undo(ctx: Ctx, _match: re.Match[str]) -> str:
    history = households.memberships(ctx.tx, ctx.person.id)
    current = history[0] if history and history[0].until is None else None
    before = history[1] if len(history) > 1 and history[1].ended_by == "moved" else None
    if current is None or before is None or not _is_fresh(ctx, current, before):
        raise Refused("没有 24 小时以内的加入可以撤销。要分开请发：分户 分数")
    refuse_frozen(ctx, current.household_id)
    may_leave(ctx, ctx.person.id)
    take_back(ctx, before.household_id, _key(current.id), reason="撤销加入")
    households.leave(ctx.tx, ctx.person.id, how="moved", now=ctx.now)
    households.reopen(ctx.tx, before.household_id)
    households.join(ctx.tx, before.household_id, ctx.person.id, now=ctx.now)
    who = ctx.person.name or "一位家人"
    text = f"{who}撤销了加入，带来的积分已带回。"
    tell(ctx, current.household_id, text, fact="family.undone", key=str(current.id))
    return f"已撤销，您回到原来的户，现有 {wallets.points(ctx.tx, before.household_id)} 分。"


def _is_fresh(ctx: Ctx, current: Membership, before: Membership) -> bool:
    """A household ends when its only member joins another; where it did not, there is nothing to undo."""
    if current.since != before.until or ctx.now - current.since > UNDO_SECONDS:
        return False
    return households.get(ctx.tx, before.household_id).closed_at is not None
