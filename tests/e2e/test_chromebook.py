"""A real Chromium under the policies that a school exports, and the real guard."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, expect
from playwright.sync_api import Error as BrowserError

from cli.chromebook import files
from config import load
from config.chromebook import parcel
from config.settings import Settings
from tests.e2e.browsing import types
from tests.e2e.playground import Playground, playground
from tests.e2e.test_managed_browsers import chromium, shot, until
from tests.e2e.test_pac import quiet_port

CROS = "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"

pytestmark = [pytest.mark.timeout(400), pytest.mark.browser]


@dataclass
class Exported:
    """The running guard, what it exports for group 7, and browsers under those policies."""

    play: Playground
    engine: Playwright
    folder: Path
    made: Mapping[str, bytes]
    opened: list[BrowserContext] = field(default_factory=list)

    def policies(self) -> dict[str, Any]:
        found = json.loads(self.made[parcel.LAPTOPS])
        assert isinstance(found, dict)
        return found

    def chromium(self, said: dict[str, Any] | None = None, agent: str = "") -> contextlib.AbstractContextManager[Page]:
        """A browser of the school; its CA is in no store of the machine, that of the tunnelled sites is."""
        home, sites = self.folder / f"browser-{time.monotonic_ns()}", {"playground": self.play.papers.ca}
        return chromium(self.engine, home, said or self.policies(), sites, agent=agent)


@pytest.fixture(scope="module")
def exported(engine: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exported]:
    folder, page = tmp_path_factory.mktemp("chromebook"), quiet_port()
    with playground(folder, page=page) as play:
        settings: Settings = load.read_school(play.home.school_file).settings
        listen = replace(settings.listen, groups=play.groups, page=page)
        made = files(play.home, replace(settings, listen=listen), "7", "nl", datetime.now(UTC).date())
        yield Exported(play, engine, folder, made)


def fails(tab: Page, url: str) -> str:
    """What the browser says of a page that it cannot open."""
    with pytest.raises(BrowserError) as told:
        types(tab, url)
    tab.wait_for_url("chrome-error://**")  # the browser's own page comes a moment later, and would break off the next
    return str(told.value)


@pytest.mark.full
def test_with_nothing_but_the_export_a_closed_site_is_our_page_over_https_without_a_warning(exported: Exported) -> None:
    before = exported.play.store.events.last_id("school")
    with exported.chromium() as tab:
        tab.goto("https://kletsplein.test/")
        expect(tab.locator("h1")).to_have_text("Deze site is nu dicht")
        tab.screenshot(path=shot("chromebook-closed"))
        tab.goto("https://vertel.klaswacht.internal/")
        expect(tab.locator("h1")).to_have_text("Het is niet jouw schuld")
        until(lambda: exported.play.store.events.last_id("school") > before, "the group's teacher is told")
        (latest,) = exported.play.store.events.latest("school", limit=1)
        assert latest.event.group == "7"
    without = exported.policies()
    without.pop("CACertificates")
    with exported.chromium(without) as tab:  # it is the certificate of the export that does it
        assert "ERR_CERT_AUTHORITY_INVALID" in fails(tab, "https://kletsplein.test/")


@pytest.mark.full
def test_the_self_test_on_a_chromebook_says_what_is_there_and_what_is_missing(exported: Exported) -> None:
    with exported.chromium(agent=CROS) as tab:
        tab.goto("http://wacht.klaswacht.internal/test")
        expect(tab.locator(".verdict")).to_contain_text("Bijna: deze Chromebook heeft nog niet alles")
        tab.screenshot(path=shot("chromebook-self-test"), full_page=True)
        parts = tab.locator("#book + ul li")
        expect(parts).to_have_count(5)
        for number in range(4):  # proxy, certificate, group, QUIC; this browser is started without extensions
            expect(parts.nth(number)).to_contain_text("Goed.")
        expect(parts.nth(4)).to_contain_text("Dit mist nog.")


@pytest.mark.full
def test_when_the_guard_stops_the_floor_holds_and_nothing_else_opens(exported: Exported) -> None:
    """The last of this file with the guard: it stops it."""
    with exported.chromium() as tab:
        assert "ERR_BLOCKED_BY_ADMINISTRATOR" in fails(tab, "https://malware.test/")
        types(tab, "https://rekenrijk.test/")
        assert exported.play.stop() == 0
        assert "ERR_BLOCKED_BY_ADMINISTRATOR" in fails(tab, "https://malware.test/")
        assert "ERR_PROXY_CONNECTION_FAILED" in fails(tab, "https://rekenrijk.test/")
    with exported.chromium() as tab:  # started while the guard is off
        assert "ERR_BLOCKED_BY_ADMINISTRATOR" in fails(tab, "https://www.malware.test/")
        assert "ERR_MANDATORY_PROXY_CONFIGURATION_FAILED" in fails(tab, "https://rekenrijk.test/")
