"""Frozen nouns and enums of the policy: everything `decide` reads and everything it says.

Times are timezone-aware UTC `datetime`s unless a docstring says otherwise. Hosts are canonical: lower case,
A-labels, no trailing dot (see `policy.address`). Ids are opaque strings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from enum import IntEnum, StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policy.match import HostIndex
    from policy.search import Engines
    from policy.terms import Lexicon


# The end of what has no end of its own, and the start of what was always there.
FOREVER = datetime.max.replace(tzinfo=UTC)
ALWAYS = datetime.min.replace(tzinfo=UTC)


class Role(StrEnum):
    """What somebody is at school."""

    PUPIL = "pupil"
    TEACHER = "teacher"
    INTERN = "intern"
    STAFF = "staff"
    COORDINATOR = "coordinator"
    MANAGEMENT = "management"
    COUNSELLOR = "counsellor"


class DeviceClass(StrEnum):
    """What kind of thing sits on the network; an unlisted device is `UNKNOWN` and treated as the strictest pupil."""

    PUPIL = "pupil"
    STAFF = "staff"
    DIGIBOARD = "digiboard"
    INFRASTRUCTURE = "infrastructure"
    PHONE = "phone"
    UNKNOWN = "unknown"


class Strength(IntEnum):
    """How sure the guard is of who is asking: nothing known, the group only, somebody said so, a key proved it."""

    NONE = 0
    GROUP = 1
    CLAIMED = 2
    PROVED = 3


class Action(StrEnum):
    """What is asked for."""

    VISIT = "visit"
    SEARCH = "search"
    CHAT = "chat"
    POST = "post"
    UPLOAD = "upload"
    SUBMIT = "submit"
    PRINT = "print"
    RUN = "run"
    CONNECT = "connect"


class Effect(StrEnum):
    """The answer. Strictness for combining facets: deny > hold > allow; help is a gate of its own."""

    ALLOW = "allow"
    DENY = "deny"
    HELP = "help"
    HOLD = "hold"


class PeriodKind(StrEnum):
    """What the clock says for a group."""

    LESSON = "lesson"
    BREAK = "break"
    OUTSIDE = "outside"


class HoldsIn(StrEnum):
    """When a rule speaks. `school hours` is lesson and break; `at school` is any time on the school's network."""

    LESSON = "lesson"
    BREAK = "break"
    SCHOOL_HOURS = "school hours"
    AT_SCHOOL = "at school"


class LiftableBy(StrEnum):
    """Whose permission lifts a rule."""

    TEACHER = "teacher"
    MANAGEMENT = "management"
    NOBODY = "nobody"


class BasisKind(StrEnum):
    """Why a rule exists at all."""

    CLAUSE = "clause"
    SCHOOL = "school"
    LAW = "law"
    SAFETY = "safety"


class Gate(StrEnum):
    """The gates in their order; the first that speaks ends the decision."""

    HELP = "help"
    OWN = "own"
    LOCKED = "locked"
    CARE = "care"
    SANCTION = "sanction"
    PAUSE = "pause"
    BREAK = "break"
    AGREEMENT = "agreement"


class Facet(StrEnum):
    """The facets; all are asked and the strictest counts."""

    PLACE = "place"
    ACTION = "action"
    WORDS = "words"
    PERSONAL = "personal"
    PRINT = "print"
    APP = "app"
    CONNECT = "connect"


class Reason(StrEnum):
    """Why the answer is what it is. Every code has a sentence in every language (`config/text`). Only grows."""

    OPEN = "open"
    GRANTED = "granted"
    HELP = "help"
    HELP_HOST = "help_host"
    OWN = "own"
    SYSTEM = "system"
    INFRASTRUCTURE = "infrastructure"
    OUTSIDE = "outside"
    CARE = "care"
    LOCKED = "locked"
    SANCTION = "sanction"
    PAUSE = "pause"
    BREAK = "break"
    AGREEMENT = "agreement"
    PLACE = "place"
    CHAT = "chat"
    POST = "post"
    UPLOAD = "upload"
    ACTION = "action"
    WORDS = "words"
    APP = "app"
    PRINT = "print"
    PERSONAL = "personal"
    CONNECT = "connect"
    CONSENT = "consent"
    UNREADABLE = "unreadable"
    FAILED = "failed"


class SanctionTarget(StrEnum):
    """What a ban is on."""

    CHROMEBOOK = "chromebook"
    PRINTER = "printer"
    PHONE = "phone"


# --- what is asked -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, from which device, and how sure that is. `groups` is empty when no group is known."""

    role: Role
    person: str | None = None
    groups: tuple[str, ...] = ()
    device: str | None = None
    device_class: DeviceClass = DeviceClass.PUPIL
    strength: Strength = Strength.NONE


@dataclass(frozen=True, slots=True)
class Address:
    """One canonical address; made only by `policy.address`. `site` is the registrable domain (or the IP itself)."""

    scheme: str
    host: str
    port: int
    path: str
    query: str
    site: str
    is_ip: bool


@dataclass(frozen=True, slots=True)
class Search:
    """A query typed into a search engine. `engine` is an id of `config/engines`, or `unknown`."""

    engine: str
    text: str


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """One question, of the same type for CONNECT, SNI, HTTP, WebSocket, DNS, an app and a print job.

    `hosts` holds every name in play (URL, CONNECT target, SNI, Host or :authority), canonical and without doubles;
    all must be open. `navigation` is false for what a page loads by itself. `unreadable` is set when a name in play
    could not be made canonical: doubt is a deny.
    """

    action: Action
    who: Principal
    hosts: tuple[str, ...] = ()
    address: Address | None = None
    navigation: bool = True
    websocket: bool = False
    search: Search | None = None
    media: frozenset[str] = frozenset()
    app: str | None = None
    unreadable: bool = False


# --- what is answered ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the trace: the gate or facet (or `default`), what it said, and what it looked at."""

    at: str
    said: str
    rule: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer and all of its grounds. Constant until `valid_until` (None: no known end) for one snapshot."""

    effect: Effect
    reason: Reason
    category: str | None = None
    types: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    basis: BasisKind | None = None
    liftable_by: LiftableBy | None = None
    valid_until: datetime | None = None
    grants: tuple[str, ...] = ()
    trace: tuple[Step, ...] = ()

    @property
    def open(self) -> bool:
        """Whether the thing asked for may go on."""
        return self.effect is Effect.ALLOW


# --- the school's policy -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Clause:
    """One article of a protocol, in our own words for an adult and for a child."""

    id: str
    article: str
    binds: frozenset[Role]
    adult: str
    child: str


@dataclass(frozen=True, slots=True)
class Protocol:
    """Whose written rules these are."""

    id: str
    school: str
    title: str
    source: str
    clauses: tuple[Clause, ...] = ()


@dataclass(frozen=True, slots=True)
class Basis:
    """What a rule rests on: a clause id of the protocol, or the school's decision with its date, a law, the floor."""

    kind: BasisKind
    clause: str | None = None
    decided: date | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. It speaks as a facet, or as the gate `break` or `locked`; exactly one of `facet`, `gate` is set.

    Empty `groups` means all groups. A place rule names categories or sites; an action rule names actions (and, for
    uploads, media; empty means any); a words rule names kinds; an app rule names app categories or program names.
    `consent` asks for the parents' consent before a grant lifts the rule for a pupil.
    """

    id: str
    basis: Basis
    liftable_by: LiftableBy
    holds_in: HoldsIn
    roles: frozenset[Role]
    effect: Effect
    facet: Facet | None = None
    gate: Gate | None = None
    groups: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    sites: tuple[str, ...] = ()
    actions: frozenset[Action] = frozenset()
    media: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    apps: frozenset[str] = frozenset()
    consent: bool = False


@dataclass(frozen=True, slots=True)
class Slot:
    """A stretch of one school day in local wall-clock time, `start` inclusive, `end` exclusive."""

    kind: PeriodKind
    start: time
    end: time
    name: str = ""


@dataclass(frozen=True, slots=True)
class Closure:
    """Days without school, `first` and `last` both included (local dates)."""

    first: date
    last: date
    name: str = ""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The week: weekday (0 is Monday) to slots that do not overlap, in order; groups may have a week of their own."""

    zone: str = "Europe/Amsterdam"
    days: Mapping[int, tuple[Slot, ...]] = field(default_factory=dict)
    groups: Mapping[str, Mapping[int, tuple[Slot, ...]]] = field(default_factory=dict)
    closures: tuple[Closure, ...] = ()


@dataclass(frozen=True, slots=True)
class Period:
    """What holds at one moment: kind, absolute start and end (None: no change in sight), and its name."""

    kind: PeriodKind
    start: datetime | None
    end: datetime | None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """A school's rules: its protocol, the rules drawn from it and from its own decisions, schedule, own lists.

    `lists` maps a category to hosts the school adds to it; `open_sites` are hosts the school takes out of every
    category but the safety floor's.
    """

    protocol: Protocol
    rules: tuple[Rule, ...]
    schedule: Schedule
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    open_sites: tuple[str, ...] = ()


# --- people, devices and what is going on --------------------------------------------------------------------------


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

    `key_hash` is the hex SHA-256 of the device key, which proves the device; `person` owns it.
    """

    id: str
    name: str
    kind: DeviceClass
    group: str | None = None
    person: str | None = None
    addresses: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    key_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """A person sits at a device from `start` to `end`, because `by` (a staff member) said so."""

    device: str
    person: str
    start: datetime
    end: datetime
    by: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """A permission with an absolute end. It lifts exactly its facets for its targets and its people.

    `groups` are whole groups, `people` named pupils; `without` are left out. Empty `sites` and `categories` mean
    every place, for the other facets only. `role` is the giver's role, `by` the giver's person id.
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
    goal: str = ""


@dataclass(frozen=True, slots=True)
class Sanction:
    """A temporary ban of one person on one kind of thing."""

    id: str
    person: str
    on: SanctionTarget
    start: datetime
    end: datetime
    by: str = ""
    sites: tuple[str, ...] = ()


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
    """Goal and list for a group or for pupils; narrows the lesson to `sites`."""

    id: str
    start: datetime
    end: datetime
    groups: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    sites: tuple[str, ...] = ()
    goal: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A pause or a rainy day of one group."""

    group: str
    start: datetime
    end: datetime
    by: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """All that comes and goes. Ended rows may be left out by the store; `decide` looks at the times anyway.

    `consents` maps a person to whether the parents agreed; a person that is not in it did not.
    """

    grants: tuple[Grant, ...] = ()
    sanctions: tuple[Sanction, ...] = ()
    consents: Mapping[str, bool] = field(default_factory=dict)
    care: tuple[Care, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    pauses: tuple[Span, ...] = ()
    rainy: tuple[Span, ...] = ()
    leases: tuple[Lease, ...] = ()


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Factory data, compiled once at start by `config.load`: it changes with a release or a feed, not with a tap.

    `help_hosts`, `system_hosts` and `own_hosts` are exact names (help and own hosts with their sub-domains);
    `tunnels` maps a host that needs no look inside to the reason; `apps` maps a program name to a category;
    `learning` are the categories that stay open under a ban.
    """

    categories: HostIndex
    engines: Engines
    lexicon: Lexicon
    help_hosts: frozenset[str] = frozenset()
    system_hosts: frozenset[str] = frozenset()
    own_hosts: frozenset[str] = frozenset()
    tunnels: Mapping[str, str] = field(default_factory=dict)
    apps: Mapping[str, str] = field(default_factory=dict)
    learning: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Snapshot:
    """All of it at one revision. Immutable; a new revision is a new snapshot, swapped by reference.

    Not slotted: derived look-ups are made once per snapshot and kept (`cached_property`).
    """

    revision: int
    school: str
    policy: Policy
    knowledge: Knowledge
    groups: Mapping[str, Group] = field(default_factory=dict)
    people: Mapping[str, Member] = field(default_factory=dict)
    devices: Mapping[str, Device] = field(default_factory=dict)
    state: State = field(default_factory=State)

    @cached_property
    def own_lists(self) -> HostIndex:
        """The school's own category lists, as an index."""
        from policy.match import HostIndex

        return HostIndex.of(self.policy.lists)

    @cached_property
    def periods(self) -> dict[str | None, tuple[datetime, Period]]:
        """A memo by group: when it was looked up and what held then; kept by `policy.asking`."""
        return {}

    @cached_property
    def clauses(self) -> Mapping[str, Clause]:
        """Clause id to clause."""
        return {clause.id: clause for clause in self.policy.protocol.clauses}

    @cached_property
    def floor_rules(self) -> tuple[Rule, ...]:
        """The rules of the gate `locked`."""
        return tuple(rule for rule in self.policy.rules if rule.gate is Gate.LOCKED)

    @cached_property
    def break_rules(self) -> tuple[Rule, ...]:
        """The rules of the gate `break`."""
        return tuple(rule for rule in self.policy.rules if rule.gate is Gate.BREAK)

    @cached_property
    def _rules_by_facet(self) -> Mapping[Facet, tuple[Rule, ...]]:
        return {facet: tuple(rule for rule in self.policy.rules if rule.facet is facet) for facet in Facet}

    def facet_rules(self, facet: Facet) -> tuple[Rule, ...]:
        """The rules of one facet, in the order of the policy."""
        return self._rules_by_facet[facet]

    @cached_property
    def rules(self) -> Mapping[str, Rule]:
        """Rule id to rule."""
        return {rule.id: rule for rule in self.policy.rules}
