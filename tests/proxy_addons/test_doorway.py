from __future__ import annotations

import base64
import ssl
import time

import httpx
import pytest
import websockets.sync.client

from proxy_addons import reading
from tests.proxy_addons.rig import BLOCKED, SECRET, HandGate, Rig, until_closed


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    with Rig(tmp_path_factory.mktemp("doorway")) as rig:
        yield rig


@pytest.mark.evasion("E07")
@pytest.mark.parametrize(
    ("url", "http2"), [("http://open.test/", False), ("https://open.test/", False), ("https://open.test/", True)]
)
def test_an_open_site_is_reached_over_http_https_and_http2(rig, url, http2):
    with rig.client(http2=http2) as client:
        answer = client.get(url)
    assert (answer.status_code, answer.content) == (200, SECRET)
    assert answer.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
    assert "alt-svc" not in answer.headers


def test_a_websocket_goes_both_ways(rig):
    with websocket(rig, "ws.test") as ws:
        for n in range(3):
            ws.send(f"hallo {n}")
            assert ws.recv(5) == f"hallo {n}"


@pytest.mark.parametrize("url", ["http://blocked.test/", "https://blocked.test/"])
@pytest.mark.parametrize("http2", [False, True])
def test_a_blocked_site_shows_the_page_and_is_never_contacted(rig, url, http2):
    before = rig.seen.connections
    with rig.client(http2=http2) as client:
        answer = client.get(url)
    assert (answer.status_code, answer.content) == (403, BLOCKED)
    assert answer.headers["cache-control"] == "no-store"
    assert rig.seen.connections == before


def test_one_connection_serves_many_requests_each_asked_about(rig):
    asked = len(rig.gate.asked)
    with rig.client() as client:
        connections = rig.seen.connections
        assert [client.get("https://open.test/").status_code for _ in range(4)] == [200] * 4
    assert len(rig.gate.asked) - asked == 4
    assert rig.seen.connections - connections == 1
    assert len({exchange.peer.connection for exchange in rig.gate.asked[-4:]}) == 1


def test_a_tunnel_shows_the_sites_own_certificate(rig):
    asked = len(rig.gate.asked)
    with rig.client(world=True, http2=True) as client:
        assert client.get("https://tunnel.test/").content == SECRET
    assert len(rig.gate.asked) == asked  # nobody looked inside


@pytest.mark.evasion("E10")
def test_a_tunnel_with_another_name_in_its_hello_is_closed(rig):
    before = rig.seen.connections
    with pytest.raises((ssl.SSLError, ConnectionError)):
        rig.tls("tunnel.test", sni="open.test", world=True)
    assert rig.seen.connections == before


def test_a_tunnel_without_tls_is_looked_into(rig):
    sock = rig.connect("tunnel.test")
    sock.sendall(b"GET /x HTTP/1.1\r\nHost: blocked.test\r\n\r\n")
    assert b"403" in sock.recv(4096)


@pytest.mark.evasion("E10")
def test_sni_of_a_blocked_site_behind_an_open_connect_gets_the_page(rig):
    before = rig.seen.connections
    context = rig.trust()
    context.check_hostname = False
    tls = context.wrap_socket(rig.connect("open.test"), server_hostname="blocked.test")
    tls.sendall(b"GET / HTTP/1.1\r\nHost: open.test\r\n\r\n")
    assert b"403" in tls.recv(4096)
    assert rig.seen.connections == before


@pytest.mark.evasion("E10")
@pytest.mark.parametrize(
    "request_line",
    [
        "GET / HTTP/1.1\r\nHost: blocked.test",
        "GET http://blocked.test/ HTTP/1.1\r\nHost: open.test",
        "GET / HTTP/1.1\r\nHost: open.test\r\nHost: blocked.test",
        "GET / HTTP/1.1\r\nHost: blocked.test:443",
    ],
)
def test_another_name_in_the_request_than_in_the_connect_is_judged_too(rig, request_line):
    paths = len(rig.seen.requests)
    tls = rig.tls("open.test")
    tls.sendall(f"{request_line}\r\n\r\n".encode())
    answer = tls.recv(65536)
    assert SECRET not in answer
    assert len(rig.seen.requests) == paths


@pytest.mark.evasion("E10")
def test_a_plain_request_with_another_host_header_is_judged_by_both(rig):
    requests = len(rig.seen.requests)
    sock = rig.raw(b"GET http://open.test/ HTTP/1.1\r\nHost: blocked.test\r\n\r\n")
    assert b"403" in sock.recv(4096)
    assert len(rig.seen.requests) == requests


@pytest.mark.evasion("E10", "E11")
def test_another_authority_on_the_same_http2_connection_is_judged_too(rig):
    requests = len(rig.seen.requests)
    with rig.client(http2=True) as client:
        assert client.get("https://open.test/").status_code == 200
        answer = client.get("https://open.test/", headers={"Host": "blocked.test"})
    assert answer.status_code == 403
    assert len(rig.seen.requests) == requests + 1


@pytest.mark.parametrize("port", [22, 8443, 5222])
def test_a_connect_to_another_port_is_refused(rig, port):
    sock = rig.raw(f"CONNECT open.test:{port} HTTP/1.1\r\nHost: open.test\r\n\r\n".encode())
    assert sock.recv(4096).startswith(b"HTTP/1.1 403")


@pytest.mark.parametrize(
    "head",
    [
        b"CONNECT open.test HTTP/1.1\r\n\r\n",
        b"CONNECT open.test:443 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
        b"CONNECT open.test:443@blocked.test:443 HTTP/1.1\r\n\r\n",
        b"GET http://user@open.test/ HTTP/1.1\r\n\r\n",
        b"CONNECT open.test:443 HTTP/1.1\r\nbad header\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
def test_a_head_that_can_be_read_in_two_ways_is_refused(rig, head):
    assert rig.raw(head).recv(4096).startswith(b"HTTP/1.1 400")


def test_what_is_no_http_is_closed(rig):
    assert _closed(rig.raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"))


@pytest.mark.parametrize(
    "inside", [b"SSH-2.0-x\r\n", b"\x00\x01\x02\x03\x04\x05\x06\x07", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
)
def test_raw_bytes_inside_an_inspected_connection_are_refused(rig, inside):
    before = rig.seen.connections
    sock = rig.connect("open.test")
    sock.sendall(inside)
    assert _closed(sock)
    tls = rig.tls("open.test")
    with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
        tls.sendall(inside)
        assert tls.recv(4096)
    assert rig.seen.connections - before <= 1  # the origin's handshake of the open host, but no byte of it
    assert not any(method not in ("GET", "POST", "PUT") for method, _, _ in rig.seen.requests)


def test_a_head_without_end_is_cut_off(rig):
    sock = rig.raw(b"GET http://open.test/ HTTP/1.1\r\n")
    assert _flood(sock), "an endless head was read"
    assert _flood(rig.tls("open.test")), "an endless head inside TLS was read"


def _closed(sock) -> bool:
    """Whether the other end closed without a word; with bytes of ours still unread that is a reset."""
    try:
        return sock.recv(4096) == b""
    except ConnectionError:
        return True


def _flood(sock) -> bool:
    line = b"X-Filler: " + b"x" * 8000 + b"\r\n"
    try:
        sock.sendall(b"GET / HTTP/1.1\r\n")
        for _ in range(2000):
            sock.sendall(line)
    except (ConnectionError, ssl.SSLError):
        return True
    return False


@pytest.mark.parametrize(
    "half",
    [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\x16\x03", b"GET / HTTP/1.1\r\nHost: open.te", b"GE", b""],
    ids=["hello", "record", "head", "line", "nothing"],
)
@pytest.mark.parametrize("host", ["open.test", "tunnel.test"])
def test_half_a_hello_or_head_is_not_waited_for_for_ever(rig, monkeypatch, host, half):
    monkeypatch.setattr(reading, "HEAD_WITHIN", 0.4)
    monkeypatch.setattr(reading, "FIRST_BYTE", 0.4)
    with rig.connect(host) as sock:
        sock.sendall(half)
        assert until_closed(sock) < 5


def test_half_a_hello_behind_a_second_connect_is_not_waited_for_either(rig, monkeypatch):
    monkeypatch.setattr(reading, "HEAD_WITHIN", 0.4)
    with rig.raw(b"GET http://open.test/ HTTP/1.1\r\nHost: open.test\r\n\r\n") as sock:
        _read_until(sock, SECRET)
        sock.sendall(b"CONNECT open.test:443 HTTP/1.1\r\nHost: open.test:443\r\n\r\n")
        _read_until(sock, b"\r\n\r\n")
        sock.sendall(b"\x16\x03\x01\x02\x00\x01")
        assert until_closed(sock) < 5


def test_a_connection_that_has_begun_may_be_slow(rig, monkeypatch):
    monkeypatch.setattr(reading, "HEAD_WITHIN", 0.4)
    monkeypatch.setattr(reading, "FIRST_BYTE", 0.4)
    plain = rig.raw(b"GET http://open.test/sse HTTP/1.1\r\nHost: open.test\r\n\r\n")
    with plain, rig.tls("open.test") as stream, rig.tls("open.test") as idle:
        stream.sendall(b"GET /sse HTTP/1.1\r\nHost: open.test\r\n\r\n")
        time.sleep(1.2)  # three times the limit
        idle.sendall(b"GET / HTTP/1.1\r\nHost: open.test\r\n\r\n")
        _read_until(idle, SECRET)
        for one in (plain, stream):
            for _ in range(3):
                _read_until(one, SECRET)


def _read_until(sock, what: bytes) -> None:
    sock.settimeout(5)
    seen = b""
    while what not in seen:
        data = sock.recv(65536)
        assert data, "hung up"
        seen += data


def test_a_bytewise_slow_hello_and_head_are_understood(rig):
    sock = rig.raw()
    for byte in b"CONNECT open.test:443 HTTP/1.1\r\n\r\n":
        sock.sendall(bytes([byte]))
    assert sock.recv(4096).startswith(b"HTTP/1.1 200")
    for byte in b"GET / HTTP/1.1\r\nHost: blocked.test\r\n\r\n":
        sock.sendall(bytes([byte]))
    assert b"403" in sock.recv(4096)


def test_a_keyed_listener_asks_for_the_key_and_never_passes_it_on(tmp_path):
    gate = HandGate()
    with Rig(tmp_path, gate, listeners=2) as rig:
        gate.keyed = frozenset({rig.ports[1]})
        keyed, key = rig.ports[1], base64.b64encode(b"tablet-3:geheim").decode()
        for head in (b"CONNECT open.test:443 HTTP/1.1\r\n\r\n", b"GET http://open.test/ HTTP/1.1\r\n\r\n"):
            answer = rig.raw(head, keyed).recv(4096)
            assert answer.startswith(b"HTTP/1.1 407")
            assert b'Proxy-Authenticate: Basic realm="' in answer
        for url in ("https://open.test/", "http://open.test/"):
            with httpx.Client(
                proxy=f"http://tablet-3:geheim@127.0.0.1:{keyed}", verify=rig.trust(), trust_env=False
            ) as client:
                answer = client.get(
                    url, headers={"X-Forwarded-For": "10.1.2.3", "Proxy-Thing": "1", "Forwarded": "for=x"}
                )
            assert answer.content == SECRET
            assert gate.asked[-1].peer.credentials == f"Basic {key}"
            assert gate.asked[-1].peer.port == keyed
            headers = rig.seen.requests[-1][2]
            assert not [name for name in headers if name.startswith("proxy-") or "forwarded" in name]


def websocket(rig: Rig, host: str, **more):
    return websockets.sync.client.connect(
        f"wss://{host}/chat", ssl=rig.trust_of_threads(), proxy=f"http://127.0.0.1:{rig.proxy}", open_timeout=10, **more
    )
