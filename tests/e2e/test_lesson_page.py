"""Mijn les with a school that asks for consent: told before the tap, an agreement, printing, phones, rain.

Real Chromium, real guard, the protocol of a school where social media need a yes from home.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from cli.demo.school import PASSWORD
from config import load
from config.texts import say
from dashboard.actions import accounts
from policy.model import Role
from store.accounts import Purpose
from store.people import Person
from tests.e2e.browsing import types
from tests.e2e.conftest import PATIENCE, Browsers, Shots
from tests.e2e.playground import Playground
from tests.e2e.test_main_job import DESKTOP, PHONE, SITE, sees_the_block_page, sign_in

pytestmark = [pytest.mark.full, pytest.mark.browser, pytest.mark.timeout(300)]

LEARN, OTHER = "https://rekenrijk.test/", "https://onzeschool.test/"


@pytest.fixture(autouse=True)
def regenboog(play: Playground) -> None:
    """The school has the protocol of De Regenboog, and Sem's parents are the only ones who said yes."""
    school, now = play.desk.school, datetime.now(UTC)
    theirs, mine = load.factory_policy("regenboog"), play.desk.snapshot(now).policy
    policy = replace(mine, protocol=theirs.protocol, rules=theirs.rules)
    play.store.policies.add(school, policy, "test", "setup", now)
    play.store.people.set_consent(school, "p7-2", True, "setup", now)
    for grant in play.store.grants.live(school, now):
        play.store.grants.revoke(school, grant.id, "setup", now)
    for agreed in play.store.measures.agreements(school, now):
        play.store.measures.stop_agreement(school, agreed.id, "setup", now)


def both(page: Page, shots: Shots, what: str) -> None:
    """The same screen by day and by night."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        shots.take(page, "juf", f"{what}-{scheme}")
    page.emulate_media(color_scheme="light")


def gives_the_site(page: Page) -> None:
    page.fill("#site", "kletsplein.test")
    page.locator("#geef-formulier").get_by_role("button", name=say("dash.give.go", "nl")).click()


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_whom_consent_leaves_out_is_told_before_the_tap(play: Playground, browsers: Browsers, width: int) -> None:
    shots, school = Shots(width, number=60), play.desk.school
    teacher = browsers.staff("anja", width)
    sign_in(teacher, play, "anja")
    both(teacher, shots, "les")
    gives_the_site(teacher)
    told = teacher.locator("#eerst-weten")
    expect(told).to_contain_text("Voor 5 kinderen is er nog geen ja van thuis.", timeout=PATIENCE)
    expect(teacher.locator("h1")).to_be_in_viewport()
    assert "Noor " not in teacher.content()
    assert play.store.grants.live(school, datetime.now(UTC)) == ()
    both(teacher, shots, "eerst-weten")
    told.get_by_role("button", name=say("dash.consent.show", "nl")).click()
    expect(teacher.locator("#namen-thuis")).to_contain_text("Noor", timeout=PATIENCE)
    expect(teacher.locator("#namen-thuis")).not_to_contain_text("Sem")
    both(teacher, shots, "namen")

    teacher.locator("#toch-geven").get_by_role("button", name=say("dash.consent.go", "nl")).click()
    expect(teacher.locator("#part-open .item")).to_have_count(1, timeout=PATIENCE)
    assert teacher.evaluate("window.scrollY") == 0
    expect(teacher.locator(".live-dot")).to_have_text(say("dash.lesson.live", "nl"), timeout=PATIENCE)
    both(teacher, shots, "gegeven")
    noor, sem = browsers.pupil("Noor", width), browsers.pupil("Sem", width)
    types(sem, SITE)
    # The place is open; its chat is not, by a clause without exceptions.
    expect(sem.locator("#stand")).to_have_text("De chat is dicht.", timeout=PATIENCE)
    types(noor, SITE)
    expect(noor.locator("h1")).to_have_text(say("page.consent.title", "nl"), timeout=PATIENCE)
    expect(noor.locator("body")).not_to_contain_text("ouders")
    shots.take(noor, "leerling", "andere-taak")
    # The page that came back is live: what somebody else does is seen on it.
    (grant,) = play.store.grants.live(school, datetime.now(UTC))
    play.store.grants.revoke(school, grant.id, "setup", datetime.now(UTC))
    expect(teacher.locator("#part-open .item")).to_have_count(0, timeout=PATIENCE)


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_an_agreement_narrows_the_lesson_until_it_is_stopped(play: Playground, browsers: Browsers, width: int) -> None:
    shots = Shots(width, number=70)
    teacher, pupil = browsers.staff("anja", width), browsers.pupil("Sem", width)
    sign_in(teacher, play, "anja")
    gives_the_site(teacher)
    teacher.locator("#toch-geven").get_by_role("button", name=say("dash.consent.go", "nl")).click()
    expect(teacher.locator("#part-open .item")).to_have_count(1, timeout=PATIENCE)
    teacher.get_by_role("link", name=say("dash.agree.make", "nl")).click()
    teacher.fill("input[name=goal]", "rekenen met breuken")
    teacher.fill("textarea[name=sites]", "rekenrijk.test\nniet goed_")
    both(teacher, shots, "afspraak")
    teacher.get_by_role("button", name=say("dash.agree.go", "nl")).click()
    expect(teacher.locator("#afspraak .note.bad")).to_contain_text("goed_", timeout=PATIENCE)
    shots.take(teacher, "juf", "afspraak-fout")
    teacher.fill("textarea[name=sites]", "rekenrijk.test\nfilmpjes.test")
    teacher.get_by_role("button", name=say("dash.agree.go", "nl")).click()
    question = teacher.locator("#anders-open")
    expect(question).to_contain_text("kletsplein.test", timeout=PATIENCE)
    both(teacher, shots, "afspraak-vraag")
    question.get_by_label(say("dash.agree.stop_others", "nl")).check()
    teacher.get_by_role("button", name=say("dash.agree.go", "nl")).click()
    card = teacher.locator("#part-agreed .item")
    expect(card).to_contain_text("rekenen met breuken", timeout=PATIENCE)
    expect(card).to_contain_text(say("dash.agree.closed", "nl", site="filmpjes.test"))
    expect(teacher.locator("#part-open .item")).to_have_count(0)
    assert teacher.evaluate("window.scrollY") == 0
    both(teacher, shots, "afgesproken")

    types(pupil, OTHER)
    expect(pupil.locator("h1")).to_have_text(say("page.agreement.title", "nl"), timeout=PATIENCE)
    shots.take(pupil, "leerling", "afspraak")
    types(pupil, LEARN)
    expect(pupil.locator("#som")).to_contain_text("×", timeout=PATIENCE)
    before = play.store.events.last_id(play.desk.school)
    types(pupil, OTHER)
    pupil.wait_for_timeout(2000)
    assert play.store.events.last_id(play.desk.school) == before

    card.get_by_role("button", name=say("dash.agree.stop", "nl")).click()
    expect(card).to_have_count(0, timeout=PATIENCE)
    types(pupil, OTHER)
    expect(pupil.locator("body")).to_contain_text("Onze school", timeout=PATIENCE)
    types(pupil, SITE)
    sees_the_block_page(pupil)


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_printing_a_topic_and_a_phone_are_one_tap_each_and_shown_as_open(
    play: Playground, browsers: Browsers, width: int
) -> None:
    shots = Shots(width, number=85)
    teacher = browsers.staff("anja", width)
    sign_in(teacher, play, "anja")
    expect(teacher.locator("#part-klas")).to_contain_text(
        say("dash.extra.looser", "nl", school="GBS De Regenboog", article="leerlingen 8")
    )
    form, go = teacher.locator("#geef-formulier"), say("dash.give.go", "nl")
    form.locator("input[name=what][value=print]").click()
    both(teacher, shots, "printen")
    form.get_by_role("button", name=go).click()
    expect(teacher.locator("#part-open .item")).to_have_count(1, timeout=PATIENCE)
    form.locator("input[name=what][value=words]").click()
    form.locator("input[name=topic][value=war]").click()
    both(teacher, shots, "onderwerp")
    form.get_by_role("button", name=go).click()
    expect(teacher.locator("#part-open .item")).to_have_count(2, timeout=PATIENCE)
    teacher.locator("#telefoon > summary").click()
    teacher.locator("#telefoon select[name=pupil]").select_option(label="Noor")
    both(teacher, shots, "telefoon")
    teacher.locator("#telefoon").get_by_role("button", name=say("dash.extra.phone_go", "nl")).click()
    expect(teacher.locator("#part-open .item")).to_have_count(3, timeout=PATIENCE)
    both(teacher, shots, "alles-open")
    teacher.locator("#part-klas button[name=board]").click()
    expect(teacher.locator("#telefoon")).to_have_count(0, timeout=PATIENCE)
    assert "Noor " not in teacher.content()
    shots.take(teacher, "juf", "digibord")


def test_an_intern_reads_who_does_this_and_permits_where_the_school_chose_so(
    play: Playground, browsers: Browsers
) -> None:
    shots, desk, now = Shots(PHONE, number=100), play.desk, datetime.now(UTC)
    person = Person("staff-iris", Role.INTERN, "stagiaire Iris", ("7",))
    play.store.people.put_people(desk.school, [person], "setup", now)
    account = accounts.add_account(desk, "iris", person, "setup", now).value
    assert account is not None
    token = play.store.accounts.make_link(desk.school, account.id, Purpose.SET_PASSWORD, now)
    assert token is not None and accounts.set_password(desk, token, PASSWORD, PASSWORD, now).ok
    iris = browsers.staff("iris", PHONE)
    sign_in(iris, play, "iris")
    expect(iris.locator("h1")).to_have_text(say("dash.intern.title", "nl"), timeout=PATIENCE)
    both(iris, shots, "stagiair-niet")
    policy = desk.snapshot(datetime.now(UTC)).policy
    play.store.policies.add(desk.school, replace(policy, interns_permit=True), "test", "setup", datetime.now(UTC))
    iris.goto(f"{play.dashboard_url}/les/")
    expect(iris.locator("h1")).to_have_text("Groep 7", timeout=PATIENCE)
    expect(iris.locator(".live-dot")).to_have_text(say("dash.lesson.live", "nl"), timeout=PATIENCE)
    shots.take(iris, "juf", "stagiair-wel")
    # The school changes its mind: the open page is told so.
    play.store.policies.add(desk.school, policy, "test", "setup", datetime.now(UTC))
    expect(iris.locator("h1")).to_have_text(say("dash.intern.title", "nl"), timeout=PATIENCE)
