"""Browsers that people sign in by a link, and a first PIN that is typed at the counter."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("link_hash", sa.Text(), nullable=False),
        sa.Column("offered_at", sa.BigInteger(), nullable=False),
        sa.Column("link_until", sa.BigInteger(), nullable=False),
        sa.Column("cookie_hash", sa.Text()),
        sa.Column("expires_at", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_sessions_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("link_hash", name="uq_sessions_link_hash"),
        sa.UniqueConstraint("cookie_hash", name="uq_sessions_cookie_hash"),
        sa.CheckConstraint("scope IN ('me', 'work')", name=op.f("ck_sessions_scope")),
        sa.CheckConstraint("(cookie_hash IS NULL) = (expires_at IS NULL)", name=op.f("ck_sessions_begun")),
    )
    op.create_index("ix_sessions_person_id", "sessions", ["person_id"])
    op.add_column(
        "households", sa.Column("pin_open_until", sa.BigInteger(), server_default="0", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("households", "pin_open_until")
    op.drop_table("sessions")
