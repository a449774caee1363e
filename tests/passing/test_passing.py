"""What passes unchanged, through every engine: each row is compared with the same without the guard."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.passing.catalogue import known
from tests.passing.guards import Ways, running
from tests.passing.rows import ROWS, Seen


@pytest.fixture(scope="module")
def ways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ways]:
    with running(tmp_path_factory.mktemp("passing")) as found:
        yield found


@pytest.fixture(scope="module")
def without(ways: Ways) -> dict[tuple[str, bool], Seen]:
    """What is seen without the guard, by row and whether in TLS."""
    return {}


def _tried() -> list[object]:
    return [
        pytest.param(row.id, column, marks=[] if row.quick and column != "mitmdump" else [pytest.mark.full])
        for row in ROWS.values()
        for column in row.columns
    ]


@pytest.mark.parametrize(("name", "column"), _tried())
def test_it_passes_as_the_page_says(ways: Ways, without: dict, name: str, column: str) -> None:
    row, way = ROWS[name], ways.through(column)
    beside = ways.beside(way)
    if (name, way.secure) not in without:
        way.site.forget()
        without[name, way.secure] = row.run(beside, way.site)
    expected = without[name, way.secure]
    way.site.forget()
    found = row.run(way, way.site)
    differs = {key: (expected[key], found[key]) for key in expected if expected[key] != found[key]}
    assert differs.keys() == known(name).differing(column), differs
