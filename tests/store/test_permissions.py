"""What a teacher does with a permission is what every reader sees next."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policy.model import Facet, Grant, Role
from store import Store
from store.events import What
from store.incidents import AskState, Wish
from tests.cast import KNOWLEDGE, at, grant
from tests.store.conftest import Place
from tests.store.school import NOW, SCHOOL, settle

TEACHERS = frozenset({Role.TEACHER})


def test_a_permission_is_in_the_next_snapshot_with_one_revision_more(store: Store) -> None:
    settle(store)
    before = store.revision(SCHOOL)
    given = store.grants.add(
        SCHOOL,
        replace(
            grant(""),
            people=frozenset({"bo"}),
            without=frozenset({"noor"}),
            sites=("social.com", "a.social.com"),
            categories=frozenset({"social"}),
            facets=frozenset({Facet.PLACE}),
            goal="reclame herkennen",
        ),
        NOW,
    )
    assert given.id
    snapshot = store.snapshot(SCHOOL, KNOWLEDGE, NOW)
    assert snapshot.revision == before + 1
    assert snapshot.state.grants == (given,)
    assert store.grants.get(SCHOOL, given.id) == given


def test_a_permission_is_told_to_every_group_that_it_is_about(store: Store) -> None:
    settle(store)
    given = store.grants.add(SCHOOL, grant("", people=frozenset({"bo"})), NOW)
    told = store.events.since(SCHOOL, 0)
    assert [(one.event.what, one.event.group) for one in told] == [(What.PERMISSION, "7"), (What.PERMISSION, "8")]
    assert {one.event.grant for one in told} == {given.id}
    assert {one.event.person for one in told} == {None}
    assert {one.event.revision for one in told} == {store.revision(SCHOOL)}
    assert store.audit.entries(SCHOOL)[0].what == "grant.add"
    assert store.audit.entries(SCHOOL)[0].who == "anja"


def test_a_teacher_sees_permissions_for_the_group_and_for_pupils_of_it(store: Store) -> None:
    settle(store)
    store.grants.add(SCHOOL, grant("whole"), NOW)
    store.grants.add(SCHOOL, grant("pupil", groups=frozenset(), people=frozenset({"sam"})), NOW)
    store.grants.add(SCHOOL, grant("other", groups=frozenset({"8"})), NOW)
    assert [one.id for one in store.grants.live(SCHOOL, NOW, ["7"])] == ["pupil", "whole"]
    assert [one.id for one in store.grants.live(SCHOOL, NOW)] == ["other", "pupil", "whole"]
    assert store.grants.live(SCHOOL, NOW, []) == ()


def test_an_ended_permission_is_gone_and_cannot_be_extended(store: Store) -> None:
    settle(store)
    store.grants.add(SCHOOL, grant("g"), NOW)
    assert store.snapshot(SCHOOL, KNOWLEDGE, at("09:30")).state.grants == ()
    assert store.grants.extend(SCHOOL, "g", at("10:00"), "anja", at("09:30")) is None
    assert store.grants.revoke(SCHOOL, "g", "anja", at("09:30")) is None


def test_a_stopped_permission_stays_stopped(store: Store) -> None:
    settle(store)
    store.grants.add(SCHOOL, grant("g"), NOW)
    stopped = store.grants.revoke(SCHOOL, "g", "anja", at("09:10"))
    revision = store.revision(SCHOOL)
    assert stopped is not None and stopped.end == at("09:10")
    assert store.grants.extend(SCHOOL, "g", at("10:00"), "anja", at("09:05")) is None
    assert store.grants.revoke(SCHOOL, "g", "anja", at("09:05")) is None
    # Not even for a reader whose clock is behind.
    assert store.snapshot(SCHOOL, KNOWLEDGE, at("09:05")).state.grants == ()
    assert store.revision(SCHOOL) == revision
    assert store.events.latest(SCHOOL)[0].event.what is What.PERMISSION_ENDED


def test_an_extended_permission_has_the_new_end(store: Store) -> None:
    settle(store)
    store.grants.add(SCHOOL, grant("g"), NOW)
    extended = store.grants.extend(SCHOOL, "g", at("10:00"), "anja", NOW)
    assert extended == grant("g", end=at("10:00"))
    assert store.snapshot(SCHOOL, KNOWLEDGE, at("09:45")).state.grants == (extended,)
    assert store.grants.extend(SCHOOL, "g", NOW, "anja", NOW) is None
    assert store.grants.extend(SCHOOL, "unknown", at("10:00"), "anja", NOW) is None


def test_what_stands_for_staff_is_no_classs_permission(store: Store) -> None:
    settle(store)
    end = at("00:00", "2027-08-01")
    of_a_role = Grant("", NOW, end, Role.MANAGEMENT, "ria", categories=frozenset({"social"}), roles=TEACHERS)
    of_a_role = store.grants.add(SCHOOL, of_a_role, NOW)
    of_one = replace(of_a_role, id="", roles=frozenset(), people=frozenset({"anja"}), sites=("x.com",))
    of_one = store.grants.add(SCHOOL, of_one, NOW)
    assert store.snapshot(SCHOOL, KNOWLEDGE, NOW).state.grants == store.grants.live(SCHOOL, NOW)
    assert set(store.grants.live(SCHOOL, NOW)) == {of_a_role, of_one}
    assert store.grants.live(SCHOOL, NOW, ("7", "8")) == ()
    assert [one.event.group for one in store.events.since(SCHOOL, 0)] == [None, None]
    ended = store.grants.revoke(SCHOOL, of_a_role.id, "ria", at("09:30"))
    assert ended is not None
    assert ended.roles == TEACHERS
    assert store.grants.live(SCHOOL, at("09:30")) == (of_one,)
    last = store.events.since(SCHOOL, 0)[-1].event
    assert (last.what, last.grant, last.group) == (What.PERMISSION_ENDED, of_a_role.id, None)


def test_a_stop_beats_an_extend_of_the_same_moment(store: Store) -> None:
    settle(store)
    for turn in range(12):
        store.grants.add(SCHOOL, grant(f"g{turn}"), NOW)
        start = threading.Barrier(2)

        def extend(name: str = f"g{turn}", start: threading.Barrier = start) -> None:
            start.wait(10)
            store.grants.extend(SCHOOL, name, at("10:00"), "anja", NOW)

        thread = threading.Thread(target=extend)
        thread.start()
        start.wait(10)
        assert store.grants.revoke(SCHOOL, f"g{turn}", "bram", NOW) is not None
        thread.join(20)
        found = store.grants.get(SCHOOL, f"g{turn}")
        assert found is not None and found.end == NOW
    assert store.grants.live(SCHOOL, NOW) == ()


def test_saying_yes_answers_the_pupil_in_the_same_revision(store: Store) -> None:
    settle(store)
    asked = store.incidents.ask(SCHOOL, Wish("social.com", "project", "social", group="7", device="chroom-1"), NOW)
    assert asked is not None
    before = store.revision(SCHOOL)
    given = store.grants.say_yes(SCHOOL, asked.id, grant("", sites=("social.com",)), NOW, "tot half tien")
    assert given is not None
    answered = store.incidents.get_ask(SCHOOL, asked.id)
    assert answered is not None
    assert (answered.state, answered.answer, answered.grant) == (AskState.YES, "tot half tien", given.id)
    assert store.revision(SCHOOL) == before + 1


def test_of_two_who_say_yes_at_once_one_is_first_and_the_other_opens_nothing(store: Store) -> None:
    settle(store)
    asked = store.incidents.ask(SCHOOL, Wish("social.com", "project", "social", group="7", device="chroom-1"), NOW)
    assert asked is not None
    first = store.grants.say_yes(SCHOOL, asked.id, grant("", sites=("social.com",)), NOW)
    pulse = store.pulse(SCHOOL)
    assert store.grants.say_yes(SCHOOL, asked.id, grant("", sites=("social.com",)), NOW) is None
    assert store.grants.live(SCHOOL, NOW) == (first,)
    assert store.pulse(SCHOOL) == pulse


def test_what_cannot_be_written_changes_nothing(store: Store) -> None:
    settle(store)
    pulse = store.pulse(SCHOOL)
    with pytest.raises(ValueError, match="ends after it starts"):
        store.grants.add(SCHOOL, Grant("x", NOW, NOW, grant().role), NOW)
    with pytest.raises(Exception, match="time zone"):
        store.grants.add(
            SCHOOL, grant("x", end=(NOW + timedelta(hours=1)).replace(tzinfo=None), start=NOW.replace(tzinfo=None)), NOW
        )
    store.grants.add(SCHOOL, grant("x"), NOW)
    with pytest.raises(Exception, match=r"(?i)unique"):
        store.grants.add(SCHOOL, grant("x"), NOW)
    assert store.revision(SCHOOL) == pulse.revision + 1


def test_two_schools_in_one_database_do_not_see_each_other(store: Store, place: Place) -> None:
    settle(store)
    settle(store, school="other")
    store.grants.add("other", grant("g"), NOW)
    assert store.grants.live(SCHOOL, NOW) == ()
    assert store.grants.revoke(SCHOOL, "g", "anja", NOW) is None
    assert store.snapshot(SCHOOL, KNOWLEDGE, NOW).state.grants == ()
    assert store.events.since(SCHOOL, 0) == ()
    assert len(store.grants.live("other", NOW)) == 1


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=10)
moments = st.datetimes(timezones=st.just(NOW.tzinfo))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.builds(
        Grant,
        id=st.just(""),
        start=moments,
        end=st.just(NOW),
        role=st.sampled_from(Role),
        by=words,
        groups=st.frozensets(words, max_size=2),
        people=st.frozensets(words, max_size=2),
        without=st.frozensets(words, max_size=2),
        sites=st.lists(words, max_size=3).map(tuple),
        categories=st.frozensets(words, max_size=2),
        facets=st.frozensets(st.sampled_from(Facet)),
        goal=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30),
    ),
    st.timedeltas(timedelta(microseconds=1), timedelta(days=400)),
)
def test_any_permission_comes_back_as_it_was_given(store: Store, wish: Grant, length: timedelta) -> None:
    try:
        wish = replace(wish, end=wish.start + length)
    except OverflowError:
        return
    given_one = store.grants.add(SCHOOL, wish, NOW)
    assert store.grants.get(SCHOOL, given_one.id) == replace(wish, id=given_one.id)
