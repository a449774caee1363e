"""What the head of a message says, in mitmproxy's terms: its address, how much body is to come, whether it is HTTP."""

from __future__ import annotations

import re

from mitmproxy import http
from mitmproxy.net.http import http1
from mitmproxy.net.http import url as urls

from proxy_addons import egress as ways
from proxy_addons.blocking import SMALL
from proxy_addons.facts import Rewrite

LOOK_INTO = 64 * 1024  # bytes of a request body that are read before judging
_BODYLESS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "DELETE"})
_REQUEST_LINE = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+ \S+ HTTP/1\.[01]\r?")
_LONGEST_LINE = 64 * 1024
_NO_NAME = ("getaddrinfo", "name or service", "name resolution", "name not found", "no address")


def kind_of_trouble(message: str) -> str:
    """What went wrong with an origin, by mitmproxy's or the system's words (the kinds are `Gate.trouble`'s)."""
    lower = message.lower()
    if "certificate" in lower:
        return "certificate"
    if any(words in lower for words in _NO_NAME):
        return ways.NOWHERE
    return "timeout" if "timed out" in lower else ways.UNREACHABLE


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
    """
    if request.is_http2 and not request.path.startswith("/"):
        return ""
    if ":" in request.host:
        # Of an IPv6 address mitmproxy keeps no brackets, without which its last part reads as a port.
        return urls.unparse(request.scheme, f"[{request.host}]", request.port, request.path)
    return request.url


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
