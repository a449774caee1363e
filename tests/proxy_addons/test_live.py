"""The rules in force follow the store, and outlive it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from config.private_folder import columns_key
from policy.model import Effect, Reason, Sanction, SanctionTarget
from proxy_addons.live import Live
from store import open_store
from tests.cast import KNOWLEDGE, LESSON, grant, visit
from tests.proxy_addons.asking import NEVER, Clock, Guard
from tests.store.school import SCHOOL

SOCIAL = visit("social.com")
HELP = visit("www.kindertelefoon.nl")


def test_a_permission_is_in_force_soon_after_it_is_given(guard: Guard) -> None:
    async def main() -> None:
        live = Live(guard.store, SCHOOL, KNOWLEDGE, guard.clock)
        called = asyncio.Event()
        live.on_change(called.set)
        await live.start()
        try:
            before = live.revision
            assert live.decide(SOCIAL).effect is Effect.DENY
            called.clear()
            await asyncio.to_thread(guard.grant, categories=("social",))
            assert await live.changed(before, NEVER) > before
            assert live.decide(SOCIAL).reason is Reason.GRANTED and called.is_set()
            guard.clock.now += timedelta(hours=1)
            assert live.decide(SOCIAL).effect is Effect.DENY
        finally:
            await live.stop()

    asyncio.run(main())


def test_a_clock_that_was_ahead_for_a_while_loses_no_ban(guard: Guard) -> None:
    async def main() -> None:
        now = guard.clock.now
        ban = Sanction("ban", "sam", SanctionTarget.CHROMEBOOK, now, now + timedelta(hours=1), "dir")
        await asyncio.to_thread(guard.store.measures.add_sanction, SCHOOL, ban, now)
        live = Live(guard.store, SCHOOL, KNOWLEDGE, guard.clock)
        await live.start()
        try:
            guard.clock.now = now + timedelta(days=1)
            before = live.revision
            await asyncio.to_thread(guard.grant, categories=("social",))
            assert await live.changed(before, NEVER) > before
            assert live.snapshot is not None and live.snapshot.state.sanctions == ()
            guard.clock.now = now + timedelta(minutes=1)
            stirs = live.stirs
            while live.snapshot.state.sanctions != (ban,):
                stirs = await live.stirred(stirs, NEVER)
        finally:
            await live.stop()

    asyncio.run(main())


def test_other_lists_under_the_same_rules_are_told_to_who_asks_again(guard: Guard) -> None:
    async def main() -> None:
        live = Live(guard.store, SCHOOL, KNOWLEDGE, guard.clock)
        called: list[int] = []
        live.on_change(lambda: 1 / 0 and None)
        live.on_change(lambda: called.append(live.revision))
        await live.start()
        try:
            called.clear()
            stirs, revision = live.stirs, live.revision
            live.lists_changed()
            assert called == [revision], "also when another listener fails"
            assert live.stirs > stirs
        finally:
            await live.stop()

    asyncio.run(main())


def test_nothing_changed_is_said_when_the_time_is_over(guard: Guard) -> None:
    async def main() -> None:
        live = Live(guard.store, SCHOOL, KNOWLEDGE, guard.clock)
        await live.start()
        assert await live.changed(live.revision, 0.05) == live.revision
        assert await live.changed(live.revision - 1, NEVER) == live.revision
        await live.stop()

    asyncio.run(main())


def test_before_the_first_rules_only_help_is_open(guard: Guard) -> None:
    live = Live(guard.store, SCHOOL, KNOWLEDGE, guard.clock)
    assert live.degraded and live.revision == -1
    assert live.decide(visit("leren.nl")).reason is Reason.FAILED
    assert live.decide(HELP).open
    assert not live.decide(visit("kindertelefoon.nl", "social.com")).open
    assert not live.decide(visit()).open


def test_a_school_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    async def main() -> None:
        empty = open_store(str(tmp_path / "empty.db"), key=columns_key(tmp_path), migrate=True)
        live = Live(empty, SCHOOL, KNOWLEDGE, Clock())
        await live.start()
        try:
            assert live.degraded and not live.decide(visit("leren.nl")).open
            await asyncio.to_thread(Guard(empty).settle)
            for _ in range(200):
                if not live.degraded and live.snapshot is not None and "board" in live.snapshot.devices:
                    break
                await asyncio.sleep(0.05)
            assert live.decide(visit("leren.nl")).open and not live.degraded
        finally:
            await live.stop()
            empty.close()

    asyncio.run(main())


@pytest.mark.evasion("S14")
def test_with_the_store_gone_the_last_rules_stay_and_it_is_said(guard: Guard, tmp_path: Path) -> None:
    file = tmp_path / "klaswacht.db"

    async def main() -> None:
        guard.grant(categories=("social",))
        live = Live(guard.store, SCHOOL, KNOWLEDGE, guard.clock)
        await live.start()
        try:
            assert live.decide(SOCIAL).open and not live.degraded
            _execute(file, "ALTER TABLE schools RENAME TO gone")
            await _until(lambda: live.degraded)
            assert live.decide(SOCIAL).open and not live.decide(visit("chat.com")).open
            _execute(file, "ALTER TABLE gone RENAME TO schools")
            await _until(lambda: not live.degraded)
        finally:
            await live.stop()

    asyncio.run(main())


def _execute(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file, timeout=NEVER)) as db:
        db.execute(statement)
        db.commit()


async def _until(done: Callable[[], bool]) -> None:
    for _ in range(int(4 * NEVER / 0.05)):
        if done():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it never happened")


def test_a_decision_that_breaks_is_a_no(guard: Guard) -> None:
    async def main() -> None:
        live = Live(guard.store, SCHOOL, KNOWLEDGE, guard.clock)
        await live.start()
        await live.stop()
        guard.clock.now = None
        assert live.decide(visit("leren.nl")).reason is Reason.FAILED

    asyncio.run(main())


@pytest.mark.evasion("S15")
def test_the_clock_decides_not_a_timer(guard: Guard) -> None:
    guard.store.grants.add(SCHOOL, grant("", start=LESSON + timedelta(minutes=10)), LESSON)

    async def main() -> None:
        live = Live(guard.store, SCHOOL, KNOWLEDGE, guard.clock)
        await live.start()
        await live.stop()
        request = visit("social.com")
        assert live.decide(request).effect is Effect.DENY

    asyncio.run(main())
