"""The school's time, whatever the clock of the laptop says."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agent.clock import SchoolClock
from tests.cast import LESSON

HOURS = timedelta(hours=3)


class Steady:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.evasion("E23")
def test_moving_the_laptop_s_clock_changes_nothing() -> None:
    steady = Steady()
    laptop = [LESSON - HOURS]
    clock = SchoolClock(steady=steady, system=lambda: laptop[0])
    clock.hear(LESSON)
    steady.now += 60
    laptop[0] = LESSON + HOURS
    assert clock.now() == LESSON + timedelta(seconds=60)


@pytest.mark.evasion("E23")
def test_putting_the_clock_back_before_a_start_brings_no_permission_back() -> None:
    clock = SchoolClock(earliest=LESSON, steady=Steady(), system=lambda: LESSON - HOURS)
    assert clock.now() == LESSON


def test_before_the_school_has_spoken_it_is_the_laptop_s_clock() -> None:
    assert SchoolClock(steady=Steady(), system=lambda: LESSON).now() == LESSON


def test_time_goes_on_by_itself() -> None:
    clock = SchoolClock()
    assert clock.now() <= clock.now()
