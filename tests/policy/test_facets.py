"""A reminder stands apart: it keeps nothing closed, no permission takes it away, and it makes nothing looser."""

from __future__ import annotations

from dataclasses import replace

from policy.decide import decide
from policy.model import DeviceClass, Effect, Facet, HoldsIn, LiftableBy, Principal, Reason, Role, Strength
from tests.cast import LESSON, STAFF_SOCIAL, at, grant, rule, visit, with_rules, with_state

STAFF = frozenset({Role.TEACHER, Role.INTERN})
REMINDER = rule(
    "reminder",
    facet=Facet.PLACE,
    categories=frozenset({"social"}),
    roles=STAFF,
    effect=Effect.HOLD,
    second_thought=True,
    holds_in=HoldsIn.AT_SCHOOL,
    liftable_by=LiftableBy.NOBODY,
)
INTERN = Principal(Role.INTERN, "iris", ("7",), "laptop", DeviceClass.STAFF, Strength.PROVED)
STANDING = grant("standing", role=Role.MANAGEMENT, groups=frozenset(), roles=STAFF, sites=("social.com",))


def asked(*rules, released=False, grants=()):
    school = replace(with_rules(*rules), state=with_state(grants=grants).state)
    return decide(visit("social.com", who=INTERN, released=released), school, LESSON)


def test_what_is_closed_for_staff_stays_closed_also_for_who_read_the_reminder() -> None:
    assert asked(STAFF_SOCIAL, REMINDER).reason is Reason.PLACE
    assert asked(STAFF_SOCIAL, REMINDER, released=True).effect is Effect.DENY


def test_a_standing_permission_opens_the_place_and_leaves_the_reminder() -> None:
    decision = asked(STAFF_SOCIAL, REMINDER, grants=(STANDING,))
    assert (decision.effect, decision.reason, decision.rules) == (Effect.HOLD, Reason.REMINDER, ("reminder",))
    read = asked(STAFF_SOCIAL, REMINDER, released=True, grants=(STANDING,))
    assert (read.effect, read.grants) == (Effect.ALLOW, ("standing",))


def test_a_reminder_about_one_site_takes_no_closed_category_open() -> None:
    by_name = replace(REMINDER, categories=frozenset(), sites=("social.com",))
    assert asked(STAFF_SOCIAL, by_name, released=True).effect is Effect.DENY


def test_after_school_the_reminder_is_still_there() -> None:
    evening = decide(visit("social.com", who=INTERN), with_rules(STAFF_SOCIAL, REMINDER), at("19:00"))
    assert evening.reason is Reason.REMINDER


def test_a_reminder_stays_whoever_may_lift_its_rule() -> None:
    liftable = replace(REMINDER, liftable_by=LiftableBy.TEACHER)
    assert asked(liftable, grants=(STANDING,)).reason is Reason.REMINDER
