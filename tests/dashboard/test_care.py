"""Standing personal exceptions: who keeps them, what they open, and that they are looked at again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from dashboard.actions import care, measures
from dashboard.actions.desk import Desk
from policy.model import Care, Reason
from tests.cast import ANJA, COR, IRIS, LESSON, RIA
from tests.dashboard.bans import said, wish
from tests.dashboard.conftest import SCHOOL, Browser

SignIn = Callable[[str], Browser]


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
