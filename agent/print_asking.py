"""What is asked of the policy about a print job: who sent it, whether it may, and how long it may be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from policy.model import AccessRequest, Action, Decision, Facet, Principal, Reason, Role, Snapshot, Strength
from policy.printer import item_of, pupil_named

type Decide = Callable[[AccessRequest, datetime], Decision]


def asker(snapshot: Snapshot, user: str, people: Mapping[str, str]) -> Principal:
    """Return who sent a job: the pupil whose account or id this name is, else a pupil nobody knows.

    `people` are names that this print server itself was told of. A name on a print job is a claim, so nobody is more
    than a pupil by it: staff have a queue of their own.
    """
    member = pupil_named(snapshot, people.get(user, user))
    if member is None:
        return Principal(Role.PUPIL)
    return Principal(member.role, member.id, member.groups, strength=Strength.CLAIMED)


def print_request(who: Principal, uuid: str) -> AccessRequest:
    """Return the question whether `who` may print this very job."""
    return AccessRequest(action=Action.PRINT, who=who, job=item_of(uuid))


def allowed(decide: Decide, who: Principal, uuid: str, now: datetime) -> bool:
    """Return whether a job may be printed.

    A ban is of one child and a name is a claim, so the policy holds it against nobody who only might be that child. But
    under that name nothing is printed either: the job waits, and the teacher sees who stands there.
    """
    if not decide(print_request(who, uuid), now).open:
        return False
    sure = replace(who, strength=Strength.PROVED)
    return who.person is None or decide(print_request(sure, uuid), now).reason is not Reason.SANCTION


def said_yes(snapshot: Snapshot, who: Principal, uuid: str, now: datetime) -> bool:
    """Return whether an adult said yes to this very job of this pupil."""
    return any(
        Facet.PRINT in grant.facets
        and item_of(uuid) in grant.items
        and who.person in grant.people
        and grant.start <= now < grant.end
        for grant in snapshot.state.grants
    )


def cap_of(snapshot: Snapshot | None, own: int | None) -> int | None:
    """Return the most pages of one job (None: any): what the school says, else what this server was set up with."""
    said = snapshot.policy.print_pages if snapshot is not None else None
    return own if said is None else said or None
