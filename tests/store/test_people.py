"""The register of people: names for staff, ids for the rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from policy.model import Group, Role
from store import Store
from store.people import GroupConsent, Person
from store.year import end_of_year, school_year, start_of_year
from tests.cast import KNOWLEDGE, at
from tests.store.school import NOW, SCHOOL, settle


def test_the_roster_has_the_pupils_of_the_group_by_name(store: Store) -> None:
    settle(store)
    store.people.put_people(SCHOOL, [Person("zo", Role.PUPIL, "aisha El Amrani", ("7", "8"))], "cor", NOW)
    assert [person.name for person in store.people.roster(SCHOOL, "7")] == [
        "aisha El Amrani",
        "Noor Özdemir",
        "Sam de Vries",
    ]
    assert [person.id for person in store.people.roster(SCHOOL, "8")] == ["zo", "bo"]
    assert store.people.roster(SCHOOL, "unknown") == ()


def test_a_group_has_several_teachers_and_a_combined_group_several_years(store: Store) -> None:
    settle(store)
    combined = Group("7-8", "Groep 7/8", (7, 8), until=at("14:00", "2026-12-18"))
    store.people.put_group(SCHOOL, combined, "cor", NOW)
    duo = [Person(name, Role.TEACHER, name.title(), ("7-8",)) for name in ("anja", "daan")]
    store.people.put_people(SCHOOL, duo, "cor", NOW)
    snapshot = store.snapshot(SCHOOL, KNOWLEDGE, NOW)
    assert snapshot.groups["7-8"] == combined
    assert [m.id for m in snapshot.people.values() if "7-8" in m.groups] == ["anja", "daan"]
    assert snapshot.people["anja"].groups == ("7-8",), "putting somebody replaces the groups"


def test_many_people_are_one_revision(store: Store) -> None:
    settle(store)
    before = store.revision(SCHOOL)
    persons = [Person(f"p{n}", Role.PUPIL, f"Kind {n}", ("7",)) for n in range(700)]
    store.people.put_people(SCHOOL, persons, "cor", NOW)
    assert store.revision(SCHOOL) == before + 1
    assert len(store.people.persons(SCHOOL, Role.PUPIL)) == 703
    assert len(store.people.roster(SCHOOL, "7")) == 702


def test_a_group_that_does_not_exist_is_refused_and_nobody_is_added(store: Store) -> None:
    settle(store)
    before = store.revision(SCHOOL)
    with pytest.raises(ValueError, match="no group `9`"):
        store.people.put_people(SCHOOL, [Person("x", Role.PUPIL, "X", ("7", "9"))], "cor", NOW)
    assert store.people.person(SCHOOL, "x") is None
    assert store.revision(SCHOOL) == before


def test_who_leaves_takes_memberships_and_consent_along(store: Store) -> None:
    settle(store)
    assert store.people.remove_person(SCHOOL, "sam", "cor", NOW)
    assert not store.people.remove_person(SCHOOL, "sam", "cor", NOW)
    assert store.people.consents(SCHOOL, NOW) == {"noor": False}
    assert [person.id for person in store.people.roster(SCHOOL, "7")] == ["noor"]


def test_a_list_that_is_taken_over_is_one_revision_or_nothing(store: Store) -> None:
    settle(store)
    before, revision = store.people.persons(SCHOOL), store.revision(SCHOOL)
    gone = next(one for one in before if one.role is Role.PUPIL)
    new = Person("nieuw", Role.PUPIL, "Kim de Wit", ("9a",))
    with pytest.raises(ValueError, match="there is no group `geen`"):
        store.people.exchange(
            SCHOOL, (Group("9a", "Groep 9a"),), [replace(new, groups=("geen",))], [gone.id], "cor", NOW
        )
    assert (store.people.persons(SCHOOL), store.revision(SCHOOL)) == (before, revision)
    assert "9a" not in {group.id for group in store.people.groups(SCHOOL)}
    store.people.exchange(SCHOOL, (Group("9a", "Groep 9a"),), [new], [gone.id, "niemand"], "cor", NOW, "people.import")
    assert set(store.people.persons(SCHOOL)) == {*before, new} - {gone}
    assert store.revision(SCHOOL) == revision + 1
    told = {entry.what: entry.targets for entry in store.audit.entries(SCHOOL, limit=2)}
    assert told == {"people.import": ("9a", "nieuw"), "person.remove": (gone.id,)}


def test_a_group_that_goes_leaves_its_people(store: Store) -> None:
    settle(store)
    assert store.people.remove_group(SCHOOL, "7", "cor", NOW)
    assert not store.people.remove_group(SCHOOL, "7", "cor", NOW)
    assert store.people.person(SCHOOL, "sam") == Person("sam", Role.PUPIL, "Sam de Vries", ())
    assert [group.id for group in store.people.groups(SCHOOL)] == ["8"]


def test_consent_is_asked_anew_every_school_year(store: Store) -> None:
    settle(store)
    assert store.people.consents(SCHOOL, at("09:00", "2027-07-30")) == {"sam": True, "noor": False}
    assert store.people.consents(SCHOOL, at("09:00", "2027-08-02")) == {}
    assert store.people.set_consent(SCHOOL, "noor", True, "cor", NOW)
    assert store.snapshot(SCHOOL, KNOWLEDGE, NOW).state.consents == {"noor": True, "sam": True}
    assert not store.people.set_consent(SCHOOL, "nobody", True, "cor", NOW)


def test_the_school_year_begins_at_midnight_in_amsterdam() -> None:
    assert school_year(datetime(2027, 7, 31, 21, 59, tzinfo=UTC)) == 2026
    assert school_year(datetime(2027, 7, 31, 22, 0, tzinfo=UTC)) == 2027
    assert start_of_year(NOW) == datetime(2026, 7, 31, 22, 0, tzinfo=UTC)
    assert end_of_year(NOW) == datetime(2027, 7, 31, 22, 0, tzinfo=UTC)


def test_what_staff_did_is_written_down_and_cannot_be_changed(store: Store) -> None:
    settle(store)
    store.audit.add(SCHOOL, "anja", "pupil.look", NOW, ["sam"])
    entries = store.audit.entries(SCHOOL)
    assert (entries[0].who, entries[0].what, entries[0].when, entries[0].targets) == (
        "anja",
        "pupil.look",
        NOW,
        ("sam",),
    )
    assert [entry.what for entry in store.audit.entries(SCHOOL, who="cor")][-1] == "group.put"
    assert store.audit.entries(SCHOOL, after=entries[0].id) == ()
    from store.event_tables import audit

    with pytest.raises(Exception, match="never change"), store.database.write(SCHOOL) as change:
        change.execute(audit.update().values(who="somebody else"))
    assert store.audit.entries(SCHOOL) == entries


def test_a_policy_is_kept_as_numbered_revisions(store: Store) -> None:
    from tests.cast import POLICY

    assert store.policies.current(SCHOOL) is None
    first = store.policies.add(SCHOOL, POLICY, "hash-1", "cor", NOW, based_on=0)
    assert first is not None and (first.number, first.policy, first.origin, first.who) == (1, POLICY, "hash-1", "cor")
    stricter = replace(POLICY, open_sites=())
    second = store.policies.add(SCHOOL, stricter, "hash-2", "ria", NOW, based_on=1)
    assert second is not None and second.number == 2
    revision = store.revision(SCHOOL)
    assert store.policies.add(SCHOOL, stricter, "hash-2", "ria", NOW) == second, "the same again is nothing new"
    assert store.policies.add(SCHOOL, POLICY, "hash-1", "cor", NOW, based_on=1) is None, "made from an older one"
    assert store.revision(SCHOOL) == revision
    assert store.policies.current(SCHOOL) == second
    assert store.policies.get(SCHOOL, 1) == first
    assert store.policies.get(SCHOOL, 3) is None
    assert [one.number for one in store.policies.history(SCHOOL)] == [2, 1]
    assert store.snapshot(SCHOOL, KNOWLEDGE, NOW).policy == stricter
    back = store.policies.add(SCHOOL, POLICY, "hash-1", "cor", NOW, based_on=2)
    assert back is not None and back.number == 3
    assert store.snapshot(SCHOOL, KNOWLEDGE, NOW).policy == POLICY


def test_a_whole_class_is_filled_in_at_once_and_in_one_revision(store: Store) -> None:
    settle(store)
    before = store.revision(SCHOOL)
    answers = {"sam": False, "noor": True, "bo": True, "nobody": True}
    assert store.people.set_consents(SCHOOL, answers, "ria", NOW) == 3
    assert store.people.consents(SCHOOL, NOW) == {"bo": True, "noor": True, "sam": False}
    assert store.revision(SCHOOL) == before + 1
    told = store.audit.entries(SCHOOL, what=("consent.yes", "consent.no", "consent.unasked"), who="ria")
    assert {(one.what, one.targets) for one in told} == {("consent.no", ("sam",)), ("consent.yes", ("bo", "noor"))}
    assert store.people.set_consents(SCHOOL, {"sam": False}, "ria", NOW) == 0
    assert store.revision(SCHOOL) == before + 1
    assert store.people.set_consents(SCHOOL, {"sam": None, "noor": True}, "ria", NOW) == 1
    assert store.people.consents(SCHOOL, NOW) == {"bo": True, "noor": True}


@pytest.mark.parametrize("answer", [False, None])
def test_a_no_or_an_answer_taken_back_ends_what_was_said_of_the_whole_group(store: Store, answer: bool | None) -> None:
    settle(store)
    assert not store.people.set_group_consent(SCHOOL, "7", True, "cor", NOW), "noor's parents said no"
    store.people.set_consents(SCHOOL, {"noor": True}, "cor", NOW)
    for group in ("7", "8"):
        assert store.people.set_group_consent(SCHOOL, group, True, "cor", NOW)
    assert store.people.group_consents(SCHOOL, NOW) == {group: GroupConsent(group, NOW, "cor") for group in ("7", "8")}
    assert store.people.group_consents(SCHOOL, at("09:00", "2027-09-01")) == {}
    store.people.set_consents(SCHOOL, {"sam": answer}, "ria", NOW)
    assert set(store.people.group_consents(SCHOOL, NOW)) == {"8"}
    assert store.snapshot(SCHOOL, KNOWLEDGE, NOW).state.consented_groups == {"8"}


def test_a_pupil_who_comes_into_a_class_later_is_not_among_those_who_all_agreed(store: Store) -> None:
    settle(store)
    assert store.people.set_group_consent(SCHOOL, "8", True, "cor", NOW)
    bo, sam = (store.people.person(SCHOOL, one) for one in ("bo", "sam"))
    assert bo is not None and sam is not None
    store.people.put_people(SCHOOL, [bo, replace(sam, groups=("8",))], "cor", NOW)
    assert set(store.people.group_consents(SCHOOL, NOW)) == {"8"}, "nobody new, and one who was asked and agreed"
    store.people.put_people(SCHOOL, [Person("nieuw", Role.PUPIL, "Nieuw", ("8",))], "cor", NOW)
    assert store.people.group_consents(SCHOOL, NOW) == {}


def test_a_temporary_group_never_takes_the_place_of_a_pupil_s_class(store: Store) -> None:
    settle(store)
    for group in ("3d", "zang"):
        store.people.put_group(SCHOOL, Group(group, group, until=at("15:00", "2026-12-18")), "cor", NOW)
    store.people.put_people(SCHOOL, [Person("sam", Role.PUPIL, "Sam", ("zang", "3d", "7"))], "cor", NOW)
    assert store.snapshot(SCHOOL, KNOWLEDGE, NOW).people["sam"].groups == ("7", "3d", "zang")
    sam = store.people.person(SCHOOL, "sam")
    assert sam is not None and sam.groups == ("7", "3d", "zang")
