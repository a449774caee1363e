"""Whoever comes to the door in the wrong way: closed or refused cleanly, counted, and nothing of it is left."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from proxy_addons import arrival, crowd, reading
from proxy_addons.facts import Away
from tests.proxy_addons.hellos import ECH, message, name, protocols, real, records
from tests.proxy_addons.rig import SECRET, HandGate, Rig, until_closed
from tests.proxy_addons.test_proxy_protocol import summed, v2

BALANCER, STRANGER = "127.0.0.9", "127.0.0.2"
CONNECT = b"CONNECT %s:443 HTTP/1.1\r\nHost: %s:443\r\n\r\n"


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    with Rig(tmp_path_factory.mktemp("arrival"), balancers=(BALANCER, "127.0.1.0/24"), listeners=2) as rig:
        yield rig


def left(rig: Rig) -> tuple[object, ...]:
    """What a worker keeps of its connections, and how many files are open here (origins and worker are here too)."""
    kept = rig.look(lambda connections, doorway: (len(connections), doorway.crowd.counts, len(doorway._tasks)))
    return (*kept, len(list(Path("/proc/self/fd").iterdir())))


@pytest.fixture
def rig(worker: Rig, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """The worker, of which nothing is left over that was not there before."""
    monkeypatch.setattr(reading, "HEAD_WITHIN", 0.5)
    monkeypatch.setattr(reading, "FIRST_BYTE", 0.5)
    monkeypatch.setattr(arrival, "HEADER_WITHIN", 0.5)
    worker.gate.away.clear()
    worker.gate.peers.clear()
    before = left(worker)
    assert before[:3] == (0, ({}, {}), 0)
    yield worker
    deadline = time.monotonic() + 10
    while (now := left(worker)) != before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert now == before


def counted(rig: Rig, within: float = 5.0) -> dict[str, int]:
    """What was counted, by the time that the connection is known to be over."""
    told = rig.look(lambda _, doorway: dict(doorway.turned_away))
    assert told  # of all tests so far
    return dict(rig.gate.away)


def hung_up(sock: socket.socket) -> bytes:
    """What is said before the other end closes."""
    said = b""
    sock.settimeout(5)
    with contextlib.suppress(ConnectionError):
        while data := sock.recv(65536):
            said += data
    sock.close()
    return said


def tunnel_to(rig: Rig, host: str, hello: bytes) -> bytes:
    """What comes back on a CONNECT with that hello."""
    sock = rig.connect(host)
    sock.sendall(hello)
    return hung_up(sock)


# --- heads -----------------------------------------------------------------------------------------------------------


@pytest.mark.evasion("S11")
def test_a_slow_head_is_cut_off(rig: Rig) -> None:
    assert hung_up(rig.raw(b"GET http://open.test/ HT")) == b""
    assert counted(rig) == {Away.SLOW_HEAD: 1}


def test_a_head_that_comes_byte_by_byte_gets_no_more_time(rig: Rig) -> None:
    with rig.raw(b"GET http://open.test/ HTTP/1.1\r\n") as sock:
        begin = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - begin < 5:
                sock.sendall(b"x")
                time.sleep(0.05)
        assert time.monotonic() - begin < 4
    assert counted(rig) == {Away.SLOW_HEAD: 1}


def test_a_huge_head_is_refused(rig: Rig) -> None:
    said = b""
    with rig.raw(b"GET http://open.test/ HTTP/1.1\r\n") as sock, contextlib.suppress(ConnectionError):
        for _ in range(2000):
            sock.sendall(b"X-Filler: " + b"x" * 8000 + b"\r\n")
        said = hung_up(sock)
    assert said == b"" or said.startswith(b"HTTP/1.1 431")
    assert counted(rig) == {Away.HUGE_HEAD: 1}


def test_a_huge_head_inside_an_inspected_connection_is_refused(rig: Rig) -> None:
    with rig.tls("open.test") as tls, contextlib.suppress(ConnectionError, ssl.SSLError):
        tls.sendall(b"GET / HTTP/1.1\r\n")
        for _ in range(2000):
            tls.sendall(b"X-Filler: " + b"x" * 8000 + b"\r\n")
        raise AssertionError("an endless head was read")
    assert counted(rig) == {Away.HUGE_HEAD: 1}


@pytest.mark.parametrize("data", [b"\x00\x01\x02\x03", b"\r\n\r\n", b"\xff" * 100, b" GET / HTTP/1.1\r\n\r\n"])
def test_garbage_is_closed(rig: Rig, data: bytes) -> None:
    assert hung_up(rig.raw(data)) == b""
    assert counted(rig) == {Away.GARBAGE: 1}


def test_tls_to_the_proxy_itself_is_closed(rig: Rig) -> None:
    assert hung_up(rig.raw(real("open.test"))) == b""
    assert counted(rig) == {Away.TLS: 1}


def test_a_connection_that_says_nothing_is_closed(rig: Rig) -> None:
    assert hung_up(rig.raw()) == b""
    assert counted(rig) == {Away.SILENT: 1}


def test_a_connect_with_a_body_is_refused(rig: Rig) -> None:
    head = b"CONNECT open.test:443 HTTP/1.1\r\nContent-Length: 60\r\n\r\n"
    assert hung_up(rig.raw(head + b"GET http://blocked.test/ HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 400")
    assert counted(rig) == {Away.BAD_HEAD: 1}


def test_another_port_is_refused_and_counted(rig: Rig) -> None:
    assert hung_up(rig.raw(b"CONNECT open.test:22 HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 403")
    assert counted(rig) == {Away.PORT: 1}


def test_more_connections_than_a_device_needs_are_closed(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "PER_ADDRESS", 2)
    monkeypatch.setattr(crowd, "ROOM", 1)
    held = [rig.raw() for _ in range(3)]
    time.sleep(0.2)
    assert hung_up(rig.raw(CONNECT % (b"open.test", b"open.test"))) == b""
    other = rig.raw(CONNECT % (b"open.test", b"open.test"), source=STRANGER)
    assert other.recv(100).startswith(b"HTTP/1.1 200")
    other.close()
    for sock in held:
        sock.close()
    assert counted(rig)[Away.TOO_MANY] == 1


@pytest.fixture
def full(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """Somebody's address has as many connections as it may have."""
    monkeypatch.setattr(crowd, "PER_ADDRESS", 1)
    monkeypatch.setattr(reading, "FIRST_BYTE", 20)
    monkeypatch.setattr(arrival, "FULL_WITHIN", 5)
    with rig.raw() as held:
        time.sleep(0.2)
        yield rig
        held.close()


def test_who_is_one_too_many_is_told_so_inside_the_page_that_was_asked_for(full: Rig) -> None:
    with full.client() as client:
        client.get("https://open.test/")
        client.get("http://open.test/")
    assert [exchange.peer.full for exchange in full.gate.asked] == [True, True]
    assert full.gate.away[Away.TOO_MANY] == 2


def test_who_is_one_too_many_for_a_tunnel_is_told_so_inside_the_page_too(full: Rig) -> None:
    with full.client() as client, contextlib.suppress(httpx.HTTPError):
        client.get("https://tunnel.test/")
    asked = full.gate.asked[-1]
    assert asked.url == "https://tunnel.test/" and asked.peer.full
    assert full.gate.away == {Away.TOO_MANY: 1}


def test_help_is_never_one_too_many(full: Rig) -> None:
    with full.client() as client:
        assert client.get("https://help.test/").status_code == 200
    assert not full.gate.asked[-1].peer.full and not full.gate.away


def test_who_is_one_too_many_does_not_stay(full: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrival, "FULL_FOR", 0.5)
    sock = full.tls("open.test")
    assert until_closed(sock) < 4
    sock.close()


def test_who_is_one_too_many_and_says_nothing_is_closed_soon(full: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrival, "FULL_WITHIN", 0.3)
    assert hung_up(full.raw()) == b""
    assert counted(full) == {Away.SILENT: 1}


def test_more_connections_than_one_key_needs_are_closed(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "PER_KEY", 2)
    monkeypatch.setattr(crowd, "ROOM", 0)
    monkeypatch.setattr(reading, "HEAD_WITHIN", 5)
    head = b"CONNECT tunnel.test:443 HTTP/1.1\r\nProxy-Authorization: Basic %s\r\n\r\n"
    held = [rig.raw(head % b"YTph") for _ in range(2)]
    assert all(sock.recv(100).startswith(b"HTTP/1.1 200") for sock in held)
    answer = hung_up(rig.raw(head % b"YTph"))
    assert answer.startswith(b"HTTP/1.1 503") and b"Retry-After" in answer
    other = rig.raw(head % b"YjpiYg==")
    assert other.recv(100).startswith(b"HTTP/1.1 200")
    for sock in (other, *held):
        sock.close()
    assert counted(rig) == {Away.TOO_MANY: 1}


# --- hellos ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 4, 60])
def test_half_a_hello_in_a_tunnel_is_not_waited_for(rig: Rig, size: int) -> None:
    assert tunnel_to(rig, "tunnel.test", real("tunnel.test")[:size]) == b""
    assert counted(rig) == {Away.HALF_HELLO: 1}


@pytest.mark.evasion("E10")
def test_a_hello_without_a_name_opens_no_tunnel(rig: Rig) -> None:
    before = rig.seen.connections
    # The hand-made rules have no word against it; the door has.
    assert tunnel_to(rig, "tunnel.test", real(None)) == b""
    assert counted(rig) == {Away.NO_SNI: 1} and rig.seen.connections == before


@pytest.mark.evasion("E10")
def test_a_tunnel_is_for_the_name_it_was_opened_for(rig: Rig) -> None:
    before = rig.seen.connections
    assert tunnel_to(rig, "tunnel.test", real("open.test")) == b""
    assert counted(rig) == {Away.OTHER_NAME: 1} and rig.seen.connections == before


@pytest.mark.parametrize(
    ("hello", "kind"),
    [
        (records(message(name(b"tunnel.test"), ECH)), Away.ECH),
        (records(message(name(b"tunnel.test"), protocols(b"acme-tls/1"))), Away.PROTOCOL),
        (records(message(name(b"tunnel.test"), protocols(b"http/1.1", b"dot"))), Away.PROTOCOL),
    ],
    ids=["ech", "acme", "dot"],
)
def test_what_hides_or_is_no_web_is_looked_into_instead_of_tunnelled(rig: Rig, hello: bytes, kind: Away) -> None:
    before = rig.seen.requests[:]
    tunnel_to(rig, "tunnel.test", hello)  # by hand, so that nobody can finish the handshake
    assert counted(rig)[kind] == 1
    assert rig.seen.requests == before


@pytest.mark.parametrize("protocol", ["acme-tls/1", "dot", "xmpp-client", "stun.turn"])
def test_another_protocol_on_a_tunnels_name_reaches_no_one(rig: Rig, protocol: str) -> None:
    """With a real TLS library: our certificate is met, and what is no HTTP goes no further."""
    context = rig.trust()
    context.set_alpn_protocols([protocol])
    before = len(rig.seen.requests)
    said = b""
    with contextlib.suppress(ssl.SSLError, ConnectionError):
        tls = context.wrap_socket(rig.connect("tunnel.test"), server_hostname="tunnel.test")
        tls.sendall(b"\x00\x2a\x01\x02\x03\x04\x05\x06")
        tls.settimeout(5)
        said = tls.recv(4096)
        tls.close()
    assert said == b"" and len(rig.seen.requests) == before
    assert counted(rig)[Away.PROTOCOL] == 1


def test_ech_on_another_name_is_inspected_as_ever(rig: Rig) -> None:
    tunnel_to(rig, "open.test", records(message(name(b"open.test"), ECH)))
    assert Away.ECH not in counted(rig)


def test_a_hello_that_never_ends_is_closed(rig: Rig) -> None:
    sock = rig.connect("tunnel.test")
    with sock, contextlib.suppress(ConnectionError):
        sock.sendall(b"\x16\x03\x01\x40\x00\x01\x00\xff\xff" + bytes(16380))
        for _ in range(10):
            sock.sendall(b"\x16\x03\x01\x40\x00" + bytes(16384))
        hung_up(sock)
    assert counted(rig) == {Away.HUGE_HELLO: 1}


@pytest.mark.parametrize("data", [b"\x16\x03\x01\x00\x00\x16\x03", b"\x16\x03\x01\x00\x04\x02\x00\x00\x00"])
def test_what_only_begins_as_tls_is_closed(rig: Rig, data: bytes) -> None:
    assert tunnel_to(rig, "tunnel.test", data) == b""
    assert counted(rig) == {Away.BAD_HELLO: 1}


def test_what_comes_right_behind_a_connect_is_its_hello(rig: Rig) -> None:
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = rig.trust(world=True).wrap_bio(into, out, server_hostname="tunnel.test")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    with rig.raw(CONNECT % (b"tunnel.test", b"tunnel.test") + out.read()) as sock:
        said = b""
        while len(said) < 200:
            said += sock.recv(4096)
        head, _, server_hello = said.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200") and server_hello[:2] == b"\x16\x03"
    assert not rig.gate.away


@pytest.mark.evasion("E31")
def test_a_request_that_is_smuggled_behind_a_connect_is_judged(rig: Rig) -> None:
    before = len(rig.seen.requests)
    smuggled = CONNECT % (b"open.test", b"open.test") + b"GET / HTTP/1.1\r\nHost: blocked.test\r\n\r\n"
    with rig.raw(smuggled) as sock:
        said = b""
        while b"403" not in said:
            data = sock.recv(4096)
            assert data
            said += data
    assert len(rig.seen.requests) == before


# --- balancers -------------------------------------------------------------------------------------------------------

GET = b"GET http://open.test/ HTTP/1.1\r\nHost: open.test\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("header", [b"PROXY TCP4 10.0.7.2 10.0.0.1 40000 8080\r\n", v2("10.0.7.2")], ids=["v1", "v2"])
def test_a_stranger_may_not_say_for_whom_it_comes(rig: Rig, header: bytes) -> None:
    assert hung_up(rig.raw(header + GET, source=STRANGER)) == b""
    assert counted(rig) == {Away.STRANGER_PROXY_HEADER: 1} and not rig.gate.peers


@pytest.mark.parametrize(
    "header",
    [
        b"PROXY TCP4 10.0.7.2 10.0.0.1 40000 8107\r\n",
        b"PROXY TCP6 ::ffff:10.0.7.2 ::1 40000 8107\r\n",
        v2("10.0.7.2"),
        v2("::ffff:10.0.7.2"),
        summed("10.0.7.2"),
        v2("10.0.7.2", more=struct.pack(">BH", 0xEA, 300) + bytes(300)),
    ],
)
@pytest.mark.parametrize("piece", [1, 1000])
def test_a_balancers_word_is_who_it_is_and_the_port_is_our_own(rig: Rig, header: bytes, piece: int) -> None:
    with rig.raw(source=BALANCER) as sock:
        for at in range(0, len(header), piece):
            sock.sendall(header[at : at + piece])
        sock.sendall(GET)
        assert SECRET in hung_up(sock)
    assert [(peer.address, peer.port) for peer in rig.gate.peers] == [("10.0.7.2", rig.proxy)]
    assert rig.gate.asked[-1].peer.address == "10.0.7.2"
    assert not rig.gate.away


def test_a_tunnel_goes_through_a_balancer(rig: Rig) -> None:
    sock = rig.raw(v2("10.0.7.2") + CONNECT % (b"tunnel.test", b"tunnel.test"), source="127.0.1.44")
    assert sock.recv(4096).startswith(b"HTTP/1.1 200")
    tls = rig.trust(world=True).wrap_socket(sock, server_hostname="tunnel.test")
    tls.sendall(b"GET / HTTP/1.1\r\nHost: tunnel.test\r\n\r\n")
    said = b""
    while SECRET not in said:
        said += tls.recv(4096)
    tls.close()
    assert not rig.gate.away


@pytest.mark.parametrize(
    "header",
    [
        b"PROXY TCP4 10.0.7.2 10.0.0.1 40000\r\n",
        b"PROXY TCP4 " + b"x" * 120,
        v2("10.0.7.2", more=struct.pack(">BH", 0xEA, 600) + bytes(600)),
        v2("10.0.7.2", more=struct.pack(">BHI", 3, 4, 1)),
        v2("10.0.7.2")[:15],
        b"PROXY",
        b"",
    ],
    ids=["v1", "long-v1", "long-v2", "sum", "half-v2", "half-v1", "nothing"],
)
def test_a_balancer_that_does_not_say_for_whom_is_closed(rig: Rig, header: bytes) -> None:
    assert hung_up(rig.raw(header, source=BALANCER)) == b""
    assert counted(rig) == {Away.BAD_PROXY_HEADER: 1} and not rig.gate.peers


def test_a_balancer_that_forgets_its_header_is_closed(rig: Rig) -> None:
    assert hung_up(rig.raw(GET, source=BALANCER)) == b""
    assert counted(rig) == {Away.BAD_PROXY_HEADER: 1} and not rig.gate.peers


def test_a_second_header_behind_the_first_is_a_strangers(rig: Rig) -> None:
    two = b"PROXY TCP4 10.0.7.2 10.0.0.1 1 2\r\nPROXY TCP4 10.0.7.3 10.0.0.1 1 2\r\n"
    assert hung_up(rig.raw(two + GET, source=BALANCER)) == b""
    assert counted(rig) == {Away.STRANGER_PROXY_HEADER: 1} and not rig.gate.peers


@pytest.mark.parametrize("header", [b"PROXY UNKNOWN\r\n", v2("10.0.7.2", command=0x20)], ids=["unknown", "local"])
def test_a_balancer_may_see_whether_we_live(rig: Rig, header: bytes) -> None:
    assert hung_up(rig.raw(header, source=BALANCER)) == b""
    assert not rig.gate.away and not rig.gate.peers


def test_nobody_comes_in_from_outside_behind_a_balancer(rig: Rig) -> None:
    assert hung_up(rig.raw(v2("8.8.8.8") + GET, source=BALANCER)) == b""
    assert counted(rig) == {Away.OUTSIDE: 1} and not rig.gate.peers


def test_devices_behind_a_balancer_are_counted_one_by_one(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "PER_ADDRESS", 2)
    monkeypatch.setattr(crowd, "ROOM", 0)
    monkeypatch.setattr(reading, "HEAD_WITHIN", 5)
    monkeypatch.setattr(reading, "FIRST_BYTE", 5)
    connect = CONNECT % (b"tunnel.test", b"tunnel.test")
    held = [rig.raw(v2(f"10.0.7.{last}") + connect, source=BALANCER) for last in (2, 2, 3, 3)]
    assert all(sock.recv(100).startswith(b"HTTP/1.1 200") for sock in held)
    assert hung_up(rig.raw(v2("10.0.7.2") + connect, source=BALANCER)) == b""
    for sock in held:
        sock.close()
    assert counted(rig) == {Away.TOO_MANY: 1}


# --- when the asking breaks ------------------------------------------------------------------------------------------


def test_what_can_not_be_counted_is_closed_all_the_same(tmp_path) -> None:
    gate = HandGate()
    gate.raising = {"turned_away"}
    with Rig(tmp_path, gate) as rig:
        assert hung_up(rig.raw(b"\x00\x01")) == b""
        assert rig.look(lambda _, doorway: dict(doorway.turned_away)) == {Away.GARBAGE: 1}
        assert until_closed(rig.raw(real("open.test"))) < 5
