"""Rows over HTTP/1.1: connections, and what is written on them."""

from __future__ import annotations

import gzip
import time

import brotli
import zstandard

from tests.passing.asking import OK, answers, ask, both
from tests.passing.client import Answer, Client1
from tests.passing.guards import Way
from tests.passing.rows import Seen, came, row
from tests.passing.site import Request, Site, Talk


@row("keep-alive", quick=True)
def keep_alive(way: Way, site: Site) -> Seen:
    with way.first() as client:
        got = []
        for number in range(12):
            client.send(way.head(b"GET", b"/%d" % number))
            got.append(client.answer())
    return both(site, *got) | {"connections": site.connections}


@row("pipelined", quick=True)
def pipelined(way: Way, site: Site) -> Seen:
    with way.first() as client:
        client.send(b"".join(way.head(b"GET", b"/%d" % number) for number in range(8)))
        return both(site, *(client.answer() for _ in range(8)))


@row("client-closes")
def client_closes(way: Way, site: Site) -> Seen:
    with way.first() as client:
        client.send(way.head(b"GET", b"/", b"Connection: close"))
        got = client.answer()
        asked = site.requests[0].get(b"connection")
        # An origin of ours does not look at it; what is between may end it as asked.
        return {"answer": came(got), "asked": asked}


@row("origin-closes", quick=True)
def origin_closes(way: Way, site: Site) -> Seen:
    site.script1 = answers(OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nok", keep=False)
    with way.first() as client:
        client.send(way.head(b"GET", b"/"))
        got = client.answer()
        return {"answer": came(got), "said": got.get(b"connection"), "over": client.over()}


@row("http10", quick=True)
def http10(way: Way, site: Site) -> Seen:
    """An old origin: no length, the end of the connection is the end of the page."""
    site.script1 = answers(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n" + b"old " * 500, keep=False)
    got = ask(way)
    return both(site, got)


@row("open-end", quick=True)
def open_end(way: Way, site: Site) -> Seen:
    site.script1 = answers(OK + b"Content-Type: text/plain\r\n\r\n" + b"new " * 500, keep=False)
    return both(site, ask(way))


@row("http10-client")
def http10_client(way: Way, site: Site) -> Seen:
    site.script1 = answers(OK + b"Content-Type: text/plain\r\n\r\nabc", keep=False)
    with way.first() as client:
        client.send(b"GET %s HTTP/1.0\r\nHost: %s\r\n\r\n" % (way.target(b"/"), way.name.encode()))
        got = client.answer()
        return both(site, got) | {"over": client.over(), "chunked": got.get(b"transfer-encoding")}


@row("idle-origin", quick=True)
def idle_origin(way: Way, site: Site) -> Seen:
    """The origin ends an idle connection; a client that did not notice asks on."""
    import asyncio

    async def script(talk: Talk, _request: Request) -> bool:
        await talk.send(OK + b"Content-Length: 2\r\n\r\nok")
        await asyncio.sleep(0.05)
        return False

    site.script1 = script
    with way.first() as client:
        client.send(way.head(b"GET", b"/1"))
        first = client.answer()
        time.sleep(0.4)
        got = _second_chance(way, client, b"/2")
        return {"first": came(first), "second": came(got)}


@row("stale", quick=True)
def stale(way: Way, site: Site) -> Seen:
    """The origin ends a connection at the moment that the next request comes; browsers just ask again."""

    async def script(talk: Talk, _request: Request) -> bool:
        if talk.before == 0:
            await talk.send(OK + b"Content-Length: 2\r\n\r\nok")
            return True
        return False

    site.script1 = script
    with way.first() as client:
        client.send(way.head(b"GET", b"/1"))
        first = client.answer()
        got = _second_chance(way, client, b"/2")
        return {"first": came(first), "second": came(got)}


def _second_chance(way: Way, client: Client1, path: bytes) -> Answer:
    """As a browser: when a connection that was used before ends without a word, ask on a new one."""
    try:
        client.send(way.head(b"GET", path))
        got = client.answer()
    except OSError:
        got = Answer(end="broken")
    return ask(way, path) if not got.status else got


@row("same-connection")
def same_connection(way: Way, site: Site) -> Seen:
    """NTLM and Negotiate sign in a connection, and not a request."""

    async def script(talk: Talk, request: Request) -> bool:
        said = request.get(b"authorization") or b""
        if said == b"NTLM three" and talk.before == 2:
            await talk.send(OK + b"Content-Length: 2\r\n\r\nin")
        elif talk.before > 2:
            await talk.send(OK + b"Content-Length: 5\r\n\r\nknown")
        else:
            word = b"NTLM two" if said == b"NTLM one" else b"NTLM"
            await talk.send(b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: %s\r\nContent-Length: 0\r\n\r\n" % word)
        return True

    site.script1 = script
    with way.first() as client:
        got = []
        for word in (b"", b"Authorization: NTLM one", b"Authorization: NTLM three", b""):
            client.send(way.head(b"GET", b"/in", *([word] if word else [])))
            got.append(client.answer())
    return both(site, *got)


@row("codings", quick=True)
def codings(way: Way, site: Site) -> Seen:
    text = b"a page of words " * 300
    packed = {
        b"gzip": gzip.compress(text, mtime=0),
        b"br": brotli.compress(text),
        b"zstd": zstandard.compress(text),
        b"dcb": b"\xff\x44nobody knows",
    }

    async def script(talk: Talk, request: Request) -> bool:
        coding = request.target[1:]
        body = packed[coding]
        await talk.send(OK + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s" % (coding, len(body), body))
        return True

    site.script1 = script
    got = []
    with way.first() as client:
        for coding in packed:
            client.send(way.head(b"GET", b"/" + coding, b"Accept-Encoding: gzip, br, zstd, dcb"))
            got.append(client.answer())
    return both(site, *got)


@row("fields-request", quick=True)
def fields_request(way: Way, site: Site) -> Seen:
    fields = (
        b"X-UPPER-lower: Value", b"x-empty:", b"X-Twice: 1", b"x-twice: 2", b"X-Twice: 3", b"X-Obs: caf\xe9 \xff",
        b"Authorization: Bearer abc.def", b"Cookie: a=1; b=\"2 3\"", b"Referer: https://open.test/x",
        b"Accept: */*;q=0.5, text/html", b"DNT: 1", b"TE: trailers", b"Priority: u=1, i", b"X-Long: " + b"y" * 32_000,
        b"Origin: null", b"X-Tab: a\tb",
    )  # fmt: skip
    return both(site, ask(way, b"/f", *fields))


@row("fields-answer", quick=True)
def fields_answer(way: Way, site: Site) -> Seen:
    fields = (
        b"X-UPPER-lower: Value\r\nx-empty:\r\nSet-Cookie: a=1; Path=/; HttpOnly\r\nSet-Cookie: b=2; SameSite=None\r\n"
        b"set-cookie: c=3\r\nX-Obs: caf\xe9 \xff\r\nStrict-Transport-Security: max-age=1\r\nVary: Cookie\r\n"
        b"Vary: Accept\r\n"
        b"Content-Security-Policy: default-src 'self'\r\nX-Long: " + b"y" * 32_000 + b"\r\nServer: Odd/1 (x)\r\n"
        b"Access-Control-Allow-Origin: *\r\nContent-Length: 2\r\n\r\nok"
    )  # fmt: skip
    site.script1 = answers(OK + fields)
    return both(site, ask(way))


@row("odd-paths", quick=True)
def odd_paths(way: Way, site: Site) -> Seen:
    got = []
    with way.first() as client:
        for path in (
            b"/a%2Fb", b"/a;v=1/b;w", b"//double//", b"/q?", b"/?a=1&a=2&=&", b"/%c3%a9?x=%20+", b"/a/../b/./c",
            b"/it's(!*)~$,@:", b"/a|b{c}^`\\", b"/p%00q", b"/x?u=http://a.test/?y#z", b"/%7Euser",
        ):  # fmt: skip
            client.send(way.head(b"GET", path))
            got.append(client.answer())
    return both(site, *got)


@row("star")
def star(way: Way, site: Site) -> Seen:
    with way.first() as client:
        target = way.target(b"") if way.target(b"") else b"*"
        client.send(b"OPTIONS %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (target, way.name.encode()))
        return {"answer": came(client.answer())}


@row("redirects", quick=True)
def redirects(way: Way, site: Site) -> Seen:
    async def script(talk: Talk, request: Request) -> bool:
        await talk.send(
            b"HTTP/1.1 %s Go\r\nLocation: /Else?x=%%2F#frag\r\nContent-Length: 0\r\n\r\n" % request.target[1:]
        )
        return True

    site.script1 = script
    got = []
    with way.first() as client:
        for status in (b"301", b"302", b"303", b"307", b"308"):
            client.send(way.head(b"GET", b"/" + status))
            got.append(client.answer())
    return both(site, *got)


@row("preflight")
def preflight(way: Way, site: Site) -> Seen:
    site.script1 = answers(
        b"HTTP/1.1 204 No Content\r\nAccess-Control-Allow-Origin: https://a.test\r\n"
        b"Access-Control-Allow-Methods: PUT\r\n"
        b"Access-Control-Allow-Headers: x-a\r\nAccess-Control-Max-Age: 600\r\n\r\n"
    )
    asked = (b"Origin: https://a.test", b"Access-Control-Request-Method: PUT", b"Access-Control-Request-Headers: x-a")
    return both(site, ask(way, b"/api", *asked, method=b"OPTIONS"))


@row("statuses")
def statuses(way: Way, site: Site) -> Seen:
    async def script(talk: Talk, request: Request) -> bool:
        await talk.send(b"HTTP/1.1 %s Own Words\r\nContent-Length: 2\r\n\r\nok" % request.target[1:])
        return True

    site.script1 = script
    got = []
    with way.first() as client:
        for status in (b"201", b"299", b"400", b"404", b"418", b"429", b"451", b"500", b"503", b"599"):
            client.send(way.head(b"GET", b"/" + status))
            got.append(client.answer())
    return both(site, *got)
