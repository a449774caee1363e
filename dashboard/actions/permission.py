"""Giving, lengthening and stopping a permission. `policy.authority` says yes or no; here the wish is put together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dashboard.actions.consent import Missing, missing
from dashboard.actions.desk import Desk, Outcome, done, refused
from policy.address import canonical, canonical_host, is_ip, name_without_suffix
from policy.asking import Asking
from policy.authority import Refusal, Verdict, lifts, may_grant
from policy.kinds import DERIVED
from policy.model import (
    AccessRequest,
    Action,
    Effect,
    Facet,
    Grant,
    Member,
    Period,
    PeriodKind,
    Principal,
    Role,
    Rule,
    Snapshot,
    Strength,
)

MINUTES = (10, 30, 60)
LONGEST_GOAL = 120
# Joining in means the program too: who may chat for a lesson may do it in the chat program on the laptop.
_FULL = frozenset({Facet.PLACE, Facet.ACTION, Facet.APP})
_VIEW = frozenset({Facet.PLACE})
# Facets that are lifted by themselves: of these the last two are about no place at all.
_ALONE = frozenset({Facet.WORDS, Facet.PERSONAL, Facet.PRINT, Facet.CONNECT})
_NOWHERE = frozenset({Facet.PRINT, Facet.CONNECT})
TELL_FIRST = "dash.no.consent"
_CODES = {
    Refusal.ROLE: "role",
    Refusal.GROUP: "not_yours",
    Refusal.NOBODY: "who",
    Refusal.NOTHING: "what",
    Refusal.OUTSIDE: "no_lesson",
    Refusal.BREAK: "break",
    Refusal.LOCKED: "locked",
    Refusal.NOT_LIFTABLE: "not_liftable",
    Refusal.ENDED: "no_lesson",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to permit. `minutes` None: to the end of the lesson. No `people`: the whole group.

    `facet` is words, personal data, printing or the device itself where only that is meant, and only these `kinds` or
    `topics` of it; else the place with all that is done there. `until` (UTC) is a moment of its own for a device.
    `confirmed`: whoever gives it knows whom the parents' consent leaves out.
    """

    group: str
    site: str = ""
    category: str = ""
    people: frozenset[str] = frozenset()
    whole_group: bool = True
    minutes: int | None = None
    view_only: bool = False
    goal: str = ""
    facet: Facet = Facet.PLACE
    kinds: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    until: datetime | None = None
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would be given, and what the parents' consent keeps closed of it."""

    grant: Grant
    missing: Missing | None


def period_of(snapshot: Snapshot, group: str, now: datetime) -> Period:
    """The period that holds for a group now, a rainy day counted in."""
    who = Principal(Role.PUPIL, groups=(group,), strength=Strength.GROUP)
    return Asking(AccessRequest(Action.VISIT, who), snapshot, now).period


def rests(snapshot: Snapshot, group: str, now: datetime) -> bool:
    """Whether it is a break in which this school's rules let nobody use the computer: nothing is permitted then."""
    who = Principal(Role.PUPIL, groups=(group,), strength=Strength.GROUP)
    asking = Asking(AccessRequest(Action.VISIT, who), snapshot, now)
    return asking.period.kind is PeriodKind.BREAK and any(asking.holds(rule) for rule in snapshot.break_rules)


def liftable_categories(snapshot: Snapshot, who: Member, group: str) -> tuple[str, ...]:
    """The categories with a place rule for this group's pupils that `who` may lift, in the order of the rules."""
    found: dict[str, None] = {}
    shut = set(DERIVED)  # a kind of address or name is nothing that a lesson asks for
    for rule in _for_pupils(snapshot, Facet.PLACE, group):
        if lifts(who.role, rule.liftable_by, interns=snapshot.policy.interns_permit):
            found.update(dict.fromkeys(sorted(rule.categories)))
        else:
            shut |= rule.categories
    return tuple(category for category in found if category not in shut)


def liftable(snapshot: Snapshot, who: Member, group: str, facet: Facet) -> tuple[Rule, ...]:
    """The rules of a facet that keep something closed for this group's pupils; none unless `who` may lift them all."""
    rules = tuple(_for_pupils(snapshot, facet, group))
    interns = snapshot.policy.interns_permit
    return rules if all(lifts(who.role, rule.liftable_by, interns=interns) for rule in rules) else ()


def _for_pupils(snapshot: Snapshot, facet: Facet, group: str) -> Iterator[Rule]:
    for rule in snapshot.facet_rules(facet):
        speaks = rule.effect is not Effect.ALLOW and Role.PUPIL in rule.roles
        if speaks and (not rule.groups or group in rule.groups):
            yield rule


def code_of(verdict: Verdict) -> str:
    """The code of the sentence that tells why authority said no."""
    return _CODES.get(verdict.reason, "other") if verdict.reason else "other"


def foresee(desk: Desk, who: Member, wish: Wish, now: datetime) -> Outcome[Foreseen]:
    """What would be given now, without giving it."""
    if not desk.may_act_for(who, wish.group, now):
        return refused("not_yours")
    snapshot = desk.snapshot(now)
    sites: tuple[str, ...] = ()
    if _needs_site(wish):
        site = site_in(wish.site)
        if site is None:
            return refused("bad_site" if wish.site.strip() else "what")
        sites = (site,)
    if wish.whole_group and wish.facet is Facet.CONNECT:
        return refused("phone_who")  # special circumstances are a child's, never a group's
    if not wish.whole_group and not are_pupils_of(snapshot, wish.people, wish.group):
        return refused("who")
    end = wish.until if wish.facet is Facet.CONNECT and wish.until else end_of(snapshot, wish.group, wish.minutes, now)
    if end is None:
        return refused("no_lesson")
    verdict = may_grant(who, _grant(wish, who, sites, now, end), snapshot, now)
    if not verdict.allowed or verdict.grant is None:
        return refused(code_of(verdict))
    return done("granted", Foreseen(verdict.grant, missing(verdict, snapshot, now)))


def give(
    desk: Desk, who: Member, wish: Wish, now: datetime, *, asked: str | None = None, answer: str = ""
) -> Outcome[Grant]:
    """Give a permission; `asked` is the id of the pupil's request that it says yes to, with the text `answer`.

    `TELL_FIRST` is the answer where consent leaves somebody out and the wish is not `confirmed`: nothing is given yet.
    """
    ahead = foresee(desk, who, wish, now)
    if ahead.value is None:
        return Outcome(False, ahead.code)
    if ahead.value.missing is not None and not wish.confirmed:
        return Outcome(False, TELL_FIRST)
    written = desk.store.grants.add(desk.school, ahead.value.grant, now, answers=asked, answer=answer)
    return done("granted_some" if ahead.value.missing else "granted", written)


def _needs_site(wish: Wish) -> bool:
    """Printing, a device and the words of a topic are lifted wherever they are used; a kind of site needs no site."""
    return not wish.category and wish.facet not in _NOWHERE and not wish.topics


def _grant(wish: Wish, who: Member, sites: tuple[str, ...], now: datetime, end: datetime) -> Grant:
    alone = wish.facet in _ALONE
    return Grant(
        id="",
        start=now,
        end=end,
        role=who.role,
        by=who.id,
        groups=frozenset({wish.group}) if wish.whole_group else frozenset(),
        people=frozenset() if wish.whole_group else wish.people,
        sites=sites,
        categories=frozenset({wish.category}) if wish.category else frozenset(),
        facets=_facets(wish),
        goal=" ".join(wish.goal.split())[:LONGEST_GOAL],
        topics=frozenset(wish.topics),
        kinds=frozenset(wish.kinds) if alone else frozenset(),
    )


def _facets(wish: Wish) -> frozenset[Facet]:
    if wish.facet in _ALONE:
        return frozenset({wish.facet})
    return _VIEW if wish.view_only else _FULL


def extend(desk: Desk, who: Member, group: str, grant_id: str, minutes: int | None, now: datetime) -> Outcome[Grant]:
    """Move the end of a live permission by `minutes`, or to the end of the lesson (None); never past the lesson."""
    grant = _live(desk, who, group, grant_id, now)
    if grant is None:
        return refused("ended")
    snapshot = desk.snapshot(now)
    lesson_end = end_of(snapshot, group, None, now)
    if lesson_end is None:
        return refused("no_lesson")
    wanted = lesson_end if minutes is None else min(grant.end + timedelta(minutes=minutes), lesson_end)
    verdict = may_grant(who, replace(grant, end=wanted), snapshot, now)
    if not verdict.allowed or verdict.grant is None:
        return refused(code_of(verdict))
    if verdict.grant.end <= grant.end:
        return refused("lesson_end")
    moved = desk.store.grants.extend(desk.school, grant_id, verdict.grant.end, who.id, now)
    return done("extended", moved) if moved else refused("ended")


def stop(desk: Desk, who: Member, group: str, grant_id: str, now: datetime) -> Outcome[Grant]:
    """End a live permission now. Whoever may act for the group may stop what is open for it."""
    if _live(desk, who, group, grant_id, now) is None:
        return refused("ended")
    ended = desk.store.grants.revoke(desk.school, grant_id, who.id, now)
    return done("stopped", ended) if ended else refused("ended")


def site_in(text: str) -> str | None:
    """The site a person typed (a host or a whole address), as a canonical host without `www.`; None: not readable."""
    typed = text.strip().removeprefix("*.")  # below a site is meant anyway
    address = canonical(typed) if "://" in typed else canonical(f"https://{typed}")
    host = canonical_host(address.host) if address else None
    if host is None or "*" in host or ("." not in host and ":" not in host):
        return None
    if not is_ip(host) and not name_without_suffix(host):
        return None  # `co.uk` or `github.io` is no site: it would open everybody's
    return host.removeprefix("www.") if host.count(".") > 1 else host


def touches(grant: Grant, snapshot: Snapshot, group: str) -> bool:
    """Whether a permission is for this group or for a pupil in it; what stands for staff is no group's."""
    if group in grant.groups:
        return True
    people = (snapshot.people.get(person) for person in grant.people)
    return any(member is not None and member.role is Role.PUPIL and group in member.groups for member in people)


def _live(desk: Desk, who: Member, group: str, grant_id: str, now: datetime) -> Grant | None:
    """The permission, if it runs now, is this group's, and `who` may act for the group."""
    if not desk.may_act_for(who, group, now):
        return None
    grant = desk.store.grants.get(desk.school, grant_id)
    if grant is None or grant.end <= now or not touches(grant, desk.snapshot(now), group):
        return None
    return grant


def end_of(snapshot: Snapshot, group: str, minutes: int | None, now: datetime) -> datetime | None:
    """The absolute end that was asked for (`minutes` None: the whole period), never later than the group's period.

    None: there is no lesson.
    """
    period = period_of(snapshot, group, now)
    if period.kind is PeriodKind.OUTSIDE or period.end is None:
        return None
    return period.end if minutes is None else min(now + timedelta(minutes=minutes), period.end)


def are_pupils_of(snapshot: Snapshot, people: frozenset[str], group: str) -> bool:
    """Whether there is at least one, and all of them are pupils of the group."""
    members = [snapshot.people.get(person) for person in people]
    return bool(members) and all(
        member is not None and member.role is Role.PUPIL and group in member.groups for member in members
    )
