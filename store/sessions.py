"""Staff's sign-ins on the server's side, and failed attempts. Of tokens and keys only a hash is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from store.account_tables import accounts, attempts, sessions
from store.accounts import Account, AccountBook, AccountState, at, end_sessions, to_account
from store.ids import hashed, new_secret

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=10)
FREE_TRIES = 10
LONGEST_WAIT = timedelta(minutes=15)
FORGIVEN_AFTER = timedelta(hours=1)
# A session's last use is written at most once a minute, so that a busy screen does not write with every request.
TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Session:
    """A live sign-in. `id` is the hash of the token (safe to show in lists); it ends at `until` at the latest."""

    id: str
    account: Account
    start: datetime
    last: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Tries:
    """Failed attempts for one key: whether another is allowed now and, if not, how long to wait."""

    failed: int
    allowed: bool
    wait: timedelta


@dataclass(frozen=True, slots=True)
class Accounts(AccountBook):
    """Accounts, links, sessions and failed attempts: all of the accounts' database behind one name."""

    def open_session(self, school: str, account_id: str, now: datetime, absolute: timedelta = ABSOLUTE) -> str | None:
        """A new session of an active account: the secret token for the cookie, told once. None: not active."""
        token = new_secret()
        row = {"hash": hashed(token), "account_id": account_id, "started": now, "last": now, "until": now + absolute}
        with self.database.write(school) as change:
            active = sa.and_(at(school, account_id), accounts.c.state == AccountState.ACTIVE.value)
            if change.execute(sa.select(accounts.c.id).where(active)).first() is None:
                return None
            change.execute(sa.insert(sessions).values(school_id=school, **row))
        return token

    def session(
        self, school: str, token: str, now: datetime, idle: timedelta = IDLE, *, touch: bool = True
    ) -> Session | None:
        """The live session of this token, and note its use. None: unknown, idle too long, ended, account closed.

        Without `touch` it does not count as use: a screen that only looks on does not keep a session alive.
        """
        mine = _live(school, token, now)
        wish = sa.select(sessions.c.started, sessions.c.last, sessions.c.until, *accounts.c).where(
            mine, accounts.c.school_id == school, accounts.c.id == sessions.c.account_id
        )
        with self.database.read() as connection:
            row = connection.execute(wish).first()
        if row is None or row.state != AccountState.ACTIVE.value or row.last + idle <= now:
            return None
        if touch and now - row.last >= TOUCH_EVERY:
            with self.database.write(school) as change:
                change.execute(sa.update(sessions).where(mine).values(last=now))
        last = max(row.last, now) if touch else row.last
        return Session(hashed(token), to_account(row), row.started, last, row.until)

    def close_session(self, school: str, token: str, now: datetime) -> bool:
        """Sign out. False: there was no live session."""
        with self.database.write(school) as change:
            mine = _live(school, token, now)
            return change.execute(sa.update(sessions).where(mine).values(ended=now)).rowcount > 0

    def close_sessions(self, school: str, account_id: str, now: datetime) -> int:
        """Sign out everywhere; how many sessions ended."""
        with self.database.write(school) as change:
            return end_sessions(change, account_id, now)

    def tries(self, school: str, key: str, now: datetime) -> Tries:
        """How attempts stand for a key such as `login:j.jansen` or `address:10.0.0.9` (only its hash is kept)."""
        with self.database.read() as connection:
            return _standing(connection.execute(_attempts(school, key)).first(), now)

    def attempt(self, school: str, key: str, now: datetime) -> Tries:
        """Count an attempt before it is looked at, if one is allowed; call `cleared` when it was right.

        Counting first means that many attempts at once do not slip past the limit.
        """
        return self._count(school, key, now, only_if_allowed=True)

    def failed(self, school: str, key: str, now: datetime) -> Tries:
        """Count a failed attempt and say how it stands after it.

        From the tenth on one must wait: a minute, doubling up to fifteen. An hour without failures starts anew.
        """
        self._count(school, key, now, only_if_allowed=False)
        return self.tries(school, key, now)

    def _count(self, school: str, key: str, now: datetime, *, only_if_allowed: bool) -> Tries:
        with self.database.write(school) as change:
            before = _standing(change.execute(_attempts(school, key)).first(), now)
            if before.allowed or not only_if_allowed:
                row = {"school_id": school, "key_hash": hashed(key), "failed": before.failed + 1, "last": now}
                change.upsert(attempts, ("school_id", "key_hash"), [row])
        return before

    def cleared(self, school: str, key: str) -> None:
        """Forget failed attempts after a success."""
        mine = sa.and_(attempts.c.school_id == school, attempts.c.key_hash == hashed(key))
        with self.database.write(school) as change:
            change.execute(sa.delete(attempts).where(mine))


def _live(school: str, token: str, now: datetime) -> sa.ColumnElement[bool]:
    mine = sa.and_(sessions.c.school_id == school, sessions.c.hash == hashed(token))
    return sa.and_(mine, sessions.c.ended.is_(None), sessions.c.until > now)


def _attempts(school: str, key: str) -> sa.Select[Any]:
    return sa.select(attempts).where(attempts.c.school_id == school, attempts.c.key_hash == hashed(key))


def _standing(row: sa.Row[Any] | None, now: datetime) -> Tries:
    if row is None or now - row.last >= FORGIVEN_AFTER:
        return Tries(0, True, timedelta(0))
    if row.failed < FREE_TRIES:
        return Tries(row.failed, True, timedelta(0))
    pause = min(timedelta(minutes=1) * 2 ** min(row.failed - FREE_TRIES, 10), LONGEST_WAIT)
    wait = max(row.last + pause - now, timedelta(0))
    return Tries(row.failed, wait == timedelta(0), wait)
