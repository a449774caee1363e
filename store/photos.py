"""May a photo of this pupil or member of staff be shown. Asked once; the answer stands until somebody changes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from store.db import Database
from store.tables import people
from store.tables import photo_permissions as table


class PhotoAnswer(StrEnum):
    """What was answered; who was not asked has no answer."""

    YES = "yes"
    UNRECOGNISABLE = "unrecognisable"
    NO = "no"


@dataclass(frozen=True, slots=True)
class PhotoPermission:
    """The answer for one person, with when it was written down and by whom."""

    person: str
    answer: PhotoAnswer
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Photos:
    """The photo permissions of every school in the database. No decision reads them: they wake nobody."""

    database: Database

    def answer(self, school: str, answers: Mapping[str, PhotoAnswer | None], by: str, now: datetime) -> int:
        """Write what persons answered, all in one transaction; None forgets an answer (it was not asked after all).

        Who is not at school is passed over. Returns how many answers are other than they were.
        """
        with self.database.write(school) as change:
            chosen = sa.and_(table.c.school_id == school, table.c.person_id.in_(list(answers)))
            had = dict(map(tuple, change.execute(sa.select(table.c.person_id, table.c.answer).where(chosen))))
            here = sa.select(people.c.id).where(people.c.school_id == school, people.c.id.in_(list(answers)))
            known = set(change.connection.scalars(here))
            new = {
                person: answer
                for person, answer in sorted(answers.items())
                if person in known and (answer.value if answer else None) != had.get(person)
            }
            for answer in (*PhotoAnswer, None):
                persons = [person for person, told in new.items() if told is answer]
                if not persons:
                    continue
                if answer is None:
                    change.execute(sa.delete(table).where(table.c.school_id == school, table.c.person_id.in_(persons)))
                else:
                    about = {"answer": answer.value, "at": now, "by_id": by}
                    rows = [{"school_id": school, "person_id": person} | about for person in persons]
                    change.upsert(table, ("school_id", "person_id"), rows)
                change.note(by, f"photo.{answer.value if answer else 'unasked'}", now, persons)
        return len(new)

    def answers(self, school: str) -> Mapping[str, PhotoPermission]:
        """Person id to the answer; who is not in it was not asked."""
        with self.database.read() as connection:
            rows = connection.execute(sa.select(table).where(table.c.school_id == school)).all()
        found = {
            row.person_id: PhotoPermission(row.person_id, PhotoAnswer(row.answer), row.at, row.by_id) for row in rows
        }
        return dict(sorted(found.items()))
