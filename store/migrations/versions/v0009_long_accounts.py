"""A posting to an account with a long history costs what one to a new account does; a long list half as much.

SQLite looked for a double among all postings of the account; now each of the two things that may not stand
twice is asked of its own index. On PostgreSQL the trigger that books a movement joins its accounts and their
balances, and nothing else writes a posting or deletes an account: four foreign keys said the same again, for
half the time of a list and a shared lock on the row of a busy account. No two blocks follow the same one.
"""

from alembic import op

revision = "0009"
down_revision = "0008"

POSTING_FOLLOWS = """
CREATE TRIGGER posting_follows BEFORE INSERT ON posting
WHEN EXISTS (SELECT 1 FROM posting WHERE acct = NEW.acct AND ver = NEW.ver)
OR EXISTS (SELECT 1 FROM posting WHERE xfer = NEW.xfer AND +acct = NEW.acct)
OR NOT EXISTS (SELECT 1 FROM bal b JOIN xfer x ON x.id = NEW.xfer AND x.id = b.last_xfer
    WHERE b.acct = NEW.acct AND b.ver = NEW.ver AND b.posted = NEW.after AND NEW.amount =
        CASE NEW.acct WHEN x.credit THEN x.amount WHEN x.debit THEN -x.amount END)
BEGIN SELECT RAISE(ABORT, 'posting: only a movement writes one'); END
"""


IMPLIED = {
    "posting": ("fk_posting_acct", "fk_posting_xfer"),
    "xfer": ("fk_xfer_debit_unit", "fk_xfer_credit_unit"),
}


def upgrade() -> None:
    op.create_index("uq_blocks_previous", "blocks", ["previous"], unique=True)
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER posting_follows")
        op.get_bind().exec_driver_sql(POSTING_FOLLOWS)
        return
    for table, names in IMPLIED.items():
        for name in names:
            op.drop_constraint(name, table, type_="foreignkey")


def downgrade() -> None:
    raise RuntimeError("nobody needs the slow guards back")
