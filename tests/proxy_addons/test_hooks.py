from __future__ import annotations

import contextlib
import ssl
import time

import httpx
import pytest
from h2.connection import H2Connection
from h2.events import DataReceived, Event, StreamEnded
from mitmproxy.test import tflow

from proxy_addons import wire1
from proxy_addons.connections import Connections
from proxy_addons.egress import Egress
from proxy_addons.facts import Peer
from proxy_addons.failsafe import Failsafe
from proxy_addons.heads import LOOK_INTO
from proxy_addons.hooks import Hooks
from tests.proxy_addons.rig import BAD, BLOCKED, BROKEN, SECRET, HandGate, Rig, until_closed


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
    # Over HTTP/2 this origin answers at the head, and who hears of it at once may leave before there is a beginning.
    cut = contextlib.suppress(httpx.TransportError) if http2 else pytest.raises(httpx.TransportError)
    with rig.client(http2=http2) as client, cut:
        client.post("https://open.test/up", content=b"".join(body) if told else iter(body))
    found = rig.gate.begun[begun:]
    assert len(found) == 1 or (http2 and not found)
    assert all(first.startswith(BAD) and len(first) == LOOK_INTO for first in found)
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


def test_what_the_layers_cannot_carry_ends_there_and_is_not_written_down(rig, caplog, monkeypatch):
    def cannot(*_):
        raise NotImplementedError("geheim")

    monkeypatch.setattr(wire1.Chunks, "__call__", cannot)
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
    told = answer.text.removeprefix("<!doctype html><p>trouble: ")
    # Without a network there is nobody to say that there is no such name.
    assert told == kind or (kind, told) == ("dns", "unanswered")
    assert "mitmproxy" not in str(answer.headers)


@pytest.mark.parametrize("http2", [False, True])
def test_a_client_that_goes_away_is_no_trouble_of_a_site(rig, http2):
    rig.gate.troubles.clear()
    asked = len(rig.gate.asked)
    with rig.client(http2=http2) as client, pytest.raises(httpx.ReadTimeout):
        client.get("http://deaf.test/", timeout=0.5)
    assert len(rig.gate.asked) == asked + 1
    time.sleep(0.3)
    assert rig.gate.troubles == []


@pytest.mark.parametrize("http2", [False, True])
def test_an_origin_that_answers_is_told_of_and_our_own_answers_are_not(rig, http2):
    rig.gate.reaches.clear()
    with rig.client(http2=http2) as client:
        client.get("https://open.test/")
        client.get("http://open.test/")
        client.get("https://blocked.test/")
        client.get("https://gone.test/")
    assert rig.gate.reaches == [("open.test", True), ("open.test", False)]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_that_does_not_trust_us_says_so_and_is_told_of(rig, version):
    rig.gate.distrust.clear()
    strict = ssl.create_default_context(cafile=str(rig.world.crt))
    strict.minimum_version = strict.maximum_version = version
    for host in ("open.test", "blocked.test"):
        with pytest.raises(ssl.SSLCertVerificationError), rig.connect(host) as sock:
            strict.wrap_socket(sock, server_hostname=host)
    time.sleep(0.3)
    assert [name for _, name in rig.gate.distrust] == ["open.test"], "what is closed is no app that has to work"


def test_a_client_that_only_leaves_during_the_handshake_says_nothing_of_our_certificate(rig):
    rig.gate.distrust.clear()
    for data in (b"", b"\x15\x03\x03\x00\x02\x02\x28"):  # closed at once, and a handshake_failure alert
        with rig.connect("open.test") as sock:
            context, incoming, outgoing = rig.trust(), ssl.MemoryBIO(), ssl.MemoryBIO()
            half = context.wrap_bio(incoming, outgoing, server_hostname="open.test")
            with contextlib.suppress(ssl.SSLWantReadError):
                half.do_handshake()
            sock.sendall(outgoing.read())
            sock.recv(1)
            sock.sendall(data)
    time.sleep(0.3)
    assert rig.gate.distrust == []


def test_what_cannot_be_told_of_keeps_nobody_from_their_page(rig):
    rig.gate.raising = {"reached", "distrusted"}
    try:
        with rig.client() as client:
            assert client.get("https://open.test/").content == SECRET
        with pytest.raises(ssl.SSLCertVerificationError), rig.connect("open.test") as sock:
            ssl.create_default_context(cafile=str(rig.world.crt)).wrap_socket(sock, server_hostname="open.test")
    finally:
        rig.gate.raising = set()


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
