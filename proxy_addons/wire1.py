"""HTTP/1 on the wire, where mitmproxy's does less: trailers, 1xx, and bodies that broke off and must not look whole.

* Trailers pass both ways; mitmproxy raises at them.
* A 1xx of an origin passes (but for 100, which the guard itself has said); mitmproxy takes it for the answer.
* A body without a length goes on in chunks, so that a client can tell its end from a connection that broke, and keeps
  its connection. HTTP/1.0 knows no chunks; there the end of the connection stays the end.
* A length that is said twice, and the same, is said once.
* When a connection that was used before ends without a word, so does the client's: browsers then ask anew by
  themselves, which they do not do when they are shown a page.

Everything of mitmproxy and h11 that is used here is held by `tests/proxy_addons/test_wire1.py`.
"""

from __future__ import annotations

from typing import Any

import h11
from h11._readers import ChunkedReader, Http10Reader
from mitmproxy import http
from mitmproxy.connection import ConnectionState
from mitmproxy.net.http import http1
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.layer import CommandGenerator
from mitmproxy.proxy.layers.http import _http1
from mitmproxy.proxy.layers.http._base import HttpEvent, ReceiveHttp
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    RequestEndOfMessage,
    RequestTrailers,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseProtocolError,
    ResponseTrailers,
)

from proxy_addons.ends import broken
from proxy_addons.wire import AGAIN, Enough, Interim, RequestFlow, ResponseFlow

_END = b"0\r\n\r\n"
_NO_TRAILERS = frozenset(
    {b"transfer-encoding", b"content-length", b"host", b"trailer", b"connection", b"upgrade", b"alt-svc", b"set-cookie"}
)
"""What frames or routes a message, or leads around the guard, has no place behind its body (RFC 9110, 6.5.1)."""


def trailing(fields: Any) -> http.Headers:
    """The fields behind a body that may pass."""
    kept = [(bytes(name), bytes(value)) for name, value in fields]
    return http.Headers(
        [(n, v) for n, v in kept if n.lower() not in _NO_TRAILERS and not n.lower().startswith(b"proxy-")]
    )


class Chunks(ChunkedReader):
    """Reads chunks, and keeps what is behind them."""

    trailers: http.Headers | None = None

    def __call__(self, buf: Any) -> h11.Data | h11.EndOfMessage | None:
        """The next piece; the end comes without its trailers."""
        found = super().__call__(buf)
        if isinstance(found, h11.EndOfMessage) and found.headers:
            self.trailers = trailing(found.headers.raw_items())
            return h11.EndOfMessage()
        return found


def reader_of(expected_size: int | None) -> Any:
    """What reads a body; in the place of mitmproxy's `make_body_reader`."""
    return Chunks() if expected_size is None else _make_body_reader(expected_size)


_make_body_reader = _http1.make_body_reader


def _with(trailers: http.Headers | None, command: commands.Command) -> commands.Command:
    """A command; the last chunk with its trailers."""
    if trailers and isinstance(command, commands.SendData) and command.data == _END:
        return commands.SendData(command.connection, b"0\r\n" + bytes(trailers) + b"\r\n")
    return command


class Near1(_http1.Http1Server):
    """The client's side."""

    _trailers: http.Headers | None = None

    def read_body(self, event: events.Event) -> CommandGenerator[None]:
        """As mitmproxy, with trailers."""
        for command in super().read_body(event):
            if isinstance(command, ReceiveHttp) and isinstance(command.event, RequestEndOfMessage):
                trailers = getattr(self.body_reader, "trailers", None)
                if trailers:
                    yield ReceiveHttp(RequestTrailers(self.stream_id, trailers))
            yield command

    def send(self, event: HttpEvent) -> CommandGenerator[None]:
        """As mitmproxy; see above."""
        if isinstance(event, Interim):
            yield from self._hint(event)
        elif isinstance(event, ResponseTrailers):
            self._trailers = event.trailers
        elif isinstance(event, Enough | RequestFlow):
            if isinstance(event, Enough):
                yield commands.CloseConnection(self.conn)
        elif isinstance(event, ResponseProtocolError) and event.message == AGAIN and not self.response:
            yield commands.CloseConnection(self.conn)
        elif isinstance(event, ResponseEndOfMessage):
            for command in super().send(event):
                yield _with(self._trailers, command)
            self._trailers = None
        else:
            yield from super().send(self._framed(event) if isinstance(event, ResponseHeaders) else event)

    def _hint(self, event: Interim) -> CommandGenerator[None]:
        if self.request is not None and self.request.is_http11 and not self.response:
            event.response.http_version = "HTTP/1.1"
            yield commands.SendData(self.conn, http1.assemble_response_head(event.response))

    def _framed(self, event: ResponseHeaders) -> ResponseHeaders:
        """A head whose body has an end."""
        if self.request is None or not self.request.is_http11 or event.response.status_code < 200:
            return event
        try:
            open_end = http1.expected_http_body_size(self.request, event.response) == -1
        except ValueError:
            return event
        if not open_end or "transfer-encoding" in event.response.headers:
            return event
        response = event.response.copy()
        if not (response.is_http2 or response.is_http3):
            response.http_version = "HTTP/1.1"
        response.headers["transfer-encoding"] = "chunked"
        return ResponseHeaders(event.stream_id, response, event.end_stream)


class Far1(_http1.Http1Client):
    """The origin's side."""

    _trailers: http.Headers | None = None
    _served = 0  # answers that came on this connection

    def read_body(self, event: events.Event) -> CommandGenerator[None]:
        """As mitmproxy, with trailers; what a fault ended is not whole."""
        open_end = isinstance(event, events.ConnectionClosed) and isinstance(self.body_reader, Http10Reader)
        if open_end and broken(self.conn) and self.stream_id is not None:
            yield commands.CloseConnection(self.conn)
            wrong = ResponseProtocolError(self.stream_id, "connection reset", ErrorCode.GENERIC_SERVER_ERROR)
            yield ReceiveHttp(wrong)
            return
        for command in super().read_body(event):
            if isinstance(command, ReceiveHttp) and isinstance(command.event, ResponseEndOfMessage):
                trailers = getattr(self.body_reader, "trailers", None)
                if trailers:
                    yield ReceiveHttp(ResponseTrailers(command.event.stream_id, trailers))
            yield command

    def send(self, event: HttpEvent) -> CommandGenerator[None]:
        """As mitmproxy, with trailers."""
        if isinstance(event, RequestTrailers):
            self._trailers = trailing(event.trailers.fields)
        elif isinstance(event, ResponseFlow | Enough):
            return
        elif isinstance(event, RequestEndOfMessage):
            for command in super().send(event):
                yield _with(self._trailers, command)
            self._trailers = None
        else:
            yield from super().send(event)

    def read_headers(self, event: events.ConnectionEvent) -> CommandGenerator[None]:
        """As mitmproxy, with what may come before an answer."""
        if isinstance(event, events.DataReceived) and self.request is not None and self.stream_id is not None:
            while (start := bytes(self.buf._data[:12])).startswith((b"HTTP/1.1 1", b"HTTP/1.0 1")):
                if len(start) < 12:
                    return
                if start.endswith(b"101") or (lines := self.buf.maybe_extract_lines()) is None:
                    break
                try:
                    response = http1.read_response_head([bytes(line) for line in lines])
                except ValueError:
                    continue
                if response.status_code != 100:
                    yield ReceiveHttp(Interim(self.stream_id, response))
            if not self.buf:
                return
        elif isinstance(event, events.ConnectionClosed) and self.stream_id and self._served and not self.buf:
            if self.conn.state & ConnectionState.CAN_WRITE:
                yield commands.CloseConnection(self.conn)
            yield ReceiveHttp(ResponseProtocolError(self.stream_id, AGAIN, ErrorCode.GENERIC_SERVER_ERROR))
            return
        yield from super().read_headers(event)

    def mark_done(self, *, request: bool = False, response: bool = False) -> CommandGenerator[None]:
        """As mitmproxy, counted."""
        self._served += response
        yield from super().mark_done(request=request, response=response)


def said_once(response: http.Response) -> http.Response:
    """A head in which a length that was said twice, and the same, is said once."""
    lengths = response.headers.get_all("content-length")
    if len(lengths) > 1 and len(set(lengths)) == 1:
        response.headers["content-length"] = lengths[0]
    return response
