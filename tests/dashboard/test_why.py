"""The "waarom?" tab: who, what and when; every step in words with its ground; what would change it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from config import load
from dashboard.actions.desk import Desk
from dashboard.actions.why import Thing, Wish, why
from policy.model import Effect, Reason, Role, Sanction, SanctionTarget
from policy.wouldchange import Change
from store import Store
from tests.cast import ANJA, BREAK, COR, EVENING, LESSON, RIA


def ask(browser, who: str, text: str = "social.com", **more: str) -> str:
    return browser.post("/beheer/waarom", who=who, thing="address", **{"text": text, **more}).text


def test_why_is_told_step_by_step_with_rule_clause_and_what_would_change_it(signed_in) -> None:
    page = ask(signed_in("cor"), "group:7")
    assert "Mag niet" in page
    assert "een leerling van Groep 7" in page
    assert "De regel over sociale media: dicht." in page
    assert "protocol, 1 · regel social · op te heffen door de leerkracht" in page
    assert "Alleen met toestemming." in page  # the article's own words
    assert "Hadden niets te zeggen: hulp" in page
    assert "Dit antwoord geldt tot 10:15." in page
    assert "Om 14:00 gaat het vanzelf open" in page
    assert "Het gaat open als de leerkracht toestemming geeft voor social.com." in page


def test_it_is_told_whether_somebody_looks_into_it(signed_in) -> None:
    cor = signed_in("cor")
    assert "Klaswacht kijkt mee: het is dicht, en de pagina die dat zegt moet getoond worden." in ask(cor, "group:7")
    assert "Gaat ongezien door (tunnel): verkeer van medewerkers" in ask(cor, "role:teacher", "leren.nl")
    printing = cor.post("/beheer/waarom", who="group:7", thing="print", text="").text
    assert "kijkt mee" not in printing and "(tunnel)" not in printing


def test_what_was_chosen_stays_in_the_form_and_the_address_of_the_page_tells_nothing(signed_in) -> None:
    cor = signed_in("cor")
    answer = cor.post(
        "/beheer/waarom", who="role:intern", thing="search", text="een vraag", day="2026-11-24", clock="09:00"
    )
    assert answer.request.path == "/beheer/waarom"
    assert not answer.request.query_string
    assert 'value="een vraag"' in answer.text
    assert '<option value="role:intern" selected>' in answer.text
    assert re.search(r'value="search"[^>]* checked', answer.text)
    assert 'value="2026-11-24"' in answer.text and 'value="09:00"' in answer.text


def test_an_address_that_cannot_be_read_is_told_and_the_rest_of_the_form_stays(signed_in) -> None:
    page = ask(signed_in("cor"), "role:intern", "niet een adres !!", day="2026-11-24", clock="09:00")
    assert "Dit adres is niet leesbaar. Vul bijvoorbeeld schooltv.nl in." in page
    assert 'value="niet een adres !!"' in page
    assert '<option value="role:intern" selected>' in page
    assert 'value="2026-11-24"' in page and 'value="09:00"' in page
    assert 'id="antwoord"' not in page


def test_another_moment_role_program_and_print_are_asked_of_the_same_decide(desk: Desk) -> None:
    def asked(wish: Wish):
        found = why(desk, COR, wish, LESSON)
        assert found.value, found.code
        return found.value

    evening = asked(Wish("group:7", text="social.com", day="2026-11-23", clock="19:00"))
    assert (evening.at, evening.decision.reason) == (EVENING, Reason.OUTSIDE)
    assert asked(Wish("group:7", text="social.com", clock="10:20")).at == BREAK
    assert asked(Wish("role:intern", text="social.com")).decision.effect is Effect.DENY
    assert asked(Wish("role:teacher", text="social.com")).decision.effect is Effect.ALLOW
    assert asked(Wish("group:7", Thing.APP, "Minecraft.exe")).decision.reason is Reason.APP
    assert asked(Wish("group:7", Thing.SEARCH, "kut")).decision.reason is Reason.WORDS
    assert asked(Wish("group:7", Thing.SEARCH, "ik wil dood")).decision.effect is Effect.HELP
    assert asked(Wish("group:7", Thing.PRINT)).decision.effect is Effect.ALLOW


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (Wish("group:99", text="a.nl"), "group"),
        (Wish("person:niemand", text="a.nl"), "group"),
        (Wish("person:anja", text="a.nl"), "group"),
        (Wish("role:pupil", text="a.nl"), "group"),
        (Wish("group:7", text="a.nl", device="toaster"), "group"),
        (Wish("group:7", text="  "), "url"),
        (Wish("group:7", text="http://[x"), "url"),
        (Wish("group:7", Thing.APP, " "), "name"),
        (Wish("group:7", Thing.SEARCH, " "), "trial_typed"),
        (Wish("group:7", text="a.nl", day="gisteren"), "date"),
        (Wish("group:7", text="a.nl", clock="25:00"), "date"),
    ],
)
def test_what_cannot_be_asked_is_told(desk: Desk, wish: Wish, code: str) -> None:
    assert why(desk, COR, wish, LESSON).code == f"dash.no.{code}"


def test_only_coordinator_and_management_ask_and_so_nobody_else_sees_another_childs_measures(
    desk: Desk, signed_in
) -> None:
    assert why(desk, ANJA, Wish("person:sam", text="a.nl"), LESSON).code == "dash.no.role"
    assert signed_in("anja").post("/beheer/waarom", who="person:sam", thing="address", text="a.nl").status_code == 403
    assert why(desk, RIA, Wish("person:sam", text="a.nl"), LESSON).ok


def test_a_named_pupil_is_answered_with_what_holds_for_that_child(store: Store, desk: Desk) -> None:
    ban = Sanction("", "sam", SanctionTarget.CHROMEBOOK, LESSON, LESSON + timedelta(days=1), "ria")
    store.measures.add_sanction("school", ban, LESSON)
    banned = why(desk, COR, Wish("person:sam", text="leren-anders.nl"), LESSON).value
    assert banned and banned.decision.reason is Reason.SANCTION
    assert (Change.BAN,) in [way.changes for way in banned.ways]
    other = why(desk, COR, Wish("person:noor", text="leren-anders.nl"), LESSON).value
    assert other and other.decision.open


def test_on_a_board_no_pupil_is_named(desk: Desk, signed_in) -> None:
    assert why(desk, COR, Wish("person:sam", text="a.nl"), LESSON, names=False).code == "dash.no.group"
    cor = signed_in("cor")
    assert "Sam Pietersen" in cor.page("/beheer/waarom")
    cor.post("/bord", board="1", back="/beheer/waarom")
    for page in (cor.page("/beheer/waarom"), ask(cor, "person:sam")):
        assert "digibord-stand" in page and "Sam Pietersen" not in page


def test_nothing_that_is_asked_is_stored(store: Store, signed_in) -> None:
    before, last = store.revision("school"), store.events.last_id("school")
    cor = signed_in("cor")
    for text in ("social.com", "kut"):
        cor.post("/beheer/waarom", who="group:7", thing="search", text=text)
    assert store.revision("school") == before
    assert store.events.last_id("school") == last


def test_the_agreements_tab_tells_what_is_otherwise_than_the_protocol(store: Store, signed_in) -> None:
    cor = signed_in("cor")
    assert "niets om mee te vergelijken" in cor.page("/beheer/afspraken")
    same = load.factory_policy("kalisto")
    store.policies.add("school", same, "test", "same", LESSON)
    assert "doet alles zoals het protocol" in cor.page("/beheer/afspraken")
    rule = "{id: default-games, basis: {decided: 2026-09-01}, facet: place, categories: [games], effect: allow}"
    text = load._template("kalisto").replace("rules: []", f"rules: [{rule}]")
    store.policies.add("school", load.parse_school(text.encode()).policy, "test", "looser", LESSON)
    page = cor.page("/beheer/afspraken")
    assert "hier ruimer" in page
    assert "Games in schooltijd: hier open (besluit van 01-09-2026). De standaard van Klaswacht: dicht" in page


def test_every_role_may_be_asked_about(desk: Desk) -> None:
    for role in Role:
        if role is not Role.PUPIL:
            assert why(desk, COR, Wish(f"role:{role.value}", text="a.nl"), LESSON).ok
