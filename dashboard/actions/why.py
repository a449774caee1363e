"""Why? The same `decide` as at the proxy, asked by an adult for an address, a group and a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dashboard.actions.desk import Desk, Outcome, done, refused
from policy.address import canonical
from policy.decide import decide
from policy.model import AccessRequest, Action, Decision, Member, Principal, Role, Strength


@dataclass(frozen=True, slots=True)
class Answered:
    """What was asked about, and the decision with its trace."""

    url: str
    group: str
    decision: Decision


def why(desk: Desk, who: Member, url: str, group: str, now: datetime) -> Outcome[Answered]:
    """What a pupil of the group gets at this address now. Nothing is recorded."""
    if who.role not in {Role.COORDINATOR, Role.MANAGEMENT}:
        return refused("role")
    snapshot = desk.snapshot(now)
    typed = url.strip()
    address = canonical(typed if "://" in typed else f"https://{typed}")
    if address is None or not typed:
        return refused("url")
    if group not in snapshot.groups:
        return refused("group")
    search = snapshot.knowledge.engines.query(address)
    pupil = Principal(Role.PUPIL, groups=(group,), strength=Strength.GROUP)
    action = Action.SEARCH if search else Action.VISIT
    request = AccessRequest(action, pupil, (address.host,), address, search=search)
    shown = f"{address.scheme}://{address.host}{address.path}"
    return done("seen", Answered(shown, group, decide(request, snapshot, now)))
