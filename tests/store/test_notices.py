"""What is in the way: told by each worker, shown once, over when it is over or when nobody says it any more."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import Store
from store.notices import LASTS, Condition
from tests.store.school import NOW, SCHOOL

SECOND = timedelta(seconds=1)
UP, NAMES, BUSY = Condition.UPSTREAM, Condition.NAMES, Condition.OVERLOADED


def kinds(store: Store, now=NOW) -> list[Condition]:
    return [one.kind for one in store.notices.standing(SCHOOL, now)]


def test_what_two_workers_see_is_one_notice_from_the_first_moment_on(store: Store) -> None:
    store.notices.tell(SCHOOL, "a", {UP: NOW}, NOW + SECOND)
    store.notices.tell(SCHOOL, "b", {UP: NOW - 5 * SECOND, BUSY: NOW}, NOW + 2 * SECOND)
    first, second = store.notices.standing(SCHOOL, NOW + 3 * SECOND)
    assert (first.kind, first.since, first.workers) == (UP, NOW - 5 * SECOND, 2)
    assert first.until == NOW + 2 * SECOND + LASTS
    assert (second.kind, second.workers) == (BUSY, 1)
    assert store.notices.standing("other", NOW + SECOND) == ()


def test_it_is_over_when_the_last_worker_says_so(store: Store) -> None:
    for worker in "ab":
        store.notices.tell(SCHOOL, worker, {UP: NOW}, NOW)
    store.notices.tell(SCHOOL, "a", {}, NOW + 4 * SECOND)
    assert kinds(store, NOW + 5 * SECOND) == [UP]
    store.notices.tell(SCHOOL, "b", {}, NOW + 6 * SECOND)
    assert kinds(store, NOW + 6 * SECOND) == []
    (past,) = store.notices.past(SCHOOL, NOW - timedelta(days=1), NOW + 7 * SECOND)
    assert (past.kind, past.since, past.until) == (UP, NOW, NOW + 6 * SECOND)


def test_a_worker_that_is_gone_keeps_nothing_on_the_screen(store: Store) -> None:
    store.notices.tell(SCHOOL, "a", {NAMES: NOW}, NOW)
    store.notices.tell(SCHOOL, "a", {NAMES: NOW}, NOW + 10 * SECOND)
    assert kinds(store, NOW + 10 * SECOND + LASTS - SECOND) == [NAMES]
    assert kinds(store, NOW + 10 * SECOND + LASTS) == []


def test_screens_are_woken_when_it_begins_and_ends_and_not_in_between(store: Store) -> None:
    def activity() -> int:
        return store.pulse(SCHOOL).activity

    before = activity()
    store.notices.tell(SCHOOL, "a", {UP: NOW}, NOW)
    assert activity() == before + 1
    for step in range(1, 4):
        store.notices.tell(SCHOOL, "a", {UP: NOW}, NOW + step * 10 * SECOND)
    assert activity() == before + 1
    store.notices.tell(SCHOOL, "a", {}, NOW + 41 * SECOND)
    assert activity() == before + 2
    store.notices.tell(SCHOOL, "a", {}, NOW + 42 * SECOND)
    assert activity() == before + 2
    assert store.revision(SCHOOL) == 0


def test_two_times_of_trouble_stay_two(store: Store) -> None:
    later = NOW + timedelta(minutes=20)
    store.notices.tell(SCHOOL, "a", {UP: NOW}, NOW)
    store.notices.tell(SCHOOL, "a", {}, NOW + 9 * SECOND)
    store.notices.tell(SCHOOL, "a", {UP: later}, later)
    store.notices.tell(SCHOOL, "a", {}, later + SECOND)
    found = store.notices.past(SCHOOL, NOW - SECOND, later + 2 * SECOND)
    assert [(one.since, one.until) for one in found] == [(later, later + SECOND), (NOW, NOW + 9 * SECOND)]


def test_notices_are_forgotten_after_two_weeks(store: Store) -> None:
    store.notices.tell(SCHOOL, "a", {UP: NOW}, NOW)
    assert store.purge(SCHOOL, NOW + timedelta(days=14)).notices == 0
    assert store.purge(SCHOOL, NOW + timedelta(days=15)).notices == 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    said=st.lists(
        st.tuples(st.sampled_from("abc"), st.sets(st.sampled_from(list(Condition))), st.integers(1, 40)), max_size=12
    )
)
def test_what_stands_is_exactly_what_some_worker_said_last_and_lately(store: Store, said) -> None:
    school = f"s-{abs(hash(str(said)))}"
    now, last, began = NOW, {}, {}
    for worker, found, seconds in said:
        now += seconds * SECOND
        for kind in Condition:
            began[worker, kind] = began.get((worker, kind), now) if kind in found else None
            began[worker, kind] = began[worker, kind] or now
        store.notices.tell(school, worker, {kind: began[worker, kind] for kind in found}, now)
        last[worker] = (found, now)
    wanted = {kind for found, at in last.values() if now < at + LASTS for kind in found}
    assert {one.kind for one in store.notices.standing(school, now)} == wanted
