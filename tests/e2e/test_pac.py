"""A real browser that is told by a PAC file where to go: the real guard, and a site on the side that counts who comes.

Every name in `.test` that is looked up leads to that site: a browser that goes around the guard ends there, and with
the guard in between nothing does. What a browser does without its PAC file is shown as it is, and what closes it.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import shutil
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect
from playwright.sync_api import Error as BrowserError

from cli import doctor
from cli import ports as held_ports
from cli.demo.browser import find_chromium, make_profile
from tests.e2e.conftest import PATIENCE
from tests.e2e.managed import managed
from tests.e2e.playground import Playground, playground

PUPILS = "wacht.klaswacht.internal"
WITHIN = 30.0  # seconds: a ceiling on a busy machine

pytestmark = [pytest.mark.timeout(300), pytest.mark.browser]


class Around:
    """A site on the side: answers whoever comes with one word, and counts them."""

    def __init__(self) -> None:
        self.came = 0
        around = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                around.came += 1
                with contextlib.suppress(OSError):
                    self.rfile.readline()
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\naround")

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Paced:
    """The running guard with its PAC files, the site on the side, and browsers."""

    play: Playground
    page: int
    around: Around
    engine: Playwright
    folder: Path

    @contextlib.contextmanager
    def browser(
        self, path: str = "/pac/7.pac", *, page: int = 0, host: str = PUPILS, policy: dict[str, object] | None = None
    ) -> Iterator[Page]:
        """A browser whose only setting is the address of its PAC file, or a policy that says so."""
        chromium = find_chromium()
        if chromium is None or shutil.which("certutil") is None:
            pytest.skip("needs Chromium and certutil (setup/machine.sh)")
        self.around.came = 0
        home = self.folder / f"browser-{time.monotonic_ns()}"
        profile = make_profile(home, {"school": self.play.ca, "playground": self.play.papers.ca})
        url = f"http://{host}:{page or self.page}{path}"
        rules = f"MAP *.test 127.0.0.1:{self.around.port},MAP *.internal 127.0.0.1"
        flags = [f"--proxy-pac-url={url}"] if policy is None else []
        opened: Browser = self.engine.chromium.launch(
            executable_path=chromium if policy is None else str(managed(home, chromium, _proxy(policy, url))),
            env={**os.environ, **profile.environment()},
            args=[*profile.flags(), "--disable-gpu", f"--host-resolver-rules={rules}", *flags],
        )
        try:
            tab = opened.new_context(locale="nl-NL").new_page()
            tab.set_default_timeout(PATIENCE)
            yield tab
        finally:
            opened.close()

    def group_of_last_event(self) -> str | None:
        (latest,) = self.play.store.events.latest("school", limit=1)
        return latest.event.group

    def events(self) -> int:
        return self.play.store.events.last_id("school")


def _proxy(policy: dict[str, object], url: str) -> dict[str, object]:
    return {"ProxySettings": {"ProxyMode": "pac_script", "ProxyPacUrl": url, **policy}}


@pytest.fixture(scope="module")
def paced(engine: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paced]:
    folder = tmp_path_factory.mktemp("pac")
    page, around = quiet_port(), Around()
    with playground(folder, page=page) as running:
        yield Paced(running, page, around, engine, folder)
    around.close()


def hold(held: contextlib.ExitStack, *ports: int) -> None:
    """Let nobody else of this machine have a port where nobody answers any more: bound, and never listened at."""
    for port in ports:
        mine = held.enter_context(socket.socket())
        mine.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        mine.bind(("127.0.0.1", port))


def quiet_port() -> int:
    """A free port that the system gives to nobody else while the guard starts: below those for outgoing connections."""
    return next(port for port in random.sample(range(20_000, 32_000), 100) if held_ports.is_free("127.0.0.1", port))


def fails(tab: Page, url: str) -> str:
    """What the browser says of a page that it cannot open."""
    with pytest.raises(BrowserError) as told:
        tab.goto(url)
    return str(told.value)


def goes_around(tab: Page, url: str) -> bool:
    """Whether the browser opens a page without the guard."""
    with contextlib.suppress(BrowserError):
        tab.goto(url)
    return tab.locator("body").inner_text() == "around"


def until(so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WITHIN
    while not so():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@pytest.mark.full
@pytest.mark.evasion("E28")
def test_with_a_pac_a_browser_goes_through_the_guard_and_counts_for_its_group(paced: Paced) -> None:
    before = paced.events()
    with paced.browser() as tab:
        tab.goto("https://rekenrijk.test/")
        expect(tab.get_by_role("textbox", name="Uitkomst")).to_be_visible()
        sums = tab.evaluate(
            "() => new Promise((done, no) => { const line = new WebSocket('wss://rekenrijk.test/oefenen');"
            " line.onmessage = said => done(said.data); line.onerror = () => no('closed'); })"
        )
        assert " x " in sums
        tab.goto("https://kletsplein.test/")
        expect(tab.locator("h1")).to_have_text("Deze site is nu dicht")
        chat = tab.evaluate(
            "() => new Promise(done => { const line = new WebSocket('wss://kletsplein.test/chat');"
            " line.onmessage = () => done('open'); line.onerror = () => done('closed'); })"
        )
        assert chat == "closed"
        until(lambda: paced.events() > before, "the closed page is told to the group's teacher")
    assert paced.group_of_last_event() == "7"
    assert paced.around.came == 0
    assert not any("kletsplein" in visit for visit in paced.play.sites.seen)


@pytest.mark.full
def test_each_group_counts_for_itself(paced: Paced) -> None:
    before = paced.events()
    with paced.browser("/pac/8.pac") as tab:
        tab.goto("http://kletsplein.test/")
        expect(tab.locator("h1")).to_have_text("Deze site is nu dicht")
        until(lambda: paced.events() > before, "the closed page is told")
    assert paced.group_of_last_event() == "8"


@pytest.mark.full
@pytest.mark.evasion("E28")
@pytest.mark.parametrize(
    ("path", "site"),
    [("/pac/9z.pac", "kletsplein.test"), ("/pac/%22;DIRECT.pac", "filmpjes.test"), ("/pac/", "fotodrop.test")],
)
def test_with_the_pac_of_a_group_that_does_not_exist_a_browser_is_guarded_as_a_stranger(
    paced: Paced, path: str, site: str
) -> None:
    before = paced.events()
    with paced.browser(path) as tab:
        tab.goto(f"http://{site}/")
        expect(tab.locator("h1")).to_have_text("Deze site is nu dicht")
        until(lambda: paced.events() > before, "the closed page is told")
    assert paced.group_of_last_event() is None
    assert paced.around.came == 0


@pytest.mark.full
def test_the_pupils_host_is_there_through_the_guard_too_and_over_https(paced: Paced) -> None:
    with paced.browser() as tab:
        for url in (f"http://{PUPILS}/", f"https://{PUPILS}/", f"http://127.0.0.1:{paced.page}/"):
            tab.goto(url)
            expect(tab.locator("h1")).to_have_text("Hallo, dit is Klaswacht")
        tab.goto(f"http://{PUPILS}/")
        tab.get_by_role("link", name="Ik wil iets vertellen").click()
        expect(tab.locator("h1")).to_have_text("Het is niet jouw schuld")
        tab.goto(f"http://{PUPILS}/")
        tab.get_by_role("link", name="vertel.klaswacht.internal").click()
        expect(tab.locator("h1")).to_have_text("Het is niet jouw schuld")


@pytest.mark.full
@pytest.mark.evasion("S03")
def test_the_certificate_is_given_as_devices_take_it_and_what_is_there_by_head(paced: Paced) -> None:
    for method in ("GET", "HEAD"):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", paced.page, timeout=WITHIN)) as line:
            line.request(method, "/klaswacht-ca.crt", headers={"Host": PUPILS})
            answer = line.getresponse()
            assert answer.getheader("Content-Type") == "application/x-x509-ca-cert"
            assert int(answer.getheader("Content-Length") or 0) == len(paced.play.ca.read_bytes())
            assert answer.read() == (paced.play.ca.read_bytes() if method == "GET" else b"")
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", paced.play.groups["7"], timeout=WITHIN)) as line:
        for method in ("HEAD", "GET"):  # one connection, so that a body where none may be would be seen
            line.request(method, f"http://{PUPILS}/pac/7.pac", headers={"Host": PUPILS})
            answer = line.getresponse()
            assert answer.status == 200 and answer.getheader("Content-Type") == "application/x-ns-proxy-autoconfig"
            assert (b"FindProxyForURL" in answer.read()) is (method == "GET")


@pytest.mark.full
def test_the_doctor_says_where_the_pac_files_are_and_that_some_were_of_no_group(paced: Paced) -> None:
    for _ in range(3):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", paced.page, timeout=WITHIN)) as line:
            line.request("GET", "/pac/groep-zeven.pac", headers={"Host": PUPILS})
            assert line.getresponse().status == 200

    def found() -> dict[str, doctor.Finding]:
        return {one.code: one for one in doctor.examine(paced.play.home)[0]}

    until(lambda: "pac_unknown" in found(), "the doctor hears of it")
    assert found()["pac_unknown"].level is doctor.Level.WARN
    assert found()["pac"].values["address"] == f"http://127.0.0.1:{paced.page}/pac/....pac"
    told, _ = doctor.render(doctor.examine(paced.play.home)[0], "nl")
    assert f"poort {paced.page} (listen.page) is van Klaswacht" in told


# --- without a PAC file: what a browser does, and what closes it ------------------------------------------------------


@pytest.mark.full
@pytest.mark.evasion("E28")
def test_a_browser_that_finds_no_pac_at_its_start_goes_around_unless_the_schools_policy_says_it_must_not(
    paced: Paced,
) -> None:
    nobody = quiet_port()
    with paced.browser(page=nobody) as tab:  # what remains: Chromium takes "no PAC" for "no proxy"
        tab.goto("http://kletsplein.test/")
        assert tab.locator("body").inner_text() == "around"
    assert paced.around.came > 0
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("a policy for one browser only needs root and unshare")
    with paced.browser(page=nobody, policy={"ProxyPacMandatory": True}) as tab:
        assert "ERR_MANDATORY_PROXY_CONFIGURATION_FAILED" in fails(tab, "http://kletsplein.test/")
        fails(tab, "https://rekenrijk.test/")
    assert paced.around.came == 0
    with paced.browser(policy={"ProxyPacMandatory": True}) as tab:
        tab.goto("http://kletsplein.test/")
        expect(tab.locator("h1")).to_have_text("Deze site is nu dicht")
    assert paced.around.came == 0


@pytest.mark.full
@pytest.mark.evasion("E28")
def test_when_the_guard_stops_a_browser_that_has_its_pac_goes_nowhere_until_it_looks_for_it_again(paced: Paced) -> None:
    """The last of this file: it stops the guard."""
    with (
        contextlib.ExitStack() as held,
        paced.browser() as free,
        paced.browser(policy={"ProxyPacMandatory": True}) as bound,
    ):
        for tab in (free, bound):
            tab.goto("https://rekenrijk.test/")
        assert paced.play.stop() == 0
        hold(held, paced.play.proxy, paced.page)
        for tab in (free, bound):
            for url in ("https://rekenrijk.test/", "http://kletsplein.test/", "https://a.test/"):
                assert "ERR_PROXY_CONNECTION_FAILED" in fails(tab, url)
        assert paced.around.came == 0
        for tab in (free, bound):  # as after another network, or a night: it asks for the file again
            tab.goto("chrome://net-internals/#proxy")
            tab.get_by_text("Re-apply settings").click()
        until(lambda: "ERR_MANDATORY" in fails(bound, "http://kletsplein.test/"), "it looked for its file")
        until(lambda: goes_around(free, "http://kletsplein.test/"), "what remains without the policy")
        fails(bound, "http://kletsplein.test/")
