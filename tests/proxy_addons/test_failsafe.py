from __future__ import annotations

import asyncio

import httpx
import pytest
import websockets.exceptions
import websockets.sync.client

from policy.model import AccessRequest, Action
from proxy_addons.facts import Door, Exchange, Peer
from proxy_addons.failsafe import _LAST_PAGE, Failsafe
from tests.proxy_addons.rig import BROKEN, SECRET, WHO, HandGate, Rig


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    with Rig(tmp_path_factory.mktemp("failsafe")) as rig:
        yield rig


@pytest.mark.parametrize("question", ["enter", "hello", "ask"])
def test_an_asking_side_that_breaks_shows_the_page_and_contacts_nobody(rig, question):
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


def test_help_stays_open_whatever_breaks_in_the_asking(rig):
    rig.gate.raising = {"enter", "hello", "ask", "reask", "failed"}
    try:
        for url in ("http://help.test/", "https://help.test/", "https://sub.help.test/"):
            for http2 in (False, True):
                # As always nobody looks in: it is the site's own certificate.
                with rig.client(http2=http2, world=True) as client:
                    assert client.get(url).content == SECRET
        with rig.client() as client:
            assert client.get("http://help.test/", headers={"Host": "blocked.test"}).status_code >= 500
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
            ssl=rig.trust_of_threads(),
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
