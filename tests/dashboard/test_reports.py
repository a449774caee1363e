"""What people told: each list for whom its teller chose, and for nobody else."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask

from dashboard.actions import reports
from dashboard.actions.desk import Desk
from policy.model import ReportKind, ReportTo, Role
from store import Store
from store.people import Person
from tests.cast import ANJA, LESSON, RIA, SAM
from tests.dashboard.conftest import BASE, SCHOOL, STAFF, Browser, Clock, give_account

PAGES = {ReportTo.MANAGEMENT: "/meldingen", ReportTo.COUNSELLOR: "/vertrouwen/"}
READERS = {ReportTo.MANAGEMENT: "ria", ReportTo.COUNSELLOR: "coen"}
LINE = "hij roept steeds dingen"
EVERYBODY = ("anja", "bram", "cor", "ria", "iris", "stan", "coen", "sam")


@pytest.fixture(autouse=True)
def named(store: Store) -> None:
    """Two counsellors who can sign in, and their inbox switched on."""
    store.people.put_people(SCHOOL, [Person("fay", Role.COUNSELLOR, "Fay Hendriks")], "cor", LESSON)
    give_account(store, "coen")
    give_account(store, "fay", Role.COUNSELLOR)
    assert store.counsel.switch_on(SCHOOL, "ria", LESSON)


def told(store: Store, audience: ReportTo, person: str = "sam") -> str:
    """Sam tells that he is bullied; the report's id."""
    return store.incidents.report(
        SCHOOL, "", LESSON, kind=ReportKind.BULLIED, audience=audience, note=LINE, group="7", person=person
    ).id


def seen(store: Store, audience: ReportTo) -> list[tuple[object, str | None]]:
    found = store.incidents.reports(SCHOOL, None, unseen=False, audience=audience)
    return [(one.seen, one.by) for one in found]


@pytest.mark.parametrize("audience", PAGES)
def test_whom_it_was_told_to_reads_who_what_and_when_and_says_seen(store: Store, signed_in, audience) -> None:
    report = told(store, audience)
    reader = signed_in(READERS[audience])
    page = reader.page(PAGES[audience])
    for part in ("Sam Pietersen", "Groep 7", "vertelt over pesten", LINE, "09:00", "na 30 dagen"):
        assert part in page
    after = reader.post(f"{PAGES[audience].rstrip('/')}{_told(audience)}/{report}/gezien").text
    assert "Gezien." in after and f"gezien door {STAFF[READERS[audience]].name}, 09:00" in after
    assert seen(store, audience) == [(LESSON, READERS[audience])]
    assert LINE in reader.page(PAGES[audience])  # it stays until its term


def _told(audience: ReportTo) -> str:
    return "/verteld" if audience is ReportTo.COUNSELLOR else ""


_ELSEWHERE = {"static", "lesson.stream", "reports.child"}  # no page of the dashboard


@pytest.mark.parametrize("audience", PAGES)
@pytest.mark.parametrize("login", EVERYBODY)
def test_nobody_else_sees_or_touches_it_anywhere(
    app: Flask, store: Store, browser: Callable[[], Browser], login: str, audience: ReportTo
) -> None:
    if login == READERS[audience]:
        return
    report = told(store, audience)
    give_account(store, login, STAFF[login].role if login in STAFF else Role.PUPIL)
    visitor = browser()
    visitor.sign_in(login)
    for path in (f"/meldingen/{report}", f"/vertrouwen/verteld/{report}"):
        visitor.post(f"{path}/gezien", follow=False)
    for path in (f"/les/7/melding/{report}", f"/beheer/melding/{report}"):
        visitor.post(path, follow=False)
    assert seen(store, audience) == [(None, None)]
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint in _ELSEWHERE or "api" in rule.endpoint:
            continue
        path = rule.rule.replace("<group>", "7").replace("<token>", "geen").replace("<pupil>", "sam")
        tabs = path.partition("<any(")[2].partition("):tab>")[0].split(", ")
        for tab in tabs:
            shown = visitor.get(f"{path.partition('<any(')[0]}{tab}" if tab else path, follow_redirects=True)
            assert LINE not in shown.text and "vertelt over pesten" not in shown.text, path


def test_a_class_screen_is_not_woken_and_its_stream_tells_nothing(store: Store, signed_in) -> None:
    anja = signed_in("anja")
    before = store.pulse(SCHOOL)
    for audience, reader in READERS.items():
        report = told(store, audience)
        signed_in(reader).post(f"{PAGES[audience].rstrip('/')}{_told(audience)}/{report}/gezien")
        assert seen(store, audience)[0][1] == reader
    assert store.pulse(SCHOOL) == before
    live = anja.client.get("/les/7/stroom", base_url=BASE, headers={"Accept": "text/event-stream"}, buffered=False)
    first = next(iter(live.response))
    live.close()
    text = first.decode() if isinstance(first, bytes) else first
    assert "part-asks" in text and LINE not in text and "pesten" not in text


def test_one_for_the_teacher_stands_on_the_lesson_page_with_the_childs_own_line(store: Store, signed_in) -> None:
    told(store, ReportTo.TEACHER)
    page = signed_in("anja").page("/les/7")
    assert "Sam Pietersen vertelt over pesten" in page and LINE in page
    board = signed_in("bram")
    board.post("/bord", board="1")
    assert LINE not in board.page("/les/8")
    for login, path in (("ria", "/meldingen"), ("coen", "/vertrouwen/")):
        assert LINE not in signed_in(login).page(path)


def test_on_a_screen_that_hangs_in_a_class_nothing_is_shown(store: Store, signed_in) -> None:
    for audience, reader in READERS.items():
        told(store, audience)
        browser = signed_in(reader)
        browser.post("/bord", board="1")
        page = browser.page(PAGES[audience])
        assert LINE not in page and "Sam " not in page and "digibord-stand" in page
        assert "Zelf iets meegemaakt?" not in page
        assert "digibord-stand" in browser.page("/melden")


def test_the_audit_says_that_the_management_looked_and_of_the_counsellors_not_at_what(
    store: Store, signed_in, clock: Clock
) -> None:
    mine, theirs = told(store, ReportTo.MANAGEMENT), told(store, ReportTo.COUNSELLOR)
    ria, coen = signed_in("ria"), signed_in("coen")
    for _ in range(2):
        ria.page("/meldingen")
        coen.page("/vertrouwen/")
    ria.post(f"/meldingen/{mine}/gezien")
    coen.post(f"/vertrouwen/verteld/{theirs}/gezien")
    said = [(entry.who, entry.what) for entry in store.audit.entries(SCHOOL) if entry.what != "sign-in"]
    assert said.count(("ria", "reports.look")) == 1 and ("ria", "report.see") in said
    assert [what for who, what in said if who == "coen"] == ["inbox.look"]
    clock.on(hours=1)
    signed_in("ria").page("/meldingen")
    assert [entry.what for entry in store.audit.entries(SCHOOL, who="ria")].count("reports.look") == 2


def test_who_is_not_in_the_register_any_more_still_makes_a_line(store: Store, signed_in) -> None:
    told(store, ReportTo.MANAGEMENT, person="weg")
    store.incidents.report(SCHOOL, "eng.nl", LESSON, audience=ReportTo.MANAGEMENT, device="chroom-1", group="7")
    store.incidents.report(SCHOOL, "", LESSON, audience=ReportTo.MANAGEMENT, group="7")
    store.incidents.report(SCHOOL, "", LESSON, audience=ReportTo.MANAGEMENT)
    page = signed_in("ria").page("/meldingen")
    for part in ("Iemand die hier niet meer staat", "Iemand op Chromebook 1", "Iemand in Groep 7", "Iemand op school"):
        assert part in page
    assert "op eng.nl" in page


# --- staff -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", [login for login in EVERYBODY if login != "sam"])
def test_everybody_of_staff_finds_the_way_and_tells_whom_they_choose(store: Store, signed_in, login: str) -> None:
    visitor = signed_in(login)
    assert 'href="/melden"' in visitor.get("/", follow_redirects=True).text
    assert "Het is niet uw schuld" in visitor.page("/melden")
    answer = visitor.post("/melden", kind="pictures", to="counsellor", line=f"  {LINE}\n ")
    assert "Alleen de vertrouwenspersonen lezen dit" in answer.text
    (report,) = store.incidents.reports(SCHOOL, None, audience=ReportTo.COUNSELLOR)
    assert (report.kind, report.note, report.person, report.group) == ("pictures", LINE, login, None)
    assert "De directie leest dit" in visitor.post("/melden", kind="bullied", to="management").text


def test_staff_cannot_put_it_on_a_class_screen_and_must_choose(store: Store, desk: Desk, signed_in) -> None:
    anja = signed_in("anja")
    for form in ({"kind": "saw", "to": "teacher"}, {"kind": "saw"}, {"to": "management"}, {"kind": "x", "to": "y"}):
        assert "Kies wat u wilt melden" in anja.post("/melden", **form).text
    # What was written does not have to be written again.
    page = anja.post("/melden", kind="saw", line=LINE).text
    assert f">{LINE}</textarea>" in page
    assert re.search(r'value="saw"[^>]* checked', page)
    assert all(store.incidents.reports(SCHOOL, None, audience=audience) == () for audience in ReportTo)
    assert not reports.tell(desk, SAM, "saw", "management", "", LESSON).ok


def test_without_an_inbox_there_is_the_management(store: Store, desk: Desk, signed_in) -> None:
    store.people.remove_person(SCHOOL, "coen", "cor", LESSON)
    assert store.counsel.on(SCHOOL) is None
    assert reports.audiences(desk, ANJA, LESSON) == (ReportTo.MANAGEMENT,)
    page = signed_in("anja").page("/melden")
    assert 'value="management" checked' in page and "counsellor" not in page


def test_nobody_reports_without_end(desk: Desk) -> None:
    codes = [reports.tell(desk, ANJA, "other", "management", "", LESSON).code for _ in range(6)]
    assert codes == ["dash.done.told_management"] * 5 + ["dash.no.told_many"]


def test_only_the_role_itself_reads(desk: Desk) -> None:
    for who in (ANJA, SAM):
        assert not reports.look(desk, who, LESSON).ok
        assert not reports.see(desk, who, ReportTo.TEACHER, "geen", LESSON).ok
    assert not reports.see(desk, RIA, ReportTo.COUNSELLOR, "geen", LESSON).ok
    assert reports.look(desk, RIA, LESSON).ok


def test_a_counsellor_without_a_partner_reads_what_was_told(store: Store, signed_in) -> None:
    """Two are needed to switch it on; what came in then may be read by one."""
    told(store, ReportTo.COUNSELLOR)
    store.people.remove_person(SCHOOL, "fay", "cor", LESSON)
    assert LINE in signed_in("coen").page("/vertrouwen/")


def test_a_child_that_types_it_on_the_dashboards_name_gets_to_where_it_can_tell(
    browser: Callable[[], Browser],
) -> None:
    answer = browser().get("/vertel")
    assert (answer.status_code, answer.headers["Location"]) == (302, "http://vertel.klaswacht.internal/")
