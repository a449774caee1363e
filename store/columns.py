"""What tables are made of: kinds of columns, how indexes and keys are called, the main database's `metadata`.

Nothing is in `metadata` by itself: `store.tables` and `store.event_tables` put their tables in it and `store.db` reads
both, so whoever opens any module of `store` has them all.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Integer, MetaData, String, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import operators
from sqlalchemy.types import TypeDecorator

from store.sealing import sealer_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Moment(TypeDecorator[datetime]):
    """An aware moment as a whole number of microseconds: exact, and in the same order on every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Datetime to number; a moment without time zone raises `ValueError`."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return (value - EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Number to datetime in UTC."""
        return None if value is None else EPOCH + timedelta(microseconds=int(value))


def storable(text: str) -> str:
    """The text as `Words` keeps it."""
    return text.replace("\0", "?").encode("utf-8", "replace").decode()


class Words(TypeDecorator[str]):
    """Text from anywhere: what no database can keep (NUL, half of a pair of surrogates) becomes a question mark.

    One odd app name must not make a whole batch of events fail, over and over.
    """

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Text that every database takes."""
        return None if value is None else storable(value)


_ALIKE = {operators.eq, operators.ne, operators.in_op, operators.not_in_op}


class Sealed(TypeDecorator[str]):
    """Words of or about people: closed before they reach the database, with a key that is not in it (`store.sealing`).

    `place` is `table.column`, to which a value is bound. `exact` where it is looked up by equality: the same text is
    then the same value, so that one sees which are alike. Nothing else can be asked of it in SQL: no order, no part.
    """

    impl = String
    cache_ok = True

    def __init__(self, place: str, exact: bool = False) -> None:
        """See `place` and `exact` above."""
        super().__init__()
        self.place, self.exact = place, exact

    def coerce_compared_value(self, op: Any, value: Any) -> Sealed:
        """Let nobody ask what has no answer: a sealed value is like no other, and in no order."""
        if value and not (self.exact and op in _ALIKE):
            raise TypeError(f"`{self.place}` is sealed: compare it in Python, or seal it `exact`")
        return self

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Text to a sealed value. Raises `NoKey`."""
        if value is None:
            return None
        return sealer_of(dialect).close(self.place, storable(value), exact=self.exact)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:
        """A sealed value to its text. Raises `NoKey`."""
        return None if value is None else sealer_of(dialect).open(self.place, value, exact=self.exact)


class SealedJSON(TypeDecorator[Any]):
    """The same for what is no text but a tree; in the database it is one sealed string."""

    impl = JSON
    cache_ok = True

    def __init__(self, place: str) -> None:
        """`place` is `table.column`."""
        super().__init__()
        self.place, self.exact = place, False

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        """A tree to a sealed value. Raises `NoKey`."""
        return sealer_of(dialect).close(self.place, json.dumps(value), exact=False)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """A sealed value to its tree. Raises `NoKey`."""
        return json.loads(sealer_of(dialect).open(self.place, str(value), exact=False))


def sealed_in(table: Table) -> dict[str, Sealed | SealedJSON]:
    """The sealed columns of a table."""
    return {one.name: one.type for one in table.columns if isinstance(one.type, Sealed | SealedJSON)}


# SQLite only counts up by itself in a column that is INTEGER to the letter.
Number = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(naming_convention=NAMES)


def school_column() -> Column[str]:
    """Of which school a row is."""
    return Column("school_id", Words, primary_key=True)


def id_column() -> Column[str]:
    """A row's name within its school."""
    return Column("id", Words, primary_key=True)
