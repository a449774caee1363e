"""The school that things are broken in: sites, a name server, `klaswacht up`, pupils and staff who are at it."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import psutil

from cli import school as running_school
from cli.demo.school import Place, pupils, school_file, seed
from cli.demo.sites import Ports
from cli.home import Home
from config import load
from policy.model import Facet, Grant, Role, Sanction, SanctionTarget
from store import Store, open_store
from tests.e2e.clients import Device
from tests.e2e.playground import end, listening, start
from tests.faults.school import Tripwire
from tests.proxy_addons.nameserver import NameServer
from tests.proxy_addons.origins import Ca, Origins
from tests.reliability.kept import Kept, kept
from tests.reliability.pupils import PATIENCE, SITE, Pupils, Saw, by_proxy, rounds
from tests.reliability.rows import Row
from tests.reliability.staff import Coordinator, Office, Teacher

SCHOOL = "school"
OPEN, CLOSED, HELP, PERMITTED = "onzeschool.test", "fotodrop.test", "www.kindertelefoon.nl", "noor.kletsplein.test"
SHORTLY = "kort.kletsplein.test"
"""What a test opens for a moment."""
SITES = {"open": OPEN, "closed": CLOSED, "help": HELP, "permitted": PERMITTED}
HERE = "192.168.55.5"  # where the names of closed sites lead
CEILING = 180.0  # seconds, on a busy machine
_WORLD = {OPEN: {"A": ["9.9.9.1"]}, CLOSED: {"A": ["9.9.9.2"]}, HELP: {"A": ["9.9.9.3"]}}
NOTHING: Mapping[str, str] = MappingProxyType({})


class _Addresses(Ports):
    """Where each name really is; the closed site is a tripwire."""

    closed = 0

    def hosts(self) -> dict[str, str]:
        open_ones = {
            f"{name}:{port}": f"127.0.0.1:{real}"
            for name in (OPEN, HELP, PERMITTED, SHORTLY)
            for port, real in ((443, self.tls), (80, self.plain))
        }
        return open_ones | {f"{CLOSED}:{port}": f"127.0.0.1:{self.closed}" for port in (80, 443)}


@dataclass
class School:
    """One school. `schemes` are how its pupils surf; `environment` is what the guard is started with."""

    folder: Path
    home: Home
    closed: Tripwire
    environment: dict[str, str]
    numbers: dict[str, int]
    schemes: tuple[str, ...]
    now: Callable[[], datetime]
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0
    pupils: Pupils = field(init=False)
    teacher: Teacher = field(init=False)
    coordinator: Coordinator = field(init=False)
    before: Kept = field(init=False)
    began: float = 0.0
    excused: list[tuple[str, float, float]] = field(default_factory=list)
    """Kinds of questions that a test expects otherwise, from when to when (a ban that was over by a clock ahead)."""

    # --- the guard ---------------------------------------------------------------------------------------------------

    @property
    def log(self) -> Path:
        """What the guard said since its last start."""
        return self.folder / f"up-{self.starts}.log"

    @property
    def ca(self) -> Path:
        """The school's CA, as devices have it."""
        return self.home.ca_folder / "klaswacht-ca.crt"

    def start(self, *, wait: bool = True) -> None:
        """`klaswacht up`."""
        self.starts += 1
        self.process = start(self.home, self.log, self.environment)
        if wait:
            listening(self.process, self.log)

    def stop(self) -> None:
        """Ctrl-C, and wait."""
        if self.process is not None:
            end(self.process)

    def command(self, *words: object) -> str:
        """A command of the program, as an IT person types it; what it says."""
        done = subprocess.run(
            [sys.executable, "-c", "from cli.main import main; main()", *map(str, words)],
            env={**os.environ, "KLASWACHT_HOME": str(self.home.path)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def loses_a_worker(self, *, comes_back: bool = True) -> None:
        """A worker is killed, and has to come back as things are (or cannot)."""
        victim = self.processes("proxy")[0]
        victim.kill()
        self.until(lambda: victim.pid not in {one.pid for one in self.processes("proxy")}, "it is not dead")
        now = time.monotonic()
        if comes_back:
            self.until(lambda: len(self.processes("proxy")) == 2, "it did not come back")
            self.until(lambda: self.pupils.steady(now), "pupils get nowhere")

    def processes(self, kind: str = "") -> list[psutil.Process]:
        """Those that the supervisor started: `proxy`, `dashboard`, `dns`."""
        found = []
        with contextlib.suppress(psutil.Error):
            for one in psutil.Process(self.process.pid if self.process else 0).children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    words = one.cmdline()
                    if "cli.worker" in words and kind in words and one.status() != psutil.STATUS_ZOMBIE:
                        found.append(one)
        return found

    @contextlib.contextmanager
    def store(self) -> Iterator[Store]:
        """The database, as another program opens it."""
        store = open_store(self.home.database_url, self.home.accounts_url, key=self.home.columns_key, patience=10)
        try:
            yield store
        finally:
            store.close()

    # --- who is there ------------------------------------------------------------------------------------------------

    def device(self, name: str | None = None) -> Device:
        """A pupil's own Chromebook, or one of group 7."""
        trust = (self.ca, self.folder / "world" / "klaswacht-ca.crt")  # what is tunnelled has the site's own
        if name is None:
            return Device(self.numbers["group"], trust, patience=PATIENCE)
        one = next(pupil for pupil in pupils() if pupil.name == name)
        return Device(self.numbers["keyed"], trust, key=f"{one.device}:{one.key}", patience=PATIENCE)

    @contextlib.contextmanager
    def at_work(self, *, lasts: timedelta = timedelta(hours=3)) -> Iterator[School]:
        """Everybody at it: first until all goes as it should, then whatever the block does."""
        self.decided(lasts)
        own = rounds(
            self.device(), self.device("Noor"), self.device("Sem"), self.numbers["dns"], HERE, SITES, self.schemes
        )
        origin = f"https://127.0.0.1:{self.numbers['dashboard']}"
        any_time = bool(self.environment)
        self.pupils = Pupils(own)
        self.teacher = Teacher(origin, self.ca, "anja", any_time)
        self.coordinator = Coordinator(origin, self.ca, "coordinator", any_time)
        with self.pupils, Office(self.teacher, self.coordinator):
            self.well(time.monotonic())
            self.before = self.kept()
            self.began = time.monotonic()
            yield self

    def decided(self, lasts: timedelta) -> None:
        """Noor has a permission, Sem is banned from his Chromebook."""
        now = self.now()
        until = now + lasts
        grant = Grant("noor", now, until, Role.TEACHER, "staff-anja", people=frozenset({"p7-1"}),
                      sites=(PERMITTED,), facets=frozenset({Facet.PLACE}))  # fmt: skip
        ban = Sanction("ban", "p7-2", SanctionTarget.CHROMEBOOK, now, until, "staff-anja")
        with self.store() as store:
            store.grants.add(SCHOOL, grant, now)
            store.measures.add_sanction(SCHOOL, ban, now, reason="Een reden.")

    def kept(self) -> Kept:
        """The grants, bans and events that are in the database now."""
        with self.store() as store:
            return kept(store)

    def permits(self, start: datetime, end: datetime) -> None:
        """Group 7 may see `SHORTLY` from then to then."""
        grant = Grant("", start, end, Role.TEACHER, "staff-anja", frozenset({"7"}), sites=(SHORTLY,),
                      facets=frozenset({Facet.PLACE}))  # fmt: skip
        with self.store() as store:
            store.grants.add(SCHOOL, grant, start)
        self.until(self.is_open, "the permission did not come")

    def is_open(self, site: str = SHORTLY) -> bool:
        """Whether group 7 gets to a site now."""
        return by_proxy(self.device(), f"http://{site}/")()[0] == SITE

    # --- what came of it ---------------------------------------------------------------------------------------------

    def pass_by(self, seconds: float) -> None:
        """Let everybody go on for a while."""
        time.sleep(seconds)

    def until(self, what: Callable[[], bool], told: str) -> float:
        """Wait for something; the moment (monotonic) that it was so."""
        stop = time.monotonic() + CEILING
        while not what():
            assert time.monotonic() < stop, self._in_the_way(told)
            time.sleep(0.1)
        return time.monotonic()

    def well(self, since: float) -> float:
        """Wait until everybody gets what they should; seconds from `since` to the last time that somebody did not."""
        people = (self.pupils, self.teacher, self.coordinator)
        self.until(lambda: all(one.steady(since) for one in people), "not all is well")
        return max([0.0, *(bad - since for one in people if (bad := one.last_bad(since)) is not None)])

    def _in_the_way(self, told: str) -> str:
        bad = [one for one in self.pupils.saw(time.monotonic() - 10) if not one.good][-5:]
        log = self.log.read_text("utf-8", "replace")[-3000:]
        return f"{told}: {bad} {self.teacher.answers[-2:]} {self.coordinator.answers[-2:]}\n{log}"

    def _is_excused(self, one: Saw) -> bool:
        return any(one.kind == kind and since <= one.began <= until for kind, since, until in self.excused)

    def look(self, row: Row, since: float, well: str) -> None:
        """Fill in what everybody saw since `since`, and compare what was kept; `well` is how long it took."""
        done = tuple(self.teacher.done)  # before the look: she goes on meanwhile
        after = self.kept()
        assert after.lost(self.before) == [], "something that was there before is gone"
        sites = after.sites()
        assert [one for one in done if sites.count(one) != 1] == [], "a confirmed permission is not there"
        assert [one for one in self.pupils.forbidden() if not self._is_excused(one)] == []
        assert self.closed.connections == 0, "the closed site was reached"
        row.pupil = self.pupils.told(since, "open", "permitted", "closed", "banned")
        row.help = self.pupils.told(since, "help").removeprefix("help line: ")
        row.teacher = self.teacher.told(since, "permission given")
        news = self.coordinator.read(since)
        row.coordinator = self.coordinator.told(since, "Gezondheid opens") + (f"; {news}" if news else "; nothing new")
        row.well = well
        row.reached = self.closed.connections
        row.asked = len(self.pupils.saw(since))
        row.kept = (
            f"all {len(done)} confirmed permissions, {len(after.bans)} ban and "
            f"{len(self.before.events)} earlier events are there"
        )


@contextlib.contextmanager
def school(
    folder: Path,
    *,
    more: Sequence[str] = (),
    week: str = "",
    environment: Mapping[str, str] = NOTHING,
    schemes: tuple[str, ...] = ("https", "http"),
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    home: Path | None = None,
) -> Iterator[School]:
    """A guard that runs in `folder` (its home there, or in `home`), not yet with anybody at work.

    `week` stands in the place of a lesson that lasts all day; `now` is the clock of the guard where it has another.
    """
    folder.mkdir(parents=True, exist_ok=True)
    place = Home(home or folder / "home")
    place.prepare()
    world = Ca(folder / "world", "world")
    with contextlib.ExitStack() as stack:
        closed = stack.enter_context(Tripwire())
        origins = stack.enter_context(Origins(world, OPEN, HELP, PERMITTED, SHORTLY))
        names = stack.enter_context(NameServer(_WORLD))
        addresses = _Addresses(origins.tls, origins.plain)
        object.__setattr__(addresses, "closed", closed.port)
        numbers = dict(zip(("proxy", "keyed", "dashboard", "group", "8", "dns"), lasting_ports(6), strict=True))
        at = Place(numbers["proxy"], numbers["keyed"], numbers["dashboard"], {"7": numbers["group"], "8": numbers["8"]})
        lines = ("dns:", f'  upstream: ["127.0.0.1:{names.port}"]', f"  answer_with: {HERE}", *more)
        text = school_file(addresses, world.crt, at, lines)
        text = text.replace("egress:\n", f"  dns: {numbers['dns']}\negress:\n", 1)
        place.school_file.write_text(text.replace('["00:00-24:00"]', week) if week else text)
        _people(place, now())
        made = School(folder, place, closed, dict(environment), numbers, schemes, now)
        stack.callback(made.stop)
        made.start()
        yield made


def lasting_ports(count: int) -> list[int]:
    """Ports that are free now and are given to nobody by itself (ip(7), ip_local_port_range): for one that restarts."""
    found: list[int] = []
    while len(found) < count:
        number = random.randrange(12_000, 32_000)
        with contextlib.suppress(OSError), contextlib.ExitStack() as held:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                held.enter_context(socket.socket(socket.AF_INET, kind)).bind(("127.0.0.1", number))
            found.append(number)
    return found


def _people(home: Home, now: datetime) -> None:
    settings = load.read_school(home.school_file).settings
    store = running_school.opened(home)
    try:
        seed(running_school.desk_for(store, load.knowledge(settings), settings), now)
    finally:
        store.close()
