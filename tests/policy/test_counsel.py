"""Who hears that a child looked for help."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import pytest

from policy.counsel import Told, counsellors, has_inbox, may_hear, told_of
from policy.model import Member, PeriodKind, Principal, ReportKind, ReportTo, Role, Slot, Strength
from tests.cast import BREAK, EVENING, LESSON, SNAPSHOT, at

COEN, FAY = Member("coen", Role.COUNSELLOR), Member("fay", Role.COUNSELLOR)
NAMED = replace(SNAPSHOT, people={**SNAPSHOT.people, "coen": COEN, "fay": FAY}, inbox=True)
SAM = Principal(Role.PUPIL, "sam", ("7",), "chroom-1", strength=Strength.PROVED)


def test_two_counsellors_make_an_inbox_and_one_does_not() -> None:
    one = replace(SNAPSHOT, people={**SNAPSHOT.people, "coen": COEN}, inbox=True)
    assert (has_inbox(SNAPSHOT), has_inbox(one), has_inbox(NAMED)) == (False, False, True)
    assert set(counsellors(NAMED)) == {"coen", "fay"}
    assert told_of(SNAPSHOT, SAM, LESSON) is told_of(one, SAM, LESSON) is told_of(None, SAM, LESSON) is Told.NOBODY


def test_nobody_hears_before_the_management_switched_it_on() -> None:
    off = replace(NAMED, inbox=False)
    assert not has_inbox(off) and told_of(off, SAM, LESSON) is Told.NOBODY
    assert all(ReportTo.COUNSELLOR not in may_hear(kind, role, off) for kind in ReportKind for role in Role)


@pytest.mark.parametrize(
    ("who", "told"),
    [
        (SAM, Told.PERSON),
        (replace(SAM, strength=Strength.CLAIMED), Told.PERSON),
        (replace(SAM, strength=Strength.GROUP), Told.DEVICE),
        (replace(SAM, person=None), Told.DEVICE),
        (replace(SAM, person=None, device=None), Told.GROUP),
        (Principal(Role.PUPIL), Told.TIME),
        (replace(SAM, role=Role.TEACHER), Told.NOBODY),
    ],
)
def test_they_hear_a_name_only_of_somebody_who_was_named(who: Principal, told: Told) -> None:
    assert told_of(NAMED, who, LESSON) is told


def test_in_breaks_they_hear_it_and_outside_school_hours_nothing_is_kept() -> None:
    assert told_of(NAMED, SAM, BREAK) is Told.PERSON
    for moment in (EVENING, at("09:00", "2026-11-22"), at("09:00", "2026-12-21")):
        assert told_of(NAMED, SAM, moment) is Told.NOBODY


def test_the_groups_own_week_counts() -> None:
    schedule = NAMED.policy.schedule
    late = Slot(PeriodKind.LESSON, time(18, 0), time(22, 0))
    own = replace(schedule, groups={"7": {0: (late,)}})
    snapshot = replace(NAMED, policy=replace(NAMED.policy, schedule=own))
    assert told_of(snapshot, SAM, EVENING) is Told.PERSON
    assert told_of(snapshot, replace(SAM, groups=("8",)), EVENING) is Told.NOBODY


@pytest.mark.parametrize("kind", ReportKind)
@pytest.mark.parametrize("role", Role)
def test_somebody_can_always_be_told_and_never_somebody_who_is_not_there(kind: ReportKind, role: Role) -> None:
    only_anja = replace(SNAPSHOT, people={"anja": SNAPSHOT.people["anja"]})
    for school in (SNAPSHOT, NAMED, only_anja):
        heard = may_hear(kind, role, school)
        assert heard and len(set(heard)) == len(heard)
        assert (ReportTo.COUNSELLOR in heard) <= (school is NAMED)
        assert (ReportTo.TEACHER in heard) <= (role is Role.PUPIL)
    assert may_hear(kind, role, NAMED) != () and ReportTo.TEACHER in may_hear(kind, Role.PUPIL, only_anja)


def test_bullying_goes_past_the_class_by_the_childs_choice() -> None:
    for kind in (ReportKind.BULLIED, ReportKind.PICTURES):
        assert may_hear(kind, Role.PUPIL, NAMED) == (ReportTo.COUNSELLOR, ReportTo.MANAGEMENT)
        assert may_hear(kind, Role.PUPIL, SNAPSHOT) == (ReportTo.MANAGEMENT, ReportTo.TEACHER)
