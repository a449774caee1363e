"""Rows over HTTP/2: requests and their answers."""

from __future__ import annotations

import asyncio
import hashlib

from tests.passing.guards import Way
from tests.passing.rows import Seen, row
from tests.passing.second_asking import BIG, OCTETS, both, came
from tests.passing.site import Site, Stream


@row("h2-methods", second=True, quick=True)
def methods(way: Way, site: Site) -> Seen:
    got = []
    with way.second() as client:
        for method in (b"GET", b"HEAD", b"OPTIONS", b"PUT", b"PATCH", b"DELETE", b"POST", b"PROPFIND"):
            body = b"x=1" if method in (b"PUT", b"PATCH", b"POST") else b""
            length = [(b"content-length", b"3")] if body else []
            number = client.ask(way.fields(b"/m", method, *length), end=not body)
            if body:
                client.send(number, body, end=True)
            got.append(client.wait(number))
    return both(site, *got) | {"connections": site.connections}


@row("h2-no-length", second=True, quick=True)
def no_length(way: Way, site: Site) -> Seen:
    """Bodies whose length nobody says, both ways; and none at all."""

    async def script(stream: Stream) -> None:
        await stream.read()
        if stream.path == b"/204":
            await stream.head(204, end=True)
            return
        await stream.head(200)
        await stream.send(b"some")
        await stream.send(b"thing", end=True)

    site.script2 = script
    with way.second() as client:
        number = client.ask(way.fields(b"/up", b"POST", OCTETS), end=False)
        client.send(number, b"any")
        client.send(number, b"thing", end=True)
        return both(site, client.wait(number), client.wait(client.ask(way.fields(b"/204"))))


@row("h2-fields", second=True, quick=True)
def fields(way: Way, site: Site) -> Seen:
    async def script(stream: Stream) -> None:
        await stream.head(
            200, (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2; Path=/"), (b"x-empty", b""), (b"x-obs", b"caf\xe9"),
            (b"x-long", b"y" * 32_000), (b"vary", b"cookie"), (b"vary", b"accept"), end=True,
        )  # fmt: skip

    site.script2 = script
    more = [
        (b"cookie", b"a=1"), (b"cookie", b"b=2"), (b"cookie", b"c=3"), (b"x-empty", b""), (b"x-long", b"z" * 32_000),
        (b"te", b"trailers"), (b"priority", b"u=1, i"), (b"authorization", b"Bearer x"), (b"x-obs", b"\xff\xe9"),
    ]  # fmt: skip
    with way.second() as client:
        return both(site, client.wait(client.ask(way.fields(b"/f", b"GET", *more))))


@row("h2-odd-paths", second=True)
def odd_paths(way: Way, site: Site) -> Seen:
    got = []
    with way.second() as client:
        for path in (b"/a%2Fb", b"/a;v=1", b"//double//", b"/q?", b"/?a=1&a=2&=&", b"/a|b{c}^`\\", b"/a/../b"):
            got.append(client.wait(client.ask(way.fields(path))))
    return both(site, *got)


@row("h2-trailers", second=True, quick=True)
def trailers(way: Way, site: Site) -> Seen:
    """As gRPC does: trailers both ways."""

    async def script(stream: Stream) -> None:
        await stream.read()
        await stream.head(200, (b"content-type", b"application/grpc"))
        await stream.send(b"\0\0\0\0\x02hi")
        stream.conn.send_headers(stream.id, [(b"grpc-status", b"0"), (b"grpc-message", b"fine")], end_stream=True)
        await stream.line.flush()

    site.script2 = script
    with way.second() as client:
        number = client.ask(way.fields(b"/g", b"POST", (b"content-type", b"application/grpc"), (b"te", b"trailers")),
                            end=False)  # fmt: skip
        client.send(number, b"\0\0\0\0\x02yo")
        client.conn.send_headers(number, [(b"x-sum", b"abc")], end_stream=True)
        client.flush()
        return both(site, client.wait(number))


@row("h2-trailers-only", second=True)
def trailers_only(way: Way, site: Site) -> Seen:
    """Trailers behind no body at all."""

    async def script(stream: Stream) -> None:
        await stream.head(200, (b"content-type", b"application/grpc"))
        stream.conn.send_headers(stream.id, [(b"grpc-status", b"5")], end_stream=True)
        await stream.line.flush()

    site.script2 = script
    with way.second() as client:
        return both(site, client.wait(client.ask(way.fields(b"/g"))))


@row("h2-hints", second=True, quick=True)
def hints(way: Way, site: Site) -> Seen:
    async def script(stream: Stream) -> None:
        await stream.head(103, (b"link", b"</a.css>; rel=preload"))
        await stream.head(103, (b"link", b"</b.css>; rel=preload"))
        at_once = await site.told()
        await stream.head(200)
        await stream.send(b"soon" if at_once else b"late", end=True)

    site.script2 = script
    with way.second() as client:
        number = client.ask(way.fields(b"/e"))
        if client.until(lambda: len(client.streams[number].interim) == 2, 14):
            site.goes.release()
        return both(site, client.wait(number))


@row("h2-continue", second=True)
def goes_on(way: Way, site: Site) -> Seen:
    async def script(stream: Stream) -> None:
        if dict(stream.fields).get(b"expect"):
            await stream.head(100)
        await stream.read()
        await stream.head(200, end=True)

    site.script2 = script
    with way.second() as client:
        number = client.ask(
            way.fields(b"/u", b"POST", (b"expect", b"100-continue"), (b"content-length", b"5")), end=False
        )
        told = client.until(lambda: bool(client.streams[number].interim), 14)
        client.send(number, b"hello", end=True)
        return both(site, client.wait(number)) | {"told": told}


def _live(way: Way, site: Site, head: tuple[bytes, bytes], pieces: list[bytes]) -> Seen:
    """Every piece is there before the next one is sent."""
    late: list[bytes] = []  # this row's own: a script of an earlier one may still be waiting

    async def script(stream: Stream) -> None:
        await stream.head(200, head)
        for piece in pieces:
            await stream.send(piece)
            if not await site.told(2.0):
                late.append(piece)
        await stream.send(b"", end=True)

    site.script2 = script
    with way.second() as client:
        number = client.ask(way.fields(b"/live"))
        one, size = client.streams[number], 0
        for piece in pieces:
            size += len(piece)
            if client.until(lambda size=size: len(one.body) >= size, 8):
                site.goes.release()
        client.wait(number)
        return {"late": len(late) > 2, "body": one.body, "end": one.end}


@row("h2-events", second=True, quick=True)
def events(way: Way, site: Site) -> Seen:
    return _live(way, site, (b"content-type", b"text/event-stream"), [b"data: %d\n\n" % number for number in range(5)])


@row("h2-drip", second=True)
def drip(way: Way, site: Site) -> Seen:
    return _live(way, site, (b"content-length", b"5"), [b"%d" % number for number in range(5)])


@row("h2-many", second=True, quick=True)
def many(way: Way, site: Site) -> Seen:
    """A hundred at once: none is answered before all of them are there."""

    async def script(stream: Stream) -> None:
        while len(site.streams) < 100:
            await asyncio.sleep(0.01)
        await stream.head(200)
        await stream.send(stream.path, end=True)

    site.script2 = script
    with way.second() as client:
        numbers = [client.ask(way.fields(b"/%d" % number)) for number in range(100)]
        got = [client.wait(number) for number in numbers]
    return {"answers": [(one.status, one.body, one.end) for one in got], "connections": site.connections}


@row("h2-download", second=True)
def download(way: Way, site: Site) -> Seen:
    async def script(stream: Stream) -> None:
        await stream.head(200, (b"content-length", b"%d" % (50 * len(BIG))))
        for _ in range(50):
            await stream.send(BIG)
        await stream.send(b"", end=True)

    site.script2 = script
    with way.second(window=2**20) as client:
        got = client.wait(client.ask(way.fields(b"/big")), 60)
    return {"end": got.end, "body": hashlib.sha256(got.body).hexdigest()}


def _uploaded(way: Way, site: Site, *length: tuple[bytes, bytes]) -> Seen:
    with way.second() as client:
        number = client.ask(way.fields(b"/up", b"PUT", OCTETS, *length), end=False)
        for _ in range(20):
            client.send(number, BIG)
        client.send(number, b"", end=True)
        got = client.wait(number)
    return {"answer": came(got), "bodies": [hashlib.sha256(one.body).hexdigest() for one in site.streams]}


@row("h2-upload", second=True)
def upload(way: Way, site: Site) -> Seen:
    return _uploaded(way, site, (b"content-length", b"%d" % (20 * len(BIG))))


@row("h2-upload-no-length", second=True)
def upload_no_length(way: Way, site: Site) -> Seen:
    return _uploaded(way, site)
