"""What of a request's head goes on to a site."""

from __future__ import annotations

import pytest

from proxy_addons.stripped import stripped

SITE = ((b"Host", b"open.test"), (b"Accept", b"*/*"), (b"Cookie", b"a=b"), (b"TE", b"trailers"))


def through(*more: tuple[bytes, bytes], websocket: bool = False) -> dict[bytes, bytes]:
    return {name.lower(): value for name, value in stripped((*SITE, *more), websocket=websocket)}


def test_a_plain_head_goes_on_as_it_is():
    fields = (*SITE, (b"Connection", b"keep-alive"))
    assert stripped(fields, websocket=False) is fields


@pytest.mark.evasion("S02")
@pytest.mark.parametrize(
    "name",
    [
        "X-Forwarded-For", "X-Forwarded-Proto", "x-forwarded-host", "X_Forwarded_For", "Forwarded", "X-Real-IP",
        "Client-IP", "True-Client-IP", "X-Cluster-Client-IP", "CF-Connecting-IP", "Proxy-Authorization",
        "Proxy-Connection", "Proxy-Anything", "Proxy", "X-Original-URL", "X-Host", "Keep-Alive", "HTTP2-Settings",
    ],
)  # fmt: skip
def test_who_asks_here_and_what_is_said_to_us_alone_does_not(name):
    assert name.lower().encode() not in through((name.encode(), b"10.0.7.2"))


@pytest.mark.evasion("S02")
def test_what_a_client_names_in_connection_ends_here_and_nobody_further_on_takes_anything_off():
    found = through((b"Connection", b"close, X-Own"), (b"X-Own", b"1"), (b"connection", b"YouTube-Restrict, Prefer"))
    assert found[b"connection"] == b"close" and b"x-own" not in found
    assert b"connection" not in through((b"Connection", b"YouTube-Restrict"))


@pytest.mark.evasion("E31")
def test_where_a_body_ends_cannot_be_taken_off():
    said = ((b"Connection", b"Host, Content-Length, transfer-encoding, close"), (b"Content-Length", b"3"))
    found = through(*said, (b"Transfer-Encoding", b"chunked"))
    assert {b"host", b"content-length", b"transfer-encoding"} <= found.keys() and found[b"connection"] == b"close"


def test_an_upgrade_goes_on_for_a_websocket_only():
    upgrade = ((b"Connection", b"Upgrade"), (b"Upgrade", b"websocket"))
    assert through(*upgrade, websocket=True)[b"upgrade"] == b"websocket"
    assert b"upgrade" not in through(*upgrade)
    assert through(*upgrade, (b"Connection", b"x"), websocket=True)[b"connection"] == b"upgrade"
