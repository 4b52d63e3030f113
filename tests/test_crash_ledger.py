"""kill -9 while points are earned, held, posted, given back and reversed: nothing acknowledged is lost."""

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from store import audit, schema
from store.db import Database
from tests import ledger_load, postgres
from tests.invariants import broken
from tests.ledger_load import DONE, RICE
from tests.processes import PATIENCE_SECONDS, ROOT, Forked

ROUNDS = {"sqlite": 50, "postgresql": 10}
ACTS_BEFORE_THE_KILL = 20


def test_killed_with_points_in_its_hands_it_loses_nothing(empty_url: str, tmp_path: Path) -> None:
    _kill_and_check(empty_url, tmp_path, rounds=1)


@pytest.mark.long
@pytest.mark.parametrize("kind", ROUNDS)
def test_killed_many_times_it_loses_nothing(kind: str, tmp_path: Path) -> None:
    for url in _real_url(kind, tmp_path):
        schema.upgrade(url)
        _kill_and_check(url, tmp_path, rounds=ROUNDS[kind])


def _real_url(kind: str, folder: Path) -> Iterator[str]:
    """A database that flushes every commit to the disk."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'mashang.db'}"
        return
    postgres.need_server()
    with postgres.running(fsync=True) as cluster:
        yield cluster.create("crash")


def _kill_and_check(url: str, folder: Path, *, rounds: int) -> None:
    told: list[str] = []
    for _ in range(rounds):
        told += _told_until_killed(url, folder)
        _check(url, told)
    assert len(told) >= rounds * ACTS_BEFORE_THE_KILL
    db = Database(url)
    with db.read() as tx:
        kinds = set(tx.execute(sa.text("SELECT DISTINCT kind FROM xfer")).scalars())
    db.close()
    assert kinds >= {"grant", "restock", "award", "hold"} | (
        {"post", "void", "reverse"} if rounds > 1 else set()
    )


def _told_until_killed(url: str, folder: Path) -> list[str]:
    """What was acknowledged before the kill, which comes at any moment."""
    process = Forked(ledger_load.main, url, cwd=ROOT, env={}, err=folder / "log")
    lines: list[str] = []
    reader = threading.Thread(target=lambda out: lines.extend(out), args=(process.stdout,))
    reader.start()
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while len(lines) < ACTS_BEFORE_THE_KILL and time.monotonic() < ends_at:
        time.sleep(0.005)
    time.sleep(random.uniform(0, 0.3))
    process.kill()
    process.wait()
    reader.join()
    process.close()
    return [
        line.strip().removeprefix(DONE) for line in lines if line.startswith(DONE) and line.endswith("\n")
    ]


# Each movement under the act it is part of; what ends a hold or takes an award back under what it ended.
ACTS = """
    SELECT txn, kind, unit, amount FROM xfer WHERE pending_id IS NULL AND reverses_id IS NULL
    UNION ALL
    SELECT x.kind || ':' || e.txn, x.kind, x.unit, x.amount
    FROM xfer x JOIN xfer e ON e.id IN (x.pending_id, x.reverses_id)"""


def _check(url: str, told: list[str]) -> None:
    db = Database(url)
    with db.read() as tx:
        rows = tx.execute(sa.text(ACTS)).all()
        assert audit.drift(tx) == []
    assert broken(db) == []
    db.close()
    sums: dict[str, dict[tuple[str, int], int]] = {}
    for txn, kind, unit, amount in rows:
        of = sums.setdefault(txn, {})
        of[kind, unit] = of.get((kind, unit), 0) + amount
    wanted = {txn: whole for txn in sums if (whole := _whole(txn))}
    assert {txn: sums[txn] for txn in wanted} == wanted, "no act is there in part, or twice"
    assert len(told) == len(set(told))
    assert set(told) <= wanted.keys(), "whatever was acknowledged is there"


def _whole(txn: str) -> dict[tuple[str, int], int]:
    """What the movements of an act add up to; nothing for what the town opened with and for debts."""
    match txn.split(":"):
        case ["earn", amount, *_]:
            return {("award", 0): 2 * int(amount)}
        case ["reverse", "earn", amount, *_]:
            return {("reverse", 0): 2 * int(amount)}
        case ["order", amount, *_]:
            return {("hold", 0): int(amount), ("hold", RICE): 1}
        case [("post" | "void") as kind, "order", amount, *_]:
            return {(kind, 0): int(amount), (kind, RICE): 1}
        case ["refund", "back", amount, *_]:
            return {("refund", 0): int(amount), ("refund", RICE): 1}
    return {}
