"""What is to be said waits for a database that is gone, the newest of it only, and is said again while it stands."""

from __future__ import annotations

from datetime import timedelta

import pytest

from proxy_addons.noticing import AGAIN, Noticing
from store import Store, StoreUnavailable
from store.notices import Condition
from store.refusals import About, Refusal
from tests.cast import LESSON
from tests.proxy_addons.asking import SCHOOL, Clock, Guard

UP, NAMES = {Condition.UPSTREAM: LESSON}, {Condition.NAMES: LESSON}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def saying(guard: Guard, clock: Clock) -> Noticing:
    return Noticing(guard.store, SCHOOL, clock)


def kinds(store: Store, clock: Clock) -> list[Condition]:
    return [one.kind for one in store.notices.standing(SCHOOL, clock.now)]


def test_nothing_is_written_while_nothing_is_the_matter(saying: Noticing) -> None:
    assert not saying.stands({}) and not saying.waits


def test_what_stands_is_said_at_once_and_again_in_a_while(guard: Guard, saying: Noticing, clock: Clock) -> None:
    assert saying.stands(UP)
    saying.write()
    assert kinds(guard.store, clock) == [Condition.UPSTREAM] and not saying.waits
    clock.now += timedelta(seconds=1)
    assert not saying.stands(UP)
    clock.now += AGAIN
    assert saying.stands(UP)
    saying.write()
    clock.now += timedelta(seconds=1)
    assert saying.stands({})
    saying.write()
    assert kinds(guard.store, clock) == [] and not saying.stands({})


def test_a_clock_that_is_set_back_does_not_silence_it(saying: Noticing, clock: Clock) -> None:
    saying.stands(UP)
    saying.write()
    clock.now -= timedelta(hours=1)
    assert saying.stands(UP)


def test_with_the_database_gone_only_the_newest_waits(
    guard: Guard, saying: Noticing, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise StoreUnavailable("gone")

    with monkeypatch.context() as away:
        away.setattr(type(guard.store.notices), "tell", gone)
        for standing in (UP, NAMES):
            saying.stands(standing)
            with pytest.raises(StoreUnavailable):
                saying.write()
    assert saying.waits
    saying.write()
    assert kinds(guard.store, clock) == [Condition.NAMES]


def test_a_refusal_that_could_not_be_written_waits_and_a_flood_of_them_is_bounded(
    guard: Guard, saying: Noticing, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise StoreUnavailable("gone")

    for number in range(80):
        saying.refused(Refusal(About.HOST, f"h{number}.nl", 2))
    with monkeypatch.context() as away:
        away.setattr(type(guard.store.refusals), "suggest", gone)
        with pytest.raises(StoreUnavailable):
            saying.write()
    saying.write()
    assert not saying.waits
    assert len(guard.store.refusals.open(SCHOOL, clock.now)) == 50
