"""A pupil's pictures: only a hash is kept, and who guesses is soon done."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from argon2 import extract_parameters
from argon2.low_level import Type

from store import Store
from store.class_codes import WINDOW
from store.pictures import MOST_HERE, MOST_WRONG, PICTURES, is_choice
from store.tables import picture_passwords
from tests.cast import at
from tests.store.school import NOW, SCHOOL, settle

SAMS = ("sun", "fish", "key")
OTHER = ("sun", "key", "fish")


def fits(store: Store, pictures: tuple[str, ...] = SAMS, person: str = "sam", place: str = "a", now=NOW) -> bool:
    return store.pictures.fit(SCHOOL, person, pictures, place, now)


def test_there_are_twelve_and_three_in_order_make_a_password() -> None:
    assert len(set(PICTURES)) == 12
    assert is_choice(SAMS) and is_choice(("sun", "sun", "sun"))
    assert not is_choice(("sun", "fish")) and not is_choice(("sun", "fish", "dog")) and not is_choice((*SAMS, "sun"))


def test_the_right_pictures_in_the_right_order_fit(store: Store) -> None:
    settle(store)
    assert not fits(store), "nothing was chosen yet"
    assert store.pictures.choose(SCHOOL, "sam", SAMS, "sam", NOW)
    assert fits(store)
    assert not fits(store, OTHER)
    assert store.pictures.forget(SCHOOL, "sam", "anja", NOW)
    assert not store.pictures.forget(SCHOOL, "sam", "anja", NOW)
    assert not fits(store)
    assert not store.pictures.choose(SCHOOL, "anja", SAMS, "anja", NOW), "for pupils only"
    assert not store.pictures.choose(SCHOOL, "sam", ("sun",), "sam", NOW)


def test_what_is_kept_is_an_argon2id_hash(store: Store) -> None:
    settle(store)
    store.pictures.choose(SCHOOL, "sam", SAMS, "sam", NOW)
    with store.database.read() as connection:
        (row,) = connection.execute(sa.select(picture_passwords)).all()
    found = extract_parameters(row.hash)
    assert found.type is Type.ID and found.memory_cost >= 19 * 1024 and found.time_cost >= 2
    assert not any(one in str(row) for one in SAMS)


@pytest.mark.evasion("E24")
def test_after_five_wrong_tries_the_right_ones_do_not_fit_either_until_a_teacher_said_who_it_is(store: Store) -> None:
    settle(store)
    store.pictures.choose(SCHOOL, "sam", SAMS, "sam", NOW)
    for _ in range(MOST_WRONG):
        assert not fits(store, OTHER)
    assert store.pictures.states(SCHOOL, ["sam", "noor"])["sam"].locked
    assert not fits(store, place="elsewhere", now=at("13:00")), "it does not wear off, and another place is no help"
    store.pictures.unlock(SCHOOL, "sam")
    assert fits(store, place="elsewhere")


def test_a_right_try_begins_the_counting_anew(store: Store) -> None:
    settle(store)
    store.pictures.choose(SCHOOL, "sam", SAMS, "sam", NOW)
    for _ in range(3):
        for number in range(MOST_WRONG - 1):
            assert not fits(store, OTHER, place=f"place {number}")
        assert fits(store)


@pytest.mark.evasion("E24")
def test_one_place_may_not_try_everybody_s_pictures(store: Store) -> None:
    settle(store)
    for person in ("sam", "noor", "bo"):
        store.pictures.choose(SCHOOL, person, SAMS, person, NOW)
    for number in range(MOST_HERE):
        assert not fits(store, OTHER, ("sam", "noor", "bo")[number % 3])
    assert not fits(store)
    assert not store.pictures.states(SCHOOL, ["sam"])["sam"].locked
    assert fits(store, place="b")
    assert fits(store, now=NOW + WINDOW)


def test_pictures_go_with_the_pupil_and_with_the_school_year(store: Store) -> None:
    settle(store)
    for person in ("sam", "noor"):
        store.pictures.choose(SCHOOL, person, SAMS, person, NOW)
    store.people.remove_person(SCHOOL, "sam", "cor", NOW)
    assert set(store.pictures.states(SCHOOL, ["sam", "noor"])) == {"noor"}
    assert store.purge(SCHOOL, at("23:59", "2027-07-31")).pictures == 0
    assert store.purge(SCHOOL, at("00:01", "2027-08-01")).pictures == 1
