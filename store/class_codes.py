"""The code on the board: with it a class may say who sits where, until the lesson ends.

Four digits are soon guessed, so wrong tries are counted here, in the one place that all workers share: by where they
come from, and by the group that is guessed at. What is counted is the hash of a place, never whose it is.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from secrets import randbelow
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from store.db import Change, Database
from store.ids import hashed
from store.tables import class_codes as table
from store.tables import groups, sign_in_tries

WINDOW = timedelta(minutes=10)
"""How long wrong tries count."""
MOST_HERE = 10
"""Wrong tries of one device or address in that time; then it waits."""
MOST_TOGETHER = 60
"""The same of everybody who guesses at one group, or who belongs to none."""
DIGITS = 4


@dataclass(frozen=True, slots=True)
class ClassCode:
    """The code of a group, which works before `until` (UTC). `by` opened it."""

    group: str
    code: str
    until: datetime
    by: str


class No(StrEnum):
    """Why a typed code leads nowhere."""

    WRONG = "wrong"
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class ClassCodes:
    """The codes of every school in the database."""

    database: Database

    def open(self, school: str, group: str, until: datetime, by: str, now: datetime) -> ClassCode | None:
        """A new code for a group, in place of the one that it has. None: unknown group, or a moment that is over."""
        if until <= now:
            return None
        with self.database.write(school) as change:
            others = {one.code for one in _live(change.connection, school, now) if one.group != group}
            made = ClassCode(group, _fresh(others), until, by)
            row = {"school_id": school, "group_id": group, "code": made.code, "until": until, "by_id": by}
            known = sa.select(groups.c.id).where(groups.c.school_id == school, groups.c.id == group)
            if change.execute(known).first() is None:
                return None
            change.upsert(table, ("school_id", "group_id"), [row])
            change.moved(by, "class_code.open", now, [group])
        return made

    def close(self, school: str, group: str, by: str, now: datetime) -> bool:
        """Nobody signs in with it any more; who is in, stays. False: there was none."""
        mine = sa.and_(table.c.school_id == school, table.c.group_id == group)
        with self.database.write(school) as change:
            if not change.execute(sa.delete(table).where(mine)).rowcount:
                return False
            change.moved(by, "class_code.close", now, [group])
        return True

    def of(self, school: str, group: str, now: datetime) -> ClassCode | None:
        """The code of a group that works now."""
        with self.database.read() as connection:
            return next((one for one in _live(connection, school, now) if one.group == group), None)

    def fits(self, school: str, code: str, group: str | None, place: str, now: datetime) -> ClassCode | No:
        """What a typed code opens at a `place` (any text that tells places apart); every wrong one is counted.

        With `group` it must be that group's: a device of one group is no way into another.
        """
        keys = (hashed(f"code place {place}"), hashed(f"code group {group or ''}"))
        with self.database.write(school) as change:
            if any(wrong_tries(change, key, now) >= most for key, most in zip(keys, _MOST, strict=True)):
                return No.TOO_MANY
            found: ClassCode | None = None
            for one in _live(change.connection, school, now):  # all of them: how long it takes tells nothing
                same = hmac.compare_digest(one.code.encode(), code.strip().encode())
                if same and group in (None, one.group):
                    found = one
            if found is None:
                for key in keys:
                    count_wrong(change, key, now)
                return No.WRONG
            return found


_MOST = (MOST_HERE, MOST_TOGETHER)


def _fresh(others: set[str]) -> str:
    """A code that no other group has now."""
    while True:
        code = f"{randbelow(10**DIGITS):0{DIGITS}}"
        if code not in others:
            return code


def _live(connection: Connection, school: str, now: datetime) -> Sequence[ClassCode]:
    wish = sa.select(table).where(table.c.school_id == school, table.c.until > now).order_by(table.c.group_id)
    return [_code(row) for row in connection.execute(wish).all()]


def _code(row: sa.Row[Any]) -> ClassCode:
    return ClassCode(row.group_id, row.code, row.until, row.by_id)


def wrong_tries(change: Change, key: str, now: datetime) -> int:
    """How many wrong tries are counted under a key lately."""
    tries = sign_in_tries
    mine = sa.and_(tries.c.school_id == change.school, tries.c.key == key, tries.c.since > now - WINDOW)
    return change.execute(sa.select(tries.c.wrong).where(mine)).scalar() or 0


def count_wrong(change: Change, key: str, now: datetime) -> None:
    """One more wrong try; the first of them begins a new time of counting."""
    wrong = wrong_tries(change, key, now)
    if wrong:
        mine = sa.and_(sign_in_tries.c.school_id == change.school, sign_in_tries.c.key == key)
        change.execute(sa.update(sign_in_tries).where(mine).values(wrong=wrong + 1))
    else:
        row = {"school_id": change.school, "key": key, "wrong": 1, "since": now}
        change.upsert(sign_in_tries, ("school_id", "key"), [row])


def take_back(change: Change, key: str) -> None:
    """The last try that was counted was right after all."""
    mine = sa.and_(sign_in_tries.c.school_id == change.school, sign_in_tries.c.key == key, sign_in_tries.c.wrong > 0)
    change.execute(sa.update(sign_in_tries).where(mine).values(wrong=sign_in_tries.c.wrong - 1))
