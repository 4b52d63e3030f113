"""The one place that begins, commits and rolls back: `write(work)` and `read()` on SQLite and PostgreSQL.

A work is a function of a `Tx`. Its result comes back after the commit is durable. A work may run twice
(a retried transaction, a group whose commit failed), so it has no effect outside its `Tx`.
"""

import asyncio
import fcntl
import logging
import os
import queue
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

T = TypeVar("T")
Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]
log = logging.getLogger("mashang.db")

GROUP_WORKS_MAX = 64
GROUP_SECONDS_MAX = 0.020
SLOW_SECONDS = 0.050
QUEUE_MAX = 2_000
POSTGRES_CONNECTIONS = 8
RETRIES_MAX = 8
RETRY_STATES = {"40001", "40P01"}  # serialization failure, deadlock


class Conflict(Exception):
    """Somebody else changed the row first: show it again and let the person decide."""


class Retry(Exception):
    """Two transactions met at a row that neither saw; run the work once more."""


class Busy(Exception):
    """The queue is full or the database is closing: nothing was done, the caller may try again."""


class Occupied(Exception):
    """Another process writes to this SQLite file; `note` is what it left in the lock file."""

    def __init__(self, note: str) -> None:
        super().__init__("这个数据库文件正由另一个进程使用")
        self.note = note


class Tx:
    """What a work may do: execute statements, and try something behind a savepoint."""

    __slots__ = ("_connection",)

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    @property
    def dialect(self) -> str:
        return self._connection.dialect.name

    def execute(
        self, statement: sa.Executable, parameters: Parameters | None = None
    ) -> sa.CursorResult[*tuple[Any, ...]]:
        return self._connection.execute(statement, parameters)

    @contextmanager
    def savepoint(self, name: str = "attempt") -> Iterator[None]:
        """Undo what the block did, and only that, when it raises."""
        run = self._connection.exec_driver_sql
        run(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            run(f"ROLLBACK TO SAVEPOINT {name}")
            run(f"RELEASE SAVEPOINT {name}")
            raise
        run(f"RELEASE SAVEPOINT {name}")


def change_one(tx: Tx, statement: sa.Executable, parameters: Parameters | None = None) -> None:
    """Run an update whose WHERE names what the caller saw; raise Conflict unless it hit exactly one row."""
    if tx.execute(statement, parameters).rowcount != 1:
        raise Conflict


class _Writer(Protocol):
    def submit(self, work: Callable[[Tx], T]) -> "Future[T]": ...
    def close(self) -> None: ...


class Database:
    """One county's database. `write` takes the lock of a SQLite file at first use; `read` never does."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self.path = Path(sa.make_url(url).database or "") if self.is_sqlite else None
        self._writer: _Writer | None = None
        self._readers: sa.Engine | None = None
        self._read_threads = ThreadPoolExecutor(POSTGRES_CONNECTIONS, thread_name_prefix="mashang-read")
        self._opening = threading.Lock()

    def open_writer(self, note: str = "") -> None:
        """Become the one writing process of a SQLite file; raises Occupied when another one is.

        `note` is left in the lock file for processes that come later (address and token of this server).
        """
        with self._opening:
            if self._writer is not None:
                return
            if self.path is not None:
                self._writer = _SqliteWriter(self.path, note)
            else:
                self._writer = _PostgresWriter(self.url)

    def write(self, work: Callable[[Tx], T]) -> T:
        """Run `work` in a transaction; its result is durable when this returns. For threads."""
        return self._submit(work).result()

    async def write_async(self, work: Callable[[Tx], T]) -> T:
        """The same for coroutines. A cancelled caller does not cancel its work."""
        return await asyncio.shield(asyncio.wrap_future(self._submit(work)))

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A read-only `Tx` on one snapshot."""
        with self._reader_engine().connect() as connection, connection.begin():
            yield Tx(connection)

    async def read_async(self, work: Callable[[Tx], T]) -> T:
        """Run a reading work in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._read_threads, self._read_with, work)

    def close(self) -> None:
        """Finish what is queued, then let go of the file."""
        self._read_threads.shutdown()
        if self._readers is not None:
            self._readers.dispose()
        # Last, because only a writing connection folds SQLite's WAL back into the file.
        if self._writer is not None:
            self._writer.close()

    def _submit(self, work: Callable[[Tx], T]) -> "Future[T]":
        if self._writer is None:
            self.open_writer()
        assert self._writer is not None
        return self._writer.submit(work)

    def _read_with(self, work: Callable[[Tx], T]) -> T:
        with self.read() as tx:
            return work(tx)

    def _reader_engine(self) -> sa.Engine:
        with self._opening:
            if self._readers is None:
                self._readers = (
                    _sqlite_engine(self.path, readonly=True)
                    if self.path is not None
                    else sa.create_engine(self.url, pool_size=POSTGRES_CONNECTIONS).execution_options(
                        postgresql_readonly=True, isolation_level="REPEATABLE READ"
                    )
                )
            return self._readers


def _sqlite_engine(path: Path, *, readonly: bool) -> sa.Engine:
    """An engine that leaves transactions to us.

    With the driver's own handling the RELEASE of the first SAVEPOINT is the commit. A writer takes the lock
    at once: one that reads first and writes later cannot wait for it, SQLite fails it straight away.
    """
    mode = "?mode=ro&uri=true" if readonly else ""
    url = f"sqlite:///file:{path}{mode}" if readonly else f"sqlite:///{path}"
    engine = sa.create_engine(url, connect_args={"check_same_thread": False, "timeout": 5})

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        if not readonly:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA recursive_triggers=ON")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN" if readonly else "BEGIN IMMEDIATE")

    return engine


@dataclass(slots=True)
class _Job(Generic[T]):
    work: Callable[[Tx], T]
    future: "Future[T]"
    result: T | None = None
    error: BaseException | None = None

    def settle(self) -> None:
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)  # type: ignore[arg-type]


class _LostTransaction(Exception):
    """SQLite rolled the whole transaction back by itself (disk full, I/O error)."""


class _SqliteWriter:
    """One thread that runs what has queued up, each work under a SAVEPOINT, and commits once for all."""

    def __init__(self, path: Path, note: str) -> None:
        self._lock = _take_lock(path, note)
        self._jobs: queue.Queue[_Job[Any] | None] = queue.Queue(QUEUE_MAX)
        self._engine = _sqlite_engine(path, readonly=False)
        self._connection = self._engine.connect()
        self._closed = False
        self._door = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="mashang-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Tx], T]) -> "Future[T]":
        assert threading.current_thread() is not self._thread, "a work must not wait for another work"
        job: _Job[T] = _Job(work, Future())
        with self._door:
            if self._closed:
                raise Busy
            try:
                self._jobs.put_nowait(job)
            except queue.Full:
                raise Busy from None
        return job.future

    def close(self) -> None:
        with self._door:
            self._closed = True
        self._jobs.put(None)
        self._thread.join()
        self._connection.close()
        self._engine.dispose()
        self._lock.close()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            group = [job]
            try:
                self._commit_group(group)
            except Exception as error:
                log.warning("group of %d works did not commit (%s); each runs alone", len(group), error)
                for member in group:
                    self._run_alone(member)
            for member in group:
                member.settle()

    def _commit_group(self, group: list[_Job[Any]]) -> None:
        """Run the first of `group` and what has queued up behind it, adding it to `group`; one commit."""
        ends_at = time.monotonic() + GROUP_SECONDS_MAX
        with self._connection.begin():
            tx = Tx(self._connection)
            self._run_in_group(tx, group[0])
            while len(group) < GROUP_WORKS_MAX and time.monotonic() < ends_at:
                try:
                    job = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if job is None:
                    self._jobs.put(None)  # the mark of `close`: the outer loop ends at it
                    break
                group.append(job)
                self._run_in_group(tx, job)

    def _run_in_group(self, tx: Tx, job: _Job[Any]) -> None:
        started = time.monotonic()
        try:
            with tx.savepoint("work"):
                job.result = job.work(tx)
        except Exception as error:
            if not self._in_transaction():
                raise _LostTransaction(str(error)) from error
            job.error = error
        if (seconds := time.monotonic() - started) > SLOW_SECONDS:
            log.warning("slow work: %.0f ms in %s", seconds * 1000, _name_of(job.work))

    def _run_alone(self, job: _Job[Any]) -> None:
        job.result, job.error = None, None
        if self._connection.in_transaction():
            self._connection.rollback()
        try:
            with self._connection.begin():
                job.result = job.work(Tx(self._connection))
        except Exception as error:
            job.error = error

    def _in_transaction(self) -> bool:
        return bool(self._connection.connection.dbapi_connection.in_transaction)  # type: ignore[union-attr]


def _take_lock(path: Path, note: str) -> Any:
    """Hold `<file>.lock` for this process; the kernel lets go of it however the process dies."""
    file = os.fdopen(os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8")
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


class _PostgresWriter:
    """Each work in its own transaction, in a thread pool as large as the connection pool."""

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(url, pool_size=POSTGRES_CONNECTIONS, max_overflow=0)
        self._threads = ThreadPoolExecutor(POSTGRES_CONNECTIONS, thread_name_prefix="mashang-writer")
        self._places = threading.BoundedSemaphore(QUEUE_MAX)
        self._closed = False

    def submit(self, work: Callable[[Tx], T]) -> "Future[T]":
        if self._closed or not self._places.acquire(blocking=False):
            raise Busy
        future = self._threads.submit(self._run, work)
        future.add_done_callback(lambda _: self._places.release())
        return future

    def close(self) -> None:
        self._closed = True
        self._threads.shutdown()
        self._engine.dispose()

    def _run(self, work: Callable[[Tx], T]) -> T:
        started = time.monotonic()
        for attempt in range(RETRIES_MAX):
            try:
                with self._engine.begin() as connection:
                    return work(Tx(connection))
            except (DBAPIError, Retry) as error:
                if attempt == RETRIES_MAX - 1 or not _is_worth_retrying(error):
                    raise
                time.sleep(random.uniform(0.001, 0.01) * 2**attempt)  # noqa: S311 - jitter, not a secret
            finally:
                if (seconds := time.monotonic() - started) > SLOW_SECONDS:
                    log.debug("slow work: %.0f ms in %s", seconds * 1000, _name_of(work))
        raise AssertionError("unreachable: the last attempt returns or raises")


def _is_worth_retrying(error: Exception) -> bool:
    if isinstance(error, DBAPIError):
        return getattr(error.orig, "sqlstate", None) in RETRY_STATES
    return isinstance(error, Retry)


def _name_of(work: Callable[..., Any]) -> str:
    return getattr(work, "__qualname__", repr(work))
