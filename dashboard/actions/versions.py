"""The numbered versions of the rules: what there were, what differs, and a way back (of a file: `rules_file`).

The same rules hold as for `klaswacht policy` (`revisions`): whoever comes second is shown what moved and loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.changes import changes, in_short
from config.export import Exported, renewed, school_text
from config.read import ConfigError
from config.texts import say
from dashboard.actions import revisions
from dashboard.actions.amending import OFFICE
from dashboard.actions.bells import Affected, affected
from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.revisions import Source, rolled_from, source_of
from dashboard.actions.rules_file import Box, BoxFile, box_stands, missing_groups, version_of
from policy.model import Member
from store.policies import Entry, PolicyRevision

PAGE = 20
"""Versions on one page."""


@dataclass(frozen=True, slots=True)
class Line:
    """One version. `old` is the number that a rollback went back to; `what` is what it changed, in one line."""

    entry: Entry
    who: str
    source: Source
    old: int
    what: str


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


def shelf(desk: Desk, who: Member, lang: str, begin: int = 0, box: BoxFile | None = None) -> Outcome[Shelf]:
    """The versions, from number `begin` back (0: from the newest)."""
    if who.role not in OFFICE:
        return refused("role")
    every = desk.store.policies.entries(desk.school)
    left = [entry for entry in every if not begin or entry.number <= begin]
    read = {entry.number: version_of(desk, entry.number) for entry in left[: PAGE + 1]}
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
    return done("seen", Shelf(lines, numbers, holds, older, box_stands(desk, box, lang) if box else None))


def compare(desk: Desk, who: Member, old: int, new: int, lang: str) -> Outcome[Comparison]:
    """What is different between two versions."""
    if who.role not in OFFICE:
        return refused("role")
    entries = {entry.number: entry for entry in desk.store.policies.entries(desk.school)}
    if old not in entries or new not in entries:
        return refused("version_none")
    one, other = version_of(desk, old), version_of(desk, new)
    if one is None or other is None:
        return refused("version_unreadable")
    return done("seen", Comparison(entries[old], entries[new], changes(one.policy, other.policy, lang)))


def file_of(
    desk: Desk, who: Member, number: int, settings: Mapping[str, Any], head: Iterable[str], now: datetime
) -> Outcome[Exported]:
    """A version as a whole `school.yaml` with these settings, and a line in the audit trail."""
    if who.role not in OFFICE:
        return refused("role")
    found = version_of(desk, number)
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
    found = version_of(desk, number)
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
    gone = missing_groups(policy, desk.snapshot(now)) - missing_groups(current.policy, desk.snapshot(now))
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
    plan, found = outcome.value, version_of(desk, number)
    if not outcome.ok or plan is None or found is None:
        return outcome
    if plan.based_on != based_on:
        return refused("times_moved", plan)
    taken = revisions.roll_back(desk.store, desk.school, found, based_on, who.id, now)
    if taken.outcome is revisions.Outcome.RACED:
        return refused("times_moved", look_back(desk, who, number, lang, now).value)
    return done("version_back", plan)


def _there(desk: Desk, number: int) -> bool:
    return any(entry.number == number for entry in desk.store.policies.entries(desk.school))


def _what(read: Mapping[int, PolicyRevision | None], number: int, before: int, lang: str) -> str:
    if not before:
        return say("policy.first", lang)
    new, old = read[number], read.get(before)
    if new is None or old is None:
        return say("policy.unreadable", lang)
    return in_short(old.policy, new.policy, lang)
