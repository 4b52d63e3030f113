"""PostgreSQL's trigger that checks and books movements, third version: the same rules in fewer statements.

What every movement must satisfy is asked once for all rows of an INSERT; what few movements name (a hold,
an award taken back, a refund, an application) only where one of the rows names it, and what migration 0012
gave to a trigger of its own only where a row is an award. Postings and balances are written by one
statement: a balance is what its newest posting says. SQLite keeps its row triggers.
"""

from store.migrations import ledger_guards_2 as second

_OF_HOUSEHOLD = """EXISTS (SELECT 1 FROM freezes f WHERE f.lifted_at IS NULL
            AND f.household_id = CASE WHEN {0}.kind IN ('wallet', 'held', 'debt') THEN {0}.owner END)"""

# No award goes to a household that went into another.
_GONE = """SELECT 1 FROM acct c JOIN households h ON h.id = c.owner
    JOIN members k ON k.household_id = h.id AND k.until = h.closed_at
    WHERE c.id = m.credit AND c.kind = 'wallet' AND h.closed_at IS NOT NULL AND k.ended_by = 'moved'"""


def _check(named: str, condition: str, message: str) -> str:
    return f"""IF named.{named} > 0 AND EXISTS (SELECT 1 FROM booked m WHERE m.{named} IS NOT NULL
            AND NOT EXISTS ({condition})) THEN {second.RAISE.format(message)}; END IF;"""


BOOKS = f"""
CREATE OR REPLACE FUNCTION ledger_books() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE named record;
BEGIN
    -- In the order of their numbers, and read by a later statement: see ledger_guards_2.
    PERFORM 1 FROM bal WHERE acct IN (SELECT debit FROM booked UNION SELECT credit FROM booked)
        ORDER BY acct FOR UPDATE;
    SELECT bool_and(({second.JOINS}) IS TRUE) AS joins,
        bool_or({_OF_HOUSEHOLD.format("d")} OR {_OF_HOUSEHOLD.format("c")}) AS frozen,
        bool_or(m.kind = 'award') AS awards,
        count(m.pending_id) AS pending_id, count(m.reverses_id) AS reverses_id,
        count(m.refunds_id) AS refunds_id, count(m.application_id) AS application_id
        INTO named FROM booked m LEFT JOIN acct d ON d.id = m.debit LEFT JOIN acct c ON c.id = m.credit;
    IF NOT named.joins THEN {second.RAISE.format("xfer: no such movement between these accounts")}; END IF;
    IF named.frozen THEN {second.RAISE.format("xfer: frozen")}; END IF;
    IF named.awards AND EXISTS (SELECT 1 FROM booked m WHERE m.kind = 'award' AND EXISTS ({_GONE})) THEN
        {second.RAISE.format("xfer: moved away")}; END IF;
    {_check("pending_id", second.RESOLVES, "xfer: does not resolve its hold in full")}
    {_check("reverses_id", second.MIRRORS, "xfer: does not mirror the movement it reverses")}
    IF named.refunds_id > 0 THEN
        -- Two refunds of one sale wait for each other; the new rows are in the sum already.
        PERFORM 1 FROM xfer WHERE id IN (SELECT refunds_id FROM booked) ORDER BY id FOR UPDATE;
    END IF;
    {_check("refunds_id", second.REFUNDS.format(new="0"), "xfer: gives back what was not spent")}
    {_check("application_id", second.APPLIED, "xfer: the application is not through")}
    WITH written AS (
        INSERT INTO posting (acct, ver, xfer, amount, after)
            SELECT leg.acct, b.ver + row_number() OVER each_acct, leg.id, leg.amount,
                   b.posted + sum(leg.amount) OVER each_acct
            FROM (SELECT id, debit AS acct, -amount AS amount FROM booked
                  UNION ALL SELECT id, credit, amount FROM booked) leg JOIN bal b ON b.acct = leg.acct
            WINDOW each_acct AS (PARTITION BY leg.acct ORDER BY leg.id)
            RETURNING acct, ver, xfer, after)
    UPDATE bal SET posted = newest.after, ver = newest.ver, last_xfer = newest.xfer
        FROM (SELECT DISTINCT ON (acct) acct, ver, xfer, after FROM written ORDER BY acct, ver DESC) newest
        WHERE bal.acct = newest.acct;
    RETURN NULL;
END $$
"""
