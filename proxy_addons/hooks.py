"""The addon in mitmproxy that asks: hooks to exchanges, answers to responses. It decides nothing itself.

A request is judged as early as it can be: at its headers, or with its body when that is small enough to look into. No
origin is contacted before. Nothing of a flow is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from mitmproxy import http, tcp, udp

from policy.safe import is_protected
from proxy_addons.blocking import (
    ANSWERED,
    FAILED,
    PASSED,
    SMALL,
    TROUBLE,
    clean,
    is_websocket,
    respond,
)
from proxy_addons.connections import Connections, Line
from proxy_addons.egress import UNREACHABLE, Egress
from proxy_addons.entrances import Entrances, way_of
from proxy_addons.facts import Away, Exchange
from proxy_addons.failsafe import Failsafe
from proxy_addons.heads import (
    exchange_of,
    kind_of_trouble,
    left,
    looked_into,
    read_in_two_ways,
    rewritten,
    size_of_body,
    to_websocket,
)
from proxy_addons.kept import UNKEPT
from proxy_addons.unknown import Look, Unknown
from proxy_addons.uploads import Upload

BUFFERED = 256 * 1024  # bytes of a response that are held before they are passed on; longer ones stream
_WAITING = "klaswacht.waiting"  # mark: the exchange that is judged when its body is in
_BODY = "klaswacht.body"  # mark: counted as a body that is still coming
_EARLY = "klaswacht.early"  # mark: answered by the origin while the body was still going out
_COOKIE = "klaswacht.cookie"  # goes with the site's own answer
_UNKEPT = "klaswacht.unkept"  # no browser may keep it
_WATCHED = "klaswacht.watched"  # the beginning of a long body is judged before it goes on
_LOOK = "klaswacht.look"  # a look at the page, when its body is in

HOOKS = (
    "client_connected",
    "client_disconnected",
    "http_connect",
    "tls_clienthello",
    "tls_failed_client",
    "next_layer",
    "server_connect",
    "requestheaders",
    "request",
    "responseheaders",
    "response",
    "error",
    "websocket_message",
    "websocket_end",
    "tcp_start",
    "udp_start",
)
"""Every mitmproxy hook that `Hooks` takes."""


class Hooks(Entrances):
    """All that the guard hears of mitmproxy: one for a worker."""

    def __init__(
        self, failsafe: Failsafe, connections: Connections, egress: Egress, unknown: Unknown | None = None
    ) -> None:
        super().__init__(failsafe, connections, egress)
        self._unknown = unknown

    # --- requests ----------------------------------------------------------------------------------------------------

    def requestheaders(self, flow: http.HTTPFlow) -> Coroutine[Any, Any, None] | None:
        """Judge now, unless there is a body to look into."""
        if flow.error:
            return None  # mitmproxy refuses it itself and only shows it
        if read_in_two_ways(flow.request):
            flow.kill()  # no browser sends it, and who knows what an origin makes of it
            return None
        line = self._line(flow.client_conn)
        line.heads += 1
        line.begun = True
        line.http2 = flow.request.is_http2
        exchange = exchange_of(flow, line)
        clean(flow.request)
        size = size_of_body(flow.request)
        if size is not None and 0 < size <= looked_into(flow.request):
            flow.metadata[_WAITING] = exchange
            self._body_comes(flow, line)
            return None
        return self._judge_head(flow, line, exchange, size)

    async def _judge_head(self, flow: http.HTTPFlow, line: Line, exchange: Exchange, size: int | None) -> None:
        await self._judge(flow, line, exchange)
        if size == 0:
            return
        self._body_comes(flow, line)
        if flow.response is None:
            flow.request.stream = self._streams(flow, line, exchange)
        elif size is None or size > SMALL:
            flow.kill()  # nobody waits for a big body only to answer no

    def _streams(self, flow: http.HTTPFlow, line: Line, exchange: Exchange) -> Callable[[bytes], list[bytes]] | bool:
        """How a long body goes out: with its beginning judged, where anybody looks at it."""
        running = line.running.get(flow.id)
        before = running.request if running is not None else None
        if before is None or not flow.metadata.get(_WATCHED):
            return True

        def judge(first: bytes) -> bool:
            return self._failsafe.sent(replace(exchange, body=first), before)

        return Upload(looked_into(flow.request), judge, lambda: self._connections.close(flow.client_conn.id)).passing

    def _body_comes(self, flow: http.HTTPFlow, line: Line) -> None:
        line.bodies += 1
        flow.metadata[_BODY] = True

    def request(self, flow: http.HTTPFlow) -> Coroutine[Any, Any, None] | None:
        """Judge with the body, where there was one to look into."""
        self._body_done(flow)
        exchange = flow.metadata.pop(_WAITING, None)
        if exchange is not None and flow.response is None:
            return self._judge_whole(flow, replace(exchange, body=flow.request.raw_content))
        if PASSED not in flow.metadata and flow.response is None:
            respond(flow, self._failsafe.page())  # never judged: cannot be, and does not pass
        self._answered_early(flow)
        return None

    async def _judge_whole(self, flow: http.HTTPFlow, exchange: Exchange) -> None:
        await self._judge(flow, self._line(flow.client_conn), exchange)
        self._answered_early(flow)

    def _answered_early(self, flow: http.HTTPFlow) -> None:
        if _EARLY in flow.metadata:
            self._connections.end(flow.client_conn.id, flow.id)

    async def _judge(self, flow: http.HTTPFlow, line: Line, exchange: Exchange) -> None:
        """Ask, and apply the word to the flow; meanwhile the client is not read far ahead."""
        line.judging += 1
        try:
            await self._ask(flow, line, exchange)
        finally:
            line.judging -= 1

    async def _ask(self, flow: http.HTTPFlow, line: Line, exchange: Exchange) -> None:
        if self._egress.loops.request_back(exchange.headers.get("via", "")):
            self._failsafe.turned_away(Away.LOOP)
            respond(flow, self._failsafe.trouble(exchange, UNREACHABLE))
            return
        ruling = await self._failsafe.ask(exchange)
        if ruling.answer is not None:
            respond(flow, ruling.answer)
            return
        until = ruling.decision.valid_until if ruling.decision is not None else None
        if not self._connections.begin(flow.client_conn.id, flow.id, ruling.request, until):
            flow.kill()
            return
        flow.metadata[PASSED] = True
        line.safe = is_protected(ruling.request)
        flow.metadata[_COOKIE] = ruling.cookie
        flow.metadata[_WATCHED] = ruling.watched
        flow.metadata[_UNKEPT] = not ruling.kept
        if ruling.rewrite is not None:
            rewritten(flow.request, ruling.rewrite)
        if self._egress.may_come_back(flow.request.scheme, flow.request.host, flow.request.port):
            steps = (*flow.request.headers.get_all("via"), self._egress.loops.via(http2=flow.request.is_http2))
            flow.request.headers["via"] = ", ".join(steps)
        if flow.server_conn.error:  # the origin's handshake came first, and failed
            kind: str | None = kind_of_trouble(flow.server_conn.error)
        else:
            self._egress.choose(way_of(line))
            kind = await self._egress.trouble(flow.request.host, flow.request.port)
        if kind is not None:
            respond(flow, self._failsafe.trouble(exchange, kind))

    # --- responses ---------------------------------------------------------------------------------------------------

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Stream what is long or endless; take off what leads around the guard."""
        response = flow.response
        if (
            response is not None
            and self._connections.draining
            and response.status_code != 101
            and not flow.request.is_http2
        ):
            response.headers["connection"] = "close"  # the next request goes to the worker that takes over
        if response is None or ANSWERED in flow.metadata:
            return
        self._failsafe.reached(flow.request.host, secure=flow.request.scheme == "https")
        response.headers.pop("alt-svc", None)
        if flow.metadata.get(_COOKIE):
            response.headers.add("set-cookie", flow.metadata[_COOKIE])
        if flow.metadata.get(_UNKEPT):
            name, value = UNKEPT
            response.headers[name] = value
        if response.status_code == 101 and not (is_websocket(flow.request) and to_websocket(response)):
            flow.kill()  # a raw tunnel by another name
            return
        if response.status_code == 407:
            # Only the guard may ask for a device key.
            response.status_code = 502
            response.headers.pop("proxy-authenticate", None)
        length = response.headers.get("content-length", "")
        response.stream = response.status_code != 101 and (not length.isdecimal() or int(length) > BUFFERED)
        look = self._look(flow, response)
        if look is not None and response.stream:
            response.stream = look.passing
        elif look is not None:
            flow.metadata[_LOOK] = look

    def response(self, flow: http.HTTPFlow) -> None:
        """An exchange is done, unless it goes on as a WebSocket."""
        if FAILED in flow.metadata and not flow.metadata[FAILED].sent:
            respond(flow, flow.metadata[FAILED].page)
        look = flow.metadata.pop(_LOOK, None)
        if look is not None and flow.response is not None and FAILED not in flow.metadata:
            look.passing(flow.response.raw_content or b"")
            look.passing(b"")
        if flow.websocket is not None:
            line = self._line(flow.client_conn)
            line.raw = True
            if self._unknown is not None and flow.id in line.running:
                self._unknown.talked(line.running[flow.id].request)
        elif flow.request.stream and flow.request.timestamp_end is None:
            flow.metadata[_EARLY] = True
        else:
            self._connections.end(flow.client_conn.id, flow.id)

    def error(self, flow: http.HTTPFlow) -> None:
        """An exchange failed; mitmproxy answers next, in this same task, with the page that is put ready here."""
        line = self._connections.get(flow.client_conn.id)
        if line is None:
            return
        self._body_done(flow)
        if PASSED in flow.metadata and flow.error is not None and not line.closed and not left(flow):
            kind = kind_of_trouble(flow.error.msg)
            TROUBLE.set(self._failsafe.trouble(exchange_of(flow, line), kind))
        self._connections.end(flow.client_conn.id, flow.id)

    # --- WebSockets and raw flows ------------------------------------------------------------------------------------

    def websocket_message(self, flow: http.HTTPFlow) -> None:
        """Every message asks whether the connection is still permitted; mitmproxy would keep them all."""
        if flow.websocket is None:
            return
        message = flow.websocket.messages[-1]
        del flow.websocket.messages[:-1]
        if (line := self._connections.get(flow.client_conn.id)) is not None:
            line.heads += 1
        if not self._connections.alive(flow.client_conn.id, flow.id):
            message.drop()
            self._connections.close(flow.client_conn.id)

    def websocket_end(self, flow: http.HTTPFlow) -> None:
        """A WebSocket is done."""
        self._connections.end(flow.client_conn.id, flow.id)

    def tcp_start(self, flow: tcp.TCPFlow) -> None:
        """Never happens behind `next_layer`; closed all the same."""
        self._connections.close(flow.client_conn.id)

    def udp_start(self, flow: udp.UDPFlow) -> None:
        """Never happens behind `next_layer`; closed all the same."""
        self._connections.close(flow.client_conn.id)

    def _look(self, flow: http.HTTPFlow, response: http.Response) -> Look | None:
        """A look at what a pupil opens, where nobody lists the site."""
        line = self._connections.get(flow.client_conn.id)
        running = line.running.get(flow.id) if line is not None else None
        if self._unknown is None or running is None:
            return None
        kind, coding = (response.headers.get(name, "") for name in ("content-type", "content-encoding"))
        return self._unknown.look(running.request, response.status_code, kind, coding)

    def _body_done(self, flow: http.HTTPFlow) -> None:
        if flow.metadata.pop(_BODY, False) and (line := self._connections.get(flow.client_conn.id)):
            line.bodies -= 1
