"""A loop ends when it comes round."""

from __future__ import annotations

import contextlib

import httpx
import pytest

from proxy_addons.facts import Away
from proxy_addons.loops import HELLO, Loops, random_of
from tests.proxy_addons.hellos import real
from tests.proxy_addons.looping import Back
from tests.proxy_addons.origins import SECRET
from tests.proxy_addons.rig import HandGate, Rig

# --- what comes back is known ----------------------------------------------------------------------------------------


def test_a_request_that_went_out_is_known_by_every_worker_and_by_nobody_else():
    one, brother, stranger = Loops(b"the school's"), Loops(b"the school's"), Loops(b"another school's")
    via = one.via()
    assert one.request_back(via) and brother.request_back(via)
    assert not stranger.request_back(via)
    assert one.request_back(f"1.0 fred, {brother.via(http2=True)}, 1.1 cache.school:3128 (squid/6.1)")


@pytest.mark.parametrize(
    "via", ["", "1.1 fred", "1.1 cache.school (squid/6.1)", "1.1 " + "0" * 28, "garbage", ",,,", "1.1", "x" * 9000]
)
def test_other_proxies_on_the_way_are_no_loop(via):
    assert not Loops(b"k").request_back(via)


def test_the_marks_of_two_requests_have_nothing_in_common():
    loops = Loops(b"k")
    marks = {loops.via().split()[1] for _ in range(500)}
    assert len({mark[:8] for mark in marks}) > 490 and len(marks) == 500


def test_a_hello_that_went_out_comes_back_within_its_time():
    clock = [0.0]
    loops = Loops(b"k", lambda: clock[0])
    hello = random_of(real("open.test"))
    assert len(hello) == 32
    assert not loops.hello_back(hello)
    loops.hello_out(hello)
    assert loops.hello_back(hello) and not loops.hello_back(random_of(real("open.test")))
    clock[0] = HELLO + 1
    assert not loops.hello_back(hello)
    loops.hello_out(b"")
    assert not loops.hello_back(b"")


def test_what_is_remembered_is_bounded():
    loops = Loops(b"k")
    for number in range(10_000):
        loops.hello_out(number.to_bytes(32))
    assert len(loops._hellos) == 4096 and loops.hello_back((9999).to_bytes(32))


@pytest.mark.parametrize(
    "data", [b"", b"\x16\x03\x01", b"GET / HTTP/1.1\r\n\r\n" * 9, b"\x16\x03\x01\0\x05\x01" + b"x" * 90]
)
def test_what_is_no_hello_has_no_random(data):
    assert random_of(data) == b""


# --- the real thing --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def loop(tmp_path_factory):
    """A guard, and beside it proxies that lead back to it: `loop.test` in plain, over TLS, and unread."""
    folder = tmp_path_factory.mktemp("loop")
    names = ("loop.test", "deep.test", "round.test", "round-tunnel.test")
    gate = HandGate()
    gate.open |= set(names)
    gate.tunnels.add("round-tunnel.test")

    hosts: dict[str, str] = {}
    rig = Rig(folder, gate, hosts=hosts)
    with contextlib.ExitStack() as stack:
        backs = {
            "loop.test:80": Back("http", "loop.test"),
            "deep.test:443": Back("https", "deep.test", rig.world.context("deep.test"), rig.trust),
            "round.test:443": Back("relay", "round.test"),
            "round-tunnel.test:443": Back("relay", "round-tunnel.test"),
        }
        for one in backs.values():
            stack.callback(one.close)
        hosts |= {name: f"127.0.0.1:{one.port}" for name, one in backs.items()}
        stack.enter_context(rig)
        for one in backs.values():
            one.guard = rig.proxy
        rig.backs = backs
        yield rig


def turns(rig: Rig, name: str, ask) -> tuple[int, int]:
    """How many connections another proxy took for one question, and how many requests it read."""
    back, away = rig.backs[name], rig.gate.away[Away.LOOP]
    before = back.came, back.asked
    ask()
    assert rig.gate.away[Away.LOOP] == away + 1
    return back.came - before[0], back.asked - before[1]


@pytest.mark.evasion("S02")
@pytest.mark.parametrize("post", [False, True], ids=["GET", "POST"])
def test_a_request_that_comes_round_gets_a_page_after_one_turn(loop, post):
    def ask():
        with loop.client() as client:
            address = "http://loop.test/a"
            got = client.post(address, content=b"x" * 500) if post else client.get(address)
        assert got.status_code == 502 and b"trouble: unreachable" in got.content

    assert turns(loop, "loop.test:80", ask) == (1, 1)


@pytest.mark.evasion("S02")
@pytest.mark.parametrize("http2", [False, True])
def test_so_does_one_inside_tls_that_the_other_proxy_ends(loop, http2):
    def ask():
        with loop.client(http2=http2) as client:
            got = client.get("https://deep.test/a")
        assert got.status_code == 502 and b"trouble: unreachable" in got.content

    assert turns(loop, "deep.test:443", ask) == (2, 1)  # the second time it is only greeted


@pytest.mark.evasion("S02")
def test_a_websocket_that_comes_round_is_refused(loop):
    def ask():
        upgrade = {"connection": "upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
        with loop.client() as client:
            got = client.get(
                "https://deep.test/ws", headers=upgrade | {"sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="}
            )
        assert got.status_code == 502

    assert turns(loop, "deep.test:443", ask) == (2, 1)  # the second time it is only greeted


@pytest.mark.evasion("S02")
def test_tls_that_nobody_on_the_way_reads_comes_round_once(loop):
    def ask():
        with loop.client() as client:
            got = client.get("https://round.test/a")
        assert got.status_code == 502 and b"trouble: unreachable" in got.content

    assert turns(loop, "round.test:443", ask) == (1, 0)


@pytest.mark.evasion("S02")
def test_and_so_does_a_tunnel(loop):
    def ask():
        with loop.client(world=True) as client, pytest.raises(httpx.TransportError):
            client.get("https://round-tunnel.test/a")

    assert turns(loop, "round-tunnel.test:443", ask) == (1, 0)


def test_a_school_cache_between_a_chromebook_and_the_guard_is_no_loop(loop):
    before = len(loop.seen.requests)
    with loop.client() as client:
        for scheme in ("http", "https"):
            got = client.get(f"{scheme}://open.test/c", headers={"Via": "1.1 cache.school:3128 (squid/6.1), 1.0 x"})
            assert got.content == SECRET
    assert [headers["via"].count("cache.school") for _, _, headers in loop.seen.requests[before:]] == [1, 1]
