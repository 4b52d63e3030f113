"""A list costs less: whoever hands it in again is told by one digest of it; PostgreSQL opens and books it as a whole.

On PostgreSQL a list is planned by itself (ledger_guards_4), accounts are opened by the statement instead of one by
one, and whom movements name is looked up at once: nobody is ever deleted from `people`, so where that is refused
their foreign keys say nothing more. A balance that changes finds room beside its old row, so that the index is
left alone. SQLite keeps its keys.
"""

import sqlalchemy as sa
from alembic import op

from store.migrations import ledger_guards_4

revision = "0015"
down_revision = "0014"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "booked_lists",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("txn", sa.Text(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("lines > 0", name=op.f("ck_booked_lists_lines")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booked_lists")),
        sa.UniqueConstraint("digest", name=op.f("uq_booked_lists_digest")),
    )
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in ledger_guards_4.SQLITE if is_sqlite else ledger_guards_4.POSTGRES:
        op.get_bind().exec_driver_sql(statement)
    if not is_sqlite:
        for name in ("actor_id", "person_id"):
            op.drop_constraint(f"fk_xfer_{name}", "xfer", type_="foreignkey")
        op.execute("ALTER TABLE bal SET (fillfactor = 50)")


def downgrade() -> None:
    raise RuntimeError("nobody needs the slow guards back")
