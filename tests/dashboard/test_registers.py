"""Registers: accounts with one manager, accounts of groups, the school's own means for parents, what does not fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from dashboard.actions import ownlists, registers
from dashboard.actions.desk import Desk
from dashboard.actions.ownlists import Change, What
from dashboard.actions.registers import Lack, Line, Wish
from policy.decide import decide
from policy.model import Facet, Group, HoldsIn, LiftableBy, Member, Reason, Role, Span
from store import Store
from store.registers import Register
from tests.cast import ANJA, COR, EVENING, IRIS, LESSON, POLICY, RIA, RULES, at, rule, visit
from tests.dashboard.conftest import SCHOOL, Browser

SignIn = Callable[[str], Browser]
OFFICIAL, GROUP, MEANS = Register.OFFICIAL, Register.GROUP, Register.MEANS
IDENTITY = rule(
    "identity",
    facet=Facet.PLACE,
    categories=frozenset({"identity"}),
    roles=frozenset(Role),
    holds_in=HoldsIn.AT_SCHOOL,
    liftable_by=LiftableBy.MANAGEMENT,
)


def added(desk: Desk, register: Register, place: str, person: str = "", group: str = "") -> str:
    outcome = registers.add(desk, COR, Wish(register, "Naam", place, person, group), LESSON)
    assert outcome.ok and outcome.value is not None, outcome.code
    return outcome.value.id


def only(desk: Desk) -> Line:
    (line,) = registers.lines(desk, COR, LESSON)
    return line


# --- accounts ------------------------------------------------------------------------------------------------------


def test_an_official_account_has_one_manager_of_staff(desk: Desk, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    form = {
        "register": "official",
        "name": " Facebook ",
        "place": "https://www.facebook.com/deschool/",
        "person": "anja",
    }
    page = cor.post("/beheer/registers/regel", **form).text
    assert "Het staat in het register" in page
    assert "facebook.com/deschool" in page
    assert "beheer: Anja de Vries" in page
    assert "staat al in dit register" in cor.post("/beheer/registers/regel", **form).text
    assert (
        "Kies een beheerder"
        in cor.post("/beheer/registers/regel", **(form | {"person": "sam", "place": "x.com/a"})).text
    )
    assert (
        "Kies een beheerder" in cor.post("/beheer/registers/regel", **(form | {"person": "", "place": "x.com/a"})).text
    )
    assert "Vul een naam in" in cor.post("/beheer/registers/regel", **(form | {"name": " "})).text
    assert "Vul in waar" in cor.post("/beheer/registers/regel", **(form | {"place": " "})).text
    assert [line.entry.place for line in registers.lines(desk, COR, LESSON)] == ["facebook.com/deschool"]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://www.facebook.com/Naam/", "facebook.com/Naam"),
        ("instagram.com/groep7", "instagram.com/groep7"),
        ("HTTPS://X.com", "x.com"),
        ("facebook.com/profile.php?id=12", "facebook.com/profile.php?id=12"),
        ("Ouderapp, groep 7", "Ouderapp, groep 7"),
        ("klassenapp", "klassenapp"),
        ("javascript://alert", None),
        ("  ", None),
        ("a" * 300, None),
    ],
)
def test_a_place_is_an_address_or_the_words_that_were_typed(typed: str, kept: str | None) -> None:
    assert registers.place_in(typed) == kept


def test_an_account_whose_manager_left_is_told_and_handed_over(desk: Desk, signed_in: SignIn) -> None:
    entry = added(desk, OFFICIAL, "facebook.com/deschool", "bram")
    assert only(desk).lacks == ()
    desk.store.people.remove_person(SCHOOL, "bram", "cor", LESSON)
    assert only(desk).lacks == (Lack.MANAGER,)
    cor = signed_in("cor")
    page = cor.page("/beheer/registers")
    assert "1 regel in de registers vraagt aandacht" in page
    assert "De beheerder werkt hier niet meer" in page
    assert '<span class="tag">1<span class="sr"> wachten op u' in cor.page("/beheer/groepen")
    assert "Kies een beheerder" in cor.post(f"/beheer/registers/regel/{entry}", person="noor").text
    page = cor.post(f"/beheer/registers/regel/{entry}", person="anja").text
    assert "aandacht" not in page
    assert "beheer: Anja de Vries" in page


def test_a_groups_account_is_told_when_its_group_is_gone_or_over(desk: Desk) -> None:
    desk.store.people.put_group(SCHOOL, Group("plus", "Plus", (), at("12:00")), "cor", LESSON)
    entry = added(desk, GROUP, "instagram.com/plus", "anja", "plus")
    assert only(desk).lacks == ()
    (line,) = registers.lines(desk, COR, at("12:00"))
    assert line.lacks == (Lack.GROUP,)
    desk.store.people.remove_group(SCHOOL, "plus", "cor", LESSON)
    assert only(desk).lacks == (Lack.GROUP,)
    assert registers.assign(desk, COR, entry, "anja", "weg", LESSON).code == "dash.no.group"
    assert registers.assign(desk, COR, entry, "anja", "7", LESSON).ok
    assert only(desk).lacks == ()


def test_a_groups_account_needs_a_group(desk: Desk) -> None:
    wish = Wish(GROUP, "Groep 7", "instagram.com/groep7", "anja")
    assert registers.add(desk, COR, wish, LESSON).code == "dash.no.group"
    assert registers.add(desk, COR, replace(wish, group="7"), LESSON).ok


def test_a_line_is_taken_away_once(desk: Desk) -> None:
    entry = added(desk, OFFICIAL, "facebook.com/deschool", "anja")
    assert registers.remove(desk, COR, entry, LESSON).ok
    assert registers.remove(desk, COR, entry, LESSON).code == "dash.no.gone"
    assert registers.assign(desk, COR, entry, "anja", "", LESSON).code == "dash.no.gone"
    assert registers.lines(desk, COR, LESSON) == ()


@pytest.mark.parametrize("who", [ANJA, IRIS, Member("sam", Role.PUPIL, ("7",))], ids=lambda one: one.id)
def test_only_the_coordinator_and_the_management_keep_registers(desk: Desk, who: Member) -> None:
    entry = added(desk, MEANS, "games.com")
    revision = desk.store.revision(SCHOOL)
    assert registers.add(desk, who, Wish(OFFICIAL, "X", "x.com/a", "anja"), LESSON).code == "dash.no.role"
    assert registers.assign(desk, who, entry, "anja", "", LESSON).code == "dash.no.role"
    assert registers.remove(desk, who, entry, LESSON).code == "dash.no.role"
    assert registers.open_means(desk, who, entry, LESSON).code == "dash.no.role"
    assert registers.add_identity(desk, who, "past-niet.nl", LESSON).code == "dash.no.role"
    assert registers.remove_identity(desk, who, "past-niet.nl", LESSON).code == "dash.no.role"
    assert registers.lines(desk, who, LESSON) == ()
    assert desk.store.revision(SCHOOL) == revision


# --- the school's own means ----------------------------------------------------------------------------------------


def test_a_means_for_parents_that_is_closed_is_told_and_opens_with_one_tap(desk: Desk, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    form = {"register": "means", "name": "Spelletjesbrief", "place": "https://www.games.com/ouders"}
    page = cor.post("/beheer/registers/regel", **form).text
    assert "Dit middel is nu dicht voor leerlingen." in page
    line = only(desk)
    assert line.entry.place == "games.com"
    assert line.shut is not None and line.shut.roles == (Role.PUPIL,) and line.shut.remedy
    page = cor.post(f"/beheer/registers/regel/{line.entry.id}/open").text
    assert "staat nu op de lijst van open sites" in page
    assert "nu dicht" not in page
    assert only(desk).shut is None
    assert decide(visit("games.com"), desk.snapshot(LESSON), LESSON).reason is Reason.OPEN


@pytest.mark.parametrize("moment", [LESSON, EVENING, at("10:20")], ids=["lesson", "evening", "break"])
def test_it_is_asked_of_a_lesson_whatever_the_clock_says_now(desk: Desk, moment: object) -> None:
    added(desk, MEANS, "games.com")
    (line,) = registers.lines(desk, COR, moment)
    assert line.shut is not None and line.shut.roles == (Role.PUPIL,)


def test_an_ordinary_site_is_open_and_no_permission_of_today_hides_what_is_closed(desk: Desk) -> None:
    assert registers.shut(desk, "ouderbericht.nl", LESSON) is None
    desk.store.measures.pause(SCHOOL, Span("7", LESSON, at("09:10"), "anja"), LESSON)
    assert registers.shut(desk, "ouderbericht.nl", LESSON) is None, "a pause is over soon"


def test_what_the_safety_floor_closes_is_never_opened_for_it(desk: Desk, signed_in: SignIn) -> None:
    entry = added(desk, MEANS, "adult.com")
    line = only(desk)
    assert line.shut is not None and not line.shut.remedy
    assert set(line.shut.roles) == {Role.PUPIL, Role.TEACHER}
    ria = signed_in("ria")
    page = ria.page("/beheer/registers")
    assert f"/beheer/registers/regel/{entry}/open" not in page
    assert "kan hier niet open" in page
    revision = desk.store.revision(SCHOOL)
    assert "Dit kan hier niet open" in ria.post(f"/beheer/registers/regel/{entry}/open").text
    assert desk.store.revision(SCHOOL) == revision
    assert desk.snapshot(LESSON).policy.open_sites == POLICY.open_sites


def test_a_rule_that_names_the_site_itself_is_no_matter_of_lists(store: Store, desk: Desk) -> None:
    named = rule("named", facet=Facet.PLACE, sites=("ouderbericht.nl",))
    store.policies.add(SCHOOL, replace(POLICY, rules=(*RULES, named)), "test", "setup", LESSON)
    entry = added(desk, MEANS, "ouderbericht.nl")
    line = only(desk)
    assert line.shut is not None and not line.shut.remedy
    assert registers.open_means(desk, COR, entry, LESSON).code == "dash.no.means_stays"


@pytest.mark.parametrize("typed", ["", "geen site", "co.uk", "http://"])
def test_a_means_is_a_site(desk: Desk, typed: str) -> None:
    assert registers.add(desk, COR, Wish(MEANS, "X", typed), LESSON).code == "dash.no.bad_site"


def test_an_account_is_no_means_that_opens(desk: Desk) -> None:
    entry = added(desk, OFFICIAL, "social.com/deschool", "anja")
    assert only(desk).shut is None
    assert registers.open_means(desk, COR, entry, LESSON).code == "dash.no.gone"


# --- what does not fit ---------------------------------------------------------------------------------------------


def test_where_no_rule_asks_for_it_the_page_says_so(desk: Desk, signed_in: SignIn) -> None:
    assert registers.identity_sites(desk.snapshot(LESSON)) is None
    assert "geen afspraak over" in signed_in("cor").page("/beheer/registers")
    assert registers.add_identity(desk, COR, "past-niet.nl", LESSON).code == "dash.no.list_category"


def test_a_site_that_does_not_fit_closes_for_everybody_with_its_own_text(
    store: Store, desk: Desk, signed_in: SignIn
) -> None:
    store.policies.add(SCHOOL, replace(POLICY, rules=(*RULES, IDENTITY)), "test", "setup", LESSON)
    cor = signed_in("cor")
    page = cor.post("/beheer/registers/past-niet", site="https://www.past-niet.nl/iets").text
    assert "www.past-niet.nl" in page
    assert "Deze site past niet bij onze school" in page
    decision = decide(visit("www.past-niet.nl"), desk.snapshot(LESSON), EVENING)
    assert (decision.reason, decision.category) == (Reason.PLACE, "identity")
    assert desk.snapshot(LESSON).policy.lists["games"] == POLICY.lists["games"]
    cor.post("/beheer/registers/past-niet/weg", site="www.past-niet.nl")
    assert registers.identity_sites(desk.snapshot(LESSON)) == ()
    assert decide(visit("www.past-niet.nl"), desk.snapshot(LESSON), EVENING).open


def test_taking_a_site_off_that_list_leaves_the_other_lists_alone(store: Store, desk: Desk) -> None:
    store.policies.add(SCHOOL, replace(POLICY, rules=(*RULES, IDENTITY)), "test", "setup", LESSON)
    assert registers.add_identity(desk, RIA, "eigenspel.nl", LESSON).ok
    assert registers.remove_identity(desk, RIA, "eigenspel.nl", LESSON).ok
    assert desk.snapshot(LESSON).policy.lists == POLICY.lists
    assert ownlists.made(desk.snapshot(LESSON), desk.settings, Change(What.NO_CLOSE, "eigenspel.nl")).ok
