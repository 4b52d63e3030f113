"""今日巡查, 巡查记录: who is out, done or missing; reminders, and what was left open at midnight."""

import re
from collections.abc import Iterable, Sequence

from handlers import notify, reminder
from handlers.checkin import FULL_TIME
from handlers.ctx import GAP, Ctx, JobCtx, areas, command, cron, refuse_in_group, saw
from handlers.days import DAY_SECONDS, local_day, time_of_day
from handlers.patrol import HALVES, TOPIC, half_of, leave, line
from handlers.reminder import Missing
from handlers.score import worker_called
from store import checkins, patrols, people
from store.patrols import Patrol

READERS = ("village_staff", "dispatcher", "leader")
NAMED_MAX = 20  # in one line: a reply holds 2,048 bytes
LISTED_MAX = 10
PLACES_SHOWN = 3


@command(
    "今日巡查",
    "今天巡查",
    "巡查情况",
    grammar=r"(?P<where>\S*?)",
    roles=READERS,
    usage="今日巡查",
    about="谁正在巡查、谁完成了、谁还没有；可写明村名",
    topic=TOPIC,
)
def show_day(ctx: Ctx, match: re.Match[str]) -> str | None:
    area = areas(ctx, *READERS)
    if where := match["where"]:
        named = next((unit_id for unit_id in area if ctx.registry.units[unit_id].name == where), None)
        if named is None:
            return None
        area = ctx.registry.under(named)
    day = local_day(ctx.now)
    walked = patrols.of_day(ctx.tx, day, area)
    out = [one for one in walked if one.state == "open"]
    lines = [f"【今日巡查】{where or '您的辖区'} {day}"]
    if day not in ctx.county.rules.working_days:
        lines.append("今天不是工作日，不要求巡查。")
    if out:
        names = people.names(ctx.tx, [one.person_id for one in out])
        those = [
            f"{names[one.person_id]}（{_unit(ctx, one.unit_id)}，{time_of_day(one.started_at)} 起）"
            for one in out
        ]
        lines.append(f"正在巡查 {len(out)} 人：{_listed(those)}")
    lines += _halves(ctx, day, area, walked)
    return "\n".join(lines)


def _halves(ctx: Ctx, day: str, area: Sequence[int], walked: list[Patrol]) -> list[str]:
    """A line each for the morning and, once it began, the afternoon."""
    lines = []
    for half in list(HALVES)[: 2 if half_of(ctx) == "afternoon" else 1]:
        done = {one.person_id for one in walked if (one.half, one.state) == (half, "done")}
        names = people.names(ctx.tx, done)
        text = f"{HALVES[half]}完成 {len(done)} 人" + (f"：{_listed(names.values())}" if done else "")
        if day in ctx.county.rules.working_days:
            missing = [
                f"{name}（{_unit(ctx, unit_id)}）" for _, name, unit_id in _missing(ctx, day, half, area)
            ]
            text += (
                f"\n{HALVES[half]}还没有 {len(missing)} 人：{_listed(missing)}" if missing else "，没有缺的"
            )
        lines.append(text + "。")
    return lines


def _missing(ctx: Ctx | JobCtx, day: str, half: str, area: Iterable[int]) -> list[Missing]:
    """Who must patrol and neither did in this half of the day nor is out now, nor on leave."""
    area = list(area)
    walked = patrols.of_day(ctx.tx, day, area)
    there = {
        one.person_id for one in walked if one.state == "open" or (one.half, one.state) == (half, "done")
    }
    away = checkins.on_leave(ctx.tx, day)
    due = people.holding(ctx.tx, FULL_TIME, area)
    return [one for one in due if one[0] not in there | away]


def _unit(ctx: Ctx, unit_id: int) -> str:
    return ctx.registry.units[unit_id].name


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    return "、".join(every[:NAMED_MAX]) + (f"等 {len(every)} 人" if len(every) > NAMED_MAX else "")


@command(
    "巡查记录",
    grammar=rf"{GAP}(?P<name>[一-鿿·]{{2,10}})",
    roles=READERS,
    usage="巡查记录 姓名",
    about="一位网格员最近的巡查、记录和位置",
    topic=TOPIC,
)
def show_worker(ctx: Ctx, match: re.Match[str]) -> str:
    """The look is written down: where somebody was is nobody's business without a reason."""
    refuse_in_group(ctx, match, "巡查记录")
    person_id, name = worker_called(ctx, match["name"])
    saw(ctx, f"person:{person_id}", "巡查记录")
    walked = patrols.of_person(ctx.tx, person_id, "", local_day(ctx.now), LISTED_MAX)
    located = patrols.located(ctx.tx, [one.id for one in walked])
    lines = []
    for one in walked:
        places = located.get(one.id, [])
        labels = [label for label in dict.fromkeys(places) if label][:PLACES_SHOWN]
        lines.append(f"{one.day} {line(ctx, one, places)}" + (f"（{'、'.join(labels)}）" if labels else ""))
    return "\n".join([f"【巡查记录】{name}", *(lines or ["还没有巡查过。"])])


# --- the clock


@cron(hour=10, catch_up_hours=1)
def remind_morning(ctx: JobCtx) -> None:
    """While there is an hour left to walk."""
    _remind(ctx, "morning")


@cron(hour=16, catch_up_hours=1)
def remind_afternoon(ctx: JobCtx) -> None:
    _remind(ctx, "afternoon")


def _remind(ctx: JobCtx, half: str) -> None:
    day = local_day(ctx.planned)
    if day in ctx.county.rules.working_days:
        text = f"{HALVES[half]}的巡查还没有完成，出发时请发“巡查开始”。"
        missing = _missing(ctx, day, half, ctx.registry.units)
        reminder.remind(ctx, missing, text, fact="patrol.reminder", key=f"{day}:{half}")


@cron(hour=0, catch_up_hours=24)
def end_day(ctx: JobCtx) -> None:
    """What is still open does not count; locations that are old enough are deleted."""
    for one in patrols.left_open(ctx.tx, local_day(ctx.planned)):
        notify.persons(ctx, [one.person_id], leave(ctx, one), fact="patrol.left", key=one.id)
    patrols.forget_before(ctx.tx, ctx.now - ctx.county.rules.patrol.track_days * DAY_SECONDS)
