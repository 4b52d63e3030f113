"""分户: a member leaves with a share of the points that another member, or the village, agrees to."""

import re

from handlers.codes import new_code
from handlers.ctx import PROPOSAL, Ctx, Refused, command, may
from handlers.family import TOPIC
from handlers.household import may_leave, refuse_frozen, share
from handlers.whom import STEWARDS, home, tell
from store import households, people, splits, wallets
from store.splits import Split


@command(
    "分户",
    grammar=r"(?:带走)?(?P<points>\d{1,7})\s*(?:分|积分)?",
    usage="分户 分数",
    about="自己单独成一户，带走说好的积分，由家人同意",
    topic=TOPIC,
)
def ask(ctx: Ctx, match: re.Match[str]) -> str:
    """Who takes nothing along needs nobody's consent."""
    points = int(match["points"])
    household_id = households.of(ctx.tx, ctx.person.id)
    if household_id is None or len(_members(ctx, household_id)) < 2:
        raise Refused("您家只有您一个人，不用分户。")
    if any(one.person_id == ctx.person.id for one in splits.asked(ctx.tx, household_id)):
        raise Refused("您已经提出分户，等家人同意。不分了请发：取消分户")
    _check(ctx, household_id, ctx.person.id, points)
    splits.drop_elsewhere(ctx.tx, ctx.person.id, household_id, now=ctx.now)
    number = splits.add(
        ctx.tx, household_id=household_id, person_id=ctx.person.id, points=points, now=ctx.now
    )
    split = splits.get(ctx.tx, number)
    assert split is not None
    if not points:
        _carry_out(ctx, split)
        return "已分户，您单独成一户，积分 0 分。"
    who = ctx.person.name or "一位家人"
    text = f"{who}要分户，带走 {points} 分。同意请发“同意分户 {number}”，不同意可以不理。"
    told = tell(ctx, household_id, text, fact="family.split_asked", key=str(number), but=[ctx.person.id])
    hint = "" if told else "家里别人没有用微信，请到村(社区)办理。"
    return f"已提出分户（编号 {number}），带走 {points} 分，等一位家人或村(社区)同意。{hint}"


def _members(ctx: Ctx, household_id: int) -> list[tuple[int, str]]:
    """Who lives there, held still: two who left at once would leave points behind."""
    households.hold_still(ctx.tx, household_id)
    return households.members_of(ctx.tx, household_id)


@command(
    "同意分户",
    grammar=PROPOSAL,
    usage="同意分户 编号",
    about="家人分户，带走说好的积分",
    topic=TOPIC,
)
def agree(ctx: Ctx, match: re.Match[str]) -> str:
    split = splits.get(ctx.tx, int(match["number"]))
    if split is None or not _may_agree(ctx, split):
        raise Refused("没有这个编号的分户要您同意。")
    if split.person_id == ctx.person.id:
        raise Refused("自己提的分户，要由别的家人或村(社区)同意。")
    if split.state != "asked":
        raise Refused("这次分户已经办好或取消了。")
    members = dict(_members(ctx, split.household_id))
    if split.person_id not in members:
        raise Refused("提出分户的人已经不在这一户了。")
    if len(members) < 2:
        raise Refused("这一户只剩提出分户的人，不用分户。")
    _check(ctx, split.household_id, split.person_id, split.points)
    _carry_out(ctx, split)
    who = people.names(ctx.tx, [split.person_id]).get(split.person_id) or "这位家人"
    return f"已分户：{who}单独成一户，带走 {split.points} 分。"


def _may_agree(ctx: Ctx, split: Split) -> bool:
    if households.of(ctx.tx, ctx.person.id) == split.household_id:
        return True
    return may(ctx, home(ctx, households.get(ctx.tx, split.household_id)), *STEWARDS)


def _check(ctx: Ctx, household_id: int, person_id: int, points: int) -> None:
    refuse_frozen(ctx, household_id)
    may_leave(ctx, person_id)
    if wallets.owed(ctx.tx, household_id):
        raise Refused("这户还欠着积分，抵完以后再分户。")
    have = wallets.points(ctx.tx, household_id)
    if points > have:
        raise Refused(f"积分不够：要带走 {points} 分，家里现有 {have} 分。")


def _carry_out(ctx: Ctx, split: Split) -> None:
    """The member has a household of the own in the same place, and the share in it."""
    old = households.get(ctx.tx, split.household_id)
    name = people.names(ctx.tx, [split.person_id]).get(split.person_id, "")
    households.leave(ctx.tx, split.person_id, how="split", now=ctx.now)
    new = households.open_for(
        ctx.tx, split.person_id, code=new_code(), name=name, unit_id=old.unit_id, now=ctx.now
    )
    splits.end(ctx.tx, split, "done", by_id=ctx.person.id, now=ctx.now, new_id=new)
    share(ctx, old.id, new, split.points, key=f"split:{split.id}", reason=f"{name or '家人'}分户")
    for household_id in (old.id, new):
        text = f"{name or '一位家人'}已分户，带走 {split.points} 分。发“我家”可看。"
        tell(ctx, household_id, text, fact="family.split", key=str(split.id), but=[ctx.person.id])


@command("取消分户", usage="取消分户", about="不分户了", topic=TOPIC)
def cancel(ctx: Ctx, _match: re.Match[str]) -> str:
    household_id = households.of(ctx.tx, ctx.person.id)
    waiting = splits.asked(ctx.tx, household_id) if household_id is not None else []
    mine = next((one for one in waiting if one.person_id == ctx.person.id), None)
    if mine is None:
        raise Refused("您没有等待同意的分户。")
    splits.end(ctx.tx, mine, "dropped", by_id=ctx.person.id, now=ctx.now)
    return "已取消分户。"
