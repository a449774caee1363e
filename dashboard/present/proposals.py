"""Sites that nobody lists and that look like something: each in a sentence, with what can be done in one tap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from config.sense import closing_categories
from dashboard.present.lesson import Choice
from dashboard.present.trial import category_choices, looks_like
from dashboard.present.words import Words
from policy.model import Snapshot
from store.proposals import Proposal


@dataclass(frozen=True, slots=True)
class ProposalLine:
    """One proposal. `category` is what one tap closes it like (empty: no rule closes that kind); `others` to choose."""

    host: str
    looks: str
    seen: str
    category: str
    close: str
    others: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class ProposalBoard:
    """Everything that waits, and whether new sites are held until somebody looked."""

    lines: tuple[ProposalLine, ...]
    holding: bool


def proposal_board(proposals: tuple[Proposal, ...], snapshot: Snapshot, words: Words, now: datetime) -> ProposalBoard:
    """The proposals that wait, the newest first."""
    lines = tuple(_line(proposal, snapshot, words, now) for proposal in proposals)
    return ProposalBoard(lines, snapshot.policy.hold_unknown)


def _line(proposal: Proposal, snapshot: Snapshot, words: Words, now: datetime) -> ProposalLine:
    closes = proposal.kind in closing_categories(snapshot.policy)
    name = words.category(proposal.kind)
    times = "once" if proposal.times == 1 else "often"
    return ProposalLine(
        host=proposal.host,
        looks=looks_like(proposal.kind, proposal.reasons, words),
        seen=words(
            f"dash.proposals.seen_{times}",
            count=proposal.times,
            first=words.day_clock(proposal.first_seen, now),
            last=words.day_clock(proposal.last_seen, now),
        ),
        category=proposal.kind if closes else "",
        close=words("dash.proposals.close", category=name.casefold()) if closes else "",
        others=category_choices(snapshot, words, proposal.kind),
    )
