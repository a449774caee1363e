"""Telephones on the running guard: real lease files, names and pages; who may lift the rule, and whom that is for.

Every device has a loopback address of its own, which a lease file gives to its hardware address.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

import dns.message
import dns.query
import dns.rdatatype
import pytest

from cli import school as running_school
from cli.home import Home
from policy.model import Care, Device, DeviceClass, Facet, Grant, Group, Role
from store import Store
from store.people import Person
from tests.e2e import clients
from tests.e2e.playground import started
from tests.e2e.test_dns import GUARD, PATIENCE, WEEK, wait_until
from tests.proxy_addons.nameserver import NameServer, free_ports
from tests.proxy_addons.test_leases import HEAD4, HIDDEN, OWN

pytestmark = [pytest.mark.timeout(300), pytest.mark.full]

SAMS, STRANGE, SHY, CART, LATE = (f"127.0.9.{n}" for n in (1, 2, 3, 4, 5))
MACS = {SAMS: OWN, STRANGE: "3c:22:fb:0a:0b:0c", SHY: HIDDEN, CART: "3c:22:fb:0d:0e:0f"}
SITE, CLOSED_TOO, OWN_HOST = "http://rekenrijk.test/", "http://suiker.test/", "http://wacht.klaswacht.internal"
WORLD = {"rekenrijk.test": {"A": ["9.9.9.10"]}, "www.kindertelefoon.nl": {"A": ["9.9.9.12"]}}
OFF = "Je telefoon is nu uit"
SCHOOL = "school"


class _Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "12")
        self.end_headers()
        self.wfile.write(b"een echte st")

    def log_message(self, *_: object) -> None:
        """Nothing: a test's output is its own."""


@contextlib.contextmanager
def site() -> Iterator[int]:
    """A site out in the world; its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(slots=True)
class Running:
    """A running guard with its ports, and the file that Kea writes."""

    store: Store
    log: Path
    kea: Path
    proxy: int
    names: int
    page: int

    def reply(self, address: str, url: str = SITE, form: dict[str, str] | None = None) -> clients.Reply:
        """What a device at an address gets by the proxy."""
        body = urlencode(form).encode() if form is not None else None
        more = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"} if form else {}
        return clients.Device(self.proxy, (), source=address).fetch(url, "POST" if form else "GET", body, more)

    def off(self, address: str, url: str = SITE) -> bool:
        """Whether it gets the page of a telephone; the only other thing it may get here is the site."""
        reply = self.reply(address, url)
        assert reply.status == 200 or OFF in unescape(reply.text), reply.text
        return reply.status != 200

    def found(self, address: str, name: str) -> list[str]:
        """Where a name leads for a device at an address."""
        answer = dns.query.udp(dns.message.make_query(name, "A"), "127.0.0.1", PATIENCE, self.names, address)
        return [one.to_text() for found in answer.answer if found.rdtype == dns.rdatatype.A for one in found]

    def until(self, address: str, *, off: bool, url: str = SITE) -> None:
        """Wait until a device is off, or no longer."""
        wait_until(lambda: self.off(address, url) is off, f"{address} is {'off' if off else 'on'}", self.log, PATIENCE)

    def notices(self) -> list[tuple[str | None, ...]]:
        """Of every notice its group, device, person and host."""
        kept = [one.event for one in self.store.events.since(SCHOOL, 0)]
        return sorted(((one.group, one.device, one.person, one.host) for one in kept), key=str)

    @contextlib.contextmanager
    def may(self, pupil: str) -> Iterator[None]:
        """A teacher permits a pupil's telephone meanwhile."""
        now = datetime.now(UTC)
        facts = Grant("", now, now + timedelta(minutes=20), Role.TEACHER, "anja", facets=frozenset({Facet.CONNECT}))
        given = self.store.grants.add(SCHOOL, replace(facts, people=frozenset({pupil})), now)
        yield
        self.store.grants.revoke(SCHOOL, given.id, "anja", datetime.now(UTC))


def school_file(names: int, world: int, page: int, origin: int, leases: Path, kea: Path) -> str:
    return f"""
school: {{id: {SCHOOL}, name: Telefoonschool}}
protocol: regenboog
language: nl
workers: 1
listen: {{address: 127.0.0.1, proxy: 0, keyed: 0, dashboard: 0, dns: {names}, page: {page}}}
dns: {{upstream: ["127.0.0.1:{world}"], answer_with: {GUARD}}}
dhcp: {{leases: ["{leases}", "{kea}"]}}
egress: {{hosts: {{"rekenrijk.test:80": "127.0.0.1:{origin}", "suiker.test:80": "127.0.0.1:{origin}"}}}}
schedule:
  days:
{WEEK}
"""


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("phones")
    leases, kea, now = folder / "dnsmasq.leases", folder / "kea-leases4.csv", datetime.now(UTC)
    ends = int((now + timedelta(days=1)).timestamp())
    leases.write_text("".join(f"{ends} {mac} {address} * *\n" for address, mac in MACS.items()))
    kea.write_text(HEAD4)
    home = Home(folder / "home")
    home.prepare()
    with contextlib.ExitStack() as stack:
        world, origin = stack.enter_context(NameServer(WORLD)), stack.enter_context(site())
        names, page = free_ports(2)
        home.school_file.write_text(school_file(names, world.port, page, origin, leases, kea))
        store = running_school.opened(home)
        stack.callback(store.close)
        store.people.put_group(SCHOOL, Group("7", "Groep 7", (7,)), "test", now)
        people = [Person("anja", Role.TEACHER, "juf Anja", ("7",))]
        people += [Person(name, Role.PUPIL, name.title(), ("7",)) for name in ("sam", "noor")]
        store.people.put_people(SCHOOL, people, "test", now)
        phone, pupil = DeviceClass.PHONE, DeviceClass.PUPIL
        devices = (
            Device("sams-phone", "Telefoon Sam", phone, person="sam", addresses=(OWN,)),
            Device("noors-phone", "Telefoon Noor", phone, person="noor"),
            Device("chroom-9", "Chromebook 9", pupil, "7", addresses=(MACS[CART],)),
        )
        store.devices.put_all(SCHOOL, devices, "test", now)
        log = folder / "up.log"
        _, told = stack.enter_context(started(home, log))
        running = Running(store, log, kea, int(str(told["proxy"])), names, page)
        running.until(CART, off=False)
        yield running


def test_a_phone_is_off_by_name_and_by_page_help_is_not_and_it_is_told_once(guard: Running) -> None:
    for _ in range(2):
        assert [guard.off(one) for one in (SAMS, STRANGE, SHY, CART)] == [True, True, True, False]
        assert [guard.found(one, "rekenrijk.test") for one in (SAMS, STRANGE)] == [[GUARD]] * 2
    assert guard.found(CART, "rekenrijk.test") == ["9.9.9.10"]
    assert guard.found(SAMS, "www.kindertelefoon.nl") == ["9.9.9.12"]
    line = http.client.HTTPConnection("127.0.0.1", guard.page, timeout=PATIENCE, source_address=(STRANGE, 0))
    line.request("GET", "/", headers={"Host": "rekenrijk.test", **clients.BROWSES})
    read = unescape(line.getresponse().read().decode())
    line.close()
    assert OFF in read and "School kent dit toestel nog niet" in read
    once = [("7", None, None, None), *[(None, None, None, None)] * 2]
    wait_until(lambda: len(guard.notices()) >= len(once), "it is told", guard.log, PATIENCE)
    guard.off(SAMS)
    assert guard.notices() == once


def test_a_permission_lifts_it_for_one_pupil_and_care_for_its_own_sites(guard: Running) -> None:
    with guard.may("sam"):
        guard.until(SAMS, off=False)
        assert guard.off(STRANGE)
    guard.until(SAMS, off=True)
    now = datetime.now(UTC)
    care = guard.store.measures.add_care(SCHOOL, Care("", device="sams-phone", sites=("suiker.test",)), "cor", now)
    guard.until(SAMS, off=False, url=CLOSED_TOO)
    assert guard.off(SAMS) and guard.off(STRANGE, CLOSED_TOO)
    assert guard.store.measures.end_care(SCHOOL, care.id, "cor", datetime.now(UTC))
    guard.until(SAMS, off=True, url=CLOSED_TOO)


def test_a_phone_with_a_made_up_number_asks_itself_in_and_is_then_its_pupils(guard: Running) -> None:
    where = f"{OWN_HOST}/_klaswacht/toestel"
    token = re.search(r'name="token" value="([^"]+)"', guard.reply(SHY, where).text)
    code = guard.store.devices.make_code(SCHOOL, "noors-phone", "cor", datetime.now(UTC))
    assert token and code
    answer = guard.reply(SHY, where, {"token": token[1], "code": code.code})
    assert "School kent deze telefoon nu" in unescape(answer.text)
    assert guard.off(SHY)
    with guard.may("noor"):
        guard.until(SHY, off=False)
    guard.until(SHY, off=True)


def test_a_device_counts_as_a_phone_as_soon_as_kea_writes_it_down(guard: Running) -> None:
    assert not guard.off(LATE), "no lease file tells of it"
    ends = int((datetime.now(UTC) + timedelta(hours=1)).timestamp())
    with guard.kea.open("a") as file:
        file.write(f"{LATE},3c:22:fb:77:77:77,,3600,{ends},1,0,0,,0,,0\n")
    guard.until(LATE, off=True)
    with guard.kea.open("a") as file:
        file.write(f"{LATE},3c:22:fb:77:77:77,,3600,{ends},1,0,0,,3,,0\n")
    guard.until(LATE, off=False)
