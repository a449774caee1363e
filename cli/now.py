"""`klaswacht now`: what the timetable says for the school and its groups, when that changes, and what it does not know.

The doctor and `policy validate` tell the same of holidays that wait for the school.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cli.home import Home, Trouble
from config.texts import say
from policy.model import Closure, Period, PeriodKind, Schedule
from policy.schedule import period_at, zone_of

_SQLITE = "sqlite:///"
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_END_IN_SIGHT = timedelta(days=60)


def now(
    group: Annotated[str | None, typer.Option("--group", help="One group; else the school and every group.")] = None,
    at: Annotated[str | None, typer.Option("--at", help="A moment as 2026-11-23T10:00; else now.")] = None,
) -> None:
    """Say what holds now by the timetable, and when that changes."""
    home = Home.here()
    try:
        moment = _moment(at, zone_of("Europe/Amsterdam"))
    except (ValueError, OverflowError) as error:
        raise Trouble(f"`{at}` is not a moment", "write it like `--at 2026-11-23T10:00`") from error
    schedule, names, lang = _in_force(home)
    if group is not None and group not in names:
        known = ", ".join(f"`{one}`" for one in names)
        hint = say("now.groups_known", lang, groups=known) if known else ""
        raise Trouble(say("now.no_group", lang, group=group), hint)
    groups: dict[str | None, str] = {None: say("now.school", lang)} if group is None else {}
    groups.update(names if group is None else {group: names[group]})
    for line in (
        *told(schedule, groups, moment, lang),
        *unsure(schedule, moment, lang, home.school_file),
    ):
        typer.echo(line)


def told(schedule: Schedule, groups: Mapping[str | None, str], at: datetime, lang: str) -> Iterator[str]:
    """One line a group (None: the school's own day) with the name that it is called by: what holds, until when."""
    today = at.astimezone(zone_of(schedule.zone)).date()
    closed = any(closure.first <= today <= closure.last for closure in schedule.closures)
    for group, who in groups.items():
        period = period_at(schedule, group, at)
        what = _called(period, lang, by_name=closed)
        if period.end is None:
            yield say("now.line_no_change", lang, who=who, what=what)
            continue
        later = _called(period_at(schedule, group, period.end), lang)
        until = _until(period.end, at, zone_of(schedule.zone), lang)
        yield say("now.line", lang, who=who, what=what, until=until, next=later)


def unsure(schedule: Schedule, at: datetime, lang: str, file: Path) -> Iterator[str]:
    """What somebody at school must look at, a line each: holidays that wait, and the end of what is known."""
    today = at.astimezone(zone_of(schedule.zone)).date()
    waiting = still_waiting(schedule, today)
    for one in waiting:
        first, last = (_day(day, today, lang) for day in (one.first, one.last))
        yield say("now.waiting", lang, name=one.name, first=first, last=last)
    if waiting:
        yield say("now.waiting_what", lang, file=file)
    if schedule.holidays_until is not None and schedule.holidays_until - today < _END_IN_SIGHT:
        yield say("now.holidays_end", lang, last=_day(schedule.holidays_until, today, lang), file=file)


def still_waiting(schedule: Schedule, today: date) -> tuple[Closure, ...]:
    """The holidays that nobody at school confirmed and that are not over."""
    return tuple(one for one in schedule.waiting if one.last >= today)


def _in_force(home: Home) -> tuple[Schedule, dict[str, str], str]:
    """The timetable of the numbered rules in force (without a database: of the file), the groups, and the language."""
    from cli.school import opened, read_file

    file, _ = read_file(home)
    schedule, names = file.policy.schedule, dict[str, str]()
    lang, school = file.settings.language, file.settings.school.id
    url = home.database_url
    if not url.startswith(_SQLITE) or Path(url.removeprefix(_SQLITE)).exists():
        store = opened(home, migrate=False)
        try:
            current = store.policies.current(school)
            schedule = current.policy.schedule if current else schedule
            names = {group.id: group.name for group in store.people.groups(school)}
        finally:
            store.close()
    written = {*schedule.groups, *(group for special in schedule.specials for group in special.groups)}
    for group in sorted(written - names.keys(), key=lambda group: (len(group), group)):
        names[group] = say("now.group", lang, group=group)
    return schedule, names, lang


def _moment(at: str | None, zone: ZoneInfo) -> datetime:
    if at is None:
        return datetime.now(UTC)
    found = datetime.fromisoformat(at)
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def _called(period: Period, lang: str, *, by_name: bool = False) -> str:
    """The kind of period with its name; on a day that is off as a whole (`by_name`) the name says it all."""
    kind = say(f"now.{period.kind.value}", lang)
    if by_name and period.name and period.kind is PeriodKind.OUTSIDE:
        return period.name
    return say("now.named", lang, kind=kind, name=period.name) if period.name else kind


def _until(end: datetime, at: datetime, zone: ZoneInfo, lang: str) -> str:
    local, today = end.astimezone(zone), at.astimezone(zone).date()
    clock = f"{local:%H:%M}"
    if local.date() == today:
        return say("now.today", lang, clock=clock)
    if local.date() == today + timedelta(days=1):
        return say("now.tomorrow", lang, clock=clock)
    return say("now.later", lang, day=_day(local.date(), today, lang), clock=clock)


def _day(day: date, today: date, lang: str) -> str:
    weekday = say(f"now.weekday.{_WEEKDAYS[day.weekday()]}", lang)
    told = say("now.day", lang, weekday=weekday, day=day.day, month=say(f"now.month.m{day.month}", lang))
    return told if day.year == today.year else say("now.other_year", lang, day=told, year=day.year)
