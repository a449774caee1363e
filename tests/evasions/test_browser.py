"""The same tricks by the tools that a child has: a real Chromium with a page that helps, and curl."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from cli.demo.browser import find_chromium, make_profile
from tests.evasions.school import CLOSED, DEVICE, KEY, OPEN, Running
from tests.evasions.written import every_second

FINE, SHUT, RELAY = OPEN[1], CLOSED[0], "onbekend.example"
PATIENCE = 45_000  # milliseconds: a ceiling for a busy machine


@pytest.fixture(scope="module")
def browser(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A Chromebook's browser."""
    chromium = find_chromium()
    if chromium is None or shutil.which("certutil") is None:
        pytest.skip("needs Chromium and certutil (setup/machine.sh)")
    profile = make_profile(tmp_path_factory.mktemp("browser"), {"school": running.ca, "sites": running.papers.ca})
    proxy = {"server": f"http://127.0.0.1:{running.keyed}", "username": DEVICE, "password": KEY}
    with sync_playwright() as engine:
        opened = engine.chromium.launch(
            executable_path=chromium,
            env={**os.environ, **profile.environment()},
            args=[*profile.flags(), "--disable-gpu"],
            proxy=proxy,
        )
        yield opened
        opened.close()


@pytest.fixture
def tab(running: Running, browser: Browser) -> Iterator[Page]:
    """A new window of it, that an open site was seen in."""
    context = browser.new_context(locale="nl-NL")
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"https://{FINE}/")
    assert "what only the origin says" in page.content()
    running.forget()
    yield page
    context.close()


TRIES = """async ([shut, relay, hidden]) => {
  const quiet = async (what) => { try { const r = await what(); return r.headers.get('x-origin') || r.status }
    catch (error) { return 'no' } };
  const socket = (url, spoken) => new Promise((done) => {
    try { const one = new WebSocket(url, spoken); one.onmessage = (e) => done(String(e.data));
      one.onerror = () => done('no'); one.onclose = () => done('no') } catch (error) { done('no') } });
  return [
    await quiet(() => fetch(`https://${shut}/`)),
    await quiet(() => fetch('/bare/v3/', {headers: {'x-bare-url': `https://${shut}/`, 'x-bare-headers': '{}'}})),
    await quiet(() => fetch(`/service/${hidden}`)),
    await quiet(() => fetch(`/servers?url=${btoa(`https://${shut}/`)}`)),
    await quiet(() => fetch('/uv/uv.bundle.js')),
    await quiet(() => fetch('/fetch', {method: 'POST', body: JSON.stringify({url: `https://${shut}/`})})),
    await quiet(() => fetch('/form', {method: 'POST', body: new URLSearchParams({u: `https://${shut}/`})})),
    await quiet(() => navigator.serviceWorker.register('/uv/uv.sw.js')
      .then(() => ({headers: new Headers({'x-origin': 'a worker'})}))),
    await socket(`wss://${relay}/wisp/`),
    await socket(`wss://${relay}/live`, ['wisp-v2']),
    await socket(`wss://${shut}/gateway`),
  ];
}"""


@pytest.mark.full
@pytest.mark.browser
@pytest.mark.evasion("E03", "E11")
def test_a_page_that_helps_with_everything_a_browser_can_do(running: Running, tab: Page):
    tab.goto(f"https://{RELAY}/")
    running.forget()
    told = tab.evaluate(TRIES, [SHUT, RELAY, every_second(f"https://{SHUT}/")])
    # A worker that may be registered is the guard's own, which takes itself away: no script of the site arrived.
    assert "reached" not in told and "origin" not in told, str(told)
    assert not running.sites.of(SHUT) and not running.sites.opened(SHUT)
    arrived = {one.path for one in running.sites.of(RELAY)}
    assert arrived <= {"/favicon.ico"}, arrived


@pytest.mark.full
@pytest.mark.browser
@pytest.mark.evasion("E03", "E04", "E14", "E18")
@pytest.mark.parametrize(
    "url",
    [
        f"https://{RELAY}/main/{every_second(f'https://{SHUT}/')}",
        f"https://translate.google.com/translate?sl=en&tl=nl&u=https://{SHUT}/",
        f"https://{SHUT.replace('.', '-')}.translate.goog/",
        "https://sites.google.com/view/unblocked-games-76/home",
        "https://ｄｉｓｃｏｒｄ。ｃｏｍ/",
        f"https://{FINE}@{SHUT}/",
        f"https://{SHUT}./",
    ],
)
def test_what_is_typed_gives_the_friendly_page(running: Running, tab: Page, url: str):
    answer = tab.goto(url)
    assert answer is not None and answer.status == 403
    assert "what only the origin says" not in tab.content() and tab.locator("h1").count() >= 1
    assert {one.path for one in running.sites.requests} <= {"/favicon.ico"}, "of the page before"


CURL = {
    "another Host": ["-H", f"Host: {SHUT}", f"https://{FINE}/"],
    "another Host over HTTP/2": ["--http2", "-H", f"Host: {SHUT}", f"https://{FINE}/"],
    "another name in the hello": ["--connect-to", f"{SHUT}:443:{FINE}:443", f"https://{SHUT}/"],
    "a tunnel for http": ["--proxytunnel", f"http://{SHUT}/"],
    "a tunnel to an open name": ["--proxytunnel", "--connect-to", f"{SHUT}:80:{FINE}:80", f"http://{SHUT}/"],
    "a whole address in the line": ["--request-target", f"https://{SHUT}/", f"https://{FINE}/"],
    "HTTP/1.0": ["--http1.0", f"http://{SHUT}/"],
    "no path": ["--path-as-is", f"https://{SHUT}/../../"],
    "a number": ["http://0x08080404/"],
    "a made-up proxy header": ["-H", "Via: 1.1 school", "-H", "X-Forwarded-For: 127.0.0.1", f"http://{SHUT}/"],
}


@pytest.mark.evasion("E10", "E08")
@pytest.mark.parametrize("trick", CURL)
def test_curl_brings_nothing_either(guard: Running, trick: str):
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("needs curl (setup/machine.sh)")
    trust = guard.papers.ca.with_name("both.pem")
    trust.write_bytes(guard.ca.read_bytes() + guard.papers.ca.read_bytes())
    proxy = ["--proxy", f"http://127.0.0.1:{guard.keyed}", "--proxy-user", f"{DEVICE}:{KEY}"]
    command = [curl, "-sS", "--max-time", "30", "--cacert", str(trust), *proxy]
    opened = subprocess.run([*command, f"https://{FINE}/"], capture_output=True, text=True, check=False)
    assert "what only the origin says" in opened.stdout, opened.stderr
    guard.forget()
    tried = subprocess.run([*command, *CURL[trick]], capture_output=True, text=True, check=False)
    assert "what only the origin says" not in tried.stdout
    assert not guard.sites.requests and not guard.sites.opened(SHUT)
