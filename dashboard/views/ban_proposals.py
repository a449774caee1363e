"""Voorstellen: where a teacher proposes a ban and reads the answer, and where the management gives one."""

from __future__ import annotations

from flask import Blueprint, abort, render_template
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import for_roles
from dashboard.actions import ban_proposals
from dashboard.actions.ban_proposals import PROPOSERS, Wish
from dashboard.actions.measures import DECIDERS, Until
from dashboard.auth import house, on_board, visitor, words
from dashboard.present.ban_proposals import propose_page
from dashboard.views.forms import back_to, message, text
from dashboard.views.measures import tabs
from policy.model import SanctionTarget

pages = Blueprint("ban_proposals", __name__, url_prefix="/maatregelen/voorstellen")


@pages.get("")
@for_roles(PROPOSERS)
def page() -> str:
    """What somebody proposed, and the form."""
    return _page()


@pages.post("")
@for_roles(PROPOSERS)
def propose() -> AnyResponse | str:
    """Propose a ban; what was typed stays on the page when it cannot be."""
    at = house()
    on, lasts = text("on"), text("lasts")
    wish = Wish(
        text("pupil"),
        SanctionTarget(on) if on in set(SanctionTarget) else SanctionTarget.CHROMEBOOK,
        Until(lasts) if lasts in set(Until) else Until.OWN,
        text("reason"),
    )
    outcome = ban_proposals.propose(at.desk, visitor().member, wish, at.clock())
    if outcome.code == "dash.no.not_yours":
        abort(404)
    if outcome.ok:
        return back_to("ban_proposals.page", outcome)
    return _page(wish, (words()(outcome.code), False))


@pages.post("/<proposal>/terug")
@for_roles(PROPOSERS)
def withdraw(proposal: str) -> AnyResponse:
    """Take one back; somebody else's does not exist for them."""
    at = house()
    outcome = ban_proposals.withdraw(at.desk, visitor().member, proposal, at.clock())
    if outcome.code == "dash.no.gone":
        abort(404)
    return back_to("ban_proposals.page", outcome)


@pages.post("/<proposal>/antwoord")
@for_roles(DECIDERS)
def decline(proposal: str) -> AnyResponse:
    """Answer it without a ban."""
    at = house()
    outcome = ban_proposals.decline(at.desk, visitor().member, proposal, text("answer"), at.clock())
    return back_to("measures.page", outcome)


def _page(wish: Wish | None = None, told: tuple[str, bool] | None = None) -> str:
    at, me = house(), visitor().member
    if on_board():
        return render_template("measures.html", part="board", tabs=(), page=None, message=None)
    now = at.clock()
    groups = at.desk.groups_of(me, now)
    rosters = tuple((group.name, at.desk.store.people.roster(at.desk.school, group.id)) for group in groups)
    names = {person.id: person.name for person in at.desk.store.people.persons(at.desk.school)}
    shows = propose_page(
        ban_proposals.own(at.desk, me), tuple(one for one in rosters if one[1]), names, words(), now, wish
    )
    return render_template("measures.html", part="proposed", tabs=tabs(), page=shows, message=told or message())
