"""The outbox: who may send where and when, also when two senders ask at once or one dies."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import sqlalchemy as sa

from store import outbox
from store.db import Database
from store.outbox import Claim, Notice
from store.tx import Conflict, Tx

NOW = 1_795_395_600
LEASE = 300


@pytest.fixture
def db(empty_url: str) -> Iterator[Database]:
    opened = Database(empty_url)
    yield opened
    opened.close()


def queue(db: Database, *addresses: str, now: int = NOW) -> None:
    """One notice for each address, its key and its text made of the address and its place."""
    rows = [
        outbox.row(channel="group", address=a, text=f"{a} {n}", fact="case.opened", idem=f"{a}:{n}", now=now)
        for n, a in enumerate(addresses)
    ]
    db.write(lambda tx: outbox.add(tx, rows))


def claim(db: Database, now: int = NOW) -> list[Claim]:
    return db.write(lambda tx: outbox.claim(tx, now=now, lease_seconds=LEASE))


def states(db: Database) -> list[tuple[str, str]]:
    with db.read() as tx:
        return [(r[0], r[1]) for r in tx.execute(sa.text("SELECT text, state FROM outbox ORDER BY id"))]


def test_a_claim_holds_all_that_is_due_for_one_destination(db: Database) -> None:
    queue(db, "a", "b", "a")
    until = NOW + LEASE
    first, second = claim(db)
    assert first == Claim(
        "group",
        "a",
        until,
        [],
        [Notice(1, "text", "a 0", [], 0, NOW), Notice(3, "text", "a 2", [], 0, NOW)],
    )
    assert (second.address, [one.text for one in second.notices]) == ("b", ["b 1"])
    assert claim(db) == []


def test_the_same_notice_is_queued_once(db: Database) -> None:
    queue(db, "a", "b")
    queue(db, "a", "b", "c", now=NOW + 60)
    assert states(db) == [("a 0", "due"), ("b 1", "due"), ("c 2", "due")]
    db.write(lambda tx: outbox.add(tx, []))


def test_what_is_not_due_yet_is_not_claimed(db: Database) -> None:
    queue(db, "a", now=NOW + 60)
    assert claim(db, NOW + 59) == []
    with db.read() as tx:
        assert (outbox.any_due(tx, now=NOW + 59), outbox.any_due(tx, now=NOW + 60)) == (False, True)
    assert [one.address for one in claim(db, NOW + 60)] == ["a"]


def test_a_lease_of_a_sender_that_died_runs_out(db: Database) -> None:
    queue(db, "a")
    (dead,) = claim(db)
    assert claim(db, NOW + LEASE - 1) == []
    (heir,) = claim(db, NOW + LEASE)
    assert (heir.notices, heir.lease_until) == (dead.notices, NOW + 2 * LEASE)


def test_a_sender_that_comes_back_too_late_cannot_touch_the_lease_of_its_heir(db: Database) -> None:
    queue(db, "a")
    (late,) = claim(db)
    (heir,) = claim(db, NOW + LEASE)
    db.write(lambda tx: outbox.remember_sends(tx, heir, sends=[NOW + LEASE]))
    with pytest.raises(Conflict):
        db.write(lambda tx: outbox.remember_sends(tx, late, sends=[NOW]))
    db.write(lambda tx: outbox.release(tx, late, sends=[NOW], until=0))
    assert claim(db, NOW + LEASE + 1) == []
    (again,) = claim(db, NOW + 2 * LEASE)
    assert again.sends == [NOW + LEASE]


def test_the_budget_of_a_destination_outlives_its_sender(db: Database) -> None:
    queue(db, "a")
    (mine,) = claim(db)
    db.write(lambda tx: outbox.remember_sends(tx, mine, sends=[NOW, NOW + 1]))
    assert claim(db, NOW + 1) == []  # to remember is not to release
    db.write(lambda tx: outbox.release(tx, mine, sends=[NOW, NOW + 1, NOW + 2], until=NOW + 65))
    assert claim(db, NOW + 64) == []
    (next_one,) = claim(db, NOW + 65)
    assert next_one.sends == [NOW, NOW + 1, NOW + 2]


def test_sent_given_up_and_put_off_are_three_ends(db: Database) -> None:
    queue(db, "a", "a", "a")
    (mine,) = claim(db)
    sent, worn, later = (one.id for one in mine.notices)

    def mark(tx: Tx) -> None:
        outbox.sent(tx, [sent], now=NOW + 1)
        outbox.give_up(tx, [worn], error="40008")
        outbox.retry_at(tx, [later], due_at=NOW + 30, error="45009")
        outbox.release(tx, mine, sends=[], until=0)

    db.write(mark)
    assert states(db) == [("a 0", "sent"), ("a 1", "failed"), ("a 2", "due")]
    assert claim(db, NOW + 29) == []
    (again,) = claim(db, NOW + 30)
    assert again.notices == [Notice(later, "text", "a 2", [], 1, NOW + 30)]


def test_a_group_without_a_robot_gets_a_text_to_forward(db: Database) -> None:
    queue(db, "")
    assert claim(db) == []
    assert states(db) == [(" 0", "forward")]


def test_eight_senders_at_once_claim_each_destination_once(db: Database) -> None:
    addresses = [f"g{n:02}" for n in range(40)]
    queue(db, *addresses)
    start = threading.Barrier(8)

    def send(_sender: int) -> list[str]:
        start.wait(30)
        return [one.address for _ in range(3) for one in claim(db)]

    with ThreadPoolExecutor(8) as senders:
        claimed = [address for mine in senders.map(send, range(8)) for address in mine]
    assert sorted(claimed) == addresses


def test_a_second_sender_does_not_wait_for_what_the_first_is_claiming(db: Database) -> None:
    """On SQLite there is one sender, whose claims come one after the other anyway."""
    if db.is_sqlite:
        pytest.skip("one process, one writer: nobody claims at the same time")
    queue(db, "a", "b")
    for one in claim(db):
        db.write(partial(outbox.release, claim=one, sends=[], until=0))
    claiming, go_on = threading.Event(), threading.Event()

    def claim_slowly(tx: Tx) -> list[Claim]:
        claims = outbox.claim(tx, now=NOW, lease_seconds=LEASE)
        claiming.set()
        assert go_on.wait(30)
        return claims

    with ThreadPoolExecutor(1) as first:
        slow = first.submit(db.write, claim_slowly)
        assert claiming.wait(30)
        queue(db, "c", now=NOW)
        started = time.monotonic()
        assert [one.address for one in claim(db)] == ["c"]
        assert time.monotonic() - started < 5
        go_on.set()
        assert [one.address for one in slow.result(30)] == ["a", "b"]
