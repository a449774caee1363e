"""The versions of the rules: numbered, kept, and readable also when an older program wrote them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from policy.codec import policy_to_dict
from store import Store
from store.tables import policies as table
from tests.cast import KNOWLEDGE, POLICY
from tests.store.school import NOW, SCHOOL

OTHER = replace(POLICY, open_sites=("bieb.nl",))
LATER = NOW + timedelta(hours=1)


def test_how_it_was_written_is_kept_and_goes_along_with_a_tap(store: Store) -> None:
    store.policies.add(SCHOOL, POLICY, "a" * 64, "school.yaml", NOW, written="schedule: {}\n")
    tapped = store.policies.add(SCHOOL, OTHER, "beheer", "cor", LATER, based_on=1)
    assert tapped is not None
    assert tapped.written == "schedule: {}\n"
    assert store.policies.current(SCHOOL) == tapped
    assert store.snapshot(SCHOOL, KNOWLEDGE, LATER).policy == OTHER


def test_the_same_rules_written_otherwise_are_a_version_and_written_the_same_are_not(store: Store) -> None:
    first = store.policies.add(SCHOOL, POLICY, "a", "cor", NOW, written="x: 1\n")
    assert store.policies.add(SCHOOL, POLICY, "b", "cor", LATER, written="x: 1\n") == first
    assert store.policies.add(SCHOOL, POLICY, "b", "cor", LATER) == first
    second = store.policies.add(SCHOOL, POLICY, "b", "cor", LATER, written="x: 2\n")
    assert second is not None
    assert (second.number, second.policy, second.written) == (2, POLICY, "x: 2\n")


def test_the_versions_are_listed_newest_first_without_their_rules(store: Store) -> None:
    for number in range(3):
        policy = replace(POLICY, open_sites=(f"s{number}.nl",))
        store.policies.add(SCHOOL, policy, f"from {number}", "cor", NOW + timedelta(minutes=number))
    entries = store.policies.entries(SCHOOL)
    assert [(entry.number, entry.origin) for entry in entries] == [(3, "from 2"), (2, "from 1"), (1, "from 0")]
    assert store.policies.entries(SCHOOL, 1) == entries[:1]
    assert store.policies.entries("elsewhere") == ()
    assert [revision.number for revision in store.policies.history(SCHOOL, 2)] == [3, 2]


def old_body() -> dict[str, object]:
    """A policy as a program wrote it that had no kinds of clauses, no phones, no whole-day timetable parts."""
    body = json.loads(json.dumps(policy_to_dict(POLICY)))
    for clause in body["protocol"]["clauses"]:
        for key in ("kind", "means", "why"):
            del clause[key]
    for rule in body["rules"]:
        for key in ("devices", "types", "second_thought"):
            del rule[key]
    for key in ("interns_permit", "hold_unknown", "domains", "public"):
        del body[key]
    for key in ("specials", "waiting", "holidays_until"):
        del body["schedule"][key]
    return body


def put(store: Store, number: int, body: dict[str, object]) -> None:
    row = {"school_id": SCHOOL, "number": number, "body": body, "origin": "a" * 64, "who": "school.yaml", "at": NOW}
    with store.database.write(SCHOOL) as change:
        change.execute(sa.insert(table).values(**row))


def test_what_an_older_program_wrote_reads_well(store: Store) -> None:
    put(store, 1, old_body())
    for found in (store.policies.current(SCHOOL), store.policies.get(SCHOOL, 1), *store.policies.history(SCHOOL)):
        assert found is not None
        assert [rule.id for rule in found.policy.rules] == [rule.id for rule in POLICY.rules]
        assert found.policy.schedule.days == POLICY.schedule.days
        assert found.written == ""
    added = store.policies.add(SCHOOL, OTHER, "beheer", "cor", LATER, based_on=1)
    assert added is not None
    assert added.number == 2


def test_a_version_that_cannot_be_read_any_more_is_told_and_stops_no_newer_one(store: Store) -> None:
    put(store, 1, {**old_body(), "rules": "gone"})
    with pytest.raises(ValueError, match="rules"):
        store.policies.get(SCHOOL, 1)
    assert [entry.number for entry in store.policies.entries(SCHOOL)] == [1]
    added = store.policies.add(SCHOOL, POLICY, "b" * 64, "school.yaml", LATER, based_on=1)
    assert added is not None
    assert added.number == 2
    assert store.policies.current(SCHOOL) == added
