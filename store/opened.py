"""The opened store: one object with all table families behind it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from policy.model import Knowledge, Snapshot
from store.audit import Audit
from store.db import Database, Pulse, StoreUnavailable
from store.devices import Devices
from store.events import Events
from store.grants import Grants
from store.incidents import Incidents
from store.measures import Measures
from store.migrate import Chain, must_be_current, prove, upgrade
from store.notes import Notes
from store.people import People
from store.photos import Photos
from store.policies import Policies
from store.proposals import Proposals
from store.registers import Registers
from store.retention import Counts, Terms, compact, purge_accounts, purge_main
from store.sessions import Accounts
from store.signals import Signals
from store.snapshot import Snapshots, read_pulse


class Store:
    """An open database. Safe to share between threads, not between processes (open it again after a fork)."""

    def __init__(self, database: Database, accounts: Database | None = None) -> None:
        self.database = database
        self.people = People(database)
        self.grants = Grants(database)
        self.measures = Measures(database)
        self.notes = Notes(database)
        self.policies = Policies(database)
        self.events = Events(database)
        self.incidents = Incidents(database)
        self.signals = Signals(database)
        self.proposals = Proposals(database)
        self.devices = Devices(database)
        self.registers = Registers(database)
        self.photos = Photos(database)
        self.audit = Audit(database)
        self._snapshots = Snapshots(database)
        self._accounts_database = accounts
        self._accounts = None if accounts is None else Accounts(accounts)

    @property
    def accounts(self) -> Accounts:
        """Staff accounts and sessions; raises `StoreUnavailable` when `accounts_url` was not given to `open_store`."""
        if self._accounts is None:
            raise StoreUnavailable("staff accounts are not open in this process; give `accounts_url` to `open_store`")
        return self._accounts

    def snapshot(self, school: str, knowledge: Knowledge, now: datetime) -> Snapshot:
        """Everything `decide` needs, of one revision; rows that ended before `now` are left out.

        Raises `StoreUnavailable` when the school has no policy yet.
        """
        return self._snapshots.read(school, knowledge, now)

    def revision(self, school: str) -> int:
        """The school's revision; 0 when nothing was ever written."""
        return self.pulse(school).revision

    def pulse(self, school: str) -> Pulse:
        """Revision and activity counter in one read."""
        with self.database.read() as connection:
            return read_pulse(connection, school)

    def purge(self, school: str, now: datetime, terms: Terms | None = None) -> Counts:
        """Forget what is past its term (see `store.retention`), accounts' rows only where accounts are open."""
        terms = terms or Terms()
        counts = purge_main(self.database, school, now, terms)
        wiped = compact(self.database) if counts.total else True
        if self._accounts_database is not None:
            ended = purge_accounts(self._accounts_database, school, now, terms)
            wiped = (compact(self._accounts_database) if ended else True) and wiped
            counts = replace(counts, sessions=ended)
        return replace(counts, compacted=wiped)

    def check(self) -> None:
        """One read and one empty write transaction on every open database; raises `StoreUnavailable`."""
        for database in filter(None, (self.database, self._accounts_database)):
            with database.read():
                pass
            with database.write("check"):
                pass

    def close(self) -> None:
        """Close all connections."""
        for database in filter(None, (self.database, self._accounts_database)):
            database.close()


def open_store(url: str, accounts_url: str | None = None, *, migrate: bool = False, patience: float = 3.0) -> Store:
    """Open the database at `url` (a path, `sqlite:///path` or `postgresql://...`).

    With `accounts_url` the accounts are opened too: another SQLite file, or on PostgreSQL any url (tables live in a
    schema `accounts` of their own). `migrate` brings both to this program's version; without it another version raises
    `StoreUnavailable`. `patience` is how many seconds a lock or a connection is waited for.
    """
    database = Database(url, patience, create=migrate)
    accounts = None if accounts_url is None else Database(accounts_url, patience, create=migrate)
    if accounts is not None and accounts.sqlite and accounts.url.database == database.url.database:
        raise StoreUnavailable("staff accounts need a file of their own; give another `accounts_url`")
    try:
        for one, chain in ((database, Chain.MAIN), (accounts, Chain.ACCOUNTS)):
            if one is not None:
                if migrate:
                    upgrade(one, chain)
                must_be_current(one, chain)
    except StoreUnavailable:
        database.close()
        if accounts is not None:
            accounts.close()
        raise
    return Store(database, accounts)


def open_later(url: str, patience: float = 3.0) -> Store:
    """The store of a database that may not be there yet, or not be well; the accounts are not opened.

    What is wrong is what every use of it raises (`StoreUnavailable`), until the database is well. Only an address that
    cannot be read raises here.
    """
    return Store(Database(url, patience, proof=prove))
