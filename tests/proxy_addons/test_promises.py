"""Mijn afspraken: what a child may do now, until when, and who may know what of it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest

from policy.model import (
    Agreement,
    Device,
    DeviceClass,
    Facet,
    Role,
    Sanction,
    SanctionTarget,
)
from proxy_addons.facts import Answer, Exchange, Peer
from proxy_addons.gate import Gate, Options, open_gate
from proxy_addons.names.front import Place
from proxy_addons.promises import minutes_left
from store.people import Person
from tests.cast import BREAK, EVENING, KNOWLEDGE, LESSON, NO_COMPUTER, POLICY, SOCIAL, rule
from tests.proxy_addons.asking import (
    GROUP_7,
    KEYED,
    SAMS,
    STRANGERS,
    Guard,
    answered,
    background,
    exchange,
    page,
    peer,
)
from tests.store.school import SCHOOL

MINE = "https://dieren.nl/_klaswacht/afspraken"
RULES = "https://dieren.nl/_klaswacht/regels"
SOON = LESSON + timedelta(minutes=20)
PRINTS = rule("print", facet=Facet.PRINT)
NOORS = peer(name="chroom-1")
GROUP = peer("10.0.3.3", GROUP_7)


def seen(answer: Answer | None) -> str:
    """The words on the page, in one line."""
    body = re.sub(r"<(style|script|template)\b.*?</\1>", " ", page(answer), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def mine(guard: Guard, who: Peer = SAMS, **headers: str) -> str:
    asked = exchange(MINE, who)
    return seen(guard.ask(replace(asked, headers={**asked.headers, **headers})).answer)


# --- what may I do now -----------------------------------------------------------------------------------------------


def test_in_a_lesson_it_says_what_is_closed_until_when_and_how_to_ask(guard: Guard) -> None:
    text = mine(guard)
    assert "Mijn afspraken" in text and "Het is nu les. Tot 10:15 uur. Nog 75 minuten." in text
    assert "filmpjes" in text and "spelletjes" in text  # the school's own game, and a service
    assert "druk op ‘Vraag mijn juf of meester’" in text and "Ik wil iets vertellen" in text


def test_where_a_print_waits_for_a_yes_it_says_that_sending_it_is_the_asking(guard: Guard) -> None:
    asks = "Stuur je print. Je juf of meester ziet dat"
    guard.store.policies.add(SCHOOL, replace(POLICY, rules=(*POLICY.rules, PRINTS)), "test", "setup", LESSON)
    assert asks not in mine(guard)  # there is no queue that waits
    queue = Device("rij", "Printserver", DeviceClass.INFRASTRUCTURE, prints=True)
    guard.store.devices.put(SCHOOL, queue, "cor", LESSON)
    assert asks in mine(guard)
    guard.grant(facets=frozenset({Facet.PRINT}), sites=())
    assert asks not in mine(guard)  # now it may be done without asking


def test_what_a_permission_opens_is_there_with_its_end_and_its_goal_and_no_longer_closed(guard: Guard) -> None:
    guard.grant(categories=("video",), end=SOON, goal="Een filmpje over bijen")
    guard.grant(sites=("social.com",), end=SOON, facets=frozenset({Facet.PLACE}))
    text = mine(guard)
    may, _, closed = text.partition("Dit is nu dicht")
    assert "Filmpjes Tot 09:20 uur. Nog 20 minuten. Dit is voor: Een filmpje over bijen" in may
    assert "social.com Tot 09:20 uur." in may and "Kijken mag. Iets plaatsen kan niet." in may
    assert "filmpjes" not in closed.partition("Wie ziet wat")[0] and "spelletjes" in closed
    guard.clock.now = SOON
    text = mine(guard)
    assert "bijen" not in text and "filmpjes" in text.partition("Dit is nu dicht")[2]


def test_a_permission_that_opens_nothing_for_this_child_is_not_there_nor_why(guard: Guard) -> None:
    guard.store.policies.add(SCHOOL, replace(POLICY, rules=(replace(SOCIAL, consent=True),)), "cor", "test", LESSON)
    guard.grant(sites=("social.com",))
    assert "social.com" in mine(guard)
    guard.store.people.set_consent(SCHOOL, "sam", False, "cor", LESSON)
    text = mine(guard)
    assert "social.com" not in text and "ouders" not in text


def test_an_agreement_shows_its_goal_and_the_sites_to_go_to(guard: Guard) -> None:
    guard.agree(SOON, "leren.nl", goal="Een werkstuk over vulkanen")
    text = mine(guard)
    assert "We werken nu met een lijst. Tot 09:20 uur." in text
    assert "We werken aan: Een werkstuk over vulkanen leren.nl" in text
    assert "Al het andere wacht tot na de les." in text
    guard.store.measures.start_agreement(
        SCHOOL, Agreement("", LESSON, SOON, frozenset({"7"}), sites=("leren.nl",), by="anja", test=True), LESSON
    )
    text = mine(guard)
    assert "Je maakt nu een toets." in text and "Vraag mijn juf" not in text


def test_in_a_pause_a_break_and_after_school_the_page_is_there(guard: Guard) -> None:
    guard.store.policies.add(SCHOOL, replace(POLICY, rules=(*POLICY.rules, NO_COMPUTER)), "cor", "test", LESSON)
    guard.clock.now = BREAK
    assert "Het is pauze. De computer rust nu uit. Tot 10:30 uur." in mine(guard)
    guard.clock.now = EVENING
    text = mine(guard)
    assert "De school is nu uit." in text and "dinsdag 24 november, 08:30 uur" in text
    assert "Na schooltijd bewaart Klaswacht niets." in text
    guard.clock.now = LESSON
    guard.pause(SOON)
    assert "Kijk nu even naar je juf of meester. Tot 09:20 uur." in mine(guard)


def test_a_ban_says_that_it_is_there_and_until_when_never_why(guard: Guard) -> None:
    end = LESSON + timedelta(days=2)
    ban = Sanction("", "sam", SanctionTarget.CHROMEBOOK, LESSON, end, "anja")
    guard.store.measures.add_sanction(SCHOOL, ban, LESSON, reason="schold op een ander kind")
    text = mine(guard)
    assert "Veel sites zijn nu even dicht voor jou. Tot woensdag 25 november, 09:00 uur." in text
    assert "schold" not in text and "Ga naar je juf of meester." in text
    assert "dicht voor jou" not in mine(guard, GROUP)


def test_nobody_reads_of_another_child(guard: Guard) -> None:
    guard.grant(groups=frozenset(), people=frozenset({"noor"}), sites=("social.com",), goal="voor Noor")
    for who in (SAMS, GROUP, STRANGERS, peer(name="chroom-2")):
        assert "Noor" not in mine(guard, who) and "social.com" not in mine(guard, who)
    guard.lease("chroom-2", "noor", SOON)
    assert "voor Noor" in mine(guard, peer(name="chroom-2"))


# --- who sees what ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "line"),
    [
        (SAMS, "Jouw naam staat erbij."),
        (peer("10.0.7.2"), "De naam van dit apparaat staat erbij. Jouw naam niet."),
        (GROUP, "Je groep staat erbij. Jouw naam niet."),
        (STRANGERS, "Er staat geen naam bij."),
    ],
)
def test_it_says_what_stands_with_what_is_kept_by_how_sure_anybody_is(guard: Guard, who: Peer, line: str) -> None:
    assert line in mine(guard, who)


def test_it_tells_the_schools_own_days_and_that_help_is_seen_by_nobody_of_the_class(guard: Guard) -> None:
    options = Options(SCHOOL, keyed_ports=frozenset({KEYED}), secret=b"s" * 32, retention=SHORT)
    text = " ".join(_asked(guard, options, exchange(MINE)))
    assert "Na 3 dagen is het weg. Met een briefje erbij na 40 dagen." in text
    assert "Na 6 dagen is die weg." in text and "Na 5 dagen is het weg." in text
    assert "Zoek je hulp? Je klas ziet dat nooit. Niemand op school hoort het." in text
    assert "Klaswacht bewaart niet wat je zoekt of leest." in text


SHORT = {"blocked": 3, "noted": 40, "requests": 6, "reports": 5}


def _asked(guard: Guard, options: Options, *asked: Exchange) -> list[str]:
    async def work(gate: Gate) -> list[str]:
        return [seen(await answered(gate, one)) for one in asked]

    usual, guard_open = guard.open, lambda: open_gate(guard.store, KNOWLEDGE, options, guard.clock)
    guard.open = guard_open
    try:
        return guard.run(work)
    finally:
        guard.open = usual


def test_where_counsellors_hear_of_it_the_page_says_so(guard: Guard) -> None:
    for name in ("vera", "victor"):
        guard.store.people.put_people(SCHOOL, [Person(name, Role.COUNSELLOR, name)], "cor", LESSON)
    assert "Niemand op school hoort het." in mine(guard), "nobody switched it on"
    guard.store.counsel.switch_on(SCHOOL, "ria", LESSON)
    assert "Wel krijgen de vertrouwenspersonen een klein bericht." in mine(guard)
    guard.clock.now = EVENING
    assert "Niemand op school hoort het." in mine(guard)


# --- where, for whom, and what comes of it ---------------------------------------------------------------------------


def test_looking_is_never_an_event(guard: Guard) -> None:
    for who in (SAMS, GROUP, STRANGERS):
        mine(guard, who)
    assert guard.events() == []


def test_no_script_of_a_site_gets_it(guard: Guard) -> None:
    for destination in ("empty", "iframe", "script"):
        answer = guard.ask(background(MINE, destination)).answer
        assert answer is not None and answer.status == 403 and len(answer.body) < 64
    kept = dict(guard.ask(exchange(MINE)).answer.headers)
    assert kept["Cross-Origin-Opener-Policy"] == "same-origin" and kept["Cache-Control"] == "no-store"
    assert kept["X-Frame-Options"] == "DENY"


def _untold(url: str, who: Peer = SAMS) -> Exchange:
    """As a browser asks on plain http: nothing says that a person opens it."""
    return exchange(url, who, headers={"accept": "text/html"})


def test_on_plain_http_it_leads_to_the_pupils_host_where_nothing_else_is(guard: Guard) -> None:
    guard.grant(sites=("social.com",))
    place = Place("wacht.school", "wacht.klaswacht.internal", "10.0.0.1", 3128, 3129)
    knowledge = replace(KNOWLEDGE, own_hosts=KNOWLEDGE.own_hosts | {place.pupils})
    options = Options(SCHOOL, keyed_ports=frozenset({KEYED}), secret=b"s" * 32, place=place)
    gate = open_gate(guard.store, knowledge, options, guard.clock)
    usual = guard.open
    guard.open = lambda: gate

    async def work(gate: Gate) -> None:
        led = await answered(gate, _untold("http://dieren.nl/_klaswacht/afspraken"))
        there = dict(led.headers)["Location"]
        assert (led.status, there) == (302, f"http://{place.pupils}/_klaswacht/afspraken")
        assert "social.com" in seen(await answered(gate, _untold(there)))
        short = await answered(gate, _untold(f"http://{place.pupils}/afspraken"))
        assert dict(short.headers)["Location"] == "/_klaswacht/afspraken"

    guard.run(work)
    guard.open = usual
    plainly = seen(guard.ask(_untold("http://dieren.nl/_klaswacht/afspraken")).answer)
    assert "social.com" not in plainly and "We kunnen je afspraken nu niet lezen." in plainly


def test_without_rules_the_pages_are_plain_and_there(store_of_nobody: Guard) -> None:
    for url in (MINE, RULES):
        answer = store_of_nobody.ask(exchange(url, STRANGERS)).answer
        assert answer is not None and answer.status == 200
        assert "nu niet lezen" in seen(answer)


@pytest.fixture
def store_of_nobody(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> Guard:
    """The guard of a school that is not in the database: it never gets rules."""
    options = Options("no-such-school", secret=b"s" * 32)
    monkeypatch.setattr(guard, "open", lambda: open_gate(guard.store, KNOWLEDGE, options, guard.clock))
    return guard


def test_when_something_breaks_the_page_is_plain(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a secret of Sam")

    monkeypatch.setattr("proxy_addons.promising.promised", broken)
    answer = guard.ask(exchange(MINE)).answer
    assert answer is not None and answer.status == 200
    assert "nu niet lezen" in seen(answer) and "secret" not in page(answer)


def test_staff_read_that_it_is_for_pupils(guard: Guard) -> None:
    text = mine(guard, peer(name="laptop-anja"))
    assert "Deze pagina is voor leerlingen." in text and "Wie ziet wat" not in text


def test_the_rules_of_the_school_are_there_for_a_child(guard: Guard) -> None:
    text = seen(guard.ask(exchange(RULES)).answer)
    assert "Onze afspraken" in text and "Dit mag alleen als je juf het goed vindt." in text


def test_every_page_of_the_family_leads_there(guard: Guard) -> None:
    for url in ("https://social.com/", "https://adult.com/", "https://dieren.nl/_klaswacht/report"):
        assert 'href="/_klaswacht/afspraken"' in page(guard.ask(exchange(url)).answer)
    staff = page(guard.ask(exchange("https://adult.com/", peer(name="laptop-anja"))).answer)
    assert 'href="/_klaswacht/afspraken"' not in staff


def test_minutes_are_rounded_up() -> None:
    for seconds, minutes in ((0, 0), (1, 1), (60, 1), (61, 2), (-5, 0)):
        assert minutes_left(LESSON + timedelta(seconds=seconds), LESSON) == minutes
