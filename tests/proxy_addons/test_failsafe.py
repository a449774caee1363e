from __future__ import annotations

import asyncio
import logging

import httpx
import pytest
import websockets.exceptions
import websockets.sync.client
from mitmproxy.test import tflow

from policy.model import AccessRequest, Action
from proxy_addons import engine
from proxy_addons.facts import Door, Exchange, Peer
from proxy_addons.failsafe import _LAST_PAGE, Failsafe, clean, names_in_play
from tests.proxy_addons.rig import BROKEN, SECRET, WHO, HandGate, Rig

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

    with pytest.MonkeyPatch.context() as patch, Rig(tmp_path_factory.mktemp("failsafe")) as rig:
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


@pytest.mark.parametrize("question", ["enter", "hello", "ask"])
def test_an_asking_side_that_breaks_shows_the_page_and_contacts_nobody(broken, question):
    _, rig = broken
    requests = len(rig.seen.requests)
    rig.gate.raising = {question, "ask"}
    try:
        for url, http2 in (("http://open.test/", False), ("https://open.test/", True)):
            assert fetch(rig, url, http2).content == BROKEN
        if question != "ask":
            assert fetch(rig, "https://tunnel.test/", False).content == BROKEN  # no tunnel on doubt
        assert not chat(rig)
        rig.gate.raising |= {"failed"}
        assert fetch(rig, "https://open.test/", False).content == _LAST_PAGE.body
    finally:
        rig.gate.raising = set()
    assert len(rig.seen.requests) == requests


def test_help_stays_open_whatever_breaks_in_the_asking(broken):
    _, rig = broken
    rig.gate.raising = {"enter", "hello", "ask", "reask", "failed"}
    try:
        for url in ("http://help.test/", "https://help.test/", "https://sub.help.test/"):
            assert fetch(rig, url, False).content == SECRET
            assert fetch(rig, url, True).content == SECRET
        with rig.client() as client:
            assert client.get("https://help.test/", headers={"Host": "blocked.test"}).status_code >= 500
    finally:
        rig.gate.raising = set()


def fetch(rig, url: str, http2: bool) -> httpx.Response | None:
    try:
        with rig.client(http2=http2) as client:
            return client.get(url)
    except httpx.TransportError:
        return None


def chat(rig) -> bool:
    try:
        with websockets.sync.client.connect(
            "wss://ws.test/chat",
            ssl=rig.trust(),
            proxy=f"http://127.0.0.1:{rig.proxy}",
            open_timeout=5,
            close_timeout=1,
        ) as ws:
            ws.send("hallo")
            return ws.recv(2) == "hallo"
    except (websockets.exceptions.WebSocketException, OSError, EOFError):
        return False


# --- without a network -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "helps"),
    [
        (["help.test"], True),
        (["Sub.Help.Test.", "help.test:443"], True),
        (["help.test", "blocked.test"], False),
        (["nothelp.test"], False),
        (["help.test.evil.test"], False),
        ([], False),
        ([""], False),
    ],
)
def test_only_help_hosts_count_as_help(names, helps):
    assert Failsafe(HandGate(), frozenset({"help.test"})).helps(names) is helps


def test_an_answer_that_is_not_plainly_open_does_not_pass():
    class Sloppy(HandGate):
        async def ask(self, exchange):
            ruling = await super().ask(exchange)
            return type(ruling)(ruling.request, ruling.decision, None)

    exchange = Exchange(Peer("1", "10.0.0.1", 1), "GET", "https", "https://blocked.test/", ("blocked.test",))
    ruling = asyncio.run(Failsafe(Sloppy(), frozenset()).ask(exchange))
    assert ruling.answer is not None
    assert ruling.answer.status == 503


def test_a_gate_that_answers_nonsense_is_a_gate_that_broke():
    class Nonsense(HandGate):
        def enter(self, peer, host, port):
            return None

        def reask(self, request):
            return True

    failsafe = Failsafe(Nonsense(), frozenset())
    assert failsafe.enter(Peer("1", "10.0.0.1", 1), "open.test", 443).door is Door.INSPECT
    assert failsafe.standing(AccessRequest(Action.VISIT, WHO)) == (False, None)
    assert failsafe.broken == {"enter": 1, "reask": 1}


def test_a_simple_modes_hook_that_raises_blocks_too():
    failsafe = Failsafe(HandGate(), frozenset())

    async def request(_flow):
        raise ValueError

    flow = tflow.tflow()
    asyncio.run(failsafe.guard("request", request)(flow))
    assert flow.response.content == BROKEN

    def http_connect(_flow):
        raise ValueError

    flow = tflow.tflow()
    failsafe.guard("http_connect", http_connect)(flow)
    assert flow.response.status_code == 503


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
