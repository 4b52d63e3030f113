"""The points ledger: movements between accounts, nothing else. The database refuses what must not be.

`amount` is whole points or whole pieces. A movement takes from `debit` and gives to `credit`.
"""

import hashlib
import json
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from store.db import Conflict, Tx
from store.tables import acct, bal, posting, xfer

POINTS = 0  # the unit of points; a piece of an article has the article's id as its unit

# kind -> lowest balance; None: may fall without end (what comes in from outside is counted there)
FLOORS: dict[str, int | None] = {
    "issuer": None,
    "supplier": None,
    "wallet": 0,
    "held": 0,
    "spent": 0,
    "shelf": 0,
    "reserved": 0,
    "given": 0,
}


class Insufficient(Exception):
    """An account would fall below its floor: not enough points, or not enough on the shelf."""


@dataclass(frozen=True, slots=True)
class Entry:
    at: int
    amount: int
    after: int
    reason: str
    kind: str


_ACCOUNT = sa.select(acct.c.id).where(
    acct.c.kind == sa.bindparam("kind"),
    acct.c.unit == sa.bindparam("unit"),
    acct.c.owner == sa.bindparam("owner"),
)
_OPEN = (
    insert(acct)
    .values(kind=sa.bindparam("kind"), unit=sa.bindparam("unit"), owner=sa.bindparam("owner"))
    .on_conflict_do_nothing(index_elements=["kind", "unit", "owner"])
    .returning(acct.c.id)
)
_OPEN_BALANCE = sa.insert(bal)
_SEEN = sa.select(xfer.c.id, xfer.c.digest).where(xfer.c.idem == sa.bindparam("idem"))
_MOVE = insert(xfer).on_conflict_do_nothing(index_elements=["idem"]).returning(xfer.c.id)
_BALANCE = sa.select(bal.c.posted).where(bal.c.acct == sa.bindparam("account"))
_ENTRIES = (
    sa.select(xfer.c.at, posting.c.amount, posting.c.after, xfer.c.reason, xfer.c.kind)
    .join(xfer, xfer.c.id == posting.c.xfer)
    .where(posting.c.acct == sa.bindparam("account"))
    .order_by(posting.c.ver.desc())
)


def account(tx: Tx, kind: str, *, unit: int = POINTS, owner: int = 0) -> int:
    """The account of this kind, unit and owner, opened with its floor when it is new."""
    key = {"kind": kind, "unit": unit, "owner": owner}
    found = tx.execute(_ACCOUNT, key).scalar()
    if found is None:
        found = tx.execute(_OPEN, key).scalar()
        if found is None:  # another transaction opened it meanwhile
            return int(tx.execute(_ACCOUNT, key).scalar_one())
        tx.execute(_OPEN_BALANCE, {"acct": found, "floor": FLOORS[kind]})
    return int(found)


def move(
    tx: Tx,
    *,
    debit: int,
    credit: int,
    amount: int,
    idem: str,
    txn: str,
    reason: str,
    now: int,
    unit: int = POINTS,
    kind: str = "move",
    actor_id: int | None = None,
    case_id: int | None = None,
    pending_id: int | None = None,
    reverses_id: int | None = None,
) -> int:
    """Book one movement, once per `idem`; its id.

    The same `idem` with the same request returns the first movement and changes nothing; with another
    request it raises Conflict. Raises Insufficient when an account would fall below its floor: the
    caller's savepoint must then be undone. Movements of one business act share `txn`.
    """
    values = {
        "txn": txn,
        "kind": kind,
        "debit": debit,
        "credit": credit,
        "unit": unit,
        "amount": amount,
        "reason": reason,
        "actor_id": actor_id,
        "case_id": case_id,
        "pending_id": pending_id,
        "reverses_id": reverses_id,
    }
    digest = hashlib.sha256(json.dumps(values, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    seen = _seen(tx, idem, digest)
    if seen is not None:
        return seen
    try:
        booked = tx.execute(_MOVE, {**values, "idem": idem, "digest": digest, "at": now}).scalar()
    except IntegrityError as error:
        if "ck_bal_floor" in str(error.orig):
            raise Insufficient from error
        raise
    if booked is not None:
        return int(booked)
    seen = _seen(tx, idem, digest)
    assert seen is not None, "ON CONFLICT (idem) found a row"
    return seen


def _seen(tx: Tx, idem: str, digest: str) -> int | None:
    row = tx.execute(_SEEN, {"idem": idem}).first()
    if row is None:
        return None
    if row[1] != digest:
        raise Conflict
    return int(row[0])


def award(
    tx: Tx,
    *,
    person_id: int,
    points: int,
    reason: str,
    idem: str,
    now: int,
    actor_id: int | None = None,
    case_id: int | None = None,
) -> None:
    """Give a person points, once per `idem`."""
    move(
        tx,
        debit=account(tx, "issuer"),
        credit=account(tx, "wallet", owner=person_id),
        amount=points,
        idem=idem,
        txn=idem,
        reason=reason,
        now=now,
        actor_id=actor_id,
        case_id=case_id,
    )


def balance(tx: Tx, account_id: int) -> int:
    return int(tx.execute(_BALANCE, {"account": account_id}).scalar() or 0)


def points_of(tx: Tx, person_id: int) -> int:
    """Points the person may spend; 0 for somebody who never earned any."""
    found = tx.execute(_ACCOUNT, {"kind": "wallet", "unit": POINTS, "owner": person_id}).scalar()
    return balance(tx, found) if found is not None else 0


def held_by(tx: Tx, person_id: int) -> int:
    """Points held for redemptions that were not picked up yet."""
    found = tx.execute(_ACCOUNT, {"kind": "held", "unit": POINTS, "owner": person_id}).scalar()
    return balance(tx, found) if found is not None else 0


def entries(tx: Tx, person_id: int, limit: int) -> list[Entry]:
    """The person's newest entries, newest first."""
    found = tx.execute(_ACCOUNT, {"kind": "wallet", "unit": POINTS, "owner": person_id}).scalar()
    if found is None:
        return []
    return [Entry(*row) for row in tx.execute(_ENTRIES.limit(limit), {"account": found})]


def drift(tx: Tx) -> list[int]:
    """Accounts whose balance is not the sum of their postings, or whose postings are not the journal's."""
    sums = (
        sa.select(posting.c.acct, sa.func.sum(posting.c.amount).label("total"), sa.func.count().label("rows"))
        .group_by(posting.c.acct)
        .subquery()
    )
    wrong = (
        sa.select(bal.c.acct)
        .outerjoin(sums, sums.c.acct == bal.c.acct)
        .where(
            sa.or_(
                bal.c.posted != sa.func.coalesce(sums.c.total, 0),
                bal.c.ver != sa.func.coalesce(sums.c.rows, 0),
            )
        )
    )
    booked = sa.union_all(
        sa.select(xfer.c.id, xfer.c.debit.label("acct"), (-xfer.c.amount).label("amount")),
        sa.select(xfer.c.id, xfer.c.credit.label("acct"), xfer.c.amount),
    ).subquery()
    kept = sa.select(posting.c.xfer, posting.c.acct, posting.c.amount).subquery()
    unkept = sa.except_(sa.select(booked), sa.select(kept)).subquery()
    return sorted(set(tx.execute(wrong).scalars()) | set(tx.execute(sa.select(unkept.c.acct)).scalars()))
