"""Many movements in one statement: their rows travel as JSON, the database books what it does not know."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from store import ledger
from store.columns import Columns
from store.digest import digests_of
from store.prepared import Prepared
from store.tables import xfer
from store.tx import Conflict, Tx

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


def book_all(tx: Tx, rows: Columns, known: Mapping[str, str] | None = None) -> int:
    """Book movements, each once per `idem`; how many were new. `known` has digests by key that were looked
    up already.

    A row has ledger.move's request, `amount`, `idem`, `revision` and `at`. Raises Conflict when a key stands
    for another request, Insufficient and Frozen as ledger.move does: then nothing may be kept.
    """
    keys, digests = rows.column("idem"), digests_of(rows)
    known = known or {}
    _must_be_same(keys, digests, known)
    new = rows.plus({"digest": digests}).where([key not in known for key in keys])
    if not new.size:
        return 0
    if tx.dialect == "postgresql" and _copied(tx, new):
        return new.size
    own = [name for name in _COLUMNS if name in new.own or name == "idem"]
    shared = {name: new.shared[name] for name in _COLUMNS if name not in own}
    try:
        given = {"rows": as_json(new, own), **shared}
        booked = tx.execute(_book_all(tx.dialect, tuple(own)), given).rowcount
    except sa.exc.IntegrityError as error:
        raise ledger.refusal(error) from error
    if booked < new.size:  # some keys were there, or came in meanwhile
        _must_be_same(keys, digests, _known(tx, keys))
    return booked


def _copied(tx: Tx, new: Columns) -> bool:
    """Book rows in three quarters of an INSERT's time; nothing of it where one of the keys is there."""
    try:
        with tx.savepoint("list"):
            tx.copy("xfer", _COLUMNS, new.rows(_COLUMNS))
    except sa.exc.IntegrityError as error:
        if "uq_xfer_idem" in str(error.orig):
            return False
        raise ledger.refusal(error) from error
    return True


def _must_be_same(keys: Sequence[str], digests: list[str], known: Mapping[str, str]) -> None:
    if known and list(map(known.get, keys, digests)) != digests:
        raise Conflict


def _known(tx: Tx, keys: Sequence[str]) -> dict[str, str]:
    """Digest by key, of those that were booked before."""
    given = {"rows": as_json(Columns(len(keys), {}, {"idem": keys}), ("idem",))}
    return dict(tx.execute(_KNOWN[tx.dialect], given))


def as_json(rows: Columns, names: Sequence[str]) -> str:
    """Rows as the parameter `rows` of a statement that reads from `table_of` of these names."""
    return "[" + ",".join(rows.written(names)) + "]"


def table_of(columns: Sequence[str]) -> dict[str, str]:
    """Rows that lie in the JSON of the parameter `rows` as a table `r` of named columns, for each dialect;
    each is parsed once.
    """
    typed = ", ".join(f"{column} {_type(column)}" for column in columns)
    fields = ", ".join(f"value ->> '$.{column}' AS {column}" for column in columns)
    return {
        "sqlite": f"(SELECT {fields} FROM json_each(:rows)) AS r",  # noqa: S608
        "postgresql": f"json_to_recordset(CAST(:rows AS json)) AS r({typed})",
    }


def prepared(sql: str, *columns: sa.Column[Any]) -> Prepared:
    """A statement that was put together here; `columns` are what it returns."""
    return Prepared(sa.text(sql).columns(*columns))


def _type(column: str) -> str:
    return "bigint" if column in _WHOLE else "text"


@cache
def _book_all(dialect: str, own: tuple[str, ...]) -> Prepared:
    """What books rows that have these columns of their own, the others in common."""
    values = ", ".join(f"r.{name}" if name in own else f"CAST(:{name} AS {_type(name)})" for name in _COLUMNS)
    # SQLite's guards refuse a known key before ON CONFLICT is asked; PostgreSQL needs no look beforehand.
    unknown = "NOT EXISTS (SELECT 1 FROM xfer x WHERE x.idem = r.idem)" if dialect == "sqlite" else "true"
    return prepared(
        f"INSERT INTO xfer ({', '.join(_COLUMNS)}) SELECT {values} FROM {table_of(own)[dialect]} "  # noqa: S608
        f"WHERE {unknown} ON CONFLICT (idem) DO NOTHING"
    )


_KEYS = table_of(("idem",))
_KNOWN = {
    name: prepared(
        f"SELECT x.idem, x.digest FROM {_KEYS[name]} {JOIN[name]} xfer x ON x.idem = r.idem",  # noqa: S608
        xfer.c.idem,
        xfer.c.digest,
    )
    for name in BOTH
}
