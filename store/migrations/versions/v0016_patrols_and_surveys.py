"""Patrols and the locations sent on the way; surveys, who answered and, apart from that, what was answered."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _patrols()
    _surveys()


def downgrade() -> None:
    raise RuntimeError("patrols and answers would be lost: restore a backup instead")


def _patrols() -> None:
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


def _surveys() -> None:
    op.create_table(
        "surveys",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("author_id", ID, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("last_day", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="draft", nullable=False),
        sa.Column("questions", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('draft', 'open', 'closed', 'dropped')", name=op.f("ck_surveys_state")),
        sa.CheckConstraint(
            "(state IN ('draft', 'open')) = (ended_at IS NULL)", name=op.f("ck_surveys_ended")
        ),
        sa.ForeignKeyConstraint(["author_id"], ["people.id"], name=op.f("fk_surveys_author_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_surveys_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_surveys")),
    )
    is_draft = sa.text("state = 'draft'")
    op.create_index(
        "uq_surveys_draft",
        "surveys",
        ["author_id"],
        unique=True,
        sqlite_where=is_draft,
        postgresql_where=is_draft,
    )
    op.create_index("ix_surveys_state", "surveys", ["state", "last_day"])
    op.create_table(
        "respondents",
        sa.Column("survey_id", ID, autoincrement=False, nullable=False),
        sa.Column("person_id", ID, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_respondents_person_id")),
        sa.ForeignKeyConstraint(["survey_id"], ["surveys.id"], name=op.f("fk_respondents_survey_id")),
        sa.PrimaryKeyConstraint("survey_id", "person_id", name=op.f("pk_respondents")),
    )
    op.create_table(
        "survey_counts",
        sa.Column("survey_id", ID, autoincrement=False, nullable=False),
        sa.Column("question", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("choice", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("times", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("times >= 0", name=op.f("ck_survey_counts_times")),
        sa.ForeignKeyConstraint(["survey_id"], ["surveys.id"], name=op.f("fk_survey_counts_survey_id")),
        sa.PrimaryKeyConstraint("survey_id", "question", "choice", name=op.f("pk_survey_counts")),
    )
    op.create_table(
        "survey_words",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("survey_id", ID, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["survey_id"], ["surveys.id"], name=op.f("fk_survey_words_survey_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_words")),
    )
    op.create_index(op.f("ix_survey_words_survey_id"), "survey_words", ["survey_id"])
