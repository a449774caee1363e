"""Names and addresses of staff are sealed with a key that is not in the database; `seals` says with which.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import context, op

from store import seals

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

COLUMNS = {"accounts": ("login",), "identities": ("subject",), "expected_addresses": ("address",)}
EXACT = ("accounts.login", "identities.subject", "expected_addresses.address")


def upgrade() -> None:
    schema = "accounts" if op.get_bind().dialect.name == "postgresql" else None
    op.create_table(
        "seals",
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("proof", sa.String(), nullable=False),
        sa.Column("wiped", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name="pk_seals"),
        schema=schema,
    )
    key = seals.first(context.config.attributes["key_file"])
    found = seals.rewrite(
        op.get_bind(), schema, COLUMNS, EXACT, lambda place, was, exact: key.seal(place, was, exact=exact)
    )
    seals.name(op.get_bind(), schema, key, wiped=found == 0)
