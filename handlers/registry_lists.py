"""A town's own lists: which CSV files with which columns, read into rows that still know their line."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

# The columns of each file; those in NEEDED must be filled in every row.
COLUMNS = {
    "grids.csv": ("code", "name", "level", "parent_code", "kind", "households", "people", "group_webhook"),
    "departments.csv": ("code", "name", "unit_code", "group_webhook"),
    "places.csv": ("name", "unit_code", "kind", "code"),
    "people.csv": ("name", "phone", "role", "grid_code", "wecom_userid", "openid"),
    "shops.csv": ("code", "name", "unit_code", "address", "opening"),
    "articles.csv": (
        "shop_code",
        "code",
        "name",
        "price",
        "stock",
        "unit",
        "service",
        "most_a_month",
        "low_stock",
        "supplier",
        "best_before",
    ),
}
NEEDED = {
    "grids.csv": ("code", "name", "level"),
    "departments.csv": ("code", "name", "unit_code"),
    "places.csv": ("name", "unit_code"),
    "people.csv": ("name", "role", "grid_code"),
    "shops.csv": ("code", "name", "unit_code"),
    "articles.csv": ("shop_code", "code", "name", "price"),
}
FILES_NEEDED = ("grids.csv", "people.csv")
AS_WRITTEN = {"name", "address", "group_webhook", "unit", "wecom_userid", "openid", "supplier"}
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
CELL_MAX = 500  # characters
Row = dict[str, str]


class BadFiles(Exception):
    """What is wrong, line by line; nothing was imported."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("；".join(errors))
        self.errors = errors


@dataclass
class Lists:
    """The rows of all files by line number, what is wrong with them, and what to tell."""

    rows: dict[str, list[tuple[int, Row]]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def of(self, name: str) -> list[tuple[int, Row]]:
        return self.rows.get(name, [])

    def bad(self, name: str, line: int, why: str) -> None:
        self.errors.append(f"{name} 第 {line} 行：{why}")


def parse(files: Mapping[str, str]) -> Lists:
    """The rows of the files. Raises BadFiles where a file or a column is missing, unknown or no CSV."""
    lists = Lists()
    for name in files:
        if name not in COLUMNS:
            lists.errors.append(f"{name}：不认识的文件，可用：{'、'.join(COLUMNS)}")
    lists.errors += [f"缺少 {name}" for name in FILES_NEEDED if name not in files]
    readers = {name: _reader(name, files[name], lists) for name in COLUMNS if name in files}
    # Without its head line a file has no rows, and every row that names one of them would look wrong.
    if lists.errors:
        raise BadFiles(lists.errors)
    for name, reader in readers.items():
        lists.rows[name] = list(_rows(name, reader, lists))
    return lists


def _reader(name: str, text: str, lists: Lists) -> "csv.DictReader[str]":
    """A reader past the head line, whose columns were checked."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        columns = [(column or "").strip() for column in reader.fieldnames or ()]
    except csv.Error as error:
        lists.errors.append(f"{name}：不是正确的 CSV（{error}）")
        return reader
    if missing := [column for column in NEEDED[name] if column not in columns]:
        lists.errors.append(f"{name}：缺少列 {'、'.join(missing)}")
    if unknown := [column for column in columns if column and column not in COLUMNS[name]]:
        lists.errors.append(f"{name}：不认识的列 {'、'.join(unknown)}，可用：{'、'.join(COLUMNS[name])}")
    if double := {column for column in columns if column and columns.count(column) > 1}:
        lists.errors.append(f"{name}：列 {'、'.join(sorted(double))} 出现了两次")
    reader.fieldnames = columns
    return reader


def _rows(name: str, reader: "csv.DictReader[str]", lists: Lists) -> Iterator[tuple[int, Row]]:
    try:
        for raw in reader:
            if any(raw.pop(None, ())):
                lists.bad(name, reader.line_num, "列数比表头多")
                continue
            row = {column: _tidy(column, raw.get(column) or "") for column in COLUMNS[name]}
            if not any(row.values()):
                continue
            if why := _flaw(name, row):
                lists.bad(name, reader.line_num, why)
                continue
            yield reader.line_num, row
    except csv.Error as error:
        lists.bad(name, reader.reader.line_num, f"不是正确的 CSV（{error}）")


def _tidy(column: str, value: str) -> str:
    """A value as it was meant: full-width letters and digits count as plain ones, except in names."""
    return (value if column in AS_WRITTEN else unicodedata.normalize("NFKC", value)).strip()


def _flaw(name: str, row: Row) -> str:
    if empty := [column for column in NEEDED[name] if not row[column]]:
        return f"{'、'.join(empty)} 没有填"
    for column, value in row.items():
        if len(value) > CELL_MAX:
            return f"{column} 太长，最多 {CELL_MAX} 个字"
        if CONTROL.search(value):
            return f"{column} 里有换行或看不见的字符"
    return ""
