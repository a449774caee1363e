"""The coordinator moves a break with the keyboard alone: the running guard follows, and a way back undoes it.

Real Chromium, real guard, the protocol of a school without computers in the break.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from cli.demo.school import PASSWORD
from config import load
from config.schema_timetable import WEEKDAYS
from config.texts import say
from policy.model import PeriodKind
from policy.schedule import period_at, zone_of
from tests.e2e.browsing import types
from tests.e2e.conftest import PATIENCE, Browsers, Shots
from tests.e2e.playground import Playground

pytestmark = [pytest.mark.full, pytest.mark.browser, pytest.mark.timeout(300)]

SITE = "https://onzeschool.test/"
MOST = 250  # presses of Tab to anything on a page
WIDTHS = (390, 820, 1440)


def elsewhere(now: datetime) -> tuple[str, str]:
    """A break that is not now."""
    return ("20:00", "20:15") if now.hour < 12 else ("04:00", "04:15")


def around(now: datetime) -> tuple[str, str]:
    """A break that is now, and stays on this day."""
    start, end = now - timedelta(minutes=20), now + timedelta(hours=1)
    first = start if start.date() == now.date() else now.replace(hour=0, minute=1)
    last = end if end.date() == now.date() else now.replace(hour=23, minute=59)
    return f"{first:%H:%M}", f"{last:%H:%M}"


@pytest.fixture
def today(play: Playground) -> Iterator[datetime]:
    """Lesson all day, with a break at another moment; the school's clock."""
    now = datetime.now(UTC).astimezone(zone_of("Europe/Amsterdam"))
    start, end = elsewhere(now)
    text = play.home.school_file.read_text("utf-8").replace("protocol: kalisto", "protocol: regenboog")
    text = text.replace('["00:00-24:00"]', f'["00:00-24:00"], breaks: ["{start}-{end}"]')
    file = load.parse_school(text.encode())
    assert play.store.policies.add(play.desk.school, file.policy, "test", "setup", now, written=file.written)
    yield now


def sign_in(page: Page, play: Playground) -> None:
    page.goto(f"{play.dashboard_url}/")
    page.fill("input[name=login]", "coordinator")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/beheer/**")


def tab_to(page: Page, goal: Locator) -> None:
    for _ in range(MOST):
        if goal.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no way to {goal} with the keyboard")


def types_time(page: Page, field: Locator, clock: str) -> None:
    """A time as one types it: with a.m. and p.m. where this browser writes it so, else with 24 hours."""
    hour, minute = (int(part) for part in clock.split(":"))
    page.keyboard.type(f"{hour % 12 or 12:02}{minute:02}{'P' if hour >= 12 else 'A'}")
    if field.input_value() != clock:
        tab_to(page, field)
        page.keyboard.type(f"{hour:02}{minute:02}")
    assert field.input_value() == clock


def pictures(page: Page, what: str, number: int) -> None:
    """The same screen at three widths, by day and by night."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            Shots(width, number).take(page, "beheer", f"{what}-{scheme}")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1440, "height": 800})


def test_a_break_moved_with_the_keyboard_reaches_the_pupil_and_a_way_back_brings_the_lesson_back(
    play: Playground, browsers: Browsers, today: datetime
) -> None:
    desk, pupil = browsers.staff("coordinator", 1440), browsers.pupil("Noor", 1440)
    types(pupil, SITE)
    expect(pupil.locator("body")).to_contain_text("Onze school", timeout=PATIENCE)
    sign_in(desk, play)

    desk.goto(f"{play.dashboard_url}/beheer/week")
    pictures(desk, "week", 900)
    day = desk.locator(f"#dag-{today.weekday()}")
    tab_to(desk, day.locator("> summary"))
    desk.keyboard.press("Enter")
    begin = day.locator("fieldset.slot").nth(1).locator("input[type=time]").first
    tab_to(desk, begin)
    start, end = around(today)
    types_time(desk, begin, start)
    until = day.locator("fieldset.slot").nth(1).locator("input[type=time]").nth(1)
    tab_to(desk, until)
    types_time(desk, until, end)
    pictures(desk, "week-typed", 910)
    desk.keyboard.press("Enter")
    plan = desk.locator("#plan")
    expect(plan).to_contain_text(f"wordt {start}–{end}", timeout=PATIENCE)
    expect(plan).to_contain_text("Alle groepen: nu les")
    pictures(desk, "week-plan", 920)
    sure = plan.locator("input[name=sure]")
    if sure.count():
        tab_to(desk, sure)
        desk.keyboard.press("Space")
    tab_to(desk, plan.get_by_role("button", name=say("dash.times.save", "nl")))
    desk.keyboard.press("Enter")
    expect(desk.locator(".note.told")).to_contain_text(say("dash.done.week_kept", "nl"), timeout=PATIENCE)

    types(pupil, SITE)
    expect(pupil.locator("h1")).to_have_text(say("page.break.title", "nl"), timeout=PATIENCE)
    kept = play.store.policies.current(play.desk.school)
    assert kept and period_at(kept.policy.schedule, "7", datetime.now(UTC)).kind is PeriodKind.BREAK
    days = {name for name in WEEKDAYS if f"{start}-{end}" in kept.written}
    assert days

    desk.goto(f"{play.dashboard_url}/beheer/versies")
    expect(desk.locator("#bestand-op-de-kast")).to_contain_text("is ouder")
    pictures(desk, "versies", 930)
    desk.goto(f"{play.dashboard_url}/beheer/versies/{kept.number - 1}/terug")
    if desk.locator("input[type=password]").count():
        desk.fill("input[type=password]", PASSWORD)
        desk.keyboard.press("Enter")
    expect(desk.locator("#plan")).to_contain_text("Alle groepen: nu pauze", timeout=PATIENCE)
    pictures(desk, "terug", 940)
    desk.get_by_role("button", name=say("dash.versions.back_go", "nl", number=kept.number - 1)).click()
    expect(desk.locator(".note.told")).to_contain_text(say("dash.done.version_back", "nl"), timeout=PATIENCE)
    # Nobody touches the pupil's page: it waited, and opens by itself.
    expect(pupil.locator("body")).to_contain_text("Onze school", timeout=PATIENCE)


def test_the_year_and_a_file_from_the_browser(play: Playground, browsers: Browsers, today: datetime) -> None:
    desk = browsers.staff("coordinator", 1440)
    sign_in(desk, play)
    desk.goto(f"{play.dashboard_url}/beheer/jaar?jaar=2026-2027")
    desk.get_by_label(say("dash.year.region.title", "nl")).first.select_option("midden")
    desk.locator("form:has(select[name=name]) button").click()
    pictures(desk, "jaar-plan", 950)
    desk.locator("#plan").get_by_role("button", name=say("dash.times.save", "nl")).click()
    expect(desk.locator("#vakanties")).to_contain_text("Kerstvakantie", timeout=PATIENCE)
    pictures(desk, "jaar-wacht", 960)
    desk.get_by_role("button", name=say("dash.year.confirm_all", "nl", year="2026-2027")).click()
    desk.locator("#plan").get_by_role("button", name=say("dash.times.save", "nl")).click()
    expect(desk.locator(".note.told")).to_contain_text("Opgeslagen", timeout=PATIENCE)
    pictures(desk, "jaar-klaar", 970)
    kept = play.store.policies.current(play.desk.school)
    assert kept and any(one.name == "kerstvakantie" for one in kept.policy.schedule.closures)

    desk.goto(f"{play.dashboard_url}/beheer/versies/bestand")
    if desk.locator("input[type=password]").count():
        desk.fill("input[type=password]", PASSWORD)
        desk.keyboard.press("Enter")
    wrong = {"name": "school.yaml", "mimeType": "text/yaml", "buffer": b"protocol: kalisto\nschedule: {dagen: {}}\n"}
    desk.set_input_files("input[type=file]", [wrong])
    desk.get_by_role("button", name=say("dash.week.look", "nl")).click()
    expect(desk.locator("#fout")).to_contain_text("Regel 2", timeout=PATIENCE)
    pictures(desk, "bestand-fout", 980)
    assert play.store.policies.current(play.desk.school) == kept
