"""Agreements and tests: kept ready, shared, planned for a lesson to come; and what a test leaves quiet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest

from dashboard.actions import agreement, agreement_shelf, planned
from dashboard.actions.agreement import Plan
from dashboard.actions.agreement_shelf import MOST_KEPT
from dashboard.actions.desk import Desk
from dashboard.actions.substitute import PREFIX
from policy.decide import decide
from policy.model import Closure, Group, Member, PeriodKind, Reason, Role, Slot
from store import Store
from store.people import Person
from store.prepared import Prepared, PreparedKind
from tests.cast import ANJA, BRAM, COR, KNOWLEDGE, LESSON, POLICY, SCHEDULE, at, pupil, visit
from tests.dashboard.conftest import SCHOOL, Browser, Clock
from tests.dashboard.lessons import ask, opens

type SignIn = Callable[[str], Browser]
FORM = "/les/7/afspraak"
TYPED = {"goal": "vulkanen", "sites": "leren.nl\nzoek.nl", "who": "all", "minutes": "lesson"}
PLAN = Plan("7", "vulkanen", ("leren.nl", "zoek.nl"))
AFTERNOON = "2026-11-23T09:30:00Z"  # half past ten by Amsterdam's clock


def why(store: Store, host: str, now: datetime, person: str = "sam", group: str = "7") -> Reason:
    return decide(visit(host, who=pupil(person, group)), store.snapshot(SCHOOL, KNOWLEDGE, now), now).reason


def part(page: str, name: str) -> str:
    return page.partition(f'id="part-{name}"')[2].partition('<div id="part-')[0]


def kept(store: Store, by: str = "anja", *, shared: bool = False, test: bool = False) -> Prepared:
    body = {"goal": "vulkanen", "sites": ["leren.nl", "zoek.nl"], "test": test}
    made = Prepared("", PreparedKind.AGREEMENT, "vulkanen", body, None, by, shared, LESSON)
    return store.prepared.add(SCHOOL, made, LESSON)


# --- the shelf -------------------------------------------------------------------------------------------------------


def test_an_agreement_that_is_kept_ready_is_started_with_one_tap(store: Store, signed_in: SignIn, clock: Clock) -> None:
    anja = signed_in("anja")
    page = anja.post(FORM, **TYPED, do="keep").text
    assert "De afspraak staat klaar." in page
    assert store.measures.agreements(SCHOOL, LESSON) == (), "nothing runs yet"
    (one,) = store.prepared.on_shelf(SCHOOL)
    assert (one.name, one.shared, one.by) == ("vulkanen", False, "anja")
    shelf = part(anja.page("/les/7"), "agreed")
    assert f'action="/les/7/klaarstaand/{one.id}"' in shelf and "leren.nl, zoek.nl" in shelf
    page = anja.post(f"/les/7/klaarstaand/{one.id}").text
    assert "De afspraak loopt." in page
    (running,) = store.measures.agreements(SCHOOL, LESSON)
    assert (running.goal, running.sites, running.end) == ("vulkanen", ("leren.nl", "zoek.nl"), at("10:15"))
    assert why(store, "nieuws.nl", LESSON) is Reason.AGREEMENT
    assert store.prepared.on_shelf(SCHOOL)[0].used == LESSON
    clock.now = at("19:00")
    assert "alleen tijdens de les" in signed_in("anja").post(f"/les/7/klaarstaand/{one.id}").text


def test_what_a_colleague_shares_is_started_for_ones_own_group_and_tells_whose_it_is(
    store: Store, signed_in: SignIn
) -> None:
    bram = signed_in("bram")
    bram.post("/les/8/afspraak", **TYPED, do="keep", shared="1", kind="test")
    (one,) = store.prepared.on_shelf(SCHOOL)
    anja = signed_in("anja")
    shelf = part(anja.page("/les/7"), "agreed")
    assert "van Bram Smit" in shelf and "Toets" in shelf
    assert "De toets loopt." in anja.post(f"/les/7/klaarstaand/{one.id}").text
    (running,) = store.measures.agreements(SCHOOL, LESSON)
    assert (running.groups, running.by, running.test) == (frozenset({"7"}), "anja", True)
    assert why(store, "nieuws.nl", LESSON) is Reason.TEST
    assert opens(store, "nieuws.nl", LESSON, "bo", "8")
    anja.post("/bord", board="1", back="/les/7")
    on_board = anja.page("/les/7")
    assert "vulkanen" in on_board and "Bram" not in on_board and "Anja" not in part(on_board, "agreed")


def test_what_a_colleague_keeps_for_herself_does_not_exist(store: Store, signed_in: SignIn) -> None:
    one, bram = kept(store), signed_in("bram")
    assert "vulkanen" not in bram.page("/les/8")
    assert bram.get(f"/les/8/afspraak?plank={one.id}").status_code == 404
    assert bram.post(f"/les/8/klaarstaand/{one.id}", follow=False).status_code == 404
    for path in ("delen", "weg"):
        assert "staat niet meer klaar" in bram.post(f"/les/8/klaarstaand/{one.id}/{path}", on="1").text
    assert store.prepared.on_shelf(SCHOOL) == (one,)
    shared = kept(store, shared=True)
    assert bram.get(f"/les/8/afspraak?plank={shared.id}").status_code == 200
    assert "Haal weg" not in bram.page(f"/les/8/afspraak?plank={shared.id}")
    for path in ("delen", "weg"):
        assert "staat niet meer klaar" in bram.post(f"/les/8/klaarstaand/{shared.id}/{path}", on="0").text
    assert {found.id for found in store.prepared.on_shelf(SCHOOL)} == {one.id, shared.id}
    wish = Prepared(
        "", PreparedKind.PERMISSION, "film", {"goal": "x", "sites": ["leren.nl"]}, None, "bram", True, LESSON
    )
    other_kind = store.prepared.add(SCHOOL, wish, LESSON)
    assert bram.post(f"/les/8/klaarstaand/{other_kind.id}", follow=False).status_code == 404
    assert store.measures.agreements(SCHOOL, LESSON) == ()


def test_one_shares_stops_sharing_and_removes_what_is_ones_own(store: Store, desk: Desk, signed_in: SignIn) -> None:
    one, anja = kept(store), signed_in("anja")
    assert "gedeeld met uw collega" in anja.post(f"/les/7/klaarstaand/{one.id}/delen", on="1").text
    assert agreement_shelf.find(desk, BRAM, one.id)
    assert "niet meer gedeeld" in anja.post(f"/les/7/klaarstaand/{one.id}/delen", on="0").text
    assert agreement_shelf.find(desk, BRAM, one.id) is None
    assert not agreement_shelf.drop(desk, COR, one.id, LESSON).ok, "hers alone"
    page = anja.page(f"/les/7/afspraak?plank={one.id}")
    assert 'value="vulkanen"' in page and "leren.nl\nzoek.nl</textarea>" in page
    assert "is weggehaald" in anja.post(f"/les/7/klaarstaand/{one.id}/weg").text
    assert store.prepared.on_shelf(SCHOOL) == ()
    left_behind = kept(store, by="weg", shared=True)
    assert agreement_shelf.drop(desk, COR, left_behind.id, LESSON).ok, "of somebody who left"


@pytest.mark.parametrize(
    ("form", "word"),
    [
        ({"goal": " "}, "Vul in wat ze gaan doen"),
        ({"sites": ""}, "minstens één site"),
        ({"sites": "a_b"}, "klopt niet"),
    ],
)
def test_what_makes_no_sense_is_not_kept_and_nothing_typed_is_lost(
    store: Store, signed_in: SignIn, form: dict[str, str], word: str
) -> None:
    page = signed_in("anja").post(FORM, **(TYPED | form), do="keep").text
    assert word in page
    assert ("vulkanen" in page) or "goal" in form
    assert store.prepared.on_shelf(SCHOOL) == ()


def test_a_shelf_has_an_end(store: Store, desk: Desk) -> None:
    for _ in range(MOST_KEPT):
        kept(store)
    kept(store, by="bram")
    full = agreement_shelf.keep(desk, ANJA, PLAN, LESSON, shared=False)
    assert not isinstance(full, tuple) and full.code == "dash.no.shelf_full"
    assert len(store.prepared.on_shelf(SCHOOL)) == MOST_KEPT + 1


def test_a_tap_on_the_shelf_asks_first_what_stops_and_then_starts(store: Store, signed_in: SignIn) -> None:
    one, anja = kept(store, test=True), signed_in("anja")
    anja.post("/les/7/toestemming", what="site", site="social.com", who="all", confirmed="1")
    page = anja.post(f"/les/7/klaarstaand/{one.id}").text
    assert "Er staat nog iets anders open" in page and 'value="vulkanen"' in page
    assert store.measures.agreements(SCHOOL, LESSON) == ()
    anja.post(FORM, **TYPED, do="start", kind="test", others="stop", asked="1")
    assert store.grants.live(SCHOOL, LESSON) == ()
    assert [agreed.test for agreed in store.measures.agreements(SCHOOL, LESSON)] == [True]


# --- planned ---------------------------------------------------------------------------------------------------------


def test_an_agreement_is_planned_for_a_lesson_to_come_and_begins_by_itself(
    store: Store, signed_in: SignIn, clock: Clock
) -> None:
    anja = signed_in("anja")
    form = anja.page(FORM)
    assert f'<option value="{AFTERNOON}"' in form and "vandaag, 10:30–14:00" in form
    assert "di 24-11, 08:30–10:15" in form
    assert "ma 07-12" in form and "di 08-12" not in form, "two weeks ahead"
    assert 'value="2026-11-23T07:30:00Z"' not in form, "the lesson of now is not to come"
    page = anja.post(FORM, **TYPED, do="plan", at=AFTERNOON, kind="test").text
    assert "De toets staat gepland." in page
    (made,) = store.measures.agreements(SCHOOL, LESSON)
    assert (made.start, made.end, made.test) == (at("10:30"), at("14:00"), True)
    card = part(page, "agreed")
    assert "Gepland" in card and "vandaag, 10:30–14:00 · hele groep · leren.nl, zoek.nl" in card
    assert "Toets bezig" not in card
    assert [why(store, "nieuws.nl", at(clock)) for clock in ("09:00", "10:29", "10:30", "13:59")] == [
        Reason.OPEN,
        Reason.OPEN,
        Reason.TEST,
        Reason.TEST,
    ]
    clock.now = at("10:31")
    card = part(signed_in("anja").page("/les/7"), "agreed")
    assert "Toets bezig" in card and "Gepland" not in card


@pytest.mark.parametrize(
    "moment",
    ["", "morgen", "2026-11-23T07:30:00Z", "2026-11-23T09:31:00Z", "2026-11-28T09:30:00Z", "2026-12-08T07:30:00Z"],
)
def test_one_plans_for_a_lesson_of_the_next_two_weeks_and_for_nothing_else(
    store: Store, signed_in: SignIn, moment: str
) -> None:
    page = signed_in("anja").post(FORM, **TYPED, do="plan", at=moment).text
    assert "Kies een les uit de lijst" in page and "vulkanen" in page
    assert store.measures.agreements(SCHOOL, LESSON) == ()


def test_in_the_evening_one_plans_and_keeps_ready_and_starts_nothing(
    store: Store, signed_in: SignIn, clock: Clock
) -> None:
    clock.now = at("19:00")
    anja = signed_in("anja")
    form = anja.page(FORM)
    assert "Start nu" not in form and "Plan het in" in form and "Zet het klaar" in form
    anja.post(FORM, **TYPED, do="plan", at="2026-11-24T07:30:00Z")
    assert [made.start for made in store.measures.agreements(SCHOOL, clock.now)] == [at("08:30", "2026-11-24")]
    assert "alleen tijdens de les" in anja.post(FORM, **TYPED, do="start").text


def test_a_planned_one_is_moved_and_cancelled(store: Store, signed_in: SignIn, clock: Clock) -> None:
    anja = signed_in("anja")
    anja.post(FORM, **TYPED, do="plan", at=AFTERNOON)
    (made,) = store.measures.agreements(SCHOOL, LESSON)
    page = anja.page(f"{FORM}/{made.id}/verzetten")
    assert f'<option value="{AFTERNOON}" selected' in page
    assert "Kies een les uit de lijst" in anja.post(f"{FORM}/{made.id}/verzetten", at="nooit").text
    assert "is verzet" in anja.post(f"{FORM}/{made.id}/verzetten", at="2026-11-24T07:30:00Z").text
    assert [one.start for one in store.measures.agreements(SCHOOL, LESSON)] == [at("08:30", "2026-11-24")]
    assert why(store, "nieuws.nl", at("10:30")) is Reason.OPEN
    assert "gaat niet door" in anja.post(f"{FORM}/{made.id}/afzeggen").text
    assert store.measures.agreements(SCHOOL, LESSON) == ()
    assert "al begonnen of afgezegd" in anja.post(f"{FORM}/{made.id}/afzeggen").text
    assert "al begonnen of afgezegd" in anja.get(f"{FORM}/{made.id}/verzetten", follow_redirects=True).text
    anja.post(FORM, **TYPED)
    (running,) = store.measures.agreements(SCHOOL, LESSON)
    for path in ("afzeggen", "verzetten"):
        assert "al begonnen" in anja.post(f"{FORM}/{running.id}/{path}", at=AFTERNOON).text
    assert store.measures.agreements(SCHOOL, LESSON) == (running,)


def test_nobody_reaches_what_is_planned_for_another_group(store: Store, desk: Desk, signed_in: SignIn) -> None:
    made = agreement.start(desk, ANJA, replace(PLAN, at=at("10:30")), LESSON).value
    assert made
    bram = signed_in("bram")
    for path in ("verzetten", "afzeggen", "stop"):
        assert bram.post(f"/les/7/afspraak/{made.id}/{path}", follow=False, at=AFTERNOON).status_code == 404
        bram.post(f"/les/8/afspraak/{made.id}/{path}", at="2026-11-24T07:30:00Z")
    assert bram.get(f"/les/7/afspraak/{made.id}/verzetten").status_code == 404
    assert "vulkanen" not in bram.get(f"/les/8/afspraak/{made.id}/verzetten", follow_redirects=True).text
    assert planned.move(desk, BRAM, "7", made.id, at("08:30", "2026-11-24"), LESSON).code == "dash.no.plan_gone"
    assert planned.cancel(desk, BRAM, "8", made.id, LESSON).code == "dash.no.plan_gone"
    assert agreement.start(desk, BRAM, replace(PLAN, at=at("10:30")), LESSON).code == "dash.no.not_yours"
    assert store.measures.agreements(SCHOOL, LESSON) == (made,)


def test_when_a_day_off_or_other_bells_come_it_is_told_and_never_runs_in_a_break(
    store: Store, signed_in: SignIn
) -> None:
    anja = signed_in("anja")
    anja.post(FORM, **TYPED, do="plan", at=AFTERNOON)
    later = (Slot(PeriodKind.LESSON, time(8, 30), time(10, 15)), Slot(PeriodKind.LESSON, time(11, 0), time(12, 30)))
    bells = replace(SCHEDULE, days=dict.fromkeys(range(5), later))
    store.policies.add(SCHOOL, replace(POLICY, schedule=bells), "test", "ria", LESSON)
    assert "Hij loopt nu van 11:00 tot 12:30." in part(anja.page("/les/7"), "agreed")
    assert why(store, "nieuws.nl", at("11:00")) is Reason.AGREEMENT
    assert {why(store, "nieuws.nl", at(clock)) for clock in ("10:30", "10:59", "12:30", "13:59")} == {Reason.OUTSIDE}
    off = replace(SCHEDULE, closures=(Closure(date(2026, 11, 23), date(2026, 11, 23), "studiedag"),))
    store.policies.add(SCHOOL, replace(POLICY, schedule=off), "test", "ria", LESSON)
    assert "Er is dan geen les meer." in part(anja.page("/les/7"), "agreed")
    assert why(store, "nieuws.nl", at("11:00")) is Reason.OUTSIDE


def test_nobody_is_bound_twice_in_one_lesson(store: Store, desk: Desk) -> None:
    at_half_past = replace(PLAN, at=at("10:30"))
    only_sam = replace(at_half_past, people=frozenset({"sam"}), whole_group=False)
    only_noor = replace(at_half_past, people=frozenset({"noor"}), whole_group=False, test=True)
    first = agreement.start(desk, ANJA, only_sam, LESSON).value
    assert first
    assert agreement.start(desk, ANJA, at_half_past, LESSON).code == "dash.no.plan_taken"
    assert agreement.start(desk, ANJA, only_noor, LESSON).ok, "another child"
    tomorrow = agreement.start(desk, ANJA, replace(PLAN, at=at("08:30", "2026-11-24")), LESSON).value
    assert tomorrow
    assert planned.move(desk, ANJA, "7", tomorrow.id, at("10:30"), LESSON).code == "dash.no.plan_taken"
    assert planned.move(desk, ANJA, "7", first.id, at("10:30"), LESSON).ok, "it is in nobody's way but its own"
    assert agreement.start(desk, ANJA, PLAN, LESSON).ok, "now is another lesson"
    assert agreement.start(desk, ANJA, PLAN, at("10:29")).code == "dash.no.break"


def test_a_substitute_plans_and_cancels_for_her_own_day_and_leaves_nothing_on_the_shelf(
    store: Store, desk: Desk
) -> None:
    tomorrow = agreement.start(desk, ANJA, replace(PLAN, at=at("08:30", "2026-11-24")), LESSON).value
    assert tomorrow
    store.people.put_people(SCHOOL, [Person(f"{PREFIX}x", Role.TEACHER, "invaller Pia", ("7",))], "setup", LESSON)
    pia = Member(f"{PREFIX}x", Role.TEACHER, ("7",))
    assert [one.start for one in agreement.coming(desk.snapshot(LESSON), pia, "7", LESSON)] == [at("10:30")]
    later = replace(PLAN, at=at("10:30", "2026-11-24"))
    assert agreement.start(desk, pia, later, LESSON).code == "dash.no.plan_when"
    assert planned.cancel(desk, pia, "7", tomorrow.id, LESSON).code == "dash.no.plan_gone"
    kept_ready = agreement_shelf.keep(desk, pia, PLAN, LESSON, shared=True)
    assert not isinstance(kept_ready, tuple) and kept_ready.code == "dash.no.not_yours"
    today = agreement.start(desk, pia, replace(PLAN, at=at("10:30")), LESSON).value
    assert today and planned.cancel(desk, pia, "7", today.id, LESSON).ok
    assert store.measures.agreements(SCHOOL, LESSON) == (tomorrow,)


def test_a_group_that_ends_has_no_lessons_after_it(store: Store, desk: Desk) -> None:
    store.people.put_group(SCHOOL, Group("plus", "Plusgroep", (), at("12:00", "2026-11-24")), "setup", LESSON)
    store.people.put_people(SCHOOL, [Person("anja", Role.TEACHER, "Anja de Vries", ("7", "plus"))], "setup", LESSON)
    starts = [one.start for one in agreement.coming(desk.snapshot(LESSON), ANJA, "plus", LESSON)]
    assert starts == [at("10:30"), at("08:30", "2026-11-24"), at("10:30", "2026-11-24")]


# --- a test ----------------------------------------------------------------------------------------------------------


def test_a_test_lets_no_later_permission_join_and_stopping_it_brings_everything_back(
    store: Store, signed_in: SignIn
) -> None:
    anja = signed_in("anja")
    anja.post(FORM, **TYPED, do="start", kind="test")
    page = anja.post("/les/7/toestemming", what="site", site="nieuws.nl", who="all").text
    assert "Telt niet zolang de afspraak loopt" in part(page, "open")
    assert why(store, "nieuws.nl", LESSON) is Reason.TEST
    (running,) = store.measures.agreements(SCHOOL, LESSON)
    page = anja.post(f"{FORM}/{running.id}/stop").text
    assert "Telt niet" not in page and "Toets bezig" not in page
    assert why(store, "nieuws.nl", LESSON) is Reason.OPEN


def test_a_permission_that_joined_an_agreement_is_not_called_set_aside(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    anja.post(FORM, **TYPED, do="start")
    page = anja.post("/les/7/toestemming", what="site", site="games.com", who="all").text
    assert "Telt niet" not in page
    assert why(store, "games.com", LESSON) is Reason.GRANTED


def test_during_a_test_nothing_calls_and_nothing_is_lost(store: Store, signed_in: SignIn, clock: Clock) -> None:
    waiting, anja = ask(store), signed_in("anja")
    store.incidents.report(SCHOOL, "eng.nl", LESSON, group="7")
    assert 'class="card asks"' in anja.page("/les/7")
    page = anja.post(FORM, **TYPED, do="start", kind="test").text
    assert "Toets bezig" in page and 'class="card asks"' not in page
    assert "wacht op antwoord" not in page
    quiet = part(page, "asks")
    assert "Vragen van voor de toets: 1" in quiet and f'id="vraag-{waiting.id}"' in quiet, "one tap away"
    assert "<details" in quiet and "<details open" not in quiet
    assert 'id="meldingen"' in page, "what somebody told stays within reach"
    clock.on(seconds=5)
    (running,) = store.measures.agreements(SCHOOL, clock.now)
    assert 'class="card asks"' in anja.post(f"{FORM}/{running.id}/stop").text
    anja.post(FORM, **TYPED, do="start", kind="test")
    anja.post("/bord", board="1", back="/les/7")
    assert "Sam" not in anja.page("/les/7") and 'class="card asks"' not in anja.page("/les/7")


def test_a_link_may_lead_to_the_form_of_a_test(signed_in: SignIn) -> None:
    anja = signed_in("anja")
    chosen = 'name="kind" value="test" checked'
    assert chosen in anja.page(f"{FORM}?toets=1") and chosen not in anja.page(FORM)


def test_a_test_ends_with_the_lesson(store: Store, signed_in: SignIn, clock: Clock) -> None:
    signed_in("anja").post(FORM, **TYPED, do="start", kind="test")
    assert [made.end for made in store.measures.agreements(SCHOOL, LESSON)] == [at("10:15")]
    assert why(store, "nieuws.nl", LESSON + timedelta(minutes=75)) is Reason.OPEN
