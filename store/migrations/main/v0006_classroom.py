"""The classroom: tests, what is kept ready, proposed bans, and who signs in where on shared devices.

Revision ID: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.BigInteger()


def text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable)


def moment(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, MOMENT, nullable=nullable)


def of_a_person(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["school_id", "person_id"], ["people.school_id", "people.id"], ondelete="CASCADE", name=f"fk_{table}_people"
    )


def upgrade() -> None:
    op.add_column("agreements", sa.Column("test", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "prepared",
        text("school_id"),
        text("id"),
        text("kind"),
        text("name"),
        sa.Column("body", sa.JSON(), nullable=False),
        text("group_id", nullable=True),
        text("by_id"),
        sa.Column("shared", sa.Boolean(), nullable=False),
        moment("made"),
        moment("used", nullable=True),
        sa.PrimaryKeyConstraint("school_id", "id", name="pk_prepared"),
    )
    op.create_index("ix_prepared_school_id_kind", "prepared", ["school_id", "kind"])
    op.create_table(
        "ban_proposals",
        text("school_id"),
        text("id"),
        text("person_id"),
        text("target"),
        text("lasts"),
        text("reason"),
        moment("at"),
        text("by_id"),
        text("state"),
        moment("decided", nullable=True),
        text("decided_by", nullable=True),
        sa.Column("answer", sa.String(), nullable=False, server_default=""),
        of_a_person("ban_proposals"),
        sa.PrimaryKeyConstraint("school_id", "id", name="pk_ban_proposals"),
    )
    op.create_index("ix_ban_proposals_school_id_state", "ban_proposals", ["school_id", "state"])
    op.create_table(
        "class_codes",
        text("school_id"),
        text("group_id"),
        text("code"),
        moment("until"),
        text("by_id"),
        sa.ForeignKeyConstraint(
            ["school_id", "group_id"],
            ["groups.school_id", "groups.id"],
            ondelete="CASCADE",
            name="fk_class_codes_groups",
        ),
        sa.PrimaryKeyConstraint("school_id", "group_id", name="pk_class_codes"),
    )
    op.create_table(
        "picture_passwords",
        text("school_id"),
        text("person_id"),
        text("hash"),
        sa.Column("wrong", sa.Integer(), nullable=False, server_default="0"),
        moment("at"),
        text("by_id"),
        of_a_person("picture_passwords"),
        sa.PrimaryKeyConstraint("school_id", "person_id", name="pk_picture_passwords"),
    )
    op.create_table(
        "sign_in_tries",
        text("school_id"),
        text("key"),
        sa.Column("wrong", sa.Integer(), nullable=False),
        moment("since"),
        sa.PrimaryKeyConstraint("school_id", "key", name="pk_sign_in_tries"),
    )
    op.create_table(
        "sign_ins",
        text("school_id"),
        text("id"),
        text("group_id"),
        text("person_id"),
        text("device_id", nullable=True),
        text("address"),
        text("state"),
        text("proof"),
        moment("at"),
        moment("ends"),
        text("by_id", nullable=True),
        of_a_person("sign_ins"),
        sa.PrimaryKeyConstraint("school_id", "id", name="pk_sign_ins"),
    )
    op.create_index("ix_sign_ins_school_id_ends", "sign_ins", ["school_id", "ends"])
