"""`mashang points batch`: read a month-end sheet, show what it comes to, hand it in for approval."""

import csv
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

import handlers.rules
from bot.house import House
from bot.open_cases import OpenCases
from bot.table_file import rows as lines_of
from handlers import batch, batch_sheet
from handlers.batch_sheet import Checked, Row
from handlers.ctx import County
from handlers.points_rules import PointsRule
from handlers.rules import Rules
from nlp.slots import Places
from store import batches, units
from store.db import Database
from store.people import Person
from store.tx import Tx

# What the columns are called; of a line with both a code and a number the code counts.
COLUMNS = {
    "code": ("户号", "家庭编号", "户号或人员编号", "household", "code"),
    "person": ("人员编号", "person"),
    "points": ("分数", "积分", "分值", "points"),
    "reason": ("事由", "理由", "说明", "reason"),
}
SHOWN_MAX = 20
SAMPLE_HEAD = ("户号", "人员编号", "姓名", "网格", "分数", "事由")
SAMPLE_LINES = (
    ("7KX2M9QP", "", "李秀英", "第二网格", 20, "庭院整洁"),
    ("", 12, "王小满", "第一网格", 15, ""),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What whoever asked is shown: the sheet's sums, or what is wrong with it."""

    title: str
    checked: Checked
    errors: list[str]
    unit_names: dict[int, str]


def read(file: Path) -> tuple[list[list[Any]], list[str]]:
    """(line, household or person, points, reason) of every line with points, and what to know beside.

    Raises ValueError with one line in Chinese.
    """
    lines = lines_of(file)
    head = [cell.strip().lower() for cell in next(lines, [])]
    at = {column: _place(head, names) for column, names in COLUMNS.items()}
    if at["points"] is None or (at["code"] is None and at["person"] is None):
        raise ValueError(f"{file.name} 的第一行要有：户号（或人员编号）、分数；可以有事由")
    found: list[list[Any]] = []
    blank = 0
    for number, cells in enumerate(lines, 2):
        told = {
            column: cells[place].strip() if place is not None and place < len(cells) else ""
            for column, place in at.items()
        }
        if told["points"]:
            found.append([number, told["code"] or told["person"], told["points"], told["reason"]])
        elif told["code"] or told["person"]:
            blank += 1
    return found, [f"{blank} 行没有写分数，没有算"] if blank else []


def _place(head: Sequence[str], names: Sequence[str]) -> int | None:
    return next((head.index(name) for name in names if name in head), None)


def preview(
    db: Database, rules_dir: Path, rule_name: str, month: str, rows: Sequence[list[Any]], by: str
) -> Seen:
    """Check a sheet without writing anything; a bar on stderr shows how far it is. Raises ValueError."""
    handlers.load()
    rules = handlers.rules.load(rules_dir)
    rule = _rule(rules, rule_name)
    columns = (TextColumn("核对"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with db.read() as tx, Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("核对", total=len(rows))
        county = County(rules, units.load(tx), Places.build([]), b"", "", OpenCases())
        ask = _Asked(rule, month, rows, by, int(time.time()))
        return _see(tx, county, ask, lambda: bar.advance(task))[0]


def propose(house: House, given: dict[str, Any]) -> dict[str, Any]:
    """Keep {"rows"} of {"rule"} and {"month"} as proposed {"by"} somebody: {"errors"} and {"number"}."""
    county, now = house.county, house.now()
    if not given["by"]:
        return {"errors": ["请用 --by 写谁提交"]}
    try:
        rule = _rule(county.rules, given["rule"])
    except ValueError as error:
        return {"errors": [str(error)]}
    ask = _Asked(rule, given["month"], given["rows"], given["by"], now)
    with house.db.read() as tx:
        seen, proposer = _see(tx, county, ask)
    if seen.errors or proposer is None:
        return {"errors": seen.errors}
    number = house.db.write(
        lambda tx: batch.propose(tx, county, rule, ask.month, seen.checked, proposer, now=now)
    )
    house.on_written()
    return {"errors": [], "number": number}


@dataclass(frozen=True, slots=True)
class _Asked:
    rule: PointsRule
    month: str
    rows: Sequence[list[Any]]
    by: str
    now: int


def _rule(rules: Rules, name: str) -> PointsRule:
    known = rules.points.of_path("batch")
    rule = next((one for one in known if name in (one.name, one.title)), None)
    if rule is None:
        listed = "、".join(one.title for one in known) or "无"
        raise ValueError(f"请用 --rule 写积分规则，可用：{listed}（rules/points.toml 里 path = batch 的）")
    return rule


def _see(
    tx: Tx, county: County, ask: _Asked, on_row: Callable[[], None] = lambda: None
) -> tuple[Seen, Person | None]:
    """What the sheet comes to, and who proposes it where that was asked and is known."""
    found = batch.find_proposer(tx, county, ask.by) if ask.by else None
    proposer = found if isinstance(found, Person) else None
    rows = [Row(*row) for row in ask.rows]
    checked = batch_sheet.check(
        tx, county, ask.rule, ask.month, rows, now=ask.now, proposer=proposer, on_row=on_row
    )
    errors = [found] if isinstance(found, str) else []
    if checked.known is not None:
        state = batch.STATES[checked.known.state]
        errors.append(f"这张表已经提交过：批次 {checked.known.id}，{state}。不会重复发放。")
    names = {unit.id: unit.name for unit in county.registry.units.values()}
    return Seen(f"{ask.month} {ask.rule.title}", checked, [*errors, *checked.errors], names), proposer


def write(seen: Seen, out: TextIO) -> None:
    """The first lines and the sums."""
    lines = seen.checked.lines
    table = Table(title=f"{seen.title}：{len(lines)} 户，共 {seen.checked.points} 分")
    table.add_column("行", justify="right")
    for name in ("姓名", "网格"):
        table.add_column(name)
    table.add_column("分数", justify="right")
    table.add_column("事由", overflow="fold")
    for line in lines[:SHOWN_MAX]:
        unit = seen.unit_names[line.unit_id]
        table.add_row(str(line.line), Text(line.name), unit, str(line.points), Text(line.reason))
    if len(lines) > SHOWN_MAX:
        table.caption = f"只列出前 {SHOWN_MAX} 户"
    Console(file=out, width=None if out.isatty() else 100).print(table)


def write_sample(file: Path, db: Database, unit_code: str) -> int:
    """A sheet to fill in, with the households of a unit where one is named; how many lines.

    Raises ValueError with one line in Chinese.
    """
    listed: list[tuple[object, ...]] = [*SAMPLE_LINES]
    if unit_code:
        with db.read() as tx:
            registry = units.load(tx)
            unit = registry.by_code.get(unit_code)
            if unit is None:
                raise ValueError(f"没有编码是 {unit_code} 的村(社区)或网格")
            listed = [
                # Whoever opens the sheet must not run what somebody wrote as a name.
                (code, "" if code else person_id, name.lstrip("=+-@"), registry.units[unit_id].name, "", "")
                for code, person_id, name, unit_id in batches.living_in(tx, registry.under(unit.id))
            ]
    try:
        _save(file, [SAMPLE_HEAD, *listed])
    except OSError as error:
        raise ValueError(f"写不了 {file}：{error.strerror}") from None
    return len(listed)


def _save(file: Path, lines: Sequence[Sequence[object]]) -> None:
    if file.suffix.lower() != ".xlsx":
        with file.open("w", encoding="utf-8-sig", newline="") as out:  # the mark by which Excel knows UTF-8
            csv.writer(out).writerows(lines)
        return
    from openpyxl import Workbook

    book = Workbook()
    for line in lines:
        book.active.append(list(line))
    book.save(file)
