"""Sites that nobody lists and that look like something: proposals to the coordinator, one a host.

Of a host, its kind, a score and reason codes - never of a person, a device, a group or a page's text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from store.db import Change, Database
from store.event_tables import proposals as table
from store.events import bare_host

MOST_OPEN = 500
"""So many may wait in one school; a site that makes up sub-domains cannot fill the table."""


class ProposalState(StrEnum):
    """How a proposal stands."""

    OPEN = "open"
    KEPT = "kept"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class Likeness:
    """What a host looks like: a kind (a category), the score that it got, and the codes of what was found."""

    host: str
    kind: str
    score: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A likeness as kept. `times` counts how often it was seen (a worker looks at a host once in some hours)."""

    host: str
    kind: str
    score: float
    reasons: tuple[str, ...]
    first_seen: datetime
    last_seen: datetime
    times: int = 1
    state: ProposalState = ProposalState.OPEN
    decided: datetime | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Proposals:
    """The proposals of every school in the database."""

    database: Database

    def suggest(self, school: str, likeness: Likeness, now: datetime, *, hold: bool = False) -> bool:
        """Write that a host looks like something; whether that is a new open proposal.

        Seen again, the highest score stays, with its kind and reasons; what was decided stays decided. With `hold` a
        new one moves the revision, so that every worker stops the host until the coordinator decides. A host that is
        none, or the 501st that waits, is not written.
        """
        host = bare_host(likeness.host)
        if host is None:
            return False
        with self.database.write(school) as change:
            row = change.execute(sa.select(table).where(_one(school, host))).first()
            if row is not None:
                change.execute(sa.update(table).where(_one(school, host)).values(**_again(row, likeness, now)))
                return False
            if _waiting(change) >= MOST_OPEN:
                return False
            change.execute(sa.insert(table).values(**_row(school, host, likeness, now)))
            change.stirred()
            change.revision_moved = hold
            return True

    def open(self, school: str) -> tuple[Proposal, ...]:
        """The proposals that wait, the newest first."""
        with self.database.read() as connection:
            rows = connection.execute(sa.select(table).where(_waits(school))).all()
        found = (_proposal(row) for row in rows)
        return tuple(sorted(found, key=lambda one: (-one.first_seen.timestamp(), one.host)))

    def get(self, school: str, host: str) -> Proposal | None:
        """The proposal of one host, decided or not."""
        with self.database.read() as connection:
            row = connection.execute(sa.select(table).where(_one(school, host))).first()
        return None if row is None else _proposal(row)

    def decide(self, school: str, host: str, kept: bool, by: str, now: datetime) -> Proposal | None:
        """Keep or dismiss one that waits. None: unknown, or somebody decided already.

        The revision moves: a host that was held is held no longer. Who keeps one adds it to a list first, so that there
        is no moment in between.
        """
        state = ProposalState.KEPT if kept else ProposalState.DISMISSED
        mine = sa.and_(_waits(school), table.c.host == host)
        with self.database.write(school) as change:
            values = {"state": state.value, "decided_at": now, "by_id": by}
            if not change.execute(sa.update(table).where(mine).values(**values)).rowcount:
                return None
            change.moved(by, f"proposal.{state.value}", now, [host])
            change.stirred()
            return _proposal(change.execute(sa.select(table).where(_one(school, host))).one())


def read_proposed(connection: Connection, school: str) -> Mapping[str, str]:
    """Host to kind of what waits, for a snapshot of a school that holds it until it is decided."""
    rows = connection.execute(sa.select(table.c.host, table.c.kind).where(_waits(school)))
    return {row.host: row.kind for row in rows}


def _one(school: str, host: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.school_id == school, table.c.host == host)


def _waits(school: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.school_id == school, table.c.state == ProposalState.OPEN.value)


def _waiting(change: Change) -> int:
    wish = sa.select(sa.func.count()).select_from(table).where(_waits(change.school))
    return int(change.execute(wish).scalar() or 0)


def _row(school: str, host: str, likeness: Likeness, now: datetime) -> dict[str, Any]:
    return {
        "school_id": school,
        "host": host,
        "kind": likeness.kind,
        "score": likeness.score,
        "reasons": list(likeness.reasons),
        "first_seen": now,
        "last_seen": now,
        "times": 1,
        "state": ProposalState.OPEN.value,
    }


def _again(row: sa.Row[Any], likeness: Likeness, now: datetime) -> dict[str, Any]:
    seen: dict[str, Any] = {"last_seen": max(now, row.last_seen), "times": row.times + 1}
    if likeness.score > row.score and row.state == ProposalState.OPEN.value:
        seen |= {"kind": likeness.kind, "score": likeness.score, "reasons": list(likeness.reasons)}
    return seen


def _proposal(row: sa.Row[Any]) -> Proposal:
    return Proposal(
        row.host,
        row.kind,
        row.score,
        tuple(row.reasons),
        row.first_seen,
        row.last_seen,
        row.times,
        ProposalState(row.state),
        row.decided_at,
        row.by_id,
    )
