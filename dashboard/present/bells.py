"""What another timetable touches, in sentences: what runs now, what is planned, who comes in with a code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from dashboard.actions.bells import About, Affected
from dashboard.present.words import Words
from policy.model import Group, Period, PeriodKind


def affected_lines(
    affected: Iterable[Affected], groups: Mapping[str, Group], words: Words, now: datetime
) -> tuple[str, ...]:
    """One sentence each; groups for which the same moment changes in the same way share theirs."""
    affected = tuple(affected)
    return (*_now(affected, groups, words, now), *(_line(one, groups, words, now) for one in affected if not one.after))


def _now(affected: Iterable[Affected], groups: Mapping[str, Group], words: Words, now: datetime) -> Iterator[str]:
    alike: dict[tuple[str, str], list[str]] = {}
    for one in affected:
        if one.before and one.after:
            said = (_period(one.before, words, now), _period(one.after, words, now))
            alike.setdefault(said, []).append(groups[one.group].name if one.group in groups else one.group)
    for (was, then), names in alike.items():
        everybody = len(names) > 1 and len(names) == len(groups)
        group = words("dash.bells.everybody") if everybody else ", ".join(names)
        yield words("dash.bells.now", group=group, was=was, then=then)


def _line(one: Affected, groups: Mapping[str, Group], words: Words, now: datetime) -> str:
    group = groups[one.group].name if one.group in groups else one.group
    if one.about is About.NOW and one.before and one.after:
        return words(
            "dash.bells.now", group=group, was=_period(one.before, words, now), then=_period(one.after, words, now)
        )
    values = {"group": group, "was": _at(one.was, words, now), "becomes": _at(one.becomes, words, now)}
    values |= {"what": one.what, "count": str(one.count), "start": _at(one.start, words, now)}
    code = one.about.value
    if one.about is About.SEATS and one.count == 1:
        code = "seat"
    if one.about is About.CODE and one.becomes is None:
        code = "code_free"
    return words(f"dash.bells.{code}", **values)


def _period(period: Period, words: Words, now: datetime) -> str:
    kind = words(f"dash.bells.kind.{period.kind.value}")
    if period.end is None or period.kind is PeriodKind.OUTSIDE:
        return kind
    return words("dash.bells.until", what=kind, until=_at(period.end, words, now))


def _at(moment: datetime | None, words: Words, now: datetime) -> str:
    return "" if moment is None else words.day_clock(moment, now)
