"""The school that Klaswacht guards while it is measured: ten groups of thirty, each pupil with a device of their own.

The protocol of De Regenboog in a lesson that never ends, a subscribed list of a million made-up names, and every device
proved by its key. All of it is written as the program itself writes it.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.match import made_up
from cli import school as running_school
from cli.home import Home
from config import load
from config.feeds import update
from config.feeds.guards import Kept
from config.feeds.subscriptions import Lists, Subscription
from config.feeds.update import Conditions
from policy.model import Device, DeviceClass, Group, Role
from store.people import Person

LISTED = 1_000_000
SEED = "bench"
GROUPS = ("1", "2", "3", "4", "5", "6a", "6b", "7a", "7b", "8")
_CLASS = 30


@dataclass(frozen=True, slots=True)
class Pupil:
    """A pupil's device: the loopback address that it speaks from, and what it says in `Proxy-Authorization`."""

    number: int
    group: str
    address: str
    says: str


def pupils(groups: Sequence[str] = GROUPS) -> list[Pupil]:
    """Thirty of each group, class by class."""
    return [
        Pupil(
            number,
            groups[number // _CLASS],
            f"127.1.{number // 200}.{number % 200 + 1}",
            "Basic " + base64.b64encode(f"cb{number}:{_key(number)}".encode()).decode(),
        )
        for number in range(len(groups) * _CLASS)
    ]


def _key(number: int) -> str:
    return hashlib.sha256(f"{SEED}{number}".encode()).hexdigest()[:24]


def write_names(folder: Path, many: int = LISTED) -> Path:
    """The list, a name a line."""
    names = folder / "names.txt"
    with names.open("w") as file:
        file.writelines(f"{name}\n" for name in made_up(many))
    return names


def make(home: Home, trust: Path, names: Path, workers: int, keyed: int, groups: Sequence[str] = GROUPS) -> None:
    """Fill `home`: `school.yaml`, people, devices and the compiled list. `keyed` is the port that asks for a key."""
    home.prepare()
    home.school_file.write_text(_file(trust, workers, keyed))
    settings = load.read_school(home.school_file).settings
    store = running_school.opened(home)
    now = datetime.now(UTC)
    try:
        school = settings.school.id
        for group in groups:
            store.people.put_group(school, Group(group, f"Groep {group}", (int(group[0]),)), SEED, now)
        everybody = pupils(groups)
        store.people.put_people(
            school, [Person(f"p{one.number}", Role.PUPIL, f"Kind {one.number}", (one.group,)) for one in everybody],
            SEED, now,
        )  # fmt: skip
        for one in everybody:
            proof = hashlib.sha256(_key(one.number).encode()).hexdigest()
            device = Device(
                f"cb{one.number}", f"Chromebook {one.number}", DeviceClass.PUPIL, one.group, f"p{one.number}",
                key_hash=proof,
            )  # fmt: skip
            store.devices.put(school, device, SEED, now)
    finally:
        store.close()
    lists = Lists(home.path)
    with lists.alone():
        by = Conditions(now, Kept(frozenset({"www.school.nl"}), frozenset({"school.nl"})))
        update.add(lists, Subscription("bench", str(names), "adult"), by)


def refusals(home: Path) -> int:
    """How many refusals of pupils by name the guard of `home` has written down."""
    with contextlib.closing(sqlite3.connect(f"file:{home / 'klaswacht.db'}?mode=ro", uri=True)) as database:
        (found,) = database.execute(
            "select count(*) from events where what = 'blocked' and person_id is not null"
        ).fetchone()
    return int(found)


def _file(trust: Path, workers: int, keyed: int) -> str:
    lines = [
        "school: {id: school, name: Meetschool}",
        "protocol: regenboog",
        "language: nl",
        f"workers: {workers}",
        "listen:",
        "  address: 127.0.0.1",
        f"  proxy: {keyed + 1}",
        f"  keyed: {keyed}",
        f"  dashboard: {keyed + 2}",
        "egress:",
        f'  trust: ["{trust}"]',
        "schedule:",
        "  days:",
        *(f'    {day}: {{lessons: ["00:00-24:00"]}}' for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")),
    ]
    return "\n".join(lines) + "\n"
