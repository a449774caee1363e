"""Whether a connection goes through a tunnel unseen or is looked into, and why: one rule for the door and for who asks.

A tunnel is for one name, over https, that is open now, and of which a look inside would be nobody's business or show
nothing. Everything else is looked into, also what is closed: a page must say so. Which names are listed, and by what
they got there, is in `config/tunnels.yaml` and the school's own additions to it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from policy.decide import decide
from policy.model import AccessRequest, Action, Decision, DeviceClass, Knowledge, Reason, Role, Snapshot

_SECURE = frozenset({"https", "wss"})


class Why(StrEnum):
    """What made it so; each has a sentence in every language (`inspection.why` in `config/text`)."""

    OWN = "own"
    SYSTEM = "system"
    HELP = "help"
    INFRASTRUCTURE = "infrastructure"
    STAFF = "staff"
    LISTED = "listed"
    CLOSED = "closed"
    NAMES = "names"
    PLAIN = "plain"
    PORT = "port"
    SHARED = "shared"
    UNLISTED = "unlisted"


# Open without a look inside, wherever it is said: machines' own traffic, the guard's screens, and a child's talk with
# people who help. A person who helps is not to be listened to.
_NEVER_SEEN = {
    Reason.SYSTEM: Why.SYSTEM,
    Reason.HELP_HOST: Why.HELP,
    Reason.INFRASTRUCTURE: Why.INFRASTRUCTURE,
}


@dataclass(frozen=True, slots=True)
class Inspection:
    """The answer. `reason` is what the list says of a name that is on it (`Why.LISTED`), else empty."""

    tunnelled: bool
    why: Why
    reason: str = ""


def how(request: AccessRequest, decision: Decision, knowledge: Knowledge, port: int) -> Inspection:
    """What becomes of a connection (action `connect`) on which `decision` was the word; `port` is the one asked for.

    Never raises for a request that could be decided on. What is not open is never tunnelled.
    """
    if not decision.open:
        return Inspection(False, Why.CLOSED)
    if len(request.hosts) != 1:
        return Inspection(False, Why.NAMES)
    if decision.reason is Reason.OWN:
        return Inspection(True, Why.OWN)
    if port != 443:
        return Inspection(False, Why.PORT)
    never = _NEVER_SEEN.get(decision.reason)
    if never is not None:
        return Inspection(True, never)
    who = request.who
    if who.device_class is DeviceClass.INFRASTRUCTURE:
        return Inspection(True, Why.INFRASTRUCTURE)
    # Staff traffic is never inspected; on a pupil's device it is a pupil's device.
    staff = who.role is not Role.PUPIL
    if staff and who.device_class is not DeviceClass.PUPIL:
        return Inspection(True, Why.STAFF)
    listed = knowledge.tunnels.get(request.hosts[0])
    if listed is not None:
        return Inspection(True, Why.LISTED, listed)
    return Inspection(False, Why.SHARED if staff else Why.UNLISTED)


def of_page(request: AccessRequest, snapshot: Snapshot, now: datetime) -> Inspection | None:
    """What becomes of the connection that a page, a search or a message needs, asked at `now` (aware).

    The door decides before there is a path: it is asked here as it is there, of the name alone and as a new page. None
    where no connection would be made for it (a program, print) or the door refuses it (an unreadable name).
    """
    address = request.address
    if address is None or request.unreadable or not request.hosts:
        return None
    door = replace(address, scheme="https", path="/", query="")
    opening = AccessRequest(Action.CONNECT, request.who, request.hosts, door, navigation=True)
    decision = decide(opening, snapshot, now)
    if decision.open and address.scheme not in _SECURE:
        return Inspection(False, Why.PLAIN)
    return how(opening, decision, snapshot.knowledge, address.port)
