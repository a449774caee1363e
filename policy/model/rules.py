"""A school's policy: its protocol, the rules drawn from it and from its own decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from policy.model.timetable import Schedule
from policy.model.vocabulary import (
    Action,
    BasisKind,
    Bound,
    ClauseKind,
    DeviceClass,
    Effect,
    Facet,
    Gate,
    HoldsIn,
    LiftableBy,
    Means,
    Role,
)
from policy.model.words import Term


@dataclass(frozen=True, slots=True)
class Clause:
    """One article of a protocol, in our own words for an adult and for a child.

    `kind` says what Klaswacht does with it, `means` by what it supports it, `why` (Dutch) why no machine should; on a
    clause that is kept or supported, `why` says what is left to people.
    """

    id: str
    article: str
    binds: frozenset[Bound]
    adult: str
    child: str
    kind: ClauseKind = ClauseKind.HUMAN
    means: tuple[Means, ...] = ()
    why: str = ""


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
    uploads, media; empty means any); a words rule names kinds, and is about searches unless it names actions: then it
    is about what is written there; a personal rule may name `types` of `policy.personal` (empty means any); an app rule
    names app categories or program names; a connect rule is about every request of these classes of `devices`.
    `consent` asks for the parents' consent before a grant lifts the rule for a pupil. `second_thought` lets the child
    itself release what a `hold` stopped, once, after thinking; of a place it is a reminder to read first, and speaks
    only to who opens a page there on a staff device (`DeviceClass.STAFF`).
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
    types: frozenset[str] = frozenset()
    second_thought: bool = False
    devices: frozenset[DeviceClass] = frozenset()


@dataclass(frozen=True, slots=True)
class Policy:
    """A school's rules: its protocol, the rules drawn from it and from its own decisions, schedule, own lists.

    `lists` maps a category to hosts the school adds to it; `open_sites` are hosts the school takes out of every
    category but the safety floor's. `terms` are the school's own search words, `passed_words` words and phrases that
    it takes out of the lexicon. `domains` are the school's own names for mail and accounts, `public` what everybody may
    know of the school itself (telephone numbers, mail addresses, its street and number). With `hold_unknown` a site
    that looks like something the rules close waits for the coordinator. With `interns_permit` an intern may give
    permissions to the groups it is in, as a teacher does. `print_pages` is the most pages of one print job that goes
    without a yes to that very job (0: any number; None: as the print server was set up).
    """

    protocol: Protocol
    rules: tuple[Rule, ...]
    schedule: Schedule
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    open_sites: tuple[str, ...] = ()
    terms: tuple[Term, ...] = ()
    passed_words: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    hold_unknown: bool = False
    interns_permit: bool = False
    print_pages: int | None = None
