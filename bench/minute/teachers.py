"""A teacher in every class with the lesson open, who taps a permission once in the minute and must see it come in."""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx

from bench.dashboard import COOKIE, Screen
from cli import school as running_school
from cli.home import Home
from config import load
from policy.model import Role
from store.people import Person

_NOT_A_HASH = "$argon2id$nobody-signs-in-with-this"
_WISH = {"what": "category:video", "who": "all", "minutes": "lesson", "mode": "view", "confirmed": "1"}
PATIENCE = 30.0  # seconds for a change to be on a screen, and for an answer of the dashboard


@dataclass(slots=True)
class Seen:
    """Of the screens: `took` is in seconds, from the tap until the change was on the teacher's own screen."""

    screens: int = 0
    stayed: int = 0
    taps: int = 0
    took: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def sessions(home: Home, groups: Sequence[str]) -> dict[str, str]:
    """A teacher for every group, signed in; the session's token by group."""
    store, now, found = running_school.opened(home), datetime.now(UTC), {}
    school = load.read_school(home.school_file).settings.school.id
    try:
        for group in groups:
            person = Person(f"t{group}", Role.TEACHER, f"Leerkracht {group}", (group,))
            store.people.put_people(school, [person], "bench", now)
            account = store.accounts.add(school, person.id, person.id, person.role, now)
            assert account is not None and store.accounts.set_password(school, account.id, _NOT_A_HASH, now)
            token = store.accounts.open_session(school, account.id, now, second=True)
            assert token is not None
            found[group] = token
    finally:
        store.close()
    return found


class Teachers:
    """Those of all groups. `ca` signed the dashboard's certificate, `port` is where it is."""

    def __init__(self, ca: Path, port: int, tokens: Mapping[str, str]) -> None:
        self._trust, self._port, self._tokens = ssl.create_default_context(cafile=str(ca)), port, tokens
        self._screens = {group: Screen(port, self._trust) for group in tokens}
        self._tasks: list[asyncio.Task[None]] = []
        self.seen = Seen()

    async def open(self) -> None:
        """All screens, and wait until they are."""
        for group, screen in self._screens.items():
            self._tasks.append(asyncio.create_task(screen.watch(group, self._tokens[group], (_goal(group),))))
        end = time.perf_counter() + PATIENCE
        while not all(screen.open for screen in self._screens.values()) and time.perf_counter() < end:
            await asyncio.sleep(0.1)
        self.seen.screens = sum(screen.open for screen in self._screens.values())

    async def tap(self, seconds: float) -> None:
        """Every teacher once, spread over so many seconds."""
        apart = seconds / len(self._tokens)
        began = time.perf_counter()
        async with asyncio.TaskGroup() as taps:
            for number, group in enumerate(self._tokens):
                await asyncio.sleep(max(0.0, began + (number + 0.5) * apart - time.perf_counter()))
                taps.create_task(self._tap(group))

    async def close(self) -> None:
        """Close the screens; those that were still open count as such."""
        self.seen.stayed = sum(screen.open for screen in self._screens.values())
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _tap(self, group: str) -> None:
        base = f"https://127.0.0.1:{self._port}"
        headers = {"Origin": base, "Cookie": f"{COOKIE}={self._tokens[group]}"}
        try:
            async with httpx.AsyncClient(
                base_url=base, verify=self._trust, timeout=PATIENCE, headers=headers
            ) as client:
                page = (await client.get(f"/les/{group}")).text
                form = re.search(r'name="csrf" value="([^"]+)"', page)
                if form is None:
                    raise ValueError("no form in the lesson")
                began = time.perf_counter()
                wish = {"csrf": form[1], "own_goal": _goal(group), **_WISH}
                answer = await client.post(f"/les/{group}/toestemming", data=wish)
            if answer.status_code != 303:
                raise ValueError(f"a tap got {answer.status_code}")
        except (httpx.HTTPError, ValueError) as error:
            self.seen.errors.append(f"{type(error).__name__}: {error}")
            return
        self.seen.taps += 1
        await self._until_seen(group, began)

    async def _until_seen(self, group: str, began: float) -> None:
        screen = self._screens[group]
        while _goal(group) not in screen.seen:
            if time.perf_counter() > began + PATIENCE:
                self.seen.errors.append(f"the screen of group {group} never heard of its tap")
                return
            await asyncio.sleep(0.02)
        self.seen.took.append(screen.seen[_goal(group)] - began)


def _goal(group: str) -> str:
    return f"doel-van-groep-{group}"
