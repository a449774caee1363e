"""The engine, its transactions, and the one error for a database that cannot be used now.

SQLite: WAL, `BEGIN IMMEDIATE` for writers, so that nobody finds out at commit that somebody else wrote. PostgreSQL: one
advisory lock a school for writers, which gives the same order of things: event numbers rise in the order of commits,
and a revision is never read half.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import URL, Connection, CursorResult, Engine, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import NullPool

from store import seals
from store.chain import link_of
from store.columns import storable
from store.errors import StoreUnavailable
from store.event_tables import audit, audit_cuts
from store.sealing import KeyFile, Sealer, bind
from store.tables import schools

__all__ = ["CHANNEL", "Change", "Database", "Pulse", "StoreUnavailable", "parse_url", "use_wal"]
_BETWEEN_TRIES = 0.02  # seconds
_STATEMENT = 5  # times the patience: what one statement may take on PostgreSQL

CHANNEL = "klaswacht"


@dataclass(frozen=True, slots=True)
class Pulse:
    """Two counters of a school: `revision` moves with policy and state, `activity` with events, asks and reports."""

    revision: int
    activity: int


@dataclass(slots=True)
class Change:
    """One write transaction of one school. What nobody marks as moved or stirred wakes nobody."""

    connection: Connection
    school: str
    revision_moved: bool = field(default=False, init=False)
    activity_moved: bool = field(default=False, init=False)

    def execute(self, statement: sa.Executable, rows: Sequence[Mapping[str, Any]] | None = None) -> CursorResult[Any]:
        """Run one statement (with many rows: for each of them)."""
        result = self.connection.execute(statement, rows)
        if not isinstance(result, CursorResult):
            raise TypeError("a statement with a cursor was expected")
        return result

    def upsert(self, table: sa.Table, keys: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows, or change those that have the same `keys`; columns that are not in the rows stay."""
        if not rows:
            return
        insert = postgresql_insert if self.connection.dialect.name == "postgresql" else sqlite_insert
        statement = insert(table)
        changes = {name: statement.excluded[name] for name in rows[0] if name not in keys}
        if changes:
            self.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=changes), rows)
        else:
            self.execute(statement.on_conflict_do_nothing(index_elements=list(keys)), rows)

    def add_count(self, table: sa.Table, keys: Sequence[str], column: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert counters, or add to those that are there."""
        if not rows:
            return
        insert = postgresql_insert if self.connection.dialect.name == "postgresql" else sqlite_insert
        statement = insert(table)
        total = {column: table.c[column] + statement.excluded[column]}
        self.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=total), rows)

    def upsert_largest(
        self, table: sa.Table, keys: Sequence[str], numbers: Sequence[str], rows: Sequence[Mapping[str, Any]]
    ) -> None:
        """Insert rows; of those that are there the larger of both `numbers` stays."""
        if not rows:
            return
        insert = postgresql_insert if self.connection.dialect.name == "postgresql" else sqlite_insert
        statement = insert(table)
        larger = {
            name: sa.case((statement.excluded[name] > table.c[name], statement.excluded[name]), else_=table.c[name])
            for name in numbers
        }
        self.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=larger), rows)

    def insert_new(self, table: sa.Table, keys: Sequence[str], row: Mapping[str, Any]) -> bool:
        """Insert one row unless there is one with these `keys`; whether it was inserted."""
        insert = postgresql_insert if self.connection.dialect.name == "postgresql" else sqlite_insert
        statement = insert(table).values(**row).on_conflict_do_nothing(index_elements=list(keys))
        # Asked back, because the count of rows after an insert is not the same thing on every driver.
        return self.execute(statement.returning(table.c[keys[0]])).first() is not None

    def moved(self, who: str, what: str, now: datetime, targets: Sequence[str] = ()) -> None:
        """Policy or state changed: write the audit entry and move the revision at the end of the transaction."""
        self.note(who, what, now, targets)
        self.revision_moved = True

    def note(self, who: str, what: str, now: datetime, targets: Sequence[str] = ()) -> None:
        """Write an audit entry, linked to the one before it; nothing moves."""
        by, about = storable(who), [storable(one) for one in targets]
        link = link_of(self._newest_link(), self.school, by, what, now, about)
        self.execute(
            sa.insert(audit).values(school_id=self.school, who=by, what=what, at=now, targets=about, link=link)
        )

    def _newest_link(self) -> str | None:
        """The link of the newest row of the trail; where all were forgotten, that of the last of those."""
        newest = sa.select(audit.c.link).where(audit.c.school_id == self.school).order_by(audit.c.id.desc()).limit(1)
        found = self.execute(newest).first()
        if found is None:
            found = self.execute(sa.select(audit_cuts.c.link).where(audit_cuts.c.school_id == self.school)).first()
        return None if found is None else found.link

    def stirred(self) -> None:
        """Something to see on a live screen: move the activity counter at the end of the transaction."""
        self.activity_moved = True

    def finish(self) -> None:
        """Move the counters and wake who listens."""
        if not (self.revision_moved or self.activity_moved):
            return
        steps = {"revision": int(self.revision_moved), "activity": int(self.activity_moved)}
        insert = postgresql_insert if self.connection.dialect.name == "postgresql" else sqlite_insert
        statement = insert(schools).values(school_id=self.school, **steps)
        changes = {name: schools.c[name] + step for name, step in steps.items()}
        self.execute(statement.on_conflict_do_update(index_elements=["school_id"], set_=changes))
        if self.connection.dialect.name == "postgresql":
            self.execute(sa.select(sa.func.pg_notify(CHANNEL, self.school)))


type Proof = Callable[["Database", Connection], None]
"""Looks whether a database is one that this program can use; raises `StoreUnavailable`."""


class Database:
    """One database: its engine, its transactions, its errors as `StoreUnavailable`.

    With `proof` nothing is asked of it now, so that it may come later: its first use that reaches it is proved. `key`
    is the file with the keys of its words; without one they can neither be read nor written.
    """

    def __init__(
        self,
        url: str,
        patience: float = 3.0,
        create: bool = False,
        proof: Proof | None = None,
        key: Path | None = None,
    ) -> None:
        self.url = parse_url(url)
        self.sealer = Sealer(None if key is None else KeyFile(key))
        self.schema: str | None = None
        self.patience = patience
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self._proof = proof
        if self.sqlite and proof is None:
            _prepare_file(Path(self.url.database or ""), create)
        self.engine = self._make_engine(pooled=True)

    def _make_engine(self, pooled: bool, longest: float | None = None) -> Engine:
        seconds = self.patience * _STATEMENT if longest is None else longest
        # Parameters may be a pupil's words: they never get into the text of an error.
        options: dict[str, Any] = {"hide_parameters": True}
        if self.sqlite:
            options["connect_args"] = {"timeout": self.patience, "check_same_thread": False}
            options["execution_options"] = {"schema_translate_map": {"accounts": None}}
        else:
            limits = f"-c lock_timeout={int(self.patience * 1000)} -c statement_timeout={int(seconds * 1000)}"
            options["connect_args"] = {"connect_timeout": max(2, int(self.patience)), "options": limits}
        if pooled:
            options |= {"pool_timeout": self.patience, "pool_pre_ping": not self.sqlite, "max_overflow": 15}
        else:
            options["poolclass"] = NullPool
        engine = sa.create_engine(self.url, **options)
        bind(engine.dialect, self.sealer)
        if self.sqlite:
            sa.event.listen(engine, "do_connect", self._before_connecting)
            sa.event.listen(engine, "connect", _set_up_sqlite)
            sa.event.listen(engine, "begin", _begin_sqlite)
        else:
            from store.impatient import connecting  # psycopg is only loaded where the database is PostgreSQL

            sa.event.listen(engine, "do_connect", connecting(seconds + 1))
        return engine

    def _before_connecting(self, *_: object) -> None:
        """SQLite would make an empty file where the database was taken away."""
        _prepare_file(Path(self.url.database or ""), create=False)

    def _prove(self, connection: Connection) -> None:
        if self._proof is not None:
            self._proof(self, connection)
            self._proof = None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One read transaction: all statements in it see the same moment."""
        with self.errors(), self.engine.connect() as connection:
            if not self.sqlite:
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            self._prove(connection)
            yield connection

    @contextmanager
    def write(self, school: str) -> Iterator[Change]:
        """One write transaction; writers of a school go one by one. An exception inside undoes all of it."""
        with self.errors(), self.engine.connect() as connection:
            connection.execution_options(klaswacht_write=True)
            with connection.begin():
                self._prove(connection)
                if not self.sqlite:
                    key = sa.func.hashtextextended(f"klaswacht:{school}", 0)
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))
                if self.sealer.active:
                    # A key that was renewed meanwhile would leave words that nobody opens.
                    seals.take(connection, self.schema, self.sealer, hold=True)
                change = Change(connection, school)
                yield change
                change.finish()

    @contextmanager
    def bare(self, longest: float | None = None) -> Iterator[Connection]:
        """A connection of its own without a transaction around statements (for listening, and for maintenance).

        `longest`: seconds that PostgreSQL may take for one of them, where that is more than usual.
        """
        engine = self._make_engine(pooled=False, longest=longest)
        with self.errors(), engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT", klaswacht_bare=True)
            self._prove(connection)
            yield connection

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what a driver says of a database that is away, locked or damaged into `StoreUnavailable`."""
        try:
            yield
        except (DataError, IntegrityError, ProgrammingError):
            raise  # the fault of what was written, not of the database: trying again would not help
        except DBAPIError as error:
            self._let_go()
            problem = str(error.orig).strip().splitlines()
            raise StoreUnavailable(f"database {self.place()}: {problem[0] if problem else 'no answer'}") from error
        except PoolTimeout as error:
            raise StoreUnavailable(f"database {self.place()}: all connections are busy") from error
        except sqlite3.Error as error:
            self._let_go()
            raise StoreUnavailable(f"database {self.place()}: {error}") from error
        except StoreUnavailable:
            self._let_go()
            raise

    def _let_go(self) -> None:
        """Keep no SQLite connection after trouble: another file may stand in that place when it is over."""
        if self.sqlite:
            self.engine.dispose()

    def place(self) -> str:
        """Where the database is, for people, without password."""
        if self.sqlite:
            return f"`{self.url.database}`"
        return f"`{self.url.database}` at `{self.url.host or self.url.query.get('host') or 'local socket'}`"

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def parse_url(url: str) -> URL:
    """A database address: a path, `sqlite:///path` or `postgresql://...` (psycopg 3). Raises `StoreUnavailable`."""
    try:
        parsed = make_url(url) if "://" in url else URL.create("sqlite", database=url)
    except ArgumentError as error:
        raise StoreUnavailable("the database address cannot be read; use a path or `postgresql://...`") from error
    backend = parsed.get_backend_name()
    if backend == "sqlite" and parsed.database and parsed.database != ":memory:":
        return parsed.set(drivername="sqlite+pysqlite")
    if backend in {"postgresql", "postgres"}:
        return parsed.set(drivername="postgresql+psycopg")
    raise StoreUnavailable(f"a database of kind `{backend}` is not known; use a file path or `postgresql://...`")


def _prepare_file(path: Path, create: bool) -> None:
    if path.exists():
        return
    if not create:
        raise StoreUnavailable(f"there is no database at `{path}`; start `klaswacht up` once to make it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Made here and not by SQLite, so that it is never readable for others, not even for a moment.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        path.chmod(_mode_in(path.parent))
    except OSError as error:
        raise StoreUnavailable(f"no database can be made at `{path}`: {error.strerror}") from error


def _mode_in(folder: Path) -> int:
    """For the owner alone, unless the folder is given to a group to write in (`chmod g+rwxs`).

    The same as `config.private_folder.mode_in`, which this room may not know.
    """
    found = folder.stat().st_mode
    shared = found & stat.S_ISGID and found & stat.S_IXGRP
    return 0o600 | (found & (stat.S_IRGRP | stat.S_IWGRP) if shared else 0)


def _set_up_sqlite(raw: sqlite3.Connection, _record: object) -> None:
    raw.isolation_level = None  # transactions begin where `_begin_sqlite` says so, and nowhere else
    cursor = raw.cursor()
    # secure_delete: what is forgotten is overwritten, not only unlinked.
    for pragma in ("foreign_keys=ON", "synchronous=NORMAL", "secure_delete=ON", "trusted_schema=OFF"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("klaswacht_bare"):
        return
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("klaswacht_write") else "BEGIN")


def use_wal(database: Database) -> None:
    """Put a SQLite file in WAL mode, which lasts; waits for others at most the patience. PostgreSQL: nothing to do."""
    if not database.sqlite:
        return
    end = monotonic() + database.patience
    while True:
        try:
            with database.bare() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            break
        except StoreUnavailable as error:
            # SQLite does not wait for this lock by itself: of two programs that start together one is told "locked".
            if "locked" not in str(error) or monotonic() >= end:
                raise
            sleep(_BETWEEN_TRIES)
    mode = _mode_in(Path(database.url.database or "").parent)
    for suffix in ("", "-wal", "-shm"):
        with suppress(OSError):
            Path(f"{database.url.database}{suffix}").chmod(mode)
