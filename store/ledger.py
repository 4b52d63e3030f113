"""The ledger: movements between accounts, nothing else. The database refuses what must not be.

`amount` is whole points or whole pieces. A movement takes from `debit` and gives to `credit`. Points go
issuer → budget → wallet → held → spent, goods supplier → shelf → reserved → given; which kind of movement may
join which accounts stands in store/migrations/ledger_guards_2.py. Only what is counted from outside (issuer,
supplier, counted) and a household's debt may fall below 0. Who earns what, and within which limits, is
store/awards.py; what a household owns is store/wallets.py.
"""

from collections.abc import Collection, Mapping

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from store.digest import REQUEST, digest_of
from store.prepared import Prepared
from store.tables import acct, bal, xfer
from store.tx import Conflict, Retry, Tx

POINTS = 0  # the unit of shop points; a piece of an article has the article's id as its unit
SCORE = -1  # the unit of a worker's assessment points


class Insufficient(Exception):
    """An account would fall below its floor: not enough points, not enough on the shelf, budget used up."""


class Frozen(Exception):
    """The household's points are frozen: nothing moves until that is lifted."""


_ACCOUNT = Prepared(
    sa.select(acct.c.id).where(
        acct.c.kind == sa.bindparam("kind"),
        acct.c.unit == sa.bindparam("unit"),
        acct.c.owner == sa.bindparam("owner"),
        acct.c.cohort == sa.bindparam("cohort"),
    )
)
_OPEN = Prepared(
    insert(acct)
    .values(
        kind=sa.bindparam("kind"),
        unit=sa.bindparam("unit"),
        owner=sa.bindparam("owner"),
        cohort=sa.bindparam("cohort"),
    )
    .on_conflict_do_nothing(index_elements=["kind", "unit", "owner", "cohort"])
    .returning(acct.c.id)
)
_SEEN = Prepared(sa.select(xfer.c.id, xfer.c.digest).where(xfer.c.idem == sa.bindparam("idem")))
_MOVE = Prepared(insert(xfer).on_conflict_do_nothing(index_elements=["idem"]).returning(xfer.c.id))
_ONE = Prepared(
    sa.select(xfer.c.debit, xfer.c.credit, xfer.c.unit, xfer.c.amount).where(xfer.c.id == sa.bindparam("id"))
)
_BALANCE = Prepared(sa.select(bal.c.posted).where(bal.c.acct == sa.bindparam("account")))


def account(tx: Tx, kind: str, *, unit: int = POINTS, owner: int = 0, cohort: int = 0) -> int:
    """The account of this kind, unit, owner and cohort, opened when it is new."""
    key = {"kind": kind, "unit": unit, "owner": owner, "cohort": cohort}
    found = tx.execute(_ACCOUNT, key).scalar() or tx.execute(_OPEN, key).scalar()
    if found is None:  # another transaction opened it meanwhile
        found = tx.execute(_ACCOUNT, key).scalar_one()
    return int(found)


def move(
    tx: Tx,
    *,
    kind: str,
    debit: int,
    credit: int,
    amount: int,
    idem: str,
    txn: str,
    reason: str,
    now: int,
    unit: int = POINTS,
    asked: int | None = None,
    actor_id: int | None = None,
    case_id: int | None = None,
    pending_id: int | None = None,
    reverses_id: int | None = None,
    refunds_id: int | None = None,
    rule: str = "",
    revision: str = "",
    cause: str = "",
    day: str = "",
    person_id: int | None = None,
    application_id: int | None = None,
) -> int:
    """Book one movement, once per `idem`; its id.

    The same `idem` with the same request returns the first movement and changes nothing; with another
    request it raises Conflict. `asked` is what the request wanted where a cap allows less. Raises
    Insufficient when an account would fall below its floor, Frozen when a household's points are: the
    caller's savepoint must then be undone. Movements of one business act share `txn`.
    """
    values = {
        "txn": txn,
        "kind": kind,
        "debit": debit,
        "credit": credit,
        "unit": unit,
        "asked": amount if asked is None else asked,
        "reason": reason,
        "actor_id": actor_id,
        "case_id": case_id,
        "pending_id": pending_id,
        "reverses_id": reverses_id,
        "refunds_id": refunds_id,
        "rule": rule,
        "cause": cause,
        "day": day,
        "person_id": person_id,
        "application_id": application_id,
    }
    digest = digest_of(values)
    # SQLite's guards refuse a known key before ON CONFLICT is asked; PostgreSQL needs no look beforehand.
    seen = _seen(tx, idem, digest) if tx.dialect == "sqlite" else None
    if seen is None:
        seen = book(tx, values, digest=digest, amount=amount, idem=idem, revision=revision, now=now)
    if seen is None:
        seen = _seen(tx, idem, digest)
    assert seen is not None, "ON CONFLICT (idem) found a row"
    return seen


def request(*, kind: str, credit: int, txn: str, reason: str, unit: int = POINTS) -> dict[str, object]:
    """What plain movements have in common, as `move` makes it: for rows that are booked many at once, each
    with its `debit` and what it `asked`.
    """
    given = {"kind": kind, "credit": credit, "txn": txn, "reason": reason, "unit": unit}
    texts = dict.fromkeys(("rule", "cause", "day"), "")
    return {**dict.fromkeys(REQUEST), **texts, **given}


def book(
    tx: Tx,
    request: Mapping[str, object],
    *,
    digest: str,
    amount: int,
    idem: str,
    revision: str,
    now: int,
) -> int | None:
    """Book what `move` was asked for; its id. `digest` is the request's.

    None where the key was booked before, which on SQLite must be looked up first. Raises Insufficient and
    Frozen.
    """
    row = {**request, "digest": digest, "amount": amount, "revision": revision, "idem": idem, "at": now}
    try:
        booked = tx.execute(_MOVE, row).scalar()
    except IntegrityError as error:
        raise refusal(error) from error
    return int(booked) if booked is not None else None


def refusal(error: IntegrityError) -> Exception:
    """What the database's refusal of a movement means; the error itself where it is our own mistake."""
    told = str(error.orig)
    if "ck_bal_floor" in told:
        return Insufficient()
    if "xfer: moved away" in told:  # since we looked where somebody lives
        return Retry()
    return Frozen() if "xfer: frozen" in told else error


def _seen(tx: Tx, idem: str, digest: str) -> int | None:
    row = tx.execute(_SEEN, {"idem": idem}).first()
    if row is None:
        return None
    if row[1] != digest:
        raise Conflict
    return int(row[0])


def reverse(tx: Tx, xfer_id: int, *, reason: str, now: int, actor_id: int | None) -> int:
    """Take a movement back, in full and once; twice is the same as once.

    Raises Insufficient where what it gave was spent since: see wallets.take_back.
    """
    row = tx.execute(_ONE, {"id": xfer_id}).first()
    assert row is not None, f"no movement {xfer_id}"
    debit, credit, unit, amount = row
    return move(
        tx,
        kind="reverse",
        debit=credit,
        credit=debit,
        unit=unit,
        amount=amount,
        idem=f"reverse:{xfer_id}",
        txn=f"reverse:{xfer_id}",
        reason=reason,
        now=now,
        actor_id=actor_id,
        reverses_id=xfer_id,
    )


def of_txn(tx: Tx, txn: str, kind: str) -> list[int]:
    """The movements of one business act, of one kind, in the order in which they were booked."""
    query = sa.select(xfer.c.id).where(xfer.c.txn == txn, xfer.c.kind == kind).order_by(xfer.c.id)
    return list(tx.execute(query).scalars())


def same_act(tx: Tx, xfer_id: int) -> list[int]:
    """A movement and the others of its kind in the same business act."""
    row = tx.execute(sa.select(xfer.c.txn, xfer.c.kind).where(xfer.c.id == xfer_id)).first()
    assert row is not None, f"no movement {xfer_id}"
    return of_txn(tx, row[0], row[1])


def balance(tx: Tx, account_id: int) -> int:
    return int(tx.execute(_BALANCE, {"account": account_id}).scalar() or 0)


def count(tx: Tx) -> int:
    """How many movements there are; reads all of their numbers."""
    return int(tx.execute(sa.select(sa.func.count(xfer.c.id))).scalar_one())


def described(tx: Tx, account_ids: Collection[int]) -> dict[int, tuple[str, int, int]]:
    """(kind, unit, owner) of accounts, by their numbers."""
    query = sa.select(acct.c.id, acct.c.kind, acct.c.unit, acct.c.owner).where(acct.c.id.in_(account_ids))
    return {row[0]: (row[1], row[2], row[3]) for row in tx.execute(query)}
