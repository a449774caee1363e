"""What is read of a group is shared by all who look, and read again only when something moved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from dashboard.actions.desk import Desk
from dashboard.actions.reading import Readings, read
from policy.model import Action, Effect, Reason
from store import Store
from store.events import Event, Events, What
from tests.cast import LESSON
from tests.dashboard.conftest import SCHOOL, Browser
from tests.dashboard.lessons import SITE, ask

type SignIn = Callable[[str], Browser]


def blocked(host: str, group: str = "7") -> Event:
    return Event(What.BLOCKED, LESSON, Effect.DENY, Reason.PLACE, Action.VISIT, host=host, group=group, person="sam")


def test_it_is_the_same_until_something_of_this_group_moves(store: Store, desk: Desk) -> None:
    shared = Readings()
    first = shared.of(desk, "7", LESSON)
    assert shared.of(desk, "7", LESSON) is first
    store.events.add_batch(SCHOOL, [blocked("x.com", "8")], LESSON)
    assert shared.of(desk, "7", LESSON) is first
    store.events.add_batch(SCHOOL, [blocked("x.com")], LESSON)
    second = shared.of(desk, "7", LESSON)
    assert second is not first and [row.event.host for row in second.stored] == ["x.com"]
    ask(store)
    assert len(shared.of(desk, "7", LESSON).asks) == 1
    store.people.set_consent(SCHOOL, "noor", True, "cor", LESSON)
    assert shared.of(desk, "7", LESSON) == read(desk, "7", LESSON)


def test_bit_by_bit_it_comes_to_the_same_as_all_at_once(store: Store, desk: Desk, signed_in: SignIn) -> None:
    shared = Readings()
    shared.of(desk, "7", LESSON)
    anja = signed_in("anja")
    for number in range(5):
        store.events.add_batch(SCHOOL, [blocked(f"a{number}.com"), blocked(f"b{number}.com")], LESSON)
        if number == 2:
            anja.post("/les/7/toestemming", **SITE)
        assert shared.of(desk, "7", LESSON) == read(desk, "7", LESSON)
    store.incidents.report(SCHOOL, "eng.nl", LESSON, group="7")
    assert shared.of(desk, "7", LESSON) == read(desk, "7", LESSON)


def test_after_a_night_of_more_than_fits_the_newest_are_there(store: Store, desk: Desk) -> None:
    shared = Readings()
    store.events.add_batch(SCHOOL, [blocked("oud.com")], LESSON)
    shared.of(desk, "7", LESSON)
    store.events.add_batch(SCHOOL, [blocked(f"n{number}.com") for number in range(700)], LESSON)
    assert shared.of(desk, "7", LESSON).stored[0].event.host == "n699.com"
    assert shared.of(desk, "7", LESSON) == read(desk, "7", LESSON)


def test_what_was_forgotten_in_the_database_is_forgotten_here_soon_after(store: Store, desk: Desk) -> None:
    shared, later = Readings(), LESSON + timedelta(minutes=6)
    store.events.add_batch(SCHOOL, [blocked("oud.com")], LESSON)
    assert shared.of(desk, "7", LESSON).stored
    store.purge(SCHOOL, LESSON + timedelta(days=15))
    store.people.set_consent(SCHOOL, "noor", True, "cor", later)
    assert shared.of(desk, "7", later).stored == ()


def test_a_device_that_is_seen_moves_nothing_and_is_there_with_the_next_heartbeat(store: Store, owned: Desk) -> None:
    shared = Readings()
    assert shared.of(owned, "7", LESSON).seen == {}
    store.devices.seen(SCHOOL, {"boek-sam": LESSON})
    assert shared.of(owned, "7", LESSON).seen == {}
    assert shared.of(owned, "7", LESSON + timedelta(seconds=15)).seen == {"boek-sam": LESSON}


def test_a_year_of_events_is_read_once_for_a_whole_team(
    store: Store, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    latest = Events.latest

    def counted(self: Events, *args: object, **more: object) -> object:
        calls.append("latest")
        return latest(self, *args, **more)

    monkeypatch.setattr(Events, "latest", counted)
    shared = Readings()
    for number in range(10):
        store.events.add_batch(SCHOOL, [blocked(f"x{number}.com")], LESSON)
        shared.of(desk, "7", LESSON)
    assert calls == ["latest"]
