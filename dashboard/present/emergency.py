"""The emergency exit in words: the notice on every screen, and its page in Beheer."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.actions.emergency import Exit
from dashboard.present.notices import NoticeLine
from dashboard.present.words import Choice, Words
from policy.emergency import HOURS
from policy.model import Emergency

_OWN_PATH = "/_klaswacht/nood"
_WHAT = ("w1", "w2", "w3", "w4")


@dataclass(frozen=True, slots=True)
class ExitPage:
    """The page. `open`: what is said of the one that is open (empty: none); `code_told` are lines about the code."""

    open: str
    since: str
    what: tuple[str, ...]
    hours: tuple[Choice, ...]
    has_code: bool
    code_told: tuple[str, ...]
    address: str
    past: tuple[tuple[str, str], ...]


def notice(one: Emergency | None, words: Words) -> str:
    """The line on the pages of Beheer; empty while it is shut."""
    return "" if one is None else words("dash.emergency.notice", until=words.clock(one.end))


def notice_line(one: Emergency, words: Words) -> NoticeLine:
    """The same among the notices of a lesson: nothing is wrong there, and nothing is to be done."""
    more = words("dash.emergency.notice_more", since=words.clock(one.start))
    return NoticeLine(title=notice(one, words), what=more, now="", since="", remedy="")


def exit_page(found: Exit, words: Words, hours: str = "") -> ExitPage:
    """The page; `hours` is what was chosen before."""
    chosen = hours if hours in {str(one) for one in HOURS} else str(HOURS[0])
    one = found.current
    return ExitPage(
        open=notice(one, words),
        since=words("dash.emergency.notice_more", since=words.clock(one.start)) if one else "",
        what=tuple(words(f"dash.emergency.what.{name}") for name in _WHAT),
        hours=tuple(Choice(str(h), words(f"dash.emergency.hour.h{h}"), str(h) == chosen) for h in HOURS),
        has_code=found.code is not None,
        code_told=_code(found, words),
        address=f"http://{found.host}{_OWN_PATH}",
        past=tuple(_past(other, found, words) for other in found.past if one is None or other.id != one.id),
    )


def _code(found: Exit, words: Words) -> tuple[str, ...]:
    code = found.code
    if code is None:
        return (words("dash.emergency.code_none"),)
    day = words.local(code.made).strftime("%d-%m-%Y")
    lines = [words("dash.emergency.code_made", day=day, by=_name(code.by, found, words))]
    if code.wrong and code.last is not None:
        last = words.day_clock(code.last, found.now)
        lines.append(words("dash.emergency.code_wrong", count=code.wrong, last=last))
    return tuple(lines)


def _past(one: Emergency, found: Exit, words: Words) -> tuple[str, str]:
    """What it was, and who did it: a name only where a person of school did."""
    start = words.local(one.start).strftime("%d-%m-%Y %H:%M")
    way = words(f"dash.emergency.way.{one.way}")
    return words("dash.emergency.line", start=start, end=words.clock(one.end), way=way), found.names.get(one.by, "")


def _name(person: str, found: Exit, words: Words) -> str:
    return found.names.get(person) or words("dash.emergency.program")
