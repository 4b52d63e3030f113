"""Households, budgets, caps, applications and proof for the ledger; baskets, returns and vouchers for the shop.

What the first schema booked is carried over: every wallet becomes a household's, every movement keeps its
number, and its kind is named by what it did. Tables whose checks change are copied aside, made anew and filled
again, which both databases do alike.
"""

import hashlib
import json
import secrets
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import sqlalchemy as sa
from alembic import op

from store.migrations import ledger_guards_2

revision = "0004"
down_revision = "0003"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
REMADE = ("photos", "redemptions", "articles", "shops", "posting", "bal", "xfer", "acct")  # who refers first
ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
TOWN = timezone(timedelta(hours=8))


def upgrade() -> None:
    for table in REMADE:
        _run(f"CREATE TEMPORARY TABLE old_{table} AS SELECT * FROM {table}")
        _run(f"DROP TABLE {table}")
    _drop_functions()
    _households()
    _applications()
    _ledger()
    _limits()
    _proof()
    _shop()
    _carry_over()
    for statement in _guards():
        op.get_bind().exec_driver_sql(statement)
    for table in REMADE:
        _run(f"DROP TABLE old_{table}")


def downgrade() -> None:
    raise RuntimeError("points and households cannot be taken apart again: restore a backup instead")


def _run(statement: str, **values: Any) -> sa.CursorResult[Any]:
    return op.get_bind().execute(sa.text(statement), values)


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _guards() -> list[str]:
    return ledger_guards_2.SQLITE if _is_sqlite() else ledger_guards_2.POSTGRES


def _drop_functions() -> None:
    """Their triggers went with their tables."""
    if not _is_sqlite():
        for name in ("ledger_checks", "ledger_books", "ledger_refuses", "ledger_opens"):
            _run(f"DROP FUNCTION {name}()")


# --- what was there


def _carry_over() -> None:
    _run(
        "INSERT INTO shops (id, code, name, unit_id, address) SELECT id, code, name, unit_id, address FROM old_shops"
    )
    _run(
        "INSERT INTO articles (id, shop_id, code, name, price, measure) "
        "SELECT id, shop_id, code, name, price, measure FROM old_articles"
    )
    _run(
        "INSERT INTO photos (id, case_id, account_id, at, media_id, jpeg, state, tries, due_at) "
        "SELECT id, case_id, account_id, at, media_id, jpeg, state, tries, due_at FROM old_photos"
    )
    _open_households()
    _run("INSERT INTO acct (id, kind, unit, owner) SELECT id, kind, unit, owner FROM old_acct ORDER BY id")
    _run(
        "INSERT INTO bal (acct, posted, ver, floor, last_xfer) SELECT acct, posted, ver, floor, last_xfer FROM old_bal"
    )
    _carry_movements()
    _run(
        "INSERT INTO posting (acct, ver, xfer, amount, after) SELECT acct, ver, xfer, amount, after FROM old_posting"
    )
    _carry_redemptions()
    for table in ("households", "members", "acct", "xfer", "shops", "articles", "redemptions", "photos"):
        _go_on_numbering(table)


def _open_households() -> None:
    """Whoever has a wallet has a household of one, with the wallet's number."""
    rows = _run(
        "SELECT p.id, p.name, p.unit_id, p.created_at FROM people p WHERE p.id IN "
        "(SELECT owner FROM old_acct WHERE kind IN ('wallet', 'held')) ORDER BY p.id"
    ).all()
    for person_id, name, unit_id, created_at in map(tuple, rows):
        code = "".join(secrets.choice(ALPHABET) for _ in range(8))
        _run(
            "INSERT INTO households (id, code, name, unit_id, opened_at) VALUES (:id, :code, :name, :unit_id, :at)",
            id=person_id,
            code=code,
            name=name,
            unit_id=unit_id,
            at=created_at,
        )
        _run(
            "INSERT INTO members (household_id, person_id, since) VALUES (:id, :id, :at)",
            id=person_id,
            at=created_at,
        )


def _carry_movements() -> None:
    rows = _run(
        "SELECT x.*, d.kind AS from_kind, c.kind AS to_kind, c.owner AS taker FROM old_xfer x "
        "JOIN old_acct d ON d.id = x.debit JOIN old_acct c ON c.id = x.credit ORDER BY x.id"
    ).mappings()
    for row in rows.all():
        values = _movement(row)
        columns = ", ".join(values)
        places = ", ".join(f":{name}" for name in values)
        _run(f"INSERT INTO xfer ({columns}) VALUES ({places})", **values)


def _movement(row: Any) -> dict[str, Any]:
    """An old movement in the new form: its kind says what it did."""
    kinds = {("issuer", "wallet"): "award", ("supplier", "shelf"): "restock", ("wallet", "wallet"): "family"}
    kept = (
        "txn",
        "debit",
        "credit",
        "unit",
        "amount",
        "reason",
        "actor_id",
        "case_id",
        "pending_id",
        "reverses_id",
    )
    values = {name: row[name] for name in kept}
    values["kind"] = kinds[row["from_kind"], row["to_kind"]] if row["kind"] == "move" else row["kind"]
    values |= {
        "refunds_id": None,
        "rule": "",
        "cause": "",
        "day": "",
        "person_id": None,
        "application_id": None,
    }
    if values["kind"] == "award":
        named = row["idem"].split(":")
        is_case = named[0] == "award"
        values["rule"] = (named[1] if is_case else named[0]) or "award"
        values["cause"] = f"case:{row['case_id']}" if row["case_id"] else row["idem"]
        values["day"] = datetime.fromtimestamp(row["at"], UTC).astimezone(TOWN).date().isoformat()
        values["person_id"] = row["taker"]
    request = {name: value for name, value in values.items() if name != "amount"} | {
        "asked": values["amount"]
    }
    text = json.dumps(request, sort_keys=True, ensure_ascii=False)
    values |= {"asked": values["amount"], "digest": hashlib.sha256(text.encode()).hexdigest()}
    return values | {"id": row["id"], "idem": row["idem"], "at": row["at"]}


def _carry_redemptions() -> None:
    """One article each so far; what was handed over was handed to whoever ordered it."""
    _run(
        "INSERT INTO redemptions (id, shop_id, household_id, person_id, channel, code_hash, state, reserved_at, "
        "expires_at, ended_at, clerk_id, collector) SELECT id, shop_id, person_id, person_id, 'chat', code_hash, "
        "state, reserved_at, expires_at, ended_at, clerk_id, CASE state WHEN 'collected' THEN 'member' ELSE '' END "
        "FROM old_redemptions"
    )
    _run(
        "INSERT INTO redemption_lines (redemption_id, article_id, count, price, state, txn, at, ended_at) "
        "SELECT id, article_id, count, points / count, state, 'redeem:' || id, reserved_at, ended_at "
        "FROM old_redemptions ORDER BY id"
    )


def _go_on_numbering(table: str) -> None:
    if not _is_sqlite():
        _run(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), MAX(id)) FROM {table} HAVING COUNT(*) > 0"
        )


# --- the tables
def _households() -> None:
    op.create_table(
        "households",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("unit_id", ID, nullable=True),
        sa.Column("pin_hash", sa.Text(), server_default="", nullable=False),
        sa.Column("wrong_tries", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("locked_until", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_households_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_households")),
        sa.UniqueConstraint("code", name=op.f("uq_households_code")),
    )
    op.create_index(op.f("ix_households_unit_id"), "households", ["unit_id"], unique=False)
    op.create_table(
        "members",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("household_id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("(until IS NULL) = (ended_by = '')", name=op.f("ck_members_ended")),
        sa.CheckConstraint("until IS NULL OR until >= since", name=op.f("ck_members_order")),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_members_household_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_members_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_members")),
    )
    op.create_index(op.f("ix_members_household_id"), "members", ["household_id"], unique=False)
    op.create_index(op.f("ix_members_person_id"), "members", ["person_id"], unique=False)
    op.create_index(
        "uq_members_current",
        "members",
        ["person_id"],
        unique=True,
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )


def _applications() -> None:
    op.create_table(
        "applications",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("household_id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("evidence", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("writer_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("proposer_id", ID, nullable=True),
        sa.Column("proposed_at", sa.BigInteger(), nullable=True),
        sa.Column("approver_id", ID, nullable=True),
        sa.Column("approved_at", sa.BigInteger(), nullable=True),
        sa.Column("public_until", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "state <> 'posted' OR ended_at >= public_until", name=op.f("ck_applications_published")
        ),
        sa.CheckConstraint(
            "state IN ('applied', 'proposed', 'public', 'disputed', 'posted', 'refused')",
            name=op.f("ck_applications_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('public', 'disputed', 'posted') OR proposer_id IS NOT NULL AND approver_id IS NOT NULL AND public_until >= approved_at",
            name=op.f("ck_applications_approved"),
        ),
        sa.CheckConstraint("points > 0", name=op.f("ck_applications_points")),
        sa.CheckConstraint("proposer_id <> approver_id", name=op.f("ck_applications_four_eyes")),
        sa.CheckConstraint(
            "proposer_id <> person_id AND approver_id <> person_id", name=op.f("ck_applications_not_oneself")
        ),
        sa.ForeignKeyConstraint(["approver_id"], ["people.id"], name=op.f("fk_applications_approver_id")),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_applications_household_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_applications_person_id")),
        sa.ForeignKeyConstraint(["proposer_id"], ["people.id"], name=op.f("fk_applications_proposer_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_applications_unit_id")),
        sa.ForeignKeyConstraint(["writer_id"], ["people.id"], name=op.f("fk_applications_writer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_applications")),
    )
    op.create_index(op.f("ix_applications_person_id"), "applications", ["person_id"], unique=False)
    op.create_index("ix_applications_state", "applications", ["state", "public_until", "id"], unique=False)
    op.create_index("ix_applications_unit", "applications", ["unit_id", "state", "id"], unique=False)
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
        sa.CheckConstraint("(state = 'open') = (decided_by IS NULL)", name=op.f("ck_objections_decided")),
        sa.CheckConstraint("state IN ('open', 'refused', 'upheld')", name=op.f("ck_objections_state")),
        sa.CheckConstraint("decided_by IS NULL OR decided_by <> person_id", name=op.f("ck_objections_judge")),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name=op.f("fk_objections_application_id")
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["people.id"], name=op.f("fk_objections_decided_by")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_objections_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objections")),
    )
    op.create_index(op.f("ix_objections_application_id"), "objections", ["application_id"], unique=False)
    op.create_table(
        "batches",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("proposer_id", ID, nullable=False),
        sa.Column("approver_id", ID, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.CheckConstraint("state <> 'posted' OR approver_id IS NOT NULL", name=op.f("ck_batches_approved")),
        sa.CheckConstraint("state IN ('proposed', 'posted', 'dropped')", name=op.f("ck_batches_state")),
        sa.CheckConstraint("proposer_id <> approver_id", name=op.f("ck_batches_four_eyes")),
        sa.ForeignKeyConstraint(["approver_id"], ["people.id"], name=op.f("fk_batches_approver_id")),
        sa.ForeignKeyConstraint(["proposer_id"], ["people.id"], name=op.f("fk_batches_proposer_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_batches_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
        sa.UniqueConstraint("digest", name=op.f("uq_batches_digest")),
    )
    op.create_table(
        "photos",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("case_id", ID, nullable=True),
        sa.Column("account_id", ID, nullable=True),
        sa.Column("application_id", ID, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("media_id", sa.Text(), server_default="", nullable=False),
        sa.Column("jpeg", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("state <> 'kept' OR jpeg IS NOT NULL", name=op.f("ck_photos_kept")),
        sa.CheckConstraint("state IN ('kept', 'due', 'failed')", name=op.f("ck_photos_state")),
        sa.CheckConstraint(
            "case_id IS NOT NULL OR account_id IS NOT NULL OR application_id IS NOT NULL",
            name=op.f("ck_photos_owner"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_photos_account_id")),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name=op.f("fk_photos_application_id")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_photos_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photos")),
    )
    op.create_index(op.f("ix_photos_application_id"), "photos", ["application_id"], unique=False)
    op.create_index(op.f("ix_photos_case_id"), "photos", ["case_id"], unique=False)
    op.create_index("ix_photos_state_due_at", "photos", ["state", "due_at"], unique=False)
    op.create_index(
        "ix_photos_waiting",
        "photos",
        ["account_id"],
        unique=False,
        sqlite_where=sa.text("case_id IS NULL"),
        postgresql_where=sa.text("case_id IS NULL"),
    )


def _ledger() -> None:
    op.create_table(
        "acct",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("unit", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cohort", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("cohort = 0 OR kind IN ('wallet', 'held')", name=op.f("ck_acct_cohort")),
        sa.CheckConstraint(
            "unit = 0 AND kind IN ('issuer', 'budget', 'wallet', 'held', 'spent', 'expired', 'penalty', 'debt') OR unit = -1 AND kind IN ('issuer', 'budget', 'score', 'penalty') OR unit > 0 AND kind IN ('supplier', 'shelf', 'reserved', 'given', 'damaged', 'counted')",
            name=op.f("ck_acct_kind"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acct")),
        sa.UniqueConstraint("id", "unit", name=op.f("uq_acct_id_unit")),
        sa.UniqueConstraint("kind", "unit", "owner", "cohort", name=op.f("uq_acct_kind_unit_owner_cohort")),
    )
    op.create_table(
        "bal",
        sa.Column("acct", ID, autoincrement=False, nullable=False),
        sa.Column("posted", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("ver", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("floor", sa.BigInteger(), nullable=True),
        sa.Column("ceiling", sa.BigInteger(), nullable=True),
        sa.Column("last_xfer", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("ceiling IS NULL OR posted <= ceiling", name=op.f("ck_bal_ceiling")),
        sa.CheckConstraint("floor IS NULL OR posted >= floor", name=op.f("ck_bal_floor")),
        sa.ForeignKeyConstraint(["acct"], ["acct.id"], name=op.f("fk_bal_acct")),
        sa.PrimaryKeyConstraint("acct", name=op.f("pk_bal")),
    )
    op.create_table(
        "xfer",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("txn", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("debit", ID, nullable=False),
        sa.Column("credit", ID, nullable=False),
        sa.Column("unit", sa.BigInteger(), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("idem", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor_id", ID, nullable=True),
        sa.Column("case_id", ID, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("pending_id", ID, nullable=True),
        sa.Column("reverses_id", ID, nullable=True),
        sa.Column("refunds_id", ID, nullable=True),
        sa.Column("rule", sa.Text(), server_default="", nullable=False),
        sa.Column("revision", sa.Text(), server_default="", nullable=False),
        sa.Column("cause", sa.Text(), server_default="", nullable=False),
        sa.Column("day", sa.Text(), server_default="", nullable=False),
        sa.Column("person_id", ID, nullable=True),
        sa.Column("application_id", ID, nullable=True),
        sa.CheckConstraint("(kind = 'refund') = (refunds_id IS NOT NULL)", name=op.f("ck_xfer_refunds")),
        sa.CheckConstraint("(kind = 'reverse') = (reverses_id IS NOT NULL)", name=op.f("ck_xfer_reverses")),
        sa.CheckConstraint(
            "(kind IN ('post', 'void')) = (pending_id IS NOT NULL)", name=op.f("ck_xfer_pending")
        ),
        sa.CheckConstraint("application_id IS NULL OR kind = 'award'", name=op.f("ck_xfer_application")),
        sa.CheckConstraint("asked = amount OR kind = 'award' AND asked > amount", name=op.f("ck_xfer_asked")),
        sa.CheckConstraint(
            "kind <> 'award' OR rule <> '' AND cause <> '' AND day <> '' AND person_id IS NOT NULL",
            name=op.f("ck_xfer_award"),
        ),
        sa.CheckConstraint(
            "kind IN ('grant', 'award', 'family', 'hold', 'post', 'void', 'sale', 'refund', 'expire', 'penalty', 'lend', 'repay', 'restock', 'damage', 'count', 'reverse')",
            name=op.f("ck_xfer_kind"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_xfer_amount")),
        sa.CheckConstraint("debit <> credit", name=op.f("ck_xfer_legs")),
        sa.ForeignKeyConstraint(["actor_id"], ["people.id"], name=op.f("fk_xfer_actor_id")),
        sa.ForeignKeyConstraint(["application_id"], ["applications.id"], name=op.f("fk_xfer_application_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_xfer_case_id")),
        sa.ForeignKeyConstraint(
            ["credit", "unit"], ["acct.id", "acct.unit"], name=op.f("fk_xfer_credit_unit")
        ),
        sa.ForeignKeyConstraint(["debit", "unit"], ["acct.id", "acct.unit"], name=op.f("fk_xfer_debit_unit")),
        sa.ForeignKeyConstraint(["pending_id"], ["xfer.id"], name=op.f("fk_xfer_pending_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_xfer_person_id")),
        sa.ForeignKeyConstraint(["refunds_id"], ["xfer.id"], name=op.f("fk_xfer_refunds_id")),
        sa.ForeignKeyConstraint(["reverses_id"], ["xfer.id"], name=op.f("fk_xfer_reverses_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_xfer")),
        sa.UniqueConstraint("application_id", name=op.f("uq_xfer_application_id")),
        sa.UniqueConstraint("idem", name=op.f("uq_xfer_idem")),
        sa.UniqueConstraint("pending_id", name=op.f("uq_xfer_pending_id")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_xfer_reverses_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_xfer_person_day", "xfer", ["person_id", "day"], unique=False)
    op.create_index(op.f("ix_xfer_refunds_id"), "xfer", ["refunds_id"], unique=False)
    op.create_index("ix_xfer_txn", "xfer", ["txn"], unique=False)
    op.create_table(
        "posting",
        sa.Column("acct", ID, autoincrement=False, nullable=False),
        sa.Column("ver", ID, autoincrement=False, nullable=False),
        sa.Column("xfer", ID, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["acct"], ["acct.id"], name=op.f("fk_posting_acct")),
        sa.ForeignKeyConstraint(["xfer"], ["xfer.id"], name=op.f("fk_posting_xfer")),
        sa.PrimaryKeyConstraint("acct", "ver", name=op.f("pk_posting")),
    )
    op.create_index(op.f("ix_posting_xfer"), "posting", ["xfer"], unique=False)


def _limits() -> None:
    op.create_table(
        "budgets",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("year", sa.BigInteger(), nullable=False),
        sa.Column("rule_group", sa.Text(), nullable=False),
        sa.Column("unit", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_budgets_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budgets")),
        sa.UniqueConstraint(
            "unit_id", "year", "rule_group", "unit", name=op.f("uq_budgets_unit_id_year_rule_group_unit")
        ),
    )
    op.create_table(
        "caps",
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", ID, autoincrement=False, nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("unit", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("most", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("subject IN ('person', 'household')", name=op.f("ck_caps_subject")),
        sa.CheckConstraint("used >= 0 AND used <= most", name=op.f("ck_caps_used")),
        sa.PrimaryKeyConstraint("rule", "subject", "subject_id", "period", "unit", name=op.f("pk_caps")),
    )
    op.create_table(
        "withheld",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("idem", sa.Text(), nullable=False),
        sa.Column("household_id", ID, nullable=True),
        sa.Column("award", sa.JSON(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("paid_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("why IN ('frozen', 'halted', 'budget')", name=op.f("ck_withheld_why")),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_withheld_household_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withheld")),
        sa.UniqueConstraint("idem", name=op.f("uq_withheld_idem")),
    )
    op.create_index(op.f("ix_withheld_household_id"), "withheld", ["household_id"], unique=False)
    op.create_index("ix_withheld_paid_at", "withheld", ["paid_at", "id"], unique=False)
    op.create_table(
        "freezes",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("household_id", ID, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("appeal", sa.Text(), server_default="", nullable=False),
        sa.Column("appealed_at", sa.BigInteger(), nullable=True),
        sa.Column("lifted_by", ID, nullable=True),
        sa.Column("lifted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_freezes_by_id")),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_freezes_household_id")),
        sa.ForeignKeyConstraint(["lifted_by"], ["people.id"], name=op.f("fk_freezes_lifted_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freezes")),
    )
    op.create_index(
        "uq_freezes_open",
        "freezes",
        ["household_id"],
        unique=True,
        sqlite_where=sa.text("lifted_at IS NULL"),
        postgresql_where=sa.text("lifted_at IS NULL"),
    )
    op.create_table(
        "penalties",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("household_id", ID, nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("xfer_id", ID, nullable=False),
        sa.Column("appeal", sa.Text(), server_default="", nullable=False),
        sa.Column("appealed_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", ID, nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("is_upheld", sa.Boolean(), nullable=True),
        sa.CheckConstraint("decided_by IS NULL OR decided_by <> by_id", name=op.f("ck_penalties_judge")),
        sa.CheckConstraint("points > 0", name=op.f("ck_penalties_points")),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_penalties_by_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["people.id"], name=op.f("fk_penalties_decided_by")),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_penalties_household_id")),
        sa.ForeignKeyConstraint(["xfer_id"], ["xfer.id"], name=op.f("fk_penalties_xfer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_penalties")),
    )
    op.create_index(op.f("ix_penalties_household_id"), "penalties", ["household_id"], unique=False)


def _proof() -> None:
    op.create_table(
        "blocks",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("sealed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blocks")),
        sa.UniqueConstraint("hash", name=op.f("uq_blocks_hash")),
    )
    op.create_table(
        "block_items",
        sa.Column("xfer", ID, autoincrement=False, nullable=False),
        sa.Column("block_id", ID, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["block_id"], ["blocks.id"], name=op.f("fk_block_items_block_id")),
        sa.ForeignKeyConstraint(["xfer"], ["xfer.id"], name=op.f("fk_block_items_xfer")),
        sa.PrimaryKeyConstraint("xfer", name=op.f("pk_block_items")),
    )
    op.create_index(op.f("ix_block_items_block_id"), "block_items", ["block_id"], unique=False)
    op.create_table(
        "statements",
        sa.Column("household_id", ID, autoincrement=False, nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("cut", sa.BigInteger(), nullable=False),
        sa.Column("opening", sa.BigInteger(), nullable=False),
        sa.Column("earned", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.Column("expired", sa.BigInteger(), nullable=False),
        sa.Column("other", sa.BigInteger(), nullable=False),
        sa.Column("closing", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "opening + earned - spent - expired + other = closing", name=op.f("ck_statements_sum")
        ),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_statements_household_id")),
        sa.PrimaryKeyConstraint("household_id", "month", name=op.f("pk_statements")),
    )
    op.create_table(
        "reconciliations",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("movements", sa.BigInteger(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliations")),
    )
    op.create_table(
        "looks",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", ID, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["people.id"], name=op.f("fk_looks_actor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_looks")),
    )
    op.create_index("ix_looks_subject", "looks", ["subject"], unique=False)


def _shop() -> None:
    op.create_table(
        "shops",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("opening", sa.JSON(), nullable=True),
        sa.Column("code_tries", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("locked_until", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_shops_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shops")),
        sa.UniqueConstraint("code", name=op.f("uq_shops_code")),
    )
    op.create_index(op.f("ix_shops_unit_id"), "shops", ["unit_id"], unique=False)
    op.create_table(
        "articles",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("measure", sa.Text(), server_default="件", nullable=False),
        sa.Column("is_service", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_withdrawn", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("most_a_month", sa.BigInteger(), nullable=True),
        sa.Column("low_stock", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("supplier", sa.Text(), server_default="", nullable=False),
        sa.Column("best_before", sa.Text(), server_default="", nullable=False),
        sa.Column("photo", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("price > 0", name=op.f("ck_articles_price")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_articles_shop_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_articles")),
        sa.UniqueConstraint("shop_id", "code", name=op.f("uq_articles_shop_id_code")),
    )
    op.create_table(
        "redemptions",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("household_id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("is_delivery", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("reserved_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("clerk_id", ID, nullable=True),
        sa.Column("collector", sa.Text(), server_default="", nullable=False),
        sa.Column("proxy_id", ID, nullable=True),
        sa.CheckConstraint(
            "(collector = 'proxy') <= (proxy_id IS NOT NULL)", name=op.f("ck_redemptions_proxy")
        ),
        sa.CheckConstraint(
            "channel IN ('chat', 'page', 'counter', 'offline')", name=op.f("ck_redemptions_channel")
        ),
        sa.CheckConstraint(
            "collector IN ('', 'member', 'card', 'proxy', 'delivery')", name=op.f("ck_redemptions_collector")
        ),
        sa.CheckConstraint(
            "state <> 'collected' OR clerk_id IS NOT NULL AND collector <> '' AND ended_at IS NOT NULL",
            name=op.f("ck_redemptions_handed_over"),
        ),
        sa.CheckConstraint(
            "state IN ('held', 'collected', 'cancelled', 'expired')", name=op.f("ck_redemptions_state")
        ),
        sa.ForeignKeyConstraint(["clerk_id"], ["people.id"], name=op.f("fk_redemptions_clerk_id")),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_redemptions_household_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_redemptions_person_id")),
        sa.ForeignKeyConstraint(["proxy_id"], ["people.id"], name=op.f("fk_redemptions_proxy_id")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_redemptions_shop_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redemptions")),
    )
    op.create_index(op.f("ix_redemptions_household_id"), "redemptions", ["household_id"], unique=False)
    op.create_index(op.f("ix_redemptions_person_id"), "redemptions", ["person_id"], unique=False)
    op.create_index("ix_redemptions_state_expires_at", "redemptions", ["state", "expires_at"], unique=False)
    op.create_index(
        "uq_redemptions_held_code",
        "redemptions",
        ["shop_id", "code_hash"],
        unique=True,
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_table(
        "redemption_lines",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("redemption_id", ID, nullable=False),
        sa.Column("article_id", ID, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("txn", sa.Text(), nullable=False),
        sa.Column("returned", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "state IN ('held', 'collected', 'cancelled', 'expired')", name=op.f("ck_redemption_lines_state")
        ),
        sa.CheckConstraint(
            "count > 0 AND price > 0 AND returned >= 0 AND returned <= count",
            name=op.f("ck_redemption_lines_amounts"),
        ),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_redemption_lines_article_id")),
        sa.ForeignKeyConstraint(
            ["redemption_id"], ["redemptions.id"], name=op.f("fk_redemption_lines_redemption_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redemption_lines")),
        sa.UniqueConstraint("txn", name=op.f("uq_redemption_lines_txn")),
    )
    op.create_index(op.f("ix_redemption_lines_article_id"), "redemption_lines", ["article_id"], unique=False)
    op.create_index(
        op.f("ix_redemption_lines_redemption_id"), "redemption_lines", ["redemption_id"], unique=False
    )
    op.create_table(
        "stock_takes",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("article_id", ID, nullable=False),
        sa.Column("expected", sa.BigInteger(), nullable=False),
        sa.Column("counted", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("counted >= 0", name=op.f("ck_stock_takes_counted")),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_stock_takes_article_id")),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_stock_takes_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_takes")),
    )
    op.create_index(op.f("ix_stock_takes_article_id"), "stock_takes", ["article_id"], unique=False)
    op.create_table(
        "voucher_lists",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("signed_by", ID, nullable=False),
        sa.Column("signed_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_voucher_lists_shop_id")),
        sa.ForeignKeyConstraint(["signed_by"], ["people.id"], name=op.f("fk_voucher_lists_signed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voucher_lists")),
    )
    op.create_index(op.f("ix_voucher_lists_shop_id"), "voucher_lists", ["shop_id"], unique=False)
    op.create_table(
        "vouchers",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("list_id", ID, nullable=False),
        sa.Column("household_id", ID, nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("txn", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="held", nullable=False),
        sa.Column("use_digest", sa.Text(), server_default="", nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("redemption_id", ID, nullable=True),
        sa.CheckConstraint("state IN ('held', 'used', 'returned')", name=op.f("ck_vouchers_state")),
        sa.CheckConstraint("points > 0", name=op.f("ck_vouchers_points")),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_vouchers_household_id")),
        sa.ForeignKeyConstraint(["list_id"], ["voucher_lists.id"], name=op.f("fk_vouchers_list_id")),
        sa.ForeignKeyConstraint(
            ["redemption_id"], ["redemptions.id"], name=op.f("fk_vouchers_redemption_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vouchers")),
        sa.UniqueConstraint("list_id", "household_id", name=op.f("uq_vouchers_list_id_household_id")),
        sa.UniqueConstraint("txn", name=op.f("uq_vouchers_txn")),
    )
    op.create_index(op.f("ix_vouchers_list_id"), "vouchers", ["list_id"], unique=False)
