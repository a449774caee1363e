"""Another version of the school's rules, made on the dashboard: on the version that somebody looked at, or not at all.

What is changed here wins over the `school.yaml` on the box until somebody takes the file over; see `versions`.
"""

from __future__ import annotations

from datetime import datetime

from config.changes import changes
from dashboard.actions.desk import Desk, Outcome, done, refused
from policy.model import Member, Policy, Role
from store.policies import PolicyRevision

ORIGIN = "beheer"
"""Where a version came from that was made here; no digest of a file, so the file waits until somebody takes it."""

OFFICE = frozenset({Role.COORDINATOR, Role.MANAGEMENT})


def number(desk: Desk) -> int:
    """The number of the version that holds now; 0 when there is none."""
    current = desk.store.policies.current(desk.school)
    return current.number if current else 0


def adopt(
    desk: Desk, who: Member, policy: Policy, based_on: int, now: datetime, *, written: str | None = None
) -> Outcome[PolicyRevision]:
    """Let `policy` hold, if the rules are still those of version `based_on`; `written` as in `Policies.add`."""
    if who.role not in OFFICE:
        return refused("role")
    kept = desk.store.policies.add(desk.school, policy, ORIGIN, who.id, now, based_on=based_on, written=written)
    return done("rules_kept", kept) if kept is not None else refused("list_moved")


def moved_since(desk: Desk, based_on: int, lang: str) -> tuple[str, ...]:
    """What somebody else changed after version `based_on`, in sentences; nothing when it still holds."""
    current = desk.store.policies.current(desk.school)
    if current is None or current.number == based_on:
        return ()
    try:
        old = desk.store.policies.get(desk.school, based_on)
    except ValueError:  # this program can no longer read it
        old = None
    return changes(old.policy, current.policy, lang) if old is not None else ()
