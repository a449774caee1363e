"""The tables of the accounts: a file of their own on SQLite, the schema `accounts` on PostgreSQL."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKeyConstraint, Integer, MetaData, String, Table, UniqueConstraint

from store.tables import NAMES, Moment

metadata = MetaData(naming_convention=NAMES, schema="accounts")

accounts = Table(
    "accounts",
    metadata,
    Column("school_id", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("login", String, nullable=False),
    Column("person_id", String, nullable=False),
    Column("role", String, nullable=False),
    Column("state", String, nullable=False),
    Column("password", String),
    Column("created", Moment, nullable=False),
    UniqueConstraint("school_id", "login"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("school_id", String, primary_key=True),
    Column("hash", String, primary_key=True),
    Column("account_id", String, nullable=False),
    Column("started", Moment, nullable=False),
    Column("last", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("ended", Moment),
    ForeignKeyConstraint(
        ["school_id", "account_id"], ["accounts.accounts.school_id", "accounts.accounts.id"], ondelete="CASCADE"
    ),
)

links = Table(
    "links",
    metadata,
    Column("school_id", String, primary_key=True),
    Column("hash", String, primary_key=True),
    Column("account_id", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("expires", Moment, nullable=False),
    Column("used", Moment),
    ForeignKeyConstraint(
        ["school_id", "account_id"], ["accounts.accounts.school_id", "accounts.accounts.id"], ondelete="CASCADE"
    ),
)

attempts = Table(
    "attempts",
    metadata,
    Column("school_id", String, primary_key=True),
    Column("key_hash", String, primary_key=True),
    Column("failed", Integer, nullable=False),
    Column("last", Moment, nullable=False),
)
