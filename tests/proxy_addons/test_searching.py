"""What a child searches for: judged as it is typed and as it is sent, made safe, and answered when it asks for help."""

from __future__ import annotations

import gzip
from dataclasses import replace

import pytest

from policy.model import Effect
from policy.search import Engine, Engines, SafeSearch
from proxy_addons.facts import Rewrite
from proxy_addons.gate import Gate
from tests.cast import KNOWLEDGE
from tests.proxy_addons.asking import Guard, background, exchange, page, peer

ANJAS = peer(name="laptop-anja")
_ENGINES = Engines(
    (
        Engine("zoek", ("zoek.nl",), ("/s",), suggest=("/ac",), safe=SafeSearch(params=(("safe", "on"),))),
        Engine("donker", ("donker.nl",), safe=SafeSearch(none=True)),
    )
)


@pytest.fixture
def searching(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> Guard:
    """The school, with an engine that can be safe and one that cannot."""
    monkeypatch.setattr("tests.proxy_addons.asking.KNOWLEDGE", replace(KNOWLEDGE, engines=_ENGINES))
    return guard


@pytest.mark.evasion("E16")
def test_a_pupils_search_is_sent_on_with_the_word_that_makes_it_safe(searching: Guard) -> None:
    ruling = searching.ask(exchange("https://zoek.nl/s?q=kat&safe=off"))
    assert ruling.answer is None and ruling.rewrite == Rewrite("/s?q=kat&safe=on")
    assert searching.ask(exchange("https://leren.nl/?q=kat")).rewrite is None
    assert searching.ask(exchange("https://zoek.nl/s?q=kat&safe=off", ANJAS)).rewrite is None


@pytest.mark.evasion("E16")
def test_what_is_typed_in_a_search_box_is_judged_and_answered_with_nothing_and_no_event(searching: Guard) -> None:
    for asked in (
        background("https://zoek.nl/ac?q=kut"),
        exchange("https://zoek.nl/ac?q=kut", headers={"accept": "*/*"}),  # a program of its own: says nothing more
        background("https://zoek.nl/ac?q=ik+wil+dood"),
    ):
        ruling = searching.ask(asked)
        assert ruling.answer is not None and ruling.answer.status != 302
        assert b"<" not in ruling.answer.body and len(ruling.answer.body) < 100
    assert searching.events() == []
    assert searching.ask(background("https://zoek.nl/ac?q=kat")).answer is None


def test_a_person_who_opens_the_address_of_a_suggestion_gets_a_page(searching: Guard) -> None:
    ruling = searching.ask(exchange("https://zoek.nl/ac?q=kut"))
    assert "Hier zoeken we op school niet naar" in page(ruling.answer)
    assert [reason for *_, reason in searching.events()] == ["words"]


@pytest.mark.evasion("E16")
def test_a_search_that_is_sent_and_cannot_be_read_does_not_pass(
    searching: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    engines = Engines((replace(_ENGINES.engines[0], posts=("/s",)),))
    monkeypatch.setattr("tests.proxy_addons.asking.KNOWLEDGE", replace(KNOWLEDGE, engines=engines))
    form = {"content-type": "application/x-www-form-urlencoded", "content-length": "5"}

    def post(body: bytes | None, **headers: str) -> Effect | None:
        named = form | {name.replace("_", "-"): value for name, value in headers.items()}
        ruling = searching.ask(exchange("https://zoek.nl/s", method="POST", body=body, headers=named))
        return ruling.decision.effect if ruling.decision else None

    assert post(b"q=kat") is Effect.ALLOW
    assert post(b"q=kut") is Effect.DENY
    assert post(b'{"q": "kut"}', content_type="application/json") is Effect.DENY
    assert post(b'{"q": "kat"}', content_type="application/json") is Effect.ALLOW
    assert post(None) is Effect.DENY
    assert post(b"q=kat", content_encoding="x-of-its-own") is Effect.DENY
    assert post(b'{"q": "ka', content_type="application/json") is Effect.DENY
    assert post(b"", content_length="0") is Effect.ALLOW
    assert post(gzip.compress(b"q=kat"), content_encoding="gzip") is Effect.ALLOW
    assert post(gzip.compress(b"q=kut"), content_encoding="GZIP") is Effect.DENY
    assert post(gzip.compress(b"q=kat") + gzip.compress(b"&q=kut"), content_encoding="gzip") is Effect.DENY
    assert post(gzip.compress(b"x=" + b"y" * 400_000 + b"&q=kut"), content_encoding="gzip") is Effect.DENY
    assert post(gzip.compress(b"q=kat")[:-9], content_encoding="gzip") is Effect.DENY


def test_a_search_for_help_is_answered_whatever_breaks(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> object:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("proxy_addons.translate.judged", broken)

    async def work(gate: Gate) -> None:
        assert "0800-0432" in page((await gate.ask(exchange("https://zoek.nl/s?q=ik+wil+dood"))).answer)
        other = (await gate.ask(exchange("https://zoek.nl/s?q=vulkaan"))).answer
        assert other is not None and other.status == 503

    guard.run(work)
