"""Beheer: a few tabs for the coordinator. What is shown once is shown in the answer to the form, and kept nowhere."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from config.differences_told import difference_lines
from dashboard.access import OFFICE, for_roles, public
from dashboard.actions import consents, notices, office, registers, reports
from dashboard.actions.substitute import staff_among
from dashboard.actions.why import Thing, Wish, why
from dashboard.auth import house, on_board, visitor, words
from dashboard.present import office as shown
from dashboard.present.consents import overview_page
from dashboard.present.inbox import standing
from dashboard.present.notices import notice_board, refusal_board
from dashboard.present.proposals import proposal_board
from dashboard.present.registers import registers_page
from dashboard.present.reports import report_lines
from dashboard.present.trial import shelf
from dashboard.present.why import why_card, why_form
from dashboard.views.desk import frame
from dashboard.views.forms import back_to, text
from policy.model import Role
from store.accounts import Account
from store.people import Person

pages = Blueprint("office", __name__, url_prefix="/beheer")
_LOOK_BACK = timedelta(days=7)
_MOST_LINES = 60  # of a longer list one group is shown at a time
TABS = (
    "groepen",
    "leerlingen",
    "medewerkers",
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
    return _certificate(current_app.extensions["klaswacht_ca"])


@pages.get("/ca-volgende.crt")
@public
def next_ca() -> Response:
    """The certificate that devices must trust beside it, while the CA is renewed."""
    return _certificate(_next_ca())


def _next_ca() -> Path | None:
    path: Path | None = current_app.extensions["klaswacht_ca"]
    return path.with_name("klaswacht-ca-next.crt") if path is not None else None


def _certificate(path: Path | None) -> Response:
    if path is None or not path.is_file():
        abort(404)
    answer = Response(path.read_bytes(), mimetype="application/x-x509-ca-cert")
    answer.headers["Content-Disposition"] = f"attachment; filename={path.name}"
    return answer


@pages.post("/melding/<report>")
@for_roles(OFFICE)
def report_seen(report: str) -> AnyResponse:
    """Somebody looked at a report that no group's screen shows."""
    at = house()
    outcome = reports.see_homeless_report(at.desk, visitor().member, report, at.clock())
    return back_to("office.tab", outcome, tab="groepen")


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


def tab_page(tab: str, **extra: object) -> str:
    """The whole of a tab; `extra` is what is shown this once."""
    at, said, now = house(), words(), house().clock()
    snapshot = at.desk.snapshot(now)
    persons = at.desk.store.people.persons(at.desk.school)
    accounts = at.desk.store.accounts.accounts(at.desk.school)
    staff = staff_among(persons)
    homeless = () if on_board() else reports.homeless_reports(at.desk, visitor().member)
    shows: dict[str, object] = {
        **frame(tab),
        "tab": tab,
        "reports": report_lines(homeless, said, now),
        "lost": at.desk.store.events.lost(at.desk.school, now - _LOOK_BACK),
        "groups": shown.group_lines(snapshot.groups, persons, said),
        "choices": shown.group_choices(snapshot.groups),
        "picked": request.args.get("wie", ""),
        "counsel": standing(staff, accounts, at.desk.store.counsel.on(at.desk.school) is not None, said),
        "roles": shown.role_choices(office.STAFF, said),
        "protocol": snapshot.policy.protocol,
        "rules": shown.rule_lines(snapshot.policy, said),
        "notices": notice_board(notices.standing(at.desk, now), notices.earlier(at.desk, now), said, now),
    }
    if tab in ("leerlingen", "medewerkers"):
        shows |= _lines(tab, persons, staff, accounts)
    elif tab == "proef":
        shows["shelf"] = shelf(snapshot, said)
    elif tab == "waarom":
        shows["why_form"] = why_form(snapshot, persons, said, names=not on_board(), wish=None)
    elif tab == "afspraken":
        names = {group.id: group.name for group in snapshot.groups.values()}
        shows["differences"] = difference_lines(snapshot.policy, said.lang, knowledge=at.desk.knowledge, groups=names)
    elif tab == "voorstellen":
        shows["proposals"] = proposal_board(at.desk.store.proposals.open(at.desk.school), snapshot, said, now)
        shows["refusals"] = refusal_board(notices.refusing(at.desk, now), said, now)
    elif tab == "toestemming":
        shows["overview"] = overview_page(consents.overview(at.desk, visitor().member, now), persons, said, now)
    elif tab == "registers":
        shows |= _registers(registers.lines(at.desk, visitor().member, now), persons)
    return render_template("office.html", **(shows | extra))


def _lines(
    tab: str, persons: tuple[Person, ...], staff: tuple[Person, ...], accounts: tuple[Account, ...]
) -> dict[str, object]:
    """People, a line each; of a whole school who was looked for, or one group, which the address may name."""
    at, said, me = house(), words(), visitor().member.id
    snapshot, wanted = at.desk.snapshot(at.clock()), " ".join(request.args.get("zoek", "")[:80].split())
    pupils = tuple(person for person in persons if person.role is Role.PUPIL)
    large = len(pupils) > _MOST_LINES and tab != "medewerkers"
    group = shown.group_of(snapshot.groups, request.args.get("groep")) if large and not wanted else ""
    found = shown.called(pupils, wanted)
    if wanted:
        pupils = found[:_MOST_LINES]
    elif large:
        pupils = tuple(one for one in pupils if (group in one.groups if group else not one.groups))
    return {
        "large": large,
        "group": group,
        "wanted": wanted,
        "more": len(found) - len(pupils) if wanted else 0,
        "pupils": shown.person_lines(pupils, accounts, snapshot.groups, me, said),
        "staff": shown.person_lines(staff, accounts, snapshot.groups, me, said),
    }


def _registers(kept: tuple[registers.Line, ...], persons: tuple[Person, ...]) -> dict[str, object]:
    said = words()
    snapshot = house().desk.snapshot(house().clock())
    return {"registers": registers_page(kept, persons, snapshot, registers.identity_sites(snapshot), said)}
