"""A school in network namespaces: pupils, staff, a printer and a borrowed tablet around a box with the real guard.

    pupil 10.20  staff 10.30  printer 10.40  tablet 10.50   --  box  --  outside

Everybody has IPv4 and IPv6. The box forwards and, until its rules are loaded, lets everything through. Needs root.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli import school as running_school
from cli.demo.certs import make_papers
from cli.demo.school import GROUPS
from cli.home import Home
from cli.supervisor import die_with_parent
from config.texts import say
from policy.model import Device, DeviceClass, Role
from store import Store
from store.people import Person
from tests.e2e.knocks import Knock
from tests.e2e.outside import Outside
from tests.e2e.playground import START_WITHIN, end

ROOT = Path(__file__).parents[2]
NETWORKS = {"pupil": 20, "staff": 30, "printer": 40, "tablet": 50}
PUBLIC = "2a10:3781:20:"  # what a provider gives: addresses of the whole world
BOX, BOX_V6 = "10.20.0.1", f"{PUBLIC}:1"  # as pupils see it
PUPIL, PUPIL_V6 = "10.20.0.5", f"{PUBLIC}:5"
WAN, WAN_V6 = "100.64.0.1", "fd00:99::1"  # as the world sees it
SITE, SITE_V6, SERVER, SERVER_V6 = "9.9.9.10", "2606:4700::10", "9.9.9.53", "2606:4700::53"
CLOSED, CLOSED_V6 = "9.9.9.66", "2606:4700::66"
STRANGER, STRANGER_V6 = "198.51.100.7", "2606:4700::7"
ANY_RESOLVER = "1.1.1.1"
PORTS = (22, 500, 853, 1080, 1194, 3128, 3478, 4500, 5222, 5349, 8443, 9100, 19302, 19309, 51820)
NAMES = {
    "rekenrijk.test": {"A": [SITE], "AAAA": [SITE_V6]},
    "kletsplein.test": {"A": [CLOSED], "AAAA": [CLOSED_V6]},
    "www.google.nl": {"A": [SITE]},
    "forcesafesearch.google.com": {"A": [CLOSED]},
    "use-application-dns.net": {"A": [SITE]},
}
SCHOOL = """
school: {{id: school, name: Routerschool}}
protocol: kalisto
language: nl
workers: 1
listen:
  address: "::"
  proxy: 8080
  keyed: 8081
  dashboard: 8443
  groups: {{"7": 8107}}
  transparent: 8082
  dns: 53
  page: 80
dns: {{upstream: ["{server}"], answer_with: {box}}}
egress: {{trust: ["{ca}"]}}
firewall:
  pupils: [10.20.0.0/16, "2a10:3781:20::/64"]
  names_only: [10.50.0.0/24, "fd00:50::/64"]
  staff: [10.30.0.0/24, "fd00:30::/64"]
  infrastructure: [10.40.0.0/24, "fd00:40::/64"]
schedule:
  days:
{week}
lists:
  social: [kletsplein.test]
"""
WEEK = "\n".join(
    f'    {day}: {{lessons: ["00:00-24:00"]}}' for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
)


def why_not() -> str:
    """Why this cannot be made here; empty when it can."""
    if os.geteuid() != 0:
        return "making a network needs root"
    missing = [tool for tool in ("ip", "nsenter", "unshare", "nft", "curl", "dig") if shutil.which(tool) is None]
    return f"this needs `{missing[0]}`" if missing else ""


@dataclass(slots=True)
class Place:
    """A network namespace with a `/etc/resolv.conf` of its own; it lasts as long as a process that sleeps in it."""

    holder: subprocess.Popen[bytes]

    def command(self, *words: str) -> tuple[str, ...]:
        return ("nsenter", "-t", str(self.holder.pid), "-n", "-m", "--wd=" + str(ROOT), "--", *words)

    def run(self, *words: str, text: str = "", check: bool = True) -> str:
        done = subprocess.run(
            self.command(*words), input=text, capture_output=True, text=True, timeout=120, check=False, errors="replace"
        )
        assert not check or done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def knock(self, *knocks: Knock) -> list[str]:
        """What each knock met, in order."""
        told = json.dumps([dataclasses.asdict(one) for one in knocks])
        met: list[str] = json.loads(self.run(sys.executable, "-m", "tests.e2e.knocks", told))
        return met

    def curl(self, *words: str) -> tuple[int, str]:
        """The status (0: no answer) and the body."""
        out = self.run(
            "curl", "--silent", "--max-time", "30", "--write-out", "\n%{http_code}", *words, check=False
        ).rpartition("\n")
        return int(out[2]), out[0]

    def dig(self, *words: str) -> str:
        return self.run("dig", "+time=5", "+tries=2", *words, check=False)


@dataclass(slots=True)
class Servers:
    """A process of `tests.e2e.outside` that tells what arrived."""

    process: subprocess.Popen[str]

    def tell(self, line: str = "tell") -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        told: dict[str, Any] = json.loads(self.process.stdout.readline())
        return told

    def strangers(self) -> list[list[object]]:
        """What came over the wire from anybody but the box itself, staff's and printers' own traffic left out."""
        own = (WAN, WAN_V6, "fe80::", "10.30.0.5", "fd00:30::5", "10.40.0.5", "fd00:40::5")
        return [row for row in self.tell()["arrived"] if not str(row[0]).startswith(own)]


@dataclass(slots=True)
class Lab:
    """The whole school."""

    places: dict[str, Place]
    outside: Servers
    home: Home
    store: Store
    log: Path
    papers: Path
    rules: str = ""
    held: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    @property
    def ca(self) -> str:
        return str(self.home.ca_folder / "klaswacht-ca.crt")

    def klaswacht(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The command, on the box."""
        return subprocess.run(
            self.places["box"].command(*klaswacht(*words)),
            env=environment(self.home),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def load(self) -> None:
        """Print the rules with the command, and load them twice."""
        done = self.klaswacht("firewall", "--gateway")
        assert done.returncode == 0, done.stderr
        self.rules = done.stdout
        for _ in range(2):
            self.places["box"].run("nft", "-f", "-", text=self.rules)


def klaswacht(*words: str) -> tuple[str, ...]:
    return (sys.executable, "-c", "from cli.main import main; main()", *words)


def environment(home: Home) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KLASWACHT_")}
    return {**kept, "KLASWACHT_HOME": str(home.path), "PYTHONUNBUFFERED": "1"}


@contextlib.contextmanager
def place(folder: Path, name: str, resolver: str) -> Iterator[Place]:
    (folder / f"{name}.conf").write_text(f"nameserver {resolver}\noptions timeout:3 attempts:2\n")
    holder = subprocess.Popen(
        ("unshare", "--net", "--mount", "--propagation", "private", "sleep", "3600"),
        stdin=subprocess.DEVNULL,
        preexec_fn=die_with_parent,
    )
    try:
        made = Place(holder)
        deadline = time.monotonic() + 10
        here = Path("/proc/self/ns/net").readlink()
        while Path(f"/proc/{holder.pid}/ns/net").readlink() == here or _comm(holder.pid) != "sleep":
            assert time.monotonic() < deadline
            time.sleep(0.02)
        made.run("ip", "link", "set", "lo", "up")
        made.run("mount", "--bind", str(folder / f"{name}.conf"), os.path.realpath("/etc/resolv.conf"))
        yield made
    finally:
        holder.kill()
        holder.wait()


def _comm(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def link(box: Place, name: str, other: Place, ours: Sequence[str], theirs: Sequence[str]) -> None:
    """A wire between the box (`name`) and another place (`wire`)."""
    box.run("ip", "link", "add", name, "type", "veth", "peer", "name", "wire", "netns", str(other.holder.pid))
    for where, device, addresses in ((box, name, ours), (other, "wire", theirs)):
        for address in addresses:
            where.run("ip", "addr", "add", address, "dev", device, *(("nodad",) if ":" in address else ()))
        where.run("ip", "link", "set", device, "up")


@contextlib.contextmanager
def school(folder: Path) -> Iterator[Lab]:
    """Everything running, and no rules yet."""
    with contextlib.ExitStack() as stack:
        resolvers = {"box": SERVER, "outside": SERVER, "staff": SERVER, "printer": SERVER}
        resolvers |= {"pupil": ANY_RESOLVER, "tablet": "2001:4860:4860::8888"}
        places = {name: stack.enter_context(place(folder, name, at)) for name, at in resolvers.items()}
        _wires(places)
        papers = make_papers(folder / "papers", list(NAMES), datetime.now(UTC))
        world = (SITE, SITE_V6, CLOSED, CLOSED_V6)
        served = Outside(world, PORTS, "wire", (SERVER, SERVER_V6), NAMES, str(folder / "papers"))
        outside = stack.enter_context(serving(places["outside"], served))
        stack.enter_context(serving(places["printer"], Outside(("10.40.0.5", "fd00:40::5"), (631, 853, 9100))))
        home = Home(folder / "home")
        home.prepare()
        home.school_file.write_text(SCHOOL.format(server=f"{SERVER}:53", box=BOX, ca=papers.ca, week=WEEK))
        store = running_school.opened(home)
        stack.callback(store.close)
        _people(store)
        log = folder / "up.log"
        stack.enter_context(guard(places["box"], home, log))
        lab = Lab(places, outside, home, store, log, folder / "papers")
        stack.callback(lambda: [one.kill() for one in lab.held.values()])
        yield lab


def _wires(places: dict[str, Place]) -> None:
    box, world = places["box"], places["outside"]
    for name, number in NETWORKS.items():
        size = 16 if name == "pupil" else 24
        six = PUBLIC if name == "pupil" else f"fd00:{number}:"
        ours = (f"10.{number}.0.1/{size}", f"{six}:1/64")
        link(box, name, places[name], ours, (f"10.{number}.0.5/{size}", f"{six}:5/64"))
        places[name].run("ip", "route", "add", "default", "via", f"10.{number}.0.1")
        places[name].run("ip", "-6", "route", "add", "default", "via", f"{six}:1")
    link(box, "wan", world, (f"{WAN}/24", f"{WAN_V6}/64"), ("100.64.0.2/24", "fd00:99::2/64"))
    for address in (SITE, SERVER, CLOSED, STRANGER):
        world.run("ip", "addr", "add", f"{address}/32", "dev", "lo")
    for address in (SITE_V6, SERVER_V6, CLOSED_V6, STRANGER_V6):
        world.run("ip", "addr", "add", f"{address}/128", "dev", "lo", "nodad")
    box.run("ip", "route", "add", "default", "via", "100.64.0.2")
    box.run("ip", "-6", "route", "add", "default", "via", "fd00:99::2")
    world.run("ip", "route", "add", "10.0.0.0/8", "via", WAN)
    for network in ("fd00::/16", f"{PUBLIC}:/64"):
        world.run("ip", "-6", "route", "add", network, "via", WAN_V6)
    for setting in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
        box.run("sh", "-c", f"echo 1 > /proc/sys/net/{setting}")


def _people(store: Store) -> None:
    now = datetime.now(UTC)
    for group in GROUPS:
        store.people.put_group("school", group, "test", now)
    store.people.put_people("school", [Person("anja", Role.TEACHER, "juf Anja", ("7",))], "test", now)
    for name, four, six in (
        ("chromebooks", "10.20.0.0/16", f"{PUBLIC}:/64"),
        ("tablets", "10.50.0.0/24", "fd00:50::/64"),
    ):
        where = (four, six)
        store.devices.put("school", Device(name, name, DeviceClass.PUPIL, "7", addresses=where), "test", now)


@contextlib.contextmanager
def serving(where: Place, what: Outside) -> Iterator[Servers]:
    process = subprocess.Popen(
        where.command(sys.executable, "-m", "tests.e2e.outside", json.dumps(dataclasses.asdict(what))),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent,
    )
    try:
        assert process.stdout and process.stdout.readline().strip() == "ready"
        yield Servers(process)
    finally:
        process.kill()
        process.communicate()


@contextlib.contextmanager
def guard(box: Place, home: Home, log: Path) -> Iterator[None]:
    """`klaswacht up` on the box, until everything listens."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            box.command(*klaswacht("up")),
            env=environment(home),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + START_WITHIN
        while say("cli.up.dashboard", "nl") not in (told := log.read_text("utf-8", "replace")):
            assert process.poll() is None and time.monotonic() < deadline, told
            time.sleep(0.1)
        yield
    finally:
        end(process)
