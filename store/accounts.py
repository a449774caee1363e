"""Staff accounts, sessions, one-time links and failed attempts, in a database of their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from policy.model import Role

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=10)


class AccountState(StrEnum):
    """Whether an account may be used. `new`: no password was set yet."""

    NEW = "new"
    ACTIVE = "active"
    CLOSED = "closed"


class Purpose(StrEnum):
    """What a one-time link is for."""

    SET_PASSWORD = "set-password"  # noqa: S105 - a purpose, not a password


@dataclass(frozen=True, slots=True)
class Account:
    """A staff member's account. `login` is kept case-folded. `password` is the argon2id hash; None: never set."""

    id: str
    login: str
    person: str
    role: Role
    state: AccountState
    password: str | None = None


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


class Accounts:
    """Accounts, sessions and links of every school in the database."""

    def add(self, school: str, login: str, person: str, role: Role, now: datetime) -> Account | None:
        """A new account without password. None: the login is taken."""
        raise NotImplementedError

    def find(self, school: str, login: str) -> Account | None:
        """By login, case-insensitive; also closed ones (look at `state`)."""
        raise NotImplementedError

    def get(self, school: str, account_id: str) -> Account | None:
        """By id."""
        raise NotImplementedError

    def accounts(self, school: str) -> tuple[Account, ...]:
        """All accounts by login, without their password hashes."""
        raise NotImplementedError

    def set_password(self, school: str, account_id: str, argon2id: str, now: datetime) -> bool:
        """Keep a new argon2id hash (`$argon2id$...`, else `ValueError`), activate, end all sessions. False: unknown."""
        raise NotImplementedError

    def set_state(self, school: str, account_id: str, state: AccountState, now: datetime) -> bool:
        """Open or close an account; closing ends its sessions and links. False: unknown."""
        raise NotImplementedError

    def set_role(self, school: str, account_id: str, role: Role, now: datetime) -> bool:
        """Another role; ends all sessions. False: unknown."""
        raise NotImplementedError

    def open_session(self, school: str, account_id: str, now: datetime, absolute: timedelta = ABSOLUTE) -> str | None:
        """A new session of an active account: the secret token for the cookie, told once. None: not active."""
        raise NotImplementedError

    def session(self, school: str, token: str, now: datetime, idle: timedelta = IDLE) -> Session | None:
        """The live session of this token, and note its use. None: unknown, idle too long, ended, account closed."""
        raise NotImplementedError

    def close_session(self, school: str, token: str, now: datetime) -> bool:
        """Sign out. False: there was no live session."""
        raise NotImplementedError

    def close_sessions(self, school: str, account_id: str, now: datetime) -> int:
        """Sign out everywhere; how many sessions ended."""
        raise NotImplementedError

    def make_link(
        self, school: str, account_id: str, purpose: Purpose, now: datetime, valid: timedelta = timedelta(hours=24)
    ) -> str | None:
        """A one-time token; older ones of this account and purpose stop working. None: unknown or closed account."""
        raise NotImplementedError

    def peek_link(self, school: str, token: str, purpose: Purpose, now: datetime) -> Account | None:
        """Whose link this is, without using it (to show the form). None: wrong, used or expired."""
        raise NotImplementedError

    def use_link(self, school: str, token: str, purpose: Purpose, now: datetime) -> Account | None:
        """Use the link; only the first who does gets the account."""
        raise NotImplementedError

    def tries(self, school: str, key: str, now: datetime) -> Tries:
        """How attempts stand for a key such as `login:j.jansen` or `address:10.0.0.9` (only its hash is kept)."""
        raise NotImplementedError

    def failed(self, school: str, key: str, now: datetime) -> Tries:
        """Count a failed attempt. From the tenth on one must wait: a minute, doubling up to fifteen."""
        raise NotImplementedError

    def cleared(self, school: str, key: str) -> None:
        """Forget failed attempts after a success."""
        raise NotImplementedError
