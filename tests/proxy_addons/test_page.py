"""The block page in a real browser: its script, its buttons, and that it opens by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ProxySettings, expect, sync_playwright

from store.incidents import AskState
from tests.cast import LESSON
from tests.proxy_addons.asking import Guard
from tests.proxy_addons.browser import FLAGS, Front, sites
from tests.store.school import SCHOOL

CHROMIUM = Path("/usr/bin/chromium")
SITE = "http://social.com/groep?tab=1"
CEILING = 15_000  # milliseconds

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=[*FLAGS])
        yield browser
        browser.close()


@contextmanager
def _tab(chromium: Browser, front: Front, *, scripted: bool) -> Iterator[tuple[Page, list[str]]]:
    complaints: list[str] = []
    guarded: ProxySettings = {"server": f"http://127.0.0.1:{front.port}"}
    context = chromium.new_context(proxy=guarded, java_script_enabled=scripted, locale="nl-NL")
    tab = context.new_page()
    tab.set_default_timeout(CEILING)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    yield tab, complaints
    context.close()


def test_a_child_asks_and_the_page_opens_by_itself(guard: Guard, chromium: Browser) -> None:
    with sites(guard) as front, _tab(chromium, front, scripted=True) as (tab, complaints):
        tab.goto(SITE)
        expect(tab.locator("h1")).to_have_text("Deze site is nu dicht")
        tab.get_by_text("Vraag mijn juf of meester").click()
        tab.get_by_text("Ik heb het nodig voor de les").click()
        tab.locator("#line").fill("voor mijn werkstuk")
        tab.get_by_role("button", name="Verstuur").click()
        expect(tab.locator("#note")).to_contain_text("Je juf of meester ziet je vraag", timeout=CEILING)
        (ask,) = guard.store.incidents.asks(SCHOOL, ("7",))
        assert ask.wish.line == "voor mijn werkstuk"
        guard.grant(categories=("social",))
        expect(tab.locator("h1")).to_have_text("Klaar, je mag!", timeout=CEILING)
        expect(tab.locator("h1")).to_have_text("Welkom op het plein", timeout=CEILING)
        assert tab.url == SITE and complaints == []


def test_a_site_that_is_not_looked_into_any_more_opens_too(guard: Guard, chromium: Browser) -> None:
    with sites(guard) as front, _tab(chromium, front, scripted=True) as (tab, complaints):
        front.looks = 1
        tab.goto(SITE)
        expect(tab.locator("h1")).to_have_text("Klaar, je mag!", timeout=CEILING)
        expect(tab.locator("h1")).to_have_text("Welkom op het plein", timeout=CEILING)
        assert complaints == []


def test_a_child_hears_no_and_may_ask_again(guard: Guard, chromium: Browser) -> None:
    with sites(guard) as front, _tab(chromium, front, scripted=True) as (tab, complaints):
        tab.goto(SITE)
        tab.get_by_text("Vraag mijn juf of meester").click()
        tab.get_by_role("button", name="Verstuur").click()
        expect(tab.locator("#note")).to_be_visible(timeout=CEILING)
        (ask,) = guard.store.incidents.asks(SCHOOL, ("7",))
        guard.store.incidents.answer(SCHOOL, ask.id, AskState.NO, "anja", LESSON, text="eerst rekenen")
        expect(tab.locator("#note")).to_contain_text("eerst rekenen", timeout=CEILING)
        expect(tab.get_by_text("Vraag mijn juf of meester")).to_be_visible()
        assert complaints == []


def test_a_child_that_asks_for_help_gets_the_help_page(guard: Guard, chromium: Browser) -> None:
    with sites(guard) as front, _tab(chromium, front, scripted=True) as (tab, complaints):
        tab.goto(SITE)
        tab.get_by_text("Vraag mijn juf of meester").click()
        tab.locator("#line").fill("ik wil dood")
        tab.get_by_role("button", name="Verstuur").click()
        expect(tab.get_by_text("0800-0432")).to_be_visible(timeout=CEILING)
        assert guard.store.incidents.asks(SCHOOL, None) == () and complaints == []


def test_a_child_tells_of_something_unpleasant_and_goes_back(guard: Guard, chromium: Browser) -> None:
    with sites(guard) as front, _tab(chromium, front, scripted=True) as (tab, complaints):
        tab.goto("http://leren.nl/")
        tab.goto(SITE)
        tab.get_by_role("link", name="Ik zag iets vervelends").click()
        expect(tab.locator("h1")).to_have_text("Het is niet jouw schuld", timeout=CEILING)
        tab.get_by_role("button", name="Ik zag iets vervelends").click()
        tab.locator("#line").fill("een enge man")
        tab.get_by_role("button", name="Verstuur").click()
        expect(tab.get_by_text("Het is niet jouw schuld. Je krijgt geen straf.")).to_be_visible(timeout=CEILING)
        assert [report.note for report in guard.store.incidents.reports(SCHOOL, ("7",))] == ["een enge man"]
        assert tab.url == "http://social.com/_klaswacht/report"  # nothing of it is in the address
        tab.get_by_role("link", name="Ga terug").click()
        tab.wait_for_url(SITE)
        assert complaints == []


@pytest.mark.full
def test_without_javascript_a_child_asks_and_gets_in(guard: Guard, chromium: Browser) -> None:
    with sites(guard) as front, _tab(chromium, front, scripted=False) as (tab, _):
        tab.goto(SITE)
        tab.get_by_text("Vraag mijn juf of meester").click()
        tab.get_by_role("button", name="Verstuur").click()
        expect(tab.locator("h1")).to_have_text("Je vraag is onderweg", timeout=CEILING)
        guard.grant(categories=("social",))
        expect(tab.locator("h1")).to_have_text("Welkom op het plein", timeout=CEILING)
        assert tab.url == SITE
