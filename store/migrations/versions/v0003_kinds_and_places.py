"""Praise, suggestions and complaints beside reports; names of roads, compounds and firms for the registry."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KIND = "kind TEXT DEFAULT 'report' NOT NULL"
IS_KIND = "kind IN ('report', 'suggestion', 'praise', 'complaint')"


def upgrade() -> None:
    # Written out: Alembic cannot add a checked or referring column to a table of SQLite, SQLite can.
    op.execute(f"ALTER TABLE cases ADD COLUMN {KIND} CONSTRAINT ck_cases_kind CHECK ({IS_KIND})")
    named = "CONSTRAINT fk_cases_accused_id REFERENCES people (id)"
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(f"ALTER TABLE cases ADD COLUMN accused_id {'INTEGER' if is_sqlite else 'BIGINT'} {named}")
    op.create_table(
        "places",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("code", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_places_unit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_places"),
        sa.UniqueConstraint("name", "unit_id", name="uq_places_name_unit_id"),
    )


def downgrade() -> None:
    raise RuntimeError("cases of other kinds would become reports: restore a backup instead")
