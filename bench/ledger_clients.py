"""`python -m bench.ledger_clients`: clients of our ledger in one process, driven by bench.drive."""

import itertools
import os
import random
from collections.abc import Callable
from functools import partial
from typing import Annotated

import sqlalchemy as sa
import typer

from bench.drive import Act, drive
from store import budgets, ledger
from store.awards import Award
from store.budgets import Budget
from store.db import Database
from store.tables import people as people_table
from store.tables import units
from store.tx import Tx

NOW = 1_795_395_600
POINTS_EACH = 1_000_000
WALLETS = 1_000


def open_books(tx: Tx, households: int) -> Budget:
    """A town, its budget, and `households` people numbered from 1, each of household of the same number."""
    town = {"code": "T", "name": "镇", "level": "town"}
    unit = tx.execute(sa.insert(units).returning(units.c.id), town).scalar_one()
    rows = [{"name": "", "created_at": NOW} for _ in range(households)]
    tx.execute(sa.insert(people_table), rows)
    budget = Budget(unit, 2026, "general", 10**12)
    budgets.budget_id(tx, budget, ledger.POINTS, now=NOW)
    return budget


def listed(budget: Budget, batch: str, households: list[int], points: int) -> list[Award]:
    """A month's list: a line a household."""
    return [
        Award(
            rule="month",
            points=points,
            person_id=1 + household % WALLETS,
            household_id=household,
            reason="月度评分",
            idem=f"{batch}:{line}",
            cause=f"batch:{batch}:{line}",
            day="2026-11-23",
            budget=budget,
            revision="r",
            txn=batch,
        )
        for line, household in enumerate(households)
    ]


def wallets_of(tx: Tx) -> list[int]:
    query = sa.text("SELECT id FROM acct WHERE kind = 'wallet' ORDER BY id LIMIT :most")
    return list(tx.execute(query, {"most": WALLETS}).scalars())


def _transfer(db: Database, client: str, wallets: list[int]) -> Act:
    """One point from one household to another, both chosen by chance."""
    numbers, chance = itertools.count(), random.Random(client)

    def act() -> None:
        debit, credit = chance.sample(wallets, 2)
        key = f"{client}:{next(numbers)}"
        asked = {"kind": "family", "debit": debit, "credit": credit, "amount": 1, "reason": "家人"}
        db.write(partial(ledger.move, **asked, idem=key, txn=key, now=NOW))  # type: ignore[arg-type]

    return act


def _award(db: Database, client: str, wallets: list[int]) -> Act:
    """One point out of the one budget to a household chosen by chance."""
    numbers, chance = itertools.count(), random.Random(client)
    with db.read() as tx:
        budget = tx.execute(sa.text("SELECT id FROM acct WHERE kind = 'budget'")).scalar_one()

    def act() -> None:
        key = f"{client}:{next(numbers)}"
        asked = {"kind": "award", "debit": budget, "credit": chance.choice(wallets), "amount": 1}
        named = {"rule": "r", "cause": "case:1001", "day": "2026-11-23", "person_id": 1, "reason": "上报属实"}
        db.write(partial(ledger.move, **asked, **named, idem=key, txn=key, now=NOW))  # type: ignore[arg-type]

    return act


ACTS: dict[str, Callable[[Database, str, list[int]], Act]] = {"transfer": _transfer, "award": _award}


def main(
    url: str,
    act: str,
    clients: Annotated[int, typer.Option()] = 8,
    seconds: Annotated[float, typer.Option()] = 4.0,
) -> None:
    db = Database(url)
    with db.read() as tx:
        wallets = wallets_of(tx)
    run = os.urandom(4).hex()
    drive(lambda number: ACTS[act](db, f"{run}:{number}", wallets), clients, seconds)


if __name__ == "__main__":
    typer.run(main)
