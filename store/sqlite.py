"""SQLite: one thread writes, each work under a savepoint, one commit for all that has queued up."""

import fcntl
import logging
import os
import queue
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from store.tx import LostTransaction, Tx
from store.works import QUEUE_MAX, Busy, Job, mark_thread, note_slow, settle

log = logging.getLogger("mashang.db")

GROUP_WORKS_MAX = 64
GROUP_SECONDS_MAX = 0.020
LINGER_SECONDS_MAX = 0.003


class Occupied(Exception):
    """Another process writes to this SQLite file; `note` is what it left in the lock file."""

    def __init__(self, note: str) -> None:
        super().__init__("这个数据库文件正由另一个进程使用")
        self.note = note


def own_transactions(engine: sa.Engine, begin: str = "BEGIN IMMEDIATE") -> None:
    """Take transactions out of the hands of SQLite's driver.

    With its own handling the RELEASE of the first SAVEPOINT is the commit, and CREATE TABLE runs outside of
    any transaction. A writer takes the lock at once: one that reads first and writes later cannot wait for
    it, SQLite fails it straight away.
    """

    @sa.event.listens_for(engine, "connect")
    def _take_over(connection: Any, _record: Any) -> None:
        connection.isolation_level = None

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    @sa.event.listens_for(engine, "before_cursor_execute")
    def _stay_inside(_connection: Any, cursor: Any, statement: str, *_more: Any) -> None:
        # After a full disk SQLite may have rolled back: what followed would be committed on its own.
        if not cursor.connection.in_transaction and statement != begin:
            raise LostTransaction


def engine_of(path: Path, *, readonly: bool) -> sa.Engine:
    url = (
        sa.URL.create("sqlite", database=f"file:{quote(str(path))}", query={"mode": "ro", "uri": "true"})
        if readonly
        else sa.URL.create("sqlite", database=str(path))
    )
    options = {"check_same_thread": False, "timeout": 5}
    engine = sa.create_engine(url, connect_args=options, hide_parameters=True)
    own_transactions(engine, "BEGIN" if readonly else "BEGIN IMMEDIATE")

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        if not readonly:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            # What a savepoint may have to undo: beyond 64 KB it would go through a file in each transaction.
            connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA recursive_triggers=ON")

    return engine


class SqliteWriter:
    """One thread that runs what has queued up, each work under a SAVEPOINT, and commits once for all."""

    def __init__(self, path: Path, note: str) -> None:
        self._lock = _take_lock(path, note)
        self._jobs: queue.SimpleQueue[Job[Any] | None] = queue.SimpleQueue()
        self._engine = engine_of(path, readonly=False)
        self._connection = self._engine.connect()
        self._closed = False
        self._last_size = 1
        self._door = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="mashang-writer", daemon=True)
        self._thread.start()

    def submit(self, job: Job[Any]) -> None:
        with self._door:
            if self._closed or self._jobs.qsize() >= QUEUE_MAX:
                raise Busy
            self._jobs.put(job)

    def close(self) -> None:
        with self._door:
            self._closed = True
        self._jobs.put(None)
        self._thread.join()
        self._connection.close()
        self._engine.dispose()
        self._lock.close()

    def _run(self) -> None:
        mark_thread()
        while (first := self._jobs.get()) is not None:
            group = [first]
            try:
                self._commit(self._gather(group))
            except Exception as error:
                log.warning("group of %d works did not commit (%s); each runs alone", len(group), error)
                for job in group:
                    self._run_alone(job)
            settle(group)
            self._last_size = len(group)

    def _gather(self, group: list[Job[Any]]) -> Iterator[Job[Any]]:
        """The first of `group` and then what has queued up behind it, which is added to `group`."""
        started = time.monotonic()
        yield group[0]
        while len(group) < GROUP_WORKS_MAX and time.monotonic() < started + GROUP_SECONDS_MAX:
            try:
                job = self._jobs.get(timeout=self._linger(len(group), started))
            except queue.Empty:
                return
            if job is None:
                self._jobs.put(None)  # the mark of `close`: the outer loop ends at it
                return
            group.append(job)
            yield job

    def _linger(self, size: int, started: float) -> float:
        """Seconds to wait for more works: where the last group was larger, its callers are about to return.

        A lone caller never waits; with many, fewer commits leave more of the processor for their works.
        """
        if size >= self._last_size:
            return 0
        return max(0, started + LINGER_SECONDS_MAX - time.monotonic())

    def _commit(self, jobs: Iterable[Job[Any]]) -> None:
        """Run the jobs in one transaction. When it fails, nothing of it is left and all must run again."""
        try:
            with self._connection.begin():
                tx = Tx(self._connection)
                for job in jobs:
                    _run_job(tx, job)
        except BaseException:
            # A COMMIT that fails may leave the transaction open, and SQLAlchemy takes it for ended.
            self._connection.connection.rollback()
            raise
        tx.committed()

    def _run_alone(self, job: Job[Any]) -> None:
        job.result, job.error = None, None
        try:
            self._commit([job])
        except Exception as error:
            job.result, job.error = None, _cause(error)


def _run_job(tx: Tx, job: Job[Any]) -> None:
    started = time.monotonic()
    try:
        with tx.savepoint("work"):
            job.result = job.work(tx)
    except LostTransaction:
        raise
    except BaseException as error:  # also SystemExit: the thread that runs works must outlive each of them
        job.error = error
    note_slow(job.work, started, logging.WARNING)


def _cause(error: BaseException) -> BaseException:
    """What made SQLite give up the transaction, where that is known; any other error as it is."""
    while isinstance(error, LostTransaction) and error.__context__ is not None:
        error = error.__context__
    return error


def _take_lock(path: Path, note: str) -> Any:
    """Hold `<file>.lock` for this process; the kernel lets go of it however the process dies."""
    lock = f"{path.resolve()}.lock"
    file = os.fdopen(os.open(lock, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        written = file.read()
        file.close()
        raise Occupied(written) from None
    file.truncate()
    file.write(note)
    file.flush()
    return file
