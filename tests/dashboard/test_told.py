"""What a device tells of itself is a fact about a thing; whatever it says, nobody is named in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from dashboard.told import read_event
from policy.devicefact import DeviceFact
from policy.model import Effect, Reason
from store.events import What
from tests.cast import LESSON, SNAPSHOT

DEVICE = replace(SNAPSHOT.devices["chroom-1"], person="sam", group="7")


def told(**changes: object) -> dict[str, object]:
    fact = {"uid": "0123456789abcdef", "at": LESSON.isoformat(), "fact": "tunnel", "detail": "tun0", "put_back": False}
    return {**fact, "revision": 4, **changes}


@pytest.mark.parametrize("fact", DeviceFact)
def test_every_fact_is_taken_and_names_the_device_only(fact: DeviceFact) -> None:
    event = read_event(told(fact=fact.value), DEVICE, SNAPSHOT, LESSON)
    assert event is not None
    assert (event.what, event.category, event.thing, event.when) == (What.DEVICE, fact.value, "tun0", LESSON)
    assert (event.device, event.person, event.group, event.action) == ("chroom-1", None, None, None)
    assert (event.effect, event.reason, event.revision) == (Effect.ALLOW, Reason.CONNECT, 4)


def test_what_was_put_back_says_so() -> None:
    event = read_event(told(put_back=True), DEVICE, SNAPSHOT, LESSON)
    assert event is not None
    assert event.effect is Effect.DENY


@pytest.mark.parametrize(
    "changes",
    [
        {"fact": "cheating"},
        {"fact": None},
        {"person": "noor"},
        {"detail": ""},
        {"detail": "x" * 61},
        {"detail": "tun0\n"},
        {"uid": "../../etc"},
        {"put_back": "perhaps"},
        {"at": (LESSON + timedelta(hours=1)).isoformat()},
        {"at": (LESSON - timedelta(days=15)).isoformat()},
        {"revision": -1},
    ],
)
def test_what_is_no_such_fact_is_not_taken(changes: dict[str, object]) -> None:
    assert read_event(told(**changes), DEVICE, SNAPSHOT, LESSON) is None
