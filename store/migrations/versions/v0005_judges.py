"""Who ended an application; objections judged by outsiders; batches that nobody proposes or approves for himself."""

import sqlalchemy as sa
from alembic import op

from store.migrations import judges

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    # Written out: Alembic cannot add a referring column to a table of SQLite, SQLite can.
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    named = "CONSTRAINT fk_applications_ended_by REFERENCES people (id)"
    op.execute(f"ALTER TABLE applications ADD COLUMN ended_by {'INTEGER' if is_sqlite else 'BIGINT'} {named}")
    op.create_index(
        "uq_objections_open",
        "objections",
        ["application_id", "person_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    for statement in judges.SQLITE if is_sqlite else judges.POSTGRES:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    raise RuntimeError("who ended an application would be lost: restore a backup instead")
