"""Brings a database to this program's version. Two chains of Alembic scripts: `main` and `accounts`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from store.db import Database, StoreUnavailable, use_wal

SCRIPTS = Path(__file__).parent / "migrations"
LOCK = 0x6B6C6173  # one migration at a time on one PostgreSQL database


class Chain(StrEnum):
    """Which scripts."""

    MAIN = "main"
    ACCOUNTS = "accounts"


# The newest script of each chain. Kept here so that a worker that only reads need not load Alembic; a test holds it.
HEADS = {Chain.MAIN: "0010", Chain.ACCOUNTS: "0003"}


def upgrade(database: Database, chain: Chain) -> None:
    """Run what was not run yet, in one transaction. A database of a newer program raises `StoreUnavailable`."""
    use_wal(database)
    with database.read() as connection:
        if version(connection, chain) == HEADS[chain]:
            return
    with database.errors(), database.engine.connect() as connection:
        connection.execution_options(klaswacht_write=True)
        with connection.begin():
            _run(connection, chain, database.place())


def _run(connection: Connection, chain: Chain, place: str) -> None:
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
    config.attributes.update(connection=connection, schema=schema)
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StoreUnavailable(f"database {place} was made by a newer program: {error}") from error


def must_be_current(database: Database, chain: Chain) -> None:
    """Raise `StoreUnavailable` unless the database is at this program's version."""
    with database.read() as connection:
        prove(database, connection, chain)


def prove(database: Database, connection: Connection, chain: Chain = Chain.MAIN) -> None:
    """The same on a connection of it that is open already."""
    found = version(connection, chain)
    if found != HEADS[chain]:
        raise StoreUnavailable(
            f"database {database.place()} is at version `{found or 'empty'}`, this program needs `{HEADS[chain]}`; "
            "run `klaswacht up` of this program once"
        )


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
