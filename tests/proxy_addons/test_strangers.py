"""Telephones and devices that nobody registered, on a whole guard that follows the school's lease files."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from config.settings import Dhcp, Dns, Egress, Listen, Settings
from policy.model import Action, Care, DeviceClass, Facet, HoldsIn, Reason, Strength
from proxy_addons.gate import Gate
from proxy_addons.names.process import names_of
from store.events import What
from tests.cast import EVENING, LESSON, POLICY, rule
from tests.proxy_addons.asking import GROUP_7, PROXY, Guard, device, exchange, peer
from tests.proxy_addons.test_leases import HEAD4, HIDDEN, OWN
from tests.proxy_addons.test_names import answered, records
from tests.store.school import SCHOOL

SITE, TOO = "http://leren.nl/", "http://zoek.nl/"
KNOWN, NEW, SHY, SCHOOLS = "10.77.0.50", "10.77.0.51", "10.77.0.52", "10.77.0.53"
STRANGE, CART = "3c:22:fb:0a:0b:0c", "3c:22:fb:0d:0e:0f"
ENDS = int((LESSON + timedelta(days=30)).timestamp())
PHONES = rule("phones", facet=Facet.CONNECT, devices=frozenset({DeviceClass.PHONE}), holds_in=HoldsIn.SCHOOL_HOURS)


@pytest.fixture
def school(guard: Guard, tmp_path: Path) -> Guard:
    """A school with a phone rule, a lease file, Sam's phone and a Chromebook that are known by hardware address."""
    guard.store.policies.add(SCHOOL, replace(POLICY, rules=(*POLICY.rules, PHONES)), "cor", "test", LESSON)
    sams = device("sams-phone", DeviceClass.PHONE, person="sam", addresses=(OWN,), key_hash=None)
    cart = device("chroom-9", addresses=(CART,), key_hash=None)
    guard.store.devices.put_all(SCHOOL, (sams, cart), "cor", LESSON)
    file = tmp_path / "dnsmasq.leases"
    macs = {KNOWN: OWN, NEW: STRANGE, SHY: HIDDEN, SCHOOLS: CART}
    file.write_text("".join(f"{ENDS} {mac} {address} * *\n" for address, mac in macs.items()))
    guard.dhcp = Dhcp((file,))
    return guard


def reason(guard: Guard, address: str, url: str = SITE, port: int = PROXY) -> Reason:
    decision = guard.ask(exchange(url, peer(address, port))).decision
    assert decision is not None
    return decision.reason


def read(guard: Guard, address: str) -> str:
    answer = guard.ask(exchange(SITE, peer(address))).answer
    assert answer is not None
    return unescape(answer.body.decode())


def notices(guard: Guard) -> list[tuple[str | None, str | None, str | None, str | None]]:
    """Of every notice its group, device, person and host."""
    kept = [one.event for one in guard.store.events.since(SCHOOL, 0)]
    assert all((one.what, one.action, one.reason) == (What.BLOCKED, Action.CONNECT, Reason.PHONE) for one in kept)
    return [(one.group, one.device, one.person, one.host) for one in kept]


def test_a_phone_in_the_register_and_a_device_in_nobodys_are_off_in_school_hours(school: Guard) -> None:
    assert [reason(school, one) for one in (KNOWN, NEW, SHY)] == [Reason.PHONE] * 3
    assert reason(school, SCHOOLS) is Reason.OPEN, "the school's own Chromebook is known by its hardware address"
    school.clock.now = EVENING
    assert [reason(school, one) for one in (KNOWN, NEW)] == [Reason.OUTSIDE] * 2


def test_a_port_that_stands_for_a_group_makes_a_strange_device_no_device_of_school(school: Guard) -> None:
    assert reason(school, NEW, port=GROUP_7) is Reason.PHONE
    assert reason(school, "10.78.0.1", port=GROUP_7) is Reason.OPEN, "no lease file tells of that one"


def test_a_school_may_let_strange_devices_be_unknown_and_the_strictest_pupil(school: Guard) -> None:
    school.dhcp = replace(school.dhcp, unregistered=DeviceClass.UNKNOWN)
    ruling = school.ask(exchange(SITE, peer(NEW)))
    assert ruling.request is not None and ruling.decision is not None
    assert ruling.request.who.device_class is DeviceClass.UNKNOWN and not ruling.request.who.groups
    assert (ruling.decision.reason, reason(school, KNOWN)) == (Reason.OPEN, Reason.PHONE)


def test_without_lease_files_nothing_is_a_phone_because_nobody_registered_it(school: Guard) -> None:
    school.dhcp = Dhcp()
    assert [reason(school, one) for one in (KNOWN, NEW)] == [Reason.OPEN] * 2


def test_help_is_open_on_any_phone(school: Guard) -> None:
    assert reason(school, NEW, "http://kindertelefoon.nl/") is Reason.HELP_HOST
    assert notices(school) == []


def test_the_page_says_kindly_what_a_strange_device_can_do(school: Guard) -> None:
    assert "Je telefoon is nu uit" in read(school, KNOWN) and "Dit toestel" not in read(school, KNOWN)
    assert "School kent dit toestel nog niet" in read(school, NEW)
    assert "School kan dit toestel niet herkennen" in read(school, SHY)


def test_a_phone_that_looks_up_names_gets_the_page_over_http_and_nothing_for_the_rest(school: Guard) -> None:
    async def work(gate: Gate) -> list[list[str]]:
        settings = Settings(
            listen=Listen(dns=5300),
            dns=Dns(("127.0.0.1:1",), answer_with="192.168.55.5"),
            egress=Egress(hosts={"leren.nl:443": "10.0.0.6:443"}),
            dhcp=school.dhcp,
        )
        names, _ = names_of(settings, gate)
        kinds, who = ("A", "AAAA", "HTTPS"), (KNOWN, NEW, SCHOOLS)
        return [
            [text for kind in kinds for text in records(await answered(names, "leren.nl", kind, one))] for one in who
        ]

    known, new, schools = school.run(work)
    assert known == new == ["192.168.55.5"] and schools == ["10.0.0.6"]


def test_a_device_is_told_of_once_a_day_whatever_it_asks_and_never_whose(school: Guard) -> None:
    async def work(gate: Gate) -> None:
        for address in (KNOWN, NEW, KNOWN, NEW, NEW):
            for url in (SITE, TOO):
                await gate.ask(exchange(url, peer(address)))

    school.run(work)
    assert sorted(notices(school), key=str) == [("7", None, None, None), (None, None, None, None)]
    school.clock.now += timedelta(minutes=20)
    school.run(work)  # another process, or the same one after a restart
    assert len(notices(school)) == 2
    school.clock.now += timedelta(days=1)
    school.run(work)
    assert len(notices(school)) == 4


def test_a_permission_for_a_pupil_opens_that_pupils_phone_and_no_other(school: Guard) -> None:
    school.grant(groups=frozenset(), people=frozenset({"sam"}), facets=frozenset({Facet.CONNECT}), sites=())
    assert (reason(school, KNOWN), reason(school, NEW)) == (Reason.GRANTED, Reason.PHONE)


def test_care_for_a_device_opens_its_sites_and_nothing_else(school: Guard) -> None:
    care = Care("", device="sams-phone", sites=("glucose.example",))
    school.store.measures.add_care(SCHOOL, care, "cor", LESSON)
    assert reason(school, KNOWN, "http://mijn.glucose.example/") is Reason.CARE
    assert (reason(school, KNOWN), reason(school, NEW, "http://mijn.glucose.example/")) == (Reason.PHONE,) * 2


def test_a_hardware_address_that_is_typed_over_is_never_proof(school: Guard) -> None:
    request = school.ask(exchange(SITE, peer(KNOWN))).request
    assert request is not None
    who = request.who
    assert (who.person, who.device, who.device_class) == ("sam", "sams-phone", DeviceClass.PHONE)
    assert who.strength is Strength.CLAIMED


def test_an_open_connection_closes_when_its_device_turns_out_to_be_a_strangers(school: Guard, tmp_path: Path) -> None:
    file = school.dhcp.leases[0]
    before = file.read_text()
    file.write_text("")

    async def work(gate: Gate) -> tuple[Reason, Reason]:
        ruling = await gate.ask(exchange(SITE, peer(NEW)))
        assert ruling.request is not None and ruling.decision is not None
        file.write_text(before)
        await asyncio.to_thread(gate.leases.look)
        return ruling.decision.reason, gate.reask(ruling.request).reason

    assert school.run(work) == (Reason.OPEN, Reason.PHONE)


def test_keas_file_tells_the_same(school: Guard, tmp_path: Path) -> None:
    file = tmp_path / "kea-leases4.csv"
    rows = [f"{one},{mac},,3600,{ENDS},1,0,0,,0,,0\n" for one, mac in ((KNOWN, OWN), (SHY, HIDDEN), (SCHOOLS, CART))]
    file.write_text(HEAD4 + "".join(rows))
    school.dhcp = Dhcp((file,))
    assert [reason(school, one) for one in (KNOWN, SHY)] == [Reason.PHONE] * 2
    assert (reason(school, SCHOOLS), reason(school, NEW)) == (Reason.OPEN, Reason.OPEN)


# --- a real DHCP server -----------------------------------------------------------------------------------------------


@contextmanager
def dnsmasq(folder: Path) -> Iterator[subprocess.Popen[str]]:
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("a network of its own needs root")
    if shutil.which("ip") is None or (shutil.which("dnsmasq") is None and not Path("/usr/sbin/dnsmasq").exists()):
        pytest.skip("dnsmasq and ip are not here (make machine)")
    words = (sys.executable, "-m", "tests.proxy_addons.dhcpd", str(folder))
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None and served.stdin is not None
        assert served.stdout.readline() == "ready\n"
        yield served


def told(served: subprocess.Popen[str], line: str) -> str:
    assert served.stdin is not None and served.stdout is not None
    served.stdin.write(f"{line}\n")
    served.stdin.flush()
    return served.stdout.readline().strip()


def test_a_real_dnsmasq_says_which_device_is_whose(school: Guard, tmp_path: Path) -> None:
    folder = tmp_path / "dhcp"
    folder.mkdir()
    with dnsmasq(folder) as served:
        known = told(served, f"lease {OWN} iPhone-van-Sam")
        shy, cart = told(served, f"lease {HIDDEN}"), told(served, f"lease {CART} chroom-9")
        assert len({known, shy, cart}) == 3 and "" not in {known, shy, cart}
        school.dhcp = Dhcp((folder / "dnsmasq.leases",))
        assert [reason(school, one) for one in (known, shy, cart)] == [Reason.PHONE, Reason.PHONE, Reason.OPEN]
        assert "School kan dit toestel niet herkennen" in read(school, shy)
        told(served, f"release {HIDDEN}")

        async def gone(gate: Gate) -> None:
            for _ in range(600):
                if await asyncio.to_thread(gate.leases.look) or gate.leases.at(shy) is None:
                    break
                await asyncio.sleep(0.05)
            lease = gate.leases.at(known)
            assert gate.leases.at(shy) is None and lease is not None
            assert (lease.mac, lease.name, lease.private_mac) == (OWN, "iPhone-van-Sam", False)

        school.run(gone)
