"""No award lands on the wallet of a household that went into another; what came along withheld is known.

On PostgreSQL somebody may join a household in the very moment in which an award is booked for the old one.
The wallet's balance is locked by then: who came first is seen by the other. A wallet that is opened has no
balance to lock yet, so it takes hold of its household.

On PostgreSQL some guards said what another one says as well, and each movement paid for them: xfer_books looks
for the hold, the reversed and the refunded movement itself; an account opens its balance and is never deleted;
nothing refers to (id, unit) since 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0010"

_GONE = """SELECT 1 FROM acct c JOIN households h ON h.id = c.owner
    JOIN members k ON k.household_id = h.id AND k.until = h.closed_at
    WHERE c.id = m.credit AND c.kind = 'wallet' AND h.closed_at IS NOT NULL AND k.ended_by = 'moved'"""

SQLITE = [
    f"""
    CREATE TRIGGER xfer_home BEFORE INSERT ON xfer
    WHEN NEW.kind = 'award' AND EXISTS ({_GONE.replace("m.", "NEW.")})
    BEGIN SELECT RAISE(ABORT, 'xfer: moved away'); END
    """
]
POSTGRES = [
    f"""
    CREATE FUNCTION ledger_at_home() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM booked m WHERE m.kind = 'award' AND EXISTS ({_GONE})) THEN
            RAISE EXCEPTION 'xfer: moved away' USING ERRCODE = '23514';
        END IF;
        RETURN NULL;
    END $$
    """,
    # PostgreSQL fires triggers in the order of their names: xfer_books has locked the balances.
    """
    CREATE TRIGGER xfer_home AFTER INSERT ON xfer
    REFERENCING NEW TABLE AS booked FOR EACH STATEMENT EXECUTE FUNCTION ledger_at_home()
    """,
    """
    CREATE FUNCTION ledger_holds_household() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM 1 FROM households WHERE id = NEW.owner FOR KEY SHARE;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER acct_holds_household BEFORE INSERT ON acct
    FOR EACH ROW WHEN (NEW.kind = 'wallet') EXECUTE FUNCTION ledger_holds_household()
    """,
]

IMPLIED = {
    "xfer": ("fk_xfer_pending_id", "fk_xfer_reverses_id", "fk_xfer_refunds_id"),
    "bal": ("fk_bal_acct",),
    "acct": ("uq_acct_id_unit",),
}


def upgrade() -> None:
    op.add_column("withheld", sa.Column("came_with", sa.Text(), server_default="", nullable=False))
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in SQLITE if is_sqlite else POSTGRES:
        op.get_bind().exec_driver_sql(statement)
    if not is_sqlite:
        for table, names in IMPLIED.items():
            for name in names:
                op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")


def downgrade() -> None:
    raise RuntimeError("an award could go where nobody lives again: restore a backup instead")
