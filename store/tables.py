"""The tables of the main database. Every table has a `school_id`; moments are microseconds since 1970 in UTC.

The migrations in `store/migrations/main` make them; a test holds both equal.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Moment(TypeDecorator[datetime]):
    """An aware moment as a whole number of microseconds: exact, and in the same order on every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Datetime to number; a moment without time zone raises `ValueError`."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return (value - EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Number to datetime in UTC."""
        return None if value is None else EPOCH + timedelta(microseconds=int(value))


# SQLite only counts up by itself in a column that is INTEGER to the letter.
Number = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(naming_convention=NAMES)


def _school() -> Column[str]:
    return Column("school_id", String, primary_key=True)


def _id() -> Column[str]:
    return Column("id", String, primary_key=True)


schools = Table(
    "schools",
    metadata,
    _school(),
    Column("revision", BigInteger, nullable=False),
    Column("activity", BigInteger, nullable=False),
)

groups = Table(
    "groups",
    metadata,
    _school(),
    _id(),
    Column("name", String, nullable=False),
    Column("years", JSON, nullable=False),
    Column("until", Moment),
)

people = Table(
    "people",
    metadata,
    _school(),
    _id(),
    Column("role", String, nullable=False),
    Column("name", String, nullable=False),
)

memberships = Table(
    "memberships",
    metadata,
    _school(),
    Column("person_id", String, primary_key=True),
    Column("group_id", String, primary_key=True),
    ForeignKeyConstraint(["school_id", "person_id"], ["people.school_id", "people.id"], ondelete="CASCADE"),
    ForeignKeyConstraint(["school_id", "group_id"], ["groups.school_id", "groups.id"], ondelete="CASCADE"),
    Index(None, "school_id", "group_id"),
)

consents = Table(
    "consents",
    metadata,
    _school(),
    Column("person_id", String, primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("agreed", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    ForeignKeyConstraint(["school_id", "person_id"], ["people.school_id", "people.id"], ondelete="CASCADE"),
)

devices = Table(
    "devices",
    metadata,
    _school(),
    _id(),
    Column("name", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("group_id", String),
    Column("person_id", String),
    Column("addresses", JSON, nullable=False),
    Column("ports", JSON, nullable=False),
    Column("key_hash", String),
    Column("last_seen", Moment),
    Column("enrolled", Moment),
)

codes = Table(
    "codes",
    metadata,
    _school(),
    Column("hash", String, primary_key=True),
    Column("device_id", String, nullable=False),
    Column("expires", Moment, nullable=False),
    ForeignKeyConstraint(["school_id", "device_id"], ["devices.school_id", "devices.id"], ondelete="CASCADE"),
)

leases = Table(
    "leases",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("school_id", String, nullable=False),
    Column("device_id", String, nullable=False),
    Column("person_id", String, nullable=False),
    Column("starts", Moment, nullable=False),
    Column("ends", Moment, nullable=False),
    Column("by_id", String, nullable=False),
    ForeignKeyConstraint(["school_id", "device_id"], ["devices.school_id", "devices.id"], ondelete="CASCADE"),
    Index(None, "school_id", "ends"),
    sqlite_autoincrement=True,
)

grants = Table(
    "grants",
    metadata,
    _school(),
    _id(),
    Column("starts", Moment, nullable=False),
    Column("ends", Moment, nullable=False),
    Column("revoked", Moment),
    Column("role", String, nullable=False),
    Column("by_id", String, nullable=False),
    Column("groups", JSON, nullable=False),
    Column("people", JSON, nullable=False),
    Column("without", JSON, nullable=False),
    Column("sites", JSON, nullable=False),
    Column("categories", JSON, nullable=False),
    Column("facets", JSON, nullable=False),
    Column("goal", Text, nullable=False),
    Index(None, "school_id", "ends"),
)

sanctions = Table(
    "sanctions",
    metadata,
    _school(),
    _id(),
    Column("person_id", String, nullable=False),
    Column("target", String, nullable=False),
    Column("starts", Moment, nullable=False),
    Column("ends", Moment, nullable=False),
    Column("by_id", String, nullable=False),
    Column("sites", JSON, nullable=False),
    Index(None, "school_id", "ends"),
)

care = Table(
    "care",
    metadata,
    _school(),
    _id(),
    Column("person_id", String),
    Column("device_id", String),
    Column("sites", JSON, nullable=False),
    Column("apps", JSON, nullable=False),
    Column("review", Date),
)

agreements = Table(
    "agreements",
    metadata,
    _school(),
    _id(),
    Column("starts", Moment, nullable=False),
    Column("ends", Moment, nullable=False),
    Column("groups", JSON, nullable=False),
    Column("people", JSON, nullable=False),
    Column("sites", JSON, nullable=False),
    Column("goal", Text, nullable=False),
    Column("by_id", String, nullable=False),
    Index(None, "school_id", "ends"),
)

spans = Table(
    "spans",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("school_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("group_id", String, nullable=False),
    Column("starts", Moment, nullable=False),
    Column("ends", Moment, nullable=False),
    Column("by_id", String, nullable=False),
    Index(None, "school_id", "ends"),
    sqlite_autoincrement=True,
)

policies = Table(
    "policies",
    metadata,
    _school(),
    Column("number", Integer, primary_key=True),
    Column("body", JSON, nullable=False),
    Column("origin", String, nullable=False),
    Column("who", String, nullable=False),
    Column("at", Moment, nullable=False),
)

# A bare host or nothing: a path or a query that slipped through every other net is refused by the database itself.
_BARE_HOST = "host IS NULL OR (host NOT LIKE '%/%' AND host NOT LIKE '%?%' AND host NOT LIKE '%@%')"

events = Table(
    "events",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("school_id", String, nullable=False),
    Column("uid", String),
    Column("what", String, nullable=False),
    Column("at", Moment, nullable=False),
    Column("effect", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("action", String),
    Column("rules", JSON, nullable=False),
    Column("terms", JSON, nullable=False),
    Column("category", String),
    Column("host", String),
    Column("thing", String),
    Column("group_id", String),
    Column("device_id", String),
    Column("person_id", String),
    Column("revision", BigInteger, nullable=False),
    Column("grant_id", String),
    Column("note", Text),
    UniqueConstraint("school_id", "uid"),
    CheckConstraint(_BARE_HOST, name="bare_host"),
    CheckConstraint("effect <> 'help'", name="no_help"),
    Index(None, "school_id", "group_id", "id"),
    Index(None, "school_id", "at"),
    sqlite_autoincrement=True,  # numbers are never used again, also after the newest were forgotten
)

counts = Table(
    "counts",
    metadata,
    _school(),
    Column("name", String, primary_key=True),
    Column("hour", Moment, primary_key=True),
    Column("group_id", String, primary_key=True),
    Column("category", String, primary_key=True),
    Column("n", BigInteger, nullable=False),
)

asks = Table(
    "asks",
    metadata,
    _school(),
    _id(),
    Column("at", Moment, nullable=False),
    Column("host", String, nullable=False),
    Column("category", String),
    Column("why", String, nullable=False),
    Column("line", Text, nullable=False),
    Column("group_id", String),
    Column("device_id", String),
    Column("person_id", String),
    Column("state", String, nullable=False),
    Column("answer", Text, nullable=False),
    Column("answered", Moment),
    Column("by_id", String),
    Column("grant_id", String),
    CheckConstraint(_BARE_HOST, name="bare_host"),
    Index(None, "school_id", "state"),
)

reports = Table(
    "reports",
    metadata,
    _school(),
    _id(),
    Column("at", Moment, nullable=False),
    Column("host", String, nullable=False),
    Column("note", Text, nullable=False),
    Column("group_id", String),
    Column("device_id", String),
    Column("person_id", String),
    Column("seen", Moment),
    Column("by_id", String),
    CheckConstraint(_BARE_HOST, name="bare_host"),
    Index(None, "school_id", "at"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("school_id", String, nullable=False),
    Column("who", String, nullable=False),
    Column("what", String, nullable=False),
    Column("at", Moment, nullable=False),
    Column("targets", JSON, nullable=False),
    Index(None, "school_id", "id"),
    Index(None, "school_id", "at"),
    sqlite_autoincrement=True,
)
