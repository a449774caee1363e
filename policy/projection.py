"""The cut of a snapshot to what one device needs: what lies on a laptop tells nothing about other children.

The cut changes no answer: `decide` says the same to this device and its people with the cut as with the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from policy.model import (
    Agreement,
    Care,
    Device,
    Grant,
    Group,
    Lease,
    Member,
    Policy,
    Role,
    Sanction,
    Snapshot,
    Span,
    State,
)
from policy.print_cut import for_print_server
from policy.printer import is_print_server
from policy.seat import groups_at, live_lease, owner_of, unattended

_NOBODY: frozenset[str] = frozenset()


def project(snapshot: Snapshot, device_id: str, now: datetime) -> Snapshot:
    """Return the snapshot as this device may keep it at `now`: the rules, its groups, and the state of its people.

    Its people are its owner and whoever was put or signed in there for now; of nobody else an id, a ban or a consent is
    in it. Who signed in at an address (a device that nobody registered) travels to no device at all.
    Who gave something and texts that people typed are left out. A device that does not exist gets the rules alone. A
    print server has pupils of all groups in it, and of them what printing asks (`policy.print_cut`).
    """
    device = snapshot.devices.get(device_id)
    if device is not None and is_print_server(device):
        return for_print_server(snapshot, device)
    mine = _mine(snapshot, device, now)
    groups: Mapping[str, Group] = {one: snapshot.groups[one] for one in sorted(mine.groups) if one in snapshot.groups}
    return Snapshot(
        revision=snapshot.revision,
        school=snapshot.school,
        policy=_policy(snapshot.policy, mine),
        knowledge=snapshot.knowledge,
        groups=groups,
        people=dict(mine.people),
        devices={} if device is None else {device.id: _device(device, mine)},
        state=_state(snapshot.state, mine),
        proposed=snapshot.proposed,
    )


def changes_at(snapshot: Snapshot, device_id: str, now: datetime) -> datetime | None:
    """Return when the cut changes although the revision does not: somebody starts or stops at this device. None: never.

    The answer is always later than `now`.
    """
    mine = (lease for lease in snapshot.state.leases if lease.device and lease.device == device_id)
    edges = (edge for lease in mine for edge in (lease.start, lease.end))
    return min((edge for edge in edges if edge > now), default=None)


@dataclass(frozen=True, slots=True)
class _Mine:
    """What belongs to the device. `seats` are its people with their groups there; `owned`: one is always there.

    `roles` are those of its people, and of whoever sits there without a name.
    """

    device: str | None
    people: Mapping[str, Member]
    seats: Mapping[str, tuple[str, ...]]
    groups: frozenset[str]
    roles: frozenset[Role]
    leases: tuple[Lease, ...]
    owned: bool


def _mine(snapshot: Snapshot, device: Device | None, now: datetime) -> _Mine:
    if device is None:
        return _Mine(None, {}, {}, _NOBODY, frozenset(), (), owned=False)
    owner, lease = owner_of(snapshot, device), live_lease(snapshot, device.id, now)
    guest = snapshot.people.get(lease.person) if lease else None
    people = {member.id: member for member in (owner, guest) if member is not None}
    seats = {member.id: groups_at(member, device) for member in people.values()}
    return _Mine(
        device.id,
        people,
        seats,
        frozenset(group for groups in seats.values() for group in groups).union([device.group] if device.group else ()),
        frozenset((unattended(device).role, *(member.role for member in people.values()))),
        (replace(lease, by="", address="", person=lease.person if guest else ""),) if lease else (),
        # Somebody who is at school no more may still sit there until the bell: then it is unknown who does.
        owned=owner is not None and (lease is None or guest is not None),
    )


def _device(device: Device, mine: _Mine) -> Device:
    # How the school's network knows the device is no business of the device.
    person = device.person if device.person in mine.people else None
    return replace(device, person=person, addresses=(), ports=(), key_hash=None)


def _policy(policy: Policy, mine: _Mine) -> Policy:
    weeks = {group: week for group, week in policy.schedule.groups.items() if group in mine.groups}
    return replace(policy, schedule=replace(policy.schedule, groups=weeks))


def _state(state: State, mine: _Mine) -> State:
    return State(
        grants=tuple(grant for one in state.grants if (grant := _grant(one, mine)) is not None),
        sanctions=tuple(_sanction(one) for one in state.sanctions if one.person in mine.people),
        consents={one: agreed for one, agreed in state.consents.items() if one in mine.people},
        care=tuple(care for one in state.care if (care := _care(one, mine)) is not None),
        agreements=tuple(bond for one in state.agreements if (bond := _agreement(one, mine)) is not None),
        pauses=_spans(state.pauses, mine),
        rainy=_spans(state.rainy, mine),
        leases=mine.leases,
        consented_groups=state.consented_groups & mine.groups,
        emergencies=tuple(replace(one, by="") for one in state.emergencies),
    )


def _sanction(sanction: Sanction) -> Sanction:
    return replace(sanction, by="")


def _spans(spans: Iterable[Span], mine: _Mine) -> tuple[Span, ...]:
    return tuple(replace(one, by="") for one in spans if one.group in mine.groups)


def _grant(grant: Grant, mine: _Mine) -> Grant | None:
    """A grant that leaves somebody out does not hold for an unknown pupil, who may be that one.

    The name that is left out must not travel, so on a device where it may become unknown who sits there, such a grant
    is rewritten to the people of this device that it holds for.
    """
    people = frozenset(one for one in grant.people if one in mine.people)
    groups, without = grant.groups & mine.groups, frozenset(one for one in grant.without if one in mine.people)
    roles = grant.roles & mine.roles
    if grant.without and not mine.owned:
        held = (
            one
            for one, theirs in mine.seats.items()
            if not grant.groups.isdisjoint(theirs) or mine.people[one].role in grant.roles
        )
        people, groups, without, roles = (people | frozenset(held)) - without, _NOBODY, _NOBODY, frozenset()
    if not people and not groups and not roles:
        return None
    return replace(grant, roles=roles, people=people, groups=groups, without=without, by="", goal="")


def _care(care: Care, mine: _Mine) -> Care | None:
    person = care.person if care.person in mine.people else None
    device = care.device if care.device == mine.device else None
    if person is None and device is None:
        return None
    # Of whom somebody else's exception on this very device is, is not said.
    return replace(care, person=person, device=device, review=None)


def _agreement(agreement: Agreement, mine: _Mine) -> Agreement | None:
    people = frozenset(one for one in agreement.people if one in mine.people)
    groups = agreement.groups & mine.groups
    if not people and not groups:
        return None
    return replace(agreement, people=people, groups=groups, by="", goal="")
