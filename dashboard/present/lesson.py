"""The lesson page: what a teacher reads with one glance and does with one thumb."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from dashboard.actions.lesson import Lesson
from dashboard.actions.permission import MINUTES
from dashboard.present.words import Words, iso
from policy.model import Facet, Grant, PeriodKind
from store.incidents import Ask, AskState, Report

REPLIES = ("good", "come", "plan", "after", "other_site")
_WHYS = frozenset({"lesson", "teacher", "mistake", "other"})
_SEEN_LINES = 30
_ABOUT = {Facet.WORDS: "words_", Facet.PERSONAL: "personal_"}
_EXTRA = 10


@dataclass(frozen=True, slots=True)
class Choice:
    """One chip, tick box or option."""

    value: str
    label: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Now:
    """The head of the page."""

    group: str
    period: str
    until: str
    until_iso: str
    hint: str
    can_give: bool
    paused: str
    rainy: bool
    can_rain: bool


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One quiet report."""

    id: str
    text: str
    note: str
    at: str


@dataclass(frozen=True, slots=True)
class AskCard:
    """One request of a pupil."""

    id: str
    title: str
    said: str
    at: str
    scope: str
    yes: str
    can_yes: bool
    waits: bool


@dataclass(frozen=True, slots=True)
class PermissionCard:
    """One permission that is open now. `plus` is how many minutes may be added, 0 when none; `to_end` likewise."""

    id: str
    title: str
    who: str
    until: str
    until_iso: str
    goal: str
    view: bool
    plus: int
    to_end: str


@dataclass(frozen=True, slots=True)
class Quick:
    """A permission of before, to give again with one tap."""

    what: str
    value: str
    site: str
    view: bool
    goal: str
    line: str


@dataclass(frozen=True, slots=True)
class SeenLine:
    """Some exceptions of one kind. `who` is empty until an adult asks for names."""

    host: str
    why: str
    times: str
    at: str
    who: str


@dataclass(frozen=True, slots=True)
class Seat:
    """A pupil at a device, for now."""

    device: str
    text: str


@dataclass(frozen=True, slots=True)
class LessonPage:
    """Everything on the page, finished. With `board` there are no names, requests or reports in it at all."""

    group_id: str
    board: bool
    names: bool
    now: Now
    waiting: str
    reports: tuple[ReportLine, ...]
    asks: tuple[AskCard, ...]
    open: tuple[PermissionCard, ...]
    quick: tuple[Quick, ...]
    what: tuple[Choice, ...]
    pupils: tuple[Choice, ...]
    durations: tuple[Choice, ...]
    replies: tuple[Choice, ...]
    seen: tuple[SeenLine, ...]
    devices: tuple[Choice, ...]
    seats: tuple[Seat, ...]


def lesson_page(lesson: Lesson, words: Words, *, board: bool, names: bool) -> LessonPage:
    """The page of a lesson. `board`: it hangs where children can read it. `names`: an adult asked for them."""
    asks = tuple(_ask(ask, lesson, words) for ask in sorted(lesson.asks, key=lambda a: a.state is AskState.LATER))
    return LessonPage(
        group_id=lesson.group.id,
        board=board,
        names=names and not board,
        now=_now(lesson, words),
        waiting=_waiting(len(asks), words) if board else "",
        reports=() if board else tuple(_report(report, lesson, words) for report in lesson.reports),
        asks=() if board else asks,
        open=tuple(_permission(grant, lesson, words, board) for grant in sorted(lesson.grants, key=lambda g: g.end)),
        quick=tuple(_quick(grant, lesson, words) for grant in lesson.earlier) if lesson.in_lesson else (),
        what=tuple(Choice(f"category:{name}", words.category(name)) for name in lesson.categories),
        pupils=() if board else tuple(Choice(person.id, person.name) for person in lesson.pupils),
        durations=_durations(lesson, words),
        replies=tuple(Choice(words(f"dash.reply.{code}"), words(f"dash.reply.{code}")) for code in REPLIES),
        seen=_seen(lesson, words, names and not board),
        devices=tuple(Choice(device.id, device.name) for device in lesson.devices),
        seats=() if board else _seats(lesson, words),
    )


def _now(lesson: Lesson, words: Words) -> Now:
    period, kind = lesson.period, lesson.period.kind
    hint = {
        PeriodKind.OUTSIDE: words("dash.lesson.next"),
        PeriodKind.BREAK: words("dash.lesson.break_hint"),
        PeriodKind.LESSON: "",
    }[kind]
    until = words.day_clock(period.end, lesson.now) if period.end else ""
    return Now(
        group=lesson.group.name,
        period=words("dash.lesson.rainy_now") if lesson.rainy and kind is PeriodKind.LESSON else _kind(kind, words),
        until=words("dash.lesson.until", until=until) if until else "",
        until_iso=iso(period.end) if period.end and kind is not PeriodKind.OUTSIDE else "",
        hint=hint,
        can_give=lesson.in_lesson,
        paused=words("dash.group.pause_on_now", until=words.clock(lesson.pause.end)) if lesson.pause else "",
        rainy=lesson.rainy is not None,
        can_rain=True,
    )


def _kind(kind: PeriodKind, words: Words) -> str:
    return words(f"dash.lesson.{kind.value}")


def _waiting(count: int, words: Words) -> str:
    if not count:
        return ""
    return words("dash.asks.hidden_one") if count == 1 else words("dash.asks.hidden_many", count=count)


def _report(report: Report, lesson: Lesson, words: Words) -> ReportLine:
    who = lesson.names.get(report.person or "", words("dash.reports.somebody"))
    text = words("dash.reports.saw", who=who, place=report.host)
    return ReportLine(report.id, text, report.note, words.day_clock(report.when, lesson.now))


def _ask(ask: Ask, lesson: Lesson, words: Words) -> AskCard:
    wish, name = ask.wish, lesson.names.get(ask.wish.person or "")
    code = wish.why if wish.why in _WHYS else "other"
    why = words(f"dash.why_code.{code}")
    end = words.clock(lesson.period.end) if lesson.period.end else ""
    return AskCard(
        id=ask.id,
        title=words(
            f"dash.asks.{_ABOUT.get(wish.facet, '')}{'person' if name else 'group'}",
            who=name or "",
            place=wish.host,
            kinds=_kinds(wish.facet, wish.kinds, words),
        ),
        said=f"{why}: {wish.line}" if wish.line else why,
        at=words.day_clock(ask.when, lesson.now),
        scope=words("dash.asks.for_person", who=name) if name else words("dash.asks.for_group"),
        yes=words("dash.asks.yes", until=end) if lesson.in_lesson else words("dash.asks.not_now"),
        can_yes=lesson.in_lesson,
        waits=ask.state is AskState.LATER,
    )


def _what(grant: Grant, words: Words) -> str:
    parts = [*grant.sites, *(words.category(name) for name in sorted(grant.categories))]
    place = ", ".join(parts) or words("dash.open.any_place")
    alone = next((facet for facet in _ABOUT if grant.facets == {facet}), None)
    return words(f"dash.open.{alone.value}", place=place, kinds=_kinds(alone, grant.kinds, words)) if alone else place


def _kinds(facet: Facet, kinds: Collection[str], words: Words) -> str:
    """Which words or which data are meant; of all of them their name."""
    if facet not in _ABOUT:
        return ""
    if facet is Facet.WORDS:
        named = [words(f"dash.kind.{kind}") for kind in sorted(kinds)]
    else:
        named = [words(f"page.personal.type.{kind}") for kind in sorted(kinds)]
    return ", ".join(named) or words(f"dash.why.{facet.value}_all")


def _who(grant: Grant, lesson: Lesson, words: Words, board: bool) -> str:
    if grant.groups:
        return words("dash.open.whole")
    if len(grant.people) == 1:
        somebody = words("dash.reports.somebody")
        return somebody if board else lesson.names.get(next(iter(grant.people)), somebody)
    return words("dash.open.people_many", count=len(grant.people))


def _permission(grant: Grant, lesson: Lesson, words: Words, board: bool) -> PermissionCard:
    last = lesson.period.end
    room = lesson.in_lesson and last is not None and grant.end < last
    return PermissionCard(
        id=grant.id,
        title=_what(grant, words),
        who=_who(grant, lesson, words, board),
        until=words("dash.open.until", until=words.clock(grant.end)),
        until_iso=iso(grant.end),
        goal=words("dash.open.goal", goal=grant.goal) if grant.goal else "",
        view=Facet.ACTION not in grant.facets,
        plus=_EXTRA if room and last and grant.end + timedelta(minutes=_EXTRA) < last else 0,
        to_end=words("dash.open.to_end", until=words.clock(last)) if room and last else "",
    )


def _quick(grant: Grant, lesson: Lesson, words: Words) -> Quick:
    category = next(iter(sorted(grant.categories)), "")
    end = lesson.period.end
    return Quick(
        what=_what(grant, words),
        value=f"category:{category}" if category else "site",
        site=next(iter(grant.sites), ""),
        view=Facet.ACTION not in grant.facets,
        goal=grant.goal,
        line=words("dash.give.quick_line", who=words("dash.open.whole"), until=words.clock(end) if end else ""),
    )


def _durations(lesson: Lesson, words: Words) -> tuple[Choice, ...]:
    """To the end of the lesson, and what is shorter than that."""
    end = lesson.period.end
    if end is None or not lesson.in_lesson:
        return ()
    fits = [minutes for minutes in MINUTES if lesson.now + timedelta(minutes=minutes) < end]
    whole = Choice("lesson", words("dash.give.to_end", until=words.clock(end)), chosen=True)
    return (whole, *(Choice(str(minutes), words("dash.give.minutes", minutes=minutes)) for minutes in fits))


def _seen(lesson: Lesson, words: Words, names: bool) -> tuple[SeenLine, ...]:
    """Exceptions of one kind (and, with names, of one pupil) on one line; the newest on top."""
    lines: dict[tuple[str, str, str], list[str]] = {}
    for event in sorted(lesson.seen, key=lambda event: event.when, reverse=True):
        thing = words("dash.seen.app", app=event.thing) if event.thing and not event.host else ""
        host = event.host or thing or words("dash.seen.unknown")
        who = lesson.names.get(event.person or "", words("dash.reports.somebody")) if names else ""
        lines.setdefault((host, words.reason(event.reason), who), []).append(words.clock(event.when))
    return tuple(
        SeenLine(host, why, words("dash.seen.times", count=len(at)) if len(at) > 1 else "", at[0], who)
        for (host, why, who), at in list(lines.items())[:_SEEN_LINES]
    )


def _seats(lesson: Lesson, words: Words) -> tuple[Seat, ...]:
    devices = {device.id: device.name for device in lesson.devices}
    return tuple(
        Seat(
            lease.device,
            words(
                "dash.group.seated",
                who=lesson.names.get(lease.person, words("dash.reports.somebody")),
                device=devices.get(lease.device, lease.device),
                until=words.clock(lease.end),
            ),
        )
        for lease in lesson.leases
    )
