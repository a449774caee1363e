"""An agreement holds in the lesson that it was made for, whatever became of the timetable; a test lets nothing join."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time

import pytest

from policy.agreed import stretch_of
from policy.decide import decide
from policy.model import (
    AccessRequest,
    Action,
    Agreement,
    Care,
    Closure,
    Effect,
    Gate,
    Hit,
    PeriodKind,
    Reason,
    Sanction,
    SanctionTarget,
    Schedule,
    Search,
    Slot,
    Snapshot,
    Span,
    Special,
)
from policy.schedule import first_lesson, lessons_ahead
from tests.cast import (
    LESSON,
    NO_COMPUTER,
    POLICY,
    RULES,
    SCHEDULE,
    SNAPSHOT,
    at,
    grant,
    pupil,
    search,
    visit,
    with_rules,
    with_state,
)

AFTERNOON = Agreement("p", at("10:30"), at("14:00"), frozenset({"7"}), sites=("leren.nl",))
TEST = Agreement("t", at("08:50"), at("10:15"), frozenset({"7"}), sites=("leren.nl", "film.com"), test=True)
TESTING = with_state(agreements=(TEST,))


def reason(request: AccessRequest, snapshot: Snapshot = TESTING, moment: str = "09:00") -> Reason:
    return decide(request, snapshot, at(moment)).reason


def with_bells(*slots: Slot, closures: tuple[Closure, ...] = (), specials: tuple[Special, ...] = ()) -> Snapshot:
    """The school with the planned agreement and another timetable than it was planned in."""
    schedule = Schedule(days=dict.fromkeys(range(5), slots), closures=closures, specials=specials)
    school = with_state(agreements=(AFTERNOON,))
    return replace(school, policy=replace(POLICY, schedule=schedule))


def lesson(start: str, end: str) -> Slot:
    return Slot(PeriodKind.LESSON, time.fromisoformat(start), time.fromisoformat(end))


def rest(start: str, end: str) -> Slot:
    return Slot(PeriodKind.BREAK, time.fromisoformat(start), time.fromisoformat(end))


# --- planned ahead ---------------------------------------------------------------------------------------------------


def test_a_planned_agreement_begins_and_ends_by_itself_with_the_bell() -> None:
    school = with_state(agreements=(AFTERNOON,))
    asked = visit("nieuws.nl")
    before = decide(asked, school, LESSON)
    assert (before.reason, before.valid_until) == (Reason.OPEN, at("10:15"))
    assert decide(asked, school, at("10:20")).valid_until == at("10:30")
    assert reason(asked, school, "10:29:59") is Reason.OPEN
    running = decide(asked, school, at("10:30"))
    assert (running.reason, running.valid_until) == (Reason.AGREEMENT, at("14:00"))
    assert reason(visit("leren.nl"), school, "10:30") is Reason.OPEN
    assert reason(asked, school, "14:00") is Reason.OUTSIDE


@pytest.mark.parametrize(
    ("slots", "closed", "open_"),
    [
        ((lesson("08:30", "10:15"), rest("10:15", "10:45"), lesson("10:45", "14:00")), "10:45 13:59", "10:31 10:44"),
        ((lesson("08:30", "10:15"), lesson("10:15", "12:00"), lesson("12:15", "14:00")), "10:30 11:59", "12:15 13:30"),
        ((lesson("08:30", "10:15"), lesson("10:30", "12:00"), rest("12:00", "14:00")), "11:59", "12:00 13:00"),
        ((rest("10:15", "12:00"), lesson("12:00", "13:00"), lesson("13:00", "14:00")), "12:30", "10:30 11:00 13:00"),
        ((lesson("08:30", "10:15"),), "", "10:30 11:00 13:59"),
        ((lesson("08:30", "14:00"),), "10:30 13:59", "10:29"),
    ],
    ids=["begins-later", "next-lesson-is-another", "ends-earlier", "between-breaks", "no-lesson-left", "no-break"],
)
def test_when_the_bells_change_it_runs_in_the_first_lesson_of_its_time_and_never_past_it(
    slots: tuple[Slot, ...], closed: str, open_: str
) -> None:
    school = with_bells(*slots)
    for moment in closed.split():
        assert reason(visit("nieuws.nl"), school, moment) is Reason.AGREEMENT, moment
    for moment in open_.split():
        assert reason(visit("nieuws.nl"), school, moment) is not Reason.AGREEMENT, moment


def test_it_does_not_run_on_a_day_that_became_a_holiday_or_in_an_excursion() -> None:
    days = SCHEDULE.days[0]
    free = with_bells(*days, closures=(Closure(date(2026, 11, 23), date(2026, 11, 23), "studiedag"),))
    assert reason(visit("nieuws.nl"), free, "11:00") is Reason.OUTSIDE
    away = Special(date(2026, 11, 23), Slot(PeriodKind.OUTSIDE, time(10, 0), time(13, 0), "museum"))
    trip = with_bells(*days, specials=(away,))
    assert reason(visit("nieuws.nl"), trip, "11:00") is Reason.OUTSIDE
    assert reason(visit("nieuws.nl"), trip, "13:30") is Reason.AGREEMENT, "back at school, the lesson is still on"


def test_rain_makes_a_lesson_of_a_break_for_an_agreement_too() -> None:
    agreed = Agreement("a", at("10:16"), at("10:30"), frozenset({"7"}), sites=("leren.nl",))
    dry = replace(with_rules(*RULES, NO_COMPUTER), state=with_state(agreements=(agreed,)).state)
    assert reason(visit("leren.nl"), dry, "10:20") is Reason.BREAK
    wet = replace(dry, state=replace(dry.state, rainy=(Span("7", at("10:15"), at("10:30")),)))
    assert reason(visit("nieuws.nl"), wet, "10:20") is Reason.AGREEMENT


def test_what_the_screen_says_of_a_planned_one_is_what_will_be_decided() -> None:
    later = with_bells(lesson("08:30", "10:15"), rest("10:15", "10:45"), lesson("10:45", "12:00")).policy.schedule
    assert stretch_of(AFTERNOON, SCHEDULE, "7") == (at("10:30"), at("14:00"))
    assert stretch_of(AFTERNOON, later, "7") == (at("10:45"), at("12:00"))
    assert stretch_of(AFTERNOON, Schedule(), "7") is None
    assert first_lesson(SCHEDULE, "7", at("10:15"), at("10:30")) is None


def test_lessons_to_come_are_those_after_now_and_none_in_a_holiday() -> None:
    coming = lessons_ahead(SCHEDULE, "7", LESSON, 1)
    assert [(one.start, one.end) for one in coming] == [
        (at("10:30"), at("14:00")),
        (at("08:30", "2026-11-24"), at("10:15", "2026-11-24")),
        (at("10:30", "2026-11-24"), at("14:00", "2026-11-24")),
    ]
    before = at("09:00", "2026-12-18")
    assert [one.start for one in lessons_ahead(SCHEDULE, "7", before, 14)] == [at("10:30", "2026-12-18")]
    assert lessons_ahead(Schedule(), "7", LESSON, 14) == ()


# --- a test ----------------------------------------------------------------------------------------------------------


def test_a_test_is_its_list_and_nothing_that_is_permitted_later() -> None:
    assert reason(visit("leren.nl")) is Reason.OPEN
    answer = decide(visit("nieuws.nl"), TESTING, LESSON)
    assert (answer.effect, answer.reason, answer.valid_until) == (Effect.DENY, Reason.TEST, at("10:15"))
    assert answer.trace[-1].at == Gate.AGREEMENT and answer.trace[-1].detail == "test"
    later = with_state(agreements=(TEST,), grants=(grant(sites=("nieuws.nl",), start=at("08:55")),))
    assert reason(visit("nieuws.nl"), later) is Reason.TEST
    plain = with_state(agreements=(replace(TEST, test=False),), grants=later.state.grants)
    assert reason(visit("nieuws.nl"), plain) is Reason.OPEN
    assert reason(visit("nieuws.nl"), TESTING, "10:20") is Reason.OPEN
    assert reason(visit("nieuws.nl", who=pupil("bo", "8"))) is Reason.OPEN


def test_a_site_of_the_list_that_is_closed_is_opened_by_a_permission_and_not_by_the_test() -> None:
    assert reason(visit("film.com")) is Reason.PLACE
    school = with_state(agreements=(TEST,), grants=(grant(sites=("film.com",), start=at("08:55")),))
    assert reason(visit("film.com"), school) is Reason.GRANTED
    assert reason(visit("filmcdn.com", navigation=False, asker="film.com"), school) is Reason.GRANTED


@pytest.mark.parametrize(
    ("request_", "passes"),
    [
        (visit("lettertypes.test", navigation=False), True),
        (visit("lettertypes.test", navigation=False, asker="leren.nl"), True),
        (visit("api.test", navigation=False, asker="leren.nl", action=Action.SUBMIT), True),
        (visit("api.test", navigation=False, action=Action.SUBMIT), False),
        (visit("nieuws.nl", navigation=False, asker="nieuws.nl"), False),
        (visit("achterkant.test", navigation=False, asker="nieuws.nl"), False),
        (visit("social.com", navigation=False, asker="leren.nl"), False),
        (visit("chat.com", navigation=False, asker="leren.nl"), False),
        (visit("open-social.nl", navigation=False, asker="leren.nl"), False),
        (visit("lettertypes.test", navigation=False, asker="leren.nl", websocket=True), False),
        (visit("leren.nl", navigation=False, websocket=True), True),
        (visit("zoek.nl", navigation=False, asker="leren.nl", search=Search("zoek", "antwoord")), False),
        (visit("tijd.system.com", navigation=False), True),
    ],
)
def test_in_the_background_passes_what_a_page_of_the_list_needs_and_no_talk(
    request_: AccessRequest, passes: bool
) -> None:
    answer = decide(request_, TESTING, LESSON)
    assert answer.open is passes, answer.trace
    assert passes or answer.reason is Reason.TEST


def test_help_care_and_the_guards_own_pages_stay_open_in_a_test() -> None:
    assert reason(visit("kindertelefoon.nl")) is Reason.HELP_HOST
    assert reason(search("ik wil dood")) is Reason.HELP
    assert reason(visit("wacht.school")) is Reason.OWN
    cared = with_state(agreements=(TEST,), care=(Care("c", "sam", None, ("voorlees.nl",)),))
    assert reason(visit("voorlees.nl"), cared) is Reason.CARE
    assert reason(visit("voorlees.nl", who=pupil("noor")), cared) is Reason.TEST


def test_a_second_thought_on_a_page_of_the_test_is_as_always() -> None:
    coarse = Hit("kut", "coarse", "kut")
    held = visit("leren.nl", action=Action.SUBMIT, said=(coarse,))
    assert decide(held, TESTING, LESSON).effect is Effect.HOLD
    assert reason(replace(held, released=True)) is Reason.RELEASED


def test_a_ban_a_pause_and_a_break_are_said_before_a_test() -> None:
    ban = Sanction("b", "sam", SanctionTarget.CHROMEBOOK, at("08:00"), at("12:00"))
    assert reason(visit("nieuws.nl"), with_state(agreements=(TEST,), sanctions=(ban,))) is Reason.SANCTION
    paused = with_state(agreements=(TEST,), pauses=(Span("7", at("08:55"), at("09:10")),))
    assert reason(visit("nieuws.nl"), paused) is Reason.PAUSE


def test_programs_for_talk_and_play_rest_during_a_test_also_where_they_were_permitted() -> None:
    play = AccessRequest(Action.RUN, pupil(), app="minecraft")
    allowed = with_rules(*(one for one in RULES if one.id != "game-app"))
    assert decide(play, allowed, LESSON).open
    school = replace(allowed, state=TESTING.state)
    assert reason(play, school) is Reason.TEST
    assert decide(AccessRequest(Action.RUN, pupil(), app="rekenmachine"), school, LESSON).open
    assert decide(play, replace(school, state=SNAPSHOT.state), LESSON).open


def test_which_page_asks_is_not_forgotten_by_what_is_remembered() -> None:
    from_the_list = visit("api.test", navigation=False, asker="leren.nl")
    from_elsewhere = replace(from_the_list, asker="nieuws.nl")
    assert [decide(one, TESTING, LESSON).open for one in (from_the_list, from_elsewhere)] == [True, False]
    assert [decide(one, TESTING, LESSON).open for one in (from_elsewhere, from_the_list)] == [False, True]


def test_everybody_bound_by_name_is_in_the_test_and_nobody_else() -> None:
    one = with_state(agreements=(replace(TEST, groups=frozenset(), people=frozenset({"sam"})),))
    assert reason(visit("nieuws.nl"), one) is Reason.TEST
    assert reason(visit("nieuws.nl", who=pupil("noor")), one) is Reason.OPEN
