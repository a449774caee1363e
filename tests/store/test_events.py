"""Exceptions are facts without words: who asks for help, and what was typed, is nowhere."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policy.model import Action, Effect, Reason
from store import Store
from store.event_tables import events as table
from store.events import Count, Event, What, bare_host
from tests.cast import at
from tests.store.school import NOW, SCHOOL

BLOCKED = Event(
    what=What.BLOCKED,
    when=NOW,
    effect=Effect.DENY,
    reason=Reason.PLACE,
    action=Action.VISIT,
    rules=("social",),
    terms=("kut",),
    category="social",
    host="social.com",
    thing="page",
    group="7",
    device="chroom-1",
    person="sam",
    revision=3,
    grant="g",
    uid="u-1",
)


def test_an_event_comes_back_as_it_was(store: Store) -> None:
    assert store.events.add_batch(SCHOOL, [BLOCKED], NOW) == 1
    found = store.events.since(SCHOOL, 0)
    assert [one.event for one in found] == [BLOCKED]
    assert store.events.last_id(SCHOOL) == found[0].id
    assert store.events.since(SCHOOL, found[0].id) == ()


def test_help_is_never_an_event(store: Store) -> None:
    batch = [
        replace(BLOCKED, uid="1", effect=Effect.HELP, reason=Reason.HELP),
        replace(BLOCKED, uid="2", effect=Effect.ALLOW, reason=Reason.HELP_HOST),
    ]
    assert store.events.add_batch(SCHOOL, batch, NOW) == 0
    assert store.events.latest(SCHOOL) == ()
    assert store.pulse(SCHOOL).activity == 0
    with pytest.raises(Exception, match="no_help"), store.database.write(SCHOOL) as change:
        from store.events import _row

        change.execute(table.insert().values(**_row(SCHOOL, batch[0])))


@pytest.mark.parametrize(
    "slip",
    ["social.com/naam-van-kind", "social.com?q=geheim", "https://social.com/x", "sam@social.com", "a b", "x%20y"],
)
def test_more_than_a_host_is_not_kept(store: Store, slip: str) -> None:
    store.events.add_batch(SCHOOL, [replace(BLOCKED, host=slip)], NOW)
    assert [one.event.host for one in store.events.latest(SCHOOL)] == [None]


def test_the_database_itself_refuses_a_path(store: Store) -> None:
    with pytest.raises(Exception, match="bare_host"), store.database.write(SCHOOL) as change:
        from store.events import _row

        change.execute(table.insert().values(**(_row(SCHOOL, BLOCKED) | {"host": "social.com/geheim"})))


@pytest.mark.parametrize("host", ["social.com", "xn--fiqs8s.cn", "10.0.0.1", "[fd00::1]", "localhost:8443"])
def test_a_host_is_kept(host: str) -> None:
    assert bare_host(host) == host


def test_an_event_has_no_place_for_words() -> None:
    names = {one.name for one in fields(Event)} | {column.name for column in table.c}
    assert not names & {"query", "text", "body", "form", "page", "path", "url", "title", "search", "message"}


def test_the_same_event_sent_twice_is_there_once(store: Store) -> None:
    other = replace(BLOCKED, uid="u-2")
    nameless = replace(BLOCKED, uid=None)
    assert store.events.add_batch(SCHOOL, [BLOCKED, BLOCKED, nameless, nameless], NOW) == 3
    assert store.events.add_batch(SCHOOL, [BLOCKED, other], NOW) == 1
    assert len(store.events.since(SCHOOL, 0)) == 4


def test_a_screen_sees_the_events_of_its_groups_in_order(store: Store) -> None:
    batch = [replace(BLOCKED, uid=str(n), group=("7", "8", None)[n % 3]) for n in range(9)]
    store.events.add_batch(SCHOOL, batch, NOW)
    seven = store.events.since(SCHOOL, 0, ["7"])
    assert [one.event.uid for one in seven] == ["0", "3", "6"]
    assert [one.event.uid for one in store.events.since(SCHOOL, seven[0].id, ["7", "8"], limit=3)] == ["1", "3", "4"]
    assert store.events.since(SCHOOL, 0, []) == ()
    assert len(store.events.since(SCHOOL, 0)) == 9
    assert [one.event.uid for one in store.events.latest(SCHOOL, ["8"], limit=2)] == ["7", "4"]


def test_numbers_are_not_used_again_after_events_were_forgotten(store: Store) -> None:
    store.events.add_batch(SCHOOL, [BLOCKED], NOW)
    seen = store.events.last_id(SCHOOL)
    assert store.purge(SCHOOL, NOW + timedelta(days=15)).events == 1
    store.events.add_batch(SCHOOL, [replace(BLOCKED, uid="new")], NOW)
    assert [one.event.uid for one in store.events.since(SCHOOL, seen)] == ["new"]


def test_background_things_are_only_counted(store: Store) -> None:
    tracker = Count("blocked", at("09:05"), "7", "ads")
    store.events.add_batch(SCHOOL, [], NOW, counts=[tracker, tracker, replace(tracker, n=5, hour=at("09:59"))])
    store.events.add_batch(SCHOOL, [], NOW, counts=[replace(tracker, hour=at("10:00")), Count("allowed", NOW)])
    assert store.events.counts(SCHOOL, at("09:30")) == (
        *sorted([Count("allowed", at("09:00")), Count("blocked", at("09:00"), "7", "ads", 7)], key=lambda c: c.name),
        Count("blocked", at("10:00"), "7", "ads", 1),
    )
    assert store.events.counts(SCHOOL, at("10:00")) == (Count("blocked", at("10:00"), "7", "ads", 1),)
    assert store.pulse(SCHOOL).activity == 0


def test_losses_are_counted_and_shown(store: Store) -> None:
    store.events.add_batch(SCHOOL, [BLOCKED], NOW, lost=3)
    store.events.add_batch(SCHOOL, [], at("10:10"), lost=4)
    assert store.events.lost(SCHOOL, NOW) == 7
    assert store.events.lost(SCHOOL, at("10:00")) == 4
    assert store.events.counts(SCHOOL, NOW) == ()
    assert store.pulse(SCHOOL).activity == 2


def test_an_odd_name_does_not_hold_up_the_whole_batch(store: Store) -> None:
    odd = replace(BLOCKED, thing="spel\0\ud800.exe", host=None)
    assert store.events.add_batch(SCHOOL, [odd, replace(BLOCKED, uid="u-2")], NOW) == 2
    assert [one.event.thing for one in store.events.since(SCHOOL, 0)] == ["spel??.exe", "page"]


def test_a_teacher_puts_a_note_with_an_event(store: Store) -> None:
    store.events.add_batch(SCHOOL, [BLOCKED], NOW)
    number = store.events.last_id(SCHOOL)
    assert store.events.note(SCHOOL, number, "samen over gepraat", "anja", NOW)
    assert not store.events.note(SCHOOL, number + 1, "x", "anja", NOW)
    assert not store.events.note("other", number, "x", "anja", NOW)
    assert [one.note for one in store.events.latest(SCHOOL)] == ["samen over gepraat"]
    assert "samen" not in str(store.audit.entries(SCHOOL))


names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.builds(
        Event,
        what=st.sampled_from(What),
        when=st.datetimes(timezones=st.just(NOW.tzinfo)),
        effect=st.sampled_from([Effect.ALLOW, Effect.DENY, Effect.HOLD]),
        reason=st.sampled_from([one for one in Reason if one not in {Reason.HELP, Reason.HELP_HOST}]),
        action=st.none() | st.sampled_from(Action),
        rules=st.lists(names, max_size=3).map(tuple),
        terms=st.lists(names, max_size=3).map(tuple),
        category=st.none() | names,
        thing=st.none() | names,
        group=st.none() | names,
        device=st.none() | names,
        person=st.none() | names,
        revision=st.integers(0, 2**62),
        grant=st.none() | names,
    )
)
def test_any_event_comes_back_as_it_was(store: Store, event: Event) -> None:
    store.events.add_batch(SCHOOL, [event], NOW)
    assert store.events.latest(SCHOOL, limit=1)[0].event == event
