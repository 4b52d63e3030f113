"""Points that are good until a day: what expires next, what expired, and the movements that sweep it.

A cohort is the last day its points are good, as 20271231.
"""

from dataclasses import dataclass

import sqlalchemy as sa

from store import bulk, ledger
from store.columns import Columns
from store.ledger import POINTS
from store.tables import accounts, acct, bal, freezes, members, outbox
from store.tx import Tx


@dataclass(frozen=True, slots=True)
class Ending:
    """A member to be told that `points` of the household end with the day `cohort`."""

    household_id: int
    cohort: int
    points: int
    person_id: int
    openid: str


_FROZEN = sa.select(freezes.c.household_id).where(freezes.c.lifted_at.is_(None))
# Written out: SQLite knows a partial index by its condition, and a parameter is none.
_IS_COHORT = acct.c.cohort > sa.literal_column("0")
_EXPIRING = (_IS_COHORT, acct.c.kind == "wallet", acct.c.unit == POINTS, bal.c.posted > 0)


def sweep(tx: Tx, today: int, *, run: str, now: int) -> int:
    """Everything left in cohorts before `today` goes to the expired account, in one statement; the points.

    What is frozen does not move: a later run takes it. `run` is part of the keys: one run books once.
    """
    query = (
        sa.select(acct.c.id, acct.c.cohort, bal.c.posted)
        .join(bal, bal.c.acct == acct.c.id)
        .where(*_EXPIRING, acct.c.cohort < today, acct.c.owner.not_in(_FROZEN))
        .order_by(acct.c.id)
        .with_for_update(of=bal)  # PostgreSQL: nobody spends them between the look and the movement
    )
    due = tx.execute(query).all()
    if not due:
        return 0
    sink = ledger.account(tx, "expired")
    wallets = [row[0] for row in due]
    points = [row[2] for row in due]
    same = ledger.request(kind="expire", credit=sink, txn=f"expire:{run}", reason="积分到期")
    each = {
        "debit": wallets,
        "asked": points,
        "amount": points,
        "idem": [f"expire:{cohort}:{wallet}:{run}" for wallet, cohort, _ in due],
    }
    bulk.book_all(tx, Columns(len(due), {**same, "revision": "", "at": now}, {}).plus(each))
    return sum(points)


def warnings(tx: Tx, *, first: int, last: int, limit: int) -> list[Ending]:
    """Members not told yet of points of theirs that end between two days, both included."""
    ending = sa.select(acct.c.id).where(_IS_COHORT, acct.c.cohort >= first, acct.c.cohort <= last)
    if tx.execute(ending.limit(1)).first() is None:
        return []
    parts = [sa.cast(column, sa.Text) for column in (acct.c.owner, acct.c.cohort, members.c.person_id)]
    key = sa.literal("points.expiring:") + parts[0] + ":" + parts[1] + ":" + parts[2]
    told = sa.select(outbox.c.id).where(outbox.c.idem == key).correlate(acct, members)
    query = (
        sa.select(
            acct.c.owner, acct.c.cohort, bal.c.posted, members.c.person_id, sa.func.max(accounts.c.account)
        )
        .select_from(acct)
        .join(bal, bal.c.acct == acct.c.id)
        .join(members, sa.and_(members.c.household_id == acct.c.owner, members.c.until.is_(None)))
        .join(
            accounts, sa.and_(accounts.c.person_id == members.c.person_id, accounts.c.channel == "official")
        )
        .where(*_EXPIRING, acct.c.cohort >= first, acct.c.cohort <= last, ~sa.exists(told))
        .group_by(acct.c.owner, acct.c.cohort, bal.c.posted, members.c.person_id)
        .order_by(acct.c.owner, acct.c.cohort, members.c.person_id)
        .limit(limit)
    )
    return [Ending(*row) for row in tx.execute(query)]
