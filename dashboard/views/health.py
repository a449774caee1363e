"""Beheer, Systeem: how the guard itself is."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template

from dashboard.access import OFFICE, for_roles
from dashboard.actions import health
from dashboard.auth import house, words
from dashboard.present.health import health_page
from dashboard.views.desk import frame

pages = Blueprint("health", __name__, url_prefix="/beheer")


@pages.get("/gezondheid")
@for_roles(OFFICE)
def page() -> str:
    """A line for every part."""
    at = house()
    now = at.clock()
    facts = health.see(at.desk, current_app.extensions["klaswacht_vitals"], now)
    return render_template("office/gezondheid.html", page=health_page(facts, words(), now), **frame("health"))
