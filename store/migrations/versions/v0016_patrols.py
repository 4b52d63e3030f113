"""Patrols and the locations sent on the way."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0014"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "patrols",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("half", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("half IN ('morning', 'afternoon')", name=op.f("ck_patrols_half")),
        sa.CheckConstraint(
            "state IN ('open', 'done', 'short', 'left', 'dropped')", name=op.f("ck_patrols_state")
        ),
        sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name=op.f("ck_patrols_ended")),
        sa.CheckConstraint("ended_at >= started_at", name=op.f("ck_patrols_order")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_patrols_person_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_patrols_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patrols")),
    )
    is_open = sa.text("state = 'open'")
    op.create_index(
        "uq_patrols_open",
        "patrols",
        ["person_id"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index("ix_patrols_day", "patrols", ["day"])
    op.create_index("ix_patrols_person", "patrols", ["person_id", "day"])
    op.create_table(
        "track",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("patrol_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lng", sa.Float(), nullable=False),
        sa.Column("label", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["patrol_id"], ["patrols.id"], name=op.f("fk_track_patrol_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_track")),
    )
    op.create_index(op.f("ix_track_patrol_id"), "track", ["patrol_id"])
    op.create_index("ix_track_at", "track", ["at"])


def downgrade() -> None:
    raise RuntimeError("patrols that were walked would be lost: restore a backup instead")
