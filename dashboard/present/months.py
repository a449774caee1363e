"""A school year in months: every day with what it is, and what is off in words."""

from __future__ import annotations

from calendar import Calendar
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta

from config.schema_timetable import WEEKDAYS
from dashboard.present.words import Words
from policy.model import Closure, Group, Schedule

_MONTHS = (8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6, 7)


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of a month: `kind` is a class of the sheet (`off`, `waits`, `half`, `special`, `weekend`, or nothing)."""

    day: str
    kind: str
    told: str


@dataclass(frozen=True, slots=True)
class Month:
    """One month: six weeks at most, and what is off in it, in words."""

    name: str
    weeks: tuple[tuple[Cell, ...], ...]
    told: tuple[str, ...]


def months(schedule: Schedule, groups: Mapping[str, Group], start: int, words: Words) -> tuple[Month, ...]:
    """The months of the school year that begins in August of the year `start`."""
    return tuple(_month(schedule, groups, start + (month < 8), month, words) for month in _MONTHS)


def _month(schedule: Schedule, groups: Mapping[str, Group], year: int, month: int, words: Words) -> Month:
    weeks = tuple(
        tuple(_cell(schedule, groups, day, month, words) for day in week)
        for week in Calendar().monthdatescalendar(year, month)
    )
    first, last = date(year, month, 1), _last(year, month)
    told = [
        _off(one, first, last, words)
        for one in schedule.closures
        if one.first <= last and one.last >= first and _school_days(schedule, one, first, last)
    ]
    told += [_waits(one, first, last, words) for one in schedule.waiting if one.first <= last and one.last >= first]
    told += [_special(schedule, groups, day, words) for day in _days(first, last) if _specials(schedule, day)]
    return Month(words(f"now.month.m{month}").capitalize() + f" {year}", weeks, tuple(told))


def _cell(schedule: Schedule, groups: Mapping[str, Group], day: date, month: int, words: Words) -> Cell:
    if day.month != month:
        return Cell("", "", "")
    off = next((one for one in schedule.closures if one.first <= day <= one.last), None)
    waits = next((one for one in schedule.waiting if one.first <= day <= one.last), None)
    if _specials(schedule, day):
        return Cell(str(day.day), "special", _special(schedule, groups, day, words))
    if not _usual(schedule, day):
        return Cell(str(day.day), "off weekend" if off else "weekend", off.name if off else "")
    if off is not None:
        return Cell(str(day.day), "off", off.name or words("dash.year.off"))
    if waits is not None:
        return Cell(str(day.day), "waits", words("dash.year.waits_day", name=waits.name))
    return Cell(str(day.day), "", "")


def _usual(schedule: Schedule, day: date) -> bool:
    """Whether anybody has school on such a weekday."""
    return any(week.get(day.weekday()) for week in (schedule.days, *schedule.groups.values()))


def _school_days(schedule: Schedule, one: Closure, first: date, last: date) -> bool:
    return any(_usual(schedule, day) for day in _days(max(one.first, first), min(one.last, last)))


def _specials(schedule: Schedule, day: date) -> bool:
    return any(one.day == day for one in schedule.specials)


def _special(schedule: Schedule, groups: Mapping[str, Group], day: date, words: Words) -> str:
    told = []
    for one in schedule.specials:
        if one.day == day:
            end = "" if one.slot.end in (time.max, time()) else f"–{one.slot.end:%H:%M}"
            names_of = ", ".join(groups[group].name if group in groups else group for group in sorted(one.groups))
            told.append(f"{one.slot.start:%H:%M}{end} {one.slot.name}" + (f" ({names_of})" if names_of else ""))
    return words("dash.year.on_day", day=day_said(day, words), what=", ".join(told))


def _off(one: Closure, first: date, last: date, words: Words) -> str:
    when = stretch(max(one.first, first), min(one.last, last), words)
    return words("dash.year.on_day", day=when, what=one.name or words("dash.year.off"))


def _waits(one: Closure, first: date, last: date, words: Words) -> str:
    when = stretch(max(one.first, first), min(one.last, last), words)
    return words("dash.year.on_day", day=when, what=words("dash.year.waits_day", name=one.name))


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _last(year: int, month: int) -> date:
    return (date(year, month, 28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def stretch(first: date, last: date, words: Words) -> str:
    """Days in words: `za 17 oktober t/m zo 25 oktober`."""
    if first == last:
        return day_said(first, words)
    return words("dash.year.stretch", first=day_said(first, words), last=day_said(last, words))


def day_said(day: date, words: Words) -> str:
    """A day in words: `za 17 oktober`."""
    weekday = words(f"policy.day.{WEEKDAYS[day.weekday()]}")[:2]
    return f"{weekday} {day.day} {words(f'now.month.m{day.month}')}"
