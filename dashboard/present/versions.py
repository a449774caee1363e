"""The versions of the rules in sentences: the list, a difference, a way back, a file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from config.read import ConfigError
from dashboard.actions.revisions import Source
from dashboard.actions.rules_file import Box, FilePlan
from dashboard.actions.versions import Back, Comparison, Line, Shelf
from dashboard.present.bells import affected_lines
from dashboard.present.words import Choice, Words
from policy.model import Snapshot
from store.policies import Entry


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One version; `holds`: these are the rules now; `before`: the number under it, to compare with (0: none)."""

    number: int
    when: str
    about: str
    what: str
    holds: bool
    before: int


@dataclass(frozen=True, slots=True)
class BoxCard:
    """How the file on the box stands. `wrong`: it cannot be read."""

    said: str
    lines: tuple[str, ...]
    wrong: bool


@dataclass(frozen=True, slots=True)
class ShelfPage:
    """The list, and what to compare."""

    lines: tuple[VersionLine, ...]
    older: int
    old: tuple[Choice, ...]
    new: tuple[Choice, ...]
    box: BoxCard | None
    several: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """Two versions and what is different."""

    title: str
    old: str
    new: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BackCard:
    """What going back does; `why_not` when it cannot be done."""

    number: int
    about: str
    based_on: int
    lines: tuple[str, ...]
    affected: tuple[str, ...]
    notes: tuple[str, ...]
    why_not: str


@dataclass(frozen=True, slots=True)
class FileCard:
    """What a file does. `complaint` is what is wrong with it, `remedy` what helps; `row` is the line it is about."""

    text: str
    based_on: int
    lines: tuple[str, ...]
    affected: tuple[str, ...]
    notes: tuple[str, ...]
    late: str
    theirs: tuple[str, ...]
    complaint: str
    remedy: str
    row: str
    ready: bool


def shelf_page(shelf: Shelf, words: Words) -> ShelfPage:
    """The list of versions, newest first."""
    before = dict(zip(shelf.numbers, (*shelf.numbers[1:], 0), strict=False))
    lines = tuple(_line(one, shelf.holds, before, words) for one in shelf.lines)
    second = before.get(shelf.holds, 0)
    return ShelfPage(
        lines,
        shelf.older,
        tuple(Choice(str(one), _numbered(one, words), one == second) for one in shelf.numbers),
        tuple(Choice(str(one), _numbered(one, words), one == shelf.holds) for one in shelf.numbers),
        _box(shelf.box, shelf.holds, words) if shelf.box else None,
        len(shelf.numbers) > 1,
    )


def difference(found: Comparison, words: Words) -> Difference:
    """Two versions and what is different."""
    return Difference(
        words("dash.versions.difference", old=found.old.number, new=found.new.number),
        _told(found.old, words),
        _told(found.new, words),
        found.lines,
    )


def back_card(plan: Back, ok: bool, code: str, snapshot: Snapshot, words: Words, now: datetime) -> BackCard:
    """What going back does, or why it cannot be done."""
    why_not = "" if ok or code == "dash.no.times_moved" else words(code)
    if plan.gone:
        why_not = words("dash.versions.gone", groups=", ".join(plan.gone), number=plan.old.number)
    elif plan.complaint:
        why_not = words("dash.versions.unfit", number=plan.old.number, problem=plan.complaint)
    return BackCard(
        plan.old.number,
        _told(plan.old, words),
        plan.based_on,
        plan.lines,
        affected_lines(plan.affected, snapshot.groups, words, now),
        (words("policy.rolled_renewed"),) if plan.newer else (),
        why_not,
    )


def file_card(plan: FilePlan, ok: bool, code: str, snapshot: Snapshot, words: Words, now: datetime) -> FileCard:
    """What a file does, or what is wrong with it."""
    wrong = plan.complaint
    notes = []
    if plan.settings:
        notes.append(words("dash.versions.settings", names=", ".join(plan.settings)))
    if plan.gone:
        notes.append(words("dash.versions.file_groups", groups=", ".join(plan.gone)))
    late = ""
    if plan.late:
        late = words(
            "dash.versions.late" if plan.base else "dash.versions.late_unknown", base=plan.base, number=plan.based_on
        )
    return FileCard(
        plan.text,
        plan.based_on,
        plan.lines or ((words("policy.change.nothing"),) if plan.policy else ()),
        affected_lines(plan.affected, snapshot.groups, words, now),
        tuple(notes),
        late,
        plan.theirs,
        _complaint(wrong, words) if wrong else "",
        wrong.hint if wrong else "",
        _row(plan.text, wrong.line) if wrong else "",
        plan.policy is not None and (ok or code in {"dash.no.times_moved", "dash.no.file_late"}),
    )


def _line(one: Line, holds: int, before: dict[int, int], words: Words) -> VersionLine:
    entry = one.entry
    return VersionLine(
        entry.number,
        _when(entry, words),
        _about(one, words),
        one.what,
        entry.number == holds,
        before.get(entry.number, 0),
    )


def _about(one: Line, words: Words) -> str:
    """By whom and what for: a person on the dashboard, the file on the box, or the program itself."""
    match one.source:
        case Source.ROLLBACK:
            return words("dash.versions.by_rollback", who=one.who, old=one.old)
        case Source.DASHBOARD | Source.IMPORT:
            return words(f"dash.versions.by_{one.source.value}", who=one.who)
        case Source.FILE | Source.RENEWAL:
            return words(f"dash.versions.by_{one.source.value}")
        case _:
            return one.who


def _numbered(number: int, words: Words) -> str:
    return words("dash.versions.numbered", number=number)


def _told(entry: Entry, words: Words) -> str:
    return words("dash.versions.told", number=entry.number, when=_when(entry, words))


def _when(entry: Entry, words: Words) -> str:
    return words.local(entry.when).strftime("%d-%m-%Y %H:%M")


def _box(box: Box, holds: int, words: Words) -> BoxCard:
    problem = _complaint(box.complaint, words) if box.complaint else ""
    code = f"dash.versions.box.{box.state}" + ("_unknown" if box.state == "other" and not box.base else "")
    said = words(code, base=box.base, number=holds, problem=problem)
    return BoxCard(said, box.lines, box.state == "wrong")


def _complaint(error: ConfigError, words: Words) -> str:
    if not error.line:
        return error.problem
    return words("dash.versions.at_line", line=error.line, problem=error.problem)


def _row(text: str, line: int) -> str:
    rows = text.splitlines()
    return rows[line - 1].strip()[:120] if 0 < line <= len(rows) else ""
