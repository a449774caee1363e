"""A substitute: the door with a day code, the page that says how it works, and where a teacher makes the code."""

from __future__ import annotations

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import CLASS_STAFF, for_roles, public
from dashboard.actions import accounts, substitute
from dashboard.actions.substitute import NewCode
from dashboard.auth import begin, house, visitor, words
from dashboard.present.substitute import fresh_code, invite_page, welcome_page
from dashboard.present.words import Words
from dashboard.views.forms import back_to, message, text

door = Blueprint("standing_in", __name__, url_prefix="/invallen")
pages = Blueprint("substitute", __name__, url_prefix="/les")


@door.get("")
@public
def page() -> str:
    """The door: a name of one's own, and the code."""
    return render_template("substitute_in.html", message=message())


@door.post("")
@public
def enter() -> AnyResponse:
    """Check the code; always a new session, never the one that came in."""
    at = house()
    outcome = substitute.enter(at.desk, text("name"), text("code"), request.remote_addr or "", at.clock())
    if outcome.value is None:
        return back_to("standing_in.page", outcome)
    if g.visitor:
        accounts.sign_out(at.desk, g.visitor.token, g.visitor.member.id, at.clock())
    answer = redirect(url_for("standing_in.welcome"), 303)
    begin(answer, outcome.value.token, board=request.form.get("board") == "1")
    return answer


@door.get("/vandaag")
@for_roles(CLASS_STAFF)
def welcome() -> AnyResponse | str:
    """How it works today, in five lines."""
    at, who = house(), visitor()
    snapshot = at.desk.snapshot(at.clock())
    group = next((snapshot.groups[one] for one in who.member.groups if one in snapshot.groups), None)
    if not who.substitute or group is None:
        return redirect(url_for("signin.start"), 303)
    said = Words(words().lang, snapshot.policy.schedule.zone)
    return render_template(
        "substitute_welcome.html", page=welcome_page(who.name, group.id, group.name, who.until, said), message=message()
    )


@pages.get("/<group>/invaller")
@for_roles(CLASS_STAFF)
def invite(group: str) -> str:
    """The codes of a group."""
    return _invite_page(group)


@pages.post("/<group>/invaller")
@for_roles(CLASS_STAFF)
def make(group: str) -> AnyResponse | str:
    """Make a code; it is in the answer to this form, and kept nowhere."""
    at = house()
    _may(group)
    outcome = substitute.make(at.desk, visitor().member, group, text("day"), at.clock())
    if outcome.value is None:
        return back_to("substitute.invite", outcome, group=group)
    return _invite_page(group, outcome.value)


@pages.post("/<group>/invaller/<code>/weer")
@for_roles(CLASS_STAFF)
def again(group: str, code: str) -> AnyResponse:
    """A used code works once more."""
    at = house()
    _may(group)
    outcome = substitute.allow_again(at.desk, visitor().member, group, code, at.clock())
    return back_to("substitute.invite", outcome, group=group)


@pages.post("/<group>/invaller/<code>/stop")
@for_roles(CLASS_STAFF)
def stop(group: str, code: str) -> AnyResponse:
    """Withdraw a code; whoever is in with it is out."""
    at = house()
    _may(group)
    outcome = substitute.end(at.desk, visitor().member, group, code, at.clock())
    return back_to("lesson.page" if text("back") == "les" else "substitute.invite", outcome, group=group)


def _may(group: str) -> None:
    """Somebody else's group does not exist for them, and neither does this page for who may not let anybody in."""
    at = house()
    if not substitute.may_invite(at.desk, visitor().member, group, at.clock()):
        abort(404)


def _invite_page(group: str, made: NewCode | None = None) -> str:
    at, me = house(), visitor().member
    now = at.clock()
    found = substitute.invitations(at.desk, me, group, now).value
    if found is None:
        abort(404)
    said = Words(words().lang, at.desk.snapshot(now).policy.schedule.zone)
    fresh = fresh_code(made, request.host, said) if made else None
    names = {person.id: person.name for person in at.desk.store.people.persons(at.desk.school)}
    shows = invite_page(found, names, said, now, fresh)
    return render_template("substitute.html", page=shows, group=found.group, message=message())
