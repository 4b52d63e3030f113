"""Month-end statements: what each household had, got, used and has; one row a household and month.

A month ends with a movement, the last one booked before the next month began: its number is the `cut`.
What is booked later belongs to a later month, so that no movement falls between two statements.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from store.ledger import POINTS
from store.tables import acct, households, posting, statements, units, xfer
from store.tx import Tx


@dataclass(frozen=True, slots=True)
class Statement:
    """Points; `spent` and `expired` count down, `other` is penalties, family, debts. `month` as 2026-11."""

    household_id: int
    month: str
    cut: int
    opening: int
    earned: int
    spent: int
    expired: int
    other: int
    closing: int


@dataclass(frozen=True, slots=True)
class Line:
    """One movement of a statement, and what the household had after it.

    `part` is what it counts for: earned, spent, expired, other.
    """

    xfer: int
    at: int
    amount: int
    after: int
    reason: str
    part: str


_COLUMNS = [statements.c[name] for name in Statement.__dataclass_fields__]
# LEFT JOIN and COALESCE: both databases begin with the month's movements, however many wallets they expect.
_LEG = """SELECT a.owner, x.kind, r.kind AS reversed, {sign}x.amount AS amount
    FROM xfer x LEFT JOIN acct a ON a.id = x.{side} AND a.kind = 'wallet'
        AND a.owner > :after AND a.owner <= :upto
    LEFT JOIN xfer r ON r.id = x.reverses_id
    WHERE x.id > :since AND x.id <= :cut AND x.unit = 0 AND COALESCE(a.id, 0) > 0"""
_SPENT = "kind IN ('hold', 'void', 'sale', 'refund')"
_EARNED = "kind = 'award' OR reversed = 'award'"
_MAKE = sa.text(f"""
    INSERT INTO statements
        (household_id, month, cut, opening, earned, spent, expired, other, closing, made_at)
    WITH legs AS ({_LEG.format(sign="", side="credit")} UNION ALL {_LEG.format(sign="-", side="debit")}),
    moved AS (
        SELECT owner, CAST(SUM(amount) AS BIGINT) AS total,
            CAST(SUM(CASE WHEN {_EARNED} THEN amount ELSE 0 END) AS BIGINT) AS earned,
            CAST(SUM(CASE WHEN {_SPENT} THEN -amount ELSE 0 END) AS BIGINT) AS spent,
            CAST(SUM(CASE WHEN kind = 'expire' THEN -amount ELSE 0 END) AS BIGINT) AS expired
        FROM legs GROUP BY owner
    ),
    opened AS (
        SELECT h.id, h.closed_at, COALESCE((
            SELECT s.closing FROM statements s WHERE s.household_id = h.id AND s.month < :month
            ORDER BY s.month DESC LIMIT 1), 0) AS opening
        FROM households h WHERE h.id > :after AND h.id <= :upto AND h.opened_at < :until
    )
    SELECT o.id, :month, :cut, o.opening, COALESCE(m.earned, 0), COALESCE(m.spent, 0),
        COALESCE(m.expired, 0),
        COALESCE(m.total - m.earned + m.spent + m.expired, 0), o.opening + COALESCE(m.total, 0), :now
    FROM opened o LEFT JOIN moved m ON m.owner = o.id
    WHERE o.closed_at IS NULL OR o.closed_at >= :begin OR o.opening <> 0 OR m.owner IS NOT NULL
""")  # noqa: S608


def first_at(tx: Tx) -> int | None:
    """When the first movement was booked; None while there is none."""
    return tx.execute(sa.select(xfer.c.at).order_by(xfer.c.id).limit(1)).scalar()


def cut_before(tx: Tx, at: int) -> int:
    """The last movement booked before a moment; 0 where there is none."""
    query = sa.select(xfer.c.id).where(xfer.c.at < at).order_by(xfer.c.id.desc()).limit(1)
    return tx.execute(query).scalar() or 0


def make(
    tx: Tx, *, month: str, since: int, cut: int, begin: int, until: int, after: int, limit: int, now: int
) -> int | None:
    """Write the statements of a month for the next `limit` households after `after`; the last of them.

    None when there are no more. `since` is the cut of the month before; [begin, until) UTC seconds.
    """
    following = sa.select(households.c.id).where(households.c.id > after).order_by(households.c.id)
    slice_ = list(tx.execute(following.limit(limit)).scalars())
    if not slice_:
        return None
    given = {"month": month, "since": since, "cut": cut, "begin": begin, "until": until, "now": now}
    tx.execute(_MAKE, {**given, "after": after, "upto": slice_[-1]})
    return int(slice_[-1])


def of(tx: Tx, household_id: int, month: str) -> Statement | None:
    query = sa.select(*_COLUMNS).where(statements.c.household_id == household_id, statements.c.month == month)
    row = tx.execute(query).first()
    return Statement(*row) if row else None


def before(tx: Tx, household_id: int, month: str) -> Statement | None:
    """The newest statement of an earlier month."""
    earlier = sa.select(*_COLUMNS).where(
        statements.c.household_id == household_id, statements.c.month < month
    )
    row = tx.execute(earlier.order_by(statements.c.month.desc()).limit(1)).first()
    return Statement(*row) if row else None


_WALLET = (acct.c.kind == "wallet", acct.c.unit == POINTS)
_reversed = xfer.alias("reversed")
_PART = sa.case(
    (sa.or_(xfer.c.kind == "award", _reversed.c.kind == "award"), "earned"),
    (xfer.c.kind.in_(("hold", "void", "sale", "refund")), "spent"),
    (xfer.c.kind == "expire", "expired"),
    else_="other",
)


def lines(tx: Tx, household_id: int, *, since: int, cut: int | None, opening: int) -> list[Line]:
    """The movements after `since` up to `cut` (None: up to now), oldest first."""
    query = (
        sa.select(posting.c.xfer, xfer.c.at, posting.c.amount, xfer.c.reason, _PART)
        .select_from(acct)
        .join(posting, posting.c.acct == acct.c.id)
        .join(xfer, xfer.c.id == posting.c.xfer)
        .outerjoin(_reversed, _reversed.c.id == xfer.c.reverses_id)
        .where(*_WALLET, acct.c.owner == household_id, posting.c.xfer > since)
        .order_by(posting.c.xfer, posting.c.acct)
    )
    if cut is not None:
        query = query.where(posting.c.xfer <= cut)
    listed, balance = [], opening
    for number, at, amount, reason, part in tx.execute(query):
        balance += amount
        listed.append(Line(number, at, amount, balance, reason, part))
    return listed


def balance_at(tx: Tx, household_id: int, *, month: str, at: int) -> int:
    """What a household had just after the moment `at`, which lies in `month`."""
    last = before(tx, household_id, month)
    query = (
        sa.select(sa.func.coalesce(sa.func.sum(posting.c.amount), 0))
        .select_from(acct)
        .join(posting, posting.c.acct == acct.c.id)
        .join(xfer, xfer.c.id == posting.c.xfer)
        .where(*_WALLET, acct.c.owner == household_id, xfer.c.at <= at)
        .where(posting.c.xfer > (last.cut if last else 0))
    )
    return (last.closing if last else 0) + int(tx.execute(query).scalar_one())


def listed(tx: Tx, month: str) -> Iterator[dict[str, Any]]:
    """Every statement of a month with its household's number, name and place, by place and number."""
    query = (
        sa.select(
            households.c.code, households.c.name, units.c.name.label("unit"), *_COLUMNS[1:2], *_COLUMNS[3:]
        )
        .join(households, households.c.id == statements.c.household_id)
        .outerjoin(units, units.c.id == households.c.unit_id)
        .where(statements.c.month == month)
        .order_by(units.c.code, households.c.id)
    )
    for row in tx.execute(query).yield_per(1000).mappings():
        yield dict(row)
