"""Beheer, the page of devices. What is shown once is shown in the answer to the form, and kept nowhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from flask import Blueprint, abort, current_app, render_template, request
from werkzeug.wrappers import Response

from config.chromebook.school import NotPossibleError
from dashboard.access import OFFICE, for_roles
from dashboard.actions import chromebooks, devices, prints
from dashboard.actions.desk import Outcome, done
from dashboard.actions.devices import Form, No
from dashboard.actions.substitute import is_substitute
from dashboard.auth import house, visitor, words
from dashboard.present import devices as shown
from dashboard.present.office import Secret
from dashboard.views.desk import frame
from dashboard.views.forms import back_to, text
from store.people import Person

pages = Blueprint("devices", __name__, url_prefix="/beheer")
_MOST_TOLD = 20  # wrong lines
_PLAIN = re.compile(r"[^a-z0-9-]+")
_LARGEST_TABLE = 20_000  # characters of a list that is typed or pasted


@pages.get("/apparaten")
@for_roles(OFFICE)
def page() -> str:
    """The devices: those of a group, all, or those that were not seen for long."""
    return _page()


@pages.post("/apparaat")
@for_roles(OFFICE)
def put() -> Response | str:
    """Register a device."""
    at, form = house(), _form()
    made = devices.put(at.desk, visitor().member, form, at.clock())
    if isinstance(made, No):
        return _page(new=form, message=(shown.why_not(made, words()), False))
    return back_to("devices.page", done("device", made), groep=made.group or "")


@pages.post("/apparaat/<device>")
@for_roles(OFFICE)
def change(device: str) -> Response | str:
    """Change what the register says of a device; its key stays."""
    at, form = house(), _form()
    made = devices.put(at.desk, visitor().member, form, at.clock(), device)
    if isinstance(made, No):
        return _page(picked=device, changed=form, message=(shown.why_not(made, words()), False))
    return back_to("devices.page", done("device", made), groep=made.group or "", wie=device)


@pages.post("/apparaten/reeks")
@for_roles(OFFICE)
def count() -> Response | str:
    """Register a whole cart: `Chromebook 7-1` up to `7-30`."""
    first, last, address = text("first"), text("last"), text("address")
    rows = devices.counted(first, last, address, _form())
    return _many((rows,) if isinstance(rows, No) else rows, first=first, last=last, address=address)


@pages.post("/apparaten/lijst")
@for_roles(OFFICE)
def take_list() -> Response | str:
    """Register what stands in a list: pasted, or in a file."""
    at, file = house(), request.files.get("file")
    table = request.form.get("table", "")[:_LARGEST_TABLE]
    raw = file.stream.read(_LARGEST_TABLE) if file is not None and file.filename else table.encode()
    groups = shown.groups_by_name(at.desk.snapshot(at.clock()).groups)
    rows = devices.listed(raw, groups, shown.kinds_by_name(words()))
    return _many(rows, table=raw.decode("utf-8", "replace"))


@pages.post("/apparaat/<device>/sleutel")
@for_roles(OFFICE)
def new_key(device: str) -> Response | str:
    """A fresh device key, shown once."""
    at = house()
    outcome = devices.new_key(at.desk, visitor().member, device, at.clock())
    return _once(device, outcome, lambda key: shown.key_secret(key, words()))


@pages.post("/apparaat/<device>/code")
@for_roles(OFFICE)
def new_code(device: str) -> Response | str:
    """A fresh enrolment code, shown once."""
    at = house()
    now = at.clock()
    found = at.desk.store.devices.get(at.desk.school, device)
    name = found.device.name if found else device
    outcome = devices.new_code(at.desk, visitor().member, device, now)
    return _once(device, outcome, lambda code: shown.code_secret(code, name, words(), now))


@pages.get("/apparaten/chromebook/<group>.zip")
@for_roles(OFFICE)
def chromebook(group: str) -> Response | str:
    """What goes into Google's Admin console for the Chromebooks of a group; there is nobody's name in it."""
    said = words()
    today = said.local(house().clock()).date()
    made = chromebooks.of_group(current_app.extensions["klaswacht_chromebooks"], group, said.lang, today)
    if made is None:
        abort(404)
    if isinstance(made, NotPossibleError):
        return _page(message=(shown.no_chromebooks(made, said), False))
    name = f"klaswacht-groep-{_PLAIN.sub('-', group)}-{today.isoformat()}.zip"
    answer = Response(made, content_type="application/zip")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@pages.post("/apparaten/printnaam")
@for_roles(OFFICE)
def name_account() -> Response:
    """Say whose a name is that came with a print."""
    at = house()
    made = prints.name_account(at.desk, visitor().member, text("account"), text("person"), at.clock())
    return back_to("devices.page", made)


@pages.post("/apparaat/<device>/weg")
@for_roles(OFFICE)
def remove(device: str) -> Response:
    """Take a device out of the register."""
    at = house()
    return back_to("devices.page", devices.remove(at.desk, visitor().member, device, at.clock()))


def _many(
    rows: tuple[devices.Row | No, ...], *, first: str = "", last: str = "", address: str = "", table: str = ""
) -> Response | str:
    at, said = house(), words()
    made = devices.put_many(at.desk, visitor().member, rows, at.clock())
    wrong = [one for one in made if isinstance(one, No)]
    if not wrong:
        group = next((one.group for one in made if not isinstance(one, No) and one.group), "")
        return back_to("devices.page", done("devices_many"), groep=group or shown.ALL)
    lines = tuple(shown.why_not(one, said) for one in wrong[:_MOST_TOLD])
    more = (said("devices.more", count=len(wrong) - _MOST_TOLD),) if len(wrong) > _MOST_TOLD else ()
    typed = shown.Many(first, last, address, table, _fields(replace(_form(), name="", addresses="")), (*lines, *more))
    return _page(many=typed, message=(said("devices.none_kept"), False))


def _once[T](device: str, outcome: Outcome[T], secret: Callable[[T], Secret]) -> Response | str:
    """The page with something on it that is told only now; or the refusal."""
    if outcome.value is None:
        return back_to("devices.page", outcome)
    return _page(picked=device, secret=secret(outcome.value))


def _form() -> Form:
    return Form(text("name"), text("kind"), text("group"), text("person"), text("addresses"), text("prints") == "1")


def _persons() -> tuple[Person, ...]:
    at = house()
    return tuple(one for one in at.desk.store.people.persons(at.desk.school) if not is_substitute(one.id))


def _fields(form: Form) -> shown.Fields:
    at = house()
    return shown.fields(form, at.desk.snapshot(at.clock()).groups, _persons(), words())


def _page(
    *,
    picked: str | None = None,
    new: Form | None = None,
    changed: Form | None = None,
    many: shown.Many | None = None,
    **extra: object,
) -> str:
    """The page; `extra` is what is shown this once, the forms keep what was typed."""
    at, said, now = house(), words(), house().clock()
    groups = at.desk.snapshot(now).groups
    picked = picked if picked is not None else request.args.get("wie", "")
    registered = at.desk.store.devices.registered(at.desk.school)
    tested = at.desk.store.self_tests.newest(at.desk.school)
    names = {person.id: person.name for person in _persons()}
    asked = request.args.get("groep")
    found = shown.listing(registered, tested, groups, names, asked, picked, said, now)
    device = next((one.device for one in registered if one.device.id == picked), None)
    shows: dict[str, object] = {
        **frame("apparaten"),
        "listing": found,
        "new": _fields(new or Form()),
        "typed": new is not None,
        "many": many or shown.Many("", "", "", "", _fields(Form())),
        "edit": _fields(changed or shown.form_of(device)) if device is not None else None,
        "unknown_test": shown.unknown_test(tested, said, now),
        "chromebooks": () if (parcels := current_app.extensions["klaswacht_chromebooks"]) is None else parcels.groups(),
        "unknown_prints": shown.unknown_prints(at.desk.store.print_jobs.unknown(at.desk.school)),
        "pupils": shown.pupil_choices(_persons(), groups),
        "has_ca": current_app.extensions["klaswacht_ca"] is not None,
        "next_ca": (ca := current_app.extensions["klaswacht_ca"]) is not None
        and ca.with_name("klaswacht-ca-next.crt").is_file(),
    }
    return render_template("devices.html", **(shows | extra))
