"""The door for machines that watch: true about the guard, silent about people, and never in its way."""

from __future__ import annotations

import time
from types import SimpleNamespace

import httpx
import pytest

from cli.gauging import Sums
from cli.home import Trouble
from cli.metrics import Watched
from cli.monitor import Asked, Monitor, place_of, ready

RULES = {"now.rules": 1.0, "now.store": 1.0}


def worker(numbers: dict[str, float] | None, *, is_ready: bool = True):
    life = None if numbers is None else SimpleNamespace(numbers=numbers)
    return SimpleNamespace(task=SimpleNamespace(place=0, name="proxy 1"), ready=is_ready, now=life)


def asked(*children, looked: float | None = None) -> Asked:
    supervisor = SimpleNamespace(children=children, looked=time.monotonic() if looked is None else looked)
    return Asked(supervisor, Watched(lambda: (), Sums(), lambda: None))


@pytest.fixture
def door():
    opened = []

    def at(about: Asked):
        opened.append(Monitor(("127.0.0.1", 0), about))
        base = f"http://127.0.0.1:{opened[-1].server_address[1]}"
        return lambda path: httpx.get(base + path, trust_env=False, timeout=30)

    yield at
    for one in opened:
        one.end()


def test_a_guard_with_a_worker_that_has_rules_is_ready(door):
    told = door(asked(worker(None, is_ready=False), worker(RULES)))("/readyz")
    assert (told.status_code, told.json()["parts"]) == (200, {"workers": True, "policy": True, "store": True})


@pytest.mark.parametrize(
    ("children", "missing"),
    [
        ((), {"workers", "policy", "store"}),
        ((worker(RULES, is_ready=False),), {"workers", "policy", "store"}),
        ((worker({"now.rules": 0.0, "now.store": 0.0}),), {"policy", "store"}),
        ((worker({"now.rules": 1.0, "now.store": 0.0}),), {"store"}),
    ],
    ids=["none", "not-yet", "no-rules", "cut-off"],
)
def test_what_is_not_there_makes_it_not_ready(door, children, missing):
    told = door(asked(*children))("/readyz")
    assert told.status_code == 503
    assert {name for name, there in told.json()["parts"].items() if not there} == missing


def test_a_balancer_may_keep_a_node_that_goes_on_with_its_last_rules(door):
    ask = door(asked(worker({"now.rules": 1.0, "now.store": 0.0})))
    assert ask("/readyz?exclude=store").status_code == 200
    assert ask("/readyz?exclude=policy").status_code == 503


def test_a_supervisor_that_looks_no_more_is_not_healthy(door):
    assert door(asked())("/healthz").status_code == 200
    assert door(asked(looked=time.monotonic() - 60))("/healthz").status_code == 503


def test_nothing_else_is_answered(door):
    ask = door(asked(worker(RULES)))
    assert ask("/").status_code == 404
    assert ask("/etc/passwd").status_code == 404
    assert "Python" not in ask("/healthz").headers["server"]


def test_a_worker_that_is_gone_meanwhile_is_no_worker():
    assert not any(ready(asked(worker(None))).values())


@pytest.mark.parametrize("text", ["9464", "here:1", "127.0.0.1:x", ""])
def test_a_place_that_is_none_is_told(text):
    with pytest.raises(Trouble):
        place_of(text)
    assert place_of("[::1]:9464") == ("::1", 9464)
