"""冻结积分, 解冻 and 扣分: measures against a household, each told with the way to appeal."""

import re

from handlers.codes import new_token
from handlers.ctx import GAP, Ctx, Refused, command
from handlers.days import DAY_SECONDS, clock_time
from handlers.whom import REASON, STEWARDS, WHOM, WHY, called, find, heard, is_meant, not_own, tell
from store import ledger, measures, wallets
from store.households import Household
from store.ledger import Frozen, Insufficient
from store.measures import FREEZE, Measure

TOPIC = "积分管理"
LETTERS = {"冻": measures.FREEZE, "扣": measures.PENALTY}
POINTS_MAX = 100_000


def number_of(kind: str, number: int) -> str:
    """What a measure is called: 冻3, 扣12."""
    return next(letter for letter, one in LETTERS.items() if one == kind) + str(number)


@command(
    "冻结积分",
    "冻结",
    grammar=rf"{WHOM}{REASON}",
    roles=STEWARDS,
    usage="冻结积分 户 理由",
    about="这户的积分暂时不能动，可以申诉",
    topic=TOPIC,
)
def freeze(ctx: Ctx, match: re.Match[str]) -> str | None:
    if not is_meant(ctx, match, *STEWARDS):
        return None
    household, reason = _against(ctx, match, "冻结积分 李秀英 涉嫌虚报")
    if measures.open_freeze(ctx.tx, household.id):
        raise Refused(f"{called(ctx, household.id)}的积分已经冻结了。")
    number = measures.freeze(ctx.tx, household.id, reason=reason, by_id=ctx.person.id, now=ctx.now)
    name = number_of(FREEZE, number)
    told = _tell(ctx, household.id, f"您家的积分已被冻结，暂时不能使用：{reason}", name)
    return f"已冻结{called(ctx, household.id)}的积分，编号 {name}。冻结期间新得的积分先记着。{heard(told)}"


@command(
    "解冻",
    "解冻积分",
    grammar=rf"{WHOM}{REASON}",
    roles=STEWARDS,
    usage="解冻 户 理由",
    about="恢复使用，冻结期间的积分补记",
    topic=TOPIC,
)
def unfreeze(ctx: Ctx, match: re.Match[str]) -> str | None:
    if not is_meant(ctx, match, *STEWARDS):
        return None
    household, reason = _against(ctx, match, "解冻 李秀英 已查清")
    frozen = measures.open_freeze(ctx.tx, household.id)
    if frozen is None:
        raise Refused(f"{called(ctx, household.id)}的积分没有冻结。")
    return f"已解冻{called(ctx, household.id)}的积分。{heard(lift(ctx, frozen, reason))}"


def lift(ctx: Ctx, frozen: Measure, reason: str) -> int:
    """End a freeze; how many of the household were told."""
    measures.lift(ctx.tx, frozen, by_id=ctx.person.id, now=ctx.now)
    text = f"您家的积分已解冻，可以使用了：{reason}。冻结期间得到的积分会自动补记。"
    return tell(ctx, frozen.household_id, text, fact="points.unfrozen", key=str(frozen.id))


@command(
    "扣分",
    "扣积分",
    grammar=rf"{WHOM}{GAP}(?P<points>\d{{1,6}})\s*(?:分|积分)?{WHY}",
    roles=STEWARDS,
    usage="扣分 户 分数 理由",
    about="最多扣到 0 分，可以申诉",
    topic=TOPIC,
)
def penalise(ctx: Ctx, match: re.Match[str]) -> str | None:
    if not is_meant(ctx, match, *STEWARDS):
        return None
    household, reason = _against(ctx, match, "扣分 李秀英 20 乱倒垃圾")
    asked = int(match["points"])
    if not 0 < asked <= POINTS_MAX:
        raise Refused(f"分数要在 1 到 {POINTS_MAX} 之间。")
    if measures.open_freeze(ctx.tx, household.id):
        raise Refused(f"{called(ctx, household.id)}的积分冻结着，什么都不能动，请先解冻。")
    have = wallets.points(ctx.tx, household.id)
    points = min(asked, have)
    if not points:
        raise Refused(f"{called(ctx, household.id)}现在没有积分，扣不了。")
    name = number_of(measures.PENALTY, _take(ctx, household.id, points, reason))
    told = _tell(ctx, household.id, f"您家被扣 {points} 分：{reason}", name)
    less = f"（只有 {have} 分，扣到 0 为止）" if points < asked else ""
    return f"已扣{called(ctx, household.id)} {points} 分{less}，编号 {name}。{heard(told)}"


def _take(ctx: Ctx, household_id: int, points: int, reason: str) -> int:
    """A penalty takes at most what is there: what a household does not have is not made a debt."""
    try:
        taken = wallets.spend(
            ctx.tx,
            household_id,
            points,
            kind="penalty",
            credit=ledger.account(ctx.tx, "penalty"),
            txn=f"penalty:{new_token()}",
            reason=f"扣分：{reason}",
            now=ctx.now,
            actor_id=ctx.person.id,
        )
    except (Insufficient, Frozen):
        raise Refused("这户的积分刚刚有变动，请再发一次。") from None
    return measures.penalise(
        ctx.tx, household_id, points=points, reason=reason, by_id=ctx.person.id, xfer_id=taken[0], now=ctx.now
    )


def _against(ctx: Ctx, match: re.Match[str], example: str) -> tuple[Household, str]:
    """The household and the reason, where the speaker may decide about it."""
    reason = (match["reason"] or "").strip()
    if not reason:
        raise Refused(f"请写明理由，例如：{example}。")
    household = find(ctx, match["whom"], *STEWARDS)
    not_own(ctx, household.id)
    if household.closed_at is not None:
        raise Refused("这一户已经并入别户或注销了。")
    return household, reason


def _tell(ctx: Ctx, household_id: int, what: str, name: str) -> int:
    days = ctx.county.rules.points.limits.appeal_days
    until = clock_time(ctx.now + days * DAY_SECONDS)
    text = f"{what}。经办人：{ctx.person.name}。有异议请在 {until} 前发“申诉 {name} 理由”，由别人复核。"
    return tell(ctx, household_id, text, fact="points.measure", key=name)


NAME = rf"(?:编号)?{GAP}(?P<letter>[冻扣])?{GAP}(?P<number>\d{{1,9}})"
