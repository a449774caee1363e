"""The page listener: plain http on the guard's own address. It has two faces, told apart by the `Host`.

Under the pupils' host, or an address of the guard itself, are the guard's own pages (`front`): PAC files, certificate.
Any other name is one that looked up here and closed: its page is the gate's, as on any other way in, and its `/pac/` is
not ours. A page of that name could read what we say about our ports, and a name that is open a moment later would keep
another's file in the browser's cache.

Nothing is fetched here for anybody. What comes in by https is not answered: a device without our CA would only be shown
a warning about a wrong certificate, which nobody should learn to click away.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from itertools import count
from typing import Any, cast

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders, HTTPServerRequest, ResponseStartLine
from tornado.iostream import IOStream, StreamClosedError

from policy.address import canonical_host
from proxy_addons.answers import elsewhere
from proxy_addons.facts import Answer, Exchange, Peer
from proxy_addons.faults import BROKEN, told
from proxy_addons.gate import Gate
from proxy_addons.names.server import admits, listening

_log = logging.getLogger(__name__)

MOST_HEAD = 32 * 1024  # bytes
MOST_BODY = 64 * 1024  # bytes: a form of our own page is far shorter
_PATIENCE = 10.0  # seconds for a head and for a body
_MOST, _EACH = 500, 40  # connections in all, and of one address
_SOON = ("Refresh", "6")  # seconds: by then the device has looked the name up again


class PageServer:
    """Answers http on one port. `dashboard` is where the guard's own name leads (an https address)."""

    def __init__(self, gate: Gate, dashboard: str, admit: Callable[[str], bool] = admits) -> None:
        self._admits = admit
        self._gate = gate
        self._dashboard = dashboard
        self._numbers = count()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: _Bounded | None = None

    def start(self, address: str, port: int) -> None:
        """Listen. Raises `OSError`."""
        self._port = port
        self._server = _Bounded(
            self._take,
            admit=self._admits,
            no_keep_alive=True,
            max_header_size=MOST_HEAD,
            max_body_size=MOST_BODY,
            max_buffer_size=2 * MOST_BODY,
            idle_connection_timeout=_PATIENCE,
            body_timeout=_PATIENCE,
        )
        self._server.add_sockets([listening(address, port)])

    async def stop(self) -> None:
        """Stop listening, and close what is open."""
        if self._server is not None:
            self._server.stop()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _take(self, request: HTTPServerRequest) -> None:
        task = asyncio.ensure_future(self._serve(request))
        self._tasks.add(task)

        def over(done: asyncio.Task[None]) -> None:
            self._tasks.discard(done)
            if (done.cancelled() or done.exception() is not None) and request.connection is not None:
                cast(Any, request.connection).close()  # nobody would say anything on it any more

        task.add_done_callback(over)

    async def _serve(self, request: HTTPServerRequest) -> None:
        try:
            exchange = self._exchange(request)
            reached = _reached(request)
            if exchange is None:
                answer = self._gate.failed(None, ours=False)
            elif self._gate.front.serves(exchange, reached):
                answer = self._gate.front.answer(exchange, reached)
            else:
                answer = await self._answer(exchange)
            await self._say(request, answer)
        except StreamClosedError:
            return
        except BROKEN as error:
            _log.error("a page could not be given: %s", told(error))
            await self._say(request, self._gate.failed(None))

    def _exchange(self, request: HTTPServerRequest) -> Exchange | None:
        """The request as an exchange; None when it asks for more than a page of ours (a proxy, another target)."""
        names = request.headers.get_list("host")
        target = request.uri or ""
        if len(names) != 1 or not target.startswith("/") or target.startswith("//"):
            return None
        peer = Peer(f"page-{next(self._numbers)}", request.remote_ip or "", self._port)
        headers = {name.lower(): ", ".join(request.headers.get_list(name)) for name in request.headers}
        url = f"http://{names[0]}{target}"
        return Exchange(
            peer, request.method or "GET", "http", url, tuple(names), headers=headers, body=request.body or None
        )

    async def _answer(self, exchange: Exchange) -> Answer:
        ruling = await self._gate.ask(exchange)
        if ruling.answer is not None:
            return ruling.answer
        host = canonical_host(exchange.hosts[0])
        if host is not None and self._gate.live.owns((host,)):
            return elsewhere(self._dashboard)
        # Open by now: the device still keeps where the name led a moment ago, and finds the site in a few seconds.
        page = self._gate.trouble(exchange, "unreachable")
        return replace(page, headers=(*page.headers, _SOON))

    async def _say(self, request: HTTPServerRequest, answer: Answer) -> None:
        connection = request.connection
        if connection is None:
            return
        headers = HTTPHeaders()
        for name, value in answer.headers:
            headers.add(name, value)
        headers["Content-Length"] = str(len(answer.body))
        headers["Connection"] = "close"
        line = ResponseStartLine("HTTP/1.1", answer.status, HTTPStatus(answer.status).phrase)
        body = b"" if request.method == "HEAD" else answer.body
        try:
            await connection.write_headers(line, headers, body)
            connection.finish()
        except StreamClosedError:
            return


def _reached(request: HTTPServerRequest) -> str:
    """The address of this machine that the device connected to; empty when it is gone already."""
    stream = getattr(request.connection, "stream", None)
    try:
        return str(cast(IOStream, stream).socket.getsockname()[0])
    except (OSError, AttributeError):
        return ""


class _Bounded(HTTPServer):
    """Takes connections from inside the school only, and not too many."""

    def initialize(self, *args: Any, **options: Any) -> None:
        self._admits: Callable[[str], bool] = options.pop("admit", admits)
        super().initialize(*args, **options)
        self._open: Counter[str] = Counter()

    def handle_stream(self, stream: IOStream, address: tuple[str, int]) -> None:
        try:
            self._let_in(stream, address)
        except BROKEN:
            stream.close()
            raise

    def _let_in(self, stream: IOStream, address: tuple[str, int]) -> None:
        who = str(address[0])
        if not self._admits(who) or self._open.total() >= _MOST or self._open[who] >= _EACH:
            stream.close()
            return
        self._open[who] += 1
        super().handle_stream(stream, address)

    def on_close(self, server_conn: object) -> None:
        super().on_close(server_conn)
        who = str(cast(Any, server_conn).context.address[0])  # tornado says no more of it than `object`
        self._open[who] -= 1
        self._open += Counter()  # those that have none are forgotten
