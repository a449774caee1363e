"""What a connection begins with: a request head, or a TLS ClientHello, read plainly or not at all.

What can be read in two ways is read in none: it is refused, or looked into by the engine that ends it. The reader of a
ClientHello has only to be right about the plain ones, since only those are tunnelled.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mitmproxy.net import check

MAX_HELLO = 64 * 1024  # bytes of a ClientHello with its records
ECH = 0xFE0D  # the extension `encrypted_client_hello` (RFC 9849): the name outside is not the real one
_TOKEN = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_CONNECT = re.compile(rb"CONNECT (\[[0-9A-Fa-f:.]+\]|[^\s:/@\[\]]+):(\d{1,5}) HTTP/1\.[01]")
_TARGET = re.compile(rb"[A-Za-z]{1,20} (?:https?://)?(\[[0-9A-Fa-f:.]+\]|[^\s:/?#@\[\]]*)(?::(\d{1,5}))?[/?#\s]")
_RECORD = 5  # bytes of a record's own head
_MOST_RECORDS = 32  # that one hello is cut into
_SNI, _ALPN = 0, 16


class TooLong(ValueError):
    """A ClientHello that is longer, or cut into more pieces, than any that is meant."""


@dataclass(frozen=True, slots=True)
class Head:
    """What the first request says: where to, and the lines that matter here."""

    connect: bool
    host: str
    port: int
    credentials: str | None
    bodied: bool


@dataclass(frozen=True, slots=True)
class Greeting:
    """A whole ClientHello: `plain` when nothing in it can be read in two ways (else the rest says nothing)."""

    plain: bool
    sni: str | None = None
    alpn: tuple[str, ...] = ()
    ech: bool = False


_ODD = Greeting(plain=False)


def read_head(head: bytes) -> Head | None:
    """Read a request head (with the line end of its last header); None when it is not plainly well formed."""
    first, _, rest = head.partition(b"\r\n")
    host_header, credentials, bodied = b"", [], False
    for line in rest.split(b"\r\n")[:-1]:
        name, colon, value = line.partition(b":")
        if not colon or not _TOKEN.fullmatch(name):
            return None
        match name.lower():
            case b"host":
                host_header = value.strip()
            case b"proxy-authorization":
                credentials.append(value.strip().decode("latin-1"))
            case b"content-length" | b"transfer-encoding":
                bodied = bodied or value.strip() != b"0"
    connect = first[:8].upper() == b"CONNECT "
    target = _CONNECT.fullmatch(first) if connect else _TARGET.match(first + b"\r\n")
    if target is None:
        return None
    if not target[1]:
        target = _TARGET.match(b"GET http://" + host_header + b"/")  # no address in the line: it is in the header
    if target is None or not target[1] or not check.is_valid_host(target[1].strip(b"[]")):
        return None
    port = int(target[2]) if target[2] else 80
    host = target[1].strip(b"[]").decode("ascii", "replace")
    # Several credentials prove nobody.
    return Head(connect, host, port, ", ".join(credentials) if credentials else None, bodied) if port < 65536 else None


def is_tls(data: bytes | bytearray) -> bool:
    """Whether these bytes (at least three) begin a TLS handshake record."""
    return data[0] == 0x16 and data[1] == 0x03 and data[2] <= 0x03


def read_greeting(data: bytes | bytearray) -> Greeting | int:
    """Read the ClientHello that `data` begins with; a number: look again when there are that many bytes.

    Raises `ValueError` when it is none, `TooLong` when it is one that is too long.
    """
    message, at, wanted = bytearray(), 0, 4
    for _ in range(_MOST_RECORDS):
        if len(data) < at + _RECORD:
            return at + _RECORD
        length = int.from_bytes(data[at + 3 : at + _RECORD])
        if data[at] != 0x16 or data[at + 1] != 0x03 or length == 0:
            raise ValueError("no record of a handshake")
        end = at + _RECORD + length
        if end > MAX_HELLO:
            raise TooLong("too long")
        if len(data) < end:
            return end
        message += data[at + _RECORD : end]
        at = end
        if wanted == 4 and len(message) >= 4:
            if message[0] != 1:
                raise ValueError("no ClientHello")
            wanted += int.from_bytes(message[1:4])
        if wanted > 4 and len(message) >= wanted:
            # More of a handshake behind it, before there was an answer, is odd.
            return _ODD if len(message) > wanted else _read_message(bytes(message))
        if wanted > MAX_HELLO:
            raise TooLong("too long")
    raise TooLong("cut into too many pieces")


def _read_message(message: bytes) -> Greeting:
    """Read a handshake message that is a ClientHello (RFC 8446, 4.1.2)."""
    try:
        at = 4 + 2 + 32
        at += 1 + message[at]
        at += 2 + int.from_bytes(message[at : at + 2])
        at += 1 + message[at]
        if at == len(message):
            return Greeting(plain=True)  # as long ago: without extensions
        if at + 2 + int.from_bytes(message[at : at + 2]) != len(message):
            return _ODD
        return _read_extensions(message, at + 2)
    except (IndexError, ValueError):
        return _ODD


def _read_extensions(message: bytes, at: int) -> Greeting:
    sni: str | None = None
    alpn: tuple[str, ...] = ()
    seen: set[int] = set()
    while at < len(message):
        kind = int.from_bytes(message[at : at + 2])
        start = at + 4
        at = start + int.from_bytes(message[at + 2 : start])
        if at > len(message) or start > len(message) or kind in seen:
            return _ODD
        seen.add(kind)
        if kind == _SNI:
            sni = _read_name(message[start:at])
        elif kind == _ALPN:
            alpn = _read_protocols(message[start:at])
    return Greeting(True, sni, alpn, ECH in seen)


def _read_name(value: bytes) -> str:
    """The one name in a `server_name` (RFC 6066, 3). Raises `ValueError` when there is not just one."""
    name = value[5:]
    if value[:5] != (len(name) + 3).to_bytes(2) + b"\0" + len(name).to_bytes(2) or not check.is_valid_host(name):
        raise ValueError("not one name")
    return name.decode("ascii")


def _read_protocols(value: bytes) -> tuple[str, ...]:
    """The names in an ALPN extension (RFC 7301). Raises `ValueError` when they are not well formed."""
    if int.from_bytes(value[:2]) != len(value) - 2 or len(value) < 3:
        raise ValueError("no list")
    found, at = [], 2
    while at < len(value):
        end = at + 1 + value[at]
        if end > len(value) or end == at + 1:
            raise ValueError("no name")
        found.append(value[at + 1 : end].decode("latin-1"))
        at = end
    return tuple(found)
