"""One browser, one copy of the school for each moment, for all tests of the room."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.access.filled import fill
from tests.access.school import Seeded, Standing, seeded, standing
from tests.access.states import SCHOOLS
from tests.e2e.browsing import chromium_program
from tests.proxy_addons.browser import FLAGS

PATIENCE = 30_000  # milliseconds: a ceiling for a busy machine


@pytest.fixture(scope="module")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    return seeded(tmp_path_factory.mktemp("seed"))


@pytest.fixture(scope="module")
def schools(seed: Seeded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Standing]]:
    """A school by the name of its state, opened when it is first asked for."""
    folder: Path = tmp_path_factory.mktemp("schools")
    opened: dict[str, Standing] = {}
    with contextlib.ExitStack() as stack:

        def school(name: str) -> Standing:
            if name not in opened:
                opened[name] = stack.enter_context(standing(seed, folder / name, SCHOOLS[name]))
                if name == "busy":
                    fill(opened[name])
            return opened[name]

        yield school


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    program = chromium_program()
    with sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def contexts(chromium: Browser) -> Iterator[dict[tuple[object, ...], BrowserContext]]:
    """Browsers that are signed in already, by what they are."""
    kept: dict[tuple[object, ...], BrowserContext] = {}
    yield kept
    for context in kept.values():
        context.close()


@pytest.fixture(scope="module")
def windows() -> dict[BrowserContext, Page]:
    """The window of each of them that stays open: a new one costs more than the page in it."""
    return {}


@pytest.fixture
def window(windows: dict[BrowserContext, Page]) -> Callable[[BrowserContext], Page]:
    """The window of a browser, for a test that only opens pages in it."""

    def of(context: BrowserContext) -> Page:
        if context not in windows:
            windows[context] = context.new_page()
        return windows[context]

    return of


@pytest.fixture
def enter(
    chromium: Browser, contexts: dict[tuple[object, ...], BrowserContext], windows: dict[BrowserContext, Page]
) -> Iterator[Callable[..., BrowserContext]]:
    """A browser of somebody who is signed in at a school, on a class's screen where `board`."""

    def come_in(
        school: Standing | None = None, who: str = "", *, board: bool = False, **more: object
    ) -> BrowserContext:
        key = (school and school.url, who, board, repr(more))
        if key in contexts:
            return contexts[key]
        context = chromium.new_context(ignore_https_errors=True, locale="nl-NL", timezone_id="Europe/Amsterdam", **more)
        contexts[key] = context
        context.set_default_timeout(PATIENCE)
        if school is not None and who:
            context.add_cookies([school.cookie("__Host-klaswacht", school.session(who))])
        if school is not None and board:
            context.add_cookies([school.cookie("__Host-klaswacht-bord", "1")])
        return context

    yield come_in
    for context in contexts.values():
        for page in context.pages:
            if page not in windows.values():
                page.close()
