"""What a database says of its own seal: which key its words are closed with; and closing anew what is there.

The table is like Alembic's own: it is of the database and of no school, and no row of it is about anybody.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from store.sealing import PROOF_OF, Key, KeyFile, NoKey, Sealer

NAME = "seals"
type Change = Callable[[str, str, bool], str]
"""Of a place (`table.column`), what is in the database there, and whether it is exact, to what comes instead."""


def table(schema: str | None) -> sa.Table:
    """`key_id` and `proof`, something sealed with that key; `wiped`: the space of what was readable was wiped."""
    return sa.Table(
        NAME,
        sa.MetaData(),
        sa.Column("key_id", sa.String, primary_key=True),
        sa.Column("proof", sa.String, nullable=False),
        sa.Column("wiped", sa.Boolean, nullable=False),
        schema=schema,
    )


def is_sealed(connection: Connection, schema: str | None) -> bool:
    """Whether the words of a database are closed already."""
    return sa.inspect(connection).has_table(NAME, schema=schema)


def take(connection: Connection, schema: str | None, sealer: Sealer, *, hold: bool = False) -> None:
    """Seal with the key that the database names. With `hold` nobody gives it another one during this transaction.

    Raises `NoKey`.
    """
    seals = table(schema)
    wish = sa.select(seals.c.key_id, seals.c.proof)
    found = connection.execute(wish.with_for_update(read=True) if hold else wish).first()
    if found is None:
        raise NoKey("the database does not say any more with which key it is sealed; restore a backup")
    if found.key_id != sealer.active:
        sealer.take(found.key_id, found.proof)


def first(file: KeyFile | None) -> Key:
    """The key with which a database is sealed that was not. Raises `NoKey`."""
    if file is None:
        raise NoKey("no file was named for the key of this database")
    return file.read()[0]


def name(connection: Connection, schema: str | None, key: Key, *, wiped: bool) -> None:
    """Write which key it is from now on."""
    seals = table(schema)
    values = {"key_id": key.id, "proof": key.seal(PROOF_OF, "klaswacht"), "wiped": wiped}
    # The row stays the same one: whoever waits for it then reads what it says now.
    if connection.execute(sa.update(seals).values(values)).rowcount == 0:
        connection.execute(sa.insert(seals).values(values))


@dataclass(frozen=True, slots=True)
class Words:
    """One column of words: `place` is `table.column`; `tree`: JSON, one string once it is sealed."""

    table: sa.TableClause
    column: str
    keys: tuple[str, ...]
    exact: bool
    tree: bool

    @property
    def place(self) -> str:
        """To what a value is bound."""
        return f"{self.table.name}.{self.column}"


def rewrite(
    connection: Connection,
    schema: str | None,
    columns: Mapping[str, Iterable[str]],
    exact: Collection[str],
    change: Change,
) -> int:
    """Put something else in the place of every word in these columns (by table); how many there were.

    `exact` are places (`table.column`).
    """
    asked, rows = sa.inspect(connection), 0
    for name, some in columns.items():
        keys = tuple(asked.get_pk_constraint(name, schema=schema)["constrained_columns"])
        kinds = {one["name"]: one["type"] for one in asked.get_columns(name, schema=schema)}
        for column in some:
            table = sa.table(name, *(sa.column(one) for one in {*keys, column}), schema=schema)
            tree = isinstance(kinds[column], sa.JSON)
            rows += _rewrite(connection, Words(table, column, keys, f"{name}.{column}" in exact, tree), change)
    return rows


def _rewrite(connection: Connection, words: Words, change: Change) -> int:
    c, value = words.table.c, words.table.c[words.column]
    written = sa.cast(value, sa.Text) if words.tree else value
    wish = sa.select(*(c[key] for key in words.keys), written.label("was")).where(value.is_not(None))
    rows = connection.execute(wish if words.tree else wish.where(value != "")).all()
    if not rows:
        return 0
    new: sa.ColumnElement[str] = sa.bindparam("new", type_=sa.Text)
    if words.tree and connection.dialect.name == "postgresql":  # to SQLite JSON is a text, and a cast would spoil it
        new = sa.cast(new, sa.JSON)
    one = sa.and_(*(c[key] == sa.bindparam(f"key_{key}") for key in words.keys))
    changed = [
        {f"key_{key}": row._mapping[key] for key in words.keys} | {"new": _changed(row.was, words, change)}
        for row in rows
    ]
    connection.execute(sa.update(words.table).where(one).values({words.column: new}), changed)
    return len(rows)


def _changed(was: str, words: Words, change: Change) -> str:
    if not words.tree:
        return change(words.place, was, words.exact)
    tree = json.loads(was)
    return json.dumps(change(words.place, tree if isinstance(tree, str) else was, words.exact))
