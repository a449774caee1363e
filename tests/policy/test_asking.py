"""Who is asking, and when: staff's hours, consent of parents, standing permissions, phones, bans lifted for a while."""

from dataclasses import replace

from policy.decide import decide
from policy.model import (
    AccessRequest,
    DeviceClass,
    Effect,
    Facet,
    HoldsIn,
    PeriodKind,
    Principal,
    Reason,
    Role,
    Sanction,
    SanctionTarget,
    Schedule,
    Slot,
    Snapshot,
    Strength,
)
from tests.cast import BREAK, LESSON, RULES, SNAPSHOT, SOCIAL, at, grant, pupil, rule, visit, with_rules, with_state

TEACHERS_SOCIAL = rule(
    "staff",
    facet=Facet.PLACE,
    categories=frozenset({"social"}),
    roles=frozenset({Role.TEACHER}),
    holds_in=HoldsIn.SCHOOL_HOURS,
)
CONSENT = replace(SOCIAL, consent=True)
PHONES = rule("phones", facet=Facet.CONNECT, devices=frozenset({DeviceClass.PHONE}), holds_in=HoldsIn.SCHOOL_HOURS)
ANJA_AT_WORK = Principal(Role.TEACHER, "anja", ("7",), strength=Strength.PROVED)


def said(request: AccessRequest, school: Snapshot, clock: str = "09:00") -> tuple[Effect, Reason]:
    decision = decide(request, school, at(clock))
    return decision.effect, decision.reason


def test_a_teachers_school_hours_are_the_schools_day_and_not_the_groups() -> None:
    short = {0: (Slot(PeriodKind.LESSON, at("08:30").time().replace(hour=8), at("09:30").time().replace(hour=9)),)}
    days = {0: (Slot(PeriodKind.LESSON, short[0][0].start, short[0][0].end.replace(hour=14)),)}
    school = with_rules(TEACHERS_SOCIAL)
    school = replace(school, policy=replace(school.policy, schedule=Schedule(days=days, groups={"7": short})))
    request = visit("social.com", who=ANJA_AT_WORK)
    assert decide(request, school, at("13:00")).effect is Effect.DENY  # her group went home, the school did not
    assert decide(request, school, at("16:00")).effect is Effect.ALLOW


def test_a_standing_permission_of_the_management_is_for_the_role_it_names() -> None:
    standing = grant(groups=frozenset(), roles=frozenset({Role.TEACHER}), role=Role.MANAGEMENT, sites=("social.com",))
    school = replace(with_state(grants=(standing,)), policy=replace(SNAPSHOT.policy, rules=(*RULES, TEACHERS_SOCIAL)))
    assert said(visit("social.com", who=ANJA_AT_WORK), school) == (Effect.ALLOW, Reason.GRANTED)
    intern = replace(ANJA_AT_WORK, role=Role.INTERN, person="iris")
    assert said(visit("social.com", who=intern), school)[0] is Effect.DENY
    assert said(visit("social.com"), school)[0] is Effect.DENY


def test_whole_group_consent_lets_a_child_in_whom_nobody_named() -> None:
    nobody = pupil(None, strength=Strength.GROUP)
    school = replace(with_rules(CONSENT), state=replace(SNAPSHOT.state, grants=(grant(sites=("social.com",)),)))
    assert said(visit("social.com", who=nobody), school) == (Effect.DENY, Reason.CONSENT)
    school = replace(school, state=replace(school.state, consented_groups=frozenset({"7"})))
    assert said(visit("social.com", who=nobody), school) == (Effect.ALLOW, Reason.GRANTED)


def test_a_no_of_the_parents_counts_also_where_the_whole_group_was_said_to_agree() -> None:
    state = replace(SNAPSHOT.state, grants=(grant(sites=("social.com",)),), consented_groups=frozenset({"7"}))
    school = replace(with_rules(CONSENT), state=state)
    assert said(visit("social.com", who=pupil("noor")), school) == (Effect.DENY, Reason.CONSENT)


def test_a_phone_is_off_in_school_hours_until_the_teacher_says_so() -> None:
    phone = Principal(Role.PUPIL, "sam", ("7",), "phone-1", DeviceClass.PHONE, Strength.PROVED)
    school = with_rules(PHONES)
    assert said(visit("leren.nl", who=phone), school) == (Effect.DENY, Reason.PHONE)
    assert decide(visit("leren.nl", who=phone), school, BREAK).reason is Reason.PHONE
    assert said(visit("leren.nl", who=phone), school, "18:00")[0] is Effect.ALLOW
    assert said(visit("leren.nl"), school)[0] is Effect.ALLOW  # the same child at a laptop
    assert said(visit("www.kindertelefoon.nl", who=phone), school)[1] is Reason.HELP_HOST
    special = grant(facets=frozenset({Facet.CONNECT}), groups=frozenset(), people=frozenset({"sam"}))
    school = replace(school, state=replace(school.state, grants=(special,)))
    assert said(visit("leren.nl", who=phone), school) == (Effect.ALLOW, Reason.GRANTED)


def test_a_ban_that_was_lifted_for_one_lesson_is_back_after_it_by_itself() -> None:
    ban = Sanction(
        "b", "sam", SanctionTarget.CHROMEBOOK, at("08:00"), at("15:00"), lifted=((at("08:50"), at("09:30")),)
    )
    school = with_state(sanctions=(ban,))
    decision = decide(visit("nieuws.nl"), school, LESSON)
    assert (decision.effect, decision.valid_until) == (Effect.ALLOW, at("09:30"))
    assert said(visit("nieuws.nl"), school, "09:30") == (Effect.DENY, Reason.SANCTION)


def test_a_reminder_is_read_once_and_then_it_goes_on() -> None:
    reminder = replace(TEACHERS_SOCIAL, effect=Effect.HOLD, second_thought=True)
    school = with_rules(reminder)
    laptop = replace(ANJA_AT_WORK, device="laptop-anja", device_class=DeviceClass.STAFF)
    request = visit("social.com", who=laptop)
    assert said(request, school) == (Effect.HOLD, Reason.REMINDER)
    assert said(replace(request, released=True), school) == (Effect.ALLOW, Reason.RELEASED)


def test_a_reminder_is_for_who_opens_a_page_on_a_device_for_staff() -> None:
    reminder = replace(TEACHERS_SOCIAL, effect=Effect.HOLD, second_thought=True)
    school = with_rules(reminder)
    laptop = replace(ANJA_AT_WORK, device="laptop-anja", device_class=DeviceClass.STAFF)
    assert said(visit("social.com", who=replace(laptop, device_class=DeviceClass.PUPIL)), school)[0] is Effect.ALLOW
    assert said(visit("social.com", who=ANJA_AT_WORK), school)[0] is Effect.ALLOW  # her own telephone
    loaded = visit("social.com", who=laptop, navigation=False)
    assert said(loaded, school)[0] is Effect.ALLOW  # what an open page loads
    closed = replace(TEACHERS_SOCIAL, id="closed")
    assert said(loaded, with_rules(reminder, closed)) == (Effect.DENY, Reason.PLACE)
