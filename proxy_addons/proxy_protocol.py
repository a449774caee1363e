"""The PROXY protocol, versions 1 and 2: with which a balancer tells for whom it connects.

After HAProxy's specification (`doc/proxy-protocol.txt`, 2020/03/05). Whether whoever says it may be believed is asked
elsewhere (`doorway`); here it is only read, strictly, and never further than its own bound.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

MAX_V1 = 107  # bytes of a header, the specification's own bound
MAX_V2 = 536  # bytes: 16, and all that fits the smallest packet that everybody must carry
SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_WORD = b"PROXY "
_V1 = re.compile(rb"PROXY (TCP4|TCP6) ([0-9A-Fa-f:.]{2,39}) ([0-9A-Fa-f:.]{2,39}) (\d{1,5}) (\d{1,5})\r\n")
_START = 16  # bytes of version 2 before the addresses
_ADDRESSES = {0x11: 12, 0x21: 36}  # bytes of the addresses of TCP over IPv4, over IPv6
_CHECKSUM = 0x03  # the type of the field that holds a CRC32c
_POLYNOMIAL = 0x82F63B78  # of CRC32c (Castagnoli), reflected


class BadHeader(ValueError):
    """It is no PROXY header, or not a well formed one, or too long."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a balancer said: for whom it connects, or (`source` None) that it connects for itself, to see if we live.

    `size` is how many bytes the header was.
    """

    size: int
    source: str | None


def announces(data: bytes | bytearray) -> bool:
    """Whether these first bytes are the beginning of a PROXY header (what a stranger must not send)."""
    return data.startswith(_WORD) or (len(data) > len(b"\r\n\r\n") and _is_beginning(data, SIGNATURE))


def read(data: bytes | bytearray) -> Header | None:
    """Read the header that `data` begins with; None: more of it is to come. Raises `BadHeader`."""
    if not data:
        return None
    if _is_beginning(data, SIGNATURE):
        return _read_v2(data) if len(data) >= _START else None
    if _is_beginning(data, _WORD):
        return _read_v1(data)
    raise BadHeader("no header")


def _is_beginning(data: bytes | bytearray, mark: bytes) -> bool:
    """Whether `data` goes as `mark` does, as far as both reach."""
    return data[: len(mark)] == mark[: len(data)]


def _read_v1(data: bytes | bytearray) -> Header | None:
    end = data.find(b"\r\n", 0, MAX_V1)
    if end < 0:
        if len(data) >= MAX_V1:
            raise BadHeader("too long")
        return None
    size = end + 2
    line = bytes(data[:size])
    if line.startswith(b"PROXY UNKNOWN") and line[13:14] in (b" ", b"\r"):
        return Header(size, None)
    found = _V1.fullmatch(line)
    if found is None:
        raise BadHeader("malformed")
    kind = IPv4Address if found[1] == b"TCP4" else IPv6Address
    try:
        source, _ = kind(found[2].decode()), kind(found[3].decode())
    except ValueError as error:
        raise BadHeader("not an address") from error
    if any(int(port) > 65535 or (port[:1] == b"0" and port != b"0") for port in (found[4], found[5])):
        raise BadHeader("not a port")
    return Header(size, _plain(source))


def _read_v2(data: bytes | bytearray) -> Header | None:
    command, family, length = data[12], data[13], int.from_bytes(data[14:16])
    if command not in (0x20, 0x21):
        raise BadHeader("unknown version or command")
    size = _START + length
    if size > MAX_V2:
        raise BadHeader("too long")
    if len(data) < size:
        return None
    if command == 0x20:
        return Header(size, None)  # its own connection: the specification says to discard the rest unread
    header = bytes(data[:size])
    if family == 0x00:
        _check_fields(header, _START)
        return Header(size, None)
    taken = _ADDRESSES.get(family)
    if taken is None or length < taken:
        raise BadHeader("not TCP")
    _check_fields(header, _START + taken)
    source = IPv4Address(header[16:20]) if family == 0x11 else IPv6Address(header[16:32])
    return Header(size, _plain(source))


def _check_fields(header: bytes, at: int) -> None:
    """Walk over the additional fields; of those only the checksum means something here."""
    checked = False
    while at < len(header):
        value = at + 3
        end = value + int.from_bytes(header[at + 1 : value])
        if end > len(header) or value > len(header):
            raise BadHeader("a field runs over the end")
        if header[at] == _CHECKSUM:
            if checked or end - value != 4:
                raise BadHeader("a checksum that is none")
            checked = True
            if crc32c(header[:value] + bytes(4) + header[end:]) != int.from_bytes(header[value:end]):
                raise BadHeader("another checksum")
        at = end


def _plain(address: IPv4Address | IPv6Address) -> str:
    """The address as text; an IPv4 one inside IPv6 is that IPv4 address."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def _table() -> tuple[int, ...]:
    rows = []
    for byte in range(256):
        row = byte
        for _ in range(8):
            row = (row >> 1) ^ _POLYNOMIAL if row & 1 else row >> 1
        rows.append(row)
    return tuple(rows)


_ROWS = _table()


def crc32c(data: bytes) -> int:
    """The CRC32c of `data` (RFC 4960, appendix B)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _ROWS[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF
