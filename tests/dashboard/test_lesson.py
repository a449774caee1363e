"""Mijn les: what a teacher sees and does, and what a class never gets to see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from config.settings import Settings
from dashboard.actions import asks, permission
from dashboard.actions.desk import Desk
from dashboard.actions.lesson import see_lesson
from dashboard.present.lesson import lesson_page
from dashboard.present.words import Words
from policy.decide import decide
from policy.model import (
    AccessRequest,
    Action,
    DeviceClass,
    Effect,
    Facet,
    Grant,
    LiftableBy,
    Member,
    Reason,
    Role,
    Rule,
    Term,
)
from policy.terms import Lexicon, Topic
from store import Store
from store.events import Event, What
from store.incidents import Ask, AskState, Wish
from tests.cast import (
    ANJA,
    BRAM,
    COR,
    DECISION,
    IRIS,
    KNOWLEDGE,
    LESSON,
    NO_COMPUTER,
    POLICY,
    RIA,
    at,
    grant,
    pupil,
    rule,
    search,
    visit,
)
from tests.dashboard.conftest import SCHOOL, Browser, Clock

type SignIn = Callable[[str], Browser]
SITE = {"what": "site", "site": "social.com", "who": "all", "minutes": "lesson"}


def opens(store: Store, host: str, now: datetime, person: str = "sam", group: str = "7") -> bool:
    """Whether the guard would let this pupil through, from what is in the database."""
    return decide(visit(host, who=pupil(person, group)), store.snapshot(SCHOOL, KNOWLEDGE, now), now).open


def ask(store: Store, host: str = "www.social.com", person: str | None = "sam", line: str = "") -> Ask:
    made = store.incidents.ask(SCHOOL, Wish(host, "lesson", "social", line, "7", "chroom-1", person), LESSON)
    assert made
    return made


def blocked(host: str, reason: Reason, person: str = "sam", when: datetime = LESSON, group: str = "7") -> Event:
    return Event(What.BLOCKED, when, Effect.DENY, reason, Action.VISIT, host=host, group=group, person=person)


# --- giving --------------------------------------------------------------------------------------------------------


def test_a_teacher_opens_a_site_for_the_lesson_and_it_locks_itself(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    assert not opens(store, "social.com", LESSON)
    page = anja.post("/les/7/toestemming", **SITE, goal="interview").text
    assert "open tot 10:15" in page
    assert "social.com" in page
    assert "Lesdoel: interview" in page
    assert opens(store, "social.com", LESSON)
    assert opens(store, "chat.social.com", at("10:14"))
    assert not opens(store, "social.com", at("10:15"))
    assert not opens(store, "social.com", LESSON, "bo", "8")


def test_a_permission_never_lasts_past_the_lesson(store: Store, signed_in: SignIn, clock: Clock) -> None:
    clock.now = at("09:50")
    anja = signed_in("anja")
    assert "30 min" not in anja.page("/les/7").partition("geef-formulier")[2]
    anja.post("/les/7/toestemming", **(SITE | {"minutes": "60"}))
    assert [grant.end for grant in store.grants.live(SCHOOL, clock.now)] == [at("10:15")]


def test_ten_minutes_are_ten_minutes(store: Store, signed_in: SignIn) -> None:
    signed_in("anja").post("/les/7/toestemming", **(SITE | {"minutes": "10"}))
    assert [grant.end for grant in store.grants.live(SCHOOL, LESSON)] == [LESSON + timedelta(minutes=10)]


def test_a_permission_for_named_pupils_is_for_them_only(store: Store, signed_in: SignIn) -> None:
    signed_in("anja").post("/les/7/toestemming", **(SITE | {"who": "some", "pupil": "sam"}))
    assert opens(store, "social.com", LESSON, "sam")
    assert not opens(store, "social.com", LESSON, "noor")


def test_a_kind_of_site_can_be_opened_at_once(store: Store, signed_in: SignIn) -> None:
    page = signed_in("anja").post("/les/7/toestemming", what="category:games", who="all").text
    assert "Games" in page
    assert opens(store, "games.com", LESSON)
    assert opens(store, "eigenspel.nl", LESSON)
    assert not opens(store, "social.com", LESSON)


def test_looking_only_leaves_taking_part_closed(store: Store, signed_in: SignIn) -> None:
    page = signed_in("anja").post("/les/7/toestemming", **SITE, mode="view").text
    assert "alleen kijken" in page
    assert [grant.facets for grant in store.grants.live(SCHOOL, LESSON)] == [frozenset({Facet.PLACE})]


@pytest.mark.parametrize(
    ("form", "word"),
    [
        ({"site": ""}, "Vul een site in"),
        ({"site": "dit is geen adres"}, "adres klopt niet"),
        ({"site": "localhost"}, "adres klopt niet"),
        ({"site": "javascript:alert(1)"}, "adres klopt niet"),
        ({"site": "adult.com"}, "voor iedereen dicht"),
        ({"site": "chat.com"}, "directie"),
        ({"what": "category:adult"}, "voor iedereen dicht"),
        ({"what": ""}, "Vul een site in"),
        ({"who": "some"}, "minstens één leerling"),
        ({"who": "some", "pupil": "bo"}, "minstens één leerling"),
        ({"who": "some", "pupil": "anja"}, "minstens één leerling"),
    ],
)
def test_what_cannot_be_given_is_refused_with_a_reason(
    store: Store, signed_in: SignIn, form: dict[str, str], word: str
) -> None:
    assert word in signed_in("anja").post("/les/7/toestemming", **(SITE | form)).text
    assert store.grants.live(SCHOOL, LESSON) == ()


@pytest.mark.parametrize("moment", ["10:20", "19:00"])
def test_outside_the_lesson_the_page_says_so(store: Store, signed_in: SignIn, clock: Clock, moment: str) -> None:
    clock.now = at(moment)
    anja = signed_in("anja")
    page = anja.page("/les/7")
    assert "geef-formulier" not in page or moment == "10:20"
    assert ("Pauze" if moment == "10:20" else "Geen les") in page
    if moment == "19:00":
        assert "alleen tijdens de les" in anja.post("/les/7/toestemming", **SITE).text
        assert store.grants.live(SCHOOL, clock.now) == ()


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("schooltv.nl", "schooltv.nl"),
        (" https://www.Schooltv.NL/video?x=1#y ", "schooltv.nl"),
        ("www.nl", "www.nl"),
        ("ex\u00e1mple.com", "xn--exmple-qta.com"),
        ("10.7.0.9", "10.7.0.9"),
        ("", None),
        ("niet goed", None),
        ("ftp://x.com", None),
    ],
)
def test_a_typed_site_becomes_its_host(typed: str, host: str | None) -> None:
    assert permission.site_in(typed) == host


@pytest.mark.parametrize("who", [BRAM, IRIS, Member("sam", IRIS.role, ("7",))])
def test_who_may_not_act_for_the_group_gives_nothing(desk: Desk, store: Store, who: Member) -> None:
    assert permission.give(desk, who, permission.Wish("7", site="social.com"), LESSON).code == "dash.no.not_yours"
    assert store.grants.live(SCHOOL, LESSON) == ()


@pytest.mark.parametrize("who", [ANJA, COR, RIA])
def test_teacher_coordinator_and_management_give_in_their_own_name(desk: Desk, who: Member) -> None:
    grant = permission.give(desk, who, permission.Wish("7", site="social.com"), LESSON).value
    assert grant
    assert (grant.by, grant.role) == (who.id, who.role)


# --- stopping, lengthening, again ------------------------------------------------------------------------------------


def live(store: Store, now: datetime = LESSON) -> Grant:
    (grant,) = store.grants.live(SCHOOL, now)
    return grant


def test_stop_closes_at_once(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    anja.post("/les/7/toestemming", **SITE)
    assert "Gesloten" in anja.post(f"/les/7/toestemming/{live(store).id}/stop").text
    assert not opens(store, "social.com", LESSON)


def test_lengthening_goes_no_further_than_the_lesson(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    anja.post("/les/7/toestemming", **(SITE | {"minutes": "60"}))
    path = f"/les/7/toestemming/{live(store).id}/verleng"
    assert "Verlengd tot 10:10" in anja.post(path, minutes="10").text
    assert "Verlengd tot 10:15" in anja.post(path, minutes="10").text
    assert "al open tot het einde" in anja.post(path, minutes="10").text
    assert live(store).end == at("10:15")


def test_a_permission_that_is_over_cannot_be_lengthened(store: Store, signed_in: SignIn, clock: Clock) -> None:
    anja = signed_in("anja")
    anja.post("/les/7/toestemming", **(SITE | {"minutes": "10"}))
    path = f"/les/7/toestemming/{live(store).id}/verleng"
    clock.on(minutes=10)
    assert "al afgelopen" in anja.post(path, minutes="10").text
    assert not opens(store, "social.com", clock.now)


def test_a_permission_of_management_is_not_lengthened_by_a_teacher_who_may_not_give_it(
    desk: Desk, store: Store
) -> None:
    grant = Grant("", LESSON, at("09:30"), RIA.role, "ria", frozenset({"7"}), sites=("chat.com",))
    kept = store.grants.add(SCHOOL, grant, LESSON)
    assert permission.extend(desk, ANJA, "7", kept.id, 10, LESSON).code == "dash.no.not_liftable"
    assert live(store).end == at("09:30")


def test_what_was_given_before_comes_back_with_one_tap(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    assert "Nog een keer" not in anja.page("/les/7")
    anja.post("/les/7/toestemming", **SITE, goal="interview")
    assert "Nog een keer" not in anja.page("/les/7")
    page = anja.post(f"/les/7/toestemming/{live(store).id}/stop").text
    quick = page.partition("Nog een keer")[2].partition("Iets anders")[0]
    assert "social.com" in quick
    assert "hele groep · tot 10:15" in quick
    assert 'name="goal" value="interview"' in quick


# --- requests and reports --------------------------------------------------------------------------------------------


def test_one_tap_yes_opens_the_site_for_the_pupil_and_answers(store: Store, signed_in: SignIn) -> None:
    anja, wish = signed_in("anja"), ask(store, line="voor de vulkaan")
    page = anja.page("/les/7")
    assert "Sam Pietersen vraagt www.social.com" in page
    assert "voor de vulkaan" in page
    assert "open tot 10:15" in anja.post(f"/les/7/vraag/{wish.id}", answer="yes", own="Veel plezier").text
    answered = store.incidents.get_ask(SCHOOL, wish.id)
    assert answered
    assert (answered.state, answered.answer, answered.by) == (AskState.YES, "Veel plezier", "anja")
    assert answered.grant == live(store).id
    assert opens(store, "social.com", LESSON, "sam")
    assert not opens(store, "social.com", LESSON, "noor")


def test_yes_to_a_pupil_nobody_knows_is_yes_to_the_group(store: Store, signed_in: SignIn) -> None:
    anja, wish = signed_in("anja"), ask(store, person=None)
    assert "Ja geldt voor de hele groep" in anja.page("/les/7")
    anja.post(f"/les/7/vraag/{wish.id}", answer="yes", minutes="10")
    assert opens(store, "social.com", LESSON, "noor")
    assert live(store).end == LESSON + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("facet", "asked", "told"),
    [
        (Facet.WORDS, search("kut"), "wil zoekwoorden gebruiken op zoek.nl: grove taal"),
        (
            Facet.PERSONAL,
            visit("zoek.nl", action=Action.SUBMIT, personal=frozenset({"phone"})),
            "wil gegevens sturen naar zoek.nl: een telefoonnummer",
        ),
    ],
)
def test_a_yes_lifts_what_was_asked_for(
    store: Store, signed_in: SignIn, facet: Facet, asked: AccessRequest, told: str
) -> None:
    anja = signed_in("anja")
    kinds = ("coarse",) if facet is Facet.WORDS else ("phone",)
    wish = Wish("zoek.nl", "lesson", None, "", "7", "chroom-1", "sam", facet, kinds)
    made = store.incidents.ask(SCHOOL, wish, LESSON)
    assert made and not decide(asked, store.snapshot(SCHOOL, KNOWLEDGE, LESSON), LESSON).open
    assert f"Sam Pietersen {told}" in anja.page("/les/7")
    anja.post(f"/les/7/vraag/{made.id}", answer="yes")
    assert decide(asked, store.snapshot(SCHOOL, KNOWLEDGE, LESSON), LESSON).open
    assert (live(store).facets, live(store).kinds) == ({facet}, set(kinds))
    other = search("vermoord") if facet is Facet.WORDS else replace(asked, personal=frozenset({"phone", "bsn"}))
    assert not decide(other, store.snapshot(SCHOOL, KNOWLEDGE, LESSON), LESSON).open


def test_no_and_later_are_passed_on(store: Store, signed_in: SignIn) -> None:
    anja, first, second = signed_in("anja"), ask(store), ask(store, "x.com")
    anja.post(f"/les/7/vraag/{first.id}", answer="no", reply="Kom even bij mij langs.")
    page = anja.post(f"/les/7/vraag/{second.id}", answer="later").text
    assert f"vraag-{first.id}" not in page
    assert f"vraag-{second.id}" in page
    said = [store.incidents.get_ask(SCHOOL, wish.id) for wish in (first, second)]
    assert [x.state for x in said if x] == [AskState.NO, AskState.LATER]
    assert said[0] and said[0].answer == "Kom even bij mij langs."
    assert store.grants.live(SCHOOL, LESSON) == ()


def test_a_request_is_answered_once(store: Store, signed_in: SignIn) -> None:
    anja, wish = signed_in("anja"), ask(store)
    anja.post(f"/les/7/vraag/{wish.id}", answer="no")
    assert "al beantwoord" in anja.post(f"/les/7/vraag/{wish.id}", answer="yes").text
    assert not opens(store, "social.com", LESSON)


def test_a_yes_that_may_not_be_given_leaves_the_request_open(store: Store, signed_in: SignIn) -> None:
    anja, wish = signed_in("anja"), ask(store, "adult.com")
    assert "voor iedereen dicht" in anja.post(f"/les/7/vraag/{wish.id}", answer="yes").text
    assert [x.id for x in store.incidents.asks(SCHOOL, ("7",))] == [wish.id]


@pytest.mark.parametrize(
    ("host", "category", "opened"),
    [
        ("chat.social.com", "social", "social.com"),
        ("www.onbekend.nl", None, "onbekend.nl"),
        ("diep.onbekend.nl", "weg", "diep.onbekend.nl"),
    ],
)
def test_a_yes_opens_the_listed_name_and_no_more(desk: Desk, host: str, category: str | None, opened: str) -> None:
    assert asks.listed_name(desk.snapshot(LESSON), host, category) == opened


def test_a_report_is_shown_quietly_until_somebody_saw_it(store: Store, signed_in: SignIn) -> None:
    report = store.incidents.report(SCHOOL, "eng.nl", LESSON, note="een enge foto", group="7", person="noor")
    anja = signed_in("anja")
    page = anja.page("/les/7")
    assert "Stille meldingen" in page
    assert "een enge foto" in page
    assert "Stille meldingen" not in anja.post(f"/les/7/melding/{report.id}").text


# --- what a class never sees -----------------------------------------------------------------------------------------


def test_exceptions_are_shown_without_names_until_an_adult_asks(store: Store, signed_in: SignIn) -> None:
    events = [blocked("social.com", Reason.PLACE), blocked("social.com", Reason.PLACE, "noor")]
    old, other = (
        blocked("oud.nl", Reason.PLACE, when=at("09:00", "2026-11-20")),
        blocked("acht.nl", Reason.PLACE, "bo", group="8"),
    )
    store.events.add_batch(SCHOOL, [*events, old, other], LESSON)
    anja = signed_in("anja")
    part = anja.page("/les/7").partition('id="part-seen"')[2].partition('id="part-klas"')[0]
    assert "social.com" in part
    assert "2 keer" in part
    assert "oud.nl" not in part
    assert "acht.nl" not in part
    assert "Sam " not in part
    part = anja.page("/les/7?namen=1").partition('id="part-seen"')[2].partition('id="part-klas"')[0]
    assert "Sam Pietersen" in part
    assert "Noor Jansen" in part


def test_a_screen_in_the_class_shows_no_names_requests_or_reports(store: Store, signed_in: SignIn) -> None:
    store.incidents.report(SCHOOL, "eng.nl", LESSON, note="een enge foto", group="7", person="noor")
    store.events.add_batch(SCHOOL, [blocked("social.com", Reason.PLACE)], LESSON)
    wish = ask(store, line="geheim plan")
    anja = signed_in("anja")
    anja.post("/les/7/toestemming", **(SITE | {"who": "some", "pupil": "sam"}))
    anja.post("/bord", board="1", back="/les/7")
    page = anja.page("/les/7?namen=1")
    for word in ("Sam", "Noor", "eng.nl", "enge foto", "geheim plan", wish.id, "Stille meldingen"):
        assert word not in page
    assert "Er wacht 1 vraag." in page
    anja.post("/bord", board="0", back="/les/7")
    assert "Sam Pietersen vraagt" in anja.page("/les/7")


def test_what_a_pupil_writes_is_text_and_nothing_else(store: Store, signed_in: SignIn) -> None:
    ask(store, line="<script>alert(1)</script>")
    store.incidents.report(SCHOOL, "eng.nl", LESSON, note='"><img src=x onerror=alert(1)>', group="7")
    page = signed_in("anja").page("/les/7")
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_message_in_the_address_can_only_be_one_of_ours(signed_in: SignIn) -> None:
    anja = signed_in("anja")
    page = anja.page("/les/7?ja=granted&tot=<b>x</b>")
    assert "<b>x" not in page
    assert "Gesloten" in anja.page("/les/7?ja=stopped")
    assert 'class="note told' not in anja.page("/les/7?nee=Bel%20dit%20nummer")
    assert 'class="note told' not in anja.page("/les/7?nee=bestaat_niet")


def test_the_page_says_it_in_english_to_an_english_browser(signed_in: SignIn) -> None:
    answer = signed_in("anja").client.get(
        "/les/7", base_url="https://wacht.school", headers={"Accept-Language": "en-GB,en;q=0.9"}
    )
    assert "Give permission" in answer.text
    assert 'lang="en"' in answer.text


# --- the group -------------------------------------------------------------------------------------------------------


def test_eyes_on_me_stops_new_pages_and_gives_them_back(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    assert opens(store, "leren.nl", LESSON)
    assert "Aandacht-stand tot 09:15" in anja.post("/les/7/aandacht", on="1").text
    assert not opens(store, "leren.nl", LESSON)
    anja.post("/les/7/aandacht", on="0")
    assert opens(store, "leren.nl", LESSON)


def test_a_rainy_break_counts_as_a_lesson(store: Store, signed_in: SignIn, clock: Clock) -> None:
    clock.now = at("10:20")
    anja = signed_in("anja")
    anja.post("/les/7/regen", on="1")
    page = anja.page("/les/7")
    assert "Regendag" in page
    assert "open tot 10:30" in anja.post("/les/7/toestemming", **SITE).text
    anja.post("/les/7/regen", on="0")
    assert "Pauze" in anja.page("/les/7")


def test_a_pupil_gets_a_device_for_this_lesson(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    assert "Sam Pietersen op Chromebook 1, tot 10:15" in anja.post("/les/7/plek", pupil="sam", device="chroom-1").text
    (lease,) = store.devices.leases(SCHOOL, LESSON)
    assert (lease.person, lease.by, lease.end) == ("sam", "anja", at("10:15"))
    anja.post("/les/7/plek", device="chroom-1")
    assert store.devices.leases(SCHOOL, LESSON) == ()


# --- printing, topics, phones, rain ----------------------------------------------------------------------------------

GIVE = "/les/7/toestemming"
PRINT = rule("print", facet=Facet.PRINT)
PHONES = rule("phones", facet=Facet.CONNECT, devices=frozenset({DeviceClass.PHONE}))


def with_policy(store: Store, *more: Rule, interns: bool = False) -> None:
    policy = replace(POLICY, rules=(*POLICY.rules, *more), interns_permit=interns)
    store.policies.add(SCHOOL, policy, "test", "ria", LESSON)


def allows(store: Store, asked: AccessRequest, now: datetime = LESSON) -> bool:
    return decide(asked, store.snapshot(SCHOOL, KNOWLEDGE, now), now).open


def on_phone(person: str = "sam") -> AccessRequest:
    who = replace(pupil(person), device=f"telefoon-{person}", device_class=DeviceClass.PHONE)
    return visit("leren.nl", who=who)


def test_only_what_the_rules_close_and_a_teacher_lifts_is_offered(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    page = anja.page("/les/7")
    assert "Printen mag" not in page and "Telefoon mag even" not in page
    with_policy(store, PRINT, PHONES)
    page = anja.page("/les/7")
    assert "Printen mag" in page and "Telefoon mag even" in page
    hard = (replace(one, liftable_by=LiftableBy.MANAGEMENT) for one in (PRINT, PHONES))
    with_policy(store, *hard)
    page = anja.page("/les/7")
    assert "Printen mag" not in page and "Telefoon mag even" not in page
    assert "directie" in anja.post(GIVE, what="print", who="all").text
    assert "directie" in anja.post(GIVE, what="phone", who="some", pupil="sam").text
    assert store.grants.live(SCHOOL, LESSON) == ()


def test_in_a_break_the_form_is_there_only_where_the_school_lets_it_be_used(
    store: Store, signed_in: SignIn, clock: Clock
) -> None:
    clock.now = at("10:20")
    anja = signed_in("anja")
    page = anja.page("/les/7")
    assert "Toestemming geven kan weer in de les" not in page and "geef-formulier" in page
    assert "Het staat open tot 10:30" in anja.post("/les/7/toestemming", what="site", site="social.com", who="all").text
    with_policy(store, NO_COMPUTER)
    page = anja.page("/les/7")
    assert "Toestemming geven kan weer in de les" in page and "geef-formulier" not in page
    assert "Maak een afspraak" not in page


def test_an_interns_permission_is_not_shown_as_open_once_the_school_takes_it_back(
    store: Store, signed_in: SignIn
) -> None:
    given = store.grants.add(SCHOOL, grant("", sites=("chat.com",), role=Role.INTERN, by="iris"), LESSON)
    anja = signed_in("anja")
    with_policy(store, interns=True)
    assert f"/les/7/toestemming/{given.id}/stop" in anja.page("/les/7")
    with_policy(store)
    assert f"/les/7/toestemming/{given.id}/stop" not in anja.page("/les/7")


def test_a_kind_that_a_rule_keeps_shut_for_teachers_is_not_offered_because_of_another_rule(
    store: Store, signed_in: SignIn
) -> None:
    anja = signed_in("anja")
    assert 'value="category:games"' in anja.page("/les/7")
    with_policy(
        store, rule("no-games", facet=Facet.PLACE, categories=frozenset({"games"}), liftable_by=LiftableBy.NOBODY)
    )
    page = anja.page("/les/7")
    assert 'value="category:games"' not in page and 'value="category:video"' in page


def test_printing_is_permitted_for_some_or_for_all_until_the_bell(store: Store, signed_in: SignIn) -> None:
    with_policy(store, PRINT)
    anja = signed_in("anja")
    job = AccessRequest(Action.PRINT, pupil("sam"))
    assert not allows(store, job)
    assert "Sam Pietersen" in anja.post(GIVE, what="print", who="some", pupil="sam").text.partition("part-open")[2]
    assert allows(store, job)
    assert not allows(store, AccessRequest(Action.PRINT, pupil("noor")))
    assert not allows(store, job, at("10:30"))
    assert not opens(store, "social.com", LESSON)
    anja.post(GIVE, what="print", who="all", minutes="10")
    assert allows(store, AccessRequest(Action.PRINT, pupil("noor")))
    for one in store.grants.live(SCHOOL, LESSON):
        anja.post(f"{GIVE}/{one.id}/stop")
    quick = anja.page("/les/7").partition("Nog een keer")[2].partition("Iets anders")[0]
    assert "printen" in quick
    anja.post(GIVE, what="print", site="", mode="full", minutes="lesson")
    assert allows(store, job)


def test_a_phone_is_on_for_one_child_until_a_moment_of_the_school_day(store: Store, signed_in: SignIn) -> None:
    with_policy(store, PHONES)
    anja = signed_in("anja")
    page = anja.page("/les/7").partition('id="telefoon"')[2]
    assert "Tot einde les (10:15)" in page
    assert "tot 13:30" in page
    assert "Tot einde schooldag (14:00)" in page
    assert not allows(store, on_phone())
    anja.post(GIVE, what="phone", who="some", pupil="sam", until=at("11:00").isoformat())
    assert live(store).end == at("11:00")
    assert allows(store, on_phone())
    assert allows(store, on_phone(), at("10:45"))
    assert not allows(store, on_phone(), at("11:00"))
    assert not allows(store, on_phone("noor"))
    assert not allows(store, replace(on_phone(), hosts=("social.com",)))
    anja.post("/bord", board="1", back="/les/7")
    page = anja.page("/les/7")
    assert "Telefoon mag even" not in page and "Sam " not in page


@pytest.mark.parametrize(
    "form",
    [{"who": "all"}, {"who": "some"}, {"who": "some", "pupil": "bo"}, {"who": "some", "pupil": "anja"}],
)
def test_a_phone_is_never_for_a_whole_group_or_for_somebody_elses_pupil(
    store: Store, signed_in: SignIn, form: dict[str, str]
) -> None:
    with_policy(store, PHONES)
    page = signed_in("anja").post(GIVE, what="phone", **form).text
    assert ("niet voor een groep" if form["who"] == "all" else "minstens één leerling") in page
    assert store.grants.live(SCHOOL, LESSON) == ()


@pytest.mark.parametrize(
    ("until", "end"),
    [("2026-11-23T22:00:00Z", "14:00"), ("geen tijd", "10:15"), ("0001-01-01T00:00:00+23:59", "10:15"), ("", "10:15")],
)
def test_a_phone_is_off_again_when_school_is_out_whatever_the_form_says(
    store: Store, signed_in: SignIn, until: str, end: str
) -> None:
    with_policy(store, PHONES)
    signed_in("anja").post(GIVE, what="phone", who="some", pupil="sam", until=until)
    assert live(store).end == at(end)


def test_the_words_of_a_topic_are_open_for_the_lesson_and_other_words_are_not(store: Store) -> None:
    terms = (Term("bom", "aggression", "bom", severity=1, topics=frozenset({"war"})), Term("kut", "coarse", "kut"))
    topics = (Topic("war", {"nl": "oorlog en geschiedenis", "en": "war"}), Topic("sport", {"nl": "sport"}))
    desk = Desk(store, replace(KNOWLEDGE, lexicon=Lexicon(terms, (), topics)), SCHOOL, Settings())
    lesson = see_lesson(desk, ANJA, "7", LESSON).value
    assert lesson
    said = Words("nl")
    assert [topic.label for topic in lesson_page(lesson, said, board=False, names=False).extras.topics] == [
        "oorlog en geschiedenis"
    ]
    wish = permission.Wish("7", facet=Facet.WORDS, topics=("war",))
    assert permission.give(desk, ANJA, replace(wish, topics=("sport",)), LESSON).code == "dash.no.what"
    assert permission.give(desk, ANJA, wish, LESSON).ok
    assert decide(search("bom"), desk.snapshot(LESSON), LESSON).open
    assert not decide(search("kut"), desk.snapshot(LESSON), LESSON).open
    again = see_lesson(desk, ANJA, "7", LESSON).value
    assert again
    card = lesson_page(again, said, board=False, names=False).open[0]
    assert card.title == "zoekwoorden bij: oorlog en geschiedenis"


def test_a_rainy_break_is_told_to_be_looser_than_the_clause_and_is_still_one_tap(
    store: Store, signed_in: SignIn, clock: Clock
) -> None:
    clock.now = at("10:20")
    anja = signed_in("anja")
    assert "ruimer dan" not in anja.page("/les/7")
    with_policy(store, NO_COMPUTER)
    assert "ruimer dan de afspraak: De Proefschool, 1." in anja.page("/les/7")
    assert not opens(store, "leren.nl", clock.now)
    assert "ruimer dan de afspraak" in anja.post("/les/7/regen", on="1").text
    assert opens(store, "leren.nl", clock.now)
    with_policy(store, replace(NO_COMPUTER, basis=DECISION))
    assert "ruimer dan" not in anja.page("/les/7")


def test_a_teacher_without_a_group_is_told_who_can_help(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    for group in ("7", "8"):
        store.people.remove_group(SCHOOL, group, "cor", LESSON)
    assert "nog niet aan een groep" in anja.get("/les/", follow_redirects=True).text
