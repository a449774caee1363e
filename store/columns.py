"""What tables are made of: kinds of columns, how indexes and keys are called, the main database's `metadata`.

Nothing is in `metadata` by itself: `store.tables` and `store.event_tables` put their tables in it and `store.db` reads
both, so whoever opens any module of `store` has them all.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Column, Integer, MetaData, String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

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


# SQLite only counts up by itself in a column that is INTEGER to the letter.
Number = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(naming_convention=NAMES)


def school_column() -> Column[str]:
    """Of which school a row is."""
    return Column("school_id", Words, primary_key=True)


def id_column() -> Column[str]:
    """A row's name within its school."""
    return Column("id", Words, primary_key=True)
