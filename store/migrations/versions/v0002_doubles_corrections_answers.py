"""Likely doubles and merged cases, corrected categories, answers held back."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "doubles",
        sa.Column("case_id", ID, autoincrement=False, nullable=False),
        sa.Column("other_id", ID, autoincrement=False, nullable=False),
        sa.Column("alike", sa.Float(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("dismissed_by", ID),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_doubles_case_id"),
        sa.ForeignKeyConstraint(["other_id"], ["cases.id"], name="fk_doubles_other_id"),
        sa.ForeignKeyConstraint(["dismissed_by"], ["people.id"], name="fk_doubles_dismissed_by"),
        sa.PrimaryKeyConstraint("case_id", "other_id", name="pk_doubles"),
        sa.CheckConstraint("other_id < case_id", name=op.f("ck_doubles_order")),
    )
    op.create_index("ix_doubles_other_id", "doubles", ["other_id"])
    op.create_table(
        "merges",
        sa.Column("case_id", ID, autoincrement=False, nullable=False),
        sa.Column("into_id", ID, nullable=False),
        sa.Column("from_state", sa.Text(), nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_merges_case_id"),
        sa.ForeignKeyConstraint(["into_id"], ["cases.id"], name="fk_merges_into_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_merges_person_id"),
        sa.PrimaryKeyConstraint("case_id", name="pk_merges"),
        sa.CheckConstraint("into_id <> case_id", name=op.f("ck_merges_other")),
    )
    op.create_index("ix_merges_into_id", "merges", ["into_id"])
    op.create_table(
        "corrections",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("rules_revision", sa.Text(), nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_corrections_case_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_corrections_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_corrections"),
        sa.CheckConstraint("before <> after", name=op.f("ck_corrections_change")),
    )
    op.create_index("ix_corrections_case_id", "corrections", ["case_id"])
    op.create_index("ix_corrections_at", "corrections", ["at"])
    op.create_table(
        "held_answers",
        sa.Column("case_id", ID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_held_answers_case_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_held_answers_person_id"),
        sa.PrimaryKeyConstraint("case_id", name="pk_held_answers"),
        sa.CheckConstraint("kind IN ('empty', 'formula', 'off_topic')", name=op.f("ck_held_answers_kind")),
    )
    op.create_index("ix_held_answers_at", "held_answers", ["at"])


def downgrade() -> None:
    for table in ("held_answers", "corrections", "merges", "doubles"):
        op.drop_table(table)
