"""The tables of the main database that say how a school is: people, devices, permissions, measures and rules.

What happened there is in `store.event_tables`. Every table has a `school_id`; moments are microseconds since 1970 in
UTC. The migrations in `store/migrations/main` make the tables; a test holds both equal.
"""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Date, ForeignKeyConstraint, Index, Integer, Table, false

from store.columns import Moment, Number, Sealed, SealedJSON, Words, id_column, metadata, school_column

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
    Column("name", Sealed("groups.name"), nullable=False),
    Column("years", JSON, nullable=False),
    Column("until", Moment),
)

people = Table(
    "people",
    metadata,
    school_column(),
    id_column(),
    Column("role", Words, nullable=False),
    Column("name", Sealed("people.name"), nullable=False),
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
    Column("name", Sealed("registers.name"), nullable=False),
    Column("place", Sealed("registers.place", exact=True), nullable=False),
    Column("person_id", Words),
    Column("group_id", Words),
    Column("note", Sealed("registers.note"), nullable=False),
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
    Column("text", Sealed("notes.text"), nullable=False),
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
    Column("name", Sealed("devices.name"), nullable=False),
    Column("kind", Words, nullable=False),
    Column("group_id", Words),
    Column("person_id", Words),
    Column("addresses", JSON, nullable=False),
    Column("ports", JSON, nullable=False),
    Column("key_hash", Words),
    Column("public_key", Words),
    Column("last_seen", Moment),
    Column("enrolled", Moment),
    Column("prints", Boolean, nullable=False, server_default=false()),  # pupils' print jobs wait there
)

# Which account of the school's computers is which pupil's, for print jobs: small letters, without what is after an @.
print_accounts = Table(
    "print_accounts",
    metadata,
    school_column(),
    Column("account", Sealed("print_accounts.account", exact=True), primary_key=True),
    Column("person_id", Words, nullable=False),
    ForeignKeyConstraint(["school_id", "person_id"], ["people.school_id", "people.id"], ondelete="CASCADE"),
    Index(None, "school_id", "person_id"),
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
    Column("goal", Sealed("grants.goal"), nullable=False),
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
    Column("reason", Sealed("sanctions.reason"), nullable=False, server_default=""),
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
    Column("goal", Sealed("agreements.goal"), nullable=False),
    Column("by_id", Words, nullable=False),
    Column("test", Boolean, nullable=False, server_default=false()),
    Index(None, "school_id", "ends"),
)

# What a teacher keeps ready: a permission or an agreement that waits for one tap.
prepared = Table(
    "prepared",
    metadata,
    school_column(),
    id_column(),
    Column("kind", Words, nullable=False),
    Column("name", Sealed("prepared.name"), nullable=False),
    Column("body", SealedJSON("prepared.body"), nullable=False),
    Column("group_id", Words),
    Column("by_id", Words, nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("made", Moment, nullable=False),
    Column("used", Moment),
    Index(None, "school_id", "kind"),
)

# A teacher thinks that a ban is needed; the management decides.
ban_proposals = Table(
    "ban_proposals",
    metadata,
    school_column(),
    id_column(),
    Column("person_id", Words, nullable=False),
    Column("target", Words, nullable=False),
    Column("lasts", Words, nullable=False),
    Column("reason", Sealed("ban_proposals.reason"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("by_id", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("decided", Moment),
    Column("decided_by", Words),
    Column("answer", Sealed("ban_proposals.answer"), nullable=False, server_default=""),
    ForeignKeyConstraint(["school_id", "person_id"], ["people.school_id", "people.id"], ondelete="CASCADE"),
    Index(None, "school_id", "state"),
)

# The code on the board with which a class says on its shared devices who sits where, until the lesson ends.
class_codes = Table(
    "class_codes",
    metadata,
    school_column(),
    Column("group_id", Words, primary_key=True),
    Column("code", Words, nullable=False),
    Column("until", Moment, nullable=False),
    Column("by_id", Words, nullable=False),
    ForeignKeyConstraint(["school_id", "group_id"], ["groups.school_id", "groups.id"], ondelete="CASCADE"),
)

# A pupil's own password of pictures; only its argon2id hash, and how often in a row somebody was wrong.
picture_passwords = Table(
    "picture_passwords",
    metadata,
    school_column(),
    Column("person_id", Words, primary_key=True),
    Column("hash", Words, nullable=False),
    Column("wrong", Integer, nullable=False, server_default="0"),
    Column("at", Moment, nullable=False),
    Column("by_id", Words, nullable=False),
    ForeignKeyConstraint(["school_id", "person_id"], ["people.school_id", "people.id"], ondelete="CASCADE"),
)

# Wrong tries of one place or group, as the hash of which one that is: nobody's address is kept.
sign_in_tries = Table(
    "sign_in_tries",
    metadata,
    school_column(),
    Column("key", Words, primary_key=True),
    Column("wrong", Integer, nullable=False),
    Column("since", Moment, nullable=False),
)

# Who said to be who on a shared device: a registered one, or one that only its address tells apart.
sign_ins = Table(
    "sign_ins",
    metadata,
    school_column(),
    id_column(),
    Column("group_id", Words, nullable=False),
    Column("person_id", Words, nullable=False),
    Column("device_id", Words),
    Column("address", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("proof", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("ends", Moment, nullable=False),
    Column("by_id", Words),
    ForeignKeyConstraint(["school_id", "person_id"], ["people.school_id", "people.id"], ondelete="CASCADE"),
    Index(None, "school_id", "ends"),
)

# Hours in which only the safety floor holds, because the box was in the way; `way` is how it was started.
emergencies = Table(
    "emergencies",
    metadata,
    school_column(),
    id_column(),
    Column("starts", Moment, nullable=False),
    Column("ends", Moment, nullable=False),
    Column("way", Words, nullable=False),
    Column("by_id", Words, nullable=False),
    Column("over", Moment),  # when it was seen to be over: from then on no clock opens it again
    Index(None, "school_id", "ends"),
)

# The coordinator's code for it, hashed, and the wrong tries since the last right one.
emergency_codes = Table(
    "emergency_codes",
    metadata,
    school_column(),
    Column("hash", Words, nullable=False),
    Column("wrong", Integer, nullable=False, server_default="0"),
    Column("last", Moment),
    Column("made", Moment, nullable=False),
    Column("by_id", Words, nullable=False),
)

# How the test pages went on a device: no person, and an empty id for what is not in the register.
self_tests = Table(
    "self_tests",
    metadata,
    school_column(),
    Column("device_id", Words, primary_key=True),
    Column("probe", Words, primary_key=True),
    Column("good", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
)

# From which address a device says that it is here (`policy.binding`); `doubled`: until when two count as being it.
bindings = Table(
    "bindings",
    metadata,
    school_column(),
    Column("device_id", Words, primary_key=True),
    Column("address", Words, primary_key=True),
    Column("signed", Moment, nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("doubled", Moment),
    ForeignKeyConstraint(["school_id", "device_id"], ["devices.school_id", "devices.id"], ondelete="CASCADE"),
    Index(None, "school_id", "until"),
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
