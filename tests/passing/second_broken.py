"""Rows over HTTP/2: who waits for whom, what breaks off, and what is changed on purpose."""

from __future__ import annotations

import asyncio
import time

from tests.passing.client import Heard
from tests.passing.guards import Way
from tests.passing.rows import Seen, row
from tests.passing.second_asking import BIG, OCTETS, both, came
from tests.passing.site import Site, Stream


@row("h2-slow-reader", second=True, quick=True)
def slow_reader(way: Way, site: Site) -> Seen:
    """One stream is not read; the origin is held back, and all others go on."""
    sent = {b"/slow": 0}

    async def script(stream: Stream) -> None:
        await stream.head(200)
        if stream.path == b"/slow":
            for _ in range(64):
                await stream.send(BIG)
                sent[b"/slow"] += len(BIG)
        await stream.send(b"quick", end=True)

    site.script2 = script
    with way.second(window=65_535) as client:
        client.taking = False
        slow = client.ask(way.fields(b"/slow"))
        client.until(lambda: len(client.streams[slow].body) == 65_535, 8)
        quick = [client.wait(client.ask(way.fields(b"/%d" % number)), 8).body for number in range(5)]
        time.sleep(1)
        return {"quick": quick, "held back": sent[b"/slow"] <= 16 * len(BIG)}


@row("h2-slow-origin", second=True)
def slow_origin(way: Way, site: Site) -> Seen:
    """The origin does not read an upload; the client is held back, and all others go on."""

    async def script(stream: Stream) -> None:
        if stream.path != b"/slow":
            await stream.head(200)
            await stream.send(b"quick", end=True)
        await asyncio.sleep(30)

    site.script2 = script
    site.hold = b"/slow"
    with way.second() as client:
        slow = client.ask(way.fields(b"/slow", b"PUT", OCTETS), end=False)
        sent, deadline = 0, time.monotonic() + 6
        while sent < 64 * len(BIG) and time.monotonic() < deadline:
            room = min(client.conn.local_flow_control_window(slow), client.conn.max_outbound_frame_size)
            if room <= 0:
                if not client.step(0.5):
                    break
                continue
            client.conn.send_data(slow, BIG[:room])
            client.flush()
            sent += room
        quick = [client.wait(client.ask(way.fields(b"/%d" % number)), 8).body for number in range(3)]
        return {"quick": quick, "held back": sent <= 16 * len(BIG)}


@row("h2-talk", second=True)
def talk(way: Way, site: Site) -> Seen:
    """As apps do over gRPC: a question and its answer in turns, in one stream that both keep open."""

    async def script(stream: Stream) -> None:
        await stream.head(200)
        for number in range(3):
            while len(stream.body) <= number:
                stream.take(await stream.events.get())
            await stream.send(stream.body[-1:].upper())

    site.script2 = script
    with way.second() as client:
        number = client.ask(way.fields(b"/talk", b"POST", OCTETS), end=False)
        for word in (b"a", b"b", b"c"):
            client.send(number, word)
            client.until(lambda word=word: word.upper() in client.streams[number].body, 3)
        return {"body": client.streams[number].body}


@row("h2-ping", second=True)
def ping(way: Way, site: Site) -> Seen:
    with way.second() as client:
        client.wait(client.ask(way.fields(b"/")))
        client.conn.ping(b"8 octets")
        client.flush()
        return {"acknowledged": client.until(lambda: client.pings == 1, 5)}


@row("h2-priority", second=True)
def priority(way: Way, site: Site) -> Seen:
    """Frames that say what is more urgent (RFC 9113, 5.3.2, and RFC 9218)."""
    with way.second() as client:
        client.conn.prioritize(1, weight=200, depends_on=0, exclusive=False)
        client.flush()
        client.sock.sendall(b"\0\0\x09\x10\0\0\0\0\0\0\0\0\x01u=1,i")
        return both(site, client.wait(client.ask(way.fields(b"/"))))


@row("h2-goaway", second=True, quick=True)
def goaway(way: Way, site: Site) -> Seen:
    """The origin lets what is under way end, and takes nothing new: its way of restarting."""

    async def script(stream: Stream) -> None:
        if stream.path == b"/first":
            await stream.head(200)
            await stream.send(b"begun ")
            # GOAWAY that names this stream as the last; the library would end everything on it.
            stream.line.writer.write(b"\0\0\x08\x07\0\0\0\0\0" + stream.id.to_bytes(4) + b"\0\0\0\0")
            await stream.line.flush()
            await asyncio.sleep(0.5)
            await stream.send(b"and ended", end=True)
            return
        await stream.head(200)
        await stream.send(b"anew", end=True)

    site.script2 = script
    with way.second() as client:
        got = []
        number = client.ask(way.fields(b"/first"))
        client.until(lambda: client.streams[number].body, 5)
        time.sleep(0.2)
        first = _after_goaway(client, number)
        got.append((first.status, first.body, first.end))
        again = None
        if client.goaway is None and not client.closed:
            again = client.wait(client.ask(way.fields(b"/second")))
    if again is None:  # as a browser: what comes after it goes on a new connection
        with way.second() as client:
            again = client.wait(client.ask(way.fields(b"/second")))
    return {"first": got, "again": (again.status, again.body, again.end)}


def _after_goaway(client, number: int) -> Heard:
    """The library ends a connection at a GOAWAY; a browser reads on, and so is the frame passed over here."""
    client.conn._receive_goaway_frame = lambda frame: ([], [])
    client.conn._frame_dispatch_table = {
        kind: (client.conn._receive_goaway_frame if kind.__name__ == "GoAwayFrame" else does)
        for kind, does in client.conn._frame_dispatch_table.items()
    }
    return client.wait(number)


def _reset(way: Way, site: Site, code: int, *, begun: bool, large: bool = False) -> Seen:
    async def script(stream: Stream) -> None:
        if begun:
            await stream.head(200)
            await stream.send(BIG if large else b"half")
            await asyncio.sleep(0.1)
        stream.conn.reset_stream(stream.id, code)
        await stream.line.flush()

    site.script2 = script
    with way.second() as client:
        got = client.wait(client.ask(way.fields(b"/r")))
        site.script2 = site._plainly2
        after = client.wait(client.ask(way.fields(b"/after")))
        return {"status": got.status, "end": got.end, "code": got.reset, "after": came(after)}


@row("h2-reset", second=True, quick=True)
def reset(way: Way, site: Site) -> Seen:
    return _reset(way, site, 2, begun=True)


@row("h2-reset-cancel", second=True)
def reset_cancel(way: Way, site: Site) -> Seen:
    return _reset(way, site, 8, begun=True, large=True)


@row("h2-reset-refused", second=True, quick=True)
def reset_refused(way: Way, site: Site) -> Seen:
    """The origin has done nothing with it: whoever asked may ask again."""
    return _reset(way, site, 7, begun=False)


@row("h2-reset-before", second=True)
def reset_before(way: Way, site: Site) -> Seen:
    return _reset(way, site, 2, begun=False)


@row("h2-client-resets", second=True)
def client_resets(way: Way, site: Site) -> Seen:
    async def script(stream: Stream) -> None:
        await stream.head(200)
        await stream.send(b"begun")
        await stream.read()

    site.script2 = script
    with way.second() as client:
        number = client.ask(way.fields(b"/long", b"POST", OCTETS), end=False)
        client.send(number, b"some")
        client.until(lambda: client.streams[number].body, 5)
        client.conn.reset_stream(number, 8)
        client.flush()
        deadline = time.monotonic() + 5
        while site.streams[0].reset is None and time.monotonic() < deadline:
            time.sleep(0.02)
        return {"reset": site.streams[0].reset}


@row("h2-cut", second=True, quick=True)
def cut(way: Way, site: Site) -> Seen:
    """The origin is gone in the middle of a page."""

    async def script(stream: Stream) -> None:
        await stream.head(200)
        await stream.send(b"half")
        await asyncio.sleep(0.1)
        stream.line.writer.transport.abort()

    site.script2 = script
    with way.second() as client:
        got = client.wait(client.ask(way.fields(b"/c")))
        return {"status": got.status, "body": got.body, "end": got.end}


@row("h2-too-short", second=True)
def too_short(way: Way, site: Site) -> Seen:
    """The stream ends before the length that was announced."""

    async def script(stream: Stream) -> None:
        await stream.head(200, (b"content-length", b"900000"))
        await stream.send(b"short", end=True)

    site.script2 = script
    with way.second() as client:
        got = client.wait(client.ask(way.fields(b"/c")))
        return {"whole": got.end == "complete" and got.status == 200 and len(got.body) == 900_000}


@row("h2-early-answer", second=True, quick=True)
def early_answer(way: Way, site: Site) -> Seen:
    """The origin says no in the middle of an upload, and wants no more of it (RFC 9113, 8.1)."""

    async def script(stream: Stream) -> None:
        while len(stream.body) < 1_200_000:
            stream.take(await stream.events.get())
        await stream.head(413, (b"content-length", b"8"))
        await stream.send(b"too long", end=True)
        stream.conn.reset_stream(stream.id, 0)
        await stream.line.flush()

    site.script2 = script
    with way.second() as client:
        number = client.ask(way.fields(b"/up", b"PUT", OCTETS, (b"content-length", b"5000000")), end=False)
        client.send(number, BIG * 2)
        got = client.wait(number, 8)
        return {"status": got.status, "body": got.body, "end": got.end}


@row("h2-extended-connect", second=True)
def extended_connect(way: Way, site: Site) -> Seen:
    """A WebSocket in a stream (RFC 8441): browsers do it where the other side says that it can."""
    with way.second() as client:
        client.wait(client.ask(way.fields(b"/")))
        return {"offered": bool(client.conn.remote_settings.enable_connect_protocol)}


@row("h2-alt-svc", second=True)
def alt_svc(way: Way, site: Site) -> Seen:
    async def script(stream: Stream) -> None:
        await stream.head(200, (b"alt-svc", b'h3=":443"'), end=True)

    site.script2 = script
    with way.second() as client:
        return both(site, client.wait(client.ask(way.fields(b"/"))))


@row("h2-splitting", second=True)
def splitting(way: Way, site: Site) -> Seen:
    """A line break inside a value."""

    async def script(stream: Stream) -> None:
        # Past the library, which does not send it.
        block = stream.conn.encoder.encode([(b":status", b"200"), (b"x-a", b"b\r\nset-cookie: evil=1")])
        stream.line.writer.write(len(block).to_bytes(3) + b"\x01\x05" + stream.id.to_bytes(4) + block)
        await stream.line.flush()

    site.script2 = script
    with way.second() as client:
        got = client.wait(client.ask(way.fields(b"/")), 5)
        return {"split": any(b"\n" in value for _, value in got.fields)}
