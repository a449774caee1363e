"""Devices are enrolled with a code that works once, and pupils sit at them for a while."""

from __future__ import annotations

import hashlib
import re
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from policy.model import Device, DeviceClass, Lease
from store import Store
from store.devices import Enrolled
from store.tables import codes
from tests.cast import KNOWLEDGE, at
from tests.store.school import NOW, SCHOOL, settle

BOARD = Device("board", "Digibord 7", DeviceClass.DIGIBOARD, "7", None, ("10.0.7.0/24", "fd00:7::/64"), (8107,))


def test_a_registered_device_is_in_the_snapshot(store: Store) -> None:
    settle(store)
    store.devices.put(SCHOOL, BOARD, "cor", NOW)
    assert store.snapshot(SCHOOL, KNOWLEDGE, NOW).devices["board"] == BOARD
    store.devices.put(SCHOOL, replace(BOARD, group="8"), "cor", NOW)
    assert [one.device.group for one in store.devices.registered(SCHOOL)] == ["7", "8"]
    assert store.devices.remove(SCHOOL, "board", "cor", NOW)
    assert not store.devices.remove(SCHOOL, "board", "cor", NOW)
    assert "board" not in store.snapshot(SCHOOL, KNOWLEDGE, NOW).devices


def test_a_code_gives_a_key_once(store: Store) -> None:
    settle(store)
    code = store.devices.make_code(SCHOOL, "chroom-1", "cor", NOW)
    assert code is not None
    assert re.fullmatch(r"[2-9A-Z]{4}-[2-9A-Z]{4}", code.code)
    assert not set("0O1ILUV") & set(code.code)
    before = store.revision(SCHOOL)
    enrolled = store.devices.enrol(SCHOOL, f"  {code.code.lower().replace('-', ' ')} ", at("09:20"))
    assert enrolled is not None and enrolled.device == "chroom-1"
    found = store.snapshot(SCHOOL, KNOWLEDGE, NOW).devices["chroom-1"]
    assert found.key_hash == hashlib.sha256(enrolled.key.encode()).hexdigest()
    assert store.revision(SCHOOL) == before + 1
    assert store.devices.enrol(SCHOOL, code.code, at("09:20")) is None, "a second time"
    kept = store.devices.get(SCHOOL, "chroom-1")
    assert kept is not None and (kept.enrolled, kept.last_seen) == (at("09:20"), at("09:20"))


def test_a_wrong_old_or_replaced_code_gives_nothing(store: Store) -> None:
    settle(store)
    first = store.devices.make_code(SCHOOL, "chroom-1", "cor", NOW)
    second = store.devices.make_code(SCHOOL, "chroom-1", "cor", NOW)
    assert first is not None and second is not None
    assert store.devices.enrol(SCHOOL, "AAAA-AAAA", NOW) is None
    assert store.devices.enrol(SCHOOL, "", NOW) is None
    assert store.devices.enrol(SCHOOL, first.code, NOW) is None
    assert store.devices.enrol("other", second.code, NOW) is None
    assert store.devices.enrol(SCHOOL, second.code, NOW + timedelta(minutes=30)) is None
    assert store.devices.make_code(SCHOOL, "unknown", "cor", NOW) is None


def test_a_code_says_what_it_is_for_and_is_not_spent_by_that(store: Store) -> None:
    settle(store)
    code = store.devices.make_code(SCHOOL, "chroom-1", "cor", NOW)
    assert code is not None
    before = store.revision(SCHOOL)
    for _ in range(2):
        assert store.devices.of_code(SCHOOL, f" {code.code.lower()} ", NOW) == "chroom-1"
    assert store.revision(SCHOOL) == before
    late = NOW + timedelta(minutes=30)
    wrong = (("other", code.code, NOW), (SCHOOL, "AAAA-AAAA", NOW), (SCHOOL, "", NOW), (SCHOOL, code.code, late))
    assert [store.devices.of_code(*one) for one in wrong] == [None] * 4
    assert store.devices.enrol(SCHOOL, code.code, NOW) is not None
    assert store.devices.of_code(SCHOOL, code.code, NOW) is None, "used"


def test_of_two_that_type_the_same_code_one_gets_the_key(store: Store) -> None:
    settle(store)
    code = store.devices.make_code(SCHOOL, "chroom-1", "cor", NOW)
    assert code is not None
    got: list[Enrolled | None] = []
    typists = [
        threading.Thread(target=lambda: got.append(store.devices.enrol(SCHOOL, code.code, NOW))) for _ in range(4)
    ]
    for typist in typists:
        typist.start()
    for typist in typists:
        typist.join(20)
    assert len(got) == 4
    assert len([one for one in got if one]) == 1


def test_code_and_key_are_nowhere_in_the_database(store: Store) -> None:
    settle(store)
    code = store.devices.make_code(SCHOOL, "chroom-1", "cor", NOW)
    assert code is not None
    with store.database.read() as connection:
        kept = connection.execute(codes.select()).one()
    assert code.code not in str(kept) and code.code.replace("-", "") not in str(kept)


def test_a_device_brings_its_public_key_and_a_new_enrolment_ends_the_old_one(store: Store) -> None:
    settle(store)
    assert store.devices.public_key(SCHOOL, "chroom-1") is None
    assert store.devices.public_key(SCHOOL, "unknown") is None
    for public_key in ("first", "second", None):
        code = store.devices.make_code(SCHOOL, "chroom-1", "cor", NOW)
        assert code is not None and store.devices.enrol(SCHOOL, code.code, NOW, public_key)
        assert store.devices.public_key(SCHOOL, "chroom-1") == public_key
        assert store.devices.public_key("other", "chroom-1") is None


def test_a_device_that_takes_itself_out_stays_in_the_register_without_keys(store: Store) -> None:
    settle(store)
    code = store.devices.make_code(SCHOOL, "chroom-1", "cor", NOW)
    assert code is not None and store.devices.enrol(SCHOOL, code.code, NOW, "public")
    before = store.revision(SCHOOL)
    assert store.devices.unenrol(SCHOOL, "chroom-1", NOW)
    assert store.revision(SCHOOL) == before + 1
    found = store.devices.get(SCHOOL, "chroom-1")
    assert found is not None and (found.device.key_hash, found.enrolled) == (None, None)
    assert store.devices.public_key(SCHOOL, "chroom-1") is None
    assert not store.devices.unenrol(SCHOOL, "chroom-1", NOW), "a second time"
    assert not store.devices.unenrol(SCHOOL, "unknown", NOW)
    assert store.audit.entries(SCHOOL)[0].what == "device.unenrol"


def test_changing_a_device_keeps_its_key(store: Store) -> None:
    settle(store)
    code = store.devices.make_code(SCHOOL, "chroom-1", "cor", NOW)
    assert code is not None and store.devices.enrol(SCHOOL, code.code, NOW, "public")
    store.devices.put(SCHOOL, Device("chroom-1", "Nieuwe naam", DeviceClass.PUPIL, "8"), "cor", NOW)
    found = store.devices.get(SCHOOL, "chroom-1")
    assert found is not None and found.device.name == "Nieuwe naam" and found.device.key_hash
    assert store.devices.public_key(SCHOOL, "chroom-1") == "public"


def test_being_seen_is_noted_and_is_no_change(store: Store) -> None:
    settle(store)
    pulse = store.pulse(SCHOOL)
    store.devices.seen(SCHOOL, {"chroom-1": at("09:10"), "unknown": at("09:10")})
    store.devices.seen(SCHOOL, {"chroom-1": at("09:05")})
    store.devices.seen(SCHOOL, {})
    found = store.devices.get(SCHOOL, "chroom-1")
    assert found is not None and found.last_seen == at("09:10")
    assert store.pulse(SCHOOL) == pulse


def test_a_new_lease_ends_the_one_that_runs(store: Store) -> None:
    settle(store)
    store.devices.lease(SCHOOL, Lease("chroom-1", "sam", NOW, at("10:15"), "anja"), NOW)
    second = Lease("chroom-1", "noor", at("09:10"), at("10:15"), "anja")
    assert store.devices.lease(SCHOOL, second, at("09:10"))
    assert store.snapshot(SCHOOL, KNOWLEDGE, at("09:10")).state.leases == (second,)
    assert store.devices.leases(SCHOOL, at("10:15")) == ()
    assert not store.devices.lease(SCHOOL, replace(second, device="unknown"), NOW)
    with pytest.raises(ValueError, match="ends after"):
        store.devices.lease(SCHOOL, replace(second, end=at("09:10")), NOW)
