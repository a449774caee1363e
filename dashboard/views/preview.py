"""Bekijk eerst: what a pupil of the group would get of a site. What is typed comes in a form and is kept nowhere."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, render_template, request

from dashboard.access import CLASS_STAFF, for_roles
from dashboard.actions.preview import Peek, preview
from dashboard.auth import house, on_board, visitor, words
from dashboard.present.preview import PreviewPage, preview_page
from dashboard.present.words import Words
from dashboard.views.lesson import mine
from dashboard.views.permission import wish_in_form

pages = Blueprint("preview", __name__, url_prefix="/les")

_PLACES = frozenset({"what", "site", "video", "place", "category", "topic"})
_KEPT = _PLACES | {"who", "pupil", "without", "minutes", "mode", "goal", "own_goal"}
_NAMED = frozenset({"pupil", "without"})


@pages.get("/<group>/voorbeeld")
@for_roles(CLASS_STAFF)
def ask(group: str) -> str:
    """An empty form."""
    mine(group)
    return _page(group, None)


@pages.post("/<group>/voorbeeld")
@for_roles(CLASS_STAFF)
def look(group: str) -> str:
    """What was found; nothing is opened."""
    now, desk = mine(group), house().desk
    if group not in desk.snapshot(now).groups:
        abort(404)  # before anything is fetched
    peek: Peek | None = current_app.extensions.get("klaswacht_peek")
    outcome = preview(desk, visitor().member, wish_in_form(group), now, peek)
    if outcome.value is None:
        return _page(group, None, words()(outcome.code))
    said = Words(words().lang, outcome.value.snapshot.policy.schedule.zone)
    return _page(group, preview_page(outcome.value, said, now, board=on_board()))


def _page(group: str, seen: PreviewPage | None, problem: str = "") -> str:
    here = house().desk.snapshot(house().clock()).groups.get(group)
    if here is None:
        abort(404)
    left_out = _NAMED if on_board() else frozenset()
    kept = [(key, value) for key, value in request.form.items(multi=True) if key in _KEPT - left_out]
    return render_template(
        "preview.html",
        group=group,
        group_name=here.name,
        seen=seen,
        kept=kept,
        places=_PLACES,
        typed=request.form.get("site", "")[:500],
        problem=problem,
        message=None,
    )
