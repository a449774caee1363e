"""The emergency exit: the floor and help never change by it, and nothing is ever stricter."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given

from policy.codec import snapshot_from_dict, snapshot_to_dict
from policy.decide import decide
from policy.emergency import LONGEST, end_of
from policy.model import (
    AccessRequest,
    DeviceClass,
    Effect,
    Emergency,
    Gate,
    Reason,
    Sanction,
    SanctionTarget,
    Snapshot,
    Span,
    Step,
)
from policy.projection import project
from policy.wouldchange import Change, ways
from tests.cast import EVENING, KNOWLEDGE, LESSON, SNAPSHOT, STRANGER, at, pupil, search, visit, with_state
from tests.policy.generated import REQUESTS, SCHOOLS, WHEN

HOUR = timedelta(hours=1)
NOW_ON = Emergency("e", LESSON, LESSON + HOUR, "joke", "desk")
OPEN = with_state(emergencies=(NOW_ON,))


def test_what_the_rules_close_is_open_for_everybody_until_its_end() -> None:
    for who in (pupil(), STRANGER, replace(STRANGER, device_class=DeviceClass.UNKNOWN), pupil("bo", "8")):
        answer = decide(visit("social.com", who=who), OPEN, LESSON)
        assert (answer.effect, answer.reason, answer.valid_until) == (Effect.ALLOW, Reason.EMERGENCY, NOW_ON.end)
        assert answer.trace[-1] == Step(Gate.EMERGENCY, Effect.ALLOW)
        assert not decide(visit("social.com", who=who), OPEN, NOW_ON.end).open


def test_a_ban_a_pause_and_bad_words_do_not_count_while_it_is_open() -> None:
    busy = with_state(
        emergencies=(NOW_ON,),
        sanctions=(Sanction("b", "sam", SanctionTarget.CHROMEBOOK, LESSON - HOUR, LESSON + 9 * HOUR),),
        pauses=(Span("7", LESSON - HOUR, LESSON + HOUR),),
    )
    assert decide(visit("nieuws.nl"), busy, LESSON).reason is Reason.EMERGENCY
    assert decide(search("kut"), busy, LESSON).reason is Reason.EMERGENCY


def test_the_floor_stays_shut_and_help_stays_help() -> None:
    assert decide(visit("adult.com"), OPEN, LESSON).reason is Reason.LOCKED
    assert decide(visit("social.com", "adult.com"), OPEN, LESSON).reason is Reason.LOCKED
    assert decide(search("ik wil dood"), OPEN, LESSON).effect is Effect.HELP
    assert decide(visit("www.kindertelefoon.nl"), OPEN, LESSON).reason is Reason.HELP_HOST


def test_before_it_starts_an_answer_says_when_it_may_change() -> None:
    planned = with_state(emergencies=(replace(NOW_ON, start=LESSON + HOUR / 2),))
    assert decide(visit("social.com"), planned, LESSON).valid_until == LESSON + HOUR / 2


def test_one_that_lasts_too_long_opens_nothing() -> None:
    long = with_state(emergencies=(replace(NOW_ON, end=LESSON + LONGEST + timedelta(seconds=1)),))
    assert not decide(visit("social.com"), long, LESSON).open


def test_what_closes_when_it_ends_is_told() -> None:
    (way,) = ways(visit("social.com"), OPEN, LESSON)
    assert (way.changes, way.at, way.effect) == ((Change.TIME,), NOW_ON.end, Effect.DENY)


def test_a_device_that_takes_its_rules_along_has_it_too_and_does_not_know_by_whom() -> None:
    cut = snapshot_from_dict(snapshot_to_dict(project(OPEN, "chroom-1", LESSON)), KNOWLEDGE)
    assert cut.state.emergencies == (replace(NOW_ON, by=""),)


@pytest.mark.parametrize(
    ("hours", "start", "end"),
    [
        (1, at("09:00"), at("10:00")),
        (4, at("13:00"), at("15:00")),  # an hour after the last bell
        (2, at("17:00"), at("19:00")),
        (4, at("22:30"), at("23:59") + timedelta(minutes=1)),  # midnight
    ],
)
def test_it_ends_by_itself_at_the_latest_an_hour_after_school(hours: int, start: datetime, end: datetime) -> None:
    ends = end_of(hours, start, SNAPSHOT.policy.schedule)
    assert ends == end
    assert ends.utcoffset() == timedelta(0)


def test_without_a_timetable_only_midnight_in_amsterdam_is_the_end() -> None:
    assert end_of(4, datetime(2026, 7, 1, 20, tzinfo=UTC)) == datetime(2026, 7, 1, 22, tzinfo=UTC)


@pytest.mark.parametrize("hours", [0, 3, 5, -1, 24])
def test_no_other_number_of_hours_can_be_had(hours: int) -> None:
    with pytest.raises(ValueError, match="1, 2, 4"):
        end_of(hours, LESSON)


def test_in_the_evening_too() -> None:
    evening = with_state(emergencies=(Emergency("e", EVENING, EVENING + HOUR),))
    assert decide(visit("adult.com"), evening, EVENING).reason is Reason.LOCKED


_NEVER_MOVES = {Reason.HELP, Reason.HELP_HOST, Reason.OWN, Reason.SYSTEM, Reason.LOCKED, Reason.UNREADABLE}
_RANK = {Effect.ALLOW: 0, Effect.HELP: 0, Effect.HOLD: 1, Effect.DENY: 2}


@given(REQUESTS, SCHOOLS, WHEN)
def test_it_moves_neither_the_floor_nor_help_and_makes_nothing_stricter(
    request: AccessRequest, school: Snapshot, now: datetime
) -> None:
    shut = replace(school, state=replace(school.state, emergencies=()))
    opened = replace(school, state=replace(school.state, emergencies=(Emergency("e", now, now + HOUR),)))
    before, after = decide(request, shut, now), decide(request, opened, now)
    assert after.reason is not Reason.FAILED
    if before.reason in _NEVER_MOVES:
        assert (after.effect, after.reason, after.host) == (before.effect, before.reason, before.host)
    else:
        assert (after.effect, after.reason) == (Effect.ALLOW, Reason.EMERGENCY)
    assert _RANK[after.effect] <= _RANK[before.effect]
