"""What a child sees."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

import config
import proxy_addons
from config.settings import Settings
from dashboard.actions.asks import say_yes
from dashboard.actions.desk import Desk
from policy.model import Clause, Decision, DeviceClass, Effect, Facet, HoldsIn, LiftableBy, Reason, Role
from proxy_addons import translate
from proxy_addons.block_page import Pages
from proxy_addons.facts import Answer, Exchange
from proxy_addons.gate import Gate
from tests.cast import ANJA, KNOWLEDGE, LESSON, POLICY, PROTOCOL, SOCIAL, grant, rule
from tests.proxy_addons.asking import (
    FORM,
    NEVER,
    STRANGERS,
    Guard,
    answered,
    background,
    call,
    device,
    exchange,
    page,
    peer,
    said,
)
from tests.store.school import SCHOOL

TEXTS = Path(config.__file__).parent / "text"
BLOCKED = "https://www.social.com/geheim/pad?naam=Sam"


class _Elements(HTMLParser):
    """Tags and attributes of a page, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._code = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._code = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._code = False

    def handle_data(self, data: str) -> None:
        self.text += "" if self._code else data


def shown(guard: Guard, asked: Exchange) -> str:
    return page(guard.ask(asked).answer)


def header(answer: Answer | None, name: str) -> str:
    assert answer is not None
    return dict(answer.headers).get(name, "")


def test_a_closed_site_says_what_why_and_what_now(guard: Guard) -> None:
    text = _Elements(shown(guard, exchange(BLOCKED))).text
    for part in ("Deze site is nu dicht", "Je wilde naar social.com.", "Afspraak van onze school"):
        assert part in text
    assert PROTOCOL.clauses[0].child in text
    for button in ("Vraag mijn juf of meester", "Ga terug", "Ik zag iets vervelends", "Lees voor"):
        assert button in text


def test_where_no_teacher_would_see_the_question_the_page_says_to_ask_in_class(guard: Guard) -> None:
    text = _Elements(shown(guard, exchange(BLOCKED, STRANGERS))).text
    assert "Vraag mijn juf of meester" not in text and "Vraag het je juf of meester" in text
    assert "Ik zag iets vervelends" in text and "Ga terug" in text


def test_an_adult_on_a_laptop_of_staff_is_not_told_to_ask_the_teacher(guard: Guard) -> None:
    team = replace(SOCIAL, id="team", roles=frozenset(Role) - {Role.PUPIL}, liftable_by=LiftableBy.MANAGEMENT)
    policy = replace(POLICY, rules=(*POLICY.rules, team))
    guard.store.policies.add(SCHOOL, policy, "cor", "test", LESSON)
    anja = peer(name="laptop-anja")
    text = _Elements(shown(guard, exchange(BLOCKED, anja))).text
    assert "U wilde naar social.com." in text and "Vraag het de directie" in text
    assert PROTOCOL.clauses[0].adult in text and PROTOCOL.clauses[0].child not in text
    assert "juf of meester" not in text and "Ga terug" in text
    floor = _Elements(shown(guard, exchange("https://adult.com/", anja))).text
    assert "voor iedereen op school dicht" in floor and "Vraag het de directie" not in floor
    child = _Elements(shown(guard, exchange(BLOCKED))).text
    assert "Vraag mijn juf of meester" in child and "directie" not in child


@pytest.mark.evasion("S21")
def test_nothing_of_the_address_but_its_host_is_on_the_page(guard: Guard) -> None:
    text = shown(guard, exchange(BLOCKED))
    assert "geheim" not in text and "Sam" not in text


def test_a_search_is_not_repeated(guard: Guard) -> None:
    text = shown(guard, exchange("https://zoek.nl/s?q=kut+marokkaan"))
    assert "andere woorden" in text and "marokkaan" not in text and "kut" not in text


def test_the_floor_says_safety_and_cannot_be_asked_for(guard: Guard) -> None:
    text = _Elements(shown(guard, exchange("https://adult.com/"))).text
    assert "Veiligheid" in text and "Vraag mijn juf of meester" not in text and "Ik zag iets vervelends" in text


def test_each_kind_of_no_has_its_own_page(guard: Guard) -> None:
    guard.agree(LESSON + timedelta(minutes=30), "leren.nl", goal="Een werkstuk over vulkanen")
    agreed = shown(guard, exchange("https://dieren.nl/"))
    assert "niet wat we hebben afgesproken" in agreed and "werkstuk over vulkanen" in agreed
    assert 'href="https://leren.nl/"' in agreed
    guard.pause(LESSON + timedelta(minutes=10))
    assert "Even kijken naar je juf of meester" in shown(guard, exchange("https://leren.nl/"))
    assert "kunnen we niet lezen" in shown(guard, exchange("https://leren.nl/", sni="a b"))


def test_the_page_is_not_kept_and_takes_nothing_from_elsewhere(guard: Guard) -> None:
    answer = guard.ask(exchange(BLOCKED)).answer
    text = page(answer)
    assert answer is not None and answer.status == 403
    assert header(answer, "Cache-Control") == "no-store"
    for tag, attributes in _Elements(text).tags:
        assert "style" not in attributes and not any(name.startswith("on") for name in attributes)
        assert tag not in ("link", "img", "iframe", "object", "base")
        for name in ("src", "href", "action"):
            assert (attributes.get(name) or "/_klaswacht/").startswith("/_klaswacht/")


def test_the_policy_of_the_page_names_exactly_its_own_script_and_style(guard: Guard) -> None:
    answer = guard.ask(exchange(BLOCKED)).answer
    text, policy = page(answer), header(answer, "Content-Security-Policy")
    assert policy.startswith("default-src 'none';") and "unsafe" not in policy and "*" not in policy
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        (inner,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}';" in policy


@pytest.mark.parametrize("destination", ["image", "script", "style", "font", "empty", "video", "manifest"])
def test_what_a_page_loads_by_itself_gets_next_to_nothing(guard: Guard, destination: str) -> None:
    answer = guard.ask(background(BLOCKED, destination)).answer
    assert answer is not None and answer.status == 403 and len(answer.body) < 64
    assert header(answer, "Cache-Control") == "no-store"


def test_a_websocket_gets_next_to_nothing(guard: Guard) -> None:
    answer = guard.ask(exchange("wss://chat.com/live", websocket=True)).answer
    assert answer is not None and answer.status == 403 and answer.body == b""


def test_in_a_frame_there_are_no_buttons_to_be_tricked_into(guard: Guard) -> None:
    asked = exchange(BLOCKED)
    framed = replace(asked, headers={**asked.headers, "sec-fetch-dest": "iframe"})
    answer = guard.ask(framed).answer
    elements = _Elements(page(answer))
    assert "Deze site is nu dicht" in elements.text
    assert not [tag for tag, _ in elements.tags if tag in ("form", "a")]
    assert "frame-ancestors *" in header(answer, "Content-Security-Policy")
    assert "frame-ancestors 'none'" in header(guard.ask(asked).answer, "Content-Security-Policy")


@pytest.mark.parametrize(("language", "title"), [("en-GB,nl;q=0.5", "closed right now"), ("nl,en;q=0.9", "nu dicht")])
def test_english_for_who_asks_for_it_first(guard: Guard, language: str, title: str) -> None:
    asked = exchange(BLOCKED)
    assert title in shown(guard, replace(asked, headers={**asked.headers, "accept-language": language}))


def test_a_page_opens_by_itself_but_a_form_is_never_sent_again(guard: Guard) -> None:
    opens = shown(guard, exchange(BLOCKED))
    assert 'data-wait="reload"' in opens and '<noscript><meta http-equiv="refresh" content="5"></noscript>' in opens
    asked = exchange(BLOCKED)
    form = {**asked.headers, "content-type": "application/x-www-form-urlencoded"}
    sent = shown(guard, replace(asked, method="POST", body=b"a=b", headers=form))
    assert 'data-wait="tell"' in sent and "http-equiv" not in sent and "act=submit" in sent
    assert "data-wait" not in shown(guard, exchange("https://adult.com/"))


def test_every_reason_that_closes_a_page_has_a_page_of_its_own(guard: Guard) -> None:
    pages = Pages("nl")
    asked = exchange(BLOCKED)

    async def look(gate: Gate) -> list[str]:
        request = translate.of_exchange(asked, gate._who(asked.peer), KNOWLEDGE.engines)
        made = (Decision(Effect.DENY, reason) for reason in Reason)
        return [page(pages.denied(asked, request, one, gate.live)) for one in made]

    assert all("<h1" in html for html in guard.run(look))


def test_a_name_that_pretends_is_told_as_one_and_not_asked_for(guard: Guard) -> None:
    closed = rule("look-alike", facet=Facet.PLACE, categories=frozenset({"look-alike"}))
    guard.store.policies.add(SCHOOL, replace(POLICY, rules=(*POLICY.rules, closed)), "file", "cor", LESSON)
    html = shown(guard, exchange("https://basisp0ort.nl/"))
    assert "niet de echte site" in html and "basisp0ort.nl" in html
    assert "/_klaswacht/ask" not in html and "data-wait" not in html


@pytest.mark.evasion("S06")
@pytest.mark.parametrize(
    "nasty", ["<img src=x onerror=alert(1)>", '"><script>alert(1)</script>', "{{ 7*7 }}", "{host}"]
)
def test_what_a_school_or_teacher_writes_is_text(guard: Guard, nasty: str) -> None:
    clauses = (Clause("school.1", "1", PROTOCOL.clauses[0].binds, nasty, nasty),)
    policy = replace(POLICY, protocol=replace(PROTOCOL, clauses=clauses))
    guard.store.policies.add(SCHOOL, policy, "file", "cor", LESSON)
    guard.agree(LESSON + timedelta(minutes=30), "leren.nl", goal=nasty)
    for site in ("https://social.com/", "https://leren.nl.social.com/", "https://dieren.nl/"):
        elements = _Elements(shown(guard, exchange(site)))
        assert not [tag for tag, attributes in elements.tags if tag == "img" or "onerror" in attributes]
        assert len([tag for tag, _ in elements.tags if tag == "script"]) == 2
        assert nasty in elements.text or site == "https://leren.nl.social.com/"


def test_help_says_that_nobody_watches(guard: Guard) -> None:
    text = _Elements(page(Pages("nl").help("nl"))).text
    for part in ("0800-0432", "113", "0800-2000", "112", "Niemand kijkt nu mee op deze pagina."):
        assert part in text


def test_no_page_is_missing_a_text_or_a_picture(guard: Guard) -> None:
    asked = exchange(BLOCKED)

    async def work(gate: Gate) -> None:
        request = (await gate.ask(asked)).request
        decision = gate.live.decide(request) if request else None
        assert request is not None and decision is not None
        for language in ("nl", "en"):
            pages = Pages(language)
            for reason in Reason:
                for effect in (Effect.DENY, Effect.HOLD, Effect.HELP):
                    made = pages.denied(asked, request, replace(decision, reason=reason, effect=effect), gate.live)
                    assert "<svg" in page(made) and not re.search(r"page\.\w+\.\w", _Elements(page(made)).text)

    guard.run(work)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_sentences_are_short_and_no_child_is_scolded(language: str) -> None:
    words = dict(_flat(yaml.safe_load((TEXTS / f"page.{language}.yaml").read_text())))
    other = dict(_flat(yaml.safe_load((TEXTS / f"page.{'en' if language == 'nl' else 'nl'}.yaml").read_text())))
    assert words.keys() == other.keys()
    for code, text in words.items():
        assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", other[code])), code
        for sentence in re.split(r"[.!?:]\s+", text):
            assert len(sentence.split()) <= 12, (code, sentence)
        assert not re.search(r"overtred|verboden|straf\b(?!\.)|fout gedaan|violat|forbidden|punish", text, re.I), code


def _flat(tree: object, prefix: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in tree.items():
        code = f"{prefix}.{name}" if prefix else str(name)
        found += [(code, str(value))] if isinstance(value, str) else _flat(value, code)
    return found


def test_who_has_no_yes_from_home_reads_of_another_task_and_never_why(guard: Guard) -> None:
    child = "Dit mag in de les als je ouders het goed vinden."
    protocol = replace(PROTOCOL, clauses=(replace(PROTOCOL.clauses[0], child=child),))
    rules = (replace(SOCIAL, consent=True),)
    guard.store.policies.add(SCHOOL, replace(POLICY, protocol=protocol, rules=rules), "cor", "test", LESSON)
    guard.store.people.set_consent(SCHOOL, "sam", False, "cor", LESSON)
    assert child in _Elements(shown(guard, exchange(BLOCKED))).text
    guard.store.grants.add(SCHOOL, grant("", start=LESSON, sites=("social.com",)), LESSON)
    text = _Elements(shown(guard, exchange(BLOCKED))).text
    assert "andere taak" in text
    assert "ouders" not in text and "thuis" not in text
    # Nor does the picture: a task, no house.
    drawn = (Path(proxy_addons.__file__).parent / "page" / "pictograms" / "agreement.svg").read_text()
    assert drawn.strip() in shown(guard, exchange(BLOCKED))


# --- a phone in school hours -----------------------------------------------------------------------------------------


def test_a_phone_that_is_off_is_told_kindly_and_the_child_may_ask(guard: Guard) -> None:
    phones = rule("phones", facet=Facet.CONNECT, devices=frozenset({DeviceClass.PHONE}), holds_in=HoldsIn.SCHOOL_HOURS)
    guard.store.policies.add(SCHOOL, replace(POLICY, rules=(*POLICY.rules, phones)), "cor", "test", LESSON)
    guard.store.devices.put(SCHOOL, device("chroom-1", DeviceClass.PHONE, person="sam"), "cor", LESSON)
    guard.store.devices.put(SCHOOL, device("chroom-2", DeviceClass.PHONE), "cor", LESSON)
    leren = "https://leren.nl/"
    shown_ = _Elements(shown(guard, exchange(leren))).text
    for part in ("Je telefoon is nu uit", "School kan ook bellen"):
        assert part in shown_
    assert "Vraag mijn juf of meester" in shown_ and "Ik wil iets vertellen" in shown_
    nobodys = _Elements(shown(guard, exchange(leren, peer(name="chroom-2")))).text
    assert "Je telefoon is nu uit" in nobodys and "Vraag mijn juf" not in nobodys

    async def work(gate: Gate) -> None:
        sent = await answered(gate, call(f"{leren}_klaswacht/ask", leren, form=FORM))
        assert said(sent)["sent"] is True
        (ask,) = guard.store.incidents.asks(SCHOOL, ("7",))
        assert (ask.wish.facet, ask.wish.person) == (Facet.CONNECT, "sam")
        desk = Desk(guard.store, KNOWLEDGE, SCHOOL, Settings())
        given = await asyncio.to_thread(say_yes, desk, ANJA, "7", ask.id, LESSON)
        assert given.ok, given.code
        async with asyncio.timeout(NEVER):
            assert said(await answered(gate, call(f"{leren}_klaswacht/wait", leren)))["open"] is True
        assert (await gate.ask(exchange(leren))).answer is None

    guard.run(work)
