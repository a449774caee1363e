"""How the guard is, told by its supervisor: a small file every few seconds, for the page that the desk makes of it.

The supervisor looks, because it may: at its processes, the school's keys, the disk. What is in the file is of the
machine alone, no address and no name. Whoever reads it judges it by its age.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

from cli import findings
from cli.growth import MIB, own_memory
from cli.home import Home, write_private
from cli.life import Child
from cli.subscribed import ailing
from config.feeds.packed import FeedError
from config.feeds.subscriptions import Lists
from config.private_folder import mode_in
from dashboard.actions.health import PARTS, Fact, Level, Told
from proxy_addons.queue_file import QUEUES, queues
from store import copies

_log = logging.getLogger(__name__)

EVERY = 5.0  # seconds
_CHECKS = timedelta(minutes=1)  # between looks at what changes slowly
_RESTARTED = timedelta(hours=1)
_SILENT = timedelta(seconds=60)
_PURGE_LATE = timedelta(hours=3)  # it is to happen every hour
_NAME = ".vitals.json"
_SCHOOL = ZoneInfo("Europe/Amsterdam")
_MOST = 64 * 1024  # bytes
_ROOM = 16 * 1024  # bytes that the file has at least, so that there is room to say that the disk is full
_BUSY = 1.5  # processes that want to run, for each core
_LEVELS = {"ok": Level.OK, "warn": Level.LOOK, "fail": Level.BROKEN}


@dataclass(slots=True)
class Chores:
    """When the hourly chores last ran and whether forgetting went well; written by their thread."""

    done: datetime | None = None
    failed: bool = False


class Vitals(threading.Thread):
    """Writes the file until told to stop. Never gets in the way of the supervisor: what fails is logged and left.

    `apart`: the proxy is a service of its own, that tells how it is.
    """

    def __init__(
        self,
        home: Home,
        children: Sequence[Child],
        chores: Chores,
        stopping: threading.Event,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        apart: bool = False,
    ) -> None:
        super().__init__(name="vitals", daemon=True)
        self._home, self._children = home, children
        self._chores, self._stopping, self._clock = chores, stopping, clock
        self._apart = apart
        self._slow: tuple[Fact, ...] = ()
        self._looked: datetime | None = None
        self._since: dict[tuple[str, str, str], datetime] = {}

    def run(self) -> None:
        """Look, write, wait."""
        while not self._stopping.is_set():
            try:
                self.write()
            except Exception as error:  # the guard goes on without it, and the page says that it is silent
                _log.warning("how the guard is could not be written down: %s", type(error).__name__)
            self._stopping.wait(EVERY)

    def write(self) -> None:
        """One look, written to the file."""
        now = self._clock()
        if self._looked is None or not timedelta(0) <= now - self._looked < _CHECKS:
            self._slow, self._looked = tuple(self._slowly(now)), now
        ours = [*(_apart(self._home, now) if self._apart else processes(self._children, now)), *load(self._children)]
        disk = [_fact("disk", one) for one in findings.disk_findings(self._home)]
        facts = [*ours, *self._queue(now), *disk, *self._slow]
        told = {"at": now.isoformat(), "facts": [plain(self._dated(one, now)) for one in facts]}
        self._keep(json.dumps(told).encode().ljust(_ROOM))

    def _keep(self, data: bytes) -> None:
        """Write it in one move; on a full disk in the place of what stands there, which is as long."""
        path = self._home.path / _NAME
        try:
            write_private(path, data, mode_in(path.parent))
        except OSError as error:
            if error.errno != errno.ENOSPC or len(data) > path.stat().st_size:
                raise
            with path.open("r+b") as file:
                file.write(data)

    def _dated(self, fact: Fact, now: datetime) -> Fact:
        """With since when it is so, where it is not all right and does not say so itself."""
        key = (fact.part, fact.code, str(fact.values.get("id", "")))
        if fact.level is Level.OK or fact.since is not None:
            self._since.pop(key, None)
            return fact
        since = self._since.setdefault(key, now)
        return Fact(fact.part, fact.level, fact.code, fact.values, since)

    def _slowly(self, now: datetime) -> Iterator[Fact]:
        yield from _clock(self._home, now)
        for one in findings.ca_findings(self._home, now):
            yield _fact("certificates", one)
        for one in findings.backup_findings(self._home, now):
            yield _fact("backup", one)
        yield _database(self._home)
        yield from _lists(self._home, now)
        yield _purge(self._chores, now)
        yield Fact("version", Level.OK, "version", {"version": version("klaswacht")})

    def _queue(self, now: datetime) -> Iterator[Fact]:
        waiting = sum(one.waiting for one in queues(self._home.path, now))
        yield Fact(
            "queue",
            Level.LOOK if waiting > 100 else Level.OK,
            "queue_waits" if waiting else "queue",
            {"count": waiting},
        )


@dataclass(frozen=True, slots=True)
class VitalsFile:
    """The same file, for who reads it."""

    home: Path

    def told(self) -> Told | None:
        """What it says; None where it cannot be read or makes no sense."""
        return _told(self.home / _NAME)


def told_apart(home: Home) -> Path:
    """Where a proxy that is a service of its own says how it is."""
    return home.path / QUEUES / "proxy.told"


def _told(path: Path) -> Told | None:
    try:
        with path.open("rb") as file:
            data = json.loads(file.read(_MOST))
        at = datetime.fromisoformat(data["at"])
        return Told(at, tuple(_read(one) for one in data["facts"])) if at.tzinfo else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _apart(home: Home, now: datetime) -> Iterator[Fact]:
    """What the proxy's own supervisor said; one that is silent is away."""
    told = _told(told_apart(home))
    if told is None or abs(now - told.at) > _SILENT:
        yield Fact("workers", Level.BROKEN, "process_away", {"name": "proxy"}, told.at if told else None)
        return
    yield from (one for one in told.facts if one.part in ("workers", "names"))


# --- what is looked at -----------------------------------------------------------------------------------------------


def processes(children: Sequence[Child], now: datetime) -> Iterator[Fact]:
    """Whether every process listens, and which one had to be started again lately."""
    workers = [child for child in children if child.task.place is not None]
    away = [child.task.name for child in children if not child.ready]
    for child in children:
        part = "names" if child.task.name in ("dns", "pages") else "workers"
        if not child.ready:
            yield Fact(part, Level.BROKEN, "process_away", {"name": child.task.name}, child.died)
        elif child.died is not None and now - child.died < _RESTARTED:
            values: dict[str, str | int] = {"name": child.task.name, "count": child.deaths}
            yield Fact(part, Level.LOOK, "process_restarted", values, child.died)
    if not away:
        times = sum(child.deaths for child in children)
        yield Fact("workers", Level.OK, "workers", {"count": len(workers), "deaths": times})
        if any(child.task.name in ("dns", "pages") for child in children):
            yield Fact("names", Level.OK, "names")


def load(children: Sequence[Child]) -> Iterator[Fact]:
    """How busy the machine is, and how much memory the guard's processes have of their own."""
    running = [child.now for child in children if child.now is not None]
    memory = sum(own_memory(life.process.pid) or 0 for life in running) // MIB
    cores = os.cpu_count() or 1
    lately = os.getloadavg()[1]
    high = lately > cores * _BUSY
    values: dict[str, str | int] = {"load": f"{lately:.1f}", "cores": cores, "memory": memory}
    yield Fact("load", Level.LOOK if high else Level.OK, "load_high" if high else "load", values)


def _clock(home: Home, now: datetime) -> Iterator[Fact]:
    time = {"time": f"{now.astimezone(_SCHOOL):%d-%m-%Y %H:%M}"}
    for one in findings.clock_findings(home, now):
        known = one.code != "clock" or findings.synchronised() is not None
        yield Fact("clock", _LEVELS[one.level], one.code if known else "clock_unknown", time)


def _database(home: Home) -> Fact:
    url = home.database_url
    if copies.kind(url) != "sqlite" or not copies.place(url).exists():
        return Fact("database", Level.OK, "database_elsewhere")
    size = sum(one.stat().st_size for one in copies.files(url) if one.exists())
    return Fact("database", Level.OK, "database", {"size": max(size // MIB, 1)})


def _lists(home: Home, now: datetime) -> Iterator[Fact]:
    told = [findings.Finding(findings.Level(level), code, values) for level, code, values in ailing(home, now)]
    if told:
        yield from (_fact("lists", one) for one in told)
        with_night = _night(home)
        if with_night is not None:
            yield Fact("lists", Level.OK, "lists_night", since=with_night)
    else:
        yield Fact("lists", Level.OK, "lists_none")


def _night(home: Home) -> datetime | None:
    try:
        night = Lists(home.path).shelf().night
    except FeedError:  # told by what ails
        return None
    return datetime.fromisoformat(night) if night else None


def _purge(chores: Chores, now: datetime) -> Fact:
    if chores.failed:
        return Fact("purge", Level.BROKEN, "purge_failed")
    if chores.done is None:
        return Fact("purge", Level.OK, "purge_first")
    late = now - chores.done > _PURGE_LATE
    return Fact("purge", Level.LOOK if late else Level.OK, "purge_late" if late else "purge", since=chores.done)


# --- to and from the file --------------------------------------------------------------------------------------------


def _fact(part: str, finding: findings.Finding) -> Fact:
    return Fact(part, _LEVELS[finding.level], finding.code, _values(finding.values))


def _values(values: dict[str, object]) -> dict[str, str | int]:
    return {name: value if isinstance(value, int) else str(value) for name, value in values.items()}


def plain(fact: Fact) -> dict[str, object]:
    """A fact as it is in the file."""
    since = fact.since.isoformat() if fact.since else None
    return {"part": fact.part, "level": fact.level, "code": fact.code, "values": dict(fact.values), "since": since}


def _read(plain: dict[str, object]) -> Fact:
    values, since = plain["values"], plain["since"]
    if plain["part"] not in PARTS or not isinstance(values, dict):
        raise ValueError("this is no fact")
    told = {str(name): value if isinstance(value, int) else str(value) for name, value in values.items()}
    when = datetime.fromisoformat(since) if isinstance(since, str) else None
    return Fact(str(plain["part"]), Level(str(plain["level"])), str(plain["code"]), told, when)
