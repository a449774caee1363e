"""What would change an answer: only what really does, and never more questions than agreed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from policy import wouldchange
from policy.decide import decide
from policy.model import (
    FOREVER,
    AccessRequest,
    Action,
    Agreement,
    DeviceClass,
    Effect,
    Facet,
    HoldsIn,
    LiftableBy,
    PeriodKind,
    Principal,
    Reason,
    Role,
    Sanction,
    SanctionTarget,
    Snapshot,
    Span,
    Strength,
)
from policy.wouldchange import Change, Way, ways
from tests.cast import (
    BREAK,
    EVENING,
    LESSON,
    NO_COMPUTER,
    POLICY,
    RULES,
    SNAPSHOT,
    STRANGER,
    at,
    grant,
    pupil,
    rule,
    search,
    visit,
    with_rules,
    with_state,
)
from tests.policy.test_differences import NOWS, STATES, request


def found(request: AccessRequest, snapshot: Snapshot = SNAPSHOT, now: object = LESSON) -> list[tuple[Change, ...]]:
    return [way.changes for way in ways(request, snapshot, now)]


def test_a_closed_site_opens_by_the_teacher_by_looking_alone_by_the_clock_or_for_good() -> None:
    told = ways(visit("social.com"), SNAPSHOT, LESSON)
    assert [way.changes for way in told] == [
        (Change.TIME,), (Change.TEACHER,), (Change.TEACHER, Change.VIEW), (Change.OPEN_SITE,)
    ]  # fmt: skip
    clock, teacher, *_ = told
    assert (clock.at, clock.period, clock.reason) == (at("14:00"), PeriodKind.OUTSIDE, Reason.OUTSIDE)
    assert (teacher.effect, teacher.reason, teacher.site) == (Effect.ALLOW, Reason.GRANTED, "social.com")


def test_what_only_the_management_opens_is_not_promised_of_the_teacher() -> None:
    hard = with_rules(rule("s", facet=Facet.PLACE, categories=frozenset({"social"}), liftable_by=LiftableBy.MANAGEMENT))
    assert (Change.MANAGEMENT,) in found(visit("social.com"), hard)
    assert (Change.TEACHER,) not in found(visit("social.com"), hard)


def test_nothing_opens_what_is_locked_and_nobody_is_named() -> None:
    assert found(visit("adult.com")) == []
    assert found(visit("adult.com"), now=EVENING) == []


def test_chat_that_nobody_lifts_does_not_open_by_a_permission_for_the_place() -> None:
    assert found(replace(visit("leren.nl"), action=Action.CHAT)) == [(Change.TIME,)]


def test_without_the_parents_consent_both_are_needed_and_with_the_permission_only_theirs() -> None:
    asks_home = rule("s", facet=Facet.PLACE, categories=frozenset({"social"}), consent=True)
    noor = visit("social.com", who=pupil("noor"))
    assert (Change.TEACHER, Change.CONSENT) in found(noor, with_rules(asks_home))
    given_ = replace(with_rules(asks_home), state=replace(SNAPSHOT.state, grants=(grant(sites=("social.com",)),)))
    assert decide(noor, given_, LESSON).reason is Reason.CONSENT
    assert found(noor, given_)[0] == (Change.CONSENT,) or (Change.CONSENT,) in found(noor, given_)
    assert not any(Change.TEACHER in changes for changes in found(noor, given_))


def test_a_ban_that_ended_is_enough_for_what_is_open_and_not_for_what_is_closed() -> None:
    ban = Sanction("b", "sam", SanctionTarget.CHROMEBOOK, at("08:00"), at("08:00", "2026-12-01"))
    banned = with_state(sanctions=(ban,))
    assert (Change.BAN,) in found(visit("nieuw.nl"), banned)
    assert (Change.BAN, Change.TEACHER) in found(visit("social.com"), banned)
    assert (Change.BAN,) not in found(visit("social.com"), banned)


def test_an_agreement_gives_way_to_a_permission_for_that_site_or_when_it_stops() -> None:
    agreed = with_state(agreements=(Agreement("a", at("08:45"), at("09:30"), frozenset({"7"}), sites=("leren.nl",)),))
    told = found(visit("nieuw.nl"), agreed)
    assert (Change.AGREEMENT,) in told
    assert (Change.TEACHER,) in told


def test_a_test_gives_way_to_nothing_but_its_own_end() -> None:
    test = Agreement("a", at("08:45"), at("09:30"), frozenset({"7"}), sites=("leren.nl",), test=True)
    told = found(visit("nieuw.nl"), with_state(agreements=(test,)))
    assert (Change.AGREEMENT,) in told
    assert (Change.TEACHER,) not in told


def test_after_a_pause_and_in_a_dry_break_it_is_told_what_opens() -> None:
    paused = with_state(pauses=(Span("7", at("08:55"), at("09:10")),))
    assert found(visit("nieuw.nl"), paused)[:2] == [(Change.TIME,), (Change.PAUSE,)]
    shut = with_rules(*RULES, NO_COMPUTER)
    told = ways(visit("nieuw.nl"), shut, BREAK)
    assert [way.changes for way in told] == [(Change.TIME,), (Change.RAINY,)]
    assert (told[0].at, told[0].period) == (at("10:30"), PeriodKind.LESSON)
    assert (Change.RAINY, Change.TEACHER) in found(visit("social.com"), shut, BREAK)


def test_words_printing_and_programs_are_opened_by_what_a_teacher_can_give() -> None:
    school = with_rules(*RULES, rule("print", facet=Facet.PRINT))
    assert (Change.TEACHER,) in found(search("kut"), school)
    assert (Change.TEACHER,) in found(AccessRequest(Action.PRINT, pupil()), school)
    told = ways(AccessRequest(Action.RUN, pupil(), app="minecraft"), school, LESSON)
    assert "minecraft" in {way.site for way in told if way.changes == (Change.TEACHER,)}


def test_what_is_held_for_a_second_thought_goes_after_it() -> None:
    from policy.model import Hit

    written = replace(visit("nieuw.nl"), action=Action.POST, said=(Hit("kut", "coarse"),))
    assert found(written)[0] == (Change.THINK,)


def test_a_phone_is_told_of_another_device() -> None:
    phones = with_rules(
        rule("off", facet=Facet.CONNECT, devices=frozenset({DeviceClass.PHONE}), holds_in=HoldsIn.AT_SCHOOL)
    )
    told = ways(visit("nieuw.nl", who=replace(pupil(), device_class=DeviceClass.PHONE)), phones, LESSON)
    assert (Change.DEVICE,) in [way.changes for way in told]
    assert next(way.device for way in told if way.changes == (Change.DEVICE,)) is DeviceClass.PUPIL


def test_staff_are_told_of_the_managements_standing_permission() -> None:
    intern = Principal(Role.INTERN, "iris", ("7",), device_class=DeviceClass.STAFF, strength=Strength.PROVED)
    assert (Change.STANDING,) in found(visit("social.com", who=intern))
    assert not any(Change.TEACHER in changes for changes in found(visit("social.com", who=intern)))


def test_nobody_gives_a_permission_to_a_stranger() -> None:
    assert not any(Change.TEACHER in changes for changes in found(visit("social.com", who=STRANGER)))


def test_of_what_is_open_the_moment_is_told_at_which_it_closes_and_why() -> None:
    open_ = with_state(grants=(grant(sites=("social.com",)),))
    (way,) = ways(visit("social.com"), open_, LESSON)
    assert way == Way((Change.TIME,), Effect.DENY, Reason.PLACE, at("09:30"), PeriodKind.LESSON, site="")
    shut = with_rules(*RULES, NO_COMPUTER)
    (way,) = ways(visit("nieuw.nl"), shut, LESSON)
    assert (way.at, way.reason) == (at("10:15"), Reason.BREAK)
    assert ways(visit("leren.nl"), replace(SNAPSHOT, policy=replace(POLICY, rules=())), EVENING) == ()


def test_who_looks_for_help_is_told_no_ways() -> None:
    assert ways(search("ik wil dood"), SNAPSHOT, LESSON) == ()


@settings(max_examples=150, deadline=None)
@given(request(), STATES, NOWS)
def test_every_way_turns_the_answer_and_few_questions_are_asked(
    asked: AccessRequest, state: object, now: object
) -> None:
    snapshot = replace(with_rules(*RULES, NO_COMPUTER), state=state)
    first = decide(asked, snapshot, now)
    with pytest.MonkeyPatch.context() as patch:
        count = []

        def counted(*args: object) -> object:
            count.append(args)
            return decide(*args)

        patch.setattr(wouldchange, "decide", counted)
        told = ways(asked, snapshot, now)
    assert len(count) <= wouldchange.MOST
    assert len({*told}) == len(told)
    assert all((way.effect is Effect.ALLOW) is not first.open for way in told)
    assert all(decide(asked, snapshot, way.at).effect is way.effect for way in told if way.at)
    assert FOREVER not in [way.at for way in told]
