"""A `school.yaml` from a browser, looked at first and then taken over, beside the file on the box.

The settings of a file are the box's own and never taken over here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from config.changes import changes
from config.load import parse_school
from config.read import ConfigError
from config.settings import SchoolFile
from dashboard.actions import revisions
from dashboard.actions.amending import OFFICE
from dashboard.actions.bells import Affected, affected
from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.revisions import other_settings
from policy.model import Member, Policy, Snapshot
from store.policies import PolicyRevision

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
class Box:
    """How the file on the box stands: `same`, `older` (nobody changed it since), `other` (it waits), or `wrong`.

    `base` is the number that it was made from (0: it does not say), `lines` what it would change.
    """

    state: str
    base: int = 0
    lines: tuple[str, ...] = ()
    complaint: ConfigError | None = None


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
    base = version_of(desk, file.revision) if file.revision else None
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
        tuple(sorted(missing_groups(file.policy, snapshot) - missing_groups(current.policy, snapshot))),
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


def version_of(desk: Desk, number: int) -> PolicyRevision | None:
    """One version; None when there is none, or this program can no longer read it."""
    try:
        return desk.store.policies.get(desk.school, number) if number else None
    except ValueError:
        return None


def box_stands(desk: Desk, box: BoxFile, lang: str) -> Box | None:
    """How the file on the box stands beside the rules in force."""
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


def missing_groups(policy: Policy, snapshot: Snapshot) -> frozenset[str]:
    """The groups that rules and times speak of and that are not there."""
    named = {group for rule in policy.rules for group in rule.groups} | policy.schedule.groups.keys()
    named |= {group for special in policy.schedule.specials for group in special.groups}
    return frozenset(named) - snapshot.groups.keys()
