"""A permission for one single item: a film, a post, without what is around it.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("grants", sa.Column("items", sa.JSON(), nullable=False, server_default="[]"))
