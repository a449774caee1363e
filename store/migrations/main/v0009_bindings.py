"""From which address a device's agent or extension says that it is here, for a minute at a time.

Revision ID: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bindings",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("signed", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("doubled", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "device_id"],
            ["devices.school_id", "devices.id"],
            name="fk_bindings_school_id_devices",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("school_id", "device_id", "address", name="pk_bindings"),
    )
    op.create_index("ix_bindings_school_id_until", "bindings", ["school_id", "until"])
