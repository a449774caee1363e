"""A real browser in tests: finding it, and typing an address as a pupil does."""

from __future__ import annotations

import pytest
from playwright.sync_api import Error, Page, Response

from cli.demo.browser import find_chromium

TRIES = 6
BROKEN_OFF = ("interrupted by another navigation", "net::ERR_ABORTED")


def chromium_program() -> str:
    """Chromium on this machine; without one the test is skipped (on a build machine that is a failure)."""
    program = find_chromium()
    if program is None:
        pytest.skip("needs Chromium (sudo apt-get install chromium)")
    return program


def types(page: Page, url: str) -> Response | None:
    """Goes to `url`. A page that waited for the teacher opens itself once it may, which breaks off our own going;
    what is typed again then counts, as it does for a child. Other errors are raised."""
    for _ in range(TRIES - 1):
        try:
            return page.goto(url)
        except Error as error:
            if not any(said in error.message for said in BROKEN_OFF):
                raise
            page.wait_for_load_state()
    return page.goto(url)
