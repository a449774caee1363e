"""The written times of a version: changed and read again without losing what only the text tells."""

from __future__ import annotations

import pytest

from config.export import school_text
from config.load import parse_school
from config.read import ConfigError
from config.times import schedule_from, times_of, with_times

FILE = """protocol: kalisto
schedule:
  days:
    mon: {lessons: ['08:30-14:00'], breaks: ['10:15-10:30'], names: {'10:15-10:30': kleine pauze}}
  holidays: {region: midden}
"""


def test_a_region_stays_a_region_when_the_week_changes() -> None:
    file = parse_school(FILE.encode())
    values = times_of(file.policy, file.written)
    assert values["holidays"] == {"region": "midden"}
    policy, written = with_times(file.policy, file.written, values)
    assert (policy, written) == (file.policy, file.written)
    policy, written = with_times(file.policy, file.written, values | {"days": {"tue": {"lessons": ["09:00-12:00"]}}})
    assert policy.schedule.waiting == file.policy.schedule.waiting
    assert school_text(policy, written).exact


def test_a_version_without_a_text_is_told_from_its_slots() -> None:
    policy = parse_school(FILE.encode()).policy
    for kept in ("", "schedule: {days: {sun: {lessons: ['08:30-14:00']}}}", "schedule: {dagen: {}}", "- geen"):
        assert schedule_from(times_of(policy, kept)).days == policy.schedule.days


def test_a_break_keeps_its_name_in_the_file_and_a_name_of_nothing_is_refused() -> None:
    policy = parse_school(FILE.encode()).policy
    assert [slot.name for slot in policy.schedule.days[0]] == ["", "kleine pauze", ""]
    assert parse_school(school_text(policy).text.encode()).policy.schedule.days == policy.schedule.days
    with pytest.raises(ConfigError, match="no lesson or break of this day"):
        parse_school(FILE.replace("'10:15-10:30': kleine", "'10:20-10:30': kleine").encode())


def test_what_a_school_file_may_not_say_never_becomes_times() -> None:
    policy = parse_school(FILE.encode()).policy
    with pytest.raises(ConfigError):
        with_times(policy, "", {"days": {"mon": {"lessons": ["14:00-08:30"]}}})
