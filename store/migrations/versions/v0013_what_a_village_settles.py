"""Objections to what was given up; refused sales that somebody looked into; moves that a household agrees to;
month-end lists within the caps."""

import sqlalchemy as sa
from alembic import op

from store.migrations import judges, ledger_guards_2

revision = "0013"
down_revision = "0012"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OBJECTIONS = "id, application_id, person_id, text, at, state, decided_by, decided_at, decision"
STATE = "state IN ('open', 'refused', 'upheld', 'dropped')"
DECIDED = "(state IN ('refused', 'upheld')) = (decided_by IS NOT NULL)"
JUDGE = "decided_by IS NULL OR decided_by <> person_id"


def upgrade() -> None:
    _objections()
    _moves()
    # Written out: Alembic cannot add a referring column to a table of SQLite, SQLite can.
    whole = "INTEGER" if _is_sqlite() else "BIGINT"
    for column in (
        f"seen_by {whole} CONSTRAINT fk_voucher_refusals_seen_by REFERENCES people (id)",
        "seen_at BIGINT",
        "note TEXT DEFAULT '' NOT NULL",
    ):
        op.execute(f"ALTER TABLE voucher_refusals ADD COLUMN {column}")


def downgrade() -> None:
    raise RuntimeError("who agreed to what would be lost: restore a backup instead")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _moves() -> None:
    op.create_table(
        "moves",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("household_id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("asked_by", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="asked", nullable=False),
        sa.Column("decided_by", ID, nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state <> 'done' OR decided_by IS NOT NULL", name=op.f("ck_moves_agreed")),
        sa.CheckConstraint("state IN ('asked', 'done', 'dropped')", name=op.f("ck_moves_state")),
        sa.ForeignKeyConstraint(["asked_by"], ["people.id"], name=op.f("fk_moves_asked_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["people.id"], name=op.f("fk_moves_decided_by")),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_moves_household_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_moves_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moves")),
    )
    op.create_index(op.f("ix_moves_household_id"), "moves", ["household_id"])
    asked = sa.text("state = 'asked'")
    op.create_index(
        "uq_moves_asked", "moves", ["household_id"], unique=True, sqlite_where=asked, postgresql_where=asked
    )


def _objections() -> None:
    """An objection may be dropped. SQLite cannot change a check: the table is made anew, with its triggers."""
    if _is_sqlite():
        op.execute(f"CREATE TEMPORARY TABLE old_objections AS SELECT {OBJECTIONS} FROM objections")
        op.execute("DROP TABLE objections")
        op.create_table(
            "objections",
            sa.Column("id", ID, sa.Identity(start=1), nullable=False),
            sa.Column("application_id", ID, nullable=False),
            sa.Column("person_id", ID, nullable=False),
            sa.Column("text", sa.Text(), nullable=False),
            sa.Column("at", sa.BigInteger(), nullable=False),
            sa.Column("state", sa.Text(), server_default="open", nullable=False),
            sa.Column("decided_by", ID, nullable=True),
            sa.Column("decided_at", sa.BigInteger(), nullable=True),
            sa.Column("decision", sa.Text(), server_default="", nullable=False),
            sa.CheckConstraint(STATE, name=op.f("ck_objections_state")),
            sa.CheckConstraint(DECIDED, name=op.f("ck_objections_decided")),
            sa.CheckConstraint(JUDGE, name=op.f("ck_objections_judge")),
            sa.ForeignKeyConstraint(
                ["application_id"], ["applications.id"], name=op.f("fk_objections_application_id")
            ),
            sa.ForeignKeyConstraint(["decided_by"], ["people.id"], name=op.f("fk_objections_decided_by")),
            sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_objections_person_id")),
            sa.PrimaryKeyConstraint("id", name=op.f("pk_objections")),
        )
        op.create_index(op.f("ix_objections_application_id"), "objections", ["application_id"])
        is_open, pair = sa.text("state = 'open'"), ["application_id", "person_id"]
        op.create_index("uq_objections_open", "objections", pair, unique=True, sqlite_where=is_open)
        op.execute(f"INSERT INTO objections ({OBJECTIONS}) SELECT {OBJECTIONS} FROM old_objections")
        op.execute("DROP TABLE old_objections")
        for statement in (*ledger_guards_2.SQLITE, *judges.SQLITE):
            if " ON objections" in statement:
                op.get_bind().exec_driver_sql(statement)
    else:
        for name, check in (("state", STATE), ("decided", DECIDED)):
            op.execute(f"ALTER TABLE objections DROP CONSTRAINT ck_objections_{name}")
            op.execute(f"ALTER TABLE objections ADD CONSTRAINT ck_objections_{name} CHECK ({check})")
    op.execute(
        "UPDATE objections SET state = 'dropped' WHERE state = 'open' AND EXISTS (SELECT 1 FROM applications a "
        "WHERE a.id = objections.application_id AND a.state = 'refused')"
    )
