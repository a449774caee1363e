"""Who signed in where: one place for one pupil, one pupil at one place, for one lesson."""

from __future__ import annotations

from datetime import timedelta

import pytest

from policy.model import Lease, Strength
from store import Store
from store.sign_ins import SignIn, SignInState
from tests.cast import KNOWLEDGE, at
from tests.store.school import NOW, SCHOOL, settle

BELL = at("10:15")
LATER = NOW + timedelta(minutes=5)


def wish(person: str = "sam", device: str = "", address: str = "", group: str = "7", **changes: object) -> SignIn:
    proof = Strength.PROVED if device else Strength.CLAIMED
    ends = changes.get("ends", BELL)
    return SignIn("", group, person, device, address, SignInState.WAITS, proof, NOW, ends)


def seats(store: Store, now=LATER) -> dict[str, str]:
    return {
        lease.device or lease.address: lease.person for lease in store.snapshot(SCHOOL, KNOWLEDGE, now).state.leases
    }


def asked(store: Store, one: SignIn, now=NOW) -> SignIn:
    made = store.sign_ins.ask(SCHOOL, one, now)
    assert made is not None
    return made


def test_a_name_that_was_only_tapped_seats_nobody(store: Store) -> None:
    settle(store)
    before = store.revision(SCHOOL)
    made = asked(store, wish(address="10.0.7.31"))
    assert (made.state, seats(store)) == (SignInState.WAITS, {})
    assert store.revision(SCHOOL) == before, "nothing of the rules moves"
    (shown,) = store.sign_ins.of_group(SCHOOL, "7", LATER)
    assert shown == made and 10 <= shown.number <= 99
    assert store.sign_ins.of_group(SCHOOL, "8", LATER) == ()


def test_the_teacher_s_word_lets_in_until_the_bell(store: Store) -> None:
    settle(store)
    made, before = asked(store, wish(address="10.0.7.31")), store.revision(SCHOOL)
    assert store.sign_ins.confirm(SCHOOL, made.id, "8", "bram", LATER) is None, "of another group"
    found = store.sign_ins.confirm(SCHOOL, made.id, "7", "anja", LATER)
    assert found is not None and (found.state, found.by) == (SignInState.IN, "anja")
    assert store.revision(SCHOOL) == before + 1, "the guard hears of it"
    (lease,) = store.snapshot(SCHOOL, KNOWLEDGE, LATER).state.leases
    assert lease == Lease("", "sam", LATER, BELL, "anja", "10.0.7.31", Strength.CLAIMED)
    assert seats(store, BELL) == {}
    assert store.sign_ins.confirm(SCHOOL, made.id, "7", "anja", LATER) is None, "once"


def test_the_teacher_s_no_seats_nobody(store: Store) -> None:
    settle(store)
    made = asked(store, wish(address="10.0.7.31"))
    assert store.sign_ins.refuse(SCHOOL, made.id, "7", "anja", LATER) is not None
    assert seats(store) == {}
    (here,) = store.sign_ins.here(SCHOOL, "", "10.0.7.31", LATER)
    assert here.state is SignInState.REFUSED
    assert store.sign_ins.confirm(SCHOOL, made.id, "7", "anja", LATER) is None


def test_own_pictures_let_in_at_once(store: Store) -> None:
    settle(store)
    made = store.sign_ins.enter(SCHOOL, wish(device="chroom-1"), NOW)
    assert made is not None
    (lease,) = store.snapshot(SCHOOL, KNOWLEDGE, NOW).state.leases
    assert lease == Lease("chroom-1", "sam", NOW, BELL, "sam", "", Strength.PROVED)


@pytest.mark.parametrize(
    "bad",
    [
        wish("bo", address="10.0.7.31"),
        wish("anja", address="10.0.7.31"),
        wish("nobody", address="10.0.7.31"),
        wish(address="10.0.7.31", ends=NOW),
        wish(),
        wish(device="chroom-1", address="10.0.7.31"),
    ],
)
@pytest.mark.evasion("E24")
def test_only_a_pupil_of_the_group_gets_in_at_one_place_before_the_bell(store: Store, bad: SignIn) -> None:
    settle(store)
    assert store.sign_ins.enter(SCHOOL, bad, NOW) is None
    assert store.sign_ins.ask(SCHOOL, bad, NOW) is None


def test_who_signs_in_elsewhere_is_no_longer_at_the_first_place(store: Store) -> None:
    settle(store)
    store.sign_ins.enter(SCHOOL, wish(address="10.0.7.31"), NOW)
    store.sign_ins.enter(SCHOOL, wish(address="10.0.7.32"), LATER)
    assert seats(store) == {"10.0.7.32": "sam"}
    newest, older = store.sign_ins.of_group(SCHOOL, "7", LATER)
    assert (newest.state, older.state) == (SignInState.IN, SignInState.MOVED)


def test_on_a_registered_device_the_later_one_takes_over(store: Store) -> None:
    settle(store)
    store.sign_ins.enter(SCHOOL, wish(device="chroom-1"), NOW)
    assert store.sign_ins.enter(SCHOOL, wish("noor", device="chroom-1"), LATER)
    assert seats(store) == {"chroom-1": "noor"}
    assert {one.state for one in store.sign_ins.of_group(SCHOOL, "7", LATER)} == {SignInState.IN, SignInState.TAKEN}


@pytest.mark.evasion("E24")
def test_at_an_address_where_somebody_is_in_only_the_teacher_lets_in_the_next(store: Store) -> None:
    settle(store)
    store.sign_ins.enter(SCHOOL, wish(address="10.0.7.31"), NOW)
    noors = wish("noor", address="10.0.7.31")
    assert store.sign_ins.enter(SCHOOL, noors, LATER) is None
    made = asked(store, noors, LATER)
    assert seats(store) == {"10.0.7.31": "sam"}
    store.sign_ins.confirm(SCHOOL, made.id, "7", "anja", LATER)
    assert seats(store) == {"10.0.7.31": "noor"}


def test_who_is_done_or_signed_out_by_the_teacher_sits_nowhere(store: Store) -> None:
    settle(store)
    store.sign_ins.enter(SCHOOL, wish(address="10.0.7.31"), NOW)
    made = store.sign_ins.leave(SCHOOL, "", "10.0.7.31", LATER)
    assert made is not None and made.person == "sam" and seats(store) == {}
    assert store.sign_ins.leave(SCHOOL, "", "10.0.7.31", LATER) is None
    again = store.sign_ins.enter(SCHOOL, wish(device="chroom-1"), LATER)
    assert again is not None
    assert store.sign_ins.stop(SCHOOL, again.id, "8", LATER) is None
    assert store.sign_ins.stop(SCHOOL, again.id, "7", LATER) is not None
    assert seats(store) == {}


def test_one_place_waits_for_one_pupil(store: Store) -> None:
    settle(store)
    asked(store, wish(address="10.0.7.31"))
    second = asked(store, wish("noor", address="10.0.7.31"), LATER)
    assert store.sign_ins.of_group(SCHOOL, "7", LATER) == (second,)
    elsewhere = asked(store, wish("noor", address="10.0.7.32"), LATER)
    store.sign_ins.confirm(SCHOOL, elsewhere.id, "7", "anja", LATER)
    assert [one.id for one in store.sign_ins.of_group(SCHOOL, "7", LATER)] == [elsewhere.id], "the other claim is gone"


def test_a_teacher_s_seat_and_a_sign_in_never_name_two_at_one_device(store: Store) -> None:
    settle(store)
    put = Lease("chroom-1", "noor", NOW, BELL, "anja")
    store.devices.lease(SCHOOL, put, NOW)
    store.sign_ins.enter(SCHOOL, wish(device="chroom-1"), LATER)
    assert seats(store) == {"chroom-1": "sam"}
    last = LATER + timedelta(minutes=1)
    store.devices.lease(SCHOOL, Lease("chroom-1", "noor", last, BELL, "anja"), last)
    assert seats(store, last) == {"chroom-1": "noor"}
    store.sign_ins.enter(SCHOOL, wish(device="chroom-1"), last)
    assert store.devices.end_lease(SCHOOL, "chroom-1", "anja", last)
    assert seats(store, last) == {}
    assert not store.devices.end_lease(SCHOOL, "chroom-1", "anja", last)


def test_who_sat_where_is_forgotten_the_day_after_and_never_in_the_log(store: Store) -> None:
    settle(store)
    store.class_codes.open(SCHOOL, "7", BELL, "anja", NOW)
    store.sign_ins.enter(SCHOOL, wish(address="10.0.7.31"), NOW)
    made = asked(store, wish("noor", address="10.0.7.32"))
    store.sign_ins.confirm(SCHOOL, made.id, "7", "anja", NOW)
    logged = [(one.what, tuple(one.targets)) for one in store.audit.entries(SCHOOL, who="anja")]
    assert logged == [("class_code.open", ("7",))]
    assert store.purge(SCHOOL, BELL).sign_ins == 0
    assert store.purge(SCHOOL, BELL + timedelta(minutes=1)).sign_ins == 1, "the code"
    assert store.purge(SCHOOL, BELL + timedelta(days=1, minutes=1)).sign_ins == 2


def test_a_pupil_who_leaves_school_is_signed_in_nowhere(store: Store) -> None:
    settle(store)
    store.sign_ins.enter(SCHOOL, wish(address="10.0.7.31"), NOW)
    store.people.remove_person(SCHOOL, "sam", "cor", LATER)
    assert seats(store) == {}
