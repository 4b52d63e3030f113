"""`mashang hot`: what many people reported, from a table of messages or from the county's own cases."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from bot.collector import kept_away
from bot.table_file import rows
from handlers.days import DAY_SECONDS, local
from nlp.classify import classify
from nlp.hot import Issue, cluster
from nlp.reports import Report, report, seconds
from nlp.rules import Rules
from nlp.slots import mask_phones
from store import reported
from store.db import Database

FORMATS = ("text", "jsonl")
CASES_MAX = 1_000_000
LINES_SHOWN = 5
# What the columns are called in the tables that towns have.
COLUMNS = {
    "id": ("id", "编号", "留言编号", "工单编号", "工单号", "事件编号", "案件编号", "序号", "number"),
    "user": ("user", "用户", "留言用户", "反映人", "投诉人", "来电人", "诉求人", "姓名", "电话", "user_id"),
    "title": ("title", "标题", "主题", "留言主题", "工单标题", "诉求标题"),
    "time": ("time", "时间", "留言时间", "反映时间", "来电时间", "受理时间", "登记时间", "日期", "date"),
    "detail": ("detail", "内容", "详情", "留言详情", "留言内容", "工单内容", "诉求内容", "正文", "text"),
    "up": ("up", "点赞", "点赞数", "likes"),
}


@dataclass(frozen=True, slots=True)
class Found:
    """The reports of a table, and what whoever asked should know of it, a line each."""

    reports: list[Report]
    notes: list[str]


def moment(text: str, *, end: bool = False) -> int:
    """UTC seconds of a day or a time somebody typed; of a day its beginning or its `end`.

    Raises ValueError with one line in Chinese.
    """
    try:
        at = seconds(text)
    except ValueError:
        raise ValueError(f"读不懂日期 {text}，请写成 2026-11-01") from None
    return at + DAY_SECONDS if end and ":" not in text else at


def read_table(file: Path) -> Found:
    """The reports of a .csv or .xlsx whose first line names the columns.

    Raises ValueError with one line in Chinese.
    """
    lines = rows(file)
    header = [name.strip() for name in next(lines, [])]
    places = _places(header)
    for names in (("time",), ("title", "detail")):
        if not any(name in places for name in names):
            wanted = " 或 ".join(names)
            raise ValueError(
                f"{file.name} 没有 {wanted} 这一列，有：{'、'.join(filter(None, header)) or '无'}"
            )
    notes = []
    if "user" not in places:
        notes.append(f"{file.name} 没有 user 这一列，每一行都当作不同的人")
    reports, unread = [], []
    for number, line in enumerate(lines, 2):
        cells = {name: line[place].strip() if place < len(line) else "" for name, place in places.items()}
        if not any(cells.values()):
            continue
        try:
            reports.append(_report(cells, number))
        except ValueError:
            unread.append(number)
    if unread:
        shown = "、".join(map(str, unread[:LINES_SHOWN])) + (" 等" if len(unread) > LINES_SHOWN else "")
        notes.append(f"{len(unread)} 行的时间读不懂，没有算（第 {shown} 行）")
    if unread and not reports:
        raise ValueError(f"{file.name} 没有一行的时间读得懂，请写成 2026-11-01 09:30")
    return Found(reports, notes)


def read_cases(db: Database, since: int, until: int) -> list[Report]:
    """The county's own cases of [since, until) UTC seconds, without those that were found untrue."""
    with db.read() as tx:
        found = reported.within(tx, since, until, limit=CASES_MAX)
    return [
        report(str(case.id), str(case.reporter_id), case.text, case.at, place=case.place) for case in found
    ]


def find(
    reports: Iterable[Report], *, since: int | None, until: int | None, days: int, rules: Rules
) -> list[Issue]:
    """The issues, the hottest first, with their categories; a bar on stderr shows how far it is."""
    columns = (TextColumn("找热点"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with kept_away(), Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("找热点", total=100)
        return cluster(
            reports,
            since=since,
            until=until,
            window_days=days,
            category=lambda text: classify(text, rules).category,
            on_progress=lambda done, total: bar.update(task, completed=done, total=total),
        )


def write(issues: Sequence[Issue], format: str, rules: Rules, out: TextIO) -> None:
    """Write the issues to `out`, phones masked; times are of Asia/Shanghai."""
    issues = [
        replace(issue, title=mask_phones(issue.title), place=mask_phones(issue.place)) for issue in issues
    ]
    if format == "jsonl":
        out.writelines(json.dumps(_row(issue), ensure_ascii=False) + "\n" for issue in issues)
    elif issues:
        Console(file=out, width=None if out.isatty() else 120).print(_table(issues, rules))
    else:
        out.write("没有多人反映的同一件事。\n")


def _row(issue: Issue) -> dict[str, object]:
    return {
        "rank": issue.rank,
        "title": issue.title,
        "place": issue.place,
        "category": issue.category,
        "people": issue.people,
        "reports": issue.reports,
        "likes": issue.likes,
        "from": f"{local(issue.start):%Y-%m-%d %H:%M:%S}",
        "to": f"{local(issue.end):%Y-%m-%d %H:%M:%S}",
        "ids": list(issue.ids),
    }


def _table(issues: Sequence[Issue], rules: Rules) -> Table:
    table = Table(title=f"热点问题 {len(issues)} 个", caption="按“同期”排名：期限（--days）内最多的人数")
    for name in ("排名", "同期", "人数", "件数", "点赞"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("时间", "地点", "类别", "问题"):
        table.add_column(name, overflow="fold")
    for issue in issues:
        category = rules.by_code.get(issue.category)
        table.add_row(
            *map(str, (issue.rank, issue.peak, issue.people, issue.reports, issue.likes)),
            f"{local(issue.start):%Y-%m-%d} 至 {local(issue.end):%Y-%m-%d}",
            # Text, for whoever writes [red] in a report.
            *map(Text, (issue.place, category.name if category else issue.category, issue.title)),
        )
    return table


def _places(header: Sequence[str]) -> dict[str, int]:
    """Where each column stands; of several names of one column the first in COLUMNS is taken."""
    lower = [name.lower() for name in header]
    return {
        column: next(lower.index(name) for name in names if name in lower)
        for column, names in COLUMNS.items()
        if any(name in lower for name in names)
    }


def _report(cells: dict[str, str], number: int) -> Report:
    id, at = cells.get("id") or f"line-{number}", seconds(cells["time"])
    user = cells.get("user", id)
    title, detail = cells.get("title", ""), cells.get("detail", "")
    if not title:
        return replace(report(id, user, detail, at), up=_count(cells.get("up", "")))
    return Report(id, user, title, at, detail, _count(cells.get("up", "")))


def _count(text: str) -> int:
    return int(text) if text.isdecimal() else 0
