"""Which device got which address: the lease files of the two DHCP servers that schools run, read as text.

dnsmasq writes a line a lease (`--dhcp-leasefile`, dnsmasq(8); `lease_update_file` in its `lease.c`): the end in seconds
since 1970 (0: never), the hardware address (with `06-` before it when the network is no Ethernet), the address, the
name or `*`, the client id or `*`. After a line `duid ...` those of DHCPv6 follow, with the IAID in the place of the
hardware address and the client's DUID at the end.

Kea's memfile is CSV with a header (Kea Administrator Reference Manual, "Memfile - Basic Storage for Leases", and
`CSVLeaseFile4` / `CSVLeaseFile6`): columns are found by name, so that an older or newer file reads as well. Every
change adds a line, the last one of an address counts. `state` 0 is in use; 1 declined, 2 reclaimed and 3 released are
not. `valid_lifetime` 4294967295 never ends, a comma in a name is written `&#x2c`.

Nothing here opens a file, and nothing raises: a line that cannot be read is named in `Read.broken` and left out.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv6Address, ip_address

MOST_LEASES = 50_000
"""More of one file are not kept; those that come last are."""
_MOST_BROKEN = 20  # broken lines that are named
_LONGEST = 2048  # characters of a line that are looked at
_FOREVER = 2**32 - 1
_KEA_IN_USE = "0"
_MAC = re.compile(r"(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}")
_DUID = re.compile(r"(?:[0-9a-f]{2}:)+[0-9a-f]{2}")
_NAME = re.compile(r"[^\w .\-]")


@dataclass(frozen=True, slots=True)
class DhcpLease:
    """One device's address. `mac` is in small letters with colons (empty: the server does not know it).

    `name` is what the device says of itself, cut and without signs; it proves nothing. `until` is UTC, None is for
    ever. `private_mac`: the device made its hardware address up, so tomorrow it may be another.
    """

    address: str
    mac: str
    name: str
    until: datetime | None
    private_mac: bool

    def holds(self, now: datetime) -> bool:
        """Whether it has not ended at `now`."""
        return self.until is None or now < self.until


@dataclass(frozen=True, slots=True)
class Read:
    """What a text held: leases by address, and which lines (from 1) could not be read, the first ones only."""

    leases: Mapping[str, DhcpLease]
    broken: tuple[int, ...] = ()


def hardware(text: str) -> str:
    """A hardware address in its one spelling (`aa:bb:cc:dd:ee:ff`); empty when it is none, or everybody's."""
    found = text.strip().lower()
    if not _MAC.fullmatch(found):
        return ""
    found = found.replace("-", ":")
    return "" if int(found[:2], 16) & 1 or found == "00:00:00:00:00:00" else found


def made_up(mac: str) -> bool:
    """Whether a hardware address (as `hardware` writes it) is locally administered: bit 2 of its first byte.

    Telephones that hide which one they are set it (IEEE 802, RFC 9542 2.1); a maker's own address never has it.
    """
    return bool(mac) and bool(int(mac[:2], 16) & 2)


def read(text: str) -> Read:
    """The leases in a file of either server. Which one it is shows in its first line."""
    return _kea(text) if _is_kea(text.lstrip("\ufeff").partition("\n")[0]) else dnsmasq(text)


def dnsmasq(text: str) -> Read:
    """The leases in dnsmasq's file, of IPv4 and IPv6."""
    found = _Found()
    six = False
    for number, line in enumerate(text.split("\n"), 1):
        words = line[:_LONGEST].split()
        if not words:
            continue
        if words[0] == "duid":
            six = True
            continue
        lease = _of_dnsmasq(words, six=six)
        if lease is None:
            found.failed(number)
        else:
            found.add(lease)
    return found.done()


def _of_dnsmasq(words: list[str], *, six: bool) -> DhcpLease | None:
    if len(words) < 4 or not words[0].isascii() or not words[0].isdigit():
        return None
    if six:
        mac = _of_duid(words[4]) if len(words) > 4 else ""
    else:
        mac = hardware(words[1][3:] if words[1][2:3] == "-" and ":" in words[1] else words[1])
    seconds = int(words[0])
    return _lease(words[2], mac, "" if words[3] == "*" else words[3], seconds, never=seconds == 0)


def _is_kea(head: str) -> bool:
    names = head.strip().split(",")
    return names[0] == "address" and {"expire", "valid_lifetime"} <= set(names)


def _kea(text: str) -> Read:
    found = _Found()
    lines = text.lstrip("\ufeff").split("\n")
    columns = [name.strip() for name in lines[0].split(",")]
    for number, line in enumerate(lines[1:], 2):
        if not line.strip() or _is_kea(line):  # a file that was put after another has a header of its own
            continue
        cells = _cells(line[:_LONGEST], columns)
        gone = cells is not None and cells.get("state", _KEA_IN_USE) != _KEA_IN_USE
        lease = None if cells is None else _of_kea(cells)
        if lease is None:
            found.failed(number)
        elif gone:
            found.drop(lease.address)
        else:
            found.add(lease)
    return found.done()


def _cells(line: str, columns: list[str]) -> Mapping[str, str] | None:
    try:
        row = next(csv.reader([line.strip()]))
    except (csv.Error, StopIteration):
        return None
    # A line that is being written may be cut; one without its end says nothing that is sure.
    return dict(zip(columns, row, strict=True)) if len(row) == len(columns) else None


def _of_kea(cells: Mapping[str, str]) -> DhcpLease | None:
    lifetime, end = cells.get("valid_lifetime", ""), cells.get("expire", "")
    if not (lifetime.isascii() and lifetime.isdigit() and end.isascii() and end.isdigit()):
        return None
    mac = hardware(cells.get("hwaddr", "")) or _of_duid(cells.get("duid", ""))
    name = cells.get("hostname", "").replace("&#x2c", ",")
    return _lease(cells.get("address", ""), mac, name, int(end), never=int(lifetime) == _FOREVER)


def _of_duid(text: str) -> str:
    """The hardware address in a DUID that is made of one (RFC 8415 11.2 and 11.4, over Ethernet); empty: none is."""
    found = text.strip().lower()
    if not _DUID.fullmatch(found):
        return ""
    if found.startswith("00:01:00:01:") and len(found) == 14 * 3 - 1:
        return hardware(found[-17:])
    return hardware(found[-17:]) if found.startswith("00:03:00:01:") and len(found) == 10 * 3 - 1 else ""


def _lease(address: str, mac: str, name: str, end: int, *, never: bool) -> DhcpLease | None:
    try:
        ip = ip_address(address)
        until = None if never else datetime.fromtimestamp(end, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    if isinstance(ip, IPv6Address) and (ip.ipv4_mapped or ip.scope_id):
        return None
    return DhcpLease(str(ip), mac, _NAME.sub("", name)[:64].strip(), until, made_up(mac))


class _Found:
    """Leases as they are read: the last of an address counts, and there are never too many."""

    def __init__(self) -> None:
        self._leases: dict[str, DhcpLease] = {}
        self._broken: list[int] = []

    def add(self, lease: DhcpLease) -> None:
        self._leases.pop(lease.address, None)
        self._leases[lease.address] = lease
        if len(self._leases) > MOST_LEASES:
            del self._leases[next(iter(self._leases))]

    def drop(self, address: str) -> None:
        self._leases.pop(address, None)

    def failed(self, number: int) -> None:
        if len(self._broken) < _MOST_BROKEN:
            self._broken.append(number)

    def done(self) -> Read:
        return Read(self._leases, tuple(self._broken))


def together(texts: Iterable[Read]) -> Mapping[str, DhcpLease]:
    """The leases of several files; of one address in more than one, that of which the end is the latest."""
    found: dict[str, DhcpLease] = {}
    for one in texts:
        for address, lease in one.leases.items():
            known = found.get(address)
            if known is None or _later(lease, known):
                found[address] = lease
    return found


def _later(one: DhcpLease, other: DhcpLease) -> bool:
    return other.until is not None and (one.until is None or one.until >= other.until)
