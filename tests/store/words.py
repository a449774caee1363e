"""All that is kept, in words: what a search of the files cannot see, because it is sealed there."""

from __future__ import annotations

import sqlalchemy as sa

from store import Store, account_tables, tables


def words_of(store: Store) -> frozenset[str]:
    """Every value of every row of every school, opened and as text."""
    found: set[str] = set()
    for database, metadata in ((store.database, tables.metadata), (store.accounts.database, account_tables.metadata)):
        with database.engine.connect() as connection:
            for table in metadata.sorted_tables:
                for row in connection.execute(sa.select(table)):
                    found |= {str(value) for value in row if value is not None}
    return frozenset(found)
