"""An app that refuses our certificate is told from a device that does not have it, and no child can force either."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons import pinned
from proxy_addons.pinned import LATELY, NAMES, WINDOW, Refusing
from tests.cast import LESSON

MINUTE = timedelta(minutes=1)
APP = "api.rekenapp.example"


def school(*trusting: str) -> Refusing:
    """Devices that have the certificate."""
    all_of_them = Refusing()
    for device in trusting:
        all_of_them.trusted(device, "learn.nl", LESSON)
    return all_of_them


def refuse(seen: Refusing, *devices: str, name: str = APP, now=LESSON) -> Refusing:
    for device in devices:
        seen.refused(device, name, now)
    return seen


def test_three_refusals_of_two_devices_that_trust_us_elsewhere_are_an_app():
    seen = refuse(school("a", "b"), "a", "b")
    assert seen.pinned(APP, LESSON) == 0
    assert refuse(seen, "a").pinned(APP, LESSON) == 2


def test_one_device_alone_forces_nothing_however_often():
    assert refuse(school("a", "b"), *["a"] * 50).pinned(APP, LESSON) == 0


def test_devices_that_took_the_certificate_off_force_nothing():
    assert refuse(school("a"), *["a", "x", "y", "z"] * 10).pinned(APP, LESSON) == 0


def test_a_name_that_somebody_uses_with_our_certificate_is_no_app_that_refuses_it():
    seen = refuse(school("a", "b", "c"), "a", "b", "a")
    seen.trusted("c", APP, LESSON)
    assert refuse(seen, "a", "b", "a").pinned(APP, LESSON) == 0
    later = LESSON + LATELY
    for device in "ab":
        seen.trusted(device, "learn.nl", later)
    assert refuse(seen, "a", "b", "a", now=later).pinned(APP, later) == 2


def test_what_was_refused_more_than_ten_minutes_ago_counts_no_more():
    seen = refuse(school("a", "b"), "a", "b")
    assert refuse(seen, "a", now=LESSON + WINDOW).pinned(APP, LESSON + WINDOW) == 0


def test_an_app_is_told_once_in_a_while():
    seen = refuse(school("a", "b"), "a", "b", "a")
    assert seen.pinned(APP, LESSON)
    seen.proposed(APP, LESSON)
    assert refuse(seen, "a", "b", "a").pinned(APP, LESSON) == 0


def test_a_device_that_refuses_everything_misses_the_certificate():
    seen = school("b")
    for n in range(NAMES - 1):
        refuse(seen, "a", name=f"{n}.nl")
    assert not seen.misses("a", LESSON)
    refuse(seen, "a", name="last.nl")
    assert seen.misses("a", LESSON)
    assert not seen.misses("a", LESSON + MINUTE), "told once"
    assert seen.trusted("a", "learn.nl", LESSON + MINUTE), "and told when it is well"
    assert not seen.trusted("a", "learn.nl", LESSON + MINUTE)


def test_a_device_with_many_apps_of_their_own_mind_does_not_miss_it():
    seen = school("a")
    for n in range(30):
        refuse(seen, "a", name=f"{n}.nl")
    assert not seen.misses("a", LESSON)


def test_names_are_not_kept_longer_than_they_count():
    seen = refuse(school("a"), "a", name="kanarie.nl")
    seen.forget(LESSON + WINDOW)
    assert "kanarie" not in repr(vars(seen))


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcdef"), st.sampled_from(["x.nl", "y.nl", "z.nl"]), st.booleans(), st.integers(0, 900)
        ),
        max_size=60,
    )
)
def test_no_order_of_things_tells_of_an_app_without_its_evidence(steps):
    seen, now, refused, fine, trusting = Refusing(), LESSON, [], {}, {}
    for device, name, well, seconds in steps:
        now += timedelta(seconds=seconds)
        if well:
            seen.trusted(device, name, now)
            fine[name] = trusting[device] = now
            continue
        seen.refused(device, name, now)
        refused.append((now, device, name))
        found = seen.pinned(name, now)
        counted = [
            one
            for when, one, what in refused
            if what == name and now - when < WINDOW and one in trusting and now - trusting[one] < LATELY
        ]
        if found:
            assert len(counted) >= pinned.FAILURES
            assert 2 <= found <= len(set(counted))
            assert name not in fine or now - fine[name] >= LATELY


@pytest.mark.evasion("S12")
@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000)), max_size=300))
def test_whatever_comes_takes_bounded_room(seen_by):
    seen = Refusing()
    for device, name in seen_by * 5:
        seen.refused(f"d{device}", f"n{name}", LESSON)
        seen.trusted(f"d{name}", f"m{device}", LESSON)
        seen.misses(f"d{device}", LESSON)
    assert len(seen._refused) <= pinned._MOST_NAMES
    assert len(seen._trusting) <= pinned._MOST_DEVICES
    assert len(seen._fine) <= pinned._MOST_DEVICES
    assert all(len(one) <= pinned._MOST_EACH for one in seen._refused.values())
