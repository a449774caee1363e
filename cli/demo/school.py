"""The playground's school: its `school.yaml`, and its people, devices and accounts through the real store and actions.

Everybody is made up. Passwords and device keys are known to all who read this: they are for loopback only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cli.demo.handlers import NAMES
from cli.demo.sites import Ports
from dashboard.actions import accounts as accounts_actions
from dashboard.actions.desk import Desk
from policy.model import Device, DeviceClass, Group, Role
from store.accounts import AccountState, Purpose
from store.people import Person

BY = "demo"
PASSWORD = "samen-op-het-plein"  # noqa: S105 - the playground's, printed at every start
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the playground listens on 127.0.0.1. `groups`: group id to the listener port of its own.

    `page` is where its PAC files are (0: nowhere).
    """

    proxy: int = 8080
    keyed: int = 8081
    dashboard: int = 8443
    groups: Mapping[str, int] = field(default_factory=lambda: {"7": 8107, "8": 8108})
    page: int = 0


GROUPS = (
    Group("1", "Groep 1", (1,)),
    Group("2", "Groep 2", (2,)),
    Group("3", "Groep 3", (3,)),
    Group("4-5", "Groep 4/5", (4, 5)),
    Group("6", "Groep 6", (6,)),
    Group("7", "Groep 7", (7,)),
    Group("8", "Groep 8", (8,)),
)

_PUPILS: Mapping[str, Sequence[str]] = {
    "1": ("Mila", "Sami", "Fenna", "Teun", "Aya", "Boaz"),
    "2": ("Jip", "Nora", "Kyan", "Liv", "Omar", "Puck"),
    "3": ("Saar", "Milan", "Hafsa", "Guus", "Zoë", "Ravi"),
    "4-5": ("Tess", "Ilyas", "Lotte", "Bram V.", "Yara", "Pim"),
    "6": ("Amira", "Joris", "Fleur", "Devin", "Maud", "Kaj"),
    "7": ("Noor", "Sem", "Fatima", "Daan", "Sanne", "Mees"),
    "8": ("Emma", "Yusuf", "Jade", "Thijs", "Lina", "Stijn"),
}


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody with an account; `groups` are those they may act for."""

    login: str
    name: str
    role: Role
    groups: tuple[str, ...] = ()


STAFF = (
    Staff("coordinator", "Carla de Graaf", Role.COORDINATOR),
    Staff("directie", "Dirk van Dam", Role.MANAGEMENT),
    Staff("anja", "juf Anja", Role.TEACHER, ("7",)),
    Staff("bram", "meester Bram", Role.TEACHER, ("8",)),
    Staff("karin", "juf Karin (ma-wo)", Role.TEACHER, ("4-5",)),
    Staff("wim", "meester Wim (do-vr)", Role.TEACHER, ("4-5",)),
    Staff("els", "juf Els", Role.TEACHER, ("1", "2", "3")),
    Staff("henk", "meester Henk", Role.TEACHER, ("6",)),
)


@dataclass(frozen=True, slots=True)
class Pupil:
    """A pupil with a device: what to type where the proxy asks for a name and a password."""

    person: str
    name: str
    group: str
    device: str
    key: str


def pupils() -> tuple[Pupil, ...]:
    """All pupils, each with a Chromebook of their own."""
    return tuple(
        Pupil(f"p{group}-{number}", name, group, f"cb{group}-{number}", f"sleutel-{group}-{number}")
        for group, names in _PUPILS.items()
        for number, name in enumerate(names, 1)
    )


def school_file(ports: Ports, trust: Path, place: Place | None = None, more: Sequence[str] = ()) -> str:
    """The text of the playground's `school.yaml`; `trust` is the CA file of the sites, `more` are extra lines."""
    place = place or Place()
    lines = [
        "# De school van de speeltuin. Alles hier is verzonnen; de sites staan op deze computer zelf.",
        "school: {id: school, name: Speeltuinschool}",
        "protocol: kalisto",
        "language: nl",
        "workers: 2",
        "listen:",
        "  address: 127.0.0.1",
        f"  proxy: {place.proxy}",
        f"  keyed: {place.keyed}",
        f"  dashboard: {place.dashboard}",
        "  groups:",
        *(f'    "{group}": {port}' for group, port in place.groups.items()),
        *((f"  page: {place.page}",) if place.page else ()),
        "egress:",
        "  hosts:  # de doe-alsof-sites en waar ze echt staan",
        *(f'    "{name}": "{real}"' for name, real in ports.hosts().items()),
        f'  trust: ["{trust}"]',
        "schedule:",
        "  # Het is hier altijd les, dag en nacht, ook op zondag: dan valt er altijd iets te proberen.",
        "  days:",
        *(f'    {day}: {{lessons: ["00:00-24:00"]}}' for day in _WEEKDAYS),
        "lists:",
        "  social: [kletsplein.test]",
        "  video: [filmpjes.test]",
        "  file-sharing: [fotodrop.test]",
        "  education: [rekenrijk.test]",
        "sign_in: {second_factor: optional}  # alleen hier: de wachtwoorden staan toch op het scherm",
        "tunnels:",
        '  rekenrijk.test: "oefensite van de speeltuin, de bewaker kijkt er niet in"',
        *more,
    ]
    return "\n".join(lines) + "\n"


def seed(desk: Desk, now: datetime) -> None:
    """Write groups, people, devices and accounts; what is there already is left as it is, so that it may be repeated.

    Raises:
        StoreUnavailable: the database is away.
    """
    store, school = desk.store, desk.school
    if not store.people.groups(school):
        for group in GROUPS:
            store.people.put_group(school, group, BY, now)
        staff = [Person(f"staff-{one.login}", one.role, one.name, one.groups) for one in STAFF]
        children = [Person(one.person, Role.PUPIL, one.name, (one.group,)) for one in pupils()]
        store.people.put_people(school, [*staff, *children], BY, now)
        for device in _devices():
            store.devices.put(school, device, BY, now)
    for one in STAFF:
        _account(desk, one, now)


def _devices() -> list[Device]:
    """A Chromebook a pupil, a digiboard a group, and a printer in the corridor."""
    books = [
        Device(
            one.device,
            f"Chromebook {one.name}",
            DeviceClass.PUPIL,
            one.group,
            one.person,
            key_hash=hashlib.sha256(one.key.encode()).hexdigest(),
        )
        for one in pupils()
    ]
    boards = [Device(f"bord{group.id}", f"Digibord {group.name}", DeviceClass.DIGIBOARD, group.id) for group in GROUPS]
    printer = Device("printer", "Printer op de gang", DeviceClass.INFRASTRUCTURE, addresses=("192.0.2.9/32",))
    return [*books, *boards, printer]


def _account(desk: Desk, one: Staff, now: datetime) -> None:
    """An account with the known password, set the way that a person sets it: with a one-time link."""
    accounts = desk.store.accounts
    account = accounts.find(desk.school, one.login)
    if account is None:
        person = Person(f"staff-{one.login}", one.role, one.name, one.groups)
        if desk.store.people.person(desk.school, person.id) is None:  # a playground from before this person was there
            desk.store.people.put_people(desk.school, [person], BY, now)
        account = accounts_actions.add_account(desk, one.login, person, BY, now).value
    if account is None or account.state is not AccountState.NEW:
        return
    token = accounts.make_link(desk.school, account.id, Purpose.SET_PASSWORD, now)
    if token is not None:
        accounts_actions.set_password(desk, token, PASSWORD, PASSWORD, now)


def all_names() -> list[str]:
    """Every name on the certificate of the pretend sites."""
    return [*NAMES, *(f"www.{name}" for name in NAMES)]
