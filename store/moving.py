"""A whole school from SQLite to PostgreSQL: every table of both databases, row by row and to the letter.

While it lasts nobody can write in either of the old databases; they stay as they are. In the new one it is all or
nothing: what was written is read back and compared before any of it counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import batched
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from store import account_tables, seals
from store.columns import metadata
from store.db import Database, StoreUnavailable
from store.migrate import Chain, prove, schema_of, upgrade
from store.sealing import KeyFile

_AT_ONCE = 500  # rows
_PATIENCE = 60.0  # seconds for a lock, and five times that for a statement
_ALL = 1 << 256
TABLES = {
    Chain.ACCOUNTS: tuple(account_tables.metadata.sorted_tables),
    Chain.MAIN: tuple(metadata.sorted_tables),
}
"""Every table of each database, those that others point to first."""


class Unlike(StoreUnavailable):
    """What was read back is not what was written; nothing counts."""


class NotEmpty(StoreUnavailable):
    """There are rows already where it should go, in `table`."""

    def __init__(self, table: str) -> None:
        super().__init__(f"there are rows in the table `{table}` already")
        self.table = table


@dataclass(frozen=True, slots=True)
class Copied:
    """One table, with how many rows it has in both databases."""

    table: str
    rows: int


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a school's two databases are."""

    main: str
    accounts: str

    def of(self, chain: Chain) -> str:
        """The address of one of them."""
        return self.main if chain is Chain.MAIN else self.accounts


def move(old: Addresses, new: Addresses, key: Path, *, proving: bool = False) -> tuple[Copied, ...]:
    """Copy the SQLite databases `old` into the empty PostgreSQL databases `new`; every table with its rows.

    The tables are made where they are not there; names and texts are opened and sealed again with the key in `key`.
    With `proving` all is done and compared, and nothing is kept.
    Raises `StoreUnavailable`: one of them cannot be used or is of another version, somebody writes in `old`, `new` is
    not empty (`NotEmpty`), or what arrived is not what left (`Unlike`). Then no row was written.
    """
    with ExitStack() as stack:
        sources = {chain: stack.enter_context(_opened(old.of(chain), key, sqlite=True)) for chain in TABLES}
        targets = {chain: stack.enter_context(_opened(new.of(chain), key, sqlite=False)) for chain in TABLES}
        for chain, target in targets.items():
            upgrade(target, chain)
            _named(target, chain, key)
        done: list[Copied] = []
        reading = {chain: stack.enter_context(_held(one, chain)) for chain, one in sources.items()}
        writing = {chain: stack.enter_context(_held(one, chain)) for chain, one in targets.items()}
        for chain, connection in writing.items():
            _must_be_empty(connection, TABLES[chain])
        for chain, tables in TABLES.items():
            with sources[chain].errors(), targets[chain].errors():
                done += [_copy(table, reading[chain], writing[chain]) for table in tables]
        if not proving:
            _keep(writing, targets)
    return tuple(done)


@contextmanager
def _opened(url: str, key: Path, *, sqlite: bool) -> Iterator[Database]:
    with closing(Database(url, _PATIENCE if not sqlite else 3.0, key=key)) as database:
        if database.sqlite is not sqlite:
            wanted = "SQLite" if sqlite else "PostgreSQL"
            raise StoreUnavailable(f"database {database.place()} is not {wanted}")
        yield database


def _named(database: Database, chain: Chain, key: Path) -> None:
    """Let a database without a row be of this key: a try may have made it under one that was renewed since."""
    with database.errors(), database.engine.connect() as connection, connection.begin():
        rows = (connection.execute(sa.select(sa.literal(1)).select_from(one).limit(1)).first() for one in TABLES[chain])
        if not any(rows):
            seals.name(connection, schema_of(connection, chain), seals.first(KeyFile(key)), wiped=True)


@contextmanager
def _held(database: Database, chain: Chain) -> Iterator[Connection]:
    """A transaction beside which nobody can write; what was not kept by its end is undone."""
    with database.errors(), database.engine.connect() as connection:
        connection.execution_options(klaswacht_write=True)
        with connection.begin() as transaction:
            prove(database, connection, chain)
            if not database.sqlite:
                names = ", ".join(_quoted(connection, table) for table in TABLES[chain])
                connection.exec_driver_sql(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")
            yield connection
            if transaction.is_active:
                transaction.rollback()


def _quoted(connection: Connection, table: sa.Table) -> str:
    return connection.dialect.identifier_preparer.format_table(table)


def _must_be_empty(connection: Connection, tables: Iterable[sa.Table]) -> None:
    for table in tables:
        if connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is not None:
            raise NotEmpty(table.fullname)


def _copy(table: sa.Table, reading: Connection, writing: Connection) -> Copied:
    left = _Digest()
    for rows in batched(reading.execute(_select(table)).yield_per(_AT_ONCE), _AT_ONCE, strict=False):
        for row in rows:
            left.add(tuple(row))
        writing.execute(_insert(table), [dict(row._mapping) for row in rows])
    _number_on(table, reading, writing)
    arrived = _Digest()
    for row in writing.execute(_select(table)).yield_per(_AT_ONCE):
        arrived.add(tuple(row))
    if left.told != arrived.told:
        raise Unlike(f"the table `{table.fullname}` did not arrive as it was")
    return Copied(table.fullname, left.rows)


def _select(table: sa.Table) -> sa.Select[Any]:
    """All rows; JSON as the text that it is kept as, because read and written again it might be other text."""
    return sa.select(*(
        sa.cast(column, sa.Text).label(column.name) if isinstance(column.type, sa.JSON) else column
        for column in table.columns
    ))  # fmt: skip


def _insert(table: sa.Table) -> sa.Insert:
    texts = {
        column.name: sa.cast(sa.bindparam(column.name, type_=sa.Text), column.type)
        for column in table.columns
        if isinstance(column.type, sa.JSON)
    }
    return sa.insert(table).values(texts) if texts else sa.insert(table)


def _number_on(table: sa.Table, reading: Connection, writing: Connection) -> None:
    """Numbers that were given out, also to rows that are gone, are not given out again."""
    counted = table.autoincrement_column
    if counted is None or not table.dialect_options["sqlite"]["autoincrement"]:
        return
    found = reading.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)).scalar()
    if found:
        sequence = sa.func.pg_get_serial_sequence(_quoted(writing, table), counted.name)
        writing.execute(sa.select(sa.func.setval(sequence, int(found))))


class _Digest:
    """What a table holds, whatever the order in which a database gives its rows."""

    def __init__(self) -> None:
        self.rows, self._sum = 0, 0

    def add(self, row: tuple[object, ...]) -> None:
        self.rows += 1
        self._sum = (self._sum + int.from_bytes(hashlib.sha256(repr(row).encode()).digest())) % _ALL

    @property
    def told(self) -> tuple[int, int]:
        """How many rows, and what they come to."""
        return self.rows, self._sum


def _keep(writing: dict[Chain, Connection], targets: dict[Chain, Database]) -> None:
    """Make both count, the accounts first: when the other does not follow, they are taken out again."""
    accounts, main = writing[Chain.ACCOUNTS], writing[Chain.MAIN]
    with targets[Chain.ACCOUNTS].errors():
        accounts.commit()
    try:
        with targets[Chain.MAIN].errors():
            main.commit()
    except BaseException:
        with targets[Chain.ACCOUNTS].errors(), targets[Chain.ACCOUNTS].engine.begin() as again:
            for table in reversed(TABLES[Chain.ACCOUNTS]):
                again.execute(sa.delete(table))
        raise
