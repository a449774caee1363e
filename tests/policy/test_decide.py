"""Decisions: the gates in their order, the facets, and what a permission can and cannot do."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.decide import decide
from policy.model import (
    AccessRequest,
    Action,
    Agreement,
    Care,
    Decision,
    DeviceClass,
    Effect,
    Facet,
    Gate,
    LiftableBy,
    Principal,
    Reason,
    Role,
    Sanction,
    SanctionTarget,
    Snapshot,
    Span,
    Strength,
)
from tests.cast import (
    BREAK,
    EVENING,
    LESSON,
    NO_COMPUTER,
    RULES,
    SNAPSHOT,
    SOCIAL,
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
from tests.policy.generated import HOSTS, REQUESTS, SCHOOLS, WHEN


def said(request: AccessRequest, snapshot: Snapshot = SNAPSHOT, now: datetime = LESSON) -> tuple[Effect, Reason]:
    decision = decide(request, snapshot, now)
    return decision.effect, decision.reason


DENIED_PLACE = (Effect.DENY, Reason.PLACE)


# --- without anything going on --------------------


def test_a_social_network_is_closed_in_the_lesson_by_its_clause() -> None:
    decision = decide(visit("www.social.com"), SNAPSHOT, LESSON)
    assert (decision.effect, decision.reason, decision.category) == (Effect.DENY, Reason.PLACE, "social")
    assert (decision.rules, decision.clauses, decision.liftable_by) == (("social",), ("school.1",), LiftableBy.TEACHER)
    assert decision.valid_until == at("10:15")
    assert any(step.rule == "social" for step in decision.trace)


def test_an_ordinary_site_is_open() -> None:
    assert said(visit("leren.nl")) == (Effect.ALLOW, Reason.OPEN)


def test_a_name_that_only_ends_like_a_social_network_is_open() -> None:
    assert said(visit("box.com")) == (Effect.ALLOW, Reason.OPEN)


def test_in_the_evening_only_the_floor_holds() -> None:
    assert said(visit("social.com"), now=EVENING) == (Effect.ALLOW, Reason.OUTSIDE)
    assert said(visit("adult.com"), now=EVENING) == (Effect.DENY, Reason.LOCKED)


def test_all_names_in_play_must_be_open() -> None:
    assert said(visit("leren.nl", "social.com")) == DENIED_PLACE
    assert said(visit("leren.nl", "adult.com")) == (Effect.DENY, Reason.LOCKED)
    assert said(visit("kindertelefoon.nl", "social.com")) == DENIED_PLACE
    assert said(visit("tijd.system.com", "social.com")) == DENIED_PLACE


def test_a_name_that_cannot_be_read_is_closed() -> None:
    assert said(visit("leren.nl", unreadable=True)) == (Effect.DENY, Reason.UNREADABLE)


def test_a_stranger_gets_the_pupils_rules() -> None:
    assert said(visit("social.com", who=STRANGER)) == DENIED_PLACE
    only_seven = with_rules(replace(SOCIAL, groups=frozenset({"7"})))
    assert said(visit("social.com", who=STRANGER), only_seven) == DENIED_PLACE
    assert said(visit("social.com", who=pupil("bo", "8")), only_seven)[0] is Effect.ALLOW


def test_the_school_can_add_to_a_list_and_take_out_of_it() -> None:
    assert said(visit("eigenspel.nl")) == DENIED_PLACE
    assert said(visit("open-social.nl")) == (Effect.ALLOW, Reason.OPEN)


def test_a_teacher_is_not_under_the_pupils_rules_and_an_intern_under_the_managements() -> None:
    assert (
        said(visit("social.com", who=Principal(Role.TEACHER, "anja", ("7",), strength=Strength.PROVED)))[1]
        is Reason.OPEN
    )
    intern = decide(visit("social.com", who=Principal(Role.INTERN, "iris", ("7",))), SNAPSHOT, LESSON)
    assert (intern.effect, intern.liftable_by) == (Effect.DENY, LiftableBy.MANAGEMENT)


def test_bad_words_are_closed_wherever_they_are_searched() -> None:
    decision = decide(search("wat een kut"), SNAPSHOT, LESSON)
    assert (decision.effect, decision.reason, decision.types) == (Effect.DENY, Reason.WORDS, ("coarse",))
    assert "kut" in " ".join(step.detail for step in decision.trace)
    assert "wat een" not in repr(decision)


def test_a_game_on_the_device_is_closed_and_a_text_editor_is_not() -> None:
    assert said(AccessRequest(Action.RUN, pupil(), app="minecraft")) == (Effect.DENY, Reason.APP)
    assert said(AccessRequest(Action.RUN, pupil(), app="editor")) == (Effect.ALLOW, Reason.OPEN)


def test_a_machine_of_the_building_is_under_the_floor_only() -> None:
    alarm = Principal(Role.PUPIL, device="alarm", device_class=DeviceClass.INFRASTRUCTURE)
    assert said(visit("social.com", who=alarm)) == (Effect.ALLOW, Reason.INFRASTRUCTURE)
    assert said(visit("vpn.com", who=alarm)) == (Effect.DENY, Reason.LOCKED)


# --- help --------------------

EVERYTHING_SHUT = with_state(
    sanctions=(Sanction("b", "sam", SanctionTarget.CHROMEBOOK, at("08:00"), at("15:00")),),
    pauses=(Span("7", at("08:00"), at("15:00")),),
    agreements=(Agreement("a", at("08:30"), at("10:15"), frozenset({"7"}), sites=("leren.nl",)),),
)


@pytest.mark.parametrize("who", [pupil(), pupil("bo", "8"), STRANGER])
@pytest.mark.parametrize("now", [LESSON, BREAK, EVENING])
def test_help_is_always_there(who: Principal, now: datetime) -> None:
    school = replace(EVERYTHING_SHUT, policy=replace(SNAPSHOT.policy, rules=(*RULES, NO_COMPUTER)))
    assert said(search("ik wil dood kut", who), school, now) == (Effect.HELP, Reason.HELP)
    for action in Action:
        request = replace(visit("www.kindertelefoon.nl", who=who, websocket=True), action=action)
        assert said(request, school, now) == (Effect.ALLOW, Reason.HELP_HOST)


def test_a_help_decision_keeps_nothing_of_what_was_asked() -> None:
    decision = decide(search("ik wil dood"), SNAPSHOT, LESSON)
    assert decision.types == decision.rules == ()
    assert all(step.detail == "" for step in decision.trace)


# --- permissions --------------------


def test_a_permission_opens_the_site_for_its_group_until_its_end() -> None:
    school = with_state(grants=(grant(sites=("social.com",)),))
    decision = decide(visit("www.social.com"), school, LESSON)
    assert (decision.effect, decision.reason, decision.grants) == (Effect.ALLOW, Reason.GRANTED, ("g",))
    assert (decision.rules, decision.valid_until) == (("social",), at("09:30"))
    assert said(visit("www.social.com"), school, at("09:30")) == DENIED_PLACE
    before = decide(visit("www.social.com"), school, at("08:40"))
    assert (before.effect, before.valid_until) == (Effect.DENY, at("08:45"))
    assert said(visit("www.social.com", who=pupil("bo", "8")), school) == DENIED_PLACE
    assert said(visit("www.social.com", who=STRANGER), school) == DENIED_PLACE


def test_a_permission_for_one_pupil_is_for_that_pupil() -> None:
    school = with_state(grants=(grant(groups=frozenset(), people=frozenset({"sam"}), sites=("social.com",)),))
    assert said(visit("social.com"), school)[1] is Reason.GRANTED
    assert said(visit("social.com", who=pupil("noor")), school) == DENIED_PLACE
    unsure = pupil("sam", strength=Strength.GROUP)
    assert said(visit("social.com", who=unsure), school) == DENIED_PLACE


def test_who_is_left_out_stays_out_and_so_does_somebody_unknown() -> None:
    school = with_state(grants=(grant(without=frozenset({"noor"}), sites=("social.com",)),))
    assert said(visit("social.com"), school)[1] is Reason.GRANTED
    assert said(visit("social.com", who=pupil("noor")), school) == DENIED_PLACE
    assert said(visit("social.com", who=pupil(None, strength=Strength.GROUP)), school) == DENIED_PLACE


def test_a_permission_for_a_category_opens_every_site_of_it() -> None:
    school = with_state(grants=(grant(categories=frozenset({"social"})),))
    assert said(visit("x.com"), school)[1] is Reason.GRANTED
    assert said(visit("games.com"), school) == DENIED_PLACE


def test_a_permitted_site_is_no_free_pass_for_words_or_chat() -> None:
    school = with_state(grants=(grant(sites=("social.com", "zoek.nl")),))
    assert said(search("kut"), school) == (Effect.DENY, Reason.WORDS)
    assert said(replace(visit("social.com"), action=Action.CHAT), school) == (Effect.DENY, Reason.CHAT)
    assert said(visit("social.com", websocket=True), school) == (Effect.DENY, Reason.CHAT)


def test_what_nobody_may_lift_stays_closed_under_a_permission() -> None:
    school = with_state(grants=(grant(sites=("chat.com", "adult.com"), role=Role.MANAGEMENT),))
    assert said(visit("chat.com"), school) == DENIED_PLACE
    assert said(visit("adult.com"), school) == (Effect.DENY, Reason.LOCKED)


def test_a_view_permission_lifts_the_place_alone() -> None:
    chat = rule("talk", facet=Facet.ACTION, actions=frozenset({Action.POST}))
    school = replace(
        with_state(grants=(grant(sites=("social.com",), facets=frozenset({Facet.PLACE})),)),
        policy=replace(SNAPSHOT.policy, rules=(SOCIAL, chat)),
    )
    assert said(visit("social.com"), school)[1] is Reason.GRANTED
    assert said(replace(visit("social.com"), action=Action.SUBMIT), school) == (Effect.DENY, Reason.POST)
    full = replace(school, state=replace(school.state, grants=(grant(sites=("social.com",)),)))
    assert said(replace(visit("social.com"), action=Action.SUBMIT), full)[1] is Reason.GRANTED


def test_without_the_parents_consent_the_rule_stays_and_the_reason_is_apart() -> None:
    school = replace(
        with_state(grants=(grant(sites=("social.com",)),)),
        policy=replace(SNAPSHOT.policy, rules=(replace(SOCIAL, consent=True),)),
    )
    assert said(visit("social.com"), school)[1] is Reason.GRANTED
    assert said(visit("social.com", who=pupil("noor")), school) == (Effect.DENY, Reason.CONSENT)
    assert said(visit("social.com", who=pupil("sam", strength=Strength.GROUP)), school) == (Effect.DENY, Reason.CONSENT)


def test_an_interns_permission_lifts_nothing() -> None:
    school = with_state(grants=(grant(sites=("social.com",), role=Role.INTERN),))
    assert said(visit("social.com"), school) == DENIED_PLACE


def test_an_interns_permission_opens_where_the_school_lets_interns_permit() -> None:
    school = with_state(grants=(grant(sites=("social.com",), role=Role.INTERN),))
    school = replace(school, policy=replace(school.policy, interns_permit=True))
    assert said(visit("social.com"), school)[1] is Reason.GRANTED


# --- measures --------------------


def test_a_ban_leaves_the_learning_list_open_and_needs_a_proved_identity() -> None:
    ban = Sanction("b", "sam", SanctionTarget.CHROMEBOOK, at("08:00"), at("15:00"))
    school = with_state(sanctions=(ban,), grants=(grant(sites=("nieuws.nl",)),))
    assert said(visit("nieuws.nl"), school) == (Effect.DENY, Reason.SANCTION)
    assert said(visit("leren.nl"), school) == (Effect.ALLOW, Reason.OPEN)
    assert said(visit("nieuws.nl", who=pupil("noor")), school) == (Effect.ALLOW, Reason.OPEN)
    assert said(visit("nieuws.nl", who=pupil(strength=Strength.CLAIMED)), school) == (Effect.ALLOW, Reason.OPEN)
    assert said(visit("nieuws.nl"), school, at("15:00")) == (Effect.ALLOW, Reason.OUTSIDE)


def test_a_ban_holds_before_its_beginning_when_the_clock_is_put_back() -> None:
    ban = Sanction("b", "sam", SanctionTarget.CHROMEBOOK, at("10:00"), at("15:00"))
    school = with_state(sanctions=(ban,))
    assert said(visit("nieuws.nl"), school, at("09:00")) == (Effect.DENY, Reason.SANCTION)


def test_care_goes_before_a_ban_a_pause_and_a_break_but_not_before_the_floor() -> None:
    care = Care("c", person="sam", sites=("glucose.nl", "adult.com"))
    school = replace(EVERYTHING_SHUT, state=replace(EVERYTHING_SHUT.state, care=(care,)))
    assert said(visit("app.glucose.nl"), school) == (Effect.ALLOW, Reason.CARE)
    assert said(visit("adult.com"), school) == (Effect.DENY, Reason.LOCKED)
    assert said(visit("app.glucose.nl", who=pupil("noor")), school) == (Effect.DENY, Reason.PAUSE)


def test_a_pause_stops_new_pages_and_leaves_running_work() -> None:
    school = with_state(pauses=(Span("7", at("08:50"), at("09:10")),))
    assert said(visit("leren.nl"), school) == (Effect.DENY, Reason.PAUSE)
    assert said(visit("leren.nl", navigation=False), school) == (Effect.ALLOW, Reason.OPEN)
    assert said(visit("leren.nl", who=pupil("bo", "8")), school) == (Effect.ALLOW, Reason.OPEN)


def test_no_computer_in_breaks_only_where_the_school_has_that_rule_and_not_when_it_rains() -> None:
    assert said(visit("leren.nl"), now=BREAK) == (Effect.ALLOW, Reason.OPEN)
    school = with_rules(*RULES, NO_COMPUTER)
    assert said(visit("leren.nl"), school, BREAK) == (Effect.DENY, Reason.BREAK)
    granted = replace(school, state=replace(school.state, grants=(grant(sites=("leren.nl",), end=at("11:00")),)))
    assert said(visit("leren.nl"), granted, BREAK) == (Effect.DENY, Reason.BREAK)
    wet = replace(school, state=replace(school.state, rainy=(Span("7", at("10:00"), at("12:00")),)))
    assert said(visit("leren.nl"), wet, BREAK) == (Effect.ALLOW, Reason.OPEN)
    assert said(visit("social.com"), wet, BREAK) == DENIED_PLACE


def test_an_interns_permission_joins_an_agreement_only_while_the_school_lets_interns_permit() -> None:
    agreed = Agreement("a", at("08:50"), at("10:15"), frozenset({"7"}), sites=("leren.nl",))
    later = grant(sites=("nieuws.nl",), role=Role.INTERN, start=at("08:55"))
    school = with_state(agreements=(agreed,), grants=(later,))
    assert said(visit("nieuws.nl"), school) == (Effect.DENY, Reason.AGREEMENT)
    school = replace(school, policy=replace(school.policy, interns_permit=True))
    assert said(visit("nieuws.nl"), school) == (Effect.ALLOW, Reason.OPEN)


def test_an_agreement_narrows_the_lesson_and_a_later_permission_joins_it() -> None:
    agreed = Agreement("a", at("08:50"), at("10:15"), frozenset({"7"}), sites=("leren.nl",))
    earlier = with_state(agreements=(agreed,), grants=(grant(sites=("social.com",)),))
    assert said(visit("leren.nl"), earlier) == (Effect.ALLOW, Reason.OPEN)
    assert said(visit("nieuws.nl"), earlier) == (Effect.DENY, Reason.AGREEMENT)
    assert said(visit("social.com"), earlier) == (Effect.DENY, Reason.AGREEMENT)
    later = with_state(agreements=(agreed,), grants=(grant(sites=("social.com",), start=at("08:55")),))
    assert said(visit("social.com"), later) == (Effect.ALLOW, Reason.GRANTED)


def test_a_broken_row_is_a_deny_and_never_an_error() -> None:
    broken = with_state(grants=(grant(sites=("social.com",), end="soon"),))
    assert said(visit("social.com"), broken) == (Effect.DENY, Reason.FAILED)


# --- properties --------------------


def _same(one: Decision, other: Decision) -> bool:
    return (one.effect, one.reason, one.rules, one.grants) == (other.effect, other.reason, other.rules, other.grants)


@given(REQUESTS, SCHOOLS, WHEN, st.floats(0, 1))
def test_a_decision_is_constant_until_it_says_it_may_change(
    request: AccessRequest, school: Snapshot, now: datetime, part: float
) -> None:
    decision = decide(request, school, now)
    assert decision.reason is not Reason.FAILED
    end = decision.valid_until or now + timedelta(days=30)
    assert end > now
    later = now + (end - now) * part * 0.999
    # Another snapshot of the same: nothing of the first answer is remembered in it.
    assert _same(decision, decide(request, replace(school), later.astimezone(UTC)))


@given(REQUESTS, SCHOOLS, WHEN)
def test_no_permission_passes_a_gate(request: AccessRequest, school: Snapshot, now: datetime) -> None:
    without = replace(school, state=replace(school.state, grants=()))
    before, after = decide(request, without, now), decide(request, school, now)
    gates = {Reason.HELP, Reason.HELP_HOST, Reason.OWN, Reason.SYSTEM, Reason.LOCKED, Reason.CARE}
    gates |= {Reason.SANCTION, Reason.PAUSE, Reason.BREAK}
    if before.reason in gates:
        assert (after.effect, after.reason) == (before.effect, before.reason)
    if before.effect is Effect.ALLOW:
        assert after.effect is Effect.ALLOW
    assert Gate.AGREEMENT in {s.at for s in before.trace} or before.reason is not Reason.AGREEMENT


@given(REQUESTS, SCHOOLS, WHEN)
def test_a_permission_for_another_group_changes_nothing(
    request: AccessRequest, school: Snapshot, now: datetime
) -> None:
    elsewhere = tuple(replace(g, groups=frozenset({"5"}), people=frozenset()) for g in school.state.grants)
    with_others = replace(school, state=replace(school.state, grants=elsewhere))
    without = replace(school, state=replace(school.state, grants=()))
    assert _same(decide(request, with_others, now), decide(request, without, now))


@given(REQUESTS, SCHOOLS, WHEN, HOSTS)
def test_one_name_more_never_opens_anything(
    request: AccessRequest, school: Snapshot, now: datetime, extra: str
) -> None:
    more = replace(request, hosts=tuple(dict.fromkeys((*request.hosts, extra))))
    if decide(request, school, now).effect is Effect.DENY:
        assert decide(more, school, now).effect in {Effect.DENY, Effect.HELP}
