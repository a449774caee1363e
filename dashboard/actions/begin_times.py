"""Beginning, the times: a simple week for everybody, and the holidays of a region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.holidays_file import Vacation, factory_vacations
from config.read import ConfigError
from config.schema_timetable import REGIONS, WEEKDAYS
from config.times import times_of, with_times
from dashboard.actions.amending import OFFICE, adopt
from dashboard.actions.desk import Desk, Outcome, done, refused
from policy.model import Member, Policy

CHOSE_TIMES = "begin.times"
"""Entry of the audit trail: somebody looked, and kept the times that the box came with."""
_SCHOOL_DAYS = WEEKDAYS[:5]
_SHORT = ("wed", "fri")


@dataclass(frozen=True, slots=True)
class Times:
    """A simple week as it is typed: `08:30`; `breaks` are pairs, an empty one is none; `short` is a day's own end."""

    start: str = ""
    end: str = ""
    breaks: tuple[tuple[str, str], ...] = ()
    short: Mapping[str, str] | None = None


def simple_times(policy: Policy, kept: str) -> Times | None:
    """The week as the simple form has it; None where the school's own says more than that form."""
    values = times_of(policy, kept)
    days: Mapping[str, Any] = values.get("days") or {}
    if values.get("groups") or set(days) != set(_SCHOOL_DAYS):
        return None
    typed = _of_day(days["mon"])
    if typed is None:
        return None
    ends = {day: _end(days[day]) for day in _SHORT}
    found = Times(typed.start, typed.end, typed.breaks, {day: end for day, end in ends.items() if end != typed.end})
    return found if _days(found) == {day: _plain(days[day]) for day in _SCHOOL_DAYS} else None


def set_times(desk: Desk, who: Member, typed: Times, based_on: int, now: datetime) -> Outcome[object]:
    """Let a simple week hold for everybody; groups with a week of their own keep that."""
    if who.role not in OFFICE:
        return refused("role")
    current = desk.store.policies.current(desk.school)
    if current is None:
        return refused("gone")
    values = {**times_of(current.policy, current.written), "days": _days(typed)}
    try:
        policy, written = with_times(current.policy, current.written, values)
    except ConfigError:
        return refused("begin_times")
    if policy != current.policy:
        outcome = adopt(desk, who, policy, based_on, now, written=written)
        if not outcome.ok:
            return Outcome(False, outcome.code)
    return keep_times(desk, who, now)


def keep_times(desk: Desk, who: Member, now: datetime) -> Outcome[object]:
    """Note that somebody looked at the times, and that they are right."""
    if who.role not in OFFICE:
        return refused("role")
    desk.store.audit.add(desk.school, who.id, CHOSE_TIMES, now)
    return done("begin_times")


def vacations(region: str, now: datetime) -> tuple[Vacation, ...]:
    """The holidays of a region that are not over."""
    return tuple(one for one in factory_vacations().of(region) if one.last >= now.date())


def region_of(policy: Policy, kept: str) -> str:
    """The region that the school follows; empty when it chose none."""
    found = times_of(policy, kept).get("holidays")
    return str(found.get("region", "")) if isinstance(found, dict) else ""


def set_region(desk: Desk, who: Member, region: str, based_on: int, now: datetime) -> Outcome[object]:
    """Follow the school holidays of a region; whoever says so looked at the dates of the coming ones."""
    if who.role not in OFFICE:
        return refused("role")
    current = desk.store.policies.current(desk.school)
    if current is None or region not in REGIONS:
        return refused("begin_region")
    values = times_of(current.policy, current.written)
    years = list(dict.fromkeys(one.year for one in vacations(region, now)))
    old = values.get("holidays")
    before = list(old.get("confirmed", [])) if isinstance(old, dict) and old.get("region") == region else []
    values = {**values, "holidays": {"region": region, "confirmed": sorted({*before, *years})}}
    try:
        policy, written = with_times(current.policy, current.written, values)
    except ConfigError:
        return refused("begin_region")
    outcome = adopt(desk, who, policy, based_on, now, written=written)
    return done("begin_region") if outcome.ok else Outcome(False, outcome.code)


def _days(typed: Times) -> dict[str, dict[str, list[str]]]:
    short = typed.short or {}
    return {day: _day(typed, short.get(day) or typed.end) for day in _SCHOOL_DAYS}


def _day(typed: Times, end: str) -> dict[str, list[str]]:
    """One day as it is written; a break that begins when school is out is none."""
    breaks = [f"{first}-{last}" for first, last in typed.breaks if (first or last) and not (last and last > end)]
    found = {"lessons": [f"{typed.start}-{end}"]}
    return found | ({"breaks": breaks} if breaks else {})


def _of_day(day: Any) -> Times | None:
    lessons, breaks = list(day.get("lessons", [])), list(day.get("breaks", []))
    if day.get("free") or not lessons:
        return None
    pairs = tuple((first, last) for first, _, last in (one.partition("-") for one in breaks))
    spans = sorted([*lessons, *breaks])
    return Times(spans[0].partition("-")[0], _end(day), pairs)


def _plain(day: Any) -> dict[str, list[str]]:
    """A day in the form's own words: one stretch of lessons with the breaks in it."""
    typed = _of_day(day)
    return {} if typed is None else _day(typed, typed.end)


def _end(day: Any) -> str:
    spans = [*day.get("lessons", []), *day.get("breaks", [])]
    return max((str(one).partition("-")[2] for one in spans), default="")
