"""Preview: what a pupil of a group gets of a site now, and what a permission would change. Opens nothing for anybody.

The answers are `decide`'s, as at the gate. The hosts that a site needs come from our own data for a known service, and
else from one look at the page, by a callable that is handed in: the dashboard itself connects to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from dashboard.actions import permission
from dashboard.actions.consent import Missing
from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.permission import Wish
from dashboard.actions.target import place_in, site_in
from dashboard.actions.trial import Moment, moment_of, pupil_of
from policy.address import canonical
from policy.authority import may_grant, may_permit
from policy.decide import decide
from policy.model import (
    AccessRequest,
    Action,
    Address,
    Decision,
    Effect,
    Facet,
    Grant,
    Hit,
    Member,
    PeriodKind,
    Reason,
    Role,
    Search,
    Snapshot,
)
from policy.pageneeds import Need, Peeked, Trouble, Use, text_of
from policy.search import UNKNOWN

_WOULD_BE = "would-be"
_NEVER_FETCHED = frozenset({Reason.LOCKED, Reason.UNREADABLE, Reason.FAILED})
_GRAVE = 3


class Peek(Protocol):
    """What looks at one page for the preview (`proxy_addons.peek`)."""

    def __call__(self, address: Address, may_go: Callable[[Address], bool], who: str, /) -> Peeked:
        """Look for the person `who`. `may_go` is asked before every address that is fetched. Never raises."""


class Gets(StrEnum):
    """What a pupil gets of a host that a site needs."""

    WORKS = "works"
    BACKGROUND = "background"
    CLOSED = "closed"
    MAYBE = "maybe"
    COUNTING = "counting"


@dataclass(frozen=True, slots=True)
class HostSeen:
    """A host that a site needs. `now` is what it is without a permission, `gets` with it (or now, where none may be).

    `takes` is the site that may be permitted along with it (empty: that changes nothing, or whoever asks may not).
    `with_it`: the wish names it already.
    """

    host: str
    uses: tuple[Use, ...]
    now: Gets
    gets: Gets
    takes: str = ""
    with_it: bool = False


class Doing(StrEnum):
    """What somebody may want to do at a site besides looking."""

    CHAT = "chat"
    POST = "post"
    UPLOAD = "upload"
    PRINT = "print"
    SEARCH = "search"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Done:
    """Something that is done at a site, now and with the permission."""

    doing: Doing
    now: Decision
    then: Decision


@dataclass(frozen=True, slots=True)
class Preview:
    """What was found. `at` is the moment that was asked about; `ahead` says that it is the next lesson, as there is
    none now.

    `then` is None where the permission may not be given, `refusal` then the code of why; `grant` is what would be
    given. `item` says that it is one single video, without what is around it. `service` is the name of a known one;
    `trouble` why there are no hosts; `landed` where the page was in the end.
    """

    wish: Wish
    site: str
    address: Address
    at: datetime
    ahead: bool
    request: AccessRequest
    snapshot: Snapshot
    now: Decision
    then: Decision | None = None
    refusal: str = ""
    grant: Grant | None = None
    missing: Missing | None = None
    doings: tuple[Done, ...] = ()
    hosts: tuple[HostSeen, ...] = ()
    item: bool = False
    service: str = ""
    trouble: Trouble | None = None
    landed: str = ""
    whole: bool = True


def preview(desk: Desk, who: Member, wish: Wish, now: datetime, peek: Peek | None) -> Outcome[Preview]:
    """What a pupil of the group would get of `wish.site` now, and with the permission; of a kind of site, of one such.

    Without `peek` nothing is fetched.
    """
    if not desk.may_act_for(who, wish.group, now) or not may_permit(who, desk.snapshot(now)):
        return refused("not_yours")
    snapshot = desk.snapshot(now)
    page = _page(wish, snapshot)
    if isinstance(page, str):
        return refused(page)
    site, address = page
    at = _moment(snapshot, wish.group, now)
    request = AccessRequest(Action.VISIT, pupil_of(wish.group), (address.host,), address)
    found = Preview(wish, site, address, at, at != now, request, snapshot, decide(request, snapshot, at))
    ahead = permission.foresee(desk, who, replace(wish, confirmed=False), at)
    would = snapshot
    if ahead.value is None:
        found = replace(found, refusal=ahead.code)
    else:
        grant, missing = ahead.value.grant, ahead.value.missing
        would = _with(snapshot, grant, wish.group)
        answer = decide(request, would, at)
        alone = canonical(answer.instead) if answer.instead else None
        if alone is not None:  # a pupil is led there
            answer = decide(replace(request, hosts=(alone.host,), address=alone), would, at)
        found = replace(found, then=answer, grant=grant, missing=missing, item=bool(grant.items))
    found = replace(found, doings=tuple(_doings(found, would)))
    return done("seen", _with_hosts(found, would, who, peek))


def _example(category: str, snapshot: Snapshot) -> str:
    """A well-known site of a kind of sites; empty when we know none."""
    services = snapshot.knowledge.services.services
    return next((one.sites[0] for one in services if category and one.category == category and one.sites), "")


def _page(wish: Wish, snapshot: Snapshot) -> tuple[str, Address] | str:
    """The site and the page that a wish is about, or the code of what is wrong with it."""
    services = snapshot.knowledge.services
    item = services.of_item(wish.item) if wish.item else None
    alone = item[0].alone_at(item[1]) if item is not None else None
    typed = wish.site.strip() or wish.video.strip() or (text_of(alone) if alone else _example(wish.category, snapshot))
    site = place_in(typed, services)
    if site is None:
        return "bad_site" if typed else "what"
    named = site_in(typed) is None  # a service by its name
    address = canonical(
        f"https://{site}/" if named else typed if "://" in typed else f"https://{typed.removeprefix('*.')}"
    )
    if address is None or address.scheme not in ("http", "https"):
        return "bad_site"
    return site, address


def _moment(snapshot: Snapshot, group: str, now: datetime) -> datetime:
    """Now; where nothing can be permitted now, the next lesson: that is what a teacher prepares."""
    outside = permission.period_of(snapshot, group, now).kind is PeriodKind.OUTSIDE
    if not outside and not permission.rests(snapshot, group, now):
        return now
    return moment_of(snapshot, group, Moment.LESSON, now) or now


def _with(snapshot: Snapshot, grant: Grant, group: str) -> Snapshot:
    """The school with the permission, for any pupil of the group whose parents agreed."""
    state = snapshot.state
    would = replace(grant, id=_WOULD_BE, groups=grant.groups | {group}, people=frozenset(), without=frozenset())
    agreed = state.consented_groups | {group}
    return replace(snapshot, state=replace(state, grants=(*state.grants, would), consented_groups=agreed))


# --- what is done there ----------------------------------------------------------------------------------------------


def _doings(found: Preview, would: Snapshot) -> Iterator[Done]:
    """Each thing that may be done there besides looking, asked twice."""
    for doing, request in _questions(found):
        yield Done(doing, decide(request, found.snapshot, found.at), decide(request, would, found.at))


def _questions(found: Preview) -> Iterator[tuple[Doing, AccessRequest]]:
    here, snapshot = found.request, found.snapshot
    yield Doing.CHAT, replace(here, action=Action.CHAT)
    yield Doing.POST, replace(here, action=Action.POST)
    yield Doing.UPLOAD, replace(here, action=Action.UPLOAD, media=frozenset({"picture"}))
    if any(rule.effect is not Effect.ALLOW and Role.PUPIL in rule.roles for rule in snapshot.facet_rules(Facet.PRINT)):
        yield Doing.PRINT, AccessRequest(Action.PRINT, here.who)
    spoken = [rule for rule in snapshot.facet_rules(Facet.WORDS) if rule.effect is not Effect.ALLOW]
    searched = frozenset[str]().union(*(rule.kinds for rule in spoken if not rule.actions))
    word = next((one for one in snapshot.knowledge.lexicon.terms if one.kind in searched and one.severity > 1), None)
    if word is not None:
        yield Doing.SEARCH, replace(here, action=Action.SEARCH, search=Search(UNKNOWN, word.text))
    written = min(frozenset[str]().union(*(rule.kinds for rule in spoken if rule.actions)), default="")
    if written:
        yield Doing.TEXT, replace(here, action=Action.POST, said=(Hit(_WOULD_BE, written, _GRAVE),))


# --- the other hosts -------------------------------------------------------------------------------------------------


def _with_hosts(found: Preview, would: Snapshot, who: Member, peek: Peek | None) -> Preview:
    """The preview with the hosts that the site needs, or why they are not known."""
    service = found.snapshot.knowledge.services.at(found.address.host)
    if _never_fetched(found.now) or (found.then is not None and _never_fetched(found.then)):
        return replace(found, trouble=Trouble.LOCKED)
    if service is not None:
        needs = tuple(_of_service(service.needed, found.address))
        return replace(found, service=service.name, hosts=tuple(_seen(found, needs, would, who)))
    if peek is None:
        return replace(found, trouble=Trouble.AWAY)

    def may_go(address: Address) -> bool:
        asked = AccessRequest(Action.VISIT, found.request.who, (address.host,), address)
        return not _never_fetched(decide(asked, would, found.at))

    peeked = peek(found.address, may_go, who.id)
    needs = peeked.needs
    onward = canonical(f"https://{peeked.landed}/") if peeked.landed not in ("", found.address.host) else None
    if onward is not None:
        needs = (Need(onward.host, (Use.ONWARD,), onward), *(need for need in needs if need.host != onward.host))
    return replace(
        found,
        trouble=peeked.trouble,
        landed=peeked.landed,
        whole=peeked.whole,
        hosts=tuple(_seen(found, needs, would, who)),
    )


def _never_fetched(decision: Decision) -> bool:
    return decision.reason in _NEVER_FETCHED


def _of_service(hosts: tuple[str, ...], page: Address) -> Iterator[Need]:
    for host in hosts:
        address = canonical(f"https://{host.removeprefix('*.')}/")
        if address is not None and address.host != page.host:
            yield Need(address.host, (), address)


def _seen(found: Preview, needs: tuple[Need, ...], would: Snapshot, who: Member) -> Iterator[HostSeen]:
    with_it = found.grant.sites if found.grant is not None else ()
    for need in needs:
        gets, site = _gets(found, need, would), site_in(need.host) or ""
        may = gets in (Gets.CLOSED, Gets.MAYBE) and site and _would_open(found, need, site, who)
        yield HostSeen(
            need.host, need.uses, _gets(found, need, found.snapshot), gets, site if may else "", site in with_it
        )


def _asked(found: Preview, need: Need) -> AccessRequest:
    """What a browser asks when it has the page: in the background, but for what opens as a page of its own."""
    opens = set(need.uses) <= {Use.FORM, Use.ONWARD} and bool(need.uses)
    return AccessRequest(
        Action.SUBMIT if need.sends and opens else Action.VISIT,
        found.request.who,
        (need.host,),
        need.address,
        navigation=opens,
        asker=found.address.host,
    )


def _gets(found: Preview, need: Need, snapshot: Snapshot) -> Gets:
    request = _asked(found, need)
    if decide(request, snapshot, found.at).open:
        opened = request.navigation or decide(replace(request, navigation=True), snapshot, found.at).open
        return Gets.WORKS if opened else Gets.BACKGROUND
    if need.measuring:
        return Gets.COUNTING
    return Gets.MAYBE if need.uses and need.only_allowed else Gets.CLOSED


def _would_open(found: Preview, need: Need, site: str, who: Member) -> bool:
    """Whether the host works once the permission names it too, and whoever asks may give that."""
    if found.grant is None or not found.grant.sites or site in found.grant.sites or found.wish.pictures:
        return False
    more = replace(found.grant, sites=(*found.grant.sites, site))
    if not may_grant(who, more, found.snapshot, found.at).allowed:
        return False
    return _gets(found, need, _with(found.snapshot, more, found.wish.group)) in (Gets.WORKS, Gets.BACKGROUND)
