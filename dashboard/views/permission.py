"""Permissions of a lesson: give one, give one again, make it longer, stop it, or keep one ready for later."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import CLASS_STAFF, for_roles
from dashboard.actions import permission, prepared
from dashboard.auth import house, on_board, visitor, words
from dashboard.present.permits import what_of
from dashboard.present.wishes import Filled, give_form
from dashboard.present.words import Words
from dashboard.views.consent import confirmed, tell_first
from dashboard.views.forms import back_to, moment, text
from dashboard.views.lesson import lesson_of, mine, minutes, presented, to_lesson
from policy.model import Facet

pages = Blueprint("permission", __name__, url_prefix="/les")

_FACETS = {"print": Facet.PRINT, "phone": Facet.CONNECT, "words": Facet.WORDS}
# What the chosen kind cannot do without, and the sentence for it.
_NEEDED = {"video": ("video", "video_empty"), "category": ("category", "category"), "words": ("topic", "topic")}


@pages.get("/<group>/toestemming")
@for_roles(CLASS_STAFF)
def form(group: str) -> str:
    """The form on a page of its own: in the evening something can be kept ready with it."""
    return _form_page(group)


@pages.post("/<group>/toestemming")
@for_roles(CLASS_STAFF)
def give(group: str) -> AnyResponse | str:
    """Give a permission, or tell first whom the parents' consent leaves out; or keep it ready for later."""
    now, desk, who, wish = mine(group), house().desk, visitor().member, wish_in_form(group)
    lacks = _lacks()
    if lacks:
        return _form_page(group, lacks)
    if request.form.get("keep") == "1":
        return _keep(group, wish)
    outcome = permission.give(desk, who, wish, now)
    if outcome.code == permission.TELL_FIRST:
        return tell_first(wish, now, url_for("permission.give", group=group))
    if outcome.ok or text("what") == "phone":
        return to_lesson(group, outcome)
    return _form_page(group, outcome.code)


@pages.post("/<group>/toestemming/opnieuw")
@for_roles(CLASS_STAFF)
def again(group: str) -> AnyResponse | str:
    """Give with one tap what is kept ready, or what was given before."""
    now, desk, who, token = mine(group), house().desk, visitor().member, text("again")
    outcome = prepared.give_again(desk, who, group, token, now, confirmed=confirmed())
    wish = prepared.wish_of(desk, who, group, token, now)
    if outcome.code == permission.TELL_FIRST and wish is not None:
        return tell_first(wish, now, url_for("permission.again", group=group))
    return to_lesson(group, outcome)


@pages.post("/<group>/toestemming/<grant>/stop")
@for_roles(CLASS_STAFF)
def stop(group: str, grant: str) -> AnyResponse:
    """Stop a permission now."""
    return to_lesson(group, permission.stop(house().desk, visitor().member, group, grant, mine(group)))


@pages.post("/<group>/toestemming/<grant>/verleng")
@for_roles(CLASS_STAFF)
def extend(group: str, grant: str) -> AnyResponse:
    """Lengthen a permission."""
    now = mine(group)
    return to_lesson(group, permission.extend(house().desk, visitor().member, group, grant, minutes(), now))


def wish_in_form(group: str) -> permission.Wish:
    """What the form asks for; what it says of no kind is refused by the action."""
    what, _, category = text("what").partition(":")
    who = request.form.get("who")
    place = text("place") if what == "pictures" else ""
    return permission.Wish(
        group=group,
        site=text("site") if what == "site" else place,
        also=tuple(one[:300] for one in request.form.getlist("also")) if what == "site" else (),
        video=text("video") if what == "video" else "",
        pictures=what == "pictures",
        category=(category or text("category")) if what == "category" else "",
        people=frozenset(request.form.getlist("pupil")) if who == "some" else frozenset(),
        whole_group=who != "some",
        all_but=who == "but",
        without=frozenset(request.form.getlist("without")) if who == "but" else frozenset(),
        minutes=minutes(),
        view_only=request.form.get("mode") == "view",
        goal=text("own_goal") or text("goal"),
        facet=_FACETS.get(what, Facet.PLACE),
        topics=(text("topic"),) if what == "words" else (),
        until=moment(text("until")) if what == "phone" else None,
        confirmed=confirmed(),
    )


def _lacks() -> str:
    """The code of what the chosen kind cannot do without and does not have; empty: nothing."""
    name, code = _NEEDED.get(text("what"), ("", ""))
    return f"dash.no.{code}" if name and not text(name).strip() else ""


def _keep(group: str, wish: permission.Wish) -> AnyResponse | str:
    """Keep it ready; without a name it is called what it opens."""
    now, desk, who = mine(group), house().desk, visitor().member
    draft = permission.drafted(desk.snapshot(now), who, wish, now).value
    lesson = lesson_of(group)
    said = Words(words().lang, lesson.zone)
    name = text("name").strip() or (what_of(draft, lesson.offers.topics, said) if draft else "-")
    shared = request.form.get("shared") == "1"
    outcome = prepared.keep(desk, who, wish, name, now, shared=shared)
    return back_to("prepared.page", outcome, group=group) if outcome.ok else _form_page(group, outcome.code)


def _form_page(group: str, code: str = "") -> str:
    """The form by itself, with what was typed and, at its field, why that was refused."""
    lesson = lesson_of(group)
    said = Words(words().lang, lesson.zone)
    filled = _filled() if code else None
    asked = give_form(lesson, said, board=on_board(), filled=filled, code=code)
    return render_template("permission.html", page=replace(presented(lesson), give=asked), message=None)


def _filled() -> Filled:
    """The form as it was typed."""
    what, _, category = text("what").partition(":")
    return Filled(
        what=what,
        site=text("site"),
        video=text("video"),
        place=text("place"),
        category=category or text("category"),
        topic=text("topic"),
        who=request.form.get("who", "all"),
        pupils=frozenset(request.form.getlist("pupil")),
        without=frozenset(request.form.getlist("without")),
        minutes=request.form.get("minutes", "lesson"),
        mode=request.form.get("mode", "full"),
        goal=text("goal"),
        own_goal=text("own_goal"),
        name=text("name"),
        shared=request.form.get("shared") == "1",
        keeps=request.form.get("keep") == "1",
    )
