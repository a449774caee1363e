"""The opened store: one object with all table families behind it."""

from __future__ import annotations

from datetime import datetime

from policy.model import Knowledge, Snapshot
from store.accounts import Accounts
from store.audit import Audit
from store.db import Pulse
from store.devices import Devices
from store.events import Events
from store.grants import Grants
from store.incidents import Incidents
from store.measures import Measures
from store.people import People
from store.policies import Policies
from store.retention import Counts, Terms


class Store:
    """An open database. Safe to share between threads, not between processes (open it again after a fork)."""

    people: People
    grants: Grants
    measures: Measures
    policies: Policies
    events: Events
    incidents: Incidents
    devices: Devices
    audit: Audit

    @property
    def accounts(self) -> Accounts:
        """Staff accounts and sessions; raises `StoreUnavailable` when `accounts_url` was not given to `open_store`."""
        raise NotImplementedError

    def snapshot(self, school: str, knowledge: Knowledge, now: datetime) -> Snapshot:
        """Everything `decide` needs, of one revision; rows that ended before `now` are left out.

        Raises `StoreUnavailable` when the school has no policy yet.
        """
        raise NotImplementedError

    def revision(self, school: str) -> int:
        """The school's revision; 0 when nothing was ever written."""
        raise NotImplementedError

    def pulse(self, school: str) -> Pulse:
        """Revision and activity counter in one read."""
        raise NotImplementedError

    def purge(self, school: str, now: datetime, terms: Terms | None = None) -> Counts:
        """Forget what is past its term (see `store.retention`), accounts' rows only where accounts are open."""
        raise NotImplementedError

    def check(self) -> None:
        """One read and one empty write transaction on every open database; raises `StoreUnavailable`."""
        raise NotImplementedError

    def close(self) -> None:
        """Close all connections."""
        raise NotImplementedError


def open_store(url: str, accounts_url: str | None = None, *, migrate: bool = False, patience: float = 3.0) -> Store:
    """Open the database at `url` (a path, `sqlite:///path` or `postgresql://...`).

    With `accounts_url` the accounts are opened too: another SQLite file, or on PostgreSQL any url (tables live in a
    schema `accounts` of their own). `migrate` brings both to this program's version; without it another version raises
    `StoreUnavailable`. `patience` is how many seconds a lock or a connection is waited for.
    """
    raise NotImplementedError
