"""What may be permitted besides places: printing, a topic, a telephone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from dashboard.actions.lesson import Lesson
from dashboard.present.words import Choice, Words, iso

_HALF_HOUR = timedelta(minutes=30)
_MOST_TIMES = 16


@dataclass(frozen=True, slots=True)
class Extras:
    """What may be permitted besides places; what the rules do not close, or may not be opened, is not offered."""

    prints: bool
    topics: tuple[Choice, ...]
    phone_until: tuple[Choice, ...]

    @property
    def any(self) -> bool:
        """Whether there is anything to offer."""
        return self.prints or bool(self.topics) or bool(self.phone_until)


def extras_of(lesson: Lesson, words: Words) -> Extras:
    """What the rules let this teacher permit besides places, with its choices."""
    offers = lesson.offers
    return Extras(
        prints=offers.prints,
        topics=tuple(Choice(topic, names.get(words.lang, topic)) for topic, names in offers.topics.items()),
        phone_until=_phone_until(lesson, words) if offers.phones else (),
    )


def _phone_until(lesson: Lesson, words: Words) -> tuple[Choice, ...]:
    """The end of the lesson, the half hours after it, and the end of the school day."""
    last, end = lesson.offers.school_ends, lesson.period.end
    if last is None or end is None or not lesson.in_lesson:
        return ()
    first = min(end, last)
    half = first.replace(minute=first.minute // 30 * 30, second=0, microsecond=0) + _HALF_HOUR
    between = [half + _HALF_HOUR * step for step in range(_MOST_TIMES)]
    moments = [first, *(moment for moment in between if moment < last), *([last] if last > first else [])]
    labels = (
        {first: "dash.give.to_end", last: "dash.extra.to_school_end"} if last > first else {first: "dash.give.to_end"}
    )
    return tuple(
        Choice(iso(at), words(labels.get(at, "dash.extra.until"), until=words.clock(at)), chosen=at == first)
        for at in moments
    )


def looser_line(lesson: Lesson, words: Words) -> str:
    """The clause that a rainy break is looser than; empty where there is none."""
    clause = lesson.offers.looser
    if clause is None:
        return ""
    return words("dash.extra.looser", school=lesson.offers.school, article=clause.article)
