"""House rules for all tests: with CI=true nothing may be skipped; elsewhere pytest's summary gives the reason.

Tests marked `data` use public data that is nobody's duty to have (`KLASWACHT_TEST_DATA` names its folder); without it
they are left out, and a line says so.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator

import pytest
from hypothesis import settings

CI = os.environ.get("CI") == "true"
DATA = os.environ.get("KLASWACHT_TEST_DATA")
SHORT = bool(os.environ.get("KLASWACHT_SHORT"))
WIDTHS = re.compile(r"\b(390|820|1280|1440)\b")
# Property tests try many inputs in `make test-full` and fewer in `make test`. No deadline: a busy machine is no bug.
settings.register_profile("some", max_examples=100 if SHORT else 200, deadline=None)
settings.register_profile("many", max_examples=1_000 if SHORT else 10_000, deadline=None)
settings.load_profile(os.environ.get("KLASWACHT_PROPERTIES", "some"))
# A missing sentence is loud here, also in the programs that tests start; on a page it is a general one.
os.environ.setdefault("KLASWACHT_STRICT_TEXTS", "1")


def _refuse_skip[R: (pytest.TestReport, pytest.CollectReport)](report: R) -> R:
    if CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"with CI=true nothing may be skipped: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _refuse_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _refuse_skip((yield))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker("property")
    left_out = set() if DATA else {item for item in items if item.get_closest_marker("data")}
    if SHORT:
        left_out |= _wider(items)
    if left_out:
        config.hook.pytest_deselected(items=[item for item in items if item in left_out])
        items[:] = [item for item in items if item not in left_out]


def _wider(items: list[pytest.Item]) -> set[pytest.Item]:
    """What is tried at several widths is tried on a phone's only, in the short form."""
    on_a_phone = {item.nodeid.split("[")[0] for item in items if _width(item) == "390"}
    return {item for item in items if _width(item) not in ("", "390") and item.nodeid.split("[")[0] in on_a_phone}


def _width(item: pytest.Item) -> str:
    found = WIDTHS.search(item.nodeid.partition("[")[2])
    return found[1] if found else ""


def pytest_report_header() -> str:
    return f"public data: {DATA or 'none (KLASWACHT_TEST_DATA is not set), tests of it are left out'}"
