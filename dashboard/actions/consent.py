"""Whom a permission would leave out because there is no yes from home: told before it is given, never after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from policy.asking import Asking
from policy.authority import Verdict, rules_in_the_way
from policy.model import AccessRequest, Action, DeviceClass, Grant, Principal, Role, Snapshot, Strength


@dataclass(frozen=True, slots=True)
class Missing:
    """What the parents' consent keeps closed of a permission. `left_out` of its `reached` pupils have no yes.

    `shared`: some devices are nobody's, and for those only a yes of the whole group counts. `empty`: the register of
    this school year has no yes at all.
    """

    left_out: frozenset[str]
    reached: frozenset[str]
    shared: bool
    empty: bool


def missing(verdict: Verdict, snapshot: Snapshot, now: datetime) -> Missing | None:
    """What a permission that may be given leaves closed; None: nothing asks for consent, or everybody has it."""
    grant = verdict.grant
    if grant is None:
        return None
    asks = [group for group in sorted(_groups(grant, snapshot)) if _asks_consent(group, grant, snapshot, now)]
    if not asks:
        return None
    state = snapshot.state
    shared = any(
        group in grant.groups and group not in state.consented_groups and _has_shared(group, snapshot, now)
        for group in asks
    )
    if not verdict.left_out and not shared:
        return None
    return Missing(
        left_out=verdict.left_out,
        reached=_reached(grant, snapshot),
        shared=shared,
        empty=not any(state.consents.values()) and not state.consented_groups,
    )


def _asks_consent(group: str, grant: Grant, snapshot: Snapshot, now: datetime) -> bool:
    who = Principal(Role.PUPIL, groups=(group,), strength=Strength.GROUP)
    asking = Asking(AccessRequest(Action.VISIT, who), snapshot, now)
    return any(rule.consent for rule in rules_in_the_way(asking, grant))


def _groups(grant: Grant, snapshot: Snapshot) -> frozenset[str]:
    members = (snapshot.people.get(person) for person in grant.people)
    return grant.groups.union(*(member.groups[:1] for member in members if member is not None))


def _reached(grant: Grant, snapshot: Snapshot) -> frozenset[str]:
    """Every pupil that the permission names, one by one or with the group."""
    return frozenset(
        person.id
        for person in snapshot.people.values()
        if person.role is Role.PUPIL
        and person.id not in grant.without
        and (person.id in grant.people or not grant.groups.isdisjoint(person.groups))
    )


def _has_shared(group: str, snapshot: Snapshot, now: datetime) -> bool:
    """Whether some device of the group does not tell who sits at it; so it is too when no device is known by name."""
    seated = {lease.device for lease in snapshot.state.leases if lease.start <= now < lease.end}
    mine = [
        device
        for device in snapshot.devices.values()
        if device.group == group and device.kind in (DeviceClass.PUPIL, DeviceClass.UNKNOWN)
    ]
    return not mine or any(device.person is None and device.id not in seated for device in mine)
