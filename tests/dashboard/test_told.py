"""What a device tells of itself is a fact about a thing, and names nobody; what a print server tells is of pupils."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from dashboard.told import read_event
from policy.devicefact import DeviceFact
from policy.model import Action, DeviceClass, Effect, Reason
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


PRINTER = replace(SNAPSHOT.devices["chroom-1"], id="queue", kind=DeviceClass.INFRASTRUCTURE, prints=True, person=None)
HERE = replace(SNAPSHOT, devices={**SNAPSHOT.devices, "queue": PRINTER}, accounts={"s.devries": "sam"})


def job(**changes: object) -> dict[str, object]:
    said = {"uid": "0123456789abcdef", "at": LESSON.isoformat(), "printed": False, "user": "SCHOOL\\S.deVries"}
    return {**said, "reason": "print", "rules": [], "grant": None, "revision": 4, **changes}


def test_a_print_that_did_not_come_out_is_of_the_pupil_whose_account_it_was() -> None:
    event = read_event(job(), PRINTER, HERE, LESSON)
    assert event is not None
    assert (event.what, event.effect, event.reason, event.action) == (
        What.BLOCKED,
        Effect.DENY,
        Reason.PRINT,
        Action.PRINT,
    )
    assert (event.person, event.group, event.thing) == ("sam", "7", "print")


def test_a_name_that_nobody_knows_or_of_staff_is_not_kept() -> None:
    for user in ("zomaar", "anja", ""):
        event = read_event(job(user=user), PRINTER, HERE, LESSON)
        assert event is not None
        assert (event.person, event.group) == (None, None)


def test_what_was_permitted_and_dropped_all_the_same_was_about_printing() -> None:
    event = read_event(job(reason="granted", grant="g1"), PRINTER, HERE, LESSON)
    assert event is not None
    assert (event.what, event.reason) == (What.BLOCKED, Reason.PRINT)


def test_what_came_out_by_a_permission_is_told_and_what_prints_freely_is_not() -> None:
    event = read_event(job(printed=True, reason="granted", grant="g1"), PRINTER, HERE, LESSON)
    assert event is not None
    assert (event.what, event.effect, event.grant) == (What.GRANTED, Effect.ALLOW, "g1")
    assert read_event(job(printed=True, reason="open"), PRINTER, HERE, LESSON) is None


def test_no_other_device_tells_of_prints() -> None:
    assert read_event(job(), DEVICE, HERE, LESSON) is None
    assert read_event(job(title="Brief aan oma"), PRINTER, HERE, LESSON) is None
    assert read_event(job(at=(LESSON + timedelta(hours=1)).isoformat()), PRINTER, HERE, LESSON) is None
