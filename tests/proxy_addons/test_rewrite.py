"""Safe search on the wire: what an origin really receives, through the worker and through stock mitmdump."""

from __future__ import annotations

import contextlib
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qsl

import httpx
import pytest

from config import load
from config.private_folder import columns_key
from policy.model import Device, DeviceClass, Grant, Group, Role
from proxy_addons.facts import Exchange, Peer, Rewrite
from proxy_addons.rewrite import is_form, rewrite_of
from store import Store, open_store
from store.people import Person
from tests.cast import SNAPSHOT, STRANGER, visit
from tests.proxy_addons.origins import SECRET, Ca, Origins
from tests.proxy_addons.rig import free_port

ROOT = Path(__file__).parents[2]
SCHOOL = "school"
KEY = "key-of-the-laptop"
NAMES = (
    "open.test",
    "www.google.nl",
    "docs.google.com",
    "www.bing.com",
    "html.duckduckgo.com",
    "www.startpage.com",
    "search.brave.com",
    "nl.search.yahoo.com",
    "www.youtube.com",
    "www.ecosia.org",
    "clients1.google.com",
    "yandex.com",
)
SAFE = {
    "www.google.nl": "forcesafesearch.google.com",
    "www.youtube.com": "restrict.youtube.com",
    "www.ecosia.org": "strict-safe-search.ecosia.org",
}
SETTINGS = """
protocol: kalisto
listen: {{address: 127.0.0.1, proxy: {proxy}, keyed: {keyed}, dashboard: {dashboard}}}
schedule: {{days: {{{days}}}}}
tunnels: {{www.ecosia.org: a test}}
egress:
  hosts: {{{hosts}}}
  trust: [world.pem]
"""


@dataclass
class School:
    """A home folder, the sites by their own names and the same sites by their safe names."""

    path: Path
    ca: Ca
    world: Ca
    plain: Origins
    safe: Origins
    store: Store
    proxy: int
    keyed: int

    @contextlib.contextmanager
    def client(self, *, http2: bool = False, staff: bool = False, port: int | None = None) -> Iterator[httpx.Client]:
        way = f"laptop:{KEY}@127.0.0.1:{self.keyed}" if staff else f"127.0.0.1:{port or self.proxy}"
        trust = ssl.create_default_context(cafile=(self.world if staff else self.ca).crt)
        with httpx.Client(
            proxy=f"http://{way}", verify=trust, http2=http2, trust_env=False, timeout=20, follow_redirects=False
        ) as client:
            yield client


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    path = tmp_path_factory.mktemp("safe")
    ca, world = Ca(path / "ca", "Klaswacht test CA"), Ca(path / "world", "World")
    (path / "world.pem").write_bytes(world.crt.read_bytes())
    with Origins(world, *NAMES) as plain, Origins(world, *NAMES) as safe:
        hosts = {f"{name}:443": plain.tls for name in NAMES} | {f"{name}:80": plain.plain for name in NAMES}
        hosts |= {f"{name}:443": safe.tls for name in SAFE.values()}
        hosts |= {f"{name}:80": safe.plain for name in SAFE.values()}
        days = [f'{day}: {{lessons: ["00:00-24:00"]}}' for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")]
        proxy, keyed = free_port(), free_port()
        text = SETTINGS.format(
            proxy=proxy,
            keyed=keyed,
            dashboard=free_port(),
            days=", ".join(days),
            hosts=", ".join(f'"{name}": "127.0.0.1:{to}"' for name, to in hosts.items()),
        )
        (path / "school.yaml").write_text(text)
        store = open_store(f"sqlite:///{path / 'klaswacht.db'}", key=columns_key(path), migrate=True)
        _settle(store, path)
        yield School(path, ca, world, plain, safe, store, proxy, keyed)
        store.close()


def _settle(store: Store, path: Path) -> None:
    now = datetime.now(UTC)
    file = load.read_school(path / "school.yaml")
    policy = replace(file.policy, domains=("school.nl",))
    store.policies.add(SCHOOL, policy, file.digest, "school.yaml", now, based_on=0)
    store.people.put_group(SCHOOL, Group("7", "Groep 7", (7,)), "test", now)
    store.people.put_people(SCHOOL, [Person("anja", Role.TEACHER, "Anja", ("7",))], "test", now)
    cart = Device("cart", "kar", DeviceClass.PUPIL, group="7", addresses=("127.0.0.0/8",))
    laptop = Device("laptop", "laptop", DeviceClass.STAFF, person="anja", key_hash=sha256(KEY.encode()).hexdigest())
    for device in (cart, laptop):
        store.devices.put(SCHOOL, device, "test", now)
    wish = Grant(
        "", now - timedelta(hours=1), now + timedelta(hours=6), Role.TEACHER, "anja", frozenset({"7"}),
        sites=("youtube.com",),
    )  # fmt: skip
    store.grants.add(SCHOOL, wish, now)


def _started(school: School, command: list[str], port: int, log: Path) -> contextlib.AbstractContextManager[int]:
    @contextlib.contextmanager
    def run() -> Iterator[int]:
        environment = os.environ | {"KLASWACHT_HOME": str(school.path)}
        with log.open("wb") as out:
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)
        try:
            deadline, answer = time.monotonic() + 90, b""
            while answer != SECRET:
                assert process.poll() is None and time.monotonic() < deadline, log.read_text()
                with contextlib.suppress(httpx.TransportError), school.client(port=port) as client:
                    answer = client.get("https://open.test/").content
                time.sleep(0.2)
            yield port
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)

    return run()


def own_worker(school: School) -> contextlib.AbstractContextManager[int]:
    command = [sys.executable, "-m", "proxy_addons.runner", "--home", str(school.path)]
    return _started(school, command, school.proxy, school.path / "worker.log")


def stock_mitmdump(school: School) -> contextlib.AbstractContextManager[int]:
    port = free_port()
    command = [str(Path(sys.executable).with_name("mitmdump")), "-s", "proxy_addons/main.py"]
    command += ["--listen-host", "127.0.0.1", "--listen-port", str(port), "--set", f"confdir={school.path / 'mitm'}"]
    return _started(school, command, port, school.path / "mitmdump.log")


@dataclass
class Guard:
    """A guard that runs, and what the sites saw."""

    school: School
    port: int
    name: str

    def send(self, url: str, *, http2: bool = False, method: str = "GET", **more: object) -> httpx.Response:
        with self.school.client(http2=http2, port=self.port) as client:
            return client.request(method, url, **more)

    def seen(self, url: str, *, http2: bool = False, safe: bool = False, **more: object) -> tuple[str, dict[str, str]]:
        """The path and the headers that reached the origin, which must be the one of this name."""
        here, there = (self.school.safe, self.school.plain) if safe else (self.school.plain, self.school.safe)
        before, elsewhere = len(here.seen.requests), len(there.seen.requests)
        answer = self.send(url, http2=http2, **more)
        assert answer.content == SECRET, (answer.status_code, answer.text[:300])
        assert len(there.seen.requests) == elsewhere, "it went to the other name"
        ((_, path, headers),) = here.seen.requests[before:]
        return path, {name.lower(): value for name, value in headers.items()}


@pytest.fixture(scope="module", params=[own_worker, stock_mitmdump], ids=["worker", "mitmdump"])
def guard(request: pytest.FixtureRequest, school: School) -> Iterator[Guard]:
    start: Callable[[School], contextlib.AbstractContextManager[int]] = request.param
    with start(school) as port:
        yield Guard(school, port, start.__name__)


@pytest.mark.evasion("E16")
@pytest.mark.parametrize("http2", [False, True])
def test_the_engine_hears_safe_once_and_not_what_the_child_wrote(guard: Guard, http2: bool) -> None:
    url = "https://www.google.nl/search?safe=off&q=caf%C3%A9+kat&SAFE=off&hl=nl&safe=off"
    path, _ = guard.seen(url, http2=http2, safe=True)
    assert path == "/search?q=caf%C3%A9+kat&hl=nl&safe=active&ssui=on"


def test_a_page_without_tls_is_made_safe_too(guard: Guard) -> None:
    path, _ = guard.seen("http://www.google.nl/search?q=kat&safe=off", safe=True)
    assert path == "/search?q=kat&safe=active&ssui=on"


@pytest.mark.evasion("E16")
@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://www.bing.com/images/search?q=kat&adlt=off", "/images/search?q=kat&adlt=strict"),
        ("https://search.brave.com/images?q=kat&safesearch=off", "/images?q=kat&safesearch=strict"),
        ("https://nl.search.yahoo.com/search?vm=p&p=kat", "/search?p=kat&vm=r"),
        ("https://html.duckduckgo.com/html/?q=kat&kp=-2", "/html/?q=kat&kp=1"),
        ("https://open.test/search?q=kat&safe=off", "/search?q=kat&safe=off"),
    ],
)
def test_every_engine_by_its_own_word_and_other_sites_not_at_all(guard: Guard, url: str, path: str) -> None:
    assert guard.seen(url)[0] == path


@pytest.mark.evasion("E16")
@pytest.mark.parametrize("http2", [False, True])
def test_a_cookie_that_switches_it_off_is_replaced_and_the_others_stay(guard: Guard, http2: bool) -> None:
    cookie = {"cookie": "a=1; safesearch=off; b=2; safesearch=off"}
    _, headers = guard.seen("https://search.brave.com/search?q=kat", http2=http2, headers=cookie)
    assert sorted(headers["cookie"].split("; ")) == ["a=1", "b=2", "safesearch=strict"]


@pytest.mark.evasion("E16")
@pytest.mark.parametrize("http2", [False, True])
def test_a_form_that_is_posted_is_made_safe(guard: Guard, http2: bool) -> None:
    sent = guard.school.plain.seen.sent
    before = len(sent)
    path, headers = guard.seen(
        "https://www.startpage.com/sp/search",
        http2=http2,
        method="POST",
        content=b"query=caf%C3%A9+kat&qadf=none&cat=web&qadf=none",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert path == "/sp/search?qadf=heavy"
    body = b"".join(sent[before:])
    assert body == b"query=caf%C3%A9+kat&cat=web&qadf=heavy"
    assert headers["content-length"] == str(len(body))
    assert "disable_family_filterEEE0" in headers["cookie"]


@pytest.mark.parametrize("http2", [False, True])
def test_youtube_is_restricted_whatever_header_the_child_sent(guard: Guard, http2: bool) -> None:
    mine = {"YouTube-Restrict": "None"}
    path, headers = guard.seen("https://www.youtube.com/watch?v=1&list=2", http2=http2, safe=True, headers=mine)
    assert path == "/watch?v=1&list=2"
    assert headers["youtube-restrict"] == "Strict"


def test_only_the_schools_own_google_accounts_come_in(guard: Guard) -> None:
    mine = {"X-GoogApps-Allowed-Domains": "gmail.com"}
    _, headers = guard.seen("https://docs.google.com/document/u/0/", headers=mine)
    assert headers["x-googapps-allowed-domains"] == "school.nl"


@pytest.mark.evasion("E16")
def test_words_that_are_sent_are_judged_at_the_engine(guard: Guard) -> None:
    before = len(guard.school.plain.seen.requests)
    answer = guard.send("https://www.startpage.com/sp/search", method="POST", data={"query": "porno"})
    assert answer.status_code == 403
    packed = {"content-type": "application/x-www-form-urlencoded", "content-encoding": "gzip"}
    answer = guard.send("https://www.startpage.com/sp/search", method="POST", content=b"\x1f\x8b", headers=packed)
    assert answer.status_code == 403
    long = b"x=" + b"y" * 80_000 + b"&query=porno"
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = guard.send("https://www.startpage.com/sp/search", method="POST", content=long, headers=form)
    assert answer.status_code == 403
    assert len(guard.school.plain.seen.requests) == before


def test_a_search_box_hears_nothing_instead_of_a_page(guard: Guard) -> None:
    answer = guard.send("https://clients1.google.com/complete/search?client=chrome&q=porno")
    assert (answer.status_code, answer.content) == (403, b"[]")
    assert guard.seen("https://clients1.google.com/complete/search?client=chrome&q=kat")[0].endswith(
        "&q=kat&safe=active&ssui=on"
    )


@pytest.mark.evasion("E16")
def test_an_engine_that_cannot_be_safe_stays_closed_with_a_page_that_names_others(guard: Guard) -> None:
    answer = guard.send("https://yandex.com/search/?text=kat", headers={"accept": "text/html"})
    assert answer.status_code == 403
    assert "Kiddle" in answer.text


def test_a_tunnel_of_a_pupil_leads_to_the_safe_name_as_well(guard: Guard) -> None:
    school = guard.school
    before, elsewhere = len(school.safe.seen.requests), len(school.plain.seen.requests)
    # The worker does not look into it: the site's own certificate arrives. Stock mitmdump looks into everything.
    trust = school.world if guard.name == "own_worker" else school.ca
    context = ssl.create_default_context(cafile=trust.crt)
    with httpx.Client(proxy=f"http://127.0.0.1:{guard.port}", verify=context, trust_env=False, timeout=20) as client:
        assert client.get("https://www.ecosia.org/search?q=kat").content == SECRET
    assert [path for _, path, _ in school.safe.seen.requests[before:]] == ["/search?q=kat"]
    assert len(school.plain.seen.requests) == elsewhere


def test_staff_search_as_they_like_by_the_engines_own_name(school: School) -> None:
    with own_worker(school), school.client(staff=True) as client:
        before = len(school.plain.seen.requests)
        assert client.get("https://www.google.nl/search?q=kat&safe=off").content == SECRET
        assert [path for _, path, _ in school.plain.seen.requests[before:]] == ["/search?q=kat&safe=off"]


# --- without an engine -----------------------------------------------------------------------------------------------


def exchange(body: bytes | None, **headers: str) -> Exchange:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Exchange(Peer("c", "127.0.0.1", 1), "POST", "https", "https://a.nl/", ("a.nl",), headers=named, body=body)


def test_only_a_plain_form_is_read_as_one() -> None:
    form = "application/x-www-form-urlencoded"
    assert is_form(exchange(b"", content_type=form))
    assert is_form(exchange(b"", content_type=f"{form.upper()}; charset=utf-8", content_encoding="identity"))
    assert not is_form(exchange(b"", content_type=form, content_encoding="gzip"))
    assert not is_form(exchange(b"", content_type="application/json"))
    assert not is_form(exchange(b""))


def test_without_rules_or_address_nothing_is_rewritten() -> None:
    asked = visit("a.nl", who=STRANGER)
    assert rewrite_of(exchange(b"q=1"), asked, SNAPSHOT) is None
    assert rewrite_of(exchange(b"q=1"), asked, None) is None


def test_bytes_of_a_form_that_are_not_ours_stay() -> None:
    from policy.address import canonical
    from policy.search import Engine, Engines, SafeSearch

    engines = Engines((Engine("a", ("a.nl",), safe=SafeSearch(params=(("safe", "on"),))),))
    snapshot = replace(SNAPSHOT, knowledge=replace(SNAPSHOT.knowledge, engines=engines))
    asked = visit("a.nl", who=STRANGER, address=canonical("https://a.nl/"))
    odd = bytes(range(128, 256))
    form = {"content_type": "application/x-www-form-urlencoded"}
    made = rewrite_of(exchange(b"q=" + odd + b"&safe=off", **form), asked, snapshot)
    assert made == Rewrite("/?safe=on", body=b"q=" + odd + b"&safe=on")
    assert dict(parse_qsl((made.body or b"").decode("latin-1")))["safe"] == "on"
    again = rewrite_of(exchange(b"q=1&safe=on", **form), asked, snapshot)
    assert again is not None and again.body is None
