"""Pupils' own passwords: three pictures in order out of twelve. Only the argon2id hash of one is kept.

There are not many of them, so it is the counting that guards them: after five wrong tries in a row the teacher must say
who it is, and one place may not try much at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from threading import BoundedSemaphore

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from store.class_codes import count_wrong, take_back, wrong_tries
from store.db import Database
from store.ids import hashed
from store.people import pupils_among
from store.tables import picture_passwords as table

PICTURES = ("sun", "moon", "star", "tree", "flower", "house", "boat", "fish", "apple", "ball", "key", "umbrella")
"""The pictures, in the order in which they always stand."""
LENGTH = 3
MOST_WRONG = 5
"""Wrong tries in a row after which a pupil's pictures open nothing until a teacher said who it is."""
MOST_HERE = 12
"""Wrong tries of one place, of any pupil's, in `store.class_codes.WINDOW`."""

# OWASP's lowest for argon2id: a worker that carries a class's pages has no 64 MiB to spare, and the counting guards.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_TURN = BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class PictureState:
    """Whether a pupil has pictures (when they were chosen, UTC), and whether too many were wrong."""

    since: datetime
    locked: bool


def is_choice(pictures: Sequence[str]) -> bool:
    """Whether this can be a password: so many pictures that exist. The same one twice is fine."""
    return len(pictures) == LENGTH and all(one in PICTURES for one in pictures)


@dataclass(frozen=True, slots=True)
class Pictures:
    """The picture passwords of every school in the database."""

    database: Database

    def states(self, school: str, persons: Iterable[str]) -> Mapping[str, PictureState]:
        """Person id to how it stands, of those who have pictures."""
        wish = sa.select(table.c.person_id, table.c.at, table.c.wrong).where(
            table.c.school_id == school, table.c.person_id.in_(list(persons))
        )
        with self.database.read() as connection:
            rows = connection.execute(wish).all()
        return {row.person_id: PictureState(row.at, row.wrong >= MOST_WRONG) for row in rows}

    def choose(self, school: str, person: str, pictures: Sequence[str], by: str, now: datetime) -> bool:
        """These are a pupil's pictures from now on. False: no such pupil, or pictures that do not exist."""
        if not is_choice(pictures):
            return False
        made = _hash(pictures)
        with self.database.write(school) as change:
            if not pupils_among(change.connection, school, [person]):
                return False
            row = {"school_id": school, "person_id": person, "hash": made, "wrong": 0, "at": now, "by_id": by}
            change.upsert(table, ("school_id", "person_id"), [row])
            change.note(by, "pictures.choose", now, [person])
            change.stirred()
        return True

    def forget(self, school: str, person: str, by: str, now: datetime) -> bool:
        """A pupil has no pictures any more, and chooses new ones. False: there were none."""
        with self.database.write(school) as change:
            if not change.execute(sa.delete(table).where(_one(school, person))).rowcount:
                return False
            change.note(by, "pictures.forget", now, [person])
            change.stirred()
        return True

    def fit(self, school: str, person: str, pictures: Sequence[str], place: str, now: datetime) -> bool:
        """Whether these are a pupil's pictures. A try is counted before it is looked at, so that many at once get no
        more of them; a right one begins the counting anew.
        """
        here = hashed(f"pictures {place}")
        with self.database.write(school) as change:
            row = change.execute(sa.select(table.c.hash, table.c.wrong).where(_one(school, person))).first()
            tries = wrong_tries(change, here, now)
            known = row.hash if row is not None and row.wrong < MOST_WRONG and tries < MOST_HERE else None
            if known is not None:
                change.execute(sa.update(table).where(_one(school, person)).values(wrong=table.c.wrong + 1))
                count_wrong(change, here, now)
        if not _fits(pictures, known) or known is None:
            return False
        with self.database.write(school) as change:
            change.execute(sa.update(table).where(_one(school, person)).values(wrong=0))
            take_back(change, here)
        return True

    def unlock(self, school: str, person: str) -> None:
        """A teacher said who it is: the wrong tries count no more."""
        with self.database.write(school) as change:
            change.execute(sa.update(table).where(_one(school, person)).values(wrong=0))


def _one(school: str, person: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.school_id == school, table.c.person_id == person)


def _hash(pictures: Sequence[str]) -> str:
    with _TURN:
        return _HASHER.hash(" ".join(pictures))


def _fits(pictures: Sequence[str], argon2id: str | None) -> bool:
    """Without a hash it takes the same time and is false."""
    with _TURN:
        try:
            return _HASHER.verify(argon2id or _nobodys(), " ".join(pictures)) and argon2id is not None
        except (Argon2Error, InvalidHashError):
            return False


@cache
def _nobodys() -> str:
    return _HASHER.hash("nobody chose this")
