"""A device without our CA, whose name server is the guard: the real `klaswacht up`, a real name server behind it.

Tables and a Chromebook at 127.0.7.x are of group 7. What a device does is done by dnspython over UDP and TCP, and by
plain http for the page.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import pytest
from dns.message import Message

from cli import doctor
from cli import school as running_school
from cli.demo.school import GROUPS
from cli.home import Home
from config import load
from policy.model import Device, DeviceClass, Facet, Grant, Role
from store import Store
from store.people import Person
from tests.e2e.playground import end, start
from tests.proxy_addons.nameserver import HTTPS, NameServer, free_ports

pytestmark = [pytest.mark.timeout(300), pytest.mark.full]

GUARD = "192.168.55.5"  # where a closed name leads
TABLET = "127.0.7.21"
STRANGER = "127.0.66.6"
PRINTER = "127.0.8.5"
START_WITHIN = 90.0
PATIENCE = 30.0  # seconds: a ceiling on a busy machine
WORLD = {
    "kletsplein.test": {"A": ["203.0.113.7"], "AAAA": ["2a00:1450:1::7"], "HTTPS": [HTTPS], "SVCB": [HTTPS]},
    "rekenrijk.test": {
        "A": ["198.18.0.1", "9.9.9.10"],
        "AAAA": ["2606:4700::10"],
        "HTTPS": [HTTPS.replace("203.0.113.7", "9.9.9.10")],
        "SVCB": [HTTPS.replace("203.0.113.7", "9.9.9.10")],
        "TXT": ['"v=spf1 -all"'],
    },
    "veel.test": {"TXT": [f'"{number} {"x" * 200}"' for number in range(12)]},
    "vermomd.test": {"CNAME": ["kletsplein.test."]},
    "netjes.test": {"CNAME": ["cdn.rekenrijk.test."]},
    "cdn.rekenrijk.test": {"A": ["9.9.9.11"]},
    "binnen.test": {"A": ["10.0.0.1", "127.0.0.1", "169.254.169.254"]},
    "www.kindertelefoon.nl": {"A": ["9.9.9.12"]},
    "forcesafesearch.google.com": {"A": ["9.9.9.13"], "AAAA": ["2606:4700::13"]},
    "www.google.nl": {"A": ["9.9.9.99"], "AAAA": ["2606:4700::99"], "HTTPS": ['1 . alpn="h2"']},
    "dns.google": {"A": ["8.8.8.8"]},
    "mask.icloud.com": {"A": ["9.9.9.14"]},
    "use-application-dns.net": {"A": ["9.9.9.15"]},
    "one.test": {"A": ["9.9.9.16"]},
}
WEEK = "\n".join(
    f'    {day}: {{lessons: ["00:00-24:00"]}}' for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
)


@dataclass(slots=True)
class Running:
    """One running guard that answers names at `port`, with its page at `page`."""

    port: int
    page: int
    store: Store
    process: subprocess.Popen[bytes]
    world: NameServer
    zone: NameServer
    home: Home
    log: Path

    def ask(self, name: str, kind: str = "A", source: str = TABLET, *, tcp: bool = False, **how: object) -> Message:
        query = dns.message.make_query(name, kind, **how)
        send = dns.query.tcp if tcp else dns.query.udp
        return send(query, "127.0.0.1", PATIENCE, self.port, source)

    def found(self, name: str, kind: str = "A", source: str = TABLET, *, tcp: bool = False) -> list[str]:
        """The records of a kind in the answer, as text."""
        answer = self.ask(name, kind, source, tcp=tcp)
        wanted = dns.rdatatype.from_text(kind)
        return [one.to_text() for found in answer.answer if found.rdtype == wanted for one in found]

    def closed(self, name: str, source: str = TABLET) -> bool:
        return self.found(name, source=source) == [GUARD]


def school_file(world: int, zone: int, dns_port: int, page: int) -> str:
    return f"""
school: {{id: school, name: Naamschool}}
protocol: kalisto
language: nl
workers: 1
listen:
  address: 127.0.0.1
  proxy: 0
  keyed: 0
  dashboard: 0
  dns: {dns_port}
  page: {page}
dns:
  upstream: ["127.0.0.1:{world}"]
  zones: {{intern.school: ["127.0.0.1:{zone}"]}}
  answer_with: {GUARD}
egress:
  hosts: {{"intranet.onzeschool.test:443": "10.1.2.3:443"}}
schedule:
  days:
{WEEK}
lists:
  social: [kletsplein.test]
"""


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with contextlib.ExitStack() as stack:
        world = stack.enter_context(NameServer(WORLD))
        zone = stack.enter_context(NameServer({"printer.intern.school": {"A": ["10.9.8.7"]}}))
        folder = tmp_path_factory.mktemp("names")
        home = Home(folder / "home")
        home.prepare()
        dns_port, page = free_ports(2)
        home.school_file.write_text(school_file(world.port, zone.port, dns_port, page))
        settings = load.read_school(home.school_file).settings
        store = running_school.opened(home)
        stack.callback(store.close)
        now = datetime.now(UTC)
        for group in GROUPS:
            store.people.put_group("school", group, "test", now)
        store.people.put_people("school", [Person("anja", Role.TEACHER, "juf Anja", ("7",))], "test", now)
        for device in (
            Device("tafel", "Tablets groep 7", DeviceClass.PUPIL, "7", addresses=("127.0.7.0/24",)),
            Device("printer", "Printer", DeviceClass.INFRASTRUCTURE, addresses=(f"{PRINTER}/32",)),
        ):
            store.devices.put("school", device, "test", now)
        assert settings.listen.dns == dns_port
        log = folder / "up.log"
        process = start(home, log)
        stack.callback(end, process)
        running = Running(dns_port, page, store, process, world, zone, home, log)
        wait_until(lambda: "rekenrijk" in str(answers(running)), "it answers names", log)
        yield running


def answers(guard: Running) -> Message | None:
    with contextlib.suppress(dns.exception.Timeout, OSError):
        query = dns.message.make_query("rekenrijk.test", "A")
        return dns.query.udp(query, "127.0.0.1", 0.5, guard.port, TABLET)
    return None


def wait_until(true: Callable[[], bool], what: str, log: Path | None = None, within: float = START_WITHIN) -> float:
    begun = time.monotonic()
    while not true():
        told = log.read_text("utf-8", "replace") if log else ""
        assert time.monotonic() - begun < within, f"never happened: {what}\n{told}"
        time.sleep(0.1)
    return time.monotonic() - begun


# --- open and closed --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_a_closed_name_leads_to_the_guard_and_the_world_does_not_hear_of_it(guard: Running, tcp: bool):
    guard.world.asked.clear()
    answer = guard.ask("KletsPlein.test", tcp=tcp)
    (found,) = answer.answer
    assert [one.to_text() for one in found] == [GUARD]
    assert found.ttl <= 5
    assert answer.question[0].name.labels[0] == b"KletsPlein"  # the case of the question comes back as it was
    for kind in ("AAAA", "HTTPS", "SVCB", "TXT", "MX"):
        nothing = guard.ask("kletsplein.test", kind, tcp=tcp)
        assert (nothing.rcode(), nothing.answer) == (dns.rcode.NOERROR, [])
        assert nothing.authority[0].rdtype == dns.rdatatype.SOA
        assert nothing.authority[0].ttl <= 5
    assert guard.world.asked == []


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_an_open_name_is_passed_on_for_a_minute_at_most(guard: Running, tcp: bool):
    answer = guard.ask("rekenrijk.test", tcp=tcp)
    assert "9.9.9.10" in guard.found("rekenrijk.test", tcp=tcp)
    assert 0 < answer.answer[0].ttl <= 60
    assert guard.found("rekenrijk.test", "TXT", tcp=tcp) == ['"v=spf1 -all"']


def test_a_name_that_is_not_there_is_not_there(guard: Running):
    assert guard.ask("bestaatniet.test").rcode() == dns.rcode.NXDOMAIN


def test_help_is_found_also_by_who_is_nobody(guard: Running):
    assert guard.found("www.kindertelefoon.nl", source=STRANGER) == ["9.9.9.12"]


def test_a_permission_opens_a_name_within_seconds_and_its_end_closes_it(guard: Running):
    assert guard.closed("kletsplein.test")
    now = datetime.now(UTC)
    given = guard.store.grants.add("school", grant(now), now)
    wait_until(lambda: not guard.closed("kletsplein.test"), "the permission opens it", guard.log, PATIENCE)
    answer = guard.ask("kletsplein.test")
    assert answer.answer == [] or answer.answer[0].ttl <= 5
    assert guard.closed("kletsplein.test", source=STRANGER)
    guard.store.grants.revoke("school", given.id, "anja", datetime.now(UTC))
    wait_until(lambda: guard.closed("kletsplein.test"), "the end closes it", guard.log, PATIENCE)


def grant(now: datetime, **changes: object) -> Grant:
    facts: dict[str, object] = {
        "sites": ("kletsplein.test",),
        "facets": frozenset({Facet.PLACE}),
        "groups": frozenset({"7"}),
    }
    return Grant(
        id="",
        start=now,
        end=now + timedelta(minutes=20),
        by="anja",
        role=Role.TEACHER,
        **facts | changes,
    )


# --- ways around ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["HTTPS", "SVCB"])
def test_what_would_hide_the_next_name_or_change_to_quic_is_taken_out(guard: Running, kind: str):
    guard.world.extra = {"extra.test": ["9.9.9.77"]}
    answer = guard.ask("rekenrijk.test", kind)
    (found,) = answer.answer[0]
    text = found.to_text()
    assert 'alpn="h2"' in text and 'ipv4hint="9.9.9.10"' in text
    assert "h3" not in text and "ech" not in text
    assert answer.additional == []


def test_firefox_and_private_relay_hear_that_this_network_has_its_own_names(guard: Running):
    guard.world.asked.clear()
    for name in ("use-application-dns.net", "mask.icloud.com", "mask-h2.icloud.com"):
        assert guard.ask(name).rcode() == dns.rcode.NXDOMAIN
    other = guard.ask("_dns.resolver.arpa", "SVCB")
    assert (other.rcode(), other.answer) == (dns.rcode.NOERROR, [])
    assert guard.closed("dns.google")
    assert guard.world.asked == []


def test_an_alias_of_a_closed_name_is_closed_and_another_is_not(guard: Running):
    assert guard.closed("vermomd.test")
    assert guard.found("vermomd.test", "AAAA") == []
    assert guard.found("netjes.test") == ["9.9.9.11"]


def test_a_name_outside_never_leads_inside_but_the_school_s_own_do(guard: Running):
    answer = guard.ask("binnen.test")
    assert (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, [])
    assert guard.found("rekenrijk.test") == ["9.9.9.10"]
    assert guard.found("printer.intern.school") == ["10.9.8.7"]
    assert guard.found("intranet.onzeschool.test") == ["10.1.2.3"]
    assert guard.world.names().count("printer.intern.school") == 0


def test_searching_is_safe_for_pupils_and_nothing_else_is_said_of_that_name(guard: Running):
    answer = guard.ask("www.google.nl")
    alias, found = answer.answer
    assert alias.to_text().endswith("CNAME forcesafesearch.google.com.")
    assert [one.to_text() for one in found] == ["9.9.9.13"]
    assert guard.found("www.google.nl", "AAAA") == ["2606:4700::13"]
    assert guard.ask("www.google.nl", "HTTPS").answer == []
    assert guard.found("www.google.nl", source=PRINTER) == ["9.9.9.99"]
    with_nothing_safe = guard.ask("duckduckgo.com")
    assert (with_nothing_safe.rcode(), [one for one in with_nothing_safe.answer if one.rdtype == 1]) == (3, [])


def test_the_guard_s_own_names_lead_to_it(guard: Running):
    for name in ("klaswacht.internal", "vertel.klaswacht.internal"):
        assert guard.found(name, source=STRANGER) == [GUARD]
        assert guard.ask(name, "AAAA").answer == []


def test_names_of_the_building_never_leave_it(guard: Running):
    guard.world.asked.clear()
    for name in ("wpad", "mijn-printer.local", "1.0.168.192.in-addr.arpa", "localhost"):
        assert guard.ask(name).rcode() == dns.rcode.NXDOMAIN
    assert guard.world.asked == []


# --- the protocol -----------------------------------------------------------------------------------------------------


def test_a_long_answer_says_so_over_udp_and_comes_whole_over_tcp(guard: Running):
    short = guard.ask("veel.test", "TXT")
    assert short.flags & dns.flags.TC and not short.answer
    assert len(guard.ask("veel.test", "TXT", tcp=True).answer[0]) == 12
    assert len(guard.ask("rekenrijk.test", use_edns=0, payload=4096).to_wire()) < 512


@pytest.mark.parametrize(
    ("kind", "rcode"), [("AXFR", dns.rcode.REFUSED), ("IXFR", dns.rcode.REFUSED), ("TKEY", dns.rcode.FORMERR)]
)
def test_what_is_no_look_up_is_refused(guard: Running, kind: str, rcode: dns.rcode.Rcode):
    query = dns.message.make_query("rekenrijk.test", "A")
    query.question[0].rdtype = dns.rdatatype.from_text(kind)
    assert sent_raw(guard, query.to_wire()).rcode() == rcode


def test_other_work_and_other_classes_are_refused_and_everything_at_once_is_next_to_nothing(guard: Running):
    update = dns.message.make_query("rekenrijk.test", "A").to_wire()
    assert sent_raw(guard, update[:2] + b"\x28\x00" + update[4:]).rcode() == dns.rcode.REFUSED
    assert guard.ask("version.bind", "TXT", rdclass="CH").rcode() == dns.rcode.REFUSED
    whole = guard.ask("rekenrijk.test", "ANY")
    assert [found.rdtype for found in whole.answer] == [dns.rdatatype.HINFO]


def sent_raw(guard: Running, data: bytes) -> Message:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((TABLET, 0))
        sock.settimeout(PATIENCE)
        sock.sendto(data, ("127.0.0.1", guard.port))
        return dns.message.from_wire(sock.recv(65_535), one_rr_per_rrset=False)


def test_the_pupils_host_is_the_guard_itself_and_the_doctor_finds_names_answered(guard: Running):
    assert guard.closed("wacht.klaswacht.internal")  # the guard's address, as a closed name has
    status, headers, text = page_of(guard, "wacht.klaswacht.internal", "/pac/7.pac")
    assert (status, headers["content-type"]) == (200, "application/x-ns-proxy-autoconfig") and "DIRECT" not in text
    assert "FindProxyForURL" not in page_of(guard, "kletsplein.test", "/pac/7.pac")[2]
    told = {one.code: one.level for one in doctor.examine(guard.home)[0]}
    assert told["names_ours"] is doctor.Level.OK


def test_rubbish_over_tcp_ends_that_connection_only(guard: Running):
    for rubbish in (b"\0\0", b"\xff\xff" + b"x" * 100, b"\0\x05hallo", b"GET / HTTP/1.1\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", guard.port), PATIENCE, (TABLET, 0)) as line:
            line.sendall(rubbish)
            line.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionError):
                assert line.recv(100) == b""
    with socket.create_connection(("127.0.0.1", guard.port), PATIENCE, (TABLET, 0)) as line:
        for _ in range(3):  # one connection, several questions
            query = dns.message.make_query("kletsplein.test", "A").to_wire()
            line.sendall(struct.pack("!H", len(query)) + query)
            (size,) = struct.unpack("!H", line.recv(2))
            assert GUARD in dns.message.from_wire(line.recv(size)).to_text()


# --- the page ---------------------------------------------------------------------------------------------------------


def page_of(guard: Running, host: str, path: str = "/", source: str = TABLET) -> tuple[int, dict[str, str], str]:
    line = http.client.HTTPConnection("127.0.0.1", guard.page, timeout=PATIENCE, source_address=(source, 0))
    with contextlib.closing(line):
        line.request("GET", path, headers={"Host": host, "Accept": "text/html", "Accept-Language": "nl"})
        answer = line.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode()


def test_behind_a_closed_name_is_the_friendly_page_and_its_own_path(guard: Running):
    status, headers, page = page_of(guard, "kletsplein.test", "/groep/7")
    assert status == 403
    assert "kletsplein.test" in page and headers["cache-control"] == "no-store"
    status, _, page = page_of(guard, "kletsplein.test", "/_klaswacht/help")
    assert status == 200 and "0800-0432" in page
    status, _, page = page_of(guard, "vertel.klaswacht.internal")
    assert status == 200 and "<form" in page


def test_the_page_looks_again_when_the_name_is_open_by_now_and_serves_nobody_as_a_proxy(guard: Running):
    status, headers, _ = page_of(guard, "rekenrijk.test")
    assert (status, headers.get("refresh")) == (502, "6")
    status, headers, _ = page_of(guard, "klaswacht.internal")
    assert status == 302 and headers["location"].startswith("https://klaswacht.internal:")
    status, _, page = page_of(guard, "rekenrijk.test", "http://rekenrijk.test/")
    assert status == 503 and "rekenrijk" not in page


# --- what lasts -------------------------------------------------------------------------------------------------------


def test_of_names_that_were_looked_up_nothing_is_kept(guard: Running):
    time.sleep(1.5)  # a page that another test opened is written by then
    before = guard.store.events.since("school", 0)
    for _ in range(5):
        assert guard.closed("kletsplein.test")
        assert guard.closed("vermomd.test", source=STRANGER)
    time.sleep(1.5)
    assert guard.store.events.since("school", 0) == before
    kept = b"".join(path.read_bytes() for path in guard.home.path.rglob("klaswacht.db*"))
    assert b"vermomd" not in kept and b"bestaatniet" not in kept
    assert "test" not in guard.log.read_text("utf-8", "replace").replace(str(guard.home.path), "")


def test_with_no_name_server_behind_it_closed_names_are_as_before_and_others_have_no_answer(guard: Running):
    guard.world.silent = True
    try:
        answer = guard.ask("nieuw.rekenrijk.test")
        assert (answer.rcode(), answer.answer) == (dns.rcode.SERVFAIL, [])
        assert guard.closed("kletsplein.test")
    finally:
        guard.world.silent = False
    wait_until(lambda: guard.ask("nieuw.rekenrijk.test").rcode() == dns.rcode.NXDOMAIN, "it is back", None, PATIENCE)


def test_a_process_that_dies_is_there_again_and_none_is_left_behind(guard: Running):
    (number,) = children(guard.process.pid, "dns")
    os.kill(number, signal.SIGKILL)
    wait_until(lambda: children(guard.process.pid, "dns") not in ((), (number,)), "it is started again", guard.log)
    wait_until(lambda: answers(guard) is not None, "it answers again", guard.log)
    assert guard.closed("kletsplein.test")


def children(parent: int, kind: str) -> tuple[int, ...]:
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            told = (path / "cmdline").read_bytes().split(b"\0")
            above = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if above == parent and b"cli.worker" in told and kind.encode() in told:
                found.append(int(path.name))
    return tuple(found)
