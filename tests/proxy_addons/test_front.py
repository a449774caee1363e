"""The pupils' host: PAC files that are always there, the certificate without its key, and a small kind page."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from cli.ca import ensure_ca
from config import pac
from config.private_folder import columns_key
from config.settings import Listen, Settings
from policy.model import Group
from proxy_addons import gate as gate_module
from proxy_addons.facts import Answer, Door, Exchange, Hello, Ruling
from proxy_addons.gate import Gate, Options, open_gate
from proxy_addons.names import front as front_module
from proxy_addons.names.front import KEYED_PATH, UNKNOWN_GROUP, Place, place_of
from proxy_addons.names.page import PageServer
from store import open_store
from tests.cast import KNOWLEDGE, LESSON
from tests.proxy_addons.asking import KEYED, Guard, exchange, page, peer
from tests.proxy_addons.nameserver import free_ports
from tests.store.school import SCHOOL

PUPILS = "wacht.klaswacht.internal"
BASE = f"http://{PUPILS}"
PLAIN = 'return "PROXY 192.168.1.2:8080";'
NOBODY = peer("192.168.1.77")
KNOWN = replace(KNOWLEDGE, own_hosts=frozenset({"klaswacht.internal"}))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    files = ensure_ca(tmp_path / "ca", "De Linde", datetime.now(UTC))
    groups = {"7": 8107, "8": 8108}
    return Place("klaswacht.internal", PUPILS, "192.168.1.2", 8080, KEYED, 80, groups, (), files.public)


@dataclass
class Fronted:
    """A gate that knows where devices find it."""

    guard: Guard
    place: Place

    def gate(self) -> Gate:
        options = Options(SCHOOL, keyed_ports=frozenset({KEYED}), group_ports={8107: "7"}, place=self.place)
        return open_gate(self.guard.store, KNOWN, options, self.guard.clock)

    def ask(self, *asked: Exchange) -> list[Ruling]:
        async def main() -> list[Ruling]:
            gate = self.gate()
            await gate.start()
            try:
                return [await gate.ask(one) for one in asked]
            finally:
                await gate.stop()

        return asyncio.run(main())

    def get(self, url: str, **changes: object) -> Answer:
        (ruling,) = self.ask(exchange(url, NOBODY, **changes))
        assert ruling.answer is not None
        return ruling.answer

    def pac(self, path: str) -> str:
        answer = self.get(f"{BASE}{path}")
        headers = dict(answer.headers)
        assert answer.status == 200, path
        assert headers["Content-Type"] == "application/x-ns-proxy-autoconfig"
        assert "max-age=60" in headers["Cache-Control"]
        return answer.body.decode("ascii")


@pytest.fixture
def fronted(guard: Guard, place: Place) -> Fronted:
    return Fronted(guard, place)


# --- PAC --------------------------------------------------------------------------------------------------------------


def test_a_groups_pac_leads_to_its_own_port_and_never_past_the_guard(fronted: Fronted) -> None:
    text = fronted.pac("/pac/7.pac")
    assert 'return "PROXY 192.168.1.2:8107";' in text
    assert text.startswith("// Klaswacht: groep 7\n") and "DIRECT" not in text
    assert fronted.pac("/pac/7") == fronted.pac("/pac/7.pac?x=1") == text


def test_a_group_without_a_port_and_devices_of_nobody_go_to_the_plain_port(fronted: Fronted) -> None:
    fronted.guard.store.people.put_group(SCHOOL, Group("6", "Groep 6", (6,)), "test", LESSON)
    assert PLAIN in (text := fronted.pac("/pac/6.pac")) and "heeft geen eigen poort" in text
    assert PLAIN in fronted.pac("/proxy.pac")
    assert PLAIN in fronted.pac("/wpad.dat")
    assert counted(fronted) == 0


def test_devices_with_a_key_have_an_address_that_no_group_can_have(fronted: Fronted) -> None:
    assert f'return "PROXY 192.168.1.2:{KEYED}";' in fronted.pac(KEYED_PATH)
    assert f'"PROXY 192.168.1.2:{KEYED}"' not in fronted.pac(pac.path("sleutel"))


@pytest.mark.evasion("E28")
@pytest.mark.parametrize(
    "path",
    [
        *("/pac/9z.pac", "/pac/", "/pac", "/pac/7.pacc", "/pac/7/x.pac", "/pac/%22%3BDIRECT.pac", "/7.pac"),
        *("/pac/%0Areturn%20%22DIRECT%22.pac", "/pac/7.PAC", "/x/y.pac?7", "/pac/%00.pac", "/pac/7%E2%80%A8.pac"),
    ],
)
def test_a_group_that_does_not_exist_gets_the_strictest_pac_and_no_page(fronted: Fronted, path: str) -> None:
    text = fronted.pac(path)
    assert PLAIN in text and "deze groep bestaat niet" in text
    assert "DIRECT" not in text and text.count("\n") == 4
    assert counted(fronted) == 1


def counted(fronted: Fronted) -> int:
    return sum(one.n for one in fronted.guard.store.events.counts(SCHOOL, LESSON) if one.category == UNKNOWN_GROUP)


@pytest.mark.evasion("E28")
def test_without_rules_there_is_still_a_pac_for_every_group(place: Place, tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'k.db'}", key=columns_key(tmp_path), migrate=True)
    gate = open_gate(store, KNOWN, Options("no-such-school", place=place))  # not started: it has no snapshot

    def of(path: str) -> str:
        ruling = asyncio.run(gate.ask(exchange(f"{BASE}{path}", NOBODY)))
        assert ruling.answer is not None and ruling.answer.status == 200
        return ruling.answer.body.decode()

    assert "PROXY 192.168.1.2:8107" in of("/pac/7.pac")
    assert PLAIN in of("/pac/9z.pac") and "regels zijn nu niet te lezen" in of("/pac/9z.pac")
    store.close()


def test_when_asking_itself_breaks_there_is_a_pac_and_a_closed_site_stays_closed(
    fronted: Fronted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("nothing can be read today")

    monkeypatch.setattr(gate_module.translate, "of_exchange", broken)
    assert "PROXY 192.168.1.2:8107" in fronted.pac("/pac/7.pac")
    assert fronted.get("http://social.com/pac/7.pac").status == 503


def test_what_breaks_while_a_pac_is_chosen_leaves_the_strictest(
    fronted: Fronted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> str:
        raise RuntimeError("no texts today")

    monkeypatch.setattr(front_module, "say", broken)
    assert "PROXY 192.168.1.2:8107" in fronted.pac("/pac/7.pac")
    assert PLAIN in fronted.pac("/pac/9z.pac")


def test_several_boxes_stand_in_the_pac_in_the_schools_order(fronted: Fronted) -> None:
    fronted.place = replace(fronted.place, reach=("wacht-2.school.nl", "192.168.1.2", "fd00::1"))
    text = fronted.pac("/pac/7.pac")
    assert '"PROXY wacht-2.school.nl:8107; PROXY 192.168.1.2:8107; PROXY [fd00::1]:8107"' in text


def test_the_ports_in_a_pac_are_those_that_were_really_taken(tmp_path: Path) -> None:
    listen = Listen("10.0.0.2", 3128, 3129, name="bord.school.nl", groups={"4-5": 3145}, page=8000, reach=("a.nl",))
    found = place_of(Settings(listen=listen), tmp_path)
    assert found == Place(
        "bord.school.nl",
        "wacht.bord.school.nl",
        "10.0.0.2",
        3128,
        3129,
        8000,
        {"4-5": 3145},
        ("a.nl",),
        tmp_path / "ca" / "klaswacht-ca.crt",
        tmp_path,
    )


# --- inside the proxy, in every state ---------------------------------------------------------------------------------


def test_inside_the_proxy_the_pupils_host_is_answered_whatever_is_closed(fronted: Fronted) -> None:
    for moment in (LESSON, LESSON.replace(hour=11, minute=20), LESSON.replace(hour=22)):
        fronted.guard.clock.now = moment
        for who in (NOBODY, peer("10.0.7.2"), peer("192.168.1.77", KEYED), peer(name="chroom-1")):
            for url in (f"{BASE}/", f"https://{PUPILS}/"):
                (ruling,) = fronted.ask(exchange(url, who))
                assert ruling.answer is not None and ruling.answer.status == 200
                assert "Hallo, dit is Klaswacht" in page(ruling.answer)


def test_a_connect_to_the_pupils_host_is_looked_into_and_asks_for_no_key(fronted: Fronted) -> None:
    gate = fronted.gate()
    nobody = peer("192.168.1.77", KEYED)
    assert gate.enter(nobody, PUPILS, 443).door is Door.INSPECT
    assert gate.hello(nobody, Hello(PUPILS, PUPILS)).door is Door.INSPECT
    assert gate.enter(nobody, "kletsplein.test", 443).door is Door.CHALLENGE


@pytest.mark.evasion("E28")
def test_no_other_host_serves_a_pac_and_the_dashboards_name_neither(fronted: Fronted) -> None:
    for host in ("social.com", "leren.nl", "klaswacht.internal", f"x.{PUPILS}", "192.168.1.3"):
        (ruling,) = fronted.ask(exchange(f"http://{host}/pac/7.pac", NOBODY))
        assert ruling.answer is None or b"FindProxyForURL" not in ruling.answer.body, host


def test_the_guards_own_address_is_answered_at_the_port_of_the_pages_only(fronted: Fronted) -> None:
    assert fronted.get("http://192.168.1.2/").status == 200
    for other in ("http://192.168.1.2:8443/", "https://192.168.1.2/"):
        (ruling,) = fronted.ask(exchange(other, NOBODY))
        assert ruling.answer is None or "Hallo, dit is" not in ruling.answer.body.decode()


def test_the_guards_own_path_stays_what_it_is_and_a_report_from_there_is_about_no_site(fronted: Fronted) -> None:
    answer = fronted.get(f"{BASE}/_klaswacht/report")
    assert answer.status == 200 and "Het is niet jouw schuld" in page(answer)
    assert fronted.get(f"{BASE}/_klaswacht/help").status == 200


# --- the page and the certificate -------------------------------------------------------------------------------------


def test_the_page_is_kind_small_and_leads_to_telling_and_to_no_dashboard(fronted: Fronted) -> None:
    answer = fronted.get(f"{BASE}/")
    text = page(answer)
    assert "/_klaswacht/report" in text and "http://vertel.klaswacht.internal/" in text
    assert f"{BASE}/pac/7.pac" in text and 'href="/klaswacht-ca.crt"' in text
    assert "8443" not in text and not re.search(r"https://klaswacht\.internal", text)
    english = fronted.get(f"{BASE}/", headers={"accept-language": "en", "accept": "text/html"})
    assert "Hello, this is Klaswacht" in page(english)


def test_a_page_that_is_not_there_is_no_dead_end(fronted: Fronted) -> None:
    answer = fronted.get(f"{BASE}/admin")
    assert answer.status == 404 and "Hier ben je wel goed" in page(answer)
    (ruling,) = fronted.ask(exchange(f"{BASE}/", NOBODY, method="POST", body=b"x"))
    assert ruling.answer is not None and ruling.answer.status == 405


@pytest.mark.evasion("S03")
def test_the_certificate_comes_without_its_key_also_where_the_file_has_it(fronted: Fronted) -> None:
    folder = fronted.place.certificate.parent if fronted.place.certificate else Path()
    for file in (folder / "klaswacht-ca.crt", folder / "mitmproxy-ca.pem"):
        fronted.place = replace(fronted.place, certificate=file)
        answer = fronted.get(f"{BASE}/klaswacht-ca.crt")
        assert dict(answer.headers)["Content-Type"] == "application/x-x509-ca-cert"
        assert b"PRIVATE" not in answer.body
        assert x509.load_pem_x509_certificate(answer.body).subject.rfc4514_string()


def test_while_another_ca_waits_its_certificate_is_there_too_without_its_key(fronted: Fronted) -> None:
    assert fronted.get(f"{BASE}/klaswacht-ca-next.crt").status == 404
    assert fronted.place.certificate is not None
    folder = fronted.place.certificate.parent
    waits = folder / "klaswacht-ca-next.crt"
    waits.write_bytes((folder / "mitmproxy-ca.pem").read_bytes())
    try:
        answer = fronted.get(f"{BASE}/klaswacht-ca-next.crt")
    finally:
        waits.unlink()
    assert answer.status == 200 and b"PRIVATE" not in answer.body
    assert 'filename="klaswacht-ca-next.crt"' in dict(answer.headers)["Content-Disposition"]


def test_a_certificate_that_is_gone_is_trouble_and_nothing_else(fronted: Fronted) -> None:
    fronted.place = replace(fronted.place, certificate=Path("/no/such/file"))
    assert fronted.get(f"{BASE}/klaswacht-ca.crt").status == 503


# --- the page listener ------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def listening(gate: Gate) -> Iterator[int]:
    """The page listener on loopback, in a thread."""
    import threading

    loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    (port,) = free_ports(1)

    async def main() -> None:
        await gate.start()
        server = PageServer(gate, "https://klaswacht.internal:8443/")
        server.start("0.0.0.0", port)
        ready.set()
        await stop.wait()
        await server.stop()
        await gate.stop()

    thread = threading.Thread(target=loop.run_until_complete, args=(main(),), daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)


def fetch(
    port: int, path: str, host: str, method: str = "GET", to: str = "127.0.0.1"
) -> tuple[int, dict[str, str], str]:
    with contextlib.closing(http.client.HTTPConnection(to, port, timeout=20)) as line:
        line.request(method, path, headers={"Host": host, "Accept": "text/html"})
        answer = line.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode()


def test_the_listener_knows_the_pupils_host_and_its_own_address_and_nobody_else(fronted: Fronted) -> None:
    with listening(fronted.gate()) as port:
        for host in (PUPILS, f"{PUPILS}:{port}", f"127.0.0.1:{port}", "WACHT.klaswacht.internal."):
            status, headers, body = fetch(port, "/pac/7.pac", host)
            assert (status, headers["content-type"]) == (200, "application/x-ns-proxy-autoconfig"), host
            assert "PROXY 192.168.1.2:8107" in body
        for host in ("social.com", "leren.nl", "10.9.8.7", "127.0.0.2", "klaswacht.internal"):
            status, _, body = fetch(port, "/pac/7.pac", host)
            assert status != 200 and "FindProxyForURL" not in body, host
        status, headers, body = fetch(port, "/pac/7.pac", PUPILS, "HEAD")
        assert (status, body) == (200, "") and int(headers["content-length"]) > 50
        status, _, body = fetch(port, "/", PUPILS)
        assert status == 200 and "Hallo, dit is Klaswacht" in body


def test_where_the_guard_listens_everywhere_a_pac_names_the_address_that_the_device_reached(fronted: Fronted) -> None:
    fronted.place = replace(fronted.place, address="0.0.0.0")
    with listening(fronted.gate()) as port:
        assert '"PROXY 127.0.0.3:8107"' in fetch(port, "/pac/7.pac", PUPILS, to="127.0.0.3")[2]
        assert '"PROXY 127.0.0.4:8107"' in fetch(port, "/pac/7.pac", "127.0.0.4", to="127.0.0.4")[2]
        assert fetch(port, "/pac/7.pac", "127.0.0.4", to="127.0.0.3")[0] != 200
    assert f'"PROXY {PUPILS}:8107"' in fronted.pac("/pac/7.pac")  # nobody knows by which address a proxy was reached


def test_under_the_pupils_host_one_comes_to_where_one_signs_in(guard: Guard, place: Place) -> None:
    answer = Fronted(guard, place).ask(exchange(f"{BASE}/wie", NOBODY))[0].answer
    assert answer is not None and answer.status == 302
    assert dict(answer.headers)["Location"] == "http://wie.klaswacht.internal/"
