"""The clock of the machine is wrong, or goes through one of the two nights on which it is put forward or back."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.reliability.clock import FAKETIME, Clock
from tests.reliability.rows import SHORT, Row
from tests.reliability.school import School, school

pytestmark = [
    pytest.mark.full,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not FAKETIME, reason="needs libfaketime (setup/machine.sh)"),
]

HOURS = timedelta(hours=5)


def jumps(clock: Clock, at: School, beside: timedelta, row: Row) -> float:
    """The clock is wrong for a while, and right again; when it went wrong."""
    began = time.monotonic()
    clock.set(beside)
    at.until(lambda: sum(one.good for one in at.teacher.answers if one.began > began + 3) >= 2, "no permission given")
    at.pass_by(2 if SHORT else 20)
    clock.set(timedelta())
    over = time.monotonic()
    took = at.well(over)
    # An answer that was on its way when the clock was put right is judged by the clock that was wrong.
    at.excused.append(("banned", began, over + 3))
    at.look(row, began, f"{took:.1f} s after the clock was right again")
    return began


@pytest.mark.fault("Clock", "the clock is five hours ahead for a while, and is put right")
def test_a_clock_that_ran_ahead_ends_permissions_and_brings_back_what_had_not_ended(tmp_path: Path, row: Row) -> None:
    clock = Clock(tmp_path)
    with school(tmp_path / "school", environment=clock.environment, now=clock.now) as at, at.at_work():
        began = jumps(clock, at, HOURS, row)
        mine = [one for one in at.pupils.saw(began) if one.kind == "permitted"]
        assert any(not one.good for one in mine), "a permission outlived its end"
        row.note = (
            "permission and ban were for three hours: by that clock both were over, and both held again afterwards."
        )


@pytest.mark.fault("Clock", "the clock is two days ahead for a while, and is put right")
def test_days_ahead_and_back(tmp_path: Path, row: Row) -> None:
    clock = Clock(tmp_path)
    with school(tmp_path / "school", environment=clock.environment, now=clock.now) as at, at.at_work():
        jumps(clock, at, timedelta(days=2), row)


@pytest.mark.fault("Clock", "the clock is five hours behind for a while, and is put right")
def test_a_clock_that_is_behind_opens_nothing(tmp_path: Path, row: Row) -> None:
    clock = Clock(tmp_path)
    with school(tmp_path / "school", environment=clock.environment, now=clock.now) as at, at.at_work():
        jumps(clock, at, -HOURS, row)
        assert at.pupils.forbidden() == [], "a ban that was given before does not wait for its hour to come again"
        row.note = "permissions that were given later than that hour wait for it; a ban holds all the same."


def night(tmp_path: Path, row: Row, begins: datetime, bell: datetime, week: str) -> None:
    """A class that is in school at night: a permission runs through the change, and the lesson ends after it."""
    clock = Clock(tmp_path)
    clock.be(begins - timedelta(minutes=15))
    with (
        school(
            tmp_path / "school", environment=clock.environment, now=clock.now, week=week, schemes=("http",)
        ) as at,
        at.at_work(),
    ):  # fmt: skip
        began = time.monotonic()
        clock.be(begins)
        end = begins + timedelta(seconds=75)
        at.permits(clock.now(), end)
        at.until(lambda: clock.now() >= begins + timedelta(seconds=62), "the night does not pass")
        assert at.is_open() or clock.now() >= end, "the permission ended at the change"
        at.until(lambda: not at.is_open(), "the permission did not end")
        late = clock.now() - end
        # Its clock is told in whole seconds and looked up once a second.
        assert timedelta(seconds=-2) <= late < timedelta(seconds=30)
        assert at.pupils.last_bad(began, "open", "permitted", "closed") is None
        assert at.closed.connections == 0
        row_until_bell, rang = at.pupils.told(began, "open", "permitted", "closed", "banned"), time.monotonic()
        clock.be(bell - timedelta(seconds=4))
        at.until(lambda: clock.now() > bell and not at.teacher.gives()[0], "the lesson did not end")
        over = clock.now() - bell
        clock.be(begins)
        at.well(time.monotonic())
        # After the bell there is no school: what is closed in a lesson may be reached then.
        at.excused += [(kind, rang, time.monotonic()) for kind in ("closed", "banned")]
        at.closed.connections = 0
        closed, refused = max(late.total_seconds(), 0.0), over.total_seconds()
        at.look(row, began, f"closed {closed:.1f} s after its end; no new permission {refused:.1f} s after the bell")
        row.pupil = row_until_bell
        row.note = "pupils' answers are those until the bell: after it there is no school, and other rules hold."


@pytest.mark.fault("Clock", "the night that the clock goes forward")
def test_a_permission_and_the_lesson_end_on_time_when_the_clock_goes_forward(tmp_path: Path, row: Row) -> None:
    # 28 March 2027: 01:00 UTC is 03:00, where 02:00 would have been. The lesson is until 03:05.
    begins, bell = datetime(2027, 3, 28, 0, 59, 0, tzinfo=UTC), datetime(2027, 3, 28, 1, 5, tzinfo=UTC)
    night(tmp_path, row, begins, bell, '["00:00-03:05"]')


@pytest.mark.fault("Clock", "the night that the clock goes back")
def test_a_permission_and_the_lesson_end_on_time_when_the_clock_goes_back(tmp_path: Path, row: Row) -> None:
    # 25 October 2026: 01:00 UTC is 02:00 for the second time. The lesson is until 03:05, two hours later in UTC.
    begins, bell = datetime(2026, 10, 25, 0, 59, 0, tzinfo=UTC), datetime(2026, 10, 25, 2, 5, tzinfo=UTC)
    night(tmp_path, row, begins, bell, '["00:00-03:05"]')
