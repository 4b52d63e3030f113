"""What a household owns: points by cohort, points held, a debt; how they are spent and taken back.

A cohort is the last day its points are good (20271231; 0: for ever). The earliest is spent first.
"""

from dataclasses import dataclass

import sqlalchemy as sa

from store import ledger
from store.ledger import POINTS, Insufficient
from store.prepared import Prepared
from store.tables import acct, bal, posting, xfer
from store.tx import Conflict, Tx


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a household's statement; `after` is what all its cohorts held then."""

    xfer: int
    at: int
    amount: int
    after: int
    reason: str
    kind: str


_WALLETS = Prepared(
    sa.select(acct.c.cohort, acct.c.id, bal.c.posted)
    .join(bal, bal.c.acct == acct.c.id)
    .where(acct.c.kind == "wallet", acct.c.unit == POINTS, acct.c.owner == sa.bindparam("household_id"))
    .order_by(sa.case((acct.c.cohort == 0, 1), else_=0), acct.c.cohort)
)
_HOLD_STILL = (
    sa.select(bal.c.acct)
    .join(acct, acct.c.id == bal.c.acct)
    .where(
        acct.c.kind.in_(("wallet", "held", "debt")),
        acct.c.unit == POINTS,
        acct.c.owner == sa.bindparam("household_id"),
    )
    .order_by(bal.c.acct)
    .with_for_update(of=bal)
)
_OTHER = Prepared(
    sa.select(sa.func.coalesce(sa.func.sum(bal.c.posted), 0))
    .join(acct, acct.c.id == bal.c.acct)
    .where(
        acct.c.kind == sa.bindparam("kind"),
        acct.c.unit == POINTS,
        acct.c.owner == sa.bindparam("household_id"),
    )
)
_reversal = xfer.alias("reversal")
_AWARD = Prepared(
    sa.select(xfer.c.credit, xfer.c.amount, _reversal.c.id)
    .outerjoin(_reversal, _reversal.c.reverses_id == xfer.c.id)
    .where(xfer.c.id == sa.bindparam("id"), xfer.c.kind == "award")
)
_TAKEN = Prepared(
    sa.select(xfer.c.id, xfer.c.amount)
    .where(xfer.c.txn == sa.bindparam("txn"), xfer.c.kind == sa.bindparam("kind"), xfer.c.unit == POINTS)
    .order_by(xfer.c.id)
)
_ENTRIES = Prepared(
    sa.select(posting.c.xfer, xfer.c.at, posting.c.amount, posting.c.after, xfer.c.reason, xfer.c.kind)
    .join(xfer, xfer.c.id == posting.c.xfer)
    .where(posting.c.acct == sa.bindparam("account"))
    .order_by(posting.c.ver.desc())
    .limit(sa.bindparam("most"))
)


def cohorts(tx: Tx, household_id: int) -> list[tuple[int, int, int]]:
    """(cohort, account, points) of every wallet account, what expires first first, for ever last."""
    return [(row[0], row[1], row[2]) for row in tx.execute(_WALLETS, {"household_id": household_id})]


def hold_still(tx: Tx, household_id: int) -> None:
    """Nothing of the household moves until this transaction ends, but for what this one moves."""
    tx.execute(_HOLD_STILL, {"household_id": household_id})


def points(tx: Tx, household_id: int | None) -> int:
    """Points the household may spend; 0 for none."""
    return sum(row[2] for row in cohorts(tx, household_id)) if household_id is not None else 0


def held(tx: Tx, household_id: int | None) -> int:
    """Points set aside for goods that were not picked up yet."""
    return _sum(tx, "held", household_id)


def owed(tx: Tx, household_id: int | None) -> int:
    """Points taken back after they were spent, and not made up for yet."""
    return -_sum(tx, "debt", household_id)


def _sum(tx: Tx, kind: str, household_id: int | None) -> int:
    if household_id is None:
        return 0
    return int(tx.execute(_OTHER, {"kind": kind, "household_id": household_id}).scalar_one())


def spend(
    tx: Tx,
    household_id: int,
    amount: int,
    *,
    kind: str,
    credit: int,
    txn: str,
    reason: str,
    now: int,
    actor_id: int | None = None,
    cause: str = "",
) -> list[int]:
    """Take points from the earliest cohorts first, once per `txn` and kind; ids of the movements.

    `kind` is hold (to the household's held account), sale, penalty. The same again returns the same
    movements; another amount raises Conflict. Raises Insufficient, Frozen.
    """
    taken = tx.execute(_TAKEN, {"txn": txn, "kind": kind}).all()
    if taken:
        if sum(row[1] for row in taken) != amount:
            raise Conflict
        return [row[0] for row in taken]
    parts = []
    missing = amount
    for cohort, account, posted in cohorts(tx, household_id):
        if missing and posted:
            parts.append((cohort, account, min(posted, missing)))
            missing -= parts[-1][2]
    if missing:
        raise Insufficient
    return [
        ledger.move(
            tx,
            kind=kind,
            debit=account,
            credit=credit,
            amount=part,
            idem=f"{txn}:{kind}:{cohort}",
            txn=txn,
            reason=reason,
            now=now,
            actor_id=actor_id,
            cause=cause,
        )
        for cohort, account, part in parts
    ]


def take_back(tx: Tx, award: int, household_id: int, *, reason: str, now: int, actor_id: int | None) -> int:
    """Reverse an award even where its points were spent: what is missing becomes the household's debt.

    Returns what is owed afterwards. Twice is the same as once.
    """
    row = tx.execute(_AWARD, {"id": award}).first()
    assert row is not None, f"no award {award}"
    wallet, amount, is_reversed = row
    if not is_reversed:
        short = amount - ledger.balance(tx, wallet)
        if short > 0:
            lend = {"debit": ledger.account(tx, "debt", owner=household_id), "credit": wallet}
            key = f"lend:{award}"
            ledger.move(
                tx,
                kind="lend",
                **lend,
                amount=short,
                idem=key,
                txn=f"reverse:{award}",
                reason=reason,
                now=now,
                actor_id=actor_id,
            )
        ledger.reverse(tx, award, reason=reason, now=now, actor_id=actor_id)
        settle(tx, household_id, key=f"reverse:{award}", now=now)
    return owed(tx, household_id)


def settle(tx: Tx, household_id: int, *, key: str, now: int) -> int:
    """Pay a debt from what the household has, once per `key`; the points that went there."""
    paid = min(owed(tx, household_id), points(tx, household_id))
    if paid > 0:
        debt = ledger.account(tx, "debt", owner=household_id)
        txn = f"repay:{key}"
        spend(tx, household_id, paid, kind="repay", credit=debt, txn=txn, reason="抵扣欠分", now=now)
    return max(paid, 0)


def entries(tx: Tx, household_id: int | None, limit: int) -> list[Entry]:
    """The newest entries of a household's statement, newest first, with the balance after each."""
    if household_id is None:
        return []
    wallets = cohorts(tx, household_id)
    found = [
        tuple(row)
        for _, account, _ in wallets
        for row in tx.execute(_ENTRIES, {"account": account, "most": limit})
    ]
    if len(wallets) == 1:
        return [Entry(*row) for row in found]
    total = sum(row[2] for row in wallets)
    listed = []
    for xfer_id, at, amount, _, reason, kind in sorted(found, reverse=True)[:limit]:
        listed.append(Entry(xfer_id, at, amount, total, reason, kind))
        total -= amount
    return listed
