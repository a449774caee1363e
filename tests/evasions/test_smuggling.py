"""A request hidden inside another one: the origin never gets more than was judged, however it reads."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from tests.evasions.school import Running
from tests.evasions.smuggled import FIRST, PAYLOADS, SECOND, most_read
from tests.evasions.speaking import said_raw, statuses

pytestmark = pytest.mark.evasion("E31")

AT_ONCE = 16
_ONE = re.compile(rb"/(\d+)/(one|two)")


@dataclass
class Outcome:
    """What became of one payload: the answer, the requests that were let through, and those that arrived."""

    answer: bytes
    passed: list[str] = field(default_factory=list)
    arrived: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    readable: int = 0


def number(path: str) -> int:
    found = _ONE.search(path.encode("latin-1", "replace"))
    return int(found[1]) if found else -1


_KINDS = [pytest.param("plain"), pytest.param("inside TLS", marks=pytest.mark.full)]


@pytest.fixture(scope="module")
def outcomes(running: Running, kind: str) -> list[Outcome]:
    """Every payload, in one way; all at the same time, told apart by their numbers."""
    return _all(running, inside_tls=kind == "inside TLS")


def _all(running: Running, *, inside_tls: bool) -> list[Outcome]:
    running.forget()
    device = running.stranger
    tunnel = FIRST if inside_tls else None

    def said(number: int) -> bytes:
        return said_raw(device, PAYLOADS[number].bytes(number, inside_tls=inside_tls), tunnel)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = [Outcome(answer) for answer in pool.map(said, range(len(PAYLOADS)))]
    for exchange, ruling in running.asked:
        if ruling.answer is None and number(exchange.url) >= 0:
            found[number(exchange.url)].passed.append(exchange.url)
    for one in running.sites.requests:
        if number(one.path) >= 0:
            found[number(one.path)].arrived.append(one.path)
            found[number(one.path)].hosts.add(one.host)
    for came in running.sites.connections:
        here = {int(one) for one, _ in _ONE.findall(bytes(came.data))}
        for each in here:
            found[each].readable += most_read(bytes(came.data))
    return found


def test_there_are_many_of_them():
    assert len(PAYLOADS) >= 60 and len({one.name for one in PAYLOADS}) == len(PAYLOADS)


@pytest.mark.parametrize("kind", _KINDS, scope="module")
@pytest.mark.parametrize("which", range(len(PAYLOADS)), ids=[one.name for one in PAYLOADS])
def test_an_origin_gets_what_was_judged_and_nothing_more(outcomes: list[Outcome], which: int):
    outcome = outcomes[which]
    assert not any("/two" in path for path in outcome.arrived), outcome
    assert len(outcome.arrived) <= len(outcome.passed), outcome
    assert outcome.readable <= len(outcome.passed), outcome
    assert all(SECOND not in host for host in outcome.hosts), outcome


@pytest.mark.parametrize("kind", ["plain", "inside TLS"])
def test_an_honest_form_arrives_among_them(guard: Running, kind: str):
    tunnel = FIRST if kind == "inside TLS" else None
    target = "/0/one" if tunnel else f"http://{FIRST}/0/one"
    for body in (b"Content-Length: 3\r\n\r\na=b", b"Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n"):
        head = f"POST {target} HTTP/1.1\r\nHost: {FIRST}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        answer = said_raw(guard.stranger, head.encode() + body, tunnel)
        assert statuses(answer) == [200] and b"x-origin: reached" in answer
    assert [one.body for one in guard.sites.requests] == [b"a=b", b"a=b"]
    assert len(guard.asked) == 2


READS: list[tuple[Callable[[], bytes], int]] = [
    (lambda: b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1),
    (lambda: b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nGET / HTT", 1),
    (lambda: PAYLOADS[0].bytes(0, inside_tls=True), 2),
    (lambda: b"POST / HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 17\r\n\r\nGET / HTTP/1.1\r\n\r\n", 2),
    (lambda: b"GET / HTTP/1.1\r\nX: y\r\rGET / HTTP/1.1\r\n\r\n", 2),
    (lambda: b"POST / HTTP/1.1\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\nGET /2 HTTP/1.1\r\n\r\n", 2),
]


@pytest.mark.parametrize(("data", "most"), READS)
def test_the_gullible_server_of_these_tests_does_see_a_hidden_request(data: Callable[[], bytes], most: int):
    assert most_read(data()) == most
