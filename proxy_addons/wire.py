"""What passes between the two sides of an exchange and mitmproxy does not know of: hints, and who waits for whom.

The layers of both sides (`wire1`, `wire2`) tell it to the exchange in the middle (`Exchange`), which passes it to the
other side. mitmproxy's own exchange swallows hints (1xx), holds an answer's end back until a request that was answered
early is over, and lets one side send as fast as it likes, however slowly the other side takes it.

Everything of mitmproxy that is used here is held by `tests/proxy_addons/test_wire.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from mitmproxy import http
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import CommandGenerator
from mitmproxy.proxy.layers import http as layers
from mitmproxy.proxy.layers.http import HttpStream, SendHttp
from mitmproxy.proxy.layers.http._base import HttpEvent
from mitmproxy.proxy.layers.http._events import ResponseEndOfMessage
from mitmproxy.proxy.layers.http._hooks import HttpErrorHook
from mitmproxy.proxy.layers.websocket import WebsocketEndHook, WebsocketLayer
from wsproto.frame_protocol import CloseReason

AGAIN = "klaswacht: nothing was done with it"
"""The message of an error after which whoever asked may ask again, and is not shown a page."""


@dataclass
class Interim(HttpEvent):
    """A 1xx that comes before the answer."""

    response: http.Response


@dataclass
class Enough(HttpEvent):
    """The origin has answered, and wants no more of the request."""


@dataclass
class RequestFlow(HttpEvent):
    """Whether the origin takes no more of a request's body for now."""

    full: bool


@dataclass
class ResponseFlow(HttpEvent):
    """Whether the client takes no more of an answer's body for now."""

    full: bool


class Exchange(HttpStream):
    """One request with its answer."""

    def __init__(self, context: Context, stream_id: int) -> None:
        super().__init__(context, stream_id)
        self._ended = False  # the client knows that the answer is whole

    def _handle_event(self, event: events.Event) -> CommandGenerator[None]:
        if isinstance(event, Interim):
            if self.server_state == self.state_wait_for_response_headers:
                event.response.headers.pop("alt-svc", None)
                yield SendHttp(event, self.context.client)
        elif isinstance(event, Enough):
            yield from self._enough(event)
        elif isinstance(event, RequestFlow):
            yield SendHttp(event, self.context.client)
        elif isinstance(event, ResponseFlow):
            if self.context.server.connected:
                yield SendHttp(event, self.context.server)
        else:
            yield from super()._handle_event(event)

    def send_response(self, already_streamed: bool = False) -> CommandGenerator[None]:
        """As mitmproxy; who has its answer before it has sent all learns at once that there is no more of it."""
        yield from super().send_response(already_streamed)
        response = self.flow.response
        answered = self.server_state == self.state_done and response is not None and response.status_code != 101
        if answered and self.client_state == self.state_stream_request_body:
            self._ended = True
            yield SendHttp(ResponseEndOfMessage(self.stream_id), self.context.client)

    def flow_done(self) -> CommandGenerator[None]:
        """As mitmproxy, without an end that was told before."""
        for command in super().flow_done():
            if not (self._ended and isinstance(command, SendHttp) and isinstance(command.event, ResponseEndOfMessage)):
                yield command

    def _enough(self, event: Enough) -> CommandGenerator[None]:
        """End a request in the middle, because its answer is there."""
        if self.server_state != self.state_done or self.client_state != self.state_stream_request_body:
            return
        self.client_state = self.server_state = self.state_errored
        self.flow.live = False
        yield HttpErrorHook(self.flow)
        yield SendHttp(event, self.context.client)
        yield layers.DropStream(self.stream_id)


class Socket(WebsocketLayer):
    """A WebSocket whose other side is gone without a word just ends; mitmproxy says that it was closed in order.

    Chats and quizzes join again after the one, and not after the other.
    """

    def relay_messages(self, event: events.Event) -> CommandGenerator[None]:
        """As mitmproxy; see above."""
        websocket = self.flow.websocket
        if not isinstance(event, events.ConnectionClosed) or websocket is None:
            yield from super().relay_messages(event)
            return
        websocket.closed_by_client = event.connection == self.context.client
        websocket.close_code = CloseReason.ABNORMAL_CLOSURE
        for side in (self.server_ws, self.client_ws):
            yield commands.CloseConnection(side.conn)
        yield WebsocketEndHook(self.flow)
        self.flow.live = False
        self._handle_event = self.done
