"""House rule for all tests: with CI=true nothing may be skipped; elsewhere pytest's summary gives the reason."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

CI = os.environ.get("CI") == "true"
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
