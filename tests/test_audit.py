"""The audit reads books of any size in slices; what is wrong at the edge of one is found like all else."""

import sqlite3
from pathlib import Path

import pytest

from bench import books, reconcile
from store import audit
from store.audit import ROWS_AT_ONCE, Finding
from store.db import Database

MOVEMENTS = 2 * ROWS_AT_ONCE + 10
TEN_TIMES_TAKES_AT_MOST, MEMORY_GROWS_AT_MOST = 12, 1.2
BUDGET, WALLET, HELD = 2, 10, 25  # what movement 2001 posted lay there


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Books of more than two slices, nothing guarded any more."""
    filled = tmp_path_factory.mktemp("books") / "books.db"
    books.fill(filled, MOVEMENTS)
    connection = sqlite3.connect(filled)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.commit()
    connection.close()
    return filled


def _found(file: Path) -> list[Finding]:
    db = Database(f"sqlite:///{file}")
    rows: list[int] = []
    found = list(audit.findings(db.read, rows.append))
    with db.read() as tx:
        assert sum(rows) == audit.size(tx)
    db.close()
    return found


def movement(number: int, why: str = "changed") -> Finding:
    return Finding("movement", number, why)


LAST = MOVEMENTS + 1
TAMPERINGS: dict[str, tuple[str, list[Finding]]] = {
    "nothing": ("SELECT 1", []),
    "the last of a slice": (
        f"UPDATE xfer SET reason = '积分。' WHERE id = {ROWS_AT_ONCE}",
        [movement(ROWS_AT_ONCE)],
    ),
    "the first of the next": (
        f"UPDATE xfer SET reason = '积分。' WHERE id = {ROWS_AT_ONCE + 1}",
        [movement(ROWS_AT_ONCE + 1)],
    ),
    "the very last": (f"UPDATE xfer SET reason = '积分。' WHERE id = {LAST}", [movement(LAST)]),
    "a movement gone from between two slices": (
        f"DELETE FROM xfer WHERE id = {ROWS_AT_ONCE + 1}",
        [movement(ROWS_AT_ONCE + 1, "legs"), Finding("account", HELD, "held")],
    ),
    "a posting of no movement, after the last": (
        f"INSERT INTO posting SELECT acct, ver + 1, {LAST + 9}, 1, after + 1 FROM posting "
        f"WHERE acct = {WALLET} ORDER BY ver DESC LIMIT 1",
        [movement(LAST + 9, "legs"), Finding("account", WALLET, "balance")],
    ),
    "a long account's chain at a slice's edge": (
        f"UPDATE posting SET after = after + 1 WHERE acct = {BUDGET} AND ver = 1998",
        [Finding("account", BUDGET, "chain")],
    ),
    "points out of nothing": (
        "UPDATE bal SET posted = posted + 1 WHERE acct = 1",
        [Finding("account", 1, "balance"), Finding("unit", 0, "sum")],
    ),
    "the last account opened with something in it": (
        "INSERT INTO acct (id, kind, unit, owner) VALUES (999999, 'wallet', 0, 77); "
        "INSERT INTO bal (acct, posted, floor) VALUES (999999, 5, 0)",
        [Finding("account", 999999, "balance"), Finding("unit", 0, "sum")],
    ),
    "a cap that says less than was given": (
        "INSERT INTO caps VALUES ('', 'person', 1, '2026-11', 0, 5, 10)",
        [Finding("cap", 1, "cap")],
    ),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_what_is_wrong_is_named_wherever_it_lies(name: str, file: Path, tmp_path: Path) -> None:
    statement, wrong = TAMPERINGS[name]
    copy = tmp_path / "copy.db"
    copy.write_bytes(file.read_bytes())
    connection = sqlite3.connect(copy)
    connection.executescript(statement)
    connection.close()
    assert _found(copy) == wrong


@pytest.mark.long
def test_ten_times_the_movements_take_ten_times_the_time_and_no_more_memory() -> None:
    compared = reconcile.compare(300_000)
    assert compared["time_ratio"] <= TEN_TIMES_TAKES_AT_MOST
    assert compared["memory_ratio"] <= MEMORY_GROWS_AT_MOST
