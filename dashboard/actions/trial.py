"""The test box: what would happen to a search, a message or an address, and by what. Asked of the same `decide`.

What is typed lives for one answer: nothing of it is stored, logged or put in an address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.office import OFFICE
from dashboard.actions.ownlists import site_of_typed
from policy import kinds, personal
from policy.address import canonical, name_without_suffix
from policy.decide import decide
from policy.match import Layers
from policy.model import (
    AccessRequest,
    Action,
    Address,
    Decision,
    Facet,
    Grant,
    Member,
    PeriodKind,
    Principal,
    Role,
    Search,
    Snapshot,
    State,
    Strength,
)
from policy.outgoing import Field, judged
from policy.pageshape import Weighing
from policy.pagesigns import decoded, looks_like_html, read_page
from policy.schedule import period_at
from policy.search import UNKNOWN
from policy.terms import HELP, Found

LONGEST = 5_000
"""Characters of a text that is tried."""

_MOST_PERIODS = 100
_SENTENCE = re.compile(r"[.!?…]\s|[.!?…]$|\n")
_SEARCH_WORDS = 7
_TALKING = ("social", "chat")
_USED_MOST = ("google", "bing", "duckduckgo", "ecosia", "youtube", "wikipedia")
_SOMEBODY = "proef"


class Asked(StrEnum):
    """How what was typed is taken."""

    AUTO = "auto"
    SEARCH = "search"
    TEXT = "text"
    ADDRESS = "address"


class Moment(StrEnum):
    """When: in an ordinary lesson or break (no permissions, no bans), or exactly as it is now."""

    LESSON = "lesson"
    BREAK = "break"
    NOW = "now"


class By(StrEnum):
    """By what a host is in a category."""

    OURS = "ours"
    OTHERS = "others"
    SCHOOL = "school"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is tried. `engine` is the id of the one that searches, `site` where a message goes; empty: we choose."""

    typed: str
    group: str = ""
    asked: Asked = Asked.AUTO
    engine: str = ""
    site: str = ""
    moment: Moment = Moment.LESSON


@dataclass(frozen=True, slots=True)
class Kinship:
    """A category of the host, by what, and what was read for it (empty for a list)."""

    category: str
    by: By
    ground: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """The answer. `permitted` is the same for a message where the teacher has opened the site, so that its words count.

    `at` is the moment that was tried (None: there is no such period in sight, `decision` is of now). `read` is false
    for a message to a site where the guard does not read what is sent (the school's own, help, mail).
    """

    wish: Wish
    host: str
    decision: Decision
    permitted: Decision | None = None
    found: tuple[Found, ...] = ()
    personal: frozenset[str] = frozenset()
    kinships: tuple[Kinship, ...] = ()
    at: datetime | None = None
    read: bool = True


@dataclass(frozen=True, slots=True)
class Shaped:
    """What a page looks like most (empty: nothing), by which signs, and every kind held against it, nearest first."""

    host: str
    kind: str
    reasons: tuple[str, ...]
    weighed: tuple[Weighing, ...]


def tried(desk: Desk, who: Member, wish: Wish, now: datetime) -> Outcome[Tried]:
    """What a pupil of the group would meet."""
    if who.role not in OFFICE:
        return refused("role")
    typed = wish.typed.strip()
    if not typed or len(typed) > LONGEST:
        return refused("trial_typed")
    snapshot = desk.snapshot(now)
    if wish.group and wish.group not in snapshot.groups:
        return refused("group")
    asked = detected(typed) if wish.asked is Asked.AUTO else wish.asked
    wish = replace(wish, typed=typed, asked=asked)
    at = moment_of(snapshot, wish.group, wish.moment, now)
    if wish.moment is not Moment.NOW:
        snapshot = ordinary(snapshot)
    ask = {Asked.ADDRESS: _visited, Asked.TEXT: _written}.get(asked, _searched)
    answer = ask(snapshot, wish, at or now)
    return done("seen", replace(answer, at=at)) if answer is not None else refused("url")


def detected(typed: str) -> Asked:
    """An address, a message or search words, by the looks of it."""
    words = typed.split()
    if len(words) == 1 and ("://" in typed or ("." in typed and _is_site(typed))):
        return Asked.ADDRESS
    if len(words) > _SEARCH_WORDS or _SENTENCE.search(typed) or personal.find(typed):
        return Asked.TEXT
    return Asked.SEARCH


def _is_site(typed: str) -> bool:
    address = canonical(f"https://{typed}")
    if address is None or "@" in typed:
        return False
    # `3.14` is an address to a browser, and a number to a child.
    return typed.count(".") == 3 if address.is_ip else bool(name_without_suffix(address.host))


def ordinary(snapshot: Snapshot) -> Snapshot:
    """The school as on any day: no permissions, bans, pauses or agreements."""
    return replace(snapshot, state=State())


def moment_of(snapshot: Snapshot, group: str, wanted: Moment, now: datetime) -> datetime | None:
    """The nearest moment from now on that is so; None when there is none in sight."""
    kind = {Moment.LESSON: PeriodKind.LESSON, Moment.BREAK: PeriodKind.BREAK}.get(wanted)
    at = now
    for _ in range(_MOST_PERIODS):
        period = period_at(snapshot.policy.schedule, group or None, at)
        if kind is None or period.kind is kind:
            return at
        if period.end is None:
            return None
        at = period.end
    return None


def pupil_of(group: str) -> Principal:
    """A pupil of whom no more is known than the group."""
    return Principal(Role.PUPIL, groups=(group,) if group else (), strength=Strength.GROUP)


def visit(address: Address, group: str, snapshot: Snapshot, now: datetime) -> Decision:
    """What a pupil of the group meets at an address."""
    search = snapshot.knowledge.engines.query(address)
    action = Action.SEARCH if search else Action.VISIT
    return decide(AccessRequest(action, pupil_of(group), (address.host,), address, search=search), snapshot, now)


def engine_choices(snapshot: Snapshot) -> tuple[tuple[str, str], ...]:
    """Search engines to choose from: the id and one host of each, those that children use most first."""
    engines = snapshot.knowledge.engines.engines
    hosts = {engine.id: _a_host(engine.hosts[0]) for engine in engines if engine.hosts}
    first = tuple((name, hosts.pop(name)) for name in _USED_MOST if name in hosts)
    return first + tuple(sorted(hosts.items(), key=lambda pair: pair[1]))


def talking_sites(snapshot: Snapshot) -> tuple[str, ...]:
    """Sites where children write for others: one host of each service for that, social networks first."""
    services = snapshot.knowledge.services.services
    return tuple(
        service.sites[0] for kind in _TALKING for service in services if service.category == kind and service.sites
    )


def _a_host(pattern: str) -> str:
    return f"{pattern.removesuffix('.*')}.com" if pattern.endswith(".*") else pattern.removeprefix("*.")


def _searched(snapshot: Snapshot, wish: Wish, now: datetime) -> Tried | None:
    engines = dict(engine_choices(snapshot))
    engine = wish.engine if wish.engine in engines else next(iter(engines), UNKNOWN)
    host = engines.get(engine, "")
    address = canonical(f"https://{host}/") if host else None
    request = AccessRequest(
        Action.SEARCH,
        pupil_of(wish.group),
        (host,) if host else (),
        address,
        search=Search(engine, wish.typed),
    )
    found = snapshot.lexicon.found(wish.typed)
    return Tried(wish, host, decide(request, snapshot, now), found=found)


def _written(snapshot: Snapshot, wish: Wish, now: datetime) -> Tried | None:
    host = site_of_typed(wish.site) if wish.site.strip() else next(iter(talking_sites(snapshot)), None)
    address = canonical(f"https://{host}/") if host else None
    if host is None or address is None:
        return None
    sent = judged((Field("message", wish.typed),), (host,), snapshot)
    found, anything = snapshot.lexicon.found(wish.typed), bool(sent.said or sent.personal)
    somebody = Principal(Role.PUPIL, _SOMEBODY, (wish.group,) if wish.group else (), strength=Strength.CLAIMED)
    request = AccessRequest(Action.POST, somebody, (host,), address, personal=sent.personal, said=sent.said)
    return Tried(
        wish,
        host,
        decide(request, snapshot, now),
        decide(request, _permitting(snapshot, host, now), now),
        tuple(one for one in found if one.hit in sent.said),
        sent.personal,
        kinships(host, address, snapshot),
        read=anything or not (found or personal.find(wish.typed, public=snapshot.policy.public)),
    )


def _visited(snapshot: Snapshot, wish: Wish, now: datetime) -> Tried | None:
    address = canonical(wish.typed if "://" in wish.typed else f"https://{wish.typed}")
    if address is None:
        return None
    search = snapshot.knowledge.engines.query(address)
    return Tried(
        wish,
        address.host,
        visit(address, wish.group, snapshot, now),
        found=snapshot.lexicon.found(search.text) if search else (),
        kinships=kinships(address.host, address, snapshot),
    )


def _permitting(snapshot: Snapshot, host: str, now: datetime) -> Snapshot:
    """The school where the teacher has opened this site in full for this pupil, whose parents agreed."""
    hour = timedelta(hours=1)
    facets = frozenset({Facet.PLACE, Facet.ACTION})
    grant = Grant(
        _SOMEBODY, now - hour, now + hour, Role.MANAGEMENT, people=frozenset({_SOMEBODY}), sites=(host,), facets=facets
    )
    state = snapshot.state
    consents = {**state.consents, _SOMEBODY: True}
    return replace(snapshot, state=replace(state, grants=(*state.grants, grant), consents=consents))


def kinships(host: str, address: Address | None, snapshot: Snapshot) -> tuple[Kinship, ...]:
    """The categories of a host with by what it is in them, by name of the category."""
    known = snapshot.knowledge.categories
    layers = known.layers if isinstance(known, Layers) else (known,)
    ours = layers[0].categories(host)
    others = frozenset[str]().union(*(layer.categories(host) for layer in layers[1:]))
    school = snapshot.own_lists.categories(host)
    page = kinds.of_page(address, snapshot) if address is not None else None
    every = kinds.of_host(host, snapshot) | ({page} if page else set())
    ground = kinds.grounds(host, address, snapshot)
    return tuple(
        Kinship(category, By.SCHOOL)
        if category in school
        else Kinship(category, By.OURS)
        if category in ours
        else Kinship(category, By.OTHERS)
        if category in others
        else Kinship(category, By.NAME, ground)
        for category in sorted(every)
    )


def shaped(desk: Desk, who: Member, body: bytes, site: str) -> Outcome[Shaped]:
    """What a page looks like, by its first 64 KB; `site` is where it came from (may be empty). Nothing is kept."""
    if who.role not in OFFICE:
        return refused("role")
    host = site_of_typed(site) if site.strip() else ""
    if host is None:
        return refused("bad_site")
    shape, text = desk.knowledge.pageshape, decoded(body)
    if shape is None or not looks_like_html(text):
        return refused("trial_page")
    page = read_page(text, host)
    best = shape.judge(page)
    weighed = sorted(shape.weigh(page), key=lambda one: -one.score / one.threshold)
    return done("seen", Shaped(host, best.kind if best else "", best.reasons if best else (), tuple(weighed)))


def is_help(found: tuple[Found, ...]) -> bool:
    """Whether somebody asks for help in it: then no more of it is shown or told."""
    return any(one.hit.kind == HELP for one in found)
