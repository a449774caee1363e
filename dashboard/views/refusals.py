"""Beheer, the tab Voorstellen: what becomes of an app that refuses the school's certificate."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response

from dashboard.access import OFFICE, for_roles
from dashboard.actions import notices
from dashboard.auth import house, visitor
from dashboard.views.forms import back_to, text

pages = Blueprint("refusals", __name__, url_prefix="/beheer")


@pages.post("/voorstellen/app")
@for_roles(OFFICE)
def decide() -> Response:
    """The coordinator lists it, or leaves it closed."""
    at = house()
    outcome = notices.decide(at.desk, visitor().member, text("host"), text("listed") == "1", at.clock())
    return back_to("office.tab", outcome, tab="voorstellen")
