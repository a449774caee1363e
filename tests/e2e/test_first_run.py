"""From an empty box to a working school in one sitting, by the assistant: a real guard, real browsers, nothing seeded.

The clock is the real one, so it may be night or Sunday: the self-test judges as in the next lesson, and the page of a
closed site that a pupil sees is one that is closed at any hour.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from cli.demo.browser import find_chromium, make_profile
from cli.home import Home
from config import load
from config.texts import say
from dashboard import totp
from store import Store, open_store
from store.self_tests import PAGES, Probe
from tests.e2e.browsing import chromium_program
from tests.e2e.conftest import PATIENCE, SHOTS
from tests.e2e.playground import started

pytestmark = [pytest.mark.full, pytest.mark.browser, pytest.mark.timeout(400)]

PASSWORD = "zeven eendjes zwemmen naar huis"
WIDTHS = (390, 820, 1440)


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@dataclass
class Box:
    """A box that was taken out of its wrapping: its own file, one link on its screen, and nothing else."""

    home: Home
    store: Store
    link: str
    dashboard: str
    proxy: int
    page: int

    @property
    def ca(self) -> Path:
        return self.home.ca_folder / "klaswacht-ca.crt"


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    folder = tmp_path_factory.mktemp("box")
    home, page = Home(folder / "home"), free_port()
    home.prepare()
    load.write_template(home.school_file)
    text = home.school_file.read_text()
    for key in ("proxy", "keyed", "dashboard"):
        text = re.sub(rf"(?m)^  {key}: \d+", f"  {key}: 0", text)
    # The one thing that is typed on the box besides: a port for its own pages.
    home.school_file.write_text(text.replace("  dashboard: 0", f"  page: {page}\n  dashboard: 0"))
    log = folder / "up.log"
    with contextlib.ExitStack() as stack:
        _, told = stack.enter_context(started(home, log))
        store = open_store(home.database_url, home.accounts_url, key=home.columns_key)
        stack.callback(store.close)
        link = re.search(r"https://\S+/wachtwoord/\S+", log.read_text("utf-8", "replace"))
        assert link, log.read_text("utf-8", "replace")
        yield Box(home, store, link[0], f"https://127.0.0.1:{told['dashboard']}", int(str(told["proxy"])), page)


@dataclass
class Desks:
    """Browsers with a home of their own, all closed at the end."""

    engine: Playwright
    box: Box
    folder: Path
    opened: list[Browser] = field(default_factory=list)

    def open(self, name: str, *, proxied: bool = False, trusting: bool = True) -> Page:
        profile = make_profile(self.folder / name, {"school": self.box.ca} if trusting else {})
        browser = self.engine.chromium.launch(
            executable_path=find_chromium(),
            env={**os.environ, **profile.environment()},
            args=[*profile.flags(), "--disable-gpu"],
            proxy={"server": f"http://127.0.0.1:{self.box.proxy}"} if proxied else None,
        )
        self.opened.append(browser)
        page = browser.new_context(locale="nl-NL", timezone_id="Europe/Amsterdam").new_page()
        page.set_default_timeout(PATIENCE)
        return page


@pytest.fixture
def desks(engine: Playwright, box: Box, tmp_path: Path) -> Iterator[Desks]:
    chromium_program()
    if shutil.which("certutil") is None:
        pytest.skip("needs certutil, so that the browser trusts the CA (sudo apt-get install libnss3-tools)")
    all_of_them = Desks(engine, box, tmp_path)
    yield all_of_them
    for browser in all_of_them.opened:
        browser.close()


def shoot(page: Page, name: str) -> None:
    """The page at three widths, light and dark; it fits on each."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # a str of the two that it takes
            page.screenshot(path=str(SHOTS / f"first-run-{name}-{width}-{scheme}.png"), full_page=True)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, (name, width, wide)
    page.emulate_media(color_scheme="light")


def chooses_a_password(page: Page, link: str) -> None:
    page.goto(link)
    page.fill("input[name=password]", PASSWORD)
    page.fill("input[name=again]", PASSWORD)
    page.get_by_role("button", name=say("dash.password.go", "nl")).click()
    page.wait_for_load_state()


def signs_in(page: Page, login: str) -> None:
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name=say("dash.sign_in.go", "nl")).click()


def sets_up_a_second_factor(page: Page) -> None:
    expect(page.locator("h1")).to_have_text(say("dash.account.setup", "nl"))
    page.get_by_role("button", name=say("dash.account.setup_go", "nl")).click()
    page.get_by_text(say("dash.account.setup_type", "nl")).click()
    secret = base64.b32decode(page.locator(".once.key").inner_text().replace(" ", ""))
    page.fill("input[name=first]", totp.code_at(secret, datetime.now(UTC)))
    page.get_by_role("button", name=say("dash.account.setup_confirm", "nl")).click()
    page.get_by_role("link", name=say("dash.account.codes_done", "nl")).click()


def button(page: Page, code: str) -> None:
    page.get_by_role("button", name=say(code, "nl"), exact=True).click()


def says(page: Page, code: str) -> None:
    expect(page.locator("#page")).to_contain_text(say(code, "nl"))


def step(page: Page, slug: str, name: str) -> None:
    page.get_by_role("link", name=re.compile(rf"\d\. {re.escape(say(f'begin.{name}.title', 'nl'))}")).click()
    expect(page.locator("h1")).to_have_text(say(f"begin.{name}.title", "nl"))
    shoot(page, f"{slug}")


def overview(page: Page, box: Box) -> None:
    page.goto(f"{box.dashboard}/beheer/begin")


def test_from_an_empty_box_to_a_school_in_which_a_closed_page_is_closed(box: Box, desks: Desks) -> None:
    coordinator = desks.open("coordinator")
    chooses_a_password(coordinator, box.link)
    signs_in(coordinator, "coordinator")
    sets_up_a_second_factor(coordinator)
    coordinator.wait_for_url("**/beheer/begin")
    expect(coordinator.locator(".begin .done")).to_have_count(0)
    shoot(coordinator, "overview-empty")

    def fill_in(slug: str, name: str, do: Callable[[], None]) -> None:
        overview(coordinator, box)
        step(coordinator, slug, name)
        do()

    def protocol() -> None:
        coordinator.get_by_label(re.compile("Regenboog")).check()
        button(coordinator, "begin.protocol.look")
        expect(coordinator.locator(".picked li").first).to_be_visible()
        shoot(coordinator, "protocol-looked")
        button(coordinator, "begin.protocol.adopt")
        says(coordinator, "dash.done.begin_protocol")

    def groups() -> None:
        coordinator.get_by_label("Groep 7", exact=True).check(force=True)
        coordinator.get_by_label("Groep 8", exact=True).check(force=True)
        button(coordinator, "begin.groups.add")
        says(coordinator, "dash.done.begin_groups")

    def times() -> None:
        coordinator.fill("input[name=end]", "14:30")
        coordinator.fill("input[name=end_wed]", "12:30")
        button(coordinator, "begin.times.keep")
        says(coordinator, "dash.done.begin_times")

    def holidays() -> None:
        coordinator.get_by_label("Midden", exact=True).check()
        button(coordinator, "begin.holidays.keep")
        says(coordinator, "dash.done.begin_region")

    def people() -> None:
        coordinator.fill("textarea[name=names]", "Sam Pietersen\nNoor Jansen")
        button(coordinator, "begin.people.add")
        says(coordinator, "dash.done.begin_people")

    def devices() -> None:
        coordinator.get_by_role("link", name=say("begin.devices.go", "nl")).click()
        expect(coordinator.locator("#erbij details[open]")).to_have_count(1)  # there are none yet, so it stands open
        coordinator.fill("#erbij input[name=name]", "Kar 7")
        coordinator.locator("#erbij select[name=group]").first.select_option("7")
        coordinator.fill("#erbij input[name=addresses]", "127.0.0.1")
        button(coordinator, "dash.office.add")
        says(coordinator, "dash.done.device")
        shoot(coordinator, "devices")

    fill_in("protocol", "protocol", protocol)
    fill_in("groups", "groups", groups)
    fill_in("times", "times", times)
    fill_in("holidays", "holidays", holidays)
    fill_in("people", "people", people)
    fill_in("devices-step", "devices", devices)
    fill_in("certificate", "certificate", lambda: None)
    with coordinator.expect_download() as download:
        coordinator.get_by_role("link", name=say("dash.office.ca_get", "nl")).click()
    assert b"BEGIN CERTIFICATE" in Path(download.value.path()).read_bytes()

    overview(coordinator, box)
    step(coordinator, "teacher", "teacher")
    coordinator.fill("input[name=name]", "Juf Els")
    coordinator.fill("input[name=login]", "els")
    coordinator.get_by_label("Groep 7", exact=True).check(force=True)
    button(coordinator, "begin.teacher.add")
    link = coordinator.locator("#eenmalig .key").inner_text()
    shoot(coordinator, "teacher-link")
    teacher = desks.open("teacher")
    chooses_a_password(teacher, link)
    signs_in(teacher, "els")
    teacher.wait_for_url("**/les/7")

    overview(coordinator, box)
    step(coordinator, "test", "test")
    says(coordinator, "begin.test.none")
    address = coordinator.locator("code.address").inner_text()
    assert address == f"http://wacht.klaswacht.internal:{box.page}/test"

    # A pupil's Chromebook: the school's certificate, and the proxy.
    pupil = desks.open("pupil", proxied=True)
    closed = pupil.goto("https://www.croxyproxy.com/")
    assert closed is not None and closed.status == 403
    expect(pupil.locator("h1")).to_have_text(say("page.locked.title", "nl"))
    pupil.goto(address)
    expect(pupil.locator(".verdict.good")).to_contain_text(say("selftest.verdict.good", "nl"), timeout=PATIENCE)
    expect(pupil.locator(".tests .dicht")).to_have_count(4)
    shoot(pupil, "selftest-good")
    (tested,) = box.store.self_tests.newest("school")
    assert tested.device == "kar-7" and tested.good and tested.went[Probe.WAY]

    # The coordinator sees it without touching anything, and the school is ready.
    expect(coordinator.locator("#uitslag")).to_contain_text(say("begin.test.verdict.good", "nl"), timeout=PATIENCE)
    shoot(coordinator, "test-good")
    overview(coordinator, box)
    expect(coordinator.locator(".begin .done")).to_have_count(9)
    says(coordinator, "begin.finished")
    shoot(coordinator, "overview-ready")
    coordinator.goto(f"{box.dashboard}/")
    expect(coordinator).not_to_have_url(re.compile("/beheer/begin"))


def test_a_device_that_goes_around_the_proxy_is_red_and_says_what_to_do(box: Box, desks: Desks) -> None:
    around = desks.open("around")
    around.goto(f"http://127.0.0.1:{box.page}/test")
    expect(around.locator(".verdict.bad")).to_contain_text(say("selftest.verdict.around", "nl"), timeout=PATIENCE)
    expect(around.locator(".tests .weg")).to_have_count(4)
    shoot(around, "selftest-around")
    newest = box.store.self_tests.newest("school")[0]
    assert newest.went[Probe.WAY] is False


def test_a_device_without_the_certificate_is_told_so_and_is_not_green(box: Box, desks: Desks) -> None:
    untrusting = desks.open("untrusting", proxied=True, trusting=False)
    untrusting.goto(f"http://wacht.klaswacht.internal:{box.page}/test")
    expect(untrusting.locator(".verdict")).to_contain_text(say("selftest.verdict.certificate", "nl"), timeout=PATIENCE)
    expect(untrusting.locator(".verdict.good")).to_have_count(0)
    shoot(untrusting, "selftest-certificate")


def test_without_scripts_four_taps_tell_the_same(box: Box, desks: Desks) -> None:
    browser = desks.open("plain", proxied=True).context.browser
    assert browser is not None
    page = browser.new_context(java_script_enabled=False, locale="nl-NL").new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"http://wacht.klaswacht.internal:{box.page}/test")
    expect(page.locator(".words")).to_contain_text("Tik de vier bladzijden")
    links = page.locator("[data-probe]")
    expect(links).to_have_count(len(PAGES))
    shoot(page, "selftest-no-script")
    for number in range(len(PAGES)):
        with page.context.expect_page() as opened:
            links.nth(number).click()
        opened.value.wait_for_load_state()
        expect(opened.value.locator("h1")).not_to_contain_text("NIET")
        expect(opened.value.locator("footer")).to_contain_text(say("page.name", "nl"))
        opened.value.close()
