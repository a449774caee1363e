"""Brings a database to this program's version. Two chains of Alembic scripts: `main` and `accounts`."""

from __future__ import annotations

import logging
from enum import StrEnum
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from store import seals
from store.db import Database, StoreUnavailable, use_wal

SCRIPTS = Path(__file__).parent / "migrations"
_log = logging.getLogger(__name__)
_LONG = 3600.0  # seconds that PostgreSQL may take to write one table anew
LOCK = 0x6B6C6173  # one migration at a time on one PostgreSQL database


class Chain(StrEnum):
    """Which scripts."""

    MAIN = "main"
    ACCOUNTS = "accounts"


# The newest script of each chain. Kept here so that a worker that only reads need not load Alembic; a test holds it.
HEADS = {Chain.MAIN: "0011", Chain.ACCOUNTS: "0004"}


def upgrade(database: Database, chain: Chain) -> None:
    """Run what was not run yet, in one transaction. A database of a newer program raises `StoreUnavailable`.

    Where words were sealed, the space in which they could be read is wiped after it; if somebody is in the way of
    that, it is done by the next call.
    """
    use_wal(database)
    with database.read() as connection:
        current = version(connection, chain) == HEADS[chain]
    if not current:
        with database.errors(), database.engine.connect() as connection:
            connection.execution_options(klaswacht_write=True)
            with connection.begin():
                _run(connection, chain, database)
    if not wipe(database, chain):
        _log.warning("%s: what names and texts left readable before they were sealed is wiped at a later start", chain)


def sealed(database: Database, chain: Chain) -> bool:
    """Whether a database has words that only its key opens."""
    with database.read() as connection:
        return seals.is_sealed(connection, schema_of(connection, chain))


def _run(connection: Connection, chain: Chain, database: Database) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    schema = schema_of(connection, chain)
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
    if schema:
        connection.execute(sa.text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("version_locations", str(SCRIPTS / chain.value))
    config.set_main_option("path_separator", "os")
    config.attributes.update(connection=connection, schema=schema, key_file=database.sealer.file)
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StoreUnavailable(f"database {database.place()} was made by a newer program: {error}") from error


def must_be_current(database: Database, chain: Chain) -> None:
    """Raise `StoreUnavailable` unless the database is at this program's version."""
    with database.read() as connection:
        prove(database, connection, chain)


def prove(database: Database, connection: Connection, chain: Chain = Chain.MAIN) -> None:
    """The same on a connection of it that is open already; with a key, that it is this database's too."""
    found = version(connection, chain)
    if found != HEADS[chain]:
        raise StoreUnavailable(
            f"database {database.place()} is at version `{found or 'empty'}`, this program needs `{HEADS[chain]}`; "
            "run `klaswacht up` of this program once"
        )
    if database.sealer.file is not None:
        database.schema = schema_of(connection, chain)
        seals.take(connection, database.schema, database.sealer)


def version(connection: Connection, chain: Chain) -> str | None:
    """The version a database says it has; None for an empty one."""
    schema = schema_of(connection, chain)
    if not sa.inspect(connection).has_table("alembic_version", schema=schema):
        return None
    table = sa.table("alembic_version", sa.column("version_num", sa.String), schema=schema)
    return connection.execute(sa.select(table.c.version_num)).scalar()


def schema_of(connection: Connection, chain: Chain) -> str | None:
    """The schema of a chain's tables: accounts live in one of their own on PostgreSQL."""
    return "accounts" if chain is Chain.ACCOUNTS and connection.dialect.name == "postgresql" else None


def wipe(database: Database, chain: Chain) -> bool:
    """Wipe the space of words that were readable before they were sealed, once. False: somebody was in the way."""
    with database.read() as connection:
        schema = schema_of(connection, chain)
        done = seals.table(schema)
        if connection.execute(sa.select(done.c.wiped)).scalar() is not False:
            return True
    try:
        with database.bare(_LONG) as connection:
            if database.sqlite:
                connection.exec_driver_sql("VACUUM")
            else:
                _rewrite_files(connection, schema)
            connection.execute(sa.update(done).values(wiped=True))
            if database.sqlite:
                # The write-ahead log holds old pages until it is emptied too.
                busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").first()
                if busy is None or busy[0]:
                    connection.execute(sa.update(done).values(wiped=False))
                    return False
    except (StoreUnavailable, sa.exc.ProgrammingError):
        return False
    return True


def _rewrite_files(connection: Connection, schema: str | None) -> None:
    """PostgreSQL keeps old rows until it writes a table anew, and samples of them in its statistics."""
    quote = connection.dialect.identifier_preparer.quote
    for name in sa.inspect(connection).get_table_names(schema=schema):
        connection.exec_driver_sql(f"VACUUM (FULL, ANALYZE) {quote(schema or 'public')}.{quote(name)}")
