"""The cut of a snapshot for a print server: whose a job is and whether it may be printed, of every pupil, and no more.

Printing asks nothing of seats, pauses, agreements, exceptions for sites, or bans on anything but the printer, so none
of those travel; neither do staff, who have a queue of their own.
"""

from __future__ import annotations

from dataclasses import replace

from policy.model import Device, Facet, Grant, Role, SanctionTarget, Snapshot, State


def for_print_server(snapshot: Snapshot, device: Device) -> Snapshot:
    """Return what the print server `device` may keep. `decide` gives the same answers of print jobs as with the whole.

    Parents' consents travel only where a rule about printing asks for them.
    """
    pupils = {one.id: one for one in snapshot.people.values() if one.role is Role.PUPIL}
    return Snapshot(
        revision=snapshot.revision,
        school=snapshot.school,
        policy=snapshot.policy,
        knowledge=snapshot.knowledge,
        groups=snapshot.groups,
        people=pupils,
        devices={device.id: replace(device, person=None, addresses=(), ports=(), key_hash=None)},
        state=_state(snapshot),
        accounts={name: person for name, person in snapshot.accounts.items() if person in pupils},
    )


def _state(snapshot: Snapshot) -> State:
    state = snapshot.state
    asks = any(rule.consent for rule in snapshot.facet_rules(Facet.PRINT))
    return State(
        grants=tuple(_grant(one, snapshot) for one in state.grants if _prints(one)),
        sanctions=tuple(
            replace(one, by="", sites=())
            for one in state.sanctions
            if one.on is SanctionTarget.PRINTER and _pupil(one.person, snapshot)
        ),
        consents={who: yes for who, yes in state.consents.items() if _pupil(who, snapshot)} if asks else {},
        rainy=tuple(replace(one, by="") for one in state.rainy),
        consented_groups=state.consented_groups if asks else frozenset(),
        emergencies=tuple(replace(one, by="") for one in state.emergencies),
    )


def _prints(grant: Grant) -> bool:
    """Whether a grant can lift a rule about printing for pupils: one for a place lifts none."""
    somewhere = grant.sites or grant.categories
    return Facet.PRINT in grant.facets and not (somewhere and not grant.items)


def _grant(grant: Grant, snapshot: Snapshot) -> Grant:
    return replace(
        grant,
        by="",
        goal="",
        people=frozenset(one for one in grant.people if _pupil(one, snapshot)),
        without=frozenset(one for one in grant.without if _pupil(one, snapshot)) or _nobody(grant),
        facets=frozenset({Facet.PRINT}),
        roles=grant.roles & {Role.PUPIL},
    )


def _nobody(grant: Grant) -> frozenset[str]:
    """Whoever is left out may be somebody unknown, also where only staff are: then such a grant is no unknown's."""
    return frozenset({"-"}) if grant.without else frozenset()


def _pupil(person: str, snapshot: Snapshot) -> bool:
    member = snapshot.people.get(person)
    return member is not None and member.role is Role.PUPIL
