"""An agreement or a test: the page that starts one, plans it or keeps it ready, and the buttons that stop and move."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from flask import Blueprint, abort, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from config.texts import say
from dashboard.access import CLASS_STAFF, for_roles
from dashboard.actions import agreement, agreement_shelf, planned
from dashboard.actions.agreement import Plan
from dashboard.actions.desk import Outcome
from dashboard.actions.lesson import Lesson
from dashboard.auth import house, on_board, visitor, words
from dashboard.present.agreement import (
    AgreementForm,
    agreement_form,
    answered_form,
    lesson_choices,
    planned_card,
    problem_lines,
    ready_card,
)
from dashboard.present.words import Choice, Words
from dashboard.views.forms import back_to, moment, text
from dashboard.views.lesson import lesson_of, mine, minutes, presented
from policy.model import ALWAYS

pages = Blueprint("agreement", __name__, url_prefix="/les")
_LONGEST_LIST = 4000
_STOP = {"stop": True, "keep": False}


@pages.get("/<group>/afspraak")
@for_roles(CLASS_STAFF)
def page(group: str) -> str:
    """The form, empty (`toets`: for a test) or filled in with one of the shelf (`plank`)."""
    mine(group)
    kept_id = request.args.get("plank", "")
    if not kept_id:
        return _page(group, agreement_form(Plan(group, test=request.args.get("toets") == "1"), words()))
    kept = _kept(kept_id)
    form = agreement_form(agreement_shelf.plan_of(kept, group), words())
    card = ready_card(kept, lesson_of(group).keepers, words(), on_board())
    return _page(group, replace(form, kept=card))


@pages.post("/<group>/afspraak")
@for_roles(CLASS_STAFF)
def start(group: str) -> AnyResponse | str:
    """Start, plan or keep ready; or say what stands in the way, or ask first whether other permissions stop."""
    now, plan = mine(group), _plan(group)
    if request.form.get("do") == "keep":
        return _keep(plan, now)
    return _go(plan, now)


@pages.post("/<group>/klaarstaand/<kept>")
@for_roles(CLASS_STAFF)
def take(group: str, kept: str) -> AnyResponse | str:
    """Start one of the shelf for this group."""
    now, found = mine(group), _kept(kept)
    answer = _go(agreement_shelf.plan_of(found, group), now)
    if not isinstance(answer, str):
        house().desk.store.prepared.used(house().desk.school, found.id, now)
    return answer


@pages.post("/<group>/klaarstaand/<kept>/delen")
@for_roles(CLASS_STAFF)
def share(group: str, kept: str) -> AnyResponse:
    """Let colleagues use it too, or no longer."""
    now, desk, who = mine(group), house().desk, visitor().member
    shared = request.form.get("on") == "1"
    return back_to("lesson.page", agreement_shelf.share(desk, who, kept, now, shared=shared), group=group)


@pages.post("/<group>/klaarstaand/<kept>/weg")
@for_roles(CLASS_STAFF)
def drop(group: str, kept: str) -> AnyResponse:
    """Take it off the shelf."""
    now, desk, who = mine(group), house().desk, visitor().member
    return back_to("lesson.page", agreement_shelf.drop(desk, who, kept, now), group=group)


@pages.post("/<group>/afspraak/<agreed>/stop")
@for_roles(CLASS_STAFF)
def stop(group: str, agreed: str) -> AnyResponse:
    """Stop an agreement now."""
    now, desk, who = mine(group), house().desk, visitor().member
    return back_to("lesson.page", agreement.stop(desk, who, group, agreed, now), group=group)


@pages.get("/<group>/afspraak/<agreed>/verzetten")
@for_roles(CLASS_STAFF)
def other_lesson(group: str, agreed: str) -> AnyResponse | str:
    """The lessons that a planned agreement may move to."""
    return _move_page(group, agreed, mine(group))


@pages.post("/<group>/afspraak/<agreed>/verzetten")
@for_roles(CLASS_STAFF)
def move(group: str, agreed: str) -> AnyResponse | str:
    """Move a planned agreement to another lesson."""
    now, desk, who = mine(group), house().desk, visitor().member
    outcome = planned.move(desk, who, group, agreed, moment(text("at")), now)
    if outcome.ok:
        return back_to("lesson.page", outcome, group=group)
    return _move_page(group, agreed, now, outcome)


@pages.post("/<group>/afspraak/<agreed>/afzeggen")
@for_roles(CLASS_STAFF)
def cancel(group: str, agreed: str) -> AnyResponse:
    """Take a planned agreement away."""
    now, desk, who = mine(group), house().desk, visitor().member
    return back_to("lesson.page", planned.cancel(desk, who, group, agreed, now), group=group)


def _plan(group: str) -> Plan:
    """What the form asks for."""
    some = request.form.get("who") == "some"
    return Plan(
        group=group,
        goal=text("goal"),
        sites=tuple(request.form.get("sites", "")[:_LONGEST_LIST].replace(",", " ").split()),
        people=frozenset(request.form.getlist("pupil")) if some else frozenset(),
        whole_group=not some,
        minutes=minutes(),
        stop_others=_STOP.get(request.form.get("others", "")),
        at=(moment(text("at")) or ALWAYS) if request.form.get("do") == "plan" else None,
        test=request.form.get("kind") == "test",
    )


def _go(plan: Plan, now: datetime) -> AnyResponse | str:
    desk, who = house().desk, visitor().member
    ahead = agreement.look_ahead(desk, who, plan, now)
    if not ahead.problems and not (ahead.others and plan.stop_others is None):
        outcome = agreement.start(desk, who, plan, now)
        if outcome.ok:
            return back_to("lesson.page", outcome, group=plan.group)
    lesson = lesson_of(plan.group)
    names = {} if on_board() else lesson.names
    asked = bool(request.form.get("asked"))
    return _page(plan.group, answered_form(plan, ahead, names, lesson.offers.topics, words(), asked=asked))


def _keep(plan: Plan, now: datetime) -> AnyResponse | str:
    shared = request.form.get("shared") == "1"
    kept = agreement_shelf.keep(house().desk, visitor().member, plan, now, shared=shared)
    if isinstance(kept, Outcome):
        return back_to("lesson.page", kept, group=plan.group)
    return _page(plan.group, replace(agreement_form(plan, words()), problems=problem_lines(kept, words())))


def _kept(kept_id: str) -> agreement_shelf.Ready:
    """One of the shelf that the visitor may start; what colleagues keep for themselves does not exist."""
    found = agreement_shelf.find(house().desk, visitor().member, kept_id)
    if found is None:
        abort(404)
    return found


def _page(group: str, form: AgreementForm) -> str:
    lesson = lesson_of(group)
    chosen = moment(text("at")) if request.method == "POST" else None
    form = replace(form, lessons=_lessons(lesson, chosen), may_keep=not visitor().substitute)
    return render_template("agreement.html", page=presented(lesson), form_=form, message=None)


def _move_page(group: str, agreed: str, now: datetime, outcome: Outcome[None] | None = None) -> AnyResponse | str:
    found = planned.find(house().desk, visitor().member, group, agreed, now)
    if found is None:
        return back_to("lesson.page", Outcome(False, "dash.no.plan_gone"), group=group)
    lesson = lesson_of(group)
    return render_template(
        "agreement_move.html",
        group=group,
        planned=planned_card(found, lesson, Words(words().lang, lesson.zone), on_board()),
        lessons=_lessons(lesson, found.agreement.start),
        problem=say(outcome.code, words().lang) if outcome else "",
        message=None,
    )


def _lessons(lesson: Lesson, chosen: datetime | None) -> tuple[Choice, ...]:
    coming = agreement.coming(house().desk.snapshot(lesson.now), visitor().member, lesson.group.id, lesson.now)
    return lesson_choices(coming, lesson.now, Words(words().lang, lesson.zone), chosen)
