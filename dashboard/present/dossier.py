"""What goes to a pupil's file: the same on a page to print and in a file of plain text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dashboard.actions.notes import File
from dashboard.present.measures import thing
from dashboard.present.words import Words
from policy.model import Sanction
from store.measures import Imposed
from store.notes import Note


@dataclass(frozen=True, slots=True)
class FilePage:
    """What goes to a pupil's file. `head` are labels with what they are; an entry is a line with lines under it."""

    title: str
    head: tuple[tuple[str, str], ...]
    bans: tuple[tuple[str, tuple[str, ...]], ...]
    notes: tuple[tuple[str, tuple[str, ...]], ...]


def file_page(file: File, words: Words) -> FilePage:
    """The summary, the same on paper and in a file."""
    somebody = words("dash.measures.gone")

    def full(moment: datetime) -> str:
        return f"{words.date(moment + timedelta(seconds=1))} {words.clock(moment)}"

    def name(person: str) -> str:
        return file.names.get(person, somebody)

    def ban(one: Imposed) -> tuple[str, tuple[str, ...]]:
        sanction: Sanction = one.sanction
        head = words(
            "dash.measures.file_ban",
            thing=thing(sanction.on, words),
            start=full(sanction.start),
            end=full(sanction.end),
        )
        lines = [words("dash.measures.file_reason", reason=one.reason)] if one.reason else []
        lines += [
            words("dash.measures.file_lifted", start=full(start), end=full(end)) for start, end in sanction.lifted
        ]
        return head, (*lines, words("dash.measures.by", name=name(sanction.by), at=full(sanction.start)))

    def note(one: Note) -> tuple[str, tuple[str, ...]]:
        kind = words(f"dash.measures.kind.{one.kind.value}")
        return words("dash.measures.file_note", at=full(one.at), kind=kind, name=name(one.by)), (one.text,)

    days = words("dash.measures.file_days", first=_day(file.first), last=_day(file.last))
    return FilePage(
        title=words("dash.measures.file_title", pupil=file.pupil),
        head=(
            (words("dash.measures.file_school"), file.school),
            (words("dash.measures.file_pupil"), file.pupil),
            (words("dash.measures.file_group"), ", ".join(file.groups)),
            (words("dash.measures.file_period"), days),
            (
                words("dash.measures.file_made"),
                words("dash.measures.file_made_by", at=full(file.made), name=name(file.by)),
            ),
        ),
        bans=tuple(map(ban, file.bans)),
        notes=tuple(map(note, file.notes)),
    )


def _day(day: date) -> str:
    return day.strftime("%d-%m-%Y")


def file_text(page: FilePage, words: Words) -> str:
    """The summary as plain text, with line ends that every editor knows."""
    lines = [page.title, "=" * len(page.title), ""]
    lines += [f"{label}: {what}" for label, what in page.head]
    for title, entries, none in (
        (words("dash.measures.file_bans"), page.bans, words("dash.measures.file_no_bans")),
        (words("dash.measures.file_notes"), page.notes, words("dash.measures.file_no_notes")),
    ):
        lines += ["", title, "-" * len(title)]
        for head, under in entries:
            lines += [f"* {head}", *(f"  {line}" for line in under)]
        if not entries:
            lines.append(none)
    return "\r\n".join([*lines, "", words("dash.measures.file_foot"), ""])


def file_sheet(page: FilePage, words: Words) -> tuple[list[str], list[list[str]]]:
    """The summary as a list: a line for each thing, what it is, and what was written."""
    rows = [["", label, what] for label, what in page.head]
    for title, entries in (
        (words("dash.measures.file_bans"), page.bans),
        (words("dash.measures.file_notes"), page.notes),
    ):
        rows += [[title, head, " / ".join(lines)] for head, lines in entries]
    return [words(f"dash.measures.file_sheet.{name}") for name in ("part", "what", "text")], rows
