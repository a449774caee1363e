"""Staff's sign-ins on the server's side, and failed attempts. Of tokens and keys only a hash is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from store.account_tables import accounts, attempts, sessions
from store.accounts import Account, AccountBook, AccountState, at, end_sessions, to_account
from store.ids import hashed, new_secret
from store.second_factors import has_second_factor

IDLE = timedelta(minutes=30)
# Who came in with a code that works once cannot just sign in again after a playground duty.
IDLE_OF_A_DAY = timedelta(hours=2)
ABSOLUTE = timedelta(hours=10)
FREE_TRIES = 10
LONGEST_WAIT = timedelta(minutes=15)
FORGIVEN_AFTER = timedelta(hours=1)
# A session's last use is written at most once a minute, so that a busy screen does not write with every request.
TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Session:
    """A live sign-in. `id` is the hash of the token (safe to show in lists); it ends at `until` at the latest.

    `proved` is when the person last proved to be there, `second` when the second factor was last right (None: never),
    `way` how they came in (`password`, `oidc`), `browser` the kind of browser (`Chrome|ChromeOS`), not which one.
    """

    id: str
    account: Account
    start: datetime
    last: datetime
    until: datetime
    proved: datetime
    second: datetime | None = None
    way: str = "password"
    browser: str = ""


@dataclass(frozen=True, slots=True)
class Tries:
    """Failed attempts for one key: whether another is allowed now and, if not, how long to wait."""

    failed: int
    allowed: bool
    wait: timedelta


@dataclass(frozen=True, slots=True)
class Accounts(AccountBook):
    """Accounts, links, sessions and failed attempts: all of the accounts' database behind one name."""

    def open_session(
        self,
        school: str,
        account_id: str,
        now: datetime,
        absolute: timedelta = ABSOLUTE,
        *,
        second: bool = False,
        way: str = "password",
        browser: str = "",
    ) -> str | None:
        """A new session of an active account: the secret token for the cookie, told once.

        None: not active, or the account has a second factor and it was not asked (`second`). It never outlives an
        account that closes by itself.
        """
        token = new_secret()
        with self.database.write(school) as change:
            active = sa.and_(at(school, account_id), accounts.c.state == AccountState.ACTIVE.value)
            account = change.execute(sa.select(accounts.c.closes).where(active)).first()
            if account is None or (account.closes is not None and account.closes <= now):
                return None
            if not second and has_second_factor(change, account_id):
                return None
            until = now + absolute if account.closes is None else min(now + absolute, account.closes)
            row = {"hash": hashed(token), "account_id": account_id, "started": now, "last": now, "until": until}
            row |= {"proved": now, "second": now if second else None, "way": way, "browser": browser}
            change.execute(sa.insert(sessions).values(school_id=school, **row))
        return token

    def session(
        self, school: str, token: str, now: datetime, idle: timedelta = IDLE, *, touch: bool = True
    ) -> Session | None:
        """The live session of this token, and note its use. None: unknown, idle too long, ended, account closed.

        Without `touch` it does not count as use: a screen that only looks on does not keep a session alive.
        """
        mine = _live(school, token, now)
        wish = sa.select(*_COLUMNS, *accounts.c).where(
            mine, accounts.c.school_id == school, accounts.c.id == sessions.c.account_id
        )
        with self.database.read() as connection:
            row = connection.execute(wish).first()
        if row is None or row.state != AccountState.ACTIVE.value:
            return None
        if row.closes is not None and row.closes <= now:
            return None
        if row.last + (idle if row.closes is None else max(idle, IDLE_OF_A_DAY)) <= now:
            return None
        if touch and now - row.last >= TOUCH_EVERY:
            with self.database.write(school) as change:
                change.execute(sa.update(sessions).where(mine).values(last=now))
        last = max(row.last, now) if touch else row.last
        return _session(row, to_account(row), last)

    def sessions(self, school: str, account: Account, now: datetime, idle: timedelta = IDLE) -> tuple[Session, ...]:
        """The live sessions of an account, the one that was used last first."""
        live = sa.and_(sessions.c.ended.is_(None), sessions.c.until > now, sessions.c.last > now - idle)
        mine = sa.and_(sessions.c.school_id == school, sessions.c.account_id == account.id)
        with self.database.read() as connection:
            rows = connection.execute(sa.select(*_COLUMNS).where(mine, live).order_by(sessions.c.last.desc())).all()
        return tuple(_session(row, account, row.last) for row in rows)

    def prove(self, school: str, token: str, now: datetime, *, second: bool) -> bool:
        """The person proved again to be there. False: there is no live session."""
        values = {"proved": now} | ({"second": now} if second else {})
        with self.database.write(school) as change:
            return change.execute(sa.update(sessions).where(_live(school, token, now)).values(**values)).rowcount > 0

    def renew_session(self, school: str, token: str, now: datetime, *, second: bool = False) -> str | None:
        """The same session under a new secret token, the person just proved; all others of the account end.

        None: there is no live session.
        """
        new = new_secret()
        values = {"hash": hashed(new), "proved": now} | ({"second": now} if second else {})
        with self.database.write(school) as change:
            mine = _live(school, token, now)
            account = change.execute(sa.select(sessions.c.account_id).where(mine)).scalar()
            if account is None or not change.execute(sa.update(sessions).where(mine).values(**values)).rowcount:
                return None
            end_sessions(change, account, now, but=hashed(new))
        return new

    def close_one(self, school: str, account_id: str, session_id: str, now: datetime) -> bool:
        """End one session of an account, by its id. False: it had ended, or is somebody else's."""
        mine = sa.and_(sessions.c.school_id == school, sessions.c.account_id == account_id)
        one = sa.and_(mine, sessions.c.hash == session_id, sessions.c.ended.is_(None), sessions.c.until > now)
        with self.database.write(school) as change:
            return change.execute(sa.update(sessions).where(one).values(ended=now)).rowcount > 0

    def came_before(self, school: str, account_id: str) -> bool:
        """Whether the account ever had a session, as far back as they are kept."""
        mine = sa.and_(sessions.c.school_id == school, sessions.c.account_id == account_id)
        with self.database.read() as connection:
            return connection.execute(sa.select(sessions.c.hash).where(mine).limit(1)).first() is not None

    def close_session(self, school: str, token: str, now: datetime) -> bool:
        """Sign out. False: there was no live session."""
        with self.database.write(school) as change:
            mine = _live(school, token, now)
            return change.execute(sa.update(sessions).where(mine).values(ended=now)).rowcount > 0

    def close_sessions(self, school: str, account_id: str, now: datetime, *, but: str = "") -> int:
        """Sign out everywhere, but in the session with the id `but`; how many sessions ended."""
        with self.database.write(school) as change:
            return end_sessions(change, account_id, now, but=but)

    def tries(self, school: str, key: str, now: datetime) -> Tries:
        """How attempts stand for a key such as `login:j.jansen` or `address:10.0.0.9` (only its hash is kept)."""
        with self.database.read() as connection:
            return _standing(connection.execute(_attempts(school, key)).first(), now)

    def attempt(self, school: str, key: str, now: datetime, free: int = FREE_TRIES) -> Tries:
        """Count an attempt before it is looked at, if one is allowed; call `cleared` when it was right.

        Counting first means that many attempts at once do not slip past the limit. `free` tries come before a wait.
        """
        return self._count(school, key, now, only_if_allowed=True, free=free)

    def failed(self, school: str, key: str, now: datetime) -> Tries:
        """Count a failed attempt and say how it stands after it.

        From the tenth on one must wait: a minute, doubling up to fifteen. An hour without failures starts anew.
        """
        self._count(school, key, now, only_if_allowed=False)
        return self.tries(school, key, now)

    def _count(self, school: str, key: str, now: datetime, *, only_if_allowed: bool, free: int = FREE_TRIES) -> Tries:
        with self.database.write(school) as change:
            before = _standing(change.execute(_attempts(school, key)).first(), now, free)
            if before.allowed or not only_if_allowed:
                row = {"school_id": school, "key_hash": hashed(key), "failed": before.failed + 1, "last": now}
                change.upsert(attempts, ("school_id", "key_hash"), [row])
        return before

    def cleared(self, school: str, key: str) -> None:
        """Forget failed attempts after a success."""
        mine = sa.and_(attempts.c.school_id == school, attempts.c.key_hash == hashed(key))
        with self.database.write(school) as change:
            change.execute(sa.delete(attempts).where(mine))


_COLUMNS = tuple(
    sessions.c[name] for name in ("hash", "started", "last", "until", "proved", "second", "way", "browser")
)


def _session(row: sa.Row[Any], account: Account, last: datetime) -> Session:
    # A session from before the moment was kept: proved when it began.
    proved = row.proved or row.started
    return Session(row.hash, account, row.started, last, row.until, proved, row.second, row.way, row.browser)


def _live(school: str, token: str, now: datetime) -> sa.ColumnElement[bool]:
    mine = sa.and_(sessions.c.school_id == school, sessions.c.hash == hashed(token))
    return sa.and_(mine, sessions.c.ended.is_(None), sessions.c.until > now)


def _attempts(school: str, key: str) -> sa.Select[Any]:
    return sa.select(attempts).where(attempts.c.school_id == school, attempts.c.key_hash == hashed(key))


def _standing(row: sa.Row[Any] | None, now: datetime, free: int = FREE_TRIES) -> Tries:
    if row is None or now - row.last >= FORGIVEN_AFTER:
        return Tries(0, True, timedelta(0))
    if row.failed < free:
        return Tries(row.failed, True, timedelta(0))
    pause = min(timedelta(minutes=1) * 2 ** min(row.failed - free, 10), LONGEST_WAIT)
    wait = max(row.last + pause - now, timedelta(0))
    return Tries(row.failed, wait == timedelta(0), wait)
