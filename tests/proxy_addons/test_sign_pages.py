"""There and back: the page of signing in, what it says when it does not work, and what it never tells."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from proxy_addons.gate import Gate
from tests.proxy_addons.asking import ASK, FORM, PAGE, SITE, Guard, answered, call, exchange
from tests.proxy_addons.computer import (
    LOOSE,
    SAMS,
    WIE,
    Child,
    cart_of_all,
    chosen,
    opened,
    principal,
    settled,
    signed_in,
)
from tests.store.school import SCHOOL

__all__ = ["cart_of_all"]


def test_from_a_site_one_comes_to_the_page_and_back_to_where_one_was(guard: Guard) -> None:
    chosen(guard)

    async def work(gate: Gate) -> None:
        made = exchange(f"{SITE}/_klaswacht/wie", LOOSE)
        came = replace(made, headers={**made.headers, "referer": f"{SITE}/groep/7?tab=1"})
        where = dict((await answered(gate, came)).headers)["Location"]
        assert where.startswith("https://wie.wacht.school/_klaswacht/wie?")
        child = await Child(gate, LOOSE).opens(where)
        await child.types(opened(guard).code)
        await child.taps("sam")
        await child.picks(*SAMS)
        assert f'href="{SITE}/groep/7?tab=1"' in child.text and "Verder naar social.com" in child.text
        told = parse_qs(urlsplit(where).query)
        long = f"{SITE}/{'a' * 3000}"
        far = dict((await answered(gate, replace(came, headers={**came.headers, "referer": long}))).headers)["Location"]
        assert parse_qs(urlsplit(far).query)["terug"] == [f"{SITE}/"]
        forged = urlencode({"terug": "https://kwaad.example/", "merk": told["merk"][0]})
        assert "kwaad.example" not in (await child.opens(f"{WIE}?{forged}")).text

    guard.run(work)


def test_it_says_so_when_it_does_not_work_now(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    from store import StoreUnavailable

    async def work(gate: Gate) -> None:
        def away(*_: object) -> None:
            raise StoreUnavailable("gone")

        monkeypatch.setattr(type(guard.store.sign_ins), "here", away)
        child = await Child(gate, LOOSE).opens()
        assert child.answer.status == 503 and "werkt nu even niet" in child.text

    guard.run(work)


def test_nothing_of_it_is_an_event(guard: Guard) -> None:
    chosen(guard)

    async def work(gate: Gate) -> None:
        child = await Child(gate, LOOSE).opens()
        await child.types("0000")
        await signed_in(guard, gate, LOOSE)

    guard.run(work)
    assert guard.events() == []


def test_an_ask_of_who_is_in_says_who_asks(guard: Guard) -> None:
    chosen(guard)

    async def work(gate: Gate) -> None:
        await signed_in(guard, gate, LOOSE)
        await settled(gate, lambda: principal(gate, LOOSE).person == "sam")
        await answered(gate, call(ASK, PAGE, LOOSE, form=FORM))

    guard.run(work)
    (ask,) = guard.store.incidents.asks(SCHOOL, ("7",))
    assert ask.wish.person == "sam"


def test_whatever_breaks_there_signs_nobody_in_and_says_no_word_of_it(
    guard: Guard, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    chosen(guard)
    code = opened(guard)

    async def work(gate: Gate) -> None:
        def breaks(*_: object, **__: object) -> None:
            raise RuntimeError("sun fish key")

        child = await Child(gate, LOOSE).opens()
        await (await child.types(code.code)).taps("sam")
        monkeypatch.setattr(type(guard.store.pictures), "fit", breaks)
        await child.picks(*SAMS)
        assert child.answer.status == 503 and "fish" not in child.text
        monkeypatch.setattr("proxy_addons.signing.Signing.about", breaks)
        assert (await answered(gate, exchange(WIE, LOOSE))).status == 503
        helps = await gate.ask(exchange("https://www.kindertelefoon.nl/", LOOSE))
        assert helps.answer is None, "help is there"
        assert principal(gate, LOOSE).person is None

    guard.run(work)
    assert "fish" not in caplog.text and code.code not in caplog.text
