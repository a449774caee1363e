"""A new key for the words of a school's databases: everything is sealed anew, and the old key is forgotten.

Each database changes in one transaction, and says itself which key it has. Whatever breaks it off, both keys are in the
file until all is done: the guard works meanwhile, and another call goes on where this one stopped.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from store import account_tables, seals
from store.columns import metadata, sealed_in
from store.db import Database
from store.migrate import Chain, prove, schema_of, wipe
from store.sealing import Key, KeyFile

_PATIENCE = 60.0  # seconds for a lock, and five times that for a statement
_TABLES = {Chain.ACCOUNTS: account_tables.metadata, Chain.MAIN: metadata}


@dataclass(frozen=True, slots=True)
class Renewed:
    """How many words were sealed anew, and whether the space of the old ones was wiped (else the next start does)."""

    words: int
    wiped: bool


def renew(url: str, accounts_url: str, key: Path) -> Renewed:
    """Seal both databases with a new key. Nobody else may have them open with the old one.

    Raises `StoreUnavailable`: what is done stays done, and both keys stay; the next call goes on.
    """
    file = KeyFile(key)
    if len(file.read()) == 1:
        file.add()
    new = file.read()[0]
    words, wiped = 0, True
    for chain, where in ((Chain.ACCOUNTS, accounts_url), (Chain.MAIN, url)):
        with closing(Database(where, _PATIENCE, key=key)) as database:
            words += _sealed_anew(database, chain, new)
            wiped &= wipe(database, chain)
    file.keep(new)
    return Renewed(words, wiped)


def _sealed_anew(database: Database, chain: Chain, new: Key) -> int:
    with database.errors(), database.engine.connect() as connection:
        connection.execution_options(klaswacht_write=True)
        with connection.begin():
            prove(database, connection, chain)
            sealer, schema = database.sealer, schema_of(connection, chain)
            if sealer.active == new.id:
                return 0
            # Whoever writes holds this row: from here on nobody does, until this is done.
            connection.execute(seals.table(schema).select().with_for_update())
            columns = {table.name: sealed_in(table) for table in _TABLES[chain].sorted_tables}
            exact = {kind.place for found in columns.values() for kind in found.values() if kind.exact}

            def anew(place: str, was: str, exact: bool) -> str:
                return new.seal(place, sealer.open(place, was, exact=exact), exact=exact)

            words = seals.rewrite(connection, schema, columns, exact, anew)
            seals.name(connection, schema, new, wiped=False)
            return words
