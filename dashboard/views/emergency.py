"""Beheer, Systeem: the emergency exit. What opens it needs a step up; what closes it never waits."""

from __future__ import annotations

from flask import Blueprint, render_template
from werkzeug.wrappers import Response

from dashboard.access import OFFICE, for_roles
from dashboard.actions import emergency
from dashboard.auth import house, visitor, words
from dashboard.present.emergency import exit_page
from dashboard.views.desk import frame
from dashboard.views.forms import back_to, text

pages = Blueprint("emergency", __name__, url_prefix="/beheer/nooduitgang")


@pages.get("")
@for_roles(OFFICE)
def page() -> str:
    """How it stands, with the forms."""
    return _page()


@pages.post("/aan")
@for_roles(OFFICE, fresh=True)
def start() -> Response:
    """Open it."""
    at = house()
    return back_to("emergency.page", emergency.open_exit(at.desk, visitor().member, text("uren"), at.clock()))


@pages.post("/uit")
@for_roles(OFFICE)
def stop() -> Response:
    """Close it."""
    at = house()
    return back_to("emergency.page", emergency.shut_exit(at.desk, visitor().member, at.clock()))


@pages.post("/code")
@for_roles(OFFICE, fresh=True)
def code() -> str:
    """A new code: shown this once, and kept by no browser."""
    at = house()
    return _page(emergency.new_code(at.desk, visitor().member, at.clock()).value or "")


def _page(code: str = "") -> str:
    at = house()
    shown = exit_page(emergency.see(at.desk, at.clock()), words())
    return render_template("office/nooduitgang.html", page=shown, new_code=code, **frame("emergency"))
