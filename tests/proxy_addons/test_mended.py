"""Our sides of an exchange stand where mitmproxy looks for its own."""

from __future__ import annotations

import inspect

from mitmproxy.proxy import layers as all_layers
from mitmproxy.proxy.layers import http as layers
from mitmproxy.proxy.layers.http import _http1, _http2

from proxy_addons.mended import PLACES, mend


def test_everything_is_there_and_is_found_by_name():
    """Contract: mitmproxy makes each of them by the name in its module, so that ours are found there."""
    mend()
    for owner, name, ours in PLACES:
        assert getattr(owner, name) is ours
    makes = inspect.getsource(layers.HttpLayer) + inspect.getsource(layers.HttpClient)
    for name in ("Http1Server(", "Http1Client(", "Http2Server(", "Http2Client(", "HttpStream("):
        assert name in makes
    assert "websocket.WebsocketLayer(" in inspect.getsource(layers)
    assert "http1.read_response_head(" in inspect.getsource(_http1)
    assert "make_body_reader(" in inspect.getsource(_http1.Http1Client)
    assert "BufferedH2Connection(" in inspect.getsource(_http2.Http2Connection)
    assert all_layers.HttpLayer is layers.HttpLayer


def test_a_connection_is_chosen_by_one_question():
    """Contract: a connection on which the origin takes nothing new is passed over by saying that it does not suit."""
    chooses = inspect.getsource(layers.HttpLayer.get_connection)
    assert chooses.count("connection_spec_matches(") == 2
