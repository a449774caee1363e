"""The school year in Beheer: what waits is confirmed, days off come and go, and nothing closes by itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.read import ConfigError
from config.texts import has
from config.times import schedule_from, with_times
from dashboard.actions import year
from dashboard.actions.days_off import Change, What, made
from dashboard.actions.desk import Desk
from policy.model import Closure, PeriodKind, Schedule
from policy.schedule import period_at
from store import Store
from tests.cast import ANJA, COR, LESSON, POLICY, at
from tests.dashboard.conftest import SCHOOL, Browser

SignIn = Callable[[str], Browser]
TODAY = date(2026, 11, 23)
_DAY = {"lessons": ["08:30-14:00"], "breaks": ["10:15-10:30"]}
_DAYS = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), _DAY)
SPECIAL = {"what": "special", "name": "a", "first": "2026-12-04"}
PLAIN, WRITTEN = with_times(POLICY, "", {"days": _DAYS, "holidays": {"region": "midden"}})


@pytest.fixture(autouse=True)
def in_the_middle(store: Store) -> None:
    assert store.policies.add(SCHOOL, PLAIN, "test", "setup", LESSON, written=WRITTEN)


def schedule(store: Store) -> Schedule:
    kept = store.policies.current(SCHOOL)
    assert kept
    return kept.policy.schedule


def looked(cor: Browser, **change: object) -> str:
    page = cor.post("/beheer/jaar", based_on="2", **change).text
    assert 'id="plan"' in page, re.search(r'role="status"[^>]*>(.*?)<', page)
    return page


def saved(cor: Browser, **change: object) -> str:
    """As the page offers it: the fields of the plan's own form."""
    page = looked(cor, **change)
    form = page.split('id="plan"')[1].split("</form>")[0]
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form):
        if name != "csrf":
            found.setdefault(name, []).append(unescape(value))
    told = cor.post("/beheer/jaar", **found, do="save").text
    assert "Opgeslagen" in told
    return told


def test_a_holiday_that_nobody_confirmed_waits_and_closes_nothing(store: Store, signed_in: SignIn) -> None:
    page = signed_in("cor").page("/beheer/jaar")
    assert "Vraag het na. 5 van deze vakanties" in page
    assert "Kerstvakantie" in page and "za 19 december t/m zo 3 januari" in page
    assert period_at(schedule(store), "7", at("09:00", "2026-12-22")).kind is PeriodKind.LESSON


def test_one_tap_confirms_the_year_and_moves_what_waited_to_the_days_off(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    page = looked(cor, what="confirm", name="2026-2027")
    assert "kerstvakantie" in page and "wacht niet meer op u" in page
    assert schedule(store).waiting == PLAIN.schedule.waiting
    saved(cor, what="confirm", name="2026-2027")
    kept = schedule(store)
    assert Closure(date(2026, 12, 19), date(2027, 1, 3), "kerstvakantie") in kept.closures
    assert not [one for one in kept.waiting if one.first > TODAY]
    assert period_at(kept, "7", at("09:00", "2026-12-22")).kind is PeriodKind.OUTSIDE
    assert "Vraag het na" not in cor.page("/beheer/jaar")


def test_one_holiday_gets_the_dates_of_the_school(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    change = {"what": "holiday", "name": "voorjaarsvakantie", "first": "2027-02-13", "last": "2027-02-21"}
    saved(cor, **change)
    kept = schedule(store)
    assert Closure(date(2027, 2, 13), date(2027, 2, 21), "voorjaarsvakantie") in kept.closures
    assert not [one for one in kept.waiting if one.name == "voorjaarsvakantie" and one.first > TODAY]
    saved(cor, **change | {"first": "2027-02-20", "last": "2027-02-28"})
    mine = [one for one in schedule(store).closures if one.name == "voorjaarsvakantie" and one.first > TODAY]
    assert mine == [Closure(date(2027, 2, 20), date(2027, 2, 28), "voorjaarsvakantie")]


def test_days_off_study_days_half_days_and_excursions_come_and_go(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    saved(cor, what="closed", name="Sinterklaas <3", first="2026-12-04")
    saved(cor, what="study", first="2026-11-25")
    saved(cor, what="half", first="2026-12-11", end="12:00", picks=["8"])
    saved(cor, what="special", name="museum", first="2026-11-27", start="08:30", end="12:00", kind="lesson", picks="7")
    kept = schedule(store)
    assert period_at(kept, "7", at("09:00", "2026-12-04")).name == "Sinterklaas <3"
    assert period_at(kept, "7", at("09:00", "2026-11-25")).kind is PeriodKind.OUTSIDE
    assert period_at(kept, "8", at("13:00", "2026-12-11")).kind is PeriodKind.OUTSIDE
    assert period_at(kept, "7", at("13:00", "2026-12-11")).kind is PeriodKind.LESSON
    assert period_at(kept, "7", at("10:20", "2026-11-27")).name == "museum"
    page = cor.page("/beheer/jaar")
    assert "Sinterklaas &lt;3" in page and "<3" not in page
    assert "Groep 8" in page and "naar huis om 12:00" in page
    for key in re.findall(r'name="list" value="(\w+)"><input type="hidden" name="key" value="([^"]*)"', page):
        what, name = key
        saved(cor, what="gone", list=what, key=unescape(name))
    assert schedule(store) == PLAIN.schedule


def test_public_holidays_are_a_tick_each(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    saved(cor, what="public", picks=["koningsdag", "goede vrijdag"])
    off = {one.name for one in schedule(store).closures if one.first.year == 2027}
    assert {"koningsdag", "goede vrijdag"} <= off
    assert "hemelvaartsdag" not in off
    saved(cor, what="public")
    assert "koningsdag" not in {one.name for one in schedule(store).closures}


def test_another_region_is_not_confirmed_by_who_looked_at_the_old_one(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    saved(cor, what="confirm", name="2026-2027")
    saved(cor, what="region", name="zuid")
    assert [one for one in schedule(store).waiting if one.first > TODAY]
    saved(cor, what="region")
    assert schedule(store).waiting == ()
    assert "Kies de regio" in cor.page("/beheer/jaar")


def test_a_year_that_is_not_known_says_so(signed_in: SignIn) -> None:
    cor = signed_in("cor")
    assert "Van 2027-2028 kent Klaswacht nog geen schoolvakanties" in cor.page("/beheer/jaar?jaar=2027-2028")
    for odd in ("x", "2026-2029", "0000-0001", "9999-10000", "²026-2027"):
        assert "Schooljaar 2026-2027" in cor.page(f"/beheer/jaar?jaar={odd}")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"what": "closed", "name": "", "first": "2026-12-04"}, "Vul een naam in"),
        ({"what": "closed", "name": "feest", "first": "4 december"}, "Kies een datum"),
        ({"what": "closed", "name": "feest", "first": "1926-12-04"}, "Kies een datum"),
        ({"what": "closed", "name": "feest", "first": "2026-12-04", "last": "2026-12-03"}, "ligt voor de eerste dag"),
        ({"what": "closed", "name": "feest", "first": "2026-12-04", "last": "2027-08-01"}, "langer dan twee maanden"),
        ({"what": "half", "first": "2026-12-04", "end": "laat"}, "Kies een tijd"),
        (
            {"what": "special", "name": "a", "first": "2026-12-04", "start": "10:00", "end": "09:00", "kind": "lesson"},
            "Kies een tijd",
        ),
        (
            {"what": "special", "name": "a", "first": "2026-12-04", "start": "08:00", "end": "09:00", "kind": "x"},
            "Kies les",
        ),
        ({"what": "region", "name": "oost"}, "Kies een regio"),
        ({"what": "confirm", "name": "2031-2032"}, "Kies een regio"),
        ({"what": "holiday", "name": "verzonnen", "first": "2026-12-04"}, "bestaat niet meer"),
        ({"what": "gone", "list": "closed", "key": "x"}, "bestaat niet meer"),
        ({"what": "gone", "list": "region", "key": "x"}, "bestaat niet meer"),
        ({"what": "alles"}, "lukte niet"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason_and_keeps_what_was_typed(
    store: Store, signed_in: SignIn, change: dict[str, str], said: str
) -> None:
    page = signed_in("cor").post("/beheer/jaar", **change).text
    assert said in page
    if change["what"] == "closed" and change["name"]:
        assert f'value="{change["name"]}"' in page
    assert schedule(store) == PLAIN.schedule


def test_two_things_at_one_time_on_one_day_are_refused(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    saved(cor, what="special", name="museum", first="2026-11-27", start="08:30", end="12:00", kind="lesson")
    change = {"what": "half", "first": "2026-11-27", "end": "11:00"}
    assert "Op die dag staat al iets" in cor.post("/beheer/jaar", **change).text


def test_who_was_too_late_sees_what_moved(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    looked(cor, what="study", first="2026-11-25")
    store.policies.add(SCHOOL, replace(PLAIN, hold_unknown=True), "test", "ria", LESSON)
    told = cor.post("/beheer/jaar", what="study", first="2026-11-25", based_on="2", do="save").text
    assert "Iemand anders was u voor" in told and "onbekende sites laten wachten" in told
    assert schedule(store) == PLAIN.schedule
    told = cor.post("/beheer/jaar", what="study", first="2026-11-25", based_on="3", do="save").text
    assert "Opgeslagen" in told
    kept = store.policies.current(SCHOOL)
    assert kept and kept.policy.hold_unknown and "study_days" in kept.written


def test_closing_today_says_what_becomes_of_the_lesson(signed_in: SignIn) -> None:
    page = looked(signed_in("cor"), what="study", first="2026-11-23")
    assert "Alle groepen: nu les tot 10:15, dan geen school." in page


def test_only_the_office_changes_the_year(store: Store, desk: Desk, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    assert anja.get("/beheer/jaar").status_code == 403
    assert anja.post("/beheer/jaar", what="study", first="2026-11-25", do="save").status_code == 403
    for outcome in (
        year.year(desk, ANJA, LESSON),
        year.look(desk, ANJA, Change(What.STUDY, first="2026-11-25"), 2, "nl", LESSON),
        year.save(desk, ANJA, Change(What.STUDY, first="2026-11-25"), 2, "nl", LESSON),
    ):
        assert outcome.code == "dash.no.role"
    assert year.year(desk, COR, LESSON).ok


@pytest.mark.property
@given(
    st.builds(
        Change,
        st.sampled_from(What),
        st.sampled_from(["", "noord", "2026-2027", "meivakantie", "feest\n", "x" * 70]),
        st.one_of(st.dates(date(2026, 1, 1), date(2028, 1, 1)).map(str), st.text(max_size=10)),
        st.one_of(st.just(""), st.dates(date(2026, 1, 1), date(2028, 1, 1)).map(str)),
        st.sampled_from(["", "08:30", "25:00"]),
        st.sampled_from(["", "12:00", "00:00", "08:30"]),
        st.sampled_from(["lesson", "outside", ""]),
        st.lists(st.sampled_from(["7", "8", "koningsdag", "a b"]), max_size=3).map(tuple),
    )
)
def test_whatever_is_typed_is_times_that_a_school_file_may_say_or_a_refusal(change: Change) -> None:
    outcome = made({"days": _DAYS, "holidays": {"region": "midden"}}, change, TODAY)
    assert outcome.ok is (outcome.value is not None)
    assert outcome.ok or has(outcome.code), outcome.code
    if outcome.value is not None:
        try:
            schedule_from(outcome.value)
        except ConfigError as error:
            assert "a b" in change.picks, error
