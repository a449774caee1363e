"""The school's lists: official accounts with one manager, accounts of groups, its own means for parents."""

from __future__ import annotations

from store import Store
from store.registers import Entry, Register
from tests.cast import at
from tests.store.school import NOW, SCHOOL, settle

OFFICIAL, GROUP, MEANS = Register.OFFICIAL, Register.GROUP, Register.MEANS


def added(store: Store, register: Register, place: str, **more: str) -> Entry:
    entry = store.registers.add(SCHOOL, Entry("", register, more.pop("name", place), place, **more), "cor", NOW)
    assert entry is not None
    return entry


def test_a_line_comes_back_as_it_was_written_in_its_own_register(store: Store) -> None:
    settle(store)
    page = added(store, OFFICIAL, "facebook.com/deschool", name="Facebook", person="anja")
    class_page = added(store, GROUP, "instagram.com/groep7", name="Groep 7", person="anja", group="7")
    means = added(store, MEANS, "ouders.example", name="Ouderbericht", note="nieuwsbrief")
    assert (page.person, page.at, page.by) == ("anja", NOW, "cor")
    assert len({page.id, class_page.id, means.id}) == 3
    assert store.registers.entries(SCHOOL, OFFICIAL) == (page,)
    assert store.registers.entries(SCHOOL, GROUP) == (class_page,)
    assert store.registers.entries(SCHOOL) == (page, class_page, means)
    assert store.registers.get(SCHOOL, means.id) == means
    assert store.registers.entries("other") == ()
    assert store.registers.get("other", means.id) is None


def test_a_register_has_a_place_once(store: Store) -> None:
    settle(store)
    added(store, OFFICIAL, "facebook.com/deschool", person="anja")
    again = Entry("", OFFICIAL, "Nog eens", "facebook.com/deschool", "bram")
    assert store.registers.add(SCHOOL, again, "cor", NOW) is None
    assert store.registers.add("other", again, "cor", NOW) is not None
    added(store, GROUP, "facebook.com/deschool", group="7")


def test_a_line_is_handed_over_and_taken_away(store: Store) -> None:
    settle(store)
    page = added(store, GROUP, "instagram.com/groep7", person="anja", group="7")
    later = at("10:00")
    assert store.registers.assign(SCHOOL, page.id, "bram", "8", "ria", later)
    now = store.registers.get(SCHOOL, page.id)
    assert now is not None
    assert (now.person, now.group, now.at, now.by, now.place) == ("bram", "8", later, "ria", page.place)
    assert not store.registers.assign(SCHOOL, "unknown", "bram", None, "ria", later)
    assert not store.registers.remove("other", page.id, "ria", later)
    assert store.registers.remove(SCHOOL, page.id, "ria", later)
    assert not store.registers.remove(SCHOOL, page.id, "ria", later)
    assert store.registers.entries(SCHOOL) == ()


def test_a_line_outlives_its_manager_and_its_group_so_that_somebody_can_be_told(store: Store) -> None:
    settle(store)
    page = added(store, GROUP, "instagram.com/groep7", person="anja", group="7")
    store.people.remove_person(SCHOOL, "anja", "cor", NOW)
    store.people.remove_group(SCHOOL, "7", "cor", NOW)
    assert store.registers.entries(SCHOOL) == (page,)


def test_who_changed_a_register_is_in_the_audit_and_nobody_is_woken(store: Store) -> None:
    settle(store)
    before = store.pulse(SCHOOL)
    page = added(store, OFFICIAL, "facebook.com/deschool", person="anja")
    store.registers.assign(SCHOOL, page.id, "bram", None, "ria", NOW)
    store.registers.remove(SCHOOL, page.id, "ria", NOW)
    entries = store.audit.entries(SCHOOL, limit=3)
    assert [(one.who, one.what, one.targets) for one in entries] == [
        ("ria", "register.remove", (page.id,)),
        ("ria", "register.assign", (page.id, "bram")),
        ("cor", "register.add", (page.id, "anja")),
    ]
    assert store.pulse(SCHOOL) == before
