"""What the village keeps of its households: 注销成员 and 恢复成员, 继承."""

import re

from handlers import vouchers
from handlers.ctx import Ctx, Refused, command
from handlers.discipline import TOPIC
from handlers.household import may_leave, merge, refuse_frozen
from handlers.orders import give_back
from handlers.whom import (
    REASON,
    STEWARDS,
    WHOM,
    called,
    find,
    heard,
    is_meant,
    not_own,
    person,
    tell,
)
from store import households, people, redemptions, wallets
from store.households import Household
from store.tx import Conflict


@command(
    "注销成员",
    "死亡注销",
    grammar=rf"{WHOM}{REASON}",
    roles=STEWARDS,
    usage="注销成员 姓名 理由",
    about="去世的人从户里注销，积分留在户里",
    topic=TOPIC,
)
def remove(ctx: Ctx, match: re.Match[str]) -> str | None:
    if not is_meant(ctx, match, *STEWARDS):
        return None
    reason = (match["reason"] or "").strip()
    if not reason:
        raise Refused("请写明理由，例如：注销成员 李秀英 11月20日去世。")
    person_id, household = _member(ctx, match["whom"])
    not_own(ctx, household.id)
    may_leave(ctx, person_id)
    households.leave(ctx.tx, person_id, how="died", now=ctx.now)
    name = people.names(ctx.tx, [person_id])[person_id]
    if households.members_of(ctx.tx, household.id):
        tell(
            ctx,
            household.id,
            f"村(社区)已把{name}从您家注销：{reason}。积分仍归您家使用。有误请告诉村(社区)。",
            fact="family.died",
            key=f"{person_id}:{ctx.now}",
        )
        return f"已注销{name}，积分仍归这户使用。办错了请发：恢复成员 {match['whom']}"
    return _close(ctx, household, name)


def _close(ctx: Ctx, household: Household, name: str) -> str:
    """Nobody is left: what waits in the shop goes back, the points stay for the heirs."""
    refuse_frozen(ctx, household.id)
    for redemption in redemptions.held_of(ctx.tx, household.id):
        give_back(ctx, redemption, "cancelled")
    vouchers.give_back_all(ctx, household.id)
    households.close(ctx.tx, household.id, now=ctx.now)
    points = wallets.points(ctx.tx, household.id)
    left = f"户里还有 {points} 分，继承人来办时请发：继承 {household.code} 继承人 理由。" if points else ""
    return f"已注销{name}，户号 {household.code} 没有人了，已销户。{left}"


def _member(ctx: Ctx, whom: str) -> tuple[int, Household]:
    person_id = person(ctx, whom, *STEWARDS)
    household_id = households.of(ctx.tx, person_id)
    if household_id is None:
        raise Refused(f"{whom}不在任何户里。")
    return person_id, households.get(ctx.tx, household_id)


@command(
    "恢复成员",
    grammar=rf"{WHOM}",
    roles=STEWARDS,
    usage="恢复成员 姓名",
    about="注销错了，恢复到原来的户",
    topic=TOPIC,
)
def restore(ctx: Ctx, match: re.Match[str]) -> str | None:
    if not is_meant(ctx, match, *STEWARDS):
        return None
    person_id = person(ctx, match["whom"], *STEWARDS)
    last = next(iter(households.memberships(ctx.tx, person_id)), None)
    if last is None or last.ended_by != "died":
        raise Refused(f"{match['whom']}没有被注销。")
    household = households.get(ctx.tx, last.household_id)
    not_own(ctx, household.id)
    if household.closed_at is not None:
        households.reopen(ctx.tx, household.id)
    households.join(ctx.tx, household.id, person_id, now=ctx.now)
    name = people.names(ctx.tx, [person_id])[person_id]
    told = tell(ctx, household.id, f"{name}已恢复为您家成员。", fact="family.restored", key=str(ctx.now))
    return f"已恢复{name}，户号 {household.code}。{heard(told)}"


@command(
    "继承",
    "继承积分",
    grammar=rf"(?P<code>[A-Za-z0-9]{{8}})[\s,，:：、]+{WHOM}{REASON}",
    roles=STEWARDS,
    usage="继承 户号 继承人 理由",
    about="没有人的户，积分转给继承人家",
    topic=TOPIC,
)
def inherit(ctx: Ctx, match: re.Match[str]) -> str:
    reason = (match["reason"] or "").strip()
    if not reason:
        raise Refused(f"请写明理由，例如：继承 {match['code'].upper()} 王小满 独子，村委会证明。")
    old = find(ctx, match["code"], *STEWARDS)
    if old.closed_at is None:
        raise Refused("这一户还有人，不能继承。")
    heir = find(ctx, match["whom"], *STEWARDS)
    if heir.closed_at is not None:
        raise Refused("继承人的户已经销户了。")
    not_own(ctx, heir.id)
    points, owed = wallets.points(ctx.tx, old.id), wallets.owed(ctx.tx, old.id)
    if not points and not owed:
        raise Refused("这一户没有积分可以继承。")
    moved = merge(ctx, old.id, heir.id, key=f"inherit:{old.id}:{ctx.now}", reason=f"继承：{reason}")
    if moved != points:  # on PostgreSQL a colleague may have been faster since they were read
        raise Conflict
    debts = f"，连同欠的 {owed} 分" if owed else ""
    text = f"您家继承了户号 {old.code} 的 {points} 分{debts}：{reason}。经办人：{ctx.person.name}。"
    told = tell(ctx, heir.id, text, fact="family.inherited", key=f"{old.id}:{ctx.now}")
    return f"户号 {old.code} 的 {points} 分{debts}已转给{called(ctx, heir.id)}。{heard(told)}"
