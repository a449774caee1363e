"""Agreements that were planned ahead: which there are, whether their lesson is still there, moving and cancelling."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from dashboard.actions.agreement import coming, lesson_at, of_group, taken
from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.substitute import is_substitute
from policy.agreed import stretch_of
from policy.model import Agreement, Member, Snapshot


@dataclass(frozen=True, slots=True)
class Planned:
    """A planned agreement. `start` and `end` (UTC) are from when to when it holds as the timetable is now.

    Both are None where no lesson is left of it: a holiday, or other bells. `moved`: the timetable was changed since it
    was planned. `by` is who planned it.
    """

    agreement: Agreement
    start: datetime | None
    end: datetime | None

    @property
    def moved(self) -> bool:
        """Whether it is no longer as it was planned."""
        return (self.start, self.end) != (self.agreement.start, self.agreement.end)


def planned(snapshot: Snapshot, group: str, now: datetime) -> tuple[Planned, ...]:
    """What is planned for a group or for somebody in it and has not begun, the first on top."""
    found = [
        Planned(agreed, *(stretch_of(agreed, snapshot.policy.schedule, group) or (None, None)))
        for agreed in of_group(snapshot, group)
        if agreed.start > now
    ]
    return tuple(sorted(found, key=lambda one: (one.agreement.start, one.agreement.id)))


def find(desk: Desk, who: Member, group: str, agreement_id: str, now: datetime) -> Planned | None:
    """A planned agreement of a group that `who` may act for; None: there is none.

    A substitute moves and cancels what is planned for her own day.
    """
    if not desk.may_act_for(who, group, now):
        return None
    snapshot = desk.snapshot(now)
    found = next((one for one in planned(snapshot, group, now) if one.agreement.id == agreement_id), None)
    if found is not None and is_substitute(who.id):
        today = {lesson.start for lesson in coming(snapshot, who, group, now)}
        return found if found.agreement.start in today else None
    return found


def move(desk: Desk, who: Member, group: str, agreement_id: str, at: datetime | None, now: datetime) -> Outcome[None]:
    """Plan it for the lesson to come that begins at `at` instead."""
    found = find(desk, who, group, agreement_id, now)
    if found is None:
        return refused("plan_gone")
    snapshot = desk.snapshot(now)
    lesson = lesson_at(snapshot, who, group, at, now) if at is not None else None
    if lesson is None:
        return refused("plan_when")
    start, end = lesson
    if taken(snapshot, replace(found.agreement, start=start, end=end), group, now):
        return refused("plan_taken")
    if not desk.store.measures.move_agreement(desk.school, agreement_id, start, end, who.id, now):
        return refused("plan_gone")
    return done("plan_moved")


def cancel(desk: Desk, who: Member, group: str, agreement_id: str, now: datetime) -> Outcome[None]:
    """Take it away before it begins."""
    if find(desk, who, group, agreement_id, now) is None:
        return refused("plan_gone")
    if not desk.store.measures.cancel_agreement(desk.school, agreement_id, who.id, now):
        return refused("plan_gone")
    return done("plan_cancelled")
