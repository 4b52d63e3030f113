"""The one place that begins, commits and rolls back: `write(work)` and `read()` on SQLite and PostgreSQL.

A work is a function of a `Tx`. Its result comes back after the commit is durable. A work may run twice
(a retried transaction, a group whose commit failed), so it has no effect outside its `Tx`.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from store import postgres, sqlite
from store.tx import Tx
from store.works import Job, Writer, is_working

T = TypeVar("T")


class Database:
    """One county's database. `write` takes the lock of a SQLite file at first use; `read` never does."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self.path = Path(sa.make_url(url).database or "") if self.is_sqlite else None
        self._writer: Writer | None = None
        self._readers: sa.Engine | None = None
        self._read_threads = ThreadPoolExecutor(postgres.CONNECTIONS, thread_name_prefix="mashang-read")
        self._opening = threading.Lock()

    def open_writer(self, note: str = "") -> None:
        """Become the one writing process of a SQLite file; raises Occupied when another one is.

        `note` is left in the lock file for processes that come later (address and token of this server).
        """
        with self._opening:
            if self._writer is not None:
                return
            if self.path is not None:
                self._writer = sqlite.SqliteWriter(self.path, note)
            else:
                self._writer = postgres.PostgresWriter(self.url)

    def write(self, work: Callable[[Tx], T]) -> T:
        """Run `work` in a transaction; its result is durable when this returns. For threads."""
        future: Future[T] = Future()
        self._submit(Job(work, future))
        return future.result()

    async def write_async(self, work: Callable[[Tx], T]) -> T:
        """The same for coroutines. A cancelled caller does not cancel its work."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._submit(Job(work, future, loop))
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

    def _submit(self, job: Job[Any]) -> None:
        if is_working():
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
                    sqlite.engine_of(self.path, readonly=True)
                    if self.path is not None
                    else postgres.engine_of(self.url, pool_size=postgres.CONNECTIONS).execution_options(
                        postgresql_readonly=True, isolation_level="REPEATABLE READ"
                    )
                )
            return self._readers
