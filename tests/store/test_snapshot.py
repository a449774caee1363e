"""A snapshot is one moment: rows and revision belong together."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from policy.codec import snapshot_to_dict
from policy.model import (
    Agreement,
    Care,
    Device,
    DeviceClass,
    Emergency,
    Group,
    Lease,
    Role,
    Sanction,
    SanctionTarget,
    Span,
)
from store import Store, StoreUnavailable
from store.people import Person
from tests.cast import KNOWLEDGE, PEOPLE, POLICY, SNAPSHOT, at, grant
from tests.store.conftest import Place
from tests.store.school import NAMES, NOW, SCHOOL, settle


def everything(store: Store) -> None:
    """The cast with one of everything that comes and goes."""
    settle(store)
    store.grants.add(SCHOOL, grant("g", sites=("social.com",), categories=frozenset({"games", "social"})), NOW)
    ban = Sanction("s", "bo", SanctionTarget.CHROMEBOOK, NOW, at("12:00"), "bram", ("leren.nl",))
    store.measures.add_sanction(SCHOOL, ban, NOW)
    store.measures.add_care(SCHOOL, Care("c", "noor", None, ("glucose.nl",), ("pomp",), date(2027, 1, 31)), "iris", NOW)
    agreed = Agreement("a", NOW, at("09:45"), frozenset({"8"}), frozenset({"sam"}), ("leren.nl",), "atlas", "bram")
    store.measures.start_agreement(SCHOOL, agreed, NOW)
    store.people.set_group_consent(SCHOOL, "8", True, "cor", NOW)
    store.measures.pause(SCHOOL, Span("7", NOW, at("09:05"), "anja"), NOW)
    store.measures.rain(SCHOOL, Span("8", NOW, at("10:30"), "bram"), NOW)
    store.devices.lease(SCHOOL, Lease("chroom-1", "sam", NOW, at("10:15"), "anja"), NOW)
    store.emergencies.adopt(SCHOOL, Emergency("e", NOW, at("10:30"), "cor", "desk"), NOW)


def test_the_snapshot_is_the_school_as_it_was_written(store: Store) -> None:
    settle(store)
    found = store.snapshot(SCHOOL, KNOWLEDGE, NOW)
    assert found.policy == POLICY
    assert dict(found.groups) == dict(SNAPSHOT.groups)
    assert dict(found.people) == PEOPLE
    assert dict(found.devices) == dict(SNAPSHOT.devices)
    assert found.state == SNAPSHOT.state
    assert found.revision == store.revision(SCHOOL) == 7


@pytest.mark.postgres
def test_both_databases_give_the_same_snapshot(new_place: Callable[[str], Place]) -> None:
    made = []
    for kind in ("sqlite", "postgresql"):
        store = new_place(kind).open()
        everything(store)
        made.append(snapshot_to_dict(store.snapshot(SCHOOL, KNOWLEDGE, NOW)))
        store.close()
    assert made[0] == made[1]
    assert all(made[0]["state"].values()), "one of everything"


def test_no_name_of_a_person_is_in_the_snapshot(store: Store) -> None:
    everything(store)
    text = json.dumps(snapshot_to_dict(store.snapshot(SCHOOL, KNOWLEDGE, NOW)), ensure_ascii=False)
    for name in NAMES.values():
        assert name not in text
        assert name.split()[-1] not in text


def test_what_ended_is_left_out_and_what_comes_is_in(store: Store) -> None:
    everything(store)
    store.grants.add(SCHOOL, grant("next", start=at("11:00"), end=at("11:30")), NOW)
    state = store.snapshot(SCHOOL, KNOWLEDGE, at("10:30")).state
    assert [one.id for one in state.grants] == ["next"]
    assert [one.id for one in state.sanctions] == ["s"]
    assert (state.agreements, state.pauses, state.rainy, state.leases) == ((), (), (), ())
    assert [one.id for one in state.care] == ["c"]


def test_measures_end_when_somebody_ends_them(store: Store) -> None:
    everything(store)
    later = at("09:02")
    assert store.measures.lift_sanction(SCHOOL, "s", "bram", later)
    assert store.measures.end_care(SCHOOL, "c", "iris", later)
    assert store.measures.stop_agreement(SCHOOL, "a", "bram", later)
    assert store.measures.resume(SCHOOL, "7", "anja", later)
    assert store.measures.dry(SCHOOL, "8", "bram", later)
    assert store.devices.end_lease(SCHOOL, "chroom-1", "anja", later)
    assert store.people.set_group_consent(SCHOOL, "8", False, "cor", later)
    assert store.emergencies.stop(SCHOOL, "cor", later)
    before = store.revision(SCHOOL)
    state = store.snapshot(SCHOOL, KNOWLEDGE, later).state
    assert replace(state, grants=(), consents={}) == replace(SNAPSHOT.state, consents={})
    # Once more: no, and nothing moves.
    assert not store.measures.lift_sanction(SCHOOL, "s", "bram", later)
    assert not store.measures.end_care(SCHOOL, "c", "iris", later)
    assert not store.measures.stop_agreement(SCHOOL, "a", "bram", later)
    assert not store.measures.resume(SCHOOL, "7", "anja", later)
    assert not store.measures.dry(SCHOOL, "8", "bram", later)
    assert not store.devices.end_lease(SCHOOL, "chroom-1", "anja", later)
    assert not store.emergencies.stop(SCHOOL, "cor", later)
    assert store.revision(SCHOOL) == before


def test_a_new_pause_replaces_the_one_that_runs(store: Store) -> None:
    settle(store)
    store.measures.pause(SCHOOL, Span("7", NOW, at("09:05"), "anja"), NOW)
    second = Span("7", at("09:03"), at("09:20"), "anja")
    store.measures.pause(SCHOOL, second, at("09:03"))
    assert store.measures.pauses(SCHOOL, at("09:03")) == (second,)
    assert store.measures.rainy(SCHOOL, at("09:03")) == ()


def test_starting_an_agreement_stops_the_permissions_it_was_told_to(store: Store) -> None:
    settle(store)
    store.grants.add(SCHOOL, grant("goes"), NOW)
    store.grants.add(SCHOOL, grant("stays"), NOW)
    before = store.revision(SCHOOL)
    agreed = Agreement("", NOW, at("09:45"), frozenset({"7"}), sites=("leren.nl",), by="anja")
    made = store.measures.start_agreement(SCHOOL, agreed, NOW, stop=["goes"])
    assert [one.id for one in store.grants.live(SCHOOL, NOW)] == ["stays"]
    assert store.measures.agreements(SCHOOL, NOW) == (made,)
    assert store.revision(SCHOOL) == before + 1


def test_without_a_policy_there_is_no_snapshot(store: Store) -> None:
    with pytest.raises(StoreUnavailable, match="no policy yet"):
        store.snapshot(SCHOOL, KNOWLEDGE, NOW)


def test_readers_never_see_half_of_what_a_writer_writes(store: Store, place: Place) -> None:
    """The writer's revision n has exactly the grants g1..gn and a group with the name `n`: three tables, one moment."""
    settle(store)
    base = store.revision(SCHOOL)
    stop = threading.Event()
    written = [0]

    def hammer() -> None:
        writer = place.open()
        while not stop.is_set() and written[0] < 400:
            number = written[0] + 1
            with writer.database.write(SCHOOL) as change:
                from store.grants import _values
                from store.tables import grants, groups

                change.execute(grants.insert().values(**_values(SCHOOL, grant(f"g{number}"))))
                change.upsert(
                    groups, ("school_id", "id"), [{"school_id": SCHOOL, "id": "9", "name": str(number), "years": []}]
                )
                change.moved("hammer", "hammer", NOW)
            written[0] = number
        writer.close()

    thread = threading.Thread(target=hammer)
    thread.start()
    seen = set()
    try:
        until = time.monotonic() + 2.0
        while time.monotonic() < until or (len(seen) < 3 and thread.is_alive()):
            snapshot = store.snapshot(SCHOOL, KNOWLEDGE, NOW)
            number = snapshot.revision - base
            seen.add(number)
            assert len(snapshot.state.grants) == number
            assert snapshot.groups.get("9", Group("9", "0")).name == str(number)
    finally:
        stop.set()
        thread.join(20)
    assert written[0] > 3 and len(seen) >= 3, "the writer and the reader really ran side by side"


def test_a_school_of_300_pupils_is_read_quickly(store: Store) -> None:
    settle(store)
    for year in range(1, 13):
        store.people.put_group(SCHOOL, Group(f"g{year}", f"Groep {year}", (year,)), "cor", NOW)
    pupils = [Person(f"p{n}", Role.PUPIL, f"Kind {n}", (f"g{1 + n % 12}",)) for n in range(300)]
    store.people.put_people(SCHOOL, pupils, "cor", NOW)
    for n in range(20):
        store.devices.put(SCHOOL, Device(f"d{n}", f"D{n}", DeviceClass.PUPIL, "g1", key_hash="0" * 64), "cor", NOW)
    for n in range(50):
        wish = grant(f"g{n}", people=frozenset({f"p{n}"}), sites=("social.com",), end=NOW + timedelta(minutes=n + 1))
        store.grants.add(SCHOOL, wish, NOW)
    took = []
    for _ in range(15):
        start = time.thread_time()
        snapshot = store.snapshot(SCHOOL, KNOWLEDGE, NOW)
        took.append(time.thread_time() - start)
    assert (len(snapshot.people), len(snapshot.state.grants)) == (308, 50)
    assert min(took) < 0.1, "some 10 ms of work; a generous ceiling for a busy machine"


def test_the_pupils_are_known_by_name_and_hashed_again_only_when_they_change(store: Store) -> None:
    settle(store)
    first = store.snapshot(SCHOOL, KNOWLEDGE, NOW).roster
    assert first.find("sam de vries groep 7") == {"fullname-class"}
    assert first.find("anja bakker groep 7") == frozenset(), "staff is in no roster"
    store.grants.add(SCHOOL, grant("g"), NOW)
    assert store.snapshot(SCHOOL, KNOWLEDGE, NOW).roster is first
    store.people.put_people(SCHOOL, [Person("tim", Role.PUPIL, "Tim Post", ("7",))], "cor", NOW)
    assert store.snapshot(SCHOOL, KNOWLEDGE, NOW).roster.find("tim post groep 7") == {"fullname-class"}
