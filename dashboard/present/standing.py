"""Standing permissions for staff, as finished strings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from dashboard.actions import standing
from dashboard.actions.measures import DECIDERS
from dashboard.actions.standing import Proposal
from dashboard.actions.substitute import staff_among
from dashboard.present.lesson import Choice
from dashboard.present.words import Words
from policy.model import Facet, Grant, Member, Snapshot
from store.people import Person


@dataclass(frozen=True, slots=True)
class StandingLine:
    """A standing permission that runs."""

    id: str
    what: str
    who: str
    until: str
    by: str
    view: bool
    goal: str


@dataclass(frozen=True, slots=True)
class ProposalCard:
    """What the protocol leaves to the management, with the clause that says so."""

    rule: str
    text: str
    article: str
    clause: str


@dataclass(frozen=True, slots=True)
class StandingPage:
    """The card. `may_give`: who looks decides; `closed`: something is closed to staff at all.

    `first` and `last` are ISO dates, `last_told` is the last one for people.
    """

    lines: tuple[StandingLine, ...]
    proposals: tuple[ProposalCard, ...]
    may_give: bool
    closed: bool
    categories: tuple[Choice, ...]
    roles: tuple[Choice, ...]
    staff: tuple[Choice, ...]
    first: str
    last: str
    last_told: str


def standing_page(
    grants: tuple[Grant, ...],
    proposed: tuple[Proposal, ...],
    who: Member,
    persons: tuple[Person, ...],
    snapshot: Snapshot,
    words: Words,
    now: datetime,
    today: date,
) -> StandingPage:
    """What staff may always do, what is proposed, and the form for who decides."""
    names = {person.id: person.name for person in persons}
    return StandingPage(
        lines=tuple(_line(grant, names, words, now) for grant in grants),
        proposals=tuple(_proposal(one, snapshot, words) for one in proposed),
        may_give=who.role in DECIDERS,
        closed=bool(standing.staff_rules(snapshot)),
        categories=tuple(Choice(name, words.category(name)) for name in standing.categories(snapshot)),
        roles=tuple(Choice(role.value, words(f"dash.standing.role.{role.value}")) for role in standing.roles(snapshot)),
        staff=tuple(Choice(one.id, one.name) for one in staff_among(persons)),
        first=today.isoformat(),
        last=standing.last_day(now).isoformat(),
        last_told=standing.last_day(now).strftime("%d-%m-%Y"),
    )


def _line(grant: Grant, names: Mapping[str, str], words: Words, now: datetime) -> StandingLine:
    what = [*grant.sites, *(words.category(name) for name in sorted(grant.categories))]
    who = [words(f"dash.standing.role.{role.value}") for role in sorted(grant.roles)]
    who += sorted((names.get(person) or words("dash.measures.gone") for person in grant.people), key=str.casefold)
    giver = names.get(grant.by) or words("dash.measures.gone")
    return StandingLine(
        id=grant.id,
        what=", ".join(what),
        who=", ".join(who),
        until=words("dash.standing.until", day=words.date(grant.end)),
        by=words("dash.standing.by", name=giver, at=words.day_clock(grant.start, now)),
        view=Facet.ACTION not in grant.facets,
        goal=grant.goal,
    )


def _proposal(one: Proposal, snapshot: Snapshot, words: Words) -> ProposalCard:
    kinds = ", ".join(words.category(name).casefold() for name in sorted(one.rule.categories))
    protocol = snapshot.policy.protocol
    article = words("dash.standing.article", article=one.clause.article, title=protocol.title, school=protocol.school)
    return ProposalCard(one.rule.id, words("dash.standing.propose", kinds=kinds), article, one.clause.adult)
