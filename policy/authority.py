"""Who may permit what to whom. "No" is a value with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from policy.address import canonical_host, is_ip, name_without_suffix
from policy.asking import Asking, lift_rank
from policy.match import covered
from policy.model import (
    FOREVER,
    AccessRequest,
    Action,
    Effect,
    Facet,
    Gate,
    Grant,
    LiftableBy,
    Member,
    PeriodKind,
    Principal,
    Role,
    Rule,
    Snapshot,
    Strength,
)
from policy.printer import is_job
from policy.schedule import period_at, zone_of

_REACH = {
    Role.TEACHER: LiftableBy.TEACHER,
    Role.INTERN: LiftableBy.TEACHER,
    Role.COORDINATOR: LiftableBy.TEACHER,
    Role.MANAGEMENT: LiftableBy.MANAGEMENT,
}
_LONGEST_ITEM = 300
SENDABLE = frozenset({"picture", "sound", "video"})
"""The kinds of files that a permission to send may name."""
_EVERY_GROUP = frozenset({Role.COORDINATOR, Role.MANAGEMENT})
_OWN_GROUPS = frozenset({Role.TEACHER, Role.INTERN})


class Refusal(StrEnum):
    """Why a permission cannot be given."""

    ROLE = "role"
    GROUP = "group"
    NOBODY = "nobody"
    NOTHING = "nothing"
    OUTSIDE = "outside"
    BREAK = "break"
    LOCKED = "locked"
    NOT_LIFTABLE = "not_liftable"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a permission may be given. `grant` is the wish cut to the period; `left_out` lack consent.

    `rule` is the rule that stands in the way of a refused wish.
    """

    allowed: bool
    reason: Refusal | None = None
    grant: Grant | None = None
    rule: Rule | None = None
    left_out: frozenset[str] = frozenset()


def lifts(role: Role, liftable: LiftableBy, *, interns: bool = False) -> bool:
    """Whether a permission of this role lifts a rule that is liftable by `liftable`. `interns`: theirs counts here."""
    reach = _REACH.get(role)
    if role is Role.INTERN and not interns:
        return False
    return reach is not None and liftable is not LiftableBy.NOBODY and lift_rank(liftable) <= lift_rank(reach)


def may_act_for(member: Member, group: str, *, interns: bool = False) -> bool:
    """Whether a staff member may act for a group at all; an intern only where the school chose so (`interns`)."""
    if member.role is Role.INTERN and not interns:
        return False
    return member.role in _EVERY_GROUP or (member.role in _OWN_GROUPS and group in member.groups)


def may_permit(giver: Member, snapshot: Snapshot) -> bool:
    """Whether somebody may give permissions at all: an intern only where the school chose so."""
    return giver.role in _REACH and (giver.role is not Role.INTERN or snapshot.policy.interns_permit)


def may_grant(giver: Member, wish: Grant, snapshot: Snapshot, now: datetime) -> Verdict:
    """Whether `giver` may give `wish` now; the grant comes back cut to the end of the period it is given for.

    A device by itself (a phone for special circumstances) is no part of a lesson: it is cut to the end of the school
    day. The start is `now` at the earliest; giver and role of the wish are replaced by the real ones. Whole roles are
    for a standing permission alone (`may_stand`).
    """
    if not may_permit(giver, snapshot):
        return Verdict(False, Refusal.ROLE)
    groups = _groups_of(wish, snapshot)
    if not groups or wish.roles:
        return Verdict(False, Refusal.NOBODY)
    interns = snapshot.policy.interns_permit
    if not all(may_act_for(giver, group, interns=interns) for group in groups):
        return Verdict(False, Refusal.GROUP)
    somewhere = wish.sites or wish.categories or wish.items
    sends = wish.facets == {Facet.ACTION} and bool(wish.kinds)  # wherever it is open already
    needs_a_place = wish.facets <= {Facet.PLACE, Facet.ACTION, Facet.APP} and not sends
    if (needs_a_place and not somewhere) or not _all_known(wish, snapshot):
        return Verdict(False, Refusal.NOTHING)
    end = wish.end
    left_out: set[str] = set()
    for group in sorted(groups):
        asking = _as_pupil(group, snapshot, now)
        refused = _period_refuses(asking)
        if refused is not None:
            return refused
        end = min(end, _last(asking, wish, group))
        for rule in rules_in_the_way(asking, wish):
            if rule.gate is Gate.LOCKED:
                return Verdict(False, Refusal.LOCKED, rule=rule)
            if not lifts(giver.role, rule.liftable_by, interns=interns):
                return Verdict(False, Refusal.NOT_LIFTABLE, rule=rule)
            if rule.consent:
                left_out |= _without_consent(group, wish, snapshot)
    start = max(wish.start, now)
    if end <= start:
        return Verdict(False, Refusal.ENDED)
    return Verdict(
        True, grant=replace(wish, start=start, end=end, role=giver.role, by=giver.id), left_out=frozenset(left_out)
    )


def may_stand(giver: Member, wish: Grant, snapshot: Snapshot, now: datetime) -> Verdict:
    """Whether the management may give `wish` as a standing permission to staff: whole roles or named people.

    It is not cut to a period: staff prepare and look at sites outside their lessons too.
    """
    if giver.role is not Role.MANAGEMENT:
        return Verdict(False, Refusal.ROLE)
    members = [snapshot.people.get(person) for person in wish.people]
    adults = all(member is not None and member.role is not Role.PUPIL for member in members)
    if wish.groups or Role.PUPIL in wish.roles or not adults or not (wish.roles or members):
        return Verdict(False, Refusal.NOBODY)
    if not (wish.sites or wish.categories) or not _all_known(wish, snapshot):
        return Verdict(False, Refusal.NOTHING)
    roles = wish.roles.union(member.role for member in members if member is not None)
    for role in sorted(roles):
        asking = Asking(AccessRequest(Action.VISIT, Principal(role)), snapshot, now)
        for rule in rules_in_the_way(asking, wish):
            if rule.gate is Gate.LOCKED:
                return Verdict(False, Refusal.LOCKED, rule=rule)
            if rule.liftable_by is LiftableBy.NOBODY:
                return Verdict(False, Refusal.NOT_LIFTABLE, rule=rule)
    start = max(wish.start, now)
    if wish.end <= start:
        return Verdict(False, Refusal.ENDED)
    return Verdict(True, grant=replace(wish, start=start, role=giver.role, by=giver.id))


def _all_known(wish: Grant, snapshot: Snapshot) -> bool:
    """Whether everything the wish names exists: registered sites, categories of a rule, items of a service, topics."""
    if Facet.ACTION in wish.facets and not wish.kinds <= SENDABLE:
        return False
    spoken = {category for rule in snapshot.policy.rules for category in rule.categories | rule.apps}
    return (
        all(canonical_host(site) == site and (is_ip(site) or name_without_suffix(site)) for site in wish.sites)
        and wish.categories <= spoken
        and all(any(topic in term.topics for term in snapshot.knowledge.lexicon.terms) for topic in wish.topics)
        and all(len(item) <= _LONGEST_ITEM and _is_item(item, wish, snapshot) for item in wish.items)
    )


def _is_item(item: str, wish: Grant, snapshot: Snapshot) -> bool:
    """Whether this is a single item of what the wish is about: a print job of printing, else one of a service."""
    if wish.facets == {Facet.PRINT}:
        return is_job(item)
    return snapshot.knowledge.services.of_item(item) is not None


def rules_in_the_way(asking: Asking, wish: Grant) -> Iterator[Rule]:
    """The rules that would still say no to what the wish names: the floor first, then the rules of its facets.

    A full permission on a place (facet action) is not refused for an action that nobody may lift: it opens the place
    and leaves that action closed. It is refused where the place itself stays shut. One that names kinds of files is for
    sending them, and refused where that stays closed.
    """
    services = asking.snapshot.knowledge.services
    items = [found[0].sites[0] for item in wish.items if (found := services.of_item(item)) is not None]
    targets = [(asking.categories(site), site) for site in (*wish.sites, *items)]
    targets += [(frozenset({category}), "") for category in wish.categories]
    for categories, site in targets:
        for rule in asking.snapshot.floor_rules:
            if asking.holds(rule) and (
                (rule.categories | rule.apps) & categories or (site and covered(site, asking.meant(rule)))
            ):
                yield rule
    facet_rules = asking.snapshot.facet_rules
    if Facet.PLACE in wish.facets:
        for categories, site in targets:
            for rule in facet_rules(Facet.PLACE):
                if (
                    rule.effect is not Effect.ALLOW
                    and not rule.second_thought  # a reminder is in nobody's way
                    and asking.holds(rule)
                    and (rule.categories & categories or (site and covered(site, asking.meant(rule))))
                ):
                    yield rule
    if Facet.ACTION in wish.facets and wish.kinds:
        for rule in sending_rules(asking, wish.kinds):
            anywhere = not rule.categories and not rule.sites
            if anywhere or any(
                rule.categories & categories or (site and covered(site, asking.meant(rule)))
                for categories, site in targets
            ):
                yield rule
    for facet in (Facet.PRINT, Facet.WORDS, Facet.PERSONAL, Facet.CONNECT):
        if facet in wish.facets:
            yield from (rule for rule in facet_rules(facet) if asking.holds(rule))


def sending_rules(asking: Asking, media: frozenset[str]) -> Iterator[Rule]:
    """The rules by which files of these kinds (`SENDABLE`) may not be sent, wherever that is."""
    for rule in asking.snapshot.facet_rules(Facet.ACTION):
        about = Action.UPLOAD in rule.actions and (not rule.media or rule.media & media)
        if about and rule.effect is not Effect.ALLOW and asking.holds(rule):
            yield rule


def _groups_of(wish: Grant, snapshot: Snapshot) -> frozenset[str]:
    """Every group the wish touches: whole ones, and the home groups of named pupils."""
    home: set[str] = set()
    for person in wish.people:
        member = snapshot.people.get(person)
        if member is None or member.role is not Role.PUPIL or not member.groups:
            return frozenset()
        home.add(member.groups[0])
    return wish.groups | home


def _as_pupil(group: str, snapshot: Snapshot, now: datetime) -> Asking:
    """The question a pupil of this group would ask, to see which rules speak for the group now."""
    who = Principal(Role.PUPIL, groups=(group,), strength=Strength.GROUP)
    return Asking(AccessRequest(Action.VISIT, who), snapshot, now)


def _period_refuses(asking: Asking) -> Verdict | None:
    if asking.period.kind is PeriodKind.OUTSIDE:
        return Verdict(False, Refusal.OUTSIDE)
    if asking.period.kind is PeriodKind.BREAK:
        for rule in asking.snapshot.break_rules:
            if asking.holds(rule):
                return Verdict(False, Refusal.BREAK, rule=rule)
    return None


def _last(asking: Asking, wish: Grant, group: str) -> datetime:
    """The latest end that a wish may have."""
    end = asking.period.end
    if wish.facets == {Facet.CONNECT}:
        end = school_ends(asking.snapshot, group, asking.now)
    return FOREVER if end is None else end


def school_ends(snapshot: Snapshot, group: str, now: datetime) -> datetime | None:
    """When school is out for a group: where its lessons and breaks stop, at midnight at the latest (UTC).

    None: there is no school now.
    """
    schedule = snapshot.policy.schedule
    zone = zone_of(schedule.zone)
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    midnight = datetime.combine(tomorrow, time(), zone).astimezone(UTC)
    period, end = period_at(schedule, group, now), now
    while period.kind is not PeriodKind.OUTSIDE:
        if period.end is None or period.end >= midnight:
            return midnight
        end = period.end
        period = period_at(schedule, group, end)
    return end if end > now else None


def _without_consent(group: str, wish: Grant, snapshot: Snapshot) -> set[str]:
    """The pupils the wish names, of this group, whose parents have not agreed."""
    consents, whole = snapshot.state.consents, snapshot.state.consented_groups
    return {
        person.id
        for person in snapshot.people.values()
        if person.role is Role.PUPIL
        and group in person.groups
        and (group in wish.groups or person.id in wish.people)
        and person.id not in wish.without
        and not consents.get(person.id, bool(person.groups) and person.groups[0] in whole)
    }
