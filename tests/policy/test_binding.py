"""Where a device is by its beats: one place a family, a minute long, and two who say to be one are nobody."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from policy.binding import LIFE, STRICT, Bound, after_beat, newest
from tests.cast import LESSON

A, B, C, SIX = "10.0.7.1", "10.0.7.2", "10.0.7.3", "fd00::1"
SECOND = timedelta(seconds=1)


def beats(*said: tuple[int, str], ahead: timedelta = timedelta()) -> tuple[tuple[Bound, ...], datetime]:
    """What is known after beats at so many seconds, from these addresses; and the moment of the last."""
    known: tuple[Bound, ...] = ()
    now = LESSON
    for seconds, address in said:
        now = LESSON + seconds * SECOND
        known = after_beat(known, "chroom-1", address, now + ahead, now) or known
    return known, now


def places(known: tuple[Bound, ...], now: datetime) -> set[str]:
    return {one.address for one in known if one.live(now)}


def is_two(known: tuple[Bound, ...], now: datetime) -> bool:
    return any(one.is_two(now) for one in known)


def test_a_beat_counts_for_a_minute_from_when_it_was_signed() -> None:
    (bound,), _ = beats((0, A), ahead=-20 * SECOND)
    assert bound.live(LESSON + 39 * SECOND) and not bound.live(LESSON + 40 * SECOND)
    (ahead,), _ = beats((0, A), ahead=30 * SECOND)
    assert not ahead.live(LESSON + LIFE), "a clock that is ahead makes it no longer"


def test_who_moves_is_at_one_place_at_once() -> None:
    known, now = beats((0, A), (5, B))
    assert places(known, now) == {B} and not is_two(known, now)


def test_a_device_with_two_kinds_of_address_has_both() -> None:
    known, now = beats((0, A), (5, SIX), (20, A), (25, SIX))
    assert places(known, now) == {A, SIX} and not is_two(known, now)


def test_who_is_back_at_the_first_address_while_the_second_goes_on_is_two() -> None:
    known, now = beats((0, A), (5, B), (20, A))
    assert is_two(known, now)
    assert is_two(known, now + STRICT - SECOND) and not is_two(known, now + STRICT)


def test_three_who_take_turns_are_told_too() -> None:
    assert is_two(*beats((0, A), (5, B), (10, C), (20, A)))


def test_it_stays_so_for_as_long_as_both_go_on_and_ends_after_that() -> None:
    both, now = beats(*((20 * n + m, where) for n in range(20) for m, where in ((0, A), (5, B))))
    assert is_two(both, now + STRICT - 20 * SECOND)
    alone, later = beats((0, A), (5, B), (20, A), *((20 * n, A) for n in range(2, 30)))
    assert not is_two(alone, later) and places(alone, later) == {A}
    assert len(alone) == 1, "what is over is forgotten"


def test_whoever_works_elsewhere_for_a_while_and_comes_back_is_one() -> None:
    known, now = beats((0, A), *((20 + 20 * n, B) for n in range(10)), (225, A))
    assert places(known, now) == {A} and not is_two(known, now)


def test_what_was_said_before_counts_no_second_time_from_anywhere() -> None:
    known, _ = beats((0, A), (5, B))
    later = LESSON + 6 * SECOND
    assert after_beat(known, "chroom-1", A, LESSON, later) is None
    assert after_beat(known, "chroom-1", C, LESSON + 5 * SECOND, later) is None
    assert newest(known) == LESSON + 5 * SECOND and newest(()) is None


def test_a_clock_that_was_wrong_for_an_hour_shuts_nobody_out_and_makes_no_minute_longer() -> None:
    known, _ = beats((3600, A))
    assert not places(known, LESSON)
    after = after_beat(known, "chroom-1", B, LESSON, LESSON)
    assert after is not None and places(after, LESSON) == {B}


said = st.lists(st.tuples(st.integers(0, 90), st.sampled_from([A, B, C, SIX]), st.integers(-60, 60)), max_size=30)


@given(said)
def test_whatever_is_said_at_most_one_place_a_family_counts_and_none_too_long(steps: list) -> None:
    known: tuple[Bound, ...] = ()
    now = LESSON
    for wait, address, off in steps:
        now += wait * SECOND
        signed, last = now + off * SECOND, newest(known)
        after = after_beat(known, "chroom-1", address, signed, now)
        if after is None:
            assert last is not None and signed <= last
            continue
        assert newest(after) == signed
        live = [one for one in after if one.live(now)]
        assert len([one for one in live if ":" in one.address]) <= 1 >= len([one for one in live if "." in one.address])
        assert all(one.until <= now + LIFE for one in live)
        assert len({one.doubled for one in after if one.is_two(now)}) <= 1
        were = {(one.address, one.until) for one in known}
        assert all(one.address == address or one.until == now or (one.address, one.until) in were for one in after)
        assert len({one.address for one in after}) == len(after)
        known = after


@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from([A, SIX])), max_size=20))
def test_who_stays_where_it_is_never_counts_as_two(steps: list) -> None:
    known: tuple[Bound, ...] = ()
    now = LESSON
    for wait, address in steps:
        now += (wait + 1) * SECOND
        known = after_beat(known, "chroom-1", address, now, now) or known
        assert not is_two(known, now)
