"""The emergency exit in the running guard: by a row, by a file, without the database, and never by accident."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from config.private_folder import columns_key
from policy.model import Effect, Emergency, Reason
from proxy_addons.exits import Exits
from proxy_addons.gate import Gate, Options, open_gate
from proxy_addons.live import Live
from store import open_later
from store.emergencies import Way
from store.emergency_file import EmergencyFile
from tests.cast import KNOWLEDGE, LESSON, POLICY, visit
from tests.proxy_addons.asking import NEVER, STRANGERS, Clock, Guard, exchange
from tests.store.school import SCHOOL

SOCIAL, FLOOR, HELP = visit("social.com"), visit("adult.com"), visit("www.kindertelefoon.nl")
HOUR = timedelta(hours=1)
ONE = Emergency("file", LESSON, LESSON + HOUR, "command", Way.COMMAND)


async def _until(done: Callable[[], bool]) -> None:
    for _ in range(int(4 * NEVER / 0.02)):
        if done():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never happened")


def _followed(guard: Guard, home: Path, work: Callable[[Live], object]) -> None:
    async def main() -> None:
        live = Live(guard.store, SCHOOL, KNOWLEDGE, guard.clock, Exits(guard.store, SCHOOL, EmergencyFile(home)))
        await live.start()
        try:
            await work(live)
        finally:
            await live.stop()

    asyncio.run(main())


def test_by_a_row_everything_but_the_floor_opens_and_closes_again(guard: Guard, tmp_path: Path) -> None:
    async def work(live: Live) -> None:
        assert live.decide(SOCIAL).effect is Effect.DENY
        await asyncio.to_thread(guard.store.emergencies.start, SCHOOL, LESSON + HOUR, "cor", Way.DESK, LESSON)
        await _until(lambda: live.decide(SOCIAL).reason is Reason.EMERGENCY)
        assert live.decide(FLOOR).reason is Reason.LOCKED and live.decide(HELP).reason is Reason.HELP_HOST
        guard.clock.now = LESSON + HOUR
        assert live.decide(SOCIAL).effect is Effect.DENY, "at its end, without anybody doing anything"
        await _until(lambda: live.snapshot is not None and not live.snapshot.state.emergencies)
        guard.clock.now = LESSON
        assert live.decide(SOCIAL).effect is Effect.DENY, "a clock that is set back opens nothing"

    _followed(guard, tmp_path, work)
    assert [one.what for one in guard.store.audit.entries(SCHOOL, limit=2)] == ["emergency.over", "emergency.on"]


def test_by_the_file_it_opens_and_is_written_down_and_ends_when_the_row_ends(guard: Guard, tmp_path: Path) -> None:
    file = EmergencyFile(tmp_path)

    async def work(live: Live) -> None:
        file.say_on(ONE)
        await _until(lambda: live.decide(SOCIAL).reason is Reason.EMERGENCY)
        await _until(lambda: guard.store.emergencies.current(SCHOOL, LESSON) is not None)
        assert await asyncio.to_thread(guard.store.emergencies.stop, SCHOOL, "cor", LESSON)
        await _until(lambda: not live.decide(SOCIAL).open)
        await asyncio.sleep(1.5)  # the file is there still, and is looked at again
        assert not live.decide(SOCIAL).open

    _followed(guard, tmp_path, work)
    assert [one.what for one in guard.store.audit.entries(SCHOOL, limit=2)] == ["emergency.off", "emergency.on"]


def test_the_file_also_ends_what_a_row_opened(guard: Guard, tmp_path: Path) -> None:
    file = EmergencyFile(tmp_path)
    guard.store.emergencies.start(SCHOOL, LESSON + HOUR, "cor", Way.DESK, LESSON)

    async def work(live: Live) -> None:
        assert live.decide(SOCIAL).open
        file.say_off(LESSON)
        await _until(lambda: not live.decide(SOCIAL).open)
        await _until(lambda: not file.path.exists())

    _followed(guard, tmp_path, work)
    assert guard.store.emergencies.current(SCHOOL, LESSON) is None


def test_without_any_database_the_file_opens_all_but_the_floor_to_everybody(tmp_path: Path) -> None:
    (tmp_path / "klaswacht.db").write_bytes(b"no database" * 500)
    clock = Clock()
    file = EmergencyFile(tmp_path)

    async def main() -> None:
        store = open_later(str(tmp_path / "klaswacht.db"), key=columns_key(tmp_path))
        gate: Gate = open_gate(store, KNOWLEDGE, Options(SCHOOL, home=tmp_path, rules=POLICY), clock)
        await gate.start()
        live = gate.live
        try:
            assert live.snapshot is None and not live.decide(SOCIAL).open
            file.say_on(ONE)
            await _until(lambda: live.decide(SOCIAL).open)
            ruling = await gate.ask(exchange("https://social.com/", STRANGERS))
            assert ruling.answer is None and ruling.decision is not None
            assert ruling.decision.reason is Reason.EMERGENCY
            assert live.decide(FLOOR).reason is Reason.LOCKED and live.decide(HELP).open and live.degraded
            clock.now = LESSON + HOUR
            await _until(lambda: live.snapshot is None)
            assert not live.decide(SOCIAL).open and live.decide(HELP).open
        finally:
            await gate.stop()
            store.close()

    asyncio.run(main())


def test_a_file_that_cannot_be_believed_opens_nothing(guard: Guard, tmp_path: Path) -> None:
    file = EmergencyFile(tmp_path)
    exits = Exits(guard.store, SCHOOL, file, POLICY)
    file.say_on(ONE)
    file.path.chmod(0o666)
    assert exits.added(None, KNOWLEDGE, LESSON, away=True) is None
    file.path.chmod(0o600)
    file.path.write_text("{}")
    assert exits.added(None, KNOWLEDGE, LESSON, away=True) is None
    file.say_on(ONE)
    assert exits.added(None, KNOWLEDGE, LESSON - HOUR, away=True) is not None, "known, but"
    found = exits.added(None, KNOWLEDGE, LESSON, away=True)
    assert found is not None and found.state.emergencies == (ONE,)


def test_nothing_that_happens_meanwhile_is_an_event_of_a_pupil(guard: Guard) -> None:
    before = guard.store.events.last_id(SCHOOL)
    guard.store.emergencies.start(SCHOOL, LESSON + HOUR, "cor", Way.DESK, LESSON)
    guard.ask(exchange("https://adult.com/"))
    guard.ask(exchange("https://social.com/"))
    assert guard.store.events.last_id(SCHOOL) == before
    assert [(one.name, one.n) for one in guard.store.events.counts(SCHOOL, LESSON - HOUR)] == [("emergency", 1)]
