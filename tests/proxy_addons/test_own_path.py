"""Asking the teacher, waiting for the answer, and telling that something was unpleasant."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from proxy_addons.facts import Exchange
from proxy_addons.gate import Gate
from store import StoreUnavailable
from store.incidents import AskState, Incidents
from tests.cast import LESSON
from tests.proxy_addons.asking import (
    ASK,
    FORM,
    NEVER,
    PAGE,
    REPORT,
    SITE,
    STRANGERS,
    WAIT,
    Guard,
    answered,
    asks,
    call,
    exchange,
    page,
    peer,
    plain,
    said,
    token_of,
)
from tests.store.school import SCHOOL

# --- ask -----------------------------------------------------------------------------------------------------------


def test_an_ask_reaches_the_teacher_with_what_the_child_wrote(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        word = said(await answered(gate, call(ASK, PAGE, form=FORM)))
        assert word["sent"] is True and word["ask"]

    guard.run(work)
    (ask,) = guard.store.incidents.asks(SCHOOL, ("7",))
    assert (ask.wish.host, ask.wish.why, ask.wish.line) == ("social.com", "lesson", "voor mijn werkstuk")
    assert (ask.wish.category, ask.wish.group, ask.wish.person) == ("social", "7", "sam")


def test_what_a_relay_was_to_fetch_is_what_is_asked_for(guard: Guard) -> None:
    page_behind = "https://translate.google.nl/translate?u=https%3A%2F%2Fsocial.com%2F"

    async def work(gate: Gate) -> None:
        asked = call("https://translate.google.nl/_klaswacht/ask", page_behind, form=FORM)
        assert said(await answered(gate, asked))["sent"] is True
        waiting = asyncio.create_task(answered(gate, call("https://translate.google.nl/_klaswacht/wait", page_behind)))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await asyncio.to_thread(guard.grant, sites=("social.com",))
        async with asyncio.timeout(NEVER):
            assert said(await waiting)["open"] is True

    guard.run(work)
    assert [host for host, *_ in asks(guard.store)] == ["social.com"]


def test_asking_twice_is_one_ask(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        for _ in range(3):
            await answered(gate, call(ASK, PAGE, form=FORM))

    guard.run(work)
    assert len(asks(guard.store)) == 1


def test_too_many_asks_are_told_to_wait(guard: Guard) -> None:
    async def work(gate: Gate) -> list[int]:
        return [(await answered(gate, call(ASK, PAGE, form=FORM))).status for _ in range(8)]

    assert guard.run(work) == [200] * 5 + [429] * 3


def test_who_asks_for_help_in_the_line_gets_help_and_the_class_hears_nothing(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        asked = call(ASK, PAGE, form={"why": "other", "line": "Ik wil  dood"})
        assert said(await answered(gate, asked)) == {"help": "/_klaswacht/help"}
        fields = token_of(await answered(gate, plain(ASK)))
        helped = await answered(gate, plain(ASK, {"why": "other", "line": "ik wil d\u00f3\u00f3d", **fields}))
        assert helped.status == 200 and "0800-0432" in page(helped)
        assert "0800-2000" in page(await answered(gate, plain(f"{SITE}/_klaswacht/help")))

    guard.run(work)
    assert asks(guard.store) == [] and guard.events() == []


def test_what_no_teacher_can_open_is_not_asked_for(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        url = "https://adult.com/_klaswacht/ask"
        assert said(await answered(gate, call(url, "https://adult.com/", form=FORM)))["sent"] is False

    guard.run(work)
    assert asks(guard.store) == []


def test_of_a_device_in_no_group_no_teacher_would_see_an_ask(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        word = said(await answered(gate, call(ASK, PAGE, STRANGERS, form=FORM)))
        assert word["sent"] is False and "in de klas" in word["say"]

    guard.run(work)
    assert asks(guard.store) == []


def test_what_is_open_already_need_not_be_asked(guard: Guard) -> None:
    guard.grant(categories=("social",))

    async def work(gate: Gate) -> None:
        assert said(await answered(gate, call(ASK, PAGE, form=FORM))) == {"open": True}

    guard.run(work)
    assert asks(guard.store) == []


@pytest.mark.parametrize(
    "forged",
    [
        call(ASK, "https://x.com/", form=FORM, sec_fetch_site="cross-site"),
        call(ASK, PAGE, form=FORM, x_klaswacht="0"),
        plain(ASK, FORM),
        plain(ASK, {**FORM, "token": "9999999999." + "0" * 64}),
        plain(ASK, {**FORM, "token": "\u00b2\u00b2.x"}),
        replace(call(ASK, PAGE, form=FORM), body=None),
        replace(call(ASK, PAGE, form=FORM), body=b"line=" + b"x" * 10_000),
        replace(call(ASK, PAGE, form=FORM), method="PUT"),
        replace(call(REPORT, PAGE, form=FORM), method="DELETE"),
        plain(REPORT, {"kind": "saw", "step": "send", "to": "teacher"}),
    ],
)
def test_another_sites_page_cannot_ask_or_report_for_a_child(guard: Guard, forged: Exchange) -> None:
    async def work(gate: Gate) -> int:
        return (await answered(gate, forged)).status

    assert guard.run(work) in (403, 405, 413)
    assert asks(guard.store) == [] and guard.store.incidents.reports(SCHOOL, None) == ()


def test_a_form_of_another_device_or_host_or_an_old_one_is_not_taken(
    guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(gate: Gate) -> None:
        fields = token_of(await answered(gate, plain(ASK)))
        sent = {**FORM, **fields}
        elsewhere = "https://x.com/_klaswacht/ask"
        assert (await answered(gate, plain(ASK, sent, STRANGERS))).status == 403
        assert (await answered(gate, plain(elsewhere, sent))).status == 403
        soon = time.time() + 601
        monkeypatch.setattr("proxy_addons.sending.time", lambda: soon)
        late = await answered(gate, plain(ASK, sent))
        assert late.status == 403 and "te lang open" in page(late)

    guard.run(work)
    assert asks(guard.store) == []


def test_with_the_store_gone_the_child_is_told_to_ask_aloud(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object, **__: object) -> None:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(Incidents, "ask", gone)

    async def work(gate: Gate) -> None:
        answer = await answered(gate, call(ASK, PAGE, form=FORM))
        assert answer.status == 503 and said(answer)["say"] == "Versturen lukt nu niet. Vraag het gewoon in de klas."

    guard.run(work)


def test_unknown_reasons_and_odd_characters_do_not_get_through(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        form = {"why": "<script>", "line": "a\u202e\u200bb\r\nc" + "x" * 500}
        await answered(gate, call(ASK, PAGE, form=form))

    guard.run(work)
    ((_, why, line, _),) = asks(guard.store)
    assert why == "other" and line.startswith("a b cxxx") and len(line) == 200


# --- wait ----------------------------------------------------------------------------------------------------------


def test_the_waiting_page_hears_of_the_permission(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        waiting = asyncio.create_task(answered(gate, call(WAIT, PAGE)))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await asyncio.to_thread(guard.grant, categories=("social",))
        async with asyncio.timeout(NEVER):
            assert said(await waiting) == {"open": True, "answer": None, "state": None}

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
    monkeypatch.setattr("proxy_addons.own_path.LONGEST_WAIT", 0.2)

    async def work(gate: Gate) -> None:
        assert said(await answered(gate, call(WAIT, PAGE))) == {"open": False, "answer": None, "state": None}

    guard.run(work)


def test_the_page_that_waits_is_asked_for_not_just_its_site(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    # The engine is open, the words are not: opening now would show the same page for ever.
    monkeypatch.setattr("proxy_addons.own_path.LONGEST_WAIT", 0.2)

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
        assert "verstuurd" in page(waiting) and 'http-equiv="refresh"' in page(waiting)
        before = gate.live.revision
        await asyncio.to_thread(guard.grant, categories=("social",))
        await gate.live.changed(before, NEVER)
        opened = await answered(gate, plain(SITE + there))
        assert opened.status == 303 and dict(opened.headers)["Location"] == "/groep/7?tab=1"

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


@pytest.mark.parametrize(
    "back",
    ["//x.com/", "/\\x.com", "https://x.com/", "javascript:alert(1)", "/_klaswacht/asked", "\t//x.com", "/a\r\nX: y"],
)
def test_the_way_back_never_leads_to_another_site(guard: Guard, back: str) -> None:
    guard.grant(categories=("social",))

    async def work(gate: Gate) -> None:
        answer = await answered(gate, plain(f"{SITE}/_klaswacht/asked?{urlencode({'back': back})}"))
        assert answer.status == 303 and dict(answer.headers)["Location"] == "/"

    guard.run(work)


def test_the_own_path_works_on_an_open_site_and_never_reaches_it(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        for path in ("/_klaswacht", "/_klaswacht/", "/_klaswacht/nothing", "/_klaswacht/../_klaswacht/x"):
            assert (await answered(gate, exchange(f"https://leren.nl{path}"))).status == 404
        assert (await gate.ask(exchange("https://leren.nl/_klaswachter"))).answer is None

    guard.run(work)


@pytest.mark.parametrize("url", [WAIT, ASK, REPORT])
def test_a_flood_of_fields_is_no_fault_of_the_guard(guard: Guard, url: str) -> None:
    flood = "&".join(f"veld{number}=1" for number in range(50))

    async def work(gate: Gate) -> None:
        for asked in (
            call(f"{url}?{flood}", PAGE, form=FORM) if url != WAIT else call(f"{url}?{flood}", "https://leren.nl/"),
            replace(call(url, PAGE, form=FORM), body=flood.encode()),
        ):
            assert (await asyncio.wait_for(answered(gate, asked), 30)).status in (400, 405)

    guard.run(work)
    assert not guard.store.events.since(SCHOOL, 0)
