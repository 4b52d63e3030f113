"""A voucher list keeps what was signed; a sale without network that was not booked stays for people to see."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("voucher_lists", sa.Column("terms", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "voucher_refusals",
        sa.Column("id", ID, sa.Identity(start=1), nullable=False),
        sa.Column("voucher_id", ID, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("goods", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["voucher_id"], ["vouchers.id"], name="fk_voucher_refusals_voucher_id"),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name="fk_voucher_refusals_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_voucher_refusals"),
        sa.UniqueConstraint("voucher_id", "digest", name="uq_voucher_refusals_voucher_id_digest"),
    )


def downgrade() -> None:
    op.drop_table("voucher_refusals")
    op.drop_column("voucher_lists", "terms")
