"""What is asked often goes by an index, whatever history there is: SQLite says how it would look it up."""

import re
import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from store import expiries, honours, statements, wallets


class Explaining:
    """Takes the place of a Tx: keeps the plan of each statement, returns no rows."""

    dialect = "sqlite"

    def __init__(self, file: Path) -> None:
        self.plans: list[list[str]] = []
        self._connection = sqlite3.connect(file)

    def execute(self, statement: Any, _parameters: Any = None) -> Any:
        statement = getattr(statement, "_statement", statement)
        options = {"render_postcompile": True}
        compiled = str(statement.compile(dialect=sqlite.dialect(), compile_kwargs=options))
        rows = self._connection.execute(f"EXPLAIN QUERY PLAN {compiled}", [1] * compiled.count("?"))
        self.plans.append([re.sub(r"sqlite_autoindex_\w+", "UNIQUE", row[3]) for row in rows])
        return sa.engine.result.IteratorResult(sa.engine.result.SimpleResultMetaData(["n"]), iter(()))

    def plan(self) -> list[str]:
        return self.plans.pop()


def test_balance_and_entries_never_read_a_history(sqlite_empty: Path) -> None:
    tx = Explaining(sqlite_empty)
    tx.execute(wallets._WALLETS)
    assert tx.plan() == [
        "SEARCH acct USING COVERING INDEX UNIQUE (kind=? AND unit=? AND owner=?)",
        "SEARCH bal USING INTEGER PRIMARY KEY (rowid=?)",
        "USE TEMP B-TREE FOR ORDER BY",  # a handful of cohorts
    ]
    tx.execute(wallets._ENTRIES)  # in the index's own order: it stops at its limit
    assert tx.plan() == [
        "SEARCH posting USING INDEX UNIQUE (acct=?)",
        "SEARCH xfer USING INTEGER PRIMARY KEY (rowid=?)",
    ]


def test_a_month_begins_with_its_movements_and_a_ranking_with_its_awards(sqlite_empty: Path) -> None:
    tx = Explaining(sqlite_empty)
    tx.execute(statements._MAKE)
    legs = [step for step in tx.plan() if step.startswith(("SEARCH x ", "SEARCH a "))]
    assert (
        legs
        == [
            "SEARCH x USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
            "SEARCH a USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN",
        ]
        * 2
    )
    statements.of(tx, 1, "2026-11")  # type: ignore[arg-type]
    assert tx.plan() == ["SEARCH statements USING INDEX UNIQUE (household_id=? AND month=?)"]
    tx.execute(honours._awards([1, 2], "2026-11-01", "2026-11-30", honours._POINTS))
    assert "SEARCH xfer USING INDEX ix_xfer_earned (credit=? AND day>? AND day<?)" in tx.plan()


def test_where_no_points_expire_it_is_asked_of_an_empty_index(sqlite_empty: Path) -> None:
    tx = Explaining(sqlite_empty)
    expiries.warnings(tx, first=20261201, last=20261231, limit=5)  # type: ignore[arg-type]
    assert tx.plans[0] == ["SEARCH acct USING COVERING INDEX ix_acct_expiring (cohort>? AND cohort<?)"]
