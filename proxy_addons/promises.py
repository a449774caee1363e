"""What holds for whoever asks, now: what is open and until when, what is closed, and who may know what of them.

Asked of the same `decide` that judges every page, about things that children know; nothing is worked out beside it. Of
a ban only that it is there and until when; why a permission is not there for somebody is said to nobody. Pure but for
`decide`, and no sentence is here: `promising` makes the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from policy.address import canonical
from policy.asking import Asking
from policy.authority import lifts
from policy.counsel import has_inbox
from policy.model import (
    FOREVER,
    AccessRequest,
    Action,
    Agreement,
    Decision,
    DeviceClass,
    Facet,
    Grant,
    LiftableBy,
    PeriodKind,
    Principal,
    Reason,
    SanctionTarget,
    Snapshot,
    Strength,
)
from policy.printer import is_print_server

KINDS = ("social", "video", "games", "chat", "game-chat", "ai-chat", "mail", "file-sharing")
"""The kinds of sites that a child is told of; what no lesson asks for is not put into anybody's head."""

_ANY_SITE = "voorbeeld.invalid"  # a name that nobody can have (RFC 6761), and that no list knows
_SAMPLES = 3  # sites of a kind that are asked
_MOST = 8  # things of one list that are shown
_HEADS = {
    Reason.SANCTION: "sanction",
    Reason.PAUSE: "pause",
    Reason.BREAK: "break",
    Reason.AGREEMENT: "agreement",
    Reason.TEST: "test",
    Reason.PHONE: "phone",
}
_BANNED = {SanctionTarget.PRINTER: "printer", SanctionTarget.PHONE: "phone", SanctionTarget.CHROMEBOOK: "computer"}
_WITHOUT_PLACE = {Facet.PRINT: "print", Facet.CONNECT: "phone", Facet.WORDS: "words"}

type Decide = Callable[[AccessRequest], Decision]


class Known(StrEnum):
    """The most that is known of who asks, and so stands with what is kept."""

    PERSON = "person"
    DEVICE = "device"
    GROUP = "group"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Opened:
    """Something that is open because somebody said so. `kind`: `sites`, `kinds`, `items`, `print`, `phone`, `words`.

    `names` are hosts, or ids of kinds. `looks`: one may look, and do nothing more there.
    """

    kind: str
    names: tuple[str, ...]
    until: datetime
    goal: str = ""
    looks: bool = False


@dataclass(frozen=True, slots=True)
class Agreed:
    """A list that the lesson keeps to; `sites` are those of it that are open."""

    goal: str
    sites: tuple[str, ...]
    until: datetime
    test: bool


@dataclass(frozen=True, slots=True)
class Promises:
    """All of it. `head` says how things are: `lesson`, `break`, `outside`, `pause`, `agreement`, `test`, `sanction`,
    `phone`. `bans` are what a ban is on, with its end; `inbox`: counsellors hear that somebody looked for help.
    `prints`: what is sent to the pupils' queue waits there for a teacher's yes.
    """

    head: str
    until: datetime | None
    known: Known
    agreed: tuple[Agreed, ...] = ()
    opened: tuple[Opened, ...] = ()
    closed: tuple[str, ...] = ()
    bans: tuple[tuple[str, datetime], ...] = ()
    asks: bool = False
    inbox: bool = False
    prints: bool = False

    @property
    def changes(self) -> datetime | None:
        """The first moment after which this page is old."""
        ends = [self.until, *(one.until for one in self.agreed), *(one.until for one in self.opened)]
        ends += [end for _, end in self.bans]
        return min((end for end in ends if end is not None and end < FOREVER), default=None)


def promised(who: Principal, snapshot: Snapshot, decide: Decide, now: datetime) -> Promises:
    """What holds for `who` at `now` (aware), by the answers of `decide`."""
    asking = Asking(_visit(who, _ANY_SITE), snapshot, now)
    anything = decide(_visit(who, _ANY_SITE))
    agreements = asking.agreements()
    bans = tuple(_bans(who, snapshot, now))
    head = _HEADS.get(anything.reason, asking.period.kind.value)
    if head == "agreement" and any(one.test for one in agreements):
        head = "test"  # of two, it is the test that nothing joins
    return Promises(
        head=head,
        until=_until(head, asking, agreements, bans),
        known=known(who),
        agreed=tuple(_agreed(one, who, decide) for one in agreements if head != "break"),
        opened=tuple(_opened(asking, decide)),
        closed=tuple(_closed(who, snapshot, decide)) if anything.open else (),
        bans=bans,
        asks=bool(asking.groups) and head in ("lesson", "agreement", "phone"),
        inbox=has_inbox(snapshot) and asking.period.kind is not PeriodKind.OUTSIDE,
        prints=head in ("lesson", "agreement") and _prints_by_asking(who, snapshot, decide),
    )


def _prints_by_asking(who: Principal, snapshot: Snapshot, decide: Decide) -> bool:
    """Whether a print waits for a yes here, so that sending it is the asking."""
    queue = any(is_print_server(one) for one in snapshot.devices.values())
    return queue and decide(AccessRequest(Action.PRINT, who)).reason is Reason.PRINT


def known(who: Principal) -> Known:
    """What stands with an exception of theirs."""
    if who.person is not None and who.strength >= Strength.CLAIMED:
        return Known.PERSON
    if who.device is not None:
        return Known.DEVICE
    return Known.GROUP if who.groups else Known.NOBODY


def _until(
    head: str, asking: Asking, agreements: tuple[Agreement, ...], bans: tuple[tuple[str, datetime], ...]
) -> datetime | None:
    """When that is over, or may be."""
    if head == "sanction":
        return max((end for on, end in bans if on != "printer"), default=None)
    if head == "pause":
        spans = asking.snapshot.state.pauses
        mine = (one.end for one in spans if one.group in asking.groups and asking.live(one.start, one.end))
        return max(mine, default=None)
    if head in ("agreement", "test"):
        return max((one.end for one in agreements), default=None)
    return asking.period.end


def _bans(who: Principal, snapshot: Snapshot, now: datetime) -> Iterator[tuple[str, datetime]]:
    """The bans of this very person: told only to somebody who surely is."""
    if who.person is None or who.strength < Strength.PROVED:
        return
    for ban in snapshot.state.sanctions:
        lifted = any(start <= now < end for start, end in ban.lifted)
        if ban.person == who.person and ban.start <= now < ban.end and not lifted:
            yield _BANNED[ban.on], ban.end


def _agreed(agreement: Agreement, who: Principal, decide: Decide) -> Agreed:
    sites = tuple(site for site in agreement.sites if decide(_visit(who, site)).open)
    return Agreed(agreement.goal, sites[:_MOST], agreement.end, agreement.test)


def _opened(asking: Asking, decide: Decide) -> Iterator[Opened]:
    """What permissions open for this asker; one that opens nothing here is not told of, nor why."""
    interns = asking.snapshot.policy.interns_permit
    for grant in asking.snapshot.state.grants:
        if not asking.live(grant.start, grant.end) or not asking.given_to_me(grant):
            continue
        if lifts(grant.role, LiftableBy.TEACHER, interns=interns):
            yield from _by(grant, asking, decide)


def _by(grant: Grant, asking: Asking, decide: Decide) -> Iterator[Opened]:
    who, looks = asking.who, Facet.ACTION not in grant.facets
    until = grant.end
    if Facet.PLACE not in grant.facets:
        facet = next((facet for facet in _WITHOUT_PLACE if facet in grant.facets), None)
        if facet is not None and _does(facet, who, decide):
            yield Opened(_WITHOUT_PLACE[facet], (), until, grant.goal)
        return
    sites = tuple(site for site in grant.sites if decide(_visit(who, site)).open)
    if sites:
        yield Opened("sites", sites[:_MOST], until, grant.goal, looks)
    kinds = tuple(kind for kind in sorted(grant.categories) if _any_open(kind, asking, decide))
    if kinds:
        yield Opened("kinds", kinds, until, grant.goal, looks)
    if grant.items:
        yield Opened("items", (), until, grant.goal, looks)


def _does(facet: Facet, who: Principal, decide: Decide) -> bool:
    """Whether a permission that is for no place opens something here."""
    if facet is Facet.PRINT:
        return decide(AccessRequest(Action.PRINT, who)).open
    return facet is not Facet.CONNECT or who.device_class is DeviceClass.PHONE


def _any_open(kind: str, asking: Asking, decide: Decide) -> bool:
    """Whether a site of a kind is open; of a kind of which no site is known the permission itself is the word."""
    samples = _samples(kind, asking.snapshot)
    return not samples or any(decide(_visit(asking.who, site)).open for site in samples)


def _closed(who: Principal, snapshot: Snapshot, decide: Decide) -> Iterator[str]:
    """The kinds of which most of the sites that were asked are closed: one that is permitted opens no kind."""
    for kind in KINDS:
        samples = _samples(kind, snapshot)
        shut = sum(not decide(_visit(who, site)).open for site in samples)
        if 2 * shut > len(samples):
            yield kind


def _samples(kind: str, snapshot: Snapshot) -> tuple[str, ...]:
    """Some sites of a kind: the school's own, and services that everybody knows."""
    services = (site for one in snapshot.knowledge.services.services if one.category == kind for site in one.sites[:1])
    own: Iterable[str] = snapshot.policy.lists.get(kind, ())
    return tuple(dict.fromkeys((*tuple(own)[:1], *services)))[:_SAMPLES]


def _visit(who: Principal, site: str) -> AccessRequest:
    """Somebody opens a site's first page."""
    address = canonical(f"https://{site}/")
    return AccessRequest(Action.VISIT, who, (address.host,) if address else (), address, unreadable=address is None)


def minutes_left(until: datetime, now: datetime) -> int:
    """Whole minutes until a moment, rounded up; 0 when it is there."""
    return max(0, -((now - until) // timedelta(minutes=1)))
