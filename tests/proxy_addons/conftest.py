"""The asking side's school: a migrated SQLite file, copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.private_folder import columns_key
from store import open_store
from tests.proxy_addons.asking import Guard


@pytest.fixture(scope="session")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the cast in it, to copy."""
    file = tmp_path_factory.mktemp("settled") / "klaswacht.db"
    store = open_store(str(file), key=columns_key(file.parent), migrate=True)
    Guard(store).settle()
    store.close()
    return file


@pytest.fixture
def guard(settled: Path, tmp_path: Path) -> Iterator[Guard]:
    """The school, with nothing going on yet."""
    file = tmp_path / "klaswacht.db"
    shutil.copy(settled, file)
    store = open_store(str(file), key=columns_key(settled.parent))
    yield Guard(store)
    store.close()
