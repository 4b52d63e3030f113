"""Earning: within the caps, once per key, out of a budget; what cannot be paid now is paid later."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from store import audit, award_lists, awards, budgets, households, ledger, wallets
from store.awards import Award, Cap, Outcome
from store.budgets import Budget
from store.columns import Columns
from store.db import Database
from store.digest import REQUEST, digest_of, digests_of
from store.tables import booked_lists, caps, freezes, people, units, xfer
from store.tx import Conflict, Tx
from tests.invariants import broken

NOW = 1_795_395_600
DAY_CAP = (Cap("", "person", "day", 45),)


@pytest.fixture
def db(empty_url: str) -> Iterator[Database]:
    opened = Database(empty_url)
    yield opened
    opened.close()


@pytest.fixture
def earn(db: Database) -> Callable[..., Award]:
    """An award for 李 of ten points out of a budget of 100, changed as told; 王 lives next door."""

    def open_town(tx: Tx) -> Award:
        town = {"code": "T", "name": "镇", "level": "town"}
        town_id = tx.execute(sa.insert(units).returning(units.c.id), town).scalar_one()
        for name in ("li", "wang"):
            row = {"name": name, "created_at": NOW}
            person = tx.execute(sa.insert(people).returning(people.c.id), row).scalar_one()
            households.open_for(tx, person, code=name, name=name, unit_id=town_id, now=NOW)
        return Award(
            rule="report",
            points=10,
            person_id=1,
            household_id=1,
            reason="上报属实",
            idem="a",
            cause="case:1001",
            day="2026-11-23",
            budget=Budget(town_id, 2026, "general", 100),
            revision="r1",
            caps=DAY_CAP,
        )

    first = db.write(open_town)
    return lambda **changes: replace(first, **changes)


def _give(db: Database, asked: Award) -> Outcome:
    return db.write(lambda tx: awards.award(tx, asked, now=NOW))


def _state(db: Database) -> tuple[int, int, int, list[int]]:
    """What 李 and 王 have, what the budget holds, what the caps say was used."""
    with db.read() as tx:
        assert audit.drift(tx) == []
        used = list(tx.execute(sa.select(caps.c.used).order_by(caps.c.subject_id, caps.c.period)).scalars())
        state = wallets.points(tx, 1), wallets.points(tx, 2), budgets.lines(tx)[0][5], used
    assert broken(db) == []
    return state


def test_caps_hold_and_a_replayed_award_is_booked_once(db: Database, earn: Callable[..., Award]) -> None:
    for number in range(4):
        assert _give(db, earn(idem=f"a{number}")) == Outcome(10)
    assert _give(db, earn(idem="a4")) == Outcome(5, "capped")
    assert _give(db, earn(idem="a5")) == Outcome(0, "capped")
    assert _state(db) == (45, 0, 55, [45])
    assert _give(db, earn(idem="a0", revision="r2")) == Outcome(10)
    assert _give(db, earn(idem="a4")) == Outcome(5, "capped")
    assert _state(db) == (45, 0, 55, [45])
    for other in ({"points": 11}, {"cause": "case:1002"}, {"person_id": 2, "household_id": 2}):
        with pytest.raises(Conflict):
            _give(db, earn(idem="a0", **other))
    assert _state(db) == (45, 0, 55, [45])
    assert _give(db, earn(idem="next day", day="2026-11-24")) == Outcome(10)
    assert _give(db, earn(idem="neighbour", person_id=2, household_id=2)) == Outcome(10)
    assert _state(db) == (55, 10, 35, [45, 10, 10])


def test_what_is_frozen_waits_and_is_paid_once(db: Database, earn: Callable[..., Award]) -> None:
    freeze = {"household_id": 1, "reason": "查", "by_id": 2, "at": NOW}
    db.write(lambda tx: tx.execute(sa.insert(freezes), freeze))
    for _ in range(2):
        assert _give(db, earn()) == Outcome(0, "frozen")
    assert db.write(lambda tx: awards.pay_withheld(tx, now=NOW, limit=9)) == 0
    assert _state(db) == (0, 0, 100, [])
    db.write(lambda tx: tx.execute(sa.update(freezes).values(lifted_at=NOW, lifted_by=2)))
    assert _give(db, earn()) == Outcome(0, "frozen")
    assert db.write(lambda tx: awards.pay_withheld(tx, now=NOW + 1, limit=9)) == 1
    assert db.write(lambda tx: awards.pay_withheld(tx, now=NOW + 2, limit=9)) == 0
    assert _give(db, earn()) == Outcome(10)
    assert _state(db) == (10, 0, 90, [10])


def test_what_the_budget_does_not_hold_waits_for_the_next_grant(
    db: Database, earn: Callable[..., Award]
) -> None:
    assert _give(db, earn(points=95, caps=(), cause="batch:1:1")) == Outcome(95)
    assert _give(db, earn(idem="b")) == Outcome(0, "budget")
    assert _state(db) == (95, 0, 5, [])
    budget = earn().budget

    def more(tx: Tx) -> None:
        budget_id = budgets.budget_id(tx, budget, 0, now=NOW)
        for _ in range(2):
            budgets.grant(tx, budget_id, 0, 20, key="more", reason="追加", now=NOW)

    db.write(more)
    assert db.write(lambda tx: awards.pay_withheld(tx, now=NOW, limit=9)) == 1
    assert _state(db) == (105, 0, 15, [10])


def test_a_list_is_booked_once_whole_or_not_at_all(db: Database, earn: Callable[..., Award]) -> None:
    listed = [
        earn(
            idem=f"batch:1:{n}",
            cause=f"batch:1:{n}",
            txn="batch:1",
            person_id=who,
            household_id=who,
            caps=(),
            reason=f"{n}\t50%\\n\\.\n\r“好”",
        )
        for n, who in enumerate((1, 2, 1))
    ]

    def book(rows: list[Award]) -> int:
        return db.write(lambda tx: award_lists.award_all(tx, rows, now=NOW))

    assert book([]) == 0
    assert book(listed) == 3
    assert _state(db) == (20, 10, 70, [])
    assert book(listed) == 0
    # Told line by line, then known as a whole: the rules' revision may have changed, the order too.
    assert [book([replace(one, revision="r2") for one in reversed(listed)]) for _ in range(2)] == [0, 0]
    with pytest.raises(Conflict):
        book([replace(listed[0], points=11), *listed[1:]])
    with pytest.raises(Conflict):  # a key of another list is another request, also beside a new one
        book([replace(one, txn="batch:2") for one in [replace(listed[0], idem="batch:2:0"), listed[1]]])
    with pytest.raises(ledger.Insufficient):
        book([replace(one, idem=f"{one.idem}:b", points=30) for one in listed])
    assert _state(db) == (20, 10, 70, [])
    # What the statement booked is what award would have booked: the same again tells the same.
    assert _give(db, listed[0]) == Outcome(10)
    freeze = {"household_id": 1, "reason": "查", "by_id": 2, "at": NOW}
    db.write(lambda tx: tx.execute(sa.insert(freezes), freeze))
    assert book([replace(one, idem=f"{one.idem}:c") for one in listed]) == 1
    assert _state(db) == (20, 20, 60, [])
    db.write(lambda tx: tx.execute(sa.update(freezes).values(lifted_at=NOW, lifted_by=2)))
    assert db.write(lambda tx: awards.pay_withheld(tx, now=NOW, limit=9)) == 2
    assert _state(db) == (40, 20, 40, [])
    with db.read() as tx:
        assert tx.execute(sa.select(sa.func.count()).where(xfer.c.kind == "award")).scalar() == 6
        reasons = sa.select(xfer.c.reason).where(xfer.c.txn == "batch:1").order_by(xfer.c.id).limit(3)
        assert list(tx.execute(reasons).scalars()) == [one.reason for one in listed]
        # What was withheld in part is not known as booked whole.
        known = sa.select(booked_lists.c.txn, booked_lists.c.lines).order_by(booked_lists.c.id)
        assert list(tx.execute(known)) == [("batch:1", 3)] * 2


# A lone surrogate is no text that can be stored.
_WRITABLE = st.characters(exclude_categories=["Cs"])


_REQUESTS = st.fixed_dictionaries({name: st.none() | st.integers() | st.text(_WRITABLE) for name in REQUEST})


@given(_REQUESTS, _REQUESTS, st.sets(st.sampled_from(REQUEST)))
def test_a_digest_is_that_of_the_request_as_json(
    one: dict[str, Any], other: dict[str, Any], same: set[str]
) -> None:
    requests = [one, other | {name: one[name] for name in same}]
    written = [json.dumps(each, sort_keys=True, ensure_ascii=False) for each in requests]
    expected = [hashlib.sha256(each.encode()).hexdigest() for each in written]
    columns = Columns(2, {}, {}).plus({name: [each[name] for each in requests] for name in REQUEST})
    assert (list(map(digest_of, requests)), digests_of(columns)) == (expected, expected)
