"""The numbered versions of the rules: what there were, what differs, a way back, and a `school.yaml` from a browser.

The same rules hold as for `klaswacht policy` (`revisions`): whoever comes second is shown what moved and loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from config.changes import changes, in_short
from config.export import Exported, renewed, school_text
from config.load import parse_school
from config.read import ConfigError
from config.settings import SchoolFile
from config.texts import say
from dashboard.actions import revisions
from dashboard.actions.amending import OFFICE
from dashboard.actions.bells import Affected, affected
from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.revisions import Source, other_settings, rolled_from, source_of
from policy.model import Member, Policy, Snapshot
from store.policies import Entry, PolicyRevision

PAGE = 20
"""Versions on one page."""
LONGEST_FILE = 48_000
"""Characters of a file that a form carries; a longer one is for the command line."""


class BoxFile(Protocol):
    """The `school.yaml` on the box."""

    def settings(self) -> Mapping[str, Any]:
        """The settings in the last file that was right, as they are written there; empty when there is none."""

    def read(self) -> SchoolFile:
        """The file as it is now.

        Raises:
            ConfigError: it says something that cannot be.
        """


@dataclass(frozen=True, slots=True)
class Line:
    """One version. `old` is the number that a rollback went back to; `what` is what it changed, in one line."""

    entry: Entry
    who: str
    source: Source
    old: int
    what: str


@dataclass(frozen=True, slots=True)
class Box:
    """How the file on the box stands: `same`, `older` (nobody changed it since), `other` (it waits), or `wrong`.

    `base` is the number that it was made from (0: it does not say), `lines` what it would change.
    """

    state: str
    base: int = 0
    lines: tuple[str, ...] = ()
    complaint: ConfigError | None = None


@dataclass(frozen=True, slots=True)
class Shelf:
    """A page of versions, newest first. `holds` is the number in force, `older` where the next page begins (0: no)."""

    lines: tuple[Line, ...]
    numbers: tuple[int, ...]
    holds: int
    older: int
    box: Box | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions and what is different."""

    old: Entry
    new: Entry
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Back:
    """What going back would do, worked out on version `based_on`.

    `newer`: what comes with the product stays as it is in this program. `gone` are groups that it speaks of and that
    are no more; `complaint` why this program cannot take it.
    """

    old: Entry
    based_on: int
    lines: tuple[str, ...] = ()
    affected: tuple[Affected, ...] = ()
    newer: bool = False
    gone: tuple[str, ...] = ()
    complaint: str = ""


@dataclass(frozen=True, slots=True)
class FilePlan:
    """What a `school.yaml` would do, worked out on version `based_on`.

    `complaint`: it is wrong, with the line. `base` is the number that it was made from; `theirs` what moved since, for
    a file that was made from another version than the one in force. `settings` are not taken over.
    """

    text: str
    based_on: int
    base: int = 0
    lines: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()
    late: bool = False
    affected: tuple[Affected, ...] = ()
    settings: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    complaint: ConfigError | None = None
    policy: Policy | None = field(default=None, repr=False)


def shelf(desk: Desk, who: Member, lang: str, begin: int = 0, box: BoxFile | None = None) -> Outcome[Shelf]:
    """The versions, from number `begin` back (0: from the newest)."""
    if who.role not in OFFICE:
        return refused("role")
    every = desk.store.policies.entries(desk.school)
    left = [entry for entry in every if not begin or entry.number <= begin]
    read = {entry.number: _version(desk, entry.number) for entry in left[: PAGE + 1]}
    names = {person.id: person.name for person in desk.store.people.persons(desk.school)}
    lines = tuple(
        Line(
            entry,
            names.get(entry.who, entry.who),
            source_of(entry.origin),
            rolled_from(entry.origin),
            _what(read, entry.number, left[number + 1].number if number + 1 < len(left) else 0, lang),
        )
        for number, entry in enumerate(left[:PAGE])
    )
    older = left[PAGE].number if len(left) > PAGE else 0
    numbers = tuple(entry.number for entry in every)
    holds = numbers[0] if numbers else 0
    return done("seen", Shelf(lines, numbers, holds, older, _box(desk, box, lang) if box else None))


def compare(desk: Desk, who: Member, old: int, new: int, lang: str) -> Outcome[Comparison]:
    """What is different between two versions."""
    if who.role not in OFFICE:
        return refused("role")
    entries = {entry.number: entry for entry in desk.store.policies.entries(desk.school)}
    if old not in entries or new not in entries:
        return refused("version_none")
    one, other = _version(desk, old), _version(desk, new)
    if one is None or other is None:
        return refused("version_unreadable")
    return done("seen", Comparison(entries[old], entries[new], changes(one.policy, other.policy, lang)))


def file_of(
    desk: Desk, who: Member, number: int, settings: Mapping[str, Any], head: Iterable[str], now: datetime
) -> Outcome[Exported]:
    """A version as a whole `school.yaml` with these settings, and a line in the audit trail."""
    if who.role not in OFFICE:
        return refused("role")
    found = _version(desk, number)
    if found is None:
        return refused("version_unreadable" if _there(desk, number) else "version_none")
    try:
        written = school_text(found.policy, found.written, settings, revision=number, head=head)
    except ConfigError:
        return refused("version_unfit")
    desk.store.audit.add(desk.school, who.id, "export.rules", now, [str(number)])
    return done("seen", written)


def look_back(desk: Desk, who: Member, number: int, lang: str, now: datetime) -> Outcome[Back]:
    """What going back to a version would do. Refused with the reason where it no longer fits. Nothing is written."""
    if who.role not in OFFICE:
        return refused("role")
    entry = next((one for one in desk.store.policies.entries(desk.school) if one.number == number), None)
    current = desk.store.policies.current(desk.school)
    if entry is None or current is None:
        return refused("version_none")
    found = _version(desk, number)
    if found is None:
        return refused("version_unreadable")
    complaint = revisions.unfit(found)
    if complaint is not None:
        return refused("version_unfit", Back(entry, current.number, complaint=complaint.problem))
    policy = renewed(found.policy, found.written)
    lines = changes(current.policy, policy, lang)
    if policy == current.policy and found.written == current.written:
        return refused("version_same", Back(entry, current.number))
    # What the rules in force speak of in vain already is nothing that going back would break.
    gone = _gone(policy, desk.snapshot(now)) - _gone(current.policy, desk.snapshot(now))
    plan = Back(
        entry,
        current.number,
        lines or (say("policy.change.nothing", lang),),
        affected(desk, policy.schedule, now),
        policy != found.policy,
        tuple(sorted(gone)),
    )
    return refused("version_groups", plan) if gone else done("seen", plan)


def go_back(desk: Desk, who: Member, number: int, based_on: int, lang: str, now: datetime) -> Outcome[Back]:
    """Make a new version of an old one, if the rules are still those of `based_on`."""
    outcome = look_back(desk, who, number, lang, now)
    plan, found = outcome.value, _version(desk, number)
    if not outcome.ok or plan is None or found is None:
        return outcome
    if plan.based_on != based_on:
        return refused("times_moved", plan)
    taken = revisions.roll_back(desk.store, desk.school, found, based_on, who.id, now)
    if taken.outcome is revisions.Outcome.RACED:
        return refused("times_moved", look_back(desk, who, number, lang, now).value)
    return done("version_back", plan)


def look_file(desk: Desk, who: Member, text: str, lang: str, now: datetime, box: BoxFile | None) -> Outcome[FilePlan]:
    """What a `school.yaml` would change. A wrong one names its line, and what holds stays. Nothing is written."""
    if who.role not in OFFICE:
        return refused("role")
    current = desk.store.policies.current(desk.school)
    number = current.number if current else 0
    if not text.strip() or current is None:
        return refused("file_empty", FilePlan(text, number))
    if len(text) > LONGEST_FILE:
        return refused("file_long", FilePlan(text[:LONGEST_FILE], number))
    try:
        file = parse_school(text.encode(), "school.yaml")
    except ConfigError as error:
        return refused("file_wrong", FilePlan(text, number, complaint=error))
    waits = revisions.waiting(desk.store, desk.school, file, own=False)
    late = waits is not None and waits.outcome is not revisions.Outcome.SAME
    base = _version(desk, file.revision) if file.revision else None
    snapshot = desk.snapshot(now)
    plan = FilePlan(
        text,
        number,
        file.revision,
        changes(current.policy, file.policy, lang),
        changes(base.policy, current.policy, lang) if late and base is not None else (),
        late,
        affected(desk, file.policy.schedule, now),
        _settings(desk, file, box),
        tuple(sorted(_gone(file.policy, snapshot) - _gone(current.policy, snapshot))),
        policy=file.policy,
    )
    if file.policy == current.policy and file.written == current.written:
        return refused("file_same", plan)
    return done("seen", plan)


def adopt_file(
    desk: Desk, who: Member, text: str, based_on: int, lang: str, now: datetime, box: BoxFile | None, *, sure: bool
) -> Outcome[FilePlan]:
    """Let the file's rules hold, if the rules are still those of `based_on`; one that came second takes a yes."""
    outcome = look_file(desk, who, text, lang, now, box)
    plan = outcome.value
    if not outcome.ok or plan is None:
        return outcome
    if plan.based_on != based_on:
        return refused("times_moved", plan)
    if plan.late and not sure:
        return refused("file_late", plan)
    file = parse_school(text.encode(), "school.yaml")
    taken = revisions.take(desk.store, desk.school, file, who.id, now, own=False, force=sure, on=based_on)
    if taken.outcome in {revisions.Outcome.TAKEN, revisions.Outcome.SAME}:
        return done("file_taken", plan)
    return refused("times_moved", look_file(desk, who, text, lang, now, box).value)


# --- parts ---------------------------------------------------------------------------------------------------------


def _version(desk: Desk, number: int) -> PolicyRevision | None:
    """One version; None when there is none, or this program can no longer read it."""
    try:
        return desk.store.policies.get(desk.school, number) if number else None
    except ValueError:
        return None


def _there(desk: Desk, number: int) -> bool:
    return any(entry.number == number for entry in desk.store.policies.entries(desk.school))


def _what(read: Mapping[int, PolicyRevision | None], number: int, before: int, lang: str) -> str:
    if not before:
        return say("policy.first", lang)
    new, old = read[number], read.get(before)
    if new is None or old is None:
        return say("policy.unreadable", lang)
    return in_short(old.policy, new.policy, lang)


def _box(desk: Desk, box: BoxFile, lang: str) -> Box | None:
    try:
        file = box.read()
    except ConfigError as error:
        return Box("wrong", complaint=error)
    waits = revisions.waiting(desk.store, desk.school, file, own=True)
    if waits is None or waits.outcome is revisions.Outcome.SAME:
        return Box("same")
    if waits.outcome is revisions.Outcome.OLDER:
        return Box("older", waits.base)
    return Box("other", waits.base, changes(waits.current.policy, file.policy, lang))


def _settings(desk: Desk, file: SchoolFile, box: BoxFile | None) -> tuple[str, ...]:
    """The settings that are otherwise in a file: they are the box's own, and never taken over from a browser."""
    try:
        known = box.read().settings if box is not None else desk.settings
    except ConfigError:
        known = desk.settings
    return other_settings(known, file.settings)


def _gone(policy: Policy, snapshot: Snapshot) -> frozenset[str]:
    """The groups that rules and times speak of and that are not there."""
    named = {group for rule in policy.rules for group in rule.groups} | policy.schedule.groups.keys()
    named |= {group for special in policy.schedule.specials for group in special.groups}
    return frozenset(named) - snapshot.groups.keys()
