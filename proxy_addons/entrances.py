"""Who comes in, in mitmproxy: connections, CONNECT, TLS handshakes, what is spoken inside. It decides nothing itself.

What is neither TLS (once) nor HTTP goes nowhere, and nothing is connected to that nothing was permitted for.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from mitmproxy import connection, exceptions, http, tls
from mitmproxy.net.tls import starts_like_tls_record
from mitmproxy.proxy import layers
from mitmproxy.proxy.layer import NextLayer
from mitmproxy.proxy.layers.http import HTTPMode
from mitmproxy.proxy.layers.modes import HttpProxy, HttpUpstreamProxy
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from OpenSSL import SSL

from policy.safe import is_protected
from proxy_addons.blocking import REFUSED, Refuse, respond
from proxy_addons.connections import Connections, Line
from proxy_addons.doorway import ECH, REALM
from proxy_addons.egress import Egress, Way
from proxy_addons.facts import Answer, Away, Door, Hello
from proxy_addons.failsafe import Failsafe
from proxy_addons.heads import looks_like_http

_DISTRUST = "The client does not trust"  # mitmproxy's word for an alert that says so (layers/tls.py)


class Entrances:
    """The hooks of a connection until its first request."""

    def __init__(self, failsafe: Failsafe, connections: Connections, egress: Egress) -> None:
        self._failsafe = failsafe
        self._connections = connections
        self._egress = egress

    def client_connected(self, client: connection.Client) -> None:
        """Every connection has a line: the doorway made it, or whoever runs us without a doorway."""
        if self._connections.get(client.id) is None:
            client.error = REFUSED

    def client_disconnected(self, client: connection.Client) -> None:
        """Forget it."""
        self._connections.gone(client.id)

    def http_connect(self, flow: http.HTTPFlow) -> None:
        """A CONNECT that mitmproxy read itself: on a connection that began with a plain request, or without doorway."""
        line = self._line(flow.client_conn)
        host, port = flow.request.host, flow.request.port
        credentials = flow.request.headers.get_all("proxy-authorization")
        if credentials:
            line.peer = replace(line.peer, credentials=", ".join(credentials))
        if not self._egress.port_open(host, port):
            respond(flow, _plain(403, "Forbidden"))
            return
        door = self._failsafe.enter(line.peer, host, port).door
        if door is Door.CHALLENGE:
            respond(
                flow, _plain(407, "Proxy Authentication Required", ("proxy-authenticate", f'Basic realm="{REALM}"'))
            )
        elif door is Door.REFUSE:
            respond(flow, _plain(403, "Forbidden"))
        else:
            line.connect = (host, port)
            line.begun = False

    def tls_clienthello(self, data: tls.ClientHelloData) -> None:
        """Ask for all names so far; what may not even say hello is closed."""
        line = self._line(data.context.client)
        line.sni = data.client_hello.sni
        line.begun = True
        line.first = False
        ech = any(kind == ECH for kind, _ in data.client_hello.extensions)
        connect = line.connect[0] if line.connect else None
        alpn = tuple(one.decode("latin-1") for one in data.client_hello.alpn_protocols)
        entry = self._failsafe.hello(line.peer, Hello(connect, line.sni, alpn, ech))
        if entry.door in (Door.REFUSE, Door.CHALLENGE):
            self._failsafe.turned_away(Away.NO_SNI if line.sni is None else Away.OTHER_NAME)
            self._connections.close(line.peer.connection)
        elif self._egress.loops.hello_back(data.client_hello.raw_bytes(wrap_in_record=False)[2:34]):
            self._failsafe.turned_away(Away.LOOP)
            self._connections.close(line.peer.connection)
        else:
            line.first = entry.decision is not None and entry.decision.open
            line.safe = is_protected(entry.request)

    def tls_failed_client(self, data: tls.TlsData) -> None:
        """A handshake with a client failed: where that says so of our certificate, and the host is open, it is told."""
        line, error = self._connections.get(data.context.client.id), data.conn.error or ""
        if line is not None and line.first and line.sni and error.startswith(_DISTRUST):
            self._failsafe.distrusted(line.peer, line.sni)

    def next_layer(self, nextlayer: NextLayer) -> None:
        """Let only TLS (once) and HTTP through; what is neither is refused, and what is not yet clear waits."""
        context = nextlayer.context
        if context.client.transport_protocol != "tcp":
            nextlayer.layer = Refuse(context)
            return
        if context.layers and isinstance(context.layers[-1], HttpProxy | HttpUpstreamProxy):
            return  # the proxy request itself: mitmproxy's own
        data = nextlayer.data_client()
        if context.client.alpn == b"h2":
            nextlayer.layer = layers.HttpLayer(context, HTTPMode.transparent)
        elif nextlayer.data_server():
            nextlayer.layer = Refuse(context)  # a server that speaks first speaks no HTTP/1
        elif starts_like_tls_record(data):
            if context.client.tls:
                nextlayer.layer = Refuse(context)  # TLS inside TLS hides something
        elif (http := looks_like_http(data)) is None:
            raise exceptions.AddonHalt  # mitmproxy would guess; more bytes will tell
        else:
            nextlayer.layer = layers.HttpLayer(context, HTTPMode.transparent) if http else Refuse(context)

    async def server_connect(self, data: ServerConnectionHookData) -> None:
        """Nothing is connected to that nothing was permitted for, and nowhere but out in the world."""
        line = self._connections.get(data.client.id)
        address = data.server.address
        asked = line is not None and not line.closed and bool(line.running or line.first)
        if not asked or address is None or not self._egress.open(address[0], address[1]):
            data.server.error = REFUSED
        # mitmproxy connects in this very task, so that what is chosen here holds for its looking up of the name.
        self._egress.choose(way_of(line))

    def _line(self, client: connection.Client) -> Line:
        line = self._connections.get(client.id)
        if line is None:
            raise LookupError("a connection without a line")
        return line


class GreetOriginFirst:
    """Comes after mitmproxy's `TlsConfig`, which always sets this itself.

    For a host that is open the origin's handshake goes before the client's, so that its protocols are mirrored and its
    bad certificate is known in time for a page. A host that is not open is never greeted.
    """

    def __init__(self, connections: Connections, egress: Egress) -> None:
        self._connections = connections
        self._egress = egress

    def tls_clienthello(self, data: tls.ClientHelloData) -> None:
        """Say whether the origin comes first."""
        line = self._connections.get(data.context.client.id)
        data.establish_server_tls_first = line is not None and line.first and not line.closed

    def tls_start_server(self, data: tls.TlsData) -> None:
        """Remember the hello that goes to an origin, in case it comes back. What is done here mitmproxy does next."""
        if data.ssl_conn is not None and not data.is_dtls:
            with suppress(SSL.WantReadError):  # it is made now, and waits to be sent
                data.ssl_conn.do_handshake()
            self._egress.loops.hello_out(data.ssl_conn.client_random() or b"")


def way_of(line: Line | None) -> Way:
    """By which name search engines are looked up for a connection: what is sent on it is made safe as well."""
    return Way.SAFE if line is None or line.safe else Way.PLAIN


def _plain(status: int, text: str, *headers: tuple[str, str]) -> Answer:
    return Answer(status, (("content-type", "text/plain"), ("cache-control", "no-store"), *headers), text.encode())
