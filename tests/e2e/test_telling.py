"""Telling what happened, and a reminder for staff: real browsers, a real guard with two workers, a real dashboard."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from playwright.sync_api import Page, expect

from cli.demo.school import PASSWORD
from config.texts import say
from dashboard.actions import accounts
from policy.model import Device, DeviceClass, ReportTo, Role
from store.accounts import Purpose
from store.people import Person
from tests.e2e.browsing import types
from tests.e2e.conftest import PATIENCE, Browsers, Shots
from tests.e2e.playground import Playground, playground

pytestmark = [pytest.mark.full, pytest.mark.browser, pytest.mark.timeout(300)]

FIXED = "vertel.klaswacht.internal"
PHOTOS = "https://fotodrop.test/"
KEY = "a key of the teacher's own laptop"
REMINDER = (
    "rules:",
    "  - {id: fotos, basis: {decided: 2026-09-01}, facet: place, sites: [fotodrop.test], roles: [teacher],",
    "     holds_in: at school, effect: hold, second_thought: true}",
)
DESKTOP, PHONE = 1280, 390
LINE = "hij roept steeds dingen op het plein"


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    """A playground with a reminder, two counsellors, and a laptop of the school's own for juf Anja."""
    with playground(tmp_path_factory.mktemp("telling"), REMINDER) as running:
        now, school = datetime.now(UTC), running.desk.school
        person = Person("coen", Role.COUNSELLOR, "Coen Dekker")
        fay = Person("fay", Role.COUNSELLOR, "Fay Hendriks")
        running.store.people.put_people(school, [person, fay], "setup", now)
        assert running.store.counsel.switch_on(school, "staff-directie", now)
        account = accounts.add_account(running.desk, "coen", person, "setup", now).value
        assert account is not None
        token = running.store.accounts.make_link(school, account.id, Purpose.SET_PASSWORD, now)
        assert token is not None and accounts.set_password(running.desk, token, PASSWORD, PASSWORD, now).ok
        laptop = Device(
            "laptop-anja",
            "Laptop Anja",
            DeviceClass.STAFF,
            person="staff-anja",
            key_hash=sha256(KEY.encode()).hexdigest(),
        )
        running.store.devices.put(school, laptop, "setup", now)
        yield running


def enter(page: Page, play: Playground, login: str) -> None:
    page.goto(f"{play.dashboard_url}/")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name=say("dash.sign_in.go", "nl")).click()
    page.wait_for_url(lambda url: "/inloggen" not in url)


def until(true: Callable[[], bool], page: Page, again: Callable[[], object]) -> None:
    """Both workers hear of a change by themselves; until then it is tried again."""
    deadline = time.monotonic() + PATIENCE / 1000
    while not true():
        assert time.monotonic() < deadline
        page.wait_for_timeout(100)
        again()


def choose(pupil: Page, kind: str) -> None:
    pupil.get_by_role("button", name=say(f"page.tell.kind.{kind}", "nl"), exact=True).click()
    expect(pupil.locator("h1")).to_have_text(say(f"page.tell.kind.{kind}", "nl"), timeout=PATIENCE)


@pytest.mark.parametrize(("width", "scheme"), [(PHONE, "https"), (DESKTOP, "http")])
def test_a_child_that_is_bullied_tells_the_head_and_nobody_in_class_hears_it(
    play: Playground, browsers: Browsers, width: int, scheme: str
) -> None:
    shots, events = Shots(width, number=60), play.store.events.last_id("school")
    teacher = browsers.staff("anja", width)
    enter(teacher, play, "anja")
    pupil = browsers.pupil("Daan", width)
    types(pupil, f"{scheme}://{FIXED}/")
    expect(pupil.locator("h1")).to_have_text(say("page.tell.title", "nl"), timeout=PATIENCE)
    shots.take(pupil, "leerling", "vertelt")

    def offered() -> bool:
        return pupil.locator("input[name=to][value=counsellor]").count() == 1

    choose(pupil, "bullied")
    until(offered, pupil, pupil.reload)  # the counsellor is new
    pupil.fill("#line", LINE)
    pupil.locator("input[name=to][value=management]").check()
    shots.take(pupil, "leerling", "kiest-wie")
    pupil.get_by_role("button", name=say("page.tell.send", "nl"), exact=True).click()
    expect(pupil.locator("h1")).to_have_text(say("page.tell.thanks_title", "nl"), timeout=PATIENCE)
    expect(pupil.locator(".heard")).to_have_text(say("page.tell.reads.management", "nl"))
    shots.take(pupil, "leerling", "bedankt")
    assert LINE not in pupil.url and play.store.events.last_id("school") == events

    head = browsers.staff("directie", width)
    enter(head, play, "directie")
    head.get_by_role("link", name=say("dash.told.menu", "nl"), exact=True).click()
    expect(head.locator(".item.told").first).to_contain_text("Daan")
    expect(head.locator(".item.told").first).to_contain_text(LINE)
    shots.take(head, "directie", "meldingen")
    head.get_by_role("button", name=say("dash.told.see", "nl"), exact=True).first.click()
    expect(head.locator(".item.told").first).to_contain_text("gezien door Dirk van Dam", timeout=PATIENCE)
    teacher.wait_for_timeout(1500)
    assert "Daan" not in teacher.locator("#part-asks").inner_text() and LINE not in teacher.content()
    teacher.reload()
    assert LINE not in teacher.content()


def test_words_of_who_needs_help_first_bring_help_and_then_go_to_the_counsellor(
    play: Playground, browsers: Browsers
) -> None:
    shots = Shots(PHONE, number=70)
    pupil = browsers.pupil("Sanne", PHONE)
    types(pupil, f"http://{FIXED}/")
    choose(pupil, "bullied")
    until(lambda: pupil.locator("input[value=counsellor]").count() == 1, pupil, pupil.reload)
    pupil.locator("input[name=to][value=counsellor]").check()
    pupil.fill("#line", "ik word gepest")
    pupil.get_by_role("button", name=say("page.tell.send", "nl"), exact=True).click()
    expect(pupil.locator("h1")).to_have_text(say("page.help.title", "nl"), timeout=PATIENCE)
    assert play.store.incidents.reports("school", None, audience=ReportTo.COUNSELLOR) == ()
    shots.take(pupil, "leerling", "eerst-hulp")
    pupil.get_by_role("button", name=say("page.tell.onward_to.counsellor", "nl")).click()
    expect(pupil.locator(".heard")).to_have_text(say("page.tell.reads.counsellor", "nl"), timeout=PATIENCE)
    coen = browsers.staff("coen", PHONE)
    enter(coen, play, "coen")
    expect(coen.locator(".item.told")).to_contain_text("ik word gepest")
    shots.take(coen, "vertrouwen", "verteld")


def test_staff_tell_it_from_the_dashboard(play: Playground, browsers: Browsers) -> None:
    for width in (PHONE, DESKTOP):
        shots = Shots(width, number=80)
        anja = browsers.staff("anja", width)
        enter(anja, play, "anja")
        anja.get_by_role("link", name=say("dash.told.mine", "nl")).click()
        anja.get_by_label(say("dash.told.form.kind.pictures", "nl")).check()
        anja.get_by_label(say("dash.told.form.to.management", "nl"), exact=True).check()
        anja.fill("textarea", "een oud-leerling plaatst foto's van mij")
        shots.take(anja, "juf", "meldt-zelf")
        anja.get_by_role("button", name=say("dash.told.form.send", "nl"), exact=True).click()
        expect(anja.locator(".note.told")).to_have_text(say("dash.done.told_management", "nl"), timeout=PATIENCE)
    told = play.store.incidents.reports("school", None, audience=ReportTo.MANAGEMENT)
    assert [one.person for one in told][:2] == ["staff-anja", "staff-anja"]


def test_on_a_laptop_for_staff_a_reminder_is_read_once_and_the_day_goes_on(
    play: Playground, browsers: Browsers
) -> None:
    events = play.store.events.last_id("school")
    for width in (PHONE, DESKTOP):
        shots = Shots(width, number=90)
        proxy = {"server": f"http://127.0.0.1:{play.keyed}", "username": "laptop-anja", "password": KEY}
        anja = browsers._open(f"laptop-{width}", width, trusting=True, proxy=proxy)
        play.sites.seen.clear()
        anja.goto(PHOTOS)
        until(
            lambda page=anja: page.locator("h1").first.inner_text() == say("page.reminder.title", "nl"),
            anja,
            lambda page=anja: page.goto(PHOTOS),
        )
        shots.take(anja, "juf", "even-denken")
        play.sites.seen.clear()
        anja.get_by_role("button", name=say("page.reminder.button", "nl")).click()
        for _ in range(8):  # whichever worker
            expect(anja.locator("h1")).not_to_have_text(say("page.reminder.title", "nl"), timeout=PATIENCE)
            assert anja.url == PHOTOS
            anja.goto(PHOTOS)
        assert "GET fotodrop.test /" in play.sites.seen
        shots.take(anja, "juf", "gaat-door")
    assert play.store.events.last_id("school") == events
    counted = play.store.events.counts("school", datetime(2020, 1, 1, tzinfo=UTC))
    assert not [count for count in counted if count.name == "staff"]
