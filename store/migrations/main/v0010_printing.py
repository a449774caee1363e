"""Printing by permission: which device is the print server, whose account is whose, and the jobs that wait there.

Revision ID: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("devices", sa.Column("prints", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "print_accounts",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "account", name="pk_print_accounts"),
        sa.ForeignKeyConstraint(
            ["school_id", "person_id"],
            ["people.school_id", "people.id"],
            ondelete="CASCADE",
            name="fk_print_accounts_people",
        ),
    )
    op.create_index("ix_print_accounts_school_id_person_id", "print_accounts", ["school_id", "person_id"])
    op.create_table(
        "print_jobs",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=True),
        sa.Column("group_id", sa.String(), nullable=True),
        sa.Column("account", sa.String(), nullable=False, server_default=""),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("colour", sa.Boolean(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("gone", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("grant_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("school_id", "id", name="pk_print_jobs"),
    )
    op.create_index("ix_print_jobs_school_id_group_id", "print_jobs", ["school_id", "group_id"])
