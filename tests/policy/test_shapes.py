"""Web proxies that give themselves away by shape, and honest scripts that look a little like them."""

from __future__ import annotations

from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.address import canonical
from policy.decide import decide
from policy.model import AccessRequest, Action, Reason
from policy.shapes import relay_tool
from tests.cast import LESSON, SNAPSHOT, pupil

pytestmark = pytest.mark.evasion("E03")


@pytest.mark.parametrize(
    ("url", "websocket", "kind"),
    [
        ("wss://onbekend.example/wisp/", True, "socket"),
        ("wss://onbekend.example/bare/v3/", True, "socket"),
        ("https://onbekend.example/wisp/", False, None),
        ("https://onbekend.example/uv/uv.bundle.js", False, "proxy-script"),
        ("https://onbekend.example/uv/UV.Config.js?v=1", False, "proxy-script"),
        ("https://onbekend.example/scram/scramjet.all.js", False, "proxy-script"),
        ("https://onbekend.example/rammerhead.js", False, "proxy-script"),
        ("https://onbekend.example/cgi-bin/nph-proxy.cgi/00/http/x", False, "proxy-script"),
        ("https://onbekend.example/cgi-bin/nph-proxy.cgi", False, "proxy-script"),
        ("https://onbekend.example/0123456789abcdef0123456789abcdef/_rhsAbc", False, "proxy-session"),
        ("https://onbekend.example/uv/service/geheim", False, "proxy-session"),
        ("https://onbekend.example/~/sj/geheim", False, "proxy-session"),
        ("https://onbekend.example/page?__cpo=aHR0cHM6Ly9sZXJlbi5ubA", False, "proxy-session"),
        ("https://onbekend.example/browse.php?u=geheim&b=29", False, "proxy-script"),
        ("https://onbekend.example/includes/process.php?action=update", False, "proxy-session"),
        ("https://leren.nl/browse.php?u=5", False, None),
        ("https://leren.nl/service/uv-index", False, None),
        ("https://leren.nl/~jansen/uv/", False, None),
        ("https://leren.nl/barebones/index.html", False, None),
        ("https://museum.example/bare/", False, None),
        ("https://leren.nl/dynamic/nieuws.html", False, None),
        ("https://leren.nl/dynamic/wall.js", False, None),
        ("https://leren.nl/assets/dynamic/swiper.min.js", False, None),
        ("https://leren.nl/wp-content/plugins/dynamic-visibility/index.js", False, None),
        ("https://weer.example/assets/uv-index.js", False, None),
        ("https://leren.nl/js/meteor/client.js", False, None),
        ("wss://leren.nl/socket/", True, None),
        ("https://leren.nl/js/dynamic.handler.js", False, None),
        ("https://zeedieren.example/hammerhead.js", False, None),
    ],
)
def test_a_service_worker_proxy_is_told_by_its_shape(url: str, websocket: bool, kind: str | None) -> None:
    address = canonical(url)
    assert address is not None
    assert relay_tool(address, websocket=websocket) == kind
    request = AccessRequest(Action.VISIT, pupil(), (address.host,), address, websocket=websocket)
    assert (decide(request, SNAPSHOT, LESSON).reason is Reason.LOCKED) is (kind is not None)


@pytest.mark.evasion("S09")
@pytest.mark.parametrize("piece", ["sw.js", "dynamic.sw.", "dynamic-", "_rhs/", "0123456789abcdef" * 2 + "/", "bare/"])
def test_no_path_is_slow_to_look_at(piece: str) -> None:
    address = canonical(f"https://r.example/dynamic-{piece * (250_000 // len(piece))}")
    assert address is not None
    started = perf_counter()
    relay_tool(address, websocket=True)
    assert perf_counter() - started < 5


@pytest.mark.property
@given(st.text(max_size=200))
def test_no_path_makes_looking_fail(path: str) -> None:
    address = canonical(f"https://r.example/{path}")
    if address is not None:
        relay_tool(address, websocket=True)
