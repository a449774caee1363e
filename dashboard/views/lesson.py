"""Mijn les: the page that a teacher has open on a phone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from threading import Event

from flask import (
    Blueprint,
    Response,
    abort,
    copy_current_request_context,
    current_app,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import CLASS_STAFF, for_roles
from dashboard.actions import asks, permission, reports
from dashboard.actions import group as whole
from dashboard.actions.desk import Outcome
from dashboard.actions.lesson import Lesson, see_lesson
from dashboard.auth import find_visitor, house, on_board, visitor, words
from dashboard.present.consent import consent_page
from dashboard.present.lesson import LessonPage, lesson_page
from dashboard.present.words import Words
from dashboard.stream import Look, Streams, live
from dashboard.views.forms import back_to, message, moment, text
from policy.authority import may_permit
from policy.model import Facet, Grant
from store.feed import Feed

pages = Blueprint("lesson", __name__, url_prefix="/les")
PARTS = ("now", "asks", "agreed", "open", "lengths", "extra", "seen", "klas")

_FACETS = {"print": Facet.PRINT, "phone": Facet.CONNECT, "words": Facet.WORDS}
_NOT_KEPT = frozenset({"csrf", "confirmed", "names"})


@dataclass(slots=True)
class Live:
    """What the streams share."""

    feed: Feed
    streams: Streams
    stopped: Event = field(default_factory=Event)

    def close(self) -> None:
        """Let every stream end."""
        self.stopped.set()
        self.feed.close()


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
    at, who, said, shown = house(), visitor(), words(), (on_board(), _names())
    lesson_of(group)
    shared: Live = current_app.extensions["klaswacht_live"]
    place = shared.streams.take(who.member.id)
    if place is None:
        abort(429)

    @copy_current_request_context
    def look(now: datetime) -> Look | None:
        still = find_visitor(who.token, now, touch=False)
        lesson = see_lesson(at.desk, still.member, group, now).value if still else None
        return _look(lesson, said, *shown) if lesson else None

    desk, last = at.desk, request.headers.get("Last-Event-ID", "")
    events = live(
        shared.feed,
        lambda: desk.store.pulse(desk.school),
        look,
        at.clock,
        last,
        shared.stopped.is_set,
        lambda: place.taken_over,
    )
    answer = Response(events, mimetype="text/event-stream")
    answer.headers["X-Accel-Buffering"] = "no"
    answer.call_on_close(lambda: shared.streams.give_back(place))
    return answer


@pages.post("/<group>/toestemming")
@for_roles(CLASS_STAFF)
def give(group: str) -> AnyResponse | str:
    """Give a permission, or tell first whom the parents' consent leaves out."""
    now, desk, who, wish = mine(group), house().desk, visitor().member, _wish(group)
    outcome = permission.give(desk, who, wish, now)
    return _tell_first(wish, now) if outcome.code == permission.TELL_FIRST else _back(group, outcome)


def _wish(group: str) -> permission.Wish:
    """What the form asks for; what it says of no kind is refused by the action."""
    what, _, category = text("what").partition(":")
    some = request.form.get("who") == "some"
    return permission.Wish(
        group=group,
        site=text("site") if what == "site" else "",
        category=category if what == "category" else "",
        people=frozenset(request.form.getlist("pupil")) if some else frozenset(),
        whole_group=not some,
        minutes=minutes(),
        view_only=request.form.get("mode") == "view",
        goal=text("goal"),
        facet=_FACETS.get(what, Facet.PLACE),
        topics=(text("topic"),) if what == "words" else (),
        until=moment(text("until")) if what == "phone" else None,
        confirmed=_confirmed(),
    )


def _confirmed() -> bool:
    """Whether the teacher has read what is told first. On a screen in the class that is not told, so never there."""
    return request.form.get("confirmed") == "1" and not on_board()


def _tell_first(wish: permission.Wish, now: datetime, ask: str = "") -> AnyResponse | str:
    """The page, in private, before a permission that leaves somebody out; the form comes along in it unseen."""
    desk = house().desk
    ahead = permission.foresee(desk, visitor().member, wish, now).value
    if ahead is None or ahead.missing is None:
        return redirect(url_for("lesson.page", group=wish.group, nee="other"), 303)  # it changed in between
    names = {person.id: person.name for person in desk.store.people.roster(desk.school, wish.group)}
    named = request.form.get("names") == "1"
    told = consent_page(ahead.missing, names, words(), board=on_board(), named=named, asked=bool(ask))
    kept = [(key, value) for key, value in request.form.items(multi=True) if key not in _NOT_KEPT]
    return render_template("consent.html", told=told, kept=kept, group=wish.group, ask=ask, message=None)


@pages.post("/<group>/toestemming/<grant>/stop")
@for_roles(CLASS_STAFF)
def stop(group: str, grant: str) -> AnyResponse:
    """Stop a permission now."""
    return _back(group, permission.stop(house().desk, visitor().member, group, grant, mine(group)))


@pages.post("/<group>/toestemming/<grant>/verleng")
@for_roles(CLASS_STAFF)
def extend(group: str, grant: str) -> AnyResponse:
    """Lengthen a permission."""
    now = mine(group)
    return _back(group, permission.extend(house().desk, visitor().member, group, grant, minutes(), now))


@pages.post("/<group>/vraag/<ask>")
@for_roles(CLASS_STAFF)
def answer(group: str, ask: str) -> AnyResponse | str:
    """Yes, no or later to a pupil's request."""
    now, desk, who = mine(group), house().desk, visitor().member
    reply = text("own") or text("reply")
    if request.form.get("answer") == "yes":
        long, knows = minutes(), _confirmed()
        wish = asks.wish_of(desk, who, group, ask, now, minutes=long)
        outcome = asks.say_yes(desk, who, group, ask, now, minutes=long, text=reply, confirmed=knows)
        tell = wish is not None and outcome.code == permission.TELL_FIRST
        return _tell_first(wish, now, ask) if tell and wish else _back(group, outcome)
    later = request.form.get("answer") == "later"
    return _back(group, asks.say_no(desk, who, group, ask, now, text=reply, later=later))


@pages.post("/<group>/melding/<report>")
@for_roles(CLASS_STAFF)
def report_seen(group: str, report: str) -> AnyResponse:
    """A report was looked at."""
    return _back(group, reports.see_report(house().desk, visitor().member, group, report, mine(group)))


@pages.post("/<group>/aandacht")
@for_roles(CLASS_STAFF)
def attention(group: str) -> AnyResponse:
    """The group's attention, on or off."""
    now, desk, who = mine(group), house().desk, visitor().member
    on = request.form.get("on") == "1"
    return _back(group, whole.pause(desk, who, group, now) if on else whole.resume(desk, who, group, now))


@pages.post("/<group>/regen")
@for_roles(CLASS_STAFF)
def rain(group: str) -> AnyResponse:
    """A rainy break, on or off."""
    now, desk, who = mine(group), house().desk, visitor().member
    on = request.form.get("on") == "1"
    return _back(group, whole.rain(desk, who, group, now) if on else whole.dry(desk, who, group, now))


@pages.post("/<group>/plek")
@for_roles(CLASS_STAFF)
def seat(group: str) -> AnyResponse:
    """A pupil sits at a device, or nobody does any more."""
    now, desk, who = mine(group), house().desk, visitor().member
    if text("pupil"):
        return _back(group, whole.seat(desk, who, group, text("pupil"), text("device"), now))
    return _back(group, whole.unseat(desk, who, group, text("device"), now))


def mine(group: str) -> datetime:
    """Now, when the visitor may act for the group; somebody else's group does not exist for them."""
    at = house()
    now = at.clock()
    if not at.desk.may_act_for(visitor().member, group, now):
        abort(404)
    return now


def lesson_of(group: str) -> Lesson:
    """The lesson of a group that the visitor may act for; anybody else's does not exist for them."""
    at = house()
    lesson = see_lesson(at.desk, visitor().member, group, at.clock()).value
    if lesson is None:
        abort(404)
    return lesson


def _names() -> bool:
    return request.args.get("namen") == "1"


def presented(lesson: Lesson) -> LessonPage:
    """The lesson as this browser may show it."""
    return lesson_page(lesson, Words(words().lang, lesson.zone), board=on_board(), names=_names())


def _look(lesson: Lesson, said: Words, board: bool, names: bool) -> Look:
    page = lesson_page(lesson, Words(said.lang, lesson.zone), board=board, names=names)
    parts = {f"part-{part}": render_template(f"parts/{part}.html", page=page, board=board) for part in PARTS}
    return Look(parts, lesson.changes)


def minutes() -> int | None:
    """How long the form asks for; None: to the end of the lesson."""
    chosen = request.form.get("minutes", "lesson")
    return int(chosen) if chosen in {"10", "30", "60"} else None


def _back(group: str, outcome: Outcome[Grant] | Outcome[object]) -> AnyResponse:
    until = words().clock(outcome.value.end) if isinstance(outcome.value, Grant) else ""
    names = {"namen": "1"} if request.args.get("namen") == "1" else {}
    return back_to("lesson.page", outcome, until, group=group, **names)
