"""Where devices say that they are: read by every process, gone soon, and told once a day where two say to be one."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from policy.binding import LIFE, STRICT, Bound
from policy.devicefact import DeviceFact
from policy.model import Device, DeviceClass
from store import Store
from store.events import What
from tests.store.school import NOW, SCHOOL, settle

A, B = "10.0.7.1", "10.0.7.2"
SECOND = timedelta(seconds=1)
DEVICE = "chroom-1"


@pytest.fixture
def school(store: Store) -> Store:
    settle(store)
    return store


def beat(store: Store, address: str, seconds: int = 0, device: str = DEVICE) -> tuple[Bound, ...] | None:
    now = NOW + seconds * SECOND
    return store.bindings.beat(SCHOOL, device, address, now, now, now.date())


def places(store: Store, seconds: int = 0) -> list[tuple[str, str]]:
    now = NOW + seconds * SECOND
    return sorted((one.device, one.address) for one in store.bindings.live(SCHOOL, now) if one.live(now))


def notices(store: Store) -> list:
    return [one.event for one in store.events.since(SCHOOL, 0) if one.event.what is What.DEVICE]


def test_a_beat_is_seen_by_all_for_a_minute_and_moves_no_revision(school: Store) -> None:
    before = school.pulse(SCHOOL)
    assert beat(school, A)
    assert places(school) == [(DEVICE, A)] and places(school, 60) == []
    assert school.bindings.live("another school", NOW) == ()
    assert school.pulse(SCHOOL) == before
    assert school.devices.last_seen(SCHOOL, [DEVICE]) == {DEVICE: NOW}


def test_a_device_that_moves_has_one_place(school: Store) -> None:
    beat(school, A)
    beat(school, B, 5)
    assert places(school, 5) == [(DEVICE, B)]
    assert beat(school, A, 4) is None, "what was said before counts no more"
    assert notices(school) == []


@pytest.mark.evasion("S18")
def test_two_devices_with_one_key_are_told_once_a_day_without_a_person(school: Store) -> None:
    for seconds, address in ((0, A), (5, B), (20, A), (25, B), (40, A)):
        beat(school, address, seconds)
    assert any(one.is_two(NOW + 40 * SECOND) for one in school.bindings.live(SCHOOL, NOW + 40 * SECOND))
    (told,) = notices(school)
    assert (told.category, told.device, told.person, told.group, told.thing) == (
        DeviceFact.DOUBLE.value,
        DEVICE,
        None,
        None,
        None,
    )
    tomorrow = NOW + timedelta(days=1)
    for seconds, address in ((0, A), (5, B), (20, A)):
        when = tomorrow + seconds * SECOND
        school.bindings.beat(SCHOOL, DEVICE, address, when, when, when.date())
    assert len(notices(school)) == 2


def test_it_stands_though_neither_says_anything_more(school: Store) -> None:
    for seconds, address in ((0, A), (5, B), (20, A)):
        beat(school, address, seconds)
    later = NOW + 20 * SECOND + STRICT - SECOND
    assert {one.device for one in school.bindings.live(SCHOOL, later)} == {DEVICE}
    assert school.bindings.live(SCHOOL, later + SECOND) == ()


def test_a_device_that_is_not_registered_is_nowhere(school: Store) -> None:
    assert school.bindings.beat(SCHOOL, "nobody", A, NOW, NOW, date(2026, 1, 1)) is None
    assert school.bindings.live(SCHOOL, NOW) == ()


def test_another_device_at_the_same_address_is_there_too(school: Store) -> None:
    school.devices.put(SCHOOL, Device("two", "Two", DeviceClass.PUPIL, "7"), "cor", NOW)
    beat(school, A)
    beat(school, A, 1, device="two")
    assert places(school, 1) == [(DEVICE, A), ("two", A)]


def test_who_enrols_again_or_leaves_is_nowhere_until_it_says_so_with_its_new_key(school: Store) -> None:
    made = school.devices.make_code(SCHOOL, DEVICE, "cor", NOW)
    assert made is not None
    beat(school, A)
    assert school.devices.enrol(SCHOOL, made.code, NOW, "a key")
    assert places(school) == []
    beat(school, A, 1)
    school.devices.unenrol(SCHOOL, DEVICE, NOW)
    assert places(school, 1) == []
    beat(school, A, 2)
    school.devices.remove(SCHOOL, DEVICE, "cor", NOW)
    assert school.bindings.of(SCHOOL, DEVICE) == ()


def test_where_a_laptop_was_is_forgotten_soon(school: Store) -> None:
    beat(school, A)
    assert school.purge(SCHOOL, NOW + LIFE).bindings == 0
    assert school.purge(SCHOOL, NOW + LIFE + timedelta(hours=2)).bindings == 1
    assert school.bindings.of(SCHOOL, DEVICE) == ()
