"""Signing in on shared computers: the code for the board, the teacher's yes or no, and the pictures of a group.

The code is for a screen that the class sees; all the rest has names and is not (`dashboard.board`).
"""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import CLASS_STAFF, for_roles
from dashboard.actions import signing
from dashboard.auth import house, visitor, words
from dashboard.present.signing import pictures_page
from dashboard.views.forms import back_to, message
from dashboard.views.lesson import mine, to_lesson

code_pages = Blueprint("class_code", __name__, url_prefix="/les")
pages = Blueprint("signing", __name__, url_prefix="/les")
_ANSWERS = {"yes": signing.let_in, "no": signing.turn_away, "out": signing.sign_out}


@code_pages.post("/<group>/inlogcode")
@for_roles(CLASS_STAFF)
def code(group: str) -> AnyResponse:
    """A new code for the board, or none any more."""
    now, desk, who = mine(group), house().desk, visitor().member
    act = signing.open_code if request.form.get("on") == "1" else signing.close_code
    return to_lesson(group, act(desk, who, group, now))


@pages.post("/<group>/inloggen/<sign_in>")
@for_roles(CLASS_STAFF)
def answer(group: str, sign_in: str) -> AnyResponse:
    """Yes or no to a pupil who wants in, or out with one who is."""
    now, act = mine(group), _ANSWERS.get(request.form.get("answer", ""))
    if act is None:
        abort(400)
    return to_lesson(group, act(house().desk, visitor().member, group, sign_in, now))


@pages.get("/<group>/plaatjes")
@for_roles(CLASS_STAFF)
def pictures(group: str) -> str:
    """Who of the group has pictures of its own."""
    now, desk = mine(group), house().desk
    found = signing.pictures_of(desk, visitor().member, group, now).value
    known = desk.snapshot(now).groups.get(group)
    if found is None or known is None:
        abort(404)
    return render_template("plaatjes.html", page=pictures_page(known, found, words()), message=message())


@pages.post("/<group>/plaatjes/<pupil>")
@for_roles(CLASS_STAFF)
def change_pictures(group: str, pupil: str) -> AnyResponse:
    """Erase a pupil's pictures, or choose them together."""
    now, desk, who = mine(group), house().desk, visitor().member
    if request.form.get("do") == "forget":
        outcome = signing.forget_pictures(desk, who, group, pupil, now)
    else:
        outcome = signing.set_pictures(desk, who, group, pupil, request.form.getlist("picture"), now)
    if outcome.code == "dash.no.not_yours":
        abort(404)
    return back_to("signing.pictures", outcome, group=group)
