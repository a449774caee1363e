"""Something breaks while a class works: nothing closed is shown, nobody is left waiting, help is there, it goes on.

`breaking` finds every function of the guard that runs while real clients go by, so that a new one is broken by itself.
All of it is for `make test-full`; `make test` has `tests/proxy_addons/test_blocking.py`.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Iterator

import pytest

from proxy_addons import failsafe
from proxy_addons.facts import Ruling
from proxy_addons.hooks import HOOKS
from tests.faults.breaking import KINDS, Breaking, Fault, Place
from tests.faults.clients import HUNG
from tests.faults.rounds import GIVES_BACK, TAKES_IN, Rounds, hasten
from tests.faults.school import School, led

pytestmark = [pytest.mark.evasion("S16"), pytest.mark.full]

SOME = frozenset(
    {f"proxy_addons/hooks:Hooks.{name}" for name in ("requestheaders", "request", "responseheaders")}
    | {"proxy_addons/entrances:Entrances.server_connect"}
    | {"proxy_addons/arrival:Arrival.data_received", "proxy_addons/gate:Gate.ask", "proxy_addons/tunnel:Tunnel.joined"}
    | {"policy/decide:decide", "proxy_addons/names/judge:Judge.of", "proxy_addons/dialling:Dialling._opened"}
)
"""Places that are broken first, by name."""
HOOKED = frozenset({"proxy_addons/hooks", "proxy_addons/entrances"})
"""Where mitmproxy's hooks are taken."""
RARE = {
    "tcp_start": "never behind `next_layer`",
    "udp_start": "never behind `next_layer`",
    "http_connect": "a CONNECT that mitmproxy reads itself",
    "error": "an origin that fails",
}
"""Hooks that none of these errands sets off, and what does. `tests/proxy_addons/test_blocking.py` goes by name."""
WAYS = (("every", False), ("first", False), (0.3, False), ("every", True))


@pytest.fixture(scope="module")
def rounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rounds]:
    with pytest.MonkeyPatch.context() as patch, Breaking() as breaking:
        led(patch)
        hasten(patch)
        with School(tmp_path_factory.mktemp("faults")) as school:
            one = Rounds(school, breaking)
            yield one
            one.close()


def faults(rounds: Rounds, turn: int) -> list[tuple[Place, Fault]]:
    """For every place one kind and one way of breaking; another `turn` takes others."""
    found = []
    for number, place in enumerate(rounds.places):
        when, leaving = WAYS[(number + turn) % len(WAYS)]
        found.append((place, Fault(KINDS[(number // len(WAYS) + number + turn) % len(KINDS)], when, leaving)))
    return found


def wrong_of(rounds: Rounds, place: Place, fault: Fault) -> list[str]:
    wrong = rounds.round(place, fault=fault)
    if wrong and all(map(may_be_busy, wrong)):
        wrong = rounds.round(place, fault=fault)  # a busy machine is no fault; what is broken stays so
    if str(place) in GIVES_BACK:
        wrong = [one for one in wrong if not one.startswith("not given back")]
    if str(place) in TAKES_IN:
        wrong = [one for one in wrong if not one.endswith("hung") and not one.startswith("not given back")]
    kind = type(fault.kind()).__name__
    return [f"{place} {kind} {fault.when}{' leaving' if fault.leaving else ''}: {one}" for one in wrong]


def may_be_busy(line: str) -> bool:
    """Whether this may come of a machine that has no time: never that something closed was reached, shown or told."""
    return line.endswith("hung") or line.startswith(("not given back", "no help by", "afterwards "))


def test_every_hook_of_ours_is_among_what_is_broken(rounds: Rounds) -> None:
    names = {place.name for place in rounds.places if place.module in HOOKED}
    assert {hook for hook in HOOKS if not names & {f"Hooks.{hook}", f"Entrances.{hook}"}} == set(RARE)
    assert "GreetOriginFirst.tls_clienthello" in names
    modules = {place.module for place in rounds.places}
    assert {
        f"proxy_addons/{name}" for name in ("arrival", "tunnel", "proxy_protocol", "gate", "names/judge")
    } <= modules
    assert {"policy/decide", "proxy_addons/block_page", "proxy_addons/recorder", "proxy_addons/unknown"} <= modules


def test_whatever_breaks_nothing_closed_is_shown_and_it_goes_on(rounds: Rounds) -> None:
    some = [(place, fault) for place, fault in faults(rounds, 0) if str(place) in SOME]
    assert len(some) == len(SOME)
    assert [line for place, fault in some for line in wrong_of(rounds, place, fault)] == []


@pytest.mark.parametrize("hook", [name for name in HOOKS if name not in RARE])
def test_a_hook_that_is_cancelled_or_out_of_memory_lets_nothing_pass(rounds: Rounds, hook: str) -> None:
    hooked = {f"Hooks.{hook}", f"Entrances.{hook}"}
    (place,) = (one for one in rounds.places if one.module in HOOKED and one.name in hooked)
    for kind in (KINDS[4], KINDS[2]):
        for when, leaving in (("every", False), ("every", True)):
            assert wrong_of(rounds, place, Fault(kind, when, leaving)) == []


@pytest.mark.timeout(1800)
def test_all_that_runs_may_break(rounds: Rounds) -> None:
    todo, wrong = faults(rounds, 0), []
    if os.environ.get("KLASWACHT_TEST_FAULTS") != "all":
        random.Random(7).shuffle(todo)
        todo = todo[: 60 if os.environ.get("KLASWACHT_SHORT") else 250]
    for place, fault in todo:
        wrong += wrong_of(rounds, place, fault)
    assert wrong == []


def test_an_answer_that_does_not_come_is_a_page_within_seconds(rounds: Rounds, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hangs(_exchange: object) -> Ruling:
        await asyncio.sleep(3600)
        raise AssertionError

    assert failsafe.ASK_WITHIN <= 10
    monkeypatch.setattr(failsafe, "ASK_WITHIN", 0.5)
    with monkeypatch.context() as patch:
        patch.setattr(rounds.school.gate, "ask", hangs)
        got = rounds._all(tuple(one for one in rounds.errands if one.name in ("plain", "https", "http2", "led")))
    assert all(HUNG not in said for said in got.values())
    assert got["https social.com"].startswith(b"503 <!doctype html>")
    assert got["plain kindertelefoon.nl"] == rounds.usual["plain kindertelefoon.nl"]
    assert rounds._forbidden(got) == []
