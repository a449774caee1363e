"""Server-sent events for the lesson page: the parts that changed, as soon as they changed.

One stream a tab. A stream holds a thread of the server, so they are capped, per person and in all. An event's id is a
digest of everything shown: a browser that comes back with the newest `Last-Event-ID` is sent nothing twice, and one
that missed something gets the whole present state, which is all there is to catch up with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from threading import Lock

from store import StoreUnavailable
from store.db import Pulse
from store.feed import Feed

HEARTBEAT = 15.0
_AWAY = 2.0
PER_PERSON = 6
IN_ALL = 48


class Streams:
    """Counts who listens. Safe between threads."""

    def __init__(self, per_person: int = PER_PERSON, in_all: int = IN_ALL) -> None:
        self._per_person = per_person
        self._in_all = in_all
        self._open: Counter[str] = Counter()
        self._lock = Lock()

    def take(self, person: str) -> bool:
        """Take a place; False when this person, or everybody together, has too many."""
        with self._lock:
            if self._open[person] >= self._per_person or self._open.total() >= self._in_all:
                return False
            self._open[person] += 1
            return True

    def give_back(self, person: str) -> None:
        """Give the place back."""
        with self._lock:
            self._open[person] -= 1
            if self._open[person] <= 0:
                del self._open[person]

    @property
    def count(self) -> int:
        """How many streams are open."""
        return self._open.total()


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
) -> Iterator[str]:
    """The events of one stream; `pulse` reads the counters at once, `feed` waits for them to move. It ends when the
    person may not look any more (`look` gives None) or the server stops.
    """
    shown: dict[str, str] = {}
    known = last_id
    before: Pulse | None = None
    while not stopped():
        now = clock()
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
            wait = _AWAY
        yield f"event: klok\ndata: {int(clock().timestamp() * 1000)}\n\n"
        feed.wait_pulse(wait, before)


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
