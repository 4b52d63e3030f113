"""Balance and the last 20 entries of a wallet with a long history, beside one with 100 entries."""

import statistics
import time

from bench.ledger_clients import listed, open_books
from store import award_lists, schema, wallets
from store.db import Database

SHORT, LONG = 1, 2  # households
SHORT_ENTRIES, SHOWN, LIST, LOOKS = 100, 20, 10_000, 300


def ratio(url: str, entries: int) -> dict[str, float]:
    """Milliseconds a look at the short wallet and at the long one, and how many times as much that is."""
    schema.upgrade(url)
    db = Database(url)
    budget = db.write(lambda tx: open_books(tx, 1_000))
    lists = [[SHORT] * SHORT_ENTRIES, *([LONG] * LIST for _ in range(entries // LIST))]
    for number, households in enumerate(lists):
        rows = listed(budget, f"b{number}", households, 1)
        db.write(lambda tx, rows=rows: award_lists.award_all(tx, rows, now=1))  # type: ignore[misc]
    took: dict[int, list[float]] = {SHORT: [], LONG: []}
    with db.read() as tx:
        for _ in range(LOOKS):
            for household, times in took.items():
                started = time.perf_counter()
                shown = wallets.points(tx, household), wallets.entries(tx, household, SHOWN)
                times.append(time.perf_counter() - started)
                assert len(shown[1]) == SHOWN, shown
    db.close()
    short, long = (1000 * statistics.median(took[each]) for each in (SHORT, LONG))
    return {"short_ms": round(short, 4), "long_ms": round(long, 4), "ratio": round(long / short, 3)}
