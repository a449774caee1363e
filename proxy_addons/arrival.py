"""A connection until it is known what carries it: who it is from, where it wants to go, and what its hello says.

Nothing here waits on a person or a disk. Whatever comes in whatever pieces, it is read once, within its bounds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from policy.model import AccessRequest, Decision
from policy.safe import is_protected
from proxy_addons import opening, original, proxy_protocol, reading
from proxy_addons.connections import MAX_HEAD, Line
from proxy_addons.crowd import Place, plain
from proxy_addons.facts import Away, Door, Entry, Hello, Peer
from proxy_addons.faults import BROKEN
from proxy_addons.opening import Greeting, Head, read_greeting, read_head

if TYPE_CHECKING:
    from proxy_addons.doorway import Doorway

HEADER_WITHIN = 3.0  # seconds for a balancer to say for whom it connects
FULL_WITHIN = 3.0  # seconds for who is beyond the bound to say what it wants
FULL_FOR = 15.0  # seconds in which it is told that it is busy here
_LATER = "Retry-After: 15\r\n"
REALM = "Klaswacht"
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_KEY_ASKED = f'Proxy-Authenticate: Basic realm="{REALM}"\r\n'


class Arrival(asyncio.Protocol):
    """One connection, until it moves on or is turned away. `through` when a firewall led it here, unasked."""

    __slots__ = (
        "_buffer",
        "_deadline",
        "_doorway",
        "_line",
        "_moved",
        "_peer",
        "_place",
        "_sought",
        "_step",
        "_target",
        "_through",
        "_transport",
    )
    _transport: asyncio.Transport
    _peer: Peer

    def __init__(self, doorway: Doorway, *, through: bool = False) -> None:
        self._doorway = doorway
        self._through = through
        self._buffer = bytearray()
        self._sought = 0  # bytes of the buffer in which there is nothing more to find
        self._target: tuple[str, int] | None = None  # where a firewall took it from
        self._line: Line | None = None
        self._place: Place | None = None
        self._step: Callable[[], None] = self._read_first
        self._deadline: asyncio.TimerHandle | None = None
        self._moved = False

    # --- asyncio -----------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See who it is; a balancer is asked for whom."""
        self._transport = cast(asyncio.Transport, transport)
        try:
            self._greet(self._transport)
        except BROKEN as error:
            self._give_up(error)

    def _greet(self, transport: asyncio.Transport) -> None:
        peername, sockname = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        if not peername or not sockname:
            transport.abort()
            return
        # The port is the listener's own, whatever a balancer says: some ports stand for a group.
        self._peer = Peer(self._doorway.next_id(), plain(str(peername[0])), int(sockname[1]))
        if self._doorway.is_balancer(self._peer.address):
            self._step = self._read_proxy_header
            self._wait(HEADER_WITHIN, self._no_header)
        else:
            self._come(self._peer.address)

    def data_received(self, data: bytes) -> None:
        """Go on reading where it was left."""
        if self._transport.is_closing():
            return
        try:
            if not self._buffer and self._place is not None:
                self._wait(FULL_WITHIN if self._place.full else reading.HEAD_WITHIN, self._too_slow)
            self._buffer += data
            if len(self._buffer) >= self._sought:
                self._step()
        except BROKEN as error:
            self._give_up(error)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone: nothing of it is kept, unless something else carries it."""
        if self._place is not None and not self._moved:
            self._place.leave()
            self._doorway.connections.gone(self._peer.connection)
        self._wait_no_more()

    def _give_up(self, error: BaseException) -> None:
        """Something broke here: it is closed, whatever it was."""
        self._transport.abort()
        self._doorway.failsafe.note("doorway", error)

    # --- who it is ---------------------------------------------------------------------------------------------------

    def _read_proxy_header(self) -> None:
        """A balancer says first for whom it connects."""
        try:
            header = proxy_protocol.read(self._buffer)
        except proxy_protocol.BadHeader:
            self._turn_away(Away.BAD_PROXY_HEADER)
            return
        if header is None:
            return
        del self._buffer[: header.size]
        self._step = self._read_first
        if header.source is None:  # to see if we live; what it asks all the same is asked by nobody we know
            self._place = Place(self._doorway.crowd, None)
            self._come_in(self._place)
            if not self._buffer:
                self._wait(HEADER_WITHIN, self._abort)
        else:
            self._peer = replace(self._peer, address=header.source)
            self._come(header.source)
        if self._buffer and not self._transport.is_closing():
            self._wait(reading.HEAD_WITHIN, self._too_slow)
            self._step()

    def _come(self, address: str) -> None:
        place = self._doorway.crowd.come(address)
        if isinstance(place, Away):
            self._turn_away(place)
            return
        self._place = place  # before anything else: whatever breaks from here on, it is given back
        self._come_in(place)

    def _come_in(self, place: Place) -> None:
        if self._through:
            self._target = original.destination(self._transport.get_extra_info("socket"))
            if self._target is None or self._doorway.egress.is_here(self._peer.address):
                self._turn_away(Away.LOOP)
                return
        self._wait(FULL_WITHIN if place.full else reading.FIRST_BYTE, self._silent)

    def _read_first(self) -> None:
        """The first byte tells a request from TLS, and both from what has no business here."""
        if self._buffer[:1].isalpha():
            self._step = self._read_head
            self._step()
        elif self._through and self._buffer[0] == 0x16:
            self._step = self._read_greeting
            self._step()
        elif proxy_protocol.announces(self._buffer):
            self._turn_away(Away.STRANGER_PROXY_HEADER)
        else:
            self._turn_away(Away.TLS if self._buffer[0] == 0x16 else Away.GARBAGE)

    # --- the first request -------------------------------------------------------------------------------------------

    def _read_head(self) -> None:
        if proxy_protocol.announces(self._buffer):
            self._turn_away(Away.STRANGER_PROXY_HEADER)
            return
        end = self._buffer.find(b"\r\n\r\n", max(self._sought - 4, 0))
        if end < 0 or end > MAX_HEAD:
            self._sought = len(self._buffer)
            if self._sought > MAX_HEAD:
                self._say(Away.HUGE_HEAD, 431, "Request Header Fields Too Large")
            return
        self._sought = 0
        head = read_head(bytes(self._buffer[: end + 2]))
        if head is None or (head.connect and (head.bodied or self._through)):
            self._say(Away.BAD_HEAD, 400, "Bad Request")
        else:
            self._peer = replace(self._peer, credentials=head.credentials)
            self._enter(head, end + 4)

    def _enter(self, head: Head, end: int) -> None:
        port = self._target[1] if self._target is not None else head.port
        if (head.connect or self._through) and not self._doorway.egress.port_open(head.host, port):
            self._say(Away.PORT, 403, "Forbidden")
            return
        entry = self._doorway.failsafe.enter(self._peer, head.host, port)
        if entry.door is Door.CHALLENGE and not self._through:
            self._say(None, 407, "Proxy Authentication Required", _KEY_ASKED)
        elif entry.door in (Door.REFUSE, Door.CHALLENGE):
            self._say(Away.REFUSED, 403, "Forbidden")
        elif (line := self._take_line(head.host)) is not None:
            if head.connect or self._through:
                line.connect = (head.host, port)
            if not head.connect:
                self._move(line, self._doorway.inspect)
                return
            del self._buffer[:end]
            self._transport.write(_ESTABLISHED)
            if entry.door is Door.INSPECT or self._peer.full:
                self._move(line, self._doorway.inspect)
            else:
                self._step = self._read_greeting
                if self._buffer:
                    self._step()

    def _take_line(self, host: str) -> Line | None:
        """From here on it is one of the open connections; None when there are too many.

        Who is beyond the bound and wants no help is looked into, also where a tunnel would be, to show a page that says
        so; the site hears nothing.
        """
        if self._place is None or not self._place.claim(self._peer.credentials):
            self._send_away()
            return None
        if self._place.full and not self._doorway.failsafe.helps((host,)):
            self._doorway.turn_away(Away.TOO_MANY)
            self._peer = replace(self._peer, full=True)
            here = self._doorway.connections
            asyncio.get_running_loop().call_later(FULL_FOR, here.close, self._peer.connection)
        self._line = self._doorway.connections.open(self._peer, self._transport.abort, self._transport)
        return self._line

    def _send_away(self) -> None:
        """Too many: in HTTP where that is spoken."""
        if self._buffer[:1].isalpha():
            self._say(Away.TOO_MANY, 503, "Service Unavailable", _LATER)
        else:
            self._turn_away(Away.TOO_MANY)

    # --- the ClientHello of what may be a tunnel ---------------------------------------------------------------------

    def _read_greeting(self) -> None:
        if len(self._buffer) < 3:
            return
        if self._line is not None and not opening.is_tls(self._buffer):
            self._move(self._line, self._doorway.inspect)  # no TLS: whatever it is, it is looked at
            return
        try:
            found = read_greeting(self._buffer)
        except ValueError as error:
            self._turn_away(Away.HUGE_HELLO if isinstance(error, opening.TooLong) else Away.BAD_HELLO)
            return
        if isinstance(found, int):
            self._sought = found
        elif self._line is None:
            self._enter_unasked(found)
        else:
            self._judge(self._line, found)

    def _enter_unasked(self, found: Greeting) -> None:
        """TLS without a CONNECT: the name in it is where it goes, and never the address that it was on its way to.

        Only without a name that address is all there is to judge.
        """
        address, port = self._target or ("", 0)
        host = found.sni or address
        if not self._doorway.egress.port_open(host, port):
            self._turn_away(Away.PORT)
            return
        entry = self._doorway.failsafe.enter(self._peer, host, port)
        if entry.door in (Door.REFUSE, Door.CHALLENGE):
            self._turn_away(Away.REFUSED)
        elif (line := self._take_line(host)) is not None:
            line.connect = (host, port)
            if entry.door is Door.INSPECT or self._peer.full:
                self._move(line, self._doorway.inspect)
            else:
                self._judge(line, found)

    def _judge(self, line: Line, found: Greeting) -> None:
        """Tunnel what is plainly for the name it was opened for, and speaks nothing but HTTP."""
        if not found.plain:
            self._move(line, self._doorway.inspect)
            return
        line.sni = found.sni
        hello = Hello(line.connect[0] if line.connect else None, found.sni, found.alpn, found.ech)
        entry = self._doorway.failsafe.hello(self._peer, hello)
        hides = Away.ECH if hello.ech else None if hello.speaks_web else Away.PROTOCOL
        if entry.door is Door.INSPECT or (entry.door is Door.TUNNEL and hides):
            if hides is not None:
                self._doorway.turn_away(hides)
            self._move(line, self._doorway.inspect)
        elif entry.door is Door.TUNNEL and _is_for(hello, entry):
            self._tunnel(line, entry.request, cast(Decision, entry.decision))
        else:
            self._turn_away(Away.NO_SNI if hello.sni is None else Away.OTHER_NAME)

    # --- moving on ---------------------------------------------------------------------------------------------------

    def _tunnel(self, line: Line, request: AccessRequest | None, decision: Decision) -> None:
        line.safe = is_protected(request)
        if self._doorway.connections.begin(self._peer.connection, "tunnel", request, decision.valid_until):
            self._move(line, self._doorway.tunnel)
        else:
            self._transport.abort()

    def _move(self, line: Line, to: Callable[[Line, Place, asyncio.Transport, bytes], None]) -> None:
        self._wait_no_more()
        self._moved = True
        self._transport.pause_reading()
        data = bytes(self._buffer)
        self._buffer.clear()
        place = cast(Place, self._place)
        try:
            to(line, place, self._transport, data)
        except BROKEN:
            place.leave()
            self._doorway.connections.gone(self._peer.connection)
            raise

    def _turn_away(self, why: Away) -> None:
        self._doorway.turn_away(why)
        self._transport.abort()

    def _say(self, why: Away | None, status: int, reason: str, header: str = "") -> None:
        if why is not None:
            self._doorway.turn_away(why)
        body = f"{status} {reason}\n"
        head = (
            f"HTTP/1.1 {status} {reason}\r\n{header}Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
            "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
        )
        self._transport.write((head + body).encode())
        self._transport.close()

    # --- being late --------------------------------------------------------------------------------------------------

    def _wait(self, seconds: float, late: Callable[[], None]) -> None:
        self._wait_no_more()
        self._deadline = asyncio.get_running_loop().call_later(seconds, late)

    def _wait_no_more(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _abort(self) -> None:
        self._transport.abort()

    def _no_header(self) -> None:
        self._turn_away(Away.BAD_PROXY_HEADER)

    def _silent(self) -> None:
        self._turn_away(Away.SILENT)

    def _too_slow(self) -> None:
        half = self._line is not None or self._buffer[:1] == b"\x16"
        self._turn_away(Away.SLOW_HEAD if not half else Away.HALF_HELLO if self._buffer else Away.SILENT)


def _is_for(hello: Hello, entry: Entry) -> bool:
    """Whether a hello says the very name that its tunnel was opened for, and that is open."""
    same = (
        hello.sni is not None
        and hello.connect is not None
        and hello.sni.rstrip(".").lower() == hello.connect.rstrip(".").lower()
    )
    return same and entry.decision is not None and entry.decision.open
