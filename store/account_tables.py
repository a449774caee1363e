"""The tables of the accounts: a file of their own on SQLite, the schema `accounts` on PostgreSQL."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Integer, MetaData, Table, UniqueConstraint

from store.columns import NAMES, Moment, Sealed, Words

metadata = MetaData(naming_convention=NAMES, schema="accounts")


def _of_an_account() -> ForeignKeyConstraint:
    """What goes with the account."""
    return ForeignKeyConstraint(
        ["school_id", "account_id"], ["accounts.accounts.school_id", "accounts.accounts.id"], ondelete="CASCADE"
    )


accounts = Table(
    "accounts",
    metadata,
    Column("school_id", Words, primary_key=True),
    Column("id", Words, primary_key=True),
    Column("login", Sealed("accounts.login", exact=True), nullable=False),
    Column("person_id", Words, nullable=False),
    Column("role", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("password", Words),
    Column("created", Moment, nullable=False),
    Column("closes", Moment),
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
    # When the person last proved to be there, when with a second factor, by which way, and on what kind of browser.
    Column("proved", Moment),
    Column("second", Moment),
    Column("way", Words, nullable=False, server_default="password"),
    Column("browser", Words, nullable=False, server_default=""),
    _of_an_account(),
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
    _of_an_account(),
)

attempts = Table(
    "attempts",
    metadata,
    Column("school_id", Words, primary_key=True),
    Column("key_hash", Words, primary_key=True),
    Column("failed", Integer, nullable=False),
    Column("last", Moment, nullable=False),
)

# With the code of today a substitute takes a group over; `account_id` is the account that was made for it.
day_codes = Table(
    "day_codes",
    metadata,
    Column("school_id", Words, primary_key=True),
    Column("hash", Words, primary_key=True),
    Column("group_id", Words, nullable=False),
    Column("made", Moment, nullable=False),
    Column("starts", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("by_id", Words, nullable=False),
    Column("used", Moment),
    Column("account_id", Words),
)


# The secret of an authenticator app (RFC 6238), sealed: the one that counts, and one that waits for its first code.
# `step` is the last time step that was used.
second_factors = Table(
    "second_factors",
    metadata,
    Column("school_id", Words, primary_key=True),
    Column("account_id", Words, primary_key=True),
    Column("secret", Words),
    Column("waiting", Words),
    Column("made", Moment, nullable=False),
    Column("confirmed", Moment),
    Column("step", BigInteger, nullable=False, server_default="0"),
    _of_an_account(),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("school_id", Words, primary_key=True),
    Column("hash", Words, primary_key=True),
    Column("account_id", Words, nullable=False),
    Column("used", Moment),
    _of_an_account(),
)

# What is told to a person at their next page: a sign-in elsewhere, a second factor that a colleague took away.
account_news = Table(
    "account_news",
    metadata,
    Column("school_id", Words, primary_key=True),
    Column("id", Words, primary_key=True),
    Column("account_id", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("what", Words, nullable=False),
    Column("browser", Words, nullable=False, server_default=""),
    Column("session", Words, nullable=False, server_default=""),
    _of_an_account(),
)

# Who somebody is at the school's own sign-in (OIDC): the issuer's address and its name for them.
identities = Table(
    "identities",
    metadata,
    Column("school_id", Words, primary_key=True),
    Column("issuer", Words, primary_key=True),
    Column("subject", Sealed("identities.subject", exact=True), primary_key=True),
    Column("account_id", Words, nullable=False),
    Column("made", Moment, nullable=False),
    _of_an_account(),
)

# The address with which a person is expected to sign in there for the first time, as the coordinator entered it.
expected_addresses = Table(
    "expected_addresses",
    metadata,
    Column("school_id", Words, primary_key=True),
    Column("address", Sealed("expected_addresses.address", exact=True), primary_key=True),
    Column("account_id", Words, nullable=False),
    Column("made", Moment, nullable=False),
    UniqueConstraint("school_id", "account_id"),
    _of_an_account(),
)
