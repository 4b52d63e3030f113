"""巡查: a worker says when a walk through the own grid begins and ends; two a day, an hour each, count."""

import re

from handlers import checkin, place, report
from handlers.announce import award_actor, clip
from handlers.checkin import FULL_TIME, WORKERS
from handlers.ctx import BARE, Ctx, JobCtx, Refused, command
from handlers.days import clock_time, local, local_day, time_of_day
from handlers.message import Reply
from nlp.slots import mask_phones
from store import patrols, people
from store.patrols import Patrol
from store.tx import Conflict

TOPIC = "巡查"
HALVES = {"morning": "上午", "afternoon": "下午"}
NOTE_MAX = 200  # characters
NOTE_SHOWN = 40
LOCATIONS_MAX = 200  # of one patrol
MONTH_MAX = 200  # patrols of a month that are looked at
# Words of a record stand apart: 巡查结束后发现灯坏了 is a report.
NOTE = r"[了啦]?(?:[\s,，:：、。.;；!！~～\-—]+(?P<note>.+?))?"
BEGINS = re.compile("开始|出发")
ENDS = re.compile("结束|完成|完毕|收工")
NOT_OUT = "您还没有开始巡查，出发时请发“巡查开始”。"


@command(
    "巡查开始",
    "开始巡查",
    "出发巡查",
    "巡逻开始",
    "开始巡逻",
    grammar=NOTE,
    roles=WORKERS,
    usage="巡查开始",
    about="出发巡查，上午、下午各一次",
    topic=TOPIC,
)
def start(ctx: Ctx, match: re.Match[str]) -> Reply:
    note = _note(match)
    return _with_note(ctx, _start(ctx, note), note)


@command(
    "巡查结束",
    "结束巡查",
    "巡查完毕",
    "巡查完成",
    "完成巡查",
    "巡逻结束",
    "结束巡逻",
    grammar=NOTE,
    roles=WORKERS,
    usage="巡查结束 一句话记录",
    about="巡查回来了，看满不满时间",
    topic=TOPIC,
)
def finish(ctx: Ctx, match: re.Match[str]) -> Reply:
    note = _note(match)
    return _with_note(ctx, _end(ctx, note), note)


@command("撤销巡查", "取消巡查", roles=WORKERS, usage="撤销巡查", about="开始错了，这次不记", topic=TOPIC)
def undo(ctx: Ctx, _match: re.Match[str]) -> str:
    out = _must_be_out(ctx)
    _close(ctx, out, "dropped")
    patrols.forget(ctx.tx, out.id)
    return f"{time_of_day(out.started_at)} 开始的巡查已撤销，路上发的位置已删除。"


@command(
    "我的巡查", "巡查", "巡查打卡", roles=WORKERS, usage="我的巡查", about="今天和本月的巡查", topic=TOPIC
)
def show(ctx: Ctx, _match: re.Match[str]) -> str:
    """Today one by one, then what the month came to."""
    today = local_day(ctx.now)
    month = patrols.of_person(ctx.tx, ctx.person.id, f"{today[:7]}-01", today, MONTH_MAX)
    located = patrols.located(ctx.tx, [one.id for one in month if one.day == today])
    lines = [line(ctx, one, located.get(one.id, ())) for one in reversed(month) if one.day == today]
    done = {(one.day, one.half) for one in month if one.state == "done"}
    by_half = [f"{name} {sum(half == one for _, one in done)} 次" for half, name in HALVES.items()]
    total = f"本月完成 {len(done)} 次（{'、'.join(by_half)}）"
    if others := sum(one.state in ("short", "left") for one in month):
        total += f"，另有 {others} 次不算完成"
    wanted = _wanted(ctx) or ("" if lines else "出发时请发“巡查开始”。")
    return "\n".join(
        filter(None, (f"【我的巡查】{today}", *(lines or ["今天还没有巡查。"]), wanted, total + "。"))
    )


def told(ctx: Ctx) -> str:
    """The answer to free words about the own patrol: 下午巡逻完成."""
    text = ctx.reading.plain
    if checkin.ASKS.search(text) or not (BEGINS.search(text) or ENDS.search(text)):
        return NOT_OUT if patrols.open_of(ctx.tx, ctx.person.id) is None else _already_out(ctx)
    return _start(ctx, "") if BEGINS.search(text) else _end(ctx, "")


def locate(ctx: Ctx) -> Reply:
    """A location sent on the way is kept with the patrol; it belongs to a report all the same."""
    reply = place.receive(ctx)
    message = ctx.message
    out = patrols.open_of(ctx.tx, ctx.person.id) if ctx.person.has(*WORKERS) else None
    if out is None or out.day != local_day(ctx.now) or message.lat is None or message.lng is None:
        return reply
    number = len(patrols.located(ctx.tx, [out.id]).get(out.id, ())) + 1
    if number > LOCATIONS_MAX:
        return reply
    patrols.locate(ctx.tx, out.id, lat=message.lat, lng=message.lng, label=message.label, now=ctx.now)
    kept = f"位置已记入巡查（第 {number} 处）。"
    if reply.case_id is None:
        return Reply(f"{kept}发现问题，直接说就行。")
    return Reply(f"{reply.text}\n{kept}", reply.case_id)


def _start(ctx: Ctx, note: str) -> str:
    day, half = local_day(ctx.now), half_of(ctx)
    left = _end_of_another_day(ctx)
    unit_id = _own_grid(ctx)
    started = patrols.start(
        ctx.tx, person_id=ctx.person.id, unit_id=unit_id, day=day, half=half, note=note, now=ctx.now
    )
    if started is None:
        raise Refused(_already_out(ctx))
    rules, unit = ctx.county.rules.patrol, ctx.registry.units[unit_id].name
    return (
        f"{left}巡查开始：{clock_time(ctx.now)}，{unit}，{HALVES[half]}。\n满 {rules.minutes} 分钟算完成，"
        f"回来请发“巡查结束 一句话记录”。路上可以发位置：只记您自己发的，{rules.track_days} 天后删除。"
    )


def _end(ctx: Ctx, note: str) -> str:
    """How long it took, whether that counts and what is missing today."""
    if left := _end_of_another_day(ctx):
        return left.strip()
    out = _must_be_out(ctx)
    least = ctx.county.rules.patrol.minutes
    before = _done(ctx)
    is_done = out.minutes(ctx.now) >= least
    note = "；".join(filter(None, (out.note, note)))[:NOTE_MAX]
    _close(ctx, out, "done" if is_done else "short", note)
    if not is_done:
        result = f"不足 {least} 分钟，已记下，但不算完成"
    elif out.half in before:
        result = f"{HALVES[out.half]}的早已完成，这次也记下了"
    else:
        result = f"{HALVES[out.half]}的巡查完成"
        award_actor(ctx, "patrol.done", person_id=ctx.person.id, day=out.day, key=f"{out.day}:{out.half}")
    unit = ctx.registry.units[out.unit_id].name
    time = f"{clock_time(out.started_at)}–{time_of_day(ctx.now)}"
    wanted = _wanted(ctx)
    return f"巡查结束：{time}，{unit}，{out.minutes(ctx.now)} 分钟，{result}。" + (wanted and f"\n{wanted}")


def _end_of_another_day(ctx: Ctx) -> str:
    """A patrol of another day that the job at midnight did not come to is over; "" where there is none."""
    out = patrols.open_of(ctx.tx, ctx.person.id)
    return f"{leave(ctx, out)}\n" if out is not None and out.day < local_day(ctx.now) else ""


def leave(ctx: Ctx | JobCtx, patrol: Patrol) -> str:
    """End a patrol that was still open at midnight; what its worker is told."""
    _close(ctx, patrol, "left")
    return f"{clock_time(patrol.started_at)} 开始的巡查到半夜没有结束，已记下，但不算完成。"


def _close(ctx: Ctx | JobCtx, patrol: Patrol, state: str, note: str = "") -> None:
    patrols.end(ctx.tx, patrol, state, now=ctx.now, note=note)
    # What waited for a report would outlive the track.
    people.forget_location(ctx.tx, patrol.person_id)


def _must_be_out(ctx: Ctx) -> Patrol:
    out = patrols.open_of(ctx.tx, ctx.person.id)
    if out is None:
        raise Refused(NOT_OUT)
    return out


def _already_out(ctx: Ctx) -> str:
    out = patrols.open_of(ctx.tx, ctx.person.id)
    if out is None:
        raise Conflict
    unit = ctx.registry.units[out.unit_id].name
    return (
        f"您正在巡查：{clock_time(out.started_at)} 开始，{unit}，已 {out.minutes(ctx.now)} 分钟。"
        "回来请发“巡查结束”，开始错了请发“撤销巡查”。"
    )


def _own_grid(ctx: Ctx) -> int:
    return next(post.unit_id for post in ctx.person.posts if post.role in WORKERS)


def half_of(ctx: Ctx | JobCtx) -> str:
    return "morning" if local(ctx.now).hour < ctx.county.rules.patrol.noon_hour else "afternoon"


def _done(ctx: Ctx) -> set[str]:
    """The halves of today that are done."""
    today = local_day(ctx.now)
    walked = patrols.of_person(ctx.tx, ctx.person.id, today, today, MONTH_MAX)
    return {one.half for one in walked if one.state == "done"}


def _wanted(ctx: Ctx) -> str:
    """What is still missing today; of those who must patrol, on a working day."""
    if not ctx.person.has(FULL_TIME) or local_day(ctx.now) not in ctx.county.rules.working_days:
        return ""
    done = _done(ctx)
    missing = [name for half, name in HALVES.items() if half not in done]
    return f"今天还差：{'、'.join(missing)}。" if missing else "今天两次都完成了，辛苦了。"


def line(ctx: Ctx, patrol: Patrol, places: list[str] | tuple[()]) -> str:
    """One patrol as its worker and those above read it."""
    end = "现在" if patrol.ended_at is None else time_of_day(patrol.ended_at)
    state = {"open": "正在巡查", "done": "完成", "short": "不足时间", "left": "没有结束"}[patrol.state]
    parts = [
        f"{HALVES[patrol.half]} {time_of_day(patrol.started_at)}–{end}",
        f"{patrol.minutes(ctx.now)} 分钟",
        state,
    ]
    if places:
        parts.append(f"位置 {len(places)} 处")
    return "，".join(parts) + (f"：{clip(mask_phones(patrol.note), NOTE_SHOWN)}" if patrol.note else "")


def _note(match: re.Match[str]) -> str:
    return (match["note"] or "").strip(BARE)[:NOTE_MAX]


def _with_note(ctx: Ctx, answer: str, note: str) -> Reply:
    """An emergency in the record is a report as well, and the number to call comes first."""
    reading = ctx.county.read(note)
    if reading.urgent:
        reply = report.receive(ctx, note, ctx.person)
        return Reply(f"{reply.text}\n{answer}", reply.case_id)
    if note and checkin.is_calm(note):
        answer += f"\n报平安：{checkin.told(ctx)}"
    elif reading.score > 0:
        answer += "\n记录里的问题如果要办理，请再发：上报 内容。"
    return Reply(answer)
