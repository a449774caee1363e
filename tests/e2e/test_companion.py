"""The companion extension in a real Chromium, installed by policy from the guard's own address: button, badge, lease.

What a child sees is the cover. At school the guard is behind it; at home, and wherever the guard is not, only the
safety floor is.
"""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Error as BrowserError
from playwright.sync_api import Page, Playwright, expect

from cli.extension import prepared
from cli.home import Home
from config import load
from config.settings import Listen, Settings
from policy.model import Device, DeviceClass, Grant, Role, Strength
from proxy_addons.names.handing import handed
from tests.e2e.companion import Companion, companion, until
from tests.e2e.conftest import SHOTS
from tests.e2e.playground import Playground, playground

pytestmark = [pytest.mark.timeout(300), pytest.mark.browser, pytest.mark.full]

TOLD = "https://vertel.klaswacht.internal/"
DEVICE, PUPIL, ACCOUNT = "kar-1", "p7-1", "noor"


@dataclass
class AtSchool:
    """The running guard, and the browser of a Chromebook of a cart on which Noor of group 7 signed in."""

    play: Playground
    browser: Companion


@pytest.fixture(scope="module")
def school(engine: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AtSchool]:
    folder = tmp_path_factory.mktemp("companion")
    with playground(folder) as play:
        now = datetime.now(UTC)
        play.store.devices.put("school", Device(DEVICE, "Kar 1", DeviceClass.PUPIL, "7"), "test", now)
        play.store.print_accounts.put("school", {PUPIL: ACCOUNT}, "test", now)
        code = play.store.devices.make_code("school", DEVICE, "test", now)
        assert code is not None
        made = prepared(play.home, load.read_school(play.home.school_file).settings)
        authorities = {"school": play.ca, "playground": play.papers.ca}
        flags = (f"--proxy-server=http://127.0.0.1:{play.groups['7']}",)
        told = {"code": code.code, "account": ACCOUNT}
        with companion(engine, folder / "browser", made, authorities, flags, told) as browser:
            yield AtSchool(play, browser)


def covered(page: Page) -> bool:
    """Whether nothing of a page is to be seen or pressed: what is on top everywhere is the cover."""
    return bool(
        page.evaluate(
            "() => [[5, 5], [innerWidth / 2, innerHeight / 2], [innerWidth - 25, innerHeight - 5]].every(([x, y]) =>"
            " document.elementFromPoint(x, y)?.closest('dialog[closedby=none]')?.matches(':modal'))"
        )
    )


def gone(page: Page) -> bool:
    """Whether our own page is in the place of a page."""
    page.wait_for_timeout(50)  # the driver hears of nothing while we do not ask it
    return page.url.startswith("chrome-extension://") and page.url.endswith("/tell.html")


def opened(school: AtSchool, url: str = "https://rekenrijk.test/") -> Page:
    """A page of its own in the child's browser, in front."""
    page = school.browser.context.new_page()
    page.goto(url)
    return page


def test_the_signed_word_of_the_browser_makes_the_guard_know_who_asks(school: AtSchool) -> None:
    """The first of this file: enrolled with the code of the policy, bound by its beats, seated by its lease."""
    store = school.play.store
    until(lambda: bool(store.sign_ins.here("school", DEVICE, "", datetime.now(UTC))), "the lease is accepted")
    (here,) = store.sign_ins.here("school", DEVICE, "", datetime.now(UTC))
    assert (here.person, here.proof) == (PUPIL, Strength.PROVED)
    page = opened(school, "https://kletsplein.test/")
    expect(page.locator("h1")).to_have_text("Deze site is nu dicht")

    def told() -> bool:
        """Every worker hears within seconds where the device is."""
        page.reload()
        (latest,) = store.events.latest("school", limit=1) or (None,)
        return latest is not None and (latest.event.person, latest.event.device) == (PUPIL, DEVICE)

    until(told, "the guard knows whose page that was")
    page.close()


def test_the_badge_counts_down_what_the_teacher_opened(school: AtSchool) -> None:
    now = datetime.now(UTC)
    grant = Grant("", now, now + timedelta(minutes=25), Role.TEACHER, "staff-anja", frozenset({"7"}))
    given = school.play.store.grants.add("school", Grant(**{**_fields(grant), "sites": ("kletsplein.test",)}), now)
    until(lambda: school.browser.count() in ("25", "24"), "the badge counts")
    assert "kletsplein.test. Tot" in school.browser.title()
    school.play.store.grants.revoke("school", given.id, "staff-anja", datetime.now(UTC))
    until(lambda: school.browser.count() == "", "and stops when it is taken back")


def _fields(grant: Grant) -> dict[str, object]:
    return {name: getattr(grant, name) for name in grant.__slots__}


@pytest.mark.parametrize("width", [1440, 390])
def test_one_click_covers_the_page_and_the_next_leads_to_telling_it(school: AtSchool, width: int) -> None:
    before = school.play.store.events.last_id("school")
    page = opened(school)
    page.set_viewport_size({"width": width, "height": 844})
    page.evaluate(
        "() => document.body.append(Object.assign(document.createElement('video'), {id: 'film', loop: true}))"
    )
    school.browser.click(page)
    until(lambda: covered(page), "the page is covered")
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(SHOTS / f"companion-cover-{width}.png"))
    muted = "chrome.tabs.query({active: true}).then(tabs => tabs.some(one => one.mutedInfo.muted))"
    assert school.browser.asks(muted)
    with pytest.raises(BrowserError):
        page.locator("input").first.click(timeout=500)  # nothing behind it can be pressed
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    until(lambda: covered(page), "a key does not take it away")
    with school.browser.context.expect_page() as telling:
        page.keyboard.press("Enter")  # the first button has the focus
    expect(telling.value.locator("h1")).to_contain_text("It is not your fault")
    assert telling.value.url == TOLD
    telling.value.close()
    page.close()
    assert school.play.store.events.last_id("school") == before  # who looks for help did nothing


FIGHTS = {
    "an own dialog on top": "() => { const d = document.createElement('dialog'); d.textContent = 'vervelend';"
    " document.body.append(d); setTimeout(() => d.showModal(), 300); }",
    "an own popover on top": "() => { const d = document.createElement('div'); d.popover = 'manual';"
    " d.style.cssText = 'position:fixed;inset:0;width:100vw;height:100vh;pointer-events:none';"
    " document.body.append(d); setTimeout(() => d.showPopover(), 300); }",
    "taken out of the page once": "() => setTimeout(() => document.querySelector('dialog')?.remove(), 300)",
    "styled away": "() => { const s = document.createElement('style');"
    " s.textContent = 'dialog,div{display:none!important;opacity:0!important;transform:translateX(-9999px)!important}';"
    " document.head.append(s); }",
}


@pytest.mark.parametrize("how", FIGHTS)
def test_a_page_that_comes_back_on_top_is_covered_again(school: AtSchool, how: str) -> None:
    page = opened(school)
    page.evaluate(FIGHTS[how])
    school.browser.click(page)
    page.wait_for_timeout(600)  # longer than the page waits
    until(lambda: gone(page) or covered(page), how)  # a page that hangs on a busy machine is left
    page.close()


def test_a_page_that_goes_on_fighting_goes_away(school: AtSchool) -> None:
    page = opened(school)
    page.evaluate(
        "() => new MutationObserver(() => document.querySelectorAll('dialog').forEach(one => one.remove()))"
        ".observe(document, {childList: true, subtree: true})"
    )
    school.browser.click(page)
    until(lambda: gone(page), "our own page is in its place")
    expect(page.get_by_text("0800\N{NON-BREAKING HYPHEN}0432")).to_be_visible()
    page.close()


def test_where_no_extension_may_write_the_page_goes_away(school: AtSchool) -> None:
    page = opened(school, "chrome://version/")
    school.browser.click(page)
    until(lambda: gone(page), "our own page is in its place")
    page.close()


def test_a_site_cannot_ask_what_the_badge_shows(school: AtSchool) -> None:
    page = opened(school)
    script = "url => fetch(url, {credentials: 'include'}).then(answer => answer.text()).catch(() => 'not readable')"
    assert page.evaluate(script, "https://wacht.klaswacht.internal/_klaswacht/extensie") == "not readable"
    assert page.evaluate(script, "/_klaswacht/extensie") == "{}"
    page.close()


# --- outside the school -----------------------------------------------------------------------------------------------


class Outside:
    """All of the internet that a Chromebook finds at home: it hands out the extension, and counts who else comes."""

    def __init__(self, home: Home) -> None:
        self.came: list[str] = []
        outside = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                answer = handed(path, f"http://127.0.0.1:{outside.port}", home.path)
                if answer is None:
                    outside.came.append(f"{self.headers['Host']}{self.path}")
                self.send_response(200 if answer is None else answer.status)
                body = b"<!doctype html><h1>buiten</h1>" if answer is None else answer.body
                for name, value in () if answer is None else answer.headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.mark.evasion("E21")
def test_outside_the_school_only_the_floor_is_closed_and_nothing_is_told_to_anybody(
    engine: Playwright, tmp_path: Path
) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    made, outside = prepared(home, Settings(listen=Listen())), Outside(home)
    # Also who answers in the guard's place, without the school's certificate, hears nothing.
    flags = (f"--host-resolver-rules=MAP * 127.0.0.1:{outside.port},EXCLUDE 127.0.0.1",)
    updates = f"http://127.0.0.1:{outside.port}/extensie/updates.xml"
    settings = {"account": ACCOUNT, "code": "K7QF-2MXT", "floor": ["extra.test"]}
    try:
        with companion(engine, tmp_path / "browser", made, {}, flags, settings, updates) as browser:
            page = browser.page
            closed = "chrome.declarativeNetRequest.getDynamicRules().then(rules => rules.length)"
            until(lambda: browser.asks(closed) == 1, "the floor is closed")
            for host in ("pornhub.com", "www.nordvpn.com"):
                with pytest.raises(BrowserError, match="ERR_BLOCKED_BY_CLIENT"):
                    browser.context.new_page().goto(f"http://{host}/")
            page.goto("http://gewoon.test/")
            expect(page.locator("h1")).to_have_text("buiten")
            mine = [one for one in outside.came if one.startswith("gewoon.test")]
            browser.click(page)
            until(lambda: covered(page), "the page is covered at home too")
            with browser.context.expect_page() as telling:
                browser.click(page)
            expect(telling.value.get_by_text("0800\N{NON-BREAKING HYPHEN}0432")).to_be_visible()
            assert browser.count() == "" and browser.asks("chrome.storage.local.get()") == {}
            ours = [one for one in outside.came if "klaswacht" in one or one.startswith("127.0.0.1")]
            assert ours == [] and [one for one in outside.came if one.startswith("gewoon.test")] == mine
    finally:
        outside.close()
