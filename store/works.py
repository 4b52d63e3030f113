"""Works on their way through a writer: a work and who waits for it."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from store.tx import Tx

T = TypeVar("T")
log = logging.getLogger("mashang.db")

SLOW_SECONDS = 0.050
QUEUE_MAX = 2_000
_thread = threading.local()  # `works` is set in the threads that run works


class Busy(Exception):
    """The queue is full or the database is closing: nothing was done, the caller may try again."""


@dataclass(slots=True)
class Job(Generic[T]):
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


class Writer(Protocol):
    def submit(self, job: Job[Any]) -> None: ...
    def close(self) -> None: ...


def settle(jobs: list[Job[Any]]) -> None:
    """Tell the callers what became of their works; an event loop is woken once for all of its own."""
    by_loop: dict[asyncio.AbstractEventLoop | None, list[Job[Any]]] = {}
    for job in jobs:
        by_loop.setdefault(job.loop, []).append(job)
    for loop, theirs in by_loop.items():
        if loop is None:
            _settle_each(theirs)
        else:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_settle_each, theirs)


def _settle_each(jobs: list[Job[Any]]) -> None:
    for job in jobs:
        job.settle()


def mark_thread() -> None:
    """Say that this thread runs works."""
    _thread.works = True


def is_working() -> bool:
    """Whether this thread runs works: then it must not wait for another."""
    return getattr(_thread, "works", False)


def note_slow(work: Callable[..., Any], started: float, level: int) -> None:
    """Log a work that took long; `started` as time.monotonic() says."""
    if (seconds := time.monotonic() - started) > SLOW_SECONDS:
        log.log(level, "slow work: %.0f ms in %s", seconds * 1000, _name_of(work))


def _name_of(work: Callable[..., Any]) -> str:
    """Its name alone: the representation of a partial shows its arguments."""
    named = work.func if isinstance(work, partial) else work
    return getattr(named, "__qualname__", type(named).__name__)
