"""Somebody looked for help: the counsellors hear that, and nothing else is anywhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from store import Store
from store.event_tables import signals as table
from store.retention import Terms, shorten
from store.signals import Kept, Signal
from tests.store.school import NOW, SCHOOL

SAMS = Signal(NOW, "7", person="sam")
CHROMEBOOK = Signal(NOW, "7", "chroom-1")
CART = Signal(NOW, "7", "cart", shared=True)
MINUTE = timedelta(minutes=1)


def later(signal: Signal, minutes: float) -> Signal:
    return replace(signal, when=NOW + minutes * MINUTE)


def test_the_newest_signal_is_on_top_and_another_schools_are_not_there(store: Store) -> None:
    assert store.signals.add_batch(SCHOOL, [SAMS, later(CHROMEBOOK, 1)]) == 2
    store.signals.add_batch("other", [SAMS])
    kept = store.signals.newest(SCHOOL)
    assert [one.signal for one in kept] == [later(CHROMEBOOK, 1), SAMS]
    assert store.signals.newest(SCHOOL, limit=1) == kept[:1]
    assert len(store.signals.newest("other")) == 1


def test_there_is_no_place_for_what_was_typed() -> None:
    assert set(table.c.keys()) == {
        "school_id", "id", "at", "group_id", "device_id", "person_id", "seen", "by_id"
    }  # fmt: skip


def test_one_child_is_told_of_once_in_ten_minutes_also_by_two_workers(store: Store) -> None:
    assert store.signals.add_batch(SCHOOL, [SAMS, later(SAMS, 5)]) == 1
    assert store.signals.add_batch(SCHOOL, [later(SAMS, 9.9), replace(later(SAMS, 3), person="noor")]) == 1
    assert store.signals.add_batch(SCHOOL, [later(SAMS, 10)]) == 1


def test_a_signal_that_waited_for_the_database_is_not_told_after_a_newer_one(store: Store) -> None:
    assert store.signals.add_batch(SCHOOL, [later(CHROMEBOOK, 4), CHROMEBOOK]) == 1
    assert store.signals.add_batch(SCHOOL, [later(replace(CHROMEBOOK, device="chroom-2"), 4), SAMS]) == 2


def test_two_children_behind_one_address_are_both_told_of(store: Store) -> None:
    group = Signal(NOW, "7", shared=True)
    assert store.signals.add_batch(SCHOOL, [CART, CART, group, group, Signal(NOW, shared=True)]) == 5


def test_a_signal_is_seen_once(store: Store) -> None:
    store.signals.add_batch(SCHOOL, [SAMS])
    (kept,) = store.signals.newest(SCHOOL)
    assert not store.signals.see("other", kept.id, "coen", NOW)
    assert store.signals.see(SCHOOL, kept.id, "coen", NOW + MINUTE)
    assert not store.signals.see(SCHOOL, kept.id, "fay", NOW + 2 * MINUTE)
    assert store.signals.newest(SCHOOL) == (Kept(kept.id, SAMS, NOW + MINUTE, "coen"),)


def test_no_live_screen_and_no_audit_tells_that_there_was_one(store: Store) -> None:
    before = store.pulse(SCHOOL)
    store.signals.add_batch(SCHOOL, [SAMS])
    store.signals.see(SCHOOL, store.signals.newest(SCHOOL)[0].id, "coen", NOW)
    assert store.pulse(SCHOOL) == before
    assert store.audit.entries(SCHOOL) == ()
    assert store.events.latest(SCHOOL) == () and store.events.counts(SCHOOL, NOW - 60 * MINUTE) == ()


def test_after_thirty_days_nobody_knows_it_any_more_and_a_school_may_forget_sooner(store: Store) -> None:
    store.signals.add_batch(SCHOOL, [SAMS])
    assert store.purge(SCHOOL, NOW + timedelta(days=30)).signals == 0
    shorter = shorten({"signals": 7})
    assert isinstance(shorter, Terms)
    assert store.purge(SCHOOL, NOW + timedelta(days=8), shorter).signals == 1
    store.signals.add_batch(SCHOOL, [SAMS])
    assert store.purge(SCHOOL, NOW + timedelta(days=31)).signals == 1
    assert store.signals.newest(SCHOOL) == ()
