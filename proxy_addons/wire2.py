"""HTTP/2 on the wire, where mitmproxy's does less.

* An origin that says goodbye (GOAWAY without a fault, as every web server does when it restarts, or after a thousand
  requests) ends what is under way; mitmproxy breaks all of it off. What comes next goes on a new connection.
* What an origin has not begun (REFUSED_STREAM, or past its goodbye) the client may ask again, and is told so.
* Who answers before an upload is over, and wants no more of it, is heard.
* 1xx passes.
* Each stream goes as fast as the other side takes it: what is not taken waits at the sender, and not in the guard.

Everything of mitmproxy and h2 that is used here is held by `tests/proxy_addons/test_wire2.py`.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, cast

import h2.connection
import h2.errors
import h2.events
from mitmproxy import http
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import CommandGenerator
from mitmproxy.proxy.layers.http import _http2
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    RequestData,
    RequestHeaders,
    ResponseData,
    ResponseProtocolError,
)
from mitmproxy.proxy.layers.http._http_h2 import BufferedH2Connection

from proxy_addons.wire import AGAIN, Enough, Interim, RequestFlow, ResponseFlow

WINDOW = 2 * 1024 * 1024  # bytes that one stream may send ahead
HELD = 1024 * 1024  # bytes of a stream that wait for the other side, before its sender waits too
_LEAVING = "klaswacht_leaving"
_SAFE = frozenset({b"GET", b"HEAD", b"OPTIONS"})


def leaving(connection: object) -> bool:
    """Whether an origin takes nothing new on a connection."""
    return _LEAVING in vars(connection)


class Line(BufferedH2Connection):
    """The frames of one connection, either side."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.local_settings.initial_window_size = WINDOW
        self.local_settings.acknowledge()
        self.waiting: set[int] = (
            set()
        )  # streams whose sender waits, because the other side of the guard does not take it
        self.owed: Counter[int] = Counter()  # bytes of them that were not acknowledged
        self.full: set[int] = set()  # streams of which too much is held here

    def _receive_goaway_frame(self, frame: Any) -> tuple[list[Any], list[h2.events.Event]]:
        """A goodbye leaves what is under way as it is; h2 would take no frame of it any more."""
        if frame.error_code != h2.errors.ErrorCodes.NO_ERROR or not self.config.client_side:
            return super()._receive_goaway_frame(frame)
        goodbye = h2.events.ConnectionTerminated()
        goodbye.error_code, goodbye.last_stream_id = h2.errors.ErrorCodes.NO_ERROR, frame.last_stream_id
        goodbye.additional_data = None
        return [], [goodbye]

    def send_data(self, stream_id: int, data: Any, end_stream: bool = False, pad_length: Any = None) -> None:
        """As mitmproxy's, which forgets the end of what takes more than one frame: our own page for a fault, say."""
        super().send_data(stream_id, data, end_stream, pad_length)
        if end_stream and len(data) > self.max_outbound_frame_size:
            self.end_stream(stream_id)

    def acknowledge_received_data(self, acknowledged_size: int, stream_id: int) -> None:
        """Let the sender send more, unless it has to wait."""
        if stream_id in self.waiting:
            self.owed[stream_id] += acknowledged_size
        else:
            super().acknowledge_received_data(acknowledged_size, stream_id)

    def wait(self, stream_id: int) -> None:
        """The sender of a stream waits."""
        self.waiting.add(stream_id)

    def go_on(self, stream_id: int) -> None:
        """The sender of a stream goes on, or is gone."""
        self.waiting.discard(stream_id)
        owed = self.owed.pop(stream_id, 0)
        if owed and self.state_machine.state is not h2.connection.ConnectionState.CLOSED:
            super().acknowledge_received_data(owed, stream_id)

    def held(self, stream_id: int) -> int:
        """How many bytes of a stream wait for the other side."""
        return sum(len(piece.data) for piece in self.stream_buffers.get(stream_id, ()))

    def too_full(self, stream_id: int) -> bool:
        """Whether from now on too much is held of a stream."""
        if stream_id in self.full or self.held(stream_id) <= HELD:
            return False
        self.full.add(stream_id)
        return True

    def emptied(self) -> list[int]:
        """The streams of which no longer too much is held."""
        found = [number for number in self.full if self.held(number) <= HELD // 2]
        self.full.difference_update(found)
        return found


def _line(side: _http2.Http2Connection) -> Line:
    return cast(Line, side.h2_conn)


def _sent(side: _http2.Http2Connection) -> CommandGenerator[None]:
    if data := side.h2_conn.data_to_send():
        yield commands.SendData(side.conn, data)


class Near2(_http2.Http2Server):
    """The client's side."""

    def _handle_event(self, event: events.Event) -> CommandGenerator[None]:
        line = _line(self)
        match event:
            case Interim():
                if self.is_open_for_us(event.stream_id):
                    fields = [(b":status", b"%d" % event.response.status_code), *_lower(event.response.headers)]
                    line.send_headers(event.stream_id, fields)
                    yield from _sent(self)
            case Enough():
                if not self.is_closed(event.stream_id):
                    line.end_stream(event.stream_id) if self.is_open_for_us(event.stream_id) else None
                    line.reset_stream(event.stream_id, h2.errors.ErrorCodes.NO_ERROR)
                    self.streams.pop(event.stream_id, None)
                    yield from _sent(self)
            case RequestFlow():
                line.wait(event.stream_id) if event.full else line.go_on(event.stream_id)
                yield from _sent(self)
            case ResponseProtocolError(message=message) if message == AGAIN and not self.is_closed(event.stream_id):
                line.reset_stream(event.stream_id, h2.errors.ErrorCodes.REFUSED_STREAM)
                yield from _sent(self)
            case _:
                yield from super()._handle_event(event)
                yield from self._flow(event)

    def _flow(self, event: events.Event) -> CommandGenerator[None]:
        line = _line(self)
        if isinstance(event, ResponseData):
            if line.too_full(event.stream_id):
                yield ReceiveHttp(ResponseFlow(event.stream_id, full=True))
        elif isinstance(event, events.DataReceived) and line.full:
            for number in line.emptied():
                yield ReceiveHttp(ResponseFlow(number, full=False))

    def handle_h2_event(self, event: h2.events.Event) -> CommandGenerator[bool]:
        """As mitmproxy; who is over waits no more."""
        if isinstance(event, h2.events.StreamEnded | h2.events.StreamReset) and event.stream_id is not None:
            _line(self).go_on(event.stream_id)
        return (yield from super().handle_h2_event(event))


class Far2(_http2.Http2Client):
    """The origin's side."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._safe: set[int] = set()  # streams that may be asked again, by their method
        self._answered: set[int] = set()  # streams whose answer is whole
        self._served = 0

    def _handle_event(self, event: events.Event) -> CommandGenerator[None]:
        if isinstance(event, ResponseFlow | Enough):
            ours = self.our_stream_id.get(event.stream_id)
            if ours is not None and isinstance(event, ResponseFlow):
                _line(self).wait(ours) if event.full else _line(self).go_on(ours)
                yield from _sent(self)
            return
        yield from super()._handle_event(event)
        if isinstance(event, events.DataReceived) and not self.streams and not self.stream_queue and leaving(self.conn):
            yield commands.CloseConnection(self.conn)

    def _handle_event2(self, event: events.Event) -> CommandGenerator[None]:
        if isinstance(event, RequestHeaders) and event.request.data.method in _SAFE:
            self._safe.add(event.stream_id)
        yield from super()._handle_event2(event)
        line = _line(self)
        if isinstance(event, RequestData):
            if line.too_full(event.stream_id):
                yield ReceiveHttp(RequestFlow(event.stream_id, full=True))
        elif isinstance(event, events.DataReceived) and line.full:
            for number in line.emptied():
                yield ReceiveHttp(RequestFlow(number, full=False))

    def handle_h2_event(self, event: h2.events.Event) -> CommandGenerator[bool]:
        """As mitmproxy; see above."""
        match event:
            case h2.events.InformationalResponseReceived():
                return (yield from self._hint(event))
            case h2.events.ConnectionTerminated(error_code=h2.errors.ErrorCodes.NO_ERROR):
                return (yield from self._goodbye(event.last_stream_id or 0))
            case h2.events.StreamEnded(stream_id=int(number)):
                _line(self).go_on(number)
                self._answered.add(number)
                self._served += 1
            case h2.events.StreamReset(stream_id=int(number)):
                _line(self).go_on(number)
                if number in self.streams and event.error_code == h2.errors.ErrorCodes.REFUSED_STREAM:
                    yield from self._again(number)
                    return False
                if number in self.streams and number in self._answered:
                    self.streams.pop(number)
                    yield ReceiveHttp(Enough(number))
                    return False
            case _:
                pass
        return (yield from super().handle_h2_event(event))

    def close_connection(self, msg: str) -> CommandGenerator[None]:
        """As mitmproxy; what got no word on a connection that was used before may be asked again."""
        if self._served:
            for number, state in tuple(self.streams.items()):
                if state is _http2.StreamState.EXPECTING_HEADERS and number in self._safe:
                    yield from self._again(number)
        yield from super().close_connection(msg)

    def _hint(self, event: h2.events.InformationalResponseReceived) -> CommandGenerator[bool]:
        status, fields = _http2.parse_h2_response_headers(event.headers)
        if status != 100 and event.stream_id is not None:
            response = http.Response(b"HTTP/2.0", status, b"", fields, None, None, 0.0, 0.0)
            yield ReceiveHttp(Interim(event.stream_id, response))
        return False

    def _goodbye(self, last: int) -> CommandGenerator[bool]:
        vars(self.conn)[_LEAVING] = True
        for number in [number for number in self.streams if number > last]:
            yield from self._again(number)
        queued, self.stream_queue = self.stream_queue, type(self.stream_queue)(list)
        for theirs in queued:
            ours = self.h2_conn.get_next_available_stream_id()  # only a name for it; nothing is sent
            self.their_stream_id[ours] = theirs
            yield ReceiveHttp(ResponseProtocolError(ours, AGAIN, ErrorCode.GENERIC_SERVER_ERROR))
        return False

    def _again(self, number: int) -> CommandGenerator[None]:
        self.streams.pop(number, None)
        yield ReceiveHttp(ResponseProtocolError(number, AGAIN, ErrorCode.GENERIC_SERVER_ERROR))


def _lower(headers: http.Headers) -> list[tuple[bytes, bytes]]:
    drop = (b"connection", b"keep-alive", b"transfer-encoding", b"upgrade", b"proxy-connection")
    return [(name.lower(), value) for name, value in headers.fields if name.lower() not in drop]
