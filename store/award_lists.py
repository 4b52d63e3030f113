"""Lists of awards: many at once out of one budget, booked in one statement, each once per key."""

from collections.abc import Collection, Sequence
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from store import budgets, bulk, caps, households, meta
from store.awards import HALTED, Award, cap_key, request_of, withhold
from store.caps import Use
from store.columns import Columns
from store.ledger import POINTS
from store.prepared import Prepared
from store.tables import acct, xfer
from store.tx import Tx

_BATCH = Prepared(
    sa.select(xfer.c.idem, xfer.c.digest, acct.c.owner, acct.c.cohort, acct.c.id)
    .join(acct, acct.c.id == xfer.c.credit)
    .where(xfer.c.txn == sa.bindparam("txn"), xfer.c.kind == "award", acct.c.kind == "wallet")
)


def award_all(tx: Tx, asked: Sequence[Award], *, now: int) -> int:
    """Book a batch in one statement, each award once per key; how many were new.

    All are shop points out of one budget, with the batch's `txn`. Raises Conflict when a key stands for
    another request, Insufficient when the budget does not hold them all, caps.Exceeded where a cap has no
    room for all that it asks; what belongs to a frozen household is withheld.
    """
    if not asked:
        return 0
    budget = budgets.account(tx, asked[0].budget, POINTS, now)
    paid = _without_frozen(tx, asked, now)
    if not paid:
        return 0
    known, accounts = _of_batch(tx, asked[0].txn)
    caps.use_all(tx, [use for one in paid if one.caps and one.idem not in known for use in _uses(one)])
    pairs = [(one.household_id or 0, one.cohort) for one in paid]
    accounts |= _wallets_of(tx, set(pairs) - accounts.keys())
    wallets = [accounts[pair] for pair in pairs]
    return bulk.book_all(tx, _rows(paid, budget, wallets, now), known)


_NAMES = (
    *("txn", "unit", "points", "idem", "reason", "actor_id", "case_id"),
    *("rule", "revision", "cause", "day", "person_id", "application_id"),
)
_values = attrgetter(*_NAMES)


def _rows(asked: Sequence[Award], budget: int, wallets: Sequence[int], now: int) -> Columns:
    """The movements that awards ask for, each with the request that awards.request_of makes of it."""
    each: dict[str, Sequence[Any]] = dict(zip(_NAMES, zip(*map(_values, asked), strict=True), strict=True))
    each["asked"] = each["amount"] = each.pop("points")
    same = {**request_of(asked[0], budget, wallets[0]), "at": now}
    return Columns(len(asked), same, {}).plus({**each, "credit": wallets})


def _uses(one: Award) -> list[Use]:
    return [Use(*cap_key(cap, one), most=cap.most, points=one.points) for cap in one.caps]


def _of_batch(tx: Tx, txn: str) -> tuple[dict[str, str], dict[tuple[int, int], int]]:
    """What was booked of it before, digest by key, and the wallets it went to: a replay needs no more."""
    rows = tx.execute(_BATCH, {"txn": txn})
    accounts = {(owner, cohort): account for _, _, owner, cohort, account in rows}
    return {row[0]: row[1] for row in rows}, accounts


def _without_frozen(tx: Tx, asked: Sequence[Award], now: int) -> Sequence[Award]:
    if meta.get(tx, HALTED):
        for one in asked:
            withhold(tx, one, "halted", now)
        return []
    frozen = set(households.frozen(tx))
    if not frozen:
        return asked
    paid = []
    for one in asked:
        if one.household_id in frozen:
            withhold(tx, one, "frozen", now)
        else:
            paid.append(one)
    return paid


def _wallets_of(tx: Tx, pairs: Collection[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Account by (household, cohort); what is missing is opened."""
    if not pairs:
        return {}
    given = {"rows": bulk.as_json([{"owner": owner, "cohort": cohort} for owner, cohort in sorted(pairs)])}
    found = _look(tx, given)
    if len(found) < len(pairs):
        tx.execute(sa.text(_OPEN_ALL[tx.dialect]), given)
        found = _look(tx, given)
    return found


def _look(tx: Tx, given: dict[str, str]) -> dict[tuple[int, int], int]:
    found = tx.execute(sa.text(_WALLETS_OF[tx.dialect]), given).all()
    return {(owner, cohort): account for owner, cohort, account in found}


_PAIRS = bulk.table_of(("owner", "cohort"))
_OPEN_ALL = {
    name: "INSERT INTO acct (kind, unit, owner, cohort) "  # noqa: S608
    f"SELECT 'wallet', 0, r.owner, r.cohort FROM {_PAIRS[name]} "
    "WHERE NOT EXISTS (SELECT 1 FROM acct a WHERE a.kind = 'wallet' AND a.unit = 0 "
    "AND a.owner = r.owner AND a.cohort = r.cohort) "
    "ON CONFLICT (kind, unit, owner, cohort) DO NOTHING"
    for name in bulk.BOTH
}
_WALLETS_OF = {
    name: f"SELECT a.owner, a.cohort, a.id FROM {_PAIRS[name]} "  # noqa: S608
    f"{bulk.JOIN[name]} acct a ON a.kind = 'wallet' AND a.unit = 0 "
    "AND a.owner = r.owner AND a.cohort = r.cohort"
    for name in bulk.BOTH
}
