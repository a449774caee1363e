"""What a teacher proposes to the management about a pupil: a ban for a while. Nothing is blocked by it.

They are for who proposed it and for the management, in no snapshot, and the audit has no text.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from policy.model import Role, SanctionTarget
from store.db import Database
from store.ids import new_id
from store.tables import ban_proposals as table
from store.tables import people


class ProposalState(StrEnum):
    """How a proposal stands."""

    OPEN = "open"
    IMPOSED = "imposed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class BanProposal:
    """A ban on `on` for the pupil `person`, for as long as `lasts` says roughly (a code), proposed by `by` at `at`.

    `answer` is what the management wrote back when it decided.
    """

    id: str
    person: str
    on: SanctionTarget
    lasts: str
    reason: str
    at: datetime
    by: str
    state: ProposalState = ProposalState.OPEN
    decided: datetime | None = None
    decider: str | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class BanProposals:
    """The proposals of every school in the database."""

    database: Database

    def add(
        self, school: str, person: str, on: SanctionTarget, lasts: str, reason: str, by: str, now: datetime
    ) -> BanProposal | None:
        """Write a proposal. None: there is no such pupil, or one about the same thing waits already."""
        made = BanProposal(new_id(), person, on, lasts, reason, now, by)
        row = {"school_id": school, "id": made.id, "person_id": person, "target": on.value, "lasts": lasts}
        pupil = sa.and_(people.c.school_id == school, people.c.id == person, people.c.role == Role.PUPIL.value)
        same = sa.and_(table.c.school_id == school, table.c.person_id == person, table.c.target == on.value)
        with self.database.write(school) as change:
            if change.execute(sa.select(people.c.id).where(pupil)).first() is None:
                return None
            if change.execute(sa.select(table.c.id).where(same, _waits())).first() is not None:
                return None
            change.execute(sa.insert(table).values(**row, reason=reason, at=now, by_id=by, state=made.state.value))
            change.note(by, "ban_proposal.add", now, [made.id, person])
            change.stirred()
        return made

    def decide(
        self, school: str, proposal_id: str, state: ProposalState, by: str, now: datetime, *, answer: str = ""
    ) -> BanProposal | None:
        """Write what became of a proposal, once. None: unknown, or it does not wait any more."""
        mine = sa.and_(_one(school, proposal_id), _waits())
        values = {"state": state.value, "decided": now, "decided_by": by, "answer": answer}
        with self.database.write(school) as change:
            if not change.execute(sa.update(table).where(mine).values(**values)).rowcount:
                return None
            change.note(by, f"ban_proposal.{state.value}", now, [proposal_id])
            change.stirred()
            return _proposal(change.execute(sa.select(table).where(_one(school, proposal_id))).one())

    def get(self, school: str, proposal_id: str) -> BanProposal | None:
        """One proposal."""
        found = self._select(_one(school, proposal_id))
        return found[0] if found else None

    def waiting(self, school: str) -> tuple[BanProposal, ...]:
        """Those that nobody decided about, the newest first."""
        return self._select(sa.and_(table.c.school_id == school, _waits()))

    def written(self, school: str, by: str) -> tuple[BanProposal, ...]:
        """All that somebody proposed and that are still kept, the newest first."""
        return self._select(sa.and_(table.c.school_id == school, table.c.by_id == by))

    def about(self, school: str, person: str) -> tuple[BanProposal, ...]:
        """All about a pupil that are still kept, the newest first."""
        return self._select(sa.and_(table.c.school_id == school, table.c.person_id == person))

    def _select(self, where: sa.ColumnElement[bool]) -> tuple[BanProposal, ...]:
        with self.database.read() as connection:
            found = [_proposal(row) for row in connection.execute(sa.select(table).where(where))]
        return tuple(sorted(found, key=lambda one: (one.at, one.id), reverse=True))


def _waits() -> sa.ColumnElement[bool]:
    return table.c.state == ProposalState.OPEN.value


def _one(school: str, proposal_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.school_id == school, table.c.id == proposal_id)


def _proposal(row: sa.Row[Any]) -> BanProposal:
    return BanProposal(
        id=row.id,
        person=row.person_id,
        on=SanctionTarget(row.target),
        lasts=row.lasts,
        reason=row.reason,
        at=row.at,
        by=row.by_id,
        state=ProposalState(row.state),
        decided=row.decided,
        decider=row.decided_by,
        answer=row.answer,
    )
