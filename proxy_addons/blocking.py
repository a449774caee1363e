"""In mitmproxy: an exception in a hook blocks with a friendly page or closes the connection.

mitmproxy itself logs an exception in a hook and lets the request go on (`addonmanager.safecall`); here it ends there.
What every flow here is marked with, answered by and freed of is here as well. What is asked is `failsafe`'s.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from mitmproxy import connection, dns, exceptions, http, tcp, udp
from mitmproxy.proxy import commands, events, layer, server_hooks
from mitmproxy.proxy.layer import NextLayer
from mitmproxy.tls import ClientHelloData, TlsData

from proxy_addons import release
from proxy_addons.facts import Answer
from proxy_addons.failsafe import Failsafe, bare
from proxy_addons.faults import BROKEN, is_cancelled
from proxy_addons.stripped import stripped

PASSED = "klaswacht.passed"  # marks on a flow: asked and let pass,
ANSWERED = "klaswacht.answered"  # answered here,
FAILED = "klaswacht.failed"  # the answer of the origin is thrown away
REFUSED = "refused by the guard"
SMALL = 1024 * 1024  # bytes of a body that may be waited for, only to answer in a friendly way
_RELEASE = release.NAME.encode()
TROUBLE: ContextVar[Answer | None] = ContextVar("klaswacht_trouble", default=None)
"""The page for the error that mitmproxy is about to answer here and now (see `engine.replace_error_pages`)."""


def forget_trouble() -> None:
    """What was answered, or needed no answer, is no page for a later error."""
    if TROUBLE.get() is not None:
        TROUBLE.set(None)


class Refuse(layer.Layer):
    """Closes the client connection and carries nothing."""

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, events.Start):
            yield commands.CloseConnection(self.context.client)


class Instead:
    """A stream function that sends a page in the place of what comes from the origin."""

    def __init__(self, page: Answer) -> None:
        self.page = page
        self.sent = False

    def __call__(self, _chunk: bytes) -> bytes | list[bytes]:
        """Swallow a chunk; the first one becomes the page."""
        if self.sent:
            return []
        self.sent = True
        return self.page.body


class Blocking:
    """Ends what a hook of ours was asked about when that hook raises; what broke is counted by its `Failsafe`."""

    def __init__(self, failsafe: Failsafe) -> None:
        self._failsafe = failsafe

    def guard(self, hook: str, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Wrap one hook of ours, for a mitmproxy whose own dispatch we do not replace (the simple mode)."""

        async def waits(data: Any, rest: Awaitable[None]) -> None:
            try:
                await rest
            except BROKEN as error:
                self.block(hook, data, error)
                if is_cancelled(error):
                    raise

        def runs(data: Any) -> Any:
            try:
                rest = function(data)
            except exceptions.AddonHalt:
                raise
            except BROKEN as error:
                self.block(hook, data, error)
                return None
            return waits(data, rest) if inspect.isawaitable(rest) else None

        return runs

    def block(self, hook: str, data: object, error: BaseException) -> None:
        """A hook raised: make sure that what it was asked about goes no further."""
        self._failsafe.note(hook, error)
        try:
            self._block(hook, data)
        except BROKEN as again:
            self._failsafe.note("block", again)
            client = getattr(data, "client_conn", None) or getattr(data, "client", None)
            if isinstance(client, connection.Client):
                self._close(client)

    def _block(self, hook: str, data: object) -> None:
        match data:
            case http.HTTPFlow():
                self._block_flow(hook, data)
            case NextLayer():
                data.layer = Refuse(data.context)
            case connection.Client() if hook == "client_connected":
                data.error = REFUSED
            case server_hooks.ServerConnectionHookData():
                data.server.error = REFUSED
                if hook == "server_connected":
                    self._close(data.client)
            case ClientHelloData():
                data.establish_server_tls_first = False
                self._close(data.context.client)
            case TlsData():
                data.ssl_conn = None
                self._close(data.context.client)
            case tcp.TCPFlow() | udp.UDPFlow() | dns.DNSFlow():
                self._close(data.client_conn)
            case _:
                pass  # an ending: nothing goes on that could be stopped

    def _block_flow(self, hook: str, flow: http.HTTPFlow) -> None:
        match hook:
            case "http_connect":
                respond(flow, self._failsafe.page())
            case "requestheaders" | "request" if not flow.request.stream and self._let_help_pass(flow):
                pass
            case "requestheaders":
                flow.request.stream = False
                respond(flow, self._failsafe.page())
            case "request" if not flow.request.stream:
                respond(flow, self._failsafe.page())
            case "responseheaders" if ANSWERED in flow.metadata:
                respond(flow, self._failsafe.page())
            case "responseheaders" if flow.response is not None:
                # The engine puts the origin's body into whatever response stands here, so the page takes its place
                # as a stream; where no body comes, `Hooks.response` answers.
                instead = flow.metadata[FAILED] = Instead(self._failsafe.page())
                respond(flow, instead.page)
                flow.response.stream = instead
                flow.response.headers.pop("content-length", None)
                if not flow.request.is_http2:
                    flow.response.headers["transfer-encoding"] = "chunked"
            case "response" if flow.response is not None and not flow.response.stream:
                respond(flow, self._failsafe.page())
            case "error" | "websocket_end" | "http_connect_error":
                pass
            case _:
                if flow.websocket and flow.websocket.messages:
                    flow.websocket.messages[-1].drop()
                if flow.killable:
                    flow.kill()
                self._close(flow.client_conn)

    def _let_help_pass(self, flow: http.HTTPFlow) -> bool:
        """Let a request for help pass after all; True when it is one."""
        doors = self._failsafe.doors
        if doors is None or not self._failsafe.helps(names_in_play(flow, doors.names(flow.client_conn.id))):
            return False
        clean(flow.request)
        flow.metadata[PASSED] = True
        return doors.begin(flow.client_conn.id, flow.id, None, None)

    def _close(self, client: connection.Client) -> None:
        if self._failsafe.doors is not None:
            self._failsafe.doors.close(client.id)


def names_in_play(flow: http.HTTPFlow, known: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Every name a request goes by, without ports: `known` ones of the connection, URL, Host headers, :authority."""
    request = flow.request
    names = [*known, request.host, *(bare(host) for host in request.headers.get_all("host"))]
    if flow.client_conn.sni:
        names.append(flow.client_conn.sni)
    if request.data.authority:
        # With an address in the request line this is the URL's; in HTTP/2 it takes the place of Host.
        names.append(bare(request.authority))
    return tuple(dict.fromkeys(name for name in names if name))


def clean(request: http.Request) -> None:
    """Take off what an origin must not see or must not be led astray by."""
    fields = request.headers.fields
    kept = stripped(fields, websocket=is_websocket(request))
    if kept is not fields:
        request.headers.fields = kept
    if any(_RELEASE in value for _, value in kept):
        cookies = request.headers.get_all("cookie")
        request.headers.set_all("cookie", [rest for one in cookies if (rest := release.without(one))])
    if request.data.authority and not request.is_http2:
        request.authority = ""


def is_websocket(request: http.Request) -> bool:
    """Whether a request asks for a WebSocket. A form that says so stays a form (RFC 6455: it is a GET)."""
    return request.method == "GET" and request.headers.get("upgrade", "").strip().lower() == "websocket"


def respond(flow: http.HTTPFlow, answer: Answer) -> None:
    """Answer a flow here; its origin is not contacted."""
    flow.metadata[ANSWERED] = True
    body = b"" if flow.request.method == "HEAD" else answer.body
    fields = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in answer.headers]
    flow.response = http.Response.make(answer.status, body, http.Headers(fields))
