"""A telephone that asks itself in: the code of its place in the register, typed on the telephone itself."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from policy.model import DeviceClass, Reason
from proxy_addons.facts import Answer
from proxy_addons.gate import Gate
from tests.cast import LESSON
from tests.proxy_addons.asking import Guard, device, peer, plain, token_of
from tests.proxy_addons.test_leases import HIDDEN, OWN
from tests.proxy_addons.test_strangers import KNOWN, NEW, SHY, STRANGE, notices, reason, school
from tests.store.school import SCHOOL

__all__ = ["school"]
FORM = "http://leren.nl/_klaswacht/toestel"


@pytest.fixture
def noors(school: Guard) -> Guard:
    """Noor has a telephone in the register, of which nobody knows the hardware address yet."""
    phone = device("noors-phone", DeviceClass.PHONE, person="noor", addresses=(), key_hash=None)
    school.store.devices.put(SCHOOL, phone, "cor", LESSON)
    return school


def code(guard: Guard, name: str) -> str:
    made = guard.store.devices.make_code(SCHOOL, name, "cor", LESSON)
    assert made is not None
    return made.code


def joined(guard: Guard, typed: str, address: str = SHY) -> str:
    """What the page says after a code was typed on the device at an address."""

    async def work(gate: Gate) -> Answer | None:
        shown = (await gate.ask(plain(FORM, who=peer(address)))).answer
        assert shown is not None
        form = {**token_of(shown), "code": typed}
        return (await gate.ask(plain(FORM, form, who=peer(address)))).answer

    answer = guard.run(work)
    assert answer is not None
    return unescape(answer.body.decode())


def known(guard: Guard, name: str) -> tuple[str, ...]:
    found = guard.store.devices.get(SCHOOL, name)
    assert found is not None
    return found.device.addresses


def test_the_page_of_a_phone_that_hides_leads_to_where_it_asks_itself_in(noors: Guard) -> None:
    answer = noors.ask(plain("http://leren.nl/", who=peer(SHY))).answer
    assert answer is not None and b'href="/_klaswacht/toestel"' in answer.body


def test_a_phone_that_types_its_code_is_known_and_still_off(noors: Guard) -> None:
    assert "School kent deze telefoon nu" in joined(noors, code(noors, "noors-phone").lower())
    assert known(noors, "noors-phone") == (HIDDEN,)
    request = noors.ask(plain("http://leren.nl/", who=peer(SHY))).request
    assert request is not None and (request.who.person, request.who.device) == ("noor", "noors-phone")
    assert reason(noors, SHY) is Reason.PHONE, "being known opens nothing"
    assert {row[1:] for row in notices(noors)} == {(None, None, None)}


def test_a_phone_that_made_up_another_address_asks_itself_in_again(noors: Guard) -> None:
    joined(noors, code(noors, "noors-phone"))
    joined(noors, code(noors, "noors-phone"), NEW)
    assert known(noors, "noors-phone") == (STRANGE,), "what it made up before is nobody's"


def test_a_code_is_for_once_and_a_wrong_one_changes_nothing(noors: Guard) -> None:
    once = code(noors, "noors-phone")
    joined(noors, once)
    for typed in (once, "AAAA-AAAA", ""):
        assert "Deze code klopt niet" in joined(noors, typed, NEW)
    assert known(noors, "noors-phone") == (HIDDEN,)


def test_the_code_of_a_computer_makes_no_telephone_that_computer(noors: Guard) -> None:
    before = known(noors, "chroom-2")
    once = code(noors, "chroom-2")
    assert "Deze code is van een ander toestel" in joined(noors, once)
    assert known(noors, "chroom-2") == before
    enrolled = noors.store.devices.enrol(SCHOOL, once, LESSON)
    assert enrolled is not None and enrolled.device == "chroom-2", "the code is as good as it was"


def test_a_phone_that_is_somebodys_does_not_become_anothers(noors: Guard) -> None:
    once = code(noors, "noors-phone")
    assert "Deze code is van een ander toestel" in joined(noors, once, KNOWN)
    assert (known(noors, "noors-phone"), known(noors, "sams-phone")) == ((), (OWN,))
    assert "School kent deze telefoon nu" in joined(noors, once), "on the right one after all"


def test_a_device_that_no_lease_tells_of_cannot_be_tied(noors: Guard) -> None:
    assert "School ziet niet welk toestel dit is" in joined(noors, code(noors, "noors-phone"), "10.77.0.99")
    noors.dhcp = replace(noors.dhcp, leases=(Path("/nowhere/dnsmasq.leases"),))
    assert "School ziet niet welk toestel dit is" in joined(noors, code(noors, "noors-phone"))


def test_the_form_must_be_ours_and_nobody_tries_codes_for_long(noors: Guard) -> None:
    async def work(gate: Gate) -> list[int]:
        shown = (await gate.ask(plain(FORM, who=peer(SHY)))).answer
        assert shown is not None
        mine = token_of(shown)
        sent = [
            plain(FORM, {"code": "x"}, who=peer(SHY)),
            plain(FORM, {**mine, "code": "x"}, who=peer(SHY), **{"sec-fetch-site": "cross-site"}),
            *[plain(FORM, {**mine, "code": "x"}, who=peer(SHY)) for _ in range(12)],
        ]
        answers = [(await gate.ask(one)).answer for one in sent]
        return [answer.status for answer in answers if answer is not None]

    foreign, other, *tries = noors.run(work)
    assert (foreign, other) == (403, 403) and tries[0] == 403 and tries[-1] == 429
