"""The public key of a device's agent: it signs what it asks, and the server keeps nothing that could do so.

Devices that were enrolled before have none and enrol again; the network knows them meanwhile by the key they have.

Revision ID: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("devices", sa.Column("public_key", sa.String(), nullable=True))
