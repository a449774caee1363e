"""What waits at a print server: who, how many pages, colour. A row lives as long as its job; a title is nowhere.

The print server tells its whole list each time, so that what is gone there is gone here too.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from policy.model import Grant
from store.db import Database
from store.event_tables import print_jobs as table
from store.grants import made_grant, write_grant

MOST = 300
"""Jobs of one print server that are kept: the newest of more wait there unseen."""


class JobState(StrEnum):
    """What was said of a job."""

    WAITS = "waits"
    YES = "yes"
    NO = "no"


@dataclass(frozen=True, slots=True)
class WaitingJob:
    """One job. `account` is the name on it, only where `person` is not known; `gone` when it will be dropped (UTC).

    `pages` counts copies; without `counted` nobody is sure of them. `colour` None: the job does not say.
    """

    id: str
    device: str
    at: datetime
    person: str | None = None
    group: str | None = None
    account: str = ""
    pages: int | None = None
    counted: bool = False
    colour: bool | None = None
    gone: datetime | None = None
    state: JobState = JobState.WAITS


@dataclass(frozen=True, slots=True)
class PrintJobs:
    """The waiting jobs of every school in the database."""

    database: Database

    def tell(self, school: str, device: str, jobs: Sequence[WaitingJob]) -> frozenset[str]:
        """Take the whole list of a print server; returns the ids of those that somebody said no to.

        What was answered stays answered.
        """
        newest = {one.id: one for one in jobs[:MOST]}
        with self.database.write(school) as change:
            mine = sa.and_(table.c.school_id == school, table.c.device_id == device)
            known = {row.id: _job(row) for row in change.execute(sa.select(table).where(mine))}
            gone = [one for one in known if one not in newest]
            if gone:
                change.execute(sa.delete(table).where(mine, table.c.id.in_(gone)))
            moved = bool(gone)
            for one in newest.values():
                before = known.get(one.id)
                if before is None:
                    # A job's id is made by its print server: another one's row is never touched by it.
                    moved |= change.insert_new(table, ("school_id", "id"), _row(school, one))
                elif _told(before) != _told(one):
                    change.execute(sa.update(table).where(mine, table.c.id == one.id).values(**_told(one)))
                    moved = True
            if moved:
                change.stirred()
        return frozenset(one for one, job in known.items() if job.state is JobState.NO and one in newest)

    def waiting(self, school: str, groups: Collection[str]) -> tuple[WaitingJob, ...]:
        """The jobs of pupils of these groups that nobody answered yet, oldest first."""
        return self._select(school, sa.and_(table.c.group_id.in_(list(groups)), table.c.state == JobState.WAITS.value))

    def unknown(self, school: str) -> tuple[WaitingJob, ...]:
        """The jobs of which nobody knows whose they are, oldest first."""
        return self._select(school, table.c.person_id.is_(None))

    def get(self, school: str, job_id: str) -> WaitingJob | None:
        """One job."""
        found = self._select(school, table.c.id == job_id)
        return found[0] if found else None

    def say_yes(self, school: str, job_id: str, grant: Grant, now: datetime) -> Grant | None:
        """Write the grant that lets this one job through, in one transaction with the answer.

        None: the job is gone or was answered, and nothing was written. Of two who answer at once one is first.
        """
        made = made_grant(grant)
        with self.database.write(school) as change:
            answer = {"state": JobState.YES.value, "grant_id": made.id}
            if not change.execute(_waits(school, job_id).values(**answer)).rowcount:
                return None
            write_grant(change, made, now)
        return made

    def say_no(self, school: str, job_id: str, by: str, now: datetime) -> bool:
        """Let the print server drop a job, which hears it at once. False: it is gone or was answered."""
        with self.database.write(school) as change:
            if not change.execute(_waits(school, job_id).values(state=JobState.NO.value)).rowcount:
                return False
            change.moved(by, "print.no", now, [job_id])
            change.stirred()
        return True

    def _select(self, school: str, where: sa.ColumnElement[bool]) -> tuple[WaitingJob, ...]:
        with self.database.read() as connection:
            rows = connection.execute(sa.select(table).where(table.c.school_id == school, where)).all()
        return tuple(sorted((_job(row) for row in rows), key=lambda job: (job.at, job.id)))


def _waits(school: str, job_id: str) -> sa.Update:
    waits = table.c.state == JobState.WAITS.value
    return sa.update(table).where(table.c.school_id == school, table.c.id == job_id, waits)


def _told(job: WaitingJob) -> dict[str, Any]:
    """What a print server may tell anew of a job that it told before."""
    told: dict[str, Any] = {"person_id": job.person, "group_id": job.group, "account": job.account}
    return told | {"pages": job.pages, "counted": job.counted, "colour": job.colour, "gone": job.gone}


def _row(school: str, job: WaitingJob) -> dict[str, Any]:
    own = {"school_id": school, "id": job.id, "device_id": job.device, "at": job.at, "state": JobState.WAITS.value}
    return own | _told(job)


def _job(row: sa.Row[Any]) -> WaitingJob:
    return WaitingJob(
        row.id,
        row.device_id,
        row.at,
        row.person_id,
        row.group_id,
        row.account,
        row.pages,
        row.counted,
        row.colour,
        row.gone,
        JobState(row.state),
    )
