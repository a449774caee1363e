"""The desk: hours in which only the safety floor holds, the code that starts them, and how self-tests of devices went.

Revision ID: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "emergencies",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("starts", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("by_id", sa.String(), nullable=False),
        sa.Column("over", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("school_id", "id", name="pk_emergencies"),
    )
    op.create_index("ix_emergencies_school_id_ends", "emergencies", ["school_id", "ends"])
    op.create_table(
        "emergency_codes",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("last", sa.BigInteger(), nullable=True),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.Column("by_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", name="pk_emergency_codes"),
    )
    op.create_table(
        "self_tests",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("probe", sa.String(), nullable=False),
        sa.Column("good", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "device_id", "probe", name="pk_self_tests"),
    )
    _trail()
    _counted()


def _trail() -> None:
    """The audit trail as a chain, of which nothing goes before its term: the database itself sees to that."""
    op.add_column("audit", sa.Column("link", sa.String(), nullable=True))
    op.create_table(
        "audit_cuts",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("upto", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("link", sa.String(), nullable=True),
        sa.CheckConstraint("at - since >= 86400000000", name="ck_audit_cuts_a_day"),
        sa.PrimaryKeyConstraint("school_id", name="pk_audit_cuts"),
    )
    young = "EXISTS (SELECT 1 FROM audit WHERE school_id = NEW.school_id AND id <= NEW.upto AND at >= NEW.since)"
    open_ = "EXISTS (SELECT 1 FROM audit_cuts c WHERE c.school_id = OLD.school_id AND c.upto >= OLD.id)"
    if op.get_bind().dialect.name == "sqlite":
        refuse = "SELECT RAISE(ABORT, 'audit rows stay until their term')"
        op.execute(f"CREATE TRIGGER audit_stays BEFORE DELETE ON audit WHEN NOT {open_} BEGIN {refuse}; END")
        op.execute(f"CREATE TRIGGER audit_cut_new BEFORE INSERT ON audit_cuts WHEN {young} BEGIN {refuse}; END")
        op.execute(f"CREATE TRIGGER audit_cut_moves BEFORE UPDATE ON audit_cuts WHEN {young} BEGIN {refuse}; END")
        return
    refuse = "RAISE EXCEPTION 'audit rows stay until their term' USING ERRCODE = 'check_violation'"
    op.execute(
        "CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF NOT {open_} THEN {refuse}; END IF; RETURN OLD; END $$"
    )
    op.execute("CREATE TRIGGER audit_stays BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_stays()")
    op.execute(
        "CREATE FUNCTION audit_cut() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF {young} THEN {refuse}; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_cut BEFORE INSERT OR UPDATE ON audit_cuts FOR EACH ROW EXECUTE FUNCTION audit_cut()"
    )


def _counted() -> None:
    """Numbers a day that outlive the events, and whether the counsellors' inbox is on: it stays on where it was."""
    op.create_table(
        "tallies",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("group_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "day", "group_id", "kind", "category", name="pk_tallies"),
    )
    op.create_table(
        "counsel",
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("by_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", name="pk_counsel"),
    )
    op.execute(
        "INSERT INTO counsel (school_id, since, by_id) SELECT school_id, 0, 'setup' FROM people "
        "WHERE role = 'counsellor' GROUP BY school_id HAVING count(*) >= 2"
    )
