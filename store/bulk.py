"""Many movements in one statement: their rows travel as JSON, the database books what it does not know."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from store import ledger
from store.db import Conflict, Tx

_COLUMNS = (
    *("txn", "kind", "debit", "credit", "unit", "asked", "amount", "idem", "digest", "reason", "actor_id"),
    *("case_id", "at", "rule", "revision", "cause", "day", "person_id", "application_id"),
)
_WHOLE = {
    "debit",
    "credit",
    "unit",
    "asked",
    "amount",
    "actor_id",
    "case_id",
    "at",
    "person_id",
    "application_id",
}


def book_all(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> int:
    """Book movements, each once per `idem`; how many were new.

    A row has ledger.move's request, `amount`, `idem`, `digest`, `revision` and `at`. Raises Conflict when a
    key stands for another request, Insufficient and Frozen as ledger.move does: then none is booked.
    """
    if not rows:
        return 0
    given = json.dumps([{name: row[name] for name in _COLUMNS} for row in rows], ensure_ascii=False)
    if tx.execute(sa.text(_OTHERS[tx.dialect]), {"rows": given}).first() is not None:
        raise Conflict
    try:
        return int(tx.execute(sa.text(_BOOK_ALL[tx.dialect]), {"rows": given}).rowcount)
    except sa.exc.IntegrityError as error:
        raise ledger.refusal(error) from error


def _columns_of(value: str, *names: str) -> str:
    """Columns (all of them where none are named) of one row that lies in JSON, for one dialect."""
    wanted = names or _COLUMNS
    return ", ".join(value.format(name=name, cast="bigint" if name in _WHOLE else "text") for name in wanted)


BOTH = ("sqlite", "postgresql")
GIVEN = {
    "sqlite": "json_each(:rows) AS r",
    "postgresql": "json_array_elements(CAST(:rows AS json)) AS r(value)",
}
_FIELD = {
    "sqlite": "json_extract(r.value, '$.{name}')",
    "postgresql": "CAST(r.value ->> '{name}' AS {cast})",
}
_BOOK_ALL = {
    # SQLite's guards refuse a known key before ON CONFLICT is asked; on PostgreSQL one may come in meanwhile.
    name: f"INSERT INTO xfer ({', '.join(_COLUMNS)}) "  # noqa: S608
    f"SELECT {_columns_of(_FIELD[name])} FROM {GIVEN[name]} "
    f"WHERE NOT EXISTS (SELECT 1 FROM xfer x WHERE x.idem = {_columns_of(_FIELD[name], 'idem')}) "
    "ON CONFLICT (idem) DO NOTHING"
    for name in BOTH
}
_OTHERS = {
    name: f"SELECT 1 FROM {GIVEN[name]} JOIN xfer x ON x.idem = {_columns_of(_FIELD[name], 'idem')} "  # noqa: S608
    f"WHERE x.digest <> {_columns_of(_FIELD[name], 'digest')} LIMIT 1"
    for name in BOTH
}
