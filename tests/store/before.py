"""Databases as the version before the words were sealed left them."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from store import account_tables, seals
from store.columns import SealedJSON, metadata, sealed_in
from store.db import Database
from store.migrate import Chain, prove, schema_of

_CHAINS = {
    Chain.MAIN: (metadata, "0010"),
    Chain.ACCOUNTS: (account_tables.metadata, "0003"),
}


def unseal(url: str, accounts_url: str | None, key: Path) -> None:
    """Put every word back as it was typed, and say that the databases are of the version before."""
    for chain, where in ((Chain.MAIN, url), (Chain.ACCOUNTS, accounts_url)):
        if where is not None:
            with ExitStack() as stack:
                database = stack.enter_context(closing(Database(where, key=key)))
                connection = stack.enter_context(database.engine.connect())
                connection.execution_options(klaswacht_write=True)
                stack.enter_context(connection.begin())
                prove(database, connection, chain)
                _unseal(connection, database, chain)


def _unseal(connection: Connection, database: Database, chain: Chain) -> None:
    tables, version = _CHAINS[chain]
    schema = schema_of(connection, chain)
    columns = {table.name: sealed_in(table) for table in tables.sorted_tables}
    exact = {kind.place for found in columns.values() for kind in found.values() if kind.exact}
    trees = [
        (table, name)
        for table in tables.sorted_tables
        for name, kind in sealed_in(table).items()
        if isinstance(kind, SealedJSON)
    ]
    kept = {
        (table, name): connection.execute(sa.select(table.c.school_id, table.c.id, table.c[name])).all()
        for table, name in trees
    }
    seals.rewrite(
        connection, schema, columns, exact, lambda place, was, one: database.sealer.open(place, was, exact=one)
    )
    for (table, name), rows in kept.items():
        plain = sa.table(table.name, *(sa.column(one) for one in ("school_id", "id")), sa.column(name, sa.JSON))
        for school, one, body in rows:
            this = sa.and_(plain.c.school_id == school, plain.c.id == one)
            connection.execute(sa.update(plain).where(this).values({name: body}))
    connection.execute(sa.text(f"DROP TABLE {schema + '.' if schema else ''}{seals.NAME}"))
    versions = sa.table("alembic_version", sa.column("version_num", sa.String), schema=schema)
    connection.execute(sa.update(versions).values(version_num=version))
