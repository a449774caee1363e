"""The emergency exit on the running guard: by the desk, by the code while the desk hangs, by the command line.

Real Chromium, real workers. What the rules close opens within seconds and closes again; the floor and help never move.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest
from playwright.sync_api import Page, expect

from cli.demo.school import PASSWORD
from config.texts import say
from store.emergencies import FREE_TRIES, Way
from tests.e2e.browsing import types
from tests.e2e.conftest import PATIENCE, Browsers, Shots
from tests.e2e.playground import Playground
from tests.e2e.test_main_job import DESKTOP, PHONE, SITE, sees_the_block_page, sign_in, wait_until

pytestmark = [pytest.mark.full, pytest.mark.browser, pytest.mark.timeout(400)]

FLOOR = "https://www.pornhub.com/"
CRY = "https://zoekmaar.test/zoek?q=ik+wil+dood"
SCHOOL = "school"


@contextmanager
def hangs(play: Playground, kind: str) -> Iterator[None]:
    """The guard's processes of a kind stand still meanwhile, as a program does that hangs."""
    children = psutil.Process(play.process.pid).children(recursive=True)
    mine = [one for one in children if one.cmdline()[2:4] == ["cli.worker", kind]]
    assert mine
    for one in mine:
        one.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for one in mine:
            one.send_signal(signal.SIGCONT)


def enters(page: Page, play: Playground, where: str) -> None:
    """The coordinator signs in and goes on to a page of Beheer."""
    page.goto(f"{play.dashboard_url}/inloggen?naar={where}")
    page.fill("input[name=login]", "coordinator")
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name=say("dash.sign_in.go", "nl")).click()
    page.wait_for_url(f"**{where}")


def is_open(page: Page) -> None:
    expect(page.locator("#stand")).to_have_text("Je bent verbonden.", timeout=PATIENCE)


def floor_and_help_stand(page: Page) -> None:
    """The floor is shut as always, and a cry for help gets the page with people."""
    answer = types(page, FLOOR)
    assert answer is not None and answer.status == 403
    expect(page.locator("h1")).to_have_text(say("page.locked.title", "nl"))
    assert "nooduitgang" not in page.locator("body").inner_text().lower()
    types(page, CRY)
    expect(page.get_by_text("0800-0432").first).to_be_visible()


def nood(play: Playground) -> str:
    return f"http://{play.desk.settings.listen.pupils_host}/_klaswacht/nood"


def sends(page: Page, code: str, hours: str = "") -> None:
    page.fill("#code", code)
    if hours:
        page.get_by_text(say(f"nood.hour.h{hours}", "nl"), exact=True).click()
    page.locator("form button").click()
    page.wait_for_load_state()


def test_the_coordinator_opens_it_from_the_desk_and_closes_it_early(play: Playground, browsers: Browsers) -> None:
    shots = Shots(DESKTOP)
    pupil, desk, teacher = browsers.pupil("Noor", DESKTOP), browsers.staff("cor", DESKTOP), browsers.staff("juf", PHONE)
    sign_in(teacher, play, "anja")
    enters(desk, play, "/beheer/nooduitgang")
    shots.take(desk, "nood", "uit")
    types(pupil, SITE)
    sees_the_block_page(pupil)
    wait_until(lambda: play.store.events.last_id(SCHOOL) > 0, pupil, "that it was closed is written down")
    last = play.store.events.last_id(SCHOOL)

    desk.locator("input[name=uren][value='2']").check()
    desk.get_by_role("button", name=say("dash.emergency.go", "nl")).click()
    expect(desk.get_by_text("Nooduitgang aan tot")).to_be_visible()
    shots.take(desk, "nood", "aan")
    is_open(pupil)  # by itself: the page that waited opens
    expect(teacher.locator("#part-storing")).to_contain_text("alleen de vaste sloten houden", timeout=PATIENCE)
    shots.take(teacher, "nood", "juf-ziet-het")
    floor_and_help_stand(pupil)
    types(pupil, SITE)
    is_open(pupil)
    assert play.store.events.last_id(SCHOOL) == last, "nothing of a pupil is written down meanwhile"

    desk.get_by_role("button", name=say("dash.emergency.stop", "nl")).click()
    expect(desk.get_by_text("Alle regels gelden weer.")).to_be_visible()
    expect(pupil.locator("#stand")).to_have_text("De chat is dicht.", timeout=PATIENCE)  # what was open is closed too
    expect(teacher.locator("#part-storing")).not_to_contain_text("vaste sloten", timeout=PATIENCE)
    types(pupil, SITE)
    sees_the_block_page(pupil)


def test_by_the_code_it_opens_while_the_desk_hangs(play: Playground, browsers: Browsers) -> None:
    shots = Shots(PHONE)
    desk, pupil = browsers.staff("cor2", DESKTOP), browsers.pupil("Sem", PHONE)
    enters(desk, play, "/beheer/nooduitgang")
    desk.get_by_role("button", name=say("dash.emergency.code_new", "nl")).click()
    code = desk.locator(".daycode").inner_text()
    shots.take(desk, "nood", "code")
    types(pupil, SITE)
    sees_the_block_page(pupil)
    with hangs(play, "dashboard"):
        types(pupil, nood(play))
        shots.take(pupil, "nood", "formulier")
        sends(pupil, "aaaa-bbbb-cccc", "1")
        expect(pupil.locator("[role=alert]")).to_have_text(say("nood.wrong", "nl"))
        shots.take(pupil, "nood", "fout")
        sends(pupil, code.lower().replace("-", " "), "1")
        expect(pupil.locator("h1")).to_contain_text("De nooduitgang is aan tot")
        shots.take(pupil, "nood", "open")
        types(pupil, SITE)
        is_open(pupil)
        floor_and_help_stand(pupil)
        types(pupil, nood(play))
        sends(pupil, code)
        expect(pupil.locator("[role=status]")).to_have_text(say("nood.off", "nl"))
        types(pupil, SITE)
        sees_the_block_page(pupil)
    desk.goto(f"{play.dashboard_url}/beheer/nooduitgang")
    expect(desk.get_by_text("met de code")).to_be_visible()


def test_after_ten_wrong_codes_even_the_right_one_waits(play: Playground, browsers: Browsers) -> None:
    code = play.store.emergencies.make_code(SCHOOL, "cor", play.store.audit.entries(SCHOOL, limit=1)[0].when)
    pupils = [browsers.pupil(name, PHONE) for name in ("Noor", "Sem")]
    for page in pupils:
        for _ in range(FREE_TRIES):
            types(page, nood(play))
            sends(page, "aaaa-bbbb-cccc", "1")
    known = play.store.emergencies.code(SCHOOL)
    assert known is not None and known.wrong >= FREE_TRIES
    other = browsers.pupil("Daan", PHONE)
    types(other, nood(play))
    sends(other, code, "1")
    expect(other.locator("[role=alert]")).to_contain_text("Er is te vaak een foute code getypt.")
    Shots(PHONE).take(other, "nood", "wacht")
    types(other, SITE)
    sees_the_block_page(other)


def test_the_command_opens_it_too(play: Playground, browsers: Browsers) -> None:
    def command(*words: str) -> str:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("KLASWACHT_")}
        done = subprocess.run(
            [sys.executable, "-c", "from cli.main import main; main()", "emergency", *words],
            env={**environment, "KLASWACHT_HOME": str(play.home.path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout

    pupil = browsers.pupil("Noor", DESKTOP)
    types(pupil, SITE)
    sees_the_block_page(pupil)
    assert "De nooduitgang is aan tot" in command("on", "--hours", "1")
    is_open(pupil)
    assert "is aan, van" in command("status")
    held = play.store.emergencies.past(SCHOOL, 1)[0]
    assert held.way == Way.COMMAND
    assert "Alle regels gelden weer" in command("off")
    types(pupil, SITE)
    sees_the_block_page(pupil)


def test_the_desk_says_how_the_guard_is(play: Playground, browsers: Browsers) -> None:
    desk = browsers.staff("cor3", DESKTOP)
    enters(desk, play, "/beheer/gezondheid")
    expect(desk.get_by_text("werkers luisteren")).to_be_visible()
    expect(desk.get_by_text("MB vrij")).to_be_visible()
    assert desk.locator(".health.broken").count() == 0, desk.locator(".health-list").inner_text()
    Shots(DESKTOP).take(desk, "gezondheid", "goed")
