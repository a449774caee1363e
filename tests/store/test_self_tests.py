"""The self-test of devices: the newest counts, and a year later it is forgotten."""

from __future__ import annotations

from datetime import timedelta

from store import Store
from store.self_tests import NO_DEVICE, PAGES, Probe
from tests.store.school import NOW, SCHOOL


def test_the_newest_of_each_probe_counts_and_it_is_good_when_all_four_were_closed(store: Store) -> None:
    store.self_tests.saw(SCHOOL, "chroom-1", Probe.SOCIAL, False, NOW)
    for minutes, probe in enumerate(PAGES, 1):
        assert not store.self_tests.newest(SCHOOL)[0].good
        store.self_tests.saw(SCHOOL, "chroom-1", probe, True, NOW + timedelta(minutes=minutes))
    (tested,) = store.self_tests.newest(SCHOOL)
    assert tested.good and tested.at == NOW + timedelta(minutes=4)
    assert store.self_tests.newest("another school") == ()


def test_the_last_tested_stands_first_and_no_revision_moves(store: Store) -> None:
    store.self_tests.saw(SCHOOL, "chroom-1", Probe.WAY, True, NOW)
    store.self_tests.saw(SCHOOL, NO_DEVICE, Probe.WAY, False, NOW + timedelta(hours=1))
    assert [one.device for one in store.self_tests.newest(SCHOOL)] == [NO_DEVICE, "chroom-1"]
    assert store.revision(SCHOOL) == 0


def test_it_is_forgotten_after_its_term(store: Store) -> None:
    store.self_tests.saw(SCHOOL, "chroom-1", Probe.WAY, True, NOW)
    assert store.purge(SCHOOL, NOW + timedelta(days=400)).self_tests == 0
    assert store.purge(SCHOOL, NOW + timedelta(days=401)).self_tests == 1
    assert store.self_tests.newest(SCHOOL) == ()
