"""One answer of one site, for a preview: asked over HTTP/1.1 without cookie or credential, and not read for ever.

Where it connects to is decided by the event loop's resolving, which is the guard's (`egress.Egress.install`).
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from policy.model import Address
from policy.pageneeds import MOST_PAGE, Trouble
from proxy_addons.content.packed import unpacked
from proxy_addons.egress import EgressRefused

_MOST_HEAD = 64 * 1024  # bytes of a response's head
_MOST_INTERIM = 5  # answers of the kind 1xx before the real one
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9])(?: [^\r\n]*)?\r?\n")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PAGES = frozenset({"", "text/html", "application/xhtml+xml"})
_HEADERS = (
    # What a pupil's Chromebook says: a site may give another page to a program.
    "User-Agent: Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml;q=0.9\r\n"
    "Accept-Language: nl,en;q=0.7\r\n"
    "Accept-Encoding: gzip\r\n"
    "Connection: close\r\n"
)


class Ends(Exception):
    """The look ends here, by `trouble`."""

    def __init__(self, trouble: Trouble) -> None:
        """Remember why."""
        super().__init__(trouble.value)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class Got:
    """One answer: where it leads on (empty: nowhere), or its page."""

    onward: str = ""
    html: str = ""
    policies: tuple[str, ...] = ()
    whole: bool = True


async def fetched(address: Address, context: ssl.SSLContext, until: float) -> Got:
    """What is at an address (http or https) that may be asked. `until` is a moment of `time.monotonic`.

    On a loop whose resolving is the guard's. Raises `Ends`.
    """
    try:
        async with asyncio.timeout(max(0.0, until - time.monotonic())):
            return await _got(address, context, until)
    except EgressRefused:
        raise Ends(Trouble.REFUSED) from None
    except TimeoutError:
        raise Ends(Trouble.SLOW) from None
    except ssl.SSLError:
        raise Ends(Trouble.CERTIFICATE) from None
    except socket.gaierror as error:
        asked = error.errno != socket.EAI_AGAIN
        raise Ends(Trouble.NOWHERE if asked else Trouble.UNREACHABLE) from None
    except UnicodeError:
        raise Ends(Trouble.NOWHERE) from None
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
        raise Ends(Trouble.BROKEN) from None
    except OSError:
        raise Ends(Trouble.UNREACHABLE) from None


async def _got(address: Address, context: ssl.SSLContext, until: float) -> Got:
    secure = address.scheme == "https"
    # By its name: the loop's own resolving is the guard's, and gives only addresses that may be reached.
    reader, writer = await asyncio.open_connection(
        address.host,
        address.port,
        ssl=context if secure else None,
        server_hostname=address.host if secure else None,
        happy_eyeballs_delay=0.3,
        limit=_MOST_HEAD,
    )
    try:
        writer.write(_asked(address))
        status, head = await _head(reader)
        if status in _REDIRECTS and head.get("location"):
            return Got(onward=head["location"][0])
        if status >= 400 or status == 204:
            raise Ends(Trouble.TURNED_AWAY)
        kind = head.get("content-type", [""])[0].partition(";")[0].strip().lower()
        if kind not in _PAGES:
            raise Ends(Trouble.NO_PAGE)
        body, whole = await _body(reader, head, until)
    finally:
        writer.transport.abort()
    page, all_of_it = unpacked(body, ",".join(head.get("content-encoding", [])), MOST_PAGE)
    if page is None:
        raise Ends(Trouble.BROKEN)
    html = page[:MOST_PAGE].decode("utf-8", "replace")
    return Got("", html, tuple(head.get("content-security-policy", ())), whole and all_of_it)


def _asked(address: Address) -> bytes:
    """The request. An address is canonical, so nothing in it ends a line; that is looked at once more."""
    host = f"[{address.host}]" if ":" in address.host else address.host
    usual = address.port == (443 if address.scheme == "https" else 80)
    target = address.path + (f"?{address.query}" if address.query else "")
    if not target.isascii() or not target.isprintable() or " " in target:
        raise Ends(Trouble.REFUSED)
    return f"GET {target} HTTP/1.1\r\nHost: {host}{'' if usual else f':{address.port}'}\r\n{_HEADERS}\r\n".encode(
        "ascii"
    )


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, list[str]]]:
    """The status and the headers, by lower-case names. Raises `ValueError` for what is no HTTP/1."""
    for _ in range(_MOST_INTERIM):
        raw = await reader.readuntil((b"\r\n\r\n", b"\n\n"))
        found = _STATUS.match(raw)
        if found is None:
            raise ValueError("no response")
        status = int(found[1])
        if status >= 200:
            headers: dict[str, list[str]] = {}
            for line in raw[found.end() :].splitlines():
                name, colon, value = line.decode("latin-1").partition(":")
                if colon and name:
                    headers.setdefault(name.strip().lower(), []).append(value.strip())
            return status, headers
    raise ValueError("no response")


async def _body(reader: asyncio.StreamReader, head: dict[str, list[str]], until: float) -> tuple[bytes, bool]:
    """The first `MOST_PAGE` bytes of a body, and whether that is all; what drips is cut when the time is over."""
    body = bytearray()
    pieces = _chunks(reader) if "chunked" in ",".join(head.get("transfer-encoding", [])).lower() else _plain(reader)
    length = head.get("content-length", [""])[0]
    most = min(MOST_PAGE, int(length)) if length.isdecimal() else MOST_PAGE
    try:
        # A little before the end of it all, so that what came is still read.
        async with asyncio.timeout_at(asyncio.get_running_loop().time() + max(0.0, until - time.monotonic() - 0.5)):
            async for piece in pieces:
                body += piece
                if len(body) >= most:
                    break
    except TimeoutError:
        if not body:
            raise
        return bytes(body[:MOST_PAGE]), False
    return bytes(body[:MOST_PAGE]), len(body) <= MOST_PAGE and (not length.isdecimal() or len(body) >= int(length))


async def _plain(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while piece := await reader.read(_MOST_HEAD):
        yield piece


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while True:
        line = await reader.readline()
        size = int(line.partition(b";")[0], 16) if line else 0  # no end is an end too
        if size <= 0:
            return
        left = size
        while left > 0:
            piece = await reader.read(min(left, _MOST_HEAD))
            if not piece:
                return
            left -= len(piece)
            yield piece
        await reader.readline()
