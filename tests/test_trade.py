"""Three households and a model that adds up: whatever is done in whatever order, the books are right."""

import signal
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy.exc import DBAPIError

from store import audit, award_lists, awards, blocks, budgets, expiries, holds, households, ledger, wallets
from store.awards import Award, Cap, Outcome
from store.budgets import Budget
from store.db import Database
from store.ledger import Frozen, Insufficient
from store.tables import freezes, people, units, xfer
from store.tx import Conflict, Tx
from tests.invariants import broken
from tests.machines import Lend, lender, run_machine
from tests.test_ledger import NOW, RICE, SHOP

COHORT = 20271231
DIES_WITHIN_SECONDS = 30


class _Undo(Exception):
    """Ends a transaction."""


def _move(request: dict[str, Any], tx: Tx) -> int:
    return ledger.move(tx, **request)


class Trade(RuleBasedStateMachine):
    """Three households and a model that adds up; every request may come again, every wrong one is refused."""

    lend: Lend  # a database of the machine's own
    people = st.integers(0, 2)
    points = st.integers(1, 60)
    GRANTED, CAP = 150, 80

    def __init__(self) -> None:
        super().__init__()
        self.lent = self.lend()
        self.db = Database(self.lent.__enter__())
        self.db.write(self.open_town)
        self.wallets = [0, 0, 0]
        self.held = [0, 0, 0]
        self.owed = [0, 0, 0]
        self.earned = [0, 0, 0]  # of the day's cap
        self.left = self.GRANTED
        self.holds: list[tuple[int, int, int]] = []  # movement, person, points
        self.ended: list[tuple[int, int, int]] = []
        self.awards: list[tuple[int, int, int]] = []
        self.asked: list[tuple[Award, Outcome]] = []
        self.sales: list[tuple[str, int, int]] = []  # txn, person, points that did not come back
        self.requests: list[tuple[dict[str, Any], int]] = []
        self.lists: list[list[Award]] = []
        self.lapsing: dict[int, int] = {}  # person -> wallet whose points expire
        self.shelf_account, self.shelf = self.goods("shelf"), 0
        self.reserved: list[tuple[int, int]] = []
        self.orders: list[tuple[str, int, int]] = []  # txn, person, points on hold
        self.numbers = count(1)
        self.done: list[Callable[[Tx], Any]] = []

    def teardown(self) -> None:
        self.db.close()
        self.lent.__exit__(None, None, None)

    def do(self, work: Callable[[Tx], Any]) -> Any:
        """Run a request that may come again at any time."""
        result = self.db.write(work)
        self.done.append(work)
        return result

    def open_town(self, tx: Tx) -> None:
        town = {"code": "T", "name": "镇", "level": "town"}
        unit = tx.execute(sa.insert(units).returning(units.c.id), town).scalar_one()
        self.budget = Budget(unit, 2026, "general", self.GRANTED)
        self.budget_id = budgets.budget_id(tx, self.budget, 0, now=NOW)
        self.budget_account = ledger.account(tx, "budget", owner=self.budget_id)
        self.persons, self.owners = [], []
        for n in range(3):
            row = {"name": str(n), "created_at": NOW}
            self.persons.append(tx.execute(sa.insert(people).returning(people.c.id), row).scalar_one())
            opened = households.open_for(tx, self.persons[n], code=str(n), name="", unit_id=None, now=NOW)
            self.owners.append(opened)

    def account(self, kind: str, person: int | None = None) -> int:
        owner = 0 if person is None else self.owners[person]
        return self.db.write(lambda tx: ledger.account(tx, kind, owner=owner))

    def for_ever(self, person: int) -> int:
        """The points of a household that never expire: plain movements take no others."""
        account = self.account("wallet", person)
        with self.db.read() as tx:
            return ledger.balance(tx, account)

    def request(self, debit: int, credit: int, amount: int, kind: str = "family", **more: Any) -> int:
        idem = f"{len(self.requests)}:{kind}"
        asked = {"debit": debit, "credit": credit, "amount": amount, "kind": kind, "idem": idem, "txn": idem}
        asked |= {"reason": "试", "now": NOW, **more}
        booked = self.do(partial(_move, asked))
        self.requests.append((asked, booked))
        return booked

    @rule(person=people, points=points)
    def award(self, person: int, points: int) -> None:
        asked = Award(
            rule="试",
            points=points,
            person_id=self.persons[person],
            household_id=self.owners[person],
            reason="试",
            idem=f"award:{len(self.asked)}",
            cause="case:1001",
            day="2026-11-23",
            budget=self.budget,
            revision="",
            caps=(Cap("", "person", "day", self.CAP),),
        )
        room = min(points, self.CAP - self.earned[person])
        if room > self.left:
            expected = Outcome(0, "budget")
        else:
            settled = min(self.owed[person], self.wallets[person] + room) if room else 0
            expected = Outcome(room, "capped" if room < points else "", settled)
            self.earned[person] += room
            self.left -= room
            self.owed[person] -= settled
            self.wallets[person] += room - settled
        assert self.do(lambda tx: awards.award(tx, asked, now=NOW)) == expected
        if expected.points:
            with self.db.read() as tx:
                query = sa.select(xfer.c.id).where(xfer.c.idem == asked.idem)
                self.awards.append((tx.execute(query).scalar_one(), person, room))
        if expected.points or expected.why == "budget":
            self.asked.append((asked, replace(expected, settled=0)))

    @initialize()
    def begin(self) -> None:
        """Something to spend, so that what comes later can come early."""
        for person in range(3):
            self.award(person, 40)
            self.buy(person, 15)

    @rule(pick=st.integers(0, 99))
    def award_again(self, pick: int) -> None:
        if self.asked:
            asked, told = self.asked[pick % len(self.asked)]
            assert self.db.write(lambda tx: awards.award(tx, asked, now=NOW + 9)) == told

    @rule(pick=st.integers(0, 99))
    def take_back(self, pick: int) -> None:
        """An award turns out wrong: what was spent of it is owed."""
        if not self.awards:
            return
        award, person, points = self.awards.pop(pick % len(self.awards))
        owed = self.do(
            lambda tx: wallets.take_back(tx, award, self.owners[person], reason="查", now=NOW, actor_id=None)
        )
        short = max(points - self.wallets[person], 0)
        self.wallets[person] += short - points
        self.owed[person] += short
        settled = min(self.owed[person], self.wallets[person])
        self.wallets[person] -= settled
        self.owed[person] -= settled
        self.left += points
        assert owed == self.owed[person]

    @rule(person=people, points=points)
    def buy(self, person: int, points: int) -> None:
        txn = f"buy:{len(self.sales)}:{len(self.requests)}"
        spent = self.account("spent")

        def pay(tx: Tx) -> None:
            wallets.spend(
                tx, self.owners[person], points, kind="sale", credit=spent, txn=txn, reason="试", now=NOW
            )

        if points > self.wallets[person]:
            with pytest.raises(Insufficient):
                self.db.write(pay)
            return
        self.do(pay)
        self.wallets[person] -= points
        self.sales.append((txn, person, points))

    @rule(pick=st.integers(0, 99), points=points)
    def bring_back(self, pick: int, points: int) -> None:
        if not self.sales:
            return
        which = pick % len(self.sales)
        txn, person, left = self.sales[which]
        refund = partial(
            holds.refund, txn=txn, amount=points, unit=0, key=f"{txn}:{left}", reason="退", now=NOW
        )
        if points > left:
            with pytest.raises(Insufficient):
                self.db.write(lambda tx: refund(tx, actor_id=None))
            return
        self.do(lambda tx: refund(tx, actor_id=None))
        self.sales[which] = (txn, person, left - points)
        self.wallets[person] += points

    @rule(giver=people, taker=people, points=points)
    def give(self, giver: int, taker: int, points: int) -> None:
        legs = self.account("wallet", giver), self.account("wallet", taker)
        if giver == taker:
            with pytest.raises((DBAPIError, Insufficient)):
                self.request(*legs, points)
        elif points > self.for_ever(giver):
            with pytest.raises(Insufficient):
                self.request(*legs, points)
        else:
            self.request(*legs, points)
            self.wallets[giver] -= points
            self.wallets[taker] += points

    @rule(person=people, points=points)
    def hold(self, person: int, points: int) -> None:
        legs = self.account("wallet", person), self.account("held", person)
        if points > self.for_ever(person):
            with pytest.raises(Insufficient):
                self.request(*legs, points, "hold")
            return
        self.holds.append((self.request(*legs, points, "hold"), person, points))
        self.wallets[person] -= points
        self.held[person] += points

    @rule(pick=st.integers(0, 99), kind=st.sampled_from(["post", "void"]))
    def end(self, pick: int, kind: str) -> None:
        if not self.holds:
            return
        hold, person, points = self.holds.pop(pick % len(self.holds))
        to = self.account("spent") if kind == "post" else self.account("wallet", person)
        self.request(self.account("held", person), to, points, kind, pending_id=hold)
        self.ended.append((hold, person, points))
        self.held[person] -= points
        self.wallets[person] += points if kind == "void" else 0

    @rule(pick=st.integers(0, 99), kind=st.sampled_from(["post", "void"]))
    def end_again(self, pick: int, kind: str) -> None:
        if not self.ended:
            return
        hold, person, points = self.ended[pick % len(self.ended)]
        to = self.account("spent") if kind == "post" else self.account("wallet", person)
        with pytest.raises((DBAPIError, Insufficient)):
            self.request(self.account("held", person), to, points, kind, pending_id=hold)

    @rule(pick=st.integers(0, 99))
    def reverse(self, pick: int) -> None:
        if not self.awards:
            return
        award, person, points = self.awards.pop(pick % len(self.awards))
        legs = self.account("wallet", person), self.budget_account
        if points > self.for_ever(person):
            with pytest.raises(Insufficient):
                self.request(*legs, points, "reverse", reverses_id=award)
            return
        self.request(*legs, points, "reverse", reverses_id=award)
        self.wallets[person] -= points
        self.left += points
        with pytest.raises((DBAPIError, Insufficient)):
            self.request(*legs, points, "reverse", reverses_id=award)

    @rule(listed=st.lists(st.tuples(people, points), min_size=1, max_size=4))
    def award_all(self, listed: list[tuple[int, int]]) -> None:
        """A month's list, whole or not at all; the same list again books nothing."""
        batch = f"batch:{len(self.lists)}"
        rows = [
            Award(
                rule="月",
                points=points,
                person_id=self.persons[person],
                household_id=self.owners[person],
                reason="试",
                idem=f"{batch}:{line}",
                cause=f"batch:{batch}:{line}",
                day="2026-11-23",
                budget=self.budget,
                revision="",
                txn=batch,
            )
            for line, (person, points) in enumerate(listed)
        ]
        self.lists.append(rows)
        if sum(one.points for one in rows) > self.left:
            with pytest.raises(Insufficient):
                self.db.write(lambda tx: award_lists.award_all(tx, rows, now=NOW))
            return
        assert self.do(lambda tx: award_lists.award_all(tx, rows, now=NOW)) == len(rows)
        with pytest.raises(Conflict):
            other = [replace(rows[0], points=rows[0].points + 1), *rows[1:]]
            self.db.write(lambda tx: award_lists.award_all(tx, other, now=NOW))
        for person, points in listed:
            self.wallets[person] += points
            self.left -= points

    @rule(points=points)
    def grant(self, points: int) -> None:
        key = f"more:{self.left}:{len(self.requests)}:{len(self.lists)}:{len(self.asked)}"
        self.do(lambda tx: budgets.grant(tx, self.budget_id, 0, points, key=key, reason="追加", now=NOW))
        self.left += points

    @rule(person=people, points=points)
    def penalize(self, person: int, points: int) -> None:
        legs = self.account("wallet", person), self.account("penalty")
        if points > self.for_ever(person):
            with pytest.raises(Insufficient):
                self.request(*legs, points, "penalty")
            return
        self.request(*legs, points, "penalty")
        self.wallets[person] -= points

    @rule(person=people, points=points)
    def earn_for_a_while(self, person: int, points: int) -> None:
        """Points of a cohort; they are spent first, and what is left expires."""
        if points > self.left:
            return
        wallet = self.db.write(
            lambda tx: ledger.account(tx, "wallet", owner=self.owners[person], cohort=COHORT)
        )
        named = {"rule": "试", "cause": "batch:0", "day": "2026-11-23"}
        self.request(self.budget_account, wallet, points, "award", **named, person_id=self.persons[person])
        self.left -= points
        self.wallets[person] += points
        self.lapsing[person] = wallet

    @rule()
    def expire(self) -> None:
        """The sweep takes everything that is left in the cohort."""
        with self.db.read() as tx:
            left = {person: ledger.balance(tx, wallet) for person, wallet in self.lapsing.items()}
        run = str(next(self.numbers))
        swept = self.db.write(lambda tx: expiries.sweep(tx, COHORT + 1, run=run, now=NOW))
        assert swept == sum(left.values())
        for person, points in left.items():
            self.wallets[person] -= points

    @rule(person=people, points=points)
    def order(self, person: int, points: int) -> None:
        """Points on hold for goods, of all cohorts; they are given back when the time is over."""
        txn, held = f"order:{next(self.numbers)}", self.account("held", person)
        order = partial(
            wallets.spend,
            household_id=self.owners[person],
            amount=points,
            kind="hold",
            credit=held,
            txn=txn,
            reason="换",
            now=NOW,
        )
        if points > self.wallets[person]:
            with pytest.raises(Insufficient):
                self.db.write(order)
            return
        self.do(order)
        self.orders.append((txn, person, points))
        self.wallets[person] -= points
        self.held[person] += points

    @rule(pick=st.integers(0, 99))
    def time_out(self, pick: int) -> None:
        if not self.orders:
            return
        txn, person, points = self.orders.pop(pick % len(self.orders))
        self.do(partial(holds.void_all, txn=txn, reason="过期", now=NOW, actor_id=None))
        self.held[person] -= points
        self.wallets[person] += points

    @rule(person=people)
    def freeze(self, person: int) -> None:
        """While the household is frozen nothing moves; an award waits and is paid afterwards."""
        frozen = {
            "household_id": self.owners[person],
            "reason": "查",
            "by_id": self.persons[person],
            "at": NOW,
        }
        self.db.write(lambda tx: tx.execute(sa.insert(freezes), frozen))
        if self.left:
            legs = self.budget_account, self.account("wallet", person)
            with pytest.raises(Frozen):
                self.request(*legs, 1, "award", **self._named(person))
        if self.wallets[person]:
            with pytest.raises(Frozen):
                self.db.write(
                    lambda tx: wallets.spend(
                        tx,
                        self.owners[person],
                        1,
                        kind="sale",
                        credit=ledger.account(tx, "spent"),
                        txn=f"frozen:{len(self.requests)}",
                        reason="",
                        now=NOW,
                    )
                )
        lifted = sa.update(freezes).where(
            freezes.c.household_id == self.owners[person], freezes.c.lifted_at.is_(None)
        )
        self.db.write(lambda tx: tx.execute(lifted.values(lifted_at=NOW, lifted_by=self.persons[person])))

    def _named(self, person: int) -> dict[str, Any]:
        cause = {"rule": "试", "cause": "batch:0", "day": "2026-11-23"}
        return {**cause, "person_id": self.persons[person]}

    # --- goods

    def goods(self, kind: str) -> int:
        owner = 0 if kind == "supplier" else SHOP
        return self.db.write(lambda tx: ledger.account(tx, kind, unit=RICE, owner=owner))

    @rule(pieces=points)
    def restock(self, pieces: int) -> None:
        self.request(self.goods("supplier"), self.goods("shelf"), pieces, "restock", unit=RICE)
        self.shelf += pieces

    @rule(pieces=points, kind=st.sampled_from(["damage", "count", "hold", "sale"]))
    def take_from_the_shelf(self, pieces: int, kind: str) -> None:
        """Broken, missing at a stock-take, reserved, or handed over; never more than there is."""
        to = {"damage": "damaged", "count": "counted", "hold": "reserved", "sale": "given"}[kind]
        legs = self.goods("shelf"), self.goods(to)
        if pieces > self.shelf:
            with pytest.raises(Insufficient):
                self.request(*legs, pieces, kind, unit=RICE)
            return
        booked = self.request(*legs, pieces, kind, unit=RICE)
        self.shelf -= pieces
        if kind == "hold":
            self.reserved.append((booked, pieces))

    @rule(pieces=points)
    def find_at_a_stock_take(self, pieces: int) -> None:
        self.request(self.goods("counted"), self.goods("shelf"), pieces, "count", unit=RICE)
        self.shelf += pieces

    @rule(pick=st.integers(0, 99), kind=st.sampled_from(["post", "void"]))
    def end_a_reservation(self, pick: int, kind: str) -> None:
        if not self.reserved:
            return
        hold, pieces = self.reserved.pop(pick % len(self.reserved))
        to = self.goods("given") if kind == "post" else self.goods("shelf")
        self.request(self.goods("reserved"), to, pieces, kind, unit=RICE, pending_id=hold)
        self.shelf += pieces if kind == "void" else 0

    # --- the house falls down

    @rule()
    def fail_in_the_middle(self) -> None:
        """What an act wrote before it went wrong is not there."""

        def fail(tx: Tx) -> None:
            budgets.grant(tx, self.budget_id, 0, 5, key="never", reason="", now=NOW)
            raise _Undo

        with pytest.raises(_Undo):
            self.db.write(fail)

    @rule()
    def reopen(self) -> None:
        """Another process takes over."""
        url = self.db.url
        self.db.close()
        self.db = Database(url)

    @rule(points=points)
    def crash(self, points: int) -> None:
        """kill -9 in the middle of an act: what was acknowledged before is there, nothing of the other."""
        url, number = self.db.url, next(self.numbers)
        self.db.close()
        here, there = FORK.Pipe()
        process = FORK.Process(target=_until_killed, args=(url, self.budget_id, points, number, there))
        process.start()
        for moment in ("acknowledged", "in the middle"):
            assert here.poll(DIES_WITHIN_SECONDS), moment
            assert here.recv() == moment
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        self.db = Database(url)
        self.left += points

    @rule()
    def seal(self) -> None:
        self.db.write(lambda tx: blocks.seal(tx, now=NOW))

    @rule(pick=st.integers(0, 99))
    def ask_again(self, pick: int) -> None:
        if not self.requests:
            return
        asked, booked = self.requests[pick % len(self.requests)]
        assert self.db.write(partial(_move, {**asked, "now": NOW + 1})) == booked
        with pytest.raises(Conflict):
            self.db.write(partial(_move, {**asked, "amount": asked["amount"] + 1}))

    @rule(pick=st.integers(0, 999))
    def any_request_again(self, pick: int) -> None:
        """A request that was answered long ago comes once more: nothing is booked."""
        if not self.done:
            return
        with self.db.read() as tx:
            before = ledger.count(tx)
        self.db.write(self.done[pick % len(self.done)])
        with self.db.read() as tx:
            assert ledger.count(tx) == before

    @invariant()
    def the_books_are_right(self) -> None:
        with self.db.read() as tx:
            assert [wallets.points(tx, owner) for owner in self.owners] == self.wallets
            assert [wallets.held(tx, owner) for owner in self.owners] == self.held
            assert [wallets.owed(tx, owner) for owner in self.owners] == self.owed
            assert ledger.balance(tx, self.budget_account) == self.left
            assert ledger.balance(tx, self.shelf_account) == self.shelf
            assert audit.drift(tx) == []
        assert broken(self.db) == []


FORK = get_context("fork")


def _until_killed(url: str, budget_id: int, points: int, number: int, parent: Connection) -> None:
    """One act that is acknowledged, one that never ends."""
    db = Database(url)
    grant = partial(budgets.grant, budget_id=budget_id, unit=0, points=points, reason="追加", now=NOW)
    db.write(partial(grant, key=f"crash:{number}"))
    parent.send("acknowledged")

    def hang(tx: Tx) -> None:
        grant(tx, key=f"lost:{number}")
        parent.send("in the middle")
        time.sleep(2 * DIES_WITHIN_SECONDS)

    db.write(hang)


@pytest.fixture(params=["sqlite", "postgres"])
def lend(request: pytest.FixtureRequest, tmp_path: Path) -> Lend:
    """Empty databases, one for each machine."""
    return lender(request, tmp_path, "empty")


def test_whatever_is_done_in_whatever_order_the_books_are_right(lend: Lend) -> None:
    run_machine(Trade, lend, examples=3, steps=16)


@pytest.mark.long
def test_whatever_is_done_in_many_orders_the_books_are_right(lend: Lend) -> None:
    run_machine(Trade, lend, examples=150, steps=50)
