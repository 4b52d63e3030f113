"""Tables as offices have them: .csv in UTF-8 or GBK, the first sheet of an .xlsx; each cell as text."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from bot.text_file import read_text


def rows(file: Path) -> Iterator[list[str]]:
    """Line by line. Raises ValueError with one line in Chinese."""
    yield from _sheet(file) if file.suffix.lower() == ".xlsx" else _csv(file)


def _csv(file: Path) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(read_text(file), newline=""))
    except csv.Error as error:
        raise ValueError(f"{file.name} 不是正确的 CSV：{error}") from None


def _sheet(file: Path) -> Iterator[list[str]]:
    """The first sheet of a workbook, each cell as text."""
    from openpyxl import load_workbook

    try:
        book = load_workbook(file, read_only=True, data_only=True)
    except OSError as error:
        raise ValueError(f"读不了 {file}：{error.strerror}") from None
    except Exception:  # not a zip, not a workbook, a broken part: the library raises what it meets
        raise ValueError(f"{file.name} 不是 Excel 的 .xlsx 文件") from None
    for row in book.worksheets[0].iter_rows(values_only=True):
        yield [_text(cell) for cell in row]


def _text(cell: object) -> str:
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M:%S}"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell)
