"""Before signing out while something of one's own still runs: stop it, or let it run to its end."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import CLASS_STAFF, for_roles
from dashboard.actions import running
from dashboard.actions.offers import topics_of
from dashboard.auth import house, visitor, words
from dashboard.present.running import leaving_page
from dashboard.present.words import Words

pages = Blueprint("leaving", __name__)


@pages.get("/afmelden")
@for_roles(CLASS_STAFF)
def page() -> AnyResponse | str:
    """What still runs; back to where they start when nothing does."""
    at, who = house(), visitor()
    now = at.clock()
    left = running.left_by(at.desk, who.member, now)
    if not left:
        return redirect(url_for("signin.start"), 303)
    snapshot = at.desk.snapshot(now)
    groups = {group.id: group.name for group in snapshot.groups.values()}
    said = Words(words().lang, snapshot.policy.schedule.zone)
    leaving = leaving_page(left, groups, topics_of(snapshot), now, said)
    return render_template("leaving.html", leaving=leaving, message=None)


def first() -> AnyResponse | None:
    """The way to that page, where it must come before the session ends; what is to be stopped, is stopped here."""
    at, who = house(), visitor()
    now, how = at.clock(), request.form.get("how", "")
    if who.role not in CLASS_STAFF:
        return None
    if how == "stop":
        running.stop_all(at.desk, who.member, now)
    elif how != "keep" and running.left_by(at.desk, who.member, now):
        return redirect(url_for("leaving.page"), 303)
    return None
