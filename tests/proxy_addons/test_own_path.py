"""Asking the teacher, and what the guard's own path takes from whom."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from proxy_addons.facts import Exchange
from proxy_addons.gate import Gate
from store import StoreUnavailable
from store.incidents import Incidents
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
    plain,
    said,
    token_of,
)
from tests.store.school import SCHOOL


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
