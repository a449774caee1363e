"""Bekijk eerst, from both sides: a teacher sees what a page needs, takes it along, gives it; a pupil gets it whole.

Real Chromium, real guard and dashboard; the look at the page goes to the pretend sites by the guard's own rules.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from cli.demo.school import PASSWORD
from config import load
from config.texts import say
from tests.e2e.browsing import types
from tests.e2e.conftest import PATIENCE, Browsers, Shots
from tests.e2e.playground import Playground
from tests.e2e.test_main_job import sees_the_block_page, sign_in

pytestmark = [pytest.mark.full, pytest.mark.browser, pytest.mark.timeout(300)]

SITE = "https://filmpjes.test/kijkhoek"
WIDTHS = (390, 820, 1440)


@pytest.fixture(autouse=True)
def nothing_open(play: Playground) -> None:
    school, now = play.desk.school, datetime.now(UTC)
    for grant in play.store.grants.live(school, now):
        play.store.grants.revoke(school, grant.id, "setup", now)
    play.sites.seen.clear()


def both(page: Page, shots: Shots, what: str) -> None:
    """The same screen by day and by night."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        shots.take(page, "juf", f"{what}-{scheme}")
    page.emulate_media(color_scheme="light")


def looks_first(page: Page, site: str) -> None:
    """From the form of Mijn les, with what was filled in."""
    page.fill("#site", site)
    page.locator("#geef-formulier input[name=minutes][value='30']").check()
    page.locator("#geef-formulier").get_by_role("button", name=say("preview.button", "nl")).click()
    expect(page.locator("#antwoord")).to_be_visible(timeout=PATIENCE)


def is_whole(page: Page) -> bool:
    return bool(page.evaluate("document.getElementById('plaatje').naturalWidth > 0"))


@pytest.mark.parametrize("width", WIDTHS)
def test_what_a_page_needs_is_seen_before_and_given_along(play: Playground, browsers: Browsers, width: int) -> None:
    shots = Shots(width, number=200)
    teacher, pupil = browsers.staff("anja", width), browsers.pupil("Noor", width)
    sign_in(teacher, play, "anja")
    looks_first(teacher, SITE)
    expect(teacher.locator("h1")).to_have_text(say("preview.title", "nl"))
    expect(teacher.locator("h1")).to_be_focused(timeout=PATIENCE)
    assert teacher.evaluate("window.scrollY") == 0
    answers = teacher.locator("#antwoord .verdict")
    expect(answers).to_have_text([say("preview.word.deny", "nl"), say("preview.word.allow", "nl")])
    needs = teacher.locator("#nodig")
    expect(needs).to_contain_text("fotodrop.test")
    expect(needs.locator("input[value='fotodrop.test']")).to_be_checked()
    expect(needs.locator("details", has_text=say("preview.group.counting", "nl"))).to_have_count(1)
    both(teacher, shots, "voorbeeld")
    assert play.store.grants.live(play.desk.school, datetime.now(UTC)) == ()
    looked = [seen for seen in play.sites.seen if "filmpjes" in seen]
    assert looked == ["GET filmpjes.test /kijkhoek"], "one look, at the page alone"
    assert not [seen for seen in play.sites.seen if "fotodrop" in seen or "kletsplein" in seen]
    types(pupil, SITE)
    sees_the_block_page(pupil)

    needs.get_by_role("button", name=say("preview.take", "nl")).click()
    given = say("preview.taking", "nl", sites="filmpjes.test, fotodrop.test")
    expect(teacher.locator("#dan")).to_contain_text(given, timeout=PATIENCE)
    expect(teacher.locator("#nodig [role=status]").first).to_have_text(say("preview.complete", "nl"))
    both(teacher, shots, "meegenomen")
    teacher.locator("#dan").get_by_role("button", name=say("preview.give", "nl")).click()
    teacher.wait_for_url("**/les/7?**", timeout=PATIENCE)
    expect(teacher.locator("#part-open .item")).to_contain_text("fotodrop.test", timeout=PATIENCE)
    (grant,) = play.store.grants.live(play.desk.school, datetime.now(UTC))
    assert grant.sites == ("filmpjes.test", "fotodrop.test")
    assert grant.end - grant.start <= timedelta(minutes=30), "what was filled in came along"
    both(teacher, shots, "gegeven")

    expect(pupil.locator("#kader")).to_have_text("Alles is er.", timeout=PATIENCE)
    assert is_whole(pupil)
    shots.take(pupil, "leerling", "kijkhoek-heel")
    assert not [seen for seen in play.sites.seen if "tel.svg" in seen], "the counter stayed closed"


def test_without_it_the_page_is_bare_just_as_it_was_told(play: Playground, browsers: Browsers) -> None:
    shots = Shots(820, number=220)
    teacher, pupil = browsers.staff("anja", 820), browsers.pupil("Noor", 820)
    sign_in(teacher, play, "anja")
    looks_first(teacher, SITE)
    expect(teacher.locator("#nodig")).to_contain_text(say("preview.missing_one", "nl"))
    teacher.locator("#dan").get_by_role("button", name=say("preview.give", "nl")).click()
    expect(teacher.locator("#part-open .item")).to_have_count(1, timeout=PATIENCE)
    types(pupil, SITE)
    expect(pupil.locator("h1")).to_have_text("De vuurtoren", timeout=PATIENCE)
    expect(pupil.locator("#kader")).to_have_text("Er ontbreekt nog iets.")
    assert not is_whole(pupil)
    shots.take(pupil, "leerling", "kijkhoek-kaal")


@pytest.mark.parametrize("width", WIDTHS)
def test_each_kind_of_site_has_its_answer(play: Playground, browsers: Browsers, width: int) -> None:
    shots = Shots(width, number=230)
    teacher = browsers.staff("coordinator", width)
    teacher.goto(f"{play.dashboard_url}/")
    teacher.fill("input[name=login]", "coordinator")
    teacher.fill("input[name=password]", PASSWORD)
    teacher.get_by_role("button", name=say("dash.sign_in.go", "nl")).click()
    teacher.wait_for_url("**/beheer/**")
    for site, what, code in (
        ("youtube.com", "dienst", ""),
        ("pornhub.com", "slot", "locked"),
        ("bestaat-niet.test", "geen-naam", "nowhere"),
        ("https://filmpjes.test/film/1.bin", "bestand", "no_page"),
        ("https://127.0.0.1/", "binnen", "refused"),
    ):
        teacher.goto(f"{play.dashboard_url}/les/7/voorbeeld")
        teacher.fill("#voorbeeld input[name=site]", site)
        teacher.locator("#voorbeeld button").click()
        expect(teacher.locator("#nodig")).to_be_visible(timeout=PATIENCE)
        if code:
            expect(teacher.locator("#nodig")).to_contain_text(say(f"preview.trouble.{code}", "nl"))
        both(teacher, shots, f"voorbeeld-{what}")
    wide = teacher.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert not wide, "nothing sticks out on a phone"


def test_it_works_with_scripts_off_and_by_keyboard(play: Playground, browsers: Browsers) -> None:
    plain = browsers.staff("anja", 390)
    sign_in(plain, play, "anja")
    cookies = plain.context.cookies()
    bare = plain.context.browser.new_context(
        java_script_enabled=False, viewport={"width": 390, "height": 844}, locale="nl-NL"
    )
    bare.add_cookies(cookies)
    page = bare.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{play.dashboard_url}/les/7/voorbeeld")
    page.focus("#voorbeeld input[name=site]")
    page.keyboard.type(SITE)
    page.keyboard.press("Enter")
    expect(page.locator("#nodig")).to_contain_text("fotodrop.test", timeout=PATIENCE)
    Shots(390, number=260).take(page, "juf", "voorbeeld-zonder-script")
    page.locator("#nodig").get_by_role("button", name=say("preview.take", "nl")).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#dan")).to_contain_text("fotodrop.test", timeout=PATIENCE)
    page.locator("#dan").get_by_role("button", name=say("preview.give", "nl")).press("Enter")
    expect(page.locator("#part-open .item")).to_have_count(1, timeout=PATIENCE)
    bare.close()


@pytest.mark.parametrize("width", [390, 1440])
def test_a_yes_from_home_is_counted_in_private_and_not_told_on_a_board(
    play: Playground, browsers: Browsers, width: int
) -> None:
    school, now = play.desk.school, datetime.now(UTC)
    before = play.desk.snapshot(now).policy
    theirs = load.factory_policy("regenboog")
    changed = replace(before, protocol=theirs.protocol, rules=theirs.rules)
    play.store.policies.add(school, changed, "test", "setup", now)
    try:
        shots = Shots(width, number=270)
        teacher = browsers.staff("anja", width)
        sign_in(teacher, play, "anja")
        looks_first(teacher, "kletsplein.test")
        expect(teacher.locator("#thuis")).to_contain_text("ja van thuis")
        assert "Noor" not in teacher.locator("main").inner_text()
        both(teacher, shots, "voorbeeld-thuis")
        teacher.context.add_cookies(
            [{"name": "__Host-klaswacht-bord", "value": "1", "url": play.dashboard_url, "secure": True}]
        )
        teacher.goto(f"{play.dashboard_url}/les/7/voorbeeld")
        teacher.fill("#voorbeeld input[name=site]", "kletsplein.test")
        teacher.locator("#voorbeeld button").click()
        expect(teacher.locator("#antwoord")).to_be_visible(timeout=PATIENCE)
        expect(teacher.locator("#thuis")).to_have_count(0)
        assert "ja van thuis" not in teacher.content() and "Noor" not in teacher.content()
        shots.take(teacher, "juf", "voorbeeld-bord")
    finally:
        play.store.policies.add(school, before, "test", "setup", datetime.now(UTC))
