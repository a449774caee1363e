"""Bans of pupils and notes about them, as finished strings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dashboard.actions.measures import LONGEST, Reach, Until, Wish, end_of
from dashboard.actions.notes import first_day
from dashboard.present.ban_proposals import ProposalLine, proposal_line
from dashboard.present.lesson import Choice
from dashboard.present.words import Words
from policy.model import Role, SanctionTarget, Snapshot
from store.ban_proposals import BanProposal
from store.measures import Imposed
from store.notes import Note, NoteKind
from store.people import Person


@dataclass(frozen=True, slots=True)
class BanLine:
    """A ban. `live`: it has not ended; `can_lift`: it is not lifted for the lesson yet."""

    id: str
    person: str
    who: str
    thing: str
    until: str
    by: str
    reason: str
    sites: str
    lifted: str
    live: bool
    can_lift: bool


@dataclass(frozen=True, slots=True)
class PupilLink:
    """A pupil to choose; `banned` when a ban holds now."""

    id: str
    name: str
    banned: bool


@dataclass(frozen=True, slots=True)
class BansPage:
    """What holds now, and the pupils by group."""

    bans: tuple[BanLine, ...]
    groups: tuple[tuple[str, tuple[PupilLink, ...]], ...]
    proposals: tuple[ProposalLine, ...]


@dataclass(frozen=True, slots=True)
class NoteLine:
    """A note under its head."""

    id: str
    head: str
    text: str
    at_ban: bool


@dataclass(frozen=True, slots=True)
class Form:
    """What the form of a ban offers, and what was typed in it. No `things`: a ban would hold on nothing more."""

    things: tuple[Choice, ...]
    holds: tuple[str, ...]
    warnings: tuple[str, ...]
    untils: tuple[Choice, ...]
    today: str
    last: str
    learning: str
    wish: Wish | None


@dataclass(frozen=True, slots=True)
class PupilPage:
    """One pupil's measures. `first` and `today` are ISO dates for the summary."""

    id: str
    name: str
    groups: str
    live: tuple[BanLine, ...]
    before: tuple[BanLine, ...]
    form: Form
    notes: tuple[NoteLine, ...]
    kinds: tuple[Choice, ...]
    first: str
    today: str
    proposal: ProposalLine | None = None


@dataclass(frozen=True, slots=True)
class NotesPage:
    """Somebody's own notes, and the pupils about whom they may write, by group."""

    notes: tuple[NoteLine, ...]
    groups: tuple[tuple[str, tuple[Choice, ...]], ...]
    kinds: tuple[Choice, ...]


def bans_page(
    imposed: tuple[Imposed, ...],
    persons: tuple[Person, ...],
    snapshot: Snapshot,
    words: Words,
    now: datetime,
    proposed: tuple[BanProposal, ...] = (),
) -> BansPage:
    """What is proposed and what holds now, with a way to every pupil."""
    names = {person.id: person.name for person in persons}
    live = [one for one in imposed if one.sanction.end > now]
    banned = {one.sanction.person for one in live}
    pupils = [person for person in persons if person.role is Role.PUPIL]
    groups = sorted(snapshot.groups.values(), key=lambda group: (min(group.years, default=99), group.name.casefold()))
    return BansPage(
        tuple(ban_line(one, names, words, now) for one in live),
        tuple(
            (group.name, links)
            for group in groups
            if (links := tuple(PupilLink(x.id, x.name, x.id in banned) for x in pupils if group.id in x.groups))
        ),
        tuple(proposal_line(one, names, words, now) for one in proposed),
    )


def ban_line(imposed: Imposed, names: Mapping[str, str], words: Words, now: datetime) -> BanLine:
    """A ban, in words."""
    ban = imposed.sanction
    somebody = words("dash.measures.gone")
    lifted = next((end for start, end in ban.lifted if start <= now < end), None)
    live = ban.end > now
    return BanLine(
        id=ban.id,
        person=ban.person,
        who=names.get(ban.person, somebody),
        thing=thing(ban.on, words),
        until=until(ban.end, words, now) if live else words("dash.measures.over", at=words.day_clock(ban.end, now)),
        by=words("dash.measures.by", name=names.get(ban.by, somebody), at=words.day_clock(ban.start, now)),
        reason=imposed.reason,
        sites=words("dash.measures.sites", sites=", ".join(ban.sites)) if ban.sites else "",
        lifted=words("dash.measures.lifted", until=words.clock(lifted)) if lifted and live else "",
        live=live,
        can_lift=live and lifted is None,
    )


def thing(target: SanctionTarget, words: Words) -> str:
    """What a ban is on."""
    return words(f"dash.measures.on.{target.value}")


def until(end: datetime, words: Words, now: datetime) -> str:
    """When something ends: the end of a day is said by its day."""
    if words.clock(end) == "00:00":
        return words("dash.measures.through", day=words.date(end))
    return words("dash.measures.until", until=words.day_clock(end, now))


def pupil_page(
    pupil: Person,
    imposed: tuple[Imposed, ...],
    notes: tuple[Note, ...],
    where: tuple[Reach, ...],
    snapshot: Snapshot,
    names: Mapping[str, str],
    words: Words,
    now: datetime,
    today: date,
    wish: Wish | None = None,
    proposed: BanProposal | None = None,
) -> PupilPage:
    """Everything about one pupil, with the forms; `wish` is what was typed and not yet saved.

    `proposed` is what a teacher proposed, when that is being decided about.
    """
    lines = tuple(ban_line(one, names, words, now) for one in imposed)
    banned = {one.sanction.on for one in imposed if one.sanction.end > now}
    return PupilPage(
        id=pupil.id,
        name=pupil.name,
        groups=", ".join(snapshot.groups[group].name for group in pupil.groups if group in snapshot.groups),
        live=tuple(line for line in lines if line.live),
        before=tuple(line for line in lines if not line.live),
        form=_form(where, banned, snapshot, words, now, today, wish),
        notes=tuple(_note(note, names, words, now, about=False) for note in notes),
        kinds=kinds(words),
        first=first_day(now).isoformat(),
        today=today.isoformat(),
        proposal=proposal_line(proposed, names, words, now) if proposed is not None else None,
    )


def _form(
    where: tuple[Reach, ...],
    banned: set[SanctionTarget],
    snapshot: Snapshot,
    words: Words,
    now: datetime,
    today: date,
    wish: Wish | None,
) -> Form:
    possible = [one.on for one in where if one.holds and one.on not in banned]
    chosen = wish.on if wish is not None else next(iter(possible), None)
    warnings = [words("dash.measures.keyless", devices=_named(one)) for one in where[:1] if one.keyless]
    learning = ", ".join(words.category(name) for name in sorted(snapshot.knowledge.learning))
    ask = words("dash.measures.learning", categories=learning) if learning else words("dash.measures.learning_none")
    return Form(
        things=tuple(Choice(target.value, thing(target, words), target is chosen) for target in possible),
        holds=tuple(_holds(one, words) for one in where),
        warnings=(*warnings, words("dash.measures.shared")),
        untils=_untils(snapshot, words, now, wish.until if wish is not None else Until.TODAY),
        today=today.isoformat(),
        last=(today + LONGEST - timedelta(days=1)).isoformat(),
        learning=ask,
        wish=wish,
    )


def _holds(one: Reach, words: Words) -> str:
    what = thing(one.on, words)
    if not one.holds:
        return words("dash.measures.holds_not", thing=what)
    # Only a print server keeps a job from the printer, and not every school has one.
    code = "dash.measures.holds_printer" if one.on is SanctionTarget.PRINTER else "dash.measures.holds"
    return words(code, thing=what, devices=", ".join(device.name for device in one.holds))


def _named(one: Reach) -> str:
    return ", ".join(device.name for device in one.keyless)


def _untils(snapshot: Snapshot, words: Words, now: datetime, chosen: Until) -> tuple[Choice, ...]:
    found = []
    for choice in Until:
        end = end_of(snapshot, Wish("", SanctionTarget.CHROMEBOOK, "", choice), now)
        day = words.date(end) if end is not None else ""
        text = words(f"dash.measures.preset.{choice.value}", **({"day": day} if day else {}))
        found.append(Choice(choice.value, text, choice is chosen))
    return tuple(found)


def kinds(words: Words) -> tuple[Choice, ...]:
    """What a note can be about."""
    return tuple(
        Choice(kind.value, words(f"dash.measures.kind.{kind.value}"), kind is NoteKind.TALK) for kind in NoteKind
    )


def _note(note: Note, names: Mapping[str, str], words: Words, now: datetime, *, about: bool) -> NoteLine:
    """A note with who wrote it, or (`about`) with whom it is about."""
    somebody = words("dash.measures.gone")
    kind, at = words(f"dash.measures.kind.{note.kind.value}"), words.day_clock(note.at, now)
    if about:
        head = words("dash.measures.note_of", pupil=names.get(note.person, somebody), kind=kind, at=at)
    else:
        head = words("dash.measures.note_at", kind=kind, at=at, name=names.get(note.by, somebody))
    return NoteLine(note.id, head, note.text, note.sanction is not None)


def notes_page(
    notes: tuple[Note, ...],
    groups: tuple[tuple[str, tuple[Person, ...]], ...],
    names: Mapping[str, str],
    words: Words,
    now: datetime,
) -> NotesPage:
    """Somebody's own notes and about whom they may write."""
    return NotesPage(
        tuple(_note(note, names, words, now, about=True) for note in notes),
        tuple((name, tuple(Choice(one.id, one.name) for one in pupils)) for name, pupils in groups if pupils),
        kinds(words),
    )
