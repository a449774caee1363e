"""How the guard itself is: what the supervisor told last, and what the database knows. Of nobody, and no names.

The supervisor is another process; what it told stands in `Vitals`, handed in by composition. Its age is part of it: a
supervisor that says nothing any more is the first thing to look at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Protocol

from dashboard.actions.desk import Desk
from policy.devicefact import DeviceFact
from policy.model import DeviceClass, Effect
from policy.schedule import zone_of
from store import StoreUnavailable
from store.events import Event
from store.notices import Condition

SILENT_AFTER = timedelta(seconds=60)
"""The supervisor tells how it is every few seconds; after so long something is wrong with it."""
_UNSEEN = timedelta(days=7)
_TODAY = timedelta(days=1)
_MOST_STRANGERS = 1000
_MOST_NAMES = 5
_FACTS = frozenset(DeviceFact)
_STOPS_LESSONS = frozenset({Condition.RULES, Condition.UPSTREAM, Condition.NAMES})


class Level(StrEnum):
    """Green, look at it, broken; the gravest last."""

    OK = "ok"
    LOOK = "look"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Fact:
    """One line: of which part, how bad, which sentence with which values, and since when it is so (None: unknown)."""

    part: str
    level: Level
    code: str
    values: Mapping[str, str | int] = field(default_factory=dict)
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What the supervisor told at `at` (UTC)."""

    at: datetime
    facts: tuple[Fact, ...]


class Vitals(Protocol):
    """Where the supervisor's word is kept."""

    def told(self) -> Told | None:
        """What it told last; None: nothing that can be read."""


PARTS = (
    "workers",
    "names",
    "load",
    "notices",
    "queue",
    "database",
    "rules",
    "lists",
    "clock",
    "certificates",
    "disk",
    "backup",
    "purge",
    "agents",
    "strangers",
    "exit",
    "version",
)
"""The lines in their order: what stops lessons first."""


def see(desk: Desk, vitals: Vitals | None, now: datetime) -> tuple[Fact, ...]:
    """Everything, part by part; within a part the gravest first."""
    found = [*_of_the_guard(vitals, now), *_of_the_database(desk, now)]
    grave = list(Level)
    return tuple(sorted(found, key=lambda one: (PARTS.index(one.part), -grave.index(one.level))))


def _of_the_guard(vitals: Vitals | None, now: datetime) -> Iterator[Fact]:
    told = vitals.told() if vitals is not None else None
    if told is None:
        yield Fact("workers", Level.BROKEN, "silent_ever")
        return
    if abs(now - told.at) > SILENT_AFTER:
        yield Fact("workers", Level.BROKEN, "silent", since=told.at)
        return
    yield from (one for one in told.facts if one.part in PARTS)


def _of_the_database(desk: Desk, now: datetime) -> Iterator[Fact]:
    store, school = desk.store, desk.school
    try:
        store.check()
    except StoreUnavailable:  # locked, or no longer to be written to: reading goes on
        yield Fact("database", Level.BROKEN, "database_locked")
    standing = store.notices.standing(school, now)
    for one in standing:
        level = Level.BROKEN if one.kind in _STOPS_LESSONS else Level.LOOK
        yield Fact("notices", level, f"notice_{one.kind.value}", since=one.since)
    if not standing:
        yield Fact("notices", Level.OK, "notices_none")
    lost = store.events.lost(school, now - _TODAY)
    if lost:
        yield Fact("queue", Level.LOOK, "queue_lost", {"count": lost})
    current = store.policies.current(school)
    if current is not None:
        yield Fact("rules", Level.OK, "rules", {"number": current.number}, current.when)
    yield _agents(desk, now)
    yield from _noticed(desk, now)
    yield from _strangers(desk, now)
    has_code = store.emergencies.code(school) is not None
    yield Fact("exit", Level.OK if has_code else Level.LOOK, "exit_code" if has_code else "exit_no_code")


def _agents(desk: Desk, now: datetime) -> Fact:
    """Devices with a key of their own that nobody saw for a week of school; how many, not which."""
    devices = desk.snapshot(now).devices.values()
    keyed = [one.id for one in devices if one.key_hash and one.kind is not DeviceClass.INFRASTRUCTURE]
    if not keyed:
        return Fact("agents", Level.OK, "agents_none")
    seen = desk.store.devices.last_seen(desk.school, keyed)
    away = sum(one not in seen or now - seen[one] > _UNSEEN for one in keyed)
    values = {"count": away, "total": len(keyed)}
    return Fact("agents", Level.LOOK if away else Level.OK, "agents_away" if away else "agents", values)


def _noticed(desk: Desk, now: datetime) -> Iterator[Fact]:
    """What devices noticed about themselves today that was not put right: on which devices, and since when."""
    registered = desk.snapshot(now).devices
    found: dict[str, list[Event]] = {}
    for event in desk.store.events.of_devices(desk.school, now - _TODAY):
        if event.effect is not Effect.DENY and event.category in _FACTS and event.device in registered:
            found.setdefault(event.category or "", []).append(event)
    for kind, events in sorted(found.items()):
        names = sorted({registered[one.device].name for one in events if one.device})
        more = f" +{len(names) - _MOST_NAMES}" if len(names) > _MOST_NAMES else ""
        said = ", ".join(names[:_MOST_NAMES]) + more
        yield Fact("agents", Level.LOOK, f"device_{kind}", {"devices": said}, min(one.when for one in events))


def _strangers(desk: Desk, now: datetime) -> Iterator[Fact]:
    """How many devices in no group were turned away today, and since when; how many, for nobody knows which.

    Nothing is wrong with the guard then: they are closed. But one of them may be a device of school.
    """
    zone = zone_of(desk.snapshot(now).policy.schedule.zone)
    midnight = datetime.combine(now.astimezone(zone).date(), time(), zone).astimezone(UTC)
    found = desk.store.events.turned_away(desk.school, midnight, _MOST_STRANGERS)
    if found:
        code = "strangers_one" if len(found) == 1 else "strangers"
        yield Fact("strangers", Level.OK, code, {"count": len(found)}, min(one.when for one in found))
