"""The heartbeat: this device says to the guard, signed with its own key, that it is where its traffic comes from.

The guard's proxy hears it on its own path (`docs/decisions/0041-heartbeats.md` has the form), and holds its answer
until the rules changed. What it answers is signed by nobody: it is a hint that makes the agent ask the school, and
nothing more. Where the guard's proxy cannot be reached, or holds nothing, the agent waits for news at the school.

How the guard is reached the school says in its answers (`School.guard`): through its proxy, over TLS with the school's
own CA; else, where a firewall leads all traffic there, directly to the pupils' host.
"""

from __future__ import annotations

import http.client
import json
import random
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agent.clock import SchoolClock
from agent.home import Enrolment
from agent.link import LinkError, school_context
from agent.school import School
from agent.signing import DeviceKey
from policy import signed

PATH = "/_klaswacht/beat"
_HELD = 20.0  # seconds that the guard holds an answer
_PATIENCE = 10.0  # seconds for everything else
_UNTOLD = 2.0  # seconds between two looks whether the school said by now where its guard is
_BREATH = 0.5  # seconds between two beats, whatever the guard does
_LONGEST_SILENCE = 60.0  # seconds without a question to the school, though no hint came
_LONGEST_REST = 60.0
_SKEW = timedelta(seconds=60)
_LARGEST = 64 * 1024
_OK, _NOT_NOW = 200, 425


@dataclass(frozen=True, slots=True)
class Way:
    """A way to the guard: by its proxy (`secure`: in TLS, to the pupils' host), or straight to that host's port."""

    address: str
    port: int
    host: str
    secure: bool

    def open(self, context: ssl.SSLContext) -> http.client.HTTPConnection:
        """Return a connection that goes this way; it is opened by the first question."""
        if not self.secure:
            return http.client.HTTPConnection(self.address, self.port, timeout=_PATIENCE + _HELD)
        line = http.client.HTTPSConnection(self.address, self.port, timeout=_PATIENCE + _HELD, context=context)
        line.set_tunnel(self.host, 443)
        return line


def ways(guard: object, server: str) -> tuple[Way, ...]:
    """Return how the guard is reached, by what the school said of it; none where that is not to be read.

    `server` is the dashboard's `host:port`: a proxy without a host is on the same machine.
    """
    return tuple(_ways(guard, server)) if isinstance(guard, Mapping) else ()


def _ways(guard: Mapping[str, Any], server: str) -> Iterator[Way]:
    host, proxies, page = guard.get("host"), guard.get("proxies"), guard.get("page")
    if not isinstance(host, str) or not host:
        return
    beside = urlsplit(f"//{server}").hostname or ""
    for one in proxies if isinstance(proxies, list) else ():
        if isinstance(one, list) and len(one) == 2 and isinstance(one[0], str) and (port := _port(one[1])):
            yield Way(one[0] or beside, port, host, secure=True)
    yield Way(host, _port(page) or 80, host, secure=False)


def _port(number: object) -> int:
    """Return a port that somebody wrote; 0: it is none."""
    return number if isinstance(number, int) and 0 < number < 65536 else 0


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the guard said."""

    status: int
    body: Mapping[str, Any]


class Beat:
    """Beats for one enrolled device. `once` belongs to one thread; `wait` to another."""

    def __init__(self, enrolment: Enrolment, ca: Path, school: School) -> None:
        self._enrolment = enrolment
        self._key = DeviceKey(enrolment.secret)
        self._ca = ca
        self._school = school
        self._clock = SchoolClock()  # the guard's time: for signing a beat, and for nothing else
        self._hint = threading.Event()
        self._line: tuple[Way, http.client.HTTPConnection] | None = None
        self._number = ""
        self._last = 0
        self._told = -1  # what the guard told last; -1: it is to answer at once
        self.carries = False
        """Whether the guard holds our beats, and so tells of news."""

    def wait(self) -> bool:
        """Wait for a hint that there are news, a minute at most; False: nobody would give one."""
        if not self.carries:
            return False
        again, now = self._school.again, self._school.clock.now()
        longest = _LONGEST_SILENCE * random.uniform(0.8, 1)  # noqa: S311 - spread, not a secret
        if again is not None:
            longest = min(longest, max(0.0, (again - now).total_seconds()))
        self._hint.wait(longest)
        self._hint.clear()
        return True

    def once(self) -> float:
        """Beat once, and hear the answer; return how many seconds to rest.

        Raises:
            LinkError: no way to the guard works now, or it does not take this device.
        """
        found = ways(self._school.guard, self._enrolment.server)
        if not found:
            self._lost()
            return _UNTOLD
        try:
            answer = self._by_any(found)
        except LinkError:
            self._lost()
            raise
        return self._hear(answer)

    def _hear(self, answer: _Answer) -> float:
        revision, held, rest = (answer.body.get(name) for name in ("revision", "held", "rest"))
        self.carries = held is True
        if isinstance(revision, int):
            self._told = revision
            if revision != self._revision():
                self._hint.set()
        if not self.carries:
            self._hint.set()  # whoever waits for a hint need not any more
        least = _BREATH * random.uniform(1, 2)  # noqa: S311 - spread, not a secret
        return min(max(float(rest), least), _LONGEST_REST) if isinstance(rest, int | float) else least

    def _lost(self) -> None:
        self.carries, self._told = False, -1
        self._hint.set()

    def _revision(self) -> int:
        return self._school.snapshot.revision if self._school.snapshot is not None else 0

    def _by_any(self, found: tuple[Way, ...]) -> _Answer:
        """Beat by the way that worked last, else by the first that works."""
        problems: list[str] = []
        mine = self._line[0] if self._line is not None else None
        for way in sorted(found, key=lambda one: one != mine):
            try:
                return self._beat(way)
            except (OSError, http.client.HTTPException) as problem:
                problems.append(f"{way.address}:{way.port}: {problem}")
                self._hang_up()
        raise LinkError(f"the guard cannot be reached ({'; '.join(problems)})", permanent=False)

    def _beat(self, way: Way) -> _Answer:
        """Beat, and once more where the guard wants it by its own time and with a number of its own."""
        answer = self._ask(way)
        if answer.status == _NOT_NOW:
            answer = self._ask(way)
        if answer.status != _OK:
            raise LinkError(f"the guard does not take this beat (status {answer.status})", permanent=False)
        return answer

    def _ask(self, way: Way) -> _Answer:
        kept = self._line is not None and self._line[0] == way
        try:
            answer = self._send(way)
        except (OSError, http.client.HTTPException):
            self._hang_up()
            if not kept:
                raise
            answer = self._send(way)  # the guard may have closed what was kept open
        self._learn(answer)
        return answer

    def _send(self, way: Way) -> _Answer:
        if self._line is None or self._line[0] != way:
            self._hang_up()
            self._line = (way, way.open(school_context(self._ca)))
        line = self._line[1]
        line.request("POST", PATH, self._signed(), {"Content-Type": "application/json", "Host": way.host})
        heard = line.getresponse()
        data = heard.read(_LARGEST + 1)
        if heard.will_close or len(data) > _LARGEST:
            self._hang_up()
        try:
            body = json.loads(data)
        except ValueError:
            body = None
        if heard.getheader("X-Klaswacht") != "1" or not isinstance(body, dict):
            raise http.client.HTTPException("this is not the guard")
        return _Answer(heard.status, body)

    def _signed(self) -> bytes:
        mine = self._enrolment
        # Each later than the one before, also where a clock was put back.
        at = self._last = max(signed.moment_number(self._clock.now()), self._last + 1)
        statement = signed.beat(mine.school, mine.device, at, self._number, self._told)
        told = {"device": mine.device, "at": at, "nonce": self._number, "revision": self._told}
        return json.dumps({**told, "signature": self._key.sign(statement)}).encode()

    def _learn(self, answer: _Answer) -> None:
        """Take the number for the next beat, and the guard's time."""
        number, now, after = (answer.body.get(name) for name in ("nonce", "now", "after"))
        if isinstance(number, str) and len(number) <= 200:
            self._number = number
        told = _moment(now)
        if told is None:
            return
        self._clock.hear(told)
        ceiling = signed.moment_number(told + _SKEW)
        if self._last > ceiling:  # signed by a clock that was ahead: no beat of that time was taken
            self._last = 0
        if isinstance(after, int) and after <= ceiling:
            self._last = max(self._last, after)

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line[1].close()


def _moment(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found.astimezone(UTC) if found is not None and found.tzinfo is not None else None
