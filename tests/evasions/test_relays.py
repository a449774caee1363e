"""Web proxies, translators, archives, readers: a closed site stays closed behind them, an open one open (E03, E04)."""

from __future__ import annotations

import contextlib
import json
from base64 import b64encode
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import InvalidStatus

from tests.e2e.clients import Refused
from tests.evasions.school import CLOSED, OPEN, Running
from tests.evasions.speaking import said_raw
from tests.evasions.written import WAYS, every_second, quoted

RELAY, FINE = "onbekend.example", OPEN[0]
SHUT = ("https://discord.com/app", "https://www.instagram.com/", "http://poki.com/nl/g/subway", "https://pornhub.com/")
IN_ADDRESS = (
    "/service/{}",
    "/main/{}",
    "/~/{}",
    "/a/b/{}",
    "/p?url={}",
    "/p?a=b&x={}&c=d",
    "/?{}",
    "/index.php?q={}",
    "/fetch;to={}",
)
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def refused(guard: Running, path: str, **more: object) -> bool:
    """Whether the relay got nothing and the child a page."""
    guard.forget()
    reply = guard.pupil.fetch(f"https://{RELAY}{path}", **more)
    assert reply.status in (200, 403), (path, reply.status)
    return reply.status == 403 and "x-origin" not in reply.headers and not guard.sites.of(RELAY)


@pytest.mark.evasion("E03")
@pytest.mark.parametrize("way", WAYS)
def test_no_writing_of_a_closed_address_brings_it_through_a_web_proxy(guard: Running, way: str):
    write = WAYS[way]
    through = [place for place in IN_ADDRESS if not refused(guard, place.format(quoted(write)(SHUT[0])))]
    for url in SHUT[1:]:
        through += [url for place in IN_ADDRESS[:1] if not refused(guard, place.format(quoted(write)(url)))]
    assert not through


@pytest.mark.evasion("E03")
@pytest.mark.parametrize("way", WAYS)
def test_nor_in_the_form_of_a_web_proxy(guard: Running, way: str):
    value = WAYS[way](SHUT[0])
    sent = {
        FORM: urlencode({"token": "abc", "url": value}).encode(),
        JSON: json.dumps({"id": 1, "request": {"url": value}}).encode(),
    }
    for kind, body in sent.items():
        assert refused(guard, "/requests", method="POST", body=body, headers={"Content-Type": kind}), kind


@pytest.mark.evasion("E03")
@pytest.mark.property
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    url=st.sampled_from(SHUT),
    ways=st.lists(st.sampled_from(list(WAYS)[:12]), min_size=1, max_size=3),
    place=st.sampled_from(IN_ADDRESS[:8]),
    pad=st.text("abcdef0123456789", max_size=9),
)
def test_nor_in_writings_of_writings(guard: Running, url: str, ways: list[str], place: str, pad: str):
    text = url
    for number, way in enumerate(ways):
        text = WAYS[way](text)
        if number < len(ways) - 1:
            text = f"https://spiegel{number}.example/{pad}?to={quote(text, safe='')}"
    assert refused(guard, place.format(quote(text, safe="")))


@pytest.mark.evasion("E03")
def test_an_open_site_may_be_named_anywhere(guard: Running):
    for place in IN_ADDRESS:
        for write in (WAYS["percent"], quoted(WAYS["base64url"])):
            assert guard.pupil.fetch(f"https://{RELAY}{place.format(write(f'https://{FINE}/wiki/Kat'))}").status == 200
    body = urlencode({"url": f"https://{FINE}/", "tekst": "https://discord.com is dicht"}).encode()
    reply = guard.pupil.fetch(f"https://{RELAY}/", "POST", body, {"Content-Type": FORM})
    assert reply.headers.get("x-origin") == "reached"


@pytest.mark.evasion("E03")
@pytest.mark.parametrize(
    "path",
    [
        "/uv/uv.bundle.js",
        "/uv/uv.sw.js",
        "/scram/scramjet.all.js",
        "/baremux-worker.js",
        "/uv/service/geheim",
        "/~/sj/geheim",
        "/0123456789abcdef0123456789abcdef/_rhsEpY",
        "/rammerhead.js",
        "/cgi-bin/nph-proxy.cgi/00/http/x",
        "/browse.php?u=geheim&b=29&f=norefer",
        f"/wiki/Kat?__cpo={b64encode(f'https://{FINE}'.encode()).decode()}",
    ],
)
def test_the_parts_of_proxies_that_can_be_put_on_any_site(guard: Running, path: str):
    assert refused(guard, path)


@pytest.mark.evasion("E03")
@pytest.mark.parametrize("version", ["v1", "v2", "v3"])
def test_a_bare_server_gets_no_request(guard: Running, version: str):
    headers = {"x-bare-url": "https://discord.com/", "x-bare-headers": "{}", "Sec-Fetch-Dest": "empty"}
    assert refused(guard, f"/bare/{version}/", headers=headers)
    old = {"X-Bare-Host": "discord.com", "X-Bare-Port": "443", "X-Bare-Path": "/", "X-Bare-Protocol": "https:"}
    assert refused(guard, "/anders/", headers=old)


@pytest.mark.evasion("E03")
@pytest.mark.parametrize(
    "path",
    [
        "/wisp/",
        "/epoxy/",
        "/bare/v3/",
        "/wsproxy/discord.com:443",
        f"/service/{quote(every_second('wss://discord.com/gateway'))}",
    ],
)
def test_the_sockets_of_such_proxies_stay_shut(guard: Running, path: str):
    with (
        contextlib.suppress(InvalidStatus, Refused, ConnectionError),
        guard.pupil.websocket(f"wss://{RELAY}{path}") as line,
    ):
        pytest.fail(f"it said {line.recv()}")
    assert not guard.sites.of(RELAY)


@pytest.mark.evasion("E03")
@pytest.mark.parametrize("spoken", ["wisp-v1", "wisp-v2", "bare, eyJyZW1vdGUiOiJ4In0", "chat, wisp-v2"])
def test_nor_by_another_path_when_they_say_what_they_speak(guard: Running, spoken: str):
    head = [
        "GET /api/live HTTP/1.1",
        f"Host: {RELAY}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    answer = said_raw(guard.pupil, "\r\n".join([*head, f"Sec-WebSocket-Protocol: {spoken}", "", ""]).encode(), RELAY)
    assert b" 101 " not in answer and not guard.sites.requests
    fine = said_raw(guard.pupil, "\r\n".join([*head, "Sec-WebSocket-Protocol: chat", "", ""]).encode(), RELAY)
    assert b" 101 " in fine


@pytest.mark.evasion("E03")
def test_proxies_that_are_listed_are_closed_with_everything_on_them(guard: Running):
    for host in ("croxyproxy.com", "nordvpn.com"):
        for path in ("/", "/images/logo.png", f"/?url=https://{FINE}/"):
            assert guard.pupil.fetch(f"https://{host}{path}").status == 403
    assert not guard.sites.connections


# --- relays that are known -------------------------------------------------------------------------------------------


def relayed(host: str, path: str) -> list[str]:
    """Where known relays have the other address."""
    bare = f"{host}{path}"
    return [
        f"https://{host.replace('-', '--').replace('.', '-')}.translate.goog{path}?_x_tr_sl=auto&_x_tr_tl=nl",
        f"https://translate.google.com/translate?sl=auto&tl=nl&u=https://{bare}",
        f"https://translate.google.nl/translate?u={bare}",
        f"https://www.google.com/amp/s/{bare}",
        f"https://www.google.nl/amp/{bare}",
        f"https://cdn.ampproject.org/c/s/{bare}",
        f"https://webcache.googleusercontent.com/search?q=cache:{bare}",
        f"https://webcache.googleusercontent.com/search?q=cache:AbCdEfGhIjKl:https://{bare}+kat",
        f"https://web.archive.org/web/2020/https://{bare}",
        f"https://web.archive.org/save/{bare}",
        f"https://archive.org/web/20200101000000if_/{bare}",
        f"https://archive.ph/newest/https://{bare}",
        f"https://archive.today/?run=1&url=https://{bare}",
        f"https://12ft.io/https://{bare}",
        f"https://12ft.io/proxy?q=https://{bare}",
        f"https://r.jina.ai/https://{bare}",
        f"https://www.textise.net/showText.aspx?strURL=https://{bare}",
        f"https://wsrv.nl/?url={bare}",
        f"https://i0.wp.com/{bare}",
        f"https://pdfmyurl.com/?url=https://{bare}",
        f"https://www.google.com/url?q=https://{bare}",
    ]


@pytest.mark.evasion("E04")
@pytest.mark.parametrize("which", range(21))
def test_a_closed_site_is_closed_through_a_relay_that_everybody_knows(guard: Running, which: int):
    for host in ("www.instagram.com", "discord.com"):
        url = relayed(host, "/les/kat")[which]
        reply = guard.pupil.fetch(url)
        assert reply.status == 403 and "x-origin" not in reply.headers, url
    assert not guard.sites.requests


SHUT_THEMSELVES = ("archive.ph", "archive.today", "12ft.io", "r.jina.ai", "www.textise.net")


@pytest.mark.evasion("E04")
@pytest.mark.parametrize("which", range(21))
def test_an_open_site_is_open_through_the_same_relay(guard: Running, which: int):
    url = relayed(FINE, "/wiki/Kat")[which]
    if any(f"//{host}/" in url for host in SHUT_THEMSELVES):
        assert guard.pupil.fetch(url).status == 403, "made to show what is closed, and closed itself"
        return
    assert guard.pupil.fetch(url).headers.get("x-origin") == "reached", url


@pytest.mark.evasion("E04")
@pytest.mark.parametrize("depth", [1, 2, 3, 5, 10, 50])
def test_relays_inside_relays_are_closed_however_deep(guard: Running, depth: int):
    text = "https://discord.com/"
    for _ in range(depth):
        text = f"https://translate.google.com/translate?u={quote(text, safe='')}"
        if len(text) > 30_000:
            break
    reply = guard.pupil.fetch(text)
    assert reply.status == 403 and not guard.sites.requests
    text = "https://discord.com/"
    for _ in range(depth):
        text = f"https://web.archive.org/web/2020/{text}"
    assert guard.pupil.fetch(text).status == 403 and not guard.sites.requests


@pytest.mark.evasion("E04")
def test_a_permission_for_the_inner_site_opens_it_there_and_nothing_else(guard: Running):
    with guard.granted("discord.com"):
        assert guard.pupil.fetch("https://translate.google.com/translate?u=https://discord.com/").status == 200
        assert guard.pupil.fetch("https://translate.google.com/translate?u=https://poki.com/").status == 403
    assert guard.pupil.fetch("https://translate.google.com/translate?u=https://discord.com/").status == 403
    assert CLOSED[0] == "discord.com"
