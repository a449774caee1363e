"""A real browser that has a site's pages already: what it shows of it when the site is closed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from cli.demo.browser import find_chromium, make_profile
from policy.model import Agreement
from tests.e2e.browsing import types
from tests.evasions.school import DEVICE, GROUP, KEY, SCHOOL, TEACHER, Running

pytestmark = [pytest.mark.full, pytest.mark.browser, pytest.mark.evasion("E32")]

PATIENCE = 45_000  # milliseconds: a ceiling for a busy machine
SHELL = "dit staat op het apparaat zelf"
_APP = b"""<!doctype html><title>Spel</title><h1>Spel</h1><script>
navigator.serviceWorker.register("/sw.js").then(() => navigator.serviceWorker.ready)
  .then(() => { document.title = "klaar"; }, () => { document.title = "geen"; });
</script>"""
_WORKER = f"""
self.addEventListener("install", (event) => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => event.respondWith(
  new Response("<!doctype html><title>schil</title><h1>{SHELL}</h1>", {{headers: {{"content-type": "text/html"}}}})));
""".encode()


@pytest.fixture
def browser(guard: Running, tmp_path: Path) -> Iterator[Page]:
    """Sam's Chromebook."""
    guard.sites.pages |= {"/spel": ("text/html", _APP), "/sw.js": ("text/javascript", _WORKER)}
    profile = make_profile(tmp_path / "profile", {"school": guard.ca, "sites": guard.papers.ca})
    with sync_playwright() as engine:
        chromium = engine.chromium.launch(
            executable_path=find_chromium(),
            env={**os.environ, **profile.environment()},
            args=[*profile.flags(), "--disable-gpu"],
            proxy={"server": f"http://127.0.0.1:{guard.keyed}", "username": DEVICE, "password": KEY},
        )
        page = chromium.new_page(locale="nl-NL")
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        yield page
        chromium.close()
    guard.sites.pages.clear()


def test_a_shell_that_is_on_the_device_goes_away_when_its_site_is_closed(guard: Running, browser: Page) -> None:
    types(browser, "https://onbekend.example/spel")
    expect(browser).to_have_title("klaar")
    types(browser, "https://onbekend.example/spel")
    expect(browser.locator("h1")).to_have_text(SHELL)
    now = datetime.now(UTC)
    agreed = Agreement(
        "", now, now + timedelta(minutes=5), frozenset({GROUP}), sites=("leerles.example",), goal="rekenen", by=TEACHER
    )
    agreed = guard.composed.store.measures.start_agreement(SCHOOL, agreed, now)
    try:
        guard.sees(lambda state: bool(state.agreements))
        guard.sites.forget()
        types(browser, "https://onbekend.example/spel")
        expect(browser.locator("body")).to_contain_text("rekenen")
        expect(browser.locator("body")).not_to_contain_text(SHELL)
        types(browser, "https://onbekend.example/ander")
        expect(browser.locator("body")).to_contain_text("rekenen")
        assert guard.sites.of("onbekend.example") == []
    finally:
        guard.composed.store.measures.stop_agreement(SCHOOL, agreed.id, TEACHER, datetime.now(UTC))
        guard.sees(lambda state: not state.agreements)
    types(browser, "https://onbekend.example/spel")
    expect(browser).to_have_title("klaar")


def test_under_a_permission_nothing_is_left_on_the_device(guard: Running, browser: Page) -> None:
    given = guard.grant("poki.com")
    types(browser, "https://poki.com/spel")
    expect(browser).to_have_title("geen")
    types(browser, "https://poki.com/gewoon")
    expect(browser.locator("body")).to_contain_text("only the origin says")
    types(browser, "https://leerles.example/les")
    guard.revoke(given)
    guard.sites.forget()
    browser.go_back()
    expect(browser.locator("body")).not_to_contain_text("only the origin says")
    types(browser, "https://poki.com/gewoon")
    expect(browser.locator("body")).not_to_contain_text("only the origin says")
    assert guard.sites.of("poki.com") == []
