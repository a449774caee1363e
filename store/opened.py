"""The opened store: one object with all table families behind it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from policy.model import Knowledge, Snapshot
from store.account_news import AccountNews
from store.audit import Audit
from store.ban_proposals import BanProposals
from store.bindings import Bindings
from store.class_codes import ClassCodes
from store.counsel import Counsel
from store.day_codes import DayCodes
from store.db import Database, Pulse, StoreUnavailable
from store.devices import Devices
from store.due import Standing
from store.emergencies import Emergencies
from store.events import Events
from store.grants import Grants
from store.identities import Identities
from store.incidents import Incidents
from store.measures import Measures
from store.migrate import Chain, must_be_current, prove, sealed, upgrade
from store.notes import Notes
from store.notices import Notices
from store.people import People
from store.photos import Photos
from store.pictures import Pictures
from store.policies import Policies
from store.prepared import Shelf
from store.print_accounts import PrintAccounts
from store.print_jobs import PrintJobs
from store.privacy import Privacy
from store.proposals import Proposals
from store.refusals import Refusals
from store.registers import Registers
from store.retention import Counts, Terms, compact, purge_accounts, purge_main, purge_substitutes, standings
from store.sealing import KeyFile
from store.second_factors import SecondFactors
from store.self_tests import SelfTests
from store.sessions import Accounts
from store.sign_ins import SignIns
from store.signals import Signals
from store.snapshot import Snapshots, read_pulse
from store.tallies import Tallies


class Store:
    """An open database. Safe to share between threads, not between processes (open it again after a fork)."""

    def __init__(self, database: Database, accounts: Database | None = None) -> None:
        self.database = database
        self.people = People(database)
        self.grants = Grants(database)
        self.measures = Measures(database)
        self.notes = Notes(database)
        self.ban_proposals = BanProposals(database)
        self.policies = Policies(database)
        self.prepared = Shelf(database)
        self.events = Events(database)
        self.incidents = Incidents(database)
        self.signals = Signals(database)
        self.proposals = Proposals(database)
        self.notices = Notices(database)
        self.refusals = Refusals(database)
        self.devices = Devices(database)
        self.bindings = Bindings(database)
        self.emergencies = Emergencies(database)
        self.registers = Registers(database)
        self.photos = Photos(database)
        self.class_codes = ClassCodes(database)
        self.pictures = Pictures(database)
        self.sign_ins = SignIns(database)
        self.self_tests = SelfTests(database)
        self.print_jobs = PrintJobs(database)
        self.print_accounts = PrintAccounts(database)
        self.audit = Audit(database)
        self.counsel = Counsel(database)
        self.privacy = Privacy(database)
        self.tallies = Tallies(database)
        self._snapshots = Snapshots(database)
        self._accounts_database = accounts
        self._accounts = None if accounts is None else Accounts(accounts)
        self._day_codes = None if accounts is None else DayCodes(accounts)
        self._identities = None if accounts is None else Identities(accounts)
        self._second_factors = None if accounts is None else SecondFactors(accounts)
        self._account_news = None if accounts is None else AccountNews(accounts)

    @property
    def accounts(self) -> Accounts:
        """Staff accounts and sessions; raises `StoreUnavailable` when `accounts_url` was not given to `open_store`."""
        if self._accounts is None:
            raise StoreUnavailable("staff accounts are not open in this process; give `accounts_url` to `open_store`")
        return self._accounts

    @property
    def day_codes(self) -> DayCodes:
        """Substitutes' codes; they are where the accounts are, and raise `StoreUnavailable` like them."""
        if self._day_codes is None:
            raise StoreUnavailable("staff accounts are not open in this process; give `accounts_url` to `open_store`")
        return self._day_codes

    @property
    def second_factors(self) -> SecondFactors:
        """Second factors and recovery codes; they are where the accounts are, and raise `StoreUnavailable` too."""
        if self._second_factors is None:
            raise StoreUnavailable("staff accounts are not open in this process; give `accounts_url` to `open_store`")
        return self._second_factors

    @property
    def account_news(self) -> AccountNews:
        """What is told to people about their account; where the accounts are, and raises `StoreUnavailable` too."""
        if self._account_news is None:
            raise StoreUnavailable("staff accounts are not open in this process; give `accounts_url` to `open_store`")
        return self._account_news

    @property
    def identities(self) -> Identities:
        """Who is who at the school's own sign-in; where the accounts are, and raises `StoreUnavailable` too."""
        if self._identities is None:
            raise StoreUnavailable("staff accounts are not open in this process; give `accounts_url` to `open_store`")
        return self._identities

    @property
    def accounts_database(self) -> Database | None:
        """The database of the accounts, where they are open."""
        return self._accounts_database

    @property
    def has_accounts(self) -> bool:
        """Whether staff accounts are open in this process."""
        return self._accounts is not None

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
        """Forget what is past its term (see `store.retention`), accounts' rows only where accounts are open.

        A substitute of a day that is over has no group any more from then on, and no name either after the term.
        """
        terms = terms or Terms()
        if self._day_codes is not None:
            self._end_substitutes(self._day_codes, school, now, now - timedelta(days=terms.substitutes))
        counts = purge_main(self.database, school, now, terms)
        wiped = compact(self.database) if counts.total else True
        if self._accounts_database is not None:
            ended = purge_accounts(self._accounts_database, school, now, terms)
            gone = purge_substitutes(self._accounts_database, school, now, terms)
            wiped = (compact(self._accounts_database) if ended or gone else True) and wiped
            counts = replace(counts, sessions=ended, substitutes=gone)
        return replace(counts, compacted=wiped)

    def kept(self, school: str, now: datetime, terms: Terms | None = None) -> tuple[Standing, ...]:
        """How each kind of what is forgotten stands at `now`, accounts' rows where accounts are open."""
        return standings(self.database, self._accounts_database, school, now, terms or Terms())

    def _end_substitutes(self, codes: DayCodes, school: str, now: datetime, limit: datetime) -> None:
        """The persons first and their accounts after: what is broken off between the two is done by the next purge."""
        past = [self.people.person(school, one) for one in codes.over(school, now)]
        left = [replace(person, groups=()) for person in past if person is not None]
        if left:
            self.people.put_people(school, left, "retention", now)
        for old in codes.persons_before(school, limit):
            self.people.remove_person(school, old, "retention", now)

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


def open_store(
    url: str, accounts_url: str | None = None, *, key: Path, migrate: bool = False, patience: float = 3.0
) -> Store:
    """Open the database at `url` (a path, `sqlite:///path` or `postgresql://...`).

    With `accounts_url` the accounts are opened too: another SQLite file, or on PostgreSQL any url (tables live in a
    schema `accounts` of their own). `migrate` brings both to this program's version; without it another version raises
    `StoreUnavailable`. `patience` is how many seconds a lock or a connection is waited for.

    `key` is the file with the key of both databases' words; `migrate` makes it where nothing was sealed yet. A file
    that is missing, damaged or of another database raises `StoreUnavailable` and is left as it is.
    """
    database = Database(url, patience, create=migrate, key=key)
    accounts = None if accounts_url is None else Database(accounts_url, patience, create=migrate, key=key)
    if accounts is not None and accounts.sqlite and accounts.url.database == database.url.database:
        raise StoreUnavailable("staff accounts need a file of their own; give another `accounts_url`")
    both = [(one, chain) for one, chain in ((database, Chain.MAIN), (accounts, Chain.ACCOUNTS)) if one is not None]
    try:
        file = KeyFile(key)
        # A new key beside words that are sealed would look like the one that was lost.
        if migrate and file.missing and not any(sealed(one, chain) for one, chain in both):
            file.make()
        for one, chain in both:
            if migrate:
                upgrade(one, chain)
            must_be_current(one, chain)
    except StoreUnavailable:
        database.close()
        if accounts is not None:
            accounts.close()
        raise
    return Store(database, accounts)


def open_later(url: str, *, key: Path, patience: float = 3.0) -> Store:
    """The store of a database that may not be there yet, or not be well; the accounts are not opened.

    What is wrong is what every use of it raises (`StoreUnavailable`), until the database is well. Only an address that
    cannot be read raises here.
    """
    return Store(Database(url, patience, proof=prove, key=key))
