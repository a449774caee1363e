"""What the end-to-end tests share: one running playground a module, and real browsers that trust the school's CA."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from cli.demo.browser import Profile, find_chromium, make_profile
from cli.demo.school import pupils
from tests.e2e.browsing import chromium_program
from tests.e2e.playground import Playground, playground

SHOTS = Path(os.environ.get("KLASWACHT_SCREENSHOTS") or Path(__file__).parents[2] / "var" / "screenshots")
PATIENCE = 45_000  # milliseconds: a ceiling for a busy machine


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    with playground(tmp_path_factory.mktemp("playground")) as running:
        yield running


@pytest.fixture(scope="module")
def engine() -> Iterator[Playwright]:
    """Not for the whole session: while it is there an event loop runs in this thread, and no other can."""
    with sync_playwright() as started:
        yield started


@dataclass
class Browsers:
    """Opens browsers and closes them all. Every one has a home folder, so that its CAs are its own."""

    engine: Playwright
    play: Playground
    folder: Path
    opened: list[Browser] = field(default_factory=list)

    def profile(self, name: str, *, trusting: bool = True) -> Profile:
        authorities = {"school": self.play.ca, "playground": self.play.papers.ca} if trusting else {}
        return make_profile(self.folder / name, authorities)

    def pupil(self, name: str, width: int, *, trusting: bool = True) -> Page:
        """A pupil's browser: through the guard, on a Chromebook that proves itself with its key."""
        one = next(pupil for pupil in pupils() if pupil.name == name)
        proxy = {
            "server": f"http://127.0.0.1:{self.play.keyed}",
            "username": one.device,
            "password": one.key,
        }
        return self._open(name, width, trusting=trusting, proxy=proxy)

    def staff(self, name: str, width: int) -> Page:
        """A teacher's browser, straight to the dashboard."""
        return self._open(name, width, trusting=True, proxy=None)

    def _open(self, name: str, width: int, *, trusting: bool, proxy: dict[str, str] | None) -> Page:
        profile = self.profile(f"{name}-{width}", trusting=trusting)
        assert profile.trusted, "certutil could not make the browser trust the CA"
        browser = self.engine.chromium.launch(
            executable_path=find_chromium(),
            env={**os.environ, **profile.environment()},
            args=[*profile.flags(), "--disable-gpu"],
            proxy=proxy,
        )
        self.opened.append(browser)
        page = _context(browser, width).new_page()
        page.set_default_timeout(PATIENCE)
        return page

    def close(self) -> None:
        for browser in self.opened:
            browser.close()


def _context(browser: Browser, width: int) -> BrowserContext:
    phone = width < 600
    return browser.new_context(
        viewport={"width": width, "height": 844 if phone else 800},
        device_scale_factor=2 if phone else 1,
        is_mobile=phone,
        has_touch=phone,
        locale="nl-NL",
        timezone_id="Europe/Amsterdam",
    )


@pytest.fixture
def browsers(engine: Playwright, play: Playground, tmp_path: Path) -> Iterator[Browsers]:
    chromium_program()
    if shutil.which("certutil") is None:
        pytest.skip("needs certutil, so that the browser trusts the CA (sudo apt-get install libnss3-tools)")
    all_of_them = Browsers(engine, play, tmp_path)
    yield all_of_them
    all_of_them.close()


@dataclass
class Shots:
    """Pictures of the steps, numbered in their order."""

    width: int
    number: int = 0

    def take(self, page: Page, who: str, what: str) -> None:
        self.number += 1
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(SHOTS / f"{self.width}-{self.number:02}-{who}-{what}.png"), full_page=True)
