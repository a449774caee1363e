"""The exchange in the middle: what of mitmproxy's it builds on."""

from __future__ import annotations

import inspect

from proxy_addons.wire import Exchange, Socket

# Under their own names mitmproxy's are ours by now, where a worker ran in this process.
(THEIR_STREAM,) = Exchange.__bases__
(THEIR_SOCKET,) = Socket.__bases__


def test_the_states_that_it_looks_at_are_mitmproxys():
    for name in ("state_wait_for_response_headers", "state_stream_request_body", "state_done", "state_errored"):
        assert callable(getattr(Exchange, name))


def test_an_end_is_told_only_when_the_request_is_over():
    """Contract: that is what is done earlier here; and it is told at one place."""
    sends = inspect.getsource(THEIR_STREAM.send_response)
    assert "if self.client_state == self.state_done:" in sends
    assert "yield from self.flow_done()" in sends
    assert inspect.getsource(THEIR_STREAM.flow_done).count("ResponseEndOfMessage(") == 1


def test_a_websocket_that_is_cut_is_closed_in_order_by_mitmproxy():
    """Contract: the end of a connection is made a closing frame there, which is what `Socket` does not do."""
    assert "src_ws.receive_data(None)" in inspect.getsource(THEIR_SOCKET.relay_messages)
    assert THEIR_SOCKET.__module__ == "mitmproxy.proxy.layers.websocket"
    for name in ("server_ws", "client_ws"):
        assert f"self.{name} = WebsocketConnection(" in inspect.getsource(THEIR_SOCKET.start)
