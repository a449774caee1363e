"""Events wait for the school, in a queue with an end."""

from __future__ import annotations

import pytest

from agent.home import Home
from agent.outbox import BATCH, Outbox, app_event, device_event
from agent.translate import Program, run_request
from policy.devicefact import DeviceFact
from policy.model import Decision, Effect, Reason
from tests.cast import LESSON, pupil

SEEN = Program(run_request("discord", pupil()), ())
DENIED = Decision(Effect.DENY, Reason.APP, rules=("default-chat-apps",))


def event(n: int = 0) -> dict:
    return {**app_event(SEEN, DENIED, LESSON, n, ended=True)}


def test_an_event_says_which_program_and_why_and_nothing_else() -> None:
    told = event(4)
    assert len(told.pop("uid")) == 16
    assert told == {
        "at": "2026-11-23T08:00:00+00:00",
        "app": "discord",
        "person": "sam",
        "effect": "deny",
        "reason": "app",
        "rules": ["default-chat-apps"],
        "grant": None,
        "revision": 4,
        "ended": True,
    }


def test_a_fact_about_the_device_has_no_person_in_it() -> None:
    told = device_event(DeviceFact.HOSTS, "1.2.3.4 a\x07" + "b" * 90, LESSON, 4, put_back=False)
    assert len(told.pop("uid")) == 16
    assert told == {
        "at": "2026-11-23T08:00:00+00:00",
        "fact": "hosts",
        "detail": "1.2.3.4 a" + "b" * 51,
        "put_back": False,
        "revision": 4,
    }


def test_events_wait_through_a_restart(home: Home) -> None:
    outbox = Outbox(home)
    outbox.add(event())
    assert Outbox(home).batch() == outbox.batch()


@pytest.mark.evasion("S13")
def test_when_it_is_full_the_oldest_goes_and_is_counted(home: Home) -> None:
    outbox = Outbox(home, longest=3)
    for n in range(5):
        outbox.add(event(n))
    events, lost = Outbox(home, longest=3).batch()
    assert ([one["revision"] for one in events], lost) == ([2, 3, 4], 2)


def test_what_came_while_sending_is_kept(home: Home) -> None:
    outbox = Outbox(home)
    outbox.add(event(1))
    events, lost = outbox.batch()
    outbox.add(event(2))
    outbox.sent(events, lost)
    assert [one["revision"] for one in outbox.batch()[0]] == [2]


def test_a_batch_is_no_larger_than_the_school_takes(home: Home) -> None:
    outbox = Outbox(home)
    for n in range(BATCH + 5):
        outbox.add(event(n))
    assert len(outbox.batch()[0]) == BATCH


def test_a_folder_that_cannot_be_written_costs_no_event(home: Home) -> None:
    home.path.parent.mkdir(exist_ok=True)
    home.path.write_text("a file is in the way")
    outbox = Outbox(home)
    outbox.add(event())
    assert len(outbox) == 1


def test_damage_on_disk_is_an_empty_queue(home: Home) -> None:
    home.keep_events({"events": "no", "lost": "many"})
    assert Outbox(home).batch() == ((), 0)
