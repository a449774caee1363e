"""A laptop says that it is here: from then on its traffic is its own, and nobody else's beat makes it so."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from agent.signing import DeviceKey
from policy import signed
from policy.binding import LIFE
from policy.model import Principal, Strength
from proxy_addons import beating
from proxy_addons.facts import Answer, Exchange, Peer
from proxy_addons.gate import Gate
from proxy_addons.identity import UNKNOWN
from store.events import What
from tests.cast import LESSON
from tests.proxy_addons.asking import DEVICES, KEYED, NEVER, Clock, Guard, answered, exchange, peer, said
from tests.store.school import SCHOOL

HOME, ELSEWHERE = "10.9.0.1", "10.9.0.2"
URL = "http://wacht.klaswacht.internal/_klaswacht/beat"
SECOND = timedelta(seconds=1)
NONE = {"device": "x", "at": 1, "nonce": "a", "revision": 0, "signature": "a"}
DEVICE = DEVICES[0]


class Laptop:
    """Signs as `docs/decisions/0041-heartbeats.md` says, by a clock of its own."""

    def __init__(self, clock: Callable[[], datetime], device: str = "chroom-1") -> None:
        self.device, self.key, self.clock = device, DeviceKey(DeviceKey.make()), clock
        self.number = ""

    def enrol(self, guard: Guard) -> Laptop:
        code = guard.store.devices.make_code(SCHOOL, self.device, "cor", guard.clock.now)
        assert code is not None
        assert guard.store.devices.enrol(SCHOOL, code.code, guard.clock.now, self.key.public)
        return self

    def beat(self, revision: int = 0, lies: dict | None = None, **changes: object) -> bytes:
        at = signed.moment_number(self.clock())
        said = {"device": self.device, "at": at, "nonce": self.number, "revision": revision, **changes}
        statement = signed.beat(SCHOOL, str(said["device"]), at, str(said["nonce"]), revision)
        return json.dumps({"signature": self.key.sign(statement), **said, **(lies or {})}).encode()

    async def says(self, gate: Gate, address: str = HOME, revision: int = 0) -> Answer:
        """Beat, with a number from the guard."""
        if not self.number:
            self.number = str(said(await post(gate, self.beat(), address))["nonce"])
        return await post(gate, self.beat(revision), address)


async def post(gate: Gate, body: bytes, address: str = HOME) -> Answer:
    return await answered(gate, beaten(body, address))


def beaten(body: bytes, address: str = HOME) -> Exchange:
    return exchange(URL, peer(address), method="POST", headers={"content-type": "application/json"}, body=body)


async def who(gate: Gate, asking: Peer) -> Principal:
    """For whom the guard takes a peer, by what it last read."""
    await gate.following.look()
    return gate._who(asking)


@pytest.fixture
def laptop(guard: Guard) -> Laptop:
    return Laptop(ticking(guard.clock)).enrol(guard)


def ticking(clock: Clock) -> Callable[[], datetime]:
    """A laptop's clock, which moves a little with every look."""
    ticks = iter(range(1, 10_000))
    return lambda: clock.now + timedelta(milliseconds=next(ticks))


def test_a_laptop_that_beats_is_proved_at_its_address_for_a_minute(guard: Guard, laptop: Laptop) -> None:
    async def work(gate: Gate) -> None:
        assert (await who(gate, peer(HOME))) == UNKNOWN
        answer = await laptop.says(gate)
        assert answer.status == 200 and said(answer)["held"] is True
        sam = gate._who(peer(HOME))
        assert (sam.person, sam.device, sam.groups, sam.strength) == ("sam", "chroom-1", ("7",), Strength.PROVED)
        assert gate._who(peer(f"::ffff:{HOME}")) == sam
        assert gate._who(peer(ELSEWHERE)) == UNKNOWN
        guard.clock.now += LIFE
        assert gate._who(peer(HOME)) == UNKNOWN, "also when nobody looked again"
        assert guard.store.devices.last_seen(SCHOOL, ["chroom-1"]) == {"chroom-1": LESSON}

    guard.run(work)


def test_another_worker_knows_it_too(guard: Guard, laptop: Laptop) -> None:
    async def work(gate: Gate) -> None:
        other = guard.open()
        await other.start()
        try:
            await laptop.says(gate)
            async with asyncio.timeout(NEVER):
                while other._who(peer(HOME)) == UNKNOWN:
                    await asyncio.sleep(0.05)
            assert other._who(peer(HOME)).strength is Strength.PROVED
            assert (await laptop.says(other)).status == 200, "with a number of its brother"
        finally:
            await other.stop()

    guard.run(work)


@pytest.mark.evasion("E24")
def test_what_was_caught_on_its_way_binds_no_other_address(guard: Guard, laptop: Laptop) -> None:
    async def work(gate: Gate) -> None:
        await laptop.says(gate)
        caught = laptop.beat()
        assert (await post(gate, caught, ELSEWHERE)).status == 425
        other = guard.open()
        await other.start()
        try:
            assert (await post(other, caught, ELSEWHERE)).status == 425
        finally:
            await other.stop()
        assert (await who(gate, peer(ELSEWHERE))) == UNKNOWN

    guard.run(work)


def test_the_same_beat_again_makes_no_minute_longer(guard: Guard, laptop: Laptop) -> None:
    async def work(gate: Gate) -> None:
        await laptop.says(gate)
        last = laptop.beat()
        assert (await post(gate, last)).status == 200
        guard.clock.now += 50 * SECOND
        again = await post(gate, last)
        assert again.status == 425 and said(again)["after"] == json.loads(last)["at"]
        guard.clock.now += 11 * SECOND
        assert (await who(gate, peer(HOME))) == UNKNOWN

    guard.run(work)


@pytest.mark.parametrize("off", [timedelta(hours=-3), timedelta(seconds=61), timedelta(days=400)])
def test_a_laptop_whose_clock_is_wrong_hears_the_time_and_comes_in(guard: Guard, off: timedelta) -> None:
    laptop = Laptop(lambda: guard.clock.now + off).enrol(guard)

    async def work(gate: Gate) -> None:
        first = said(await laptop.says(gate))
        assert datetime.fromisoformat(str(first["now"])) == guard.clock.now and "held" not in first
        laptop.clock, laptop.number = guard.clock, str(first["nonce"])
        assert (await laptop.says(gate)).status == 200

    guard.run(work)


@pytest.mark.parametrize(
    "changes", [{"signature": "A" * 86}, {"revision": 7}, {"device": "chroom-2"}, {"device": "nobody"}]
)
@pytest.mark.evasion("E24")
def test_what_is_not_signed_by_the_device_changes_nothing(guard: Guard, laptop: Laptop, changes: dict) -> None:
    async def work(gate: Gate) -> None:
        device = changes.get("device", laptop.device)
        number = said(await post(gate, laptop.beat(device=device)))["nonce"]
        refused = await post(gate, laptop.beat(nonce=number, device=device, lies=changes))
        assert (refused.status, said(refused)) == (401, {})
        assert guard.store.bindings.live(SCHOOL, LESSON) == ()

    guard.run(work)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b"{", b"[" * 2000, b"[" * 3000),
        *(json.dumps({**NONE, "at": at}).encode() for at in (1e9, True, "1", -5, 10**18, None)),
        *(json.dumps({**NONE, "device": device}).encode() for device in ("\ud800", "\x00", "", "x" * 201)),
    ],
)
def test_what_is_no_beat_is_told_so(guard: Guard, body: bytes) -> None:
    answer = guard.ask(beaten(body)).answer
    assert answer is not None and answer.status == 400


def test_the_answer_waits_for_news_and_comes_with_a_ban_at_once(guard: Guard, laptop: Laptop) -> None:
    async def work(gate: Gate) -> None:
        await laptop.says(gate)
        waiting = asyncio.create_task(laptop.says(gate, revision=gate.live.revision))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        before = gate.live.revision
        await asyncio.to_thread(guard.pause, LESSON + timedelta(minutes=5))
        async with asyncio.timeout(NEVER):
            told = said(await waiting)
        assert told["revision"] == gate.live.revision != before

    guard.run(work)


def test_a_hundred_and_twenty_who_wait_hear_it_all(guard: Guard) -> None:
    many = [f"laptop-{number}" for number in range(120)]
    for one in many:
        guard.store.devices.put(SCHOOL, replace(DEVICE, id=one, name=one), "cor", guard.clock.now)
    laptops = [Laptop(ticking(guard.clock), one).enrol(guard) for one in many]

    async def work(gate: Gate) -> None:
        places = [f"10.9.1.{number}" for number in range(120)]
        both = list(zip(laptops, places, strict=True))
        assert {(await one.says(gate, at)).status for one, at in both} == {200}
        waiting = [asyncio.create_task(one.says(gate, at, gate.live.revision)) for one, at in both]
        await asyncio.sleep(0.5)
        assert not any(one.done() for one in waiting)
        await asyncio.to_thread(guard.pause, LESSON + timedelta(minutes=5))
        async with asyncio.timeout(2 * NEVER):
            told = [said(one) for one in await asyncio.gather(*waiting)]
        assert {one["revision"] for one in told} == {gate.live.revision}

    guard.run(work)


@pytest.mark.evasion("E24", "S18")
def test_two_with_one_key_are_nobody_by_beat_and_by_key_and_it_is_told(guard: Guard, laptop: Laptop) -> None:
    key = guard.store.devices  # enrolled anew below: its key for the network is told once
    code = key.make_code(SCHOOL, "chroom-1", "cor", guard.clock.now)
    assert code is not None
    made = key.enrol(SCHOOL, code.code, guard.clock.now, laptop.key.public)
    assert made is not None
    by_key = peer("10.9.9.9", KEYED, "chroom-1", made.key)
    copy = Laptop(laptop.clock)
    copy.key = laptop.key

    async def work(gate: Gate) -> None:
        assert (await who(gate, by_key)).person == "sam"
        for _ in range(2):
            assert (await laptop.says(gate, HOME)).status == 200
            assert (await copy.says(gate, ELSEWHERE)).status == 200
            guard.clock.now += 5 * SECOND
        other = guard.open()
        await other.start()
        try:
            for one in (gate, other):
                for asking in (peer(HOME), peer(ELSEWHERE), by_key):
                    assert (await who(one, asking)) == UNKNOWN
        finally:
            await other.stop()
        told = [one.event for one in guard.store.events.since(SCHOOL, 0) if one.event.what is What.DEVICE]
        assert [(one.category, one.device, one.person) for one in told] == [("double", "chroom-1", None)]
        guard.clock.now += timedelta(minutes=6)
        await laptop.says(gate, HOME)
        assert (await who(gate, peer(HOME))).person == "sam", "when only one of them goes on"

    guard.run(work)


def test_a_laptop_that_beats_is_not_asked_for_its_key(guard: Guard, laptop: Laptop) -> None:
    async def work(gate: Gate) -> None:
        page = exchange("https://leren.nl/", peer(HOME, KEYED))
        assert (await answered(gate, page)).status == 407
        await laptop.says(gate)
        assert (await gate.ask(page)).answer is None

    guard.run(work)


def test_with_the_database_away_nobody_comes_in_and_who_is_there_goes_by_the_clock(
    guard: Guard, laptop: Laptop
) -> None:
    async def work(gate: Gate) -> None:
        await laptop.says(gate)
        with guard.store.database.engine.connect() as connection:
            connection.execution_options(klaswacht_write=True)
            with connection.begin():
                connection.execute(sa.text("ALTER TABLE bindings RENAME TO gone"))
        await gate.following.look()
        assert gate._who(peer(HOME)).person == "sam"
        laptop.number = ""
        assert (await laptop.says(gate, ELSEWHERE)).status in (500, 502, 503)
        guard.clock.now += LIFE
        assert (await who(gate, peer(HOME))) == UNKNOWN

    guard.run(work)


def test_beats_that_are_not_held_are_told_when_to_come_again(guard: Guard, laptop: Laptop) -> None:
    async def work(gate: Gate) -> None:
        gate._own._beating._hold = 0.0
        told = said(await laptop.says(gate, revision=gate.live.revision))
        assert (told["held"], told["rest"]) == (False, beating.REST)

    guard.run(work)


def test_who_says_all_the_time_that_it_is_elsewhere_is_told_to_wait(guard: Guard, laptop: Laptop) -> None:
    async def work(gate: Gate) -> None:
        codes = []
        for number in range(15):
            laptop.number = ""
            codes.append((await laptop.says(gate, f"10.9.2.{number}")).status)
        assert codes[:10] == [200] * 10 and codes[-1] == 429

    guard.run(work)
