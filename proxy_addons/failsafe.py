"""Whatever breaks, nothing passes: an exception in a hook blocks with a friendly page or closes the connection.

mitmproxy itself logs an exception in a hook and lets the request go on (`addonmanager.safecall`); here it ends there.
One thing stays open when our own asking breaks: the hosts where a child finds help.
"""

from __future__ import annotations

import inspect
import logging
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextvars import ContextVar
from datetime import datetime
from typing import Any, Protocol

from mitmproxy import connection, dns, http, tcp, udp
from mitmproxy.proxy import commands, events, layer, server_hooks
from mitmproxy.proxy.layer import NextLayer
from mitmproxy.tls import ClientHelloData, TlsData

from policy.model import AccessRequest, Decision
from proxy_addons import release
from proxy_addons.facts import Answer, Door, Entry, Exchange, Hello, Peer, Ruling
from proxy_addons.faults import told

_log = logging.getLogger(__name__)

PASSED = "klaswacht.passed"  # marks on a flow: asked and let pass,
ANSWERED = "klaswacht.answered"  # answered here,
FAILED = "klaswacht.failed"  # the answer of the origin is thrown away
REFUSED = "refused by the guard"
SMALL = 1024 * 1024  # bytes of a body that may be waited for, only to answer in a friendly way
_PORT = re.compile(r":\d{1,5}$")
_NOT_ON = frozenset({b"x-forwarded-for", b"x-forwarded-host", b"forwarded", b"x-real-ip"})
_NOT_ON_EITHER = _NOT_ON | {b"upgrade"}
_RELEASE = release.NAME.encode()
_LAST_PAGE = Answer(
    503,
    (("content-type", "text/html; charset=utf-8"), ("cache-control", "no-store")),
    "<!doctype html><meta charset=utf-8><title>Klaswacht</title><p style='font-size:6rem;text-align:center'>🛠️".encode(),
)
"""Without a word, for when even the page that depends on nothing is gone."""


TROUBLE: ContextVar[Answer | None] = ContextVar("klaswacht_trouble", default=None)
"""The page for the error that mitmproxy is about to answer here and now (see `engine.replace_error_pages`)."""


def forget_trouble() -> None:
    """What was answered, or needed no answer, is no page for a later error."""
    if TROUBLE.get() is not None:
        TROUBLE.set(None)


class Asking(Protocol):
    """The asking side as the engine sees it (`proxy_addons.gate.Gate`)."""

    def enter(self, peer: Peer, host: str, port: int) -> Entry:
        """Answer a CONNECT, or the first plain request of a connection."""

    def hello(self, peer: Peer, hello: Hello) -> Entry:
        """Answer a ClientHello."""

    def turned_away(self, kind: str) -> None:
        """Count a connection that the door closed, by what was wrong with it."""

    async def ask(self, exchange: Exchange) -> Ruling:
        """Answer a request."""

    def sent(self, exchange: Exchange, before: AccessRequest) -> bool:
        """Whether a body may go on, of which the beginning is in `exchange`; `before` was asked with its head."""

    def reask(self, request: AccessRequest) -> Decision:
        """Answer an earlier request again, now."""

    def failed(self, exchange: Exchange | None, *, ours: bool = True) -> Answer:
        """Return the page for when something broke here, or when it is the client's fault (not `ours`)."""

    def trouble(self, exchange: Exchange, kind: str) -> Answer:
        """Return the page for when the origin cannot be reached."""


class Doors(Protocol):
    """What the failsafe needs of `proxy_addons.connections`."""

    def close(self, connection_id: str) -> None:
        """Close a client connection at once."""

    def begin(self, connection_id: str, key: str, request: AccessRequest | None, until: datetime | None) -> bool:
        """Note that something runs on a connection; False when the connection is closed already."""

    def names(self, connection_id: str) -> tuple[str, ...]:
        """Return the CONNECT target and SNI of a connection, as far as known."""


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


class Failsafe:
    """Asks for the engine and never raises; `broken` counts what went wrong, by hook or question."""

    def __init__(self, gate: Asking, help_hosts: frozenset[str]) -> None:
        self._gate = gate
        self._help = help_hosts
        self._doors: Doors | None = None
        self.broken: Counter[str] = Counter()

    def attach(self, doors: Doors) -> None:
        """Tell it where connections are closed."""
        self._doors = doors

    # --- questions ---------------------------------------------------------------------------------------------------

    def enter(self, peer: Peer, host: str, port: int) -> Entry:
        """Ask `Gate.enter`. When that breaks, look inside: every request will be asked about anyway."""
        try:
            return _checked(self._gate.enter(peer, host, port), Entry)
        except Exception as error:
            self.note("enter", error)
            return Entry(Door.INSPECT)

    def hello(self, peer: Peer, hello: Hello) -> Entry:
        """Ask `Gate.hello`. When that breaks, look inside."""
        try:
            return _checked(self._gate.hello(peer, hello), Entry)
        except Exception as error:
            self.note("hello", error)
            return Entry(Door.INSPECT)

    def turned_away(self, kind: str) -> None:
        """Have `Gate.turned_away` count; when that breaks it is only not counted."""
        try:
            self._gate.turned_away(kind)
        except Exception as error:
            self.note("turned_away", error)

    async def ask(self, exchange: Exchange) -> Ruling:
        """Ask `Gate.ask`. What is not plainly open is answered; when the asking breaks only help stays open."""
        try:
            ruling = _checked(await self._gate.ask(exchange), Ruling)
            if ruling.answer is None and (ruling.decision is None or not ruling.decision.open):
                raise ValueError("let pass what is not open")
        except Exception as error:
            self.note("ask", error)
            names = (exchange.connect, exchange.sni, *exchange.hosts)
            if self.helps(name for name in names if name):
                return Ruling(None, None)
            return Ruling(None, None, self.page(exchange))
        return ruling

    def sent(self, exchange: Exchange, before: AccessRequest) -> bool:
        """Ask `Gate.sent`. When that breaks only what goes to help goes on."""
        try:
            return _checked(self._gate.sent(exchange, before), bool)
        except Exception as error:
            self.note("sent", error)
            return self.helps(name for name in (exchange.connect, exchange.sni, *exchange.hosts) if name)

    def standing(self, request: AccessRequest) -> tuple[bool, datetime | None]:
        """Whether what lives by `request` may go on, and until when that answer holds (None: no known end)."""
        try:
            decision = _checked(self._gate.reask(request), Decision)
        except Exception as error:
            self.note("reask", error)
            return self.helps(request.hosts), None
        return decision.open, decision.valid_until

    def page(self, exchange: Exchange | None = None, *, ours: bool = True) -> Answer:
        """Return the friendly page for when something broke; it is a fault of the guard unless it is not `ours`."""
        try:
            return _checked(self._gate.failed(exchange, ours=ours), Answer)
        except Exception as error:
            self.note("failed", error)
            return _LAST_PAGE

    def trouble(self, exchange: Exchange, kind: str) -> Answer:
        """Return the friendly page for an origin that cannot be reached."""
        try:
            return _checked(self._gate.trouble(exchange, kind), Answer)
        except Exception as error:
            self.note("trouble", error)
            return self.page(exchange)

    def helps(self, names: Iterable[str]) -> bool:
        """Whether there are names and every one is a help host or below one; needs nothing that can break."""
        found = [_bare(name).rstrip(".").lower() for name in names]
        return bool(found) and all(self._is_help(name) for name in found)

    def _is_help(self, name: str) -> bool:
        while name:
            if name in self._help:
                return True
            name = name.partition(".")[2]
        return False

    # --- hooks -------------------------------------------------------------------------------------------------------

    def note(self, where: str, error: BaseException) -> None:
        """Count and log what broke: the kind of error and the line of code, never its message (it may hold a URL)."""
        self.broken[where] += 1
        _log.error("`%s` broke with %s and was blocked", where, told(error))

    def guard(self, hook: str, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Wrap one hook of ours, for a mitmproxy whose own dispatch we do not replace (the simple mode)."""

        async def waits(data: Any, rest: Awaitable[None]) -> None:
            try:
                await rest
            except Exception as error:
                self.block(hook, data, error)

        def runs(data: Any) -> Any:
            try:
                rest = function(data)
            except Exception as error:
                self.block(hook, data, error)
                return None
            return waits(data, rest) if inspect.isawaitable(rest) else None

        return runs

    def block(self, hook: str, data: object, error: Exception) -> None:
        """A hook raised: make sure that what it was asked about goes no further."""
        self.note(hook, error)
        try:
            self._block(hook, data)
        except Exception as again:
            self.note("block", again)
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
                respond(flow, self.page())
            case "requestheaders" | "request" if not flow.request.stream and self._let_help_pass(flow):
                pass
            case "requestheaders":
                flow.request.stream = False
                respond(flow, self.page())
            case "request" if not flow.request.stream:
                respond(flow, self.page())
            case "responseheaders" if ANSWERED in flow.metadata:
                respond(flow, self.page())
            case "responseheaders" if flow.response is not None:
                # The engine puts the origin's body into whatever response stands here, so the page takes its place
                # as a stream; where no body comes, `Hooks.response` answers.
                instead = flow.metadata[FAILED] = Instead(self.page())
                respond(flow, instead.page)
                flow.response.stream = instead
                flow.response.headers.pop("content-length", None)
                if not flow.request.is_http2:
                    flow.response.headers["transfer-encoding"] = "chunked"
            case "response" if flow.response is not None and not flow.response.stream:
                respond(flow, self.page())
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
        if self._doors is None or not self.helps(names_in_play(flow, self._doors.names(flow.client_conn.id))):
            return False
        clean(flow.request)
        flow.metadata[PASSED] = True
        return self._doors.begin(flow.client_conn.id, flow.id, None, None)

    def _close(self, client: connection.Client) -> None:
        if self._doors is not None:
            self._doors.close(client.id)


def names_in_play(flow: http.HTTPFlow, known: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Every name a request goes by, without ports: `known` ones of the connection, URL, Host headers, :authority."""
    request = flow.request
    names = [*known, request.host, *(_bare(host) for host in request.headers.get_all("host"))]
    if flow.client_conn.sni:
        names.append(flow.client_conn.sni)
    if request.data.authority:
        # With an address in the request line this is the URL's; in HTTP/2 it takes the place of Host.
        names.append(_bare(request.authority))
    return tuple(dict.fromkeys(name for name in names if name))


def _bare(host: str) -> str:
    """A host without its port."""
    return _PORT.sub("", host) if ":" in host else host


def clean(request: http.Request) -> None:
    """Take off what an origin must not see or must not be led astray by."""
    fields = request.headers.fields
    drop = _NOT_ON if is_websocket(request) else _NOT_ON_EITHER  # an upgrade to anything else would be a raw tunnel
    kept = [field for field in fields if not ((lower := field[0].lower()) in drop or lower.startswith(b"proxy-"))]
    if len(kept) != len(fields):
        request.headers.fields = tuple(kept)
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


def _checked[T](value: object, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise TypeError(f"expected {kind.__name__}")
    return value
