"""Rows over HTTP/1.1: requests and their answers."""

from __future__ import annotations

import asyncio
import contextlib

from tests.passing.asking import BIG, OK, answers, ask, both
from tests.passing.guards import Way
from tests.passing.rows import Seen, came, row
from tests.passing.site import Request, Site, Talk


@row("methods", quick=True)
def methods(way: Way, site: Site) -> Seen:
    got = []
    with way.first() as client:
        for method in (b"GET", b"HEAD", b"OPTIONS", b"PUT", b"PATCH", b"DELETE", b"POST", b"PROPFIND", b"FROBNICATE"):
            body = b"x=1" if method in (b"PUT", b"PATCH", b"POST", b"FROBNICATE") else b""
            length = [b"Content-Length: 3"] if body else []
            client.send(way.head(method, b"/m", *length) + body)
            got.append(client.answer(method))
    return both(site, *got) | {"connections": site.connections}


@row("head", quick=True)
def head(way: Way, site: Site) -> Seen:
    site.script1 = answers(OK + b'Content-Length: 123456\r\nETag: "a"\r\n\r\n')
    with way.first() as client:
        got = []
        for _ in range(2):
            client.send(way.head(b"HEAD", b"/h"))
            got.append(client.answer(b"HEAD"))
    return both(site, *got)


@row("head-chunked")
def head_chunked(way: Way, site: Site) -> Seen:
    site.script1 = answers(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    with way.first() as client:
        got = []
        for _ in range(2):
            client.send(way.head(b"HEAD", b"/h"))
            got.append(client.answer(b"HEAD"))
    return both(site, *got) | {"said": [one.get(b"transfer-encoding") for one in got]}


@row("no-body", quick=True)
def no_body(way: Way, site: Site) -> Seen:
    async def script(talk: Talk, request: Request) -> bool:
        status = b"204 No Content" if request.target.endswith(b"204") else b"304 Not Modified"
        await talk.send(b"HTTP/1.1 " + status + b'\r\nETag: "b"\r\n\r\n')
        return True

    site.script1 = script
    with way.first() as client:
        got = []
        for path in (b"/204", b"/304", b"/204"):
            client.send(way.head(b"GET", path, b'If-None-Match: "b"'))
            got.append(client.answer())
    return both(site, *got)


@row("ranges", quick=True)
def ranges(way: Way, site: Site) -> Seen:
    parts = b"--q\r\nContent-Range: bytes 0-1/10\r\n\r\nab\r\n--q\r\nContent-Range: bytes 4-5/10\r\n\r\nef\r\n--q--\r\n"
    said = {
        b"/one": b"206 Partial Content\r\nContent-Range: bytes 2-4/10\r\nContent-Length: 3\r\n\r\ncde",
        b"/two": b"206 Partial Content\r\nContent-Type: multipart/byteranges; boundary=q\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(parts), parts),
        b"/past": b"416 Range Not Satisfiable\r\nContent-Range: bytes */10\r\nContent-Length: 0\r\n\r\n",
    }

    async def script(talk: Talk, request: Request) -> bool:
        await talk.send(b"HTTP/1.1 " + said[request.target])
        return True

    site.script1 = script
    got = []
    with way.first() as client:
        for path, asked in ((b"/one", b"bytes=2-4"), (b"/two", b"bytes=0-1,4-5"), (b"/past", b"bytes=99-")):
            client.send(way.head(b"GET", path, b"Range: " + asked, b'If-Range: "v1"'))
            got.append(client.answer())
    return both(site, *got)


@row("range-after-cut")
def range_after_cut(way: Way, site: Site) -> Seen:
    """A download breaks off; the client asks for the rest, and has the whole."""

    async def script(talk: Talk, request: Request) -> bool:
        asked = request.get(b"range")
        if asked is None:
            await talk.send(OK + b"Accept-Ranges: bytes\r\nContent-Length: %d\r\n\r\n" % len(BIG) + BIG[:600_000])
            return False
        start = int(asked[6:-1])
        await talk.send(b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes %d-%d/%d\r\nContent-Length: %d\r\n\r\n"
                        % (start, len(BIG) - 1, len(BIG), len(BIG) - start) + BIG[start:])  # fmt: skip
        return True

    site.script1 = script
    cut = ask(way, b"/f")
    rest = ask(way, b"/f", b"Range: bytes=%d-" % len(cut.body))
    return {"cut": (cut.status, cut.end), "rest": (rest.status, rest.end), "whole": cut.body + rest.body == BIG}


@row("chunked-answer", quick=True)
def chunked_answer(way: Way, site: Site) -> Seen:
    pieces = b'1;ext=1;q="a"\r\nx\r\n00003\r\nabc\r\n%x\r\n%s\r\n0;last\r\n\r\n' % (70_001, b"z" * 70_001)
    site.script1 = answers(OK + b"Transfer-Encoding: chunked\r\nX-A: b\r\n\r\n" + pieces)
    got = []
    with way.first() as client:
        for _ in range(2):
            client.send(way.head(b"GET", b"/c"))
            got.append(client.answer())
    return both(site, *got) | {"said": got[0].get(b"transfer-encoding")}


@row("chunked-request", quick=True)
def chunked_request(way: Way, site: Site) -> Seen:
    body = b"3;x=y\r\nabc\r\n1\r\nd\r\n%x\r\n%s\r\n0\r\n\r\n" % (70_000, b"e" * 70_000)
    kind = (b"Content-Type: application/octet-stream", b"Transfer-Encoding: chunked")
    return both(site, ask(way, b"/up", *kind, method=b"POST", body=body))


@row("trailers-answer", quick=True)
def trailers_answer(way: Way, site: Site) -> Seen:
    body = b"5\r\nhello\r\n0\r\nX-Sum: abc\r\nGrpc-Status: 0\r\n\r\n"
    site.script1 = answers(OK + b"Trailer: X-Sum, Grpc-Status\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
    got = []
    with way.first() as client:
        for _ in range(2):
            client.send(way.head(b"GET", b"/t", b"TE: trailers"))
            got.append(client.answer())
    return both(site, *got)


@row("trailers-request", quick=True)
def trailers_request(way: Way, site: Site) -> Seen:
    body = b"5\r\nhello\r\n0\r\nX-Sum: abc\r\n\r\n"
    said = (b"Trailer: X-Sum", b"Transfer-Encoding: chunked", b"Content-Type: application/octet-stream")
    return both(site, ask(way, b"/t", *said, method=b"PUT", body=body))


@row("hints", quick=True)
def hints(way: Way, site: Site) -> Seen:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
    site.script1 = answers(early + early + b"HTTP/1.1 102 Processing\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok")
    got = []
    with way.first() as client:
        for _ in range(2):
            client.send(way.head(b"GET", b"/e"))
            got.append(client.answer())
    return both(site, *got) | {"interim": [one.interim for one in got]}


@row("hints-before", quick=True)
def hints_before(way: Way, site: Site) -> Seen:
    """A hint is there before the page is."""

    async def script(talk: Talk, _request: Request) -> bool:
        await talk.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n")
        at_once = await site.told()
        await talk.send(OK + b"Content-Length: 4\r\n\r\n" + (b"soon" if at_once else b"late"))
        return True

    site.script1 = script
    with way.first() as client:
        client.send(way.head(b"GET", b"/e"))
        if client.interim(6):
            site.goes.release()
        return both(site, client.answer())


@row("continue", quick=True)
def goes_on(way: Way, site: Site) -> Seen:
    """The body is sent when the origin says so."""

    async def script(talk: Talk, request: Request) -> bool:
        if request.get(b"expect"):
            await talk.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        await talk.body(request)
        await talk.send(OK + b"Content-Length: 2\r\n\r\nok")
        return True

    site.script1 = script
    with way.first() as client:
        client.send(way.head(b"POST", b"/u", b"Expect: 100-continue", b"Content-Length: 5"))
        first = client.interim()
        client.send(b"hello")
        got = client.answer()
        return both(site, got) | {"told": first, "interim": [status for status, _ in got.interim]}


@row("continue-unasked")
def goes_on_unasked(way: Way, site: Site) -> Seen:
    """An origin says 100 to whoever did not ask."""
    site.script1 = answers(b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok")
    got = ask(way, b"/u", b"Content-Length: 5", method=b"POST", body=b"hello")
    return both(site, got)


@row("continue-refused")
def refused_at_the_head(way: Way, site: Site) -> Seen:
    """The origin refuses at the head, and the body need not be sent."""

    async def script(talk: Talk, request: Request) -> bool:
        await talk.send(
            b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"\r\nContent-Length: 2\r\n\r\nno'
        )
        with contextlib.suppress(TimeoutError):  # what was sent is lost when there is something unread
            await asyncio.wait_for(talk.body(request), 1.5)
        return False

    site.script1 = script
    with way.first() as client:
        client.send(way.head(b"POST", b"/u", b"Expect: 100-continue", b"Content-Length: 500000",
                             b"Content-Type: application/octet-stream"))  # fmt: skip
        first = client.interim()
        if first == 100:
            client.send(BIG[:500_000])
        return {"answer": [came(client.answer())], "told": first}
