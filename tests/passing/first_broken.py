"""Rows over HTTP/1.1: what breaks off or makes no sense, and what is changed on purpose."""

from __future__ import annotations

from tests.passing.asking import BIG, OK, answers, ask, both
from tests.passing.client import Gone
from tests.passing.guards import Way
from tests.passing.rows import Seen, came, row
from tests.passing.site import Request, Site, Talk


def _cut(way: Way, site: Site, head: bytes, body: bytes, *, reset: bool = False) -> Seen:
    import asyncio

    async def script(talk: Talk, _request: Request) -> bool:
        await talk.send(head + body)
        await asyncio.sleep(0.2)
        if reset:
            talk.reset()
        return False

    site.script1 = script
    got = ask(way, b"/cut")
    # How far it got is the network's luck; whether it passes for whole is not. A page of the guard is another answer.
    return {"end": got.end, "status": got.status}


@row("cut-short", quick=True)
def cut_short(way: Way, site: Site) -> Seen:
    return _cut(way, site, OK + b"Content-Length: 1000\r\n\r\n", b"half")


@row("cut-long", quick=True)
def cut_long(way: Way, site: Site) -> Seen:
    return _cut(way, site, OK + b"Content-Length: 5000000\r\n\r\n", BIG)


@row("cut-chunked", quick=True)
def cut_chunked(way: Way, site: Site) -> Seen:
    return _cut(way, site, OK + b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n")


@row("cut-open-end", quick=True)
def cut_open_end(way: Way, site: Site) -> Seen:
    """No length was said, and the connection is reset."""
    return _cut(way, site, OK + b"\r\n", b"half of it", reset=True)


@row("cut-before", quick=True)
def cut_before(way: Way, site: Site) -> Seen:
    """The origin hangs up without a word, on a connection that is new."""

    async def script(talk: Talk, _request: Request) -> bool:
        return False

    site.script1 = script
    got = ask(way, b"/cut")
    return {"end": got.end, "status": got.status}


@row("too-long")
def too_long(way: Way, site: Site) -> Seen:
    """More bytes than were announced are no part of the page, and of no other one either."""
    site.script1 = answers(OK + b"Content-Length: 5\r\n\r\nhello" + OK + b"Content-Length: 4\r\n\r\nevil", keep=False)
    with way.first() as client:
        client.send(way.head(b"GET", b"/"))
        return {"answer": came(client.answer())}


@row("length-twice")
def length_twice(way: Way, site: Site) -> Seen:
    """The same length twice is sloppy, and means one thing."""
    site.script1 = answers(OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok")
    got = ask(way)
    return {"answer": (got.status, got.body, got.end)}


@row("lengths-differ")
def lengths_differ(way: Way, site: Site) -> Seen:
    site.script1 = answers(OK + b"Content-Length: 2\r\nContent-Length: 7\r\n\r\nok", keep=False)
    got = ask(way)
    return {"status": got.status}


@row("length-and-chunked")
def length_and_chunked(way: Way, site: Site) -> Seen:
    site.script1 = answers(
        OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", keep=False
    )
    got = ask(way)
    return {"status": got.status}


@row("sloppy-name")
def sloppy_name(way: Way, site: Site) -> Seen:
    """A name of a field with a space in it."""
    site.script1 = answers(OK + b"X Odd: 1\r\nContent-Length: 2\r\n\r\nok")
    got = ask(way)
    return {"status": got.status}


@row("splitting")
def splitting(way: Way, site: Site) -> Seen:
    """A carriage return inside a value, which some read as the end of a line."""
    site.script1 = answers(OK + b"X-A: b\rSet-Cookie: evil=1\r\nContent-Length: 2\r\n\r\nok")
    got = ask(way)
    return {"status": got.status, "split": any(b"\r" in value for _, value in got.fields)}


@row("line-feeds")
def line_feeds(way: Way, site: Site) -> Seen:
    """Lines that end in a bare line feed."""
    site.script1 = answers(b"HTTP/1.1 200 OK\nX-A: b\nContent-Length: 2\n\nok", keep=False)
    with way.first() as client:
        client.send(way.head(b"GET", b"/"))
        data = b""
        try:
            while not data.endswith(b"ok"):
                data += client.more(3)
        except Gone:
            pass
        return {"status": data.split(b" ")[1:2], "body": data[-2:]}


@row("alt-svc", quick=True)
def alt_svc(way: Way, site: Site) -> Seen:
    site.script1 = answers(OK + b'Alt-Svc: h3=":443"; ma=86400\r\nContent-Length: 2\r\n\r\nok')
    return both(site, ask(way))


@row("origin-407", quick=True)
def origin_407(way: Way, site: Site) -> Seen:
    said = b'HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n'
    site.script1 = answers(said)
    got = ask(way)
    return {"status": got.status, "asked": got.get(b"proxy-authenticate")}


@row("about-the-client", quick=True)
def about_the_client(way: Way, site: Site) -> Seen:
    fields = (b"X-Forwarded-For: 10.0.0.1", b"Forwarded: for=10.0.0.1", b"X-Real-IP: 10.0.0.1", b"Proxy-Connection: x",
              b"Keep-Alive: timeout=5")  # fmt: skip
    return both(site, ask(way, b"/", *fields))


@row("other-upgrade", quick=True)
def other_upgrade(way: Way, site: Site) -> Seen:
    """A connection that wants to become something else than HTTP or a WebSocket."""
    asked = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__")
    ask(way, b"/", *asked)
    return {"asked": [one.get(b"upgrade") for one in site.requests]}
