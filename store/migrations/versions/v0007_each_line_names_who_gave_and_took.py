"""Each line of a redemption names who gave it out and who came for it; where an order is brought to.

One order may be picked up in parts, by different people. Lines are copied aside, made anew and filled again,
which both databases do alike: SQLite adds no checked column to rows that do not pass the check yet.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEPT = "id, redemption_id, article_id, count, price, state, txn, returned, at, ended_at"


def upgrade() -> None:
    op.execute("ALTER TABLE redemptions ADD COLUMN address TEXT DEFAULT '' NOT NULL")
    op.execute("CREATE TEMPORARY TABLE old_lines AS SELECT * FROM redemption_lines")
    op.execute("DROP TABLE redemption_lines")
    _lines()
    given = "CASE WHEN l.state = 'collected' THEN {0} END"
    op.execute(
        f"INSERT INTO redemption_lines ({KEPT}, clerk_id, collector, proxy_id) "
        f"SELECT {', '.join(f'l.{name}' for name in KEPT.split(', '))}, {given.format('r.clerk_id')}, "
        f"COALESCE({given.format('r.collector')}, ''), {given.format('r.proxy_id')} "
        "FROM old_lines l JOIN redemptions r ON r.id = l.redemption_id ORDER BY l.id"
    )
    op.execute("DROP TABLE old_lines")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "SELECT setval(pg_get_serial_sequence('redemption_lines', 'id'), MAX(id)) "
            "FROM redemption_lines HAVING COUNT(*) > 0"
        )


def downgrade() -> None:
    raise RuntimeError("who came for a part of an order would be forgotten: restore a backup instead")


def _lines() -> None:
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
        sa.Column("clerk_id", ID, nullable=True),
        sa.Column("collector", sa.Text(), server_default="", nullable=False),
        sa.Column("proxy_id", ID, nullable=True),
        sa.CheckConstraint(
            "state IN ('held', 'collected', 'cancelled', 'expired')", name=op.f("ck_redemption_lines_state")
        ),
        sa.CheckConstraint(
            "count > 0 AND price > 0 AND returned >= 0 AND returned <= count",
            name=op.f("ck_redemption_lines_amounts"),
        ),
        sa.CheckConstraint(
            "collector IN ('', 'member', 'card', 'proxy', 'delivery')",
            name=op.f("ck_redemption_lines_collector"),
        ),
        sa.CheckConstraint(
            "(state = 'collected') = (clerk_id IS NOT NULL AND collector <> '')",
            name=op.f("ck_redemption_lines_handed_over"),
        ),
        sa.CheckConstraint(
            "collector <> 'proxy' OR proxy_id IS NOT NULL", name=op.f("ck_redemption_lines_proxy")
        ),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_redemption_lines_article_id")),
        sa.ForeignKeyConstraint(["clerk_id"], ["people.id"], name=op.f("fk_redemption_lines_clerk_id")),
        sa.ForeignKeyConstraint(["proxy_id"], ["people.id"], name=op.f("fk_redemption_lines_proxy_id")),
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
