"""Which agreements hold: those of this lesson and of no other, also when holidays or bells were changed since."""

from __future__ import annotations

from datetime import datetime

from policy.model import ALWAYS, Agreement, Period, PeriodKind, Schedule
from policy.schedule import first_lesson


def in_its_lesson(agreed: Agreement, period: Period, schedule: Schedule, group: str | None) -> bool:
    """Whether the period that holds now for a group is the lesson that an agreement was made for.

    That is the first lesson of its stretch: never a break, never outside school, and never past that lesson's bell.
    """
    if period.kind is not PeriodKind.LESSON:
        return False
    if period.start is None or period.start <= agreed.start or agreed.start == ALWAYS:
        return True
    return first_lesson(schedule, group, agreed.start, period.start) is None


def stretch_of(agreed: Agreement, schedule: Schedule, group: str) -> tuple[datetime, datetime] | None:
    """From when to when a planned agreement will hold as the schedule is now (UTC); None: there is no lesson then."""
    lesson = first_lesson(schedule, group, agreed.start, agreed.end)
    if lesson is None:
        return None
    start = agreed.start if lesson.start is None else max(lesson.start, agreed.start)
    return start, agreed.end if lesson.end is None else min(lesson.end, agreed.end)
