"""What is kept ready: look, rename, share, take away, and keep what was given before."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import CLASS_STAFF, for_roles
from dashboard.actions import prepared
from dashboard.actions.desk import refused
from dashboard.auth import house, on_board, visitor, words
from dashboard.present.permits import what_of
from dashboard.present.ready import ready_page
from dashboard.present.words import Words
from dashboard.views.forms import back_to, message, text
from dashboard.views.lesson import lesson_of, mine
from policy.model import Grant

pages = Blueprint("prepared", __name__, url_prefix="/les")


@pages.get("/<group>/klaar")
@for_roles(CLASS_STAFF)
def page(group: str) -> str:
    """What is kept ready for this group."""
    return _page(group, told=message())


@pages.post("/<group>/klaar")
@for_roles(CLASS_STAFF)
def keep(group: str) -> AnyResponse:
    """Keep what was given before."""
    now, desk, who = mine(group), house().desk, visitor().member
    lesson = lesson_of(group)
    token = text("again")
    wish = prepared.wish_of(desk, who, group, token, now)
    if wish is None:
        return back_to("prepared.page", refused("ready_gone"), group=group)
    grant: Grant | None = desk.store.grants.get(desk.school, token.partition(":")[2])
    said = Words(words().lang, lesson.zone)
    name = text("name").strip() or (what_of(grant, lesson.offers.topics, said) if grant else "-")
    shared = request.form.get("shared") == "1"
    return back_to("prepared.page", prepared.keep(desk, who, wish, name, now, shared=shared), group=group)


@pages.post("/<group>/klaar/<kept>")
@for_roles(CLASS_STAFF)
def change(group: str, kept: str) -> AnyResponse | str:
    """Another name, or shared with colleagues or no longer."""
    now, desk, who = mine(group), house().desk, visitor().member
    shared = request.form.get("shared") == "1"
    outcome = prepared.change(desk, who, group, kept, text("name"), now, shared=shared)
    if outcome.ok or outcome.code in {"dash.no.ready_gone", "dash.no.not_yours"}:
        return back_to("prepared.page", outcome, group=group)
    return _page(group, wrong=(kept, outcome.code))


@pages.post("/<group>/klaar/<kept>/weg")
@for_roles(CLASS_STAFF)
def remove(group: str, kept: str) -> AnyResponse:
    """Take it away."""
    now, desk, who = mine(group), house().desk, visitor().member
    return back_to("prepared.page", prepared.remove(desk, who, group, kept, now), group=group)


def _page(group: str, *, told: tuple[str, bool] | None = None, wrong: tuple[str, str] | None = None) -> str:
    lesson = lesson_of(group)
    said = Words(words().lang, lesson.zone)
    id_, code = wrong or ("", "")
    ready = ready_page(
        lesson, visitor().member, said, board=on_board(), refused=id_, sentence=said(code) if code else ""
    )
    typed = {"name": text("name"), "shared": request.form.get("shared") == "1"} if wrong else None
    return render_template("prepared.html", ready=ready, typed=typed, message=told)
