"""Notes for a pupil's file: of pupils only, with who wrote them, and gone with the school year."""

from __future__ import annotations

import pytest

from policy.model import Sanction, SanctionTarget
from store import Store
from store.notes import Note, NoteKind
from tests.cast import at
from tests.store.school import NOW, SCHOOL, settle


def written(store: Store, **changes: object) -> Note | None:
    wish = {"person": "sam", "kind": NoteKind.TALK, "text": "We praatten.", "by": "anja"} | changes
    return store.notes.add(SCHOOL, now=NOW, **wish)


def test_a_note_comes_back_as_it_was_written(store: Store) -> None:
    settle(store)
    note = written(store)
    assert note is not None
    assert (note.person, note.kind, note.text, note.at, note.by) == ("sam", NoteKind.TALK, "We praatten.", NOW, "anja")
    assert store.notes.get(SCHOOL, note.id) == note
    assert store.notes.about(SCHOOL, "sam") == (note,)
    assert store.notes.written(SCHOOL, "anja") == (note,)
    assert store.notes.about(SCHOOL, "noor") == store.notes.written(SCHOOL, "bram") == ()
    assert store.notes.about("other", "sam") == ()


@pytest.mark.parametrize("person", ["anja", "iris", "ria", "cor", "nobody"])
def test_nothing_is_written_about_staff_or_somebody_unknown(store: Store, person: str) -> None:
    settle(store)
    assert written(store, person=person) is None
    assert store.notes.about(SCHOOL, person) == ()
    assert not [entry for entry in store.audit.entries(SCHOOL) if entry.what.startswith("note.")]


def test_a_note_is_about_a_ban_of_that_very_child_or_about_none(store: Store) -> None:
    settle(store)
    ban = Sanction("b", "sam", SanctionTarget.PHONE, NOW, at("12:00"), "ria")
    store.measures.add_sanction(SCHOOL, ban, NOW)
    assert written(store, sanction="b") is not None
    assert written(store, person="noor", sanction="b") is None
    assert written(store, sanction="unknown") is None


def test_the_newest_note_is_on_top_and_one_can_be_taken_away(store: Store) -> None:
    settle(store)
    first = written(store)
    second = store.notes.add(SCHOOL, "sam", NoteKind.WARNING, "Afgesproken.", "ria", at("10:00"))
    assert first and second
    assert [one.id for one in store.notes.about(SCHOOL, "sam")] == [second.id, first.id]
    assert store.notes.remove(SCHOOL, first.id, "anja", at("10:05"))
    assert not store.notes.remove(SCHOOL, first.id, "anja", at("10:05"))
    assert [one.id for one in store.notes.about(SCHOOL, "sam")] == [second.id]


def test_the_audit_knows_that_there_is_a_note_and_not_what_it_says(store: Store) -> None:
    settle(store)
    before = store.pulse(SCHOOL)
    note = written(store)
    assert note is not None
    entry = store.audit.entries(SCHOOL)[0]
    assert (entry.who, entry.what, entry.targets) == ("anja", "note.add", (note.id, "sam"))
    assert "praatten" not in repr(store.audit.entries(SCHOOL))
    assert store.pulse(SCHOOL) == before, "a note is nobody's live screen"


def test_notes_go_with_the_school_year_and_with_the_child(store: Store) -> None:
    settle(store)
    written(store)
    assert store.purge(SCHOOL, at("00:01", "2027-07-31")).notes == 0
    assert len(store.notes.about(SCHOOL, "sam")) == 1
    assert store.purge(SCHOOL, at("00:01", "2027-08-01")).notes == 1
    assert store.notes.about(SCHOOL, "sam") == ()
    written(store)
    store.people.remove_person(SCHOOL, "sam", "cor", NOW)
    assert store.notes.about(SCHOOL, "sam") == ()
