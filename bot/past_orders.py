"""A table of past work orders, from a CSV file or an Excel workbook."""

import csv
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path

from bot.text_file import read_text


def rows(file: Path) -> tuple[list[str], Iterator[Mapping[str, str]]]:
    """(column names, rows) of a .csv or of the first sheet of an .xlsx.

    Raises ValueError with one line in Chinese.
    """
    if file.suffix.lower() == ".xlsx":
        return _workbook(file)
    reader = csv.DictReader(StringIO(read_text(file), newline=""))  # U+2028 and the like end no row
    return list(reader.fieldnames or ()), ({k: v or "" for k, v in row.items() if k} for row in reader)


def _workbook(file: Path) -> tuple[list[str], Iterator[Mapping[str, str]]]:
    from zipfile import BadZipFile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(file, read_only=True, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError):
        raise ValueError(f"{file.name} 不是 Excel 的 .xlsx 文件") from None
    sheet = book.worksheets[0]
    lines = sheet.iter_rows(values_only=True)
    names = [_cell(value) for value in next(lines, ())]
    return names, (dict(zip(names, map(_cell, line), strict=False)) for line in lines if any(line))


def _cell(value: object) -> str:
    return "" if value is None else str(value).strip()
