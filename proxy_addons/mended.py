"""Puts our sides of an exchange (`wire`, `wire1`, `wire2`) in the place of mitmproxy's, for the whole process."""

from __future__ import annotations

from typing import Any

from mitmproxy import http
from mitmproxy.connection import Connection
from mitmproxy.net.http import http1
from mitmproxy.proxy.layers import http as layers
from mitmproxy.proxy.layers import websocket
from mitmproxy.proxy.layers.http import _http1, _http2

from proxy_addons.wire import Exchange, Socket
from proxy_addons.wire1 import Far1, Near1, reader_of, said_once
from proxy_addons.wire2 import Far2, Line, Near2, leaving

_matches = layers.GetHttpConnection.connection_spec_matches
_read_response_head = http1.read_response_head


def _suits(asked: layers.GetHttpConnection, connection: Connection) -> bool:
    """Whether a connection serves for a request: not one on which the origin takes nothing new."""
    return not leaving(connection) and _matches(asked, connection)


def _head(lines: list[bytes]) -> http.Response:
    return said_once(_read_response_head(lines))


PLACES: tuple[tuple[Any, str, Any], ...] = (
    (layers, "HttpStream", Exchange),
    (layers, "Http1Server", Near1),
    (layers, "Http1Client", Far1),
    (layers, "Http2Server", Near2),
    (layers, "Http2Client", Far2),
    (websocket, "WebsocketLayer", Socket),
    (layers.GetHttpConnection, "connection_spec_matches", _suits),
    (_http1, "make_body_reader", reader_of),
    (_http2, "BufferedH2Connection", Line),
    (http1, "read_response_head", _head),
)
"""Where mitmproxy looks, under which name, and what it finds there."""


def mend() -> None:
    """Put them in place."""
    for owner, name, ours in PLACES:
        setattr(owner, name, ours)
