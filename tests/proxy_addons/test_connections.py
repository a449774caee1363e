from __future__ import annotations

import asyncio
import socket
import threading
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import websockets.exceptions
import websockets.sync.client

from policy.model import AccessRequest, Action, Principal, Role
from proxy_addons.connections import MAX_HEAD, MAX_MESSAGE, Connections
from proxy_addons.facts import Peer
from tests.proxy_addons.rig import SECRET, Rig, until_closed

ASK = AccessRequest(Action.VISIT, Principal(Role.PUPIL), ("open.test",))
WITHIN = 3.0  # a generous ceiling for what takes milliseconds


@pytest.fixture
def rig(tmp_path):
    with Rig(tmp_path) as rig:
        yield rig


# --- what a pupil sees at the end of a permission --------------------------------------------------------------------


def http1_stream(rig, path):
    tls = rig.tls("open.test")
    tls.sendall(f"GET {path} HTTP/1.1\r\nHost: open.test\r\n\r\n".encode())
    assert tls.recv(65536).startswith(b"HTTP/1.1 200")
    assert tls.recv(65536)
    return tls


def plain_stream(rig, path):
    sock = rig.raw(f"GET http://open.test{path} HTTP/1.1\r\nHost: open.test\r\n\r\n".encode())
    assert sock.recv(65536).startswith(b"HTTP/1.1 200")
    return sock


def tunnel(rig, _path):
    tls = rig.tls("tunnel.test", world=True)
    tls.sendall(b"GET /sse HTTP/1.1\r\nHost: tunnel.test\r\n\r\n")
    assert SECRET in tls.recv(65536) + tls.recv(65536)
    return tls


RUNNING = {
    "event stream over https": (http1_stream, "/sse", "open.test"),
    "event stream over http": (plain_stream, "/sse", "open.test"),
    "download over https": (http1_stream, "/download", "open.test"),
    "tunnel": (tunnel, "", "tunnel.test"),
}


@pytest.mark.evasion("E12")
@pytest.mark.parametrize("how", ["revoked", "ended"])
@pytest.mark.parametrize("what", RUNNING)
def test_what_only_the_permission_opened_is_closed(rig, what, how):
    start, path, host = RUNNING[what]
    if how == "ended":
        rig.gate.until[host] = datetime.now(UTC) + timedelta(seconds=1)
    sock = start(rig, path)
    if how == "revoked":
        rig.gate.open.discard(host)
        rig.gate.change()
    else:
        time.sleep(max(0, (rig.gate.until[host] - datetime.now(UTC)).total_seconds()))
    assert until_closed(sock) < WITHIN


@pytest.mark.evasion("E12")
@pytest.mark.parametrize("how", ["revoked", "ended"])
def test_a_websocket_ends_with_the_permission(rig, how):
    if how == "ended":
        rig.gate.until["ws.test"] = datetime.now(UTC) + timedelta(seconds=1)
    with websocket(rig) as ws:
        ws.send("hallo")
        assert ws.recv(5) == "hallo"
        if how == "revoked":
            rig.gate.open.discard("ws.test")
            rig.gate.change()
        start = time.monotonic()
        with pytest.raises(websockets.exceptions.ConnectionClosed):
            ws.recv(6)
        assert time.monotonic() - start < 1 + WITHIN


@pytest.mark.evasion("E12")
@pytest.mark.parametrize("how", ["revoked", "ended"])
def test_a_stream_over_http2_ends_with_the_permission(rig, how):
    if how == "ended":
        rig.gate.until["open.test"] = datetime.now(UTC) + timedelta(seconds=1)
    with rig.client(http2=True) as client, client.stream("GET", "https://open.test/sse") as answer:
        assert answer.http_version == "HTTP/2"
        chunks = answer.iter_bytes()
        assert SECRET in next(chunks)
        if how == "revoked":
            rig.gate.open.discard("open.test")
            rig.gate.change()
        start = time.monotonic()
        with pytest.raises(httpx.TransportError):
            for _ in chunks:
                assert time.monotonic() - start < 1 + WITHIN


def test_a_change_that_takes_nothing_away_closes_nothing(rig):
    sock = http1_stream(rig, "/sse")
    with websocket(rig) as ws, rig.client() as client:
        assert client.get("https://open.test/").content == SECRET
        rig.gate.open.discard("other.test")
        rig.gate.until["open.test"] = datetime.now(UTC) + timedelta(hours=1)
        rig.gate.change()
        time.sleep(0.3)
        ws.send("nog steeds")
        assert ws.recv(5) == "nog steeds"
        assert SECRET in sock.recv(65536)
        assert client.get("https://open.test/").content == SECRET


@pytest.mark.evasion("E12")
def test_an_idle_connection_may_stay_but_its_next_request_gets_the_page(rig):
    with rig.client() as client:
        assert client.get("https://open.test/").status_code == 200
        rig.gate.open.discard("open.test")
        rig.gate.change()
        time.sleep(0.2)
        assert client.get("https://open.test/").status_code == 403


def test_an_asking_that_breaks_at_the_end_closes_too_but_not_for_help(rig):
    stream = http1_stream(rig, "/sse")
    help_stream = rig.tls("help.test")
    help_stream.sendall(b"GET /sse HTTP/1.1\r\nHost: help.test\r\n\r\n")
    assert help_stream.recv(65536)
    rig.gate.raising.add("reask")
    rig.gate.change()
    assert until_closed(stream) < WITHIN
    assert SECRET in help_stream.recv(65536) + help_stream.recv(65536)


def test_a_reader_that_does_not_read_is_closed_as_well(rig):
    """What was still to be sent is dropped: the end is the end, not the end of a full buffer."""
    sock = rig.raw()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.sendall(b"GET http://open.test/download HTTP/1.1\r\nHost: open.test\r\n\r\n")
    time.sleep(0.5)
    rig.gate.open.discard("open.test")
    rig.gate.change()
    assert until_closed(sock) < WITHIN


def test_a_site_that_hangs_up_ends_the_tunnel(rig):
    tls = rig.tls("tunnel.test", world=True)
    tls.sendall(b"GET /upgrade HTTP/1.1\r\nHost: tunnel.test\r\n\r\n")
    rig.origins._loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(rig.origins._loop)])
    assert until_closed(tls) < WITHIN


def websocket(rig):
    return websockets.sync.client.connect(
        "wss://ws.test/chat", ssl=rig.trust_of_threads(), proxy=f"http://127.0.0.1:{rig.proxy}", open_timeout=10
    )


# --- the register itself ---------------------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.mark.evasion("E23", "S15")
def test_ends_are_kept_also_when_the_clock_jumps(monkeypatch):
    monkeypatch.setattr("proxy_addons.connections._LONGEST_NAP", 0.05)

    async def run() -> None:
        clock, ended = Clock(), []
        answers = {ASK: (True, clock.now + timedelta(hours=1))}
        connections = Connections(lambda request: answers[request], clock)
        for name in "ab":
            connections.open(Peer(name, "10.0.0.1", 1), lambda name=name: ended.append(name))
        assert connections.begin("a", "x", ASK, clock.now + timedelta(minutes=1))
        assert connections.begin("b", "x", None, None)
        clock.now += timedelta(minutes=2)  # a box that slept: no timer ran that long
        await asyncio.sleep(0.2)
        assert ended == []  # asked again, and still permitted for an hour
        answers[ASK] = (False, None)
        clock.now += timedelta(hours=2)
        await asyncio.sleep(0.2)
        assert ended == ["a"]
        assert not connections.begin("a", "y", ASK, None)
        assert not connections.alive("a", "x")
        connections.stop()

    asyncio.run(run())


@pytest.mark.evasion("E12")
def test_a_message_after_the_end_is_dropped_even_before_any_timer_runs():
    clock, ended = Clock(), []
    connections = Connections(lambda _: (False, None), clock)

    async def run() -> None:
        connections.open(Peer("a", "10.0.0.1", 1), lambda: ended.append("a"))
        connections.begin("a", "ws", ASK, clock.now + timedelta(seconds=5))
        assert connections.alive("a", "ws")
        clock.now += timedelta(seconds=5)
        assert not connections.alive("a", "ws")
        assert ended == ["a"]
        connections.stop()

    asyncio.run(run())


def test_a_connection_that_cannot_be_ended_does_not_keep_the_others_open():
    ended = []

    def broken() -> None:
        raise OSError("gone already")

    connections = Connections(lambda _: (False, None))
    for name, end in (("a", broken), ("b", lambda: ended.append("b"))):
        connections.open(Peer(name, "10.0.0.1", 1), end)
        connections.begin(name, "x", ASK, None)
    connections.changed()
    assert ended == ["b"]
    assert connections.closed == 2


@pytest.mark.evasion("S11")
def test_a_head_is_bounded_and_a_body_is_not():
    line = Connections(lambda _: (True, None)).open(Peer("a", "10.0.0.1", 1), lambda: None)
    assert line.bound == MAX_HEAD
    line.bodies = 1
    assert line.bound is None
    line.bodies, line.raw = 0, True
    assert line.bound == MAX_MESSAGE


def test_nothing_is_left_behind(rig):
    with rig.client(http2=True) as client:
        client.get("https://open.test/")
        client.get("https://blocked.test/")
    with websocket(rig) as ws:
        ws.send("x")
        ws.recv(5)
    tunnel(rig, "").close()
    rig.raw(b"GET http://open.test/ HTTP/1.1\r\nHo").close()
    rig.raw().close()
    left = []
    for _ in range(50):
        left = rig.look(lambda connections, doorway: (len(connections), len(doorway.crowd)))
        if left == (0, 0):
            break
        threading.Event().wait(0.1)
    assert left == (0, 0)


def test_only_what_runs_where_somebody_else_is_now_is_asked_again():
    asked: list[str] = []
    ended: list[str] = []

    def standing(request):
        asked.append(request.who.at)
        return request.who.at != "10.9.0.1", None

    def line(connections, address):
        peer = Peer(f"c-{address}", address, 8080)
        connections.open(peer, lambda: ended.append(address))
        who = Principal(Role.PUPIL, at=address.removeprefix("::ffff:"))
        request = AccessRequest(Action.VISIT, who, ("open.test",))
        connections.begin(peer.connection, "one", request, None)

    async def main():
        connections = Connections(standing)
        for address in ("10.9.0.1", "::ffff:10.9.0.1", "10.9.0.2"):
            line(connections, address)
        connections.moved({"10.9.0.1"})
        assert (asked, ended) == (["10.9.0.1"], ["10.9.0.1", "::ffff:10.9.0.1"])
        connections.moved(None)
        assert "10.9.0.2" in asked and ended == ["10.9.0.1", "::ffff:10.9.0.1"]
        connections.stop()

    asyncio.run(main())
