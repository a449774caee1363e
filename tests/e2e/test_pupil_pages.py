"""The pupils' pages as children have them: "klaar, je mag!", "mijn afspraken", any screen, any hand, any voice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from config.texts import say
from dashboard.actions import asks
from policy.model import Agreement, Facet, Grant, Member, Role, Span
from tests.e2e.browsing import types
from tests.e2e.conftest import PATIENCE, Browsers, Shots
from tests.e2e.playground import Playground

pytestmark = [pytest.mark.full, pytest.mark.browser, pytest.mark.timeout(600)]

ANJA = Member("staff-anja", Role.TEACHER, ("7",))
CHAT, MINE = "https://kletsplein.test/", "https://kletsplein.test/_klaswacht/afspraken"
PHONE, TABLET, DESKTOP, MAGNIFIED = 390, 820, 1440, 320
READY = say("page.ready.title", "nl")
FAMILY = (CHAT, MINE, *(f"{CHAT}_klaswacht/{name}" for name in ("report", "help", "ask", "regels")))


def grant(play: Playground, minutes: float = 20, **changes: object) -> Grant:
    """The teacher opens the chat for group 7."""
    now = datetime.now(UTC)
    facts: dict[str, Any] = {"groups": frozenset({"7"}), "sites": ("kletsplein.test",), **changes}
    made = Grant("", now, now + timedelta(minutes=minutes), Role.TEACHER, "staff-anja", **facts)
    return play.store.grants.add("school", made, now)


@pytest.fixture(autouse=True)
def quiet(play: Playground) -> Iterator[None]:
    """Every test begins and ends with nothing open."""
    yield
    now = datetime.now(UTC)
    for one in play.store.grants.live("school", now):
        play.store.grants.revoke("school", one.id, "staff-anja", now)
    for agreed in play.store.measures.agreements("school", now):
        play.store.measures.stop_agreement("school", agreed.id, "staff-anja", now)
    play.store.measures.resume("school", "7", "staff-anja", now)


@contextmanager
def another(page: Page, width: int, **how: object) -> Iterator[Page]:
    """A second window of the same browser, of another width or another kind of person."""
    browser = page.context.browser
    assert browser is not None
    settings: dict[str, Any] = {"locale": "nl-NL", "timezone_id": "Europe/Amsterdam", "reduced_motion": "reduce", **how}
    context: BrowserContext = browser.new_context(viewport={"width": width, "height": 800}, **settings)
    tab = context.new_page()
    tab.set_default_timeout(PATIENCE)
    yield tab
    context.close()


def closed(page: Page, url: str = CHAT) -> None:
    """The page stands in for the site. A permission of a moment ago may still be in force in one worker."""
    for _ in range(30):
        types(page, url)
        if page.locator("#buttons").count():
            return
        page.wait_for_timeout(200)
    raise AssertionError(f"{url} stays open")


# --- klaar, je mag! --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_a_yes_is_told_cheerfully_and_leads_there(play: Playground, browsers: Browsers, width: int) -> None:
    shots = Shots(width, 200)
    page = browsers.pupil("Noor", width)
    closed(page)
    page.get_by_role("link", name=say("page.button.ask", "nl")).click()
    page.locator("#ask [type=submit]").click()
    expect(page.locator("#note")).to_contain_text(say("page.ask.sent", "nl"), timeout=PATIENCE)
    (ask,) = play.store.incidents.asks("school", ("7",))
    given = asks.say_yes(play.desk, ANJA, "7", ask.id, datetime.now(UTC), minutes=20)
    assert given.ok, given.code
    expect(page.locator("#ready h1")).to_have_text(READY, timeout=PATIENCE)
    shots.take(page, "leerling", "klaar-je-mag")
    expect(page.locator("#ready .till")).to_contain_text("Het mag tot")
    expect(page.get_by_role("link", name=say("page.ready.go", "nl"))).to_be_focused()
    page.wait_for_function("() => !document.getElementById('ready')", timeout=PATIENCE)
    expect(page.locator("#regel")).to_be_visible(timeout=PATIENCE)
    assert page.url == CHAT


def test_a_permission_out_of_itself_and_the_button_that_goes_at_once(play: Playground, browsers: Browsers) -> None:
    page = browsers.pupil("Noor", DESKTOP)
    closed(page)
    page.clock.install()  # so that it does not go by itself
    page.clock.pause_at(datetime.now(UTC) + timedelta(seconds=30))
    closed(page)
    grant(play)
    go = page.get_by_role("link", name=say("page.ready.go", "nl"))
    expect(go).to_be_visible(timeout=PATIENCE)
    go.click()
    expect(page.locator("#regel")).to_be_visible(timeout=PATIENCE)


def test_when_the_teacher_has_told_it_the_page_goes_on(play: Playground, browsers: Browsers) -> None:
    page = browsers.pupil("Noor", PHONE)
    now = datetime.now(UTC)
    play.store.measures.pause("school", Span("7", now, now + timedelta(minutes=5), "staff-anja"), now)
    site = "https://onzeschool.test/"
    closed(page, site)
    expect(page.locator("h1")).to_have_text(say("page.pause.title", "nl"))
    play.store.measures.resume("school", "7", "staff-anja", datetime.now(UTC))
    expect(page.locator("#ready h1")).to_have_text(READY, timeout=PATIENCE)
    page.wait_for_function("() => !document.getElementById('ready')", timeout=PATIENCE)


def test_what_was_sent_is_sent_once_more_by_the_child(play: Playground, browsers: Browsers) -> None:
    page = browsers.pupil("Noor", PHONE)
    grant(play, facets=frozenset({Facet.PLACE}))
    for _ in range(30):
        types(page, CHAT)
        if page.locator("#regel").count():
            break
    page.evaluate(
        """() => {
          const form = document.createElement("form");
          Object.assign(form, {method: "post", action: "/bericht", innerHTML: "<input name=bericht value=hoi>"});
          document.body.append(form);
          form.submit();
        }"""
    )
    expect(page.locator("h1")).to_have_text(say("page.post.title", "nl"), timeout=PATIENCE)
    grant(play)
    expect(page.locator("#ready h1")).to_have_text(READY, timeout=PATIENCE)
    expect(page.locator("#ready .lead")).to_have_text(say("page.ready.again.send", "nl"))
    page.wait_for_timeout(3000)
    assert page.url.endswith("/bericht") and page.locator("#ready h1").count()  # nothing is sent for the child
    Shots(PHONE, 210).take(page, "leerling", "klaar-verstuur-nog-eens")


def test_without_javascript_a_yes_leads_there_too(play: Playground, browsers: Browsers) -> None:
    first = browsers.pupil("Noor", PHONE)
    with another(first, PHONE, java_script_enabled=False) as page:
        closed(page)
        page.get_by_role("link", name=say("page.button.ask", "nl")).click()
        page.get_by_role("button", name=say("page.button.send", "nl")).click()
        expect(page.locator("h1")).to_have_text(say("page.ask.sent_title", "nl"), timeout=PATIENCE)
        grant(play)
        expect(page.locator("h1")).to_have_text(READY, timeout=PATIENCE)
        Shots(PHONE, 212).take(page, "leerling", "klaar-zonder-javascript")
        expect(page.locator("#regel")).to_be_visible(timeout=PATIENCE)
        assert page.url == CHAT


# --- mijn afspraken --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scripted", [True, False], ids=["scripted", "plain"])
def test_mine_says_what_may_now_until_when_and_who_sees_what(
    play: Playground, browsers: Browsers, scripted: bool
) -> None:
    before = play.store.events.last_id("school")
    with another(browsers.pupil("Noor", PHONE), PHONE, java_script_enabled=scripted) as page:
        closed(page, "https://filmpjes.test/")
        page.get_by_role("link", name=say("page.footer.mine", "nl")).click()
        expect(page.locator("h1")).to_have_text(say("page.promises.title", "nl"), timeout=PATIENCE)
        expect(page.locator("section", has_text=say("page.promises.closed_head", "nl"))).to_contain_text("filmpjes")
        grant(play, goal="praten over ons werkstuk")
        for _ in range(30):
            page.get_by_role("link", name=say("page.promises.look", "nl")).click()
            if page.get_by_role("link", name="kletsplein.test").count():
                break
        expect(page.locator(".cards.open")).to_contain_text("praten over ons werkstuk")
        assert page.locator(".left").first.is_visible() is scripted
        page.locator("summary").click()
        assert "Jouw naam staat erbij." in page.locator("details").inner_text()
        Shots(PHONE, 214 + scripted).take(page, "leerling", "mijn-afspraken")
        page.get_by_role("link", name="kletsplein.test").click()
        expect(page.locator("#regel")).to_be_visible(timeout=PATIENCE)
    # Only what was closed is there: to have looked is no event.
    seen = {(one.event.what.value, one.event.host) for one in play.store.events.since("school", before)}
    assert not [one for one in seen if "klaswacht" in (one[1] or "")]


def test_the_page_keeps_up_with_the_clock_also_after_a_sleep(play: Playground, browsers: Browsers) -> None:
    grant(play, minutes=12)
    page = browsers.pupil("Noor", DESKTOP)
    page.clock.install()
    for _ in range(30):
        types(page, MINE)
        if page.get_by_role("link", name="kletsplein.test").count():
            break
    left = page.locator(".cards.open .left").first
    expect(left).to_have_text(say("page.promises.left.many", "nl", n=12))
    page.clock.fast_forward(5 * 60 * 1000)  # the lid was closed
    expect(left).to_have_text(say("page.promises.left.many", "nl", n=7))


def test_nothing_of_a_child_goes_to_a_sites_own_script(play: Playground, browsers: Browsers) -> None:
    grant(play, goal="een geheim doel")
    page = browsers.pupil("Noor", DESKTOP)
    types(page, "https://onzeschool.test/")
    got = page.evaluate("() => fetch('/_klaswacht/afspraken').then(a => a.text().then(t => [a.status, t]))")
    assert got[0] == 403 and "geheim" not in got[1]


# --- any screen, any hand, any voice ---------------------------------------------------------------------------------


@pytest.mark.parametrize("scripted", [True, False], ids=["scripted", "plain"])
def test_nothing_scrolls_sideways_however_far_it_is_zoomed(
    play: Playground, browsers: Browsers, scripted: bool
) -> None:
    now = datetime.now(UTC)
    agreed = Agreement("", now, now + timedelta(minutes=30), frozenset({"7"}), sites=("rekenrijk.test",), goal="sommen")
    first = browsers.pupil("Noor", DESKTOP)
    wide = []
    for situation in ("plain", "agreement"):
        if situation == "agreement":
            play.store.measures.start_agreement("school", agreed, now)
        for width in (MAGNIFIED, PHONE, TABLET):  # 320 is 1280 at 400 %
            with another(first, width, java_script_enabled=scripted) as page:
                closed(page)
                for url in FAMILY:
                    types(page, url)
                    # Without its script nobody can be asked for the width: the picture of the whole page is that wide.
                    size = page.locator("html").bounding_box()
                    over = page.locator("main").bounding_box()
                    assert size is not None and over is not None
                    if over["x"] + over["width"] > width or (scripted and _over(page) > 0):
                        wide.append((situation, width, url))
    assert wide == []


def _over(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    wide: int = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide


def test_the_keyboard_alone_reaches_everything_in_its_order(play: Playground, browsers: Browsers) -> None:
    page = browsers.pupil("Noor", DESKTOP)
    closed(page)
    order = []
    for _ in range(6):
        page.keyboard.press("Tab")
        order.append(page.evaluate("() => document.activeElement.innerText.trim()"))
        ring = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
        assert ring == "solid", order[-1]
    wanted = ("read", "ask", "back", "report")
    assert order[:4] == [say(f"page.button.{one}", "nl") for one in wanted]
    assert say("page.footer.mine", "nl") in order
    page.locator("[data-panel=ask]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#ask input:checked")).to_be_focused()


def test_every_button_is_large_enough_for_a_thumb(play: Playground, browsers: Browsers) -> None:
    first = browsers.pupil("Noor", PHONE)
    grant(play, sites=("rekenrijk.test",))
    with another(first, PHONE) as page:
        small = []
        closed(page)
        for url in FAMILY:
            types(page, url)
            for target in page.locator("a:visible, button:visible, summary:visible, label.choice:visible").all():
                box = target.bounding_box()
                inside_a_sentence = target.evaluate("(one) => one.closest('p.small') !== null")
                if box is not None and box["height"] < 47.5 and not inside_a_sentence:
                    small.append((url, target.inner_text(), box["height"]))
        assert small == []


def test_where_movement_is_not_wanted_nothing_moves(play: Playground, browsers: Browsers) -> None:
    first = browsers.pupil("Noor", DESKTOP)
    with another(first, DESKTOP) as page:
        closed(page)
        assert page.evaluate("() => document.getAnimations().length") == 0
        grant(play)
        expect(page.locator("#ready h1")).to_have_text(READY, timeout=PATIENCE)
        assert page.evaluate("() => document.getAnimations().length") == 0


def test_with_the_systems_own_colours_buttons_are_still_buttons(play: Playground, browsers: Browsers) -> None:
    first = browsers.pupil("Noor", DESKTOP)
    with another(first, DESKTOP, forced_colors="active") as page:
        closed(page)
        Shots(DESKTOP, 216).take(page, "leerling", "eigen-kleuren")
        for one in page.locator(".button:visible").all():
            assert one.evaluate("(it) => parseFloat(getComputedStyle(it).borderTopWidth)") >= 2


VOICES = """
window.said = []; window.cancelled = 0;
const voices = [{lang: 'en-US', name: 'Sam', localService: true}, {lang: 'nl-NL', name: 'Ver', localService: false},
                {lang: 'nl-NL', name: 'Fleur', localService: true}].slice(0, %d);
Object.defineProperty(window, 'speechSynthesis', {value: {getVoices: () => voices, speak: one => said.push(one),
  cancel: () => { cancelled += 1; }, addEventListener: () => {}, speaking: false}});
window.SpeechSynthesisUtterance = function (text) { this.text = text; };
"""
"""A machine with voices: the browser of the tests has none, so what it is asked to say is written down instead."""


def test_it_is_read_aloud_by_a_dutch_voice_without_the_buttons(play: Playground, browsers: Browsers) -> None:
    first = browsers.pupil("Noor", DESKTOP)
    with another(first, DESKTOP) as page:
        page.add_init_script(VOICES % 3)
        closed(page)
        reader = page.locator("[data-do=read]")
        reader.click()
        text, lang, voice = page.evaluate("() => [said[0].text, said[0].lang, said[0].voice.name]")
        assert (lang, voice) == ("nl-NL", "Fleur")
        assert text.startswith(say("page.place.title", "nl")) and say("page.button.ask", "nl") not in text
        expect(reader).to_have_text(say("page.button.stop", "nl"))
        page.evaluate("() => { window.before = cancelled; window.dispatchEvent(new Event('pagehide')); }")
        assert page.evaluate("() => cancelled > before") is True
    with another(first, DESKTOP) as page:  # no voice that speaks Dutch: no button that makes gibberish of it
        page.add_init_script(VOICES % 1)
        closed(page)
        expect(page.locator("[data-do=read]")).to_be_hidden()
