"""Mijn les: the page that a teacher has open on a phone."""

from __future__ import annotations

from datetime import datetime

from flask import (
    Blueprint,
    Response,
    abort,
    copy_current_request_context,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import CLASS_STAFF, for_roles
from dashboard.actions import asks, prints, reports, running
from dashboard.actions import group as whole
from dashboard.actions.desk import Outcome
from dashboard.actions.lesson import Lesson, see_lesson
from dashboard.actions.permission import TELL_FIRST
from dashboard.auth import house, on_board, visitor, words
from dashboard.present.lesson import LessonPage, lesson_page
from dashboard.present.words import Words
from dashboard.stream import live
from dashboard.views.consent import confirmed, tell_first
from dashboard.views.forms import back_to, message, text
from dashboard.views.watching import Watch, live_of
from policy.authority import may_permit
from policy.model import Grant

pages = Blueprint("lesson", __name__, url_prefix="/les")


@pages.get("/")
@for_roles(CLASS_STAFF)
def start() -> AnyResponse | str:
    """To the first group, or a word about having none. An intern may read that this school leaves it to the teacher."""
    at, who = house(), visitor()
    if not may_permit(who.member, at.desk.snapshot(at.clock())):
        return render_template("intern.html", message=message())
    mine = at.desk.groups_of(who.member, at.clock())
    if mine:
        return redirect(url_for("lesson.page", group=mine[0].id, nee=request.args.get("nee")), 303)
    return render_template("nogroup.html", message=message())


@pages.get("/<group>")
@for_roles(CLASS_STAFF)
def page(group: str) -> AnyResponse | str:
    """The lesson of one group."""
    at, who = house(), visitor()
    if not may_permit(who.member, at.desk.snapshot(at.clock())):
        return redirect(url_for("lesson.start"), 303)
    lesson = lesson_of(group)
    groups = at.desk.groups_of(who.member, lesson.now)
    return render_template(
        "lesson.html",
        page=presented(lesson),
        groups=groups,
        message=message(),
        now_ms=int(lesson.now.timestamp() * 1000),
    )


@pages.get("/<group>/stroom")
@for_roles(CLASS_STAFF)
def stream(group: str) -> Response:
    """The same page, live."""
    at, who = house(), visitor()
    lesson_of(group)
    shared = live_of()
    place = shared.streams.take(who.member.id)
    if place is None:
        abort(429)
    watch = Watch(group, who.token, words(), on_board(), _names(), shared)
    desk, last = at.desk, request.headers.get("Last-Event-ID", "")
    events = live(
        shared.feed,
        lambda: desk.store.pulse(desk.school),
        copy_current_request_context(watch.look),
        at.clock,
        last,
        shared.stopped.is_set,
        lambda: place.taken_over,
    )
    answer = Response(events, mimetype="text/event-stream")
    answer.headers["X-Accel-Buffering"] = "no"
    answer.call_on_close(lambda: shared.streams.give_back(place))
    return answer


@pages.post("/<group>/vraag/<ask>")
@for_roles(CLASS_STAFF)
def answer(group: str, ask: str) -> AnyResponse | str:
    """Yes, no or later to a pupil's request."""
    now, desk, who = mine(group), house().desk, visitor().member
    reply = text("own") or text("reply")
    if request.form.get("answer") == "yes":
        long, knows = minutes(), confirmed()
        wish = asks.wish_of(desk, who, group, ask, now, minutes=long)
        outcome = asks.say_yes(desk, who, group, ask, now, minutes=long, text=reply, confirmed=knows)
        if wish is not None and outcome.code == TELL_FIRST:
            return tell_first(wish, now, url_for("lesson.answer", group=group, ask=ask), asked=True)
        return to_lesson(group, outcome)
    later = request.form.get("answer") == "later"
    return to_lesson(group, asks.say_no(desk, who, group, ask, now, text=reply, later=later))


@pages.post("/<group>/print/<job>")
@for_roles(CLASS_STAFF)
def print_job(group: str, job: str) -> AnyResponse:
    """Yes or no to a print that waits."""
    now, desk, who = mine(group), house().desk, visitor().member
    if request.form.get("answer") == "yes":
        return to_lesson(group, prints.say_yes(desk, who, group, job, now))
    return to_lesson(group, prints.say_no(desk, who, group, job, now))


@pages.post("/<group>/melding/<report>")
@for_roles(CLASS_STAFF)
def report_seen(group: str, report: str) -> AnyResponse:
    """A report was looked at."""
    return to_lesson(group, reports.see_report(house().desk, visitor().member, group, report, mine(group)))


@pages.post("/<group>/aandacht")
@for_roles(CLASS_STAFF)
def attention(group: str) -> AnyResponse:
    """The group's attention, on or off."""
    now, desk, who = mine(group), house().desk, visitor().member
    on = request.form.get("on") == "1"
    return to_lesson(group, whole.pause(desk, who, group, now) if on else whole.resume(desk, who, group, now))


@pages.post("/<group>/regen")
@for_roles(CLASS_STAFF)
def rain(group: str) -> AnyResponse:
    """A rainy break, on or off."""
    now, desk, who = mine(group), house().desk, visitor().member
    on = request.form.get("on") == "1"
    return to_lesson(group, whole.rain(desk, who, group, now) if on else whole.dry(desk, who, group, now))


@pages.post("/<group>/loopt-nog")
@for_roles(CLASS_STAFF)
def stop_running(group: str) -> AnyResponse:
    """Stop what was left running in this group, and back to the lesson where that was seen."""
    outcome = running.stop(house().desk, visitor().member, group, text("key"), mine(group))
    here = text("here")
    mine(here)
    return to_lesson(here, outcome)


@pages.post("/<group>/plek")
@for_roles(CLASS_STAFF)
def seat(group: str) -> AnyResponse:
    """A pupil sits at a device, or nobody does any more."""
    now, desk, who = mine(group), house().desk, visitor().member
    if text("pupil"):
        return to_lesson(group, whole.seat(desk, who, group, text("pupil"), text("device"), now))
    return to_lesson(group, whole.unseat(desk, who, group, text("device"), now))


def mine(group: str) -> datetime:
    """Now, when the visitor may act for the group; somebody else's group does not exist for them."""
    at = house()
    now = at.clock()
    if not at.desk.may_act_for(visitor().member, group, now):
        abort(404)
    return now


def lesson_of(group: str) -> Lesson:
    """The lesson of a group that the visitor may act for; anybody else's does not exist for them."""
    now, desk, shared = mine(group), house().desk, live_of()
    rows = shared.readings.of(desk, group, now)
    lesson = see_lesson(desk, visitor().member, group, now, rows, shared.streams.away).value
    if lesson is None:
        abort(404)
    return lesson


def _names() -> bool:
    return request.args.get("namen") == "1"


def presented(lesson: Lesson) -> LessonPage:
    """The lesson as this browser may show it."""
    return lesson_page(lesson, Words(words().lang, lesson.zone), board=on_board(), names=_names())


def minutes() -> int | None:
    """How long the form asks for; None: to the end of the lesson."""
    chosen = request.form.get("minutes", "lesson")
    return int(chosen) if chosen in {"10", "30", "60"} else None


def to_lesson(group: str, outcome: Outcome[Grant] | Outcome[object]) -> AnyResponse:
    """Back to the lesson, with what came of it."""
    until = words().clock(outcome.value.end) if isinstance(outcome.value, Grant) else ""
    names = {"namen": "1"} if request.args.get("namen") == "1" else {}
    return back_to("lesson.page", outcome, until, group=group, **names)
