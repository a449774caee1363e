"""What is in the way of everybody, and programs and devices that refuse the school's certificate.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.BigInteger()


def text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable)


def moment(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, MOMENT, nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "notices",
        text("school_id"),
        text("worker"),
        text("kind"),
        moment("since"),
        moment("seen"),
        moment("until"),
        sa.PrimaryKeyConstraint("school_id", "worker", "kind", "since", name="pk_notices"),
    )
    op.create_index("ix_notices_school_id_until", "notices", ["school_id", "until"])
    op.create_table(
        "refusals",
        text("school_id"),
        text("about"),
        text("name"),
        sa.Column("devices", sa.Integer(), nullable=False),
        moment("first_seen"),
        moment("last_seen"),
        text("state"),
        moment("decided_at", nullable=True),
        text("by_id", nullable=True),
        sa.CheckConstraint(
            "name NOT LIKE '%/%' AND name NOT LIKE '%?%' AND name NOT LIKE '%@%'", name="ck_refusals_bare_name"
        ),
        sa.PrimaryKeyConstraint("school_id", "about", "name", name="pk_refusals"),
    )
    op.create_index("ix_refusals_school_id_state", "refusals", ["school_id", "state"])
