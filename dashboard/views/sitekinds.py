"""Beheer, Lijsten: what holds for each kind of sites, the school's own decisions, and the lists of others."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, render_template
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import OFFICE, for_roles
from dashboard.actions import otherlists, sitekinds
from dashboard.actions.desk import refused
from dashboard.actions.otherlists import OtherLists
from dashboard.actions.sitekinds import Wish
from dashboard.auth import house, visitor, words
from dashboard.present import sitekinds as shown
from dashboard.sheets import csv_answer
from dashboard.views.desk import frame
from dashboard.views.forms import back_to, text

pages = Blueprint("sitekinds", __name__, url_prefix="/beheer/lijsten")
_COLUMNS = ("kind", "holds", "site", "listed")


@pages.get("/")
@for_roles(OFFICE)
def page() -> str:
    """Every kind with what holds."""
    return _page()


@pages.post("/soort")
@for_roles(OFFICE)
def look() -> AnyResponse | str:
    """What a decision would change, before it is taken."""
    at, wish = house(), _wish()
    if wish is None:
        return back_to("sitekinds.page", refused("other"))
    outcome = sitekinds.planned(at.desk, visitor().member, text("kind"), wish, at.clock())
    if outcome.value is None:
        return back_to("sitekinds.page", outcome)
    return _page(plan=shown.plan_card(outcome.value, words()))


@pages.post("/besluit")
@for_roles(OFFICE)
def save() -> AnyResponse:
    """The decision that was looked at holds from now on, unless the rules moved meanwhile."""
    at, wish, based_on = house(), _wish(), text("based_on")
    if wish is None or not based_on.isdecimal():
        return back_to("sitekinds.page", refused("other"))
    outcome = sitekinds.save(at.desk, visitor().member, text("kind"), wish, int(based_on[:9]), at.clock())
    return back_to("sitekinds.page", outcome)


@pages.post("/neem/<feed>")
@for_roles(OFFICE)
def take(feed: str) -> AnyResponse:
    """Yes, the new version of a list is right."""
    at = house()
    return back_to("sitekinds.page", otherlists.take(at.desk, _lists(), visitor().member, feed, at.clock()))


@pages.get("/lijsten.csv")
@for_roles(OFFICE)
def sheet() -> Response:
    """The kinds and the school's own sites in them; no names of people are in it."""
    at = house()
    found = sitekinds.kinds(at.desk.snapshot(at.clock()))
    header = [words()(f"sitekinds.column.{name}") for name in _COLUMNS]
    return csv_answer("lijsten", header, shown.export_rows(found, words()))


def _page(**extra: object) -> str:
    at = house()
    feeds = otherlists.standing(_lists())
    return render_template(
        "office/lijsten.html",
        **frame("lists"),
        **{"plan": None} | extra,
        rows=shown.rows(sitekinds.kinds(at.desk.snapshot(at.clock())), words()),
        feeds=None if feeds is None else shown.feed_lines(feeds, words()),
    )


def _lists() -> OtherLists | None:
    found: OtherLists | None = current_app.extensions["klaswacht_lists"]
    return found


def _wish() -> Wish | None:
    return Wish(text("wish")) if text("wish") in set(Wish) else None
