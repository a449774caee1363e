"""The page behind a call on the own path: where a link may lead, and what of it is unknown."""

from __future__ import annotations

import asyncio
import html
import re
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.model import Facet
from proxy_addons.behind import PREFIX, behind, behind_form, fields_of, repeatable
from proxy_addons.facts import Answer
from proxy_addons.gate import Gate
from store.incidents import AskState
from tests.proxy_addons.asking import (
    ASK,
    BOARD,
    FORM,
    NEVER,
    NUMBER,
    SITE,
    WAIT,
    Guard,
    answered,
    asks,
    call,
    exchange,
    page,
    plain,
    said,
    sent,
)
from tests.store.school import SCHOOL

PATHS = st.text(alphabet="/\\ab?&=%.:_k\n\u00e9", max_size=30).map(lambda text: f"/{text}")


@pytest.mark.evasion("S21")
@given(st.one_of(PATHS, st.text(max_size=30), st.just(f"{PREFIX}/ask")))
def test_no_way_back_leads_to_another_site_or_to_the_guard(path: str) -> None:
    back = behind_form(path, {}).back
    assert back == "" or (back.startswith("/") and back[1:2] not in ("/", "\\") and not back.startswith(PREFIX))
    assert back.isascii() and back.isprintable()


@given(PATHS, st.dictionaries(st.sampled_from(["act", "unsaid", "kinds", "more"]), st.sampled_from(["a", "b&c"])))
def test_what_a_page_says_of_itself_is_said_again(path: str, said: dict[str, str]) -> None:
    page = behind_form(path, said)
    again = fields_of(page.about)
    assert again == {name: value for name, value in said.items() if name != "more"}
    assert not page.opens or not {"act", "unsaid"} & set(said)


def test_what_is_told_of_a_page_fits_in_a_form_again() -> None:
    assert repeatable("/" + "a" * 1999) and not repeatable("/" + "a" * 2000)
    assert not repeatable("/?" + "a=1&" * 400)


def test_an_address_that_is_too_long_is_unknown_and_one_of_another_host_is_the_first_page() -> None:
    def path(referer: str) -> str | None:
        return behind(call("https://a.nl/_klaswacht/wait", referer), "a.nl", {}).path

    assert path("https://a.nl/b?c=d") == "/b?c=d"
    assert path("https://b.nl/b") == path("https://a.nl/_klaswacht/ask") == "/"
    assert path(f"https://a.nl/{'x' * 3000}") is None
    assert behind(call("https://a.nl/x", "https://a.nl/"), "a.nl", {"unsaid": "words"}).path is None


# --- addresses that cannot be told again, and a yes that is not enough -------------------------------------------

SEARCH = "https://zoek.nl/s"
LONG = f"{SEARCH}?q=kut&pad={'x' * 2000}"
ODD = "https://zoek.nl//s?q=kut"


def about_of(answer: Answer) -> str:
    """What the page says of itself to the guard."""
    found = re.search(r'data-about="([^"]*)"', page(answer))
    return html.unescape(found[1]) if found else ""


def link_of(answer: Answer) -> str:
    """Where the page's ask button leads without JavaScript."""
    found = re.search(r'href="(/_klaswacht/ask[^"]*)"', page(answer))
    return html.unescape(found[1]) if found else ""


def filled(answer: Answer) -> dict[str, str]:
    """All hidden fields of a form, as a browser sends them."""
    hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page(answer))
    return {name: html.unescape(value) for name, value in hidden}


def test_words_in_a_posted_form_are_asked_for_aloud(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        posted = await answered(gate, plain(SEARCH, {"q": "kut"}, referer="https://zoek.nl/"))
        assert "Hier zoeken we op school niet naar" in page(posted) and "vraag het je juf of meester" in page(posted)
        assert "/_klaswacht/ask" not in page(posted) and "data-wait" not in page(posted)
        assert "/_klaswacht/ask" in page(await answered(gate, exchange(f"{SEARCH}?q=kut")))

    guard.run(work)


@pytest.mark.parametrize("address", [LONG, ODD, f"{SEARCH}?q=kut&pad={'x' * 9000}"])
def test_an_address_that_cannot_be_told_again_is_never_called_open(
    guard: Guard, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setattr("proxy_addons.waiting.LONGEST_WAIT", 0.2)
    # Of a very long address browsers tell only the host.
    referer = address if len(address) < 4096 else "https://zoek.nl/"

    async def work(gate: Gate) -> None:
        closed = await answered(gate, exchange(address))
        about = about_of(closed)
        assert "unsaid=words" in about and "kut" not in about
        waiting = call(f"https://zoek.nl/_klaswacht/wait?{about}", referer)
        assert said(await answered(gate, waiting))["open"] is False
        word = said(await answered(gate, call(f"https://zoek.nl/_klaswacht/ask?{about}", referer, form=FORM)))
        assert word["sent"] is True
        (ask,) = guard.store.incidents.asks(SCHOOL, ("7",))
        assert (ask.wish.host, ask.wish.facet, ask.wish.kinds) == ("zoek.nl", Facet.WORDS, ("coarse",))
        guard.store.incidents.answer(SCHOOL, ask.id, AskState.YES, "anja", guard.clock.now)
        heard = said(await answered(gate, replace(waiting, headers={**waiting.headers, "x-klaswacht-ask": ask.id})))
        assert heard["open"] is False and heard["answer"] == "Het mag nu. Probeer het nog een keer."

    guard.run(work)


def test_a_long_referrer_alone_is_unknown_too(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy_addons.waiting.LONGEST_WAIT", 0.2)

    async def work(gate: Gate) -> None:
        assert said(await answered(gate, call("https://zoek.nl/_klaswacht/wait", LONG)))["open"] is False
        word = said(await answered(gate, call("https://zoek.nl/_klaswacht/ask", LONG, form=FORM)))
        assert word["sent"] is False and "in de klas" in str(word["say"])

    guard.run(work)


def test_a_long_address_of_a_closed_site_still_opens_by_itself(guard: Guard) -> None:
    address = f"{SITE}/groep?pad={'x' * 5000}"

    async def work(gate: Gate) -> None:
        about = about_of(await answered(gate, exchange(address)))
        assert "unsaid=host" in about
        assert said(await answered(gate, call(f"{ASK}?{about}", f"{SITE}/", form=FORM)))["sent"] is True
        waiting = asyncio.create_task(answered(gate, call(f"{WAIT}?{about}", f"{SITE}/")))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        await asyncio.to_thread(guard.grant, categories=("social",))
        async with asyncio.timeout(NEVER):
            assert said(await waiting)["open"] is True

    guard.run(work)


@pytest.mark.parametrize(
    "forged", ["unsaid=words&kinds=nothing", "unsaid=words", "unsaid=place", "unsaid=help&kinds=help"]
)
def test_no_ask_is_made_of_words_that_nobody_knows(guard: Guard, forged: str) -> None:
    async def work(gate: Gate) -> None:
        asked = call(f"https://zoek.nl/_klaswacht/ask?{forged}", "https://zoek.nl/", form=FORM)
        assert said(await answered(gate, asked))["sent"] is False

    guard.run(work)
    assert asks(guard.store) == []


def test_without_javascript_a_long_address_waits_for_the_answer_and_leads_nowhere_else(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        link = link_of(await answered(gate, exchange(LONG)))
        form = await answered(gate, plain(f"https://zoek.nl{link}", referer=LONG))
        assert filled(form)["back"] == ""
        asked = await answered(gate, plain("https://zoek.nl/_klaswacht/ask", {**FORM, **filled(form)}))
        there = f"https://zoek.nl{dict(asked.headers)['Location']}"
        assert "onderweg" in page(await answered(gate, plain(there)))
        (ask,) = guard.store.incidents.asks(SCHOOL, ("7",))
        guard.store.incidents.answer(SCHOOL, ask.id, AskState.YES, "anja", guard.clock.now)
        told = await answered(gate, plain(there))
        assert told.status == 200 and "Probeer het nog een keer" in page(told)
        assert 'http-equiv="refresh" content' not in page(told)

    guard.run(work)


def test_without_javascript_held_personal_data_is_asked_for_as_that(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        link = link_of(await answered(gate, sent(NUMBER)))
        assert "act=submit" in link and "types=phone" in link
        form = await answered(gate, plain(f"https://prikbord.nl{link}", referer=BOARD))
        asked = await answered(gate, plain("https://prikbord.nl/_klaswacht/ask", {**FORM, **filled(form)}))
        assert asked.status == 303
        there = f"https://prikbord.nl{dict(asked.headers)['Location']}"
        (ask,) = guard.store.incidents.asks(SCHOOL, ("7",))
        assert (ask.wish.host, ask.wish.facet, ask.wish.kinds) == ("prikbord.nl", Facet.PERSONAL, ("phone",))
        assert 'http-equiv="refresh"' in page(await answered(gate, plain(there)))
        before = gate.live.revision
        await asyncio.to_thread(guard.grant, sites=("prikbord.nl",), facets=frozenset({Facet.PERSONAL}))
        await gate.live.changed(before, NEVER)
        told = await answered(gate, plain(there))
        assert "verstuur het nog een keer" in page(told) and 'href="/plaats"' in page(told)

    guard.run(work)


def test_a_yes_to_the_place_does_not_promise_the_words(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy_addons.waiting._TOO_LONG", 0.2)
    behind = f"{SITE}/?q=kut"

    async def work(gate: Gate) -> None:
        ask = str(said(await answered(gate, call(ASK, behind, form=FORM)))["ask"])
        await asyncio.to_thread(guard.grant, categories=("social",))
        guard.store.incidents.answer(SCHOOL, ask, AskState.YES, "anja", guard.clock.now)
        heard = said(await answered(gate, call(WAIT, behind, x_klaswacht_ask=ask)))
        assert heard["answer"] == "Het mag! De pagina gaat zo open." and heard["open"] is False
        later = said(await answered(gate, call(WAIT, behind, x_klaswacht_ask=ask, x_klaswacht_said="yes")))
        assert "Blijft het dicht?" in str(later["answer"]) and (later["open"], later["state"]) == (False, "still")
        again = asyncio.create_task(answered(gate, call(WAIT, behind, x_klaswacht_ask=ask, x_klaswacht_said="still")))
        await asyncio.sleep(0.5)
        assert not again.done()
        again.cancel()
        there = f"{SITE}/_klaswacht/asked?{urlencode({'ask': ask, 'back': '/?q=kut'})}"
        first = page(await answered(gate, plain(there)))
        assert "Het mag!" in first
        second = html.unescape(re.search(r"url=([^\"]*)", first)[1])
        assert "Blijft het dicht?" in page(await answered(gate, plain(SITE + second)))

    guard.run(work)
