"""Connecting to origins: many at a time, and not for ever."""

from __future__ import annotations

import time

import h2.config
import h2.connection
import h2.events
import pytest

from proxy_addons import dialling
from tests.proxy_addons.rig import HandGate, Rig


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    with Rig(tmp_path_factory.mktemp("dialling"), HandGate()) as one:
        yield one


def test_many_streams_of_one_client_to_one_origin_do_not_wait_for_each_other(rig):
    """A browser over HTTP/2, an origin that speaks HTTP/1.1: mitmproxy lets five at a time through and no more."""
    assert dialling.PER_ORIGIN >= 32
    with rig.tls2("open.test") as sock:
        conn = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        conn.initiate_connection()
        for number in range(20):
            head = [(":method", "GET"), (":path", "/sse"), (":scheme", "https"), (":authority", "open.test")]
            conn.send_headers(1 + 2 * number, head, end_stream=True)
        sock.sendall(conn.data_to_send())
        heard: set[int] = set()
        until = time.monotonic() + 20
        while len(heard) < 20 and time.monotonic() < until:
            for event in conn.receive_data(sock.recv(65535)):
                if isinstance(event, h2.events.DataReceived):
                    heard.add(event.stream_id)
                    conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            sock.sendall(conn.data_to_send())
        assert len(heard) == 20


def test_an_origin_that_does_not_answer_is_not_waited_for_for_ever(rig, monkeypatch):
    monkeypatch.setattr(dialling, "CONNECT_WITHIN", 0.5)
    with rig.client() as client:
        start = time.monotonic()
        answer = client.get("http://deaf.test/")
        assert time.monotonic() - start < 8
        assert b"trouble: timeout" in answer.content
