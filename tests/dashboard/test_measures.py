"""Maatregelen: bans, who may give and lift them, and who sees which of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from dashboard.actions import measures, notes
from dashboard.actions.desk import Desk
from dashboard.actions.measures import Until
from policy.model import DeviceClass, Lease, Member, Reason
from store import Store
from store.notes import NoteKind
from tests.cast import ANJA, COR, IRIS, LESSON, RIA, at
from tests.dashboard.bans import BOOK, PHONE, PRINTER, REASON, said, wish
from tests.dashboard.conftest import SCHOOL, Browser, Clock, own

SignIn = Callable[[str], Browser]


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
    assert "bij de printserver, als de school er een heeft" in ria.page("/maatregelen/leerling/sam")
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


@pytest.mark.evasion("S15")
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
