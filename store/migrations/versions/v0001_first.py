"""The first schema: registry, cases, inbox and outbox, check-ins, ledger, shop."""

import sqlalchemy as sa
from alembic import op

from store.migrations import ledger_guards
from store.tables import FIRST_CASE, metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    metadata.create_all(op.get_bind())
    if op.get_bind().dialect.name == "sqlite":
        sequence = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))
        op.execute(sequence.insert().values(name="cases", seq=FIRST_CASE - 1))
        statements = ledger_guards.SQLITE
    else:
        statements = ledger_guards.POSTGRES
    for statement in statements:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    raise RuntimeError("the first schema is the floor: restore a backup instead")
