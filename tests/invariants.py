"""What must always hold in the ledger, as SQL that returns no row; written apart from the code it checks."""

import sqlalchemy as sa

from store.db import Database

_LEG = "(p.acct = x.debit AND p.amount = -x.amount OR p.acct = x.credit AND p.amount = x.amount)"
INVARIANTS = {
    "I01 every unit sums to zero": """
        SELECT a.unit FROM acct a JOIN bal b ON b.acct = a.id GROUP BY a.unit HAVING SUM(b.posted) <> 0""",
    "I02 no balance is below its floor": "SELECT acct FROM bal WHERE posted < floor",
    "I03 nor ever was": """
        SELECT p.acct FROM posting p JOIN bal b ON b.acct = p.acct WHERE p.after < b.floor""",
    "I04 a balance is the sum of its postings": """
        SELECT b.acct FROM bal b LEFT JOIN posting p ON p.acct = b.acct GROUP BY b.acct, b.posted
        HAVING b.posted <> COALESCE(SUM(p.amount), 0)""",
    "I05 versions run from 1 without a gap": """
        SELECT b.acct FROM bal b LEFT JOIN posting p ON p.acct = b.acct GROUP BY b.acct, b.ver
        HAVING COUNT(p.ver) <> b.ver OR b.ver > 0 AND (MIN(p.ver) <> 1 OR MAX(p.ver) <> b.ver)""",
    "I06 each posting goes on from the one before": """
        SELECT p.acct FROM posting p LEFT JOIN posting q ON q.acct = p.acct AND q.ver = p.ver - 1
        WHERE p.after <> COALESCE(q.after, 0) + p.amount""",
    "I07 a movement has exactly its two postings": f"""
        SELECT x.id FROM xfer x WHERE (SELECT COUNT(*) FROM posting p WHERE p.xfer = x.id AND {_LEG}) <> 2
        OR (SELECT COUNT(*) FROM posting p WHERE p.xfer = x.id) <> 2""",
    "I07b a posting is a leg of its movement": f"""
        SELECT p.xfer FROM posting p LEFT JOIN xfer x ON x.id = p.xfer AND {_LEG} WHERE x.id IS NULL""",
    "I08 a movement is positive, between two accounts of its unit": """
        SELECT x.id FROM xfer x JOIN acct d ON d.id = x.debit JOIN acct c ON c.id = x.credit
        WHERE x.amount <= 0 OR x.debit = x.credit OR d.unit <> x.unit OR c.unit <> x.unit""",
    "I09 a key stands once": "SELECT idem FROM xfer GROUP BY idem HAVING COUNT(*) > 1",
    "I10 a hold is resolved at most once": """
        SELECT pending_id FROM xfer WHERE pending_id IS NOT NULL GROUP BY pending_id HAVING COUNT(*) > 1""",
    "I11 a hold is resolved in full, from where it lies; void goes back": """
        SELECT r.id FROM xfer r JOIN xfer h ON h.id = r.pending_id WHERE h.kind <> 'hold'
        OR r.amount <> h.amount OR r.unit <> h.unit OR r.debit <> h.credit
        OR r.kind = 'void' AND r.credit <> h.debit""",
    "I12 what lies held is what open holds put there": """
        SELECT a.id FROM acct a JOIN bal b ON b.acct = a.id
        LEFT JOIN xfer h ON h.credit = a.id AND h.kind = 'hold'
            AND NOT EXISTS (SELECT 1 FROM xfer r WHERE r.pending_id = h.id)
        WHERE a.kind IN ('held', 'reserved') GROUP BY a.id, b.posted
        HAVING b.posted <> COALESCE(SUM(h.amount), 0)""",
    "I13 a reversal mirrors a movement": """
        SELECT r.id FROM xfer r JOIN xfer x ON x.id = r.reverses_id
        WHERE x.kind IN ('hold', 'post', 'void', 'sale', 'refund', 'reverse', 'expire', 'lend', 'repay')
        OR r.amount <> x.amount OR r.unit <> x.unit OR r.debit <> x.credit OR r.credit <> x.debit""",
    "I13b and only once": """
        SELECT reverses_id FROM xfer WHERE reverses_id IS NOT NULL
        GROUP BY reverses_id HAVING COUNT(*) > 1""",
    "I15 a cap is used by at most what it allows": "SELECT rule FROM caps WHERE used < 0 OR used > most",
    "I17 and by just what was awarded under it, taken back or not": """
        SELECT c.rule FROM caps c
        LEFT JOIN xfer x ON x.kind = 'award' AND x.unit = c.unit AND x.cause NOT LIKE 'batch:%'
            AND (x.cause NOT LIKE 'list:%' OR length(c.period) = 7)
            AND c.rule IN ('', x.rule) AND substr(x.day, 1, length(c.period)) = c.period
            AND x.debit IN (SELECT id FROM acct WHERE kind = 'budget')
            AND c.subject_id = CASE c.subject WHEN 'person' THEN x.person_id
                ELSE (SELECT a.owner FROM acct a WHERE a.id = x.credit AND a.kind = 'wallet') END
        GROUP BY c.rule, c.subject, c.subject_id, c.period, c.unit, c.used
        HAVING c.used <> COALESCE(SUM(x.amount), 0)""",
    "I18 a budget holds what was granted less what was awarded": """
        SELECT a.id FROM acct a JOIN bal b ON b.acct = a.id
        LEFT JOIN xfer x ON x.debit = a.id AND x.kind = 'award' OR x.credit = a.id AND x.kind = 'grant'
        LEFT JOIN xfer r ON r.reverses_id = x.id
        WHERE a.kind = 'budget' GROUP BY a.id, b.posted HAVING b.posted < 0 OR b.posted <> COALESCE(SUM(
            CASE WHEN r.id IS NOT NULL THEN 0 WHEN x.kind = 'grant' THEN x.amount ELSE -x.amount END), 0)""",
    "I19 never more comes back than was spent": """
        SELECT x.id FROM xfer x JOIN xfer r ON r.refunds_id = x.id GROUP BY x.id, x.amount, x.kind
        HAVING SUM(r.amount) > x.amount OR x.kind NOT IN ('post', 'sale')""",
    "I20 a statement closes with what was booked up to its cut": """
        SELECT s.household_id FROM statements s
        LEFT JOIN acct a ON a.kind = 'wallet' AND a.unit = 0 AND a.owner = s.household_id
        LEFT JOIN posting p ON p.acct = a.id AND p.xfer <= s.cut
        GROUP BY s.household_id, s.month, s.closing HAVING s.closing <> COALESCE(SUM(p.amount), 0)""",
    "I20b and the next one opens with that": """
        SELECT n.household_id FROM statements n JOIN statements s ON s.household_id = n.household_id
        AND s.month = (SELECT MAX(b.month) FROM statements b
                       WHERE b.household_id = n.household_id AND b.month < n.month)
        WHERE n.opening <> s.closing OR n.cut < s.cut""",
    "I20c the first one opens with nothing": """
        SELECT s.household_id FROM statements s WHERE s.opening <> 0 AND NOT EXISTS
        (SELECT 1 FROM statements b WHERE b.household_id = s.household_id AND b.month < s.month)""",
    "I21 a run leaves nothing in a cohort that expired": """
        SELECT a.id FROM acct a JOIN bal b ON b.acct = a.id
        JOIN xfer e ON e.kind = 'expire' JOIN acct d ON d.id = e.debit
        WHERE a.kind = 'wallet' AND a.cohort > 0 AND a.cohort <= d.cohort AND b.posted > 0
        AND b.last_xfer < e.id AND NOT EXISTS (
            SELECT 1 FROM freezes f WHERE f.household_id = a.owner
            AND f.at <= e.at AND (f.lifted_at IS NULL OR f.lifted_at >= e.at))""",
    "I22 an award by application was approved by another and public long enough": """
        SELECT x.id FROM xfer x JOIN applications a ON a.id = x.application_id
        WHERE a.proposer_id IS NULL OR a.approver_id IS NULL OR a.proposer_id = a.approver_id
        OR a.public_until IS NULL OR a.public_until > x.at OR x.revision = ''""",
    "I22b an award of a list was proposed and approved by two, before it was booked": """
        SELECT x.id FROM xfer x JOIN batches b ON x.txn = 'batch:' || CAST(b.id AS text)
        WHERE b.state <> 'posted' OR b.approver_id IS NULL OR b.approver_id = b.proposer_id
        OR b.rule <> x.rule OR x.at < b.at OR substr(x.day, 1, 7) <> b.month""",
    "I22c a list that is known as booked has all of its lines": """
        SELECT l.id FROM booked_lists l LEFT JOIN xfer x ON x.txn = l.txn AND x.kind = 'award'
        GROUP BY l.id, l.lines HAVING COUNT(x.id) < l.lines""",
    "I27 nothing of an application can be spent while it is public or somebody's objection is open": """
        SELECT x.id FROM xfer x JOIN applications a ON a.id = x.application_id
        LEFT JOIN objections o ON o.application_id = a.id AND o.state <> 'refused' AND o.at <= x.at
        WHERE a.state NOT IN ('public', 'posted') OR x.at < a.public_until OR o.id IS NOT NULL""",
    "I23 each hand-over names clerk and collector, a proxy where one came, never the own household": """
        SELECT l.id FROM redemption_lines l JOIN redemptions r ON r.id = l.redemption_id
        WHERE l.state = 'collected' AND (l.clerk_id IS NULL OR l.collector NOT IN
            ('member', 'card', 'proxy', 'delivery') OR l.collector = 'proxy' AND l.proxy_id IS NULL
            OR EXISTS (SELECT 1 FROM members m WHERE m.household_id = r.household_id
                AND m.person_id = l.clerk_id AND m.since <= l.ended_at
                AND (m.until IS NULL OR m.until > l.ended_at)))""",
    "I24 nobody proposes or approves for his own household": """
        SELECT a.id FROM applications a JOIN members m ON m.household_id = a.household_id
        AND m.person_id IN (a.proposer_id, a.approver_id) AND m.since <= a.at
        AND (m.until IS NULL OR m.until > COALESCE(a.approved_at, a.proposed_at))""",
    "I29 what expired is what the sweeps took, each all that its cohort held": """
        SELECT a.id FROM acct a JOIN bal b ON b.acct = a.id
        LEFT JOIN xfer e ON e.kind = 'expire' AND e.credit = a.id
        WHERE a.kind = 'expired' GROUP BY a.id, b.posted HAVING b.posted <> COALESCE(SUM(e.amount), 0)
        UNION ALL
        SELECT e.id FROM xfer e JOIN posting p ON p.xfer = e.id AND p.acct = e.debit
        JOIN acct a ON a.id = e.debit WHERE e.kind = 'expire' AND (p.after <> 0 OR a.cohort = 0)""",
    "I30 nobody is in two households at once": """
        SELECT m.id FROM members m JOIN members o ON o.person_id = m.person_id AND o.id > m.id
        WHERE m.until IS NULL OR m.until > o.since""",
    "I30b who earned for a household belonged to it": """
        SELECT x.id FROM xfer x JOIN acct a ON a.id = x.credit AND a.kind = 'wallet'
        WHERE x.kind = 'award' AND NOT EXISTS (
            SELECT 1 FROM members m WHERE m.household_id = a.owner)""",
    "I30c what a household held stays with people: a closed one nobody moved out of keeps its points": """
        SELECT h.id FROM households h JOIN acct a ON a.kind IN ('wallet', 'held') AND a.owner = h.id
        AND a.unit = 0 JOIN bal b ON b.acct = a.id
        WHERE h.closed_at IS NOT NULL AND b.posted > 0
        AND EXISTS (SELECT 1 FROM members m WHERE m.household_id = h.id AND m.ended_by = 'moved'
                    AND m.until = h.closed_at)""",
    "I25 what lies in a shop is what came in, less what left, put right by what was counted": """
        SELECT a.id FROM articles a WHERE
        COALESCE((SELECT SUM(b.posted) FROM acct c JOIN bal b ON b.acct = c.id
            WHERE c.unit = a.id AND c.kind IN ('shelf', 'reserved')), 0) <>
        COALESCE((SELECT SUM(x.amount) FROM xfer x WHERE x.unit = a.id AND x.kind = 'restock'
            AND NOT EXISTS (SELECT 1 FROM xfer r WHERE r.reverses_id = x.id)), 0)
        - COALESCE((SELECT SUM(x.amount) FROM xfer x WHERE x.unit = a.id AND x.kind = 'damage'
            AND NOT EXISTS (SELECT 1 FROM xfer r WHERE r.reverses_id = x.id)), 0)
        + COALESCE((SELECT SUM(t.counted - t.expected) FROM stock_takes t WHERE t.article_id = a.id
            AND NOT EXISTS (SELECT 1 FROM xfer x JOIN xfer r ON r.reverses_id = x.id
                WHERE x.txn = 'count:' || t.id)), 0)
        - CASE WHEN a.is_service THEN 0 ELSE COALESCE((SELECT SUM(l.count) FROM redemption_lines l
            WHERE l.article_id = a.id AND l.state = 'collected'), 0) END
        + COALESCE((SELECT SUM(x.amount) FROM xfer x JOIN acct c ON c.id = x.credit
            WHERE x.unit = a.id AND x.kind = 'refund' AND c.kind = 'shelf'), 0)""",
    "I26 a collected line has spent its points and its goods, less what came back": """
        SELECT l.id FROM redemption_lines l JOIN articles a ON a.id = l.article_id
        WHERE (CASE WHEN l.state = 'collected' THEN (l.count - l.returned) * l.price ELSE 0 END) <>
        COALESCE((SELECT SUM(x.amount) FROM xfer x JOIN xfer h ON h.id = x.pending_id
            WHERE h.txn = l.txn AND x.kind = 'post' AND x.unit = 0), 0)
        - COALESCE((SELECT SUM(r.amount) FROM xfer r JOIN xfer x ON x.id = r.refunds_id
            JOIN xfer h ON h.id = x.pending_id WHERE h.txn = l.txn AND r.unit = 0), 0)
        OR (CASE WHEN l.state = 'collected' AND NOT a.is_service THEN l.count - l.returned ELSE 0 END) <>
        COALESCE((SELECT SUM(x.amount) FROM xfer x JOIN xfer h ON h.id = x.pending_id
            WHERE h.txn = l.txn AND x.kind = 'post' AND x.unit > 0), 0)
        - COALESCE((SELECT SUM(r.amount) FROM xfer r JOIN xfer x ON x.id = r.refunds_id
            JOIN xfer h ON h.id = x.pending_id WHERE h.txn = l.txn AND r.unit > 0), 0)""",
    "I26b an open line holds its points and its goods": """
        SELECT l.id FROM redemption_lines l JOIN articles a ON a.id = l.article_id WHERE l.state = 'held'
        AND (l.count * l.price <> COALESCE((SELECT SUM(h.amount) FROM xfer h WHERE h.txn = l.txn
                AND h.kind = 'hold' AND h.unit = 0), 0)
            OR (CASE WHEN a.is_service THEN 0 ELSE l.count END) <> COALESCE((SELECT SUM(h.amount) FROM xfer h
                WHERE h.txn = l.txn AND h.kind = 'hold' AND h.unit > 0), 0)
            OR EXISTS (SELECT 1 FROM xfer h JOIN xfer x ON x.pending_id = h.id WHERE h.txn = l.txn))""",
    "I34 what a voucher promises lies held for it until it is used or returned": """
        SELECT v.id FROM vouchers v WHERE CASE WHEN v.state = 'held' THEN v.points ELSE 0 END <>
        COALESCE((SELECT SUM(h.amount) FROM xfer h WHERE h.txn = v.txn AND h.kind = 'hold'
            AND NOT EXISTS (SELECT 1 FROM xfer r WHERE r.pending_id = h.id)), 0)
        OR (v.state = 'used') <> (v.redemption_id IS NOT NULL)""",
    "I31 what is frozen does not move": """
        SELECT x.id FROM xfer x JOIN acct a ON a.id IN (x.debit, x.credit)
        AND a.kind IN ('wallet', 'held', 'debt')
        JOIN freezes f ON f.household_id = a.owner AND x.at > f.at
        AND (f.lifted_at IS NULL OR x.at < f.lifted_at)""",
    "I32 an award names rule, cause, day and who earned it": """
        SELECT id FROM xfer WHERE kind = 'award'
        AND (rule = '' OR cause = '' OR day = '' OR person_id IS NULL)""",
    "I33 a debt is no asset": """
        SELECT b.acct FROM bal b JOIN acct a ON a.id = b.acct WHERE a.kind = 'debt' AND b.posted > 0""",
}


def broken(db: Database) -> list[str]:
    """The names of the invariants that do not hold."""
    with db.read() as tx:
        return [name for name, query in INVARIANTS.items() if tx.execute(sa.text(query)).first() is not None]
