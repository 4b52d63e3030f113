"""申诉: a household against a freeze or penalty; 申诉成立, 申诉不成立 by another than who imposed it."""

import re

from handlers.ctx import Ctx, Refused, areas, command, may, refuse_in_group, saw
from handlers.days import DAY_SECONDS, clock_time
from handlers.discipline import LETTERS, NAME, TOPIC, lift, number_of
from handlers.household import settle_in
from handlers.whom import STEWARDS, WHY, called, heard, home, not_own, tell, tell_group
from store import households, ledger, measures, wallets
from store.measures import FREEZE, Measure

LISTED_MAX = 10


@command(
    "申诉",
    grammar=rf"(?:{NAME})?{WHY}",
    usage="申诉 编号 理由",
    about="对扣分、冻结有异议，由别人复核",
    topic="家庭",
)
def appeal(ctx: Ctx, match: re.Match[str]) -> str | None:
    """Without a number the only measure that may be appealed against; else it is a report after all."""
    household_id = households.of(ctx.tx, ctx.person.id)
    days = ctx.county.rules.points.limits.appeal_days
    recent = measures.since(ctx.tx, household_id, ctx.now - days * DAY_SECONDS) if household_id else []
    measure = _own(recent, match)
    if measure is None:
        if match["letter"] or (match["number"] and not match["reason"]):
            raise Refused(f"没有可以申诉的这个编号。扣分、冻结要在 {days} 天内申诉。")
        return None
    name = number_of(measure.kind, measure.id)
    reason = (match["reason"] or "").strip()
    if not reason:
        raise Refused(f"请写明理由，例如：申诉 {name} 那天我不在家。")
    if measure.appealed_at is not None:
        raise Refused(
            f"{name} 已经申诉过了，" + ("正在复核。" if measure.decided_by is None else "已有结果。")
        )
    measures.appeal(ctx.tx, measure, reason, now=ctx.now)
    text = f"【积分申诉】有一件申诉（{name}）等待复核，请由原经办人以外的人发“申诉列表”办理。"
    unit_id = home(ctx, households.get(ctx.tx, measure.household_id))
    for level in ("village", "town"):
        tell_group(ctx, unit_id, level, text, fact="points.appealed", key=name)
    return f"已收到对 {name} 的申诉，由原经办人以外的人复核，结果会告诉您。"


def _own(recent: list[Measure], match: re.Match[str]) -> Measure | None:
    """The measure that is meant: by its number, or the only one without an appeal."""
    if match["number"]:
        kind = LETTERS.get(match["letter"] or "")
        named = [m for m in recent if m.id == int(match["number"]) and kind in (None, m.kind)]
        return named[0] if len(named) == 1 else None
    fresh = [m for m in recent if m.appealed_at is None and m.stands]
    return fresh[0] if len(fresh) == 1 else None


@command("申诉列表", "申诉待办", roles=STEWARDS, usage="申诉列表", about="辖区里等待复核的申诉", topic=TOPIC)
def waiting(ctx: Ctx, match: re.Match[str]) -> str:
    refuse_in_group(ctx, match, "申诉")
    found = measures.undecided(ctx.tx, areas(ctx, *STEWARDS), LISTED_MAX)
    if not found:
        return "没有等待复核的申诉。"
    lines = []
    for one in found:
        subject = f"household:{one.household_id}"
        saw(ctx, subject, "申诉列表")
        what = "冻结" if one.kind == FREEZE else f"扣 {one.points} 分"
        mine = "（您经办的，要由别人复核）" if one.by_id == ctx.person.id else ""
        lines.append(
            f"{number_of(one.kind, one.id)} {called(ctx, one.household_id)} {what}：{one.reason}；"
            f"{clock_time(one.appealed_at or 0)} 申诉：{one.appeal}{mine}"
        )
    return "\n".join([*lines, "请发：申诉成立 编号，或 申诉不成立 编号 理由"])


@command(
    "申诉成立",
    grammar=rf"{NAME}{WHY}",
    roles=STEWARDS,
    usage="申诉成立 编号",
    about="原样退回扣分，或解冻",
    topic=TOPIC,
)
def uphold(ctx: Ctx, match: re.Match[str]) -> str:
    measure = _to_judge(ctx, match)
    name = number_of(measure.kind, measure.id)
    measures.decide(ctx.tx, measure, by_id=ctx.person.id, is_upheld=True, now=ctx.now)
    if measure.kind == FREEZE:
        if measure.lifted_at is None:
            lift(ctx, measure, f"申诉 {name} 成立")
        return f"{name} 申诉成立，{called(ctx, measure.household_id)}的积分已解冻。"
    _give_back(ctx, measure, name)
    text = f"您家对 {name} 的申诉成立，{measure.points} 分已退回。"
    household_id = households.successor(ctx.tx, measure.household_id)
    told = tell(ctx, household_id, text, fact="points.upheld", key=name)
    return f"{name} 申诉成立，{measure.points} 分已退回{called(ctx, household_id)}。{heard(told)}"


def _give_back(ctx: Ctx, measure: Measure, name: str) -> None:
    """Every movement of the penalty is reversed; a household that went into another passes it on."""
    if households.is_frozen(ctx.tx, measure.household_id):
        raise Refused(f"{called(ctx, measure.household_id)}的积分冻结着，什么都不能动，请先解冻。")
    assert measure.xfer_id is not None
    for xfer_id in ledger.same_act(ctx.tx, measure.xfer_id):
        ledger.reverse(ctx.tx, xfer_id, reason=f"申诉成立（{name}）", now=ctx.now, actor_id=ctx.person.id)
    wallets.settle(ctx.tx, measure.household_id, key=f"upheld:{measure.id}", now=ctx.now)
    settle_in(ctx, measure.household_id, key=f"upheld:{measure.id}", reason=f"申诉成立（{name}）")


@command(
    "申诉不成立",
    grammar=rf"{NAME}{WHY}",
    roles=STEWARDS,
    usage="申诉不成立 编号 理由",
    about="维持原来的决定",
    topic=TOPIC,
)
def dismiss(ctx: Ctx, match: re.Match[str]) -> str:
    measure = _to_judge(ctx, match)
    name, reason = number_of(measure.kind, measure.id), (match["reason"] or "").strip()
    if not reason:
        raise Refused(f"请写明理由，例如：申诉不成立 {name} 有照片为证。")
    measures.decide(ctx.tx, measure, by_id=ctx.person.id, is_upheld=False, now=ctx.now)
    text = f"您家对 {name} 的申诉经复核不成立：{reason}。复核人：{ctx.person.name}。"
    told = tell(ctx, measure.household_id, text, fact="points.dismissed", key=name)
    return f"{name} 申诉不成立，维持原决定。{heard(told)}"


def _to_judge(ctx: Ctx, match: re.Match[str]) -> Measure:
    if not match["letter"]:
        raise Refused("请写全编号，例如：扣12、冻3。")
    kind = LETTERS[match["letter"]]
    measure = measures.get(ctx.tx, kind, int(match["number"]))
    if measure is None or not may(ctx, home(ctx, households.get(ctx.tx, measure.household_id)), *STEWARDS):
        raise Refused("您的辖区里没有这个编号的申诉。")
    name = number_of(kind, measure.id)
    if measure.appealed_at is None:
        raise Refused(f"{name} 没有人申诉。")
    if measure.decided_by is not None:
        raise Refused(f"{name} 已经复核过了。")
    if measure.by_id == ctx.person.id:
        raise Refused("这是您经办的，要由别人复核。")
    not_own(ctx, measure.household_id)
    not_own(ctx, households.successor(ctx.tx, measure.household_id))
    return measure
