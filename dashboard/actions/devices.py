"""The register of devices: one at a time, a whole cart at once, keys and enrolment codes.

What cannot be is refused with what is wrong and with which other device, and nothing is saved of it. Of many at once
all are registered, or none.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.table import Kind, read_table
from policy.model import Device, DeviceClass, Member, Role, Snapshot
from store.devices import Code

OFFICE = frozenset({Role.COORDINATOR, Role.MANAGEMENT})
LONG_AGO = timedelta(days=30)
"""After so long without a sign of a pupils' device it is marked: lost, broken, or not going by the guard."""
MOST_AT_ONCE = 200
KINDS = tuple(kind for kind in DeviceClass if kind is not DeviceClass.UNKNOWN)
_LONGEST_NAME = 80
_WIDEST_IPV4 = 16  # bits of the prefix
_WIDEST_IPV6 = 48
_COLUMNS: Mapping[str, frozenset[str]] = {
    "name": frozenset({"naam", "name", "apparaat", "device", "asset", "assetid"}),
    "kind": frozenset({"soort", "kind", "type"}),
    "group": frozenset({"groep", "group", "klas"}),
    "addresses": frozenset({"adres", "adressen", "ip", "address", "addresses", "ipadres"}),
}

type Network = IPv4Network | IPv6Network
type Place = Network | str
"""A range of addresses, or a hardware address (small letters, colons): for the guard that reads the lease files."""

_HARDWARE = re.compile(r"(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}")
_NOBODYS = "00:00:00:00:00:00"


@dataclass(frozen=True, slots=True)
class Key:
    """A device's key, told once; the register keeps its hash."""

    device: str
    name: str
    key: str


@dataclass(frozen=True, slots=True)
class Form:
    """A device as it was typed; `kind` is a class's value, `group` and `person` may be empty.

    `prints`: it is a print server.
    """

    name: str = ""
    kind: str = DeviceClass.PUPIL.value
    group: str = ""
    person: str = ""
    addresses: str = ""
    prints: bool = False


@dataclass(frozen=True, slots=True)
class No:
    """Why something typed cannot be: a sentence (`devices.no.*`) and its values; `line` of a list, from 1."""

    code: str
    values: Mapping[str, str] = field(default_factory=dict)
    line: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One of many: the line that it stands on, and what it says."""

    line: int
    form: Form


def put(desk: Desk, who: Member, form: Form, now: datetime, device_id: str = "") -> Device | No:
    """Register a device, or change the one with `device_id`; its key stays."""
    if who.role not in OFFICE:
        return No("role")
    snapshot = desk.snapshot(now)
    if device_id and device_id not in snapshot.devices:
        return No("gone")
    made = _made(form, snapshot, snapshot.devices, device_id)
    if isinstance(made, Device):
        desk.store.devices.put(desk.school, made, who.id, now)
    return made


def put_many(desk: Desk, who: Member, rows: Sequence[Row | No], now: datetime) -> tuple[Device, ...] | tuple[No, ...]:
    """Register all of them, or tell of every line what is wrong with it and register none.

    `rows` may have lines that were wrong already.
    """
    if who.role not in OFFICE:
        return (No("role"),)
    if not rows or len(rows) > MOST_AT_ONCE:
        return (No("count", {"most": str(MOST_AT_ONCE)}),)
    snapshot = desk.snapshot(now)
    known = dict(snapshot.devices)
    made: list[Device] = []
    wrong: list[No] = []
    for row in rows:
        if isinstance(row, No):
            wrong.append(row)
            continue
        one = _made(row.form, snapshot, known)
        if isinstance(one, No):
            wrong.append(replace(one, line=row.line))
        elif any(one.name.casefold() == other.name.casefold() for other in known.values()):
            wrong.append(No("taken", {"name": one.name}, row.line))
        else:
            known[one.id] = one
            made.append(one)
    if wrong:
        return tuple(wrong)
    desk.store.devices.put_all(desk.school, made, who.id, now)
    return tuple(made)


def counted(first: str, last: str, address: str, form: Form) -> tuple[Row, ...] | No:
    """Rows for `Chromebook 7-1` up to and with `7-30`: the last number of `first` counts up to that of `last`.

    `address` is the first one's own address (empty: none); those of the others follow it.
    """
    begin, end = re.fullmatch(r"(.*?)(\d{1,4})", first.strip()), re.search(r"(\d{1,4})$", last.strip())
    if begin is None or end is None:
        return No("numbers")
    low, high = int(begin.group(2)), int(end.group(1))
    if not low <= high or high - low >= MOST_AT_ONCE:
        return No("numbers")
    places: list[str] = [""] * (high - low + 1)
    if address.strip():
        try:
            start = ip_address(address.strip())
            places = [str(start + count) for count in range(len(places))]
        except ValueError:
            return No("address", {"text": _shown(address)})
    wide = len(begin.group(2)) if begin.group(2).startswith("0") else 1
    return tuple(
        Row(number + 1, replace(form, name=f"{begin.group(1)}{low + number:0{wide}d}", addresses=place))
        for number, place in enumerate(places)
    )


def listed(raw: bytes, groups: Mapping[str, str], kinds: Mapping[str, DeviceClass]) -> tuple[Row | No, ...]:
    """Rows out of a CSV with a header: naam, soort, groep, adres. `groups` and `kinds` are by what people write."""
    table = read_table(raw, lambda cells: sum(_column(cell) != "" for cell in cells))
    if table.problem:
        return (No("table", {"problem": table.problem}),)
    columns = [_column(cell) for cell in table.header]
    if "name" not in columns:
        return (No("header"),)
    rows: list[Row | No] = []
    for record in table.records:
        if record.kind is Kind.BROKEN:
            rows.append(No("broken", line=record.first))
        if record.kind is not Kind.ROW:
            continue
        cells = {name: cell for name, cell in zip(columns, record.cells, strict=False) if name}
        found = _row(cells, groups, kinds)
        rows.append(replace(found, line=record.first) if isinstance(found, No) else Row(record.first, found))
    return tuple(rows) or (No("header"),)


def remove(desk: Desk, who: Member, device_id: str, now: datetime) -> Outcome[None]:
    """Take a device out of the register."""
    if who.role not in OFFICE:
        return refused("role")
    gone = desk.store.devices.remove(desk.school, device_id, who.id, now)
    return done("removed") if gone else refused("gone")


def new_key(desk: Desk, who: Member, device_id: str, now: datetime) -> Outcome[Key]:
    """A fresh device key, told once; the old one stops working."""
    if who.role not in OFFICE:
        return refused("role")
    registered = desk.store.devices.get(desk.school, device_id)
    if registered is None:
        return refused("gone")
    key = secrets.token_urlsafe(24)
    device = replace(registered.device, key_hash=sha256(key.encode()).hexdigest())
    desk.store.devices.put(desk.school, device, who.id, now)
    return done("key", Key(device.id, device.name, key))


def new_code(desk: Desk, who: Member, device_id: str, now: datetime) -> Outcome[Code]:
    """A one-time code with which the agent on a device enrols itself."""
    if who.role not in OFFICE:
        return refused("role")
    code = desk.store.devices.make_code(desk.school, device_id, who.id, now)
    return done("enrol", code) if code else refused("gone")


# --- what was typed, checked ----------------------------------------------------------------------------------------


def _made(form: Form, snapshot: Snapshot, known: Mapping[str, Device], device_id: str = "") -> Device | No:
    title = " ".join(form.name.split())[:_LONGEST_NAME]
    if not title:
        return No("name")
    if form.kind not in {kind.value for kind in KINDS}:
        return No("kind", {"text": _shown(form.kind)})
    if form.group and form.group not in snapshot.groups:
        return No("group", {"text": _shown(form.group)})
    if form.person and form.person not in snapshot.people:
        return No("person")
    if form.prints and form.kind != DeviceClass.INFRASTRUCTURE.value:
        return No("prints")
    ranges = _ranges(form.addresses)
    if isinstance(ranges, No):
        return ranges
    others = tuple(one for one in known.values() if one.id != device_id)
    clash = _clash(ranges, form.group, others, snapshot)
    if clash is not None:
        return clash
    old = known.get(device_id)
    made = Device(
        device_id or _device_id(title, known.keys()),
        title,
        DeviceClass(form.kind),
        form.group or None,
        form.person or None,
        tuple(map(str, ranges)),
        prints=form.prints,
    )
    return made if old is None else replace(made, ports=old.ports)


def _ranges(text: str) -> tuple[Place, ...] | No:
    """The address ranges and hardware addresses in a line of text, or which of them is neither."""
    found: list[Place] = []
    for word in re.split(r"[\s,;]+", text.strip()):
        if not word:
            continue
        if _HARDWARE.fullmatch(word):
            mac = word.lower().replace("-", ":")
            if int(mac[:2], 16) & 1 or mac == _NOBODYS:  # everybody's, or nobody's
                return No("address", {"text": _shown(word)})
            found.append(mac)
            continue
        try:
            one = ip_network(word, strict=False)
        except ValueError:
            return No("address", {"text": _shown(word)})
        # `0.0.0.0/0` would make every stranger this device; a school's own network is smaller than these.
        if one.prefixlen < (_WIDEST_IPV4 if one.version == 4 else _WIDEST_IPV6):
            return No("wide", {"text": _shown(word)})
        found.append(one)
    return tuple(found)


def _clash(ranges: Iterable[Place], group: str, others: Sequence[Device], snapshot: Snapshot) -> No | None:
    """Another device at the very same address, or one of another group in the same range.

    An address of its own inside the range of its group is no clash: the narrowest counts. Neither is a printer's or a
    teacher's, of no group at all.
    """
    for mine in ranges:
        for other in others:
            for text in other.addresses:
                if isinstance(mine, str) or _HARDWARE.fullmatch(text):
                    if mine == text:
                        return _overlap(text, other, snapshot)
                    continue
                theirs = ip_network(text, strict=False)
                apart = bool(group) and other.group is not None and other.group != group
                if mine == theirs or (apart and mine.overlaps(theirs)):
                    return _overlap(text, other, snapshot, str(mine))
    return None


def _overlap(theirs: str, other: Device, snapshot: Snapshot, mine: str = "") -> No:
    found = snapshot.groups.get(other.group or "")
    at = found.name if found is not None else "-"
    return No("overlap", {"text": mine or theirs, "name": other.name, "theirs": theirs, "group": at})


def _column(cell: str) -> str:
    word = re.sub(r"[^a-z]", "", cell.casefold())
    return next((name for name, words in _COLUMNS.items() if word in words), "")


def _row(cells: Mapping[str, str], groups: Mapping[str, str], kinds: Mapping[str, DeviceClass]) -> Form | No:
    kind, group = cells.get("kind", "").strip(), cells.get("group", "").strip()
    if kind and kind.casefold() not in kinds:
        return No("kind", {"text": _shown(kind)})
    if group and group.casefold() not in groups:
        return No("group", {"text": _shown(group)})
    found = kinds[kind.casefold()] if kind else DeviceClass.PUPIL
    at = groups[group.casefold()] if group else ""
    return Form(cells.get("name", ""), found.value, at, "", cells.get("addresses", ""))


def _shown(text: str) -> str:
    """What was typed, short enough to say back."""
    return " ".join(text.split())[:40]


def _device_id(name: str, taken: Container[str]) -> str:
    """A readable id that is not taken: it is also the user name of the device at the proxy."""
    stem = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:32] or "device"
    return stem if stem not in taken else f"{stem}-{secrets.token_hex(3)}"
