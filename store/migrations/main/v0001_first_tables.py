"""The first tables: policy, state, people, devices, events, asks and reports, audit.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.BigInteger()
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BARE_HOST = "host IS NULL OR (host NOT LIKE '%/%' AND host NOT LIKE '%?%' AND host NOT LIKE '%@%')"


def upgrade() -> None:
    op.create_table(
        "agreements",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("starts", MOMENT, nullable=False),
        sa.Column("ends", MOMENT, nullable=False),
        sa.Column("groups", sa.JSON(), nullable=False),
        sa.Column("people", sa.JSON(), nullable=False),
        sa.Column("sites", sa.JSON(), nullable=False),
        sa.Column("goal", sa.String(), nullable=False),
        sa.Column("by_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "id", name="pk_agreements"),
    )
    op.create_index("ix_agreements_school_id_ends", "agreements", ["school_id", "ends"])
    op.create_table(
        "asks",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("line", sa.String(), nullable=False),
        sa.Column("group_id", sa.String(), nullable=True),
        sa.Column("device_id", sa.String(), nullable=True),
        sa.Column("person_id", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("answered", MOMENT, nullable=True),
        sa.Column("by_id", sa.String(), nullable=True),
        sa.Column("grant_id", sa.String(), nullable=True),
        sa.CheckConstraint(BARE_HOST, name="ck_asks_bare_host"),
        sa.PrimaryKeyConstraint("school_id", "id", name="pk_asks"),
    )
    op.create_index("ix_asks_school_id_state", "asks", ["school_id", "state"])
    op.create_table(
        "audit",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("targets", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_school_id_at", "audit", ["school_id", "at"])
    op.create_index("ix_audit_school_id_id", "audit", ["school_id", "id"])
    op.create_table(
        "care",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=True),
        sa.Column("device_id", sa.String(), nullable=True),
        sa.Column("sites", sa.JSON(), nullable=False),
        sa.Column("apps", sa.JSON(), nullable=False),
        sa.Column("review", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("school_id", "id", name="pk_care"),
    )
    op.create_table(
        "counts",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("hour", MOMENT, nullable=False),
        sa.Column("group_id", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "name", "hour", "group_id", "category", name="pk_counts"),
    )
    op.create_table(
        "devices",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("group_id", sa.String(), nullable=True),
        sa.Column("person_id", sa.String(), nullable=True),
        sa.Column("addresses", sa.JSON(), nullable=False),
        sa.Column("ports", sa.JSON(), nullable=False),
        sa.Column("key_hash", sa.String(), nullable=True),
        sa.Column("last_seen", MOMENT, nullable=True),
        sa.Column("enrolled", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("school_id", "id", name="pk_devices"),
    )
    op.create_table(
        "events",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("uid", sa.String(), nullable=True),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("effect", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=True),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("host", sa.String(), nullable=True),
        sa.Column("thing", sa.String(), nullable=True),
        sa.Column("group_id", sa.String(), nullable=True),
        sa.Column("device_id", sa.String(), nullable=True),
        sa.Column("person_id", sa.String(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("grant_id", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.CheckConstraint("effect <> 'help'", name="ck_events_no_help"),
        sa.CheckConstraint(BARE_HOST, name="ck_events_bare_host"),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint("school_id", "uid", name="uq_events_school_id_uid"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_school_id_at", "events", ["school_id", "at"])
    op.create_index("ix_events_school_id_group_id_id", "events", ["school_id", "group_id", "id"])
    op.create_table(
        "grants",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("starts", MOMENT, nullable=False),
        sa.Column("ends", MOMENT, nullable=False),
        sa.Column("revoked", MOMENT, nullable=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("by_id", sa.String(), nullable=False),
        sa.Column("groups", sa.JSON(), nullable=False),
        sa.Column("people", sa.JSON(), nullable=False),
        sa.Column("without", sa.JSON(), nullable=False),
        sa.Column("sites", sa.JSON(), nullable=False),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("facets", sa.JSON(), nullable=False),
        sa.Column("goal", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "id", name="pk_grants"),
    )
    op.create_index("ix_grants_school_id_ends", "grants", ["school_id", "ends"])
    op.create_table(
        "groups",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("years", sa.JSON(), nullable=False),
        sa.Column("until", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("school_id", "id", name="pk_groups"),
    )
    op.create_table(
        "people",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "id", name="pk_people"),
    )
    op.create_table(
        "policies",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "number", name="pk_policies"),
    )
    op.create_table(
        "reports",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("group_id", sa.String(), nullable=True),
        sa.Column("device_id", sa.String(), nullable=True),
        sa.Column("person_id", sa.String(), nullable=True),
        sa.Column("seen", MOMENT, nullable=True),
        sa.Column("by_id", sa.String(), nullable=True),
        sa.CheckConstraint(BARE_HOST, name="ck_reports_bare_host"),
        sa.PrimaryKeyConstraint("school_id", "id", name="pk_reports"),
    )
    op.create_index("ix_reports_school_id_at", "reports", ["school_id", "at"])
    op.create_table(
        "sanctions",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("starts", MOMENT, nullable=False),
        sa.Column("ends", MOMENT, nullable=False),
        sa.Column("by_id", sa.String(), nullable=False),
        sa.Column("sites", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "id", name="pk_sanctions"),
    )
    op.create_index("ix_sanctions_school_id_ends", "sanctions", ["school_id", "ends"])
    op.create_table(
        "schools",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("activity", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", name="pk_schools"),
    )
    op.create_table(
        "spans",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("group_id", sa.String(), nullable=False),
        sa.Column("starts", MOMENT, nullable=False),
        sa.Column("ends", MOMENT, nullable=False),
        sa.Column("by_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_spans"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_spans_school_id_ends", "spans", ["school_id", "ends"])
    op.create_table(
        "codes",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("expires", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "device_id"], ["devices.school_id", "devices.id"], name="fk_codes_devices", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("school_id", "hash", name="pk_codes"),
    )
    op.create_table(
        "consents",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("agreed", sa.Boolean(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "person_id"], ["people.school_id", "people.id"], name="fk_consents_people", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("school_id", "person_id", "year", name="pk_consents"),
    )
    op.create_table(
        "leases",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("starts", MOMENT, nullable=False),
        sa.Column("ends", MOMENT, nullable=False),
        sa.Column("by_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "device_id"],
            ["devices.school_id", "devices.id"],
            name="fk_leases_devices",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_leases"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_leases_school_id_ends", "leases", ["school_id", "ends"])
    op.create_table(
        "memberships",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("group_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "group_id"],
            ["groups.school_id", "groups.id"],
            name="fk_memberships_groups",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "person_id"],
            ["people.school_id", "people.id"],
            name="fk_memberships_people",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("school_id", "person_id", "group_id", name="pk_memberships"),
    )
    op.create_index("ix_memberships_school_id_group_id", "memberships", ["school_id", "group_id"])
    _audit_only_grows()


def _audit_only_grows() -> None:
    """The database itself refuses to change what staff did; forgetting by age stays possible."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER audit_only_grows BEFORE UPDATE ON audit "
            "BEGIN SELECT RAISE(ABORT, 'audit rows never change'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'audit rows never change'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_only_grows BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION audit_only_grows()"
    )
