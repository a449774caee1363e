"""A second factor, signing in elsewhere (OIDC), and what a session is proved by.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema = "accounts" if op.get_bind().dialect.name == "postgresql" else None
    # When the person last proved to be there, whether with a second factor, by which way, and on what kind of browser.
    op.add_column("sessions", sa.Column("proved", sa.BigInteger()), schema=schema)
    op.add_column("sessions", sa.Column("second", sa.BigInteger()), schema=schema)
    op.add_column("sessions", sa.Column("way", sa.String(), nullable=False, server_default="password"), schema=schema)
    op.add_column("sessions", sa.Column("browser", sa.String(), nullable=False, server_default=""), schema=schema)
    op.create_table(
        "second_factors",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("secret", sa.String()),
        sa.Column("waiting", sa.String()),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.Column("confirmed", sa.BigInteger()),
        sa.Column("step", sa.BigInteger(), nullable=False, server_default="0"),
        _of_an_account(schema, "second_factors"),
        sa.PrimaryKeyConstraint("school_id", "account_id", name="pk_second_factors"),
        schema=schema,
    )
    op.create_table(
        "recovery_codes",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("used", sa.BigInteger()),
        _of_an_account(schema, "recovery_codes"),
        sa.PrimaryKeyConstraint("school_id", "hash", name="pk_recovery_codes"),
        schema=schema,
    )
    op.create_table(
        "account_news",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("browser", sa.String(), nullable=False, server_default=""),
        sa.Column("session", sa.String(), nullable=False, server_default=""),
        _of_an_account(schema, "account_news"),
        sa.PrimaryKeyConstraint("school_id", "id", name="pk_account_news"),
        schema=schema,
    )
    op.create_table(
        "identities",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("made", sa.BigInteger(), nullable=False),
        _of_an_account(schema, "identities"),
        sa.PrimaryKeyConstraint("school_id", "issuer", "subject", name="pk_identities"),
        schema=schema,
    )
    op.create_table(
        "expected_addresses",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("made", sa.BigInteger(), nullable=False),
        _of_an_account(schema, "expected_addresses"),
        sa.PrimaryKeyConstraint("school_id", "address", name="pk_expected_addresses"),
        sa.UniqueConstraint("school_id", "account_id", name="uq_expected_addresses_school_id_account_id"),
        schema=schema,
    )


def _of_an_account(schema: str | None, table: str) -> sa.ForeignKeyConstraint:
    accounts = f"{schema}.accounts" if schema else "accounts"
    return sa.ForeignKeyConstraint(
        ["school_id", "account_id"],
        [f"{accounts}.school_id", f"{accounts}.id"],
        ondelete="CASCADE",
        name=f"fk_{table}_accounts",
    )
