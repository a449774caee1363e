"""Beheer, Inlezen: a list of people by CSV. Looked at first, taken over after; the file itself is kept nowhere.

Between the two pages the rows travel in the form, signed for this session (`dashboard.parked`).
"""

from __future__ import annotations

import secrets
from dataclasses import asdict

from flask import Blueprint, abort, render_template, request, url_for
from werkzeug.wrappers import Response

from dashboard import parked
from dashboard.access import OFFICE, for_roles
from dashboard.actions import roster
from dashboard.actions.roster import Adopted, List
from dashboard.actions.roster_columns import Entry, Sheet, read_sheet
from dashboard.actions.roster_plan import Options
from dashboard.actions.table import LARGEST_FILE
from dashboard.auth import house, visitor, words
from dashboard.present.intake import columns, intake_page, mending
from dashboard.present.links import link_sheet
from dashboard.sheets import csv_answer
from dashboard.views.desk import frame
from dashboard.views.forms import text

pages = Blueprint("intake", __name__, url_prefix="/beheer/inlezen")


@pages.get("")
@for_roles(OFFICE)
def page() -> str:
    """Where a file is chosen or pasted."""
    return _page()


@pages.post("")
@for_roles(OFFICE)
def look() -> str:
    """What a file would do; or, from that page, the same with other ticks."""
    if request.form.get("parked"):
        wanted = _waiting()
        return _preview(wanted) if wanted else _page("people_old")
    sheet = read_sheet(*_sent())
    if sheet.problem:
        return _page(f"people_file_{sheet.problem}", sheet)
    return _preview(List(sheet.entries, secrets.token_hex(8), Options()), sheet)


@pages.post("/overnemen")
@for_roles(OFFICE)
def adopt() -> str:
    """Take over what was shown."""
    at, wanted = house(), _waiting()
    if wanted is None:
        return _page("people_old")
    outcome = roster.adopt(at.desk, visitor().member, wanted, text("mark"), at.clock())
    return _preview(wanted, code=outcome.code, adopted=outcome.value)


@pages.post("/mis")
@for_roles(OFFICE)
def mend() -> Response | str:
    """The rows that are not good, as a file to mend and bring back."""
    wanted = _waiting()
    outcome = roster.look(house().desk, visitor().member, wanted) if wanted else None
    if outcome is None or outcome.value is None:
        return _page("people_old")
    return csv_answer("verbeteren", *mending(outcome.value, words()))


@pages.get("/links")
@for_roles(OFFICE)
def links() -> str:
    """Who of staff never set a password, to choose from."""
    waiting = roster.without_password(house().desk)
    return render_template("office/links.html", **frame("intake"), waiting=waiting, sheet=())


@pages.post("/links")
@for_roles(OFFICE, fresh=True)
def make_links() -> str:
    """A link for each who was chosen, on one page to print; told once."""
    at, now = house(), house().clock()
    chosen = frozenset(request.form.getlist("people"))
    outcome = roster.make_links(at.desk, visitor().member, chosen, now)
    shown = link_sheet(outcome.value or (), _link_url, words(), now)
    around = frame("intake") | {"message": (words()(outcome.code), outcome.ok)}
    waiting = () if outcome.ok else roster.without_password(at.desk)
    return render_template("office/links.html", **around, waiting=waiting, sheet=shown)


def _link_url(token: str) -> str:
    return url_for("password.page", token=token, _external=True)


def _sent() -> tuple[bytes, bytes, bytes]:
    """The three files; what was pasted stands for the first."""
    first, second, third = (
        file.stream.read(LARGEST_FILE + 1) if (file := request.files.get(name)) else b""
        for name in ("file", "classes", "enrollments")
    )
    return first or request.form.get("pasted", "").encode("utf-8", "replace"), second, third


def _owner() -> str:
    return f"intake:{visitor().token}"


def _waiting() -> List | None:
    """The list that came along in the form, with the ticks of this moment; None: too old, or not of this session."""
    at = house()
    found = parked.fetch(at.secret, _owner(), request.form.get("parked", ""), at.clock())
    if not isinstance(found, dict):
        return None
    options = Options(bool(request.form.get("make_groups")), bool(request.form.get("let_go")))
    return List(tuple(Entry(*row) for row in found["entries"]), found["salt"], options)


def _preview(wanted: List, sheet: Sheet | None = None, *, code: str = "", adopted: Adopted | None = None) -> str:
    """The page that shows what a list would do, or (`adopted`) what it did."""
    at, said, now = house(), words(), house().clock()
    outcome = roster.look(at.desk, visitor().member, wanted)
    plan = adopted.plan if adopted else outcome.value
    if plan is None:
        abort(403)
    value = {"salt": wanted.salt, "entries": [list(asdict(entry).values()) for entry in wanted.entries]}
    sealed = parked.park(at.secret, _owner(), value, now)
    if not sealed:
        return _page("people_file_long", sheet)
    around = frame("intake") | ({"message": (said(code), code.startswith("dash.done"))} if code else {})
    return render_template(
        "office/inlezen_ziet.html",
        **around,
        looked=intake_page(plan, wanted, at.desk.snapshot(now).groups, sealed, said),
        columns=columns(sheet, said) if sheet else None,
        done=adopted is not None,
        without=adopted.without if adopted else (),
        staff=bool(adopted and adopted.plan.logins),
    )


def _page(code: str = "", sheet: Sheet | None = None) -> str:
    """The first page; after a refusal with the reason, and with what was pasted."""
    said = words()
    around = frame("intake") | ({"message": (said(f"dash.no.{code}"), False)} if code else {})
    return render_template(
        "office/inlezen.html",
        **around,
        typed=request.form.get("pasted", ""),
        columns=columns(sheet, said) if sheet and sheet.headings else None,
    )
