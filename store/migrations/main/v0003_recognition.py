"""Recognition: topics of a permission, the facet of an ask, sites that look like something, signals of help.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.BigInteger()
BARE_HOST = "host IS NULL OR (host NOT LIKE '%/%' AND host NOT LIKE '%?%' AND host NOT LIKE '%@%')"


def upgrade() -> None:
    for column in ("topics", "kinds"):
        op.add_column("grants", sa.Column(column, sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("asks", sa.Column("facet", sa.String(), nullable=False, server_default="place"))
    op.add_column("asks", sa.Column("kinds", sa.JSON(), nullable=False, server_default="[]"))
    op.create_table(
        "proposals",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("first_seen", MOMENT, nullable=False),
        sa.Column("last_seen", MOMENT, nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("by_id", sa.String(), nullable=True),
        sa.CheckConstraint(BARE_HOST, name="ck_proposals_bare_host"),
        sa.PrimaryKeyConstraint("school_id", "host", name="pk_proposals"),
    )
    op.create_index("ix_proposals_school_id_state", "proposals", ["school_id", "state"])
    op.create_table(
        "signals",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("group_id", sa.String(), nullable=True),
        sa.Column("device_id", sa.String(), nullable=True),
        sa.Column("person_id", sa.String(), nullable=True),
        sa.Column("seen", MOMENT, nullable=True),
        sa.Column("by_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("school_id", "id", name="pk_signals"),
    )
    op.create_index("ix_signals_school_id_at", "signals", ["school_id", "at"])
