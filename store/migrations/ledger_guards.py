"""The ledger's triggers, first version: balances move by movements alone, the journal is append-only.

Only an issuer's and a supplier's balance may fall below 0: what comes in from outside is counted there.

A movement takes `amount` from `debit` and gives it to `credit`; a balance is what came in less what went out.
On SQLite a row trigger books each movement. On PostgreSQL one statement trigger books all rows of an INSERT:
it locks the balances in the order of their ids and reads them in a later statement, so that two batches
cannot deadlock and a lock wait cannot leave it with an old snapshot.
"""

# Which accounts a movement may join: what lies in held or reserved is there by an open hold, always.
_LEGS = """
    SELECT 1 FROM acct d JOIN acct c ON d.id = NEW.debit AND c.id = NEW.credit
    WHERE d.unit = NEW.unit AND c.unit = NEW.unit AND CASE NEW.kind
        WHEN 'hold' THEN d.owner = c.owner AND (d.kind = 'wallet' AND c.kind = 'held'
                                                OR d.kind = 'shelf' AND c.kind = 'reserved')
        WHEN 'post' THEN d.kind = 'held' AND c.kind = 'spent' OR d.kind = 'reserved' AND c.kind = 'given'
        WHEN 'void' THEN d.kind = 'held' AND c.kind = 'wallet' OR d.kind = 'reserved' AND c.kind = 'shelf'
        ELSE d.kind NOT IN ('held', 'reserved') AND c.kind NOT IN ('held', 'reserved')
    END
"""

SQLITE = [
    # REPLACE INTO deletes the old row without firing its delete trigger: refuse the second row before that.
    """
    CREATE TRIGGER xfer_once BEFORE INSERT ON xfer
    WHEN EXISTS (SELECT 1 FROM xfer WHERE id = NEW.id OR idem = NEW.idem
                 OR pending_id = NEW.pending_id OR reverses_id = NEW.reverses_id)
    BEGIN SELECT RAISE(ABORT, 'xfer: booked before'); END
    """,
    f"""
    CREATE TRIGGER xfer_joins BEFORE INSERT ON xfer WHEN NOT EXISTS ({_LEGS})
    BEGIN SELECT RAISE(ABORT, 'xfer: no such movement between these accounts'); END
    """,
    """
    CREATE TRIGGER xfer_resolves BEFORE INSERT ON xfer
    WHEN NEW.pending_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM xfer h WHERE h.id = NEW.pending_id AND h.kind = 'hold' AND h.unit = NEW.unit
        AND h.amount = NEW.amount AND NEW.debit = h.credit AND (NEW.kind = 'post' OR NEW.credit = h.debit))
    BEGIN SELECT RAISE(ABORT, 'xfer: does not resolve its hold in full'); END
    """,
    """
    CREATE TRIGGER xfer_mirrors BEFORE INSERT ON xfer
    WHEN NEW.reverses_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM xfer x WHERE x.id = NEW.reverses_id AND x.kind = 'move' AND x.unit = NEW.unit
        AND x.amount = NEW.amount AND x.debit = NEW.credit AND x.credit = NEW.debit)
    BEGIN SELECT RAISE(ABORT, 'xfer: does not mirror the movement it reverses'); END
    """,
    # The CHECK on bal would do, but for INSERT OR FAIL: that leaves what the statement did before it failed.
    """
    CREATE TRIGGER xfer_covered BEFORE INSERT ON xfer
    WHEN (SELECT posted - NEW.amount < floor FROM bal WHERE acct = NEW.debit)
    BEGIN SELECT RAISE(ABORT, 'xfer: ck_bal_floor'); END
    """,
    """
    CREATE TRIGGER xfer_books AFTER INSERT ON xfer
    BEGIN
        UPDATE bal SET posted = posted - NEW.amount, ver = ver + 1, last_xfer = NEW.id
            WHERE acct = NEW.debit;
        UPDATE bal SET posted = posted + NEW.amount, ver = ver + 1, last_xfer = NEW.id
            WHERE acct = NEW.credit;
        INSERT INTO posting (acct, ver, xfer, amount, after)
            SELECT acct, ver, NEW.id, -NEW.amount, posted FROM bal WHERE acct = NEW.debit;
        INSERT INTO posting (acct, ver, xfer, amount, after)
            SELECT acct, ver, NEW.id, NEW.amount, posted FROM bal WHERE acct = NEW.credit;
    END
    """,
    # A balance may change only as its newest movement says, and only once for that movement.
    """
    CREATE TRIGGER bal_moves BEFORE UPDATE ON bal
    WHEN NEW.acct <> OLD.acct OR NEW.floor IS NOT OLD.floor OR NEW.ver <> OLD.ver + 1 OR NOT EXISTS (
        SELECT 1 FROM xfer x WHERE x.id = NEW.last_xfer AND NEW.posted = OLD.posted +
            CASE NEW.acct WHEN x.credit THEN x.amount WHEN x.debit THEN -x.amount END
        AND NOT EXISTS (SELECT 1 FROM posting p WHERE p.acct = NEW.acct AND p.xfer = x.id))
    BEGIN SELECT RAISE(ABORT, 'bal: only a movement changes a balance'); END
    """,
    """
    CREATE TRIGGER bal_opens BEFORE INSERT ON bal
    WHEN NEW.posted <> 0 OR NEW.ver <> 0 OR NEW.last_xfer <> 0
    OR EXISTS (SELECT 1 FROM bal WHERE acct = NEW.acct)
    OR NOT EXISTS (SELECT 1 FROM acct WHERE id = NEW.acct
                   AND NEW.floor IS CASE WHEN kind IN ('issuer', 'supplier') THEN NULL ELSE 0 END)
    BEGIN SELECT RAISE(ABORT, 'bal: opens once and empty, with its account'); END
    """,
    """
    CREATE TRIGGER acct_once BEFORE INSERT ON acct
    WHEN EXISTS (SELECT 1 FROM acct WHERE id = NEW.id
                 OR kind = NEW.kind AND unit = NEW.unit AND owner = NEW.owner)
    BEGIN SELECT RAISE(ABORT, 'acct: opened before'); END
    """,
    """
    CREATE TRIGGER acct_opens AFTER INSERT ON acct
    BEGIN
        INSERT INTO bal (acct, floor)
            VALUES (NEW.id, CASE WHEN NEW.kind IN ('issuer', 'supplier') THEN NULL ELSE 0 END);
    END
    """,
    """
    CREATE TRIGGER posting_follows BEFORE INSERT ON posting
    WHEN EXISTS (SELECT 1 FROM posting WHERE acct = NEW.acct AND (ver = NEW.ver OR xfer = NEW.xfer))
    OR NOT EXISTS (SELECT 1 FROM bal b JOIN xfer x ON x.id = NEW.xfer AND x.id = b.last_xfer
        WHERE b.acct = NEW.acct AND b.ver = NEW.ver AND b.posted = NEW.after AND NEW.amount =
            CASE NEW.acct WHEN x.credit THEN x.amount WHEN x.debit THEN -x.amount END)
    BEGIN SELECT RAISE(ABORT, 'posting: only a movement writes one'); END
    """,
    *(
        f"""
        CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}
        BEGIN SELECT RAISE(ABORT, '{table}: append-only'); END
        """
        for table, verb in [
            ("xfer", "UPDATE"),
            ("xfer", "DELETE"),
            ("posting", "UPDATE"),
            ("posting", "DELETE"),
            ("bal", "DELETE"),
            ("acct", "UPDATE"),
            ("acct", "DELETE"),
        ]
    ),
]

POSTGRES = [
    f"""
    CREATE FUNCTION ledger_checks() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS ({_LEGS}) THEN
            RAISE EXCEPTION 'xfer: no such movement between these accounts' USING ERRCODE = '23514';
        END IF;
        IF NEW.pending_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM xfer h WHERE h.id = NEW.pending_id AND h.kind = 'hold' AND h.unit = NEW.unit
            AND h.amount = NEW.amount AND NEW.debit = h.credit
            AND (NEW.kind = 'post' OR NEW.credit = h.debit)) THEN
            RAISE EXCEPTION 'xfer: does not resolve its hold in full' USING ERRCODE = '23514';
        END IF;
        IF NEW.reverses_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM xfer x WHERE x.id = NEW.reverses_id AND x.kind = 'move' AND x.unit = NEW.unit
            AND x.amount = NEW.amount AND x.debit = NEW.credit AND x.credit = NEW.debit) THEN
            RAISE EXCEPTION 'xfer: does not mirror the movement it reverses' USING ERRCODE = '23514';
        END IF;
        RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER xfer_checks BEFORE INSERT ON xfer FOR EACH ROW EXECUTE FUNCTION ledger_checks()",
    """
    CREATE FUNCTION ledger_books() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM 1 FROM bal WHERE acct IN (SELECT debit FROM booked UNION SELECT credit FROM booked)
            ORDER BY acct FOR UPDATE;
        INSERT INTO posting (acct, ver, xfer, amount, after)
            SELECT leg.acct, b.ver + row_number() OVER each_acct, leg.id, leg.amount,
                   b.posted + sum(leg.amount) OVER each_acct
            FROM (SELECT id, debit AS acct, -amount AS amount FROM booked
                  UNION ALL SELECT id, credit, amount FROM booked) leg JOIN bal b ON b.acct = leg.acct
            WINDOW each_acct AS (PARTITION BY leg.acct ORDER BY leg.id);
        UPDATE bal SET posted = bal.posted + leg.amount, ver = bal.ver + leg.rows, last_xfer = leg.last
            FROM (SELECT acct, sum(amount) AS amount, count(*) AS rows, max(id) AS last
                  FROM (SELECT id, debit AS acct, -amount AS amount FROM booked
                        UNION ALL SELECT id, credit, amount FROM booked) each GROUP BY acct) leg
            WHERE bal.acct = leg.acct;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER xfer_books AFTER INSERT ON xfer
    REFERENCING NEW TABLE AS booked FOR EACH STATEMENT EXECUTE FUNCTION ledger_books()
    """,
    """
    CREATE FUNCTION ledger_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ': append-only', ERRCODE = '23514'; END $$
    """,
    *(
        f"""
        CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}
        FOR EACH STATEMENT {when} EXECUTE FUNCTION ledger_refuses()
        """
        for table, verb, when in [
            ("xfer", "UPDATE", ""),
            ("xfer", "DELETE", ""),
            ("xfer", "TRUNCATE", ""),
            ("posting", "INSERT", "WHEN (pg_trigger_depth() = 0)"),
            ("posting", "UPDATE", ""),
            ("posting", "DELETE", ""),
            ("posting", "TRUNCATE", ""),
            ("bal", "INSERT", "WHEN (pg_trigger_depth() = 0)"),
            ("bal", "UPDATE", "WHEN (pg_trigger_depth() = 0)"),
            ("bal", "DELETE", ""),
            ("bal", "TRUNCATE", ""),
            ("acct", "UPDATE", ""),
            ("acct", "DELETE", ""),
            ("acct", "TRUNCATE", ""),
        ]
    ),
    """
    CREATE FUNCTION ledger_opens() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO bal (acct, floor)
            VALUES (NEW.id, CASE WHEN NEW.kind IN ('issuer', 'supplier') THEN NULL ELSE 0 END);
        RETURN NULL;
    END $$
    """,
    "CREATE TRIGGER acct_opens AFTER INSERT ON acct FOR EACH ROW EXECUTE FUNCTION ledger_opens()",
]
