"""People, devices and all that comes and goes: permissions, bans, care, agreements, pauses, seats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from policy.model.vocabulary import DeviceClass, Facet, Role, SanctionTarget, Strength

# The end of what has no end of its own, and the start of what was always there.
FOREVER = datetime.max.replace(tzinfo=UTC)
ALWAYS = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Group:
    """A class, a combined class or a temporary group; `until` ends a temporary one."""

    id: str
    name: str
    years: tuple[int, ...] = ()
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A person as the policy needs it: no name. For staff, `groups` are the groups they may act for."""

    id: str
    role: Role
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Device:
    """A registered device. `addresses` are CIDR ranges, `ports` listener ports; both give *group* at most.

    `key_hash` is the hex SHA-256 of the device key, which proves the device; `person` owns it. `prints`: pupils' print
    jobs wait there for a yes (`policy.printer`).
    """

    id: str
    name: str
    kind: DeviceClass
    group: str | None = None
    person: str | None = None
    addresses: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    key_hash: str | None = None
    prints: bool = False


@dataclass(frozen=True, slots=True)
class Lease:
    """A person sits at a device from `start` to `end`, because `by` (staff, or the person) said so.

    A device that is not in the register is known by `address` alone (`device` is then empty). `proof` says how sure it
    is that it is this person: a name that was chosen is claimed, an own picture password or a teacher's word proves it.
    """

    device: str
    person: str
    start: datetime
    end: datetime
    by: str = ""
    address: str = ""
    proof: Strength = Strength.CLAIMED


@dataclass(frozen=True, slots=True)
class Grant:
    """A permission with an absolute end. It lifts exactly its facets for its targets and its people.

    `groups` are whole groups, `people` named pupils; `without` are left out. A site brings the hosts that it needs.
    `items` are single items of a service (`youtube:id`): that one, without what is around it; or single print jobs
    (`policy.printer`). Empty `sites`, `categories` and `items` mean every place, for the other facets only. `topics`
    are what the lesson is about: the permission then lifts only the search words of those topics. `kinds` are kinds of
    words or of personal data: then it lifts only those (empty: all); with the facet action they are kinds of files
    (`picture`): of all that is done somewhere it then lifts only sending those. `roles` are whole roles of staff, for a
    standing permission of the management. `role` is the giver's role, `by` the giver's person id.
    """

    id: str
    start: datetime
    end: datetime
    role: Role
    by: str = ""
    groups: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    sites: tuple[str, ...] = ()
    categories: frozenset[str] = frozenset()
    facets: frozenset[Facet] = frozenset({Facet.PLACE, Facet.ACTION})
    items: tuple[str, ...] = ()
    goal: str = ""
    topics: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    roles: frozenset[Role] = frozenset()


@dataclass(frozen=True, slots=True)
class Sanction:
    """A temporary ban of one person on one kind of thing. `lifted` are the stretches for which it was lifted."""

    id: str
    person: str
    on: SanctionTarget
    start: datetime
    end: datetime
    by: str = ""
    sites: tuple[str, ...] = ()
    lifted: tuple[tuple[datetime, datetime], ...] = ()


@dataclass(frozen=True, slots=True)
class Care:
    """A standing personal exception; no reason is kept. `review` is when to look at it again (local date)."""

    id: str
    person: str | None = None
    device: str | None = None
    sites: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    review: date | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Goal and list for a group or for pupils; narrows the lesson to `sites`.

    `test`: it is a test. Then nothing joins the list later, and nobody asks anything until it is over.
    """

    id: str
    start: datetime
    end: datetime
    groups: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    sites: tuple[str, ...] = ()
    goal: str = ""
    by: str = ""
    test: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """A pause or a rainy day of one group."""

    group: str
    start: datetime
    end: datetime
    by: str = ""


@dataclass(frozen=True, slots=True)
class Emergency:
    """Hours in which only the safety floor holds, for everybody, because the guard is in the way of lessons.

    `by` is a person id or what started it, `way` how: `desk`, `code` or `command`. One that lasts longer than four
    hours (`policy.emergency.LONGEST`) opens nothing.
    """

    id: str
    start: datetime
    end: datetime
    by: str = ""
    way: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """All that comes and goes. Ended rows may be left out by the store; `decide` looks at the times anyway.

    `consents` maps a person to whether the parents agreed; a person that is not in it did not, unless the coordinator
    said that all parents of the group did (`consented_groups`).
    """

    grants: tuple[Grant, ...] = ()
    sanctions: tuple[Sanction, ...] = ()
    consents: Mapping[str, bool] = field(default_factory=dict)
    care: tuple[Care, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    pauses: tuple[Span, ...] = ()
    rainy: tuple[Span, ...] = ()
    leases: tuple[Lease, ...] = ()
    consented_groups: frozenset[str] = frozenset()
    emergencies: tuple[Emergency, ...] = ()
