"""How a view ends: back to the page it came from, with a sentence about what was done."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from config.texts import has
from dashboard.actions.desk import Outcome
from dashboard.auth import words


def back_to(endpoint: str, outcome: Outcome[object], until: str = "", **values: str) -> Response:
    """See-other to a page, with the outcome's code in the address: it works the same with and without scripts."""
    kind, _, code = outcome.code.removeprefix("dash.").partition(".")
    told = {"ja" if kind == "done" else "nee": code, **values}
    if until:
        told["tot"] = until
    return redirect(url_for(endpoint, _external=False, **told), 303)


def message() -> tuple[str, bool] | None:
    """The sentence that the address asks for and whether it is good news; codes only, so nobody can put words in it."""
    good, bad = request.args.get("ja", ""), request.args.get("nee", "")
    code = f"dash.{'done' if good else 'no'}.{good or bad}"
    if not has(code):
        return None
    until = request.args.get("tot", "")
    values = {"until": until if len(until) == 5 and until.replace(":", "").isdigit() else ""}
    return words()(code, **values), bool(good)


def moment(typed: str) -> datetime | None:
    """An absolute moment that a page put in its form (ISO 8601 with a Z); None: it is none."""
    try:
        found = datetime.fromisoformat(typed)
        return found.astimezone(UTC) if found.tzinfo else None
    except (ValueError, OverflowError):
        return None


def text(field: str) -> str:
    """A field of the form, at most 500 characters."""
    return request.form.get(field, "")[:500]


def inside(address: str, *, query: bool = False) -> str:
    """A path of this dashboard, or nothing: a link must not send anybody elsewhere. `query`: with what follows `?`."""
    longest = 1000 if query else 200
    if not address.startswith("/") or address.startswith("//") or "\\" in address or len(address) >= longest:
        return ""
    if not address.isprintable():  # browsers leave a tab or a newline out, and then it may be another address
        return ""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if query and parts.query else parts.path
