"""Giving, lengthening and stopping a permission. `policy.authority` says yes or no; here the wish is put together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dashboard.actions.consent import Missing, missing
from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.target import Target, has_items, item_in, place_in, site_in
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
MOST_ALSO = 20
LONGEST_GOAL = 120
# Joining in means the program too: who may chat for a lesson may do it in the chat program on the laptop.
_FULL = frozenset({Facet.PLACE, Facet.ACTION, Facet.APP})
_VIEW = frozenset({Facet.PLACE})
_SEND = frozenset({Facet.PLACE, Facet.ACTION})
PICTURES = frozenset({"picture"})
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
    `confirmed`: whoever gives it knows whom the parents' consent leaves out. `also` are sites that `site` needs,
    as the preview found them (`MOST_ALSO` at most). `site` is as it was typed: an address, or the name of a service;
    the address of one single video means that video. `video` is an address that must be one, `item` (`youtube:id`) one
    that was understood before. `pictures`: to send pictures, at `site` or wherever it is open already. `all_but`: the
    whole group without the pupils in `without`.
    """

    group: str
    site: str = ""
    also: tuple[str, ...] = ()
    video: str = ""
    item: str = ""
    category: str = ""
    pictures: bool = False
    people: frozenset[str] = frozenset()
    whole_group: bool = True
    all_but: bool = False
    without: frozenset[str] = frozenset()
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
    for rule in for_pupils(snapshot, Facet.PLACE, group):
        if lifts(who.role, rule.liftable_by, interns=snapshot.policy.interns_permit):
            found.update(dict.fromkeys(sorted(rule.categories)))
        else:
            shut |= rule.categories
    return tuple(category for category in found if category not in shut)


def liftable(snapshot: Snapshot, who: Member, group: str, facet: Facet) -> tuple[Rule, ...]:
    """The rules of a facet that keep something closed for this group's pupils; none unless `who` may lift them all."""
    rules = tuple(for_pupils(snapshot, facet, group))
    interns = snapshot.policy.interns_permit
    return rules if all(lifts(who.role, rule.liftable_by, interns=interns) for rule in rules) else ()


def for_pupils(snapshot: Snapshot, facet: Facet, group: str) -> Iterator[Rule]:
    """The rules of a facet that keep something closed for this group's pupils, whenever they hold."""
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
    draft = drafted(snapshot, who, wish, now)
    if draft.value is None:
        return Outcome(False, draft.code)
    end = wish.until if wish.facet is Facet.CONNECT and wish.until else end_of(snapshot, wish.group, wish.minutes, now)
    if end is None:
        return refused("no_lesson")
    verdict = may_grant(who, replace(draft.value, end=end), snapshot, now)
    if not verdict.allowed or verdict.grant is None:
        return refused(code_of(verdict))
    return done("granted", Foreseen(verdict.grant, missing(verdict, snapshot, now)))


def drafted(snapshot: Snapshot, who: Member, wish: Wish, now: datetime) -> Outcome[Grant]:
    """The permission that a wish comes to, without an end of its own. Nobody is asked whether it may be given."""
    target = target_of(wish, snapshot)
    if target.value is None:
        return Outcome(False, target.code)
    if wish.whole_group and wish.facet is Facet.CONNECT:
        return refused("phone_who")  # special circumstances are a child's, never a group's
    if not wish.whole_group and not are_pupils_of(snapshot, wish.people, wish.group):
        return refused("who")
    if wish.all_but and not are_pupils_of(snapshot, wish.without, wish.group):
        return refused("without")
    if wish.all_but and wish.without >= pupils_of(snapshot, wish.group):
        return refused("without_all")
    return done("granted", grant_of(wish, who, target.value, now))


def target_of(wish: Wish, snapshot: Snapshot) -> Outcome[Target]:
    """The place that a wish is about, as it was typed."""
    services = snapshot.knowledge.services
    if wish.item:
        return done("seen", Target(items=(wish.item,)))
    if wish.video.strip():
        item = item_in(wish.video, services)
        if item is None:
            return refused("video_list" if has_items(wish.video, services) else "video_none")
        return done("seen", Target(items=(item,)))
    if not _needs_site(wish):
        return done("seen", Target())
    item = None if wish.pictures or wish.facet is not Facet.PLACE else item_in(wish.site, services)
    if item is not None:
        return done("seen", Target(items=(item,)))
    site, also = place_in(wish.site, services), [site_in(one) for one in wish.also]
    if site is None or len(also) > MOST_ALSO or None in also:
        return refused("bad_site" if wish.site.strip() else "what")
    return done("seen", Target((*dict.fromkeys((site, *(one for one in also if one is not None))),)))


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
    store, grant = desk.store.grants, ahead.value.grant
    written = store.say_yes(desk.school, asked, grant, now, answer) if asked else store.add(desk.school, grant, now)
    if written is None:
        return refused("answered")
    return done("granted_some" if ahead.value.missing else _said(written), written)


def _said(grant: Grant) -> str:
    """Which sentence tells what was given."""
    if grant.items:
        return "granted_item"
    if grant.kinds == PICTURES:
        return "granted_pictures"
    return "granted_print" if grant.facets == {Facet.PRINT} else "granted"


def _needs_site(wish: Wish) -> bool:
    """Printing, a device and the words of a topic are lifted wherever they are used; a kind of site needs no site."""
    if wish.pictures and not wish.site.strip():
        return False  # wherever it is open already
    return not wish.category and wish.facet not in _NOWHERE and not wish.topics


def grant_of(wish: Wish, who: Member, target: Target, now: datetime) -> Grant:
    """A wish as a permission that starts and ends `now`: its end is given to it by the lesson."""
    kinds = frozenset(wish.kinds) if wish.facet in _ALONE else frozenset[str]()
    return Grant(
        id="",
        start=now,
        end=now,
        role=who.role,
        by=who.id,
        groups=frozenset({wish.group}) if wish.whole_group else frozenset(),
        people=frozenset() if wish.whole_group else wish.people,
        without=wish.without if wish.whole_group and wish.all_but else frozenset(),
        sites=target.sites,
        items=target.items,
        categories=frozenset({wish.category}) if wish.category else frozenset(),
        facets=_facets(wish, target),
        goal=" ".join(wish.goal.split())[:LONGEST_GOAL],
        topics=frozenset(wish.topics),
        kinds=PICTURES if wish.pictures else kinds,
    )


def _facets(wish: Wish, target: Target) -> frozenset[Facet]:
    if wish.facet in _ALONE:
        return frozenset({wish.facet})
    if wish.pictures:
        return _SEND if target.sites else frozenset({Facet.ACTION})
    return _VIEW if wish.view_only or target.items else _FULL


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


def pupils_of(snapshot: Snapshot, group: str) -> frozenset[str]:
    """The pupils of a group, by id."""
    return frozenset(
        person.id for person in snapshot.people.values() if person.role is Role.PUPIL and group in person.groups
    )


def are_pupils_of(snapshot: Snapshot, people: frozenset[str], group: str) -> bool:
    """Whether there is at least one, and all of them are pupils of the group."""
    members = [snapshot.people.get(person) for person in people]
    return bool(members) and all(
        member is not None and member.role is Role.PUPIL and group in member.groups for member in members
    )
