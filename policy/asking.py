"""One question being answered: what was asked, what holds now, and every moment at which the answer may change."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property

from policy.agreed import in_its_lesson
from policy.matter import Matter
from policy.model import (
    ALWAYS,
    FOREVER,
    AccessRequest,
    Agreement,
    BasisKind,
    Decision,
    Effect,
    Grant,
    HoldsIn,
    LiftableBy,
    Period,
    PeriodKind,
    Reason,
    Role,
    Rule,
    Snapshot,
    Span,
    Step,
    Strength,
)
from policy.schedule import period_at


class Asking(Matter):
    """The question with its trace. Lives for one decision; nothing of it is shared."""

    def __init__(self, request: AccessRequest, snapshot: Snapshot, now: datetime) -> None:
        super().__init__(request, snapshot)
        self.who = request.who
        self.now = now
        self.trace: list[Step] = []
        self._edges: list[datetime] = []

    # --- time ------------------------------------------------------------------------------------------------------

    def live(self, start: datetime, end: datetime) -> bool:
        """Whether a stretch holds now; the moment it starts or ends is remembered as a change to come."""
        if self.now < start:
            if start < end:
                self._edges.append(start)
            return False
        if self.now < end:
            if end != FOREVER:
                self._edges.append(end)
            return True
        return False

    @property
    def valid_until(self) -> datetime | None:
        """The first moment at which anything that was looked at changes."""
        return min(self._edges, default=None)

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """The asker's groups that still exist, home group first."""
        known = self.snapshot.groups
        kept = []
        for group in self.who.groups:
            until = known[group].until if group in known else None
            if until is None or self.live(ALWAYS, until):
                kept.append(group)
        return tuple(kept)

    @cached_property
    def period(self) -> Period:
        """The period of the home group; on a rainy day a break is a lesson, until the rain or the break ends.

        Staff are at work for the school's day, whichever group they happen to teach.
        """
        pupil = self.who.role is Role.PUPIL
        period = self._clock(self.groups[0] if self.groups and pupil else None)
        if period.end is not None:
            self._edges.append(period.end)
        if period.kind is PeriodKind.BREAK and self._spans(self.snapshot.state.rainy):
            return Period(PeriodKind.LESSON, period.start, period.end, period.name)
        return period

    def _clock(self, group: str | None) -> Period:
        """`period_at`, remembered by the snapshot for as long as it holds."""
        seen = self.snapshot.periods.get(group)
        if seen is not None:
            since, period = seen
            if period.end is not None and since <= self.now < period.end:
                return period
        period = period_at(self.snapshot.policy.schedule, group, self.now)
        self.snapshot.periods[group] = (self.now, period)
        return period

    def _spans(self, spans: Iterable[Span]) -> bool:
        return any(self.live(span.start, span.end) for span in spans if span.group in self.groups)

    # --- who -------------------------------------------------------------------------------------------------------

    @property
    def named(self) -> str | None:
        """The person, when somebody at least said who it is."""
        return self.who.person if self.who.strength >= Strength.CLAIMED else None

    @property
    def paused(self) -> bool:
        """Whether the teacher has the group's eyes now."""
        return self._spans(self.snapshot.state.pauses)

    def agreements(self) -> tuple[Agreement, ...]:
        """The agreements that bind this asker now."""
        home = self.groups[0] if self.groups else None
        return tuple(
            agreement
            for agreement in self.snapshot.state.agreements
            if (self.named in agreement.people or not agreement.groups.isdisjoint(self.groups))
            and self.live(agreement.start, agreement.end)
            and in_its_lesson(agreement, self.period, self.snapshot.policy.schedule, home)
        )

    def given_to_me(self, grant: Grant) -> bool:
        """Whether a grant names this asker. Somebody unknown is left out where anybody is: doubt is a deny."""
        if self.named is not None:
            if self.named in grant.without:
                return False
            if self.named in grant.people:
                return True
        elif grant.without:
            return False
        if self.who.role in grant.roles:
            return True
        return self.who.strength >= Strength.GROUP and not grant.groups.isdisjoint(self.groups)

    def consented(self) -> bool:
        """Whether this pupil's parents agreed, or all parents of the group; unknown is no. Staff need no parents."""
        if self.who.role is not Role.PUPIL:
            return True
        state = self.snapshot.state
        if self.named is not None and self.named in state.consents:
            return state.consents[self.named]
        return self.who.strength >= Strength.GROUP and any(group in state.consented_groups for group in self.groups[:1])

    # --- rules -----------------------------------------------------------------------------------------------------

    def concerns(self, rule: Rule) -> bool:
        """Whether a rule is about this role and group. Of an asker without a group it is whenever it is strict."""
        if self.who.role not in rule.roles:
            return False
        if not rule.groups:
            return True
        if not self.groups:
            return rule.effect is not Effect.ALLOW
        return not rule.groups.isdisjoint(self.groups)

    def holds(self, rule: Rule) -> bool:
        """Whether a rule speaks for this role, group and moment."""
        if not self.concerns(rule):
            return False
        if rule.holds_in is HoldsIn.AT_SCHOOL:
            return True
        kind = self.period.kind
        if rule.holds_in is HoldsIn.SCHOOL_HOURS:
            return kind is not PeriodKind.OUTSIDE
        return kind.value == rule.holds_in.value

    # --- answers ---------------------------------------------------------------------------------------------------

    def note(self, at: str, said: str, rule: str | None = None, detail: str = "") -> None:
        """One line for the trace."""
        self.trace.append(Step(at, said, rule, detail))

    def answer(  # one word for everything a decision can carry
        self,
        effect: Effect,
        reason: Reason,
        rules: tuple[Rule, ...] = (),
        *,
        category: str | None = None,
        types: tuple[str, ...] = (),
        grants: tuple[str, ...] = (),
        liftable_by: LiftableBy | None = None,
        host: str | None = None,
    ) -> Decision:
        """The decision, with its grounds taken from the rules (the first one leads)."""
        first = rules[0] if rules else None
        clauses = dict.fromkeys(r.basis.clause for r in rules if r.basis.clause)
        basis: BasisKind | None = first.basis.kind if first else None
        return Decision(
            effect=effect,
            reason=reason,
            category=category,
            types=types,
            rules=tuple(dict.fromkeys(rule.id for rule in rules)),
            clauses=tuple(clauses),
            basis=basis,
            liftable_by=liftable_by or (hardest(rules) if rules else None),
            valid_until=self.valid_until,
            grants=grants,
            host=host or (self.request.hosts[0] if self.request.hosts else None),
            trace=tuple(self.trace),
        )


_LIFT_RANK = {LiftableBy.TEACHER: 0, LiftableBy.MANAGEMENT: 1, LiftableBy.NOBODY: 2}


def hardest(rules: Iterable[Rule]) -> LiftableBy:
    """Who can lift all of the rules: the least liftable one counts."""
    return max((rule.liftable_by for rule in rules), key=_LIFT_RANK.__getitem__)


def lift_rank(liftable: LiftableBy) -> int:
    """0 a teacher, 1 the management, 2 nobody."""
    return _LIFT_RANK[liftable]
