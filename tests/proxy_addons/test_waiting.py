"""Waiting for the teacher's answer or for the time, with JavaScript and without."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlencode

import pytest

from proxy_addons.gate import Gate
from store.incidents import AskState
from tests.cast import LESSON
from tests.proxy_addons.asking import (
    ASK,
    FORM,
    NEVER,
    PAGE,
    SITE,
    STRANGERS,
    WAIT,
    Guard,
    answered,
    call,
    page,
    peer,
    plain,
    said,
    token_of,
)
from tests.store.school import SCHOOL

NOTHING = {"open": False, "answer": None, "state": None, "till": None}


def leads_to(html: str) -> str:
    """Where a page that is ready goes by itself after two seconds; its button goes to the same place."""
    (going,) = re.findall(r'http-equiv="refresh" content="2; url=([^"]*)"', html)
    assert f'class="button first" href="{going}"' in html
    return str(unescape(going))


def test_the_waiting_page_hears_of_the_permission(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        waiting = asyncio.create_task(answered(gate, call(WAIT, PAGE)))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await asyncio.to_thread(guard.grant, categories=("social",))
        async with asyncio.timeout(NEVER):
            word = said(await waiting)
        assert word == {"open": True, "answer": None, "state": None, "till": "Het mag tot 09:30 uur."}

    guard.run(work)


def test_the_waiting_page_opens_when_the_time_comes(guard: Guard) -> None:
    end = LESSON + timedelta(seconds=1)
    guard.pause(end)

    async def work(gate: Gate) -> None:
        url = "https://leren.nl/_klaswacht/wait"
        waiting = asyncio.create_task(answered(gate, call(url, "https://leren.nl/x")))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        guard.clock.now = end
        async with asyncio.timeout(NEVER):
            assert said(await waiting)["open"] is True

    guard.run(work)


@pytest.mark.parametrize(
    ("state", "text", "heard"),
    [
        (AskState.NO, "", "Je juf of meester zegt dat het nu niet kan."),
        (AskState.LATER, "na de pauze", "zegt: na de pauze"),
        (AskState.YES, "", "Het mag!"),
    ],
)
def test_the_waiting_page_hears_the_answer(guard: Guard, state: AskState, text: str, heard: str) -> None:
    async def work(gate: Gate) -> None:
        ask = str(said(await answered(gate, call(ASK, PAGE, form=FORM)))["ask"])
        waiting = asyncio.create_task(answered(gate, call(WAIT, PAGE, x_klaswacht_ask=ask)))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        await asyncio.to_thread(guard.store.incidents.answer, SCHOOL, ask, state, "anja", guard.clock.now, text=text)
        async with asyncio.timeout(NEVER):
            word = said(await waiting)
        assert heard in str(word["answer"]) and word["open"] is False and word["state"] == state.value
        told = call(WAIT, PAGE, x_klaswacht_ask=ask, x_klaswacht_said=state.value)
        again = asyncio.create_task(answered(gate, told))
        await asyncio.sleep(0.3)
        assert not again.done()
        again.cancel()
        other = call(WAIT, PAGE, STRANGERS, x_klaswacht_ask=ask)
        stranger = asyncio.create_task(answered(gate, other))
        await asyncio.sleep(0.3)
        assert not stranger.done()
        stranger.cancel()

    guard.run(work)


def test_a_wait_does_not_last_for_ever(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy_addons.waiting.LONGEST_WAIT", 0.2)

    async def work(gate: Gate) -> None:
        assert said(await answered(gate, call(WAIT, PAGE))) == NOTHING

    guard.run(work)


def test_the_page_that_waits_is_asked_for_not_just_its_site(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    # The engine is open, the words are not: opening now would show the same page for ever.
    monkeypatch.setattr("proxy_addons.waiting.LONGEST_WAIT", 0.2)

    async def work(gate: Gate) -> None:
        url = "https://zoek.nl/_klaswacht/wait"
        assert said(await answered(gate, call(url, "https://zoek.nl/s?q=kut")))["open"] is False
        assert said(await answered(gate, call(url, "https://zoek.nl/s?q=dieren")))["open"] is True
        assert said(await answered(gate, call(url, "https://elders.nl/s?q=kut")))["open"] is True

    guard.run(work)


def test_too_many_waits_of_one_address_are_sent_away(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        waits = [asyncio.create_task(answered(gate, call(WAIT, PAGE, peer("10.1.1.1")))) for _ in range(41)]
        await asyncio.sleep(0.2)
        assert [w.result().status for w in waits if w.done()] == [429]
        assert not asyncio.create_task(answered(gate, call(WAIT, PAGE, peer("10.1.1.2")))).done()
        for wait in waits:
            wait.cancel()

    guard.run(work)


# --- without JavaScript --------------------------------------------------------------------------------------------


def test_without_javascript_a_child_can_ask_and_gets_in(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        fields = token_of(await answered(gate, plain(ASK)))
        assert fields["back"] == "/groep/7?tab=1"
        sent = await answered(gate, plain(ASK, {**FORM, **fields}))
        assert sent.status == 303
        there = dict(sent.headers)["Location"]
        waiting = await answered(gate, plain(SITE + there))
        assert "onderweg" in page(waiting) and 'http-equiv="refresh"' in page(waiting)
        before = gate.live.revision
        await asyncio.to_thread(guard.grant, categories=("social",))
        await gate.live.changed(before, NEVER)
        opened = await answered(gate, plain(SITE + there))
        told = page(opened)
        assert "Klaar, je mag!" in told and "social.com is nu open." in told
        assert leads_to(told) == "/groep/7?tab=1"

    guard.run(work)


def test_without_javascript_a_child_hears_no(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        fields = token_of(await answered(gate, plain(ASK)))
        there = dict((await answered(gate, plain(ASK, {**FORM, **fields}))).headers)["Location"]
        (ask,) = guard.store.incidents.asks(SCHOOL, None)
        guard.store.incidents.answer(SCHOOL, ask.id, AskState.NO, "anja", guard.clock.now)
        told = page(await answered(gate, plain(SITE + there)))
        assert "nu niet kan" in told and 'http-equiv="refresh"' not in told

    guard.run(work)


@pytest.mark.evasion("S21")
@pytest.mark.parametrize(
    "back",
    ["//x.com/", "/\\x.com", "https://x.com/", "javascript:alert(1)", "/_klaswacht/asked", "\t//x.com", "/a\r\nX: y"],
)
def test_the_way_back_never_leads_to_another_site(guard: Guard, back: str) -> None:
    guard.grant(categories=("social",))

    async def work(gate: Gate) -> None:
        answer = await answered(gate, plain(f"{SITE}/_klaswacht/asked?{urlencode({'back': back})}"))
        assert leads_to(page(answer)) == "/"

    guard.run(work)


def test_what_was_sent_is_told_to_be_sent_again_and_leads_nowhere_by_itself(guard: Guard) -> None:
    guard.grant(categories=("social",))

    async def work(gate: Gate) -> None:
        back = urlencode({"back": "/groep/7", "act": "upload"})
        told = page(await answered(gate, plain(f"{SITE}/_klaswacht/asked?{back}")))
        assert "Klaar, je mag!" in told and "verstuur het nog een keer" in told
        assert 'http-equiv="refresh"' not in told

    guard.run(work)
