"""A real Chromium and a real Firefox under the policies that a school exports, with the real guard in front of them."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, expect
from playwright.sync_api import Error as BrowserError

from cli.chromebook import files
from cli.demo.browser import make_profile
from config import load
from config.chromebook import parcel
from config.chromebook.data import System, policies
from config.settings import Settings
from tests.e2e.browsing import chromium_program
from tests.e2e.conftest import PATIENCE, SHOTS
from tests.e2e.managed import managed
from tests.e2e.playground import Playground, playground
from tests.e2e.test_pac import quiet_port

WITHIN = 60.0  # seconds: a ceiling on a busy machine

pytestmark = [pytest.mark.timeout(400), pytest.mark.browser]


@dataclass
class Exported:
    """The running guard, what it exports for group 7, and browsers under those policies."""

    play: Playground
    engine: Playwright
    folder: Path
    made: Mapping[str, bytes]
    opened: list[BrowserContext] = field(default_factory=list)

    def policies(self) -> dict[str, Any]:
        found = json.loads(self.made[parcel.LAPTOPS])
        assert isinstance(found, dict)
        return found

    @contextlib.contextmanager
    def chromium(self, said: dict[str, Any] | None = None, *flags: str) -> Iterator[Page]:
        """A browser of the school, with nothing but the export: the school's CA is in no store of the machine."""
        home = self.folder / f"browser-{time.monotonic_ns()}"
        profile = make_profile(home, {"playground": self.play.papers.ca})  # of the sites that are tunnelled
        context = self.engine.chromium.launch_persistent_context(
            home / "profile",
            executable_path=str(managed(home, chromium_program(), said or self.policies())),
            env={**os.environ, **profile.environment()},
            args=[
                *profile.flags(),
                *flags,
                "--disable-gpu",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            ],
            locale="nl-NL",
        )
        try:
            tab = context.pages[0]
            tab.set_default_timeout(PATIENCE)
            yield tab
        finally:
            context.close()


@pytest.fixture(scope="module")
def exported(engine: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exported]:
    folder, page = tmp_path_factory.mktemp("chromebook"), quiet_port()
    with playground(folder, page=page) as play:
        settings: Settings = load.read_school(play.home.school_file).settings
        listen = replace(settings.listen, groups=play.groups, page=page)
        made = files(play.home, replace(settings, listen=listen), "7", "nl", datetime.now(UTC).date())
        yield Exported(play, engine, folder, made)


def until(so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WITHIN
    while not so():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def fails(tab: Page, url: str) -> str:
    """What the browser says of a page that it cannot open."""
    with pytest.raises(BrowserError) as told:
        tab.goto(url)
    return str(told.value)


DEEP = """(wanted) => {
  const found = [];
  const walk = (root) => { for (const one of root.querySelectorAll('*')) {
    if (one.matches(wanted)) { found.push(one); }
    if (one.shadowRoot) { walk(one.shadowRoot); }
  } };
  walk(document);
  return found;
}"""
"""Every element that a selector means, inside the parts of the browser's own pages too."""


def told(tab: Page) -> dict[str, str]:
    """What chrome://policy says of every policy: `OK`, or what is wrong with it."""
    tab.goto("chrome://policy")
    script = f"""() => ({DEEP})('policy-row').map(row => {{
      const said = (name) => row.shadowRoot.querySelector(name)?.textContent.trim() ?? '';
      return [said('#name'), [said('.policy .messages'), said('.errors .value')].filter(Boolean).join(': ')];
    }})"""
    until(lambda: len(tab.evaluate(script)) > 1, "chrome://policy lists what it has")
    return dict(tab.evaluate(script))


@pytest.mark.full
def test_chromium_takes_every_exported_policy_and_each_name_that_linux_has_is_known_there(exported: Exported) -> None:
    foreign = {name for name, one in policies().items() if System.LINUX not in one.on}
    everything = json.loads(exported.made[parcel.USERS]) | exported.policies()
    with exported.chromium(everything) as tab:
        said = told(tab)
        tab.screenshot(path=_shot("chromebook-policies"), full_page=True)
    mine = {name: said.get(name, "not there") for name in exported.policies()}
    assert set(mine.values()) == {"OK"}, {name: what for name, what in mine.items() if what != "OK"}
    # What the list says of ChromeOS alone is so: this browser does not know the name.
    assert {name for name, what in said.items() if "Unknown policy" in what} == foreign & set(everything)


@pytest.mark.full
def test_with_nothing_but_the_export_a_closed_site_is_our_page_over_https_without_a_warning(exported: Exported) -> None:
    before = exported.play.store.events.last_id("school")
    with exported.chromium() as tab:
        tab.goto("https://kletsplein.test/")
        expect(tab.locator("h1")).to_have_text("Deze site is nu dicht")
        tab.screenshot(path=_shot("chromebook-closed"))
        tab.goto("https://vertel.klaswacht.internal/")
        expect(tab.locator("h1")).to_have_text("Het is niet jouw schuld")
        until(lambda: exported.play.store.events.last_id("school") > before, "the group's teacher is told")
        (latest,) = exported.play.store.events.latest("school", limit=1)
        assert latest.event.group == "7"
        tab.goto("chrome://bookmarks")
        tree = json.dumps(tab.evaluate("() => chrome.bookmarks.getTree()"))
        assert "Ik zag iets vervelends" in tree and "https://vertel.klaswacht.internal/" in tree
    without = exported.policies()
    without.pop("CACertificates")
    with exported.chromium(without) as tab:  # it is the certificate of the export that does it
        assert "ERR_CERT_AUTHORITY_INVALID" in fails(tab, "https://kletsplein.test/")


@pytest.mark.full
def test_an_incognito_window_is_none(exported: Exported) -> None:
    free = exported.policies()
    free.pop("IncognitoModeAvailability")
    for said, apart in ((exported.policies(), False), (free, True)):
        with exported.chromium(said, "--incognito") as tab:
            browser = tab.context.browser
            assert browser is not None
            usual = browser.new_browser_cdp_session().send("Target.getBrowserContexts")["defaultBrowserContextId"]
            mine = tab.context.new_cdp_session(tab).send("Target.getTargetInfo")["targetInfo"]["browserContextId"]
            assert (mine != usual) is apart


def _shot(name: str) -> Path:
    SHOTS.mkdir(parents=True, exist_ok=True)
    return SHOTS / f"{name}.png"


@pytest.mark.full
def test_when_the_guard_stops_the_floor_holds_and_nothing_else_opens(exported: Exported) -> None:
    """The last of this file with the guard: it stops it."""
    with exported.chromium() as tab:
        assert "ERR_BLOCKED_BY_ADMINISTRATOR" in fails(tab, "https://malware.test/")
        tab.goto("https://rekenrijk.test/")
        assert exported.play.stop() == 0
        assert "ERR_BLOCKED_BY_ADMINISTRATOR" in fails(tab, "https://malware.test/")
        assert "ERR_PROXY_CONNECTION_FAILED" in fails(tab, "https://rekenrijk.test/")
    with exported.chromium() as tab:  # started while the guard is off
        assert "ERR_BLOCKED_BY_ADMINISTRATOR" in fails(tab, "https://www.malware.test/")
        assert "ERR_MANDATORY_PROXY_CONFIGURATION_FAILED" in fails(tab, "https://rekenrijk.test/")
