"""One round: something breaks while everybody does everything once, and what must be true then and afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import _lru_cache_wrapper, cache
from pathlib import Path
from typing import Any

from proxy_addons import arrival, carrier, dialling, reading, tunnel
from tests.faults.breaking import PRIVATE, Breaking, Fault, Place
from tests.faults.clients import HUNG, Errand, done, errands
from tests.faults.school import CLOSED, HELP, REAL, School
from tests.proxy_addons.origins import SECRET
from tests.test_house import CARRIES_WITH_MITMPROXY

BACK_WITHIN = 4.0  # seconds until everything that was taken is given back
DOOR = frozenset(
    f"proxy_addons/{name}"
    for name in (
        *CARRIES_WITH_MITMPROXY,
        *("arrival", "connections", "crowd", "doorway", "egress", "facts", "failsafe", "faults", "here", "loops"),
        *("opening", "original", "proxy_protocol", "reading", "stripped", "tunnel", "unknown", "uploads", "world"),
    )
)
"""What carries: where this breaks there is no way to anybody, and so none to help. All else leaves help open."""
NAMES = ("proxy_addons/names/", "proxy_addons/handed")
"""The process for names: broken itself it names nobody, and devices ask their other server."""


BASE = ("policy/address", "policy/match", "policy/model/", "policy/safe", "proxy_addons/live")
"""What every name is read and compared with, and the clock: broken itself, the process for names knows none, and
devices ask their other server. On the way in `failsafe` knows help without it."""
GIVES_BACK = frozenset(
    f"proxy_addons/{name}"
    for name in (
        *("arrival:Arrival.connection_lost", "carrier:Carrier._gone", "carrier:Carrier.lost", "crowd:Crowd.leave"),
        *(
            "connections:Connections.gone",
            "crowd:Place.__init__",
            "crowd:Place.leave",
            "crowd:_less",
            "ends:End.connection_lost",
        ),
        *("crowd:Crowd.come", "dialling:Dialling._tried.<locals>.<lambda>", "tunnel:Tunnel.open.<locals>.<lambda>"),
        *("doorway:Doorway._ending.<locals>.ended", "tunnel:Tunnel.lost", "tunnel:_Side.connection_lost"),
    )
)
"""What gives back: broken itself it keeps what it was to give, until the worker ends."""
TAKES_IN = frozenset(
    f"proxy_addons/{name}"
    for name in (
        *("arrival:Arrival.__init__", "doorway:Doorway.make", "doorway:Doorway.make_through"),
        *("carrier:Carrier._waited", "names/page:_Bounded.handle_stream"),
    )
)
"""What asyncio calls for a new connection, and for a hook that had to wait: where it raises nobody else hears of it,
and the connection stays open and silent until its client leaves."""
_HELD = ("lines", "connections", "tasks", "descriptors")


def hasten(monkeypatch) -> None:
    """The guard's own patience, shorter, so that a round is over soon."""
    for module, name in (
        (reading, "FIRST_BYTE"),
        (reading, "HEAD_WITHIN"),
        (arrival, "HEADER_WITHIN"),
        (dialling, "CONNECT_WITHIN"),
        (tunnel, "CONNECT_WITHIN"),
        (carrier, "FLUSH"),
    ):
        monkeypatch.setattr(module, name, 2.0)


@cache
def _caches() -> tuple[Any, ...]:
    """Every function of the guard that remembers."""
    ours = [module for name, module in tuple(sys.modules.items()) if name.split(".")[0] in ("proxy_addons", "policy")]
    found = {id(one): one for module in ours for one in vars(module).values() if isinstance(one, _lru_cache_wrapper)}
    return tuple(found.values())


class Log(logging.Handler):
    """Everything that is logged, to see what must not be in it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


class Rounds:
    """Rounds in one school. `usual` is what everybody gets when nothing is broken."""

    def __init__(self, school: School, breaking: Breaking) -> None:
        self.school, self.breaking = school, breaking
        self.pool = ThreadPoolExecutor(64)
        self.errands = errands()
        self.log = Log()
        logging.getLogger().addHandler(self.log)
        logging.getLogger("tornado").setLevel(logging.CRITICAL)  # as `names.process.run_names` does
        self.usual = self._all(self.errands)
        with breaking.watching() as seen:
            for _ in range(2):
                watched = self._all(self.errands)
                school.on_loop(self._asked_again())
            time.sleep(1.0)
        assert {name: said[:20] for name, said in watched.items()} == {
            name: said[:20] for name, said in self.usual.items()
        }
        self.places = tuple(sorted(seen.values(), key=str))
        time.sleep(2.5)
        self.before = self._held()
        assert self.before[:2] == (0, 0)

    def close(self) -> None:
        logging.getLogger().removeHandler(self.log)
        self.pool.shutdown()

    async def _asked_again(self) -> None:
        with contextlib.suppress(BaseException):  # it may be what is broken
            self.school.gate.live.lists_changed()

    def _all(self, what: tuple[Errand, ...]) -> dict[str, bytes]:
        """Everything at once, with nothing remembered of the time before."""
        school = self.school
        school.unknown._looked.clear()
        for kept in _caches():
            kept.cache_clear()
        school.door.egress._kept.clear()
        school.door._is_balancer.cache_clear()
        school.gate.live.snapshot.answers.__init__()
        return done(self.school, self.pool, what)

    def _held(self) -> tuple[int, ...]:
        """Lines, connections, tasks and descriptors."""

        async def tasks() -> int:
            return len(asyncio.all_tasks())

        return *self.school.inside(), self.school.on_loop(tasks()), len(tuple(Path("/proc/self/fd").iterdir()))

    def _settled(self, before: tuple[int, ...]) -> str | None:
        """None when everything is given back, else what is not."""
        until = time.monotonic() + BACK_WITHIN
        while True:
            now = self._held()
            if all(have <= had for have, had in zip(now, before, strict=True)):
                return None
            if time.monotonic() > until:
                return "not given back: " + ", ".join(
                    f"{have - had} {what}" for what, have, had in zip(_HELD, now, before, strict=True) if have > had
                )
            time.sleep(0.03)

    def round(self, *places: Place, fault: Fault, what: tuple[Errand, ...] = ()) -> list[str]:
        """Break `places`, have everybody do everything, and mend it; what was not as it must be."""
        self.log.lines.clear()
        self.school.nameserver.asked.clear()
        with self.breaking.broken(*places, fault=fault):
            got = self._all(what or self.errands)
            self.school.on_loop(self._asked_again())
        wrong = [f"{name} hung" for name, said in got.items() if HUNG in said]
        wrong += self._forbidden(got)
        if not any(_of_the_door(place) for place in places):
            wrong += [
                f"no help by {name}: {said[:60]!r}"
                for name, said in got.items()
                if name.endswith(HELP) and not self._helped(name, said)
                if not (name.startswith("name") and any(place.file.startswith(NAMES + BASE) for place in places))
            ]
        if (left := self._settled(self.before)) is not None:
            wrong.append(left)
        after = self._all(self.errands)
        if self._other(after):
            after = self._all(self.errands)  # a busy machine is no fault; what is broken stays so
        wrong += [f"afterwards {name}: {after[name][:60]!r}" for name in self._other(after)]
        if wrong and (left := self._settled(self.before)) is not None:
            self.before = self._held()  # told once
        return wrong

    def _other(self, got: dict[str, bytes]) -> list[str]:
        """Who got something else than usual."""
        return [name for name, said in self.usual.items() if got[name][:20] != said[:20]]

    def _forbidden(self, got: dict[str, bytes]) -> list[str]:
        school, wrong = self.school, []
        if school.closed.connections or school.closed.bytes:
            wrong.append(f"the closed site was reached {school.closed.connections} times")
            school.closed.connections = school.closed.bytes = 0
        if CLOSED in school.nameserver.names():
            wrong.append("the closed name was looked up")
        for name, said in got.items():
            if name.endswith(CLOSED) and (SECRET in said or REAL.encode() in said):
                wrong.append(f"{name} got through")
            if PRIVATE.encode() in said:
                wrong.append(f"{name} was shown the error")
        if any(PRIVATE in line for line in self.log.lines):
            wrong.append("the log repeats what an error said")
        return wrong

    def _helped(self, name: str, said: bytes) -> bool:
        if name.startswith("search"):
            return b"<!doctype html>" in said and said.startswith((b"200", b"503"))
        return said[:20] == self.usual[name][:20]


def _of_the_door(place: Place) -> bool:
    if place.module in DOOR or place.module == "proxy_addons/runner":
        return True
    return place.module.startswith(("policy/model/", "policy/safe"))


__all__ = ["DOOR", "GIVES_BACK", "TAKES_IN", "Log", "Rounds", "hasten"]
