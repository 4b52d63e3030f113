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

# A person's browser: a link told in chat, used once, becomes a cookie. `work` is for those who hold a post.
sessions = sa.Table(
    "sessions",
    metadata,
    _id(),
    _ref("person_id", "people.id", index=True),
    _text("scope"),
    _text("path"),  # of the page the link leads to
    _text("link_hash", unique=True),
    _number("offered_at"),
    _number("link_until"),
    sa.Column("cookie_hash", sa.Text, nullable=True, unique=True),  # None until the link is used
    _number("expires_at", nullable=True),
    _number("ended_at", nullable=True),
    sa.CheckConstraint("scope IN ('me', 'work')", name="scope"),
    sa.CheckConstraint("(cookie_hash IS NULL) = (expires_at IS NULL)", name="begun"),
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
    _ref("application_id", "applications.id", nullable=True, index=True),
    _number("at"),
    _text("media_id", default=""),
    sa.Column("jpeg", sa.LargeBinary, nullable=True),
    _text("state"),
    _number("tries", default="0"),
    _number("due_at"),
    sa.CheckConstraint("state IN ('kept', 'due', 'failed')", name="state"),
    sa.CheckConstraint("state <> 'kept' OR jpeg IS NOT NULL", name="kept"),
    sa.CheckConstraint(
        "case_id IS NOT NULL OR account_id IS NOT NULL OR application_id IS NOT NULL", name="owner"
    ),
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
# A walk through the own grid 巡查. `state` left: open at midnight, dropped: started by mistake.
patrols = sa.Table(
    "patrols",
    metadata,
    _id(),
    _ref("person_id", "people.id"),
    _ref("unit_id", "units.id"),
    _text("day"),
    _text("half"),
    _number("started_at"),
    _number("ended_at", nullable=True),
    _text("state", default="open"),
    _text("note", default=""),
    sa.CheckConstraint("half IN ('morning', 'afternoon')", name="half"),
    sa.CheckConstraint("state IN ('open', 'done', 'short', 'left', 'dropped')", name="state"),
    sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="ended"),
    sa.CheckConstraint("ended_at >= started_at", name="order"),
    sa.Index(
        "uq_patrols_open",
        "person_id",
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    ),
    sa.Index("ix_patrols_day", "day"),
    sa.Index("ix_patrols_person", "person_id", "day"),
)
# Where its worker was, as sent in chat on the way and in no other way; deleted after some days.
track = sa.Table(
    "track",
    metadata,
    _id(),
    _ref("patrol_id", "patrols.id", index=True),
    _number("at"),
    sa.Column("lat", sa.Float, nullable=False),
    sa.Column("lng", sa.Float, nullable=False),
    _text("label", default=""),
    sa.Index("ix_track_at", "at"),
)

# --- surveys 问卷: who answered is kept apart from what was answered, and neither says when
surveys = sa.Table(
    "surveys",
    metadata,
    _id(),
    _ref("unit_id", "units.id"),  # who lives there may answer
    _ref("author_id", "people.id"),
    _text("title"),
    _text("last_day"),
    _text("state", default="draft"),
    sa.Column("questions", sa.JSON, nullable=False),  # {text, kind, choices} each
    _number("made_at"),
    _number("ended_at", nullable=True),
    sa.CheckConstraint("state IN ('draft', 'open', 'closed', 'dropped')", name="state"),
    sa.CheckConstraint("(state IN ('draft', 'open')) = (ended_at IS NULL)", name="ended"),
    sa.Index(
        "uq_surveys_draft",
        "author_id",
        unique=True,
        sqlite_where=sa.text("state = 'draft'"),
        postgresql_where=sa.text("state = 'draft'"),
    ),
    sa.Index("ix_surveys_state", "state", "last_day"),
)
respondents = sa.Table(
    "respondents",
    metadata,
    sa.Column("survey_id", Id, sa.ForeignKey("surveys.id"), primary_key=True, autoincrement=False),
    sa.Column("person_id", Id, sa.ForeignKey("people.id"), primary_key=True, autoincrement=False),
)
# How often each choice of a question was taken; both count from 0.
survey_counts = sa.Table(
    "survey_counts",
    metadata,
    sa.Column("survey_id", Id, sa.ForeignKey("surveys.id"), primary_key=True, autoincrement=False),
    sa.Column("question", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("choice", sa.BigInteger, primary_key=True, autoincrement=False),
    _number("times", default="0"),
    sa.CheckConstraint("times >= 0", name="times"),
)
# Free words. The key is drawn by lot: it does not tell in which order they came.
survey_words = sa.Table(
    "survey_words",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    _ref("survey_id", "surveys.id", index=True),
    _text("text"),
)

# --- households: who earns and spends together
households = sa.Table(
    "households",
    metadata,
    _id(),
    _text("code", unique=True),  # printed on the card
    _text("name", default=""),
    _ref("unit_id", "units.id", nullable=True, index=True),
    _text("pin_hash", default=""),
    _number("wrong_tries", default="0"),
    _number("locked_until", default="0"),
    _number("opened_at"),
    _number("closed_at", nullable=True),
    _flag("is_unlisted"),  # does not want to stand on the honour roll
    _number("pin_open_until", default="0"),  # until then a first PIN may be typed at the counter
)
members = sa.Table(
    "members",
    metadata,
    _id(),
    _ref("household_id", "households.id", index=True),
    _ref("person_id", "people.id", index=True),
    _number("since"),
    _number("until", nullable=True),
    _text("ended_by", default=""),  # moved | split | died
    sa.CheckConstraint("until IS NULL OR until >= since", name="order"),
    sa.CheckConstraint("(until IS NULL) = (ended_by = '')", name="ended"),
    sa.Index(
        "uq_members_current",
        "person_id",
        unique=True,
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    ),
)
# A village that wants to take a household in; the household, or who knows it, says yes to it.
moves = sa.Table(
    "moves",
    metadata,
    _id(),
    _ref("household_id", "households.id", index=True),
    _ref("unit_id", "units.id"),
    _ref("asked_by", "people.id"),
    _number("at"),
    _text("state", default="asked"),
    _ref("decided_by", "people.id", nullable=True),
    _number("decided_at", nullable=True),
    sa.CheckConstraint("state IN ('asked', 'done', 'dropped')", name="state"),
    sa.CheckConstraint("state <> 'done' OR decided_by IS NOT NULL", name="agreed"),
    sa.Index(
        "uq_moves_asked",
        "household_id",
        unique=True,
        sqlite_where=sa.text("state = 'asked'"),
        postgresql_where=sa.text("state = 'asked'"),
    ),
)
# A member who wants a household of the own, with a share of the points; somebody else says yes to it.
splits = sa.Table(
    "splits",
    metadata,
    _id(),
    _ref("household_id", "households.id", index=True),
    _ref("person_id", "people.id"),
    _number("points"),
    _number("at"),
    _text("state", default="asked"),
    _ref("decided_by", "people.id", nullable=True),
    _number("decided_at", nullable=True),
    _ref("new_id", "households.id", nullable=True),
    sa.CheckConstraint("state IN ('asked', 'done', 'dropped')", name="state"),
    sa.CheckConstraint("points >= 0", name="points"),
    sa.CheckConstraint("state <> 'done' OR points = 0 OR decided_by <> person_id", name="agreed"),
    sa.Index(
        "uq_splits_asked",
        "person_id",
        unique=True,
        sqlite_where=sa.text("state = 'asked'"),
        postgresql_where=sa.text("state = 'asked'"),
    ),
)

# --- the ledger: one row per movement; the triggers alone move balances
acct = sa.Table(
    "acct",
    metadata,
    _id(),
    _text("kind"),
    _number("unit"),
    _number("owner", default="0"),
    _number("cohort", default="0"),  # the last day its points are good, as 20271231; 0: for ever
    sa.UniqueConstraint("kind", "unit", "owner", "cohort"),
    sa.UniqueConstraint("id", "unit"),
    sa.CheckConstraint(
        "unit = 0 AND kind IN ('issuer', 'budget', 'wallet', 'held', 'spent', 'expired', 'penalty', 'debt') "
        "OR unit = -1 AND kind IN ('issuer', 'budget', 'score', 'penalty') "
        "OR unit > 0 AND kind IN ('supplier', 'shelf', 'reserved', 'given', 'damaged', 'counted')",
        name="kind",
    ),
    sa.CheckConstraint("cohort = 0 OR kind IN ('wallet', 'held')", name="cohort"),
    sa.Index(
        "ix_acct_expiring",
        "cohort",
        sqlite_where=sa.text("cohort > 0"),
        postgresql_where=sa.text("cohort > 0"),
    ),
)
bal = sa.Table(
    "bal",
    metadata,
    sa.Column("acct", Id, sa.ForeignKey("acct.id"), primary_key=True, autoincrement=False),
    _number("posted", default="0"),
    _number("ver", default="0"),
    _number("floor", nullable=True),
    _number("ceiling", nullable=True),
    _number("last_xfer", default="0"),
    sa.CheckConstraint("floor IS NULL OR posted >= floor", name="floor"),
    sa.CheckConstraint("ceiling IS NULL OR posted <= ceiling", name="ceiling"),
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
    _number("asked"),  # more than `amount` where a cap left room for less
    _number("amount"),
    _text("idem", unique=True),
    _text("digest"),
    _text("reason"),
    _ref("actor_id", "people.id", nullable=True),
    _ref("case_id", "cases.id", nullable=True),
    _number("at"),
    sa.Column("pending_id", Id, sa.ForeignKey("xfer.id"), nullable=True, unique=True),
    sa.Column("reverses_id", Id, sa.ForeignKey("xfer.id"), nullable=True, unique=True),
    sa.Column("refunds_id", Id, sa.ForeignKey("xfer.id"), nullable=True, index=True),
    # What an award is for.
    _text("rule", default=""),
    _text("revision", default=""),  # of the rule files
    _text("cause", default=""),  # case:1001, checkin:5:2026-11-23, application:7, list:3:12
    _text("day", default=""),  # local; the day it counts for, which may lie before the day of booking
    _ref("person_id", "people.id", nullable=True),  # who earned it
    sa.Column("application_id", Id, sa.ForeignKey("applications.id"), nullable=True, unique=True),
    sa.ForeignKeyConstraint(["debit", "unit"], ["acct.id", "acct.unit"]),
    sa.ForeignKeyConstraint(["credit", "unit"], ["acct.id", "acct.unit"]),
    sa.CheckConstraint("amount > 0", name="amount"),
    sa.CheckConstraint("asked = amount OR kind = 'award' AND asked > amount", name="asked"),
    sa.CheckConstraint("debit <> credit", name="legs"),
    sa.CheckConstraint(
        "kind IN ('grant', 'award', 'family', 'hold', 'post', 'void', 'sale', 'refund', 'expire', 'penalty', "
        "'lend', 'repay', 'restock', 'damage', 'count', 'reverse')",
        name="kind",
    ),
    sa.CheckConstraint("(kind IN ('post', 'void')) = (pending_id IS NOT NULL)", name="pending"),
    sa.CheckConstraint("(kind = 'reverse') = (reverses_id IS NOT NULL)", name="reverses"),
    sa.CheckConstraint("(kind = 'refund') = (refunds_id IS NOT NULL)", name="refunds"),
    sa.CheckConstraint(
        "kind <> 'award' OR rule <> '' AND cause <> '' AND day <> '' AND person_id IS NOT NULL", name="award"
    ),
    sa.CheckConstraint("application_id IS NULL OR kind = 'award'", name="application"),
    sa.Index("ix_xfer_txn", "txn"),
    sa.Index("ix_xfer_person_day", "person_id", "day"),
    sa.Index(
        "ix_xfer_earned",
        "credit",
        "day",
        sqlite_where=sa.text("kind = 'award'"),
        postgresql_where=sa.text("kind = 'award'"),
    ),
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

# --- what may be issued: a budget a town, year and group of rules; caps a day and a month
budgets = sa.Table(
    "budgets",
    metadata,
    _id(),
    _ref("unit_id", "units.id"),
    _number("year"),
    _text("rule_group"),
    _number("unit"),  # of the ledger: shop points or assessment points
    sa.UniqueConstraint("unit_id", "year", "rule_group", "unit"),
)
caps = sa.Table(
    "caps",
    metadata,
    sa.Column("rule", sa.Text, primary_key=True),  # "" for all rules together
    sa.Column("subject", sa.Text, primary_key=True),  # person | household
    sa.Column("subject_id", Id, primary_key=True, autoincrement=False),
    sa.Column("period", sa.Text, primary_key=True),  # 2026-11-23 or 2026-11
    sa.Column("unit", sa.BigInteger, primary_key=True, autoincrement=False),
    _number("used"),
    _number("most"),
    sa.CheckConstraint("subject IN ('person', 'household')", name="subject"),
    sa.CheckConstraint("used >= 0 AND used <= most", name="used"),
)
# Awards that could not be booked when they were due; paid as soon as the obstacle is gone.
withheld = sa.Table(
    "withheld",
    metadata,
    _id(),
    _text("idem", unique=True),
    _ref("household_id", "households.id", nullable=True, index=True),
    sa.Column("award", sa.JSON, nullable=False),
    _text("why"),
    _number("at"),
    _number("paid_at", nullable=True),
    _text("came_with", default=""),  # the txn by which it came to this household from another
    sa.CheckConstraint("why IN ('frozen', 'halted', 'budget')", name="why"),
    sa.Index("ix_withheld_paid_at", "paid_at", "id"),
)
freezes = sa.Table(
    "freezes",
    metadata,
    _id(),
    _ref("household_id", "households.id"),
    _text("reason"),
    _ref("by_id", "people.id"),
    _number("at"),
    _text("appeal", default=""),
    _number("appealed_at", nullable=True),
    _ref("decided_by", "people.id", nullable=True),
    _number("decided_at", nullable=True),
    sa.Column("is_upheld", sa.Boolean, nullable=True),  # the appeal was
    _ref("lifted_by", "people.id", nullable=True),
    _number("lifted_at", nullable=True),
    sa.CheckConstraint("decided_by IS NULL OR decided_by <> by_id", name="judge"),
    sa.Index(
        "uq_freezes_open",
        "household_id",
        unique=True,
        sqlite_where=sa.text("lifted_at IS NULL"),
        postgresql_where=sa.text("lifted_at IS NULL"),
    ),
)
penalties = sa.Table(
    "penalties",
    metadata,
    _id(),
    _ref("household_id", "households.id", index=True),
    _number("points"),
    _text("reason"),
    _ref("by_id", "people.id"),
    _number("at"),
    _ref("xfer_id", "xfer.id"),
    _text("appeal", default=""),
    _number("appealed_at", nullable=True),
    _ref("decided_by", "people.id", nullable=True),
    _number("decided_at", nullable=True),
    sa.Column("is_upheld", sa.Boolean, nullable=True),  # the appeal was
    sa.CheckConstraint("points > 0", name="points"),
    sa.CheckConstraint("decided_by IS NULL OR decided_by <> by_id", name="judge"),
)
# An award taken back: a large one by two people.
reversals = sa.Table(
    "reversals",
    metadata,
    _id(),
    _ref("xfer_id", "xfer.id", index=True),
    _ref("household_id", "households.id"),
    _text("reason"),
    _ref("by_id", "people.id"),
    _number("at"),
    _text("state"),
    _ref("decided_by", "people.id", nullable=True),
    _number("decided_at", nullable=True),
    sa.CheckConstraint("state IN ('asked', 'done', 'dropped')", name="state"),
    sa.CheckConstraint("decided_by IS NULL OR decided_by <> by_id", name="four_eyes"),
    sa.Index(
        "uq_reversals_standing",
        "xfer_id",
        unique=True,
        sqlite_where=sa.text("state <> 'dropped'"),
        postgresql_where=sa.text("state <> 'dropped'"),
    ),
)

# --- points by application: applied for, checked, approved, public for some days, then posted
applications = sa.Table(
    "applications",
    metadata,
    _id(),
    _text("rule"),
    _text("revision"),
    _ref("person_id", "people.id", index=True),  # who did it and earns
    _ref("household_id", "households.id"),
    _ref("unit_id", "units.id"),
    _text("day"),
    _text("text"),
    _number("points"),
    _text("evidence", default=""),  # SHA-256 of the photos
    _text("state"),
    _ref("writer_id", "people.id"),
    _number("at"),
    _ref("proposer_id", "people.id", nullable=True),
    _number("proposed_at", nullable=True),
    _ref("approver_id", "people.id", nullable=True),
    _number("approved_at", nullable=True),
    _number("public_until", nullable=True),
    _number("ended_at", nullable=True),
    _text("note", default=""),
    _ref("ended_by", "people.id", nullable=True),  # who refused it, or took it back
    sa.CheckConstraint(
        "state IN ('applied', 'proposed', 'public', 'disputed', 'posted', 'refused')", name="state"
    ),
    sa.CheckConstraint("points > 0", name="points"),
    sa.CheckConstraint("proposer_id <> approver_id", name="four_eyes"),
    sa.CheckConstraint("proposer_id <> person_id AND approver_id <> person_id", name="not_oneself"),
    sa.CheckConstraint(
        "state NOT IN ('public', 'disputed', 'posted') OR proposer_id IS NOT NULL "
        "AND approver_id IS NOT NULL AND public_until >= approved_at",
        name="approved",
    ),
    sa.CheckConstraint("state <> 'posted' OR ended_at >= public_until", name="published"),
    sa.Index("ix_applications_state", "state", "public_until", "id"),
    sa.Index("ix_applications_unit", "unit_id", "state", "id"),
)
objections = sa.Table(
    "objections",
    metadata,
    _id(),
    _ref("application_id", "applications.id", index=True),
    _ref("person_id", "people.id"),
    _text("text"),
    _number("at"),
    _text("state", default="open"),
    _ref("decided_by", "people.id", nullable=True),
    _number("decided_at", nullable=True),
    _text("decision", default=""),
    sa.CheckConstraint("state IN ('open', 'refused', 'upheld', 'dropped')", name="state"),
    sa.CheckConstraint("(state IN ('refused', 'upheld')) = (decided_by IS NOT NULL)", name="decided"),
    sa.CheckConstraint("decided_by IS NULL OR decided_by <> person_id", name="judge"),
    sa.Index(
        "uq_objections_open",
        "application_id",
        "person_id",
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    ),
)
batches = sa.Table(
    "batches",
    metadata,
    _id(),
    _text("month"),
    _text("rule"),
    _text("digest", unique=True),  # SHA-256 of the sheet's rows
    _text("state"),
    _ref("unit_id", "units.id"),
    _ref("proposer_id", "people.id"),
    _ref("approver_id", "people.id", nullable=True),
    _number("at"),
    _number("ended_at", nullable=True),
    sa.Column("lines", sa.JSON, nullable=False),  # {line, household, person, points, reason, idem} each
    sa.CheckConstraint("state IN ('proposed', 'posted', 'dropped')", name="state"),
    sa.CheckConstraint("proposer_id <> approver_id", name="four_eyes"),
    sa.CheckConstraint("state <> 'posted' OR approver_id IS NOT NULL", name="approved"),
)
# Lists that were booked whole: the same again is told without a look at its lines.
booked_lists = sa.Table(
    "booked_lists",
    metadata,
    _id(),
    _text("digest", unique=True),  # SHA-256 of everything that was asked
    _text("txn"),
    _number("lines"),
    _number("at"),
    sa.CheckConstraint("lines > 0", name="lines"),
)

# --- proof: sealed blocks, month-end statements, nightly reconciliations, looks at personal data
blocks = sa.Table(
    "blocks",
    metadata,
    _id(),
    _text("previous"),
    _text("hash", unique=True),
    _number("count"),
    _number("sealed_at"),
    sa.Index("uq_blocks_previous", "previous", unique=True),  # one chain, no fork
)
block_items = sa.Table(
    "block_items",
    metadata,
    sa.Column("xfer", Id, sa.ForeignKey("xfer.id"), primary_key=True, autoincrement=False),
    _ref("block_id", "blocks.id", index=True),
    _text("hash"),
)
statements = sa.Table(
    "statements",
    metadata,
    sa.Column("household_id", Id, sa.ForeignKey("households.id"), primary_key=True, autoincrement=False),
    sa.Column("month", sa.Text, primary_key=True),
    _number("cut"),  # the last movement in it
    _number("opening"),
    _number("earned"),
    _number("spent"),
    _number("expired"),
    _number("other"),
    _number("closing"),
    _number("made_at"),
    sa.CheckConstraint("opening + earned - spent - expired + other = closing", name="sum"),
)
reconciliations = sa.Table(
    "reconciliations",
    metadata,
    _id(),
    _number("at"),
    _number("movements"),
    sa.Column("findings", sa.JSON, nullable=False),
)
looks = sa.Table(
    "looks",
    metadata,
    _id(),
    _number("at"),
    _ref("actor_id", "people.id"),
    _text("subject"),  # household:7, person:5
    _text("why"),
    sa.Index("ix_looks_subject", "subject"),
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
    sa.Column("opening", sa.JSON, nullable=True),  # when goods are handed out; None: at any time
    _number("code_tries", default="0"),
    _number("locked_until", default="0"),
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
    _flag("is_service"),  # a haircut, a hall for a day: nothing on a shelf
    _flag("is_withdrawn"),
    _number("most_a_month", nullable=True),  # pieces a household
    _number("low_stock", default="0"),  # pieces; the group is warned when the shelf falls to it
    _text("supplier", default=""),
    _text("best_before", default=""),  # YYYY-MM-DD
    sa.Column("photo", sa.LargeBinary, nullable=True),
    sa.UniqueConstraint("shop_id", "code"),
    sa.CheckConstraint("price > 0", name="price"),
)
redemptions = sa.Table(
    "redemptions",
    metadata,
    _id(),
    _ref("shop_id", "shops.id"),
    _ref("household_id", "households.id", index=True),
    _ref("person_id", "people.id", nullable=True, index=True),  # who ordered; None: a card did
    _text("channel"),
    _text("code_hash", default=""),
    _text("state"),
    _flag("is_delivery"),
    _number("reserved_at"),
    _number("expires_at"),
    _number("ended_at", nullable=True),
    _ref("clerk_id", "people.id", nullable=True),
    _text("collector", default=""),  # member | card | proxy | delivery
    _ref("proxy_id", "people.id", nullable=True),
    _text("address", default=""),  # where it is brought to
    sa.CheckConstraint("state IN ('held', 'collected', 'cancelled', 'expired')", name="state"),
    sa.CheckConstraint("channel IN ('chat', 'page', 'counter', 'offline')", name="channel"),
    sa.CheckConstraint("collector IN ('', 'member', 'card', 'proxy', 'delivery')", name="collector"),
    sa.CheckConstraint(
        "state <> 'collected' OR clerk_id IS NOT NULL AND collector <> '' AND ended_at IS NOT NULL",
        name="handed_over",
    ),
    sa.CheckConstraint("(collector = 'proxy') <= (proxy_id IS NOT NULL)", name="proxy"),
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
# One line, one article; its movements share `txn`.
redemption_lines = sa.Table(
    "redemption_lines",
    metadata,
    _id(),
    _ref("redemption_id", "redemptions.id", index=True),
    _ref("article_id", "articles.id", index=True),
    _number("count"),
    _number("price"),  # points a piece, when it was ordered
    _text("state"),
    _text("txn", unique=True),
    _number("returned", default="0"),  # pieces that came back
    _number("at"),
    _number("ended_at", nullable=True),
    # One order may be picked up in parts, by different people.
    _ref("clerk_id", "people.id", nullable=True),
    _text("collector", default=""),
    _ref("proxy_id", "people.id", nullable=True),
    sa.CheckConstraint("state IN ('held', 'collected', 'cancelled', 'expired')", name="state"),
    sa.CheckConstraint("count > 0 AND price > 0 AND returned >= 0 AND returned <= count", name="amounts"),
    sa.CheckConstraint("collector IN ('', 'member', 'card', 'proxy', 'delivery')", name="collector"),
    sa.CheckConstraint(
        "(state = 'collected') = (clerk_id IS NOT NULL AND collector <> '')", name="handed_over"
    ),
    sa.CheckConstraint("collector <> 'proxy' OR proxy_id IS NOT NULL", name="proxy"),
)
stock_takes = sa.Table(
    "stock_takes",
    metadata,
    _id(),
    _ref("article_id", "articles.id", index=True),
    _number("expected"),
    _number("counted"),
    _text("reason"),
    _ref("by_id", "people.id"),
    _number("at"),
    sa.CheckConstraint("counted >= 0", name="counted"),
)
# A shop without network sells against points that were held when its list was signed.
voucher_lists = sa.Table(
    "voucher_lists",
    metadata,
    _id(),
    _ref("shop_id", "shops.id", index=True),
    _text("device"),
    _ref("signed_by", "people.id"),
    _number("signed_at"),
    _number("expires_at"),
    _text("signature"),
    _number("closed_at", nullable=True),
    _text("terms", default=""),  # what was signed, as JSON: until when, which vouchers, at which prices
)
vouchers = sa.Table(
    "vouchers",
    metadata,
    _id(),
    _ref("list_id", "voucher_lists.id", index=True),
    _ref("household_id", "households.id"),
    _number("points"),
    _text("txn", unique=True),
    _text("state", default="held"),
    _text("use_digest", default=""),  # SHA-256 of the sale as the device wrote it
    _number("used_at", nullable=True),
    _ref("redemption_id", "redemptions.id", nullable=True),
    sa.CheckConstraint("state IN ('held', 'used', 'returned')", name="state"),
    sa.CheckConstraint("points > 0", name="points"),
    sa.UniqueConstraint("list_id", "household_id"),
)
# A sale that a device brought and that was not booked: the goods are gone, people must look into it.
voucher_refusals = sa.Table(
    "voucher_refusals",
    metadata,
    _id(),
    _ref("voucher_id", "vouchers.id"),
    _text("digest"),  # SHA-256 of the sale as the device wrote it
    _text("goods"),
    _text("reason"),
    _ref("by_id", "people.id"),
    _number("at"),
    # A supervisor looked into it.
    _ref("seen_by", "people.id", nullable=True),
    _number("seen_at", nullable=True),
    _text("note", default=""),
    sa.UniqueConstraint("voucher_id", "digest"),
)
