"""The tables of the accounts: a file of their own on SQLite, the schema `accounts` on PostgreSQL."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKeyConstraint, Integer, MetaData, Table, UniqueConstraint

from store.columns import NAMES, Moment, Words

metadata = MetaData(naming_convention=NAMES, schema="accounts")

accounts = Table(
    "accounts",
    metadata,
    Column("school_id", Words, primary_key=True),
    Column("id", Words, primary_key=True),
    Column("login", Words, nullable=False),
    Column("person_id", Words, nullable=False),
    Column("role", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("password", Words),
    Column("created", Moment, nullable=False),
    UniqueConstraint("school_id", "login"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("school_id", Words, primary_key=True),
    Column("hash", Words, primary_key=True),
    Column("account_id", Words, nullable=False),
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
    Column("school_id", Words, primary_key=True),
    Column("hash", Words, primary_key=True),
    Column("account_id", Words, nullable=False),
    Column("purpose", Words, nullable=False),
    Column("expires", Moment, nullable=False),
    Column("used", Moment),
    ForeignKeyConstraint(
        ["school_id", "account_id"], ["accounts.accounts.school_id", "accounts.accounts.id"], ondelete="CASCADE"
    ),
)

attempts = Table(
    "attempts",
    metadata,
    Column("school_id", Words, primary_key=True),
    Column("key_hash", Words, primary_key=True),
    Column("failed", Integer, nullable=False),
    Column("last", Moment, nullable=False),
)
