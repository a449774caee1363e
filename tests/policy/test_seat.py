"""Who sits at a device that proved itself: the laptop and the network say the same."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace

import pytest

from policy.model import Device, DeviceClass, Lease, Role, Snapshot, Strength
from policy.seat import live_at, seated
from proxy_addons.facts import Peer
from proxy_addons.identity import Identity
from tests.cast import LESSON, SNAPSHOT, at

KEY = "a-key"


def school(device: Device, *leases: Lease) -> Snapshot:
    device = replace(device, key_hash=hashlib.sha256(KEY.encode()).hexdigest())
    return replace(SNAPSHOT, devices={device.id: device}, state=replace(SNAPSHOT.state, leases=leases))


def device(kind: DeviceClass = DeviceClass.PUPIL, group: str | None = "7", person: str | None = None) -> Device:
    return Device("d", "Apparaat", kind, group, person)


def at_d(person: str, start: str = "08:30", end: str = "10:00") -> Lease:
    return Lease("d", person, at(start), at(end), "anja")


SEATS = {
    "a laptop of its own": (device(person="sam"), ()),
    "a laptop of the group": (device(), ()),
    "a laptop of nobody": (device(group=None), ()),
    "somebody put at it": (device(person="sam"), (at_d("noor"),)),
    "its owner put at it": (device(person="sam"), (at_d("sam"),)),
    "the latest put at it": (device(), (at_d("noor"), at_d("sam", "08:45"))),
    "the time is over": (device(person="sam"), (at_d("noor", "08:00", "08:30"),)),
    "somebody who left school": (device(person="sam"), (at_d("weg"),)),
    "an owner who left school": (device(person="weg"), ()),
    "a teacher owns the cart": (device(person="anja"), ()),
    "a teacher at a pupil's laptop": (device(), (at_d("anja"),)),
    "a teacher's laptop": (device(DeviceClass.STAFF, None, "anja"), ()),
    "a laptop of the staff room": (device(DeviceClass.STAFF, None), ()),
    "a digiboard": (device(DeviceClass.DIGIBOARD), ()),
    "a printer": (device(DeviceClass.INFRASTRUCTURE, None), ()),
    "a phone": (device(DeviceClass.PHONE, person="noor"), ()),
}


@pytest.mark.parametrize("case", SEATS)
def test_the_laptop_and_the_network_agree_on_who_sits_there(case: str) -> None:
    thing, leases = SEATS[case]
    whole = school(thing, *leases)
    credentials = "Basic " + base64.b64encode(f"d:{KEY}".encode()).decode()
    assert seated(whole, whole.devices["d"], LESSON) == Identity().of(Peer("c", "", 1, credentials), whole, LESSON)


def test_a_pupil_whom_a_teacher_put_there_is_claimed_and_an_owner_is_proved() -> None:
    claimed = school(device(person="sam"), at_d("noor"))
    assert (
        seated(claimed, claimed.devices["d"], LESSON).person,
        seated(claimed, claimed.devices["d"], LESSON).strength,
    ) == (
        "noor",
        Strength.CLAIMED,
    )
    owned = school(device(person="sam"))
    assert seated(owned, owned.devices["d"], LESSON).strength is Strength.PROVED
    both = school(device(person="sam"), at_d("sam"))
    assert seated(both, both.devices["d"], LESSON) == seated(owned, owned.devices["d"], LESSON)


@pytest.mark.parametrize("proof", [Strength.CLAIMED, Strength.PROVED])
def test_who_signed_in_is_as_sure_as_the_sign_in(proof: Strength) -> None:
    signed = school(device(), replace(at_d("noor"), by="noor", proof=proof))
    found = seated(signed, signed.devices["d"], LESSON)
    assert (found.person, found.strength) == ("noor", proof)


def test_of_two_at_one_address_neither_sits_there() -> None:
    first = Lease("", "noor", at("08:30"), at("10:00"), "noor", "10.0.7.31")
    assert live_at([first], LESSON) == first
    assert live_at([first, replace(first, person="sam", start=at("08:45"))], LESSON) is None
    assert live_at([first], at("10:00")) is None and live_at([], LESSON) is None


def test_staff_who_own_a_pupils_device_are_not_sitting_there() -> None:
    whole = school(device(person="anja"))
    assert seated(whole, whole.devices["d"], LESSON).role is Role.PUPIL
