"""Both schools, made once for the folder and copied for every file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from dashboard import passwords
from tests.access.filled import fill
from tests.access.school import Seeded, Standing, seeded, standing
from tests.dashboard.conftest import QUICK
from tests.dashboard.walk.world import next_door, whole


@pytest.fixture(scope="session")
def two_schools(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    folder = tmp_path_factory.mktemp("walk")
    seed = seeded(folder / "seed")
    with standing(seed, folder / "filled") as school:
        fill(school)
        next_door(school)
    return Seeded(folder / "filled", seed.papers, seed.file)


@pytest.fixture(scope="module")
def fresh(two_schools: Seeded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Standing]]:
    """Another untouched copy, each time it is called."""
    kept, passwords._HASHER = passwords._HASHER, QUICK
    with ExitStack() as stack:

        def copy() -> Standing:
            return stack.enter_context(whole(two_schools, Path(tmp_path_factory.mktemp("copy"))))

        yield copy
    passwords._HASHER = kept


@pytest.fixture(scope="module")
def school(fresh: Callable[[], Standing]) -> Standing:
    """The copy of this file, for what changes nothing."""
    return fresh()
