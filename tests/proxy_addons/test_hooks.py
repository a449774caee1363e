from __future__ import annotations

import contextlib
import ssl
import time

import httpx
import pytest
from h2.connection import H2Connection
from h2.events import DataReceived, Event, StreamEnded
from mitmproxy.test import tflow

from proxy_addons.connections import Connections
from proxy_addons.egress import Egress
from proxy_addons.facts import Peer
from proxy_addons.failsafe import Failsafe
from proxy_addons.heads import LOOK_INTO, kind_of_trouble, looks_like_http
from proxy_addons.hooks import Hooks
from proxy_addons.translate import of_exchange
from tests.proxy_addons.rig import BAD, BLOCKED, BROKEN, ENGINES, SECRET, WHO, HandGate, Rig, until_closed


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    with Rig(tmp_path_factory.mktemp("hooks")) as rig:
        yield rig


# --- uploads ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("http2", [False, True])
def test_a_small_form_is_judged_with_its_body_and_once(rig, http2):
    asked = len(rig.gate.asked)
    with rig.client(http2=http2) as client:
        assert client.post("https://open.test/form", data={"q": "paarden"}).content == SECRET
    (exchange,) = rig.gate.asked[asked:]
    assert (exchange.method, exchange.body) == ("POST", b"q=paarden")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_big_upload_is_judged_before_it_and_then_streams(rig, scheme):
    asked, bodies = len(rig.gate.asked), len(rig.seen.bodies)
    with rig.client() as client:
        assert client.post(f"{scheme}://open.test/up", content=b"x" * 3_000_000).content == SECRET
    (exchange,) = rig.gate.asked[asked:]
    assert exchange.body is None
    assert rig.seen.bodies[bodies:] == [3_000_000]


def test_a_form_with_a_file_is_looked_into_further(rig):
    asked = len(rig.gate.asked)
    with rig.client() as client:
        answer = client.post("https://open.test/up", files={"f": ("werkstuk.docx", b"x" * 900_000)})
        assert answer.content == SECRET
        assert client.post("https://open.test/up", files={"f": ("x", b"x" * 1_100_000)}).content == SECRET
    short, long = rig.gate.asked[asked:]
    assert len(short.body) > 900_000 and long.body is None


def test_an_upload_of_unknown_length_is_judged_before_it_too(rig):
    asked, bodies = len(rig.gate.asked), len(rig.seen.bodies)
    with rig.client() as client:
        assert client.post("https://open.test/up", content=(b"x" * 1000 for _ in range(50))).content == SECRET
    assert len(rig.gate.asked) == asked + 1
    assert rig.seen.bodies[bodies:] == [50_000]


@pytest.mark.parametrize("http2", [False, True])
@pytest.mark.parametrize("told", [True, False], ids=["with its length", "without"])
def test_of_a_long_upload_the_beginning_is_judged_before_any_of_it_goes_on(rig, http2, told):
    begun, bodies, sent = len(rig.gate.begun), len(rig.seen.bodies), len(rig.seen.sent)
    body = [BAD, *(b"x" * 50_000 for _ in range(20))]
    with rig.client(http2=http2) as client, pytest.raises(httpx.TransportError):
        client.post("https://open.test/up", content=b"".join(body) if told else iter(body))
    (first,) = rig.gate.begun[begun:]
    assert first.startswith(BAD)
    assert len(first) == LOOK_INTO
    assert not any(BAD in one for one in rig.seen.sent[sent:])
    assert rig.seen.bodies[bodies:] == []


def test_what_comes_after_the_beginning_streams_on(rig):
    begun, bodies = len(rig.gate.begun), len(rig.seen.bodies)
    with rig.client() as client:
        assert client.post("https://open.test/up", content=b"x" * LOOK_INTO + BAD + b"x" * 200_000).content == SECRET
    assert len(rig.gate.begun) == begun + 1
    assert rig.seen.bodies[bodies:] == [LOOK_INTO + len(BAD) + 200_000]


def test_when_the_beginning_of_an_upload_cannot_be_judged_nothing_of_it_goes_on(rig):
    bodies = len(rig.seen.bodies)
    rig.gate.raising.add("sent")
    try:
        with rig.client() as client:
            with pytest.raises(httpx.TransportError):
                client.post("https://open.test/up", content=b"x" * 300_000)
            assert client.post("https://help.test/up", content=b"x" * 300_000).content == SECRET
    finally:
        rig.gate.raising.clear()
    assert rig.seen.bodies[bodies:] == [300_000]


@pytest.mark.parametrize("size", [10, LOOK_INTO + 1, 900_000])
@pytest.mark.parametrize("http2", [False, True])
def test_a_denied_upload_gets_the_page(rig, size, http2):
    before = rig.seen.connections
    with rig.client(http2=http2) as client:
        assert client.post("https://blocked.test/up", content=b"x" * size).content == BLOCKED
    assert rig.seen.connections == before


def test_a_huge_denied_upload_is_not_waited_for(rig):
    tls = rig.tls("blocked.test")
    tls.sendall(b"POST /up HTTP/1.1\r\nHost: blocked.test\r\nContent-Length: 5000000000\r\n\r\n" + b"x" * 1000)
    tls.settimeout(5)
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        assert not tls.recv(4096).startswith(b"HTTP/1.1 2")


def test_a_hidden_body_on_a_denied_http2_request_does_not_fill_the_memory(rig):
    with rig.client(http2=True) as client, contextlib.suppress(httpx.TransportError):
        sent = 0

        def endless():
            nonlocal sent
            while sent < 40_000_000:
                sent += 10_000
                yield b"x" * 10_000

        client.request("GET", "https://blocked.test/", content=endless())
        raise AssertionError("an endless body was swallowed")
    assert sent < 20_000_000


# --- responses -------------------------------------------------------------------------------------------------------


def test_long_and_endless_responses_flow_at_once(rig):
    with rig.client() as client:
        assert client.get("https://open.test/big").content == SECRET * 20_000
        start = time.monotonic()
        with client.stream("GET", "https://open.test/sse") as answer:
            assert SECRET in next(answer.iter_bytes())
        assert time.monotonic() - start < 5


def test_only_the_guard_may_ask_for_a_device_key(rig):
    for scheme in ("http", "https"):
        with rig.client() as client:
            answer = client.get(f"{scheme}://open.test/407")
        assert answer.status_code == 502
        assert "proxy-authenticate" not in answer.headers


def test_an_upgrade_to_something_unknown_is_no_tunnel(rig):
    tls = rig.tls("open.test")
    tls.sendall(b"GET /upgrade HTTP/1.1\r\nHost: open.test\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n")
    tls.settimeout(5)
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        assert SECRET not in tls.recv(65536)
    assert "upgrade" not in rig.seen.requests[-1][2]


@pytest.mark.parametrize(
    ("method", "upgrade"), [("POST", "websocket"), ("GET", "no-websocket"), ("GET", "a, websocket")]
)
def test_only_a_get_for_a_websocket_is_one(rig, method, upgrade):
    asked = len(rig.gate.asked)
    with rig.client() as client:
        headers = {"connection": "upgrade", "upgrade": upgrade, "content-type": "image/png"}
        assert client.request(method, "https://open.test/up", content=b"x" * 10, headers=headers).content == SECRET
    (exchange,) = rig.gate.asked[asked:]
    assert not exchange.websocket and exchange.body == b"x" * 10
    assert "upgrade" not in rig.seen.requests[-1][2]


@pytest.mark.parametrize(
    ("host", "port", "url"),
    [
        ("[2001:db8::1]", "", "http://[2001:db8::1]/a?b"),
        ("[2001:db8::1]", ":8080", "http://[2001:db8::1]:8080/a?b"),
        ("[::ffff:198.51.100.7]", "", "http://[::ffff:198.51.100.7]/a?b"),
    ],
)
def test_an_ipv6_address_can_be_read_in_every_place_where_it_stands(rig, host, port, url):
    with rig.raw(f"GET http://{host}{port}/a?b HTTP/1.1\r\nHost: {host}{port}\r\n\r\n".encode()) as sock:
        assert sock.recv(65536).startswith(b"HTTP/1.1 403")
    exchange = rig.gate.asked[-1]
    asked = of_exchange(exchange, WHO, ENGINES)
    assert exchange.url == url
    assert not asked.unreadable and asked.address is not None and asked.address.is_ip
    assert asked.hosts == (asked.address.host,), "the names that are in play are one"


@pytest.mark.parametrize("path", [b"https://blocked.test/", b"@open.test/", b":443/", b"x"])
def test_an_http2_path_that_is_no_path_goes_nowhere(rig, path):
    # Behind an origin that takes a whole address for its path is another site than the one that was judged.
    before = len(rig.seen.requests)
    trust = rig.trust()
    trust.set_alpn_protocols(["h2"])
    with trust.wrap_socket(rig.connect("open.test"), server_hostname="open.test") as tls:
        h2 = H2Connection()
        h2.initiate_connection()
        head = [(b":method", b"GET"), (b":scheme", b"https"), (b":authority", b"open.test"), (b":path", path)]
        h2.send_headers(1, head, end_stream=True)
        tls.sendall(h2.data_to_send())
        tls.settimeout(10)
        events: list[Event] = []
        while not any(isinstance(event, StreamEnded) for event in events):
            data = tls.recv(65536)
            assert data, "hung up without a page"
            events += h2.receive_data(data)
    assert b"".join(event.data for event in events if isinstance(event, DataReceived)) == BLOCKED
    assert len(rig.seen.requests) == before


def test_the_answer_to_a_head_request_has_no_body_and_the_connection_goes_on(rig):
    with rig.client() as client:
        assert client.head("https://blocked.test/").status_code == 403
        assert client.get("https://blocked.test/").content == BLOCKED


def test_what_mitmproxy_cannot_carry_ends_there_and_is_not_written_down(rig, caplog):
    tls = rig.tls("open.test")
    head = b"POST /up HTTP/1.1\r\nHost: open.test\r\nTransfer-Encoding: chunked\r\n\r\n"
    tls.sendall(head + b"0\r\ngeheim: 1\r\n\r\n")
    assert until_closed(tls) < 5
    assert "`engine` broke with NotImplementedError" in caplog.text
    assert "Traceback" not in caplog.text


# --- trouble with an origin ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("http2", [False, True])
@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://gone.test/", "unreachable"),
        ("https://gone.test/", "unreachable"),
        ("https://stale.test/", "certificate"),
        ("http://nowhere.test/", "dns"),
        ("https://nowhere.test/", "dns"),
    ],
)
def test_a_site_that_cannot_be_reached_gets_a_friendly_page(rig, url, kind, http2):
    with rig.client(http2=http2) as client:
        answer = client.get(url)
    assert answer.status_code == 502
    assert answer.content == f"<!doctype html><p>trouble: {kind}".encode()
    assert "mitmproxy" not in str(answer.headers)


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: open.test\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc",
        b"GET / HTTP/1.1\r\nHost: open.test\r\nContent-Length: many\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: open.test\r\nbad header\r\n\r\n",
    ],
)
def test_a_request_that_makes_no_sense_gets_our_page_not_mitmproxys_and_is_no_fault_of_ours(rig, head):
    faults = rig.gate.faults
    tls = rig.tls("open.test")
    tls.sendall(head)
    answer = tls.recv(65536)
    assert answer.startswith(b"HTTP/1.1 400")
    assert BROKEN in answer
    assert b"mitmproxy" not in answer.lower()
    assert rig.gate.faults == faults


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "0.0.0.0",
        "127.1",
        "2130706433",
        "0x7f000001",
        "017700000001",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "10.0.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "[64:ff9b::7f00:1]",
    ],
)
def test_no_spelling_leads_to_this_machine_or_the_school_network(rig, address):
    connections = rig.seen.connections
    rig.gate.open |= {
        "127.0.0.1",
        "localhost",
        "::1",
        "0.0.0.0",
        "169.254.169.254",
        "10.0.0.1",
        "192.168.1.1",
        "100.64.0.1",
    }
    sock = rig.raw(f"GET http://{address}/ HTTP/1.1\r\nHost: {address}\r\n\r\n".encode())
    answer = sock.recv(65536)
    assert answer.startswith((b"HTTP/1.1 502 ", b"HTTP/1.1 403 ", b"HTTP/1.1 400 ")), answer
    assert rig.seen.connections == connections


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Certificate verify failed: certificate has expired", "certificate"),
        ("[Errno -2] Name or service not known", "dns"),
        ("name not found a moment ago", "dns"),
        ("[Errno 111] Connect call failed ('192.0.2.1', 443)", "unreachable"),
        ("refused by the guard", "unreachable"),
        ("[Errno 110] Connection timed out", "timeout"),
    ],
)
def test_what_is_wrong_with_a_site_is_told_by_its_kind(message, kind):
    assert kind_of_trouble(message) == kind


@pytest.mark.parametrize(
    ("data", "verdict"),
    [
        (b"GET / HTTP/1.1\r\n", True),
        (b"GET / HTTP/1.0\n", True),
        (b"M-SEARCH * HTTP/1.1\r\n", True),
        (b"GE", None),
        (b"GET /half", None),
        (b"\x16\x03", None),
        (b"\x16\x03\x09x", False),
        (b"GET /\r\n", False),
        (b"PRI * HTTP/2.0\r\n", False),
        (b"SSH-2.0-OpenSSH\r\n", False),
        (b"\x00\x00", False),
        (b'{"json": 1}', False),
    ],
)
def test_http_is_told_from_other_talk(data, verdict):
    assert looks_like_http(data) is verdict


def test_a_request_that_was_never_judged_does_not_pass():
    failsafe = Failsafe(HandGate(), frozenset())
    connections = Connections(failsafe.standing)
    failsafe.attach(connections)
    flow = tflow.tflow()
    connections.open(Peer(flow.client_conn.id, "10.0.0.1", 1), lambda: None)
    Hooks(failsafe, connections, Egress()).request(flow)
    assert flow.response.content == BROKEN


def test_messages_of_a_websocket_are_not_kept():
    failsafe = Failsafe(HandGate(), frozenset())
    connections = Connections(failsafe.standing)
    hooks = Hooks(failsafe, connections, Egress())
    flow = tflow.twebsocketflow()
    closed = []
    connections.open(Peer(flow.client_conn.id, "10.0.0.1", 1), lambda: closed.append(True))
    connections.begin(flow.client_conn.id, flow.id, None, None)
    hooks.websocket_message(flow)
    assert len(flow.websocket.messages) == 1
    assert not flow.websocket.messages[-1].dropped
    connections.end(flow.client_conn.id, flow.id)
    hooks.websocket_message(flow)
    assert flow.websocket.messages[-1].dropped
    assert closed == [True]
