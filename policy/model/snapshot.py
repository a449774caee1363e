"""Factory knowledge, and everything of a school at one revision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from policy.model.rules import Clause, Policy, Rule
from policy.model.school import Device, Group, Member, State
from policy.model.timetable import Period
from policy.model.vocabulary import Effect, Facet, Gate
from policy.roster import Roster

if TYPE_CHECKING:
    from policy.lookalike import Protected
    from policy.match import Categories, HostIndex
    from policy.namewords import NameWords
    from policy.pageshape import PageShape
    from policy.relays import Relays
    from policy.remembered import Answers
    from policy.search import Engines
    from policy.services import Services
    from policy.terms import Lexicon


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Factory data, compiled once at start by `config.load`: it changes with a release or a feed, not with a tap.

    `help_hosts`, `system_hosts` and `own_hosts` are exact names (help and own hosts with their sub-domains);
    `tunnels` maps a host that needs no look inside to the reason; `apps` maps a program name to a category;
    `learning` are the categories that stay open under a ban. `services` are the hosts that one site needs, `relays`
    how addresses stand inside others, `protected` the names that others pretend to be, `names` what names give away,
    `pageshape` what pages look like (None: no page is looked at). `unread` are hosts where nothing that is sent is
    read, `maps` hosts (or host/first segment of a path) where one asks the way; both with their sub-domains.
    """

    categories: Categories
    engines: Engines
    lexicon: Lexicon
    services: Services
    relays: Relays
    protected: Protected
    names: NameWords
    help_hosts: frozenset[str] = frozenset()
    system_hosts: frozenset[str] = frozenset()
    own_hosts: frozenset[str] = frozenset()
    tunnels: Mapping[str, str] = field(default_factory=dict)
    apps: Mapping[str, str] = field(default_factory=dict)
    learning: frozenset[str] = frozenset()
    pageshape: PageShape | None = None
    unread: frozenset[str] = frozenset()
    maps: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Snapshot:
    """All of it at one revision. Immutable; a new revision is a new snapshot, swapped by reference.

    `proposed` maps a host that looks like something the rules close to its kind, while it waits for the coordinator; it
    is filled only where the policy says `hold_unknown`. `inbox`: the management switched the counsellors' inbox on
    (`policy.counsel` says whether anybody hears). `accounts` maps an account of the school's computers (small
    letters) to the pupil whose it is, for print jobs. `roster` knows the pupils' names without having them; it is of
    one process and goes nowhere.

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
    proposed: Mapping[str, str] = field(default_factory=dict)
    inbox: bool = False
    accounts: Mapping[str, str] = field(default_factory=dict)
    roster: Roster = field(default_factory=Roster, compare=False, repr=False)

    @cached_property
    def own_lists(self) -> HostIndex:
        """The school's own category lists, as an index."""
        from policy.match import HostIndex

        return HostIndex.of(self.policy.lists)

    @cached_property
    def lexicon(self) -> Lexicon:
        """The factory's search words with the school's own, without those that it lets pass."""
        policy = self.policy
        if not policy.terms and not policy.passed_words:
            return self.knowledge.lexicon
        return self.knowledge.lexicon.with_own(policy.terms, policy.passed_words)

    @cached_property
    def periods(self) -> dict[str | None, tuple[datetime, Period]]:
        """A memo by group: when it was looked up and what held then; kept by `policy.asking`."""
        return {}

    @cached_property
    def answers(self) -> Answers:
        """Answers that were given before; kept by `policy.decide`."""
        from policy.remembered import Answers

        return Answers()

    @cached_property
    def singled_out(self) -> frozenset[str]:
        """The ids of persons and devices that anything in force names one by one."""
        from policy.remembered import singled_out

        return singled_out(self.state)

    @cached_property
    def asks_consent(self) -> bool:
        """Whether any rule asks for the parents' consent."""
        return any(rule.consent for rule in self.policy.rules)

    @cached_property
    def items_permitted(self) -> bool:
        """Whether any permission is for a single item of a service."""
        return any(grant.items and Facet.PLACE in grant.facets for grant in self.state.grants)

    @cached_property
    def tested(self) -> bool:
        """Whether any agreement, of now or planned, is a test."""
        return any(agreed.test for agreed in self.state.agreements)

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
        """The rules of the gate `break` that close it; a school's decision to allow breaks leaves nothing to say."""
        return tuple(r for r in self.policy.rules if r.gate is Gate.BREAK and r.effect is not Effect.ALLOW)

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
