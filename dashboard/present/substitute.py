"""A substitute: the codes of a group, a new one spelled out, and the page on which she begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from dashboard.actions.substitute import Invitations, NewCode, Standing
from dashboard.present.words import Words
from policy.schoolday import SchoolDay

_HOW = ("until", "asks", "lesson", "attention", "shut")


@dataclass(frozen=True, slots=True)
class DayButton:
    """A day for which a code may be made (ISO date)."""

    day: str
    label: str
    hint: str


@dataclass(frozen=True, slots=True)
class CodeLine:
    """A code that is not over. `ask` is what is asked before somebody who is in is signed out; empty: nobody is."""

    id: str
    text: str
    detail: str
    ask: str
    can_again: bool


@dataclass(frozen=True, slots=True)
class Fresh:
    """A new code, told once, with a word for every sign of it."""

    title: str
    code: str
    spelled: tuple[tuple[str, str], ...]
    where: str


@dataclass(frozen=True, slots=True)
class InvitePage:
    """The page on which a code is made and withdrawn."""

    group_id: str
    lead: str
    days: tuple[DayButton, ...]
    codes: tuple[CodeLine, ...]
    fresh: Fresh | None


@dataclass(frozen=True, slots=True)
class WelcomePage:
    """What a substitute reads first: five lines."""

    group_id: str
    hello: str
    how: tuple[str, ...]
    to_lesson: str


def invite_page(
    found: Invitations, names: Mapping[str, str], words: Words, now: datetime, fresh: Fresh | None = None
) -> InvitePage:
    """The codes of a group and the days to make one for; `names` are those of staff."""
    return InvitePage(
        group_id=found.group.id,
        lead=words("dash.substitute.make_lead", group=found.group.name),
        days=tuple(_button(one, found, words) for one in found.days),
        codes=tuple(code_line(one, words, now, names) for one in found.standing),
        fresh=fresh,
    )


def code_line(standing: Standing, words: Words, now: datetime, names: Mapping[str, str] | None = None) -> CodeLine:
    """A code, in words; who made it only with `names`."""
    code, by = standing.code, (names or {}).get(standing.code.by, "")
    said_by = words("dash.substitute.by", name=by) if by else ""
    if standing.name:
        entered = words("dash.substitute.entered", at=words.clock(code.entered)) if code.entered else ""
        name = standing.name[:1].upper() + standing.name[1:]
        text = words("dash.substitute.in", name=name, until=words.clock(code.until))
        ask = words("dash.substitute.out_ask", name=name)
        details = [entered, said_by, words("dash.substitute.again_on") if code.used is None else ""]
        return CodeLine(code.id, text, " · ".join(filter(None, details)), ask, code.used is not None)
    return CodeLine(
        id=code.id,
        text=words("dash.substitute.waits", day=_day(code.start, words)),
        detail=said_by,
        ask="",
        can_again=code.used is not None,
    )


def fresh_code(made: NewCode, address: str, words: Words) -> Fresh:
    """A new code for whoever reads it out; `address` is where the substitute signs in."""
    signs = [sign for sign in made.code if sign.isalnum()]
    return Fresh(
        title=words("dash.substitute.fresh", group=made.group.name, day=_day(made.day.start, words)),
        code=made.code,
        spelled=tuple((x, "" if x.isdigit() else words(f"dash.substitute.spell.{x}")) for x in signs),
        where=words("dash.substitute.fresh_where", address=address),
    )


def welcome_page(name: str, group_id: str, group: str, until: datetime, words: Words) -> WelcomePage:
    """The five lines for the substitute of a group."""
    values = {"until": {"group": group, "until": words.clock(until)}}
    return WelcomePage(
        group_id=group_id,
        hello=words("dash.substitute.hello", name=name),
        how=tuple(words(f"dash.substitute.how.{code}", **values.get(code, {})) for code in _HOW),
        to_lesson=words("dash.substitute.to_lesson", group=group),
    )


def _button(day: SchoolDay, found: Invitations, words: Words) -> DayButton:
    today = day.day == found.today
    label = words("dash.substitute.today") if today else words("dash.substitute.other", day=_day(day.start, words))
    return DayButton(day.day.isoformat(), label, words("dash.substitute.today_hint", until=words.clock(day.end)))


def _day(start: datetime, words: Words) -> str:
    """A day by its midnight, such as `dinsdag 24-11`."""
    local = words.local(start)
    weekday = words(f"dash.substitute.weekday.d{local.weekday()}")
    return words("dash.substitute.day", weekday=weekday, date=local.strftime("%d-%m"))
