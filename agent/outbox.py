"""Events on their way to the school: a bounded queue on disk, so that a day without the server loses little."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import deque
from contextlib import suppress
from datetime import datetime
from typing import Any

from agent.home import Home
from agent.translate import Program
from policy.devicefact import DeviceFact
from policy.model import Decision

LONGEST = 500
BATCH = 50


def app_event(program: Program, decision: Decision, at: datetime, revision: int, *, ended: bool) -> dict[str, Any]:
    """Return an event as the server takes it: which program, what was decided and by which rule. No other facts.

    `ended` is false where a program that had to end is still there.
    """
    return {
        "uid": secrets.token_hex(8),
        "at": at.isoformat(),
        "app": program.app,
        "person": program.request.who.person,
        "effect": decision.effect.value,
        "reason": decision.reason.value,
        "rules": list(decision.rules),
        "grant": decision.grants[0] if decision.grants else None,
        "revision": revision,
        "ended": ended,
    }


def print_event(
    uuid: str, user: str, decision: Decision, at: datetime, revision: int, *, printed: bool
) -> dict[str, Any]:
    """Return what became of a print job as the server takes it: whose name it had and by which rule, and no title.

    The same job is one event, however often it is told.
    """
    return {
        "uid": hashlib.sha256(f"{uuid} {printed}".encode()).hexdigest()[:16],
        "at": at.isoformat(),
        "printed": printed,
        "user": user,
        "reason": decision.reason.value,
        "rules": list(decision.rules),
        "grant": decision.grants[0] if decision.grants else None,
        "revision": revision,
    }


def device_event(fact: DeviceFact, detail: str, at: datetime, revision: int, *, put_back: bool) -> dict[str, Any]:
    """Return a fact about the device as the server takes it; there is no person in it. `put_back`: it is as it was."""
    return {
        "uid": secrets.token_hex(8),
        "at": at.isoformat(),
        "fact": fact.value,
        "detail": "".join(letter for letter in detail if letter.isprintable())[:60],
        "put_back": put_back,
        "revision": revision,
    }


class Outbox:
    """Keeps at most `longest` events; when it is full the oldest goes and is counted as lost."""

    def __init__(self, home: Home, longest: int = LONGEST) -> None:
        self._home = home
        self._changed = threading.Condition()
        kept = home.events()
        self._waiting: deque[dict[str, Any]] = deque(_events(kept), maxlen=longest)
        self._lost = _count(kept)

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def lost(self) -> int:
        """How many events were lost and are not yet told to the server."""
        return self._lost

    def add(self, event: dict[str, Any]) -> None:
        """Queue one event. A disk that is full costs the copy on disk, never the agent."""
        with self._changed:
            if len(self._waiting) == self._waiting.maxlen:
                self._lost += 1
            self._waiting.append(event)
            self._keep()
            self._changed.notify_all()

    def batch(self) -> tuple[tuple[dict[str, Any], ...], int]:
        """Return the oldest events, at most `BATCH`, and the number of lost ones; they stay until `sent`."""
        with self._changed:
            return tuple(self._waiting)[:BATCH], self._lost

    def sent(self, events: tuple[dict[str, Any], ...], lost: int) -> None:
        """Forget what the server has now."""
        with self._changed:
            uids = {event.get("uid") for event in events}
            self._waiting = deque(
                (event for event in self._waiting if event.get("uid") not in uids), maxlen=self._waiting.maxlen
            )
            self._lost -= lost
            self._keep()

    def wait(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds until something is to be sent."""
        with self._changed:
            return self._changed.wait_for(lambda: bool(self._waiting or self._lost), timeout)

    def _keep(self) -> None:
        with suppress(OSError):
            self._home.keep_events({"events": list(self._waiting), "lost": self._lost})


def _events(kept: dict[str, Any]) -> list[dict[str, Any]]:
    found = kept.get("events")
    return [event for event in found if isinstance(event, dict)] if isinstance(found, list) else []


def _count(kept: dict[str, Any]) -> int:
    found = kept.get("lost")
    return found if isinstance(found, int) and found > 0 else 0
