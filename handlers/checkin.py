"""报平安: the daily check-in of grid workers, leave, who is missing, the 18:00 reminder and 20:00 summary."""

import re
import unicodedata
from collections import defaultdict

import nlp
from handlers.announce import award_actor
from handlers.ctx import GAP, Ctx, JobCtx, Refused, areas, command, cron
from handlers.days import day_before, local_day, parse_day
from handlers.message import Reply
from handlers.report import open_case
from nlp.courtesy import courtesy
from nlp.plain import plain
from store import checkins, outbox, people
from store.people import Person

WORKERS = ("worker", "micro_leader", "volunteer")
FULL_TIME = "worker"  # who must check in each day
LEAVE_DAYS_MAX = 180
CALM = (
    r"(?:今日|今天|本网格|网格|我网格|辖区|村里|目前|现在|都|全部|全网格|一切|报)*"
    r"(?:平安无事|平安|正常|安全|无异常|没有异常|无事|没事)"
)
CALMS = rf"(?:{CALM}|巡查{CALM}|巡查完毕|无异常情况|签到|打卡)"
DAY = r"[^\s,，到至]{2,12}"
SEPARATOR = r"[\s,，。.;；:：!！~～、\-—]"
LIST_LINE = re.compile(
    r"^\s*\d+\s*[.、．:：)）]\s*(?P<name>[^\s\d,，.。:：]{2,10}?)(?P<rest>[\s,，。:：].*|平安.*|报平安.*|)$"
)


@command(
    "",
    grammar=rf"(?P<calm>(?:{CALMS}{SEPARATOR}*)+)(?P<rest>.*)",
    roles=WORKERS,
    usage="报平安",
    about="每天报一次平安；可以接着说发现的问题",
)
def check_in(ctx: Ctx, match: re.Match[str]) -> Reply | None:
    """Check in, and report what else is said: 「今日平安，3号楼井盖破损」 is both."""
    if match["rest"] and not re.search(rf"{SEPARATOR}$", match["calm"]):
        return None
    done = _check_in(ctx, ctx.person.id)
    answer = "已记录，辛苦了。" if done else "今天已报过平安。"
    case = _report_rest(ctx, ctx.person, match["rest"])
    if case is None:
        return Reply(answer)
    return Reply(f"{answer}\n另有事件已上报，编号 {case}。发“查询 {case}”可看进度。", case)


def _check_in(ctx: Ctx, person_id: int, written_by: int | None = None) -> bool:
    day = local_day(ctx.now)
    if not checkins.add(ctx.tx, person_id=person_id, day=day, now=ctx.now, written_by=written_by):
        return False
    award_actor(ctx, "checkin.made", person_id=person_id, subject=day)
    return True


def _report_rest(ctx: Ctx, reporter: Person, rest: str) -> int | None:
    """Open a case for what is said besides the check-in; None when nothing is."""
    rest = rest.strip(" ,，。.;；:：!！~～、-—")
    if not rest or courtesy(rest) or re.fullmatch(rf"(?:{CALMS}{SEPARATOR}*)+", rest):
        return None
    reading = nlp.read(rest, ctx.county.rules.reading, ctx.county.places)
    return open_case(ctx, reading, reporter).id


def read_list(ctx: Ctx) -> Reply | None:
    """Take a pasted WeChat 接龙 list as the check-ins of all it names; None for any other text."""
    if "接龙" not in ctx.message.text or not ctx.person.has(*WORKERS, "village_staff", "dispatcher"):
        return None
    lines = unicodedata.normalize("NFKC", ctx.message.text).splitlines()
    named = [match for line in lines if (match := LIST_LINE.match(plain(line)))]
    if not named:
        return None
    found = people.named(ctx.tx, [m["name"] for m in named], _village(ctx), FULL_TIME)
    done: list[str] = []
    already: list[str] = []
    unknown: list[str] = []
    opened: list[str] = []
    for match in named:
        ids = found.get(match["name"], [])
        if len(ids) != 1:
            unknown.append(match["name"])
            continue
        fresh = _check_in(ctx, ids[0], written_by=ctx.person.id)
        (done if fresh else already).append(match["name"])
        worker = people.by_id(ctx.tx, ids[0])
        if worker and (case := _report_rest(ctx, worker, match["rest"])):
            opened.append(str(case))
    return Reply(_list_answer(done, already, unknown, opened))


def _list_answer(done: list[str], already: list[str], unknown: list[str], opened: list[str]) -> str:
    parts = [f"接龙已读：{len(done)} 人报平安" + (f"（{'、'.join(done)}）" if done else "")]
    if already:
        parts.append(f"{'、'.join(already)}今天已报过")
    if unknown:
        parts.append(f"没找到网格员：{'、'.join(unknown)}")
    if opened:
        parts.append(f"另上报事件 {'、'.join(opened)}")
    return "；".join(parts) + "。"


def _village(ctx: Ctx) -> list[int]:
    """The units a pasted list may name people of: the speaker's village and below, or the whole area."""
    found: set[int] = set(areas(ctx, "village_staff", "dispatcher"))
    for post in ctx.person.posts:
        village = next((u for u in ctx.registry.chain(post.unit_id) if u.level == "village"), None)
        if village is not None:
            found.update(ctx.registry.under(village.id))
    return sorted(found)


@command(
    "补报",
    "补报平安",
    grammar=r"(?:昨天|昨日)?(?:平安|报平安)?",
    roles=WORKERS,
    usage="补报",
    about="补报昨天的平安，算迟报",
)
def check_in_late(ctx: Ctx, _match: re.Match[str]) -> str:
    """Yesterday's check-in, until midnight; marked late."""
    day = day_before(ctx.now)
    if not checkins.add(ctx.tx, person_id=ctx.person.id, day=day, now=ctx.now, late=True):
        raise Refused("昨天已报过平安，不用补。")
    award_actor(ctx, "checkin.late", person_id=ctx.person.id, subject=day)
    return f"已补报 {day} 的平安，记为迟报。"


@command(
    "请假",
    grammar=rf"(?P<first>{DAY})(?:(?:{GAP}|[到至])(?P<last>{DAY}))?",
    roles=WORKERS,
    usage="请假 起 止",
    about="例如：请假 11-24 11-26",
)
def take_leave(ctx: Ctx, match: re.Match[str]) -> str | None:
    first = parse_day(match["first"], ctx.now)
    last = parse_day(match["last"], ctx.now) if match["last"] else first
    if first is None or last is None:
        return None
    if last < first or (last - first).days >= LEAVE_DAYS_MAX:
        raise Refused("请假的日期不对，请写：请假 开始日期 结束日期。")
    checkins.add_leave(
        ctx.tx, person_id=ctx.person.id, first_day=first.isoformat(), last_day=last.isoformat(), now=ctx.now
    )
    return f"已记请假：{first.isoformat()} 至 {last.isoformat()}，期间不催报平安。"


@command(
    "未报",
    "未报平安",
    roles=("dispatcher", "village_staff", "leader"),
    usage="未报",
    about="看今天谁还没报平安",
)
def show_missing(ctx: Ctx, _match: re.Match[str]) -> str:
    area = areas(ctx, "dispatcher", "village_staff", "leader")
    missing = checkins.missing(ctx.tx, role=FULL_TIME, unit_ids=area, day=local_day(ctx.now))
    if not missing:
        return "今天都报过平安了。"
    lines = [f"{ctx.registry.units[unit_id].name}：{name}" for _, name, unit_id in missing]
    return "\n".join([f"今天还有 {len(missing)} 人没报平安：", *lines])


@cron(hour=18)
def remind_missing(ctx: JobCtx) -> None:
    """Name those who forgot in their village's group, where 企业微信 mentions them."""
    day = local_day(ctx.planned)
    rows = []
    for village, missing in _by_village(ctx, day).items():
        accounts = people.accounts_of(ctx.tx, [person_id for person_id, _ in missing], "aibot")
        names = "、".join(name for _, name in missing)
        unit = ctx.registry.units[village]
        rows.append(
            outbox.row(
                channel="group",
                address=unit.group_webhook,
                unit_id=village,
                text=f"【提醒】{names}：今天还没有报平安，请回复“报平安”。",
                mentions=sorted(accounts.values()),
                fact="checkin.reminder",
                idem=f"checkin.reminder:{day}:{unit.code}",
                now=ctx.now,
            )
        )
    outbox.add(ctx.tx, rows)


@cron(hour=20)
def summarize(ctx: JobCtx) -> None:
    """Tell each village's group how many checked in, and who is still missing."""
    day = local_day(ctx.planned)
    missing = _by_village(ctx, day)
    away = checkins.on_leave(ctx.tx, day)
    present = checkins.present(ctx.tx, day)
    rows = []
    for village, workers in _workers(ctx).items():
        names = "、".join(name for _, name in missing.get(village, []))
        unit = ctx.registry.units[village]
        here = sum(person_id in present for person_id in workers)
        on_leave = sum(person_id in away - present for person_id in workers)
        rows.append(
            outbox.row(
                channel="group",
                address=unit.group_webhook,
                unit_id=village,
                text=f"【报平安小结】{day} {unit.name}：应报 {len(workers)} 人，已报 {here} 人，"
                f"请假 {on_leave} 人，{f'未报：{names}' if names else '全部到齐'}。",
                fact="checkin.summary",
                idem=f"checkin.summary:{day}:{unit.code}",
                now=ctx.now,
            )
        )
    outbox.add(ctx.tx, rows)


def _by_village(ctx: JobCtx, day: str) -> dict[int, list[tuple[int, str]]]:
    """village -> (person id, name) of those missing; outside a village the unit itself."""
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for person_id, name, unit_id in checkins.missing(
        ctx.tx, role=FULL_TIME, unit_ids=ctx.registry.units, day=day
    ):
        found[_village_of(ctx, unit_id)].append((person_id, name))
    return found


def _workers(ctx: JobCtx) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for person_id, _, unit_id in people.holding(ctx.tx, FULL_TIME, ctx.registry.units):
        found[_village_of(ctx, unit_id)].add(person_id)
    return found


def _village_of(ctx: JobCtx, unit_id: int) -> int:
    chain = ctx.registry.chain(unit_id)
    return next((unit.id for unit in chain if unit.level == "village"), unit_id)
