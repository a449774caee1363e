"""Breaks any function of the guard while it runs, without a hook for it in the product.

Python itself tells of every function that begins or returns (`sys.monitoring`, PEP 669), and what raises there raises
in that function. So what can be broken is found by watching real clients go by, and nothing has to be listed by hand.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

ROOT = Path(__file__).resolve().parents[2]
KINDS: tuple[Callable[[], BaseException], ...] = (
    lambda: RuntimeError(PRIVATE),
    lambda: RecursionError(PRIVATE),
    lambda: MemoryError(PRIVATE),
    lambda: UnicodeDecodeError("utf-8", PRIVATE.encode(), 0, 1, PRIVATE),
    lambda: asyncio.CancelledError(PRIVATE),
    lambda: TimeoutError(PRIVATE),
    lambda: KeyError(PRIVATE),
)
"""What may be raised, each kind that somebody might catch in passing."""
PRIVATE = "https://geheim.test/?q=nobody-may-read-this"
"""What the error says of itself; no log may repeat it."""
_TOOL = 4  # an id that no debugger, profiler or coverage takes
_EVENTS = sys.monitoring.events
_ROOMS = tuple(f"{ROOT}/{room}/" for room in ("proxy_addons", "policy", "config", "store"))
_SKIPPED = frozenset({"<genexpr>", "<module>", "<listcomp>", "<dictcomp>", "<setcomp>"})


@dataclass(frozen=True, slots=True)
class Place:
    """A function of the guard, by the path of its file and its dotted name."""

    file: str
    name: str
    code: CodeType

    def __str__(self) -> str:
        return f"{self.file.removesuffix('.py')}:{self.name}"

    @property
    def module(self) -> str:
        return self.file.removesuffix(".py")


@dataclass(slots=True)
class Fault:
    """What is raised where. `when` is "first", "every", or the chance that a call breaks; `leaving`: as it returns."""

    kind: Callable[[], BaseException]
    when: str | float
    leaving: bool = False
    raised: int = 0
    called: int = 0

    def strikes(self, chance: random.Random) -> bool:
        self.called += 1
        if self.when == "first":
            return self.called == 1
        return self.when == "every" or (isinstance(self.when, float) and chance.random() < self.when)


class Breaking:
    """Use it as a context manager, once at a time in a process."""

    def __init__(self) -> None:
        self.seen: dict[CodeType, Place] = {}
        self._fault: dict[CodeType, Fault] = {}
        self._watching = False
        self._chance = random.Random(7)
        self._mine = threading.get_ident()

    def __enter__(self) -> Breaking:
        sys.monitoring.use_tool_id(_TOOL, "faults")
        sys.monitoring.register_callback(_TOOL, _EVENTS.PY_START, self._started)
        sys.monitoring.register_callback(_TOOL, _EVENTS.PY_RETURN, self._returned)
        return self

    def __exit__(self, *_: object) -> None:
        sys.monitoring.set_events(_TOOL, 0)
        for code in self._fault:
            sys.monitoring.set_local_events(_TOOL, code, 0)
        sys.monitoring.free_tool_id(_TOOL)

    @contextlib.contextmanager
    def watching(self) -> Iterator[dict[CodeType, Place]]:
        """Note every function of the guard that is called in this block."""
        sys.monitoring.restart_events()
        self._watching = True
        sys.monitoring.set_events(_TOOL, _EVENTS.PY_START)
        try:
            yield self.seen
        finally:
            sys.monitoring.set_events(_TOOL, 0)
            self._watching = False

    @contextlib.contextmanager
    def broken(self, *places: Place, fault: Fault, seed: int = 7) -> Iterator[Fault]:
        """Have the functions at `places` raise in this block."""
        self._chance = random.Random(seed)
        event = _EVENTS.PY_RETURN if fault.leaving else _EVENTS.PY_START
        sys.monitoring.restart_events()
        for place in places:
            self._fault[place.code] = fault
            sys.monitoring.set_local_events(_TOOL, place.code, event)
        try:
            yield fault
        finally:
            for place in places:
                self._fault.pop(place.code, None)
                sys.monitoring.set_local_events(_TOOL, place.code, 0)

    def _started(self, code: CodeType, _offset: int) -> object:
        if self._watching:
            if code not in self.seen and (place := _place(code)) is not None:
                self.seen[code] = place
            return sys.monitoring.DISABLE  # once is enough, and everything else runs as fast as ever
        return self._strike(code)

    def _returned(self, code: CodeType, _offset: int, _value: object) -> object:
        return self._strike(code)

    def _strike(self, code: CodeType) -> object:
        fault = self._fault.get(code)
        if fault is not None and threading.get_ident() != self._mine and fault.strikes(self._chance):
            fault.raised += 1
            error = fault.kind()
            if isinstance(error, asyncio.CancelledError) and not _on_a_loop():
                error = RuntimeError(PRIVATE)  # nobody cancels a thread
            raise error
        return None


def _on_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _place(code: CodeType) -> Place | None:
    path = code.co_filename
    if not path.startswith(_ROOMS) or code.co_name in _SKIPPED:
        return None
    return Place(path.removeprefix(f"{ROOT}/"), code.co_qualname, code)
