"""The ledger's triggers, fourth version: on PostgreSQL one plan for a few rows, another one for many.

A function keeps the plan that its first rows got: after a list, each movement of the same connection read
every balance there is, in 14 ms instead of 1. So a list is planned by itself. The people whom movements name
are looked up for all rows at once, which their foreign keys did row by row; accounts are opened in one
statement too. That a list was booked whole is written once and stays.
"""

from store.migrations import ledger_guards_2 as second
from store.migrations.ledger_guards_3 import _GONE, _check

FEW = 10


def _planned(query: str, into: str) -> str:
    """Run a SELECT, by the plan that is kept for a few rows or by one of its own."""
    kept = query.replace("SELECT", f"SELECT INTO {into}", 1)
    return f"IF are_few THEN {kept}; ELSE EXECUTE $own${query}$own$ INTO {into}; END IF;"


# In the order of their numbers, and read by a later statement: see ledger_guards_2.
_LOCK = """SELECT count(*) FROM (SELECT 1 FROM bal
    WHERE acct IN (SELECT debit FROM booked UNION SELECT credit FROM booked) ORDER BY acct FOR UPDATE) held"""
_NAMED = f"""SELECT bool_and(({second.JOINS}) IS TRUE) AS joins,
    bool_and(m.person_id IS NULL OR p.id IS NOT NULL)
        AND bool_and(m.actor_id IS NULL OR a.id IS NOT NULL) AS people,
    bool_or(m.kind = 'award') AS awards,
    count(m.pending_id) AS pending_id, count(m.reverses_id) AS reverses_id,
    count(m.refunds_id) AS refunds_id, count(m.application_id) AS application_id
    FROM booked m LEFT JOIN acct d ON d.id = m.debit LEFT JOIN acct c ON c.id = m.credit
    LEFT JOIN people p ON p.id = m.person_id LEFT JOIN people a ON a.id = m.actor_id"""
_ANY = "SELECT EXISTS (SELECT 1 FROM booked m WHERE {0})"
_WRITE = """WITH written AS (
    INSERT INTO posting (acct, ver, xfer, amount, after)
        SELECT leg.acct, b.ver + row_number() OVER each_acct, leg.id, leg.amount,
               b.posted + sum(leg.amount) OVER each_acct
        FROM (SELECT id, debit AS acct, -amount AS amount FROM booked
              UNION ALL SELECT id, credit, amount FROM booked) leg JOIN bal b ON b.acct = leg.acct
        WINDOW each_acct AS (PARTITION BY leg.acct ORDER BY leg.id)
        RETURNING acct, ver, xfer, after)
UPDATE bal SET posted = newest.after, ver = newest.ver, last_xfer = newest.xfer
    FROM (SELECT DISTINCT ON (acct) acct, ver, xfer, after FROM written ORDER BY acct, ver DESC) newest
    WHERE bal.acct = newest.acct"""


_BOOKS = f"""
CREATE OR REPLACE FUNCTION ledger_books() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    are_few boolean := (SELECT count(*) <= {FEW} FROM booked);
    held bigint;
    named record;
    refused boolean;
BEGIN
    {_planned(_LOCK, "held")}
    {_planned(_NAMED, "named")}
    IF NOT named.joins THEN {second.RAISE.format("xfer: no such movement between these accounts")}; END IF;
    IF NOT named.people THEN {second.RAISE.format("xfer: names nobody")}; END IF;
    IF EXISTS (SELECT 1 FROM freezes WHERE lifted_at IS NULL) THEN
        {_planned(_ANY.format(f"EXISTS ({second.FROZEN})"), "refused")}
        IF refused THEN {second.RAISE.format("xfer: frozen")}; END IF;
    END IF;
    IF named.awards THEN
        {_planned(_ANY.format(f"m.kind = 'award' AND EXISTS ({_GONE})"), "refused")}
        IF refused THEN {second.RAISE.format("xfer: moved away")}; END IF;
    END IF;
    {_check("pending_id", second.RESOLVES, "xfer: does not resolve its hold in full")}
    {_check("reverses_id", second.MIRRORS, "xfer: does not mirror the movement it reverses")}
    IF named.refunds_id > 0 THEN
        -- Two refunds of one sale wait for each other; the new rows are in the sum already.
        PERFORM 1 FROM xfer WHERE id IN (SELECT refunds_id FROM booked) ORDER BY id FOR UPDATE;
    END IF;
    {_check("refunds_id", second.REFUNDS.format(new="0"), "xfer: gives back what was not spent")}
    {_check("application_id", second.APPLIED, "xfer: the application is not through")}
    IF are_few THEN {_WRITE}; ELSE EXECUTE $own${_WRITE}$own$; END IF;
    RETURN NULL;
END $$
"""
_HOMES = """SELECT count(*) FROM (SELECT 1 FROM households
    WHERE id IN (SELECT owner FROM opened WHERE kind = 'wallet') ORDER BY id FOR KEY SHARE) held"""
_OPENS = f"""
CREATE OR REPLACE FUNCTION ledger_opens() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    are_few boolean := (SELECT count(*) <= {FEW} FROM opened);
    held bigint;
BEGIN
    -- A new wallet had no balance to lock: whoever closes its household waits, or came first (see 0012).
    {_planned(_HOMES, "held")}
    INSERT INTO bal (acct, floor, ceiling)
        SELECT id, {second._FLOOR.format("")}, {second._CEILING.format("")} FROM opened;
    RETURN NULL;
END $$
"""
_NEVER = {"booked_lists": ("UPDATE", "DELETE", "TRUNCATE"), "people": ("DELETE",)}

SQLITE = [
    second._refuse(
        "booked_lists_once",
        "EXISTS (SELECT 1 FROM booked_lists WHERE id = NEW.id OR digest = NEW.digest)",
        "booked_lists: written before",
        before="INSERT ON booked_lists",
    ),
    *(
        f"""
        CREATE TRIGGER booked_lists_no_{verb.lower()} BEFORE {verb} ON booked_lists
        BEGIN SELECT RAISE(ABORT, 'booked_lists: append-only'); END
        """
        for verb in ("UPDATE", "DELETE")
    ),
]
POSTGRES = [
    _BOOKS,
    "DROP TRIGGER acct_holds_household ON acct",
    "DROP FUNCTION ledger_holds_household()",
    "DROP TRIGGER acct_opens ON acct",
    _OPENS,
    """
    CREATE TRIGGER acct_opens AFTER INSERT ON acct
    REFERENCING NEW TABLE AS opened FOR EACH STATEMENT EXECUTE FUNCTION ledger_opens()
    """,
    *(
        f"""
        CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuses()
        """
        for table, verbs in _NEVER.items()
        for verb in verbs
    ),
]
