"""What the head of a message says, through a worker where that is what counts."""

from __future__ import annotations

import pytest
from mitmproxy import http

from proxy_addons.heads import kind_of_trouble, looks_like_http, read_in_two_ways
from proxy_addons.translate import of_exchange
from tests.proxy_addons.rig import ENGINES, WHO, Rig


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    with Rig(tmp_path_factory.mktemp("heads")) as rig:
        yield rig


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


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Certificate verify failed: certificate has expired", "certificate"),
        ("The remote server and mitmproxy cannot agree on a TLS version to use.", "certificate"),
        ("OpenSSL Error([('SSL routines', '', 'tls alert handshake failure')])", "certificate"),
        ("The remote server does not speak TLS.", "certificate"),
        ("tlsv1 alert unknown ca", "certificate"),
        ("connection closed early", "unreachable"),
        ("[Errno -2] Name or service not known", "dns"),
        ("name not found a moment ago", "dns"),
        ("[Errno -3] Temporary failure in name resolution", "unanswered"),
        ("temporary failure in name resolution a moment ago", "unanswered"),
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


@pytest.mark.evasion("E31")
@pytest.mark.parametrize(
    ("name", "value", "doubtful"),
    [
        (b"X", b"y", False),
        (b"X_Id", b"y", False),
        (b"Connection", b"keep-alive, Upgrade", False),
        (b"X", b"y\r\n Transfer-Encoding: chunked", True),
        (b"X", b"y\rTransfer-Encoding: chunked", True),
        (b"X", b"y\nHost: discord.com", True),
        (b"X", b"y\0", True),
        (b"Content_Length", b"4", True),
        (b"Transfer_Encoding", b"chunked", True),
        (b"Connection", b"close, Content-Length", True),
    ],
)
def test_a_request_that_can_be_read_in_two_ways_is_known(name, value, doubtful):
    request = http.Request.make("GET", "http://open.test/")
    request.headers = http.Headers([(b"Host", b"open.test"), (name, value)])
    assert read_in_two_ways(request) is doubtful
