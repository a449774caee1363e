"""Mijn les on a screen that stays open: who is there, full screen in front of a class, what was left running.

Real Chromium, real dashboard over TLS, on a Monday morning whose clock the test turns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect

from cli.demo.school import pupils
from config.texts import say
from policy.model import Agreement, Grant, Lease, Role
from store.incidents import Wish
from store.people import Person
from tests.access.school import BREAK, EVENING, Standing, seeded, standing
from tests.cast import at
from tests.e2e.browsing import chromium_program
from tests.e2e.conftest import Shots
from tests.proxy_addons.browser import FLAGS

pytestmark = [pytest.mark.full, pytest.mark.browser, pytest.mark.timeout(300)]

PATIENCE = 30_000
NAMES = [pupil.name for pupil in pupils() if pupil.group == "7"]
SMALL = """[...document.querySelectorAll('main button, main a.button, main summary')]
    .filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 47.5).map(e => e.textContent.trim())"""
PRIVATE = (*NAMES, "Voor mijn werkstuk", "een enge foto", "eng.nl")


@pytest.fixture
def school(tmp_path: Path) -> Iterator[Standing]:
    with standing(seeded(tmp_path / "seed"), tmp_path / "school") as running:
        yield running


@pytest.fixture
def chromium(engine: Playwright) -> Iterator[Browser]:
    browser = engine.chromium.launch(executable_path=chromium_program(), args=list(FLAGS))
    yield browser
    browser.close()


@pytest.fixture
def enter(chromium: Browser, school: Standing) -> Callable[..., Page]:
    def come_in(
        who: str = "anja", path: str = "/les/7", *, width: int = 0, board: bool = False, **more: object
    ) -> Page:
        """A page of somebody who is signed in; without a width in a real window, that can be full screen."""
        size = {"viewport": {"width": width, "height": 844}} if width else {"no_viewport": True}
        context = chromium.new_context(
            ignore_https_errors=True, locale="nl-NL", timezone_id="Europe/Amsterdam", **size, **more
        )
        context.set_default_timeout(PATIENCE)
        context.add_cookies([school.cookie("__Host-klaswacht", school.session(who))])
        if board:
            context.add_cookies([school.cookie("__Host-klaswacht-bord", "1")])
        page = context.new_page()
        page.goto(f"{school.url}{path}")
        return page

    return come_in


def busy(school: Standing) -> None:
    """Three things open, four requests, two reports; three pupils sit somewhere, one was heard of just now."""
    store, name, now = school.store, school.school, school.now
    for number in (1, 2, 3):
        lease = Lease(f"cb7-{number}", f"p7-{number}", now, now + timedelta(minutes=60), "staff-anja")
        assert store.devices.lease(name, lease, now)
    store.devices.seen(name, {"cb7-4": now - timedelta(minutes=2)})
    for site, minutes, people in (("kletsplein.test", 63, ()), ("filmpjes.test", 20, ("p7-2",)), ("foto.test", 30, ())):
        groups = frozenset() if people else frozenset({"7"})
        end = now + timedelta(minutes=minutes)
        store.grants.add(
            name, Grant("", now, end, Role.TEACHER, "staff-anja", groups, frozenset(people), sites=(site,)), now
        )
    for number in (1, 2, 3, 5):
        wish = Wish("kletsplein.test", "lesson", "social", "Voor mijn werkstuk", "7", f"cb7-{number}", f"p7-{number}")
        assert store.incidents.ask(name, wish, now)
    for _ in range(2):
        store.incidents.report(name, "eng.nl", now, note="een enge foto", group="7", person="p7-5")


def window(context: BrowserContext, page: Page, state: str) -> None:
    """What F11 or a kiosk does: the window itself becomes full screen, or a window again."""
    session = context.new_cdp_session(page)
    here = session.send("Browser.getWindowForTarget")
    session.send("Browser.setWindowBounds", {"windowId": here["windowId"], "bounds": {"windowState": state}})


def is_a_board(page: Page) -> None:
    expect(page.locator("html")).to_have_attribute("data-board", "on", timeout=PATIENCE)
    expect(page.locator("#part-now")).to_be_visible()
    html = page.content()
    # As words: a form token is random, and may have a short name in it.
    assert [word for word in PRIVATE if re.search(rf"\b{re.escape(word)}\b", html)] == []


# --- who is there ----------------------------------------------------------------------------------------------------


def test_who_is_there_and_who_waits_is_said_by_a_sign_and_a_word(school: Standing, enter: Callable[..., Page]) -> None:
    busy(school)
    page = enter(width=1440)
    expect(page.locator(".tile")).to_have_count(6)
    shown = {tile.locator(".name").inner_text(): tile.inner_text() for tile in page.locator(".tile").all()}
    for name in ("Noor", "Sem", "Fatima", "Sanne"):
        assert say("dash.tiles.waits", "nl") in shown[name] and "?" in shown[name]
    assert say("dash.tiles.present", "nl") in shown["Daan"] and "✓" in shown["Daan"]
    assert say("dash.tiles.unseen", "nl") in shown["Mees"] and "○" in shown["Mees"]
    assert not [
        site for site in ("kletsplein", "filmpjes", "foto.test") if site in page.locator("#part-tiles").inner_html()
    ]
    # An answer is seen on the tile by itself.
    waiting = next(ask for ask in school.store.incidents.asks(school.school, ("7",)) if ask.wish.person == "p7-1")
    page.locator(f"#vraag-{waiting.id} button[value=no]").click()
    noor = page.locator(".tile", has_text="Noor")
    expect(noor).to_contain_text(say("dash.tiles.present", "nl"), timeout=PATIENCE)


def test_a_phone_shows_who_waits_and_the_others_with_one_tap(school: Standing, enter: Callable[..., Page]) -> None:
    busy(school)
    page = enter(width=390)
    expect(page.locator(".tile:visible")).to_have_count(4)
    page.get_by_text(say("dash.tiles.show", "nl")).click()
    expect(page.locator(".tile:visible")).to_have_count(6)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_report_waits_behind_one_discreet_line(school: Standing, enter: Callable[..., Page]) -> None:
    busy(school)
    page = enter(width=820)
    line = page.locator("#meldingen > summary")
    expect(line).to_have_text("✉ " + say("dash.told.line", "nl"))
    expect(page.get_by_text("een enge foto").first).to_be_hidden()
    line.click()
    expect(page.get_by_text("een enge foto").first).to_be_visible()


# --- full screen is for the class ------------------------------------------------------------------------------------


def test_in_full_screen_what_is_private_goes_at_once_and_the_page_becomes_a_board(
    school: Standing, enter: Callable[..., Page]
) -> None:
    busy(school)
    page = enter()
    expect(page.locator("#vragen")).to_be_visible()
    assert "Noor" in page.content()
    # Nothing is asked of the server before it is out of sight: here the server does not even answer.
    page.route("**/bord", lambda route: route.abort())
    window(page.context, page, "fullscreen")
    expect(page.locator("main")).to_be_hidden(timeout=PATIENCE)
    expect(page.locator("#vol-scherm")).to_be_visible()
    page.unroute("**/bord")
    is_a_board(page)
    assert page.evaluate("matchMedia('(display-mode: fullscreen)').matches")
    page.reload()
    is_a_board(page)

    # Out of full screen nothing private comes back by itself; an adult's second tap, on purpose, brings it.
    window(page.context, page, "normal")
    page.wait_for_timeout(1500)
    page.reload()
    is_a_board(page)
    page.locator("#bord-uit > summary").click()
    page.get_by_role("button", name=say("dash.board.go", "nl")).click()
    expect(page.locator("#vragen")).to_be_visible(timeout=PATIENCE)
    # And the next full screen is a board again.
    window(page.context, page, "fullscreen")
    is_a_board(page)


def test_who_asks_for_names_on_a_full_screen_gets_them_until_the_next_one(
    school: Standing, enter: Callable[..., Page]
) -> None:
    busy(school)
    page = enter()
    window(page.context, page, "fullscreen")
    is_a_board(page)
    page.locator("#bord-uit > summary").click()
    page.get_by_role("button", name=say("dash.board.go", "nl")).click()
    expect(page.locator("html")).to_have_attribute("data-board", "asked", timeout=PATIENCE)
    expect(page.locator("#vragen")).to_be_visible()
    page.reload()
    expect(page.locator("#vragen")).to_be_visible(timeout=PATIENCE)
    window(page.context, page, "normal")
    page.wait_for_timeout(500)
    expect(page.locator("#vragen")).to_be_visible()
    window(page.context, page, "fullscreen")
    is_a_board(page)


def test_a_page_that_makes_itself_full_screen_is_a_board_as_well(school: Standing, enter: Callable[..., Page]) -> None:
    busy(school)
    page = enter()
    page.route("**/bord", lambda route: route.abort())
    page.mouse.click(5, 300)
    page.evaluate("document.documentElement.requestFullscreen()")
    expect(page.locator("main")).to_be_hidden(timeout=PATIENCE)
    page.unroute("**/bord")
    is_a_board(page)


def test_without_a_script_the_style_sheet_hides_it(school: Standing, enter: Callable[..., Page]) -> None:
    busy(school)
    page = enter(java_script_enabled=False)
    expect(page.locator("#vragen")).to_be_visible()
    window(page.context, page, "fullscreen")
    expect(page.locator("main")).to_be_hidden(timeout=PATIENCE)
    page.get_by_role("button", name=say("dash.board.full_go", "nl")).click()
    is_a_board(page)


def test_on_a_board_what_comes_live_has_no_name_either(school: Standing, enter: Callable[..., Page]) -> None:
    page = enter()
    window(page.context, page, "fullscreen")
    is_a_board(page)
    expect(page.locator(".live-dot")).to_have_text(say("dash.lesson.live", "nl"), timeout=PATIENCE)
    busy(school)
    expect(page.locator("#part-open .item")).to_have_count(3, timeout=PATIENCE)
    expect(page.locator("#part-asks")).to_contain_text(say("dash.asks.hidden_many", "nl", count=4), timeout=PATIENCE)
    is_a_board(page)


@pytest.mark.parametrize("path", ["/beheer/apparaten", "/beheer/groepen", "/beheer/waarom", "/maatregelen/"])
def test_a_page_with_names_asks_first_on_a_board(school: Standing, enter: Callable[..., Page], path: str) -> None:
    page = enter("directie", path, board=True, width=1440)
    expect(page.locator("h1")).to_have_text(say("dash.board.title", "nl"))
    assert [name for name in NAMES if name in page.content()] == []
    page.locator("#bord-uit > summary").click()
    page.get_by_role("button", name=say("dash.board.go", "nl")).click()
    expect(page.locator("h1")).not_to_have_text(say("dash.board.title", "nl"), timeout=PATIENCE)
    assert page.url == f"{school.url}{path}"


# --- what is left running --------------------------------------------------------------------------------------------


def left_running(school: Standing) -> None:
    """Juf Anja has two groups, and left a test and a permission in the other one."""
    store, name, now = school.store, school.school, school.now
    store.people.put_people(name, [Person("staff-anja", Role.TEACHER, "juf Anja", ("7", "8"))], "setup", now)
    end, eight = now + timedelta(minutes=30), frozenset({"8"})
    store.grants.add(name, Grant("", now, end, Role.TEACHER, "staff-anja", eight, sites=("kletsplein.test",)), now)
    test = Agreement("", now, end, eight, sites=("rekenrijk.test",), goal="rekentoets", by="staff-anja", test=True)
    store.measures.start_agreement(name, test, now)


def test_what_was_left_running_in_another_group_is_said_and_stopped_from_here(
    school: Standing, enter: Callable[..., Page]
) -> None:
    left_running(school)
    page = enter(width=820)
    lines = page.locator("#part-left .row")
    expect(lines).to_have_count(2)
    expect(page.locator("#part-left")).to_contain_text("In Groep 8 loopt nog: de toets “rekentoets”.")
    lines.filter(has_text="rekentoets").get_by_role("button").click()
    expect(lines).to_have_count(1, timeout=PATIENCE)
    assert page.url.startswith(f"{school.url}/les/7")
    assert school.store.measures.agreements(school.school, school.now) == ()
    school.now += timedelta(minutes=30)
    school.store.people.set_consent(school.school, "p7-1", True, "setup", school.now)
    expect(lines).to_have_count(0, timeout=PATIENCE)


@pytest.mark.parametrize("how", ["stop", "keep"])
def test_who_signs_out_is_told_what_still_runs(school: Standing, enter: Callable[..., Page], how: str) -> None:
    left_running(school)
    shots = Shots(390, number=120)
    page = enter(width=390)
    page.get_by_role("button", name=say("dash.menu.out", "nl")).click()
    expect(page.locator("h1")).to_have_text(say("dash.leaving.title", "nl"))
    expect(page.locator("#loopt-nog .item")).to_have_count(2)
    shots.take(page, "juf", "loopt-nog")
    page.locator(f"button[name=how][value={how}]").click()
    page.wait_for_url("**/inloggen**")
    left = school.store.grants.live(school.school, school.now)
    assert len(left) == (1 if how == "keep" else 0)
    page.goto(f"{school.url}/les/7")
    page.wait_for_url("**/inloggen**")


def test_the_last_minutes_say_what_closes_by_itself(school: Standing, enter: Callable[..., Page]) -> None:
    school.now = at("10:09")
    end, seven = at("10:15"), frozenset({"7"})
    grant = Grant("", school.now, end, Role.TEACHER, "staff-anja", seven, sites=("kletsplein.test",))
    school.store.grants.add(school.school, grant, school.now)
    page = enter(width=1440)
    expect(page.locator("#part-open .item")).to_have_count(1)
    expect(page.locator("#part-now")).not_to_contain_text("sluit vanzelf")
    school.now = at("10:11")  # the next heartbeat tells it
    closing = say("dash.running.closing", "nl", until="10:15", what="kletsplein.test")
    expect(page.locator("#part-now")).to_contain_text(closing, timeout=PATIENCE)


# --- every state, looked at ------------------------------------------------------------------------------------------


def nothing(school: Standing) -> None:
    """A lesson that just begins."""


def in_a_break(school: Standing) -> None:
    school.now = BREAK


def at_night(school: Standing) -> None:
    school.now = EVENING


def no_devices(school: Standing) -> None:
    for one in school.store.devices.registered(school.school):
        if one.device.group == "7":
            school.store.devices.remove(school.school, one.device.id, "setup", school.now)


def thirty(school: Standing) -> None:
    names = ("Maximiliaan-Alexander van den Broek-Wolthuis", *(f"Kind {number}" for number in range(2, 25)))
    more = [Person(f"p7-{number}", Role.PUPIL, name, ("7",)) for number, name in enumerate(names, 7)]
    school.store.people.put_people(school.school, more, "setup", school.now)
    busy(school)


@pytest.mark.parametrize(
    ("state", "board"),
    [
        (nothing, False),
        (busy, False),
        (busy, True),
        (in_a_break, False),
        (at_night, False),
        (no_devices, False),
        (thirty, False),
        (left_running, False),
    ],
    ids=lambda value: value.__name__ if callable(value) else ("bord" if value else "juf"),
)
def test_nothing_is_cut_off_in_any_state(
    school: Standing, enter: Callable[..., Page], state: Callable[[Standing], None], board: bool
) -> None:
    state(school)
    for width in (390, 820, 1440):
        page = enter(width=width, board=board)
        shots = Shots(width, number=130)
        expect(page.locator(".live-dot")).to_have_text(say("dash.lesson.live", "nl"), timeout=PATIENCE)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            shots.take(page, "bord" if board else "juf", f"mijn-les-{state.__name__}-{scheme}")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), width
        assert page.evaluate(SMALL) == [], width
        page.context.close()
