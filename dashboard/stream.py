"""Server-sent events for the lesson page: the parts that changed, as soon as they changed.

One stream a tab. A stream holds a thread of the server, so they are capped, per person and in all. An event's id is a
digest of everything shown: a browser that comes back with the newest `Last-Event-ID` is sent nothing twice, and one
that missed something gets the whole present state, which is all there is to catch up with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from threading import Lock
from time import monotonic, sleep

from store import StoreUnavailable
from store.db import Pulse
from store.feed import Feed

HEARTBEAT = 15.0
_AWAY = 2.0
_LOOK_UP = 2.0
_CALM = 0.5
"""Seconds from one look to the next for what pupils do, however much they do: thirty who try what is closed would have
their teacher's screen drawn ten times a second. A permission, and whatever else moves the rules, is looked at at once.
"""
PER_PERSON = 6
IN_ALL = 80
AWAY = 5 * 60.0
"""Seconds without a stream after which nobody looks: a phone that is put away for a moment is no absence."""


class Place:
    """One stream's place. `taken_over` is set when a newer tab of the same person needed it."""

    __slots__ = ("person", "taken_over")

    def __init__(self, person: str) -> None:
        self.person = person
        self.taken_over = False


class Streams:
    """Who listens, oldest first. Safe between threads.

    The newest tab of a person wins: a page that was just loaded must be live, and the server only notices that a
    closed one is gone when it writes to it.
    """

    def __init__(self, per_person: int = PER_PERSON, in_all: int = IN_ALL) -> None:
        self._per_person = per_person
        self._in_all = in_all
        self._open: list[Place] = []
        self._gone: dict[str, float] = {}  # person -> when their last stream ended, on the monotonic clock
        self._began = monotonic()
        self._lock = Lock()

    def take(self, person: str) -> Place | None:
        """A place; beyond the person's share their oldest stream ends. None: everybody together has too many."""
        with self._lock:
            mine = [place for place in self._open if place.person == person and not place.taken_over]
            if len(mine) >= self._per_person:
                mine[0].taken_over = True
            if len(self._open) >= self._in_all:
                return None
            self._open.append(Place(person))
            self._gone.pop(person, None)
            return self._open[-1]

    def give_back(self, place: Place) -> None:
        """Give the place back; a second time does nothing."""
        with self._lock:
            if place in self._open:
                self._open.remove(place)
                if not any(other.person == place.person for other in self._open):
                    self._gone[place.person] = monotonic()

    def away(self, person: str) -> bool:
        """Whether somebody has had no page open for some minutes. After a start everybody gets those minutes anew."""
        with self._lock:
            if any(place.person == person for place in self._open):
                return False
            return monotonic() - self._gone.get(person, self._began) >= AWAY

    @property
    def count(self) -> int:
        """How many streams are open."""
        return len(self._open)


@dataclass(frozen=True, slots=True)
class Look:
    """What a screen shows at one moment: element id to HTML, and when it changes by itself (UTC)."""

    parts: Mapping[str, str]
    changes: datetime | None


def live(
    feed: Feed,
    pulse: Callable[[], Pulse],
    look: Callable[[datetime], Look | None],
    clock: Callable[[], datetime],
    last_id: str = "",
    stopped: Callable[[], bool] = lambda: False,
    taken_over: Callable[[], bool] = lambda: False,
) -> Iterator[str]:
    """The events of one stream; `pulse` reads the counters at once, `feed` waits for them to move. It ends when the
    person may not look any more (`look` gives None) or the server stops.
    """
    shown: dict[str, str] = {}
    known = last_id
    before: Pulse | None = None
    while not stopped():
        now, calm = clock(), monotonic() + _CALM
        wait = HEARTBEAT
        try:
            before = pulse()
            view = look(now)
            if view is None:
                yield "event: weg\ndata: 1\n\n"
                return
            digest = _digest(view.parts)
            if digest != known:
                changed = {key: html for key, html in view.parts.items() if shown.get(key) != html}
                yield _event(digest, changed)
                known = digest
            shown = dict(view.parts)
            if view.changes is not None:
                wait = min(wait, max(0.05, (view.changes - now).total_seconds()))
        except StoreUnavailable:
            before, wait = None, _AWAY
        yield f"event: klok\ndata: {int(clock().timestamp() * 1000)}\n\n"
        _sleep(feed, before, wait, calm, lambda: stopped() or taken_over())
        if taken_over():
            yield "event: vol\ndata: 1\n\n"
            return


def _sleep(feed: Feed, before: Pulse | None, wait: float, calm: float, over: Callable[[], bool]) -> None:
    """Until something moved, `wait` seconds passed, or it is `over` (seen within some seconds).

    What moved that is no change of the rules waits for `calm`, on the monotonic clock.
    """
    if before is None:
        sleep(wait)  # the store is away: there is nothing to compare with
        return
    end = monotonic() + wait
    while (left := end - monotonic()) > 0 and not over():
        after = feed.wait_pulse(min(left, _LOOK_UP), before)
        if after != before:
            if after.revision == before.revision:
                feed.wait(min(end, calm) - monotonic(), before.revision)
            return


def _digest(parts: Mapping[str, str]) -> str:
    whole = sha256()
    for key in sorted(parts):
        whole.update(f"{key}\0{parts[key]}\0".encode())
    return whole.hexdigest()[:20]


def _event(digest: str, parts: Mapping[str, str]) -> str:
    """One event with the parts for htmx: each is morphed into the element of its id."""
    html = "\n".join(
        f'<hx-partial hx-target="#{key}" hx-swap="innerMorph">{part}</hx-partial>' for key, part in parts.items()
    )
    lines = "\n".join(f"data: {line}" for line in html.splitlines())
    return f"id: {digest}\n{lines}\n\n"
