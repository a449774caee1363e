"""Agreements and tests from both sides at once: from the shelf, shared, planned, and a test with what it leaves open.

Real Chromium, real guard with two workers, real dashboard.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time

import pytest
from playwright.sync_api import Page, expect

from config.texts import say
from policy.model import Facet, Grant, Period, PeriodKind, Role, Slot
from policy.schedule import period_at, zone_of
from store.incidents import AskState
from tests.e2e.browsing import types
from tests.e2e.conftest import PATIENCE, Browsers, Shots
from tests.e2e.playground import Playground
from tests.e2e.test_main_job import PHONE, SITE, asks_the_teacher, sees_the_block_page, sign_in

pytestmark = [pytest.mark.full, pytest.mark.browser, pytest.mark.timeout(300)]

TABLET, WIDE = 820, 1440
LEARN, OTHER = "https://rekenrijk.test/", "https://onzeschool.test/"
GOAL = "rekenen met breuken"


@pytest.fixture(autouse=True)
def clean(play: Playground) -> None:
    """Nothing runs, nothing is planned, nothing waits on the shelf, and it is a lesson all day."""
    store, school, now = play.store, play.desk.school, datetime.now(UTC)
    for agreed in store.measures.agreements(school, now):
        store.measures.cancel_agreement(school, agreed.id, "setup", now)
        store.measures.stop_agreement(school, agreed.id, "setup", now)
    for kept in store.prepared.on_shelf(school):
        store.prepared.remove(school, kept.id, "setup", now)
    for grant in store.grants.live(school, now):
        store.grants.revoke(school, grant.id, "setup", now)
    for waiting in store.incidents.asks(school, ("7",)):
        store.incidents.answer(school, waiting.id, AskState.NO, "setup", now)
    with_bells(play, Slot(PeriodKind.LESSON, clock_time(), clock_time()))


def with_bells(play: Playground, *slots: Slot) -> None:
    """Another timetable, the same every day."""
    now = datetime.now(UTC)
    policy = play.desk.snapshot(now).policy
    schedule = replace(policy.schedule, days=dict.fromkeys(range(7), slots))
    if schedule != policy.schedule:
        play.store.policies.add(
            play.desk.school, replace(policy, schedule=schedule), "test", "setup", datetime.now(UTC)
        )


def period(play: Playground) -> Period:
    now = datetime.now(UTC)
    return period_at(play.desk.snapshot(now).policy.schedule, "7", now)


def both(page: Page, shots: Shots, who: str, what: str) -> None:
    """The same screen by day and by night."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        shots.take(page, who, f"{what}-{scheme}")
    page.emulate_media(color_scheme="light")


def fills(teacher: Page, *, test: bool = False) -> None:
    """The form of an agreement, from Mijn les."""
    teacher.locator("#part-agreed").get_by_role("link", name=say("dash.agree.make", "nl")).click()
    teacher.fill("input[name=goal]", GOAL)
    teacher.fill("textarea[name=sites]", "rekenrijk.test")
    if test:
        teacher.get_by_label(say("dash.agree.kind_test", "nl"), exact=True).check()


def reads(pupil: Page, kind: str) -> None:
    """Goal, list with links, and until when."""
    expect(pupil.locator("h1")).to_have_text(say(f"page.{kind}.title", "nl"), timeout=PATIENCE)
    agreed = pupil.locator(".agreed")
    expect(agreed).to_contain_text(say(f"page.{kind}.goal", "nl", goal=GOAL))
    expect(agreed.get_by_role("link", name="rekenrijk.test")).to_have_attribute("href", LEARN)
    expect(agreed).to_contain_text("uur.")


@pytest.mark.parametrize("width", [PHONE, TABLET, WIDE])
def test_an_agreement_from_the_shelf_takes_one_tap(play: Playground, browsers: Browsers, width: int) -> None:
    shots = Shots(width, number=200)
    teacher, pupil = browsers.staff("anja", width), browsers.pupil("Sem", width)
    sign_in(teacher, play, "anja")
    fills(teacher)
    teacher.locator("#klaarzetten > summary").click()
    both(teacher, shots, "juf", "afspraak-formulier")
    teacher.get_by_role("button", name=say("dash.agree.go_keep", "nl")).click()
    shelf = teacher.locator("#afspraken .item")
    expect(shelf).to_contain_text(GOAL, timeout=PATIENCE)
    both(teacher, shots, "juf", "afspraak-klaar")
    types(pupil, OTHER)
    expect(pupil.locator("body")).to_contain_text("Onze school", timeout=PATIENCE)

    shelf.get_by_role("button", name=say("dash.agree.start", "nl")).click()
    running = teacher.locator("#part-agreed .open-now .item")
    expect(running).to_contain_text(GOAL, timeout=PATIENCE)
    both(teacher, shots, "juf", "afspraak-loopt")
    types(pupil, OTHER)
    reads(pupil, "agreement")
    both(pupil, shots, "leerling", "afspraak")
    pupil.locator(".agreed").get_by_role("link", name="rekenrijk.test").click()
    expect(pupil.locator("#som")).to_contain_text("×", timeout=PATIENCE)

    running.get_by_role("button", name=say("dash.agree.stop", "nl")).click()
    expect(running).to_have_count(0, timeout=PATIENCE)
    types(pupil, OTHER)
    expect(pupil.locator("body")).to_contain_text("Onze school", timeout=PATIENCE)


def test_what_a_colleague_shares_is_started_for_another_group(play: Playground, browsers: Browsers) -> None:
    shots = Shots(PHONE, number=230)
    bram, anja = browsers.staff("bram", PHONE), browsers.staff("anja", PHONE)
    sign_in(bram, play, "bram")
    fills(bram)
    bram.locator("#klaarzetten > summary").click()
    bram.locator("input[name=shared]").check()
    bram.get_by_role("button", name=say("dash.agree.go_keep", "nl")).click()
    expect(bram.locator("#afspraken .item")).to_contain_text(say("dash.agree.shared", "nl"), timeout=PATIENCE)
    sign_in(anja, play, "anja")
    shelf = anja.locator("#afspraken .item")
    expect(shelf).to_contain_text(say("dash.agree.by", "nl", who="meester Bram"), timeout=PATIENCE)
    shelf.get_by_role("link", name=say("dash.agree.look", "nl")).click()
    expect(anja.get_by_text(say("dash.agree.drop", "nl"), exact=True)).to_have_count(0)
    both(anja, shots, "juf", "gedeeld-bekeken")
    anja.get_by_role("link", name=say("dash.agree.back", "nl")).click()
    both(anja, shots, "juf", "gedeeld")
    shelf.get_by_role("button", name=say("dash.agree.start", "nl")).click()
    expect(anja.locator("#part-agreed .open-now .item")).to_contain_text(GOAL, timeout=PATIENCE)

    sem, emma = browsers.pupil("Sem", PHONE), browsers.pupil("Emma", PHONE)
    types(sem, OTHER)
    reads(sem, "agreement")
    types(emma, OTHER)
    expect(emma.locator("body")).to_contain_text("Onze school", timeout=PATIENCE)
    expect(bram.locator("#part-agreed .open-now")).to_have_count(0)

    # What is no longer shared does not exist for a colleague, on the page that she has open too.
    bram.locator("#afspraken .item").get_by_role("link", name=say("dash.agree.look", "nl")).click()
    bram.get_by_role("button", name=say("dash.agree.unshare", "nl")).click()
    expect(anja.locator("#afspraken .item")).to_have_count(0, timeout=PATIENCE)


def test_a_planned_agreement_begins_by_itself_with_the_bell(play: Playground, browsers: Browsers) -> None:
    shots = Shots(WIDE, number=260)
    bell = the_next_bell(play)
    teacher, pupil = browsers.staff("anja", WIDE), browsers.pupil("Noor", WIDE)
    sign_in(teacher, play, "anja")
    fills(teacher)
    teacher.locator("#later > summary").click()
    teacher.locator("select[name=at]").select_option(index=0)
    both(teacher, shots, "juf", "plannen")
    teacher.get_by_role("button", name=say("dash.agree.go_later", "nl")).click()
    planned = teacher.locator("#afspraken .item")
    expect(planned).to_contain_text("vandaag", timeout=PATIENCE)
    expect(teacher.locator("#part-agreed .open-now")).to_have_count(0)
    both(teacher, shots, "juf", "gepland")
    planned.get_by_role("link", name=say("dash.agree.move", "nl")).click()
    both(teacher, shots, "juf", "verzetten")
    teacher.get_by_role("link", name=say("dash.agree.back", "nl")).click()
    (made,) = play.store.measures.agreements(play.desk.school, datetime.now(UTC))
    assert made.start == bell
    types(pupil, OTHER)
    expect(pupil.locator("body")).to_contain_text("Onze school", timeout=PATIENCE)
    assert datetime.now(UTC) < bell, "this machine is too slow for the bell of this test"

    teacher.wait_for_timeout((bell - datetime.now(UTC)).total_seconds() * 1000 + 500)
    expect(teacher.locator("#part-agreed .open-now .item")).to_contain_text(GOAL, timeout=PATIENCE)
    types(pupil, OTHER)
    reads(pupil, "agreement")
    shots.take(teacher, "juf", "gepland-loopt")

    # Now the school changes its bells: it is no lesson any more, and so there is no agreement.
    now = period(play)
    assert now.start == bell
    break_ = Slot(PeriodKind.BREAK, clock_time(), clock_time())
    with_bells(play, break_)
    expect(teacher.locator("#part-agreed .open-now")).to_have_count(0, timeout=PATIENCE)


def the_next_bell(play: Playground) -> datetime:
    """A lesson that ends, and the next that begins, so many seconds from now."""
    zone = zone_of(play.desk.snapshot(datetime.now(UTC)).policy.schedule.zone)
    while (local := datetime.now(zone) + timedelta(seconds=75)).date() != datetime.now(zone).date():
        time.sleep(1)  # not over midnight
    at = local.replace(microsecond=0)
    with_bells(
        play,
        Slot(PeriodKind.LESSON, clock_time(), at.time()),
        Slot(PeriodKind.LESSON, at.time(), clock_time()),
    )
    return at.astimezone(UTC)


@pytest.mark.parametrize("width", [PHONE, TABLET, WIDE])
def test_in_a_test_nothing_interrupts_and_afterwards_everything_is_as_before(
    play: Playground, browsers: Browsers, width: int
) -> None:
    shots, store, school = Shots(width, number=300), play.store, play.desk.school
    teacher, pupil = browsers.staff("anja", width), browsers.pupil("Fatima", width)
    waiting = browsers.pupil("Daan", width)
    sign_in(teacher, play, "anja")
    types(waiting, SITE)
    sees_the_block_page(waiting)
    asks_the_teacher(waiting, "", Shots(width, number=390))
    expect(teacher.locator("#part-asks .card.asks .item")).to_have_count(1, timeout=PATIENCE)
    chat = Grant(
        "",
        datetime.now(UTC),
        datetime.now(UTC) + timedelta(hours=1),
        Role.TEACHER,
        "staff-anja",
        people=frozenset({"p7-3"}),
        sites=("kletsplein.test",),
        facets=frozenset({Facet.PLACE, Facet.ACTION}),
    )
    store.grants.add(school, chat, datetime.now(UTC))
    types(pupil, SITE)
    expect(pupil.locator("#stand")).to_have_text("Je bent verbonden.", timeout=PATIENCE)

    # Starting asks what stops; what stays open counts for nothing, and the open chat is cut.
    fills(teacher, test=True)
    both(teacher, shots, "juf", "toets-formulier")
    teacher.get_by_role("button", name=say("dash.agree.go", "nl")).click()
    question = teacher.locator("#anders-open")
    expect(question).to_contain_text("kletsplein.test", timeout=PATIENCE)
    question.get_by_label(say("dash.agree.keep_others", "nl"), exact=True).check()
    both(teacher, shots, "juf", "toets-vraag")
    teacher.get_by_role("button", name=say("dash.agree.go", "nl")).click()
    running = teacher.locator("#part-agreed .open-now")
    expect(running).to_contain_text(say("dash.agree.test_now", "nl"), timeout=PATIENCE)
    expect(pupil.locator("#stand")).to_have_text("De chat is dicht.", timeout=PATIENCE)
    # Nothing calls on the teacher's screen; what waited is one tap away.
    expect(teacher.locator("#part-asks .card.asks")).to_have_count(0)
    expect(teacher.locator("#part-tiles")).not_to_contain_text(say("dash.tiles.waits", "nl"))
    expect(teacher.locator("#part-asks details.quiet")).to_contain_text(say("dash.asks.quiet", "nl", count=1))
    both(teacher, shots, "juf", "toets-loopt")

    for site in (OTHER, SITE):
        types(pupil, site)
        reads(pupil, "test")
        expect(pupil.get_by_role("link", name=say("page.button.ask", "nl"))).to_have_count(0)
    both(pupil, shots, "leerling", "toets")
    sent = pupil.evaluate(
        """async () => (await fetch("/_klaswacht/ask", {method: "POST", body: "why=lesson&line=",
        headers: {"content-type": "application/x-www-form-urlencoded", "x-klaswacht": "1"}})).json()"""
    )
    assert sent == {"sent": False, "say": say("page.test.ask", "nl")}
    assert len(store.incidents.asks(school, ("7",))) == 1

    # A permission that comes now does not join; help and telling stay.
    later = replace(chat, start=datetime.now(UTC), sites=("onzeschool.test",))
    store.grants.add(school, later, datetime.now(UTC))
    expect(teacher.locator("#part-open")).to_contain_text(say("dash.open.aside", "nl"), timeout=PATIENCE)
    types(pupil, OTHER)
    reads(pupil, "test")
    pupil.goto(f"{OTHER}_klaswacht/help")
    expect(pupil.locator("h1")).to_have_text(say("page.help.title", "nl"), timeout=PATIENCE)
    pupil.goto(f"{OTHER}_klaswacht/report")
    expect(pupil.locator("form")).to_be_visible(timeout=PATIENCE)
    types(pupil, LEARN)
    expect(pupil.locator("#som")).to_contain_text("×", timeout=PATIENCE)
    types(pupil, SITE)
    reads(pupil, "test")

    # Stop: the pupil's page opens itself, the chat that was permitted is there, and the request calls again.
    running.get_by_role("button", name=say("dash.agree.stop_test", "nl")).click()
    expect(running).to_have_count(0, timeout=PATIENCE)
    expect(pupil.locator("#stand")).to_have_text("Je bent verbonden.", timeout=PATIENCE)
    expect(teacher.locator("#part-asks .card.asks .item")).to_have_count(1, timeout=PATIENCE)
    shots.take(teacher, "juf", "na-de-toets")
