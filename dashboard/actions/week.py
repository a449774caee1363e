"""The week of the school and of each group: typed as rows, looked at, and saved as a new version of the rules.

What is typed is never lost: a problem names its row, and the rows come back as they were typed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from hashlib import sha256

from config.read import ConfigError
from config.times import times_of, with_times
from dashboard.actions.amending import OFFICE, adopt, moved_since
from dashboard.actions.bells import Affected, affected
from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.week_rows import Problem, Row, Typed, typed_of, week_problems, with_week
from policy.model import Group, Member, PeriodKind, Policy, Schedule, Slot

_EARLY, _LATE = time(6, 0), time(19, 0)


@dataclass(frozen=True, slots=True)
class Question:
    """What may be meant but is odd (`dash.week.ask.*`); saving takes a yes. `day` None: about the whole week."""

    code: str
    day: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What saving would do: `before` and `after` are the rows that hold. `seen` names exactly this plan, `based_on` is
    the version that it was worked out on.

    `moved`: what somebody else changed since the version that the page was made from.
    """

    group: str | None
    typed: Typed
    before: Typed
    after: Typed
    based_on: int
    seen: str
    old: Schedule
    new: Schedule
    policy: Policy
    written: str
    questions: tuple[Question, ...]
    affected: tuple[Affected, ...]
    moved: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether nothing would be different."""
        return self.old == self.new


@dataclass(frozen=True, slots=True)
class Week:
    """One week to change: the school's (`group` None) or a group's, as rows and as slots; `names` are group names."""

    group: Group | None
    typed: Typed
    slots: Mapping[int, tuple[Slot, ...]]
    based_on: int
    groups: tuple[tuple[Group, bool], ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of looking: the problems of what was typed, or the plan."""

    problems: tuple[Problem, ...] = ()
    plan: Plan | None = None


def week(desk: Desk, who: Member, group: str | None, now: datetime) -> Outcome[Week]:
    """The week as it is, and which groups have one of their own (True)."""
    if who.role not in OFFICE:
        return refused("role")
    current = desk.store.policies.current(desk.school)
    snapshot = desk.snapshot(now)
    found = snapshot.groups.get(group) if group is not None else None
    if current is None or (group is not None and found is None):
        return refused("gone")
    values = times_of(current.policy, current.written)
    schedule = current.policy.schedule
    groups = tuple(
        (one, bool(values.get("groups", {}).get(one.id)))
        for one in sorted(snapshot.groups.values(), key=lambda one: (min(one.years, default=99), one.name))
        if one.until is None or one.until > now
    )
    slots = schedule.days if group is None else schedule.groups.get(group, schedule.days)
    return done("seen", Week(found, typed_of(values, group), slots, current.number, groups))


def look(
    desk: Desk, who: Member, group: str | None, typed: Typed, based_on: int, lang: str, now: datetime
) -> Outcome[Looked]:
    """Work out what saving would do, on the rules as they are now. Nothing is written."""
    if who.role not in OFFICE:
        return refused("role")
    current = desk.store.policies.current(desk.school)
    if current is None or (group is not None and group not in desk.snapshot(now).groups):
        return refused("gone")
    values = times_of(current.policy, current.written)
    as_is = typed_of(values, group)
    problems = week_problems(typed, range(7) if group is None else sorted(typed.own))
    if problems:
        return refused("week_problems", Looked(problems))
    wish = with_week(values, group, typed)
    try:
        policy, written = with_times(current.policy, current.written, wish)
    except ConfigError as error:
        return refused("week_problems", Looked((Problem("config", 0, about=error.problem),)))
    new, after = policy.schedule, typed_of(wish, group)
    plan = Plan(
        group,
        typed,
        as_is,
        after,
        current.number,
        sha256(f"{current.number}\n{group}\n{written}".encode()).hexdigest()[:16],
        current.policy.schedule,
        new,
        policy,
        written,
        _questions(typed, group, as_is, after, current.policy.schedule, new),
        affected(desk, new, now),
        moved_since(desk, based_on, lang),
    )
    return done("seen", Looked(plan=plan))


def save(
    desk: Desk,
    who: Member,
    group: str | None,
    typed: Typed,
    based_on: int,
    seen: str,
    lang: str,
    now: datetime,
    *,
    sure: bool = False,
) -> Outcome[Looked]:
    """Let what was looked at hold. Refused with the plan as it is now when that is no longer what was looked at."""
    outcome = look(desk, who, group, typed, based_on, lang, now)
    plan = outcome.value.plan if outcome.value else None
    if plan is None:
        return outcome
    if plan.based_on != based_on:
        return refused("times_moved", outcome.value)
    if plan.seen != seen:
        return refused("week_other", outcome.value)
    if plan.questions and not sure:
        return refused("week_sure", outcome.value)
    kept = adopt(desk, who, plan.policy, based_on, now, written=plan.written)
    if kept.ok:
        return done("week_kept", outcome.value)
    again = look(desk, who, group, typed, based_on, lang, now)
    return refused("times_moved", again.value)


def _questions(
    typed: Typed, group: str | None, as_is: Typed, after: Typed, old: Schedule, new: Schedule
) -> tuple[Question, ...]:
    week, before = (one.days if group is None else one.groups.get(group, one.days) for one in (new, old))
    found: list[Question] = []
    if not any(slot.kind is PeriodKind.LESSON for slots in week.values() for slot in slots):
        found.append(Question("no_lesson_at_all"))
    for day in range(7):
        slots = week.get(day, ())
        known = (_filled(one.days[day]) for one in (as_is, after))
        if group is not None and day not in typed.own and _filled(typed.days[day]) not in known:
            found.append(Question("not_own", day))
        if slots == before.get(day, ()):
            continue
        if slots and not any(slot.kind is PeriodKind.LESSON for slot in slots):
            found.append(Question("no_lesson", day))
        if slots and (slots[0].start < _EARLY or slots[-1].end > _LATE):
            found.append(Question("odd_hours", day))
        if not slots and before.get(day):
            found.append(Question("free_day", day))
    return tuple(found)


def _filled(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(row for row in rows if not row.blank)
