"""Rows of WebSockets over HTTP/1.1, frame by frame."""

from __future__ import annotations

import base64
import os
import threading
import zlib
from hashlib import sha1

from tests.passing.client import Client1, Gone
from tests.passing.guards import Way
from tests.passing.rows import Seen, row
from tests.passing.site import GONE, Request, Site, Talk

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
LARGE = os.urandom(1 << 20) * 8
type Frame = tuple[bool, bool, int, bytes]
"""Whether it is the last of its message, whether it is packed, what it is, what is in it."""


def frame(kind: int, payload: bytes = b"", *, last: bool = True, packed: bool = False, masked: bool = False) -> bytes:
    head = bytes([last << 7 | packed << 6 | kind])
    size, bit = len(payload), masked << 7
    if size < 126:
        head += bytes([bit | size])
    elif size < 65536:
        head += bytes([bit | 126]) + size.to_bytes(2)
    else:
        head += bytes([bit | 127]) + size.to_bytes(8)
    if not masked:
        return head + payload
    mask = os.urandom(4)
    plain = int.from_bytes(payload) ^ int.from_bytes((mask * (size // 4 + 1))[:size])
    return head + mask + plain.to_bytes(size)


def taken(data: bytes) -> tuple[Frame | None, bytes]:
    """The first frame of some bytes, and what is left; None when it is not whole."""
    if len(data) < 2:
        return None, data
    size, at = data[1] & 127, 2
    if size > 125:
        width = 2 if size == 126 else 8
        size, at = int.from_bytes(data[2 : 2 + width]), 2 + width
    mask = b""
    if data[1] & 128:
        mask, at = data[at : at + 4], at + 4
    if len(data) < at + size:
        return None, data
    payload = data[at : at + size]
    if mask:
        payload = (int.from_bytes(payload) ^ int.from_bytes((mask * (size // 4 + 1))[:size])).to_bytes(size)
    return (bool(data[0] & 128), bool(data[0] & 64), data[0] & 15, payload), data[at + size :]


def closing(frames: list[Frame]) -> bool:
    return bool(frames) and frames[-1][2] == CLOSE


async def greeted(talk: Talk, request: Request, extension: bytes = b"") -> None:
    key = request.get(b"sec-websocket-key") or b""
    accept = base64.b64encode(sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    more = b"Sec-WebSocket-Extensions: " + extension + b"\r\n" if extension else b""
    await talk.send(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Protocol: chat.v2\r\nSec-WebSocket-Accept: " + accept + b"\r\n" + more + b"\r\n"
    )


async def heard(talk: Talk, count: int, into: list[Frame]) -> None:
    """Take so many frames in, or all that come before the end."""
    data = b""
    try:
        while len(into) < count and not closing(into):
            one, data = taken(data)
            if one is not None:
                into.append(one)
            elif more := await talk.reader.read(65536):
                data += more
            else:
                return
    except GONE:
        return


def opened(client: Client1, way: Way, extension: bytes = b"") -> bytes:
    more = [b"Sec-WebSocket-Extensions: " + extension] if extension else []
    client.send(way.head(
        b"GET", b"/chat", b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", b"Sec-WebSocket-Protocol: chat.v1, chat.v2",
        b"Origin: https://open.test", *more,
    ))  # fmt: skip
    answer = client.head()
    assert answer.status == 101, answer
    return repr((answer.get(b"sec-websocket-protocol"), answer.get(b"sec-websocket-extensions"))).encode()


def frames_of(client: Client1, count: int, within: float = 8) -> list[Frame]:
    found: list[Frame] = []
    data, client._had = client._had, b""
    try:
        while len(found) < count:
            one, data = taken(data)
            if one is not None:
                found.append(one)
            else:
                data += client.more(within)
    except Gone as gone:
        found.append((False, False, -1, str(gone).encode()))
    return found


def _talked(
    way: Way, site: Site, sent: list[bytes], said: list[bytes], *, extension: bytes = b"", agreed: bytes = b""
) -> Seen:
    """The client sends frames, then the origin does; what each of them heard."""
    there: list[Frame] = []

    async def script(talk: Talk, request: Request) -> bool:
        await greeted(talk, request, agreed)
        await heard(talk, len(sent), there)
        for one in said:
            await talk.send(one)
        await talk.reader.read(1)
        return False

    site.script1 = script
    with way.first() as client:
        shown = opened(client, way, extension)
        for one in sent:
            client.send(one)
        here = frames_of(client, len(said))
    return {"there": there, "here": here, "shown": shown}


@row("socket", quick=True)
def messages(way: Way, site: Site) -> Seen:
    words = "één woord 😀".encode()
    sent = [frame(TEXT, words, masked=True), frame(BINARY, b"\0\xff" * 400, masked=True), frame(TEXT, b"", masked=True)]
    return _talked(way, site, sent, [frame(TEXT, words), frame(BINARY, b"\xfe" * 70_000), frame(BINARY)])


@row("socket-pings", quick=True)
def pings(way: Way, site: Site) -> Seen:
    sent = [frame(PING, b"are you there", masked=True), frame(PONG, b"unasked", masked=True)]
    return _talked(way, site, sent, [frame(PONG, b"are you there"), frame(PING, b"and you")])


@row("socket-fragments")
def fragments(way: Way, site: Site) -> Seen:
    sent = [
        frame(TEXT, b"one ", last=False, masked=True),
        frame(PING, b"in between", masked=True),
        frame(0, b"two ", last=False, masked=True),
        frame(0, b"three", masked=True),
    ]
    seen = _talked(way, site, sent, [frame(BINARY, b"a", last=False), frame(0, b"b", last=False), frame(0, b"c")])
    # A ping inside a message may overtake it: order is promised within each of the two only.
    there = seen["there"]
    return seen | {"there": sorted(there, key=lambda one: one[2] == PING)}


@row("socket-live", quick=True)
def live(way: Way, site: Site) -> Seen:
    """What is said is there at once, in both directions."""

    async def script(talk: Talk, request: Request) -> bool:
        await greeted(talk, request)
        for number in range(5):
            got: list[Frame] = []
            await heard(talk, 1, got)
            await talk.send(frame(TEXT, b"%d:" % number + got[0][3]))
        await talk.reader.read(1)
        return False

    site.script1 = script
    with way.first() as client:
        opened(client, way)
        got = []
        for number in range(5):
            client.send(frame(TEXT, b"hello %d" % number, masked=True))
            got += frames_of(client, 1)
        return {"got": got}


def _closed(way: Way, site: Site, by_client: bytes | None, by_origin: bytes | None) -> Seen:
    there: list[Frame] = []
    said = threading.Event()

    async def script(talk: Talk, request: Request) -> bool:
        await greeted(talk, request)
        if by_origin is not None:
            await talk.send(by_origin)
        await heard(talk, 9, there)
        said.set()
        if by_client is not None and there:
            await talk.send(frame(CLOSE, there[-1][3]))
        return False

    site.script1 = script
    with way.first() as client:
        opened(client, way)
        here: list[Frame] = []
        if by_client is not None:
            client.send(by_client)
        here = frames_of(client, 1)
        if by_client is None and closing(here):
            client.send(frame(CLOSE, here[-1][3], masked=True))
        over = client.over(5)
        said.wait(5)  # the client may be let go before the origin has heard all
        return {"there": there, "here": here, "over": over}


@row("socket-close-client")
def close_client(way: Way, site: Site) -> Seen:
    return _closed(way, site, frame(CLOSE, (4001).to_bytes(2) + b"done", masked=True), None)


@row("socket-close-origin", quick=True)
def close_origin(way: Way, site: Site) -> Seen:
    return _closed(way, site, None, frame(CLOSE, (4002).to_bytes(2) + "tot later ☺".encode()))


@row("socket-close-bare")
def close_bare(way: Way, site: Site) -> Seen:
    return _closed(way, site, None, frame(CLOSE))


@row("socket-close-1001")
def close_going(way: Way, site: Site) -> Seen:
    return _closed(way, site, None, frame(CLOSE, (1001).to_bytes(2)))


@row("socket-cut")
def cut(way: Way, site: Site) -> Seen:
    """The origin is gone without a closing frame."""

    async def script(talk: Talk, request: Request) -> bool:
        await greeted(talk, request)
        return False

    site.script1 = script
    with way.first() as client:
        opened(client, way)
        return {"here": [one for one in frames_of(client, 2) if one[2] != -1], "over": client.over(5)}


def _packed(data: bytes, window: int = 15) -> bytes:
    packer = zlib.compressobj(wbits=-window)
    return (packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


def _unpacked(frames: list[Frame], window: int = 15) -> list[tuple]:
    opener = zlib.decompressobj(-window)
    return [
        (last, kind, opener.decompress(payload + b"\0\0\xff\xff") if packed else payload)
        for last, packed, kind, payload in frames
    ]


def _deflated(way: Way, site: Site, agreed: bytes) -> Seen:
    here, there = zlib.compressobj(wbits=-15), zlib.compressobj(wbits=-15)

    def one(packer: object, data: bytes) -> bytes:
        return (packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]

    words = [b"a long message of words " * 40, b"and once more words " * 40]
    sent = [frame(TEXT, one(here, word), packed=True, masked=True) for word in words]
    said = [frame(TEXT, one(there, word), packed=True) for word in words]
    seen = _talked(way, site, sent, said, extension=b"permessage-deflate; client_max_window_bits", agreed=agreed)
    return seen | {"there": _unpacked(seen["there"]), "here": _unpacked(seen["here"])}


@row("socket-deflate", quick=True)
def deflate(way: Way, site: Site) -> Seen:
    return _deflated(way, site, b"permessage-deflate")


@row("socket-deflate-options")
def deflate_options(way: Way, site: Site) -> Seen:
    return _deflated(way, site, b"permessage-deflate; server_max_window_bits=15; client_max_window_bits=15")


@row("socket-other-extension")
def other_extension(way: Way, site: Site) -> Seen:
    """The client offers an extension that the guard does not speak; the origin takes it where it is offered."""

    async def script(talk: Talk, request: Request) -> bool:
        offered = request.get(b"sec-websocket-extensions") or b""
        await greeted(talk, request, b"x-shout" if b"x-shout" in offered else b"")
        await talk.send(frame(TEXT, b"hello"))
        await talk.reader.read(1)
        return False

    site.script1 = script
    with way.first() as client:
        shown = opened(client, way, b"x-shout, permessage-deflate")
        return {"shown": shown, "here": frames_of(client, 1)}


@row("socket-large")
def large(way: Way, site: Site) -> Seen:
    """8 MB in one message, both ways."""
    seen = _talked(way, site, [frame(BINARY, LARGE, masked=True)], [frame(BINARY, LARGE)])
    return {
        end: [(last, kind, sha1(payload).hexdigest()) for last, _, kind, payload in seen[end]]
        for end in ("there", "here")
    }


@row("socket-refused")
def refused(way: Way, site: Site) -> Seen:
    """The origin does not want a WebSocket."""
    from tests.passing.rows import came

    async def script(talk: Talk, _request: Request) -> bool:
        await talk.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
        return True

    site.script1 = script
    with way.first() as client:
        client.send(way.head(
            b"GET", b"/chat", b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Version: 13",
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ))  # fmt: skip
        return {"answer": came(client.answer())}
