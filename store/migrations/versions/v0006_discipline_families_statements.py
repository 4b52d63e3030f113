"""Appeals against a freeze, awards taken back by two people, households that split, the honour roll's opt-out."""

import sqlalchemy as sa
from alembic import op

from store.migrations import ledger_guards_2

revision = "0006"
down_revision = "0005"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JUDGE = "decided_by IS NULL OR decided_by <> by_id"
FREEZES = "id, household_id, reason, by_id, at, appeal, appealed_at, lifted_by, lifted_at"


def upgrade() -> None:
    op.add_column(
        "households", sa.Column("is_unlisted", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    _freezes()
    _splits()
    _reversals()
    expiring, award = sa.text("cohort > 0"), sa.text("kind = 'award'")
    op.create_index("ix_acct_expiring", "acct", ["cohort"], sqlite_where=expiring, postgresql_where=expiring)
    op.create_index("ix_xfer_earned", "xfer", ["credit", "day"], sqlite_where=award, postgresql_where=award)
    for table in ("splits", "reversals"):
        for statement in _kept(table):
            op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("who left a household with what would be forgotten: restore a backup instead")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _kept(table: str) -> list[str]:
    """Rows of a table are never deleted; the functions are the ledger's."""
    if _is_sqlite():
        return [
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table}: append-only'); END"
        ]
    return [
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuses()"
        for verb in ("DELETE", "TRUNCATE")
    ]


def _freezes() -> None:
    """SQLite cannot add a check between columns: the table is made anew, with its trigger."""
    if not _is_sqlite():
        for column in (
            "decided_by BIGINT CONSTRAINT fk_freezes_decided_by REFERENCES people (id)",
            "decided_at BIGINT",
            "is_upheld BOOLEAN",
        ):
            op.execute(f"ALTER TABLE freezes ADD COLUMN {column}")
        op.execute(f"ALTER TABLE freezes ADD CONSTRAINT ck_freezes_judge CHECK ({JUDGE})")
        return
    op.execute(f"CREATE TEMPORARY TABLE old_freezes AS SELECT {FREEZES} FROM freezes")
    op.execute("DROP TABLE freezes")
    op.create_table(
        "freezes",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("household_id", ID, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("appeal", sa.Text(), server_default="", nullable=False),
        sa.Column("appealed_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", ID, nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("is_upheld", sa.Boolean(), nullable=True),
        sa.Column("lifted_by", ID, nullable=True),
        sa.Column("lifted_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(JUDGE, name=op.f("ck_freezes_judge")),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_freezes_by_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["people.id"], name=op.f("fk_freezes_decided_by")),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_freezes_household_id")),
        sa.ForeignKeyConstraint(["lifted_by"], ["people.id"], name=op.f("fk_freezes_lifted_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freezes")),
    )
    is_open = sa.text("lifted_at IS NULL")
    op.create_index("uq_freezes_open", "freezes", ["household_id"], unique=True, sqlite_where=is_open)
    op.execute(f"INSERT INTO freezes ({FREEZES}) SELECT {FREEZES} FROM old_freezes")
    op.execute("DROP TABLE old_freezes")
    for statement in ledger_guards_2.SQLITE:
        if " ON freezes" in statement:
            op.get_bind().exec_driver_sql(statement)


def _splits() -> None:
    op.create_table(
        "splits",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("household_id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="asked", nullable=False),
        sa.Column("decided_by", ID, nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("new_id", ID, nullable=True),
        sa.CheckConstraint(
            "state <> 'done' OR points = 0 OR decided_by <> person_id", name=op.f("ck_splits_agreed")
        ),
        sa.CheckConstraint("points >= 0", name=op.f("ck_splits_points")),
        sa.CheckConstraint("state IN ('asked', 'done', 'dropped')", name=op.f("ck_splits_state")),
        sa.ForeignKeyConstraint(["decided_by"], ["people.id"], name=op.f("fk_splits_decided_by")),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_splits_household_id")),
        sa.ForeignKeyConstraint(["new_id"], ["households.id"], name=op.f("fk_splits_new_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_splits_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_splits")),
    )
    op.create_index(op.f("ix_splits_household_id"), "splits", ["household_id"])
    asked = sa.text("state = 'asked'")
    op.create_index(
        "uq_splits_asked", "splits", ["person_id"], unique=True, sqlite_where=asked, postgresql_where=asked
    )


def _reversals() -> None:
    op.create_table(
        "reversals",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("xfer_id", ID, nullable=False),
        sa.Column("household_id", ID, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided_by", ID, nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(JUDGE, name=op.f("ck_reversals_four_eyes")),
        sa.CheckConstraint("state IN ('asked', 'done', 'dropped')", name=op.f("ck_reversals_state")),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_reversals_by_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["people.id"], name=op.f("fk_reversals_decided_by")),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_reversals_household_id")),
        sa.ForeignKeyConstraint(["xfer_id"], ["xfer.id"], name=op.f("fk_reversals_xfer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reversals")),
    )
    op.create_index(op.f("ix_reversals_xfer_id"), "reversals", ["xfer_id"])
    standing = sa.text("state <> 'dropped'")
    op.create_index(
        "uq_reversals_standing",
        "reversals",
        ["xfer_id"],
        unique=True,
        sqlite_where=standing,
        postgresql_where=standing,
    )
