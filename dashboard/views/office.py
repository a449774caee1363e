"""Beheer: a few tabs for the coordinator. What is shown once is shown in the answer to the form, and kept nowhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from config.differences_told import difference_lines
from dashboard.access import OFFICE, for_roles, public
from dashboard.actions import care, consents, office, registers, reports
from dashboard.actions import standing as always
from dashboard.actions.desk import Outcome
from dashboard.actions.why import Thing, Wish, why
from dashboard.auth import house, on_board, visitor, words
from dashboard.present import office as shown
from dashboard.present.consents import overview_page
from dashboard.present.inbox import standing
from dashboard.present.office import Secret
from dashboard.present.proposals import proposal_board
from dashboard.present.registers import registers_page
from dashboard.present.reports import report_lines
from dashboard.present.standing import standing_page
from dashboard.present.trial import shelf
from dashboard.present.why import why_card, why_form
from dashboard.views.forms import back_to, message, text
from policy.model import DeviceClass, Role
from store.people import Person

pages = Blueprint("office", __name__, url_prefix="/beheer")
_LOOK_BACK = timedelta(days=7)
TABS = (
    "groepen",
    "leerlingen",
    "medewerkers",
    "apparaten",
    "toestemming",
    "registers",
    "afspraken",
    "waarom",
    "proef",
    "voorstellen",
)


@pages.get("/")
@for_roles(OFFICE)
def page() -> str:
    """The first tab."""
    return tab_page("groepen")


@pages.get(f"/<any({', '.join(TABS)}):tab>")
@for_roles(OFFICE)
def tab(tab: str) -> str:
    """One tab."""
    return tab_page(tab)


@pages.get("/ca.crt")
@public
def ca() -> Response:
    """The school's public certificate: no secret, and a new device needs it before anybody can sign in on it."""
    path: Path | None = current_app.extensions["klaswacht_ca"]
    if path is None or not path.is_file():
        abort(404)
    answer = Response(path.read_bytes(), mimetype="application/x-x509-ca-cert")
    answer.headers["Content-Disposition"] = "attachment; filename=klaswacht-ca.crt"
    return answer


@pages.post("/melding/<report>")
@for_roles(OFFICE)
def report_seen(report: str) -> AnyResponse:
    """Somebody looked at a report that no group's screen shows."""
    at = house()
    outcome = reports.see_homeless_report(at.desk, visitor().member, report, at.clock())
    return back_to("office.tab", outcome, tab="groepen")


@pages.post("/groep")
@for_roles(OFFICE)
def put_group() -> AnyResponse:
    """Add or change a group."""
    at = house()
    outcome = office.put_group(
        at.desk, visitor().member, text("id"), text("name"), text("years"), text("until"), at.clock()
    )
    return back_to("office.tab", outcome, tab="groepen")


@pages.post("/groep/<group>/weg")
@for_roles(OFFICE)
def remove_group(group: str) -> AnyResponse:
    """Remove a group."""
    at = house()
    return back_to("office.tab", office.remove_group(at.desk, visitor().member, group, at.clock()), tab="groepen")


@pages.post("/leerling")
@for_roles(OFFICE)
def add_pupil() -> AnyResponse:
    """Add a pupil."""
    at = house()
    outcome = office.add_pupil(at.desk, visitor().member, text("name"), text("group"), at.clock())
    return back_to("office.tab", outcome, tab="leerlingen")


@pages.post("/medewerker")
@for_roles(OFFICE)
def add_staff() -> AnyResponse | str:
    """Add somebody of staff; the link is shown once."""
    at, role = house(), _one_of(Role, text("role"), Role.TEACHER)
    groups = frozenset(request.form.getlist("groups"))
    now = at.clock()
    outcome = office.add_staff(at.desk, visitor().member, text("name"), text("login"), role, groups, now)
    return _once("medewerkers", outcome, lambda link: shown.link_secret(link, _link_url(link.token), words(), now))


@pages.post("/mens/<person>/groepen")
@for_roles(OFFICE)
def set_groups(person: str) -> AnyResponse:
    """Change somebody's groups."""
    at, groups = house(), frozenset(request.form.getlist("groups"))
    outcome = office.set_groups(at.desk, visitor().member, person, groups, at.clock())
    pupil = outcome.value is not None and outcome.value.role is Role.PUPIL
    return back_to("office.tab", outcome, tab="leerlingen" if pupil else "medewerkers")


@pages.post("/mens/<person>/link")
@for_roles(OFFICE)
def new_link(person: str) -> AnyResponse | str:
    """A fresh password link, shown once."""
    at = house()
    now = at.clock()
    outcome = office.new_link(at.desk, visitor().member, person, now)
    return _once("medewerkers", outcome, lambda link: shown.link_secret(link, _link_url(link.token), words(), now))


@pages.post("/mens/<person>/weg")
@for_roles(OFFICE)
def remove_person(person: str) -> AnyResponse:
    """Remove somebody."""
    at = house()
    found = at.desk.store.people.person(at.desk.school, person)
    outcome = office.remove_person(at.desk, visitor().member, person, at.clock())
    return back_to("office.tab", outcome, tab="leerlingen" if found and found.role is Role.PUPIL else "medewerkers")


@pages.post("/apparaat")
@for_roles(OFFICE)
def put_device() -> AnyResponse:
    """Register a device."""
    at, kind = house(), _one_of(DeviceClass, text("kind"), DeviceClass.PUPIL)
    outcome = office.put_device(
        at.desk,
        visitor().member,
        text("name"),
        kind,
        text("group"),
        text("person"),
        text("addresses"),
        at.clock(),
    )
    return back_to("office.tab", outcome, tab="apparaten")


@pages.post("/apparaat/<device>/sleutel")
@for_roles(OFFICE)
def new_key(device: str) -> AnyResponse | str:
    """A fresh device key, shown once."""
    at = house()
    outcome = office.new_key(at.desk, visitor().member, device, at.clock())
    return _once("apparaten", outcome, lambda key: shown.key_secret(key, words()))


@pages.post("/apparaat/<device>/code")
@for_roles(OFFICE)
def new_code(device: str) -> AnyResponse | str:
    """A fresh enrolment code, shown once."""
    at = house()
    now = at.clock()
    found = at.desk.store.devices.get(at.desk.school, device)
    name = found.device.name if found else device
    outcome = office.new_code(at.desk, visitor().member, device, now)
    return _once("apparaten", outcome, lambda code: shown.code_secret(code, name, words(), now))


@pages.post("/apparaat/<device>/weg")
@for_roles(OFFICE)
def remove_device(device: str) -> AnyResponse:
    """Take a device out of the register."""
    at = house()
    return back_to("office.tab", office.remove_device(at.desk, visitor().member, device, at.clock()), tab="apparaten")


@pages.post("/waarom")
@for_roles(OFFICE)
def ask_why() -> str:
    """What somebody gets, and why. A form, so that what is asked is in no log."""
    at = house()
    now = at.clock()
    thing = Thing(text("thing")) if text("thing") in set(Thing) else Thing.ADDRESS
    wish = Wish(text("who"), thing, text("text"), text("device"), text("day"), text("clock"))
    outcome = why(at.desk, visitor().member, wish, now, names=not on_board())
    snapshot, persons = at.desk.snapshot(now), at.desk.store.people.persons(at.desk.school)
    form = why_form(snapshot, persons, words(), names=not on_board(), wish=wish)
    if outcome.value is None:  # what was filled in stays on the form
        return tab_page("waarom", message=(words()(outcome.code), False), why_form=form)
    return tab_page("waarom", card=why_card(outcome.value, snapshot, persons, words(), now), why_form=form)


def _once[T](tab: str, outcome: Outcome[T], secret: Callable[[T], Secret]) -> AnyResponse | str:
    """The page with something on it that is told only now; or the refusal."""
    if outcome.value is None:
        return back_to("office.tab", outcome, tab=tab)
    return tab_page(tab, secret=secret(outcome.value))


def _link_url(token: str) -> str:
    return url_for("password.page", token=token, _external=True)


def tab_page(tab: str, **extra: object) -> str:
    """The whole of a tab; `extra` is what is shown this once."""
    at, said, now = house(), words(), house().clock()
    snapshot = at.desk.snapshot(now)
    persons = at.desk.store.people.persons(at.desk.school)
    accounts = at.desk.store.accounts.accounts(at.desk.school)
    pupils = tuple(person for person in persons if person.role is Role.PUPIL)
    staff = tuple(person for person in persons if person.role is not Role.PUPIL)
    me = visitor().member.id
    homeless = () if on_board() else reports.homeless_reports(at.desk, visitor().member)
    shows: dict[str, object] = {
        "tab": tab,
        "tabs": TABS,
        "message": message(),
        "reports": report_lines(homeless, said, now),
        "lost": at.desk.store.events.lost(at.desk.school, now - _LOOK_BACK),
        "has_ca": current_app.extensions["klaswacht_ca"] is not None,
        "groups": shown.group_lines(snapshot.groups, persons, said),
        "choices": shown.group_choices(snapshot.groups),
        "pupils": shown.person_lines(pupils, accounts, snapshot.groups, me, said),
        "staff": shown.person_lines(staff, accounts, snapshot.groups, me, said),
        "counsel": standing(staff, accounts, said),
        "roles": shown.role_choices(office.STAFF, said),
        "devices": shown.device_lines(snapshot.devices, persons, snapshot.groups, said),
        "classes": shown.class_choices(said),
        "owners": shown.person_choices(persons),
        "protocol": snapshot.policy.protocol,
        "rules": shown.rule_lines(snapshot.policy, said),
    }
    waiting = at.desk.store.proposals.open(at.desk.school)
    shows["waiting"] = len(waiting)
    kept = registers.lines(at.desk, visitor().member, now)
    shows["due"] = registers.count_of_care(kept)
    if tab == "proef":
        shows["shelf"] = shelf(snapshot, said)
    elif tab == "waarom":
        shows["why_form"] = why_form(snapshot, persons, said, names=not on_board(), wish=None)
    elif tab == "afspraken":
        names = {group.id: group.name for group in snapshot.groups.values()}
        shows["differences"] = difference_lines(snapshot.policy, said.lang, knowledge=at.desk.knowledge, groups=names)
    elif tab == "voorstellen":
        shows["proposals"] = proposal_board(waiting, snapshot, said, now)
    elif tab == "toestemming":
        shows["overview"] = overview_page(consents.overview(at.desk, visitor().member, now), persons, said, now)
    elif tab == "registers":
        shows |= _registers(kept, persons)
    return render_template("office.html", **(shows | extra))


def _registers(kept: tuple[registers.Line, ...], persons: tuple[Person, ...]) -> dict[str, object]:
    at, me, said, now = house(), visitor().member, words(), house().clock()
    snapshot = at.desk.snapshot(now)
    given = always.standing(at.desk, me, now)
    proposed = always.proposals(at.desk, now)
    return {
        "registers": registers_page(kept, persons, snapshot, registers.identity_sites(snapshot), said),
        "standing": standing_page(given, proposed, me, persons, snapshot, said, now, care.today(snapshot, now)),
    }


def _one_of[E: (Role, DeviceClass)](kind: type[E], value: str, otherwise: E) -> E:
    try:
        return kind(value)
    except ValueError:
        return otherwise
