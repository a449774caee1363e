"""What may be permitted besides places, by the rules and by whoever looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from dashboard.actions.permission import PICTURES, for_pupils, liftable, liftable_categories
from policy.authority import lifts, school_ends
from policy.kinds import of_host
from policy.model import Action, BasisKind, Clause, DeviceClass, Facet, Member, Role, Snapshot

# These say that something is looked up or greeted, not what a lesson is about.
_NO_SUBJECT = frozenset({"learning", "greeting"})


@dataclass(frozen=True, slots=True)
class Offers:
    """What may be permitted besides places, by the rules and by whoever looks.

    `services` (name and site) are closed by a rule that may be lifted; `pictures`: whether sending them is, too.
    `topics` maps the id of a topic to its names by language. `school_ends` is the latest end for a phone (UTC).
    `looser` is the clause that keeps computers shut in breaks: a rainy break is looser than it; `school` wrote it.
    """

    services: tuple[tuple[str, str], ...]
    pictures: bool
    prints: bool
    phones: bool
    topics: Mapping[str, Mapping[str, str]]
    school_ends: datetime | None
    looser: Clause | None
    school: str


def offers_of(snapshot: Snapshot, who: Member, group: str, now: datetime) -> Offers:
    """What `who` may permit a group now."""
    phones = liftable(snapshot, who, group, Facet.CONNECT)
    return Offers(
        services=_services(snapshot, who, group),
        pictures=_pictures(snapshot, who, group),
        prints=bool(liftable(snapshot, who, group, Facet.PRINT)),
        phones=any(DeviceClass.PHONE in rule.devices for rule in phones),
        topics=topics_of(snapshot) if liftable(snapshot, who, group, Facet.WORDS) else {},
        school_ends=school_ends(snapshot, group, now),
        looser=_looser(snapshot, group),
        school=snapshot.policy.protocol.school,
    )


def _services(snapshot: Snapshot, who: Member, group: str) -> tuple[tuple[str, str], ...]:
    """Services of kinds that are closed and may be opened, by name. Whose rule is another one is typed as a site."""
    open_to = frozenset(liftable_categories(snapshot, who, group))
    found = [
        (service.name, service.sites[0])
        for service in snapshot.knowledge.services.services
        if (about := of_host(service.sites[0], snapshot)) and about <= open_to
    ]
    return tuple(sorted(found, key=lambda one: one[0].casefold()))


def _pictures(snapshot: Snapshot, who: Member, group: str) -> bool:
    """Whether some rule keeps pictures from being sent, and none that holds everywhere is beyond who looks."""
    rules = [
        rule
        for rule in for_pupils(snapshot, Facet.ACTION, group)
        if Action.UPLOAD in rule.actions and (not rule.media or not rule.media.isdisjoint(PICTURES))
    ]
    interns = snapshot.policy.interns_permit
    beyond = [rule for rule in rules if not lifts(who.role, rule.liftable_by, interns=interns)]
    return len(beyond) < len(rules) and all(rule.categories or rule.sites for rule in beyond)


def topics_of(snapshot: Snapshot) -> Mapping[str, Mapping[str, str]]:
    """The topics that some search word is about, in the order of their list."""
    lexicon = snapshot.knowledge.lexicon
    used = frozenset().union(*(term.topics for term in lexicon.terms)) - _NO_SUBJECT
    return {topic.id: topic.names for topic in lexicon.topics if topic.id in used}


def _looser(snapshot: Snapshot, group: str) -> Clause | None:
    for rule in snapshot.break_rules:
        about = Role.PUPIL in rule.roles and (not rule.groups or group in rule.groups)
        if about and rule.basis.kind is BasisKind.CLAUSE and rule.basis.clause:
            return snapshot.clauses.get(rule.basis.clause)
    return None
