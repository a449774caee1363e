"""HTTP/2 on the wire: what is held of a stream, and goodbyes; how they pass for real is in `tests/passing`."""

from __future__ import annotations

import inspect

import h2.config
import h2.connection
import h2.events
from h2.settings import SettingCodes
from mitmproxy.proxy.layers.http import _http2, _http_h2

from proxy_addons.wire2 import HELD, WINDOW, Far2, Line


def pair() -> tuple[Line, h2.connection.H2Connection, list[h2.events.Event]]:
    """A line to an origin with one request on its way, and the origin."""
    line = Line(h2.config.H2Configuration(client_side=True, header_encoding=False))
    there = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    line.initiate_connection()
    there.initiate_connection()
    there.receive_data(line.data_to_send())
    line.receive_data(there.data_to_send())
    fields = [(b":method", b"GET"), (b":scheme", b"https"), (b":path", b"/"), (b":authority", b"open.test")]
    line.send_headers(1, fields)
    there.receive_data(line.data_to_send())
    return line, there, []


def test_a_stream_may_send_ahead_only_so_much():
    _, there, _ = pair()
    assert there.remote_settings.initial_window_size == WINDOW
    assert there.remote_settings[SettingCodes.INITIAL_WINDOW_SIZE] == WINDOW


def test_after_a_goodbye_what_is_under_way_goes_on():
    line, there, _ = pair()
    there.send_headers(1, [(b":status", b"200")])
    line.receive_data(there.data_to_send())
    goodbye = b"\0\0\x08\x07\0\0\0\0\0" + (1).to_bytes(4) + bytes(4)
    assert [type(one) for one in line.receive_data(goodbye)] == [h2.events.ConnectionTerminated]
    there.send_data(1, b"the rest", end_stream=True)
    kinds = [type(one) for one in line.receive_data(there.data_to_send())]
    assert h2.events.DataReceived in kinds and h2.events.StreamEnded in kinds


def test_a_goodbye_with_a_fault_ends_everything():
    line, *_ = pair()
    line.receive_data(b"\0\0\x08\x07\0\0\0\0\0" + (1).to_bytes(4) + (2).to_bytes(4))
    assert line.state_machine.state is h2.connection.ConnectionState.CLOSED


def test_a_sender_that_has_to_wait_gets_no_more_room_until_it_goes_on():
    line, there, _ = pair()
    there.send_headers(1, [(b":status", b"200")])
    line.receive_data(there.data_to_send())
    line.wait(1)
    for _ in range(100):
        there.send_data(1, b"x" * 16_000)
        for event in line.receive_data(there.data_to_send()):
            if isinstance(event, h2.events.DataReceived):
                line.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        there.receive_data(line.data_to_send())
    assert line.owed[1] == 1_600_000
    assert there.local_flow_control_window(1) == WINDOW - 1_600_000
    line.go_on(1)
    there.receive_data(line.data_to_send())
    assert there.local_flow_control_window(1) == WINDOW


def test_what_is_held_is_counted_and_told_once():
    line, _, _ = pair()
    for _ in range(3 * HELD // 16_000):
        line.send_data(1, b"y" * 16_000)
    assert line.held(1) > HELD
    assert line.too_full(1) and not line.too_full(1)
    assert line.emptied() == []
    line.stream_buffers.clear()
    assert line.emptied() == [1]


def test_what_takes_more_than_one_frame_has_an_end():
    line, there, _ = pair()
    line.send_data(1, b"x" * (line.max_outbound_frame_size + 1), end_stream=True)
    ended = [event for event in there.receive_data(line.data_to_send()) if isinstance(event, h2.events.StreamEnded)]
    assert len(ended) == 1


def test_what_it_overrides_is_what_mitmproxy_and_h2_call():
    """Contract."""
    assert "GoAwayFrame: self._receive_goaway_frame" in inspect.getsource(h2.connection.H2Connection.__init__)
    assert "self.h2_conn.acknowledge_received_data(" in inspect.getsource(_http2.Http2Connection.handle_h2_event)
    assert "Swallowing HTTP/2 informational response" in inspect.getsource(_http2.Http2Client.handle_h2_event)
    assert "yield from self.close_connection(" in inspect.getsource(_http2.Http2Connection.handle_h2_event)
    assert "for cmd in self._handle_event2(event)" in inspect.getsource(_http2.Http2Client._handle_event)
    assert "self.send_data(stream_id, chunk, end_stream=False)" in inspect.getsource(_http_h2.BufferedH2Connection)
    assert "stream_buffers" in inspect.getsource(_http_h2.BufferedH2Connection)
    assert issubclass(Far2, _http2.Http2Client)
