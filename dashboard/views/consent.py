"""The page that comes first where the parents' consent leaves somebody out of a permission: told in private."""

from __future__ import annotations

from datetime import datetime

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from dashboard.actions import permission
from dashboard.auth import house, on_board, visitor, words
from dashboard.present.consent import consent_page

_NOT_KEPT = frozenset({"csrf", "confirmed", "names"})


def confirmed() -> bool:
    """Whether the teacher has read what is told first. On a screen in the class that is not told, so never there."""
    return request.form.get("confirmed") == "1" and not on_board()


def tell_first(wish: permission.Wish, now: datetime, here: str, *, asked: bool = False) -> AnyResponse | str:
    """The page before a permission that leaves somebody out; the form comes along in it unseen, to be sent `here`.

    `asked`: it is the answer to one child's request.
    """
    desk = house().desk
    ahead = permission.foresee(desk, visitor().member, wish, now).value
    if ahead is None or ahead.missing is None:
        return redirect(url_for("lesson.page", group=wish.group, nee="other"), 303)  # it changed in between
    names = {person.id: person.name for person in desk.store.people.roster(desk.school, wish.group)}
    named = request.form.get("names") == "1"
    told = consent_page(ahead.missing, names, words(), board=on_board(), named=named, asked=asked)
    kept = [(key, value) for key, value in request.form.items(multi=True) if key not in _NOT_KEPT]
    return render_template("consent.html", told=told, kept=kept, group=wish.group, here=here, asked=asked, message=None)
