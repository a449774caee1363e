"""One running guard for all tricks: `guard` is it, with nothing asked yet."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.evasions.school import Running, school


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The guard in front of its pretend sites."""
    with school(tmp_path_factory.mktemp("tricks")) as one:
        yield one


@pytest.fixture
def guard(running: Running) -> Running:
    """The same, with nothing asked yet."""
    running.forget()
    return running
