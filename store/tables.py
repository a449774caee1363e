"""The tables of the main database that say how a school is: people, devices, permissions, measures and rules.

What happened there is in `store.event_tables`. Every table has a `school_id`; moments are microseconds since 1970 in
UTC. The migrations in `store/migrations/main` make the tables; a test holds both equal.
"""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Date, ForeignKeyConstraint, Index, Integer, Table

from store.columns import Moment, Number, Words, id_column, metadata, school_column

schools = Table(
    "schools",
    metadata,
    school_column(),
    Column("revision", BigInteger, nullable=False),
    Column("activity", BigInteger, nullable=False),
)

groups = Table(
    "groups",
    metadata,
    school_column(),
    id_column(),
    Column("name", Words, nullable=False),
    Column("years", JSON, nullable=False),
    Column("until", Moment),
)

people = Table(
    "people",
    metadata,
    school_column(),
    id_column(),
    Column("role", Words, nullable=False),
    Column("name", Words, nullable=False),
)

memberships = Table(
    "memberships",
    metadata,
    school_column(),
    Column("person_id", Words, primary_key=True),
    Column("group_id", Words, primary_key=True),
    ForeignKeyConstraint(["school_id", "person_id"], ["people.school_id", "people.id"], ondelete="CASCADE"),
    ForeignKeyConstraint(["school_id", "group_id"], ["groups.school_id", "groups.id"], ondelete="CASCADE"),
    Index(None, "school_id", "group_id"),
)

consents = Table(
    "consents",
    metadata,
    school_column(),
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
    school_column(),
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
    school_column(),
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
    school_column(),
    id_column(),
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
    school_column(),
    id_column(),
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
    school_column(),
    id_column(),
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
    school_column(),
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
    school_column(),
    id_column(),
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
    school_column(),
    id_column(),
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
    school_column(),
    id_column(),
    Column("person_id", Words),
    Column("device_id", Words),
    Column("sites", JSON, nullable=False),
    Column("apps", JSON, nullable=False),
    Column("review", Date),
)

agreements = Table(
    "agreements",
    metadata,
    school_column(),
    id_column(),
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
    school_column(),
    Column("number", Integer, primary_key=True),
    Column("body", JSON, nullable=False),
    Column("origin", Words, nullable=False),
    Column("who", Words, nullable=False),
    Column("at", Moment, nullable=False),
)
