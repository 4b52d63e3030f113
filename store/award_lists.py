"""Lists of awards: many at once out of one budget, booked in one statement, each once per key."""

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from store import booked_lists, budgets, bulk, caps, households, meta
from store.awards import HALTED, Award, cap_key, request_of, withhold
from store.caps import Use
from store.columns import Columns
from store.digest import digest_of_all
from store.ledger import POINTS
from store.prepared import Prepared
from store.tables import acct, xfer
from store.tx import Tx

Pairs = dict[tuple[int, int], int]  # the wallet by (household, cohort)
_ASKED = tuple(Award.__dataclass_fields__)
_OF_TXN = Prepared(
    sa.select(xfer.c.idem, xfer.c.digest, acct.c.owner, acct.c.cohort, acct.c.id)
    .join(acct, acct.c.id == xfer.c.credit)
    .where(xfer.c.txn == sa.bindparam("txn"), acct.c.kind == "wallet")
)


def award_all(tx: Tx, asked: Sequence[Award], *, now: int) -> int:
    """Book a batch in one statement, each award once per key; how many were new.

    All are shop points out of one budget, with the batch's `txn`. Raises Conflict when a key stands for
    another request, Insufficient when the budget does not hold them all, caps.Exceeded where a cap has no
    room for all that it asks; what belongs to a frozen household is withheld.
    """
    if not asked:
        return 0
    listed = Columns.of(asked, _ASKED)
    digest = digest_of_all(listed)
    if booked_lists.has(tx, digest):
        return 0
    paid = _without_frozen(tx, asked, now)
    if len(paid) == len(asked):
        booked = _book(tx, paid, listed, now)
        booked_lists.add(tx, digest=digest, txn=asked[0].txn, lines=len(asked), now=now)
        return booked
    return _book(tx, paid, Columns.of(paid, _ASKED), now) if paid else 0


def _book(tx: Tx, asked: Sequence[Award], listed: Columns, now: int) -> int:
    budget = budgets.account(tx, asked[0].budget, POINTS, now)
    known, wallets = _of_txn(tx, asked[0].txn)
    caps.use_all(tx, [use for one in asked if one.caps and one.idem not in known for use in _uses(one)])
    pairs = list(zip(listed.column("household_id"), listed.column("cohort"), strict=True))
    wallets |= _wallets_of(tx, set(pairs) - wallets.keys())
    rows = _rows(asked[0], listed, budget, [wallets[pair] for pair in pairs], now)
    return bulk.book_all(tx, rows, known)


_NAMES = (
    *("txn", "unit", "idem", "reason", "actor_id", "case_id"),
    *("rule", "revision", "cause", "day", "person_id", "application_id"),
)


def _rows(first: Award, listed: Columns, budget: int, wallets: Sequence[int], now: int) -> Columns:
    """The movements that awards ask for, each with the request that awards.request_of makes of it."""
    points = listed.column("points")
    each = {name: listed.column(name) for name in _NAMES}
    same = {**request_of(first, budget, wallets[0]), "at": now}
    return Columns(listed.size, same, {}).plus({**each, "asked": points, "amount": points, "credit": wallets})


def _uses(one: Award) -> list[Use]:
    return [Use(*cap_key(cap, one), most=cap.most, points=one.points) for cap in one.caps]


def _of_txn(tx: Tx, txn: str) -> tuple[dict[str, str], Pairs]:
    """What was booked of a list before, digest by key, and the wallets it went to."""
    rows = tx.execute(_OF_TXN, {"txn": txn})
    wallets = {(owner, cohort): account for _, _, owner, cohort, account in rows}
    return {row[0]: row[1] for row in rows}, wallets


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


def _wallets_of(tx: Tx, pairs: Collection[tuple[int, int]]) -> Pairs:
    """The wallets of (household, cohort); what is missing is opened."""
    if not pairs:
        return {}
    owners, cohorts = zip(*sorted(pairs), strict=True)
    named = Columns(len(pairs), {}, {"owner": owners, "cohort": cohorts})
    given = {"rows": bulk.as_json(named, ("owner", "cohort"))}
    found = _look(tx, given)
    if len(found) < len(pairs):
        tx.execute(_OPEN_ALL[tx.dialect], given)
        found = _look(tx, given)
    return found


def _look(tx: Tx, given: dict[str, str]) -> Pairs:
    return {(owner, cohort): account for owner, cohort, account in tx.execute(_WALLETS[tx.dialect], given)}


_PAIRS = bulk.table_of(("owner", "cohort"))
_OPEN_ALL = {
    name: bulk.prepared(
        "INSERT INTO acct (kind, unit, owner, cohort) "  # noqa: S608
        f"SELECT 'wallet', 0, r.owner, r.cohort FROM {_PAIRS[name]} "
        "WHERE NOT EXISTS (SELECT 1 FROM acct a WHERE a.kind = 'wallet' AND a.unit = 0 "
        "AND a.owner = r.owner AND a.cohort = r.cohort) "
        "ON CONFLICT (kind, unit, owner, cohort) DO NOTHING"
    )
    for name in bulk.BOTH
}
_WALLETS = {
    name: bulk.prepared(
        f"SELECT a.owner, a.cohort, a.id FROM {_PAIRS[name]} "  # noqa: S608
        f"{bulk.JOIN[name]} acct a ON a.kind = 'wallet' AND a.unit = 0 "
        "AND a.owner = r.owner AND a.cohort = r.cohort",
        acct.c.owner,
        acct.c.cohort,
        acct.c.id,
    )
    for name in bulk.BOTH
}
