"""What a screen in the class does not show: in board mode pages with names ask first whether the class looks along.

In one place and the other way round: a page that nobody put on the list stays away from the class.
"""

from __future__ import annotations

from flask import Flask, g, render_template, request, url_for
from werkzeug.wrappers import Response

from dashboard.access import CLASS_STAFF, access_of
from dashboard.auth import BOARD_COOKIE, on_board

FOR_A_CLASS = frozenset(
    {
        "lesson",
        "agreement",
        "permission",
        "prepared",
        "preview",
        "leaving",
        "signin",
        "standing_in",
        "rules",
        "class_code",
    }
)
"""The blueprints that know of board mode themselves and have no name, request, consent or report in it."""

_A_WHILE = 3600  # seconds


def keep_from_the_class(app: Flask) -> None:
    """Put the friendly page in the place of every other one while the screen hangs in a class."""

    @app.before_request
    def board() -> str | None:
        if not on_board() or request.endpoint is None or request.blueprint in FOR_A_CLASS:
            return None
        access = access_of(app, request.endpoint)
        if g.get("visitor") is None or access is None or access.everybody or access.by_key:
            return None
        lesson = g.visitor.role in CLASS_STAFF
        return render_template("board.html", lesson=lesson, message=None)

    @app.context_processor
    def back() -> dict[str, object]:
        return {"page_path": _page_path}


def _page_path() -> str:
    """Where to come back to: this page; after a form the lesson that it was about, or the start."""
    if request.method == "GET":
        return request.path
    group = (request.view_args or {}).get("group", "")
    return (
        url_for("lesson.page", group=group) if group and request.blueprint in FOR_A_CLASS else url_for("signin.start")
    )


def open_for_a_while(answer: Response) -> None:
    """Remember that an adult asked for names on this full screen; the next full screen is a board again."""
    answer.set_cookie(BOARD_COOKIE, "0", max_age=_A_WHILE, secure=True, httponly=True, samesite="Lax", path="/")
