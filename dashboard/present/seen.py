"""What was stopped or held today, in lines of one kind; without a name until an adult asks for it."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.actions.lesson import Lesson
from dashboard.present.words import Words
from policy.model import Action, Reason

_SEEN_LINES = 30
# That somebody has no yes from home, or a ban, is not for a screen in the class, not even without a name.
_PRIVATE = frozenset({Reason.CONSENT, Reason.SANCTION})


@dataclass(frozen=True, slots=True)
class SeenLine:
    """Some exceptions of one kind. `who` is empty until an adult asks for names."""

    host: str
    why: str
    times: str
    at: str
    who: str


def seen_lines(lesson: Lesson, words: Words, names: bool, board: bool) -> tuple[SeenLine, ...]:
    """Exceptions of one kind (and, with names, of one pupil) on one line; the newest on top."""
    lines: dict[tuple[str, str, str], list[str]] = {}
    shown = [event for event in lesson.seen if not (board and event.reason in _PRIVATE)]
    for event in sorted(shown, key=lambda event: event.when, reverse=True):
        thing = words("dash.seen.app", app=event.thing) if event.thing and not event.host else ""
        thing = words("dash.seen.print") if event.action is Action.PRINT else thing
        host = event.host or thing or words("dash.seen.unknown")
        who = lesson.names.get(event.person or "", words("dash.reports.somebody")) if names else ""
        lines.setdefault((host, words.reason(event.reason), who), []).append(words.clock(event.when))
    return tuple(
        SeenLine(host, why, words("dash.seen.times", count=len(at)) if len(at) > 1 else "", at[0], who)
        for (host, why, who), at in list(lines.items())[:_SEEN_LINES]
    )
