"""kill -9 with the hands full: nothing that was answered is lost, nothing is done twice."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from store import audit, schema
from store.db import Database
from store.ledger import POINTS, SCORE
from tests import postgres
from tests.crash_client import Platform, server
from tests.invariants import broken

IN_FLIGHT_MIN = 16
ROUNDS = 6


def test_a_killed_server_loses_nothing_it_answered(county_url: str, tmp_path: Path) -> None:
    _kill_and_check(county_url, tmp_path, rounds=1)


@pytest.mark.long
def test_a_server_killed_six_times_loses_nothing_it_answered(real_url: str, tmp_path: Path) -> None:
    _kill_and_check(real_url, tmp_path, rounds=ROUNDS)


@pytest.fixture(params=["sqlite", "postgres"])
def real_url(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A database that flushes every commit to the disk."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'mashang.db'}"
        return
    postgres.need_server()
    with postgres.running(fsync=True) as cluster:
        yield cluster.create("crash")


def _kill_and_check(url: str, folder: Path, *, rounds: int) -> None:
    platform = Platform()
    for _ in range(rounds):
        with server(url, folder) as (process, address):
            platform.deliver_again(address, platform.unanswered())
            assert platform.unanswered() == []
            seconds = random.uniform(0, 1)
            assert platform.crash(process, address, seconds) >= IN_FLIGHT_MIN, f"killed after {seconds:.2f} s"
        assert platform.unanswered() != []
        _check(url, platform)
    with server(url, folder) as (_process, address):
        platform.deliver_again(address, platform.unanswered())
        platform.deliver_again(address, random.sample(sorted(platform.answers), 20))
    _check(url, platform)
    assert (platform.unanswered(), platform.unequal) == ([], [])


def _check(url: str, platform: Platform) -> None:
    """The database after a crash, before anybody opens it to write, against what the client saw."""
    db = Database(url)
    with db.read() as tx:

        def rows(query: str) -> list[tuple[object, ...]]:
            return [tuple(row) for row in tx.execute(sa.text(query))]

        kept = {str(row[0]): row[1:] for row in rows("SELECT message_id, reply, case_id, state FROM inbox")}
        assert {message_id: kept[message_id][0] for message_id in platform.answers} == platform.answers
        assert {row[2] for row in kept.values()} == {"done"}
        cases = [row[0] for row in rows("SELECT id FROM cases ORDER BY id")]
        assert sorted(row[1] for row in kept.values()) == cases  # type: ignore[type-var]
        journal = "SELECT case_id FROM journal WHERE fact = 'case.opened' ORDER BY case_id"
        assert [row[0] for row in rows(journal)] == cases
        told = "SELECT DISTINCT case_id FROM outbox WHERE fact = 'case.opened' ORDER BY case_id"
        assert [row[0] for row in rows(told)] == cases
        # All the check-ins of one worker on one day: one row, one award each of points and of score
        # (two, when midnight passes).
        days = rows("SELECT count(*) FROM checkins")[0][0]
        awarded = rows(
            "SELECT unit, count(*) FROM xfer WHERE kind = 'award' GROUP BY unit ORDER BY unit DESC"
        )
        none_yet = days == 0  # the kill came first
        assert (days <= 2, awarded) == (True, [] if none_yet else [(POINTS, days), (SCORE, days)])
        assert audit.drift(tx) == []
    assert broken(db) == []
    assert schema.current(url) == schema.head()
    db.close()
