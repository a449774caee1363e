"""The five protocols: standing permissions, lifted bans, whole-group consent, registers, notes, who hears a report.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.BigInteger()


def text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable)


def upgrade() -> None:
    op.add_column("grants", sa.Column("roles", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("sanctions", sa.Column("reason", sa.String(), nullable=False, server_default=""))
    op.add_column("sanctions", sa.Column("lifted", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("reports", sa.Column("kind", sa.String(), nullable=False, server_default="saw"))
    op.add_column("reports", sa.Column("audience", sa.String(), nullable=False, server_default="teacher"))
    op.create_table(
        "group_consents",
        text("school_id"),
        text("group_id"),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        text("by_id"),
        sa.ForeignKeyConstraint(
            ["school_id", "group_id"],
            ["groups.school_id", "groups.id"],
            ondelete="CASCADE",
            name="fk_group_consents_groups",
        ),
        sa.PrimaryKeyConstraint("school_id", "group_id", "year", name="pk_group_consents"),
    )
    op.create_table(
        "photo_permissions",
        text("school_id"),
        text("person_id"),
        text("answer"),
        sa.Column("at", MOMENT, nullable=False),
        text("by_id"),
        _of_a_person("photo_permissions"),
        sa.PrimaryKeyConstraint("school_id", "person_id", name="pk_photo_permissions"),
    )
    op.create_table(
        "registers",
        text("school_id"),
        text("id"),
        text("kind"),
        text("name"),
        text("place"),
        text("person_id", nullable=True),
        text("group_id", nullable=True),
        text("note"),
        sa.Column("at", MOMENT, nullable=False),
        text("by_id"),
        sa.PrimaryKeyConstraint("school_id", "id", name="pk_registers"),
    )
    op.create_index("ix_registers_school_id_kind", "registers", ["school_id", "kind"])
    op.create_table(
        "notes",
        text("school_id"),
        text("id"),
        text("person_id"),
        text("kind"),
        text("text"),
        sa.Column("at", MOMENT, nullable=False),
        text("by_id"),
        text("sanction_id", nullable=True),
        _of_a_person("notes"),
        sa.PrimaryKeyConstraint("school_id", "id", name="pk_notes"),
    )
    op.create_index("ix_notes_school_id_at", "notes", ["school_id", "at"])


def _of_a_person(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["school_id", "person_id"], ["people.school_id", "people.id"], ondelete="CASCADE", name=f"fk_{table}_people"
    )
