"""The page of devices: a line each, which group is shown, what was typed, and what was wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from config.chromebook.school import NotPossibleError
from dashboard.actions.devices import KINDS, LONG_AGO, Form, Key, No
from dashboard.present.office import Secret, group_choices, group_of
from dashboard.present.words import Choice, Words
from policy.model import Device, DeviceClass, Group, Role
from policy.printer import is_print_server
from store.devices import Code, Registered
from store.people import Person
from store.print_jobs import WaitingJob
from store.self_tests import NO_DEVICE, Tested

ALL, NO_GROUP, LOST = "alle", "", "weg"
"""What may be asked for besides a group: every device, those of no group, those that were not seen for long."""
_MOST_LINES = 60  # of a longer list one group is shown at a time


@dataclass(frozen=True, slots=True)
class Line:
    """A device. `lost`: it was not seen for long; `tested` says how its self-test went (empty: there was none)."""

    id: str
    name: str
    about: str
    seen: str
    lost: bool
    tested: str


@dataclass(frozen=True, slots=True)
class Fields:
    """A form with what was typed in it, or what the register says."""

    name: str
    addresses: str
    kinds: tuple[Choice, ...]
    groups: tuple[Choice, ...]
    persons: tuple[Choice, ...]
    prints: bool = False


@dataclass(frozen=True, slots=True)
class Many:
    """The form for a whole cart as it was typed; `wrong` are the lines that cannot be."""

    first: str
    last: str
    address: str
    table: str
    fields: Fields
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """What the page shows: the filters, the lines, how many there are in all, and the one that is picked."""

    filters: tuple[Choice, ...]
    lines: tuple[Line, ...]
    count: int
    shown: str
    picked: str


def listing(
    devices: Sequence[Registered],
    tested: Sequence[Tested],
    groups: Mapping[str, Group],
    persons: Mapping[str, str],
    asked: str | None,
    picked: str,
    words: Words,
    now: datetime,
) -> Listing:
    """The page for what was asked for; without a wish everything, or of a large school its first group."""
    shown = _shown(asked, groups, len(devices))
    tests = {one.device: one for one in tested}
    lines = tuple(
        _line(one, tests.get(one.device.id), groups, persons, words, now)
        for one in devices
        if _fits(one, shown, now) or one.device.id == picked
    )
    lost = sum(is_lost(one, now) for one in devices)
    named = [(ALL, words("devices.all", count=len(devices)))]
    named += [(one.value, one.label) for one in group_choices(groups)]
    named += [(NO_GROUP, words("devices.no_group")), (LOST, words("devices.lost_filter", count=lost))]
    filters = tuple(Choice(value, label, value == shown) for value, label in named)
    return Listing(filters if devices else (), lines, len(devices), shown, picked)


def is_lost(one: Registered, now: datetime) -> bool:
    """Whether a pupils' device was not seen for long. One that never was is new, as far as anybody knows."""
    used = one.device.kind in (DeviceClass.PUPIL, DeviceClass.PHONE)
    return used and one.last_seen is not None and now - one.last_seen > LONG_AGO


def _shown(asked: str | None, groups: Mapping[str, Group], count: int) -> str:
    if asked is not None and (asked in (ALL, NO_GROUP, LOST) or asked in groups):
        return asked
    return group_of(groups, None) if count > _MOST_LINES else ALL


def _fits(one: Registered, shown: str, now: datetime) -> bool:
    if shown == ALL:
        return True
    return is_lost(one, now) if shown == LOST else (one.device.group or "") == shown


def _line(
    one: Registered,
    tested: Tested | None,
    groups: Mapping[str, Group],
    persons: Mapping[str, str],
    words: Words,
    now: datetime,
) -> Line:
    device = one.device
    about = [words(f"dash.device_class.{device.kind.value}")]
    about += [groups[device.group].name] if device.group and device.group in groups else []
    about += [persons[device.person]] if device.person and device.person in persons else []
    about += [_addresses(device)] if device.addresses else []
    about += [words("devices.prints_told")] if is_print_server(device) else []
    seen = words("devices.seen", at=words.day_clock(one.last_seen, now)) if one.last_seen else words("devices.never")
    test = "" if tested is None else words(f"devices.tested.{'good' if tested.good else 'not'}")
    return Line(device.id, device.name, " · ".join(about), seen, is_lost(one, now), test)


def fields(form: Form, groups: Mapping[str, Group], persons: Sequence[Person], words: Words) -> Fields:
    """A form filled in."""
    kinds = tuple(
        Choice(kind.value, words(f"dash.device_class.{kind.value}"), kind.value == form.kind) for kind in KINDS
    )
    owners = tuple(Choice(person.id, person.name, person.id == form.person) for person in persons)
    return Fields(form.name, form.addresses, kinds, group_choices(groups, (form.group,)), owners, form.prints)


def form_of(device: Device) -> Form:
    """A device of the register as it would be typed."""
    whose = (device.group or "", device.person or "")
    return Form(device.name, device.kind.value, *whose, _addresses(device), device.prints)


def _addresses(device: Device) -> str:
    """Its addresses as people write them: one of its own has no mask."""
    return ", ".join(one.removesuffix("/32") if "." in one else one.removesuffix("/128") for one in device.addresses)


def unknown_prints(jobs: Sequence[WaitingJob]) -> tuple[str, ...]:
    """The names on waiting print jobs that are nobody's, each once."""
    return tuple(dict.fromkeys(one.account for one in jobs if one.account))


def pupil_choices(persons: Sequence[Person], groups: Mapping[str, Group]) -> tuple[Choice, ...]:
    """Every pupil with the group, to choose one of."""
    named = [(one, groups[one.groups[0]].name) for one in persons if one.role is Role.PUPIL and one.groups]
    return tuple(Choice(one.id, f"{one.name} ({group})") for one, group in named)


def groups_by_name(groups: Mapping[str, Group]) -> dict[str, str]:
    """Group id by what people write for it: its code or its name."""
    names = {group.name.casefold(): group.id for group in groups.values()}
    return names | {group.casefold(): group for group in groups}


def kinds_by_name(words: Words) -> Mapping[str, DeviceClass]:
    """A class by what people write for it."""
    told = {words(f"dash.device_class.{kind.value}").casefold(): kind for kind in KINDS}
    return told | {word: kind for kind in KINDS for word in words(f"devices.also.{kind.value}").split()}


def why_not(no: No, words: Words) -> str:
    """What is wrong, with its line where it stands on one."""
    problem = no.values.get("problem")
    text = words(f"devices.table.{problem}") if problem else words(f"devices.no.{no.code}", **no.values)
    return words("devices.line", line=no.line, text=text) if no.line else text


def key_secret(key: Key, words: Words) -> Secret:
    """A device key, told once."""
    return Secret(words("dash.office.key_for", name=key.name, id=key.device), key.key)


def code_secret(code: Code, name: str, words: Words, now: datetime) -> Secret:
    """An enrolment code, told once."""
    return Secret(words("dash.office.code_for", name=name, until=words.day_clock(code.expires, now)), code.code)


def no_chromebooks(error: NotPossibleError, words: Words) -> str:
    """Why there is no folder for the Chromebooks now, and what the keeper of the computer does about it."""
    problem = words(f"chromebook.no.{error.code}", **error.values)
    remedy = words(f"chromebook.no.{error.code}_remedy", **error.values)
    return words("chromebook.screen.why_not", problem=problem, remedy=remedy)


def unknown_test(tested: Sequence[Tested], words: Words, now: datetime) -> str:
    """What is to be said of a test on a device that is not in the register."""
    one = next((one for one in tested if one.device == NO_DEVICE), None)
    return "" if one is None else words("devices.tested.unknown", at=words.day_clock(one.at, now))
