"""The lesson page: what a teacher reads with one glance and does with one thumb."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from dashboard.actions.lesson import Lesson
from dashboard.actions.permission import MINUTES
from dashboard.present.agreement import AgreementCard, agreement_card
from dashboard.present.permits import ABOUT, PermissionCard, Quick, kinds_of, permission_card, quick
from dashboard.present.reports import ReportLine, report_lines
from dashboard.present.words import Words, iso
from policy.model import Facet, PeriodKind, Reason
from store.incidents import Ask, AskState

REPLIES = ("good", "come", "plan", "after", "other_site")
_ASKED = {**ABOUT, Facet.CONNECT: "phone_"}
_WHYS = frozenset({"lesson", "teacher", "mistake", "other"})
_SEEN_LINES = 30
# That somebody has no yes from home, or a ban, is not for a screen in the class, not even without a name.
_PRIVATE = frozenset({Reason.CONSENT, Reason.SANCTION})
_HALF_HOUR = timedelta(minutes=30)
_MOST_TIMES = 16


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
    agreed: tuple[AgreementCard, ...]
    extras: Extras
    looser: str


# No lesson asks for all of these at once; who needs one site of the kind types its address.
_NOT_OFFERED = frozenset({"dating"})


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


def lesson_page(lesson: Lesson, words: Words, *, board: bool, names: bool) -> LessonPage:
    """The page of a lesson. `board`: it hangs where children can read it. `names`: an adult asked for them."""
    asks = tuple(_ask(ask, lesson, words) for ask in sorted(lesson.asks, key=lambda a: a.state is AskState.LATER))
    return LessonPage(
        group_id=lesson.group.id,
        board=board,
        names=names and not board,
        now=_now(lesson, words),
        waiting=_waiting(len(asks), words) if board else "",
        reports=() if board else report_lines(lesson.reports, words, lesson.now, lesson.names),
        asks=() if board else asks,
        open=tuple(
            permission_card(grant, lesson, words, board) for grant in sorted(lesson.grants, key=lambda g: g.end)
        ),
        quick=tuple(quick(grant, lesson, words) for grant in lesson.earlier) if lesson.in_lesson else (),
        what=tuple(
            Choice(f"category:{name}", words.category(name)) for name in lesson.categories if name not in _NOT_OFFERED
        ),
        pupils=() if board else tuple(Choice(person.id, person.name) for person in lesson.pupils),
        durations=_durations(lesson, words),
        replies=tuple(Choice(words(f"dash.reply.{code}"), words(f"dash.reply.{code}")) for code in REPLIES),
        seen=_seen(lesson, words, names and not board, board),
        devices=tuple(Choice(device.id, device.name) for device in lesson.devices),
        seats=() if board else _seats(lesson, words),
        agreed=tuple(agreement_card(one, lesson, words, board) for one in lesson.agreed),
        extras=_extras(lesson, words),
        looser=_looser(lesson, words),
    )


def _extras(lesson: Lesson, words: Words) -> Extras:
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


def _looser(lesson: Lesson, words: Words) -> str:
    clause = lesson.offers.looser
    if clause is None:
        return ""
    return words("dash.extra.looser", school=lesson.offers.school, article=clause.article)


def _now(lesson: Lesson, words: Words) -> Now:
    period, kind = lesson.period, lesson.period.kind
    hint = {
        PeriodKind.OUTSIDE: words("dash.lesson.next"),
        PeriodKind.BREAK: words("dash.lesson.break_hint") if lesson.rests else "",
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


def _ask(ask: Ask, lesson: Lesson, words: Words) -> AskCard:
    wish, name = ask.wish, lesson.names.get(ask.wish.person or "")
    code = wish.why if wish.why in _WHYS else "other"
    why = words(f"dash.why_code.{code}")
    end = words.clock(lesson.period.end) if lesson.period.end else ""
    return AskCard(
        id=ask.id,
        title=words(
            f"dash.asks.{_ASKED.get(wish.facet, '')}{'person' if name else 'group'}",
            who=name or "",
            place=wish.host,
            kinds=kinds_of(wish.facet, wish.kinds, words),
        ),
        said=f"{why}: {wish.line}" if wish.line else why,
        at=words.day_clock(ask.when, lesson.now),
        scope=words("dash.asks.for_person", who=name) if name else words("dash.asks.for_group"),
        yes=words("dash.asks.yes", until=end) if lesson.in_lesson else words("dash.asks.not_now"),
        can_yes=lesson.in_lesson,
        waits=ask.state is AskState.LATER,
    )


def _durations(lesson: Lesson, words: Words) -> tuple[Choice, ...]:
    """To the end of the lesson, and what is shorter than that."""
    end = lesson.period.end
    if end is None or not lesson.in_lesson:
        return ()
    fits = [minutes for minutes in MINUTES if lesson.now + timedelta(minutes=minutes) < end]
    whole = Choice("lesson", words("dash.give.to_end", until=words.clock(end)), chosen=True)
    return (whole, *(Choice(str(minutes), words("dash.give.minutes", minutes=minutes)) for minutes in fits))


def _seen(lesson: Lesson, words: Words, names: bool, board: bool) -> tuple[SeenLine, ...]:
    """Exceptions of one kind (and, with names, of one pupil) on one line; the newest on top."""
    lines: dict[tuple[str, str, str], list[str]] = {}
    shown = [event for event in lesson.seen if not (board and event.reason in _PRIVATE)]
    for event in sorted(shown, key=lambda event: event.when, reverse=True):
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
