"""One name outside, another one inside: CONNECT, SNI, Host and :authority, in every combination (E10, E11)."""

from __future__ import annotations

import contextlib
import ssl
from itertools import product

import pytest

from tests.e2e.clients import Refused
from tests.evasions.school import CLOSED, HELP, OPEN, TUNNELLED, Running
from tests.evasions.speaking import http2, page, said_raw, statuses

FINE, OTHER, SHUT = OPEN[1], OPEN[2], CLOSED[0]
KINDS = {"open": FINE, "closed": SHUT, "help": HELP, "tunnelled": TUNNELLED}
UNSEEN = (HELP, TUNNELLED)
COMBINATIONS = list(product(KINDS, repeat=3))
SOME_OFTEN = [
    one if "tunnelled" not in one and one[0] == "open" else pytest.param(one, marks=pytest.mark.full)
    for one in COMBINATIONS
]


def goes_unseen(connect: str, sni: str) -> bool:
    """Whether a connection is tunnelled: what is said inside is not read, and goes to that one server only."""
    return connect == sni and connect in UNSEEN


def judge(guard: Running, connect: str, sni: str, host: str) -> None:
    """Nothing came to anybody when one of the names is closed; in a tunnel nothing but to the tunnel's own server."""
    if goes_unseen(connect, sni):
        assert all(one.sni == sni for one in guard.sites.connections)
    elif SHUT in (connect, sni, host):
        assert not guard.sites.requests
        assert not guard.sites.opened(SHUT), "a closed name is not even greeted"
    elif connect == sni == host:
        assert [one.host for one in guard.sites.requests] == [host]


@pytest.mark.evasion("E10")
@pytest.mark.parametrize("kinds", COMBINATIONS, ids="-".join)
def test_the_strictest_of_three_names_counts(guard: Running, kinds: tuple[str, str, str]):
    connect, sni, host = (KINDS[kind] for kind in kinds)
    with contextlib.suppress(Refused, ssl.SSLError, ConnectionError):
        reply = guard.pupil.fetch(f"https://{sni}/les", connect=connect, sni=sni, host=host)
        closed = SHUT in (connect, sni, host) and not goes_unseen(connect, sni)
        assert not (closed and "x-origin" in reply.headers)
        assert reply.status in ((403, 421) if closed else (200, 403, 421)), reply.text[:200]
    judge(guard, connect, sni, host)


@pytest.mark.evasion("E10")
@pytest.mark.parametrize("kinds", SOME_OFTEN, ids="-".join)
def test_over_http2_too(guard: Running, kinds: tuple[str, str, str]):
    connect, sni, host = (KINDS[kind] for kind in kinds)
    with contextlib.suppress(Refused, OSError), http2(guard.pupil, sni, connect=connect) as line:
        got = line.ask(page(host))
        assert not (got.reached and SHUT in (connect, sni, host) and not goes_unseen(connect, sni))
    judge(guard, connect, sni, host)


SPELLED = [
    f"{SHUT}:443",
    f"{SHUT}.",
    f"{SHUT}.:443",
    SHUT.upper(),
    f"{FINE}@{SHUT}",
    f"{SHUT}@{FINE}",
    f"{SHUT}/{FINE}",
    f"{FINE}/@{SHUT}",
    f"{FINE}\\@{SHUT}",
    f"{FINE}#@{SHUT}",
    f"{FINE}?@{SHUT}",
    f"{FINE}, {SHUT}",
    f"{SHUT}, {FINE}",
    f"{FINE} {SHUT}",
    f"{SHUT}\t",
    f"https://{SHUT}",
    f"//{SHUT}",
    SHUT.replace("d", "%64"),
    SHUT.replace(".", "\u3002"),
    "".join(chr(ord(one) + 0xFEE0) if one.isalpha() else one for one in SHUT),
    f"dis\u00adcord.{SHUT.partition('.')[2]}",
    f"[{SHUT}]",
    f"{SHUT}:80",
    f"{SHUT}:",
    f"{SHUT}:443:443",
]


@pytest.mark.evasion("E10", "E14")
@pytest.mark.parametrize("host", SPELLED, ids=ascii)
def test_no_spelling_of_host_brings_a_closed_name_into_an_open_connection(guard: Running, host: str):
    request = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    answer = said_raw(guard.pupil, request, FINE)
    assert b"x-origin" not in answer
    assert not guard.sites.requests
    with http2(guard.pupil, FINE) as line:
        assert not line.ask(page(host)).reached
    with http2(guard.pupil, FINE) as line:
        assert not line.ask([*page(FINE), ("host", host)]).reached
    with http2(guard.pupil, FINE) as line:
        assert not line.ask([*page(None), ("host", host)]).reached
    assert all(SHUT.partition(".")[0] not in one.host.lower() for one in guard.sites.requests)


MISLEADING = (
    "X-Forwarded-Host",
    "X-Forwarded-Server",
    "X-Host",
    "X-Original-Host",
    "X-HTTP-Host-Override",
    "X-Original-URL",
    "X-Rewrite-URL",
    "X-Override-URL",
    "Forwarded",
)


@pytest.mark.evasion("E10")
@pytest.mark.parametrize("name", MISLEADING)
def test_a_header_that_names_another_site_goes_no_further(guard: Running, name: str):
    value = f"host={SHUT}" if name == "Forwarded" else f"https://{SHUT}/" if name.endswith("URL") else SHUT
    for say in (name, name.lower(), name.replace("-", "_")):
        reply = guard.pupil.fetch(f"https://{FINE}/", headers={say: value})
        assert reply.headers.get("x-origin") == "reached"
    with http2(guard.pupil, FINE) as line:
        assert line.ask(page(FINE, more=[(name.lower(), value)])).reached
    assert len(guard.sites.requests) == 4
    assert not any(SHUT in said for one in guard.sites.requests for _, said in one.headers)


@pytest.mark.evasion("E10")
@pytest.mark.parametrize(
    ("line", "host"),
    [
        (f"https://{SHUT}/", FINE),
        (f"https://{FINE}/", SHUT),
        (f"http://{SHUT}/", FINE),
        (f"https://{FINE}@{SHUT}/", FINE),
        (f"HTTPS://{SHUT.upper()}/", FINE),
        (f"//{SHUT}/", SHUT),
        (f"\\\\{SHUT}/", FINE),
    ],
)
def test_a_whole_address_in_the_line_is_the_address_that_is_judged(guard: Running, line: str, host: str):
    answer = said_raw(guard.pupil, f"GET {line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode(), FINE)
    assert b"x-origin" not in answer and 200 not in statuses(answer)
    assert not guard.sites.requests


# --- HTTP/2 -----------------------------------------------------------------------------------------------------------

_BASE = [(":method", "GET"), (":scheme", "https"), (":authority", FINE), (":path", "/")]
_FORM = [(":method", "POST"), *_BASE[1:]]
HIDDEN = f"GET /two HTTP/1.1\r\nHost: {SHUT}\r\n\r\n"
ODD = {
    "line ends in a value": ([*_BASE, ("x", f"y\r\n\r\n{HIDDEN}")], None),
    "LF in a value": ([*_BASE, ("x", f"y\nhost: {SHUT}")], None),
    "CR in a value": ([*_BASE, ("x", f"y\rhost: {SHUT}")], None),
    "NUL in a value": ([*_BASE, ("x", "y\0")], None),
    "line ends in a name": ([*_BASE, (f"x: y\r\nhost: {SHUT}\r\nz", "y")], None),
    "colon in a name": ([*_BASE, (f"host: {SHUT}", "y")], None),
    "space in a name": ([*_BASE, ("host ", SHUT)], None),
    "capitals in a name": ([*_BASE, ("Host", SHUT)], None),
    "no name": ([*_BASE, ("", SHUT)], None),
    "line ends in the path": ([*_BASE[:3], (":path", f"/ HTTP/1.1\r\nHost: {SHUT}\r\n\r\n{HIDDEN}")], None),
    "space in the path": ([*_BASE[:3], (":path", "/ HTTP/1.1")], None),
    "a whole address as path": ([*_BASE[:3], (":path", f"https://{SHUT}/")], None),
    "no scheme in the path": ([*_BASE[:3], (":path", f"//{SHUT}/")], None),
    "an empty path": ([*_BASE[:3], (":path", "")], None),
    "a bare host as path": ([*_BASE[:3], (":path", f"{SHUT}:443")], None),
    "path twice": ([*_BASE, (":path", "/two")], None),
    "path after the fields": ([*_BASE[:3], ("x", "y"), (":path", "/two")], None),
    "authority twice": ([*_BASE, (":authority", SHUT)], None),
    "another authority twice": ([*_BASE[:2], (":authority", SHUT), *_BASE[2:]], None),
    "another Host": ([*_BASE, ("host", SHUT)], None),
    "Host twice": ([*_BASE, ("host", FINE), ("host", SHUT)], None),
    "Host alone": ([*_BASE[:2], _BASE[3], ("host", SHUT)], None),
    "an empty authority": ([*_BASE[:2], (":authority", ""), _BASE[3], ("host", SHUT)], None),
    "no name at all": ([*_BASE[:2], _BASE[3]], None),
    "line ends in the method": ([(":method", f"GET / HTTP/1.1\r\nHost: {SHUT}\r\n\r\nGET"), *_BASE[1:]], None),
    "scheme with a host": ([_BASE[0], (":scheme", f"https://{SHUT}/?"), *_BASE[2:]], None),
    "scheme http": ([_BASE[0], (":scheme", "http"), *_BASE[2:]], None),
    "a tunnel": ([(":method", "CONNECT"), (":authority", f"{SHUT}:443")], None),
    "a WebSocket to elsewhere": (
        [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":authority", SHUT), _BASE[3]],
        None,
    ),
    "an unknown pseudo-header": ([*_BASE, (":host", SHUT)], None),
    "a coding": ([*_FORM, ("transfer-encoding", "chunked")], f"0\r\n\r\n{HIDDEN}"),
    "a coding and a length": (
        [*_FORM, ("content-length", "5"), ("transfer-encoding", "chunked")],
        f"0\r\n\r\n{HIDDEN}",
    ),
    "length of nothing": ([*_FORM, ("content-length", "0")], HIDDEN),
    "length too short": ([*_FORM, ("content-length", "3")], f"a=b{HIDDEN}"),
    "length too long": ([*_FORM, ("content-length", "300")], "a=b"),
    "length twice": ([*_FORM, ("content-length", "3"), ("content-length", "30")], f"a=b{HIDDEN}"),
    "length that is none": ([*_FORM, ("content-length", "+3")], f"a=b{HIDDEN}"),
    "Connection": ([*_BASE, ("connection", "host, keep-alive")], None),
    "Upgrade": ([*_BASE, ("connection", "upgrade"), ("upgrade", "h2c")], None),
    "Proxy-Connection": ([*_BASE, ("proxy-connection", "keep-alive")], None),
}


@pytest.mark.evasion("E31", "E10")
@pytest.mark.parametrize("odd", ODD, ids=str)
def test_odd_http2_gives_an_origin_nothing_that_was_not_judged(guard: Running, odd: str):
    fields, body = ODD[odd]
    with http2(guard.pupil, FINE) as line:
        line.ask(fields, None if body is None else body.encode())
    passed = [exchange for exchange, ruling in guard.asked if ruling.answer is None]
    assert len(guard.sites.requests) <= len(passed) <= 1
    for one in guard.sites.requests:
        assert SHUT not in one.host and not one.path.startswith(("/two", "//", "http"))
        assert not any(SHUT in value for name, value in one.headers if name in (":authority", "host"))
        assert not any(bad in text for pair in one.headers for text in pair for bad in "\r\n\0")


@pytest.mark.evasion("E11")
def test_a_permission_for_one_site_opens_no_other_on_the_same_connection(guard: Running):
    others = ("poki.com", "www.instagram.com", "snapchat.com", "pornhub.com")
    with guard.granted(SHUT), http2(guard.pupil, SHUT) as line:
        assert line.ask(page(SHUT)).reached
        for host in others:
            got = line.ask(page(host))
            assert got.status == 403 and not got.reached, host
        assert line.ask(page(SHUT, "/nog-eens")).reached
    assert [one.path for one in guard.sites.requests] == ["/", "/nog-eens"]
    assert not guard.sites.of(*others) and not guard.sites.opened(*others)


@pytest.mark.evasion("E11", "E13")
def test_the_connection_of_a_permission_is_over_when_the_permission_is(guard: Running):
    with guard.granted(SHUT) as given, http2(guard.pupil, SHUT) as line:
        assert line.ask(page(SHUT)).reached
        guard.revoke(given)
        guard.forget()
        for host in (SHUT, "poki.com", SHUT):
            assert not line.ask(page(host)).reached
    assert not guard.sites.requests


@pytest.mark.evasion("E11")
def test_an_open_connection_is_no_way_to_a_permitted_site_after_its_end(guard: Running):
    """The certificate of the pretend sites is for all of them, so that a browser may use one connection for all."""
    with guard.granted(SHUT) as given, http2(guard.pupil, FINE) as line:
        assert line.ask(page(FINE)).reached
        line.ask(page(SHUT))
        assert all(one.sni == FINE for one in guard.sites.requests), "the one site that was connected to"
        guard.revoke(given)
        guard.forget()
        if not line.gone:
            assert not line.ask(page(SHUT)).reached
    assert not guard.sites.requests
    with http2(guard.pupil, FINE) as line:
        assert line.ask(page(FINE)).reached
