"""What the disk allows: the time of one fsync, and the rate of a bare SQLite loop of durable inserts."""

import os
import sqlite3
import statistics
import time
from pathlib import Path

ROW = "报" * 100


def fsync_ms(folder: Path, seconds: float) -> float:
    """The median of an append of 4 KiB and its fsync, in milliseconds."""
    took, ends_at = [], time.perf_counter() + seconds
    with (folder / "fsync").open("ab", buffering=0) as file:
        while (started := time.perf_counter()) < ends_at:
            file.write(bytes(4096))
            os.fsync(file.fileno())
            took.append(time.perf_counter() - started)
    return statistics.median(took) * 1000


def commits_per_second(folder: Path, seconds: float) -> float:
    """Durable commits of one small row each, one after the other, by the sqlite3 module alone."""
    connection = sqlite3.connect(folder / "commits.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE report (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
    started, commits = time.perf_counter(), 0
    while time.perf_counter() < started + seconds:
        connection.execute("INSERT INTO report (text) VALUES (?)", (ROW,))
        commits += 1
    rate = commits / (time.perf_counter() - started)
    connection.close()
    return rate
