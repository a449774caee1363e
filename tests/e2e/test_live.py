"""Mijn les stays live: through a dashboard that dies, a laptop that sleeps, and a stream that fell silent.

Real Chromium, real guard: the dashboard's process is really killed under the open page.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psutil
import pytest
from playwright.sync_api import Page, expect

from config.texts import say
from policy.model import Grant, Role
from store.incidents import Wish
from tests.e2e.browsing import types
from tests.e2e.conftest import PATIENCE, Browsers, Shots
from tests.e2e.playground import Playground
from tests.e2e.test_main_job import DESKTOP, PHONE, sign_in, wait_until

pytestmark = [pytest.mark.full, pytest.mark.browser, pytest.mark.timeout(300)]

LIVE, STILL = say("dash.lesson.live", "nl"), say("dash.lesson.still", "nl")


@pytest.fixture(autouse=True)
def nothing_open(play: Playground) -> Iterator[None]:
    yield
    school, now = play.desk.school, datetime.now(UTC)
    for grant in play.store.grants.live(school, now):
        play.store.grants.revoke(school, grant.id, "setup", now)


def dashboards(play: Playground) -> list[psutil.Process]:
    """The processes that serve the dashboard: gunicorn's own and its worker."""
    found = []
    for one in psutil.Process(play.process.pid).children(recursive=True):
        try:
            words = one.cmdline()
        except psutil.Error:
            continue
        if any("dashboard" in word for word in words) and one.status() != psutil.STATUS_ZOMBIE:
            found.append(one)
    return found


def asks(play: Playground, site: str, number: int = 1) -> None:
    wish = Wish(site, "lesson", "social", "", "7", f"cb7-{number}", f"p7-{number}")
    assert play.store.incidents.ask(play.desk.school, wish, datetime.now(UTC))


def opens(play: Playground, **length: float) -> Grant:
    now = datetime.now(UTC)
    grant = Grant("", now, now + timedelta(**length), Role.TEACHER, "staff-anja", frozenset({"7"}), sites=("x.com",))
    return play.store.grants.add(play.desk.school, grant, now)


def is_live(page: Page) -> None:
    expect(page.locator(".live-dot")).to_have_text(LIVE, timeout=PATIENCE)


def test_what_happened_while_the_dashboard_was_dead_is_there_when_it_is_back(
    play: Playground, browsers: Browsers
) -> None:
    page = browsers.staff("anja", DESKTOP)
    sign_in(page, play, "anja")
    is_live(page)
    page.evaluate("window.stillTheSamePage = true")
    processes = dashboards(play)
    assert processes
    for one in processes:
        one.suspend()  # so that nobody starts a new one before the request is made
    for one in processes:
        one.kill()
    expect(page.locator(".live-dot")).to_have_text(STILL, timeout=PATIENCE)
    Shots(DESKTOP, number=150).take(page, "juf", "even-geen-verbinding")
    asks(play, "gemist.test")
    expect(page.locator("#part-asks")).to_contain_text("gemist.test", timeout=PATIENCE)
    is_live(page)
    # It is the same page: nothing was loaded anew, and what is half typed stays.
    assert page.evaluate("window.stillTheSamePage") is True
    assert not [one for one in dashboards(play) if one.pid in {old.pid for old in processes}]
    # And it goes on from there.
    asks(play, "daarna.test", 2)
    expect(page.locator("#part-asks")).to_contain_text("daarna.test", timeout=PATIENCE)


def test_a_stream_that_fell_silent_is_noticed_and_opened_anew(play: Playground, browsers: Browsers) -> None:
    page = browsers.staff("anja", PHONE)
    page.clock.install()
    sign_in(page, play, "anja")
    is_live(page)
    # The processes sleep: the connection stays open and says nothing, as with a network that is gone.
    sleeping = dashboards(play)
    for one in sleeping:
        one.suspend()
    try:
        page.clock.fast_forward(60_000)
        expect(page.locator(".live-dot")).to_have_text(STILL, timeout=PATIENCE)
        asks(play, "stil.test", 3)
    finally:
        for one in sleeping:
            one.resume()
    wait_until(lambda: _caught_up(page, "stil.test"), page, "the page is live again and has what it missed")


def _caught_up(page: Page, text: str) -> bool:
    page.clock.run_for(1000)
    return text in page.locator("#part-asks").inner_text() and page.locator(".live-dot").inner_text() == LIVE


def test_after_a_sleep_the_countdown_is_right_at_once(play: Playground, browsers: Browsers) -> None:
    page = browsers.staff("anja", DESKTOP)
    page.clock.install()
    sign_in(page, play, "anja")
    opens(play, minutes=30)
    clock = page.locator("#part-open .clock")
    expect(clock).to_contain_text("29:", timeout=PATIENCE)
    page.clock.fast_forward(20 * 60_000)  # a laptop that slept: nothing ran in between
    expect(clock).to_contain_text("9:", timeout=PATIENCE)
    shown = clock.inner_text()
    assert shown.partition(":")[0] in {"9", "10"}, shown
    # The first word from the server says what time it really is; the tablet's own clock counts for nothing.
    expect(clock).to_contain_text("29:", timeout=PATIENCE)


def test_the_last_two_minutes_are_shown_and_what_is_over_goes(play: Playground, browsers: Browsers) -> None:
    page = browsers.staff("anja", PHONE)
    sign_in(page, play, "anja")
    grant = opens(play, minutes=3)
    clock = page.locator("#part-open .clock")
    expect(clock).to_contain_text("2:", timeout=PATIENCE)
    assert "soon" not in (clock.get_attribute("class") or "")
    now = datetime.now(UTC)
    play.store.grants.revoke(play.desk.school, grant.id, "setup", now)
    opens(play, seconds=100)
    expect(clock).to_have_class("clock soon", timeout=PATIENCE)
    expect(clock).to_have_attribute("data-word", say("dash.clock.soon", "nl"))
    Shots(PHONE, number=152).take(page, "juf", "bijna-voorbij")
    (grant,) = play.store.grants.live(play.desk.school, datetime.now(UTC))
    play.store.grants.revoke(play.desk.school, grant.id, "setup", datetime.now(UTC))
    opens(play, seconds=4)
    expect(page.locator("#part-open .item")).to_have_count(1, timeout=PATIENCE)
    expect(page.locator("#part-open .item")).to_have_count(0, timeout=PATIENCE)


def test_a_tab_in_the_background_catches_up_when_it_is_looked_at(play: Playground, browsers: Browsers) -> None:
    page = browsers.staff("anja", DESKTOP)
    sign_in(page, play, "anja")
    is_live(page)
    hide = "Object.defineProperty(document, 'hidden', {configurable: true, get: () => %s});"
    turn = "document.dispatchEvent(new Event('visibilitychange'))"
    page.evaluate(hide % "true" + turn)
    page.wait_for_timeout(500)
    asks(play, "achtergrond.test", 4)
    page.wait_for_timeout(1500)
    assert "achtergrond.test" not in page.locator("#part-asks").inner_text()
    page.evaluate(hide % "false" + turn)
    expect(page.locator("#part-asks")).to_contain_text("achtergrond.test", timeout=PATIENCE)
    is_live(page)


def test_a_pupil_who_surfs_is_seen_to_be_there_by_name_and_nothing_else(play: Playground, browsers: Browsers) -> None:
    page = browsers.staff("anja", DESKTOP)
    sign_in(page, play, "anja")
    tile = page.locator(".tile", has_text="Mees")
    expect(tile).to_contain_text(say("dash.tiles.unseen", "nl"))
    types(browsers.pupil("Mees", PHONE), "https://rekenrijk.test/")
    expect(tile).to_contain_text(say("dash.tiles.present", "nl"), timeout=PATIENCE)
    assert "rekenrijk" not in page.locator("#part-tiles").inner_html()
