"""A school file to a numbered revision: taken when the rules are still those that it was made from, else refused.

The store's number is the truth. A file says its base itself (`revision: 12`); the home's own `school.yaml` without that
line is based on the newest revision that came from it. Whoever comes second is refused and loses nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

from config.export import renewed, same_decisions, school_text
from config.read import ConfigError
from config.settings import SchoolFile, Settings
from dashboard.actions.amending import ORIGIN
from store import Store, StoreUnavailable
from store.policies import PolicyRevision

_DIGEST = re.compile(r"[0-9a-f]{64}")
_IMPORTED, _ROLLED_BACK, _RENEWED = "import:", "rollback:", "renewal:"
_PROGRAM = "klaswacht"


class Outcome(StrEnum):
    """What became of a file."""

    TAKEN = "taken"
    SAME = "same"  # the rules in force say this already
    OLDER = "older"  # nothing was changed in it, but the rules moved on since
    MOVED = "moved"  # something was changed in it, and the rules moved on since
    RACED = "raced"  # somebody else wrote at this very moment


class Source(StrEnum):
    """Where a revision came from, for people."""

    FILE = "file"
    IMPORT = "import"
    DASHBOARD = "dashboard"
    ROLLBACK = "rollback"
    RENEWAL = "renewal"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a file, the revision in force now, and the number that the file was made from (0: not known)."""

    outcome: Outcome
    current: PolicyRevision
    base: int


def source_of(origin: str) -> Source:
    """Where a revision came from, by the origin that was kept with it."""
    if _DIGEST.fullmatch(origin):
        return Source.FILE
    if origin == ORIGIN:
        return Source.DASHBOARD
    starts = {_IMPORTED: Source.IMPORT, _ROLLED_BACK: Source.ROLLBACK, _RENEWED: Source.RENEWAL}
    return next((source for start, source in starts.items() if origin.startswith(start)), Source.OTHER)


def take(
    store: Store,
    school: str,
    file: SchoolFile,
    who: str,
    now: datetime,
    *,
    own: bool,
    force: bool = False,
    on: int | None = None,
) -> Taken:
    """Make a file's rules a revision, if the rules in force are those that it was made from.

    `own` is the home's `school.yaml`; of another file nothing is known that it does not say. `force` takes it anyway.
    `on`: only while this number is in force, for who was shown what would change.
    """
    current = store.policies.current(school)
    base = _base(store, school, file, own=own)
    if current is not None and on is not None and current.number != on:
        return Taken(Outcome.RACED, current, base)
    waits = None if force else _waiting(store, school, file, current, base)
    if waits is not None:
        return waits
    number = current.number if current else 0
    origin = file.digest if own else f"{_IMPORTED}{file.digest}"
    taken = store.policies.add(school, file.policy, origin, who, now, based_on=number, written=file.written)
    if taken is None:
        current = store.policies.current(school)
        if current is None:
            raise StoreUnavailable(f"the rules of school `{school}` went away while they were changed; try again")
        return Taken(Outcome.RACED, current, base)
    return Taken(Outcome.TAKEN if taken.number != number else Outcome.SAME, taken, base)


def waiting(store: Store, school: str, file: SchoolFile, *, own: bool) -> Taken | None:
    """Why a file would not be taken now: the rules moved on since it was made. None: nothing is in its way."""
    current = store.policies.current(school)
    return _waiting(store, school, file, current, _base(store, school, file, own=own))


def other_settings(one: Settings, other: Settings) -> tuple[str, ...]:
    """The names of the settings in which two files differ; the protocol is one of the rules."""
    names = (field.name for field in fields(Settings) if field.name != "protocol")
    return tuple(name for name in names if getattr(one, name) != getattr(other, name))


def renew(store: Store, school: str, current: PolicyRevision, now: datetime) -> PolicyRevision:
    """The rules in force with what comes with the product as this program has it: a new revision when that differs.

    What was changed on the dashboard is in no file, so it would keep an older program's protocol and floor for ever.
    """
    policy = renewed(current.policy, current.written)
    if policy == current.policy:
        return current
    origin = f"{_RENEWED}{current.number}"
    taken = store.policies.add(school, policy, origin, _PROGRAM, now, based_on=current.number)
    return taken or store.policies.current(school) or current


def rolled_from(origin: str) -> int:
    """Which version a rollback went back to; 0 for what is no rollback."""
    number = origin.removeprefix(_ROLLED_BACK)
    return int(number) if origin.startswith(_ROLLED_BACK) and number.isdecimal() else 0


def roll_back(store: Store, school: str, old: PolicyRevision, current: int, who: str, now: datetime) -> Taken:
    """Make a new revision of an old one. The safety floor and the rest of the product stay those of this program."""
    policy = renewed(old.policy, old.written)
    origin = f"{_ROLLED_BACK}{old.number}"
    taken = store.policies.add(school, policy, origin, who, now, based_on=current, written=old.written)
    if taken is None:
        return Taken(Outcome.RACED, store.policies.current(school) or old, old.number)
    return Taken(Outcome.TAKEN if taken.number != current else Outcome.SAME, taken, old.number)


def unfit(old: PolicyRevision) -> ConfigError | None:
    """Why nobody can go back to a version: this program cannot write it out, and so not renew its floor."""
    try:
        school_text(old.policy, old.written)
    except ConfigError as error:
        return error
    return None


def _waiting(store: Store, school: str, file: SchoolFile, current: PolicyRevision | None, base: int) -> Taken | None:
    if current is None or not _moved(store, school, current, base):
        return None
    if file.policy == current.policy:
        return Taken(Outcome.SAME, current, base)
    older = _unchanged_since(store, school, file, base)
    return Taken(Outcome.OLDER if older else Outcome.MOVED, current, base)


def _base(store: Store, school: str, file: SchoolFile, *, own: bool) -> int:
    """The number that a file was made from; 0 when nothing tells."""
    if file.revision:
        return file.revision
    if not own:
        return 0
    entries = store.policies.entries(school)
    return next((entry.number for entry in entries if source_of(entry.origin) is Source.FILE), 0)


def _moved(store: Store, school: str, current: PolicyRevision, base: int) -> bool:
    """Whether the rules in force are others than those of `base`, by a person: what the program renewed is nobody's."""
    origins = {entry.number: entry.origin for entry in store.policies.entries(school)}
    number = current.number
    while number != base and (origin := origins.get(number, "")).startswith(_RENEWED):
        number = int(origin.removeprefix(_RENEWED))
    if number == base:
        return False
    old = _version(store, school, base)
    # Somebody went there and back: nothing would be lost.
    return old is None or (old.policy, old.written) != (current.policy, current.written)


def _version(store: Store, school: str, number: int) -> PolicyRevision | None:
    try:
        return store.policies.get(school, number) if number else None
    except ValueError:  # this program can no longer read it
        return None


def _unchanged_since(store: Store, school: str, file: SchoolFile, base: int) -> bool:
    old = _version(store, school, base)
    if old is None:
        return False
    as_written = bool(file.written) and old.written == file.written
    return old.origin == file.digest or same_decisions(old.policy, file.policy, days_off=not as_written)
