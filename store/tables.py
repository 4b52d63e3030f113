"""The whole schema, top to bottom. Times are UTC seconds.

The guards that no column can express (append-only journal, holds resolved once, balances moved by
movements alone) are triggers, in store/migrations/ledger_guards.py.
"""

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)
Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
FIRST_CASE = 1001


def _id(start: int = 1) -> sa.Column[int]:
    return sa.Column("id", Id, sa.Identity(start=start), primary_key=True)


def _ref(name: str, target: str, *, nullable: bool = False, index: bool = False) -> sa.Column[int]:
    return sa.Column(name, Id, sa.ForeignKey(target), nullable=nullable, index=index)


def _text(name: str, *, default: str | None = None, unique: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default=default, unique=unique)


def _number(name: str, *, default: str | None = None, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable, server_default=default)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())


# What this database is: schema-independent facts such as "sandbox" and the registry's revision.
meta = sa.Table("meta", metadata, sa.Column("key", sa.Text, primary_key=True), _text("value"))

# --- the registry: units of any depth, departments, people and their posts
units = sa.Table(
    "units",
    metadata,
    _id(),
    _text("code", unique=True),
    _text("name"),
    _text("level"),
    _ref("parent_id", "units.id", nullable=True, index=True),
    _text("kind", default=""),
    _number("households", nullable=True),
    _number("people", nullable=True),
    _text("group_webhook", default=""),
)
departments = sa.Table(
    "departments",
    metadata,
    _id(),
    _text("code", unique=True),
    _text("name"),
    _ref("unit_id", "units.id"),
    _text("group_webhook", default=""),
)
people = sa.Table(
    "people",
    metadata,
    _id(),
    _text("name", default=""),
    _text("phone", default=""),
    _ref("unit_id", "units.id", nullable=True),
    _number("created_at"),
    sa.Index("ix_people_phone", "phone"),
)
posts = sa.Table(
    "posts",
    metadata,
    _id(),
    _ref("person_id", "people.id", index=True),
    _text("role"),
    _ref("unit_id", "units.id", index=True),
    _ref("department_id", "departments.id", nullable=True),
)
accounts = sa.Table(
    "accounts",
    metadata,
    _id(),
    _text("channel"),
    _text("account"),
    _ref("person_id", "people.id", index=True),
    _ref("scanned_unit_id", "units.id", nullable=True),
    _number("scanned_at", default="0"),
    _number("wrong_tries", default="0"),
    _number("locked_until", default="0"),
    sa.Column("lat", sa.Float, nullable=True),
    sa.Column("lng", sa.Float, nullable=True),
    _text("label", default=""),
    _number("located_at", default="0"),
    _number("photo_at", default="0"),
    sa.UniqueConstraint("channel", "account"),
)
invitations = sa.Table(
    "invitations",
    metadata,
    _id(),
    _ref("person_id", "people.id", index=True),
    _text("code_hash", unique=True),
    _number("expires_at"),
    _number("used_at", nullable=True),
)

# Roads, compounds and firms by name: where they lie. A road through two villages has two rows.
places = sa.Table(
    "places",
    metadata,
    _id(),
    _text("code", default=""),
    _text("name"),
    _text("kind", default=""),
    _ref("unit_id", "units.id"),
    sa.UniqueConstraint("name", "unit_id"),
)

# --- cases and what happened to them
cases = sa.Table(
    "cases",
    metadata,
    _id(FIRST_CASE),
    _text("state"),
    _text("category"),
    _flag("uncertain"),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("words", sa.JSON, nullable=False),
    _text("runner_up", default=""),
    _text("rules_revision"),
    _text("urgent", default=""),
    _ref("unit_id", "units.id"),
    _text("text"),
    _text("place", default=""),
    sa.Column("lat", sa.Float, nullable=True),
    sa.Column("lng", sa.Float, nullable=True),
    _text("channel"),
    _ref("reporter_id", "people.id"),
    _ref("writer_id", "people.id", nullable=True),
    _ref("handler_id", "people.id", nullable=True),
    _ref("department_id", "departments.id", nullable=True),
    _flag("asked"),
    _flag("confirmed"),
    _text("token", unique=True),
    sa.Column("claim_hash", sa.Text, nullable=True, unique=True),
    _number("opened_at"),
    _number("due_at"),
    _number("resolved_at", nullable=True),
    _number("closed_at", nullable=True),
    _text("kind", default="report"),
    # A complaint's: who had the matter and may not have this.
    _ref("accused_id", "people.id", nullable=True),
    sa.CheckConstraint("kind IN ('report', 'suggestion', 'praise', 'complaint')", name="kind"),
    sa.Index("ix_cases_state_unit", "state", "unit_id", "id"),
    sa.Index("ix_cases_reporter", "reporter_id", "id"),
    sa.Index("ix_cases_handler", "handler_id", "id"),
    sqlite_autoincrement=True,
)
journal = sa.Table(
    "journal",
    metadata,
    _id(),
    _ref("case_id", "cases.id", index=True),
    _number("at"),
    _ref("actor_id", "people.id", nullable=True),
    _text("fact"),
    _text("from_state", default=""),
    _text("to_state", default=""),
    _text("note", default=""),
)
# Who was sent which case as likely the same: `case_id` came later. Nothing is merged by it.
doubles = sa.Table(
    "doubles",
    metadata,
    sa.Column("case_id", Id, sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    sa.Column("other_id", Id, sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False, index=True),
    sa.Column("alike", sa.Float, nullable=False),
    _number("at"),
    _ref("dismissed_by", "people.id", nullable=True),
    sa.CheckConstraint("other_id < case_id", name="order"),
)
# A case that a person joined to another: `from_state` is where it goes back to when they are parted.
merges = sa.Table(
    "merges",
    metadata,
    sa.Column("case_id", Id, sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    _ref("into_id", "cases.id", index=True),
    _text("from_state"),
    _ref("person_id", "people.id"),
    _number("at"),
    sa.CheckConstraint("into_id <> case_id", name="other"),
)
# What a dispatcher put right (改类): the rules learn from it, never by themselves.
corrections = sa.Table(
    "corrections",
    metadata,
    _id(),
    _ref("case_id", "cases.id", index=True),
    _text("before"),
    _text("after"),
    sa.Column("words", sa.JSON, nullable=False),
    _text("rules_revision"),
    _ref("person_id", "people.id"),
    _number("at"),
    sa.CheckConstraint("before <> after", name="change"),
    sa.Index("ix_corrections_at", "at"),
)
# An answer that looks empty or off topic waits here until a person rewrites it or lets it go.
held_answers = sa.Table(
    "held_answers",
    metadata,
    sa.Column("case_id", Id, sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    _text("kind"),
    _text("answer"),
    _ref("person_id", "people.id"),
    _number("at"),
    sa.Index("ix_held_answers_at", "at"),
    sa.CheckConstraint("kind IN ('empty', 'formula', 'off_topic')", name="kind"),
)
photos = sa.Table(
    "photos",
    metadata,
    _id(),
    _ref("case_id", "cases.id", nullable=True, index=True),
    _ref("account_id", "accounts.id", nullable=True),
    _number("at"),
    _text("media_id", default=""),
    sa.Column("jpeg", sa.LargeBinary, nullable=True),
    _text("state"),
    _number("tries", default="0"),
    _number("due_at"),
    sa.CheckConstraint("state IN ('kept', 'due', 'failed')", name="state"),
    sa.CheckConstraint("state <> 'kept' OR jpeg IS NOT NULL", name="kept"),
    sa.CheckConstraint("case_id IS NOT NULL OR account_id IS NOT NULL", name="owner"),
    sa.Index(
        "ix_photos_waiting",
        "account_id",
        sqlite_where=sa.text("case_id IS NULL"),
        postgresql_where=sa.text("case_id IS NULL"),
    ),
    sa.Index("ix_photos_state_due_at", "state", "due_at"),
)

# --- what came in, what must go out, what the clock has done
inbox = sa.Table(
    "inbox",
    metadata,
    _id(),
    _text("channel"),
    _text("message_id"),
    _number("received_at"),
    _text("state"),
    _text("reply", default=""),
    _ref("case_id", "cases.id", nullable=True),
    sa.Column("message", sa.JSON, nullable=True),
    _text("error", default=""),
    sa.UniqueConstraint("channel", "message_id"),
    sa.CheckConstraint("state IN ('done', 'refused', 'failed')", name="state"),
    sa.Index(
        "ix_inbox_failed",
        "id",
        sqlite_where=sa.text("state = 'failed'"),
        postgresql_where=sa.text("state = 'failed'"),
    ),
)
outbox = sa.Table(
    "outbox",
    metadata,
    _id(),
    _text("channel"),
    _text("address"),
    _ref("unit_id", "units.id", nullable=True),
    _text("format", default="text"),
    _text("text"),
    sa.Column("mentions", sa.JSON, nullable=False),
    _text("fact"),
    _ref("case_id", "cases.id", nullable=True),
    _text("idem", unique=True),
    _text("state"),
    _number("created_at"),
    _number("due_at"),
    _number("tries", default="0"),
    _number("sent_at", nullable=True),
    _text("error", default=""),
    sa.CheckConstraint("state IN ('due', 'sent', 'failed', 'forward', 'forwarded')", name="state"),
    sa.Index("ix_outbox_state_due_at", "state", "due_at", "channel", "address"),
    sa.Index("ix_outbox_case_id", "case_id"),
)
destinations = sa.Table(
    "destinations",
    metadata,
    sa.Column("channel", sa.Text, primary_key=True),
    sa.Column("address", sa.Text, primary_key=True),
    _number("lease_until", default="0"),
    sa.Column("sends", sa.JSON, nullable=False),
)
runs = sa.Table(
    "runs",
    metadata,
    sa.Column("job", sa.Text, primary_key=True),
    sa.Column("planned", sa.BigInteger, primary_key=True, autoincrement=False),
    _number("started_at"),
)

# --- check-ins
checkins = sa.Table(
    "checkins",
    metadata,
    _id(),
    _ref("person_id", "people.id"),
    _text("day"),
    _number("at"),
    _flag("late"),
    _ref("written_by", "people.id", nullable=True),
    sa.UniqueConstraint("person_id", "day"),
    sa.Index("ix_checkins_day", "day"),
)
leaves = sa.Table(
    "leaves",
    metadata,
    _id(),
    _ref("person_id", "people.id", index=True),
    _text("first_day"),
    _text("last_day"),
    _number("at"),
    sa.CheckConstraint("first_day <= last_day", name="order"),
)

# --- the ledger: one row per movement; the triggers alone move balances
acct = sa.Table(
    "acct",
    metadata,
    _id(),
    _text("kind"),
    _number("unit"),
    _number("owner", default="0"),
    sa.UniqueConstraint("kind", "unit", "owner"),
    sa.UniqueConstraint("id", "unit"),
    sa.CheckConstraint(
        "unit = 0 AND kind IN ('issuer', 'wallet', 'held', 'spent') "
        "OR unit > 0 AND kind IN ('supplier', 'shelf', 'reserved', 'given')",
        name="kind",
    ),
)
bal = sa.Table(
    "bal",
    metadata,
    sa.Column("acct", Id, sa.ForeignKey("acct.id"), primary_key=True, autoincrement=False),
    _number("posted", default="0"),
    _number("ver", default="0"),
    _number("floor", nullable=True),
    _number("last_xfer", default="0"),
    sa.CheckConstraint("floor IS NULL OR posted >= floor", name="floor"),
)
xfer = sa.Table(
    "xfer",
    metadata,
    _id(),
    _text("txn"),
    _text("kind"),
    sa.Column("debit", Id, nullable=False),
    sa.Column("credit", Id, nullable=False),
    _number("unit"),
    _number("amount"),
    _text("idem", unique=True),
    _text("digest"),
    _text("reason"),
    _ref("actor_id", "people.id", nullable=True),
    _ref("case_id", "cases.id", nullable=True),
    _number("at"),
    sa.Column("pending_id", Id, sa.ForeignKey("xfer.id"), nullable=True, unique=True),
    sa.Column("reverses_id", Id, sa.ForeignKey("xfer.id"), nullable=True, unique=True),
    sa.ForeignKeyConstraint(["debit", "unit"], ["acct.id", "acct.unit"]),
    sa.ForeignKeyConstraint(["credit", "unit"], ["acct.id", "acct.unit"]),
    sa.CheckConstraint("amount > 0", name="amount"),
    sa.CheckConstraint("debit <> credit", name="legs"),
    sa.CheckConstraint("kind IN ('move', 'hold', 'post', 'void', 'reverse')", name="kind"),
    sa.CheckConstraint("(kind IN ('post', 'void')) = (pending_id IS NOT NULL)", name="pending"),
    sa.CheckConstraint("(kind = 'reverse') = (reverses_id IS NOT NULL)", name="reverses"),
    sa.Index("ix_xfer_txn", "txn"),
    sqlite_autoincrement=True,
)
posting = sa.Table(
    "posting",
    metadata,
    sa.Column("acct", Id, sa.ForeignKey("acct.id"), primary_key=True, autoincrement=False),
    sa.Column("ver", Id, primary_key=True, autoincrement=False),
    _ref("xfer", "xfer.id", index=True),
    _number("amount"),
    _number("after"),
)

# --- the shop; stock is an account of the ledger, so it cannot be oversold
shops = sa.Table(
    "shops",
    metadata,
    _id(),
    _text("code", unique=True),
    _text("name"),
    _ref("unit_id", "units.id", index=True),
    _text("address", default=""),
)
articles = sa.Table(
    "articles",
    metadata,
    _id(),
    _ref("shop_id", "shops.id"),
    _text("code"),
    _text("name"),
    _number("price"),
    _text("measure", default="件"),
    sa.UniqueConstraint("shop_id", "code"),
    sa.CheckConstraint("price > 0", name="price"),
)
redemptions = sa.Table(
    "redemptions",
    metadata,
    _id(),
    _ref("shop_id", "shops.id"),
    _ref("person_id", "people.id", index=True),
    _ref("article_id", "articles.id"),
    _number("count"),
    _number("points"),
    _text("code_hash"),
    _text("state"),
    _ref("points_hold", "xfer.id", nullable=True),
    _ref("stock_hold", "xfer.id", nullable=True),
    _number("reserved_at"),
    _number("expires_at"),
    _number("ended_at", nullable=True),
    _ref("clerk_id", "people.id", nullable=True),
    sa.CheckConstraint("state IN ('held', 'collected', 'cancelled', 'expired')", name="state"),
    sa.CheckConstraint("count > 0 AND points > 0", name="amounts"),
    sa.Index(
        "uq_redemptions_held_code",
        "shop_id",
        "code_hash",
        unique=True,
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    ),
    sa.Index("ix_redemptions_state_expires_at", "state", "expires_at"),
)
