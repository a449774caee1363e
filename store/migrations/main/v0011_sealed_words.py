"""Names and texts are sealed with a key that is not in the database; `seals` says with which.

Revision ID: 0011
"""

import sqlalchemy as sa
from alembic import context, op

from store import seals

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

EXACT = ("print_accounts.account", "registers.place")
COLUMNS = {
    "groups": ("name",),
    "people": ("name",),
    "registers": ("name", "place", "note"),
    "notes": ("text",),
    "devices": ("name",),
    "print_accounts": ("account",),
    "grants": ("goal",),
    "sanctions": ("reason",),
    "agreements": ("goal",),
    "prepared": ("name", "body"),
    "ban_proposals": ("reason", "answer"),
    "events": ("note",),
    "asks": ("line", "answer"),
    "reports": ("note",),
    "print_jobs": ("account",),
}


def upgrade() -> None:
    op.create_table(
        "seals",
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("proof", sa.String(), nullable=False),
        sa.Column("wiped", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name="pk_seals"),
    )
    key = seals.first(context.config.attributes["key_file"])
    found = seals.rewrite(
        op.get_bind(), None, COLUMNS, EXACT, lambda place, was, exact: key.seal(place, was, exact=exact)
    )
    seals.name(op.get_bind(), None, key, wiped=found == 0)
