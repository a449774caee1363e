"""Rows over HTTP/1.1: what comes slowly, and what is large."""

from __future__ import annotations

import hashlib
import threading

from tests.passing.asking import BIG, OK, ask, both
from tests.passing.client import Answer, Client1, Gone
from tests.passing.guards import Way
from tests.passing.rows import Seen, came, row
from tests.passing.site import Request, Site, Talk


def _live(way: Way, site: Site, head: bytes, pieces: list[bytes], framed=lambda piece: piece) -> Seen:
    """Every piece is there before the next one is sent."""
    late: list[bytes] = []  # this row's own: a script of an earlier one may still be waiting

    async def script(talk: Talk, _request: Request) -> bool:
        await talk.send(head)
        for piece in pieces:
            await talk.send(framed(piece))
            if not await site.told(2.0):
                late.append(piece)
        await talk.send(framed(b""))
        return False

    site.script1 = script
    with way.first() as client:
        client.send(way.head(b"GET", b"/live"))
        had = b""
        answer = Answer()
        try:
            client.head(answer)
            had, client._had = client._had, b""
            for piece in pieces:
                while piece not in had:
                    had += client.more(8)
                site.goes.release()
        except Gone as gone:
            answer.end = str(gone)
        return {"late": len(late) > 2, "status": answer.status, "end": answer.end}


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(piece), piece)


EVENTS = [b"data: %d\n\n" % number for number in range(5)]


@row("events", quick=True)
def events(way: Way, site: Site) -> Seen:
    head = OK + b"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    return _live(way, site, head, EVENTS, _chunk)


@row("events-open-end")
def events_open_end(way: Way, site: Site) -> Seen:
    return _live(way, site, OK + b"Content-Type: text/event-stream\r\nConnection: close\r\n\r\n", EVENTS)


@row("drip")
def drip(way: Way, site: Site) -> Seen:
    """A short body of known length that comes byte by byte."""
    return _live(way, site, OK + b"Content-Length: 5\r\n\r\n", [b"v", b"w", b"x", b"y", b"z"])


@row("long-poll")
def long_poll(way: Way, site: Site) -> Seen:
    import asyncio

    async def script(talk: Talk, _request: Request) -> bool:
        await asyncio.sleep(4)
        await talk.send(OK + b"Content-Length: 4\r\n\r\nnews")
        return True

    site.script1 = script
    return both(site, ask(way, b"/poll"))


def _downloaded(way: Way, site: Site, *, chunked: bool) -> Seen:
    async def script(talk: Talk, _request: Request) -> bool:
        length = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % (50 * len(BIG))
        await talk.send(OK + length + b"\r\n\r\n")
        for _ in range(50):
            await talk.send(_chunk(BIG) if chunked else BIG)
        await talk.send(b"0\r\n\r\n" if chunked else b"")
        return True

    site.script1 = script
    got = ask(way, b"/big")
    return {"status": got.status, "end": got.end, "body": hashlib.sha256(got.body).hexdigest()}


@row("download")
def download(way: Way, site: Site) -> Seen:
    return _downloaded(way, site, chunked=False)


@row("download-chunked")
def download_chunked(way: Way, site: Site) -> Seen:
    return _downloaded(way, site, chunked=True)


def _uploaded(way: Way, site: Site, *, chunked: bool, expect: bool = False) -> Seen:
    async def script(talk: Talk, request: Request) -> bool:
        if request.get(b"expect"):
            await talk.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        await talk.body(request)
        await talk.send(OK + b"Content-Length: 2\r\n\r\nok")
        return True

    site.script1 = script
    length = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % (20 * len(BIG))
    more = [b"Expect: 100-continue"] if expect else []
    with way.first() as client:
        client.send(way.head(b"PUT", b"/up", length, b"Content-Type: application/octet-stream", *more))
        told = client.interim() if expect else 0
        for _ in range(20):
            client.send(_chunk(BIG) if chunked else BIG)
        if chunked:
            client.send(b"0\r\n\r\n")
        got = client.answer()
    bodies = [hashlib.sha256(one.body).hexdigest() for one in site.requests]
    return {"answer": came(got), "bodies": bodies, "told": told}


@row("upload")
def upload(way: Way, site: Site) -> Seen:
    return _uploaded(way, site, chunked=False)


@row("upload-chunked")
def upload_chunked(way: Way, site: Site) -> Seen:
    return _uploaded(way, site, chunked=True)


@row("upload-expect")
def upload_expect(way: Way, site: Site) -> Seen:
    return _uploaded(way, site, chunked=False, expect=True)


@row("duplex")
def duplex(way: Way, site: Site) -> Seen:
    """The origin sends back what it is sent while it is being sent, and takes no more before that is read."""
    size = 16 * len(BIG)

    async def script(talk: Talk, request: Request) -> bool:
        await talk.send(OK + b"Content-Length: %d\r\n\r\n" % size)
        left = size
        while left and (data := await talk.reader.read(65536)):
            left -= len(data)
            await talk.send(data)
        return False

    site.script1 = script
    with way.first() as client:
        kind = b"Content-Type: application/octet-stream"

        def send() -> None:
            try:
                client.send(way.head(b"PUT", b"/echo", b"Content-Length: %d" % size, kind))
                for _ in range(16):
                    client.send(BIG)
            except OSError:
                return

        if way.secure:
            # Python's TLS is not for two threads at once: the sender is a step ahead and no more.
            return {"end": _echoed(way, client, size, kind)}
        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        got = client.answer()
        sender.join(20)
        return {"end": (got.end, got.body == BIG * 16)}


def _echoed(way: Way, client: Client1, size: int, kind: bytes) -> tuple[str, bool]:
    client.send(way.head(b"PUT", b"/echo", b"Content-Length: %d" % size, kind))
    answer, body, left = Answer(), bytearray(), BIG * 16
    try:
        while left:
            client.send(left[: 1 << 17])
            left = left[1 << 17 :]
            if not answer.status and len(left) < size - (1 << 20):
                client.head(answer)
            if answer.status:
                client._exactly(min(1 << 17, size - len(body)), body)
        client._exactly(size - len(body), body)
    except (Gone, OSError):
        answer.end = "broken"
    return answer.end, bytes(body) == BIG * 16


@row("early-answer")
def early_answer(way: Way, site: Site) -> Seen:
    """The origin says no in the middle of an upload, and hangs up after a while."""
    import asyncio

    async def script(talk: Talk, request: Request) -> bool:
        await talk.reader.readexactly(1_200_000)
        await talk.send(b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 8\r\n\r\ntoo long")
        await asyncio.sleep(0.3)
        return False

    site.script1 = script
    with way.first() as client:
        kind = b"Content-Type: application/octet-stream"
        client.send(way.head(b"PUT", b"/up", kind, b"Content-Length: 5000000") + BIG * 2)
        return {"answer": came(client.answer())}
