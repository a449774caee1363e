"""HTTP/1 on the wire: trailers, lengths and hints; how they pass for real is in `tests/passing`."""

from __future__ import annotations

import inspect

import pytest
from h11._receivebuffer import ReceiveBuffer
from mitmproxy import http
from mitmproxy.proxy.layers.http import _http1

from proxy_addons.wire1 import Chunks, Near1, said_once, trailing


def read(data: bytes):
    """All that a reader finds in some bytes, and the reader."""
    reader, buffer, found = Chunks(), ReceiveBuffer(), []
    buffer += data
    while (one := reader(buffer)) is not None:
        found.append(one)
        if type(one).__name__ == "EndOfMessage":
            break
    return reader, found


def test_what_is_behind_a_body_is_kept_and_does_not_stop_anything():
    reader, found = read(b"3\r\nabc\r\n0\r\nX-Sum: 1\r\nx-sum: 2\r\n\r\n")
    assert bytes(found[0].data) == b"abc" and not found[1].headers
    assert reader.trailers is not None
    assert reader.trailers.fields == ((b"X-Sum", b"1"), (b"x-sum", b"2"))


def test_nothing_behind_a_body_may_frame_route_or_lead_around_the_guard():
    sent = [(name, b"x") for name in (b"Host", b"Content-Length", b"Proxy-Authorization", b"ALT-SVC", b"X-Fine")]
    assert trailing(sent).fields == ((b"X-Fine", b"x"),)


def test_mitmproxy_still_raises_at_trailers():
    """Contract: when it does not any more, ours can go."""
    assert "trailers are not implemented" in inspect.getsource(_http1.Http1Connection.read_body)


@pytest.mark.parametrize(("lengths", "said"), [((b"2", b"2"), [b"2"]), ((b"2", b"3"), [b"2", b"3"]), ((b"2",), [b"2"])])
def test_a_length_that_is_said_twice_is_said_once_and_two_lengths_stay_two(lengths, said):
    fields = http.Headers([(b"Content-Length", one) for one in lengths])
    response = said_once(http.Response(b"HTTP/1.1", 200, b"OK", fields, None, None, 0.0, 0.0))
    assert [value for name, value in response.headers.fields] == said


def test_what_it_overrides_is_what_mitmproxy_calls():
    for name in ("read_body", "read_headers", "send", "mark_done"):
        assert callable(getattr(_http1.Http1Client, name)), name
    assert 'b"0\\r\\n\\r\\n"' in inspect.getsource(_http1.Http1Server.send)
    assert 'b"0\\r\\n\\r\\n"' in inspect.getsource(_http1.Http1Client.send)
    assert issubclass(Near1, _http1.Http1Server)
    assert isinstance(ReceiveBuffer()._data, bytearray)
