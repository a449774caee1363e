"""The main job: a teacher opens a site for a lesson; until then a friendly page, and afterwards it closes by itself.

Real Chromium, real guard with two workers, real dashboard. What is asserted is the order of things; how fast they are
is measured by `bench/permission.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Error, Page, expect

from cli.demo.school import PASSWORD
from config.texts import say
from dashboard.actions import accounts
from policy.model import Role
from store.accounts import Purpose
from store.people import Person
from tests.e2e.browsing import types
from tests.e2e.conftest import PATIENCE, Browsers, Shots
from tests.e2e.playground import Playground

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SITE = "https://kletsplein.test/"
DESKTOP, PHONE = 1280, 390


def sign_in(page: Page, play: Playground, login: str) -> None:
    page.goto(f"{play.dashboard_url}/")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name=say("dash.sign_in.go", "nl")).click()
    page.wait_for_url("**/les/**")


def sees_the_block_page(page: Page) -> None:
    expect(page.locator("h1")).to_have_text(say("page.place.title", "nl"), timeout=PATIENCE)


def asks_the_teacher(page: Page, line: str, shots: Shots) -> None:
    page.get_by_role("link", name=say("page.button.ask", "nl")).click()
    page.get_by_text(say("page.ask.why.lesson", "nl")).click()
    page.fill("#line", line)
    shots.take(page, "leerling", "vraagt")
    page.locator("#ask [type=submit]").click()
    expect(page.locator("#note")).to_contain_text(say("page.ask.sent", "nl"), timeout=PATIENCE)


def chats(page: Page, text: str) -> None:
    page.fill("#regel", text)
    page.locator("#klets button").click()
    expect(page.locator("#lijst")).to_contain_text(f"jij: {text}", timeout=PATIENCE)


def wait_until(true: Callable[[], bool], page: Page, what: str) -> None:
    """Look until it is so; the page's own events go on meanwhile."""
    deadline = time.monotonic() + PATIENCE / 1000
    while not true():
        assert time.monotonic() < deadline, f"never happened: {what}"
        page.wait_for_timeout(50)


def teacher_stops(play: Playground, teacher: Page) -> None:
    teacher.locator("#part-open .item").get_by_role("button", name=say("dash.open.stop", "nl")).click()


def time_runs_out(play: Playground, teacher: Page) -> None:
    """The permission ends by the clock, a few seconds from now; nobody touches anything."""
    now = datetime.now(UTC)
    (grant,) = play.store.grants.live("school", now, ("7",))
    assert play.store.grants.extend("school", grant.id, now + timedelta(seconds=6), grant.by, now)


@pytest.mark.parametrize(
    ("width", "pupil_name", "ending"), [(DESKTOP, "Noor", teacher_stops), (PHONE, "Sem", time_runs_out)]
)
def test_a_teacher_opens_a_site_for_the_lesson_and_afterwards_it_closes_by_itself(
    play: Playground,
    browsers: Browsers,
    width: int,
    pupil_name: str,
    ending: Callable[[Playground, Page], None],
) -> None:
    play.sites.seen.clear()
    shots = Shots(width)
    teacher = browsers.staff("anja", width)
    sign_in(teacher, play, "anja")
    teacher.evaluate("window.stillTheSamePage = true")
    expect(teacher.locator("#part-asks .item")).to_have_count(0)
    shots.take(teacher, "juf", "les-begint")

    # Until then: a friendly page inside the site's own TLS, by the school's CA; the site is not contacted.
    pupil = browsers.pupil(pupil_name, width)
    answer = types(pupil, SITE)
    assert answer is not None and answer.status == 403
    details = answer.security_details()
    assert details is not None and details["issuer"] == "Klaswacht CA Speeltuinschool"
    sees_the_block_page(pupil)
    assert pupil.url == SITE
    assert not [seen for seen in play.sites.seen if "kletsplein" in seen]
    shots.take(pupil, "leerling", "dicht")

    # The pupil asks; the teacher sees it without touching anything.
    asks_the_teacher(pupil, "Voor mijn werkstuk", shots)
    shots.take(pupil, "leerling", "gevraagd")
    question = teacher.locator("#part-asks .item")
    expect(question).to_have_count(1, timeout=PATIENCE)
    expect(question).to_contain_text(pupil_name)
    expect(question).to_contain_text("Voor mijn werkstuk")
    assert teacher.evaluate("window.stillTheSamePage") is True
    shots.take(teacher, "juf", "ziet-de-vraag")
    sees_the_block_page(pupil)

    # One tap. The pupil's page opens by itself.
    question.locator("button[value=yes]").click()
    expect(pupil.locator("#stand")).to_have_text("Je bent verbonden.", timeout=PATIENCE)
    assert pupil.url == SITE
    assert "GET kletsplein.test /" in play.sites.seen
    expect(teacher.locator("#part-open .item")).to_have_count(1, timeout=PATIENCE)
    expect(question).to_have_count(0, timeout=PATIENCE)
    shots.take(pupil, "leerling", "open")
    shots.take(teacher, "juf", "heeft-ja-gezegd")

    # The chat stays up in the lesson.
    chats(pupil, "hallo")
    pupil.wait_for_timeout(3000)
    chats(pupil, "ben je er nog")
    assert len(play.sites.room.chatters) == 1
    shots.take(pupil, "leerling", "chat")

    # The end: the open socket dies on both sides, and the page is back.
    ending(play, teacher)
    expect(pupil.locator("#stand")).to_have_text("De chat is dicht.", timeout=PATIENCE)
    wait_until(lambda: not play.sites.room.chatters, pupil, "the site's side of the chat closed")
    shots.take(pupil, "leerling", "chat-dicht")
    expect(teacher.locator("#part-open .item")).to_have_count(0, timeout=PATIENCE)
    play.sites.seen.clear()
    pupil.reload()
    sees_the_block_page(pupil)
    assert not [seen for seen in play.sites.seen if "kletsplein" in seen]
    shots.take(pupil, "leerling", "weer-dicht")
    expect(teacher.locator("#part-seen")).to_contain_text("kletsplein.test", timeout=PATIENCE)
    shots.take(teacher, "juf", "na-de-les")


@pytest.mark.full
def test_a_teacher_says_no_and_the_page_tells_it_kindly(play: Playground, browsers: Browsers) -> None:
    shots = Shots(PHONE, number=20)
    teacher = browsers.staff("anja", PHONE)
    sign_in(teacher, play, "anja")
    pupil = browsers.pupil("Fatima", PHONE)
    types(pupil, SITE)
    asks_the_teacher(pupil, "", shots)
    question = teacher.locator("#part-asks .item")
    expect(question).to_have_count(1, timeout=PATIENCE)
    question.locator("summary").click()
    question.locator("input[name=own]").fill("Straks na het rekenen.")
    shots.take(teacher, "juf", "antwoordt")
    question.locator("button[value=no]").click()
    expect(pupil.locator("#note")).to_contain_text("Straks na het rekenen.", timeout=PATIENCE)
    sees_the_block_page(pupil)
    shots.take(pupil, "leerling", "nee")


def test_a_pupil_reports_something_unpleasant(play: Playground, browsers: Browsers) -> None:
    shots = Shots(PHONE, number=30)
    pupil = browsers.pupil("Daan", PHONE)
    types(pupil, SITE)
    pupil.get_by_role("link", name=say("page.button.report", "nl")).click()
    expect(pupil.locator("h1")).to_have_text(say("page.tell.title", "nl"), timeout=PATIENCE)
    shots.take(pupil, "leerling", "meldt")
    pupil.get_by_role("button", name=say("page.tell.kind.saw", "nl"), exact=True).click()
    pupil.get_by_role("button", name=say("page.tell.send", "nl"), exact=True).click()
    expect(pupil.locator(".heard")).to_have_text(say("page.tell.reads.teacher", "nl"), timeout=PATIENCE)
    shots.take(pupil, "leerling", "bedankt")
    reports = play.store.incidents.reports("school", ("7",))
    assert [report.host for report in reports] == ["kletsplein.test"]


def test_a_browser_that_does_not_trust_the_school_sees_no_page_at_all(play: Playground, browsers: Browsers) -> None:
    """So what the other tests see is trusted because of the exported CA, and of nothing else."""
    pupil = browsers.pupil("Mees", DESKTOP, trusting=False)
    with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
        types(pupil, SITE)


def test_a_reviewed_learning_site_is_open(play: Playground, browsers: Browsers) -> None:
    pupil = browsers.pupil("Sanne", DESKTOP)
    types(pupil, "https://rekenrijk.test/")
    expect(pupil.locator("#som")).to_contain_text("×", timeout=PATIENCE)


def test_a_search_for_help_gets_warm_answers_and_is_seen_by_nobody(play: Playground, browsers: Browsers) -> None:
    shots = Shots(PHONE, number=40)
    before = play.store.events.last_id("school")
    pupil = browsers.pupil("Sanne", PHONE)
    types(pupil, "https://zoekmaar.test/zoek?q=ik+word+gepest")
    expect(pupil.locator("h1")).to_have_text(say("page.help.title", "nl"), timeout=PATIENCE)
    shots.take(pupil, "leerling", "hulp")
    pupil.wait_for_timeout(2000)
    assert play.store.events.last_id("school") == before


def sends(page: Page, text: str) -> None:
    """Write something in a form of the school's pretend site, which no list knows, and send it."""
    page.goto("https://onzeschool.test/")
    form = "<form method=post action=/ziek><textarea name=bericht></textarea></form>"
    page.evaluate("form => { document.body.innerHTML = form }", form)
    page.fill("textarea", text)
    page.evaluate("document.forms[0].submit()")


def test_hurtful_words_wait_for_a_second_thought_and_then_go_once(play: Playground, browsers: Browsers) -> None:
    shots = Shots(PHONE, number=50)
    pupil = browsers.pupil("Sanne", PHONE)
    sends(pupil, "jij bent een stomme klootzak")
    expect(pupil.locator("h1")).to_have_text(say("page.text.title", "nl"), timeout=PATIENCE)
    shots.take(pupil, "leerling", "lees-nog-eens")
    pupil.get_by_role("link", name=say("page.button.release", "nl")).click()
    pupil.get_by_role("button", name=say("page.release.yes", "nl")).click()
    expect(pupil.locator("#note")).to_contain_text(say("page.release.done", "nl"), timeout=PATIENCE)
    sends(pupil, "jij bent een stomme klootzak")
    expect(pupil.locator("body")).to_contain_text("onzeschool.test", timeout=PATIENCE)
    assert not pupil.context.cookies("https://onzeschool.test/")
    sends(pupil, "jij bent een stomme klootzak")
    expect(pupil.locator("h1")).to_have_text(say("page.text.title", "nl"), timeout=PATIENCE)


def test_a_telephone_number_waits_for_the_teacher(play: Playground, browsers: Browsers) -> None:
    pupil = browsers.pupil("Sanne", PHONE)
    sends(pupil, "bel me op 06-12345678")
    expect(pupil.locator("h1")).to_have_text(say("page.personal.title", "nl"), timeout=PATIENCE)
    expect(pupil.locator("dl")).to_contain_text(say("page.personal.type.phone", "nl"))
    assert "12345678" not in pupil.content()
    Shots(PHONE, number=51).take(pupil, "leerling", "hou-dit-voor-jezelf")


@pytest.mark.full
def test_named_counsellors_hear_that_somebody_looked_for_help_and_the_class_does_not(
    play: Playground, browsers: Browsers
) -> None:
    shots = Shots(DESKTOP, number=50)
    school, now = play.desk.school, datetime.now(UTC)
    for name in ("coen", "fay"):
        person = Person(name, Role.COUNSELLOR, name.title())
        play.store.people.put_people(school, [person], "setup", now)
        account = accounts.add_account(play.desk, name, person, "setup", now).value
        assert account is not None
        token = play.store.accounts.make_link(school, account.id, Purpose.SET_PASSWORD, now)
        assert token is not None and accounts.set_password(play.desk, token, PASSWORD, PASSWORD, now).ok
    assert play.store.counsel.switch_on(school, "staff-directie", now)
    before = play.store.events.last_id(school)
    pupil = browsers.pupil("Sanne", DESKTOP)
    deadline = time.monotonic() + PATIENCE / 1000
    while True:
        # Both workers hear of the counsellors by themselves; until then the page says that nobody hears.
        types(pupil, "https://zoekmaar.test/zoek?q=ik+word+gepest")
        expect(pupil.locator("h1")).to_have_text(say("page.help.title", "nl"), timeout=PATIENCE)
        if pupil.get_by_text(say("page.help.heard", "nl")).count() or time.monotonic() > deadline:
            break
    expect(pupil.get_by_text(say("page.help.heard_person", "nl"))).to_be_visible()
    assert "gepest" not in pupil.url
    shots.take(pupil, "leerling", "hulp-vertrouwen")
    for _ in range(4):  # by whichever worker
        types(pupil, "https://zoekmaar.test/zoek?q=ik+word+gepest")
    wait_until(lambda: bool(play.store.signals.newest(school)), pupil, "a signal in the inbox")
    pupil.wait_for_timeout(1000)
    (kept,) = play.store.signals.newest(school)
    assert kept.signal.person is not None and play.store.events.last_id(school) == before

    coen = browsers.staff("coen", DESKTOP)
    coen.goto(f"{play.dashboard_url}/")
    coen.fill("input[name=login]", "coen")
    coen.fill("input[name=password]", PASSWORD)
    coen.get_by_role("button", name=say("dash.sign_in.go", "nl")).click()
    coen.wait_for_url("**/vertrouwen/")
    expect(coen.get_by_text("Sanne")).to_be_visible(timeout=PATIENCE)
    coen.get_by_role("button", name=say("dash.inbox.see", "nl"), exact=True).click()
    expect(coen.get_by_text("gezien door Coen")).to_be_visible(timeout=PATIENCE)
    shots.take(coen, "vertrouwen", "gezien")
