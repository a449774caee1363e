"""Numbered revisions of the school's policy: the truth, of which a `school.yaml` is only a source.

Beside the policy, its `body` may hold what cannot be told from it when it is written out again (`written`): the text of
a timetable by region says more than the days that it came to. No part of a policy, and an older program reads past it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from policy.codec import policy_from_dict, policy_to_dict
from policy.model import Policy
from store.db import Database
from store.tables import policies as table

_WRITTEN = "written"


@dataclass(frozen=True, slots=True)
class Entry:
    """What there is to say of a version without its rules. `origin` is the hash of the file it came from, or a word."""

    number: int
    origin: str
    who: str
    when: datetime


@dataclass(frozen=True, slots=True)
class PolicyRevision:
    """One version. `number` counts from 1 per school; `origin` is the hash of the file (or a word) it came from.

    `written` is YAML text (see `config.written`): how the parts were written that the policy no longer tells.
    """

    number: int
    policy: Policy
    origin: str
    who: str
    when: datetime
    written: str = ""


@dataclass(frozen=True, slots=True)
class Policies:
    """The policy revisions of every school in the database. They never change after they were written."""

    database: Database

    def add(
        self,
        school: str,
        policy: Policy,
        origin: str,
        who: str,
        now: datetime,
        *,
        based_on: int | None = None,
        written: str | None = None,
    ) -> PolicyRevision | None:
        """Write a new revision and make it the current one.

        Without `written` (a change by one tap) that of the current one is taken along. A policy equal to the current
        one, and not written in another way, writes nothing and returns the current one. None: the current number is not
        `based_on` (when given; 0 says "there is none yet"), so somebody else changed it meanwhile.
        """
        with self.database.write(school) as change:
            row = change.execute(_newest(school)).first()
            before = _written(row.body) if row is not None else ""
            text = before if written is None else written
            # A revision of an older program has no text: that alone is nothing new.
            if row is not None and (text == before or not before) and _same(row.body, policy):
                return _revision(row)
            number = row.number if row is not None else 0
            if based_on is not None and based_on != number:
                return None
            body = policy_to_dict(policy) | ({_WRITTEN: text} if text else {})
            values = {"number": number + 1, "body": body, "origin": origin, "who": who, "at": now}
            change.execute(sa.insert(table).values(school_id=school, **values))
            change.moved(who, "policy.add", now, [str(number + 1)])
        return PolicyRevision(number + 1, policy, origin, who, now, text)

    def current(self, school: str) -> PolicyRevision | None:
        """The newest revision; None when the school has no policy yet."""
        with self.database.read() as connection:
            row = connection.execute(_newest(school)).first()
        return None if row is None else _revision(row)

    def get(self, school: str, number: int) -> PolicyRevision | None:
        """One revision. Raises `ValueError` when this program can no longer read it."""
        one = sa.select(table).where(table.c.school_id == school, table.c.number == number)
        with self.database.read() as connection:
            row = connection.execute(one).first()
        return None if row is None else _revision(row)

    def history(self, school: str, limit: int = 50) -> tuple[PolicyRevision, ...]:
        """The revisions, newest first."""
        with self.database.read() as connection:
            rows = connection.execute(_newest(school, limit)).all()
        return tuple(_revision(row) for row in rows)

    def entries(self, school: str, limit: int | None = None) -> tuple[Entry, ...]:
        """What there is to say of the revisions without reading their rules, newest first; without `limit` all."""
        columns = sa.select(table.c.number, table.c.origin, table.c.who, table.c.at)
        wish = columns.where(table.c.school_id == school).order_by(table.c.number.desc()).limit(limit)
        with self.database.read() as connection:
            rows = connection.execute(wish).all()
        return tuple(Entry(row.number, row.origin, row.who, row.at) for row in rows)


def current_number(connection: Connection, school: str) -> int:
    """The number of the newest revision; 0 when there is none."""
    number = connection.execute(sa.select(sa.func.max(table.c.number)).where(table.c.school_id == school)).scalar()
    return number or 0


def read_policy(connection: Connection, school: str, number: int) -> Policy:
    """The policy with this number."""
    one = sa.select(table.c.body).where(table.c.school_id == school, table.c.number == number)
    return policy_from_dict(connection.execute(one).scalar_one())


def _newest(school: str, limit: int = 1) -> sa.Select[Any]:
    return sa.select(table).where(table.c.school_id == school).order_by(table.c.number.desc()).limit(limit)


def _revision(row: sa.Row[Any]) -> PolicyRevision:
    return PolicyRevision(row.number, policy_from_dict(row.body), row.origin, row.who, row.at, _written(row.body))


def _written(body: Mapping[str, Any]) -> str:
    return str(body.get(_WRITTEN, ""))


def _same(body: Mapping[str, Any], policy: Policy) -> bool:
    """Whether a kept policy is this one; one that can no longer be read is not, and must not stop its successor."""
    try:
        return policy_from_dict(body) == policy
    except ValueError:
        return False
