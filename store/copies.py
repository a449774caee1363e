"""A whole database copied while it is used, and put back: SQLite by its online backup, PostgreSQL by `pg_dump`.

A dump is put back in one transaction: what was there is kept aside under another name, and `undo_dump` brings it back.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import URL

from store.db import Database, StoreUnavailable, parse_url
from store.migrate import SCRIPTS, Chain, prove, version

_SIDES = ("", "-wal", "-shm", "-journal")
_SCHEMAS = {Chain.MAIN: "public", Chain.ACCOUNTS: "accounts"}
_MOVING = 0x6B6C6173  # PostgreSQL's advisory lock of whoever puts a dump in a schema's place, or undoes that
_PATIENCE = 3600.0  # seconds that a dump may take


def kind(url: str) -> str:
    """`sqlite` or `postgresql`. Raises `StoreUnavailable`."""
    return parse_url(url).get_backend_name()


def place(url: str) -> Path:
    """The file of a SQLite database."""
    return Path(parse_url(url).database or "")


def copy(url: str, chain: Chain, target: Path) -> str:
    """Copy the database as it is at one moment into the new file `target` (0600); the version that it has.

    Who writes meanwhile waits for nothing. Raises `StoreUnavailable`: it cannot be reached, is damaged, or is not at
    this program's version.
    """
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    database = Database(url)
    try:
        with database.read() as connection:
            prove(database, connection, chain)
            found = version(connection, chain) or ""
    finally:
        database.close()
    if database.sqlite:
        _copy_file(Path(database.url.database or ""), target)
        examine(target, chain)
    else:
        command = ["pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--schema={_SCHEMAS[chain]}"]
        _run([*command, f"--file={target}"], database.url)
    return found


def examine(file: Path, chain: Chain) -> str:
    """Prove that a copy of a SQLite database is whole; the version that it has. Raises `StoreUnavailable`."""
    try:
        with closing(sqlite3.connect(file)) as opened:
            said = opened.execute("PRAGMA integrity_check").fetchone()[0]
            dangling = opened.execute("PRAGMA foreign_key_check").fetchone()
            found = opened.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise StoreUnavailable(f"the copy of {chain.value} is damaged: {error}") from error
    if said != "ok" or dangling is not None or found is None:
        raise StoreUnavailable(f"the copy of {chain.value} is damaged")
    return str(found[0])


def examine_dump(file: Path) -> None:
    """Prove that a dump of PostgreSQL can be read to its end. Raises `StoreUnavailable`."""
    _run(["pg_restore", "--file=/dev/null", str(file)], None)


def known(chain: Chain) -> frozenset[str]:
    """The versions that this program can bring to its own."""
    return frozenset(path.name[1:5] for path in (SCRIPTS / chain.value).glob("v????_*.py"))


def files(url: str) -> tuple[Path, ...]:
    """All that a SQLite database may consist of: its file, and those beside it in which writes wait."""
    return tuple(Path(f"{place(url)}{side}") for side in _SIDES)


def has_schema(url: str, chain: Chain) -> bool:
    """Whether PostgreSQL has a schema of this chain. Raises `StoreUnavailable`."""
    return _has_schema(url, _SCHEMAS[chain])


def put_dump(url: str, chain: Chain, dump: Path, aside: str) -> None:
    """Put a dump in the place of the chain's schema, in one transaction; what was there becomes the schema `aside`.

    Raises `StoreUnavailable`: then nothing changed.
    """
    parsed, schema = parse_url(url), _SCHEMAS[chain]
    script = dump.with_suffix(".sql")
    try:
        _run(["pg_restore", "--no-owner", "--no-privileges", f"--schema={schema}", f"--file={script}", str(dump)], None)
        before = f'ALTER SCHEMA "{schema}" RENAME TO "{aside}"' if _has_schema(url, schema) else "SELECT 1"
        command = ["psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"]
        command += [f"--command=SELECT pg_advisory_xact_lock({_MOVING})"]
        # What a dump says of itself is of no use here; errors come by the other way.
        command += ["--output=/dev/null", f"--command={before}", f'--command=CREATE SCHEMA "{schema}"']
        _run([*command, f"--file={script}"], parsed)
    finally:
        script.unlink(missing_ok=True)


def undo_dump(url: str, chain: Chain, aside: str, *, had: bool) -> None:
    """Bring back the schema that `put_dump` kept aside; `had`: there was one. It may be done again.

    Raises `StoreUnavailable`.
    """
    schema = _SCHEMAS[chain]
    database = Database(url)
    try:
        with database.errors(), database.engine.begin() as connection:
            # One that was killed may have left its transaction behind: what it comes to is waited for.
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MOVING})
            kept = sa.inspect(connection).has_schema(aside)
            if kept or not had:
                connection.execute(sa.text(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE'))
            if kept:
                connection.execute(sa.text(f'ALTER SCHEMA "{aside}" RENAME TO "{schema}"'))
    finally:
        database.close()


def _copy_file(source: Path, target: Path) -> None:
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as old,
            closing(sqlite3.connect(target)) as new,
        ):
            # In one step: a copy in pieces begins anew whenever another process writes, and might never end.
            old.backup(new, pages=-1)
            new.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise StoreUnavailable(f"database `{source}` cannot be copied: {error}") from error


def _has_schema(url: str, schema: str) -> bool:
    database = Database(url)
    try:
        with database.read() as connection:
            return sa.inspect(connection).has_schema(schema)
    finally:
        database.close()


def _run(command: list[str], url: URL | None) -> None:
    """Run a program of PostgreSQL; the address goes by the environment, where no other user reads a password."""
    program = shutil.which(command[0])
    if program is None:
        raise StoreUnavailable(f"`{command[0]}` is not on this machine; install the package postgresql-client")
    try:
        done = subprocess.run(  # noqa: S603 - a program of PostgreSQL's with our own words
            [program, *command[1:]],
            env=os.environ | ({} if url is None else _told(url)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise StoreUnavailable(f"`{command[0]}` was not ready within an hour") from error
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise StoreUnavailable(f"`{command[0]}`: {lines[0][:300] if lines else 'no answer'}")


def _told(url: URL) -> dict[str, str]:
    """A database's address as libpq reads it from the environment."""
    told = {
        "PGHOST": url.host,
        "PGPORT": url.port and str(url.port),
        "PGUSER": url.username,
        "PGDATABASE": url.database,
    }
    told |= {"PGPASSWORD": url.password}
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "sslmode": "PGSSLMODE"}
    names |= {"sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY", "options": "PGOPTIONS"}
    for name, value in url.query.items():
        if name in names:
            told[names[name]] = value if isinstance(value, str) else ",".join(value)
    return {name: str(value) for name, value in told.items() if value}
