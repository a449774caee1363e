"""A row for every fault: begun from the test's mark, kept when the test has passed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.reliability.rows import Row

_PASSED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if report.when == "call":
        item.stash[_PASSED] = report.passed
    return report


@pytest.fixture
def row(request: pytest.FixtureRequest) -> Iterator[Row]:
    """What this test saw. Fill it in; it is kept when the test passes."""
    mark = request.node.get_closest_marker("fault")
    assert mark is not None, "say with @pytest.mark.fault(part, what) what is broken"
    seen = Row(*mark.args)
    seen.path.unlink(missing_ok=True)
    yield seen
    if request.node.stash.get(_PASSED, False):
        assert seen.lacking() == []
        seen.write()
