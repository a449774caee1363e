"""Beheer, the tabs Proef and Voorstellen: what is typed comes in a form and goes out in the answer to it."""

from __future__ import annotations

from flask import Blueprint, request
from werkzeug.wrappers import Response

from dashboard.access import OFFICE, for_roles
from dashboard.actions import ownlists, trial
from dashboard.actions.consequences import consequences
from dashboard.actions.desk import refused
from dashboard.actions.ownlists import Change, What
from dashboard.auth import house, visitor, words
from dashboard.present import trial as shown
from dashboard.present.consequences import plan_card
from dashboard.present.office import group_choices
from dashboard.views.forms import back_to, text
from dashboard.views.office import tab_page
from policy.pagesigns import MOST_HTML

pages = Blueprint("trial", __name__, url_prefix="/beheer")


@pages.post("/proef")
@for_roles(OFFICE)
def ask() -> Response | str:
    """What would happen to what was typed, and why."""
    at, now = house(), house().clock()
    asked, moment = text("asked"), text("moment")
    wish = trial.Wish(
        request.form.get("typed", "")[: trial.LONGEST + 1],
        text("group"),
        trial.Asked(asked) if asked in set(trial.Asked) else trial.Asked.AUTO,
        text("engine"),
        text("site"),
        trial.Moment(moment) if moment in set(trial.Moment) else trial.Moment.LESSON,
    )
    outcome = trial.tried(at.desk, visitor().member, wish, now)
    if outcome.value is None:
        return back_to("office.tab", outcome, tab="proef")
    snapshot = at.desk.snapshot(now)
    card = shown.trial_card(outcome.value, snapshot, words(), now)
    chosen = group_choices(snapshot.groups, (wish.group,))
    return tab_page("proef", tried=card, wish=wish, choices=chosen, shelf=shown.shelf(snapshot, words(), wish))


@pages.post("/proef/bladzijde")
@for_roles(OFFICE)
def look() -> Response | str:
    """What a page that somebody saved looks like. Its beginning is read, and the file is kept nowhere."""
    at, file = house(), request.files.get("page")
    body = file.stream.read(MOST_HTML) if file is not None else b""
    outcome = trial.shaped(at.desk, visitor().member, body, text("site"))
    if outcome.value is None:
        return back_to("office.tab", outcome, tab="proef")
    return tab_page("proef", page=shown.page_card(outcome.value, words()))


@pages.post("/proef/wijziging")
@for_roles(OFFICE)
def preview() -> Response | str:
    """What a change would do, before it is saved."""
    at, now = house(), house().clock()
    change = _change()
    if change is None:
        return back_to("office.tab", refused("other"), tab="proef")
    outcome = consequences(at.desk, visitor().member, change, now)
    if outcome.value is None:
        return back_to("office.tab", outcome, tab="proef")
    return tab_page("proef", plan=plan_card(outcome.value, at.desk.snapshot(now), words()))


@pages.post("/proef/bewaar")
@for_roles(OFFICE)
def save() -> Response:
    """The change that was looked at holds from now on, unless the rules moved meanwhile."""
    at, change, based_on = house(), _change(), text("based_on")
    if change is None or not based_on.isdecimal():
        return back_to("office.tab", refused("other"), tab="proef")
    outcome = ownlists.save(at.desk, visitor().member, change, int(based_on[:9]), at.clock())
    return back_to("office.tab", outcome, tab="proef")


@pages.post("/voorstellen/sluit")
@for_roles(OFFICE)
def keep() -> Response:
    """A proposed site closes like the sites of a category."""
    at = house()
    outcome = ownlists.keep_proposal(at.desk, visitor().member, text("host"), text("category"), at.clock())
    return back_to("office.tab", outcome, tab="voorstellen")


@pages.post("/voorstellen/laat")
@for_roles(OFFICE)
def dismiss() -> Response:
    """A proposed site stays open."""
    at = house()
    outcome = ownlists.dismiss_proposal(at.desk, visitor().member, text("host"), at.clock())
    return back_to("office.tab", outcome, tab="voorstellen")


@pages.post("/voorstellen/wachten")
@for_roles(OFFICE)
def hold() -> Response:
    """Whether new sites that look like something wait for the coordinator."""
    at = house()
    change = Change(What.HOLD if text("on") == "1" else What.NO_HOLD)
    return back_to("office.tab", ownlists.save_now(at.desk, visitor().member, change, at.clock()), tab="voorstellen")


def _change() -> Change | None:
    """The change in the form; None when it is none of ours."""
    what, severity = text("what"), text("severity")
    if what not in set(What) or what in (What.HOLD, What.NO_HOLD):
        return None
    return Change(
        What(what),
        text("text").strip(),
        text("kind"),
        text("part") == "1",
        int(severity) if severity in ("1", "2", "3") else 2,
        text("category"),
    )
