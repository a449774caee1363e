"""What is kept ready: comes back as it was written, and goes with its owner, its children and its time."""

from __future__ import annotations

from datetime import timedelta

from store import Store
from store.prepared import Prepared, PreparedKind
from tests.cast import at
from tests.store.school import NOW, SCHOOL, settle

DAY = timedelta(days=1)


def kept(store: Store, name: str = "Filmpje", by: str = "anja", **changes: object) -> Prepared:
    wish = {"body": {"sites": ["youtube.com"]}, "group": None, "shared": False, "made": at("07:00")} | changes
    kind = wish.pop("kind", PreparedKind.PERMISSION)
    return store.prepared.add(SCHOOL, Prepared("", kind, name, by=by, **wish), NOW)


def test_what_is_kept_ready_comes_back_as_it_was_written(store: Store) -> None:
    settle(store)
    made = kept(store, group="7", shared=True)
    assert made.id and (made.made, made.used) == (NOW, None)
    assert store.prepared.get(SCHOOL, made.id) == made
    assert store.prepared.on_shelf(SCHOOL) == (made,)
    assert store.prepared.get("other", made.id) is None
    assert store.prepared.on_shelf("other") == ()


def test_they_are_in_order_of_their_names_and_apart_by_kind(store: Store) -> None:
    settle(store)
    kept(store, "beta")
    kept(store, "Alfa", by="bram")
    kept(store, "Gamma", kind=PreparedKind.AGREEMENT)
    assert [one.name for one in store.prepared.on_shelf(SCHOOL)] == ["Alfa", "beta", "Gamma"]
    assert [one.name for one in store.prepared.on_shelf(SCHOOL, PreparedKind.AGREEMENT)] == ["Gamma"]


def test_a_change_writes_name_body_group_and_sharing_and_nothing_else(store: Store) -> None:
    settle(store)
    made = kept(store)
    other = Prepared(made.id, PreparedKind.AGREEMENT, "Nieuw", {"a": [1]}, "7", "bram", True, at("12:00"), at("12:00"))
    changed = store.prepared.change(SCHOOL, other, "anja", at("10:00"))
    assert changed == Prepared(made.id, made.kind, "Nieuw", {"a": [1]}, "7", "anja", True, NOW, None)
    assert store.prepared.get(SCHOOL, made.id) == changed
    assert store.prepared.change("other", other, "anja", at("10:00")) is None
    assert store.prepared.get(SCHOOL, made.id) == changed


def test_taken_away_is_gone_and_only_from_its_own_school(store: Store) -> None:
    settle(store)
    made = kept(store)
    assert not store.prepared.remove("other", made.id, "anja", NOW)
    assert store.prepared.remove(SCHOOL, made.id, "anja", NOW)
    assert not store.prepared.remove(SCHOOL, made.id, "anja", NOW)
    assert store.prepared.get(SCHOOL, made.id) is None


def test_screens_wake_and_the_guard_does_not_and_the_audit_has_no_names(store: Store) -> None:
    settle(store)
    before = store.pulse(SCHOOL)
    made = kept(store)
    after = store.pulse(SCHOOL)
    assert (after.revision, after.activity) == (before.revision, before.activity + 1)
    entry = store.audit.entries(SCHOOL)[0]
    assert (entry.who, entry.what, entry.targets) == ("anja", "prepared.add", (made.id,))


def test_it_is_forgotten_a_year_after_it_was_tapped_last(store: Store) -> None:
    settle(store)
    made = kept(store)
    never = kept(store, "Nooit gebruikt")
    store.prepared.used(SCHOOL, made.id, NOW + 100 * DAY)
    used = store.prepared.get(SCHOOL, made.id)
    assert used is not None and used.used == NOW + 100 * DAY
    assert store.purge(SCHOOL, NOW + 366 * DAY).prepared == 0
    assert store.purge(SCHOOL, NOW + 367 * DAY).prepared == 1
    assert store.prepared.get(SCHOOL, never.id) is None
    assert store.purge(SCHOOL, NOW + 466 * DAY).prepared == 0
    assert store.purge(SCHOOL, NOW + 467 * DAY).prepared == 1


def test_with_a_person_goes_what_they_alone_kept_and_what_names_them(store: Store) -> None:
    settle(store)
    kept(store)
    shared = kept(store, "Gedeeld", shared=True)
    named = kept(store, "Met Sam", by="bram", group="7", body={"people": ["sam", "noor"], "goal": "sam"})
    about = kept(store, "Over sam", by="bram", body={"goal": "sam"})
    store.people.remove_person(SCHOOL, "anja", "cor", NOW)
    assert {one.id for one in store.prepared.on_shelf(SCHOOL)} == {shared.id, named.id, about.id}
    store.people.remove_person(SCHOOL, "sam", "cor", NOW)
    assert {one.id for one in store.prepared.on_shelf(SCHOOL)} == {shared.id, about.id}
