"""Notes about a pupil in somebody's own words, and what goes to the pupil's file on paper. Nothing here is proposed.

Notes are about pupils only. The management reads all of them, who wrote one reads that one, and nobody else any.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.measures import DECIDERS, pupil_of
from policy.authority import may_act_for
from policy.model import Member, Role, Snapshot
from policy.schedule import zone_of
from store.measures import Imposed
from store.notes import Note, NoteKind
from store.year import school_year

WRITERS = frozenset({Role.TEACHER, Role.MANAGEMENT})
LONGEST_NOTE = 500  # characters
EXPORTED = "file.export"


@dataclass(frozen=True, slots=True)
class File:
    """What goes to a pupil's file: notes and bans from `first` to `last` (local dates, both counted), oldest first.

    `names` has the names of who wrote and decided; `made` is when and `by` by whom.
    """

    school: str
    pupil: str
    groups: tuple[str, ...]
    first: date
    last: date
    notes: tuple[Note, ...]
    bans: tuple[Imposed, ...]
    names: Mapping[str, str]
    made: datetime
    by: str


def may_write(who: Member, pupil: Member) -> bool:
    """Whether somebody may note something about a pupil: the management, and teachers of the pupil's group."""
    return who.role in WRITERS and any(may_act_for(who, group) for group in pupil.groups)


def write(
    desk: Desk, who: Member, person: str, kind: NoteKind, text: str, now: datetime, *, ban: str = ""
) -> Outcome[Note]:
    """Note something about a pupil, in one's own words; `ban` is the id of the ban that it was written at."""
    if who.role not in WRITERS:
        return refused("role")
    pupil = pupil_of(desk.snapshot(now), person)
    if pupil is None:
        return refused("note_pupil")
    if not may_write(who, pupil):
        return refused("not_yours")
    line = " ".join(text.split())[:LONGEST_NOTE]
    if not line:
        return refused("note_text")
    note = desk.store.notes.add(desk.school, person, kind, line, who.id, now, sanction=ban or None)
    return done("note", note) if note is not None else refused("gone")


def erase(desk: Desk, who: Member, note_id: str, now: datetime) -> Outcome[Note]:
    """Take a note away: who may read it may take it away."""
    note = desk.store.notes.get(desk.school, note_id)
    if note is None or not _may_read(who, note):
        return refused("gone")
    gone = desk.store.notes.remove(desk.school, note_id, who.id, now)
    return done("note_gone", note) if gone else refused("gone")


def about(desk: Desk, who: Member, person: str) -> tuple[Note, ...]:
    """The notes about a pupil that somebody may read, the newest first."""
    return tuple(note for note in desk.store.notes.about(desk.school, person) if _may_read(who, note))


def own(desk: Desk, who: Member) -> tuple[Note, ...]:
    """The notes that somebody wrote, the newest first."""
    return tuple(note for note in desk.store.notes.written(desk.school, who.id) if _may_read(who, note))


def _may_read(who: Member, note: Note) -> bool:
    return who.role in DECIDERS or (who.role in WRITERS and note.by == who.id)


def export(desk: Desk, who: Member, person: str, first: str, last: str, now: datetime) -> Outcome[File]:
    """What goes to the pupil's file; each time is in the audit. `first` and `last` are ISO dates, or empty.

    Empty is the school year until today. Ordinary browsing and exceptions are not in it: they are no file.
    """
    if who.role not in DECIDERS:
        return refused("role")
    snapshot = desk.snapshot(now)
    pupil = desk.store.people.person(desk.school, person)
    if pupil is None or pupil_of(snapshot, person) is None:
        return refused("gone")
    days = _days(snapshot, first, last, now)
    if days is None:
        return refused("date")
    start, end = _moments(snapshot, *days)
    notes = [note for note in desk.store.notes.about(desk.school, person) if start <= note.at < end]
    bans = [one for one in desk.store.measures.imposed(desk.school, person) if start <= one.sanction.start < end]
    people = {one.id: one.name for one in desk.store.people.persons(desk.school)}
    writers = {note.by for note in notes} | {one.sanction.by for one in bans} | {who.id}
    desk.store.audit.add(desk.school, who.id, EXPORTED, now, (person,))
    return done(
        "exported",
        File(
            school=desk.settings.school.name,
            pupil=pupil.name,
            groups=tuple(snapshot.groups[group].name for group in pupil.groups if group in snapshot.groups),
            first=days[0],
            last=days[1],
            notes=tuple(reversed(notes)),
            bans=tuple(reversed(bans)),
            names={one: people[one] for one in writers if one in people},
            made=now,
            by=who.id,
        ),
    )


def first_day(now: datetime) -> date:
    """The first day of the school year: older notes and bans are forgotten."""
    return date(school_year(now), 8, 1)


def _days(snapshot: Snapshot, first: str, last: str, now: datetime) -> tuple[date, date] | None:
    today = now.astimezone(zone_of(snapshot.policy.schedule.zone)).date()
    try:
        start = date.fromisoformat(first.strip()) if first.strip() else first_day(now)
        end = date.fromisoformat(last.strip()) if last.strip() else today
    except ValueError:
        return None
    return (start, end) if start <= end < date.max else None


def _moments(snapshot: Snapshot, first: date, last: date) -> tuple[datetime, datetime]:
    zone = zone_of(snapshot.policy.schedule.zone)
    try:
        start = datetime.combine(first, time(), zone).astimezone(UTC)
    except OverflowError:
        start = datetime.min.replace(tzinfo=UTC)
    return start, datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC)
