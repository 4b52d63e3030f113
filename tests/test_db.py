"""The contract of `write` and `read`, line by line: real threads, processes, full disks and deadlocks."""

import asyncio
import logging
import resource
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from store import meta, people, schema
from store import sqlite as sqlite_store
from store.db import Database
from store.postgres import TRIES_MAX
from store.sqlite import GROUP_SECONDS_MAX, Occupied
from store.tables import meta as meta_table
from store.tables import posts
from store.tx import Conflict, Retry, Tx, change_one
from store.works import QUEUE_MAX, Busy

ROOT = Path(__file__).parent.parent
WAIT_SECONDS = 30  # how long a test waits for what must happen at once
SECRET = "13812345678"


@pytest.fixture
def db(empty_url: str) -> Iterator[Database]:
    """On both databases."""
    opened = Database(empty_url)
    yield opened
    opened.close()


@pytest.fixture
def file(sqlite_empty: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sqlite_empty, tmp_path / "mashang.db"))


@pytest.fixture
def sqlite(file: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{file}")
    yield opened
    opened.close()


@pytest.fixture
def postgres(cluster: Any, postgres_empty: str) -> Iterator[Database]:
    name = f"db{time.monotonic_ns()}"
    opened = Database(cluster.create(name, postgres_empty))
    yield opened
    opened.close()
    cluster.drop(name)


class Gate:
    """A work that holds its writer up until the test lets it go."""

    def __init__(self) -> None:
        self._entered, self._opened = threading.Event(), threading.Event()

    def __call__(self, _tx: Tx) -> None:
        self._entered.set()
        assert self._opened.wait(WAIT_SECONDS)

    def wait_until_inside(self) -> None:
        assert self._entered.wait(WAIT_SECONDS)

    def open(self) -> None:
        self._opened.set()


@contextmanager
def held_up(db: Database) -> Iterator[Callable[[Callable[[Tx], Any]], "Future[Any]"]]:
    """Hold up the writer of a SQLite file; what the block submits waits together and makes one group."""
    gate = Gate()
    callers = ThreadPoolExecutor(200)
    first = callers.submit(db.write, gate)
    gate.wait_until_inside()
    time.sleep(GROUP_SECONDS_MAX)  # now the group of the gate takes nobody in any more
    try:
        yield partial(_submit_in_order, callers, db)
    finally:
        gate.open()
        callers.shutdown(wait=False)
    first.result(WAIT_SECONDS)


def _submit_in_order(callers: ThreadPoolExecutor, db: Database, work: Callable[[Tx], Any]) -> "Future[Any]":
    """Return once the work stands in the writer's queue."""
    waiting = db._writer._jobs.qsize()  # type: ignore[union-attr]
    future = callers.submit(db.write, work)
    ends_at = time.monotonic() + WAIT_SECONDS
    while db._writer._jobs.qsize() == waiting:  # type: ignore[union-attr]
        assert time.monotonic() < ends_at
        time.sleep(0.0005)
    return future


def put(key: str, value: str = "") -> Callable[[Tx], str]:
    def work(tx: Tx) -> str:
        meta.put(tx, key, value)
        return key

    return work


def keys(db: Database) -> list[str]:
    with db.read() as tx:
        return list(tx.execute(sa.select(meta_table.c.key).order_by(meta_table.c.key)).scalars())


def commits(file: Path) -> int:
    """Commits in a WAL since it was last begun anew: frames that give the size of the database."""
    wal = Path(f"{file}-wal").read_bytes()
    page = struct.unpack(">I", wal[8:12])[0]
    salt = wal[16:24]
    heads = [wal[at : at + 24] for at in range(32, len(wal), page + 24)]
    return sum(head[8:16] == salt and head[4:8] != bytes(4) for head in heads)


def ask_outside(file: Path, query: str) -> list[tuple[Any, ...]]:
    """What another process would read."""
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as other:
        return other.execute(query).fetchall()


# --- what a caller can rely on


def test_what_write_returns_is_on_disk_and_seen_by_everybody(sqlite: Database, file: Path) -> None:
    assert sqlite.write(put("a")) == "a"
    assert ask_outside(file, "SELECT key FROM meta") == [("a",)]
    pragmas = ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")

    def ask(tx: Tx) -> list[Any]:
        return [tx.execute(sa.text(f"PRAGMA {name}")).scalar() for name in pragmas]

    assert sqlite.write(ask) == ["wal", 2, 1, 1]  # 2 is FULL: each commit is flushed to the disk


def test_no_result_comes_back_before_the_commit_of_its_group(sqlite: Database, file: Path) -> None:
    slow = Gate()
    with held_up(sqlite) as submit:
        quick, behind = submit(put("quick")), submit(slow)
    slow.wait_until_inside()
    assert not quick.done()
    assert ask_outside(file, "SELECT key FROM meta") == []
    slow.open()
    assert (quick.result(WAIT_SECONDS), behind.result(WAIT_SECONDS)) == ("quick", None)
    assert ask_outside(file, "SELECT key FROM meta") == [("quick",)]


def test_works_that_wait_together_share_one_commit_but_at_most_64(
    sqlite: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite.write(put("first"))
    before = commits(file)
    with held_up(sqlite) as submit:
        monkeypatch.setattr(sqlite_store, "GROUP_SECONDS_MAX", WAIT_SECONDS)
        waiting = [submit(put(f"k{n}")) for n in range(130)]
    assert [one.result(WAIT_SECONDS) for one in waiting] == [f"k{n}" for n in range(130)]
    assert commits(file) - before == 3  # 64 + 64 + 2


def test_a_group_takes_no_further_work_after_20_ms(sqlite: Database, file: Path) -> None:
    def slow(name: str, tx: Tx) -> None:
        time.sleep(0.025)
        meta.put(tx, name, "")

    sqlite.write(put("first"))
    before = commits(file)
    with held_up(sqlite) as submit:
        waiting = [submit(partial(slow, f"slow {n}")) for n in range(4)]
    for one in waiting:
        one.result(WAIT_SECONDS)
    assert commits(file) - before == 4


def test_the_error_of_a_work_reaches_its_caller_alone(db: Database) -> None:
    def fail(tx: Tx) -> None:
        meta.put(tx, "half done", "")
        raise LookupError("mine")

    def one(n: int) -> object:
        try:
            return db.write(fail if n % 3 == 0 else put(f"k{n:02}"))
        except LookupError as error:
            return str(error)

    with ThreadPoolExecutor(16) as callers:
        told = list(callers.map(one, range(30)))
    assert told == ["mine" if n % 3 == 0 else f"k{n:02}" for n in range(30)]
    assert keys(db) == [f"k{n:02}" for n in range(30) if n % 3]


@pytest.mark.parametrize("fatal", [SystemExit, KeyboardInterrupt, asyncio.CancelledError, StopIteration])
def test_no_exception_of_a_work_ends_the_writer(db: Database, fatal: type[BaseException]) -> None:
    def work(tx: Tx) -> None:
        meta.put(tx, "half done", "")
        raise fatal

    expected = RuntimeError if fatal is StopIteration else fatal
    with pytest.raises(expected):
        db.write(work)
    with pytest.raises(RuntimeError):

        async def ask() -> None:
            with pytest.raises(expected):
                await db.write_async(work)
            raise RuntimeError

        asyncio.run(ask())
    assert db.write(put("next")) == "next"
    assert keys(db) == ["next"]


def test_a_savepoint_undoes_its_own_block_and_nothing_else(db: Database) -> None:
    def work(tx: Tx) -> None:
        meta.put(tx, "before", "")
        with pytest.raises(ValueError), tx.savepoint():
            meta.put(tx, "inside", "")
            with tx.savepoint():
                meta.put(tx, "deeper", "")
            raise ValueError
        meta.put(tx, "after", "")

    db.write(work)
    assert keys(db) == ["after", "before"]


def test_who_is_too_late_hears_of_a_conflict(db: Database) -> None:
    def take(tx: Tx) -> None:
        free = sa.update(meta_table).where(meta_table.c.key == "place", meta_table.c.value == "free")
        change_one(tx, free.values(value="taken"))

    db.write(put("place", "free"))
    db.write(take)
    with pytest.raises(Conflict):
        db.write(take)


def test_a_work_cannot_wait_for_another_work(db: Database) -> None:
    with pytest.raises(RuntimeError, match="must not wait for another work"):
        db.write(lambda _tx: db.write(put("inner")))
    assert keys(db) == []


def test_a_cancelled_caller_does_not_cancel_its_work(db: Database) -> None:
    gate = Gate()

    def work(tx: Tx) -> None:
        gate(tx)
        meta.put(tx, "done all the same", "")

    async def give_up() -> None:
        task = asyncio.create_task(db.write_async(work))
        await asyncio.to_thread(gate.wait_until_inside)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(give_up())
    gate.open()
    db.write(put("next"))
    _wait_for(lambda: keys(db) == ["done all the same", "next"])


def test_callers_of_many_event_loops_are_each_answered_in_their_own(db: Database) -> None:
    async def ask(name: str) -> list[str]:
        return await asyncio.gather(*(db.write_async(put(f"{name}{n}")) for n in range(50)))

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda name: asyncio.run(ask(name)), "abcd"))
    assert answers == [[f"{name}{n}" for n in range(50)] for name in "abcd"]
    assert len(keys(db)) == 200


def test_an_event_loop_that_is_gone_harms_nobody(db: Database) -> None:
    gate = Gate()
    loop = asyncio.new_event_loop()
    task = loop.create_task(db.write_async(gate))
    loop.run_until_complete(asyncio.to_thread(gate.wait_until_inside))
    task.cancel()
    loop.run_until_complete(asyncio.wait([task]))
    loop.close()
    gate.open()
    assert db.write(put("next")) == "next"


def test_a_full_queue_says_busy_at_once_and_keeps_what_it_took(db: Database) -> None:
    gate = Gate()

    async def crowd() -> list[object]:
        first = asyncio.create_task(db.write_async(gate))
        await asyncio.to_thread(gate.wait_until_inside)
        others = [asyncio.create_task(db.write_async(gate)) for _ in range(QUEUE_MAX + 100)]
        await asyncio.sleep(0)
        gate.open()
        return await asyncio.gather(first, *others, return_exceptions=True)

    told = asyncio.run(crowd())
    places = QUEUE_MAX + 1 if db.is_sqlite else QUEUE_MAX  # SQLite's writer has taken the first one out
    assert [type(answer) for answer in told] == [type(None)] * places + [Busy] * (len(told) - places)
    assert db.write(put("next")) == "next"


def test_close_finishes_what_is_queued_and_then_takes_nothing_more(db: Database) -> None:
    gate = Gate()

    async def close_while_some_wait() -> list[str | None]:
        first = asyncio.create_task(db.write_async(gate))
        await asyncio.to_thread(gate.wait_until_inside)
        queued = [asyncio.create_task(db.write_async(put(f"k{n}"))) for n in range(10)]
        await asyncio.sleep(0)
        closing = asyncio.create_task(asyncio.to_thread(db.close))
        await asyncio.to_thread(_wait_for, lambda: db._writer._closed)  # type: ignore[union-attr]
        with pytest.raises(Busy):
            await db.write_async(put("too late"))
        gate.open()
        await closing
        return await asyncio.gather(first, *queued)

    assert asyncio.run(close_while_some_wait()) == [None, *(f"k{n}" for n in range(10))]
    again = Database(db.url)
    assert keys(again) == [f"k{n}" for n in range(10)]
    again.close()


# --- reading


def test_a_reader_neither_waits_for_the_writer_nor_sees_half_of_its_work(db: Database) -> None:
    gate = Gate()

    def work(tx: Tx) -> None:
        meta.put(tx, "new", "")
        gate(tx)

    with ThreadPoolExecutor(1) as callers:
        writing = callers.submit(db.write, work)
        gate.wait_until_inside()
        assert keys(db) == []
        gate.open()
        writing.result(WAIT_SECONDS)
    assert keys(db) == ["new"]


def test_a_reader_stays_on_its_snapshot(db: Database) -> None:
    def count(tx: Tx) -> int:
        return int(tx.execute(sa.select(sa.func.count()).select_from(meta_table)).scalar_one())

    db.write(put("old"))
    with db.read() as tx:
        assert count(tx) == 1
        db.write(put("new"))
        assert count(tx) == 1
    assert asyncio.run(db.read_async(count)) == 2


def test_a_reader_cannot_write(db: Database) -> None:
    db.write(put("a", "old"))
    with pytest.raises(DBAPIError), db.read() as tx:
        meta.put(tx, "a", "new")
    with db.read() as tx:
        assert meta.get(tx, "a") == "old"


# --- when a group breaks


def test_a_work_that_breaks_the_commit_fails_alone(sqlite: Database) -> None:
    """The schema defers no constraint; a work that defers them itself breaks the COMMIT of its group."""

    def post_nobody(tx: Tx) -> None:
        tx.execute(sa.text("PRAGMA defer_foreign_keys=ON"))
        tx.execute(sa.insert(posts).values(person_id=77, role="worker", unit_id=77))

    with held_up(sqlite) as submit:
        before, bad, after = submit(put("before")), submit(post_nobody), submit(put("after"))
    assert (before.result(WAIT_SECONDS), after.result(WAIT_SECONDS)) == ("before", "after")
    with pytest.raises(IntegrityError, match="FOREIGN KEY constraint failed"):
        bad.result(WAIT_SECONDS)
    assert sqlite.write(put("next")) == "next"
    assert keys(sqlite) == ["after", "before", "next"]


def test_a_work_that_fills_the_disk_fails_alone(sqlite: Database) -> None:
    """SQLite then rolls back the whole transaction, with all that others did in it."""
    pages = sqlite.write(lambda tx: tx.execute(sa.text("PRAGMA page_count")).scalar_one())
    sqlite.write(lambda tx: tx.execute(sa.text(f"PRAGMA max_page_count={pages + 20}")).scalar())
    with held_up(sqlite) as submit:
        before, bad, after = submit(put("before")), submit(put("bad", "x" * 500_000)), submit(put("after"))
    assert (before.result(WAIT_SECONDS), after.result(WAIT_SECONDS)) == ("before", "after")
    with pytest.raises(OperationalError, match="database or disk is full"):
        bad.result(WAIT_SECONDS)
    assert sqlite.write(put("next")) == "next"
    assert keys(sqlite) == ["after", "before", "next"]


def test_a_work_that_hides_a_full_disk_is_found_out_and_leaves_nothing(sqlite: Database) -> None:
    pages = sqlite.write(lambda tx: tx.execute(sa.text("PRAGMA page_count")).scalar_one())
    sqlite.write(lambda tx: tx.execute(sa.text(f"PRAGMA max_page_count={pages + 20}")).scalar())

    def hide(tx: Tx) -> None:
        meta.put(tx, "one half", "")
        with pytest.raises(OperationalError):
            meta.put(tx, "bad", "x" * 500_000)
        meta.put(tx, "other half", "")

    with held_up(sqlite) as submit:
        before, bad, after = submit(put("before")), submit(hide), submit(put("after"))
    assert (before.result(WAIT_SECONDS), after.result(WAIT_SECONDS)) == ("before", "after")
    assert type(bad.exception(WAIT_SECONDS)).__name__ == "LostTransaction"
    assert keys(sqlite) == ["after", "before"]


def test_a_commit_that_the_disk_refuses_fails_for_the_work_that_is_too_large(
    sqlite: Database, file: Path
) -> None:
    """The WAL is written at COMMIT; a limit on the size of files makes just that write fail."""
    sqlite.write(put("first"))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (Path(f"{file}-wal").stat().st_size + 200_000, limits[1]))
    try:
        with held_up(sqlite) as submit:
            before, bad, after = (
                submit(put("before")),
                submit(put("bad", "x" * 500_000)),
                submit(put("after")),
            )
        told = [one.exception(WAIT_SECONDS) for one in (before, bad, after)]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [type(error) for error in told] == [type(None), OperationalError, type(None)]
    assert sqlite.write(put("next")) == "next"
    assert keys(sqlite) == ["after", "before", "first", "next"]


# --- when transactions meet


def test_two_works_that_deadlock_both_succeed(postgres: Database) -> None:
    meet = threading.Barrier(2)
    runs: list[str] = []

    def lock_both(first: str, second: str, tx: Tx) -> None:
        runs.append(first)
        tx.execute(sa.text("SET LOCAL deadlock_timeout = '20ms'"))
        meta.put(tx, first, f"by {first}")
        if len(runs) <= 2:
            meet.wait(WAIT_SECONDS)
        meta.put(tx, second, f"by {first}")

    with ThreadPoolExecutor(2) as callers:
        one = callers.submit(postgres.write, partial(lock_both, "a", "b"))
        other = callers.submit(postgres.write, partial(lock_both, "b", "a"))
        assert (one.result(WAIT_SECONDS), other.result(WAIT_SECONDS)) == (None, None)
    assert len(runs) == 3
    with postgres.read() as tx:
        assert meta.get(tx, "a") == meta.get(tx, "b") == f"by {runs[-1]}"


def test_a_work_runs_again_when_it_could_not_be_serialized(postgres: Database) -> None:
    postgres.write(put("count", "0"))
    meet = threading.Barrier(2)
    runs: list[int] = []

    def add_one(tx: Tx) -> None:
        tx.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        seen = int(meta.get(tx, "count") or 0)
        runs.append(seen)
        if len(runs) <= 2:
            meet.wait(WAIT_SECONDS)
        meta.put(tx, "count", str(seen + 1))

    with ThreadPoolExecutor(2) as callers:
        list(callers.map(lambda _: postgres.write(add_one), range(2)))
    assert runs == [0, 0, 1]
    with postgres.read() as tx:
        assert meta.get(tx, "count") == "2"


def test_a_work_that_never_comes_through_is_given_up(postgres: Database) -> None:
    runs: list[int] = []

    def never(_tx: Tx) -> None:
        runs.append(1)
        raise Retry

    with pytest.raises(Retry):
        postgres.write(never)
    assert len(runs) == TRIES_MAX


def test_works_go_on_when_the_server_has_closed_the_connections(postgres: Database) -> None:
    postgres.write(put("count", "0"))
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    engine = sa.create_engine(postgres.url)
    with engine.connect() as connection:
        assert connection.execute(sa.text(f"SELECT pg_terminate_backend(pid) {others}")).scalars().all() == [
            True
        ]
        while connection.execute(sa.text(f"SELECT count(*) {others}")).scalar_one():
            connection.rollback()
    engine.dispose()
    postgres.write(put("count", "1"))
    with postgres.read() as tx:
        assert meta.get(tx, "count") == "1"


def test_sixteen_strangers_with_one_account_become_one_person(db: Database) -> None:
    """Each adds a person first; whoever finds the account taken runs once more and sees its owner."""

    def meet(tx: Tx) -> int:
        known = people.by_account(tx, "official", "openid-1")
        if known is not None:
            return known[1].id
        person_id = people.add(tx, now=1)
        people.add_account(tx, channel="official", account="openid-1", person_id=person_id)
        return person_id

    with ThreadPoolExecutor(16) as callers:
        met = set(callers.map(lambda _: db.write(meet), range(16)))
    assert len(met) == 1
    with db.read() as tx:
        assert tx.execute(sa.text("SELECT count(*) FROM people")).scalar() == 1


# --- what must not be told


def test_no_value_stands_in_an_error_or_a_log(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    def twice(tx: Tx) -> None:
        row = sa.insert(meta_table).values(key=SECRET, value=SECRET)
        tx.execute(row)
        tx.execute(row)

    def null(tx: Tx) -> None:
        tx.execute(sa.insert(meta_table), {"key": SECRET, "value": None})

    told = []
    with caplog.at_level(logging.DEBUG):
        for work in (twice, null):
            with pytest.raises(IntegrityError) as raised:
                db.write(work)
            told.append("".join(traceback.format_exception(raised.value)))
            told += [str(raised.value), repr(raised.value), str(raised.value.orig)]
        with pytest.raises(DBAPIError) as raised_by_reader, db.read() as tx:
            twice(tx)
        told.append("".join(traceback.format_exception(raised_by_reader.value)))
    assert [text for text in [*told, caplog.text] if SECRET in text] == []
    assert "meta" in told[0]


def test_a_slow_work_is_logged_by_its_name_without_its_arguments(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    def dawdle(_phone: str, _tx: Tx) -> None:
        time.sleep(0.06)

    with caplog.at_level(logging.INFO, "mashang.db"):
        db.write(partial(dawdle, SECRET))
        db.write(put("quick"))
        db.close()
    name = f"{test_a_slow_work_is_logged_by_its_name_without_its_arguments.__name__}.<locals>.dawdle"
    assert [message.partition(" in ")[2] for message in caplog.messages] == [name]
    assert SECRET not in caplog.text


# --- one process writes to a SQLite file

HOLDER = """
import sys, time
from store.db import Database
db = Database(sys.argv[1])
db.open_writer("http://127.0.0.1:8000\\ntoken\\n")
print("holds", flush=True)
time.sleep(600)
"""


def test_a_second_process_is_refused_until_the_first_is_dead(file: Path) -> None:
    url = f"sqlite:///{file}"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, url], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "holds\n"
        second = Database(url)
        with pytest.raises(Occupied) as refused:
            second.write(put("a"))
        assert refused.value.note == "http://127.0.0.1:8000\ntoken\n"
        assert keys(second) == []  # reading needs no lock
        link = file.with_name("link.db")
        link.symlink_to(file)
        with pytest.raises(Occupied):
            Database(f"sqlite:///{link}").open_writer()
        holder.send_signal(signal.SIGKILL)
        holder.wait(WAIT_SECONDS)
        assert second.write(put("a")) == "a"
        assert Path(f"{file}.lock").stat().st_mode & 0o077 == 0  # the note holds a token
        second.close()
    finally:
        holder.kill()
        holder.wait()


def test_a_file_may_have_any_name(tmp_path: Path) -> None:
    url = str(sa.URL.create("sqlite", database=str(tmp_path / "青河 #1%41&.db")))
    schema.upgrade(url)
    db = Database(url)
    db.write(put("a"))
    assert keys(db) == ["a"]
    db.close()
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".db"] == ["青河 #1%41&.db"]


def _wait_for(condition: Callable[[], object]) -> None:
    ends_at = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < ends_at
        time.sleep(0.005)


def test_what_waits_for_the_commit_is_done_once_it_is_durable_and_never_for_what_was_undone(
    db: Database,
) -> None:
    done: list[str] = []

    def work(tx: Tx) -> None:
        meta.put(tx, "kept", "1")
        tx.after_commit(lambda: done.append("kept"))
        with suppress(ValueError), tx.savepoint():
            tx.after_commit(lambda: done.append("undone"))
            raise ValueError
        assert done == [], "not before the commit"

    def fails(tx: Tx) -> None:
        tx.after_commit(lambda: done.append("failed"))
        raise ValueError

    db.write(work)
    with pytest.raises(ValueError):
        db.write(fails)
    assert done == ["kept"]


def test_what_fails_after_the_commit_takes_nothing_back(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    def work(tx: Tx) -> str:
        meta.put(tx, "kept", "1")
        tx.after_commit(lambda: 1 // 0)
        return "answer"

    assert db.write(work) == "answer"
    assert [record.getMessage() for record in caplog.records] == ["a commit is not known everywhere"]
    with db.read() as tx:
        assert meta.get(tx, "kept") == "1"
