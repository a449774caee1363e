"""A real Chromium and a real Firefox under the policies that a school exports; no guard is needed to see these."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error, Page, Playwright

from cli.demo.browser import make_profile
from config.chromebook import parcel
from config.chromebook.data import System, policies
from tests.config.test_chromebook import made
from tests.e2e.browsing import chromium_program
from tests.e2e.conftest import PATIENCE, SHOTS
from tests.e2e.managed import managed
from tests.e2e.marionette import Marionette

WITHIN = 60.0  # seconds: a ceiling on a busy machine
DISTRIBUTION = Path("/usr/lib/firefox-esr/distribution")
"""Where Debian's Firefox reads its policies."""

pytestmark = [pytest.mark.timeout(400), pytest.mark.browser]


def linux() -> dict[str, Any]:
    found = json.loads(made()[parcel.LAPTOPS])
    assert isinstance(found, dict)
    return found


@contextlib.contextmanager
def chromium(
    engine: Playwright,
    home: Path,
    said: Mapping[str, Any],
    authorities: Mapping[str, Path],
    *flags: str,
    agent: str = "",
) -> Iterator[Page]:
    """A Chromium of the school, that looks nothing up and trusts besides its policy only these authorities."""
    profile = make_profile(home, authorities)
    more: dict[str, Any] = {"user_agent": agent} if agent else {}
    context = engine.chromium.launch_persistent_context(
        home / "profile",
        executable_path=str(managed(home, chromium_program(), said)),
        env={**os.environ, **profile.environment()},
        args=[*profile.flags(), *flags, "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
        locale="nl-NL",
        **more,
    )
    try:
        tab = context.pages[0]
        tab.set_default_timeout(PATIENCE)
        yield tab
    finally:
        context.close()


def until(so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WITHIN
    while not so():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


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


@pytest.mark.evasion("E02")
@pytest.mark.full
def test_chromium_takes_every_exported_policy_and_each_name_that_linux_has_is_known_there(
    engine: Playwright, tmp_path: Path
) -> None:
    foreign = {name for name, one in policies().items() if System.LINUX not in one.on}
    everything = json.loads(made()[parcel.USERS]) | linux()
    with chromium(engine, tmp_path, everything, {}) as tab:
        said = told(tab)
        tab.screenshot(path=shot("chromebook-policies"), full_page=True)
        tab.goto("chrome://bookmarks")
        tree = json.dumps(tab.evaluate("() => chrome.bookmarks.getTree()"))
        assert "Ik zag iets vervelends" in tree and "https://vertel.klaswacht.internal/" in tree
    mine = {name: said.get(name, "not there") for name in linux()}
    assert set(mine.values()) == {"OK"}, {name: what for name, what in mine.items() if what != "OK"}
    # What the list says of ChromeOS alone is so: this browser does not know the name.
    assert {name for name, what in said.items() if "Unknown policy" in what} == foreign & set(everything)


@pytest.mark.evasion("E22")
@pytest.mark.full
def test_an_incognito_window_is_none(engine: Playwright, tmp_path: Path) -> None:
    free = linux()
    free.pop("IncognitoModeAvailability")
    for said, apart in ((linux(), False), (free, True)):
        with chromium(engine, tmp_path / str(apart), said, {}, "--incognito") as tab:
            browser = tab.context.browser
            assert browser is not None
            usual = browser.new_browser_cdp_session().send("Target.getBrowserContexts")["defaultBrowserContextId"]
            mine = tab.context.new_cdp_session(tab).send("Target.getTargetInfo")["targetInfo"]["browserContextId"]
            assert (mine != usual) is apart


MADE = """(html) => {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([html], {type: 'text/html'}));
  document.body.append(link);
  link.click();
}"""
"""Goes to a page that was made in the browser."""
BLOCKED = "This page is blocked"


@pytest.mark.evasion("E17")
@pytest.mark.full
def test_an_address_that_the_network_does_not_see_shows_nothing(engine: Playwright, tmp_path: Path) -> None:
    """And without those lines of the policy it does, so that it is the policy that closes it."""
    file = tmp_path / "page.html"
    file.write_text("<p>here</p>")
    typed = {
        "data": "data:text/html,<p>here</p>",
        "file": file.as_uri(),
        "view-source": f"view-source:{file.as_uri()}",
        "javascript": "javascript:void(document.body.append('here'))",
    }
    free = linux()
    free["URLBlocklist"] = []
    for said, is_closed in ((linux(), True), (free, False)):
        with chromium(engine, tmp_path / f"closed-{is_closed}", said, {}) as tab:
            found = {scheme: page_at(tab, partial(tab.goto, address)) for scheme, address in typed.items()}
            made_here = page_at(tab, partial(tab.evaluate, MADE, "<p>here</p>"))
        assert {scheme: "here" not in page for scheme, page in found.items()} == dict.fromkeys(found, is_closed)
        assert {scheme for scheme, page in found.items() if BLOCKED in page} == (
            {"data", "file", "view-source"} if is_closed else set()
        )
        # What a page makes in the browser no policy closes; what it loads is judged as anything is.
        assert made_here == "here"


def page_at(tab: Page, go: Callable[[], object]) -> str:
    """The text of the page to which `go` leads from an empty one."""
    tab.goto("about:blank")
    with contextlib.suppress(Error):
        go()
    tab.wait_for_timeout(500)
    return tab.locator("body").inner_text()


def shot(name: str) -> Path:
    SHOTS.mkdir(parents=True, exist_ok=True)
    return SHOTS / f"{name}.png"


@pytest.mark.full
def test_firefox_takes_every_exported_policy_and_has_nothing_to_say_about_them(tmp_path: Path) -> None:
    program = shutil.which("firefox-esr")
    if program is None or not DISTRIBUTION.is_dir():
        pytest.skip("needs firefox-esr")
    said = json.loads(made()[parcel.FIREFOX])
    (tmp_path / "klaswacht-ca.crt").write_bytes(made()[parcel.CERTIFICATE])
    said["policies"]["Certificates"]["Install"] = [str(tmp_path / "klaswacht-ca.crt")]
    # A school closes them, and then nothing looks into Firefox from outside: this one is not seen here.
    assert said["policies"].pop("DisableDeveloperTools") is True
    active, complaints = _firefox(tmp_path / "right", program, said)
    assert set(active) == set(said["policies"]) and complaints == []
    said["policies"]["Proxy"] = {"Mode": "perhaps"}
    active, complaints = _firefox(tmp_path / "wrong", program, {"policies": said["policies"] | {"Klaswacht": True}})
    assert "Proxy" not in active and any("Unknown policy: Klaswacht" in one for one in complaints)


def _firefox(home: Path, program: str, said: Mapping[str, object]) -> tuple[list[str], list[str]]:
    """Which policies are active in a Firefox of the school, and what it complains of."""
    profile = home / "profile"
    profile.mkdir(parents=True)
    (profile / "user.js").write_text('user_pref("marionette.port", 0);\n')
    words = ["--headless", "--marionette", "--remote-allow-system-access", "--no-remote", "--profile", str(profile)]
    process = subprocess.Popen(
        [str(managed(home, program, said, DISTRIBUTION)), *words],
        env={**os.environ, "HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        firefox = Marionette(profile)
        firefox.does("Marionette:SetContext", {"value": "chrome"})
        active = firefox.asks("return Object.keys(Services.policies.getActivePolicies() || {})")
        complaints = firefox.asks(
            "return Cc['@mozilla.org/consoleAPI-storage;1'].getService(Ci.nsIConsoleAPIStorage).getEvents()"
            ".filter(one => (one.prefix || '').includes('Policies')).map(one => one.arguments.join(' '))"
        )
        return list(active), list(complaints)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(WITHIN)
