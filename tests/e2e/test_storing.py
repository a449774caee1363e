"""What is in the way besides the rules: no internet, no names, bad certificates, an app that refuses us, a crowd.

A real guard with one worker and a name server that is not there, real browsers, real alerts of real TLS clients.
"""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cli.demo.certs import make_papers
from cli.demo.play import fill
from cli.demo.school import PASSWORD, Place, all_names
from cli.demo.sites import running
from cli.home import Home
from config import load
from config.texts import say
from dashboard.actions.desk import Desk
from proxy_addons.crowd import PER_ADDRESS, ROOM
from store import open_store
from store.notices import Condition
from store.refusals import About
from tests.e2e import playground as start
from tests.e2e.clients import Device, Refused
from tests.e2e.conftest import PATIENCE, Browsers, Shots
from tests.e2e.playground import Playground
from tests.e2e.test_main_job import DESKTOP, PHONE, sign_in
from tests.proxy_addons.origins import Ca

pytestmark = [pytest.mark.full, pytest.mark.browser, pytest.mark.timeout(400)]

DOWN = tuple(f"weg{n}.test" for n in range(4))
EXPIRED = tuple(f"verlopen{n}.test" for n in range(4))
NOWHERE = tuple(f"naamloos{n}.example" for n in range(4))
APP, OTHER = "api.rekenhulp.test", "klassenblog.test"
APART = 1.7  # seconds between two pages that fail: one page may want some dead sites at once, three are spread
WITHIN = 30.0


class _Up(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Nothing: a test's output is its own."""


class Way:
    """The way to some sites: nothing listens at its port until it is opened."""

    def __init__(self) -> None:
        self._hold = socket.socket()
        self._hold.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._hold.bind(("127.0.0.1", 0))
        self.port = int(self._hold.getsockname()[1])

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        server = ThreadingHTTPServer(("127.0.0.1", self.port), _Up, bind_and_activate=False)
        server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        server.server_bind()
        server.server_activate()
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def close(self) -> None:
        self._hold.close()


@contextlib.contextmanager
def _bad_papers(folder: Path) -> Iterator[tuple[Path, int]]:
    """Sites whose certificate ended yesterday; the CA that made it is trusted. Its file, and their port."""
    ca = Ca(folder, "World of yesterday")
    context = ca.context(*EXPIRED, days=-1)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            with contextlib.suppress(OSError):
                while True:
                    sock, _ = listening.accept()
                    with contextlib.suppress(OSError), context.wrap_socket(sock, server_side=True) as tls:
                        tls.recv(1)

        threading.Thread(target=answer, daemon=True).start()
        yield ca.crt, int(listening.getsockname()[1])
        listening.shutdown(socket.SHUT_RDWR)


def _without_names(home: Home, log: Path, folder: Path) -> subprocess.Popen[bytes]:
    """`klaswacht up` where every name server is a port at which nobody listens."""
    servers = folder / "resolv.conf"
    servers.write_text("nameserver 127.0.0.254\noptions timeout:1 attempts:1\n")
    command = [sys.executable, "-c", "from cli.main import main; main()", "up"]
    shell = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KLASWACHT_")}
    with log.open("wb") as out:
        return subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", shell, str(servers), *command],
            env={**environment, "KLASWACHT_HOME": str(home.path), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


@pytest.fixture(scope="module")
def way() -> Iterator[Way]:
    one = Way()
    yield one
    one.close()


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory, way: Way) -> Iterator[Playground]:
    if os.geteuid() != 0:
        pytest.skip("needs root, to give the guard a name server of its own")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    folder = tmp_path_factory.mktemp("storing")
    home = Home(folder / "home")
    home.prepare()
    papers = make_papers(folder / "sites", [*all_names(), APP, OTHER], datetime.now(UTC))
    with running(papers) as (sites, ports), contextlib.ExitStack() as stack:
        yesterday, expired = stack.enter_context(_bad_papers(folder / "yesterday"))
        fill(home, papers, ports, Place(0, 0, 0, {"7": 0, "8": 0}))
        tls = ports.hosts()["onzeschool.test:443"]
        more = [f'    "{name}:80": "127.0.0.1:{way.port}"' for name in DOWN]
        more += [f'    "{name}:443": "127.0.0.1:{way.port}"' for name in DOWN]
        more += [f'    "{name}:443": "127.0.0.1:{expired}"' for name in EXPIRED]
        more += [f'    "{name}:443": "{tls}"' for name in (APP, OTHER)]
        text = home.school_file.read_text().replace("  trust: [", "\n".join([*more, "  trust: ["]))
        text = text.replace(f'"{papers.ca}"]', f'"{papers.ca}", "{yesterday}"]').replace("workers: 2", "workers: 1")
        home.school_file.write_text(text)
        log = folder / "up.log"
        process = _without_names(home, log, folder)
        stack.callback(start.end, process)
        told = start.listening(process, log)
        store = open_store(home.database_url, home.accounts_url, key=home.columns_key)
        stack.callback(store.close)
        settings = load.read_school(home.school_file).settings
        desk = Desk(store, load.knowledge(settings), settings.school.id, settings)
        yield Playground(home, papers, sites, process, log, store, desk, **told)


def standing(play: Playground) -> list[Condition]:
    return [one.kind for one in play.store.notices.standing(play.desk.school, datetime.now(UTC))]


def until(so, within: float = WITHIN) -> None:
    deadline = time.monotonic() + within
    while not so():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


def titles(device: Device, *urls: str) -> list[str]:
    """The heads of the pages that stand in for some addresses, one after another."""
    found = []
    for url in urls:
        found.append(device.fetch(url).text.partition("<h1 data-read>")[2].partition("</h1>")[0])
        time.sleep(APART)
    return found


def well(play: Playground, way: Way) -> None:
    """Two sites answer again, over TLS and without."""
    device = play.device()
    with way.opened():
        for url in (f"http://{DOWN[0]}/", f"http://{DOWN[1]}/", "https://onzeschool.test/", f"https://{OTHER}/"):
            assert device.fetch(url).status < 500, url


def teacher(browsers: Browsers, play: Playground) -> Page:
    page = browsers.staff("anja", DESKTOP)
    sign_in(page, play, "anja")
    expect(page.locator(".live-dot")).to_contain_text(say("dash.lesson.live", "nl"), timeout=PATIENCE)
    return page


def shows(page: Page, kind: str) -> None:
    title = say(f"dash.storing.{kind}.title", "nl")
    expect(page.locator("#part-storing")).to_contain_text(title, timeout=PATIENCE)
    expect(page.locator("#part-storing")).to_contain_text(say(f"dash.storing.{kind}.now", "nl"))


def looked_at(browsers: Browsers, url: str, title: str, name: str) -> None:
    """The page as a child sees it, on a phone and on a laptop."""
    for width in (PHONE, DESKTOP):
        page = browsers.pupil("Noor", width)
        page.goto(url)
        expect(page.locator("h1")).to_have_text(title, timeout=PATIENCE)
        wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not wide, "nothing sticks out"
        Shots(width).take(page, "noor", f"storing-{name}")


@pytest.mark.parametrize(
    ("urls", "alone", "together", "kind"),
    [
        ([f"http://{name}/" for name in DOWN], "unreachable", "offline", "upstream"),
        ([f"https://{name}/" for name in NOWHERE], "unreachable", "names", "names"),
        ([f"https://{name}/" for name in EXPIRED], "certificate", "clock", "certificates"),
    ],
    ids=["origins down", "names dead", "certificates expired"],
)
def test_child_and_teacher_are_told_what_it_is_and_when_it_is_over(
    play: Playground, browsers: Browsers, way: Way, urls: list[str], alone: str, together: str, kind: str
) -> None:
    well(play, way)
    until(lambda: standing(play) == [])
    page = teacher(browsers, play)
    expect(page.locator("#part-storing")).to_have_text("", use_inner_text=True)
    found = titles(play.device(), *urls)
    assert found[:2] == [say(f"page.{alone}.title", "nl")] * 2, "one site that is broken is that site"
    assert found[-1] == say(f"page.{together}.title", "nl")
    shows(page, kind)
    Shots(DESKTOP).take(page, "juf", f"storing-{kind}")
    looked_at(browsers, urls[0], say(f"page.{together}.title", "nl"), together)
    well(play, way)
    expect(page.locator("#part-storing")).to_have_text("", use_inner_text=True, timeout=PATIENCE)
    expect(page.locator(".live-dot")).to_contain_text(say("dash.lesson.live", "nl"))


def refuses(device: Device, host: str, times: int = 1) -> None:
    """A program with a list of CAs of its own opens a connection; its TLS says that it does not know ours."""
    for _ in range(times):
        with pytest.raises(ssl.SSLCertVerificationError):
            replace(device, trust=()).tunnel(host)


@pytest.fixture
def pinning(play: Playground, monkeypatch: pytest.MonkeyPatch) -> None:
    """`Device.tls` of a device without any trust: as Python comes, with the public CAs only."""
    ours = Device.tls

    def tls(self: Device) -> ssl.SSLContext:
        return ours(self) if self.trust else ssl.create_default_context()

    monkeypatch.setattr(Device, "tls", tls)


def test_an_app_that_refuses_us_is_put_before_the_coordinator_and_opened_by_nobody(
    play: Playground, browsers: Browsers, pinning: None
) -> None:
    school, revision = play.desk.school, play.store.revision(play.desk.school)
    one, two = (replace(Device(play.groups["7"], (play.ca,)), source=f"127.0.0.{n}") for n in (2, 3))
    refuses(one, APP, 4)
    refuses(two, APP)
    time.sleep(2)
    assert play.store.refusals.open(school, datetime.now(UTC)) == (), "who trusts us nowhere proves nothing of an app"
    for device in (one, two):
        assert device.fetch("https://onzeschool.test/").status == 200
    refuses(one, "kletsplein.test", 3)
    refuses(two, "kletsplein.test", 3)  # closed to pupils
    refuses(one, APP, 2)
    refuses(two, APP)
    until(lambda: play.store.refusals.open(school, datetime.now(UTC)))
    (kept,) = play.store.refusals.open(school, datetime.now(UTC))
    assert (kept.refusal.about, kept.refusal.name, kept.refusal.devices) == (About.HOST, APP, 2)
    assert play.store.revision(school) == revision
    refuses(one, APP)
    page = browsers.staff("coordinator", DESKTOP)
    page.goto(f"{play.dashboard_url}/")
    page.fill("input[name=login]", "coordinator")
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name=say("dash.sign_in.go", "nl")).click()
    page.goto(f"{play.dashboard_url}/beheer/voorstellen")
    expect(page.locator("#apps")).to_contain_text(say("dash.refusals.app", "nl", host=APP), timeout=PATIENCE)
    Shots(DESKTOP).take(page, "coordinator", "voorstellen-app")
    page.set_viewport_size({"width": PHONE, "height": 844})
    Shots(PHONE).take(page, "coordinator", "voorstellen-app")
    page.get_by_role("button", name=say("dash.refusals.shut", "nl")).click()
    expect(page.locator("#apps")).to_have_count(0)
    assert play.store.refusals.open(school, datetime.now(UTC)) == ()


def test_a_device_without_the_certificate_is_told_by_its_name_until_it_has_it(play: Playground, pinning: None) -> None:
    device = play.device("Sem")
    for host in ("onzeschool.test", APP, *DOWN):
        refuses(device, host)

    def devices() -> list[str]:
        kept = play.store.refusals.open(play.desk.school, datetime.now(UTC))
        return [one.refusal.name for one in kept if one.refusal.about is About.DEVICE]

    until(lambda: devices() == ["cb7-2"])
    assert device.fetch("https://onzeschool.test/").status == 200
    until(lambda: devices() == [])


@pytest.fixture
def crowd(play: Playground) -> Iterator[Device]:
    """A device whose address has all connections that it may have."""
    device = replace(play.device(), source="127.0.0.9")
    with contextlib.ExitStack() as stack:
        for _ in range(PER_ADDRESS):
            stack.enter_context(device.dial())
        yield device


def test_one_too_many_is_told_so_inside_the_page_and_the_teacher_hears_of_it(
    play: Playground, browsers: Browsers, crowd: Device
) -> None:
    page = teacher(browsers, play)
    for url in ("http://onzeschool.test/", "https://onzeschool.test/", "https://rekenrijk.test/"):
        answer = crowd.fetch(url)  # the last one would be a tunnel
        assert answer.status == 503 and say("page.busy.title", "nl") in answer.text
        assert 10 <= int(answer.headers["retry-after"]) < 25
        assert f'http-equiv="refresh" content="{answer.headers["retry-after"]}"' in answer.text
    for _ in range(3):
        crowd.fetch("https://onzeschool.test/")
    shows(page, "overloaded")
    assert play.device().fetch("https://onzeschool.test/").status == 200, "whoever is elsewhere goes on"
    held = [crowd.dial() for _ in range(ROOM)]
    with contextlib.suppress(Refused, OSError):
        assert crowd.fetch("http://onzeschool.test/").status == 503
    for sock in held:
        sock.close()


def test_the_page_for_a_crowd_comes_back_by_itself(play: Playground, browsers: Browsers) -> None:
    """In a browser, at both widths, from the address that is full until it is not."""
    with contextlib.ExitStack() as stack:
        device = replace(play.device(), source="127.0.0.1")
        held = [stack.enter_context(device.dial()) for _ in range(PER_ADDRESS)]
        for width in (PHONE, DESKTOP):
            page = browsers.pupil("Noor", width)
            page.goto("https://onzeschool.test/")
            expect(page.locator("h1")).to_have_text(say("page.busy.title", "nl"), timeout=PATIENCE)
            Shots(width).take(page, "noor", "storing-busy")
        for sock in held:
            sock.close()
        expect(page.locator("h1", has_text=say("page.busy.title", "nl"))).to_have_count(0, timeout=PATIENCE)
        expect(page.get_by_text("De startpagina van de klas")).to_be_visible()
