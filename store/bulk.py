"""Many movements in one statement: their rows travel as JSON, the database books what it does not know."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from store import ledger
from store.db import Conflict, Tx

BOTH = ("sqlite", "postgresql")
# The rows first, then what they name: SQLite else reads the whole table and searches the rows for each.
JOIN = {"sqlite": "CROSS JOIN", "postgresql": "JOIN"}
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
    "owner",
    "cohort",
}


def book_all(tx: Tx, rows: Sequence[Mapping[str, Any]], known: Mapping[str, str] | None = None) -> int:
    """Book movements, each once per `idem`; how many were new. `known` has digests by key that were looked
    up already.

    A row has ledger.move's request, `amount`, `idem`, `digest`, `revision` and `at`. Raises Conflict when a
    key stands for another request, Insufficient and Frozen as ledger.move does: then none is booked.
    """
    known = dict(known or {})
    known |= _known(tx, [row["idem"] for row in rows if row["idem"] not in known])
    if any(known.get(row["idem"], row["digest"]) != row["digest"] for row in rows):
        raise Conflict
    new = [row for row in rows if row["idem"] not in known]
    if not new:
        return 0
    shared, own = _apart(new)
    try:
        given = {"rows": as_json(own), "shared": as_json([shared])}
        return int(tx.execute(sa.text(_BOOK_ALL[tx.dialect]), given).rowcount)
    except sa.exc.IntegrityError as error:
        raise ledger.refusal(error) from error


def _apart(rows: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What is the same in all rows, which travels once, and what each has of its own; always its key."""
    first = rows[0]
    shared = {
        name: first[name]
        for name in _COLUMNS
        if name != "idem" and all(each[name] == first[name] for each in rows)
    }
    own = [name for name in _COLUMNS if name not in shared]
    return shared, [{name: each[name] for name in own} for each in rows]


def _known(tx: Tx, keys: Sequence[str]) -> dict[str, str]:
    """Digest by key, of those that were booked before."""
    if not keys:
        return {}
    given = {"rows": as_json([{"idem": key} for key in keys])}
    return {row[0]: row[1] for row in tx.execute(sa.text(_KNOWN[tx.dialect]), given)}


def as_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as the parameter `rows` of a statement that reads from `table_of`."""
    return json.dumps(rows, ensure_ascii=False)


def table_of(columns: Sequence[str], name: str = "r", rows: str = "rows") -> dict[str, str]:
    """Rows that lie in the JSON of a parameter as a table `name` of named columns, for each dialect; each is
    parsed once.
    """
    typed = ", ".join(f"{column} {'bigint' if column in _WHOLE else 'text'}" for column in columns)
    fields = ", ".join(f"value ->> '$.{column}' AS {column}" for column in columns)
    return {
        "sqlite": f"(SELECT {fields} FROM json_each(:{rows})) AS {name}",  # noqa: S608
        "postgresql": f"json_to_recordset(CAST(:{rows} AS json)) AS {name}({typed})",
    }


_ROWS, _SHARED, _KEYS = table_of(_COLUMNS), table_of(_COLUMNS, "s", "shared"), table_of(("idem",))
_EITHER = ", ".join(f"COALESCE(r.{name}, s.{name})" for name in _COLUMNS)
_BOOK_ALL = {
    # SQLite's guards refuse a known key before ON CONFLICT is asked; on PostgreSQL one may come in meanwhile.
    name: f"INSERT INTO xfer ({', '.join(_COLUMNS)}) "  # noqa: S608
    f"SELECT {_EITHER} FROM {_SHARED[name]} CROSS JOIN {_ROWS[name]} "
    "WHERE NOT EXISTS (SELECT 1 FROM xfer x WHERE x.idem = r.idem) ON CONFLICT (idem) DO NOTHING"
    for name in BOTH
}
_KNOWN = {
    name: f"SELECT r.idem, x.digest FROM {_KEYS[name]} {JOIN[name]} xfer x ON x.idem = r.idem"  # noqa: S608
    for name in BOTH
}
