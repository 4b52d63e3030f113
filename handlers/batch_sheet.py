"""A month-end sheet of points, checked line by line against the registry and the books."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from handlers.applied import APPROVERS
from handlers.ctx import County
from handlers.days import local
from handlers.earn import caps_of, town_of
from handlers.points_rules import PointsRule
from store import batches, caps, households
from store.batches import Batch, Home
from store.people import Person
from store.tx import Tx

LINES_MAX = 20_000
REASON_MAX = 100  # characters
MONTHS_BACK = 12
ROUNDS_MAX = 20  # how often one household's award of a month may be taken back and given anew
_WHOSE = {"household": "每户", "person": "每人"}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a sheet as somebody wrote it: a household's code or a person's number, points, a reason."""

    line: int
    who: str
    points: str
    reason: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is right. `household` is None for somebody whose household opens with the proposal."""

    line: int
    household: int | None
    person: int
    name: str
    unit_id: int
    points: int
    reason: str
    idem: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a sheet comes to; with errors nothing of it is taken. `known`: it was proposed before."""

    lines: list[Line]
    errors: list[str]
    unit_id: int | None
    digest: str
    known: Batch | None

    @property
    def points(self) -> int:
        return sum(line.points for line in self.lines)


def digest_of(month: str, rule: PointsRule, rows: Sequence[Row]) -> str:
    """SHA-256 of what a sheet says, in whatever order."""
    said = sorted((row.who.upper(), row.points, row.reason) for row in rows)
    return hashlib.sha256(json.dumps([month, rule.name, said], ensure_ascii=False).encode()).hexdigest()


def check(
    tx: Tx,
    county: County,
    rule: PointsRule,
    month: str,
    rows: Sequence[Row],
    *,
    now: int,
    proposer: Person | None = None,
    on_row: Callable[[], None] = lambda: None,
) -> Checked:
    """Read a sheet against the registry and the books; every error with its line."""
    digest, known = _known(tx, digest_of(month, rule, rows))
    if known is not None:
        return Checked([], [], None, digest, known)
    errors = _about_month(month, now)
    if not rows:
        errors.append("表里没有一行写了分数")
    if len(rows) > LINES_MAX:
        errors.append(f"一张表最多 {LINES_MAX:,} 行，现在有 {len(rows):,} 行，请分开提交")
    if errors:
        return Checked([], errors, None, digest, None)
    lines, wrong = _read(tx, county, rule, month, rows, on_row)
    lines, booked = _with_keys(tx, rule, month, lines)
    wrong |= booked | _over_caps(tx, county, rule, month, lines)
    own = households.of(tx, proposer.id) if proposer else None
    wrong |= {
        line.line: "是提交人自己家，请由别人另交"
        for line in lines
        if proposer and (line.person == proposer.id or (own is not None and line.household == own))
    }
    town, elsewhere = _one_town(county, lines)
    wrong |= elsewhere
    told = [f"第 {number} 行：{why}" for number, why in sorted(wrong.items())]
    unit_id = county.registry.common({line.unit_id for line in lines})
    if proposer is not None and unit_id is not None and not told and not _may(county, proposer, unit_id):
        told.append(f"{proposer.name}不是{county.registry.units[unit_id].name}的村(社区)工作人员或指挥中心")
    return Checked(lines, told, unit_id if town else None, digest, None)


def _known(tx: Tx, digest: str) -> tuple[str, Batch | None]:
    """The batch of this sheet; one that was dropped may be proposed again, under a digest of its own."""
    key, turn = digest, 1
    while (found := batches.by_digest(tx, key)) is not None and found.state == "dropped":
        turn += 1
        key = f"{digest}:{turn}"
    return key, found


def _about_month(month: str, now: int) -> list[str]:
    today = local(now)
    try:
        told = date.fromisoformat(f"{month}-01")
    except ValueError:
        return [f"月份 {month} 不对，请写成 2026-11"]
    back = (today.year - told.year) * 12 + today.month - told.month
    return [] if 0 <= back <= MONTHS_BACK else [f"月份 {month} 不对：只能是本月或前 {MONTHS_BACK} 个月"]


def _read(
    tx: Tx,
    county: County,
    rule: PointsRule,
    month: str,
    rows: Sequence[Row],
    on_row: Callable[[], None],
) -> tuple[list[Line], dict[int, str]]:
    codes = batches.by_code(tx, sorted({row.who.upper() for row in rows}))
    numbers = sorted({int(row.who) for row in rows if _is_number(row.who) and row.who.upper() not in codes})
    persons = batches.by_person(tx, numbers)
    lines: list[Line] = []
    wrong: dict[int, str] = {}
    first: dict[object, int] = {}
    for row in rows:
        on_row()
        home = codes.get(row.who.upper()) or (persons.get(int(row.who)) if _is_number(row.who) else None)
        why = _wrong(county, rule, row, home)
        if why or home is None or home.person_id is None or home.unit_id is None:
            wrong[row.line] = why
            continue
        same = first.setdefault(home.id or ("person", home.person_id), row.line)
        if same != row.line:
            wrong[row.line] = f"和第 {same} 行是同一户"
            continue
        reason = row.reason or rule.reason.format(number=month)
        lines.append(
            Line(row.line, home.id, home.person_id, home.name, home.unit_id, int(row.points), reason)
        )
    return lines, wrong


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 15


def _wrong(county: County, rule: PointsRule, row: Row, home: Home | None) -> str:
    if home is None:
        return f"没有户号或人员编号 {row.who}" if row.who else "没有写户号或人员编号"
    if home.is_closed:
        return f"户号 {row.who} 已经注销"
    if home.person_id is None:
        return f"户号 {row.who} 没有成员"
    if home.unit_id not in county.registry.units:
        return f"{row.who} 没有登记在哪个网格"
    if not _is_number(row.points) or int(row.points) < 1:
        return f"分数 {row.points} 不对，要写大于 0 的整数"
    if int(row.points) > rule.points:
        return f"分数 {row.points} 超过上限，每户最多 {rule.points} 分"
    return f"事由最多 {REASON_MAX} 个字" if len(row.reason) > REASON_MAX else ""


def _with_keys(tx: Tx, rule: PointsRule, month: str, lines: list[Line]) -> tuple[list[Line], dict[int, str]]:
    """Each line with its key: one award a household, rule and month; again where it was taken back."""
    keyed: dict[int, str] = {}
    wrong: dict[int, str] = {}
    waiting = {
        line.line: f"month:{month}:{rule.name}:{line.household or f'p{line.person}'}" for line in lines
    }
    for turn in range(2, ROUNDS_MAX):
        found = batches.booked(tx, list(waiting.values()))
        again = {}
        for number, key in waiting.items():
            points, is_reversed = found.get(key, (0, True))
            if key not in found:
                keyed[number] = key
            elif is_reversed:
                again[number] = f"{key.partition('#')[0]}#{turn}"
            else:
                wrong[number] = f"这户 {month} 的{rule.title}已经记过 {points} 分"
        waiting = again
        if not waiting:
            break
    return [replace(line, idem=keyed.get(line.line, "")) for line in lines], wrong


def _over_caps(tx: Tx, county: County, rule: PointsRule, month: str, lines: list[Line]) -> dict[int, str]:
    """Lines that would lift a household or a person above what a month allows, of this rule or of all."""
    wrong = {}
    for cap in caps_of(county.rules.points, rule):
        if cap.period != "month":
            continue
        whose = {line.line: getattr(line, cap.subject) for line in lines}
        ids = {one for one in whose.values() if one is not None}
        had = caps.used(tx, cap.rule, cap.subject, ids, month)
        called = f"{rule.title}{_WHOSE[cap.subject]}" if cap.rule else _WHOSE[cap.subject]
        for line in lines:
            before = had.get(whose[line.line], 0)
            if before + line.points > cap.most:
                wrong[line.line] = f"超过{called}每月 {cap.most} 分的上限，{month} 已有 {before} 分"
    return wrong


def _one_town(county: County, lines: list[Line]) -> tuple[int | None, dict[int, str]]:
    """The town that pays, of the first line; lines of another town are errors."""
    towns = {line.line: town_of(county, line.unit_id) for line in lines}
    first = next(iter(towns.values()), None)
    if first is None:
        return None, {}
    name = county.registry.units[first].name
    return first, {line: f"不在{name}，请另交一张表" for line, town in towns.items() if town != first}


def _may(county: County, person: Person, unit_id: int) -> bool:
    return any(
        post.role in APPROVERS and county.registry.holds(post.unit_id, unit_id) for post in person.posts
    )
