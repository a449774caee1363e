"""Proposed bans, as finished strings: for who proposed them, and for the management."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from dashboard.actions.ban_proposals import LONGEST_REASON, Wish
from dashboard.actions.measures import Until
from dashboard.present.words import Choice, Words
from policy.model import SanctionTarget
from store.ban_proposals import BanProposal, ProposalState
from store.people import Person


@dataclass(frozen=True, slots=True)
class ProposalLine:
    """A proposal. `waits`: nobody decided yet; `state` and `answer` say what became of it."""

    id: str
    person: str
    who: str
    what: str
    head: str
    reason: str
    waits: bool
    state: str
    answer: str


@dataclass(frozen=True, slots=True)
class ProposePage:
    """The form with what was typed, and what somebody proposed before."""

    groups: tuple[tuple[str, tuple[Choice, ...]], ...]
    things: tuple[Choice, ...]
    lengths: tuple[Choice, ...]
    reason: str
    longest: int
    lines: tuple[ProposalLine, ...]


def propose_page(
    proposals: tuple[BanProposal, ...],
    groups: tuple[tuple[str, tuple[Person, ...]], ...],
    names: Mapping[str, str],
    words: Words,
    now: datetime,
    wish: Wish | None = None,
) -> ProposePage:
    """Somebody's own proposals, and the pupils about whom there may be one."""
    person, on = (wish.person, wish.on) if wish else ("", SanctionTarget.CHROMEBOOK)
    lasts = wish.lasts if wish else Until.TODAY
    return ProposePage(
        groups=tuple((name, tuple(Choice(x.id, x.name, x.id == person) for x in pupils)) for name, pupils in groups),
        things=tuple(Choice(one.value, words(f"dash.measures.on.{one.value}"), one is on) for one in SanctionTarget),
        lengths=tuple(Choice(one.value, _long(one.value, words), one is lasts) for one in Until),
        reason=wish.reason if wish else "",
        longest=LONGEST_REASON,
        lines=tuple(proposal_line(one, names, words, now) for one in proposals),
    )


def proposal_line(proposal: BanProposal, names: Mapping[str, str], words: Words, now: datetime) -> ProposalLine:
    """A proposal, in words."""
    somebody = words("dash.measures.gone")
    at = words.day_clock(proposal.decided, now) if proposal.decided else ""
    return ProposalLine(
        id=proposal.id,
        person=proposal.person,
        who=names.get(proposal.person, somebody),
        what=words(
            "dash.proposed.what",
            thing=words(f"dash.measures.on.{proposal.on.value}"),
            long=_long(proposal.lasts, words),
        ),
        head=words("dash.proposed.by", name=names.get(proposal.by, somebody), at=words.day_clock(proposal.at, now)),
        reason=proposal.reason,
        waits=proposal.state is ProposalState.OPEN,
        state=words(f"dash.proposed.state.{proposal.state.value}", at=at),
        answer=proposal.answer,
    )


def _long(lasts: str, words: Words) -> str:
    known = lasts if lasts in set(Until) else Until.OWN.value
    return words(f"dash.proposed.long.{known}")
