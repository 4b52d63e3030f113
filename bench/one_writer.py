"""SQLite with every commit flushed: one writer that commits for all, beside a connection a client."""

import itertools
import random
import sqlite3
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.ledger_clients import WALLETS, listed, open_books, wallets_of
from store import award_lists, ledger, schema
from store.db import Database
from store.sqlite import own_transactions
from store.tx import Tx

WAIT_SECONDS = 30
Figures = dict[str, float]


def compare(seconds: float, clients: int) -> dict[str, Figures]:
    """The same transfers through our writer, and in threads that each have a connection and a transaction."""
    with tempfile.TemporaryDirectory(prefix="mashang-bench-") as folder:
        url = f"sqlite:///{Path(folder) / 'ledger.db'}"
        schema.upgrade(url)
        db = Database(url)
        budget = db.write(lambda tx: open_books(tx, WALLETS))
        rich = listed(budget, "start", list(range(1, WALLETS + 1)), 1_000_000)
        db.write(lambda tx: award_lists.award_all(tx, rich, now=1))
        with db.read() as tx:
            wallets = wallets_of(tx)
        ours = _measure(db.write, wallets, "ours", seconds, clients)
        db.close()
        threads = _measure(_ThreadPerClient(url).write, wallets, "threads", seconds, clients)
    return {"ours": ours, "threads": threads}


class _ThreadPerClient:
    """What one writes without a writer: BEGIN IMMEDIATE, wait for the lock, commit."""

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(url, connect_args={"timeout": WAIT_SECONDS}, pool_size=32)
        own_transactions(self._engine)

        @sa.event.listens_for(self._engine, "connect")
        def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
            for pragma in (
                "journal_mode=WAL",
                "synchronous=FULL",
                "foreign_keys=ON",
                "recursive_triggers=ON",
            ):
                connection.execute(f"PRAGMA {pragma}")

    def write(self, work: Any) -> None:
        with self._engine.begin() as connection:
            work(Tx(connection))


def _measure(write: Any, wallets: list[int], name: str, seconds: float, clients: int) -> Figures:
    took: list[float] = []
    ends_at = time.perf_counter() + seconds

    def client(number: int) -> None:
        chance, keys = random.Random(number), itertools.count()
        while (begun := time.perf_counter()) < ends_at:
            debit, credit = chance.sample(wallets, 2)
            key = f"{name}:{number}:{next(keys)}"
            asked = {"kind": "family", "debit": debit, "credit": credit, "amount": 1, "reason": "家人"}
            write(partial(ledger.move, **asked, idem=key, txn=key, now=1))  # type: ignore[arg-type]
            took.append(time.perf_counter() - begun)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = time.perf_counter() - started
    took.sort()
    return {
        "per_second": round(len(took) / spent, 1),
        "p50_ms": round(1000 * took[len(took) // 2], 2),
        "p99_ms": round(1000 * took[len(took) * 99 // 100], 2),
    }
