"""The school year: holidays, study days, half days, excursions; one change at a time, looked at first, then saved.

A holiday that nobody confirmed closes nothing (`Schedule.waiting`). What a `school.yaml` may not say is refused here
by the same check.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from config.holidays_file import Vacation, factory_vacations
from config.read import ConfigError
from config.times import times_of, with_times
from dashboard.actions.amending import OFFICE, adopt, moved_since
from dashboard.actions.bells import Affected, affected
from dashboard.actions.days_off import Change, Entry, entries, free, made
from dashboard.actions.desk import Desk, Outcome, done, refused
from policy.model import Group, Member, Policy, Schedule
from policy.schedule import zone_of


@dataclass(frozen=True, slots=True)
class Year:
    """What the page shows: the written entries, what they came to, and what the region's holidays are.

    `following`: whether public holidays are followed at all; `free` are those that the school has.
    """

    schedule: Schedule
    region: str
    confirmed: frozenset[str]
    vacations: tuple[Vacation, ...]
    following: bool
    free: frozenset[str]
    entries: tuple[Entry, ...]
    groups: tuple[Group, ...]
    based_on: int
    today: date


@dataclass(frozen=True, slots=True)
class Plan:
    """What a change would do. `based_on` is the version that it was worked out on; `moved` as in `week.Plan`."""

    change: Change
    based_on: int
    old: Policy
    new: Policy
    written: str
    affected: tuple[Affected, ...]
    moved: tuple[str, ...] = ()


def year(desk: Desk, who: Member, now: datetime) -> Outcome[Year]:
    """The days that are otherwise, as they are written and as they come out."""
    if who.role not in OFFICE:
        return refused("role")
    current = desk.store.policies.current(desk.school)
    if current is None:
        return refused("gone")
    values, schedule = times_of(current.policy, current.written), current.policy.schedule
    follows: Mapping[str, Any] = values.get("holidays") or {}
    region = str(follows.get("region", ""))
    groups = sorted(desk.snapshot(now).groups.values(), key=lambda one: (min(one.years, default=99), one.name))
    return done(
        "seen",
        Year(
            schedule,
            region,
            frozenset(follows.get("confirmed") or ()),
            factory_vacations().of(region) if region else (),
            values.get("public") is not None,
            free(values),
            entries(values),
            tuple(one for one in groups if one.until is None or one.until > now),
            current.number,
            now.astimezone(zone_of(schedule.zone)).date(),
        ),
    )


def look(desk: Desk, who: Member, change: Change, based_on: int, lang: str, now: datetime) -> Outcome[Plan]:
    """Work a change out, on the rules as they are now. Nothing is written."""
    if who.role not in OFFICE:
        return refused("role")
    current = desk.store.policies.current(desk.school)
    if current is None:
        return refused("gone")
    today = now.astimezone(zone_of(current.policy.schedule.zone)).date()
    outcome = made(times_of(current.policy, current.written), change, today)
    if outcome.value is None:
        return Outcome(False, outcome.code)
    try:
        policy, written = with_times(current.policy, current.written, outcome.value)
    except ConfigError as error:
        return refused("year_clash" if "overlap" in error.problem else "year_other")
    if policy == current.policy and written == current.written:
        return refused("year_same")
    touched = affected(desk, policy.schedule, now)
    moved = moved_since(desk, based_on, lang)
    return done("seen", Plan(change, current.number, current.policy, policy, written, touched, moved))


def save(desk: Desk, who: Member, change: Change, based_on: int, lang: str, now: datetime) -> Outcome[Plan]:
    """Let it hold. Refused, with the plan as it is now, when the rules are others than those that were looked at."""
    outcome = look(desk, who, change, based_on, lang, now)
    plan = outcome.value
    if plan is None:
        return outcome
    if plan.based_on != based_on:
        return refused("times_moved", plan)
    kept = adopt(desk, who, plan.new, based_on, now, written=plan.written)
    return done("year_kept", plan) if kept.ok else refused("times_moved", plan)
