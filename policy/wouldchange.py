"""What would change an answer: other questions, really asked of `decide`, and only those that turn out otherwise.

For what is closed: who could open it by what, and when it opens by itself. For what is open: when and why it closes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from policy.address import site_of
from policy.decide import decide
from policy.matter import Matter
from policy.model import (
    FOREVER,
    AccessRequest,
    Action,
    Agreement,
    Decision,
    DeviceClass,
    Effect,
    Facet,
    Grant,
    PeriodKind,
    Reason,
    Role,
    Snapshot,
    Span,
    Strength,
)
from policy.schedule import period_at

MOST = 12
"""Questions that are asked at most, the first one included."""
_MOMENTS = 5
_NOT_OF_A_PLACE = frozenset(
    {Reason.WORDS, Reason.TEXT, Reason.PERSONAL, Reason.PRINT, Reason.CONNECT, Reason.PHONE, Reason.PAUSE}
)


class Change(StrEnum):
    """One thing that could be otherwise."""

    TEACHER = "teacher"
    MANAGEMENT = "management"
    STANDING = "standing"
    VIEW = "view"
    CONSENT = "consent"
    THINK = "think"
    DEVICE = "device"
    AGREEMENT = "agreement"
    BAN = "ban"
    PAUSE = "pause"
    RAINY = "rainy"
    OPEN_SITE = "open-site"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Way:
    """A way to another answer: all of `changes` together give `effect`.

    `at` is when, for one that comes by itself (`period` is what begins then, `reason` why it is so from then on);
    `device` what it would be asked on; `site` what would be named or permitted.
    """

    changes: tuple[Change, ...]
    effect: Effect
    reason: Reason
    at: datetime | None = None
    period: PeriodKind | None = None
    device: DeviceClass | None = None
    site: str = ""


def ways(request: AccessRequest, snapshot: Snapshot, now: datetime) -> tuple[Way, ...]:
    """Every way that was found to open what is closed, the nearest first, or when and why what is open closes.

    Empty: nothing can, and nobody. Somebody who looks for help is told no ways: that always stays as it is.
    """
    tries = _Tries()
    first = tries.ask(request, snapshot, now)
    if first is None or first.effect is Effect.HELP:
        return ()
    if first.open:
        return tuple(_closing(tries, request, snapshot, now, first))
    about = site_of(first.host) if first.host and first.reason not in _NOT_OF_A_PLACE else ""
    return _least(tuple(_opening(tries, _Case(request, snapshot, now, about=about), first)))


def _least(found: tuple[Way, ...]) -> tuple[Way, ...]:
    """Without the ways that ask for more than another one does; that looking alone is enough stays worth telling."""
    asked = [frozenset(way.changes) - {Change.VIEW} for way in found]
    return tuple(way for way, mine in zip(found, asked, strict=True) if not any(one < mine for one in asked))


class _Tries:
    """Asks, so many times and no more."""

    def __init__(self) -> None:
        self._left = MOST

    def ask(self, request: AccessRequest, snapshot: Snapshot, now: datetime) -> Decision | None:
        if self._left <= 0:
            return None
        self._left -= 1
        return decide(request, snapshot, now)

    def case(self, case: _Case) -> Decision | None:
        return self.ask(case.request, case.snapshot, case.now)


@dataclass(frozen=True)
class _Case:
    """A question with what was changed to come to it; `about` is the site of the first answer, if any."""

    request: AccessRequest
    snapshot: Snapshot
    now: datetime
    changes: tuple[Change, ...] = ()
    device: DeviceClass | None = None
    site: str = ""
    about: str = ""

    def with_state(self, change: Change, **state: object) -> _Case:
        changed = replace(self.snapshot.state, **state)  # type: ignore[arg-type] # callers name fields of `State`
        return replace(self, snapshot=replace(self.snapshot, state=changed), changes=(*self.changes, change))

    def way(self, answer: Decision) -> Way:
        return Way(self.changes, answer.effect, answer.reason, device=self.device, site=self.site)


# --- what is open --------------------------------------------------------------------------------------------------


def _closing(
    tries: _Tries, request: AccessRequest, snapshot: Snapshot, now: datetime, first: Decision
) -> Iterator[Way]:
    """The first moment at which it is closed, of the next few at which anything changes."""
    answer: Decision | None = first
    while answer is not None and answer.open and answer.valid_until is not None:
        at = answer.valid_until
        answer = tries.ask(request, snapshot, at)
        if answer is not None and not answer.open:
            yield Way((Change.TIME,), answer.effect, answer.reason, at, _period(request, snapshot, at))


# --- what is closed ------------------------------------------------------------------------------------------------


def _opening(tries: _Tries, case: _Case, first: Decision) -> Iterator[Way]:
    if first.reason in (Reason.UNREADABLE, Reason.FAILED, Reason.LOCKED):
        # The floor is everybody's, and what cannot be read is not made readable by a permission.
        yield from _other_device(tries, case)
        return
    if first.effect is Effect.HOLD and not case.request.released:
        thought = replace(case, request=replace(case.request, released=True), changes=(Change.THINK,))
        yield from _if_open(tries, thought)
    yield from _by_itself(tries, case, first)
    gate = _gate_away(case, first)
    if gate is not None:
        answer = tries.case(gate)
        if answer is None:
            return
        if answer.open:
            yield gate.way(answer)
        elif answer.effect is not Effect.HELP:
            yield from _permitted(tries, gate)
        if first.reason not in (Reason.AGREEMENT, Reason.TEST):
            yield from _other_device(tries, case)
            return
    if first.reason is Reason.CONSENT:
        yield from _if_open(tries, _consented(case))
    else:
        yield from _permitted(tries, case)
    yield from _listed(tries, case, first)
    yield from _other_device(tries, case)


def _if_open(tries: _Tries, case: _Case) -> Iterator[Way]:
    answer = tries.case(case)
    if answer is not None and answer.open:
        yield case.way(answer)


def _gate_away(case: _Case, first: Decision) -> _Case | None:
    """The case without what its gate spoke for: the ban, the pause, the closed break or the agreement."""
    state, who = case.snapshot.state, case.request.who
    match first.reason:
        case Reason.SANCTION:
            return case.with_state(Change.BAN, sanctions=tuple(s for s in state.sanctions if s.person != who.person))
        case Reason.PAUSE:
            return case.with_state(Change.PAUSE, pauses=_others(state.pauses, who.groups))
        case Reason.AGREEMENT | Reason.TEST:
            kept = tuple(one for one in state.agreements if not _binds(one, who.person, who.groups))
            return case.with_state(Change.AGREEMENT, agreements=kept)
        case Reason.BREAK:
            rain = tuple(Span(group, case.now, FOREVER) for group in who.groups)
            return case.with_state(Change.RAINY, rainy=(*state.rainy, *rain)) if rain else None
        case _:
            return None


def _others(spans: tuple[Span, ...], groups: tuple[str, ...]) -> tuple[Span, ...]:
    return tuple(span for span in spans if span.group not in groups)


def _binds(agreement: Agreement, person: str | None, groups: tuple[str, ...]) -> bool:
    return person in agreement.people or not agreement.groups.isdisjoint(groups)


def _permitted(tries: _Tries, case: _Case) -> Iterator[Way]:
    """A permission by who may give it, the least that is enough; for staff that is the management's alone."""
    pupil = case.request.who.role is Role.PUPIL
    if pupil and case.request.who.strength < Strength.GROUP:
        return  # a permission is for a group, and of somebody unknown there is none
    givers = ((Role.TEACHER, Change.TEACHER), (Role.MANAGEMENT, Change.MANAGEMENT))
    for giver, change in givers if pupil else ((Role.MANAGEMENT, Change.STANDING),):
        given = _given(case, giver, change)
        answer = tries.case(given)
        if answer is not None and answer.reason is Reason.CONSENT:
            given = _consented(given)
            answer = tries.case(given)
        if answer is None or not answer.open:
            continue
        yield given.way(answer)
        if case.request.action in (Action.VISIT, Action.SEARCH) and case.request.hosts:
            looking = _given(case, giver, change, view=True)
            if Change.CONSENT in given.changes:
                looking = _consented(looking)
            yield from _if_open(tries, looking)
        return


def _given(case: _Case, giver: Role, change: Change, *, view: bool = False) -> _Case:
    """With a permission for this place (or program) and for what is done or said there; `view` is the place alone."""
    request, who = case.request, case.request.who
    sites = _sites(case)
    pupil = who.role is Role.PUPIL
    base = Grant(
        "would-be",
        case.now,
        FOREVER,
        giver,
        groups=frozenset(who.groups) if pupil else frozenset(),
        roles=frozenset() if pupil else frozenset({who.role}),
        facets=frozenset({Facet.WORDS, Facet.PERSONAL, Facet.PRINT, Facet.CONNECT}),
    )
    here = frozenset({Facet.PLACE}) if view else frozenset({Facet.PLACE, Facet.ACTION, Facet.APP})
    grants = [replace(base, id="would-be-here", sites=sites, facets=here)] if sites else []
    if not view:
        grants.append(base)
    site = request.app or (sites[0] if sites and case.about else "")
    permitted = case.with_state(change, grants=(*case.snapshot.state.grants, *grants))
    permitted = replace(permitted, site=site)
    return replace(permitted, changes=(*permitted.changes, Change.VIEW)) if view else permitted


def _sites(case: _Case) -> tuple[str, ...]:
    """The sites that are asked for; those inside the address where the answer was about one; or the program's name."""
    if case.request.app:
        return (case.request.app,)
    inner = tuple(dict.fromkeys(map(site_of, Matter(case.request, case.snapshot).inner)))
    return inner if case.about in inner else tuple(dict.fromkeys(map(site_of, case.request.hosts)))


def _consented(case: _Case) -> _Case:
    who, state = case.request.who, case.snapshot.state
    consents = {**state.consents, who.person: True} if who.person else state.consents
    return case.with_state(
        Change.CONSENT, consents=consents, consented_groups=state.consented_groups | frozenset(who.groups)
    )


def _listed(tries: _Tries, case: _Case, first: Decision) -> Iterator[Way]:
    """The site among the school's open sites: the coordinator's to do, for everybody and for good."""
    if first.reason not in (Reason.PLACE, Reason.CONSENT) or not case.request.hosts:
        return
    policy, sites = case.snapshot.policy, _sites(case)
    opened = replace(case.snapshot, policy=replace(policy, open_sites=(*policy.open_sites, *sites)))
    yield from _if_open(tries, replace(case, snapshot=opened, changes=(Change.OPEN_SITE,), site=sites[0]))


def _other_device(tries: _Tries, case: _Case) -> Iterator[Way]:
    """Another kind of device than this one."""
    who = case.request.who
    other = DeviceClass.PUPIL if who.role is Role.PUPIL else DeviceClass.STAFF
    if who.device_class is other:
        return
    moved = replace(case.request, who=replace(who, device_class=other))
    yield from _if_open(tries, replace(case, request=moved, changes=(Change.DEVICE,), device=other))


def _by_itself(tries: _Tries, case: _Case, first: Decision) -> Iterator[Way]:
    """The first moment at which it opens, of the next few at which something changes."""
    answer: Decision | None = first
    for _ in range(_MOMENTS):
        if answer is None or answer.valid_until is None:
            return
        at = answer.valid_until
        answer = tries.ask(case.request, case.snapshot, at)
        if answer is not None and answer.open:
            yield Way((Change.TIME,), answer.effect, answer.reason, at, _period(case.request, case.snapshot, at))
            return


def _period(request: AccessRequest, snapshot: Snapshot, at: datetime) -> PeriodKind:
    who = request.who
    group = who.groups[0] if who.groups and who.role is Role.PUPIL else None
    return period_at(snapshot.policy.schedule, group, at).kind
