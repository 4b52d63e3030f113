"""迁入: a household comes to another village with all it has, when it, or who knows it, agrees."""

import re

from handlers import family, notify
from handlers.applied import CHECKERS
from handlers.ctx import PROPOSAL, Ctx, Refused, areas, command, may
from handlers.days import DAY_SECONDS
from handlers.discipline import TOPIC
from handlers.household import refuse_frozen
from handlers.names import masked
from handlers.whom import STEWARDS, called, heard, home, tell, tell_group
from store import households, moves, people
from store.households import Household
from store.moves import Move

MOVE_DAYS = 15


@command(
    "迁入",
    grammar=r"(?P<code>[A-Za-z0-9]{8})[\s,，:：、]*(?P<unit>\S{0,30})",
    roles=STEWARDS,
    usage="迁入 户号 网格",
    about="一户搬到本村(社区)，由这户或原网格员同意",
    topic=TOPIC,
)
def ask(ctx: Ctx, match: re.Match[str]) -> str:
    """A number alone moves nobody: it stands on a card that anybody may see.

    Within the speaker's own area nobody else need agree.
    """
    household = households.by_code(ctx.tx, match["code"].upper())
    if household is None or household.closed_at is not None:
        raise Refused("没有这个户号，请让这户发“我家”查看。")
    refuse_frozen(ctx, household.id)  # whoever froze it decides whether it is lifted
    unit_id = _destination(ctx, match["unit"])
    before = home(ctx, household)
    if before == unit_id:
        raise Refused(f"{called(ctx, household.id)}已经在{ctx.registry.full_name(unit_id)}了。")
    moves.drop_old(ctx.tx, household.id, before=ctx.now - MOVE_DAYS * DAY_SECONDS, now=ctx.now)
    if moves.asked(ctx.tx, household.id) is not None:
        raise Refused("这户已有一次迁入在等同意。")
    number = moves.add(
        ctx.tx, household_id=household.id, unit_id=unit_id, asked_by=ctx.person.id, now=ctx.now
    )
    move = moves.get(ctx.tx, number)
    assert move is not None
    if before in areas(ctx, *STEWARDS):
        return _carry_out(ctx, move)
    return _ask(ctx, household, move)


def _destination(ctx: Ctx, named: str) -> int:
    """The unit of the speaker's area that is named; without a name the area itself."""
    if not named:
        return next(post.unit_id for post in ctx.person.posts if post.role in STEWARDS)
    units = [ctx.registry.units[unit_id] for unit_id in areas(ctx, *STEWARDS)]
    found = [unit.id for unit in units if unit.name == named] or [u.id for u in units if named in u.name]
    if len(found) != 1:
        raise Refused(f"您的辖区里{'有几个' if found else '没有'}“{named}”，请写网格的全名。")
    return found[0]


def _ask(ctx: Ctx, household: Household, move: Move) -> str:
    where = ctx.registry.full_name(move.unit_id)
    told = tell(
        ctx,
        household.id,
        f"{where}要把您家迁过去，积分和记录都跟着走。同意请发“同意迁入 {move.id}”，"
        f"不是您家要办的请发“不同意迁入 {move.id}”。",
        fact="family.move_asked",
        key=move.id,
    )
    text = (
        f"【迁出待同意 {move.id}】{masked(household.name)}家要迁到{where}。"
        f"请网格员问过这户后发：同意迁入 {move.id}，或：不同意迁入 {move.id}"
    )
    tell_group(
        ctx, _asked_at(ctx, household, move), "village", text, fact="family.move_asked", key=str(move.id)
    )
    by = "等这户或原来的网格员同意" if told else "这户没有人用微信，等原来的网格员问过后同意"
    return f"已提出迁入（编号 {move.id}），{by}。"


def _asked_at(ctx: Ctx, household: Household, move: Move) -> int:
    """Whose grid worker knows the household; where nobody knows where it lived, of where it goes."""
    lived = household.unit_id
    return lived if lived is not None and lived in ctx.registry.units else move.unit_id


@command(
    "同意迁入",
    grammar=PROPOSAL,
    usage="同意迁入 编号",
    about="家搬到别的村(社区)，积分跟着走",
    topic=family.TOPIC,
)
def agree(ctx: Ctx, match: re.Match[str]) -> str:
    move = _waiting(ctx, match)
    refuse_frozen(ctx, move.household_id)
    return _carry_out(ctx, move)


@command(
    "不同意迁入",
    grammar=PROPOSAL,
    usage="不同意迁入 编号",
    about="家没有搬，不迁",
    topic=family.TOPIC,
)
def refuse(ctx: Ctx, match: re.Match[str]) -> str:
    move = _waiting(ctx, match)
    moves.end(ctx.tx, move, "dropped", by_id=ctx.person.id, now=ctx.now)
    notify.persons(
        ctx, [move.asked_by], f"迁入 {move.id} 没有同意，没有迁。", fact="family.move_refused", key=move.id
    )
    return f"已记录，{called(ctx, move.household_id)}不迁。"


def _waiting(ctx: Ctx, match: re.Match[str]) -> Move:
    """The move of this number that waits, if the speaker is one of those who may decide about it."""
    move = moves.get(ctx.tx, int(match["number"]))
    if move is None or not _may_agree(ctx, move):
        raise Refused("没有这个编号的迁入要您同意。")
    is_gone = households.get(ctx.tx, move.household_id).closed_at is not None
    if is_gone or move.state != "asked" or move.at <= ctx.now - MOVE_DAYS * DAY_SECONDS:
        raise Refused("这次迁入已经办好、取消或过期了。")
    return move


def _may_agree(ctx: Ctx, move: Move) -> bool:
    if households.of(ctx.tx, ctx.person.id) == move.household_id:
        return True
    unit_id = _asked_at(ctx, households.get(ctx.tx, move.household_id), move)
    return ctx.person.id != move.asked_by and may(ctx, unit_id, *CHECKERS, *STEWARDS)


def _carry_out(ctx: Ctx, move: Move) -> str:
    household = households.get(ctx.tx, move.household_id)
    before, where = home(ctx, household), ctx.registry.full_name(move.unit_id)
    moves.end(ctx.tx, move, "done", by_id=ctx.person.id, now=ctx.now)
    households.change(ctx.tx, household.id, unit_id=move.unit_id)
    for person_id, _ in households.members_of(ctx.tx, household.id):
        people.change(ctx.tx, person_id, unit_id=move.unit_id)
    told = tell(
        ctx,
        household.id,
        f"您家已迁入{where}，积分和记录都在。不是您家要办的，请告诉村(社区)。",
        fact="family.moved",
        key=move.id,
        but=[ctx.person.id],
    )
    text = f"【迁出】{masked(household.name)}家已迁到{where}，积分随户转走。"
    tell_group(ctx, before, "village", text, fact="family.moved_out", key=str(move.id))
    done = f"{called(ctx, household.id)}已迁入{where}。"
    if move.asked_by != ctx.person.id:
        notify.persons(ctx, [move.asked_by], done, fact="family.move_agreed", key=move.id)
    is_own = households.of(ctx.tx, ctx.person.id) == household.id
    return done if is_own else f"{done}{heard(told)}"
