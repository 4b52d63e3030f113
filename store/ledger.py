"""The points ledger: movements between accounts, nothing else. The database refuses what must not be.

`amount` is whole points or whole pieces. A movement takes from `debit` and gives to `credit`. Points go
issuer → wallet → held → spent, goods supplier → shelf → reserved → given; only issuer and supplier, where
what comes in from outside is counted, may fall below 0 (store/migrations/ledger_guards.py).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from store.db import Conflict, Tx
from store.prepared import Prepared
from store.tables import acct, bal, posting, xfer

POINTS = 0  # the unit of points; a piece of an article has the article's id as its unit


class Insufficient(Exception):
    """An account would fall below its floor: not enough points, or not enough on the shelf."""


@dataclass(frozen=True, slots=True)
class Entry:
    at: int
    amount: int
    after: int
    reason: str
    kind: str


_ACCOUNT = Prepared(
    sa.select(acct.c.id).where(
        acct.c.kind == sa.bindparam("kind"),
        acct.c.unit == sa.bindparam("unit"),
        acct.c.owner == sa.bindparam("owner"),
    )
)
_OPEN = Prepared(
    insert(acct)
    .values(kind=sa.bindparam("kind"), unit=sa.bindparam("unit"), owner=sa.bindparam("owner"))
    .on_conflict_do_nothing(index_elements=["kind", "unit", "owner"])
    .returning(acct.c.id)
)
_SEEN = Prepared(sa.select(xfer.c.id, xfer.c.digest).where(xfer.c.idem == sa.bindparam("idem")))
_MOVE = Prepared(insert(xfer).on_conflict_do_nothing(index_elements=["idem"]).returning(xfer.c.id))
_BALANCE = Prepared(sa.select(bal.c.posted).where(bal.c.acct == sa.bindparam("account")))
_ENTRIES = (
    sa.select(xfer.c.at, posting.c.amount, posting.c.after, xfer.c.reason, xfer.c.kind)
    .join(xfer, xfer.c.id == posting.c.xfer)
    .where(posting.c.acct == sa.bindparam("account"))
    .order_by(posting.c.ver.desc())
)

# --- what `drift` looks for
_LEGS = sa.union_all(
    sa.select(xfer.c.debit.label("acct"), xfer.c.id.label("xfer"), (-xfer.c.amount).label("amount")),
    sa.select(xfer.c.credit, xfer.c.id, xfer.c.amount),
).subquery()
_BOOKED = sa.select(_LEGS.c.acct, _LEGS.c.xfer, _LEGS.c.amount)
_POSTED = sa.select(posting.c.acct, posting.c.xfer, posting.c.amount)
_CHAIN = sa.select(
    posting.c.acct,
    posting.c.ver,
    posting.c.after,
    sa.func.sum(posting.c.amount).over(partition_by=posting.c.acct, order_by=posting.c.ver).label("total"),
    sa.func.row_number().over(partition_by=posting.c.acct, order_by=posting.c.ver).label("place"),
).subquery()
_NEWEST = (
    sa.select(posting.c.acct, sa.func.max(posting.c.ver).label("ver")).group_by(posting.c.acct).subquery()
)
_DRIFTS = [
    # a posting that does not go on from the one before it
    sa.select(_CHAIN.c.acct).where((_CHAIN.c.after != _CHAIN.c.total) | (_CHAIN.c.ver != _CHAIN.c.place)),
    # a balance that is not what its newest posting left
    sa.select(acct.c.id)
    .outerjoin(bal, bal.c.acct == acct.c.id)
    .outerjoin(_NEWEST, _NEWEST.c.acct == acct.c.id)
    .outerjoin(posting, (posting.c.acct == acct.c.id) & (posting.c.ver == _NEWEST.c.ver))
    .where(
        sa.or_(
            bal.c.acct.is_(None),
            bal.c.posted != sa.func.coalesce(posting.c.after, 0),
            bal.c.ver != sa.func.coalesce(posting.c.ver, 0),
            bal.c.last_xfer != sa.func.coalesce(posting.c.xfer, 0),
            bal.c.floor.is_(None) != acct.c.kind.in_(["issuer", "supplier"]),
            bal.c.floor != 0,
        )
    ),
    # a movement without a posting, a posting without a movement, a posting that stands twice
    sa.select(sa.except_(_BOOKED, _POSTED).subquery().c.acct),
    sa.select(sa.except_(_POSTED, _BOOKED).subquery().c.acct),
    sa.select(posting.c.acct).group_by(posting.c.acct, posting.c.xfer).having(sa.func.count() > 1),
]
_REQUEST = (
    "txn",
    "kind",
    "debit",
    "credit",
    "unit",
    "amount",
    "reason",
    "actor_id",
    "case_id",
    "pending_id",
    "reverses_id",
)
_REQUESTS = sa.select(xfer.c.digest, *(xfer.c[name] for name in _REQUEST)).order_by(xfer.c.id)


def account(tx: Tx, kind: str, *, unit: int = POINTS, owner: int = 0) -> int:
    """The account of this kind, unit and owner, opened when it is new."""
    key = {"kind": kind, "unit": unit, "owner": owner}
    found = tx.execute(_ACCOUNT, key).scalar() or tx.execute(_OPEN, key).scalar()
    if found is None:  # another transaction opened it meanwhile
        found = tx.execute(_ACCOUNT, key).scalar_one()
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
    digest = _digest(values)
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


def _digest(values: Mapping[str, object]) -> str:
    """What the request was: everything but its key and its time, which a repetition may have anew."""
    return hashlib.sha256(json.dumps(dict(values), sort_keys=True, ensure_ascii=False).encode()).hexdigest()


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
    """Accounts of which the journal, the postings and the balance do not tell the same; reads everything.

    The triggers let none come about. It finds what somebody did who had them out of the way.
    """
    wrong = {account for query in _DRIFTS for account in tx.execute(query).scalars()}
    for row in tx.execute(_REQUESTS).mappings():
        if _digest({name: row[name] for name in _REQUEST}) != row["digest"]:
            wrong |= {row["debit"], row["credit"]}
    return sorted(wrong)
