"""The first schema: registry, cases, inbox and outbox, check-ins, ledger, shop.

It says each table itself and not through store/tables.py, which goes on changing.
"""

import sqlalchemy as sa
from alembic import op

from store.migrations import ledger_guards

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FIRST_CASE = 1001


def upgrade() -> None:
    _registry()
    _cases()
    _inbox_and_outbox()
    _check_ins()
    _ledger()
    _shop()


def downgrade() -> None:
    raise RuntimeError("the first schema is the floor: restore a backup instead")


def _registry() -> None:
    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_meta"),
    )
    op.create_table(
        "units",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("parent_id", ID),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("households", sa.BigInteger()),
        sa.Column("people", sa.BigInteger()),
        sa.Column("group_webhook", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["units.id"], name="fk_units_parent_id"),
        sa.PrimaryKeyConstraint("id", name="pk_units"),
        sa.UniqueConstraint("code", name="uq_units_code"),
    )
    op.create_index("ix_units_parent_id", "units", ["parent_id"])
    op.create_table(
        "departments",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("group_webhook", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_departments_unit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_departments"),
        sa.UniqueConstraint("code", name="uq_departments_code"),
    )
    op.create_table(
        "people",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("phone", sa.Text(), server_default="", nullable=False),
        sa.Column("unit_id", ID),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_people_unit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
    )
    op.create_index("ix_people_phone", "people", ["phone"])
    op.create_table(
        "posts",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("department_id", ID),
        sa.ForeignKeyConstraint(["department_id"], ["departments.id"], name="fk_posts_department_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_posts_person_id"),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_posts_unit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_posts"),
    )
    op.create_index("ix_posts_person_id", "posts", ["person_id"])
    op.create_index("ix_posts_unit_id", "posts", ["unit_id"])
    op.create_table(
        "accounts",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("scanned_unit_id", ID),
        sa.Column("scanned_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("wrong_tries", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("locked_until", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lat", sa.Float()),
        sa.Column("lng", sa.Float()),
        sa.Column("label", sa.Text(), server_default="", nullable=False),
        sa.Column("located_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("photo_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_accounts_person_id"),
        sa.ForeignKeyConstraint(["scanned_unit_id"], ["units.id"], name="fk_accounts_scanned_unit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("channel", "account", name="uq_accounts_channel_account"),
    )
    op.create_index("ix_accounts_person_id", "accounts", ["person_id"])
    op.create_table(
        "invitations",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_invitations_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
        sa.UniqueConstraint("code_hash", name="uq_invitations_code_hash"),
    )
    op.create_index("ix_invitations_person_id", "invitations", ["person_id"])


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("id", ID, sa.Identity(start=FIRST_CASE), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("uncertain", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("runner_up", sa.Text(), server_default="", nullable=False),
        sa.Column("rules_revision", sa.Text(), nullable=False),
        sa.Column("urgent", sa.Text(), server_default="", nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), server_default="", nullable=False),
        sa.Column("lat", sa.Float()),
        sa.Column("lng", sa.Float()),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("reporter_id", ID, nullable=False),
        sa.Column("writer_id", ID),
        sa.Column("handler_id", ID),
        sa.Column("department_id", ID),
        sa.Column("asked", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("claim_hash", sa.Text()),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("resolved_at", sa.BigInteger()),
        sa.Column("closed_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["department_id"], ["departments.id"], name="fk_cases_department_id"),
        sa.ForeignKeyConstraint(["handler_id"], ["people.id"], name="fk_cases_handler_id"),
        sa.ForeignKeyConstraint(["reporter_id"], ["people.id"], name="fk_cases_reporter_id"),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_cases_unit_id"),
        sa.ForeignKeyConstraint(["writer_id"], ["people.id"], name="fk_cases_writer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
        sa.UniqueConstraint("claim_hash", name="uq_cases_claim_hash"),
        sa.UniqueConstraint("token", name="uq_cases_token"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_cases_handler", "cases", ["handler_id", "id"])
    op.create_index("ix_cases_reporter", "cases", ["reporter_id", "id"])
    op.create_index("ix_cases_state_unit", "cases", ["state", "unit_id", "id"])
    op.create_table(
        "journal",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", ID),
        sa.Column("fact", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), server_default="", nullable=False),
        sa.Column("to_state", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["people.id"], name="fk_journal_actor_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_journal_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_journal"),
    )
    op.create_index("ix_journal_case_id", "journal", ["case_id"])
    op.create_table(
        "photos",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("case_id", ID),
        sa.Column("account_id", ID),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("media_id", sa.Text(), server_default="", nullable=False),
        sa.Column("jpeg", sa.LargeBinary()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("state <> 'kept' OR jpeg IS NOT NULL", name=op.f("ck_photos_kept")),
        sa.CheckConstraint("state IN ('kept', 'due', 'failed')", name=op.f("ck_photos_state")),
        sa.CheckConstraint("case_id IS NOT NULL OR account_id IS NOT NULL", name=op.f("ck_photos_owner")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_photos_account_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_photos_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_photos"),
    )
    op.create_index("ix_photos_case_id", "photos", ["case_id"])
    op.create_index("ix_photos_state_due_at", "photos", ["state", "due_at"])
    op.create_index(
        "ix_photos_waiting",
        "photos",
        ["account_id"],
        sqlite_where=sa.text("case_id IS NULL"),
        postgresql_where=sa.text("case_id IS NULL"),
    )
    if op.get_bind().dialect.name == "sqlite":
        sequence = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))
        op.execute(sequence.insert().values(name="cases", seq=FIRST_CASE - 1))


def _inbox_and_outbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reply", sa.Text(), server_default="", nullable=False),
        sa.Column("case_id", ID),
        sa.Column("message", sa.JSON()),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("state IN ('done', 'refused', 'failed')", name=op.f("ck_inbox_state")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_inbox_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_inbox"),
        sa.UniqueConstraint("channel", "message_id", name="uq_inbox_channel_message_id"),
    )
    op.create_index(
        "ix_inbox_failed",
        "inbox",
        ["id"],
        sqlite_where=sa.text("state = 'failed'"),
        postgresql_where=sa.text("state = 'failed'"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("unit_id", ID),
        sa.Column("format", sa.Text(), server_default="text", nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("mentions", sa.JSON(), nullable=False),
        sa.Column("fact", sa.Text(), nullable=False),
        sa.Column("case_id", ID),
        sa.Column("idem", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("sent_at", sa.BigInteger()),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "state IN ('due', 'sent', 'failed', 'forward', 'forwarded')", name=op.f("ck_outbox_state")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_outbox_case_id"),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_outbox_unit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("idem", name="uq_outbox_idem"),
    )
    op.create_index("ix_outbox_case_id", "outbox", ["case_id"])
    op.create_index("ix_outbox_state_due_at", "outbox", ["state", "due_at", "channel", "address"])
    op.create_table(
        "destinations",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("sends", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "address", name="pk_destinations"),
    )
    op.create_table(
        "runs",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("planned", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("job", "planned", name="pk_runs"),
    )


def _check_ins() -> None:
    op.create_table(
        "checkins",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("late", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("written_by", ID),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_checkins_person_id"),
        sa.ForeignKeyConstraint(["written_by"], ["people.id"], name="fk_checkins_written_by"),
        sa.PrimaryKeyConstraint("id", name="pk_checkins"),
        sa.UniqueConstraint("person_id", "day", name="uq_checkins_person_id_day"),
    )
    op.create_index("ix_checkins_day", "checkins", ["day"])
    op.create_table(
        "leaves",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("first_day", sa.Text(), nullable=False),
        sa.Column("last_day", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_leaves_order")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_leaves_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_leaves"),
    )
    op.create_index("ix_leaves_person_id", "leaves", ["person_id"])


def _ledger() -> None:
    op.create_table(
        "acct",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("unit", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "unit = 0 AND kind IN ('issuer', 'wallet', 'held', 'spent') "
            "OR unit > 0 AND kind IN ('supplier', 'shelf', 'reserved', 'given')",
            name=op.f("ck_acct_kind"),
        ),
        sa.PrimaryKeyConstraint("id", name="pk_acct"),
        sa.UniqueConstraint("id", "unit", name="uq_acct_id_unit"),
        sa.UniqueConstraint("kind", "unit", "owner", name="uq_acct_kind_unit_owner"),
    )
    op.create_table(
        "bal",
        sa.Column("acct", ID, autoincrement=False, nullable=False),
        sa.Column("posted", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("ver", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("floor", sa.BigInteger()),
        sa.Column("last_xfer", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("floor IS NULL OR posted >= floor", name=op.f("ck_bal_floor")),
        sa.ForeignKeyConstraint(["acct"], ["acct.id"], name="fk_bal_acct"),
        sa.PrimaryKeyConstraint("acct", name="pk_bal"),
    )
    op.create_table(
        "xfer",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("txn", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("debit", ID, nullable=False),
        sa.Column("credit", ID, nullable=False),
        sa.Column("unit", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("idem", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor_id", ID),
        sa.Column("case_id", ID),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("pending_id", ID),
        sa.Column("reverses_id", ID),
        sa.CheckConstraint("(kind = 'reverse') = (reverses_id IS NOT NULL)", name=op.f("ck_xfer_reverses")),
        sa.CheckConstraint(
            "(kind IN ('post', 'void')) = (pending_id IS NOT NULL)", name=op.f("ck_xfer_pending")
        ),
        sa.CheckConstraint("kind IN ('move', 'hold', 'post', 'void', 'reverse')", name=op.f("ck_xfer_kind")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_xfer_amount")),
        sa.CheckConstraint("debit <> credit", name=op.f("ck_xfer_legs")),
        sa.ForeignKeyConstraint(["actor_id"], ["people.id"], name="fk_xfer_actor_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_xfer_case_id"),
        sa.ForeignKeyConstraint(["credit", "unit"], ["acct.id", "acct.unit"], name="fk_xfer_credit_unit"),
        sa.ForeignKeyConstraint(["debit", "unit"], ["acct.id", "acct.unit"], name="fk_xfer_debit_unit"),
        sa.ForeignKeyConstraint(["pending_id"], ["xfer.id"], name="fk_xfer_pending_id"),
        sa.ForeignKeyConstraint(["reverses_id"], ["xfer.id"], name="fk_xfer_reverses_id"),
        sa.PrimaryKeyConstraint("id", name="pk_xfer"),
        sa.UniqueConstraint("idem", name="uq_xfer_idem"),
        sa.UniqueConstraint("pending_id", name="uq_xfer_pending_id"),
        sa.UniqueConstraint("reverses_id", name="uq_xfer_reverses_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_xfer_txn", "xfer", ["txn"])
    op.create_table(
        "posting",
        sa.Column("acct", ID, autoincrement=False, nullable=False),
        sa.Column("ver", ID, autoincrement=False, nullable=False),
        sa.Column("xfer", ID, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["acct"], ["acct.id"], name="fk_posting_acct"),
        sa.ForeignKeyConstraint(["xfer"], ["xfer.id"], name="fk_posting_xfer"),
        sa.PrimaryKeyConstraint("acct", "ver", name="pk_posting"),
    )
    op.create_index("ix_posting_xfer", "posting", ["xfer"])
    guards = {"sqlite": ledger_guards.SQLITE, "postgresql": ledger_guards.POSTGRES}
    for statement in guards[op.get_bind().dialect.name]:
        op.get_bind().exec_driver_sql(statement)


def _shop() -> None:
    op.create_table(
        "shops",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_shops_unit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_shops"),
        sa.UniqueConstraint("code", name="uq_shops_code"),
    )
    op.create_index("ix_shops_unit_id", "shops", ["unit_id"])
    op.create_table(
        "articles",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("measure", sa.Text(), server_default="件", nullable=False),
        sa.CheckConstraint("price > 0", name=op.f("ck_articles_price")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name="fk_articles_shop_id"),
        sa.PrimaryKeyConstraint("id", name="pk_articles"),
        sa.UniqueConstraint("shop_id", "code", name="uq_articles_shop_id_code"),
    )
    op.create_table(
        "redemptions",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("article_id", ID, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("points_hold", ID),
        sa.Column("stock_hold", ID),
        sa.Column("reserved_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("clerk_id", ID),
        sa.CheckConstraint(
            "state IN ('held', 'collected', 'cancelled', 'expired')", name=op.f("ck_redemptions_state")
        ),
        sa.CheckConstraint("count > 0 AND points > 0", name=op.f("ck_redemptions_amounts")),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name="fk_redemptions_article_id"),
        sa.ForeignKeyConstraint(["clerk_id"], ["people.id"], name="fk_redemptions_clerk_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_redemptions_person_id"),
        sa.ForeignKeyConstraint(["points_hold"], ["xfer.id"], name="fk_redemptions_points_hold"),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name="fk_redemptions_shop_id"),
        sa.ForeignKeyConstraint(["stock_hold"], ["xfer.id"], name="fk_redemptions_stock_hold"),
        sa.PrimaryKeyConstraint("id", name="pk_redemptions"),
    )
    op.create_index("ix_redemptions_person_id", "redemptions", ["person_id"])
    op.create_index("ix_redemptions_state_expires_at", "redemptions", ["state", "expires_at"])
    op.create_index(
        "uq_redemptions_held_code",
        "redemptions",
        ["shop_id", "code_hash"],
        unique=True,
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
