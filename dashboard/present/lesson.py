"""The lesson page: what a teacher reads with one glance and does with one thumb."""

from __future__ import annotations

from dataclasses import dataclass, field

from dashboard.actions.lesson import Lesson
from dashboard.present.agreement import (
    AgreementCard,
    PlannedCard,
    ReadyCard,
    agreement_card,
    planned_cards,
    ready_cards,
)
from dashboard.present.asked import REPLIES, AskCard, ask_cards, waiting_line
from dashboard.present.emergency import notice_line
from dashboard.present.notices import NoticeLine, notice_lines
from dashboard.present.offers import Extras, extras_of, looser_line
from dashboard.present.permits import PermissionCard, Quick, permission_card, quicks
from dashboard.present.prints import PrintCard, print_cards
from dashboard.present.reports import ReportLine, report_lines
from dashboard.present.running import RunningLine, closing_line, elsewhere_lines, unwatched_lines
from dashboard.present.seen import SeenLine, seen_lines
from dashboard.present.signing import SigningCards, signing_cards
from dashboard.present.substitute import CodeLine, code_line
from dashboard.present.tiles import Tiles, tiles
from dashboard.present.wishes import GiveForm, durations, give_form
from dashboard.present.words import Choice, Words, iso
from policy.model import PeriodKind

__all__ = ["REPLIES", "Choice", "LessonPage", "Now", "Seat", "lesson_page"]


@dataclass(frozen=True, slots=True)
class Now:
    """The head of the page. `closing` says in the last minutes what is over by itself."""

    group: str
    period: str
    until: str
    until_iso: str
    hint: str
    can_give: bool
    paused: str
    rainy: bool
    can_rain: bool
    closing: str
    unwatched: tuple[str, ...]


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
    give: GiveForm
    pupils: tuple[Choice, ...]
    durations: tuple[Choice, ...]
    replies: tuple[Choice, ...]
    seen: tuple[SeenLine, ...]
    devices: tuple[Choice, ...]
    seats: tuple[Seat, ...]
    agreed: tuple[AgreementCard, ...]
    extras: Extras
    looser: str
    notices: tuple[NoticeLine, ...]
    tiles: Tiles
    elsewhere: tuple[RunningLine, ...]
    substitutes: tuple[CodeLine, ...]
    may_invite: bool
    stands_in: bool
    ready_agreements: tuple[ReadyCard, ...] = ()
    planned: tuple[PlannedCard, ...] = ()
    tested: bool = False
    signing: SigningCards = field(default_factory=SigningCards)
    prints: tuple[PrintCard, ...] = ()


def lesson_page(lesson: Lesson, words: Words, *, board: bool, names: bool) -> LessonPage:
    """The page of a lesson. `board`: it hangs where children can read it. `names`: an adult asked for them."""
    return LessonPage(
        group_id=lesson.group.id,
        board=board,
        names=names and not board,
        now=_now(lesson, words, board),
        waiting=waiting_line(len(lesson.asks), words) if board else "",
        reports=() if board else report_lines(lesson.reports, words, lesson.now, lesson.names),
        asks=() if board else ask_cards(lesson, words),
        open=tuple(
            permission_card(grant, lesson, words, board) for grant in sorted(lesson.grants, key=lambda g: g.end)
        ),
        quick=quicks(lesson, words, board) if lesson.in_lesson else (),
        give=give_form(lesson, words, board=board),
        pupils=() if board else tuple(Choice(person.id, person.name) for person in lesson.pupils),
        durations=durations(lesson, words),
        replies=tuple(Choice(words(f"dash.reply.{code}"), words(f"dash.reply.{code}")) for code in REPLIES),
        seen=seen_lines(lesson, words, names and not board, board),
        devices=tuple(Choice(device.id, device.name) for device in lesson.devices),
        seats=() if board else _seats(lesson, words),
        agreed=tuple(agreement_card(one, lesson, words, board) for one in lesson.agreed),
        extras=extras_of(lesson, words),
        looser=looser_line(lesson, words),
        notices=_notices(lesson, words),
        tiles=Tiles() if board else tiles(lesson, words),
        elsewhere=elsewhere_lines(lesson, words),
        substitutes=() if board else tuple(code_line(one, words, lesson.now) for one in lesson.substitutes),
        may_invite=lesson.may_invite and not board,
        stands_in=lesson.stands_in,
        ready_agreements=ready_cards(lesson, words, board),
        planned=planned_cards(lesson, words, board),
        tested=lesson.tested,
        signing=signing_cards(lesson, words, board=board),
        prints=() if board else print_cards(lesson, words),
    )


def _notices(lesson: Lesson, words: Words) -> tuple[NoticeLine, ...]:
    """What is in the way, and before it that the emergency exit is open."""
    opened = () if lesson.emergency is None else (notice_line(lesson.emergency, words),)
    return (*opened, *notice_lines(lesson.notices, words, lesson.now))


def _now(lesson: Lesson, words: Words, board: bool) -> Now:
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
        closing=closing_line(lesson, words),
        unwatched=unwatched_lines(lesson, words, board=board),
    )


def _kind(kind: PeriodKind, words: Words) -> str:
    return words(f"dash.lesson.{kind.value}")


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
