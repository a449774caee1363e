"""The companion extension at the guard: nobody else is answered, the badge tells what holds, and its word seats."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cli.extension import Made, prepared
from cli.home import Home
from config.settings import Listen, Settings
from policy import signed
from policy.model import Sanction, SanctionTarget, Strength
from policy.proof import text_of
from proxy_addons.companion import PATH
from proxy_addons.facts import Answer, Peer
from proxy_addons.gate import Gate, Options, open_gate
from proxy_addons.names.front import place_of
from tests.cast import EVENING, KNOWLEDGE, LESSON, at
from tests.proxy_addons.asking import GROUP_7, KEYED, Guard, answered, device, exchange, peer
from tests.store.school import SCHOOL

PUPILS = "wacht.klaswacht.internal"
URL = f"https://{PUPILS}{PATH}"
WITHIN = 30.0  # seconds: a ceiling on a busy machine
KNOWN = replace(KNOWLEDGE, own_hosts=frozenset({"klaswacht.internal"}))
CHROMEBOOK = peer("10.0.7.2")  # chroom-2, by an address of its own


@dataclass
class School:
    """A guard that hands out an extension; `key` is that of one Chromebook's browser."""

    guard: Guard
    home: Home
    made: Made
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    def open(self) -> Gate:
        settings = Settings(listen=Listen())
        options = Options(
            SCHOOL, "nl", frozenset({KEYED}), {GROUP_7: "7"}, b"s" * 32, place_of(settings, self.home.path)
        )
        return open_gate(self.guard.store, KNOWN, replace(options, home=self.home.path), self.guard.clock)

    def run[T](self, work: Callable[[Gate], Awaitable[T]]) -> T:
        """Do something with a started gate."""

        async def main() -> T:
            gate = self.open()
            await gate.start()
            try:
                return await work(gate)
            finally:
                await gate.stop()

        return asyncio.run(main())

    async def known(self, gate: Gate, wanted: str) -> str:
        """Who asks as the guard sees it, which hears of a change in a moment."""
        async with asyncio.timeout(WITHIN):
            while (found := str(told(await self.asks(gate))["known"])) != wanted:
                await asyncio.sleep(0.01)
        return found

    @property
    def origin(self) -> str:
        return f"chrome-extension://{self.made.id}"

    async def asks(
        self, gate: Gate, body: dict[str, str] | None = None, who: Peer = CHROMEBOOK, url: str = URL, **headers: str
    ) -> Answer:
        sent = {"origin": self.origin, "sec-fetch-site": "cross-site", "sec-fetch-dest": "empty", **headers}
        asked = exchange(url, who, headers=sent)
        if body is not None:
            asked = replace(asked, method="POST", body=json.dumps(body).encode())
        return await answered(gate, asked)

    async def enrols(self, gate: Gate, name: str = "chroom-2") -> Answer:
        code = self.guard.store.devices.make_code(SCHOOL, name, "cor", self.guard.clock.now)
        assert code is not None
        key = text_of(self.key.public_key().public_bytes_raw())
        return await self.asks(gate, {"do": "enrol", "code": code.code, "key": key})

    async def sits(
        self, gate: Gate, said: str = "sam.b", name: str = "chroom-2", who: Peer = CHROMEBOOK, **changes: str
    ) -> Answer:
        """The extension tells who signed in."""
        number = str(told(await self.asks(gate, who=who))["number"])
        signature = text_of(self.key.sign(signed.lease(SCHOOL, name, said, number)))
        lease = {"do": "lease", "device": name, "account": said, "number": number, "signature": signature}
        return await self.asks(gate, lease | changes, who)


def told(answer: Answer) -> dict[str, object]:
    found = json.loads(answer.body)
    assert isinstance(found, dict)
    return found


@pytest.fixture
def school(guard: Guard, tmp_path: Path) -> School:
    home = Home(tmp_path / "home")
    home.prepare()
    guard.store.print_accounts.put(SCHOOL, {"sam": "sam.b", "noor": "noor.d"}, "cor", guard.clock.now)
    return School(guard, home, prepared(home, Settings(listen=Listen())))


# --- who is answered --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin", ["", "https://rekenrijk.test", f"https://{PUPILS}", "null", "chrome-extension://" + "a" * 32]
)
def test_a_page_of_any_site_and_another_extension_hear_nothing(school: School, origin: str) -> None:
    answer = school.run(lambda gate: school.asks(gate, origin=origin))
    assert answer.status == 403 and told(answer) == {}
    assert "Access-Control-Allow-Origin" not in dict(answer.headers)


def test_on_a_sites_own_address_nothing_is_told_either(school: School) -> None:
    answer = school.run(lambda gate: school.asks(gate, url=f"https://rekenrijk.test{PATH}"))
    assert answer.status == 403 and told(answer) == {}


def test_only_the_schools_own_extension_may_read_the_answer_and_that_to_a_beat(school: School) -> None:
    async def both(gate: Gate) -> list[Answer]:
        return [await school.asks(gate), await school.asks(gate, {}, url=f"https://{PUPILS}/_klaswacht/beat")]

    for answer in school.run(both):
        assert dict(answer.headers)["Access-Control-Allow-Origin"] == school.origin


# --- the badge --------------------------------------------------------------------------------------------------------


def test_the_badge_tells_what_is_open_and_until_when(school: School) -> None:
    end = LESSON + timedelta(minutes=20)
    school.guard.grant(sites=("social.com",), end=end)
    badge = told(school.run(school.asks))
    assert badge["count"] == int(end.timestamp())
    assert {"text": "social.com", "until": "Tot 09:20 uur."} in badge["items"]
    assert "Het is nu les." in str(badge["title"])


def test_no_name_and_no_ban_is_on_the_badge(school: School) -> None:
    now = school.guard.clock.now
    ban = Sanction("", "sam", SanctionTarget.CHROMEBOOK, now, now + timedelta(days=2), "anja")
    school.guard.store.measures.add_sanction(SCHOOL, ban, now)
    body = school.run(lambda gate: school.asks(gate, who=peer(name="chroom-1"))).body.decode()
    assert "sam" not in body.lower() and "dicht voor jou" not in body and "ban" not in body
    assert told(school.run(lambda gate: school.asks(gate, who=peer(name="chroom-1"))))["title"] == "Mijn afspraken"


def test_a_teachers_laptop_has_no_badge(school: School) -> None:
    assert "title" not in told(school.run(lambda gate: school.asks(gate, who=peer(name="laptop-anja"))))


# --- key and lease ----------------------------------------------------------------------------------------------------


def test_a_signed_word_seats_the_pupil_for_the_lesson_and_the_proxy_knows_who_asks(school: School) -> None:
    async def signs_in(gate: Gate) -> list[object]:
        assert (await school.enrols(gate)).status == 200
        before = told(await school.asks(gate))["known"]
        answer = await school.sits(gate)
        return [before, answer.status, told(answer)["until"], await school.known(gate, "person")]

    before, status, until, after = school.run(signs_in)
    assert (before, status, after) == ("device", 200, "person")
    assert until == int(at("10:15").timestamp())
    (here,) = school.guard.store.sign_ins.here(SCHOOL, "chroom-2", "", LESSON)
    assert (here.person, here.proof) == ("sam", Strength.CLAIMED)  # by its address: nobody is proved by one


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"account": "noor.d"}, 401),
        ({"device": "chroom-1"}, 401),
        ({"number": "9999999999.ab"}, 425),
        ({"signature": "AAAA"}, 401),
        ({"signature": ""}, 401),
    ],
)
def test_what_was_not_signed_just_so_seats_nobody(school: School, changes: dict[str, str], status: int) -> None:
    async def signs_in(gate: Gate) -> Answer:
        await school.enrols(gate)
        return await school.sits(gate, **changes)

    assert school.run(signs_in).status == status
    assert school.guard.store.sign_ins.here(SCHOOL, "chroom-2", "", LESSON) == ()


def test_a_browser_that_was_not_enrolled_seats_nobody(school: School) -> None:
    assert school.run(school.sits).status == 401


def test_a_number_of_one_place_is_of_no_use_at_another(school: School) -> None:
    async def caught(gate: Gate) -> Answer:
        await school.enrols(gate)
        number = str(told(await school.asks(gate))["number"])
        signature = text_of(school.key.sign(signed.lease(SCHOOL, "chroom-2", "sam.b", number)))
        lease = {"do": "lease", "device": "chroom-2", "account": "sam.b", "number": number, "signature": signature}
        return await school.asks(gate, lease, peer("10.0.7.50"))

    assert school.run(caught).status == 425


def test_another_devices_key_seats_nobody_here(school: School) -> None:
    school.guard.store.devices.put(SCHOOL, device("chroom-9"), "cor", LESSON)

    async def signs_in(gate: Gate) -> Answer:
        await school.enrols(gate, "chroom-9")
        return await school.sits(gate, name="chroom-9")

    assert school.run(signs_in).status == 403
    assert school.guard.store.sign_ins.here(SCHOOL, "chroom-2", "", LESSON) == ()


@pytest.mark.parametrize("account", ["mees", "sam.b@gmail.com", "", "anja"])
def test_an_account_that_is_no_pupils_of_ours_seats_nobody(school: School, account: str) -> None:
    async def signs_in(gate: Gate) -> Answer:
        await school.enrols(gate)
        return await school.sits(gate, account)

    assert school.run(signs_in).status == 403


def test_when_there_is_no_school_nobody_keeps_who_sits_where(school: School) -> None:
    async def signs_in(gate: Gate) -> Answer:
        await school.enrols(gate)
        school.guard.clock.now = EVENING
        return await school.sits(gate)

    assert told(school.run(signs_in)) == {"why": "outside"}
    assert school.guard.store.sign_ins.here(SCHOOL, "chroom-2", "", LESSON) == ()


def test_a_code_of_a_teachers_laptop_is_not_spent_on_a_chromebook(school: School) -> None:
    assert school.run(lambda gate: school.enrols(gate, "laptop-anja")).status == 403
    assert school.guard.store.devices.public_key(SCHOOL, "laptop-anja") is None


def test_nothing_of_it_is_an_event(school: School) -> None:
    async def all_of_it(gate: Gate) -> None:
        await school.enrols(gate)
        await school.sits(gate)
        await school.sits(gate, "mees")

    school.run(all_of_it)
    assert school.guard.events() == []
