"""Codes of one day, with which a substitute takes a group over, and accounts that close by themselves.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema = "accounts" if op.get_bind().dialect.name == "postgresql" else None
    op.add_column("accounts", sa.Column("closes", sa.BigInteger()), schema=schema)
    op.create_table(
        "day_codes",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("group_id", sa.String(), nullable=False),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.Column("starts", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("by_id", sa.String(), nullable=False),
        sa.Column("used", sa.BigInteger()),
        sa.Column("account_id", sa.String()),
        sa.PrimaryKeyConstraint("school_id", "hash", name="pk_day_codes"),
        schema=schema,
    )
