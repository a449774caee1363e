"""The listener: UDP and TCP on one port, for addresses inside the school only, with a bound on everything.

A server that answers the world floods others (RFC 5358); one without bounds is flooded itself.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address

from dns.message import Message

from proxy_addons.faults import BROKEN, told
from proxy_addons.handed import bound
from proxy_addons.names.message import LONGEST, Question, read, wire_of
from proxy_addons.names.resolve import Names, Want

_log = logging.getLogger(__name__)

EACH_SECOND = 200.0  # questions a second from one address, and
AT_ONCE = 600.0  # how many may come at once: a page with much on it, on all devices behind one address
IDLE = 10.0  # seconds that a TCP connection may be silent (RFC 7766, 6.2.3)
_MOST_WAITING = 2000  # questions that wait for another server
_MOST_LINES = 400  # TCP connections, and
_LINES_EACH = 20  # of one address
_WHOLE = 65_535  # bytes of an answer over TCP


def admits(address: str) -> bool:
    """Whether an address is inside the school: only those get an answer."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return not (getattr(ip, "ipv4_mapped", None) or ip).is_global


class Rate:
    """How much one address may ask: `each_second`, and up to `at_once` after a pause. Bounded itself."""

    def __init__(
        self,
        each_second: float = EACH_SECOND,
        at_once: float = AT_ONCE,
        most: int = 8192,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._each_second, self._at_once, self._most, self._clock = each_second, at_once, most, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def takes(self, address: str) -> bool:
        """Whether one more question of this address is taken now."""
        now = self._clock()
        left, then = self._left.get(address, (self._at_once, now))
        left = min(self._at_once, left + (now - then) * self._each_second)
        self._left[address] = (max(left - 1.0, 0.0), now)
        self._left.move_to_end(address)
        if len(self._left) > self._most:
            self._left.popitem(last=False)
        return left >= 1.0


class Server:
    """Takes questions for `names`, of whom `admit` lets in. Use `start` and `stop` on one event loop."""

    def __init__(self, names: Names, rate: Rate | None = None, admit: Callable[[str], bool] = admits) -> None:
        self._admits = admit
        self._names = names
        self._rate = rate or Rate()
        self._tasks: set[asyncio.Task[None]] = set()
        self._lines: Counter[str] = Counter()
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None

    async def start(self, address: str, port: int) -> None:
        """Listen on UDP and TCP. Raises `OSError` when one of the two cannot be had."""
        loop = asyncio.get_running_loop()
        self._udp, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), local_addr=(address, port))
        with suppress(OSError):  # a class that starts together asks everything at once
            self._udp.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._tcp = await asyncio.start_server(self._line, sock=listening(address, port), limit=LONGEST + 2)

    async def stop(self) -> None:
        """Stop listening, and leave what waits for another server."""
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- UDP ---------------------------------------------------------------------------------------------------------

    def datagram(self, data: bytes, sender: tuple[str, int]) -> None:
        """One datagram: answered at once, or later when it must be looked up. Never raises."""
        try:
            self._datagram(data, sender)
        except BROKEN as error:
            _log.error("a question failed and got no answer: %s", told(error))

    def _datagram(self, data: bytes, sender: tuple[str, int]) -> None:
        address = sender[0]
        if not sender[1] or not self._admits(address) or not self._rate.takes(address):
            return
        question = read(data)
        if not isinstance(question, Question):
            self._send(question, sender)
            return
        first = self._names.begin(question, address)
        if isinstance(first, Message):
            self._send(wire_of(first, question.limit), sender)
        elif len(self._tasks) < _MOST_WAITING:
            task = asyncio.ensure_future(self._later(question, sender, first))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _later(self, question: Question, sender: tuple[str, int], want: Want) -> None:
        answer = await self._names.finish(question, sender[0], want)
        try:
            self._send(wire_of(answer, question.limit), sender)
        except BROKEN as error:
            _log.error("an answer could not be written: %s", told(error))

    def _send(self, data: bytes | None, sender: tuple[str, int]) -> None:
        if data is not None and self._udp is not None and not self._udp.is_closing():
            self._udp.sendto(data, sender)

    # --- TCP ---------------------------------------------------------------------------------------------------------

    async def _line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = str((writer.get_extra_info("peername") or ("",))[0])
        if not self._admits(address) or self._lines.total() >= _MOST_LINES or self._lines[address] >= _LINES_EACH:
            writer.transport.abort()
            return
        self._lines[address] += 1
        try:
            while await self._one(reader, writer, address):
                pass
        except (OSError, EOFError, TimeoutError):
            pass
        except BROKEN as error:
            _log.error("a question failed and got no answer: %s", told(error))
        finally:
            self._lines[address] -= 1
            self._lines += Counter()  # those that have none are forgotten
            writer.transport.abort() if reader.exception() else writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str) -> bool:
        """One question on a connection, and its answer; whether there may be more."""
        async with asyncio.timeout(IDLE):
            size = int.from_bytes(await reader.readexactly(2))
            if not size or size > LONGEST:
                return False
            data = await reader.readexactly(size)
        if not self._rate.takes(address):
            return False
        question = read(data)
        if isinstance(question, Question):
            first = self._names.begin(question, address)
            done = first if isinstance(first, Message) else await self._names.finish(question, address, first)
            question = wire_of(done, _WHOLE)
        if question is None:
            return False
        writer.write(len(question).to_bytes(2) + question)
        async with asyncio.timeout(IDLE):
            await writer.drain()
        return True


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: Server) -> None:
        self._server = server

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._server.datagram(data, addr)

    def error_received(self, exc: Exception) -> None:
        """Somebody who asked is gone: nothing to be done."""


def listening(address: str, port: int) -> socket.socket:
    """A TCP socket that listens on a port that the supervisor holds. Raises `OSError`."""
    one = bound(address, port)
    one.listen(256)
    return one
