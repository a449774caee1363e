"""A teacher gives a permission, makes it longer and stops it; what a teacher types, and who may not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from dashboard.actions import permission
from dashboard.actions.desk import Desk
from dashboard.actions.target import site_in
from policy.model import Action, Facet, Grant, LiftableBy, Member
from store import Store
from tests.cast import ANJA, BRAM, COR, IRIS, LESSON, RIA, at, rule
from tests.dashboard.conftest import SCHOOL, Browser, Clock
from tests.dashboard.lessons import SITE, live, opens, with_policy

type SignIn = Callable[[str], Browser]


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
    assert site_in(typed) == host


@pytest.mark.parametrize("who", [BRAM, IRIS, Member("sam", IRIS.role, ("7",))])
def test_who_may_not_act_for_the_group_gives_nothing(desk: Desk, store: Store, who: Member) -> None:
    assert permission.give(desk, who, permission.Wish("7", site="social.com"), LESSON).code == "dash.no.not_yours"
    assert store.grants.live(SCHOOL, LESSON) == ()


@pytest.mark.parametrize("who", [ANJA, COR, RIA])
def test_teacher_coordinator_and_management_give_in_their_own_name(desk: Desk, who: Member) -> None:
    grant = permission.give(desk, who, permission.Wish("7", site="social.com"), LESSON).value
    assert grant
    assert (grant.by, grant.role) == (who.id, who.role)


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
    assert "Direct geven" not in anja.page("/les/7")
    anja.post("/les/7/toestemming", **SITE, goal="interview")
    assert "Direct geven" not in anja.page("/les/7")
    page = anja.post(f"/les/7/toestemming/{live(store).id}/stop").text
    quick = page.partition("Direct geven")[2].partition("Iets nieuws")[0]
    assert "social.com" in quick
    assert "hele groep · tot 10:15 · interview" in quick
    token = quick.partition('name="again" value="')[2].partition('"')[0]
    assert "open tot 10:15" in anja.post("/les/7/toestemming/opnieuw", again=token).text
    assert (live(store).sites, live(store).goal) == (("social.com",), "interview")


@pytest.mark.parametrize(
    ("typed", "site"),
    [
        ("schooltv.nl", "schooltv.nl"),
        (" https://www.SchoolTV.nl/video/1?x=2 ", "schooltv.nl"),
        ("www.bbc.co.uk", "bbc.co.uk"),
        ("kind.github.io", "kind.github.io"),
        ("*.schooltv.nl", "schooltv.nl"),  # what is below a site is meant anyway
        ("http://192.0.2.1/", "192.0.2.1"),
    ],
)
def test_a_site_is_read_however_it_is_typed(typed: str, site: str) -> None:
    assert site_in(typed) == site


@pytest.mark.parametrize(
    "typed", ["", "school tv", "nl", "co.uk", "github.io", "javascript:alert(1)", "https://", "*.com", "tv*.nl"]
)
def test_what_is_no_site_or_everybodys_is_refused(typed: str) -> None:
    assert site_in(typed) is None


def test_everybody_except_some_is_everybody_except_those(store: Store, signed_in: SignIn) -> None:
    page = signed_in("anja").post("/les/7/toestemming", **(SITE | {"who": "but", "without": "noor"})).text
    assert "hele groep, zonder 1 leerling" in page
    assert opens(store, "social.com", LESSON, "sam")
    assert not opens(store, "social.com", LESSON, "noor")
    (grant,) = store.grants.live(SCHOOL, LESSON)
    assert (grant.groups, grant.without) == ({"7"}, {"noor"})


@pytest.mark.parametrize(
    ("form", "part", "sentence"),
    [
        ({"site": "geen site"}, "when site", "adres klopt niet"),
        ({"site": "adult.com"}, "what", "voor iedereen dicht"),
        ({"what": "category"}, "when category", "Kies een soort"),
        ({"what": "video"}, "when video", "Plak het adres"),
        ({"what": "pictures", "place": "geen site"}, "when pictures", "adres klopt niet"),
        ({"who": "some"}, "when some", "minstens één leerling"),
        ({"who": "some", "pupil": "bo"}, "when some", "minstens één leerling"),
        ({"who": "but"}, "when but", "die niet meedoet"),
        ({"who": "but", "without": "bo"}, "when but", "die niet meedoet"),
        ({"who": "but", "without": ["sam", "noor"]}, "when but", "niemand over"),
    ],
)
def test_a_refusal_stands_at_its_field_and_nothing_that_was_typed_is_lost(
    store: Store, signed_in: SignIn, form: dict[str, object], part: str, sentence: str
) -> None:
    if part == "when pictures":
        with_policy(store, rule("pictures", facet=Facet.ACTION, actions=frozenset({Action.UPLOAD})))
    asked = {**SITE, "own_goal": "de egel in de winter", "mode": "view", "minutes": "10", **form}
    page = signed_in("anja").post("/les/7/toestemming", **asked).text
    assert "Er is nog niets gegeven" in page
    assert sentence in page.partition(f'class="{part}"')[2].partition("</fieldset>")[0]
    assert 'value="de egel in de winter"' in page
    assert f'value="{asked["site"]}"' in page
    assert 'value="view" checked' in page and 'value="10" checked' in page
    for person in ("sam", "noor") if form.get("without") == ["sam", "noor"] else ():
        assert f'name="without" value="{person}" checked' in page
    assert store.grants.live(SCHOOL, LESSON) == ()


def test_the_form_names_no_pupil_on_a_screen_in_the_class(signed_in: SignIn) -> None:
    anja = signed_in("anja")
    anja.post("/bord", board="1", back="/les/7")
    for page in (anja.page("/les/7/toestemming"), anja.post("/les/7/toestemming", **(SITE | {"site": "x"})).text):
        assert "Voor wie?" in page
        assert not [name for name in ("Sam", "Noor") if name in page]


def test_a_goal_is_of_the_list_or_in_own_words(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    page = anja.page("/les/7")
    assert 'name="goal" value="presentatie maken"' in page and 'name="goal" value="" checked' in page
    anja.post("/les/7/toestemming", **SITE, goal="onderzoek", own_goal="")
    anja.post("/les/7/toestemming", **(SITE | {"site": "games.com"}), goal="onderzoek", own_goal="ons eigen spel")
    assert {grant.goal for grant in store.grants.live(SCHOOL, LESSON)} == {"onderzoek", "ons eigen spel"}


def test_services_that_may_be_opened_are_suggested_and_others_are_not(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    assert '<option value="Film">film.com</option>' in anja.page("/les/7")
    with_policy(
        store,
        rule("no-film", facet=Facet.PLACE, categories=frozenset({"video"}), liftable_by=LiftableBy.MANAGEMENT),
    )
    assert '<option value="Film">' not in anja.page("/les/7")
    assert "directie" in anja.post("/les/7/toestemming", **(SITE | {"site": "film"})).text


@pytest.mark.parametrize(
    ("more", "offered"),
    [
        ((), False),
        (({"categories": frozenset({"social"})},), True),
        (({"liftable_by": LiftableBy.NOBODY},), False),
        (({"categories": frozenset({"social"})}, {"liftable_by": LiftableBy.MANAGEMENT}), False),
        (({"categories": frozenset({"social"})}, {"media": frozenset({"sound"})}), True),
    ],
)
def test_sending_pictures_is_offered_where_a_rule_closes_it_and_a_teacher_may_open_it(
    store: Store, signed_in: SignIn, more: tuple[dict[str, object], ...], offered: bool
) -> None:
    upload = {"facet": Facet.ACTION, "actions": frozenset({Action.UPLOAD})}
    with_policy(store, *(rule(f"pictures-{number}", **(upload | one)) for number, one in enumerate(more)))
    assert ('name="what" value="pictures"' in signed_in("anja").page("/les/7")) is offered
