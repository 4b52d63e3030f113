"""`mashang points statements`: a month of every household as a table, for Excel or for other programs."""

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from rich.console import Console
from rich.progress import Progress

from store import statements
from store.db import Database

FORMATS = (".xlsx", ".csv")
HEADS = {
    "code": "户号",
    "name": "户名",
    "unit": "网格",
    "month": "月份",
    "opening": "期初",
    "earned": "得分",
    "spent": "使用",
    "expired": "到期",
    "other": "其他",
    "closing": "期末",
}


def write(db: Database, month: str, out: Path | None) -> int:
    """Write the statements of a month (2026-11) to a file, or as CSV to stdout; how many. None: no file."""
    with db.read() as tx, Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("写对账单", total=None)
        rows = (_counted(row, bar, task) for row in statements.listed(tx, month))
        first = next(rows, None)
        if first is None:
            return 0
        if out is not None and out.suffix == ".xlsx":
            return _write_xlsx(_all(first, rows), month, out)
        with _opened(out) as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(HEADS.values())
            return sum(1 for row in _all(first, rows) if writer.writerow(row))


def _counted(row: dict[str, Any], bar: Progress, task: Any) -> list[Any]:
    bar.advance(task)
    return [row[name] for name in HEADS]


def _all(first: list[Any], rows: Iterator[list[Any]]) -> Iterator[list[Any]]:
    yield first
    yield from rows


@contextmanager
def _opened(out: Path | None) -> Iterator[TextIO]:
    """Excel knows UTF-8 by its mark only."""
    if out is None:
        yield sys.stdout
        return
    with out.open("w", encoding="utf-8-sig", newline="") as file:
        yield file


def _write_xlsx(rows: Iterator[list[Any]], month: str, out: Path) -> int:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(f"{month} 对账单")
    sheet.append(list(HEADS.values()))
    count = 0
    for row in rows:
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, value)
            if isinstance(value, str):
                cell.data_type = "s"  # a name that begins with = is a name, no formula
            cells.append(cell)
        sheet.append(cells)
        count += 1
    book.save(out)
    return count
