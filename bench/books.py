"""Books of any size, written by statements of their own: movements through the guards, not through chat."""

import sqlite3
from pathlib import Path

from store import schema
from store.digest import REQUEST, digest_of

NOW = 1_795_395_600
ROWS_AT_ONCE = 50_000
MOVEMENTS_A_HOUSEHOLD = 500

_TOWN = """
INSERT INTO units (id, code, name, level) VALUES (1, 'T', '镇', 'town');
INSERT INTO budgets (id, unit_id, year, rule_group, unit) VALUES (1, 1, 2026, 'general', 0);
INSERT INTO acct (id, kind, unit, owner) VALUES (1, 'issuer', 0, 0), (2, 'budget', 0, 1), (3, 'spent', 0, 0);
"""
# Household h has the accounts 2h + 10 (wallet) and 2h + 11 (held).
_HOUSEHOLDS = """
WITH RECURSIVE n(h) AS (SELECT 0 UNION ALL SELECT h + 1 FROM n WHERE h + 1 < :households)
INSERT INTO people (id, name, created_at) SELECT h + 1, 'p' || h, 0 FROM n;
"""
_HOMES = """
WITH RECURSIVE n(h) AS (SELECT 0 UNION ALL SELECT h + 1 FROM n WHERE h + 1 < :households)
INSERT INTO households (id, code, opened_at) SELECT h + 1, 'h' || h, 0 FROM n;
"""
_MEMBERS = """
WITH RECURSIVE n(h) AS (SELECT 0 UNION ALL SELECT h + 1 FROM n WHERE h + 1 < :households)
INSERT INTO members (household_id, person_id, since) SELECT h + 1, h + 1, 0 FROM n;
"""
_ACCOUNTS = """
WITH RECURSIVE n(h) AS (SELECT 0 UNION ALL SELECT h + 1 FROM n WHERE h + 1 < :households)
INSERT INTO acct (id, kind, unit, owner)
SELECT 2 * h + 10 + k, CASE k WHEN 0 THEN 'wallet' ELSE 'held' END, 0, h + 1
FROM n, (SELECT 0 AS k UNION ALL SELECT 1);
"""
_GRANT = """
INSERT INTO xfer (id, txn, kind, debit, credit, unit, asked, amount, idem, digest, reason, at)
VALUES (1, 'grant', 'grant', 1, 2, 0, 1000000000, 1000000000, 'grant',
        digest('grant', 'grant', 1, 2, 0, 1000000000, '', NULL, NULL, NULL, NULL, NULL, '', '', '',
               NULL, NULL), '', :now)
"""
# Of ten movements eight are awards of 10, one holds 5 and one posts them; each ten are of one household.
_MOVEMENTS = f"""
WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :end),
named AS (
    SELECT i + 2 AS id, 'm' || i AS txn, (i / 10) % :households AS h,
           CASE i % 10 WHEN 8 THEN 'hold' WHEN 9 THEN 'post' ELSE 'award' END AS kind, i FROM n),
row AS (
    SELECT id, txn, kind, 0 AS unit, txn AS idem, '积分' AS reason, :now + i AS at, i,
        CASE kind WHEN 'award' THEN 2 WHEN 'hold' THEN 2 * h + 10 ELSE 2 * h + 11 END AS debit,
        CASE kind WHEN 'award' THEN 2 * h + 10 WHEN 'hold' THEN 2 * h + 11 ELSE 3 END AS credit,
        CASE kind WHEN 'award' THEN 10 ELSE 5 END AS amount,
        CASE kind WHEN 'award' THEN 10 ELSE 5 END AS asked,
        CASE kind WHEN 'post' THEN id - 1 END AS pending_id,
        CASE kind WHEN 'award' THEN 'report' ELSE '' END AS rule,
        CASE kind WHEN 'award' THEN 'batch:1:' || i ELSE '' END AS cause,
        CASE kind WHEN 'award' THEN '2026-11-23' ELSE '' END AS day,
        CASE kind WHEN 'award' THEN h + 1 END AS person_id,
        NULL AS actor_id, NULL AS case_id, NULL AS reverses_id, NULL AS refunds_id, NULL AS application_id
    FROM named)
INSERT INTO xfer (id, amount, idem, at, digest, {", ".join(REQUEST)})
SELECT id, amount, idem, at, digest({", ".join(REQUEST)}), {", ".join(REQUEST)} FROM row ORDER BY i
"""


def fill(file: Path, movements: int) -> None:
    """Make a SQLite database whose journal holds so many movements (and the grant that pays for them)."""
    schema.upgrade(f"sqlite:///{file}")
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA cache_size=-200000")
    connection.create_function("digest", len(REQUEST), _digest, deterministic=True)
    households = max(movements // MOVEMENTS_A_HOUSEHOLD, 1)
    connection.executescript(_TOWN)
    for statement in (_HOUSEHOLDS, _HOMES, _MEMBERS, _ACCOUNTS):
        connection.execute(statement, {"households": households})
    connection.execute(_GRANT, {"now": NOW})
    for first in range(0, movements, ROWS_AT_ONCE):
        end = min(first + ROWS_AT_ONCE, movements)
        connection.execute(_MOVEMENTS, {"first": first, "end": end, "households": households, "now": NOW})
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _digest(*values: object) -> str:
    return digest_of(dict(zip(REQUEST, values, strict=True)))
