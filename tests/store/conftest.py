"""Every test that takes `store` (or `place`) runs twice: on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from config.private_folder import columns_key
from store import Store, account_tables, open_store
from store.columns import metadata
from tests.store import cluster as postgresql

SCHOOL = "school"


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgresql.Cluster]:
    """The cluster of this worker."""
    reason = postgresql.missing()
    if reason:
        pytest.skip(reason)
    running = postgresql.Cluster()
    yield running
    running.remove()


@dataclass(frozen=True)
class Place:
    """Where a database is: two addresses that anybody may open again."""

    kind: str
    url: str
    accounts_url: str

    key: Path

    def open(self, **options: object) -> Store:
        return open_store(self.url, self.accounts_url, key=self.key, **options)


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What opens the words in all of these databases."""
    return columns_key(tmp_path_factory.mktemp("key"))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory, key: Path) -> Path:
    """Migrated empty files, to copy."""
    folder = tmp_path_factory.mktemp("template")
    open_store(str(folder / "klaswacht.db"), str(folder / "accounts.db"), key=key, migrate=True).close()
    return folder


@pytest.fixture(scope="session")
def postgresql_url(cluster: postgresql.Cluster, key: Path) -> str:
    """A migrated database; a fresh one for every test would cost seconds, so it is emptied instead."""
    url = cluster.new_database()
    open_store(url, url, key=key, migrate=True).close()
    return url


@pytest.fixture
def new_place(request: pytest.FixtureRequest, tmp_path: Path, key: Path) -> Callable[[str], Place]:
    """Makes a migrated empty database of a kind."""

    def make(kind: str) -> Place:
        if kind == "sqlite":
            folder = tmp_path / "var"
            shutil.copytree(request.getfixturevalue("sqlite_template"), folder)
            return Place(kind, str(folder / "klaswacht.db"), str(folder / "accounts.db"), key)
        url = request.getfixturevalue("postgresql_url")
        with psycopg.connect(url, autocommit=True) as connection:
            tables = [f"accounts.{table.name}" for table in account_tables.metadata.sorted_tables]
            tables += [table.name for table in metadata.sorted_tables]
            connection.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")
        return Place(kind, url, url, key)

    return make


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, new_place: Callable[[str], Place]) -> Place:
    """A migrated empty database."""
    return new_place(request.param)


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    """The store, open, with accounts."""
    opened = place.open()
    yield opened
    opened.close()
