"""Consents and photo permissions, as finished strings: an overview, sheets to fill in, and a page to look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard.actions.consents import Consented, ConsentSheet, Counts, Overview, PhotoSheet
from dashboard.present.lesson import Choice
from dashboard.present.words import Words
from policy.model import Group, Role
from store.audit import Entry
from store.people import Person
from store.photos import PhotoAnswer

UNASKED = "unasked"
AGREED: Mapping[str, bool | None] = {"yes": True, "no": False, UNASKED: None}
"""What a form says, and what it means."""
PHOTO: Mapping[str, PhotoAnswer | None] = {**{answer.value: answer for answer in PhotoAnswer}, UNASKED: None}
"""The same for photos."""
_READ_FIRST = (PhotoAnswer.NO, PhotoAnswer.UNRECOGNISABLE, None, PhotoAnswer.YES)


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A group in the overview."""

    id: str
    name: str
    consents: str
    photos: str


@dataclass(frozen=True, slots=True)
class OverviewPage:
    """The first page: `asked` is whether this school's rules ask for consent."""

    asked: bool
    groups: tuple[GroupLine, ...]
    staff: str
    latest: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RowLine:
    """One person of a sheet. `was` is the answer that the page was made with."""

    id: str
    name: str
    was: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class SheetPage:
    """A sheet to fill in. `whole` says by whom and when the whole group got consent; `following` is the next group."""

    group: str
    title: str
    counts: str
    rows: tuple[RowLine, ...]
    whole: str = ""
    may_whole: bool = False
    following: str = ""
    following_name: str = ""


@dataclass(frozen=True, slots=True)
class LookPage:
    """Who may be on a photo, to read: each answer with the names, the strictest first."""

    groups: tuple[Choice, ...]
    parts: tuple[tuple[str, str, tuple[str, ...]], ...]

    @property
    def here(self) -> str:
        """The id of the group that is shown, or nothing."""
        return next((choice.value for choice in self.groups if choice.chosen), "")


def overview_page(shows: Overview, persons: Iterable[Person], words: Words, now: datetime) -> OverviewPage:
    """Every group, and what changed last."""
    names = {person.id: person.name for person in persons}
    groups = {line.group.id: line.group for line in shows.groups}
    return OverviewPage(
        shows.asked,
        tuple(
            GroupLine(
                line.group.id,
                line.group.name,
                words("dash.consents.whole") if line.whole else agreed_counts(line.consents, words),
                photo_counts(line.photos, words),
            )
            for line in shows.groups
        ),
        photo_counts(shows.staff, words),
        tuple(_change(entry, names, groups, words, now) for entry in shows.latest),
    )


def consent_page(sheet: ConsentSheet, persons: Iterable[Person], words: Words, now: datetime) -> SheetPage:
    """The sheet for social media in the lesson."""
    whole = ""
    if sheet.whole is not None:
        who = _name({person.id: person.name for person in persons}, sheet.whole.by, words)
        whole = words("dash.consents.whole_by", who=who, at=words.day_clock(sheet.whole.at, now))
    return SheetPage(
        group=sheet.group.id,
        title=sheet.group.name,
        counts=agreed_counts(_counted(True if row.by_group else row.agreed for row in sheet.rows), words),
        rows=tuple(_consent_row(row, words) for row in sheet.rows),
        whole=whole,
        may_whole=sheet.may_whole,
        following=sheet.following.id if sheet.following else "",
        following_name=sheet.following.name if sheet.following else "",
    )


def photo_page(sheet: PhotoSheet, words: Words) -> SheetPage:
    """The sheet for photos."""
    return SheetPage(
        group=sheet.group.id if sheet.group else "",
        title=sheet.group.name if sheet.group else words("dash.consents.staff"),
        counts=photo_counts(_counted(answer for _, answer in sheet.rows), words),
        rows=tuple(_photo_row(person, answer, words) for person, answer in sheet.rows),
        following=sheet.following.id if sheet.following else "",
        following_name=sheet.following.name if sheet.following else "",
    )


def look_page(sheet: PhotoSheet | None, groups: Sequence[Group], words: Words) -> LookPage:
    """What a teacher reads before a photo goes anywhere."""
    chosen = sheet.group.id if sheet is not None and sheet.group is not None else ""
    parts = []
    for answer in _READ_FIRST:
        names = tuple(person.name for person, told in (sheet.rows if sheet else ()) if told is answer)
        if names:
            code = answer.value if answer else UNASKED
            title = words(f"dash.photos.look.{code}", count=len(names))
            parts.append((title, words(f"dash.photos.means.{code}"), names))
    return LookPage(tuple(Choice(group.id, group.name, group.id == chosen) for group in groups), tuple(parts))


def answers_in(
    form: Mapping[str, str], meaning: Mapping[str, bool | None] | Mapping[str, PhotoAnswer | None], rest: str
) -> dict[str, str]:
    """Person id to the code of the answer, of who got another one than the page was made with.

    An older page, saved late, so changes nothing that its reader did not touch. `rest` is what becomes of who was not
    asked, or empty.
    """
    found = {}
    for field, code in form.items():
        kind, _, person = field.partition(":")
        was = form.get(f"was:{person}", UNASKED)
        wanted = rest if code == UNASKED == was and rest in meaning and rest else code
        if kind == "a" and person and wanted in meaning and wanted != was:
            found[person] = wanted
    return found


def agreed_counts(counts: Counts[bool], words: Words) -> str:
    """How many said what, such as `24 ja · 1 nee · 3 niet gevraagd`."""
    return _joined([(code, counts.get(agreed, 0)) for code, agreed in AGREED.items()], words)


def photo_counts(counts: Counts[PhotoAnswer], words: Words) -> str:
    """The same for photos."""
    return _joined([(code, counts.get(answer, 0)) for code, answer in PHOTO.items()], words)


def _joined(counts: Iterable[tuple[str, int]], words: Words) -> str:
    parts = (words(f"dash.consents.count.{code}", count=count) for code, count in counts if count)
    return " · ".join(parts) or words("dash.consents.nobody")


def _consent_row(row: Consented, words: Words) -> RowLine:
    was = next(code for code, agreed in AGREED.items() if agreed is row.agreed)
    labels = {code: words(f"dash.consents.answer.{code}") for code in AGREED}
    if row.by_group:
        labels[UNASKED] = words("dash.consents.answer.group")
    choices = tuple(Choice(code, label, code == was) for code, label in labels.items())
    return RowLine(row.person.id, row.person.name, was, choices)


def _photo_row(person: Person, answer: PhotoAnswer | None, words: Words) -> RowLine:
    was = answer.value if answer else UNASKED
    choices = tuple(Choice(code, words(f"dash.photos.answer.{code}"), code == was) for code in PHOTO)
    role = "" if person.role is Role.PUPIL else f" · {words(f'dash.role.{person.role.value}')}"
    return RowLine(person.id, f"{person.name}{role}", was, choices)


def _change(entry: Entry, names: Mapping[str, str], groups: Mapping[str, Group], words: Words, now: datetime) -> str:
    """Who changed what and when: one by name, several by their number."""
    kind = entry.what.replace(".", "_")
    if entry.what.startswith("group_consent."):
        group = groups.get(entry.targets[0]) if entry.targets else None
        about = group.name if group else words("dash.measures.gone")
    elif len(entry.targets) == 1:
        about = _name(names, entry.targets[0], words)
    else:
        about = words("dash.consents.people_many", count=len(entry.targets))
    who = _name(names, entry.who, words)
    return words(f"dash.consents.change.{kind}", about=about, who=who, at=words.day_clock(entry.when, now))


def _name(names: Mapping[str, str], person: str, words: Words) -> str:
    return names.get(person) or words("dash.measures.gone")


def _counted[A](answers: Iterable[A | None]) -> dict[A | None, int]:
    found: dict[A | None, int] = {}
    for answer in answers:
        found[answer] = found.get(answer, 0) + 1
    return found
