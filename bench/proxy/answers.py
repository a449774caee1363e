"""What a loader says and hears: requests that were made before, and answers of which only status and length are kept.

For h2 the frames are written and read here; header fields go through `hpack` (also what mitmproxy uses), because they
keep a state.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from hpack import Decoder, Encoder

_WINDOW = 1 << 30
_STATUS = (":status", b":status")
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST, _SETTINGS, _PING, _GOAWAY, _MORE = 0, 1, 3, 4, 6, 7, 9
_END_STREAM, _END_HEADERS, _PADDED, _PRIORITY = 0x1, 0x4, 0x8, 0x20

type Waiting = asyncio.Future[tuple[int, int]]
"""Gets status and length of the body."""


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


def _answer(waiting: Waiting, status: int, size: int) -> None:
    if not waiting.done():
        waiting.set_result((status, size))


def _fail(waiting: Waiting, why: str) -> None:
    if not waiting.done():
        waiting.set_exception(Broken(why))
        waiting.exception()  # whoever asked may be gone


class H1:
    """Answers of http/1.1, one after another: by length, in chunks, or until the end."""

    def __init__(self) -> None:
        self._waiting: deque[Waiting] = deque()
        self._buffer = b""
        self._status = 0
        self._left = 0  # bytes of the body, or of the chunk, that are still to come
        self._size = 0
        self._kind = ""  # of the body that is being read: "", "length", "chunks", "end"
        self._last = False

    def greeting(self) -> bytes:
        return b""

    def asked(self, wanted: Request, waiting: Waiting) -> bytes:
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


@dataclass(slots=True)
class _Stream:
    waiting: Waiting
    status: int = 0
    size: int = 0
    last: bool = False


class H2:
    """Answers of h2: many at a time."""

    def __init__(self) -> None:
        self._encoder, self._decoder = Encoder(), Decoder()
        self._streams: dict[int, _Stream] = {}
        self._next = 1
        self._buffer = b""
        self._unsaid = 0
        self._block = b""

    def greeting(self) -> bytes:
        settings = b"\x00\x02\x00\x00\x00\x00" + b"\x00\x04" + _WINDOW.to_bytes(4, "big")
        return _PREFACE + frame(_SETTINGS, 0, 0, settings) + frame(8, 0, 0, (_WINDOW - 65535).to_bytes(4, "big"))

    def asked(self, wanted: Request, waiting: Waiting) -> bytes:
        number = self._next
        self._next += 2
        self._streams[number] = _Stream(waiting)
        return frame(_HEADERS, _END_STREAM | _END_HEADERS, number, self._encoder.encode(wanted.h2))

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
                reply += frame(_SETTINGS, 1, 0, b"")
            elif kind == _PING and not flags & 1:
                reply += frame(_PING, 1, 0, buffer[start:at])
            elif kind == _RST:
                if stream := self._streams.pop(number, None):
                    _fail(stream.waiting, "the stream was reset")
            elif kind == _GOAWAY:
                last = not self._streams
        self._buffer = buffer[at:]
        return reply, last

    def _data(self, number: int, flags: int, size: int, padding: int) -> bytes:
        stream = self._streams.get(number)
        if stream is not None:
            stream.size += size - (padding + 1)
            if flags & _END_STREAM:
                self._whole(number)
        self._unsaid += size
        if self._unsaid < _WINDOW // 4:
            return b""
        said, self._unsaid = self._unsaid, 0
        return frame(8, 0, 0, said.to_bytes(4, "big"))

    def _headers(self, kind: int, flags: int, number: int, block: bytes) -> None:
        if kind == _HEADERS and flags & _PADDED:
            block = block[1 : len(block) - block[0]]
        if kind == _HEADERS and flags & _PRIORITY:
            block = block[5:]
        self._block += block
        stream = self._streams.get(number)
        if kind == _HEADERS and stream is not None and flags & _END_STREAM:
            stream.last = True
        if not flags & _END_HEADERS:
            return
        fields = self._decoder.decode(self._block)
        self._block = b""
        if stream is None:
            return
        status = next((int(value) for name, value in fields if name in _STATUS), 0)
        stream.status = status or stream.status
        if stream.last:
            self._whole(number)

    def _whole(self, number: int) -> None:
        stream = self._streams.pop(number)
        _answer(stream.waiting, stream.status, stream.size)

    def ended(self) -> None:
        return

    def lost(self, why: str) -> None:
        while self._streams:
            _, stream = self._streams.popitem()
            _fail(stream.waiting, why)


def frame(kind: int, flags: int, number: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + number.to_bytes(4, "big") + payload
