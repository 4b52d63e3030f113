"""What must hold of movements, accounts and the records around them, as SQL that finds what breaks it.

Each query takes the range (:after, :last] of the numbers it looks at, and reads by index what belongs to
them: all ranges together read each movement a fixed number of times.
"""

# ruff: noqa: S608 - put together from constants

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from store.prepared import Prepared
from store.tables import (
    applications,
    articles,
    batches,
    booked_lists,
    freezes,
    households,
    members,
    redemption_lines,
    vouchers,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: with what it is about (a movement, an account, a line …), by its number.

    `why`: changed, legs, or the name of a rule below.
    """

    about: str
    number: int
    why: str


def numbers(query: str) -> Prepared:
    """The numbers that a query finds in (:after, :last]."""
    return Prepared(sa.text(query).columns(sa.column("id", sa.BigInteger)))


Rules = Mapping[str, Prepared]
OF_MOVEMENTS = {
    "units": numbers("""
        SELECT x.id FROM xfer x JOIN acct d ON d.id = x.debit JOIN acct c ON c.id = x.credit
        WHERE x.id > :after AND x.id <= :last
        AND (x.amount <= 0 OR x.debit = x.credit OR d.unit <> x.unit OR c.unit <> x.unit)"""),
    "resolves": numbers("""
        SELECT r.id FROM xfer r JOIN xfer h ON h.id = r.pending_id WHERE r.id > :after AND r.id <= :last
        AND (h.kind <> 'hold' OR r.amount <> h.amount OR r.unit <> h.unit OR r.debit <> h.credit
             OR r.kind = 'void' AND r.credit <> h.debit)"""),
    "mirrors": numbers("""
        SELECT r.id FROM xfer r JOIN xfer x ON x.id = r.reverses_id WHERE r.id > :after AND r.id <= :last
        AND (x.kind NOT IN ('grant', 'award', 'family', 'penalty', 'restock', 'damage', 'count')
             OR r.amount <> x.amount OR r.unit <> x.unit OR r.debit <> x.credit OR r.credit <> x.debit)"""),
    "refunds": numbers("""
        SELECT r.id FROM xfer r JOIN xfer x ON x.id = r.refunds_id WHERE r.id > :after AND r.id <= :last
        AND (x.kind NOT IN ('post', 'sale') OR r.debit <> x.credit
             OR x.amount < (SELECT SUM(o.amount) FROM xfer o WHERE o.refunds_id = x.id))"""),
    "named": numbers("""
        SELECT id FROM xfer WHERE id > :after AND id <= :last AND kind = 'award'
        AND (rule = '' OR cause = '' OR day = '' OR person_id IS NULL)"""),
    "approved": numbers("""
        SELECT x.id FROM xfer x JOIN applications a ON a.id = x.application_id
        WHERE x.id > :after AND x.id <= :last
        AND (a.proposer_id IS NULL OR a.approver_id IS NULL OR a.proposer_id = a.approver_id
             OR a.public_until IS NULL OR a.public_until > x.at OR a.rule <> x.rule
             OR a.state NOT IN ('public', 'posted') OR EXISTS (SELECT 1 FROM objections o
                 WHERE o.application_id = a.id AND o.state <> 'refused' AND o.at <= x.at))"""),
    "belongs": numbers("""
        SELECT x.id FROM xfer x JOIN acct a ON a.id = x.credit AND a.kind = 'wallet'
        WHERE x.id > :after AND x.id <= :last AND x.kind = 'award'
        AND NOT EXISTS (SELECT 1 FROM members m WHERE m.household_id = a.owner)"""),
    "expires": numbers("""
        SELECT x.id FROM xfer x JOIN acct d ON d.id = x.debit JOIN acct c ON c.id = x.credit
        LEFT JOIN posting p ON p.xfer = x.id AND p.acct = x.debit
        WHERE x.id > :after AND x.id <= :last
        AND ((x.kind = 'expire') <> (c.kind = 'expired')
             OR x.kind = 'expire' AND (p.after <> 0 OR d.cohort = 0))"""),
}
OF_ACCOUNTS = {
    "held": numbers("""
        SELECT a.id FROM acct a JOIN bal b ON b.acct = a.id
        WHERE a.id > :after AND a.id <= :last AND a.kind IN ('held', 'reserved') AND b.posted <> (
            SELECT COALESCE(SUM(h.amount), 0) FROM posting p JOIN xfer h ON h.id = p.xfer
            WHERE p.acct = a.id AND p.amount > 0 AND h.kind = 'hold'
            AND NOT EXISTS (SELECT 1 FROM xfer r WHERE r.pending_id = h.id))"""),
    "budget": numbers("""
        SELECT a.id FROM acct a JOIN bal b ON b.acct = a.id
        WHERE a.id > :after AND a.id <= :last AND a.kind = 'budget' AND b.posted <> (
            SELECT COALESCE(SUM(p.amount), 0) FROM posting p JOIN xfer x ON x.id = p.xfer
            WHERE p.acct = a.id AND x.kind IN ('grant', 'award', 'reverse'))"""),
}
# The newest sweep of each cohort left nothing in it and in those before, but for what was frozen then.
OF_EXPIRY = numbers("""
    WITH swept AS (
        SELECT d.cohort, MAX(e.id) AS last, MAX(e.at) AS at FROM acct s JOIN posting p ON p.acct = s.id
        JOIN xfer e ON e.id = p.xfer AND e.kind = 'expire' JOIN acct d ON d.id = e.debit
        WHERE s.kind = 'expired' GROUP BY d.cohort)
    SELECT DISTINCT a.id FROM acct a JOIN bal b ON b.acct = a.id
    JOIN swept s ON s.cohort >= a.cohort AND s.last > b.last_xfer
    WHERE a.cohort > 0 AND a.kind = 'wallet' AND b.posted > 0 AND NOT EXISTS (
        SELECT 1 FROM freezes f WHERE f.household_id = a.owner
        AND f.at <= s.at AND (f.lifted_at IS NULL OR f.lifted_at >= s.at))""")

_OF_LINE = """COALESCE((SELECT SUM(x.amount) FROM xfer h JOIN xfer x ON x.pending_id = h.id
        WHERE h.txn = l.txn AND h.kind = 'hold' AND x.kind = 'post' AND {0}), 0)
    - COALESCE((SELECT SUM(r.amount) FROM xfer h JOIN xfer x ON x.pending_id = h.id
        JOIN xfer r ON r.refunds_id = x.id
        WHERE h.txn = l.txn AND h.kind = 'hold' AND r.kind = 'refund' AND {0}), 0)"""
_HELD = """COALESCE((SELECT SUM(h.amount) FROM xfer h WHERE h.txn = {0}.txn AND h.kind = 'hold' AND {1}
        AND NOT EXISTS (SELECT 1 FROM xfer r WHERE r.pending_id = h.id)), 0)"""
_LIVED_THERE = """SELECT 1 FROM members m WHERE m.household_id = {0}.household_id AND m.since <= {1}
        AND (m.until IS NULL OR m.until > {2})"""
_LIES = """COALESCE((SELECT SUM(b.posted) FROM acct c JOIN bal b ON b.acct = c.id
        WHERE c.kind = '{0}' AND c.unit = a.id), 0)"""
_LINES = """COALESCE((SELECT SUM({0}) FROM redemption_lines l
        WHERE l.article_id = a.id AND l.state = '{1}' AND NOT a.is_service), 0)"""

# What is told of, its table, and its rules.
OF_RECORDS: Mapping[str, tuple[sa.Table, Rules]] = {
    "line": (
        redemption_lines,
        {
            "given": numbers(f"""
                SELECT l.id FROM redemption_lines l JOIN articles a ON a.id = l.article_id
                WHERE l.id > :after AND l.id <= :last AND (
                    CASE WHEN l.state = 'collected' THEN (l.count - l.returned) * l.price ELSE 0 END
                        <> {_OF_LINE.format("h.unit = 0")}
                    OR CASE WHEN l.state = 'collected' AND NOT a.is_service
                        THEN l.count - l.returned ELSE 0 END
                        <> {_OF_LINE.format("h.unit > 0")})"""),
            "set_aside": numbers(f"""
                SELECT l.id FROM redemption_lines l JOIN articles a ON a.id = l.article_id
                WHERE l.id > :after AND l.id <= :last AND (
                    CASE WHEN l.state = 'held' THEN l.count * l.price ELSE 0 END
                        <> {_HELD.format("l", "h.unit = 0")}
                    OR CASE WHEN l.state = 'held' AND NOT a.is_service THEN l.count ELSE 0 END
                        <> {_HELD.format("l", "h.unit > 0")})"""),
            "handed": numbers(f"""
                SELECT l.id FROM redemption_lines l JOIN redemptions r ON r.id = l.redemption_id
                WHERE l.id > :after AND l.id <= :last AND l.state = 'collected'
                AND (l.clerk_id IS NULL OR l.collector NOT IN ('member', 'card', 'proxy', 'delivery')
                     OR l.collector = 'proxy' AND l.proxy_id IS NULL
                     OR EXISTS ({_LIVED_THERE.format("r", "l.ended_at", "l.ended_at")}
                                AND m.person_id = l.clerk_id))"""),
        },
    ),
    "article": (
        articles,
        {
            "goods": numbers(f"""
                SELECT a.id FROM articles a WHERE a.id > :after AND a.id <= :last
                AND ({_LIES.format("given")} <> {_LINES.format("l.count - l.returned", "collected")}
                     OR {_LIES.format("reserved")} <> {_LINES.format("l.count", "held")})"""),
            "counted": numbers("""
                SELECT a.id FROM articles a WHERE a.id > :after AND a.id <= :last
                AND COALESCE((SELECT SUM(p.amount) FROM acct c JOIN posting p ON p.acct = c.id
                    JOIN xfer x ON x.id = p.xfer AND x.kind = 'count'
                    WHERE c.kind = 'shelf' AND c.unit = a.id
                    AND NOT EXISTS (SELECT 1 FROM xfer r WHERE r.reverses_id = x.id)), 0)
                <> COALESCE((SELECT SUM(t.counted - t.expected) FROM stock_takes t WHERE t.article_id = a.id
                    AND NOT EXISTS (SELECT 1 FROM xfer x JOIN xfer r ON r.reverses_id = x.id
                        WHERE x.txn = 'count:' || CAST(t.id AS text))), 0)"""),
        },
    ),
    "voucher": (
        vouchers,
        {
            "promised": numbers(f"""
                SELECT v.id FROM vouchers v WHERE v.id > :after AND v.id <= :last
                AND (CASE WHEN v.state = 'held' THEN v.points ELSE 0 END <> {_HELD.format("v", "h.unit = 0")}
                     OR (v.state = 'used') <> (v.redemption_id IS NOT NULL))"""),
        },
    ),
    "household": (
        households,
        {
            # The newest statement with the postings; each with the one before it.
            "statement": numbers("""
                SELECT s.household_id FROM statements s
                LEFT JOIN statements o ON o.household_id = s.household_id AND o.month = (
                    SELECT MAX(e.month) FROM statements e
                    WHERE e.household_id = s.household_id AND e.month < s.month)
                WHERE s.household_id > :after AND s.household_id <= :last AND (
                    s.opening <> COALESCE(o.closing, 0) OR s.cut < COALESCE(o.cut, 0)
                    OR s.opening + s.earned - s.spent - s.expired + s.other <> s.closing)
                UNION
                SELECT s.household_id FROM statements s
                WHERE s.household_id > :after AND s.household_id <= :last
                AND s.month = (SELECT MAX(e.month) FROM statements e WHERE e.household_id = s.household_id)
                AND s.closing <> COALESCE((SELECT SUM(p.amount) FROM acct a JOIN posting p ON p.acct = a.id
                    WHERE a.kind = 'wallet' AND a.unit = 0 AND a.owner = s.household_id
                    AND p.xfer <= s.cut), 0)"""),
            "left_behind": numbers("""
                SELECT DISTINCT h.id FROM households h
                JOIN members m ON m.household_id = h.id AND m.ended_by = 'moved' AND m.until = h.closed_at
                JOIN acct a ON a.kind IN ('wallet', 'held') AND a.unit = 0 AND a.owner = h.id
                JOIN bal b ON b.acct = a.id
                WHERE h.id > :after AND h.id <= :last AND b.posted > 0"""),
        },
    ),
    "member": (
        members,
        {
            "two_homes": numbers("""
                SELECT DISTINCT m.id FROM members m
                JOIN members o ON o.person_id = m.person_id AND o.id > m.id
                WHERE m.id > :after AND m.id <= :last AND (m.until IS NULL OR m.until > o.since)"""),
        },
    ),
    "application": (
        applications,
        {
            "kin": numbers(f"""
                SELECT a.id FROM applications a WHERE a.id > :after AND a.id <= :last
                AND EXISTS ({_LIVED_THERE.format("a", "a.at", "COALESCE(a.approved_at, a.proposed_at)")}
                            AND m.person_id IN (a.proposer_id, a.approver_id))"""),
        },
    ),
    "batch": (
        batches,
        {
            "listed": numbers("""
                SELECT DISTINCT b.id FROM batches b JOIN xfer x ON x.txn = 'batch:' || CAST(b.id AS text)
                WHERE b.id > :after AND b.id <= :last
                AND (b.state <> 'posted' OR b.approver_id IS NULL OR b.approver_id = b.proposer_id
                     OR b.rule <> x.rule OR x.at < b.at OR substr(x.day, 1, 7) <> b.month)"""),
        },
    ),
    "booked_list": (
        booked_lists,
        {
            "whole": numbers("""
                SELECT l.id FROM booked_lists l WHERE l.id > :after AND l.id <= :last
                AND l.lines > (SELECT COUNT(*) FROM xfer x WHERE x.txn = l.txn AND x.kind = 'award')"""),
        },
    ),
    "freeze": (
        freezes,
        {
            "moved": numbers("""
                SELECT DISTINCT f.id FROM freezes f
                JOIN acct a ON a.owner = f.household_id AND a.unit = 0
                    AND a.kind IN ('wallet', 'held', 'debt')
                JOIN posting p ON p.acct = a.id JOIN xfer x ON x.id = p.xfer
                WHERE f.id > :after AND f.id <= :last AND x.at > f.at
                AND (f.lifted_at IS NULL OR x.at < f.lifted_at)"""),
        },
    ),
}
