from __future__ import annotations

import asyncio
import logging

import pytest
from mitmproxy import exceptions
from mitmproxy.test import tflow

from proxy_addons import engine
from proxy_addons.blocking import Blocking, clean, names_in_play
from proxy_addons.failsafe import Failsafe
from tests.proxy_addons.rig import BROKEN, SECRET, HandGate, Rig
from tests.proxy_addons.test_failsafe import chat, fetch

HOOKS = (
    "client_connected", "client_disconnected", "error", "http_connect", "next_layer", "request", "requestheaders",
    "response", "responseheaders", "server_connect", "server_connected", "server_disconnected", "tcp_start",
    "tls_clienthello", "tls_established_client", "tls_established_server", "tls_start_client", "tls_start_server",
    "websocket_end", "websocket_message", "websocket_start",
)  # fmt: skip
ENDINGS = {"client_disconnected", "server_disconnected", "websocket_end"}
AFTER_THE_ORIGIN = {"responseheaders", "response", "websocket_start", "websocket_message"}
WITH_A_PAGE = {"requestheaders", "request", "responseheaders", "response", "server_connect"}
WEBSOCKET_ONLY = {"websocket_start", "websocket_message"}


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """A worker in which the hook that is named here raises, before anything else is called for it."""
    broken = {"hook": "", "raised": 0}
    found = engine.HookTable.functions

    def raises(_data):
        broken["raised"] += 1
        raise RuntimeError("https://open.test/?q=private")

    with pytest.MonkeyPatch.context() as patch, Rig(tmp_path_factory.mktemp("blocking")) as rig:
        patch.setattr(
            engine.HookTable,
            "functions",
            lambda self, name: (raises,) if name == broken["hook"] else found(self, name),
        )
        yield broken, rig


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_that_raises_lets_nothing_pass(broken, hook):
    state, rig = broken
    state.update(hook=hook, raised=0)
    requests = len(rig.seen.requests)
    try:
        answers = {
            url: fetch(rig, *url)
            for url in (("http://open.test/", False), ("https://open.test/", False), ("https://open.test/", True))
        }
        echoed = chat(rig)
    finally:
        state["hook"] = ""
    came = len(rig.seen.requests) - requests
    if not state["raised"]:
        assert [answer.content for answer in answers.values()] == [SECRET] * 3, "not a hook of any of these"
        assert hook not in AFTER_THE_ORIGIN | WITH_A_PAGE
        return
    if hook in ENDINGS:
        return
    assert not echoed
    for (url, _), answer in answers.items():
        if hook in WEBSOCKET_ONLY or (hook.startswith("tls_") and url.startswith("http:")):
            continue
        assert answer is None or SECRET not in answer.content
        if hook in WITH_A_PAGE:
            assert answer is not None, (hook, url)
            assert answer.content in (BROKEN, b"<!doctype html><p>trouble: unreachable")
            assert answer.status_code >= 500
    if hook not in AFTER_THE_ORIGIN:
        plain = 1 if hook.startswith("tls_") else 0  # a request without TLS has no such hook
        assert came == plain, "a request went out"


def test_a_stream_of_which_the_headers_break_shows_the_page_at_once(broken):
    state, rig = broken
    state.update(hook="responseheaders", raised=0)
    try:
        with rig.client() as client, client.stream("GET", "https://open.test/sse") as answer:
            assert next(answer.iter_bytes()) == BROKEN
    finally:
        state["hook"] = ""


def test_the_hooks_that_matter_are_really_among_them(broken):
    _, rig = broken
    fired = set()
    found = engine.HookTable.functions
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine.HookTable, "functions", lambda self, name: fired.add(name) or found(self, name))
        fetch(rig, "http://open.test/", False)
        fetch(rig, "https://open.test/", True)
        chat(rig)
    assert fired >= AFTER_THE_ORIGIN | WITH_A_PAGE | {
        "client_connected",
        "next_layer",
        "tls_clienthello",
        "server_connected",
    }
    assert fired <= set(HOOKS) | {"update"}, "a hook that no test breaks"


def test_a_log_tells_where_it_broke_but_not_what_was_visited(broken, caplog):
    state, rig = broken
    state.update(hook="requestheaders", raised=0)
    with caplog.at_level(logging.DEBUG, "proxy_addons"):
        fetch(rig, "https://open.test/", False)
    state["hook"] = ""
    assert "`requestheaders` broke with RuntimeError" in caplog.text
    assert "open.test" not in caplog.text


# --- without a network -----------------------------------------------------------------------------------------------


def test_a_simple_modes_hook_that_raises_blocks_too():
    blocking = Blocking(Failsafe(HandGate(), frozenset()))

    async def request(_flow):
        raise ValueError

    flow = tflow.tflow()
    asyncio.run(blocking.guard("request", request)(flow))
    assert flow.response.content == BROKEN

    def http_connect(_flow):
        raise ValueError

    flow = tflow.tflow()
    blocking.guard("http_connect", http_connect)(flow)
    assert flow.response.status_code == 503


def test_a_simple_modes_hook_that_is_cancelled_blocks_and_one_that_waits_for_more_bytes_does_not():
    blocking = Blocking(Failsafe(HandGate(), frozenset()))

    async def request(_flow):
        raise asyncio.CancelledError

    flow = tflow.tflow()
    asyncio.run(blocking.guard("request", request)(flow))
    assert flow.response.content == BROKEN

    def next_layer(_data):
        raise exceptions.AddonHalt

    with pytest.raises(exceptions.AddonHalt):
        blocking.guard("next_layer", next_layer)(tflow.tflow())


def test_every_name_of_a_request_is_in_play_and_none_of_the_proxys_headers_goes_on():
    flow = tflow.tflow()
    flow.request.headers["host"] = "Header.test:8443"
    flow.request.headers.add("Host", "second.test")
    flow.request.host = "url.test"
    flow.request.headers["host"] = "header.test"
    flow.request.authority = "line.test:443"
    flow.client_conn.sni = "sni.test"
    assert names_in_play(flow, ("connect.test",)) == (
        "connect.test",
        "url.test",
        "header.test",
        "sni.test",
        "line.test",
    )
    for name in ("Proxy-Authorization", "proxy-connection", "X-Forwarded-For", "Forwarded", "Upgrade"):
        flow.request.headers[name] = "h2c"
    clean(flow.request)
    assert not {name.lower() for name in flow.request.headers} & {
        "proxy-authorization",
        "proxy-connection",
        "x-forwarded-for",
        "forwarded",
        "upgrade",
    }
    assert flow.request.authority == ""
