"""A pupil's connection through a proxy, as light as Python can make it: the loader shares a core with the sites.

Plain sockets on the loop's own readiness, with OpenSSL on the socket itself. Requests are bytes that were made before,
and answers are only counted: status and length of the body. For h2 the frames are written and read here; header fields
go through `hpack` (also what mitmproxy uses), because it keeps a state.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from hpack import Decoder, Encoder

_CHUNK = 256 * 1024
_WINDOW = 1 << 30
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST, _SETTINGS, _PING, _GOAWAY, _MORE = 0, 1, 3, 4, 6, 7, 9
_END_STREAM, _END_HEADERS, _PADDED, _PRIORITY = 0x1, 0x4, 0x8, 0x20


class Broken(Exception):
    """The connection ended, was refused or spoke nonsense; `str` says which."""


@dataclass(frozen=True, slots=True)
class Request:
    """A GET that is ready to be sent: as bytes of http/1.1, and as the fields of h2."""

    host: str
    path: str
    h1: bytes
    h2: tuple[tuple[str, str], ...]


def request(host: str, path: str, headers: Sequence[tuple[str, str]] = ()) -> Request:
    """Make a GET with these headers (names in lower case)."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in headers)]
    fields = ((":method", "GET"), (":authority", host), (":scheme", "https"), (":path", path), *headers)
    return Request(host, path, ("\r\n".join(lines) + "\r\n\r\n").encode(), tuple(fields))


@dataclass(frozen=True, slots=True)
class Route:
    """How to get to a host: the proxy's port, whether with CONNECT, from which address, and who says to be asking."""

    port: int
    connect: bool
    address: str
    says: str


def _context(*alpn: str) -> ssl.SSLContext:
    """TLS that checks nothing: whose certificate it is, is compared after; the loader's time is not what we measure."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.set_alpn_protocols(list(alpn))
    return made


_TLS = {True: _context("h2", "http/1.1"), False: _context("http/1.1")}
_scratch = memoryview(bytearray(_CHUNK))


class Line:
    """One connection, opened by `dial`. `h2` is what was agreed on, `leaf` the certificate that was shown (DER)."""

    def __init__(self, tls: ssl.SSLSocket) -> None:
        self._tls = tls
        self.h2 = tls.selected_alpn_protocol() == "h2"
        self.leaf = tls.getpeercert(binary_form=True) or b""
        self.open = True
        self.busy = 0
        self._loop = asyncio.get_running_loop()
        self._speaker: _H1 | _H2 = _H2(self) if self.h2 else _H1()
        self._out = bytearray()
        self._loop.add_reader(tls, self._readable)
        self._flush(self._speaker.greeting())

    async def get(self, wanted: Request) -> tuple[int, int]:
        """Send a request; status and length of the answer's body. Raises `Broken`."""
        if not self.open:
            raise Broken("closed before the request")
        answer: asyncio.Future[tuple[int, int]] = self._loop.create_future()
        self.busy += 1
        try:
            self._flush(self._speaker.asked(wanted, answer))
            async with asyncio.timeout(60):
                return await answer
        except TimeoutError:
            self.close()
            raise Broken("no answer") from None
        finally:
            self.busy -= 1

    def close(self, why: str = "closed") -> None:
        """End it; whoever waits hears so."""
        if self.open:
            self.open = False
            self._loop.remove_reader(self._tls)
            self._loop.remove_writer(self._tls)
            self._tls.close()
            self._speaker.lost(why)

    def _readable(self) -> None:
        try:
            # At most a few records in a row, so that one download does not keep the others waiting.
            for _ in range(16):
                size = self._tls.recv_into(_scratch)
                if not size:
                    self._speaker.ended()
                    self.close("the other side closed")
                    return
                reply, last = self._speaker.heard(_scratch[:size])
                if reply:
                    self._flush(reply)
                if last:
                    self.close("the proxy said close")
                    return
            if self._tls.pending():
                self._loop.call_soon(self._again)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except (OSError, ValueError, IndexError) as error:
            self.close(f"{type(error).__name__}")

    def _again(self) -> None:
        if self.open:
            self._readable()

    def _flush(self, data: bytes = b"") -> None:
        if not self.open:
            return
        self._out += data
        try:
            while self._out:
                del self._out[: self._tls.send(self._out)]
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            self._loop.add_writer(self._tls, self._flush)
            return
        except OSError as error:
            self.close(type(error).__name__)
            return
        with contextlib.suppress(ValueError):
            self._loop.remove_writer(self._tls)


async def dial(route: Route, host: str, *, h2: bool) -> Line:
    """Open a connection to a host. Raises `Broken`."""
    loop = asyncio.get_running_loop()
    plain = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        async with asyncio.timeout(30):
            plain.setblocking(False)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            plain.bind((route.address, 0))
            await loop.sock_connect(plain, ("127.0.0.1", route.port))
            if route.connect:
                await _connect(loop, plain, route, host)
            tls = _TLS[h2].wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
            plain = tls
            await _handshake(loop, tls)
    except TimeoutError:
        plain.close()
        raise Broken("no connection in time") from None
    except OSError as error:
        plain.close()
        raise Broken(f"no connection: {type(error).__name__}") from None
    except (Broken, asyncio.CancelledError):
        plain.close()
        raise
    return Line(tls)


async def _connect(loop: asyncio.AbstractEventLoop, plain: socket.socket, route: Route, host: str) -> None:
    head = f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\nProxy-Authorization: {route.says}\r\n\r\n"
    await loop.sock_sendall(plain, head.encode())
    told = b""
    while b"\r\n\r\n" not in told:
        more = await loop.sock_recv(plain, 4096)
        if not more:
            raise Broken("closed at CONNECT")
        told += more
    if told[9:12] != b"200":
        raise Broken(f"CONNECT got {told[9:12].decode('latin-1')}")


async def _handshake(loop: asyncio.AbstractEventLoop, tls: ssl.SSLSocket) -> None:
    while True:
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            ready: asyncio.Future[None] = loop.create_future()
            loop.add_reader(tls, _set, ready)
            try:
                await ready
            finally:
                loop.remove_reader(tls)
        else:
            return


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def _answer(waiting: asyncio.Future[tuple[int, int]], status: int, size: int) -> None:
    if not waiting.done():
        waiting.set_result((status, size))


def _fail(waiting: asyncio.Future[tuple[int, int]], why: str) -> None:
    if not waiting.done():
        waiting.set_exception(Broken(why))
        waiting.exception()  # whoever asked may be gone


class _H1:
    """Answers of http/1.1, one after another: by length, in chunks, or until the end."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[tuple[int, int]]] = deque()
        self._buffer = b""
        self._status = 0
        self._left = 0  # bytes of the body, or of the chunk, that are still to come
        self._size = 0
        self._kind = ""  # of the body that is being read: "", "length", "chunks", "end"
        self._last = False

    def greeting(self) -> bytes:
        return b""

    def asked(self, wanted: Request, waiting: asyncio.Future[tuple[int, int]]) -> bytes:
        self._waiting.append(waiting)
        return wanted.h1

    def heard(self, data: memoryview) -> tuple[bytes, bool]:
        if self._kind == "length" and len(data) < self._left:  # the middle of a big body: only count
            self._left -= len(data)
            return b"", False
        self._buffer += data
        while self._buffer:
            if not self._kind and not self._head():
                break
            if not self._body():
                break
        return b"", self._last and not self._kind

    def _head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = self._buffer[:end].lower()
        self._buffer = self._buffer[end + 4 :]
        self._status, self._size = int(head[9:12]), 0
        self._last = b"\r\nconnection: close" in head
        at = head.find(b"\r\ncontent-length:")
        if at >= 0:
            self._kind = "length"
            self._left = self._size = int(head[at + 17 :].partition(b"\r\n")[0])
        elif b"\r\ntransfer-encoding: chunked" in head:
            self._kind, self._left = "chunks", 0
        else:
            self._kind = "end"
        return True

    def _body(self) -> bool:
        """Take what is there of the body; whether it is whole and the next may begin."""
        if self._kind == "end":
            self._size += len(self._buffer)
            self._buffer = b""
            return False
        if self._kind == "chunks":
            return self._chunks()
        taken = min(self._left, len(self._buffer))
        self._buffer = self._buffer[taken:]
        self._left -= taken
        return self._whole() if not self._left else False

    def _chunks(self) -> bool:
        while True:
            if self._left:  # of the chunk, with its line end
                taken = min(self._left, len(self._buffer))
                self._buffer = self._buffer[taken:]
                self._left -= taken
                if self._left:
                    return False
            line, found, rest = self._buffer.partition(b"\r\n")
            if not found:
                return False
            size = int(line.partition(b";")[0], 16)
            if not size:
                if len(rest) < 2:
                    return False
                self._buffer = rest[2:]
                return self._whole()
            self._buffer = rest
            self._size += size
            self._left = size + 2

    def _whole(self) -> bool:
        self._kind = ""
        if self._waiting:
            _answer(self._waiting.popleft(), self._status, self._size)
        return True

    def ended(self) -> None:
        if self._kind == "end":
            self._whole()

    def lost(self, why: str) -> None:
        while self._waiting:
            _fail(self._waiting.popleft(), why)


class _H2:
    """Answers of h2: many at a time."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._encoder, self._decoder = Encoder(), Decoder()
        self._streams: dict[int, list[object]] = {}
        self._next = 1
        self._buffer = b""
        self._unsaid = 0
        self._block = b""

    def greeting(self) -> bytes:
        settings = b"\x00\x02\x00\x00\x00\x00" + b"\x00\x04" + _WINDOW.to_bytes(4, "big")
        return _PREFACE + _frame(_SETTINGS, 0, 0, settings) + _frame(8, 0, 0, (_WINDOW - 65535).to_bytes(4, "big"))

    def asked(self, wanted: Request, waiting: asyncio.Future[tuple[int, int]]) -> bytes:
        number = self._next
        self._next += 2
        self._streams[number] = [waiting, 0, 0]
        return _frame(_HEADERS, _END_STREAM | _END_HEADERS, number, self._encoder.encode(wanted.h2))

    def heard(self, data: memoryview) -> tuple[bytes, bool]:
        buffer = self._buffer + data
        at, reply, last = 0, b"", False
        while len(buffer) - at >= 9:
            size = int.from_bytes(buffer[at : at + 3], "big")
            if len(buffer) - at < 9 + size:
                break
            kind, flags = buffer[at + 3], buffer[at + 4]
            number = int.from_bytes(buffer[at + 5 : at + 9], "big") & 0x7FFFFFFF
            start = at + 9
            at = start + size
            if kind == _DATA:
                reply += self._data(number, flags, size, buffer[start] if flags & _PADDED else -1)
            elif kind in (_HEADERS, _MORE):
                self._headers(kind, flags, number, buffer[start:at])
            elif kind == _SETTINGS and not flags & 1:
                reply += _frame(_SETTINGS, 1, 0, b"")
            elif kind == _PING and not flags & 1:
                reply += _frame(_PING, 1, 0, buffer[start:at])
            elif kind == _RST:
                if stream := self._streams.pop(number, None):
                    _fail(stream[0], "the stream was reset")  # type: ignore[arg-type]
            elif kind == _GOAWAY:
                last = not self._streams
        self._buffer = buffer[at:]
        return reply, last

    def _data(self, number: int, flags: int, size: int, padding: int) -> bytes:
        stream = self._streams.get(number)
        if stream is not None:
            stream[2] += size - (padding + 1)  # type: ignore[operator]
            if flags & _END_STREAM:
                self._whole(number)
        self._unsaid += size
        if self._unsaid < _WINDOW // 4:
            return b""
        said, self._unsaid = self._unsaid, 0
        return _frame(8, 0, 0, said.to_bytes(4, "big"))

    def _headers(self, kind: int, flags: int, number: int, block: bytes) -> None:
        if kind == _HEADERS and flags & _PADDED:
            block = block[1 : len(block) - block[0]]
        if kind == _HEADERS and flags & _PRIORITY:
            block = block[5:]
        self._block += block
        stream = self._streams.get(number)
        if kind == _HEADERS and stream is not None and flags & _END_STREAM:
            stream.append("whole")
        if not flags & _END_HEADERS:
            return
        fields = self._decoder.decode(self._block)
        self._block = b""
        if stream is None:
            return
        status = next((int(value) for name, value in fields if name == ":status"), 0)
        stream[1] = status or stream[1]
        if stream[-1] == "whole":
            self._whole(number)

    def _whole(self, number: int) -> None:
        waiting, status, size, *_ = self._streams.pop(number)
        _answer(waiting, status, size)  # type: ignore[arg-type]

    def ended(self) -> None:
        return

    def lost(self, why: str) -> None:
        while self._streams:
            _, stream = self._streams.popitem()
            _fail(stream[0], why)  # type: ignore[arg-type]


def _frame(kind: int, flags: int, number: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + number.to_bytes(4, "big") + payload
