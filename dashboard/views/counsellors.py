"""Beheer, Postvak: the switch of the counsellors' inbox, for the management. Nothing of what is in it is here."""

from __future__ import annotations

from flask import Blueprint, abort, render_template
from werkzeug.wrappers import Response

from dashboard.access import for_roles
from dashboard.actions import counsellors
from dashboard.auth import house, visitor, words
from dashboard.present.counsellors import switch_page
from dashboard.views.desk import frame
from dashboard.views.forms import back_to

pages = Blueprint("counsellors", __name__, url_prefix="/beheer/postvak")


@pages.get("/")
@for_roles(counsellors.DECIDERS)
def page() -> str:
    """How the inbox stands."""
    at = house()
    found = counsellors.look(at.desk, visitor().member, at.clock()).value
    if found is None:
        abort(403)
    return render_template("office/counsellors.html", page=switch_page(found, words()), **frame("counsellors"))


@pages.post("/aan")
@for_roles(counsellors.DECIDERS, fresh=True)
def switch_on() -> Response:
    """Switch it on."""
    at = house()
    return back_to("counsellors.page", counsellors.switch_on(at.desk, visitor().member, at.clock()))


@pages.post("/uit")
@for_roles(counsellors.DECIDERS, fresh=True)
def switch_off() -> Response:
    """Switch it off."""
    at = house()
    return back_to("counsellors.page", counsellors.switch_off(at.desk, visitor().member, at.clock()))
