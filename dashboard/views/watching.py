"""One open lesson page that keeps itself up to date, and what all of them share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event

from flask import current_app, render_template

from dashboard.actions.lesson import Lesson, see_lesson
from dashboard.actions.reading import Readings, Rows
from dashboard.auth import find_visitor, house
from dashboard.present.lesson import LessonPage, lesson_page
from dashboard.present.words import Words
from dashboard.stream import HEARTBEAT, Look, Streams
from policy.model import Snapshot
from store.feed import Feed

PARTS = (
    "storing",
    "left",
    "now",
    "substitute",
    "reports",
    "tiles",
    "signing",
    "prints",
    "asks",
    "agreed",
    "open",
    "lengths",
    "extra",
    "seen",
    "klas",
    "signing_start",
)
_ANEW = timedelta(seconds=HEARTBEAT - 1)


@dataclass(slots=True)
class Live:
    """What the streams share."""

    feed: Feed
    streams: Streams
    readings: Readings = field(default_factory=Readings)
    stopped: Event = field(default_factory=Event)

    def close(self) -> None:
        """Let every stream end."""
        self.stopped.set()
        self.feed.close()


def live_of() -> Live:
    """What the streams of this app share."""
    found: Live = current_app.extensions["klaswacht_live"]
    return found


@dataclass(slots=True)
class Watch:
    """Looks at a group for one tab. With every heartbeat everything is looked at anew, whoever may look too.

    In between only where something of this group moved: an event of another group is no work here.
    """

    group: str
    token: str
    words: Words
    board: bool
    names: bool
    shared: Live
    _kept: tuple[Rows, Snapshot, datetime, Look] | None = None
    _page: LessonPage | None = None
    _parts: Mapping[str, str] = field(default_factory=dict)

    def look(self, now: datetime) -> Look | None:
        """What is to be seen now; None: the person may not look any more."""
        desk = house().desk
        rows, snapshot = self.shared.readings.of(desk, self.group, now), desk.snapshot(now)
        if self._kept is not None:
            before, then, at, look = self._kept
            over = look.changes is not None and now >= look.changes
            if rows is before and snapshot is then and not over and abs(now - at) < _ANEW:
                return look
        still = find_visitor(self.token, now, touch=False)
        away = self.shared.streams.away
        lesson = see_lesson(desk, still.member, self.group, now, rows, away).value if still else None
        if lesson is None:
            return None
        look = self._drawn(lesson)
        self._kept = (rows, snapshot, now, look)
        return look

    def _drawn(self, lesson: Lesson) -> Look:
        page = lesson_page(lesson, Words(self.words.lang, lesson.zone), board=self.board, names=self.names)
        if page != self._page:
            # What moved in another group is read by every screen of the school, and drawn by none of them.
            self._page = page
            self._parts = {
                f"part-{part}": render_template(f"parts/{part}.html", page=page, board=self.board) for part in PARTS
            }
        return Look(self._parts, lesson.changes)
