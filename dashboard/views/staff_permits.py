"""Beheer, Toestemming personeel: what teachers, interns and others of staff may always do."""

from __future__ import annotations

from flask import Blueprint, render_template

from dashboard.access import OFFICE, for_roles
from dashboard.actions import care, standing
from dashboard.auth import house, visitor, words
from dashboard.present.standing import standing_page
from dashboard.views.desk import frame

pages = Blueprint("staff_permits", __name__, url_prefix="/beheer")


@pages.get("/personeel")
@for_roles(OFFICE)
def page() -> str:
    """The standing permissions that run; the management gives and stops them, the coordinator looks."""
    at, me, said = house(), visitor().member, words()
    now = at.clock()
    snapshot = at.desk.snapshot(now)
    persons = at.desk.store.people.persons(at.desk.school)
    given, proposed = standing.standing(at.desk, me, now), standing.proposals(at.desk, now)
    shown = standing_page(given, proposed, me, persons, snapshot, said, now, care.today(snapshot, now))
    return render_template("office/staff_permits.html", standing=shown, **frame("staff_permits"))
