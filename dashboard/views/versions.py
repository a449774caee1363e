"""Beheer, Versies: what the rules were, what differs, a way back, and a `school.yaml` that goes out or comes in."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import OFFICE, for_roles
from dashboard.actions import rules_file, versions
from dashboard.actions.desk import Outcome
from dashboard.actions.rules_file import LONGEST_FILE, BoxFile, FilePlan
from dashboard.actions.versions import Back
from dashboard.auth import house, visitor, words
from dashboard.present import versions as shown
from dashboard.views.desk import frame
from dashboard.views.forms import back_to, text

pages = Blueprint("versions", __name__, url_prefix="/beheer/versies")


@pages.get("")
@for_roles(OFFICE)
def page() -> AnyResponse | str:
    """The list of versions, and how the file on the box stands."""
    outcome = versions.shelf(house().desk, visitor().member, words().lang, _number(request.args.get("vanaf")), _box())
    if outcome.value is None:
        return back_to("office.page", outcome)
    return render_template("office/versions.html", page=shown.shelf_page(outcome.value, words()), **frame("versions"))


@pages.get("/verschil")
@for_roles(OFFICE)
def compare() -> AnyResponse | str:
    """What is different between two of them."""
    old, new = (_number(request.args.get(name)) for name in ("oud", "nieuw"))
    outcome = versions.compare(house().desk, visitor().member, old, new, words().lang)
    if outcome.value is None:
        return back_to("versions.page", outcome)
    found = shown.difference(outcome.value, words())
    return render_template("office/versions_compare.html", found=found, **frame("versions"))


@pages.get("/<number>/school.yaml")
@for_roles(OFFICE)
def download(number: str) -> AnyResponse:
    """One of them as a whole file."""
    at, box, now = house(), _box(), house().clock()
    name = at.desk.settings.school.name
    values = {"school": name, "number": number, "when": f"{words().local(now):%d-%m-%Y}", "who": visitor().name}
    head = [words()(f"policy.head.{code}", **values, source="Beheer") for code in ("which", "how", "why")]
    settings = box.settings() if box else {}
    outcome = versions.file_of(at.desk, visitor().member, _number(number), settings, head, now)
    if outcome.value is None:
        return back_to("versions.page", outcome)
    answer = Response(outcome.value.text.encode(), content_type="application/yaml; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="school-versie-{_number(number)}.yaml"'
    return answer


@pages.get("/<number>/terug")
@for_roles(OFFICE, fresh=True)
def look_back(number: str) -> AnyResponse | str:
    """What going back would do."""
    at = house()
    return _back(versions.look_back(at.desk, visitor().member, _number(number), words().lang, at.clock()))


@pages.post("/<number>/terug")
@for_roles(OFFICE, fresh=True)
def go_back(number: str) -> AnyResponse | str:
    """Go back to it, as a new version."""
    at, based_on = house(), _number(text("based_on"))
    outcome = versions.go_back(at.desk, visitor().member, _number(number), based_on, words().lang, at.clock())
    return back_to("versions.page", outcome) if outcome.ok else _back(outcome)


@pages.get("/bestand")
@for_roles(OFFICE, fresh=True)
def file() -> str:
    """Where a file is chosen."""
    return render_template("office/versions_file.html", card=None, **frame("versions"))


@pages.post("/bestand")
@for_roles(OFFICE, fresh=True)
def take_file() -> AnyResponse | str:
    """Look at a file, or take the one that was looked at."""
    at, now, me = house(), house().clock(), visitor().member
    typed = _typed()
    if text("do") == "adopt":
        based_on, sure = _number(text("based_on")), text("sure") == "1"
        outcome = rules_file.adopt_file(at.desk, me, typed, based_on, words().lang, now, _box(), sure=sure)
        if outcome.ok:
            return back_to("versions.page", outcome)
    else:
        outcome = rules_file.look_file(at.desk, me, typed, words().lang, now, _box())
    return _file(outcome)


def _back(outcome: Outcome[Back]) -> AnyResponse | str:
    if outcome.value is None:
        return back_to("versions.page", outcome)
    at, now = house(), house().clock()
    card = shown.back_card(outcome.value, outcome.ok, outcome.code, at.desk.snapshot(now), words(), now)
    return render_template("office/versions_back.html", card=card, **_framed(outcome))


def _file(outcome: Outcome[FilePlan]) -> AnyResponse | str:
    if outcome.value is None:
        return back_to("versions.page", outcome)
    at, now = house(), house().clock()
    card = shown.file_card(outcome.value, outcome.ok, outcome.code, at.desk.snapshot(now), words(), now)
    return render_template("office/versions_file.html", card=card, **_framed(outcome))


def _framed(outcome: Outcome[Back] | Outcome[FilePlan]) -> dict[str, object]:
    said = frame("versions")
    if not outcome.ok:
        said["message"] = (words()(outcome.code), False)
    return said


def _typed() -> str:
    """The file that was chosen, else the text that is on the page; a byte that is no letter shows as one."""
    chosen = request.files.get("file")
    if chosen is not None and chosen.filename:
        return chosen.stream.read(LONGEST_FILE * 4).decode("utf-8-sig", "replace")
    return request.form.get("text", "").replace("\r\n", "\n")


def _number(typed: str | None) -> int:
    return int(typed[:9]) if typed and typed.isascii() and typed.isdecimal() else 0


def _box() -> BoxFile | None:
    found: BoxFile | None = current_app.extensions.get("klaswacht_file")
    return found
