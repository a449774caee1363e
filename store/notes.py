"""What a person wrote down about a pupil, for the pupil's file: a talk, a warning, a ban. Nobody else has such notes.

Of staff there is no file, so a note about somebody who is no pupil is not written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from policy.model import Role
from store.db import Database
from store.ids import new_id
from store.tables import notes as table
from store.tables import people, sanctions


class NoteKind(StrEnum):
    """What a note is about."""

    TALK = "talk"
    WARNING = "warning"
    BAN = "ban"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Note:
    """A note about the pupil `person`, written by `by` at `at`. `sanction` is the ban that it was written at."""

    id: str
    person: str
    kind: NoteKind
    text: str
    at: datetime
    by: str
    sanction: str | None = None


@dataclass(frozen=True, slots=True)
class Notes:
    """The notes of every school in the database. They are in no snapshot and wake nobody; the audit has no text."""

    database: Database

    def add(
        self,
        school: str,
        person: str,
        kind: NoteKind,
        text: str,
        by: str,
        now: datetime,
        *,
        sanction: str | None = None,
    ) -> Note | None:
        """Write a note. None: there is no such pupil, or the ban `sanction` is not that pupil's."""
        made = Note(new_id(), person, kind, text, now, by, sanction)
        row = {"school_id": school, "id": made.id, "person_id": person, "kind": kind.value, "text": text, "at": now}
        with self.database.write(school) as change:
            pupil = sa.and_(people.c.school_id == school, people.c.id == person, people.c.role == Role.PUPIL.value)
            if change.execute(sa.select(people.c.id).where(pupil)).first() is None:
                return None
            ban = sa.and_(sanctions.c.school_id == school, sanctions.c.id == sanction, sanctions.c.person_id == person)
            if sanction is not None and change.execute(sa.select(sanctions.c.id).where(ban)).first() is None:
                return None
            change.execute(sa.insert(table).values(**row, by_id=by, sanction_id=sanction))
            change.note(by, "note.add", now, [made.id, person])
        return made

    def remove(self, school: str, note_id: str, by: str, now: datetime) -> bool:
        """Take a note away. False: unknown."""
        with self.database.write(school) as change:
            if not change.execute(sa.delete(table).where(_one(school, note_id))).rowcount:
                return False
            change.note(by, "note.remove", now, [note_id])
        return True

    def get(self, school: str, note_id: str) -> Note | None:
        """One note."""
        found = self._select(_one(school, note_id))
        return found[0] if found else None

    def about(self, school: str, person: str) -> tuple[Note, ...]:
        """All notes about a pupil, the newest first."""
        return self._select(sa.and_(table.c.school_id == school, table.c.person_id == person))

    def written(self, school: str, by: str) -> tuple[Note, ...]:
        """All notes that somebody wrote, the newest first."""
        return self._select(sa.and_(table.c.school_id == school, table.c.by_id == by))

    def _select(self, where: sa.ColumnElement[bool]) -> tuple[Note, ...]:
        with self.database.read() as connection:
            rows = connection.execute(sa.select(table).where(where)).all()
        found = (Note(r.id, r.person_id, NoteKind(r.kind), r.text, r.at, r.by_id, r.sanction_id) for r in rows)
        return tuple(sorted(found, key=lambda one: (one.at, one.id), reverse=True))


def _one(school: str, note_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.school_id == school, table.c.id == note_id)
