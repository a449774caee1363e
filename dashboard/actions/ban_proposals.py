"""A teacher proposes a ban to the management, in kind words. Nothing is blocked by it; the management decides.

Who proposes reads what became of it; nobody else at school does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.measures import DECIDERS, Until, pupil_of
from dashboard.actions.substitute import is_substitute
from policy.authority import may_act_for
from policy.model import Member, Role, SanctionTarget
from store.ban_proposals import BanProposal, ProposalState

PROPOSERS = frozenset({Role.TEACHER, Role.COORDINATOR})
LONGEST_REASON = 300  # characters: one or two lines
LONGEST_ANSWER = 200


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody proposes. `lasts` says roughly until when; `Until.OWN`: the management is to say."""

    person: str
    on: SanctionTarget
    lasts: Until
    reason: str


def may_propose(who: Member, pupil: Member) -> bool:
    """Whether somebody may propose something about a pupil: the coordinator, and the teachers of the pupil's group."""
    if who.role not in PROPOSERS or is_substitute(who.id):
        return False
    return any(may_act_for(who, group) for group in pupil.groups)


def propose(desk: Desk, who: Member, wish: Wish, now: datetime) -> Outcome[BanProposal]:
    """Propose a ban of a pupil."""
    pupil = pupil_of(desk.snapshot(now), wish.person)
    if pupil is None or not may_propose(who, pupil):
        return refused("not_yours")
    reason = _line(wish.reason, LONGEST_REASON)
    if not reason:
        return refused("proposal_reason")
    made = desk.store.ban_proposals.add(desk.school, wish.person, wish.on, wish.lasts.value, reason, who.id, now)
    return done("proposed", made) if made is not None else refused("proposal_already")


def own(desk: Desk, who: Member) -> tuple[BanProposal, ...]:
    """What somebody proposed, with the answers, the newest first."""
    return desk.store.ban_proposals.written(desk.school, who.id) if who.role in PROPOSERS else ()


def waiting(desk: Desk, who: Member) -> tuple[BanProposal, ...]:
    """What waits for a decision, for those who decide."""
    return desk.store.ban_proposals.waiting(desk.school) if who.role in DECIDERS else ()


def waiting_about(desk: Desk, who: Member, proposal_id: str, person: str) -> BanProposal | None:
    """The proposal that is being decided about, if it waits and is about this pupil."""
    found = desk.store.ban_proposals.get(desk.school, proposal_id) if who.role in DECIDERS and proposal_id else None
    waits = found is not None and found.state is ProposalState.OPEN and found.person == person
    return found if waits else None


def withdraw(desk: Desk, who: Member, proposal_id: str, now: datetime) -> Outcome[BanProposal]:
    """Take back what one proposed, as long as nobody decided."""
    found = desk.store.ban_proposals.get(desk.school, proposal_id)
    if found is None or found.by != who.id or who.role not in PROPOSERS:
        return refused("gone")
    return _decided(desk, who, proposal_id, ProposalState.WITHDRAWN, "", now, "proposal_withdrawn")


def decline(desk: Desk, who: Member, proposal_id: str, answer: str, now: datetime) -> Outcome[BanProposal]:
    """Do something else instead, and say what: whoever proposed it reads the answer."""
    if who.role not in DECIDERS:
        return refused("role")
    line = _line(answer, LONGEST_ANSWER)
    if not line:
        return refused("proposal_answer")
    return _decided(desk, who, proposal_id, ProposalState.DECLINED, line, now, "proposal_answered")


def imposed(desk: Desk, who: Member, proposal_id: str, person: str, answer: str, now: datetime) -> Outcome[BanProposal]:
    """The management imposed a ban on the proposal; the ban itself is `measures.impose`."""
    if waiting_about(desk, who, proposal_id, person) is None:
        return refused("gone")
    line = _line(answer, LONGEST_ANSWER)
    return _decided(desk, who, proposal_id, ProposalState.IMPOSED, line, now, "proposal_answered")


def _decided(
    desk: Desk, who: Member, proposal_id: str, state: ProposalState, answer: str, now: datetime, code: str
) -> Outcome[BanProposal]:
    decided = desk.store.ban_proposals.decide(desk.school, proposal_id, state, who.id, now, answer=answer)
    return done(code, decided) if decided is not None else refused("proposal_decided")


def _line(text: str, longest: int) -> str:
    return " ".join(text.split())[:longest]
