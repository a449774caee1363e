"""Maatregelen: bans, notes for the pupil's file, standing exceptions; who may do and see which of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from dashboard.actions import care, measures, notes
from dashboard.actions.desk import Desk
from dashboard.actions.measures import Until, Wish
from policy.decide import decide
from policy.model import Care, Device, DeviceClass, Lease, Member, Reason, SanctionTarget
from policy.seat import seated
from store import Store
from store.notes import NoteKind
from tests.cast import ANJA, BRAM, COR, IRIS, LESSON, RIA, at, visit
from tests.dashboard.conftest import SCHOOL, Browser, Clock

SignIn = Callable[[str], Browser]
REASON = "Gooide met het apparaat."
BOOK, PHONE, PRINTER = SanctionTarget.CHROMEBOOK, SanctionTarget.PHONE, SanctionTarget.PRINTER
HASH = hashlib.sha256(b"sleutel").hexdigest()


def own(name: str, kind: DeviceClass = DeviceClass.PUPIL, person: str = "sam", key: str | None = HASH) -> Device:
    return Device(name, name.title(), kind, "7", person, key_hash=key)


@pytest.fixture
def owned(store: Store, desk: Desk) -> Desk:
    """Sam has a Chromebook with a key; there is a shared one too."""
    store.devices.put(SCHOOL, own("boek-sam"), "setup", LESSON)
    return desk


def wish(**changes: object) -> Wish:
    return replace(Wish("sam", BOOK, REASON), **changes)


def said(desk: Desk, host: str, clock: str, device: str = "boek-sam") -> Reason:
    """What the pupil at the device gets, by the real decision over the real rows."""
    moment = at(clock)
    snapshot = desk.store.snapshot(SCHOOL, desk.knowledge, LESSON)
    return decide(visit(host, who=seated(snapshot, snapshot.devices[device], moment)), snapshot, moment).reason


# --- a ban ---------------------------------------------------------------------------------------------------------


def test_a_ban_holds_at_once_and_returns_by_itself(owned: Desk) -> None:
    outcome = measures.impose(owned, RIA, wish(until=Until.OWN, day="2026-11-23", clock="09:40"), LESSON)
    assert outcome.ok and outcome.value is not None
    assert outcome.value.end == at("09:40")
    assert outcome.value.by == "ria"
    assert said(owned, "nieuws.nl", "09:01") is Reason.SANCTION
    assert said(owned, "nieuws.nl", "09:40") is Reason.OPEN


def test_the_learning_list_help_and_what_was_added_stay_open_under_a_ban(owned: Desk) -> None:
    learning = replace(owned.knowledge, learning=frozenset({"education"}))
    desk = Desk(owned.store, learning, SCHOOL, owned.settings)
    assert measures.impose(desk, RIA, wish(sites="https://www.atlas.nl/kaart, woorden.nl"), LESSON).ok
    assert said(desk, "leren.nl", "09:30") is Reason.OPEN
    assert said(desk, "atlas.nl", "09:30") is Reason.OPEN
    assert said(desk, "www.woorden.nl", "09:30") is Reason.OPEN
    assert said(desk, "kindertelefoon.nl", "09:30") is Reason.HELP_HOST
    assert said(desk, "nieuws.nl", "09:30") is Reason.SANCTION


@pytest.mark.parametrize("who", [COR, ANJA, IRIS, Member("sam", RIA.role.PUPIL, ("7",))], ids=lambda one: one.id)
def test_only_the_management_decides(owned: Desk, who: Member) -> None:
    ban = measures.impose(owned, RIA, wish(), LESSON).value
    assert ban is not None
    assert measures.impose(owned, who, wish(on=PRINTER), LESSON).code == "dash.no.role"
    assert measures.lift(owned, who, ban.id, LESSON).code == "dash.no.role"
    assert measures.lift_for_lesson(owned, who, ban.id, LESSON).code == "dash.no.role"
    assert measures.withdraw(owned, who, ban.id, LESSON).code == "dash.no.role"
    assert notes.export(owned, who, "sam", "", "", LESSON).code == "dash.no.role"
    assert owned.store.measures.sanctions(SCHOOL, LESSON) == (ban,)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"person": "anja"}, "ban_pupil"),
        ({"person": "niemand"}, "ban_pupil"),
        ({"reason": "  \n "}, "ban_reason"),
        ({"until": Until.OWN, "day": "morgen"}, "ban_end"),
        ({"until": Until.OWN, "day": "2026-11-22"}, "ban_end"),
        ({"until": Until.OWN, "day": "2026-11-23", "clock": "08:59"}, "ban_end"),
        ({"until": Until.OWN, "day": "9999-12-31"}, "ban_end"),
        ({"until": Until.OWN, "day": "2026-12-21", "clock": "09:01"}, "ban_long"),
        ({"person": "noor"}, "ban_nowhere"),
        ({"on": PHONE}, "ban_nowhere"),
        ({"sites": "geen site"}, "bad_site"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(owned: Desk, changes: dict[str, object], code: str) -> None:
    assert measures.impose(owned, RIA, wish(**changes), LESSON).code == f"dash.no.{code}"
    assert owned.store.measures.imposed(SCHOOL) == ()


def test_a_second_ban_on_the_same_thing_is_not_made(owned: Desk) -> None:
    assert measures.impose(owned, RIA, wish(), LESSON).ok
    assert measures.impose(owned, RIA, wish(), LESSON).code == "dash.no.ban_already"
    assert measures.impose(owned, RIA, wish(on=PRINTER), LESSON).ok


def test_the_form_offers_no_ban_that_is_there_already(owned: Desk, signed_in: SignIn) -> None:
    ria = signed_in("ria")
    assert "printen zelf nog niet tegen" in ria.page("/maatregelen/leerling/sam")
    assert measures.impose(owned, RIA, wish(), LESSON).ok
    page = ria.page("/maatregelen/leerling/sam")
    assert 'name="on" value="chromebook"' not in page
    assert 'name="on" value="printer" checked' in page
    assert measures.impose(owned, RIA, wish(on=PRINTER), LESSON).ok
    assert 'name="reason"' not in ria.page("/maatregelen/leerling/sam")


@pytest.mark.parametrize(
    ("until", "end"),
    [
        (Until.TODAY, at("00:00", "2026-11-24")),
        (Until.TOMORROW, at("00:00", "2026-11-25")),
        (Until.WEEK, at("00:00", "2026-11-30")),
    ],
)
def test_the_ready_made_ends_are_the_ends_of_days(owned: Desk, until: Until, end: object) -> None:
    ban = measures.impose(owned, RIA, wish(until=until), LESSON).value
    assert ban is not None and ban.end == end


def test_an_end_counts_on_the_schools_clock_also_when_that_changes(owned: Desk) -> None:
    friday = at("09:00", "2027-03-26")  # summer time begins on Sunday the 28th
    ban = measures.impose(owned, RIA, wish(until=Until.WEEK), friday).value
    assert ban is not None and ban.end == at("00:00", "2027-04-02")
    assert ban.end - at("00:00", "2027-03-26") == timedelta(days=7, hours=-1)


def test_four_weeks_is_the_longest(owned: Desk) -> None:
    assert measures.impose(owned, RIA, wish(until=Until.OWN, day="2026-12-20"), LESSON).ok


def test_a_ban_is_lifted_for_the_lesson_and_is_back_after_it(owned: Desk) -> None:
    ban = measures.impose(owned, RIA, wish(), LESSON).value
    assert ban is not None
    assert measures.lift_for_lesson(owned, RIA, ban.id, at("09:10")).ok
    assert said(owned, "nieuws.nl", "09:30") is Reason.OPEN
    assert said(owned, "nieuws.nl", "10:15") is Reason.SANCTION, "the lesson is over"
    assert measures.lift_for_lesson(owned, RIA, ban.id, at("19:00")).code == "dash.no.no_lesson"


def test_a_ban_is_lifted_now(owned: Desk) -> None:
    ban = measures.impose(owned, RIA, wish(), LESSON).value
    assert ban is not None
    assert measures.lift(owned, RIA, ban.id, at("09:10")).ok
    assert said(owned, "nieuws.nl", "09:10") is Reason.OPEN
    assert measures.lift(owned, RIA, ban.id, at("09:11")).code == "dash.no.gone"


def test_a_mistake_is_in_no_file(owned: Desk) -> None:
    ban = measures.impose(owned, RIA, wish(), LESSON).value
    assert ban is not None
    assert measures.withdraw(owned, RIA, ban.id, at("09:01")).ok
    told = notes.export(owned, RIA, "sam", "", "", at("10:00")).value
    assert told is not None and told.bans == ()
    assert said(owned, "nieuws.nl", "09:05") is Reason.OPEN


def test_before_saving_it_is_known_where_a_ban_holds(owned: Desk, store: Store) -> None:
    store.devices.put(SCHOOL, own("boek-kaal", key=None), "setup", LESSON)
    store.devices.put(SCHOOL, own("toestel", DeviceClass.PHONE), "setup", LESSON)
    store.devices.put(SCHOOL, own("boek-noor", person="noor"), "setup", LESSON)
    told = {
        one.on: ([d.id for d in one.holds], [d.id for d in one.keyless])
        for one in measures.reach(owned.snapshot(LESSON), "sam")
    }
    assert told == {
        BOOK: (["boek-sam"], ["boek-kaal"]),
        PHONE: (["toestel"], []),
        PRINTER: (["boek-sam", "toestel"], ["boek-kaal"]),
    }
    assert measures.impose(owned, RIA, wish(on=PHONE), LESSON).ok
    assert said(owned, "nieuws.nl", "09:30", "toestel") is Reason.SANCTION
    assert said(owned, "nieuws.nl", "09:30", "boek-sam") is Reason.OPEN


def test_a_ban_never_lands_on_whom_a_teacher_put_at_the_device(owned: Desk, store: Store) -> None:
    assert measures.impose(owned, RIA, wish(), LESSON).ok
    store.devices.lease(SCHOOL, Lease("boek-sam", "noor", LESSON, at("10:15"), "anja"), LESSON)
    assert said(owned, "nieuws.nl", "09:30") is Reason.OPEN
    store.devices.lease(SCHOOL, Lease("boek-sam", "sam", at("09:40"), at("10:15"), "anja"), LESSON)
    assert said(owned, "nieuws.nl", "09:41") is Reason.SANCTION, "the owner, and the teacher says so too"


# --- notes ---------------------------------------------------------------------------------------------------------


def test_a_teacher_notes_something_about_a_child_of_her_group_only(desk: Desk) -> None:
    assert notes.write(desk, ANJA, "sam", NoteKind.TALK, "Wij praatten over  het\nbord.", LESSON).ok
    assert notes.write(desk, BRAM, "sam", NoteKind.TALK, "x", LESSON).code == "dash.no.not_yours"
    assert notes.write(desk, COR, "sam", NoteKind.TALK, "x", LESSON).code == "dash.no.role"
    assert notes.write(desk, IRIS, "sam", NoteKind.TALK, "x", LESSON).code == "dash.no.role"
    (note,) = notes.own(desk, ANJA)
    assert note.text == "Wij praatten over het bord."


@pytest.mark.parametrize("person", ["anja", "iris", "ria", "stan", "niemand"])
def test_there_is_no_note_about_staff(desk: Desk, person: str) -> None:
    assert notes.write(desk, RIA, person, NoteKind.OTHER, "te laat", LESSON).code == "dash.no.note_pupil"


def test_a_note_is_read_by_the_management_and_by_who_wrote_it(desk: Desk) -> None:
    written = notes.write(desk, ANJA, "sam", NoteKind.TALK, "x", LESSON).value
    assert written is not None
    assert notes.about(desk, RIA, "sam") == notes.about(desk, ANJA, "sam") == (written,)
    for who in (BRAM, COR, IRIS):
        assert notes.about(desk, who, "sam") == ()
        assert notes.erase(desk, who, written.id, LESSON).code == "dash.no.gone"
    assert notes.erase(desk, ANJA, written.id, LESSON).ok
    assert notes.about(desk, RIA, "sam") == ()


def test_an_empty_note_is_none_and_a_long_one_is_cut(desk: Desk) -> None:
    assert notes.write(desk, RIA, "sam", NoteKind.TALK, " \n ", LESSON).code == "dash.no.note_text"
    note = notes.write(desk, RIA, "sam", NoteKind.TALK, "a" * 900, LESSON).value
    assert note is not None and len(note.text) == notes.LONGEST_NOTE


def test_the_summary_has_the_period_that_was_asked_for_and_is_in_the_audit(owned: Desk) -> None:
    for clock, day in (("09:00", "2026-09-01"), ("09:00", "2026-11-23"), ("23:59", "2026-11-30")):
        assert notes.write(owned, ANJA, "sam", NoteKind.TALK, f"op {day}", at(clock, day)).ok
    assert notes.write(owned, ANJA, "noor", NoteKind.TALK, "over een ander", LESSON).ok
    assert measures.impose(owned, RIA, wish(), LESSON).ok
    told = notes.export(owned, RIA, "sam", "2026-11-01", "2026-11-30", at("12:00", "2026-12-01")).value
    assert told is not None
    assert [note.text for note in told.notes] == ["op 2026-11-23", "op 2026-11-30"]
    assert [(one.sanction.on, one.reason) for one in told.bans] == [(BOOK, REASON)]
    assert told.names == {"anja": "Anja de Vries", "ria": "Ria Visser"}
    whole = notes.export(owned, RIA, "sam", "", "", at("12:00", "2026-12-01")).value
    assert whole is not None and (whole.first, len(whole.notes)) == (date(2026, 8, 1), 3)
    made = [entry for entry in owned.store.audit.entries(SCHOOL) if entry.what == notes.EXPORTED]
    assert [(entry.who, entry.targets) for entry in made] == [("ria", ("sam",))] * 2


@pytest.mark.parametrize("days", [("2026-12-01", "2026-11-01"), ("x", ""), ("", "x"), ("", "9999-12-31")])
def test_a_summary_of_no_period_is_refused_and_not_in_the_audit(desk: Desk, days: tuple[str, str]) -> None:
    assert notes.export(desk, RIA, "sam", *days, LESSON).code == "dash.no.date"
    assert notes.export(desk, RIA, "anja", "", "", LESSON).code == "dash.no.gone"
    assert not [entry for entry in desk.store.audit.entries(SCHOOL) if entry.what == notes.EXPORTED]


# --- standing exceptions -------------------------------------------------------------------------------------------


def care_wish(**changes: object) -> care.Wish:
    return replace(care.Wish("sam", "", "mijnpomp.nl", "", "2027-11-23"), **changes)


def test_care_opens_a_site_under_a_ban(owned: Desk) -> None:
    assert measures.impose(owned, RIA, wish(), LESSON).ok
    assert said(owned, "mijnpomp.nl", "09:30") is Reason.SANCTION
    written = care.add(owned, COR, care_wish(), LESSON).value
    assert written is not None and written.review == date(2027, 11, 23)
    assert said(owned, "mijnpomp.nl", "09:30") is Reason.CARE
    assert care.end(owned, COR, written.id, LESSON).ok
    assert said(owned, "mijnpomp.nl", "09:30") is Reason.SANCTION


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"person": "niemand"}, "care_who"),
        ({"person": "sam", "device": "chroom-1"}, "care_who"),
        ({"person": ""}, "care_who"),
        ({"sites": "", "apps": " , "}, "care_what"),
        ({"sites": "co.uk"}, "bad_site"),
        ({"sites": "adult.com"}, "locked"),
        ({"review": ""}, "care_review"),
        ({"review": "2026-11-23"}, "care_review"),
        ({"review": "2027-11-25"}, "care_review"),
        ({"review": "ooit"}, "care_review"),
    ],
)
def test_an_exception_that_cannot_be_is_not_written(desk: Desk, changes: dict[str, object], code: str) -> None:
    assert care.add(desk, COR, care_wish(**changes), LESSON).code == f"dash.no.{code}"
    assert desk.store.measures.care(SCHOOL) == ()


def test_an_exception_for_a_device_and_its_programs(desk: Desk) -> None:
    written = care.add(desk, RIA, care_wish(person="", device="chroom-1", sites="", apps="C:\\NVDA.exe, Dex"), LESSON)
    assert written.value is not None
    assert (written.value.device, written.value.apps) == ("chroom-1", ("nvda", "dex"))


def test_only_the_office_keeps_exceptions(desk: Desk) -> None:
    desk.store.measures.add_care(SCHOOL, Care("c", "sam", None, ("mijnpomp.nl",)), "cor", LESSON)
    for who in (ANJA, IRIS):
        assert care.add(desk, who, care_wish(), LESSON).code == "dash.no.role"
        assert care.go_on(desk, who, "c", LESSON).code == "dash.no.role"
        assert care.end(desk, who, "c", LESSON).code == "dash.no.role"
        assert care.standing(desk, who) == ()
    assert len(care.standing(desk, COR)) == 1


def test_what_must_be_looked_at_is_on_top_and_goes_on_for_a_year(desk: Desk) -> None:
    for name, review in (("a", date(2027, 6, 1)), ("b", date(2026, 12, 7)), ("c", None)):
        desk.store.measures.add_care(SCHOOL, Care(name, "sam", None, ("x.nl",), (), review), "cor", LESSON)
    day = care.today(desk.snapshot(LESSON), LESSON)
    assert [(one.id, care.is_due(one, day)) for one in care.standing(desk, COR)] == [
        ("c", True),
        ("b", True),
        ("a", False),
    ]
    assert care.go_on(desk, COR, "b", LESSON).ok
    assert {one.id: one.review for one in care.standing(desk, COR)}["b"] == date(2027, 11, 23)
    assert care.go_on(desk, COR, "x", LESSON).code == "dash.no.gone"


# --- the screens ---------------------------------------------------------------------------------------------------


def test_the_management_bans_on_the_screen_and_lifts(owned: Desk, signed_in: SignIn) -> None:
    ria = signed_in("ria")
    assert "Sam Pietersen" in ria.page("/maatregelen/")
    page = ria.page("/maatregelen/leerling/sam")
    assert "Chromebook: geldt op Boek-Sam." in page
    assert "Telefoon: geldt nergens." in page
    assert "gedeelde apparaten weet Klaswacht niet zeker wie er zit" in page
    answer = ria.post("/maatregelen/leerling/sam/verbod", on="chromebook", until="today", reason=REASON).text
    assert "Het verbod geldt nu." in answer
    assert REASON in answer
    assert "tot en met 23-11-2026" in answer
    (ban,) = owned.store.measures.sanctions(SCHOOL, LESSON)
    assert "Ria Visser" in ria.page("/maatregelen/")
    assert "tot 10:15" in ria.post(f"/maatregelen/verbod/{ban.id}/les", back="pupil").text
    assert "Het verbod is opgeheven." in ria.post(f"/maatregelen/verbod/{ban.id}/stop", back="pupil").text
    assert "voorbij sinds 09:00" in ria.page("/maatregelen/leerling/sam")


def test_what_was_typed_stays_when_a_ban_cannot_be(owned: Desk, signed_in: SignIn) -> None:
    answer = signed_in("ria").post(
        "/maatregelen/leerling/sam/verbod", on="printer", until="own", day="2027-11-23", reason=REASON, sites="atlas.nl"
    )
    assert "hoogstens vier weken" in answer.text
    assert REASON in answer.text
    assert 'value="atlas.nl"' in answer.text
    assert 'value="printer" checked' in answer.text


def test_without_a_device_of_ones_own_there_is_no_form_for_a_ban(desk: Desk, signed_in: SignIn) -> None:
    page = signed_in("ria").page("/maatregelen/leerling/noor")
    assert page.count("geldt nergens") == 3
    assert 'name="reason"' not in page


def test_the_summary_is_on_a_page_and_in_a_file(owned: Desk, signed_in: SignIn) -> None:
    ria = signed_in("ria")
    assert measures.impose(owned, RIA, wish(), LESSON).ok
    note = "Gesprek met <Sam> & ouders"
    ria.post("/maatregelen/aantekeningen", pupil="sam", kind="talk", text=note, back="pupil")
    page = ria.post("/maatregelen/leerling/sam/overzicht", first="2026-08-01", last="2026-11-23").text
    assert "Gesprek met &lt;Sam&gt; &amp; ouders" in page
    answer = ria.post("/maatregelen/leerling/sam/overzicht.txt", first="2026-08-01", last="2026-11-23")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Disposition"] == "attachment; filename=leerlingdossier-2026-11-23.txt"
    assert answer.headers["Cache-Control"] == "no-store"
    for word in (
        "Onze school",
        "Sam Pietersen",
        "Groep 7",
        "01-08-2026",
        REASON,
        note,
        "Ria Visser",
        "24-11-2026 00:00",
    ):
        assert word in answer.text, word
    assert len([entry for entry in owned.store.audit.entries(SCHOOL) if entry.what == notes.EXPORTED]) == 2


def test_a_teacher_sees_her_own_notes_and_no_bans(owned: Desk, signed_in: SignIn) -> None:
    assert measures.impose(owned, RIA, wish(), LESSON).ok
    assert notes.write(owned, RIA, "sam", NoteKind.TALK, "van de directie", LESSON).ok
    anja = signed_in("anja")
    answer = anja.post("/maatregelen/aantekeningen", pupil="sam", kind="warning", text="van de juf").text
    assert "van de juf" in answer
    assert "van de directie" not in answer
    assert "Bo de Boer" not in answer
    for path in ("/maatregelen/", "/maatregelen/leerling/sam", "/maatregelen/uitzonderingen"):
        assert anja.get(path).status_code == 403
    for path in ("/les/7", "/les/7?namen=1", "/maatregelen/aantekeningen"):
        page = anja.page(path)
        assert REASON not in page
        assert "verbod geldt" not in page


def test_the_coordinator_keeps_exceptions_and_hears_nothing_of_bans(owned: Desk, signed_in: SignIn) -> None:
    assert measures.impose(owned, RIA, wish(), LESSON).ok
    cor = signed_in("cor")
    assert cor.get("/maatregelen/").status_code == 403
    page = cor.page("/maatregelen/uitzonderingen")
    assert "Klaswacht vraagt niet waarom." in page
    answer = cor.post("/maatregelen/uitzonderingen", **{"for": "person:sam"}, sites="mijnpomp.nl", review="2026-12-01")
    assert "De uitzondering geldt nu." in answer.text
    assert "Er is 1 uitzondering om opnieuw te bekijken." in answer.text
    (written,) = owned.store.measures.care(SCHOOL)
    assert "nog een jaar" in cor.post(f"/maatregelen/uitzonderingen/{written.id}/verder").text
    assert "opnieuw te bekijken" not in cor.page("/maatregelen/uitzonderingen")
    refused = cor.post("/maatregelen/uitzonderingen", **{"for": "person:sam"}, sites="adult.com", review="2027-01-01")
    assert "voor iedereen dicht" in refused.text
    assert 'value="adult.com"' in refused.text


@pytest.mark.parametrize(
    ("login", "place", "lands"),
    [("ria", "/beheer/", "/"), ("cor", "/beheer/", "/uitzonderingen"), ("anja", "/les/7", "/aantekeningen")],
)
def test_everybody_starts_where_there_is_something_for_them(
    signed_in: SignIn, login: str, place: str, lands: str
) -> None:
    browser = signed_in(login)
    assert 'href="/maatregelen/begin"' in browser.page(place)
    assert browser.get("/maatregelen/begin").headers["Location"] == f"/maatregelen{lands}"


def test_nothing_is_shown_on_a_screen_in_a_class(owned: Desk, signed_in: SignIn) -> None:
    assert measures.impose(owned, RIA, wish(), LESSON).ok
    assert notes.write(owned, RIA, "sam", NoteKind.TALK, "van de directie", LESSON).ok
    ria = signed_in("ria")
    ria.post("/bord", board="1")
    paths = ("", "leerling/sam", "aantekeningen", "uitzonderingen")
    for path in paths:
        page = ria.page(f"/maatregelen/{path}")
        assert "digibord-stand" in page
        for word in ("Sam", REASON, "van de directie"):
            assert word not in page, (path, word)
    for what in ("overzicht", "overzicht.txt", "verbod"):
        answer = ria.post(f"/maatregelen/leerling/sam/{what}", on="chromebook", reason=REASON)
        assert "Pietersen" not in answer.text
        assert REASON not in answer.text
    assert not [entry for entry in owned.store.audit.entries(SCHOOL) if entry.what == notes.EXPORTED]
    for path in ("/les/7", "/beheer/"):
        assert 'href="/maatregelen' not in ria.page(path)


def test_the_live_lesson_says_nothing_of_a_ban(owned: Desk, signed_in: SignIn, clock: Clock) -> None:
    assert measures.impose(owned, RIA, wish(), LESSON).ok
    clock.on(minutes=1)
    page = signed_in("anja").page("/les/7?namen=1")
    assert "erbod" not in page
