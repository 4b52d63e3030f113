"""The schema with one guard of the ledger taken away at a time: some attempt or legal act must then go wrong.

A guard whose loss nobody notices would be superfluous or untested. What another guard says as well stands in
IMPLIED, with the reason.
"""

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.invariants import INVARIANTS
from tests.test_ledger import (
    ALL_TABLES,
    ATTEMPTS,
    BY_KEYS,
    NOW,
    ONLY_POSTGRES,
    ONLY_SQLITE,
    OTHER_TABLES,
    award_entry,
    everything,
)

TABLES = (*ALL_TABLES, *OTHER_TABLES)
# Of foreign keys only those that hold the ledger together; the others name people and units.
OWN_KEYS = ("acct", "xfer", "posting", "bal", "blocks")
# For each database exactly those whose loss no attempt shows.
IMPLIED = {
    "sqlite": {},
    "postgresql": {
        "ck_xfer_kind": "a kind that joins no accounts books nothing: xfer_books",
        "blocks_no_delete": "its items refer to it",
        **{
            f"{table}_no_truncate": "the tables that refer to it are truncated with it, and refuse"
            for table in ("applications", "blocks", "xfer")
        },
    },
}
LEGAL = [
    "INSERT INTO people (id, name, created_at) VALUES (9001, '', 1)",
    "INSERT INTO households (id, code, opened_at) VALUES (9001, 'fresh', 1)",
    "INSERT INTO members (household_id, person_id, since) VALUES (9001, 9001, 1)",
    "INSERT INTO acct (id, kind, unit, owner) VALUES (9001, 'wallet', 0, 9001)",
    award_entry("budget", "fresh", 5, idem="'legal'", at=str(NOW)),
]
NOTHING = "SELECT 1"  # taken away: then nobody may notice anything

Run = Callable[[str], Iterable[tuple[Any, ...]]]


@dataclass(frozen=True)
class Mutant:
    """A guard by its name, and the SQL that takes it away."""

    name: str
    without: str


def of_sqlite(file: Path) -> list[Mutant]:
    """Triggers and unique indexes; SQLite cannot drop what stands in a CREATE TABLE."""
    connection = sqlite3.connect(file)
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name").fetchall()
    connection.close()
    return [
        Mutant(name, f"DROP {kind} {name}")
        for kind, name, table, sql in rows
        if table in TABLES and (kind == "trigger" or (kind == "index" and "UNIQUE" in (sql or "")))
    ]


def of_postgres(run: Run) -> list[Mutant]:
    """Triggers, checks, unique and foreign keys."""
    constraints = run(
        "SELECT c.conrelid::regclass::text, c.conname, c.contype, c.confrelid::regclass::text "
        "FROM pg_constraint c WHERE c.contype IN ('c', 'u', 'f') AND c.conrelid <> 0 ORDER BY 1, 2"
    )
    triggers = run(
        "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2"
    )
    indexes = run(
        "SELECT tablename, indexname FROM pg_indexes WHERE indexdef LIKE 'CREATE UNIQUE%' AND "
        "schemaname = 'public' AND indexname NOT IN (SELECT conname FROM pg_constraint) ORDER BY 1, 2"
    )
    return [
        *(
            Mutant(name, f"ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE")
            for table, name, kind, of in constraints
            if table in TABLES and (kind != "f" or of in OWN_KEYS)
        ),
        *(Mutant(name, f"DROP TRIGGER {name} ON {table}") for table, name in triggers if table in TABLES),
        *(Mutant(name, f"DROP INDEX {name}") for table, name in indexes if table in TABLES),
    ]


def noticed_on_sqlite(file: Path, mutant: Mutant, ids: dict[str, int]) -> str:
    """The attempt that gets through without this guard, on a connection that protects nothing by itself."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA foreign_keys=OFF")
    connection.execute("PRAGMA recursive_triggers=OFF")
    connection.execute("BEGIN")
    before = everything(connection.execute)
    connection.execute(mutant.without)

    def attempt(statement: str) -> bool:
        connection.execute("SAVEPOINT attempt")
        try:
            connection.execute(statement.format(**ids))
            changed = everything(connection.execute) != before
        except sqlite3.Error:
            # INSERT OR FAIL leaves what it did before it failed.
            changed = "OR FAIL" in statement and everything(connection.execute) != before
        connection.execute("ROLLBACK TO attempt")
        return changed

    found = next((name for name, each in (ATTEMPTS | ONLY_SQLITE).items() if attempt(each)), "")
    found = found or _legal(connection.execute, sqlite3.Error, ids)
    connection.execute("ROLLBACK")
    connection.close()
    return found


def noticed_on_postgres(connection: psycopg.Connection[Any], mutant: Mutant, ids: dict[str, int]) -> str:
    """The same; the connection commits nothing by itself."""

    def run(statement: str) -> Any:
        return connection.execute(statement.encode())

    before = everything(run)
    run(mutant.without)
    found = ""
    for name, statement in (ATTEMPTS | BY_KEYS | ONLY_POSTGRES).items():
        run("SAVEPOINT attempt")
        try:
            run(statement.format(**ids))
            if everything(run) != before or not statement.startswith(("UPDATE", "DELETE")):
                found = name
        except psycopg.Error:
            pass
        run("ROLLBACK TO SAVEPOINT attempt")
        if found:
            break
    found = found or _legal(run, psycopg.Error, ids)
    connection.rollback()
    return found


def _legal(run: Callable[[str], Any], error: type[Exception], ids: dict[str, int]) -> str:
    """What goes wrong with an act that is allowed: an account opened, points awarded to it."""
    try:
        for statement in LEGAL:
            run(statement.format(**ids, fresh=9001))
    except error as refused:
        return f"a legal act: {refused}"
    return next((name for name, query in INVARIANTS.items() if list(run(query))), "")
