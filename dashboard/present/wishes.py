"""The form of a permission: what it offers, what was filled in, and at which field something is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from dashboard.actions.lesson import Lesson
from dashboard.actions.permission import MINUTES
from dashboard.present.words import Choice, Words

GOALS = ("research", "talk", "film", "paper", "practice")
# No lesson asks for all of these at once; who needs one site of the kind types its address.
_NOT_OFFERED = frozenset({"dating"})
# At which part of the form a refusal stands; the others stand above it.
_FIELDS = {
    "what": "site",
    "bad_site": "site",
    "video_list": "video",
    "video_none": "video",
    "video_empty": "video",
    "category": "category",
    "topic": "topic",
    "locked": "what",
    "not_liftable": "what",
    "who": "some",
    "without": "but",
    "without_all": "but",
    "ready_name": "name",
    "ready_people": "name",
    "ready_child": "name",
    "ready_many": "name",
}


@dataclass(frozen=True, slots=True)
class Filled:
    """What was filled in, as it was typed. Nothing of it is checked."""

    what: str = "site"
    site: str = ""
    video: str = ""
    place: str = ""
    category: str = ""
    topic: str = ""
    who: str = "all"
    pupils: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    minutes: str = "lesson"
    mode: str = "full"
    goal: str = ""
    own_goal: str = ""
    name: str = ""
    shared: bool = False
    keeps: bool = False


@dataclass(frozen=True, slots=True)
class GiveForm:
    """The form, finished. `wrong` is the part of it that `sentence` is about; empty: all of it, or nothing at all.

    `refused`: it was sent and nothing was given. `can_give`: there is a lesson; else it can only be kept ready.
    """

    can_give: bool
    what: tuple[Choice, ...]
    services: tuple[Choice, ...]
    categories: tuple[Choice, ...]
    topics: tuple[Choice, ...]
    who: tuple[Choice, ...]
    some: tuple[Choice, ...]
    but: tuple[Choice, ...]
    durations: tuple[Choice, ...]
    mode: tuple[Choice, ...]
    goals: tuple[Choice, ...]
    filled: Filled = field(default_factory=Filled)
    wrong: str = ""
    sentence: str = ""

    @property
    def refused(self) -> bool:
        """Whether something is wrong with what was sent."""
        return bool(self.sentence)


def give_form(lesson: Lesson, words: Words, *, board: bool, filled: Filled | None = None, code: str = "") -> GiveForm:
    """The form, empty or with what was `filled` in; `code` is why that was refused (`dash.no.*`).

    With `board` nobody is named.
    """
    told = filled or Filled()
    pupils = () if board else lesson.pupils
    wrong = _FIELDS.get(code.removeprefix("dash.no."), "")
    if wrong in {"site", "video"} and told.what != wrong:
        wrong = "place" if told.what == "pictures" else "what"
    return GiveForm(
        can_give=lesson.in_lesson,
        what=_what(lesson, words, told.what),
        services=tuple(Choice(name, site) for name, site in lesson.offers.services),
        categories=_chosen(
            told.category, [(one, words.category(one)) for one in lesson.categories if one not in _NOT_OFFERED]
        ),
        topics=_chosen(told.topic, [(one, names.get(words.lang, one)) for one, names in lesson.offers.topics.items()]),
        who=_who(bool(pupils), words, told.who),
        some=tuple(Choice(one.id, one.name, one.id in told.pupils) for one in pupils),
        but=tuple(Choice(one.id, one.name, one.id in told.without) for one in pupils),
        durations=durations(lesson, words, told.minutes),
        mode=_chosen(told.mode, [("full", words("dash.give.full")), ("view", words("dash.give.view"))]),
        goals=_goals(words, told.goal),
        filled=told,
        wrong=wrong,
        sentence=words(code) if code else "",
    )


def durations(lesson: Lesson, words: Words, chosen: str = "lesson") -> tuple[Choice, ...]:
    """To the end of the lesson, and what is shorter than that."""
    end = lesson.period.end
    if end is None or not lesson.in_lesson:
        return ()
    fits = [minutes for minutes in MINUTES if lesson.now + timedelta(minutes=minutes) < end]
    lengths = [(str(minutes), words("dash.give.minutes", minutes=minutes)) for minutes in fits]
    kept = chosen if chosen in dict(lengths) else "lesson"
    return _chosen(kept, [("lesson", words("dash.give.to_end", until=words.clock(end))), *lengths])


def _what(lesson: Lesson, words: Words, chosen: str) -> tuple[Choice, ...]:
    """The kinds of things that may be permitted here; what no rule closes is not offered."""
    offers = lesson.offers
    there = {
        "site": True,
        "video": True,
        "category": bool(lesson.categories),
        "pictures": offers.pictures,
        "print": offers.prints,
        "words": bool(offers.topics),
    }
    shown = [name for name, offered in there.items() if offered]
    picked = chosen if chosen in shown else "site"
    return _chosen(picked, [(name, words(f"dash.permit.{name}")) for name in shown])


def _who(named: bool, words: Words, chosen: str) -> tuple[Choice, ...]:
    choices = [("all", words("dash.give.everyone"))]
    if named:
        choices += [("some", words("dash.permit.some")), ("but", words("dash.permit.but"))]
    return _chosen(chosen if chosen in dict(choices) else "all", choices)


def _goals(words: Words, chosen: str) -> tuple[Choice, ...]:
    named = [words(f"dash.permit.goals.{one}") for one in GOALS]
    return _chosen(
        chosen if chosen in named else "", [("", words("dash.permit.no_goal")), *((one, one) for one in named)]
    )


def _chosen(value: str, choices: list[tuple[str, str]]) -> tuple[Choice, ...]:
    return tuple(Choice(one, label, one == value) for one, label in choices)
