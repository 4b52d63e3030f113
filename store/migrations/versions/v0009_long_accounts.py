"""A posting to an account with a long history costs what one to a new account does.

SQLite looked for a double among all postings of the account; now each of the two things that may not stand
twice is asked of its own index.
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


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER posting_follows")
        op.get_bind().exec_driver_sql(POSTING_FOLLOWS)


def downgrade() -> None:
    raise RuntimeError("nobody needs the slow guard back")
