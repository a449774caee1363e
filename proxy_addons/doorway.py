"""The front door: reads the head of a new connection, asks, and picks the engine that carries it.

A CONNECT to a reviewed host becomes a raw `tunnel`, everything else goes to mitmproxy with the bytes that were read.
Nothing here waits on a person or a disk, and everything is bounded: bytes of a head, time to send it, connections.
"""

from __future__ import annotations

import asyncio
import logging
import re
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import cast

from mitmproxy.net import check
from mitmproxy.net.tls import starts_like_tls_record
from mitmproxy.proxy.layers.tls import parse_client_hello

from policy.model import AccessRequest, Decision
from policy.safe import is_protected
from proxy_addons.connections import MAX_HEAD, Connections, Line
from proxy_addons.egress import Egress, Way
from proxy_addons.facts import Door, Entry, Peer
from proxy_addons.failsafe import Failsafe
from proxy_addons.tunnel import Tunnel

_log = logging.getLogger(__name__)

MAX_HELLO = 64 * 1024  # bytes of a ClientHello with its records
FIRST_BYTE = 60.0  # seconds: browsers open spare connections ahead
HEAD_WITHIN = 15.0  # seconds from the first byte to a whole head or hello
_PATIENCE = 64 * 1024  # bytes that are read ahead of a head that is being judged
_NAP = 0.005  # seconds
PER_ADDRESS = 2000  # connections of one client address at a time
ECH = 0xFE0D  # the extension `encrypted_client_hello` (draft-ietf-tls-esni): the name outside is not the real one
REALM = "Klaswacht"
_TOKEN = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_CONNECT = re.compile(rb"CONNECT (\[[0-9A-Fa-f:.]+\]|[^\s:/@\[\]]+):(\d{1,5}) HTTP/1\.[01]")
_TARGET = re.compile(rb"[A-Za-z]{1,20} (?:https?://)?(\[[0-9A-Fa-f:.]+\]|[^\s:/?#@\[\]]*)(?::(\d{1,5}))?[/?#\s]")
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"

type Carry = Callable[[Line, asyncio.Transport, bytes, Callable[[], None]], None]
"""Carries a connection with mitmproxy until it ends."""


@dataclass(frozen=True, slots=True)
class Head:
    """What the first request says: where to, and the lines that matter here."""

    connect: bool
    host: str
    port: int
    credentials: str | None
    bodied: bool


class Doorway:
    """Takes connections for one worker. `make` is the protocol factory of every listener."""

    def __init__(self, failsafe: Failsafe, connections: Connections, egress: Egress, carry: Carry) -> None:
        self.failsafe = failsafe
        self.connections = connections
        self.egress = egress
        self._carry = carry
        self._tasks: set[asyncio.Task[None]] = set()
        self._per_address: Counter[str] = Counter()

    def make(self) -> asyncio.Protocol:
        """Return the protocol for one new connection."""
        return _Arrival(self)

    def admit(self, address: str) -> bool:
        """Count a connection in; False when there are too many, or when it comes from outside the school."""
        if self._per_address[address] >= PER_ADDRESS:
            return False
        try:
            ip = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if (getattr(ip, "ipv4_mapped", None) or ip).is_global:
            return False  # an open proxy is everybody's
        self._per_address[address] += 1
        return True

    def leave(self, address: str) -> None:
        """Count a connection out."""
        self._per_address[address] -= 1
        if self._per_address[address] <= 0:
            del self._per_address[address]

    def run(self, work: Awaitable[None]) -> None:
        """Run something on behalf of a connection, and see how it ends."""
        task = asyncio.ensure_future(self._watched(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watched(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception as error:
            self.failsafe.note("doorway", error)

    async def inspect(self, line: Line, transport: asyncio.Transport, data: bytes) -> None:
        """Hand a connection over to mitmproxy, with the bytes that were read from it put back."""

        def ended() -> None:
            self.connections.gone(line.peer.connection)
            self.leave(line.peer.address)

        self._carry(line, transport, data, ended)

    async def tunnel(self, line: Line, transport: asyncio.Transport, data: bytes) -> None:
        """Let a connection's bytes through raw, to the host of its CONNECT."""

        def ended() -> None:
            self.connections.gone(line.peer.connection)
            self.leave(line.peer.address)

        tunnel = Tunnel(transport, ended)
        line.end = tunnel.abort
        if line.connect is None or line.closed or not self.egress.literal_open(line.connect[0]):
            transport.abort()
        # Nothing in a tunnel can be made safe: there the name must do it, or nothing passes.
        self.egress.choose(Way.ONLY_SAFE if line.safe else Way.PLAIN)
        await tunnel.open(*(line.connect or ("", 0)), data)


class _Arrival(asyncio.Protocol):
    """A connection until it is known what carries it."""

    _transport: asyncio.Transport
    _peer: Peer

    def __init__(self, doorway: Doorway) -> None:
        self._doorway = doorway
        self._buffer = bytearray()
        self._line: Line | None = None
        self._entry: Entry | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._admitted = False
        self._moved = False

    # --- asyncio -----------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport = cast(asyncio.Transport, transport)
        peername, sockname = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        if not peername or not sockname or not self._doorway.admit(str(peername[0])):
            transport.abort()
            return
        self._admitted = True
        self._peer = Peer(uuid.uuid4().hex, str(peername[0]), int(sockname[1]))
        self._wait(FIRST_BYTE)

    def data_received(self, data: bytes) -> None:
        if self._transport.is_closing():
            return
        if not self._buffer:
            self._wait(HEAD_WITHIN)
        self._buffer += data
        try:
            if self._line is None:
                self._read_head()
            else:
                self._read_hello(self._line)
        except Exception as error:
            self._doorway.failsafe.note("doorway", error)
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait(None)
        if self._admitted and not self._moved:
            self._doorway.leave(self._peer.address)
            self._doorway.connections.gone(self._peer.connection)

    # --- the first request -------------------------------------------------------------------------------------------

    def _read_head(self) -> None:
        if not self._buffer[:1].isalpha():
            self._transport.abort()  # TLS to the proxy itself, or no HTTP at all
            return
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or end > MAX_HEAD:
            if len(self._buffer) > MAX_HEAD:
                self._say(431, "Request Header Fields Too Large")
            return
        head = read_head(bytes(self._buffer[: end + 2]))
        if head is None or (head.connect and head.bodied):
            self._say(400, "Bad Request")
            return
        self._peer = replace(self._peer, credentials=head.credentials)
        if head.connect and not self._doorway.egress.port_open(head.host, head.port):
            self._say(403, "Forbidden")
            return
        self._entry = entry = self._doorway.failsafe.enter(self._peer, head.host, head.port)
        if entry.door is Door.CHALLENGE:
            self._say(407, "Proxy Authentication Required", f'Proxy-Authenticate: Basic realm="{REALM}"\r\n')
        elif entry.door is Door.REFUSE:
            self._say(403, "Forbidden")
        else:
            self._enter(head, end + 4)

    def _enter(self, head: Head, end: int) -> None:
        line = self._line = self._doorway.connections.open(self._peer, self._transport.abort)
        if not head.connect:
            self._inspect(line)
            return
        line.connect = (head.host, head.port)
        del self._buffer[:end]
        self._transport.write(_ESTABLISHED)
        if self._entry is not None and self._entry.door is Door.TUNNEL:
            if self._buffer:
                self._read_hello(line)
        else:
            self._inspect(line)

    # --- the ClientHello of a tunnel ---------------------------------------------------------------------------------

    def _read_hello(self, line: Line) -> None:
        data = bytes(self._buffer)
        if len(data) > 2 and not starts_like_tls_record(data):
            self._inspect(line)  # no TLS: whatever it is, it is looked at
            return
        try:
            hello = parse_client_hello(data)
        except ValueError:
            self._transport.abort()
            return
        if hello is None:
            if len(data) > MAX_HELLO:
                self._transport.abort()
            return
        ech = any(kind == ECH for kind, _ in hello.extensions)
        connect, sni = line.connect[0] if line.connect else None, hello.sni
        line.sni = sni
        entry = self._doorway.failsafe.hello(self._peer, connect, sni, ech)
        same = sni is not None and connect is not None and sni.rstrip(".").lower() == connect.rstrip(".").lower()
        if entry.door is Door.INSPECT:
            self._inspect(line)
        elif entry.door is Door.TUNNEL and same and not ech and entry.decision is not None and entry.decision.open:
            self._tunnel(line, entry.request, entry.decision)
        else:
            self._transport.abort()

    # --- moving on ---------------------------------------------------------------------------------------------------

    def _tunnel(self, line: Line, request: AccessRequest | None, decision: Decision) -> None:
        line.safe = is_protected(request)
        if self._doorway.connections.begin(self._peer.connection, "tunnel", request, decision.valid_until):
            self._move(line, self._doorway.tunnel)
        else:
            self._transport.abort()

    def _inspect(self, line: Line) -> None:
        self._move(line, self._doorway.inspect)

    def _move(self, line: Line, to: Callable[[Line, asyncio.Transport, bytes], Awaitable[None]]) -> None:
        self._wait(None)
        self._moved = True
        self._transport.pause_reading()
        data = bytes(self._buffer)
        self._buffer.clear()
        self._doorway.run(to(line, self._transport, data))

    def _say(self, status: int, reason: str, header: str = "") -> None:
        body = f"{status} {reason}\n"
        head = (
            f"HTTP/1.1 {status} {reason}\r\n{header}Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
            "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
        )
        self._transport.write((head + body).encode())
        self._transport.close()

    def _wait(self, seconds: float | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        loop = asyncio.get_running_loop()
        self._deadline = None if seconds is None else loop.call_later(seconds, self._transport.abort)


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
