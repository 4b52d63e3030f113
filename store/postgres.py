"""PostgreSQL: each work in a transaction of its own, several at once, tried again when two have met."""

import logging
import random
import select
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError

from store.tx import Retry, Tx
from store.works import QUEUE_MAX, Busy, Job, mark_thread, note_slow, settle

T = TypeVar("T")

CONNECTIONS = 8
TRIES_MAX = 8
RETRY_STATES = {"40001", "40P01"}  # serialization failure, deadlock


def engine_of(url: str, **options: Any) -> sa.Engine:
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


class PostgresWriter:
    """Each work in its own transaction, in a thread pool as large as the connection pool."""

    def __init__(self, url: str) -> None:
        self._engine = engine_of(url, pool_size=CONNECTIONS, max_overflow=0)
        sa.event.listen(self._engine, "checkout", _leave_what_the_server_closed)
        self._threads = ThreadPoolExecutor(
            CONNECTIONS, thread_name_prefix="mashang-writer", initializer=mark_thread
        )
        self._places = threading.BoundedSemaphore(QUEUE_MAX)
        self._closed = False
        self._door = threading.Lock()

    def submit(self, job: Job[Any]) -> None:
        with self._door:
            if self._closed or not self._places.acquire(blocking=False):
                raise Busy
            self._threads.submit(self._run, job)

    def close(self) -> None:
        with self._door:
            self._closed = True
        self._threads.shutdown()
        self._engine.dispose()

    def _run(self, job: Job[Any]) -> None:
        try:
            job.result = self._commit(job.work)
        except BaseException as error:
            job.error = error
        self._places.release()
        settle([job])

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
                note_slow(work, started, logging.INFO)  # it may have waited for a row; nobody waits for it
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
