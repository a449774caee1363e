"""The first tables: staff accounts, sessions, one-time links, failed attempts.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.BigInteger()


def upgrade() -> None:
    schema = "accounts" if op.get_bind().dialect.name == "postgresql" else None
    account = f"{schema}.accounts" if schema else "accounts"
    op.create_table(
        "accounts",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("password", sa.String()),
        sa.Column("created", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "id", name="pk_accounts"),
        sa.UniqueConstraint("school_id", "login", name="uq_accounts_school_id_login"),
        schema=schema,
    )
    op.create_table(
        "sessions",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("started", MOMENT, nullable=False),
        sa.Column("last", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("ended", MOMENT),
        sa.PrimaryKeyConstraint("school_id", "hash", name="pk_sessions"),
        sa.ForeignKeyConstraint(
            ["school_id", "account_id"],
            [f"{account}.school_id", f"{account}.id"],
            name="fk_sessions_accounts",
            ondelete="CASCADE",
        ),
        schema=schema,
    )
    op.create_table(
        "links",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("expires", MOMENT, nullable=False),
        sa.Column("used", MOMENT),
        sa.PrimaryKeyConstraint("school_id", "hash", name="pk_links"),
        sa.ForeignKeyConstraint(
            ["school_id", "account_id"],
            [f"{account}.school_id", f"{account}.id"],
            name="fk_links_accounts",
            ondelete="CASCADE",
        ),
        schema=schema,
    )
    op.create_table(
        "attempts",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("key_hash", sa.String(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("last", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "key_hash", name="pk_attempts"),
        schema=schema,
    )
