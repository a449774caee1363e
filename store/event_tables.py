"""The tables of the main database that say what happened: events, asks, reports, print jobs, proposals, signals,
notices, refusals, the audit trail.

How a school is, is in `store.tables`. The migrations in `store/migrations/main` make them; a test holds both equal.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    Table,
    UniqueConstraint,
)

from store.columns import Moment, Number, Sealed, Words, id_column, metadata, school_column

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
    Column("note", Sealed("events.note")),
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
    school_column(),
    Column("name", Words, primary_key=True),
    Column("hour", Moment, primary_key=True),
    Column("group_id", Words, primary_key=True),
    Column("category", Words, primary_key=True),
    Column("n", BigInteger, nullable=False),
)

asks = Table(
    "asks",
    metadata,
    school_column(),
    id_column(),
    Column("at", Moment, nullable=False),
    Column("host", Words, nullable=False),
    Column("category", Words),
    Column("why", Words, nullable=False),
    Column("line", Sealed("asks.line"), nullable=False),
    Column("group_id", Words),
    Column("device_id", Words),
    Column("person_id", Words),
    Column("state", Words, nullable=False),
    Column("answer", Sealed("asks.answer"), nullable=False),
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
    school_column(),
    id_column(),
    Column("at", Moment, nullable=False),
    Column("host", Words, nullable=False),
    Column("note", Sealed("reports.note"), nullable=False),
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

# What waits at a print server now; it goes with the job. `account` only where nobody knows whose it is. Never a title.
print_jobs = Table(
    "print_jobs",
    metadata,
    school_column(),
    id_column(),
    Column("device_id", Words, nullable=False),
    Column("person_id", Words),
    Column("group_id", Words),
    Column("account", Sealed("print_jobs.account"), nullable=False, server_default=""),
    Column("pages", Integer),
    Column("counted", Boolean, nullable=False),
    Column("colour", Boolean),
    Column("at", Moment, nullable=False),
    Column("gone", Moment),  # when it will be dropped, once that was told
    Column("state", Words, nullable=False),
    Column("grant_id", Words),
    Index(None, "school_id", "group_id"),
)

# Sites nobody lists that look like something: of hosts, never of persons, devices or groups.
proposals = Table(
    "proposals",
    metadata,
    school_column(),
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
    school_column(),
    id_column(),
    Column("at", Moment, nullable=False),
    Column("group_id", Words),
    Column("device_id", Words),
    Column("person_id", Words),
    Column("seen", Moment),
    Column("by_id", Words),
    Index(None, "school_id", "at"),
)

# What is in the way of everybody, as one worker sees it. Of nobody and of no site.
notices = Table(
    "notices",
    metadata,
    school_column(),
    Column("worker", Words, primary_key=True),
    Column("kind", Words, primary_key=True),
    Column("since", Moment, primary_key=True),
    Column("seen", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Index(None, "school_id", "until"),
)

# Hosts whose programs refuse the school's certificate, and devices of the register that do not have it.
refusals = Table(
    "refusals",
    metadata,
    school_column(),
    Column("about", Words, primary_key=True),
    Column("name", Words, primary_key=True),
    Column("devices", Integer, nullable=False),
    Column("first_seen", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
    Column("state", Words, nullable=False),
    Column("decided_at", Moment),
    Column("by_id", Words),
    CheckConstraint("name NOT LIKE '%/%' AND name NOT LIKE '%?%' AND name NOT LIKE '%@%'", name="bare_name"),
    Index(None, "school_id", "state"),
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
    Column("link", Words),  # see `store.chain`; none in rows of before there was a chain
    Index(None, "school_id", "id"),
    Index(None, "school_id", "at"),
    sqlite_autoincrement=True,
)

# Up to which row the trail was forgotten, because of its term; the database lets no younger row go.
audit_cuts = Table(
    "audit_cuts",
    metadata,
    school_column(),
    Column("upto", Number, nullable=False),
    Column("since", Moment, nullable=False),
    Column("at", Moment, nullable=False),
    Column("link", Words),
    CheckConstraint("at - since >= 86400000000", name="a_day"),
)

# How many of what on a day, of a group and a kind. No names, devices or sites; `people`: how many had to do with it.
tallies = Table(
    "tallies",
    metadata,
    school_column(),
    Column("day", Words, primary_key=True),
    Column("group_id", Words, primary_key=True),
    Column("kind", Words, primary_key=True),
    Column("category", Words, primary_key=True),
    Column("n", BigInteger, nullable=False),
    Column("people", BigInteger, nullable=False),
)

# Since when the counsellors' inbox is switched on, and by whom; no row: it is off.
counsel = Table(
    "counsel",
    metadata,
    school_column(),
    Column("since", Moment, nullable=False),
    Column("by_id", Words, nullable=False),
)
