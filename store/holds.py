"""What a transaction set aside or spent, of points and goods, and how it is resolved or comes back."""

from dataclasses import dataclass

import sqlalchemy as sa

from store import ledger
from store.ledger import Insufficient
from store.prepared import Prepared
from store.tables import xfer
from store.tx import Conflict, Tx


@dataclass(frozen=True, slots=True)
class Hold:
    """Points or pieces set aside and not yet resolved."""

    id: int
    debit: int
    credit: int
    unit: int
    amount: int


_resolution = xfer.alias("resolution")
_HOLDS = Prepared(
    sa.select(xfer.c.id, xfer.c.debit, xfer.c.credit, xfer.c.unit, xfer.c.amount)
    .outerjoin(_resolution, _resolution.c.pending_id == xfer.c.id)
    .where(xfer.c.txn == sa.bindparam("txn"), xfer.c.kind == "hold", _resolution.c.id.is_(None))
    .order_by(xfer.c.id)
)
_hold = xfer.alias("hold")
_refunded = (
    sa.select(sa.func.coalesce(sa.func.sum(_resolution.c.amount), 0))
    .where(_resolution.c.refunds_id == xfer.c.id)
    .correlate(xfer)
    .scalar_subquery()
)
# What a txn spent, from where, and how much of it came back since.
_SPENT = Prepared(
    sa.select(
        xfer.c.id,
        sa.func.coalesce(_hold.c.debit, xfer.c.debit).label("source"),
        xfer.c.credit,
        xfer.c.unit,
        (xfer.c.amount - _refunded).label("left"),
    )
    .outerjoin(_hold, _hold.c.id == xfer.c.pending_id)
    .where(
        sa.or_(xfer.c.kind == "post", xfer.c.kind == "sale"),
        sa.or_(_hold.c.txn == sa.bindparam("txn"), xfer.c.txn == sa.bindparam("txn")),
    )
    .order_by(xfer.c.id.desc())
)
_RETURNED = Prepared(
    sa.select(sa.func.sum(xfer.c.amount)).where(
        xfer.c.txn == sa.bindparam("txn"), xfer.c.kind == "refund", xfer.c.unit == sa.bindparam("unit")
    )
)


def open_holds(tx: Tx, txn: str) -> list[Hold]:
    """What `txn` set aside, points and pieces, and what was not resolved since."""
    return [Hold(*row) for row in tx.execute(_HOLDS, {"txn": txn})]


def resolve(
    tx: Tx, hold: Hold, kind: str, *, credit: int, reason: str, now: int, actor_id: int | None
) -> int:
    """Resolve a hold in full: post it to `credit`, or void it back to where it came from."""
    return ledger.move(
        tx,
        kind=kind,
        debit=hold.credit,
        credit=hold.debit if kind == "void" else credit,
        unit=hold.unit,
        amount=hold.amount,
        idem=f"{kind}:{hold.id}",
        txn=f"{kind}:{hold.id}",
        reason=reason,
        now=now,
        actor_id=actor_id,
        pending_id=hold.id,
    )


def void_all(tx: Tx, txn: str, *, reason: str, now: int, actor_id: int | None) -> None:
    """Give back everything that `txn` still holds."""
    for hold in open_holds(tx, txn):
        resolve(tx, hold, "void", credit=hold.debit, reason=reason, now=now, actor_id=actor_id)


def refund(
    tx: Tx,
    txn: str,
    amount: int,
    *,
    unit: int,
    key: str,
    reason: str,
    now: int,
    actor_id: int | None,
    credit: int | None = None,
) -> None:
    """Bring back `amount` of what `txn` spent of a unit, to where it came from (goods also to `credit`).

    Once per `key`: the same again changes nothing, another amount raises Conflict. Raises Insufficient when
    that much was not spent or came back already.
    """
    if returned := tx.execute(_RETURNED, {"txn": f"refund:{key}", "unit": unit}).scalar():
        if returned != amount:
            raise Conflict
        return
    missing = amount
    for xfer_id, source, spent, of_unit, left in tx.execute(_SPENT, {"txn": txn}):
        part = min(missing, int(left))  # PostgreSQL sums to numeric
        if of_unit != unit or part <= 0:
            continue
        ledger.move(
            tx,
            kind="refund",
            debit=spent,
            credit=source if credit is None else credit,
            unit=unit,
            amount=part,
            idem=f"refund:{key}:{xfer_id}",
            txn=f"refund:{key}",
            reason=reason,
            now=now,
            actor_id=actor_id,
            refunds_id=xfer_id,
        )
        missing -= part
    if missing:
        raise Insufficient
