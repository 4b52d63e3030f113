"""`python -m tests.ledger_load URL`: acts on the ledger without a pause; tells what was acknowledged.

Every act is one work of several movements whose key says what they must add up to, so that a part of one
would be seen, and so would one that is not there. It ends when it is killed.
"""

import os
import random
import sys
import threading
from collections.abc import Callable
from itertools import count
from typing import Any

import sqlalchemy as sa

from store import awards, budgets, holds, households, ledger, wallets
from store.awards import Award
from store.budgets import Budget
from store.db import Database
from store.ledger import POINTS, Insufficient
from store.tables import people, units
from store.tx import Conflict, Tx

NOW = 1_795_395_600
CLIENTS, HOMES, RICE, SHOP = 8, 4, 5, 9
COHORTS = (0, 20271231)
DONE = "+"


def open_town(tx: Tx) -> None:
    """Households 1 to HOMES, a budget, rice on the shelf; the same again changes nothing."""
    if tx.execute(sa.text("SELECT 1 FROM units")).first() is not None:
        return
    tx.execute(sa.insert(units), {"code": "T", "name": "镇", "level": "town"})
    for number in range(1, HOMES + 1):
        person = tx.execute(sa.insert(people).returning(people.c.id), {"name": "", "created_at": NOW})
        households.open_for(tx, person.scalar_one(), code=f"h{number}", name="", unit_id=None, now=NOW)
    budgets.budget_id(tx, Budget(1, 2026, "general", 10**9), POINTS, now=NOW)
    _rice(tx, "supplier", "shelf", 10**6, kind="restock", key="stock")


def _rice(tx: Tx, debit: str, credit: str, pieces: int, *, kind: str, key: str) -> int:
    legs = [
        ledger.account(tx, each, unit=RICE, owner=0 if each == "supplier" else SHOP)
        for each in (debit, credit)
    ]
    return ledger.move(
        tx,
        kind=kind,
        debit=legs[0],
        credit=legs[1],
        unit=RICE,
        amount=pieces,
        idem=f"{key}:rice",
        txn=key,
        reason="",
        now=NOW,
    )


class Client:
    """One thread's acts; `told` are those it may come back to: orders that wait, sales, awards."""

    def __init__(self, name: str, seed: int) -> None:
        self.name, self.chance, self.numbers = name, random.Random(seed), count()
        self.waiting: list[str] = []
        self.sold: list[tuple[str, int]] = []
        self.earned: list[tuple[str, int]] = []

    def choose(self) -> tuple[str, Callable[[Tx], Any], Callable[[], None]]:
        """(key, work, what to remember once it is acknowledged)."""
        home, amount = self.chance.randint(1, HOMES), self.chance.randint(2, 40)
        number = next(self.numbers)
        kinds: list[Callable[[str, int, int], Any]] = [self._earn, self._earn, self._order]
        if self.waiting:
            kinds.append(self._end)
        if self.earned:
            kinds.append(self._take_back)
        if self.sold:
            kinds.append(self._bring_back)
        chosen: tuple[str, Callable[[Tx], Any], Callable[[], None]] = self.chance.choice(kinds)(
            f"{self.name}:{number}", home, amount
        )
        return chosen

    def _earn(self, name: str, home: int, amount: int) -> Any:
        """In two cohorts at once: both or none."""
        key = f"earn:{amount}:{name}"

        def work(tx: Tx) -> None:
            for cohort in COHORTS:
                asked = Award(
                    rule="试",
                    points=amount,
                    person_id=home,
                    household_id=home,
                    reason="",
                    idem=f"{key}:{cohort}",
                    cause=f"batch:{key}",
                    day="2026-11-23",
                    budget=Budget(1, 2026, "general", 10**9),
                    revision="",
                    cohort=cohort,
                    txn=key,
                )
                awards.award(tx, asked, now=NOW)

        return key, work, lambda: self.earned.append((key, home))

    def _order(self, name: str, home: int, amount: int) -> Any:
        """Points held and a piece of rice reserved under one key."""
        key = f"order:{amount}:{name}"

        def work(tx: Tx) -> None:
            held = ledger.account(tx, "held", owner=home)
            wallets.spend(tx, home, amount, kind="hold", credit=held, txn=key, reason="", now=NOW)
            _rice(tx, "shelf", "reserved", 1, kind="hold", key=key)

        return key, work, lambda: self.waiting.append(key)

    def _end(self, name: str, _home: int, _amount: int) -> Any:
        """All holds of an order are posted, or all are given back."""
        key = self.waiting.pop(self.chance.randrange(len(self.waiting)))
        kind = self.chance.choice(["post", "void"])

        def work(tx: Tx) -> None:
            for hold in holds.open_holds(tx, key):
                credit = (
                    ledger.account(tx, "spent")
                    if hold.unit == POINTS
                    else ledger.account(tx, "given", unit=RICE, owner=SHOP)
                )
                holds.resolve(tx, hold, kind, credit=credit, reason="", now=NOW, actor_id=None)

        amount = int(key.split(":")[1])
        sold = lambda: self.sold.append((key, amount)) if kind == "post" else None  # noqa: E731
        return f"{kind}:{key}", work, sold

    def _take_back(self, _name: str, _home: int, _amount: int) -> Any:
        key, home = self.earned.pop(self.chance.randrange(len(self.earned)))

        def work(tx: Tx) -> None:
            found = tx.execute(sa.text("SELECT id FROM xfer WHERE txn = :key"), {"key": key}).scalars().all()
            for award in found:
                wallets.take_back(tx, award, home, reason="", now=NOW, actor_id=None)

        return f"reverse:{key}", work, lambda: None

    def _bring_back(self, name: str, _home: int, _amount: int) -> Any:
        key, amount = self.sold.pop(self.chance.randrange(len(self.sold)))
        back = f"back:{amount}:{name}"

        def work(tx: Tx) -> None:
            common = {"key": back, "reason": "", "now": NOW, "actor_id": None}
            holds.refund(tx, key, amount, unit=POINTS, **common)  # type: ignore[arg-type]
            holds.refund(tx, key, 1, unit=RICE, **common)  # type: ignore[arg-type]

        return f"refund:{back}", work, lambda: None


def main(url: str) -> None:
    db = Database(url)
    db.write(open_town)
    run = os.urandom(4).hex()
    telling = threading.Lock()

    def keep_acting(number: int) -> None:
        client = Client(f"{run}-{number}", random.randrange(2**32))
        while True:
            key, work, remember = client.choose()
            try:
                db.write(work)
            except (Insufficient, Conflict):
                continue
            remember()
            with telling:
                print(f"{DONE}{key}", flush=True)  # noqa: T201 - what the parent reads

    clients = [threading.Thread(target=keep_acting, args=(number,)) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()


if __name__ == "__main__":
    main(sys.argv[1])
