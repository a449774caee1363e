"""Proef: what would happen to what a child types or to a page, and why."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO

import pytest

from config.factory import factory_file
from config.pageshape_file import page_shape
from config.texts import has, languages
from dashboard import close_app, create_app
from dashboard.actions import trial
from dashboard.actions.consequences import consequences
from dashboard.actions.desk import Desk
from dashboard.actions.ownlists import Change, What, save
from dashboard.actions.trial import Asked, Moment, Wish
from policy.folding import How
from policy.model import Action, Effect, Facet, Reason
from store import Store
from tests.cast import ANJA, BREAK, COR, EVENING, KNOWLEDGE, LESSON, POLICY, RIA, rule
from tests.dashboard.conftest import SCHOOL, SETTINGS, Browser, Clock, give_account
from tests.dashboard.rules_in_force import hold_to, policy

SignIn = Callable[[str], Browser]
WRITTEN = (
    rule(
        "text",
        facet=Facet.WORDS,
        kinds=frozenset({"coarse"}),
        actions=frozenset({Action.POST}),
        effect=Effect.HOLD,
        second_thought=True,
    ),
    rule("personal", facet=Facet.PERSONAL, effect=Effect.HOLD),
)


# --- what would happen ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("social.com", Asked.ADDRESS),
        ("https://social.com/een/bladzijde", Asked.ADDRESS),
        ("www.social.com", Asked.ADDRESS),
        ("vulkanen", Asked.SEARCH),
        ("hoe werkt een vulkaan", Asked.SEARCH),
        ("3.14", Asked.SEARCH),
        ("Hoi! Kom je spelen?", Asked.TEXT),
        ("ik woon in de straat naast de school en mijn huis is blauw", Asked.TEXT),
        ("bel me op 06-12345678", Asked.TEXT),
    ],
)
def test_the_box_sees_for_itself_what_was_typed(typed: str, asked: Asked) -> None:
    assert trial.detected(typed) is asked


def test_a_search_tells_which_piece_hit_and_how_it_was_read(desk: Desk) -> None:
    found = trial.tried(desk, COR, Wish("wat een k u t dag", "7"), LESSON).value
    assert found
    assert found.decision.reason is Reason.WORDS
    assert found.decision.rules == ("words",)
    assert [(one.hit.term_id, one.how) for one in found.found] == [("kut", How.SPACED)]


def test_the_page_names_the_term_the_rule_the_article_and_who_may_lift_it(signed_in: SignIn) -> None:
    page = signed_in("cor").post("/beheer/proef", typed="kut", group="7").text
    for said in ("Dit mag niet", "grove taal", "staat er zo", "protocol: 1", "de leerkracht kan dit openzetten"):
        assert said in page, said


def test_after_school_the_box_still_answers_for_a_lesson(desk: Desk) -> None:
    wish = Wish("social.com", "7")
    lesson = trial.tried(desk, COR, wish, EVENING).value
    now = trial.tried(desk, COR, replace(wish, moment=Moment.NOW), EVENING).value
    pause = trial.tried(desk, COR, replace(wish, moment=Moment.BREAK), EVENING).value
    assert lesson
    assert now
    assert pause
    assert (lesson.decision.open, now.decision.open, pause.decision.open) == (False, True, False)
    assert lesson.at
    assert lesson.at > EVENING
    assert now.at == EVENING


def test_a_break_that_is_in_no_timetable_is_said_to_be_none(desk: Desk, store: Store) -> None:
    hold_to(store, schedule=replace(POLICY.schedule, days={}))
    found = trial.tried(desk, COR, Wish("social.com", "7", moment=Moment.BREAK), BREAK).value
    assert found
    assert found.at is None


def test_a_message_is_tried_closed_and_with_permission(desk: Desk, store: Store) -> None:
    hold_to(store, rules=(*POLICY.rules, *WRITTEN))
    wish = Wish("Wat een kut dag. Bel me op 06-12345678!", "7", site="social.com")
    found = trial.tried(desk, COR, wish, LESSON).value
    assert found
    assert found.permitted
    assert found.decision.reason is Reason.PLACE
    assert found.permitted.effect is Effect.HOLD
    assert found.permitted.reason in (Reason.TEXT, Reason.PERSONAL)
    assert found.personal == {"phone"}


def test_every_rule_that_has_something_to_say_of_a_message_is_named(store: Store, signed_in: SignIn) -> None:
    hold_to(store, rules=(*POLICY.rules, *WRITTEN))
    wish = {"typed": "Wat een kut dag. Bel me op 06-12345678!", "group": "7", "site": "social.com"}
    page = signed_in("cor").post("/beheer/proef", **wish).text
    for said in ("Zonder toestemming", "Als de leerkracht social.com heeft geopend", "een telefoonnummer"):
        assert said in page, said
    assert "het kind leest het nog eens" in page
    rules = page.partition("De regels die spreken")[2].partition("<details>")[0]
    assert '<span class="key">text</span>' in rules
    assert '<span class="key">personal</span>' in rules


def test_what_the_safety_floor_closes_has_no_button_to_open_it(signed_in: SignIn) -> None:
    cor = signed_in("cor")
    assert "Zet social.com open" in cor.post("/beheer/proef", typed="www.social.com", group="7").text
    page = cor.post("/beheer/proef", typed="adult.com", group="7").text
    assert "niemand op school kan dit openzetten" in page
    assert "Zet adult.com open" not in page


def test_the_schools_own_number_is_no_personal_data_in_the_box(desk: Desk, store: Store) -> None:
    hold_to(store, rules=(*POLICY.rules, *WRITTEN), public=("06-12345678",))
    wish = Wish("Bel de school op 06-12345678.", "7", Asked.TEXT, site="social.com")
    found = trial.tried(desk, COR, wish, LESSON).value
    assert found
    assert found.personal == frozenset()
    assert found.permitted
    assert found.permitted.open


def test_a_call_for_help_is_answered_warmly_and_has_no_button_to_silence_it(signed_in: SignIn) -> None:
    page = signed_in("cor").post("/beheer/proef", typed="ik wil dood", group="7").text
    assert "Het kind krijgt hulp" in page
    assert "Het is nooit een overtreding" in page
    assert "Laat dit door" not in page


def test_an_address_tells_its_categories_and_by_what(signed_in: SignIn) -> None:
    cor = signed_in("cor")
    assert "Games: staat op de lijst van de school" in cor.post("/beheer/proef", typed="eigenspel.nl", group="7").text
    assert "Sociale media: staat op onze lijst" in cor.post("/beheer/proef", typed="social.com", group="7").text
    assert "Games: door de naam" in cor.post("/beheer/proef", typed="unblocked-spel.nl", group="7").text
    assert "staat op geen lijst" in cor.post("/beheer/proef", typed="iets-heel-anders.nl", group="7").text


def test_what_is_typed_is_in_no_row_no_log_and_no_address(
    store: Store, signed_in: SignIn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    cor = signed_in("cor")
    answer = cor.post("/beheer/proef", typed="kut zeldzaamwoord", group="7")
    assert answer.status_code == 200
    assert "zeldzaamwoord" in answer.text
    assert not answer.history
    refusal = cor.post("/beheer/proef", follow=False, typed="zeldzaamwoord", group="bestaat-niet")
    assert "zeldzaamwoord" not in refusal.headers["Location"]
    assert "zeldzaamwoord" not in caplog.text
    assert store.events.latest(SCHOOL) == ()
    assert all("zeldzaamwoord" not in str(entry) for entry in store.audit.entries(SCHOOL))


def test_nothing_or_far_too_much_is_refused_kindly(signed_in: SignIn) -> None:
    cor = signed_in("cor")
    for typed in ("", "   ", "a" * 5_001):
        assert "Typ eerst iets" in cor.post("/beheer/proef", typed=typed, group="7").text


def test_what_goes_to_the_school_itself_is_said_not_to_be_read(store: Store, signed_in: SignIn) -> None:
    hold_to(store, rules=(*POLICY.rules, *WRITTEN), domains=("onzeschool.nl",))
    form = {"typed": "Wat een kut dag.", "group": "7", "asked": "text", "site": "onzeschool.nl"}
    page = signed_in("cor").post("/beheer/proef", **form).text
    assert "leest de wacht niet" in page
    assert "grove taal" not in page


def test_a_piece_that_only_reads_like_a_word_is_not_offered_to_pass(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    assert "Laat dit door" in cor.post("/beheer/proef", typed="wat een kut dag", group="7").text
    assert "Laat dit door" not in cor.post("/beheer/proef", typed="wat een k*t dag", group="7").text
    assert "zonder tekens of spaties" in cor.post("/beheer/proef/wijziging", what="pass", text="k*t").text
    assert policy(store) == POLICY


# --- a page --------------------------------------------------------------------------------------------------------

FRIENDS = """<!doctype html><html><head><title>Vriendenplein</title></head><body><h1>Tijdlijn van Bo</h1>
<a href="/u/bo">Mijn profiel</a><a href="/messages">Berichten</a><button>Volgen</button><button>Vind ik leuk</button>
<button>Vriend toevoegen</button><a href="/notifications">Meldingen</a><button>Nieuw bericht</button>
<form><input name="username"><input type="password" name="password"><button>Account maken</button></form>
<p>120 volgers, mensen die je misschien kent</p></body></html>"""


@pytest.fixture
def seeing(store: Store, clock: Clock) -> Iterator[Browser]:
    """The coordinator's browser, where pages are looked at with the signs of the product."""
    knowledge = replace(KNOWLEDGE, pageshape=page_shape(factory_file("pageshape.yaml")))
    app = create_app(store, knowledge, SCHOOL, SETTINGS, clock, b"s" * 32)
    give_account(store, "cor")
    browser = Browser(app.test_client())
    browser.sign_in("cor")
    yield browser
    close_app(app)


def test_a_saved_page_is_said_to_look_like_what_it_is_and_by_which_signs(seeing: Browser) -> None:
    page = seeing.post("/beheer/proef/bladzijde", page=(BytesIO(FRIENDS.encode()), "plein.html"), site="plein.nl").text
    assert "Lijkt op een sociaal netwerk" in page
    assert "mensen volgen" in page
    assert "van de 4 punten" in page
    assert "Doe plein.nl dicht" in page


def test_an_ordinary_page_looks_like_nothing(seeing: Browser) -> None:
    html = "<html><body><h1>Vulkanen</h1><p>Een vulkaan is een berg. Les voor groep 7.</p></body></html>"
    page = seeing.post("/beheer/proef/bladzijde", page=(BytesIO(html.encode()), "les.html")).text
    assert "lijkt op niets wat de school dicht heeft" in page


def test_what_is_no_page_is_refused_and_a_large_file_too(seeing: Browser) -> None:
    for body in (b"", b"\x89PNG\r\n\x1a\n", b"zomaar wat tekst"):
        answer = seeing.post("/beheer/proef/bladzijde", page=(BytesIO(body), "x.html"))
        assert "Kies een HTML-bestand" in answer.text
    assert seeing.post("/beheer/proef/bladzijde").status_code == 200
    large = BytesIO(b"<html>" + b"x" * 1_100_000)
    assert seeing.post("/beheer/proef/bladzijde", page=(large, "x.html")).status_code == 413


def test_an_uploaded_page_is_on_no_disk(seeing: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_more: object) -> None:
        raise AssertionError("a file was made")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    monkeypatch.setattr("werkzeug.formparser.SpooledTemporaryFile", refuse)
    page = FRIENDS.encode() + b" " * 700_000
    assert "sociaal netwerk" in seeing.post("/beheer/proef/bladzijde", page=(BytesIO(page), "x.html")).text


@pytest.mark.parametrize("lang", languages())
def test_every_sign_of_a_page_has_a_word_in_every_language(lang: str) -> None:
    shape = page_shape(factory_file("pageshape.yaml"))
    assert [one.id for one in shape.signs if not has(f"sign.{one.id}", lang)] == []
    assert [kind for kind in shape.thresholds if not has(f"dash.proposals.kind.{kind}", lang)] == []


# --- who and when --------------------------------------------------------------------------------------------------


def test_only_the_office_tries_and_changes(desk: Desk, store: Store) -> None:
    change = Change(What.LET, "kut")
    assert trial.tried(desk, ANJA, Wish("kut", "7"), LESSON).code == "dash.no.role"
    assert consequences(desk, ANJA, change, LESSON).code == "dash.no.role"
    assert save(desk, ANJA, change, 1, LESSON).code == "dash.no.role"
    assert policy(store) == POLICY
    assert save(desk, RIA, change, 1, LESSON).ok
