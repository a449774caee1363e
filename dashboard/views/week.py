"""Beheer, Weekrooster: the school's week and each group's own, row by row; looked at first, then saved."""

from __future__ import annotations

import re

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from dashboard.access import OFFICE, for_roles
from dashboard.actions import week as weeks
from dashboard.actions.desk import Outcome
from dashboard.actions.week import Looked
from dashboard.actions.week_rows import Typed, copied, without_row
from dashboard.auth import house, visitor, words
from dashboard.present.week import typed_in, week_page, with_spare
from dashboard.views.desk import frame
from dashboard.views.forms import back_to, text

pages = Blueprint("week", __name__, url_prefix="/beheer/week")
_STEP = re.compile(r"(add|copy|gone)-([0-6])(?:-([0-9]{1,2}))?\Z")


@pages.get("")
@for_roles(OFFICE)
def school() -> Response | str:
    """The school's week."""
    return _page(None)


@pages.get("/<group>")
@for_roles(OFFICE)
def page(group: str) -> Response | str:
    """A group's week."""
    return _page(group)


@pages.post("")
@for_roles(OFFICE)
def change_school() -> Response | str:
    """Look at what was typed, save it, or give another row."""
    return _change(None)


@pages.post("/<group>")
@for_roles(OFFICE)
def change(group: str) -> Response | str:
    """The same for a group."""
    return _change(group)


def _change(group: str | None) -> Response | str:
    at, me, typed, do = house(), visitor().member, typed_in(request.form), text("do")
    based_on = int(text("based_on")[:9]) if text("based_on").isdecimal() else 0
    step = _STEP.match(do)
    if step is not None:
        return _page(group, _stepped(typed, step), at_day=int(step[2]))
    if do == "school":
        found = weeks.week(at.desk, me, None, at.clock())
        typed = Typed(found.value.typed.days) if found.value else typed
    if do != "save":
        outcome = weeks.look(at.desk, me, group, typed, based_on, words().lang, at.clock())
        return _page(group, typed, outcome)
    sure, seen = text("sure") == "1", text("seen")
    outcome = weeks.save(at.desk, me, group, typed, based_on, seen, words().lang, at.clock(), sure=sure)
    if outcome.ok or outcome.value is None:
        return back_to("week.page", outcome, group=group) if group else back_to("week.school", outcome)
    return _page(group, typed, outcome)


def _stepped(typed: Typed, step: re.Match[str]) -> Typed:
    """What was typed after a button that saves nothing: a row more, a row less, a day copied."""
    day = int(step[2])
    match step[1]:
        case "add":
            return with_spare(typed, day)
        case "gone":
            return without_row(typed, day, int(step[3] or "99"))
        case _:
            return copied(typed, day, [int(one) for one in request.form.getlist(f"to{day}") if one in "0123456"])


def _page(
    group: str | None, typed: Typed | None = None, looked: Outcome[Looked] | None = None, at_day: int | None = None
) -> Response | str:
    at, now = house(), house().clock()
    outcome = weeks.week(at.desk, visitor().member, group, now)
    if outcome.value is None:
        return back_to("week.school", outcome)
    shown = week_page(outcome.value, words(), now, looked.value if looked else None, typed, at_day)
    said = frame("week")
    if looked is not None and not looked.ok:
        said["message"] = (words()(looked.code), False)
    return render_template("office/week.html", page=shown, **said)
