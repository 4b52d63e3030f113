"""报平安: the daily check-in of grid workers, who is missing, the 18:00 reminder and 20:00 summary."""

import re
from collections import defaultdict

from handlers import notify, reminder, report
from handlers.announce import award_actor
from handlers.ctx import Ctx, JobCtx, Refused, areas, command, cron
from handlers.days import DAY, NUMERALS, day_before, local_day, parse_day
from handlers.message import Reply
from handlers.reminder import Missing
from nlp.courtesy import courtesy
from nlp.plain import plain
from store import checkins, patrols, people
from store.people import Person

WORKERS = ("worker", "micro_leader", "volunteer")
READERS = (*WORKERS, "village_staff", "dispatcher")
FULL_TIME = "worker"  # who must check in each day
SEPARATOR = r"[\s,，。.;；:：!！~～、\-—]"
CALM = (
    r"(?:今日|今天|昨晚|本网格|我网格|全网格|网格|辖区|片区|村里|社区|小区|组里|目前|现在|情况|巡查|巡逻|内"
    r"|全部|一切|一律|都|均|也|皆|已|报|[\s,、])*"
    r"(?:平安无事|平安|正常|安好|安全|无异常情况|无异常|没有异常|未发现异常|无事|没事|签到|打卡)[啦了哦呢哈呀]?"
)
CALMS = rf"(?:(?:{CALM}|巡查完毕|已巡查|在岗){SEPARATOR}*)+"
CALM_AND_REST = re.compile(rf"(?P<calm>{CALMS})(?P<rest>.*)", re.DOTALL)
BUT = re.compile(rf"^(?:{SEPARATOR}|但是|但|不过|只是|另外|就是|除了)+")
GREETING = "我是|网格员|大家好|各位好|各位|领导好|早上好|上午好|中午好|下午好|晚上好|你好|您好|大家"
OWN_GRID = rf"第?[{NUMERALS}\d]+号?(?:微?网格|组|片)"
ASKS = re.compile("[吗么嘛?？]")  # 今天平安吗: no check-in
LIST_LINE = re.compile(r"\s*\d{1,3}(?:\s*[.、:)]\s*|\s+)(?P<said>.+)")


@command("", grammar=r"(?P<text>.+)", roles=WORKERS, usage="报平安", about="每天报一次，可接着说发现的问题")
def check_in(ctx: Ctx, match: re.Match[str]) -> Reply | None:
    """Check in, and report what else is said: 「今日平安，3号楼井盖破损」 is both."""
    rest = _after_calm(ctx, ctx.person, match["text"])
    if rest is None or ctx.reading.courtesy or _is_end_of_patrol(ctx, match["text"]):
        return None
    answer = told(ctx)
    if not rest or courtesy(rest):
        return Reply(answer)
    reply = report.receive(ctx, rest, ctx.person)
    lines = [reply.text, answer] if ctx.reading.urgent else [answer, reply.text]  # the number to call first
    return Reply("\n".join(lines), reply.case_id)


def _is_end_of_patrol(ctx: Ctx, text: str) -> bool:
    """Whether somebody who is out says so: 巡查完毕，一切正常 is more than a check-in then."""
    return text.startswith("巡查完毕") and patrols.open_of(ctx.tx, ctx.person.id) is not None


def is_calm(text: str) -> bool:
    """Whether the text says that all is well, and nothing else."""
    return re.fullmatch(CALMS, text) is not None


def told(ctx: Ctx) -> str:
    """Check the speaker in, and say so."""
    return "已记录，辛苦了。" if _check_in(ctx, ctx.person.id) else "今天已报过平安。"


def _after_calm(ctx: Ctx, person: Person, text: str) -> str | None:
    """What is said besides 平安, "" for nothing; None where the text does not say that all is well.

    A greeting, the person's own name and the names of the own units may come first.
    """
    names = [person.name, *(unit.name for post in person.posts for unit in ctx.registry.chain(post.unit_id))]
    known = "|".join(re.escape(plain(name)) for name in names if name)
    lead = re.match(rf"(?:{known}|{GREETING}|{OWN_GRID}|{SEPARATOR})*", text)
    match = CALM_AND_REST.fullmatch(text, lead.end() if lead else 0)
    if match is None or (match["rest"] and not re.search(rf"{SEPARATOR}$", match["calm"])):
        return None
    return BUT.sub("", match["rest"])


def _check_in(ctx: Ctx, person_id: int, written_by: int | None = None) -> bool:
    day = local_day(ctx.now)
    if not checkins.add(ctx.tx, person_id=person_id, day=day, now=ctx.now, written_by=written_by):
        return False
    award_actor(ctx, "checkin.made", person_id=person_id, day=day)
    return True


def read_list(ctx: Ctx) -> Reply | None:
    """Take a pasted WeChat 接龙 list as the check-ins of all it names; None for any other text.

    A list with a title that has nothing to do with check-ins (团购大米接龙) is none.
    """
    if "接龙" not in ctx.reading.plain or not ctx.person.has(*READERS):
        return None
    lines = [plain(line) for line in ctx.message.text.splitlines()]
    said = [match["said"] for line in lines if (match := LIST_LINE.fullmatch(line))]
    title = next((line for line in lines if line.strip(" #接龙@所有人")), "")
    if not said or not (LIST_LINE.fullmatch(title) or re.search(CALM, ctx.reading.plain)):
        return None
    return _read_list(ctx, said)


def _read_list(ctx: Ctx, said: list[str]) -> Reply:
    known = _in_reach(ctx)
    done: list[str] = []
    already: list[str] = []
    unknown: list[str] = []
    reports: list[str] = []
    for one in said:
        name = max((name for name in known if name in one), key=len, default="")
        if len(known.get(name, ())) != 1:
            unknown.append(name or one[:10])
            continue
        [person_id] = known[name]
        (done if _check_in(ctx, person_id, ctx.person.id) else already).append(name)
        person = people.by_id(ctx.tx, person_id)
        assert person is not None
        if rest := _remark(ctx, person, one.partition(name)[2]):
            reports.append(report.receive(ctx, rest, person).text)
    return Reply("\n".join([_list_answer(done, already, unknown), *reports]))


def _remark(ctx: Ctx, person: Person, text: str) -> str:
    """What a line of the list reports beside 平安; remarks that name no matter (已巡查两次) are none."""
    rest = _after_calm(ctx, person, text)
    rest = BUT.sub("", text) if rest is None else rest
    reading = ctx.county.read(rest)
    return rest if reading.score > 0 or reading.urgent or reading.has_place else ""


def _list_answer(done: list[str], already: list[str], unknown: list[str]) -> str:
    parts = [f"接龙已读：{len(done)} 人报平安" + (f"（{'、'.join(done)}）" if done else "")]
    if already:
        parts.append(f"{'、'.join(already)}今天已报过")
    if unknown:
        parts.append(f"没对上人：{'、'.join(unknown)}")
    return "；".join(parts) + "。"


def _in_reach(ctx: Ctx) -> dict[str, set[int]]:
    """Whom a pasted list may name, by name: workers of the speaker's village, or of the whole area."""
    area = set(areas(ctx, "village_staff", "dispatcher"))
    for post in ctx.person.posts:
        village = next((u for u in ctx.registry.chain(post.unit_id) if u.level == "village"), None)
        if village is not None:
            area.update(ctx.registry.under(village.id))
    found: dict[str, set[int]] = defaultdict(set)
    for role in WORKERS:
        for person_id, name, _ in people.holding(ctx.tx, role, area):
            found[name].add(person_id)
    return found


@command(
    "补报",
    grammar=rf"(?:一下)?(?P<day>{DAY})?的?(?:报?平安)?",
    roles=WORKERS,
    usage="补报",
    about="补报昨天的平安，记为迟报，今天24点前有效",
)
def check_in_late(ctx: Ctx, match: re.Match[str]) -> str:
    """Yesterday's check-in, until midnight; marked late."""
    day = day_before(ctx.now)
    named = parse_day(match["day"], ctx.now) if match["day"] else None
    if match["day"] and (named is None or named.isoformat() != day):
        raise Refused("只能补报昨天的平安，过了第二天24点就不能补了。")
    if not checkins.add(ctx.tx, person_id=ctx.person.id, day=day, now=ctx.now, late=True):
        raise Refused("昨天已报过平安，不用补。")
    award_actor(ctx, "checkin.late", person_id=ctx.person.id, day=day)
    return f"已补报 {day} 的平安，记为迟报。"


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
    text = "今天还没有报平安，请回复“报平安”。"
    reminder.remind(ctx, _missing(ctx, day), text, fact="checkin.reminder", key=day)


@cron(hour=20)
def summarize(ctx: JobCtx) -> None:
    """Tell each village's group how many checked in, and who is still missing."""
    day = local_day(ctx.planned)
    missing = reminder.by_village(ctx, _missing(ctx, day))
    away = checkins.on_leave(ctx.tx, day)
    present = checkins.present(ctx.tx, day)
    for village, workers in _workers(ctx).items():
        names = "、".join(name for _, name in missing.get(village, []))
        unit = ctx.registry.units[village]
        here = sum(person_id in present for person_id in workers)
        on_leave = sum(person_id in away - present for person_id in workers)
        text = (
            f"【报平安小结】{day} {unit.name}：应报 {len(workers)} 人，已报 {here} 人，"
            f"请假 {on_leave} 人，{f'未报：{names}' if names else '全部到齐'}。"
        )
        notify.group(ctx, unit, text, fact="checkin.summary", key=day)


def _missing(ctx: JobCtx, day: str) -> list[Missing]:
    return checkins.missing(ctx.tx, role=FULL_TIME, unit_ids=ctx.registry.units, day=day)


def _workers(ctx: JobCtx) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for person_id, _, unit_id in people.holding(ctx.tx, FULL_TIME, ctx.registry.units):
        found[ctx.registry.village_of(unit_id)].add(person_id)
    return found
