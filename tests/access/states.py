"""Every page of the dashboard in every state: whose browser, which school, which address, and what was sent before."""

from __future__ import annotations

from cli.demo.school import STAFF
from dashboard.views.office import TABS
from tests.access import desk
from tests.access.school import BREAK, EVENING, LESSON
from tests.access.state import State

SCHOOLS = {"empty": LESSON, "busy": LESSON, "break": BREAK, "evening": EVENING}
"""Schools by name: at which moment they stand. Only the busy one is filled."""

NO_PAGE = {
    "static": "files",
    "api.snapshot": "for devices",
    "lesson.stream": "events for a page that is open",
    "office.ca": "a certificate",
    "office.next_ca": "a certificate",
    "signin.start": "leads to another page",
    "measures.start": "leads to another page",
    "reports.child": "leads to the guard's own page",
    "readiness.healthy": "for machines that watch",
    "readiness.ready": "for machines that watch",
    **desk.NO_PAGE,
}
"""Routes that show no page of their own, each with its reason."""


def _lesson() -> list[State]:
    page, group = "lesson.page", "/les/7"
    made = [State(page, group, "anja", name) for name in SCHOOLS]
    made += [State(page, group, "anja", name, board=True) for name in SCHOOLS]
    made += [
        State(page, f"{group}?namen=1", "anja", about="names"),
        State(page, f"{group}?ja=permission&tot=10:15", "anja", about="done"),
        State(page, f"{group}?nee=bad_site", "anja", about="error"),
        State(page, "/les/8", "coordinator", about="many-groups"),
        State(page, group, "directie"),
        State("lesson.start", "/les/", "iris", about="intern"),
        State("lesson.start", "/les/", "directie", "empty", about="first-group"),
    ]
    site = {"what": "site", "site": "kletsplein.test", "who": "all", "minutes": "lesson", "mode": "full"}
    start = {"start": group, "who": "anja"}
    made += [
        State("permission.give", f"{group}/toestemming", form=site, about="consent", **start),
        State("permission.give", f"{group}/toestemming", board=True, form=site, about="consent", **start),
        State("permission.give", f"{group}/toestemming", form={**site, "names": "1"}, about="consent-names", **start),
    ]
    return made


def _agreement() -> list[State]:
    page, path = "agreement.page", "/les/7/afspraak"
    made = [State(page, path, "anja", name) for name in SCHOOLS]
    made.append(State(page, path, "anja", board=True))
    sent = {"goal": "rekenen", "who": "all", "minutes": "lesson"}
    for about, sites in (("error", "niet goed_"), ("question", "rekenrijk.test")):
        made.append(State("agreement.start", path, "anja", start=path, form={**sent, "sites": sites}, about=about))
    return made


def _colleagues() -> list[State]:
    group = "/les/7"
    made = [
        State(page, f"{group}/{path}", "anja", board=board)
        for page, path in (
            ("permission.form", "toestemming"),
            ("prepared.page", "klaar"),
            ("preview.ask", "voorbeeld"),
            ("substitute.invite", "invaller"),
        )
        for board in (False, True)
    ]
    made += [
        State("agreement.other_lesson", f"{group}/afspraak/{{planned}}/verzetten", "anja"),
        State("permission.form", f"{group}/toestemming", "anja", "empty"),
        State("prepared.page", f"{group}/klaar", "anja", "empty"),
        State("agreement.page", f"{group}/afspraak?toets=1", "anja", about="test"),
        State("ban_proposals.page", "/maatregelen/voorstellen", "anja"),
        State("ban_proposals.page", "/maatregelen/voorstellen", "anja", "empty"),
        State("ban_proposals.page", "/maatregelen/voorstellen", "anja", board=True),
        State("standing_in.page", "/invallen"),
        State("standing_in.page", "/invallen?nee=substitute_code", about="error"),
        State("standing_in.welcome", "/invallen/vandaag", "invaller"),
        State("lesson.page", group, "invaller"),
        State("leaving.page", "/afmelden", "anja"),
        State("substitute.make", f"{group}/invaller", "anja", start=f"{group}/invaller", form={"day": "2026-11-23"}),
        State(
            "preview.look",
            f"{group}/voorbeeld",
            "anja",
            start=f"{group}/voorbeeld",
            form={"what": "site", "site": "kletsplein.test", "who": "all", "minutes": "lesson", "mode": "full"},
        ),
    ]
    return made


def _office() -> list[State]:
    tabs = TABS
    made = [
        State("office.tab", f"/beheer/{tab}", "coordinator", name, about=tab)
        for tab in tabs
        for name in ("empty", "busy")
    ]
    made += [State("office.tab", f"/beheer/{tab}", "directie", board=True, about=tab) for tab in tabs]
    made += [
        State("office.page", "/beheer/", "directie"),
        State("office.tab", "/beheer/groepen?nee=name", "coordinator", about="error"),
        State("registers.media", "/beheer/toestemming/media/7", "coordinator"),
        State("registers.photos", "/beheer/toestemming/foto/7", "coordinator"),
        State("registers.staff_photos", "/beheer/toestemming/personeel", "directie"),
        State("registers.media", "/beheer/toestemming/media/7", "coordinator", board=True),
        State("registers.look", "/fototoestemming", "anja"),
        State("registers.look", "/fototoestemming", "anja", "empty"),
        State("registers.look", "/fototoestemming", "anja", board=True),
    ]
    made += [
        State("office.tab", f"/beheer/{tab}?wie={one}", "coordinator", about=f"{tab}-chosen")
        for tab, one in (("leerlingen", "p7-1"), ("medewerkers", "staff-henk"))
    ]
    start = {"start": "/beheer/waarom", "who": "coordinator"}
    why = {"who": "group:7", "thing": "address", "text": "kletsplein.test", "day": "2026-11-23", "clock": "09:30"}
    trial = {"group": "7", "asked": "auto", "moment": "lesson"}
    made += [
        State("office.ask_why", "/beheer/waarom", form=why, about="answer", **start),
        State("office.ask_why", "/beheer/waarom", form={**why, "who": ""}, about="error", **start),
        State("trial.ask", "/beheer/proef", form={**trial, "typed": "kletsplein.test"}, about="site", **start),
        State("trial.ask", "/beheer/proef", form={**trial, "typed": "porno kijken"}, about="words", **start),
        State(
            "trial.preview",
            "/beheer/proef/wijziging",
            form={"what": "open", "text": "kletsplein.test"},
            about="change",
            **start,
        ),
        State("office.new_link", "/beheer/mens/staff-henk/link", form={"go": "1"}, about="once", **start),
    ]
    return made


def _measures() -> list[State]:
    pupil = "/maatregelen/leerling/p7-5"
    made = [State("measures.page", "/maatregelen/", "directie", name) for name in ("empty", "busy")]
    made += [
        State("measures.page", "/maatregelen/", "directie", board=True),
        State("measures.pupil", pupil, "directie", "empty"),
        State("measures.pupil", pupil, "directie"),
        State("measures.pupil", pupil, "directie", board=True),
        State("measures.impose", f"{pupil}/verbod", "directie", start=pupil, form={"reason": ""}, about="error"),
        State(
            "measures.summary",
            f"{pupil}/overzicht",
            "directie",
            start=pupil,
            form={"first": "2026-09-01", "last": "2026-11-23"},
        ),
        State("measures.noted", "/maatregelen/aantekeningen", "anja"),
        State("measures.noted", "/maatregelen/aantekeningen", "anja", "empty"),
        State("measures.noted", "/maatregelen/aantekeningen", "anja", board=True),
        State("measures.exceptions", "/maatregelen/uitzonderingen", "coordinator"),
        State("measures.exceptions", "/maatregelen/uitzonderingen", "coordinator", "empty"),
    ]
    return made


def _others() -> list[State]:
    made = [
        State("signin.page", "/inloggen"),
        State("signin.page", "/inloggen?nee=sign_in", about="error"),
        State("signin.page", "/inloggen?ja=signed_out", about="out"),
        State("password.page", "/wachtwoord/{link}"),
        State("password.page", "/wachtwoord/{link}?nee=password_short", about="error"),
        State("password.page", "/wachtwoord/oud", about="gone"),
        State("reports.form", "/melden", "anja"),
        State(
            "reports.tell",
            "/melden",
            "anja",
            start="/melden",
            form={"kind": "other", "to": "management", "line": ""},
            about="error",
        ),
        State("reports.page", "/meldingen", "directie"),
        State("reports.page", "/meldingen", "directie", "empty"),
        State("reports.page", "/meldingen", "directie", board=True),
        State("inbox.page", "/vertrouwen/", "coen"),
        State("inbox.page", "/vertrouwen/", "coen", "empty"),
        State("inbox.page", "/vertrouwen/", "coen", board=True),
        State("rules.paper", "/regels/papier"),
        State("problem", "/les/8", "anja", status=404, about="not-yours"),
        State("problem", "/beheer/", "anja", status=403, about="forbidden"),
    ]
    made += [State("rules.page", f"/regels?voor={who}", about=who) for who in ("leerling", "ouder", "leerkracht")]
    return made


def _signing() -> list[State]:
    page, path = "signing.pictures", "/les/7/plaatjes"
    return [
        State(page, path, "anja"),
        State(page, path, "anja", "empty"),
        State(page, path, "anja", board=True),
        State(page, f"{path}?nee=pictures_bad", "anja", about="error"),
    ]


STATES = (*_lesson(), *_agreement(), *_colleagues(), *_signing(), *_office(), *_measures(), *_others(), *desk.STATES)
LOGINS = tuple({state.who for state in STATES if state.who})
assert set(LOGINS) <= {one.login for one in STAFF} | {"iris", "coen", "fay", "stan", "invaller"}
