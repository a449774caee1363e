"""Exceptions in numbers, a week each, of this school year. What may tell of one child is kept back in here.

What the counsellors or the management were told, and who looked for help, is in no number. Of groups the management
sees the sum of a week only, and of a small group nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.disclosure import Number, Shade, Shown, alone, protect
from policy.model import Group, Member, Role
from policy.schedule import zone_of
from store.tallies import EXCEPTIONS, Kind, Tally
from store.year import start_of_year

READERS = frozenset({Role.COORDINATOR, Role.MANAGEMENT})
SMALLEST_GROUP = 10
"""A group of fewer pupils is not shown by itself."""
ACTS = (Kind.PERMISSION, Kind.BAN, Kind.REPORT, Kind.ASKED)


@dataclass(frozen=True, slots=True)
class Week:
    """One week from Monday `first` on, as it may be shown. `whole`: it is over.

    `kinds` add up to `total`, `categories` to the pages in it and `groups` (None: no group is known) to `total` again.
    """

    first: date
    whole: bool
    total: Shown
    kinds: Mapping[Kind, Shown]
    categories: Mapping[str, Shown]
    groups: Mapping[str | None, Shown]
    acts: Mapping[Kind, Shown]


@dataclass(frozen=True, slots=True)
class Split:
    """How a week is split over groups: `large` are named, how many are too `small` for that; or it is not split."""

    large: frozenset[str] = frozenset()
    small: int = 0
    by_group: bool = True


@dataclass(frozen=True, slots=True)
class Numbers:
    """The weeks, newest first; `since` is the first day that is counted (None: nothing was counted yet).

    `names` are the groups that may be named; `hidden` is how many groups are too small for that. `trend` compares the
    last two weeks that are over (None: there are no two, or one of them is kept back).
    """

    weeks: tuple[Week, ...]
    since: date | None
    names: Mapping[str, Group]
    hidden: int
    trend: int | None


def look(desk: Desk, who: Member, now: datetime) -> Outcome[Numbers]:
    """The numbers of this school year until now, as `who` may see them."""
    if who.role not in READERS:
        return refused("role")
    snapshot = desk.snapshot(now)
    zone = zone_of(snapshot.policy.schedule.zone)
    today = now.astimezone(zone).date()
    tallies = desk.store.tallies.since(desk.school, start_of_year(now).astimezone(zone).date(), now)
    by_group = who.role is Role.MANAGEMENT
    sizes: dict[str, int] = defaultdict(int)
    for member in snapshot.people.values():
        for group in member.groups if member.role is Role.PUPIL else ():
            sizes[group] += 1
    large = {one: group for one, group in snapshot.groups.items() if sizes[one] >= SMALLEST_GROUP}
    small = sum(1 for one in snapshot.groups if 0 < sizes[one] < SMALLEST_GROUP)
    since = min((one.day for one in tallies), default=None)
    weeks = tuple(_weeks(tallies, since, today, Split(frozenset(large), small, by_group)))
    return done(
        "seen",
        Numbers(
            weeks,
            since,
            large if by_group else {},
            small if by_group else 0,
            trend(weeks),
        ),
    )


def monday(day: date) -> date:
    """The Monday of the week of `day`."""
    return day - timedelta(days=day.weekday())


def trend(weeks: Iterable[Week]) -> int | None:
    """Less (-1), about as much (0) or more (1) in the last week that is over than in the one before it."""
    over = [week for week in weeks if week.whole][:2]
    totals = [week.total for week in over if isinstance(week.total, int)]
    if len(totals) < 2 or over[0].first - over[1].first != timedelta(days=7):
        return None
    last, before = totals
    tenth = max(1, before // 10)
    return 0 if abs(last - before) <= tenth else 1 if last > before else -1


def _weeks(tallies: Iterable[Tally], since: date | None, today: date, split: Split) -> Iterable[Week]:
    """All weeks from the first that is counted, newest first, also those in which nothing happened."""
    if since is None:
        return
    found: dict[date, list[Tally]] = defaultdict(list)
    for one in tallies:
        found[monday(one.day)].append(one)
    first = monday(today)
    while first >= monday(since):
        yield week_of(first, found[first], first + timedelta(days=7) <= today, split)
        first -= timedelta(days=7)


def week_of(first: date, tallies: Iterable[Tally], whole: bool, split: Split) -> Week:
    """One week as it may be shown."""
    lines = list(tallies)
    exceptions = [one for one in lines if one.kind in EXCEPTIONS]
    total = alone(_sum(exceptions))
    kinds = protect({kind: _sum(one for one in exceptions if one.kind is kind) for kind in EXCEPTIONS}, total)
    pages = [one for one in exceptions if one.kind is Kind.PAGE]
    categories = {name: _sum(one for one in pages if (one.category or "") == name) for name in _categories(pages)}
    groups: dict[str | None, Number] = {}
    if split.by_group:
        groups = {name: _sum(one for one in exceptions if one.group == name) for name in sorted(split.large)}
        rest = _sum(one for one in exceptions if one.group not in split.large)
        # What is left may not be one small group by another name.
        groups[None] = replace(rest, open=split.small != 1)
    return Week(
        first,
        whole,
        total,
        kinds,
        _listed(protect(categories, kinds[Kind.PAGE])),
        protect(groups, total),
        _acts(lines),
    )


def _acts(lines: list[Tally]) -> dict[Kind, Shown]:
    """What people did. Asked is answered and not answered: where one of these is small only the sum is shown."""
    sums = {kind: _sum(one for one in lines if one.kind is kind) for kind in (*ACTS, Kind.ANSWERED)}
    # Who gives a permission is of staff, and it is mostly for a group: so it is not asked of how many it was.
    sums[Kind.PERMISSION] = Number(sums[Kind.PERMISSION].n, sums[Kind.PERMISSION].n)
    asked, answered = sums[Kind.ASKED], sums[Kind.ANSWERED]
    waits = Number(max(0, asked.n - answered.n), asked.people)
    parts = protect({True: answered, False: waits}, alone(asked))
    return {**{kind: alone(sums[kind]) for kind in ACTS}, Kind.ANSWERED: parts[True]}


def _categories(pages: Iterable[Tally]) -> tuple[str, ...]:
    return tuple(sorted({one.category or "" for one in pages}))


def _listed(categories: Mapping[str, Shown]) -> dict[str, Shown]:
    """Only the categories that can be shown, and that there are more: that one child met a kind is told by its name."""
    listed: dict[str, Shown] = {name: what for name, what in categories.items() if isinstance(what, int)}
    if len(listed) < len(categories):
        listed["*"] = Shade.KEPT
    return listed


def _sum(tallies: Iterable[Tally]) -> Number:
    """Together; of how many children is at the least as many as on one day in one group."""
    lines = list(tallies)
    return Number(sum(one.n for one in lines), max((one.people for one in lines), default=0))
