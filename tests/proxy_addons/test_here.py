"""Which addresses this machine has, also when they change."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys

import pytest

from proxy_addons.here import Here, interfaces
from proxy_addons.world import address_of


class System:
    """What a system would say, set by hand."""

    def __init__(self, *found: tuple[str, str | None]) -> None:
        self.found, self.asked, self.broken, self.clock = list(found), 0, False, 0.0

    def __call__(self):
        self.asked += 1
        if self.broken:
            raise OSError("no")
        return list(self.found)

    def here(self) -> Here:
        return Here(self, lambda: self.clock)


def near(here: Here, text: str) -> bool:
    return here.now().near(address_of(text))


def test_it_knows_its_own_addresses():
    addresses = {address_of(text) for text, _ in interfaces()}
    assert address_of("127.0.0.1") in addresses
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("127.0.0.1", 9))
        assert near(Here(), probe.getsockname()[0])


@pytest.mark.evasion("S02")
def test_what_is_on_the_same_wire_is_inside_and_what_is_further_is_not():
    here = System(("2a01:4f8:1:2::5", "ffff:ffff:ffff:ffff::"), ("145.1.2.3", "255.255.255.0"), ("fe80::1%e", "ffff::"))
    place = here.here()
    for text in ("2a01:4f8:1:2::5", "2a01:4f8:1:2::99", "145.1.2.3", "145.1.2.250"):
        assert near(place, text)
    for text in ("2a01:4f8:1:3::5", "145.1.3.3", "1.1.1.1"):
        assert not near(place, text)


def test_a_providers_network_is_not_the_schools():
    place = System(("145.1.2.3", "255.255.240.0"), ("2a01:4f8::1", "ffff:ffff::"), ("145.9.9.9", None)).here()
    assert near(place, "145.1.2.3") and near(place, "2a01:4f8::1") and near(place, "145.9.9.9")
    assert not near(place, "145.1.2.4") and not near(place, "2a01:4f8::2")


def test_the_system_is_asked_once_a_second_and_what_it_says_then_counts():
    system = System(("145.1.2.3", None))
    here = system.here()
    first = here.now()
    assert here.now() is first and system.asked == 1
    system.found = [("145.1.2.4", None)]
    assert near(here, "145.1.2.3")
    system.clock = 1.1
    assert near(here, "145.1.2.4") and not near(here, "145.1.2.3")
    system.clock = 3.0
    last = here.now()
    system.clock = 5.0
    assert here.now() is last  # the very same object while nothing changed


def test_when_the_system_does_not_say_what_it_said_holds_and_without_that_nothing_is_judged():
    system = System(("145.1.2.3", None))
    here = system.here()
    here.now()
    system.broken, system.clock = True, 9.0
    assert near(here, "145.1.2.3")
    with pytest.raises(OSError, match="does not say"):
        system.here().now()


_MOVES = """
import asyncio, json, os, socket, subprocess, sys, time
os.unshare(os.CLONE_NEWNET)
from proxy_addons import egress, here
def ip(*words):
    subprocess.run(("ip", *words), check=True)
clock = [0.0]
guard = egress.Egress(here=here.Here(clock=lambda: clock[0]))
async def known(host, port, **options):
    return [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("2a01:4f8:1:2::5", port))]
guard._resolve = known
def state():
    clock[0] += 2
    def reached(host):
        try:
            return bool(asyncio.run(guard.getaddrinfo(host, 443, type=socket.SOCK_STREAM)))
        except egress.EgressRefused:
            return False
    return [guard.literal_open("2a01:4f8:1:2::5"), guard.literal_open("45.9.9.9"), reached("site.nl"),
            guard.is_here("45.9.9.9")]
told = [state()]
ip("link", "add", "k0", "type", "veth", "peer", "name", "k1")
ip("addr", "add", "2a01:4f8:1:2::5/64", "dev", "k0", "nodad")
ip("addr", "add", "45.9.9.8/24", "dev", "k0")
ip("addr", "add", "45.9.9.9/24", "dev", "k0")  # a second one in the same network
told.append(state())
ip("addr", "del", "2a01:4f8:1:2::5/64", "dev", "k0")
told.append(state())
ip("link", "del", "k0")
told.append(state())
print(json.dumps(told))
"""


@pytest.mark.evasion("S02")
def test_an_address_that_comes_while_it_runs_is_its_own_and_one_that_goes_is_not():
    if not sys.platform.startswith("linux") or os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("giving a network interfaces needs root and `ip` on Linux")
    done = subprocess.run((sys.executable, "-c", _MOVES), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    before, there, half, gone = json.loads(done.stdout)
    assert before == gone == [True, True, True, False]
    assert there == [False, False, False, True]  # the answer that was kept is judged again as well
    assert half == [True, False, True, True]
