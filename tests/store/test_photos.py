"""May a photo of somebody be shown: pupils and staff, asked once, until somebody changes it."""

from __future__ import annotations

from store import Store
from store.photos import PhotoAnswer, PhotoPermission
from tests.cast import at
from tests.store.school import NOW, SCHOOL, settle

YES, VAGUE, NO = PhotoAnswer.YES, PhotoAnswer.UNRECOGNISABLE, PhotoAnswer.NO


def told(store: Store) -> dict[str, PhotoAnswer]:
    return {person: one.answer for person, one in store.photos.answers(SCHOOL).items()}


def test_who_was_not_asked_has_no_answer_and_pupils_and_staff_may_have_one(store: Store) -> None:
    settle(store)
    assert told(store) == {}
    assert store.photos.answer(SCHOOL, {"sam": YES, "noor": VAGUE, "anja": NO}, "cor", NOW) == 3
    assert told(store) == {"anja": NO, "noor": VAGUE, "sam": YES}
    assert store.photos.answers(SCHOOL)["noor"] == PhotoPermission("noor", VAGUE, NOW, "cor")
    assert store.photos.answers("other") == {}


def test_an_answer_stands_until_it_is_changed_or_was_not_asked_after_all(store: Store) -> None:
    settle(store)
    store.photos.answer(SCHOOL, {"sam": YES, "noor": YES}, "cor", NOW)
    assert store.photos.answer(SCHOOL, {"sam": NO, "noor": YES}, "ria", at("10:00", "2027-09-06")) == 1
    answers = store.photos.answers(SCHOOL)
    assert (answers["sam"].answer, answers["sam"].by) == (NO, "ria")
    assert answers["noor"] == PhotoPermission("noor", YES, NOW, "cor"), "nobody touched it"
    assert store.photos.answer(SCHOOL, {"sam": None, "bo": None}, "ria", NOW) == 1
    assert told(store) == {"noor": YES}


def test_somebody_who_is_not_at_school_gets_no_answer_and_who_leaves_takes_it_along(store: Store) -> None:
    settle(store)
    assert store.photos.answer(SCHOOL, {"nobody": YES, "sam": YES}, "cor", NOW) == 1
    assert told(store) == {"sam": YES}
    store.people.remove_person(SCHOOL, "sam", "cor", NOW)
    assert told(store) == {}


def test_who_wrote_which_answer_is_in_the_audit_and_nobody_is_woken(store: Store) -> None:
    settle(store)
    before = store.pulse(SCHOOL)
    store.photos.answer(SCHOOL, {"sam": YES, "noor": YES, "bo": NO}, "cor", NOW)
    store.photos.answer(SCHOOL, {"sam": None}, "ria", NOW)
    store.photos.answer(SCHOOL, {"bo": NO}, "ria", NOW)
    entries = store.audit.entries(SCHOOL, what=("photo.yes", "photo.no", "photo.unasked"))
    assert [(one.who, one.what, one.targets) for one in entries] == [
        ("ria", "photo.unasked", ("sam",)),
        ("cor", "photo.no", ("bo",)),
        ("cor", "photo.yes", ("noor", "sam")),
    ]
    assert store.pulse(SCHOOL) == before
