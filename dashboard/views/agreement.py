"""An agreement for the lesson: the page that starts one, and the button that stops it."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import CLASS_STAFF, for_roles
from dashboard.actions import agreement
from dashboard.actions.agreement import Plan
from dashboard.auth import house, on_board, visitor, words
from dashboard.present.agreement import AgreementForm, agreement_form, answered_form
from dashboard.views.forms import back_to, text
from dashboard.views.lesson import lesson_of, mine, minutes, presented

pages = Blueprint("agreement", __name__, url_prefix="/les")
_LONGEST_LIST = 4000
_STOP = {"stop": True, "keep": False}


@pages.get("/<group>/afspraak")
@for_roles(CLASS_STAFF)
def page(group: str) -> str:
    """The form."""
    mine(group)
    return _page(group, agreement_form(Plan(group), words()))


@pages.post("/<group>/afspraak")
@for_roles(CLASS_STAFF)
def start(group: str) -> AnyResponse | str:
    """Start an agreement, or say what stands in the way, or ask first whether other permissions stop."""
    now, desk, who = mine(group), house().desk, visitor().member
    some = request.form.get("who") == "some"
    plan = Plan(
        group=group,
        goal=text("goal"),
        sites=tuple(request.form.get("sites", "")[:_LONGEST_LIST].replace(",", " ").split()),
        people=frozenset(request.form.getlist("pupil")) if some else frozenset(),
        whole_group=not some,
        minutes=minutes(),
        stop_others=_STOP.get(request.form.get("others", "")),
    )
    ahead = agreement.look_ahead(desk, who, plan, now)
    if not ahead.problems and not (ahead.others and plan.stop_others is None):
        outcome = agreement.start(desk, who, plan, now)
        if outcome.ok:
            return back_to("lesson.page", outcome, group=group)
    lesson = lesson_of(group)
    names = {} if on_board() else lesson.names
    asked = bool(request.form.get("asked"))
    return _page(group, answered_form(plan, ahead, names, lesson.offers.topics, words(), asked=asked))


@pages.post("/<group>/afspraak/<agreed>/stop")
@for_roles(CLASS_STAFF)
def stop(group: str, agreed: str) -> AnyResponse:
    """Stop an agreement now."""
    now, desk, who = mine(group), house().desk, visitor().member
    return back_to("lesson.page", agreement.stop(desk, who, group, agreed, now), group=group)


def _page(group: str, form: AgreementForm) -> str:
    return render_template("agreement.html", page=presented(lesson_of(group)), form_=form, message=None)
