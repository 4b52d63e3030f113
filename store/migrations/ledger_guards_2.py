"""The ledger's triggers, second version: which movement joins which accounts, freezes, applications.

As in the first version balances move by movements alone and the journal is append-only. Only what is counted
from outside (issuer, supplier, a stock-take's difference) and a household's debt may fall below 0, and a debt
never rises above it. On PostgreSQL one statement trigger checks and books all rows of an INSERT: it locks
the balances in the order of their ids and reads them in a later statement, so that two batches cannot
deadlock and a lock wait cannot leave it with an old snapshot.
"""

_FLOOR = "CASE WHEN {0}kind IN ('issuer', 'supplier', 'counted', 'debt') THEN NULL ELSE 0 END"
_CEILING = "CASE WHEN {0}kind = 'debt' THEN 0 END"

# Whether kind `m`.kind may join debit account `d` and credit account `c`.
JOINS = """d.unit = m.unit AND c.unit = m.unit AND CASE m.kind
    WHEN 'grant' THEN d.kind = 'issuer' AND c.kind = 'budget'
    WHEN 'award' THEN d.kind = 'budget' AND c.kind IN ('wallet', 'score')
    WHEN 'family' THEN d.kind = c.kind AND d.kind IN ('wallet', 'debt') AND d.cohort = c.cohort
    WHEN 'hold' THEN d.owner = c.owner AND (d.kind = 'wallet' AND c.kind = 'held'
                                            OR d.kind = 'shelf' AND c.kind = 'reserved')
    WHEN 'post' THEN d.kind = 'held' AND c.kind = 'spent' OR d.kind = 'reserved' AND c.kind = 'given'
    WHEN 'void' THEN d.kind = 'held' AND c.kind = 'wallet' OR d.kind = 'reserved' AND c.kind = 'shelf'
    WHEN 'sale' THEN d.kind = 'wallet' AND c.kind = 'spent' OR d.kind = 'shelf' AND c.kind = 'given'
    WHEN 'refund' THEN d.kind = 'spent' AND c.kind = 'wallet'
                       OR d.kind = 'given' AND c.kind IN ('shelf', 'damaged')
    WHEN 'expire' THEN d.kind = 'wallet' AND d.cohort > 0 AND c.kind = 'expired'
    WHEN 'penalty' THEN d.kind IN ('wallet', 'score') AND c.kind = 'penalty'
    WHEN 'lend' THEN d.kind = 'debt' AND c.kind = 'wallet' AND d.owner = c.owner
    WHEN 'repay' THEN d.kind = 'wallet' AND c.kind = 'debt' AND d.owner = c.owner
    WHEN 'restock' THEN d.kind = 'supplier' AND c.kind = 'shelf'
    WHEN 'damage' THEN d.kind = 'shelf' AND c.kind = 'damaged'
    WHEN 'count' THEN d.kind = 'shelf' AND c.kind = 'counted' OR d.kind = 'counted' AND c.kind = 'shelf'
    WHEN 'reverse' THEN d.kind NOT IN ('held', 'reserved') AND c.kind NOT IN ('held', 'reserved')
END"""
_LEGS = f"SELECT 1 FROM acct d JOIN acct c ON d.id = m.debit AND c.id = m.credit WHERE {JOINS}"

RESOLVES = """SELECT 1 FROM xfer h WHERE h.id = m.pending_id AND h.kind = 'hold' AND h.unit = m.unit
    AND h.amount = m.amount AND m.debit = h.credit AND (m.kind = 'post' OR m.credit = h.debit)"""

MIRRORS = """SELECT 1 FROM xfer x WHERE x.id = m.reverses_id AND x.unit = m.unit
    AND x.kind IN ('grant', 'award', 'family', 'penalty', 'restock', 'damage', 'count')
    AND x.amount = m.amount AND x.debit = m.credit AND x.credit = m.debit"""

# Points go back to the wallet and cohort they came from; never more comes back than was spent.
REFUNDS = """SELECT 1 FROM xfer x JOIN acct c ON c.id = m.credit
    WHERE x.id = m.refunds_id AND x.unit = m.unit AND x.kind IN ('post', 'sale') AND m.debit = x.credit
    AND (c.kind = 'damaged'
         OR m.credit = COALESCE((SELECT h.debit FROM xfer h WHERE h.id = x.pending_id), x.debit))
    AND x.amount >= (SELECT COALESCE(SUM(r.amount), 0) FROM xfer r WHERE r.refunds_id = x.id) + {new}"""

# An application pays its own household, once it has been public for its days and nobody objects.
APPLIED = """SELECT 1 FROM applications a JOIN acct c ON c.id = m.credit
    WHERE a.id = m.application_id AND a.state = 'public' AND a.public_until <= m.at AND a.rule = m.rule
    AND c.kind = 'wallet' AND c.owner = a.household_id AND m.asked = a.points
    AND NOT EXISTS (SELECT 1 FROM objections o WHERE o.application_id = a.id AND o.state <> 'refused')"""

_FROZEN = """SELECT 1 FROM acct a JOIN freezes f ON f.household_id = a.owner AND f.lifted_at IS NULL
    WHERE a.id IN (m.debit, m.credit) AND a.kind IN ('wallet', 'held', 'debt')"""

_KIN = """SELECT 1 FROM members k WHERE k.household_id = NEW.household_id AND k.until IS NULL
    AND k.person_id IN (NEW.proposer_id, NEW.approver_id)"""

# Rows that are never changed, and what tells one from another (REPLACE would delete the old one silently).
_KEPT = {
    "blocks": "id = NEW.id OR hash = NEW.hash",
    "block_items": "xfer = NEW.xfer",
    "statements": "household_id = NEW.household_id AND month = NEW.month",
    "reconciliations": "id = NEW.id",
    "looks": "id = NEW.id",
    "stock_takes": "id = NEW.id",
}


def _of_new(condition: str) -> str:
    return condition.replace("m.", "NEW.")


def _refuse(name: str, when: str, message: str, *, before: str = "INSERT ON xfer") -> str:
    return f"""
    CREATE TRIGGER {name} BEFORE {before} WHEN {when}
    BEGIN SELECT RAISE(ABORT, '{message}'); END
    """


SQLITE = [
    # REPLACE INTO deletes the old row without firing its delete trigger: refuse the second row before that.
    _refuse(
        "xfer_once",
        "EXISTS (SELECT 1 FROM xfer WHERE id = NEW.id OR idem = NEW.idem OR pending_id = NEW.pending_id "
        "OR reverses_id = NEW.reverses_id OR application_id = NEW.application_id)",
        "xfer: booked before",
    ),
    _refuse("xfer_joins", f"NOT EXISTS ({_of_new(_LEGS)})", "xfer: no such movement between these accounts"),
    _refuse("xfer_frozen", f"EXISTS ({_of_new(_FROZEN)})", "xfer: frozen"),
    _refuse(
        "xfer_resolves",
        f"NEW.pending_id IS NOT NULL AND NOT EXISTS ({_of_new(RESOLVES)})",
        "xfer: does not resolve its hold in full",
    ),
    _refuse(
        "xfer_mirrors",
        f"NEW.reverses_id IS NOT NULL AND NOT EXISTS ({_of_new(MIRRORS)})",
        "xfer: does not mirror the movement it reverses",
    ),
    _refuse(
        "xfer_refunds",
        f"NEW.refunds_id IS NOT NULL AND NOT EXISTS ({_of_new(REFUNDS).format(new='NEW.amount')})",
        "xfer: gives back what was not spent",
    ),
    _refuse(
        "xfer_applied",
        f"NEW.application_id IS NOT NULL AND NOT EXISTS ({_of_new(APPLIED)})",
        "xfer: the application is not through",
    ),
    # The CHECKs on bal would do, but for INSERT OR FAIL: that leaves what the statement did before it failed.
    _refuse(
        "xfer_covered",
        "(SELECT posted - NEW.amount < floor FROM bal WHERE acct = NEW.debit)",
        "xfer: ck_bal_floor",
    ),
    _refuse(
        "xfer_fits",
        "(SELECT posted + NEW.amount > ceiling FROM bal WHERE acct = NEW.credit)",
        "xfer: ck_bal_ceiling",
    ),
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
    _refuse(
        "bal_moves",
        """NEW.acct <> OLD.acct OR NEW.floor IS NOT OLD.floor OR NEW.ceiling IS NOT OLD.ceiling
        OR NEW.ver <> OLD.ver + 1 OR NOT EXISTS (
            SELECT 1 FROM xfer x WHERE x.id = NEW.last_xfer AND NEW.posted = OLD.posted +
                CASE NEW.acct WHEN x.credit THEN x.amount WHEN x.debit THEN -x.amount END
            AND NOT EXISTS (SELECT 1 FROM posting p WHERE p.acct = NEW.acct AND p.xfer = x.id))""",
        "bal: only a movement changes a balance",
        before="UPDATE ON bal",
    ),
    _refuse(
        "bal_opens",
        f"""NEW.posted <> 0 OR NEW.ver <> 0 OR NEW.last_xfer <> 0
        OR EXISTS (SELECT 1 FROM bal WHERE acct = NEW.acct)
        OR NOT EXISTS (SELECT 1 FROM acct WHERE id = NEW.acct
                       AND NEW.floor IS {_FLOOR.format("")} AND NEW.ceiling IS {_CEILING.format("")})""",
        "bal: opens once and empty, with its account",
        before="INSERT ON bal",
    ),
    _refuse(
        "acct_once",
        """EXISTS (SELECT 1 FROM acct WHERE id = NEW.id
        OR kind = NEW.kind AND unit = NEW.unit AND owner = NEW.owner AND cohort = NEW.cohort)""",
        "acct: opened before",
        before="INSERT ON acct",
    ),
    f"""
    CREATE TRIGGER acct_opens AFTER INSERT ON acct
    BEGIN
        INSERT INTO bal (acct, floor, ceiling)
            VALUES (NEW.id, {_FLOOR.format("NEW.")}, {_CEILING.format("NEW.")});
    END
    """,
    _refuse(
        "posting_follows",
        """EXISTS (SELECT 1 FROM posting WHERE acct = NEW.acct AND (ver = NEW.ver OR xfer = NEW.xfer))
        OR NOT EXISTS (SELECT 1 FROM bal b JOIN xfer x ON x.id = NEW.xfer AND x.id = b.last_xfer
            WHERE b.acct = NEW.acct AND b.ver = NEW.ver AND b.posted = NEW.after AND NEW.amount =
                CASE NEW.acct WHEN x.credit THEN x.amount WHEN x.debit THEN -x.amount END)""",
        "posting: only a movement writes one",
        before="INSERT ON posting",
    ),
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
            ("members", "DELETE"),
            ("applications", "DELETE"),
            ("objections", "DELETE"),
            ("freezes", "DELETE"),
            ("penalties", "DELETE"),
            *((table, verb) for table in _KEPT for verb in ("UPDATE", "DELETE")),
        ]
    ),
    *(
        _refuse(
            f"{table}_once",
            f"EXISTS (SELECT 1 FROM {table} WHERE {key})",
            f"{table}: written before",
            before=f"INSERT ON {table}",
        )
        for table, key in _KEPT.items()
    ),
    _refuse(
        "applications_kin_new",
        f"EXISTS ({_KIN})",
        "applications: proposer or approver would benefit",
        before="INSERT ON applications",
    ),
    _refuse(
        "applications_kin",
        f"EXISTS ({_KIN})",
        "applications: proposer or approver would benefit",
        before="UPDATE ON applications",
    ),
    _refuse(
        "applications_final",
        """OLD.state IN ('posted', 'refused') OR NEW.person_id <> OLD.person_id
        OR NEW.household_id <> OLD.household_id OR NEW.points <> OLD.points OR NEW.rule <> OLD.rule""",
        "applications: what was decided stays",
        before="UPDATE ON applications",
    ),
]

RAISE = "RAISE EXCEPTION '{0}' USING ERRCODE = '23514'"


def _check(when: str, message: str) -> str:
    return f"IF EXISTS (SELECT 1 FROM booked m WHERE {when}) THEN {RAISE.format(message)}; END IF;"


_CHECKS = "\n".join(
    [
        _check(f"NOT EXISTS ({_LEGS})", "xfer: no such movement between these accounts"),
        _check(f"EXISTS ({_FROZEN})", "xfer: frozen"),
        _check(
            f"m.pending_id IS NOT NULL AND NOT EXISTS ({RESOLVES})",
            "xfer: does not resolve its hold in full",
        ),
        _check(
            f"m.reverses_id IS NOT NULL AND NOT EXISTS ({MIRRORS})",
            "xfer: does not mirror the movement it reverses",
        ),
        # Two refunds of one sale wait for each other; the new rows are in the sum already.
        "PERFORM 1 FROM xfer WHERE id IN (SELECT refunds_id FROM booked WHERE refunds_id IS NOT NULL)"
        " ORDER BY id FOR UPDATE;",
        _check(
            f"m.refunds_id IS NOT NULL AND NOT EXISTS ({REFUNDS.format(new='0')})",
            "xfer: gives back what was not spent",
        ),
        _check(
            f"m.application_id IS NOT NULL AND NOT EXISTS ({APPLIED})",
            "xfer: the application is not through",
        ),
    ]
)

POSTGRES = [
    f"""
    CREATE FUNCTION ledger_books() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM 1 FROM bal WHERE acct IN (SELECT debit FROM booked UNION SELECT credit FROM booked)
            ORDER BY acct FOR UPDATE;
        {_CHECKS}
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
            *(
                (table, verb, "")
                for table in ("members", "applications", "objections", "freezes", "penalties")
                for verb in ("DELETE", "TRUNCATE")
            ),
            *((table, verb, "") for table in _KEPT for verb in ("UPDATE", "DELETE", "TRUNCATE")),
        ]
    ),
    f"""
    CREATE FUNCTION ledger_opens() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO bal (acct, floor, ceiling)
            VALUES (NEW.id, {_FLOOR.format("NEW.")}, {_CEILING.format("NEW.")});
        RETURN NULL;
    END $$
    """,
    "CREATE TRIGGER acct_opens AFTER INSERT ON acct FOR EACH ROW EXECUTE FUNCTION ledger_opens()",
    f"""
    CREATE FUNCTION applications_check() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS ({_KIN}) THEN {RAISE.format("applications: proposer or approver would benefit")}; END IF;
        IF TG_OP = 'UPDATE' THEN
            IF OLD.state IN ('posted', 'refused') OR NEW.person_id <> OLD.person_id
                OR NEW.household_id <> OLD.household_id OR NEW.points <> OLD.points OR NEW.rule <> OLD.rule
            THEN {RAISE.format("applications: what was decided stays")}; END IF;
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER applications_check BEFORE INSERT OR UPDATE ON applications
    FOR EACH ROW EXECUTE FUNCTION applications_check()
    """,
]
