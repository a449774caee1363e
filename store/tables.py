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
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
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


class Words(TypeDecorator[str]):
    """Text from anywhere: what no database can keep (NUL, half of a pair of surrogates) becomes a question mark.

    One odd app name must not make a whole batch of events fail, over and over.
    """

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Text that every database takes."""
        return None if value is None else value.replace("\0", "?").encode("utf-8", "replace").decode()


# SQLite only counts up by itself in a column that is INTEGER to the letter.
Number = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(naming_convention=NAMES)


def _school() -> Column[str]:
    return Column("school_id", Words, primary_key=True)


def _id() -> Column[str]:
    return Column("id", Words, primary_key=True)


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
    Column("name", Words, nullable=False),
    Column("years", JSON, nullable=False),
    Column("until", Moment),
)

people = Table(
    "people",
    metadata,
    _school(),
    _id(),
    Column("role", Words, nullable=False),
    Column("name", Words, nullable=False),
)

memberships = Table(
    "memberships",
    metadata,
    _school(),
    Column("person_id", Words, primary_key=True),
    Column("group_id", Words, primary_key=True),
    ForeignKeyConstraint(["school_id", "person_id"], ["people.school_id", "people.id"], ondelete="CASCADE"),
    ForeignKeyConstraint(["school_id", "group_id"], ["groups.school_id", "groups.id"], ondelete="CASCADE"),
    Index(None, "school_id", "group_id"),
)

consents = Table(
    "consents",
    metadata,
    _school(),
    Column("person_id", Words, primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("agreed", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    ForeignKeyConstraint(["school_id", "person_id"], ["people.school_id", "people.id"], ondelete="CASCADE"),
)

# The coordinator said that the parents of everybody in the group agreed, for one school year.
group_consents = Table(
    "group_consents",
    metadata,
    _school(),
    Column("group_id", Words, primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("by_id", Words, nullable=False),
    ForeignKeyConstraint(["school_id", "group_id"], ["groups.school_id", "groups.id"], ondelete="CASCADE"),
)

# May a photo of this pupil or member of staff be shown: asked once, until somebody changes it.
photo_permissions = Table(
    "photo_permissions",
    metadata,
    _school(),
    Column("person_id", Words, primary_key=True),
    Column("answer", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("by_id", Words, nullable=False),
    ForeignKeyConstraint(["school_id", "person_id"], ["people.school_id", "people.id"], ondelete="CASCADE"),
)

# What the school keeps a list of: its official accounts, the accounts of groups, its own means for parents.
registers = Table(
    "registers",
    metadata,
    _school(),
    _id(),
    Column("kind", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("place", Words, nullable=False),
    Column("person_id", Words),
    Column("group_id", Words),
    Column("note", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("by_id", Words, nullable=False),
    Index(None, "school_id", "kind"),
)

# A talk, a warning or a ban of a pupil, noted by a person, for the pupil's file. Of staff there is none.
notes = Table(
    "notes",
    metadata,
    _school(),
    _id(),
    Column("person_id", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("by_id", Words, nullable=False),
    Column("sanction_id", Words),
    ForeignKeyConstraint(["school_id", "person_id"], ["people.school_id", "people.id"], ondelete="CASCADE"),
    Index(None, "school_id", "at"),
)

devices = Table(
    "devices",
    metadata,
    _school(),
    _id(),
    Column("name", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("group_id", Words),
    Column("person_id", Words),
    Column("addresses", JSON, nullable=False),
    Column("ports", JSON, nullable=False),
    Column("key_hash", Words),
    Column("last_seen", Moment),
    Column("enrolled", Moment),
)

codes = Table(
    "codes",
    metadata,
    _school(),
    Column("hash", Words, primary_key=True),
    Column("device_id", Words, nullable=False),
    Column("expires", Moment, nullable=False),
    ForeignKeyConstraint(["school_id", "device_id"], ["devices.school_id", "devices.id"], ondelete="CASCADE"),
)

leases = Table(
    "leases",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("school_id", Words, nullable=False),
    Column("device_id", Words, nullable=False),
    Column("person_id", Words, nullable=False),
    Column("starts", Moment, nullable=False),
    Column("ends", Moment, nullable=False),
    Column("by_id", Words, nullable=False),
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
    Column("role", Words, nullable=False),
    Column("by_id", Words, nullable=False),
    Column("groups", JSON, nullable=False),
    Column("people", JSON, nullable=False),
    Column("without", JSON, nullable=False),
    Column("sites", JSON, nullable=False),
    Column("categories", JSON, nullable=False),
    Column("facets", JSON, nullable=False),
    Column("items", JSON, nullable=False, server_default="[]"),
    Column("topics", JSON, nullable=False, server_default="[]"),
    Column("kinds", JSON, nullable=False, server_default="[]"),
    Column("roles", JSON, nullable=False, server_default="[]"),
    Column("goal", Words, nullable=False),
    Index(None, "school_id", "ends"),
)

sanctions = Table(
    "sanctions",
    metadata,
    _school(),
    _id(),
    Column("person_id", Words, nullable=False),
    Column("target", Words, nullable=False),
    Column("starts", Moment, nullable=False),
    Column("ends", Moment, nullable=False),
    Column("by_id", Words, nullable=False),
    Column("sites", JSON, nullable=False),
    Column("reason", Words, nullable=False, server_default=""),
    Column("lifted", JSON, nullable=False, server_default="[]"),  # pairs of ISO moments
    Index(None, "school_id", "ends"),
)

care = Table(
    "care",
    metadata,
    _school(),
    _id(),
    Column("person_id", Words),
    Column("device_id", Words),
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
    Column("goal", Words, nullable=False),
    Column("by_id", Words, nullable=False),
    Index(None, "school_id", "ends"),
)

spans = Table(
    "spans",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("school_id", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("group_id", Words, nullable=False),
    Column("starts", Moment, nullable=False),
    Column("ends", Moment, nullable=False),
    Column("by_id", Words, nullable=False),
    Index(None, "school_id", "ends"),
    sqlite_autoincrement=True,
)

policies = Table(
    "policies",
    metadata,
    _school(),
    Column("number", Integer, primary_key=True),
    Column("body", JSON, nullable=False),
    Column("origin", Words, nullable=False),
    Column("who", Words, nullable=False),
    Column("at", Moment, nullable=False),
)

# A bare host or nothing: a path or a query that slipped through every other net is refused by the database itself.
_BARE_HOST = "host IS NULL OR (host NOT LIKE '%/%' AND host NOT LIKE '%?%' AND host NOT LIKE '%@%')"

events = Table(
    "events",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("school_id", Words, nullable=False),
    Column("uid", Words),
    Column("what", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("effect", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("action", Words),
    Column("rules", JSON, nullable=False),
    Column("terms", JSON, nullable=False),
    Column("category", Words),
    Column("host", Words),
    Column("thing", Words),
    Column("group_id", Words),
    Column("device_id", Words),
    Column("person_id", Words),
    Column("revision", BigInteger, nullable=False),
    Column("grant_id", Words),
    Column("note", Words),
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
    Column("name", Words, primary_key=True),
    Column("hour", Moment, primary_key=True),
    Column("group_id", Words, primary_key=True),
    Column("category", Words, primary_key=True),
    Column("n", BigInteger, nullable=False),
)

asks = Table(
    "asks",
    metadata,
    _school(),
    _id(),
    Column("at", Moment, nullable=False),
    Column("host", Words, nullable=False),
    Column("category", Words),
    Column("why", Words, nullable=False),
    Column("line", Words, nullable=False),
    Column("group_id", Words),
    Column("device_id", Words),
    Column("person_id", Words),
    Column("state", Words, nullable=False),
    Column("answer", Words, nullable=False),
    Column("facet", Words, nullable=False, server_default="place"),
    Column("kinds", JSON, nullable=False, server_default="[]"),
    Column("answered", Moment),
    Column("by_id", Words),
    Column("grant_id", Words),
    CheckConstraint(_BARE_HOST, name="bare_host"),
    Index(None, "school_id", "state"),
)

reports = Table(
    "reports",
    metadata,
    _school(),
    _id(),
    Column("at", Moment, nullable=False),
    Column("host", Words, nullable=False),
    Column("note", Words, nullable=False),
    Column("group_id", Words),
    Column("device_id", Words),
    Column("person_id", Words),
    Column("seen", Moment),
    Column("by_id", Words),
    Column("kind", Words, nullable=False, server_default="saw"),
    Column("audience", Words, nullable=False, server_default="teacher"),
    CheckConstraint(_BARE_HOST, name="bare_host"),
    Index(None, "school_id", "at"),
)

# Sites nobody lists that look like something: of hosts, never of persons, devices or groups.
proposals = Table(
    "proposals",
    metadata,
    _school(),
    Column("host", Words, primary_key=True),
    Column("kind", Words, nullable=False),
    Column("score", Float, nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("first_seen", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
    Column("times", Integer, nullable=False),
    Column("state", Words, nullable=False),
    Column("decided_at", Moment),
    Column("by_id", Words),
    CheckConstraint(_BARE_HOST, name="bare_host"),
    Index(None, "school_id", "state"),
)

# Somebody asked for help: who or which device and when, never what was typed. For the named counsellors only.
signals = Table(
    "signals",
    metadata,
    _school(),
    _id(),
    Column("at", Moment, nullable=False),
    Column("group_id", Words),
    Column("device_id", Words),
    Column("person_id", Words),
    Column("seen", Moment),
    Column("by_id", Words),
    Index(None, "school_id", "at"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("school_id", Words, nullable=False),
    Column("who", Words, nullable=False),
    Column("what", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("targets", JSON, nullable=False),
    Index(None, "school_id", "id"),
    Index(None, "school_id", "at"),
    sqlite_autoincrement=True,
)
