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
import select
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, overload
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError

from store.prepared import Prepared, Rows

T = TypeVar("T")
Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]
log = logging.getLogger("mashang.db")

GROUP_WORKS_MAX = 64
GROUP_SECONDS_MAX = 0.020
LINGER_SECONDS_MAX = 0.003
SLOW_SECONDS = 0.050
QUEUE_MAX = 2_000
POSTGRES_CONNECTIONS = 8
TRIES_MAX = 8
RETRY_STATES = {"40001", "40P01"}  # serialization failure, deadlock
_thread = threading.local()  # `works` is set in the threads that run works


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

    __slots__ = ("_after", "_connection", "_driver", "_is_sqlite")

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._driver: Any = connection.connection.driver_connection
        self._is_sqlite = connection.dialect.name == "sqlite"
        self._after: list[Callable[[], None]] = []

    @property
    def dialect(self) -> str:
        return self._connection.dialect.name

    @overload
    def execute(self, statement: Prepared, parameters: Parameters | None = None) -> Rows: ...
    @overload
    def execute(
        self, statement: sa.Executable, parameters: Parameters | None = None
    ) -> sa.CursorResult[*tuple[Any, ...]]: ...
    def execute(self, statement: Prepared | sa.Executable, parameters: Parameters | None = None) -> Any:
        if not isinstance(statement, Prepared):
            return self._connection.execute(statement, parameters)
        self._stay_inside()
        return statement.run(self._driver, self._connection.dialect, parameters or {})

    def _stay_inside(self) -> None:
        # After a full disk SQLite may have rolled back: what followed would be committed on its own.
        if self._is_sqlite and not self._driver.in_transaction:
            raise _LostTransaction

    @contextmanager
    def savepoint(self, name: str = "attempt") -> Iterator[None]:
        """Undo what the block did, and only that, when it raises."""
        run, so_far = self._driver.execute, len(self._after)
        run(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            del self._after[so_far:]
            self._stay_inside()
            run(f"ROLLBACK TO SAVEPOINT {name}")
            run(f"RELEASE SAVEPOINT {name}")
            raise
        self._stay_inside()
        run(f"RELEASE SAVEPOINT {name}")

    def after_commit(self, act: Callable[[], None]) -> None:
        """Do this, which must be quick, once what was written is durable and before the caller hears of it.

        Never where it was undone, nor twice where the work ran twice.
        """
        self._after.append(act)

    def committed(self) -> None:
        """Do what waits for the commit; only for whoever has just made it."""
        for act in self._after:
            try:
                act()
            except Exception:
                log.exception("a commit is not known everywhere")


def change_one(tx: Tx, statement: sa.Executable, parameters: Parameters | None = None) -> None:
    """Run an update whose WHERE names what the caller saw; raise Conflict unless it hit exactly one row."""
    if tx.execute(statement, parameters).rowcount != 1:
        raise Conflict


@dataclass(slots=True)
class _Job(Generic[T]):
    """A work and who waits for it: a thread, or a coroutine of `loop`."""

    work: Callable[[Tx], T]
    future: "Future[T] | asyncio.Future[T]"
    loop: asyncio.AbstractEventLoop | None = None
    result: T | None = None
    error: BaseException | None = None

    def settle(self) -> None:
        if self.future.cancelled():  # the caller went away; its work is done all the same
            return
        if isinstance(self.error, StopIteration):  # no future can carry one
            self.error = RuntimeError(f"{_name_of(self.work)} raised StopIteration")
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)  # type: ignore[arg-type]


class _Writer(Protocol):
    def submit(self, job: _Job[Any]) -> None: ...
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
        future: Future[T] = Future()
        self._submit(_Job(work, future))
        return future.result()

    async def write_async(self, work: Callable[[Tx], T]) -> T:
        """The same for coroutines. A cancelled caller does not cancel its work."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._submit(_Job(work, future, loop))
        return await future

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

    def _submit(self, job: _Job[Any]) -> None:
        if getattr(_thread, "works", False):
            raise RuntimeError("a work must not wait for another work")
        if self._writer is None:
            self.open_writer()
        assert self._writer is not None
        self._writer.submit(job)

    def _read_with(self, work: Callable[[Tx], T]) -> T:
        with self.read() as tx:
            return work(tx)

    def _reader_engine(self) -> sa.Engine:
        with self._opening:
            if self._readers is None:
                self._readers = (
                    _sqlite_engine(self.path, readonly=True)
                    if self.path is not None
                    else _postgres_engine(self.url, pool_size=POSTGRES_CONNECTIONS).execution_options(
                        postgresql_readonly=True, isolation_level="REPEATABLE READ"
                    )
                )
            return self._readers


def _settle(jobs: list[_Job[Any]]) -> None:
    """Tell the callers what became of their works; an event loop is woken once for all of its own."""
    by_loop: dict[asyncio.AbstractEventLoop | None, list[_Job[Any]]] = {}
    for job in jobs:
        by_loop.setdefault(job.loop, []).append(job)
    for loop, theirs in by_loop.items():
        if loop is None:
            _settle_each(theirs)
        else:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_settle_each, theirs)


def _settle_each(jobs: list[_Job[Any]]) -> None:
    for job in jobs:
        job.settle()


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
            raise _LostTransaction


def _sqlite_engine(path: Path, *, readonly: bool) -> sa.Engine:
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


class _LostTransaction(Exception):
    """SQLite rolled the whole transaction back by itself (disk full, I/O error)."""


class _SqliteWriter:
    """One thread that runs what has queued up, each work under a SAVEPOINT, and commits once for all."""

    def __init__(self, path: Path, note: str) -> None:
        self._lock = _take_lock(path, note)
        self._jobs: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._engine = _sqlite_engine(path, readonly=False)
        self._connection = self._engine.connect()
        self._closed = False
        self._last_size = 1
        self._door = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="mashang-writer", daemon=True)
        self._thread.start()

    def submit(self, job: _Job[Any]) -> None:
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
        _mark_thread()
        while (first := self._jobs.get()) is not None:
            group = [first]
            try:
                self._commit(self._gather(group))
            except Exception as error:
                log.warning("group of %d works did not commit (%s); each runs alone", len(group), error)
                for job in group:
                    self._run_alone(job)
            _settle(group)
            self._last_size = len(group)

    def _gather(self, group: list[_Job[Any]]) -> Iterator[_Job[Any]]:
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

    def _commit(self, jobs: Iterable[_Job[Any]]) -> None:
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

    def _run_alone(self, job: _Job[Any]) -> None:
        job.result, job.error = None, None
        try:
            self._commit([job])
        except Exception as error:
            job.result, job.error = None, _cause(error)


def _run_job(tx: Tx, job: _Job[Any]) -> None:
    started = time.monotonic()
    try:
        with tx.savepoint("work"):
            job.result = job.work(tx)
    except _LostTransaction:
        raise
    except BaseException as error:  # also SystemExit: the thread that runs works must outlive each of them
        job.error = error
    _note_slow(job.work, started, logging.WARNING)


def _cause(error: BaseException) -> BaseException:
    """What made SQLite give up the transaction, where that is known; any other error as it is."""
    while isinstance(error, _LostTransaction) and error.__context__ is not None:
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


def _postgres_engine(url: str, **options: Any) -> sa.Engine:
    engine = sa.create_engine(url, hide_parameters=True, **options)

    @sa.event.listens_for(engine, "handle_error")
    def _hide_row(context: ExceptionContext) -> None:
        # The server's DETAIL shows the row that was refused, with names and telephone numbers.
        primary = getattr(getattr(context.original_exception, "diag", None), "message_primary", None)
        if primary and context.sqlalchemy_exception:
            context.original_exception.args = (primary,)
            context.sqlalchemy_exception.args = (primary,)

    return engine


def _leave_what_the_server_closed(connection: Any, *_more: Any) -> None:
    """Take a new connection in place of one that has something to read while nothing was asked: its end.

    As sure after a restart of the server as asking it for a sign of life, without a round trip for each work.
    """
    idle = select.poll()
    idle.register(connection.fileno(), select.POLLIN)
    if idle.poll(0):
        raise sa.exc.DisconnectionError


class _PostgresWriter:
    """Each work in its own transaction, in a thread pool as large as the connection pool."""

    def __init__(self, url: str) -> None:
        self._engine = _postgres_engine(url, pool_size=POSTGRES_CONNECTIONS, max_overflow=0)
        sa.event.listen(self._engine, "checkout", _leave_what_the_server_closed)
        self._threads = ThreadPoolExecutor(
            POSTGRES_CONNECTIONS, thread_name_prefix="mashang-writer", initializer=_mark_thread
        )
        self._places = threading.BoundedSemaphore(QUEUE_MAX)
        self._closed = False
        self._door = threading.Lock()

    def submit(self, job: _Job[Any]) -> None:
        with self._door:
            if self._closed or not self._places.acquire(blocking=False):
                raise Busy
            self._threads.submit(self._run, job)

    def close(self) -> None:
        with self._door:
            self._closed = True
        self._threads.shutdown()
        self._engine.dispose()

    def _run(self, job: _Job[Any]) -> None:
        try:
            job.result = self._commit(job.work)
        except BaseException as error:
            job.error = error
        self._places.release()
        _settle([job])

    def _commit(self, work: Callable[[Tx], T]) -> T:
        for pause in [*_pauses(TRIES_MAX - 1), None]:
            started = time.monotonic()
            try:
                with self._engine.begin() as connection:
                    tx = Tx(connection)
                    result = work(tx)
                tx.committed()
                return result
            except (DBAPIError, Retry) as error:
                if pause is None or not _is_worth_retrying(error):
                    raise
            finally:
                _note_slow(work, started, logging.INFO)  # it may have waited for a row; nobody waits for it
            time.sleep(pause)
        raise AssertionError("unreachable: the last try returns or raises")


def _pauses(count: int) -> Iterator[float]:
    """Seconds to wait before each further try: longer each time, and not the same for two who met."""
    for doublings in range(count):
        yield random.uniform(0.001, 0.01) * 2**doublings  # noqa: S311 - jitter, not a secret


def _is_worth_retrying(error: Exception) -> bool:
    if isinstance(error, DBAPIError):
        return getattr(error.orig, "sqlstate", None) in RETRY_STATES
    return isinstance(error, Retry)


def _mark_thread() -> None:
    _thread.works = True


def _note_slow(work: Callable[..., Any], started: float, level: int) -> None:
    if (seconds := time.monotonic() - started) > SLOW_SECONDS:
        log.log(level, "slow work: %.0f ms in %s", seconds * 1000, _name_of(work))


def _name_of(work: Callable[..., Any]) -> str:
    """Its name alone: the representation of a partial shows its arguments."""
    named = work.func if isinstance(work, partial) else work
    return getattr(named, "__qualname__", type(named).__name__)
