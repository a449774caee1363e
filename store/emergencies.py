"""The emergency exit: the hours in which only the safety floor holds, and the code that opens it.

The code is made beforehand, shown once and kept as a scrypt hash. Every try is counted before it is looked at, so that
many at a time are no way around the wait.
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import scrypt
from secrets import choice, token_bytes
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from policy.emergency import in_bounds
from policy.model import Emergency
from store.db import Change, Database
from store.ids import TYPABLE, new_id, typed
from store.tables import emergencies as table
from store.tables import emergency_codes as codes

FREE_TRIES = 5
"""Wrong codes after which there is a wait; it doubles with every next one."""
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=15)
_GROUPS, _SIGNS = 3, 4  # 58 bits: printed on paper, for a year
_COST = {"n": 2**14, "r": 8, "p": 1}  # 16 MB and some 40 ms; the code is random, not chosen by a person


class Way(StrEnum):
    """How it was opened."""

    DESK = "desk"
    CODE = "code"
    COMMAND = "command"


BY_CODE, BY_COMMAND, BY_ITSELF = "emergency", "cli", "system"
"""Who did it in the audit and in `Emergency.by` where it was nobody in particular."""


class Fit(StrEnum):
    """What became of a typed code."""

    FITS = "fits"
    WRONG = "wrong"
    WAIT = "wait"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Code:
    """The code as kept, without itself: who made it when, and the wrong tries since it was made or last right."""

    made: datetime
    by: str
    wrong: int = 0
    last: datetime | None = None

    def waits_until(self, now: datetime) -> datetime | None:
        """Until when no try is taken; None: one is. A last try in the future is a clock that jumped, and no wait."""
        if self.last is None or self.last > now or self.wrong < FREE_TRIES:
            return None
        until = self.last + min(FIRST_WAIT * 2 ** min(self.wrong - FREE_TRIES, 10), LONGEST_WAIT)
        return until if until > now else None


@dataclass(frozen=True, slots=True)
class Emergencies:
    """The emergencies of every school in the database. Every change is an audit entry and moves the revision."""

    database: Database

    def start(self, school: str, end: datetime, by: str, way: Way, now: datetime) -> Emergency:
        """Open it from `now` to `end`; one that is open already ends now.

        Raises:
            ValueError: it would end before it starts, or last longer than it may (`policy.emergency.LONGEST`).
        """
        made = Emergency(new_id(), now, end, by, way)
        if end <= now or not in_bounds(made):
            raise ValueError("an emergency lasts four hours at most")
        with self.database.write(school) as change:
            _end(change, now)
            change.execute(sa.insert(table).values(**_row(school, made)))
            change.moved(by, "emergency.on", now, [made.id, way])
        return made

    def adopt(self, school: str, emergency: Emergency, now: datetime) -> bool:
        """Write down one that began while the database was away. False: it is known already, or lasts too long."""
        if emergency.end <= emergency.start or not in_bounds(emergency):
            return False
        with self.database.write(school) as change:
            if not change.insert_new(table, ("school_id", "id"), _row(school, emergency)):
                return False
            change.moved(emergency.by, "emergency.on", now, [emergency.id, emergency.way])
        return True

    def stop(self, school: str, by: str, now: datetime, started_by: datetime | None = None) -> bool:
        """End what is open; with `started_by` only what began then or before. False: nothing was."""
        with self.database.write(school) as change:
            ended = _end(change, now, started_by)
            if ended:
                change.moved(by, "emergency.off", now, ended)
        return bool(ended)

    def settle(self, school: str, now: datetime) -> int:
        """Note for good which ones are over, so that a clock that is set back opens none of them; how many."""
        past = sa.and_(table.c.school_id == school, table.c.ends <= now, table.c.over.is_(None))
        with self.database.read() as connection:
            if connection.execute(sa.select(table.c.id).where(past).limit(1)).first() is None:
                return 0
        with self.database.write(school) as change:
            ids = list(change.execute(sa.select(table.c.id).where(past)).scalars())
            change.execute(sa.update(table).where(past).values(over=now))
            if ids:
                change.moved(BY_ITSELF, "emergency.over", now, ids)
        return len(ids)

    def current(self, school: str, now: datetime) -> Emergency | None:
        """The one that is open now."""
        with self.database.read() as connection:
            found = [one for one in read_emergencies(connection, school, now) if one.start <= now]
        return max(found, key=lambda one: one.end, default=None)

    def past(self, school: str, limit: int = 20) -> tuple[Emergency, ...]:
        """The last ones, open or over, the newest first."""
        wish = sa.select(table).where(table.c.school_id == school).order_by(table.c.starts.desc()).limit(limit)
        with self.database.read() as connection:
            return tuple(_emergency(row) for row in connection.execute(wish))

    # --- the code ----------------------------------------------------------------------------------------------------

    def make_code(self, school: str, by: str, now: datetime) -> str:
        """A new code in place of the old one, told once."""
        parts = ("".join(choice(TYPABLE) for _ in range(_SIGNS)) for _ in range(_GROUPS))
        code = "-".join(parts)
        row = {"school_id": school, "hash": _hashed(code), "wrong": 0, "last": None, "made": now, "by_id": by}
        with self.database.write(school) as change:
            change.upsert(codes, ("school_id",), [row])
            change.note(by, "emergency.code", now)
        return code

    def code(self, school: str) -> Code | None:
        """What is known of the code; None: there is none."""
        with self.database.read() as connection:
            row = _code_row(connection, school)
        return None if row is None else Code(row.made, row.by_id, row.wrong, row.last)

    def fits(self, school: str, code: str, now: datetime) -> Fit:
        """Whether a typed code is the school's. Costs some 40 ms where it is looked at; a wrong one is audited."""
        with self.database.write(school) as change:
            row = _code_row(change.connection, school)
            if row is None:
                return Fit.NONE
            if Code(row.made, row.by_id, row.wrong, row.last).waits_until(now) is not None:
                return Fit.WAIT
            mine = sa.update(codes).where(codes.c.school_id == school)
            change.execute(mine.values(wrong=codes.c.wrong + 1, last=now))
        good = _matches(code, row.hash)
        with self.database.write(school) as change:
            if good:
                change.execute(mine.where(codes.c.hash == row.hash).values(wrong=0, last=None))
            else:
                change.note(BY_CODE, "emergency.wrong", now)
        return Fit.FITS if good else Fit.WRONG


def read_emergencies(connection: Connection, school: str, now: datetime) -> tuple[Emergency, ...]:
    """Those that may still hold, the oldest first: not over, not seen to be over, and no longer than they may last."""
    wish = sa.select(table).where(table.c.school_id == school, table.c.ends > now, table.c.over.is_(None))
    found = [_emergency(row) for row in connection.execute(wish)]
    return tuple(sorted((one for one in found if in_bounds(one)), key=lambda one: (one.start, one.id)))


def _end(change: Change, now: datetime, started_by: datetime | None = None) -> list[str]:
    """End what is open; their ids."""
    mine = sa.and_(table.c.school_id == change.school, table.c.ends > now, table.c.over.is_(None))
    if started_by is not None:
        mine = sa.and_(mine, table.c.starts <= started_by)
    ids = list(change.execute(sa.select(table.c.id).where(mine)).scalars())
    if ids:
        change.execute(sa.update(table).where(mine).values(ends=now, over=now))
    return sorted(ids)


def _row(school: str, one: Emergency) -> dict[str, Any]:
    times = {"starts": one.start, "ends": one.end}
    return {"school_id": school, "id": one.id, **times, "way": str(one.way), "by_id": one.by}


def _emergency(row: sa.Row[Any]) -> Emergency:
    return Emergency(row.id, row.starts, row.ends, row.by_id, row.way)


def _code_row(connection: Connection, school: str) -> sa.Row[Any] | None:
    return connection.execute(sa.select(codes).where(codes.c.school_id == school)).first()


def _hashed(code: str) -> str:
    salt = token_bytes(16)
    return f"{b64encode(salt).decode()}${b64encode(_digest(code, salt)).decode()}"


def _matches(code: str, kept: str) -> bool:
    salt, _, digest = kept.partition("$")
    return hmac.compare_digest(_digest(code, b64decode(salt)), b64decode(digest))


def _digest(code: str, salt: bytes) -> bytes:
    return scrypt(typed(code)[:64].encode(), salt=salt, **_COST)
