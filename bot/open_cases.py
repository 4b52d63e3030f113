"""The open cases as this process knows them, to be asked which are like a new one; a hint, never the truth.

The truth is the database: what is found here is looked up there in the unit of work before anybody is
told. So a case that was closed a moment ago is not offered, and one that came in the same moment
through another process is missed. Only committed rows come in here: `take` what this process committed,
`catch_up` in a reading transaction of its own, before the message is handled.
"""

import threading
import time
from collections.abc import Collection

from nlp.alike import DAY, DAYS, Index
from store import cases, journal
from store.cases import Case, Outline
from store.tx import Tx

STALE_SECONDS = 1.0  # what other processes wrote is known this soon
GAPS_MAX = 1_000
GAP_SECONDS = 60  # so long a line may be missing because its transaction is still going on
LOAD_BATCH = 500
OVERLAP = 500  # lines before the newest that are read again at the start: some may not be committed yet


class OpenCases:
    """An index that follows the journal: whatever changes a case writes a line there.

    On PostgreSQL lines are committed out of order, so the numbers that were passed over are asked for
    again until they turn up or are a minute old. Safe for several threads.
    """

    def __init__(self) -> None:
        self._index = Index()
        self._lock = threading.Lock()
        self._line = -1  # the newest journal line that was read; below 0: not loaded yet
        self._gaps: dict[int, float] = {}
        self._loaded_to = 0
        self._read_at = 0.0

    @property
    def is_behind(self) -> bool:
        """Whether to look for what others wrote before the next message."""
        return time.monotonic() - self._read_at > STALE_SECONDS

    def load(self, tx: Tx, *, now: int) -> bool:
        """Take in the next batch of the cases that were open at the start; False when all are there."""
        with self._lock:
            if self._line < 0:
                self._line = max(0, journal.last(tx) - OVERLAP)
            batch = cases.open_after(tx, self._loaded_to, since=now - DAYS * DAY, limit=LOAD_BATCH)
            for case in batch:
                self._loaded_to = case.id
                self._take(case)
            return len(batch) == LOAD_BATCH

    def take(self, case: Case) -> None:
        """Know a case as this process has just committed it."""
        with self._lock:
            self._take(case)

    def catch_up(self, tx: Tx) -> None:
        """Take in what was committed since the last time, by whichever process."""
        with self._lock:
            self._read_at = time.monotonic()
            changed = journal.changed_in(tx, self._gaps) if self._gaps else []
            changed += journal.changed_after(tx, self._line)
            for line, _ in changed:
                self._note(line)
            for case in {case.id: case for _, case in changed}.values():
                self._take(case)
            for line in [line for line, since in self._gaps.items() if self._read_at - since > GAP_SECONDS]:
                del self._gaps[line]
            if len(changed) >= journal.CHANGED_MAX:
                self._read_at = 0.0

    def find(
        self, text: str, unit_ids: Collection[int], at: int, limit: int, *, category: str = ""
    ) -> list[tuple[int, float]]:
        """(case, how alike) as nlp.alike.Index.find gives them."""
        with self._lock:
            return self._index.find(text, unit_ids, at, limit, category=category)

    def _note(self, line: int) -> None:
        if line <= self._line:
            self._gaps.pop(line, None)
            return
        for missing in range(max(self._line + 1, line - GAPS_MAX), line):
            self._gaps[missing] = self._read_at
        self._line = line

    def _take(self, case: Case | Outline) -> None:
        if case.state in cases.OPEN:
            self._index.add(case.id, case.text, case.unit_id, case.opened_at, case.category)
        else:
            self._index.drop(case.id)
