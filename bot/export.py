"""`mashang export`: rows as they may leave the house, with phone numbers masked."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

from nlp.slots import mask_phones
from store import exports
from store.db import Database

KINDS = tuple(exports.QUERIES)
FORMATS = ("jsonl", "csv")


def write(db: Database, kind: str, format: str, out: TextIO) -> None:
    """Write every row of `kind` (one of KINDS) to `out`, from one snapshot of the database."""
    with db.read() as tx:
        rows = (_masked(row) for row in exports.rows(tx, kind))
        if format == "csv":
            _write_csv(rows, exports.columns(kind), out)
        else:
            out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _masked(row: dict[str, Any]) -> dict[str, Any]:
    return {name: mask_phones(value) if isinstance(value, str) else value for name, value in row.items()}


def _write_csv(rows: Iterable[dict[str, Any]], columns: Sequence[str], out: TextIO) -> None:
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(dict(_cells(row)) for row in rows)


def _cells(row: dict[str, Any]) -> Iterator[tuple[str, object]]:
    for name, value in row.items():
        yield name, "、".join(map(str, value)) if isinstance(value, list) else value
