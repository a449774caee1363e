"""Who may permit what to whom."""

from dataclasses import replace
from datetime import datetime, time

import pytest

from policy.authority import Refusal, may_act_for, may_grant, may_stand, school_ends
from policy.decide import decide
from policy.model import (
    Action,
    DeviceClass,
    Effect,
    Facet,
    Gate,
    Grant,
    LiftableBy,
    Member,
    PeriodKind,
    Role,
    Rule,
    Slot,
)
from tests.cast import (
    ANJA,
    BO,
    BRAM,
    BREAK,
    COR,
    EVENING,
    IRIS,
    LESSON,
    NO_COMPUTER,
    RIA,
    RULES,
    SNAPSHOT,
    SOCIAL,
    at,
    grant,
    rule,
    visit,
    with_rules,
)

WISH = grant(sites=("social.com",), start=LESSON, end=at("23:00"))


@pytest.mark.evasion("S23")
def test_a_teacher_permits_her_own_group_until_the_bell_at_the_latest() -> None:
    verdict = may_grant(ANJA, WISH, SNAPSHOT, LESSON)
    assert verdict.allowed
    assert verdict.grant is not None
    assert (verdict.grant.end, verdict.grant.by) == (at("10:15"), "anja")
    school = replace(SNAPSHOT, state=replace(SNAPSHOT.state, grants=(verdict.grant,)))
    assert decide(visit("social.com"), school, LESSON).effect is Effect.ALLOW


@pytest.mark.parametrize(
    ("giver", "wish", "now", "reason"),
    [
        (BRAM, WISH, LESSON, Refusal.GROUP),
        (IRIS, WISH, LESSON, Refusal.ROLE),
        (BO, WISH, LESSON, Refusal.ROLE),
        (ANJA, replace(WISH, groups=frozenset()), LESSON, Refusal.NOBODY),
        (ANJA, replace(WISH, groups=frozenset(), people=frozenset({"bo"})), LESSON, Refusal.GROUP),
        (ANJA, replace(WISH, people=frozenset({"nobody"})), LESSON, Refusal.NOBODY),
        (ANJA, replace(WISH, people=frozenset({"bram"})), LESSON, Refusal.NOBODY),
        (ANJA, replace(WISH, roles=frozenset({Role.PUPIL})), LESSON, Refusal.NOBODY),
        (RIA, replace(WISH, roles=frozenset({Role.TEACHER})), LESSON, Refusal.NOBODY),
        (ANJA, replace(WISH, sites=()), LESSON, Refusal.NOTHING),
        (ANJA, WISH, EVENING, Refusal.OUTSIDE),
        (ANJA, replace(WISH, sites=("adult.com",)), LESSON, Refusal.LOCKED),
        (RIA, replace(WISH, categories=frozenset({"bypass"})), LESSON, Refusal.LOCKED),
        (ANJA, replace(WISH, sites=("chat.com",)), LESSON, Refusal.NOT_LIFTABLE),
        (ANJA, replace(WISH, end=at("08:59")), LESSON, Refusal.ENDED),
    ],
)
def test_what_may_not_be_permitted_is_refused_with_its_reason(
    giver: Member, wish: Grant, now: datetime, reason: Refusal
) -> None:
    verdict = may_grant(giver, wish, SNAPSHOT, now)
    assert (verdict.allowed, verdict.reason, verdict.grant) == (False, reason, None)


def test_in_a_break_without_computers_nothing_is_permitted() -> None:
    verdict = may_grant(ANJA, WISH, with_rules(*RULES, NO_COMPUTER), BREAK)
    assert (verdict.reason, verdict.rule) == (Refusal.BREAK, NO_COMPUTER)
    assert may_grant(ANJA, WISH, SNAPSHOT, BREAK).allowed


def test_the_teacher_hears_beforehand_whom_consent_leaves_out() -> None:
    verdict = may_grant(ANJA, WISH, with_rules(replace(SOCIAL, consent=True)), LESSON)
    assert verdict.left_out == {"noor"}


def test_management_and_coordinator_may_act_for_every_group_and_a_teacher_for_hers() -> None:
    assert may_act_for(RIA, "8")
    assert may_act_for(COR, "7")
    assert may_act_for(ANJA, "7")
    assert not may_act_for(ANJA, "8")
    assert not may_act_for(IRIS, "7")


def test_a_full_permission_is_given_though_one_action_in_it_stays_closed() -> None:
    assert may_grant(ANJA, replace(WISH, facets=frozenset({Facet.PLACE, Facet.ACTION})), SNAPSHOT, LESSON).allowed


STANDING = grant(
    groups=frozenset(), roles=frozenset({Role.TEACHER, Role.INTERN}), sites=("social.com",), end=at("23:00")
)


def test_a_standing_permission_for_staff_is_not_cut_to_the_bell() -> None:
    verdict = may_stand(RIA, STANDING, SNAPSHOT, EVENING)
    assert verdict.allowed
    assert verdict.grant is not None
    assert (verdict.grant.end, verdict.grant.role) == (at("23:00"), Role.MANAGEMENT)


@pytest.mark.parametrize(
    ("giver", "wish", "reason"),
    [
        (ANJA, STANDING, Refusal.ROLE),
        (COR, STANDING, Refusal.ROLE),
        (RIA, replace(STANDING, roles=frozenset({Role.PUPIL})), Refusal.NOBODY),
        (RIA, replace(STANDING, people=frozenset({"sam"})), Refusal.NOBODY),
        (RIA, replace(STANDING, roles=frozenset()), Refusal.NOBODY),
        (RIA, replace(STANDING, groups=frozenset({"7"})), Refusal.NOBODY),
        (RIA, replace(STANDING, sites=()), Refusal.NOTHING),
        (RIA, replace(STANDING, sites=("adult.com",)), Refusal.LOCKED),
        (RIA, replace(STANDING, end=at("08:00")), Refusal.ENDED),
    ],
)
def test_a_standing_permission_is_the_managements_and_for_staff_only(
    giver: Member, wish: Grant, reason: Refusal
) -> None:
    assert may_stand(giver, wish, SNAPSHOT, LESSON).reason is reason


def test_an_intern_permits_where_the_school_chose_so_and_only_for_its_groups() -> None:
    school = replace(SNAPSHOT, policy=replace(SNAPSHOT.policy, interns_permit=True))
    assert may_grant(IRIS, WISH, school, LESSON).allowed
    assert may_grant(IRIS, replace(WISH, groups=frozenset({"8"})), school, LESSON).reason is Refusal.GROUP
    assert may_act_for(IRIS, "7", interns=True)


PHONES = rule("phones", facet=Facet.CONNECT, devices=frozenset({DeviceClass.PHONE}))


@pytest.mark.parametrize(("facets", "end"), [({Facet.CONNECT}, "14:00"), ({Facet.CONNECT, Facet.PRINT}, "10:15")])
def test_a_phone_for_something_special_may_be_on_until_school_is_out(facets: set[Facet], end: str) -> None:
    wish = grant(groups=frozenset(), people=frozenset({"sam"}), facets=frozenset(facets), end=at("23:00"))
    verdict = may_grant(ANJA, wish, with_rules(PHONES), LESSON)
    assert verdict.grant is not None
    assert verdict.grant.end == at(end)


def test_school_is_out_after_the_last_lesson_and_at_midnight_at_the_latest() -> None:
    assert school_ends(SNAPSHOT, "7", LESSON) == at("14:00")
    assert school_ends(SNAPSHOT, "7", BREAK) == at("14:00")
    assert school_ends(SNAPSHOT, "7", EVENING) is None
    slots = (Slot(PeriodKind.LESSON, time(0), time(0), "altijd"),)
    always = replace(SNAPSHOT.policy.schedule, days=dict.fromkeys(range(7), slots))
    school = replace(SNAPSHOT, policy=replace(SNAPSHOT.policy, schedule=always))
    assert school_ends(school, "7", LESSON) == at("00:00", "2026-11-24")


def test_a_kind_of_program_that_nobody_opens_is_refused_beforehand() -> None:
    floor = rule("floor-apps", gate=Gate.LOCKED, apps=frozenset({"vpn"}), liftable_by=LiftableBy.NOBODY)
    wish = grant(categories=frozenset({"vpn"}), facets=frozenset({Facet.APP}), start=LESSON, end=at("23:00"))
    verdict = may_grant(ANJA, wish, with_rules(*RULES, floor), LESSON)
    assert (verdict.reason, verdict.rule) == (Refusal.LOCKED, floor)


PICTURES = rule(
    "pictures",
    facet=Facet.ACTION,
    actions=frozenset({Action.UPLOAD}),
    media=frozenset({"picture", "video"}),
    categories=frozenset({"social"}),
)
SENDING = grant(
    sites=("social.com",),
    facets=frozenset({Facet.PLACE, Facet.ACTION}),
    kinds=frozenset({"picture"}),
    start=LESSON,
    end=at("23:00"),
)


@pytest.mark.parametrize(
    ("rules", "changes", "refusal"),
    [
        ((SOCIAL, PICTURES), {}, None),
        ((SOCIAL, replace(PICTURES, liftable_by=LiftableBy.NOBODY)), {}, Refusal.NOT_LIFTABLE),
        ((replace(PICTURES, liftable_by=LiftableBy.NOBODY),), {"sites": ("leren.nl",)}, None),
        ((replace(PICTURES, liftable_by=LiftableBy.MANAGEMENT, categories=frozenset()),), {}, Refusal.NOT_LIFTABLE),
        ((replace(PICTURES, liftable_by=LiftableBy.NOBODY, media=frozenset({"video"})),), {}, None),
        ((replace(PICTURES, liftable_by=LiftableBy.NOBODY, actions=frozenset({Action.POST})),), {}, None),
        ((SOCIAL, PICTURES), {"kinds": frozenset({"coarse"})}, Refusal.NOTHING),
        ((SOCIAL, PICTURES), {"sites": (), "facets": frozenset({Facet.ACTION})}, None),
        ((SOCIAL, PICTURES), {"sites": ()}, Refusal.NOTHING),
        ((SOCIAL, PICTURES), {"sites": (), "facets": frozenset({Facet.ACTION}), "kinds": frozenset()}, Refusal.NOTHING),
    ],
)
def test_sending_pictures_is_permitted_where_that_may_be_lifted(
    rules: tuple[Rule, ...], changes: dict[str, object], refusal: Refusal | None
) -> None:
    assert may_grant(ANJA, replace(SENDING, **changes), with_rules(*rules), LESSON).reason is refusal


def test_the_parents_are_asked_where_sending_pictures_needs_them() -> None:
    rules = (SOCIAL, replace(PICTURES, consent=True))
    assert may_grant(ANJA, SENDING, with_rules(*rules), LESSON).left_out == {"noor"}
    assert may_grant(ANJA, replace(SENDING, without=frozenset({"noor"})), with_rules(*rules), LESSON).left_out == set()
    assert may_grant(ANJA, replace(SENDING, kinds=frozenset()), with_rules(*rules), LESSON).left_out == set()
