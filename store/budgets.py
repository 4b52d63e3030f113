"""Budgets: what a town may give in a year for a group of rules. The account's floor is 0."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from store import ledger
from store.prepared import Prepared
from store.tables import acct, bal, budgets
from store.tx import Tx


@dataclass(frozen=True, slots=True)
class Budget:
    """A town's budget of a year for a group of rules; `first_grant` points are granted when it opens."""

    town_id: int
    year: int
    group: str
    first_grant: int


_BUDGET = Prepared(
    sa.select(budgets.c.id).where(
        budgets.c.unit_id == sa.bindparam("unit_id"),
        budgets.c.year == sa.bindparam("year"),
        budgets.c.rule_group == sa.bindparam("rule_group"),
        budgets.c.unit == sa.bindparam("unit"),
    )
)
_ADD_BUDGET = Prepared(
    insert(budgets)
    .on_conflict_do_nothing(index_elements=["unit_id", "year", "rule_group", "unit"])
    .returning(budgets.c.id)
)


def account(tx: Tx, budget: Budget, unit: int, now: int) -> int:
    """The account of a budget; a new one opens with its first grant."""
    return ledger.account(tx, "budget", unit=unit, owner=budget_id(tx, budget, unit, now=now))


def budget_id(tx: Tx, budget: Budget, unit: int, *, now: int) -> int:
    """The number of a budget, opened with its first grant when it is new."""
    key = {"unit_id": budget.town_id, "year": budget.year, "rule_group": budget.group, "unit": unit}
    found = tx.execute(_BUDGET, key).scalar()
    if found is not None:
        return int(found)
    added = tx.execute(_ADD_BUDGET, key).scalar()
    number = int(added if added is not None else tx.execute(_BUDGET, key).scalar_one())
    if budget.first_grant:
        grant(tx, number, unit, budget.first_grant, key="first", reason="年度预算", now=now)
    return number


def grant(
    tx: Tx,
    budget_id: int,
    unit: int,
    points: int,
    *,
    key: str,
    reason: str,
    now: int,
    actor_id: int | None = None,
) -> int:
    """Add to a budget, once per `key`."""
    return ledger.move(
        tx,
        kind="grant",
        debit=ledger.account(tx, "issuer", unit=unit),
        credit=ledger.account(tx, "budget", unit=unit, owner=budget_id),
        unit=unit,
        amount=points,
        idem=f"grant:{budget_id}:{key}",
        txn=f"grant:{budget_id}:{key}",
        reason=reason,
        now=now,
        actor_id=actor_id,
    )


def lines(tx: Tx) -> list[tuple[int, int, int, str, int, int]]:
    """(budget, town, year, group, ledger unit, points left) of every budget."""
    query = (
        sa.select(
            budgets.c.id,
            budgets.c.unit_id,
            budgets.c.year,
            budgets.c.rule_group,
            budgets.c.unit,
            bal.c.posted,
        )
        .join(
            acct,
            sa.and_(acct.c.kind == "budget", acct.c.owner == budgets.c.id, acct.c.unit == budgets.c.unit),
        )
        .join(bal, bal.c.acct == acct.c.id)
        .order_by(budgets.c.id)
    )
    return [(row[0], row[1], row[2], row[3], row[4], row[5]) for row in tx.execute(query)]
