"""Who the guard takes somebody for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from policy.binding import Bound
from policy.model import DeviceClass, Lease, Principal, Role, Snapshot, Strength
from proxy_addons.bound import Places
from proxy_addons.facts import Peer
from proxy_addons.identity import UNKNOWN, Identity, Spot
from tests.cast import LESSON, SNAPSHOT, with_state
from tests.proxy_addons.asking import DEVICES, GROUP_7, KEY, STRANGERS, basic, device, peer

SCHOOL = replace(SNAPSHOT, devices={one.id: one for one in DEVICES})


def who(asking: Peer, snapshot: Snapshot = SCHOOL, identity: Identity | None = None) -> Principal:
    return (identity or Identity({GROUP_7: "7"})).of(asking, snapshot, LESSON)


def leased(name: str, person: str, snapshot: Snapshot = SCHOOL) -> Snapshot:
    lease = Lease(name, person, LESSON - timedelta(minutes=5), LESSON + timedelta(minutes=5), "anja")
    return replace(snapshot, state=replace(with_state().state, leases=(lease,)))


def test_somebody_unknown_is_the_strictest_pupil() -> None:
    assert who(STRANGERS) == UNKNOWN
    assert UNKNOWN.role is Role.PUPIL and UNKNOWN.device_class is DeviceClass.UNKNOWN and not UNKNOWN.groups


def test_a_device_key_proves_device_and_owner() -> None:
    sam = who(peer(name="chroom-1"))
    assert (sam.person, sam.groups, sam.device, sam.strength) == ("sam", ("7",), "chroom-1", Strength.PROVED)


@pytest.mark.evasion("E24")
@pytest.mark.parametrize(
    "credentials",
    [
        basic("chroom-1", "wrong"),
        basic("chroom-1", ""),
        basic("nobody"),
        basic("cart", ""),
        "Basic %%%",
        "Bearer abc",
        "Basic",
        "",
        "Basic " + "A" * 10_000,
    ],
)
def test_a_wrong_key_is_nobody_and_never_the_device_it_claims_to_be(credentials: str) -> None:
    # Even from an address that is known: who lies about the key is not given the benefit of the address.
    assert who(Peer("c", "10.0.7.2", 8080, credentials)) == UNKNOWN


@pytest.mark.evasion("E24")
def test_an_address_gives_the_group_and_no_person() -> None:
    one = who(peer("10.0.7.31"))
    assert (one.person, one.groups, one.device, one.strength) == (None, ("7",), "cart", Strength.GROUP)


def test_the_narrowest_address_counts() -> None:
    assert who(peer("10.0.7.2")).device == "chroom-2"
    assert who(peer("::ffff:10.0.7.2")).device == "chroom-2"


def test_a_listener_port_gives_the_group() -> None:
    one = who(peer("192.168.1.77", GROUP_7))
    assert one.groups == ("7",) and one.strength is Strength.GROUP and one.device_class is DeviceClass.UNKNOWN


@pytest.mark.evasion("E24")
def test_a_known_device_is_not_in_another_group_by_typing_another_port() -> None:
    snapshot = replace(SCHOOL, devices={"own": device("own", group="8", addresses=("10.0.8.9",))})
    assert who(peer("10.0.8.9", GROUP_7), snapshot).groups == ("8",)


@pytest.mark.evasion("E24")
def test_a_typed_address_makes_nobody_a_teacher() -> None:
    assert who(peer("10.0.9.1")).role is Role.PUPIL
    assert who(peer("10.0.7.99")).role is Role.PUPIL


def test_a_teachers_key_makes_a_teacher() -> None:
    anja = who(peer(name="laptop-anja"))
    assert (anja.role, anja.person, anja.strength) == (Role.TEACHER, "anja", Strength.PROVED)
    assert who(peer(name="board")).role is Role.TEACHER


def test_a_printer_has_a_class_of_its_own() -> None:
    assert who(peer("10.0.8.5")).device_class is DeviceClass.INFRASTRUCTURE


def test_a_lease_puts_a_pupil_at_a_device_for_its_time_only() -> None:
    snapshot = leased("chroom-2", "noor")
    identity = Identity()
    noor = who(peer("10.0.7.2"), snapshot, identity)
    assert (noor.person, noor.strength) == ("noor", Strength.CLAIMED)
    later = LESSON + timedelta(minutes=5)
    assert identity.changes_at(noor, snapshot, LESSON) == later
    assert identity.again(noor, snapshot, later).person is None
    assert identity.of(peer("10.0.7.2"), snapshot, later).person is None


def test_a_lease_beats_the_owner() -> None:
    noor = who(peer(name="chroom-1"), leased("chroom-1", "noor"))
    assert (noor.person, noor.strength) == ("noor", Strength.CLAIMED)


def test_a_lease_on_a_range_of_addresses_names_nobody() -> None:
    assert who(peer("10.0.7.31"), leased("cart", "noor")).person is None


@pytest.mark.evasion("E24")
def test_a_lease_of_a_teacher_needs_the_devices_key() -> None:
    snapshot = leased("chroom-2", "anja")
    assert who(peer("10.0.7.2"), snapshot).role is Role.PUPIL
    assert who(peer(name="chroom-2"), snapshot).role is Role.TEACHER


def test_a_device_that_was_taken_out_is_unknown_from_then_on() -> None:
    identity = Identity()
    sam = who(peer(name="chroom-1"), SCHOOL, identity)
    without = replace(SCHOOL, devices={name: one for name, one in SCHOOL.devices.items() if name != "chroom-1"})
    assert identity.again(sam, without, LESSON) == UNKNOWN
    assert who(peer(name="chroom-1"), without, identity) == UNKNOWN


def test_two_devices_at_one_address_are_only_what_they_share() -> None:
    twins = {"a": device("a", person="sam", addresses=("10.0.5.5",)), "b": device("b", addresses=("10.0.5.5",))}
    one = who(peer("10.0.5.5"), replace(SCHOOL, devices=twins))
    assert (one.device, one.person, one.groups) == (None, None, ("7",))
    twins["b"] = replace(twins["b"], group="8")
    assert who(peer("10.0.5.5"), replace(SCHOOL, devices=twins)).groups == ()


def test_the_key_is_read_whole() -> None:
    snapshot = replace(SCHOOL, devices={"d": device("d")})
    assert who(peer(name="d", key=KEY + "x"), snapshot) == UNKNOWN
    assert who(peer(name="d", key=KEY[:-1]), snapshot) == UNKNOWN
    assert who(peer(name="d", key=KEY), snapshot).device == "d"


# --- signed in on a shared computer -----------------------------------------------------------------------------------


def signed(*people: str, address: str = "10.0.7.31", snapshot: Snapshot = SCHOOL) -> Snapshot:
    start, end = LESSON - timedelta(minutes=5), LESSON + timedelta(minutes=5)
    leases = tuple(
        Lease("", person, start + timedelta(seconds=number), end, "", address, Strength.PROVED)
        for number, person in enumerate(people)
    )
    return replace(snapshot, state=replace(with_state().state, leases=leases))


@pytest.mark.parametrize("asking", [peer("10.0.7.31"), peer("::ffff:10.0.7.31"), peer("10.0.7.31", GROUP_7)])
def test_who_signed_in_at_an_address_is_claimed_there_and_never_proved(asking: Peer) -> None:
    noor = who(asking, signed("noor"))
    assert (noor.person, noor.groups, noor.device, noor.strength) == ("noor", ("7",), "cart", Strength.CLAIMED)
    assert who(peer("10.0.7.32"), signed("noor")).person is None


def test_also_where_only_a_port_or_nothing_tells_the_group() -> None:
    snapshot = signed("noor", address="192.168.1.77")
    for asking in (peer("192.168.1.77", GROUP_7), STRANGERS):
        noor = who(asking, snapshot)
        assert (noor.person, noor.groups, noor.device, noor.strength) == ("noor", ("7",), None, Strength.CLAIMED)


@pytest.mark.evasion("E24")
def test_two_who_are_in_at_one_address_are_nobody() -> None:
    both = who(peer("10.0.7.31"), signed("noor", "sam"))
    assert (both.person, both.groups, both.strength) == (None, ("7",), Strength.GROUP)


@pytest.mark.evasion("E24")
@pytest.mark.parametrize("address", ["10.0.7.2", "10.0.9.1", "10.0.7.99", "10.0.8.5"])
def test_a_sign_in_by_address_names_nobody_at_a_registered_device(address: str) -> None:
    assert who(peer(address), signed("noor", address=address)).person is None


@pytest.mark.evasion("E24")
def test_a_sign_in_by_address_makes_nobody_a_teacher_and_a_key_is_not_somebody_else_s() -> None:
    assert who(peer("10.0.7.31"), signed("anja")).person is None
    assert who(peer("10.0.7.31", name="chroom-1"), signed("noor")).person == "sam"
    assert who(Peer("c", "10.0.7.31", 8080, basic("chroom-1", "wrong")), signed("noor")) == UNKNOWN


def test_it_ends_for_what_is_open_too() -> None:
    snapshot, identity = signed("noor"), Identity({GROUP_7: "7"})
    noor, later = who(peer("10.0.7.31"), snapshot, identity), LESSON + timedelta(minutes=5)
    assert identity.changes_at(noor, snapshot, LESSON) == later
    assert identity.again(noor, snapshot, LESSON) == noor
    assert identity.again(noor, snapshot, later).person is None
    assert identity.again(noor, SCHOOL, LESSON).person is None
    assert identity.again(noor, signed("sam"), LESSON).person == "sam"
    before = who(peer("10.0.7.31"), SCHOOL, identity)
    assert identity.again(before, snapshot, LESSON).person == "noor", "and begins for what was open before"


def test_what_only_a_port_told_is_the_strictest_when_it_ended() -> None:
    snapshot, identity = signed("noor", address="192.168.1.77"), Identity({GROUP_7: "7"})
    noor = who(peer("192.168.1.77", GROUP_7), snapshot, identity)
    assert identity.again(noor, SCHOOL, LESSON) == UNKNOWN
    nobody = who(peer("192.168.1.77", GROUP_7), SCHOOL, identity)
    assert identity.again(nobody, SCHOOL, LESSON) == nobody


def test_a_sign_in_with_a_key_is_as_sure_as_its_proof() -> None:
    for proof in (Strength.CLAIMED, Strength.PROVED):
        lease = Lease("chroom-2", "noor", LESSON, LESSON + timedelta(minutes=5), "noor", "", proof)
        snapshot = replace(SCHOOL, state=replace(with_state().state, leases=(lease,)))
        noor = who(peer(name="chroom-2"), snapshot)
        assert (noor.person, noor.strength) == ("noor", proof)
        assert who(peer("10.0.7.2"), snapshot).strength is Strength.CLAIMED, "its address can be typed"


@pytest.mark.parametrize(
    ("asking", "spot"),
    [
        (peer(name="chroom-2"), ("chroom-2", "", "7", Strength.PROVED)),
        (peer("10.0.7.2"), ("chroom-2", "", "7", Strength.CLAIMED)),
        (peer("10.0.7.31"), ("", "10.0.7.31", "7", Strength.CLAIMED)),
        (peer("192.168.1.77", GROUP_7), ("", "192.168.1.77", "7", Strength.CLAIMED)),
        (STRANGERS, None),
        (peer(name="chroom-1"), None),
        (peer(name="board"), None),
        (peer(name="laptop-anja"), None),
        (peer("10.0.8.5"), None),
        (Peer("c", "10.0.7.31", 8080, basic("chroom-2", "wrong")), None),
        (peer("no address"), None),
    ],
)
def test_where_somebody_would_sign_in(asking: Peer, spot: tuple[object, ...] | None) -> None:
    assert Identity({GROUP_7: "7"}).spot(asking, SCHOOL, LESSON) == (None if spot is None else Spot(*spot))
    assert Identity().spot(asking, None, LESSON) is None


# --- devices that say where they are ----------------------------------------------------------------------------------


def there(*devices: str, address: str = "10.9.0.1", doubled: bool = False) -> Places:
    """Where these devices say to be, a minute ago by now."""
    until = LESSON + timedelta(seconds=60)
    places = Places()
    places.take([Bound(one, address, LESSON, LESSON, until, until if doubled else None) for one in devices], LESSON)
    return places


def bound_to(*devices: str, address: str = "10.9.0.1", doubled: bool = False) -> Identity:
    return Identity({GROUP_7: "7"}, places=there(*devices, address=address, doubled=doubled))


def test_a_device_that_says_where_it_is_is_proved_there_before_anything_by_address() -> None:
    sam = who(peer("10.9.0.1"), identity=bound_to("chroom-1"))
    assert (sam.person, sam.device, sam.strength) == ("sam", "chroom-1", Strength.PROVED)
    assert who(peer("10.0.7.2"), identity=bound_to("chroom-1", address="10.0.7.2")) == sam
    assert who(peer("10.9.0.1", GROUP_7), identity=bound_to("chroom-1")) == sam


@pytest.mark.evasion("E24")
def test_a_wrong_key_from_where_a_device_is_stays_wrong() -> None:
    assert who(peer("10.9.0.1", name="chroom-1", key="wrong"), identity=bound_to("chroom-1")) == UNKNOWN


def test_of_several_devices_at_one_address_only_what_they_share_is_known() -> None:
    one = who(peer("10.9.0.1"), identity=bound_to("chroom-1", "chroom-2"))
    assert (one.person, one.groups, one.device, one.strength) == (None, ("7",), None, Strength.GROUP)
    staff = who(peer("10.9.0.1"), identity=bound_to("chroom-1", "laptop-anja"))
    assert (staff.role, staff.person, staff.groups) == (Role.PUPIL, None, ())


@pytest.mark.evasion("E24")
def test_who_two_say_to_be_is_nobody_at_its_address_and_by_its_key() -> None:
    identity = bound_to("chroom-1", doubled=True)
    assert who(peer("10.9.0.1"), identity=identity) == UNKNOWN
    assert who(peer(name="chroom-1"), identity=identity) == UNKNOWN
    proved = who(peer(name="chroom-1"))
    assert identity.again(proved, SCHOOL, LESSON) == UNKNOWN
    assert who(peer(name="chroom-2"), identity=identity).device == "chroom-2"


def test_a_device_without_a_key_or_out_of_the_register_is_nowhere() -> None:
    assert who(peer("10.9.0.1"), identity=bound_to("cart", "gone")) == UNKNOWN


def test_what_is_open_is_asked_again_by_who_is_there_now() -> None:
    places = there("chroom-1")
    identity = Identity(places=places)
    sam, stranger = who(peer("10.9.0.1"), identity=identity), who(peer("10.9.0.2"), identity=identity)
    fixed = who(peer("10.0.7.2"), identity=identity)
    assert identity.again(sam, SCHOOL, LESSON) == sam
    later = LESSON + timedelta(seconds=60)
    after = identity.again(sam, SCHOOL, later)
    assert (after.person, after.strength) == (None, Strength.GROUP), "its agent is silent"
    until = later + timedelta(seconds=60)
    moved = [Bound("chroom-1", at, later, later, until) for at in ("10.9.0.2", "10.0.7.2")]
    assert places.take(moved, later) == {"10.9.0.1", "10.9.0.2", "10.0.7.2"}
    assert identity.again(stranger, SCHOOL, later).person == "sam"
    assert identity.again(fixed, SCHOOL, later).person == "sam"


def test_whoever_reads_where_devices_are_hears_what_changed_and_no_more() -> None:
    places = there("chroom-1")
    known = [Bound("chroom-1", "10.9.0.1", LESSON, LESSON, LESSON + timedelta(seconds=60))]
    assert places.take(known, LESSON) == frozenset()
    two = [replace(one, doubled=LESSON + timedelta(minutes=5)) for one in known]
    assert places.take(two, LESSON) is None, "its key may be used anywhere"
    assert places.wear(LESSON + timedelta(seconds=59)) == frozenset()
    assert places.wear(LESSON + timedelta(seconds=60)) == {"10.9.0.1"}
    assert places.wear(LESSON + timedelta(minutes=5)) is None


def test_a_pupil_signs_in_on_the_shared_device_that_says_it_is_there() -> None:
    spot = bound_to("chroom-2").spot(peer("10.9.0.1"), SCHOOL, LESSON)
    assert spot == Spot("chroom-2", "", "7", Strength.PROVED)
    assert bound_to("chroom-1").spot(peer("10.9.0.1"), SCHOOL, LESSON) is None, "it is Sam's own"
    assert bound_to("chroom-2", "chroom-1").spot(peer("10.9.0.1"), SCHOOL, LESSON) is None
