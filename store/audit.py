"""Are the books right? Everything is read once, in slices: memory stays flat, nobody waits.

A movement and its postings are committed together, and so are a balance and the posting that made it. So a
slice that is read in one transaction is whole in itself, however the journal grows between two slices.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext

import sqlalchemy as sa

from store import blocks, limits
from store.audit_rules import OF_ACCOUNTS, OF_EXPIRY, OF_MOVEMENTS, OF_RECORDS, Rules
from store.audit_rules import Finding as Finding
from store.digest import REQUEST, digest_of
from store.prepared import Prepared, Row
from store.tables import acct, bal, caps, meta, posting, xfer
from store.tx import Tx

ROWS_AT_ONCE = 2_000
CAPS_AT_ONCE = 500
_BEYOND = 2**62  # above every number there is
BELOW_ZERO = ("issuer", "supplier", "counted", "debt")  # kinds of accounts without a floor

Read = Callable[[], AbstractContextManager[Tx]]
OnRows = Callable[[int], None]


_range = (sa.bindparam("after", type_=sa.BigInteger), sa.bindparam("last", type_=sa.BigInteger))
_most = sa.bindparam("most", type_=sa.BigInteger)
_MOVEMENTS = Prepared(
    sa.select(xfer.c.id, xfer.c.digest, xfer.c.amount, *(xfer.c[name] for name in REQUEST))
    .where(xfer.c.id > _range[0])
    .order_by(xfer.c.id)
    .limit(_most)
)
_POSTED = Prepared(
    sa.select(posting.c.xfer, posting.c.acct, posting.c.amount).where(
        posting.c.xfer > _range[0], posting.c.xfer <= _range[1]
    )
)
_CHAIN = Prepared(
    sa.select(posting.c.acct, posting.c.ver, posting.c.amount, posting.c.after)
    .where(
        sa.tuple_(posting.c.acct, posting.c.ver)
        > sa.tuple_(_range[0], sa.bindparam("ver", type_=sa.BigInteger))
    )
    .order_by(posting.c.acct, posting.c.ver)
    .limit(_most)
)
_each = posting.alias("each")
_newest = (
    sa.select(sa.func.max(_each.c.ver)).where(_each.c.acct == acct.c.id).correlate(acct).scalar_subquery()
)
_HEADS = Prepared(
    sa.select(
        acct.c.id,
        sa.or_(
            bal.c.acct.is_(None),
            bal.c.posted != sa.func.coalesce(posting.c.after, 0),
            bal.c.ver != sa.func.coalesce(posting.c.ver, 0),
            bal.c.last_xfer != sa.func.coalesce(posting.c.xfer, 0),
            bal.c.floor.is_(None) != acct.c.kind.in_([sa.literal(kind) for kind in BELOW_ZERO]),
            sa.func.coalesce(bal.c.floor, 0) != 0,
            bal.c.ceiling.is_(None) != (acct.c.kind != "debt"),
            sa.func.coalesce(bal.c.ceiling, 0) != 0,
            bal.c.posted < bal.c.floor,
            bal.c.posted > bal.c.ceiling,
        ),
    )
    .outerjoin(bal, bal.c.acct == acct.c.id)
    .outerjoin(posting, (posting.c.acct == acct.c.id) & (posting.c.ver == _newest))
    .where(acct.c.id > _range[0])
    .order_by(acct.c.id)
    .limit(_most)
)
_UNITS = Prepared(
    sa.select(acct.c.unit)
    .join(bal, bal.c.acct == acct.c.id)
    .group_by(acct.c.unit)
    .having(sa.func.sum(bal.c.posted) != 0)
)
_CAP_KEY = [caps.c.rule, caps.c.subject, caps.c.subject_id, caps.c.period, caps.c.unit]
# What was awarded under a cap, taken back or not. A month's list counts for the month only; what an earlier
# version booked for one (batch:) counts for nothing.
_COUNTED = """
    FROM xfer x JOIN acct a ON a.id = x.credit
    WHERE x.kind = 'award' AND x.unit = caps.unit AND x.cause NOT LIKE 'batch:%'
    AND (x.cause NOT LIKE 'list:%' OR length(caps.period) = 7)
    AND (caps.rule = '' OR caps.rule = x.rule)
    AND x.day BETWEEN caps.period AND caps.period || '-99'
    AND substr(x.day, 1, length(caps.period)) = caps.period"""
_USED: sa.ColumnElement[int] = sa.literal_column(f"""CASE caps.subject
    WHEN 'person' THEN (SELECT COALESCE(SUM(x.amount), 0) {_COUNTED} AND x.person_id = caps.subject_id)
    ELSE (SELECT COALESCE(SUM(x.amount), 0) {_COUNTED} AND a.kind = 'wallet' AND a.owner = caps.subject_id
          AND x.person_id IN (SELECT m.person_id FROM members m WHERE m.household_id = caps.subject_id))
    END""")  # noqa: S608
# Within the period in which the limits were changed a cap may know less (`limits.hold`).
_SINCE = sa.select(meta.c.value).where(meta.c.key == limits.SINCE).scalar_subquery()
_IS_WHOLE = caps.c.period > sa.func.substr(sa.func.coalesce(_SINCE, ""), 1, sa.func.length(caps.c.period))
_CAPS = Prepared(
    sa.select(
        *_CAP_KEY,
        sa.or_(caps.c.used > _USED, sa.and_(caps.c.used < _USED, _IS_WHOLE), caps.c.used > caps.c.most).label(
            "differs"
        ),
    )
    .where(
        sa.tuple_(*_CAP_KEY)
        > sa.tuple_(*(sa.bindparam(f"last_{key.name}", type_=key.type) for key in _CAP_KEY))
    )
    .order_by(*_CAP_KEY)
    .limit(_most)
)
_SIZE = Prepared(
    sa.select(
        *(
            sa.select(sa.func.count()).select_from(table).scalar_subquery()
            for table in (xfer, posting, acct, caps, *(table for table, _ in OF_RECORDS.values()))
        )
    )
)


def size(tx: Tx) -> int:
    """How many rows `findings` will read."""
    return sum(tx.execute(_SIZE)[0])


def findings(
    read: Read, on_rows: OnRows = lambda _count: None, *, sealed_before: int | None = None
) -> Iterator[Finding]:
    """Everything that is wrong in the books. `on_rows` is told of the rows that were read.

    With `sealed_before` also what was booked until then and is in no block.

    The triggers let nothing of it come about: it finds what somebody did who had them out of the way.
    """
    yield from _of_movements(read, on_rows)
    yield from _of_postings(read, on_rows)
    yield from _of_accounts(read, on_rows)
    yield from _of_caps(read, on_rows)
    for about, (table, rules) in OF_RECORDS.items():
        yield from _of_records(read, on_rows, about, table, rules)
    yield from _of_blocks(read, sealed_before)


def _of_movements(read: Read, on_rows: OnRows) -> Iterator[Finding]:
    """Each is what it was when it was booked, and has exactly its two postings."""
    after = 0
    while after < _BEYOND:
        with read() as tx:
            rows = tx.execute(_MOVEMENTS, {"after": after, "most": ROWS_AT_ONCE})
            last = rows[-1][0] if len(rows) == ROWS_AT_ONCE else _BEYOND
            posted = tx.execute(_POSTED, {"after": after, "last": last})
            broken = _broken(tx, "movement", OF_MOVEMENTS, after, last)
        yield from _changed(rows)
        yield from _legs(rows, posted)
        yield from broken
        on_rows(len(rows))
        after = last


def _broken(tx: Tx, about: str, rules: Rules, after: int, last: int) -> list[Finding]:
    """What the rules find among the numbers in (after, last]."""
    return [
        Finding(about, number, why)
        for why, query in rules.items()
        for number in tx.execute(query, {"after": after, "last": last}).scalars()
    ]


def _changed(rows: Iterable[Row]) -> Iterator[Finding]:
    for number, digest, _, *request in rows:
        if digest_of(dict(zip(REQUEST, request, strict=True))) != digest:
            yield Finding("movement", number, "changed")


_DEBIT, _CREDIT = REQUEST.index("debit"), REQUEST.index("credit")


def _legs(rows: Iterable[Row], posted: Iterable[Row]) -> Iterator[Finding]:
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for number, account, amount in posted:
        found[number].append((account, amount))
    for number, _, amount, *request in rows:
        wanted = sorted([(request[_DEBIT], -amount), (request[_CREDIT], amount)])
        if sorted(found.pop(number, ())) != wanted:
            yield Finding("movement", number, "legs")
    for number in found:  # postings of no movement
        yield Finding("movement", number, "legs")


def _of_postings(read: Read, on_rows: OnRows) -> Iterator[Finding]:
    """Those of an account run from 1 without a gap, and each goes on from the one before it."""
    account, ver, after, wrong = 0, 0, 0, 0
    while True:
        with read() as tx:
            rows = tx.execute(_CHAIN, {"after": account, "ver": ver, "most": ROWS_AT_ONCE})
        for of, place, amount, left in rows:
            if of != account:
                account, ver, after = of, 0, 0
            if (place, left) != (ver + 1, after + amount) and wrong != account:
                yield Finding("account", account, "chain")
                wrong = account
            ver, after = place, left
        on_rows(len(rows))
        if len(rows) < ROWS_AT_ONCE:
            return


def _of_accounts(read: Read, on_rows: OnRows) -> Iterator[Finding]:
    """Each balance is what its newest posting left; what lies held is held by open holds; units add up."""
    after = 0
    while after < _BEYOND:
        with read() as tx:
            rows = tx.execute(_HEADS, {"after": after, "most": ROWS_AT_ONCE})
            last = rows[-1][0] if len(rows) == ROWS_AT_ONCE else _BEYOND
            broken = _broken(tx, "account", OF_ACCOUNTS, after, last)
        yield from (Finding("account", number, "balance") for number, is_wrong in rows if is_wrong)
        yield from broken
        on_rows(len(rows))
        after = last
    with read() as tx:
        yield from [Finding("unit", unit, "sum") for unit in tx.execute(_UNITS).scalars()]
        yield from [Finding("account", number, "lapsed") for number in tx.execute(OF_EXPIRY).scalars()]


def _of_caps(read: Read, on_rows: OnRows) -> Iterator[Finding]:
    """Each is used by just what was awarded under it."""
    key: tuple[object, ...] = ("", "", 0, "", -_BEYOND)
    while True:
        named = {f"last_{column.name}": value for column, value in zip(_CAP_KEY, key, strict=True)}
        with read() as tx:
            rows = tx.execute(_CAPS, {**named, "most": CAPS_AT_ONCE})
        yield from (Finding("cap", row[2], "cap") for row in rows if row[-1])
        on_rows(len(rows))
        if len(rows) < CAPS_AT_ONCE:
            return
        key = rows[-1][:-1]


def _of_records(read: Read, on_rows: OnRows, about: str, table: sa.Table, rules: Rules) -> Iterator[Finding]:
    """Orders, articles, vouchers, households, decisions: each agrees with its movements."""
    ids = sa.select(table.c.id).where(table.c.id > _range[0]).order_by(table.c.id).limit(_most)
    after = 0
    while after < _BEYOND:
        with read() as tx:
            found = tx.execute(ids, {"after": after, "most": ROWS_AT_ONCE}).scalars().all()
            last = found[-1] if len(found) == ROWS_AT_ONCE else _BEYOND
            broken = _broken(tx, about, rules, after, last)
        yield from broken
        on_rows(len(found))
        after = last


def _of_blocks(read: Read, sealed_before: int | None) -> Iterator[Finding]:
    """The chain recomputes, and every movement is what was sealed."""
    for about, number in blocks.wrong(read):
        yield Finding(about, number, "sealed" if about == "movement" else "block")
    if sealed_before is not None:
        with read() as tx:
            late = blocks.forgotten(tx, sealed_before, ROWS_AT_ONCE)
        yield from (Finding("movement", number, "unsealed") for number in late)


def drift(tx: Tx) -> list[Finding]:
    """What is wrong in the books, all in one transaction; reads everything."""
    return list(findings(lambda: nullcontext(tx)))
