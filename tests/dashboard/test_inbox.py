"""The counsellors' inbox: theirs alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from policy.model import Role
from store import Store
from store.people import Person
from store.signals import Signal
from tests.cast import LESSON
from tests.dashboard.conftest import BASE, SCHOOL, STAFF, Browser, Clock, give_account

OTHERS = ("anja", "bram", "cor", "ria", "iris", "stan", "sam")
FAY = Person("fay", Role.COUNSELLOR, "Fay Hendriks")
WORDS = ("Sam Pietersen", "Chromebook 1", "zocht hulp")


def named(store: Store) -> None:
    """Two counsellors who can sign in, and the inbox switched on."""
    store.people.put_people(SCHOOL, [FAY], "cor", LESSON)
    give_account(store, "coen")
    give_account(store, "fay", Role.COUNSELLOR)
    assert store.counsel.switch_on(SCHOOL, "ria", LESSON)


@pytest.fixture
def told(store: Store) -> Store:
    """A school with two counsellors, who were told twice."""
    named(store)
    older = Signal(LESSON - timedelta(days=1), "7", device="chroom-1")
    store.signals.add_batch(SCHOOL, [older, Signal(LESSON - timedelta(minutes=5), "7", person="sam")])
    return store


def test_a_counsellor_starts_at_the_inbox_and_sees_who_and_when(told: Store, signed_in) -> None:
    coen: Browser = signed_in("coen")
    assert coen.get("/").headers["Location"].endswith("/vertrouwen/")
    page = coen.page("/vertrouwen/")
    assert page.index("Sam Pietersen") < page.index("Iemand op Chromebook 1")
    assert "Groep 7" in page and "08:55" in page and "22-11 09:00" in page
    assert "hoe gaat het met je" in page and "na 30 dagen" in page
    assert "Coen Dekker, Fay Hendriks" in page


def test_seen_is_told_to_the_other_counsellor(told: Store, store: Store, signed_in) -> None:
    coen = signed_in("coen")
    newest = store.signals.newest(SCHOOL)[0]
    assert "Gezien." in coen.post(f"/vertrouwen/{newest.id}/gezien").text
    page = coen.page("/vertrouwen/")
    assert "gezien door Coen Dekker, 09:00" in page and page.count("/gezien") == 2  # one form, twice its address
    assert "bestaat niet meer" in coen.post(f"/vertrouwen/{newest.id}/gezien").text
    assert "bestaat niet meer" in coen.post("/vertrouwen/geen/gezien").text


def test_without_signals_and_with_one_counsellor_it_says_what_is_missing(store: Store, signed_in) -> None:
    page = signed_in("coen").page("/vertrouwen/")
    assert "Er zijn geen berichten." in page
    assert "er zijn 2 vertrouwenspersonen voor nodig en er is er 1" in page
    store.people.put_people(SCHOOL, [FAY], "cor", LESSON)
    assert "De directie zet ze aan" in signed_in("coen").page("/vertrouwen/")
    named(store)
    assert "staan uit" not in signed_in("coen").page("/vertrouwen/")


def test_what_came_in_stays_readable_when_a_counsellor_leaves(told: Store, store: Store, signed_in) -> None:
    store.people.remove_person(SCHOOL, "fay", "cor", LESSON)
    page = signed_in("coen").page("/vertrouwen/")
    assert "Sam Pietersen" in page and "er is er 1" in page


def test_who_or_what_is_not_in_the_register_any_more_still_makes_a_line(told: Store, store: Store, signed_in) -> None:
    store.people.remove_person(SCHOOL, "sam", "cor", LESSON)
    store.devices.remove(SCHOOL, "chroom-1", "cor", LESSON)
    store.signals.add_batch(SCHOOL, [Signal(LESSON, shared=True), Signal(LESSON, "weg", shared=True)])
    store.signals.add_batch(SCHOOL, [Signal(LESSON, "8", shared=True)])
    page = signed_in("coen").page("/vertrouwen/")
    for part in (
        "Een leerling die hier niet meer staat",
        "Iemand op chroom-1",
        "Iemand op school",
        "Iemand in Groep 8",
    ):
        assert part in page


_ELSEWHERE = {"static", "lesson.stream", "reports.child"}  # no page of the dashboard


@pytest.mark.parametrize("login", OTHERS)
def test_nobody_else_sees_or_touches_it_anywhere(
    app: Flask, told: Store, store: Store, browser: Callable[[], Browser], login: str
) -> None:
    give_account(store, login, STAFF[login].role if login in STAFF else Role.PUPIL)
    visitor = browser()
    visitor.sign_in(login)
    signal = store.signals.newest(SCHOOL)[0].id
    assert visitor.get("/vertrouwen/").status_code == 403
    assert visitor.post(f"/vertrouwen/{signal}/gezien", follow=False).status_code == 403
    assert store.signals.newest(SCHOOL)[0].seen is None
    # Not on any other page either: no line, no link, no number.
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint in _ELSEWHERE or "api" in rule.endpoint:
            continue
        path = rule.rule.replace("<group>", "7").replace("<token>", "geen")
        tabs = path.partition("<any(")[2].partition("):tab>")[0].split(", ")
        for tab in tabs:
            shown = visitor.get(f"{path.partition('<any(')[0]}{tab}" if tab else path, follow_redirects=True)
            assert "zocht hulp" not in shown.text and "/vertrouwen" not in shown.text, path


def test_the_live_page_of_a_class_is_not_woken_and_tells_nothing(
    app: Flask, told: Store, store: Store, signed_in, clock: Clock
) -> None:
    before = store.pulse(SCHOOL)
    store.signals.add_batch(SCHOOL, [Signal(LESSON, "7", person="noor")])
    coen = signed_in("coen")
    coen.post(f"/vertrouwen/{store.signals.newest(SCHOOL)[0].id}/gezien")
    assert store.pulse(SCHOOL) == before
    anja = signed_in("anja")
    live = anja.client.get("/les/7/stroom", base_url=BASE, headers={"Accept": "text/event-stream"}, buffered=False)
    first = next(iter(live.response))
    live.close()
    text = first.decode() if isinstance(first, bytes) else first
    assert "part-seen" in text and not any(word in text for word in ("zocht hulp", "vertrouw"))


def test_the_audit_says_that_a_counsellor_looked_and_not_at_what(
    told: Store, store: Store, signed_in, clock: Clock
) -> None:
    coen = signed_in("coen")
    coen.page("/vertrouwen/")
    for kept in store.signals.newest(SCHOOL):
        coen.post(f"/vertrouwen/{kept.id}/gezien")
    mine = [entry for entry in store.audit.entries(SCHOOL, who="coen") if entry.what != "sign-in"]
    assert [(entry.what, entry.targets) for entry in mine] == [("inbox.look", ())]
    clock.on(hours=1)
    signed_in("coen").page("/vertrouwen/")
    assert [entry.what for entry in store.audit.entries(SCHOOL, who="coen")].count("inbox.look") == 2


def test_a_screen_that_hangs_in_a_class_shows_none_of_it(told: Store, store: Store, signed_in) -> None:
    coen = signed_in("coen")
    coen.post("/bord", board="1")
    page = coen.page("/vertrouwen/")
    assert "digibord-stand" in page and not any(word in page for word in WORDS)
    coen.post("/bord", back="/vertrouwen/")
    assert "Sam Pietersen" in coen.page("/vertrouwen/")


def test_the_office_hears_only_whether_it_is_on(store: Store, signed_in) -> None:
    cor = signed_in("cor")
    assert "1 van 2 vertrouwenspersonen genoemd. Stille berichten: uit." in cor.page("/beheer/medewerkers")
    store.people.put_people(SCHOOL, [FAY], "cor", LESSON)
    assert "2 van 2 vertrouwenspersonen genoemd. Stille berichten: uit." in cor.page("/beheer/medewerkers")
    store.counsel.switch_on(SCHOOL, "ria", LESSON)
    page = cor.page("/beheer/medewerkers")
    assert "2 vertrouwenspersonen genoemd. Stille berichten: aan. Ze hebben nog niet allemaal" in page
    give_account(store, "coen")
    give_account(store, "fay", Role.COUNSELLOR)
    assert "Ze hebben nog niet allemaal" not in cor.page("/beheer/medewerkers")
    before = cor.page("/beheer/medewerkers").replace(cor.token(), "")
    store.signals.add_batch(SCHOOL, [Signal(LESSON, "7", person="sam")])
    assert cor.page("/beheer/medewerkers").replace(cor.token(), "") == before
