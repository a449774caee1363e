"""What a page has to tell of a decision: which page it is, about which host, on which ground, and what can be done.

No sentence is here: `block_page` makes the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from policy.asking import Asking
from policy.kinds import LOOK_ALIKE, UNKNOWN, UNSAFE_SEARCH
from policy.model import (
    AccessRequest,
    Action,
    BasisKind,
    Decision,
    DeviceClass,
    Effect,
    Facet,
    LiftableBy,
    Principal,
    Reason,
    Role,
    Snapshot,
)
from policy.schedule import zone_of
from proxy_addons.behind import BY_HOST, repeatable, whole_path

_PAGE_OF = {
    Reason.PLACE: "place",
    Reason.CHAT: "chat",
    Reason.POST: "post",
    Reason.UPLOAD: "upload",
    Reason.LIVE: "live",
    Reason.WORDS: "words",
    Reason.LOCKED: "locked",
    Reason.CONSENT: "consent",
    Reason.UNREADABLE: "unreadable",
    Reason.PAUSE: "pause",
    Reason.BREAK: "break",
    Reason.SANCTION: "sanction",
    Reason.AGREEMENT: "agreement",
    Reason.TEST: "test",
    Reason.PHONE: "phone",
}
_HELD_PAGE = {Reason.TEXT: "text", Reason.PERSONAL: "personal", Reason.REMINDER: "reminder"}
_NOT_ASKED = frozenset(
    {
        "locked",
        "look_alike",
        "unsafe_search",
        "identity",
        "unreadable",
        "text",
        "pause",
        "break",
        "sanction",
        "reminder",
        "test",
    }
)
NOTHING_SEEN = frozenset({"pause", "break", "sanction", "test", "text", "personal", "phone"})
"""Pages that stand in for nothing a child can have been upset by: there is told, not told of something seen."""
STANDS_STILL = frozenset({"locked", "look_alike", "unreadable", "text"})
GROUND = {
    BasisKind.CLAUSE: "page.school_rule",
    BasisKind.SCHOOL: "page.school_rule",
    BasisKind.SAFETY: "page.safety",
    BasisKind.LAW: "page.law",
}
_EVERYWHERE = frozenset(
    {Reason.PAUSE, Reason.BREAK, Reason.SANCTION, Reason.CONSENT, Reason.AGREEMENT, Reason.TEST, Reason.PHONE}
)
_MOST_SITES = 8
_IDENTITY = "identity"  # the school's own list of what does not fit it


@dataclass(frozen=True, slots=True)
class Agreed:
    """What was agreed for this lesson, for the page; `until` is a wall-clock time at school."""

    goal: str
    sites: tuple[str, ...]
    until: str


def can_ask(decision: Decision, who: Principal, snapshot: Snapshot | None, now: datetime) -> bool:
    """Whether asking through the guard makes sense: it can be permitted, and a teacher will see it.

    Of somebody in no known group no teacher's screen would tell; the page then says to ask in class. In a test nobody
    asks through a screen: the teacher is there.
    """
    if not who.groups or tested(who, snapshot, now):
        return False
    kind = page_of(decision)
    if decision.effect not in (Effect.DENY, Effect.HOLD) or decision.reason is Reason.FAILED:
        return False
    if kind == "phone" and who.person is None:
        return False  # something special is one child's: a teacher can only say yes to a name
    return kind not in _NOT_ASKED and decision.liftable_by is not LiftableBy.NOBODY


def facet_of(decision: Decision, snapshot: Snapshot | None) -> Facet:
    """What the rule in the way speaks of, so that a yes lifts that."""
    rule = snapshot.rules.get(decision.rules[0]) if snapshot is not None and decision.rules else None
    return rule.facet if rule is not None and rule.facet is not None else Facet.PLACE


def page_of(decision: Decision) -> str:
    """Which page tells this decision."""
    if decision.effect is Effect.HOLD:
        if decision.category == UNKNOWN:
            return "undecided"
        return _HELD_PAGE.get(decision.reason, "hold")
    if decision.reason is Reason.PLACE and decision.category == LOOK_ALIKE:
        return "look_alike"
    if decision.reason is Reason.PLACE and decision.category == UNSAFE_SEARCH:
        return "unsafe_search"
    if decision.reason is Reason.PLACE and decision.category == _IDENTITY:
        return "identity"
    return _PAGE_OF.get(decision.reason, "action")


def can_release(decision: Decision, snapshot: Snapshot | None) -> bool:
    """Whether the child itself may send what was held, after a second thought."""
    if decision.effect is not Effect.HOLD or snapshot is None or not decision.rules:
        return False
    rule = snapshot.rules.get(decision.rules[0])
    return rule is not None and rule.second_thought


def about_host(request: AccessRequest, decision: Decision) -> str:
    """The host that a decision is about: what a relay was to fetch, or else the one that was asked for."""
    if decision.host is not None and decision.host not in request.hosts:
        return decision.host
    return request.address.host if request.address else (request.hosts[0] if request.hosts else "")


def shown_host(request: AccessRequest, decision: Decision | None = None) -> str:
    """The host as a child knows it."""
    host = about_host(request, decision or Decision(Effect.DENY, Reason.PLACE))
    return host.removeprefix("www.")


def can_wait(request: AccessRequest, decision: Decision, reload: bool) -> bool:
    """Words in a posted form cannot be told again by the page's address: there is nothing to wait or ask for."""
    return reload or request.search is None or decision.reason is not Reason.WORDS


def again_of(request: AccessRequest) -> str:
    """What a child has to do again when it may after all and the page cannot be opened for it."""
    if request.search is not None:
        return "search"
    return "send" if request.action in (Action.CHAT, Action.POST, Action.UPLOAD, Action.SUBMIT) else "other"


def carried(request: AccessRequest, decision: Decision, snapshot: Snapshot | None) -> str:
    """What the page's own calls say of the request that it stands for; nothing for a visit to a plain address."""
    said: dict[str, str] = {}
    if request.action not in (Action.VISIT, Action.SEARCH):
        said = {"act": request.action.value, "media": ",".join(sorted(request.media))}
        if request.personal:
            said["types"] = ",".join(sorted(request.personal))
    if request.address is not None and not repeatable(whole_path(request.address)):
        said["unsaid"] = BY_HOST if _by_host(request, decision) else facet_of(decision, snapshot).value
        said["kinds"] = ",".join(decision.types)
    return urlencode(said)


def _by_host(request: AccessRequest, decision: Decision) -> bool:
    """Whether every page of the host gets the same answer."""
    if decision.reason is Reason.PLACE:
        return decision.host is None or decision.host in request.hosts
    return decision.reason in _EVERYWHERE


def for_staff(request: AccessRequest) -> bool:
    """Whether an adult reads it: somebody of staff on a device for staff."""
    return request.who.role is not Role.PUPIL and request.who.device_class is DeviceClass.STAFF


def may_open(decision: Decision) -> bool:
    """Whether a page may wait for its site to open: not for what stays closed."""
    return page_of(decision) not in STANDS_STILL


def clause_of(decision: Decision, snapshot: Snapshot | None, *, adult: bool = False) -> str:
    """The clause behind the decision in the protocol's words for a child (or `adult`), if there is one.

    Not where only the parents' consent is missing: the clause would tell a child, and who sits beside it, why.
    """
    if snapshot is None or decision.reason is Reason.CONSENT:
        return ""
    found = (snapshot.clauses.get(clause) for clause in decision.clauses)
    said = (clause.adult if adult else clause.child for clause in found if clause is not None)
    return next((words for words in said if words), "")


def agreed_of(request: AccessRequest, snapshot: Snapshot | None, now: datetime, *, test: bool) -> Agreed | None:
    """Goal and list of the agreement (with `test`: the test) that binds the asker now."""
    if snapshot is None:
        return None
    found = next((one for one in Asking(request, snapshot, now).agreements() if one.test is test), None)
    if found is None:
        return None
    until = found.end.astimezone(zone_of(snapshot.policy.schedule.zone)).strftime("%H:%M")
    return Agreed(found.goal, found.sites[:_MOST_SITES], until)


def tested(who: Principal, snapshot: Snapshot | None, now: datetime) -> bool:
    """Whether this pupil is doing a test now."""
    if snapshot is None or not snapshot.tested:
        return False
    asking = Asking(AccessRequest(Action.VISIT, who), snapshot, now)
    return who.role is Role.PUPIL and any(agreed.test for agreed in asking.agreements())
