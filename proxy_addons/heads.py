"""What the head of a message says, in mitmproxy's terms: what is asked, how much body comes, whether it is HTTP."""

from __future__ import annotations

import re
from dataclasses import replace

from mitmproxy import http
from mitmproxy.connection import ConnectionState
from mitmproxy.net.http import http1
from mitmproxy.net.http import url as urls

from proxy_addons import egress as ways
from proxy_addons.blocking import SMALL, is_websocket, names_in_play
from proxy_addons.connections import Line
from proxy_addons.facts import Exchange, Peer, Rewrite

LOOK_INTO = 64 * 1024  # bytes of a request body that are read before judging
_BODYLESS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "DELETE"})
_REQUEST_LINE = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+ \S+ HTTP/1\.[01]\r?")
_LONGEST_LINE = 64 * 1024
_BREAKS = re.compile(rb"[\r\n\0]")
_FRAMING = frozenset({b"host", b"content-length", b"transfer-encoding"})
_NOT_SAFE = ("certificate", "tls version", "speak tls", "ssl routines", " alert ")
"""What is said of a site that cannot be trusted to be the one it says: by its certificate, or TLS that is none."""
_NO_NAME = ("getaddrinfo", "name or service", "name resolution", "name not found", "no address")


def exchange_of(flow: http.HTTPFlow, line: Line) -> Exchange:
    """What is to be judged, in the words of the door: the head of a request with every name it goes by."""
    request = flow.request
    headers: dict[str, str] = {}
    for raw_name, raw_value in request.headers.fields:
        name = raw_name.decode("latin-1").lower()
        if name.startswith("proxy-"):
            continue
        value = raw_value.decode("utf-8", "surrogateescape")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Exchange(
        peer=_peer(line, request),
        method=request.method,
        scheme=request.scheme,
        url=url_of(request),
        hosts=names_in_play(flow),
        connect=line.connect[0] if line.connect else None,
        sni=line.sni,
        headers=headers,
        websocket=is_websocket(request),
    )


def _peer(line: Line, request: http.Request) -> Peer:
    """The peer with the credentials of this very request, where it is one to the proxy."""
    if line.connect is None:
        credentials = request.headers.get_all("proxy-authorization")
        if credentials:
            return replace(line.peer, credentials=", ".join(credentials))
    return line.peer


def read_in_two_ways(request: http.Request) -> bool:
    """Whether an origin may find something else in a request than what is judged: another end, another one behind it.

    mitmproxy keeps a folded line, and a lone CR, in a value as they came (RFC 9112, 5.2 and 2.2: not to be sent on);
    over HTTP/2 there may be anything in it. Servers that hand headers on as variables read `_` as `-`, and a front that
    takes off what `Connection` names would take off the length.
    """
    for name, value in request.headers.fields:
        if _BREAKS.search(value):  # names have been looked at by mitmproxy
            return True
        if b"_" in name and name.replace(b"_", b"-").lower() in _FRAMING:
            return True
        if name.lower() == b"connection" and not _FRAMING.isdisjoint(
            token.strip() for token in value.lower().split(b",")
        ):
            return True
    return any(_BREAKS.search(one) for one in (request.data.path, request.data.authority, request.data.method))


def kind_of_trouble(message: str) -> str:
    """What went wrong with an origin, by mitmproxy's or the system's words (the kinds are `Gate.trouble`'s)."""
    lower = message.lower()
    if any(words in lower for words in _NOT_SAFE):
        return "certificate"
    if "temporary failure in name resolution" in lower:
        return ways.UNANSWERED
    if any(words in lower for words in _NO_NAME):
        return ways.NOWHERE
    return "timeout" if "timed out" in lower else ways.UNREACHABLE


def left(flow: http.HTTPFlow) -> bool:
    """Whether an exchange failed because its client went away, or wanted it no more: no trouble of the origin's."""
    message = flow.error.msg if flow.error is not None else ""
    gone = flow.client_conn.state is ConnectionState.CLOSED
    return gone or message.startswith(("Client disconnected", "stream reset by client"))


def looked_into(request: http.Request) -> int:
    """How long a body may be to be read before judging: files may be longer, to tell a document from a photo."""
    kind = request.headers.get("content-type", "").strip().lower()
    return SMALL if kind.startswith(("multipart/", "application/octet-stream")) else LOOK_INTO


def size_of_body(request: http.Request) -> int | None:
    """How many bytes of body are to come; None when that is not said."""
    if request.is_http2:
        length = request.headers.get("content-length", "")
        if length.isdecimal():
            return int(length)
        return 0 if request.method in _BODYLESS else None
    try:
        return http1.expected_http_body_size(request)
    except ValueError:
        return None


def to_websocket(response: http.Response) -> bool:
    """Whether a response switches to WebSocket."""
    return bool(response.headers.get("upgrade", "").strip().lower() == "websocket")


def url_of(request: http.Request) -> str:
    """The address that is asked for; empty when HTTP/2 gives a path that is none.

    An origin may take `https://other.site/` for a path as a whole address, and answer for that site (RFC 9112, 3.2.2).
    A `#` is a sign like any other here: what browsers do not send, many a server does not take for an end.
    """
    if request.is_http2 and not request.path.startswith("/"):
        return ""
    if ":" in request.host:
        # Of an IPv6 address mitmproxy keeps no brackets, without which its last part reads as a port.
        return urls.unparse(request.scheme, f"[{request.host}]", request.port, request.path).replace("#", "%23")
    return request.url.replace("#", "%23")


def rewritten(request: http.Request, rewrite: Rewrite) -> None:
    """Change a request to what it must say. HTTP/2 may have its cookies in several fields; they become one."""
    if rewrite.target is not None:
        request.path = rewrite.target
    for name, value in rewrite.headers:
        request.headers.pop(name, None)
        # HTTP/2 allows no capitals in a name, HTTP/1 does not mind.
        request.headers[name.lower() if request.is_http2 else name] = value
    if rewrite.cookies:
        ours = {name for name, _ in rewrite.cookies}
        kept = [pair for line in request.headers.get_all("cookie") for pair in line.split(";")]
        kept = [pair.strip() for pair in kept if pair.strip() and pair.partition("=")[0].strip() not in ours]
        request.headers.pop("cookie", None)
        request.headers["cookie"] = "; ".join((*kept, *(f"{name}={value}" for name, value in rewrite.cookies)))
    if rewrite.body is not None:
        request.content = rewrite.body


def looks_like_http(data: bytes) -> bool | None:
    """Whether this is the start of an HTTP/1 request; None when there is too little of it to say."""
    line, end, _ = data.partition(b"\n")
    if end:
        return _REQUEST_LINE.fullmatch(line) is not None
    if len(data) > _LONGEST_LINE or not re.fullmatch(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]*( .*)?", data, re.DOTALL):
        # The first bytes of a TLS record are no letters; wait for the third, then it is known.
        return None if len(data) < 3 and data[:1] == b"\x16" else False
    return None
