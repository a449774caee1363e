"""Who asks for help gets people to talk to, and hears honestly who is told of it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest

from config.texts import say
from policy.model import Role, Sanction, SanctionTarget
from proxy_addons.facts import Answer, Exchange, Peer
from proxy_addons.gate import Gate
from proxy_addons.recorder import Recorder
from store.people import Person
from store.signals import Kept
from tests.cast import BREAK, EVENING, LESSON, at
from tests.proxy_addons.asking import (
    GROUP_7,
    SAMS,
    STRANGERS,
    Guard,
    background,
    call,
    exchange,
    page,
    peer,
    said,
)
from tests.store.school import SCHOOL

SEARCH = "https://zoek.nl/s?q=ik+wil+dood"
SITE = "https://social.com"
ASK, HELP = f"{SITE}/_klaswacht/ask", f"{SITE}/_klaswacht/help"
CART = peer("10.0.7.31")
HEARD, PRIVATE = say("page.help.heard"), say("page.help.private")


@pytest.fixture
def named(guard: Guard) -> Guard:
    """The school with two counsellors."""
    counsellors = [Person(one, Role.COUNSELLOR, one.title()) for one in ("coen", "fay")]
    guard.store.people.put_people(SCHOOL, counsellors, "cor", guard.clock.now)
    assert guard.store.counsel.switch_on(SCHOOL, "ria", guard.clock.now)
    return guard


def answers(guard: Guard, *asked: Exchange) -> list[Answer]:
    async def work(gate: Gate) -> list[Answer]:
        found = [(await gate.ask(one)).answer for one in asked]
        assert None not in found
        return [answer for answer in found if answer is not None]

    return guard.run(work)


def help_page(guard: Guard, who: Peer = SAMS, **changes: object) -> str:
    (answer,) = answers(guard, exchange(SEARCH, who, **changes))
    assert answer.status == 200
    return page(answer)


def signals(guard: Guard) -> list[tuple[str | None, str | None, str | None]]:
    """What the counsellors were told, oldest first: group, device, person."""
    kept: tuple[Kept, ...] = guard.store.signals.newest(SCHOOL)
    return [(one.signal.group, one.signal.device, one.signal.person) for one in reversed(kept)]


# --- the page --------------------------------------------------------------------------------------------------------


def test_the_page_has_people_to_talk_to_and_nothing_of_what_was_typed(guard: Guard) -> None:
    (answer,) = answers(guard, exchange(SEARCH))
    text, headers = page(answer), dict(answer.headers)
    assert answer.status == 200
    for part in ("juf of meester", "0800-0432", "kindertelefoon.nl", "0800-0113", "0800-2000", "tel:112"):
        assert part in text
    assert "dood" not in text.casefold() and "zoek.nl" not in text
    assert 'data-wait="' not in text and "/_klaswacht/ask" not in text.partition("<script>")[0]
    assert headers["Cache-Control"] == "no-store" and headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_classmate_who_sees_the_tab_or_the_history_reads_nothing_of_it(guard: Guard, language: str) -> None:
    guard.language = language
    text = help_page(guard)
    title = text.partition("<title>")[2].partition("</title>")[0]
    assert not any(word in title.casefold() for word in ("hulp", "help", "zelf", "suic", "113", "telefoon"))
    assert "zelfmoord" not in text.casefold() and "suicide" not in text.casefold()
    assert 'data-here="/_klaswacht/help"' in text


def test_without_two_counsellors_nobody_hears_of_it_and_the_page_says_so(guard: Guard) -> None:
    assert PRIVATE in help_page(guard) and HEARD not in help_page(guard)
    guard.store.people.put_people(SCHOOL, [Person("coen", Role.COUNSELLOR, "Coen")], "cor", guard.clock.now)
    assert PRIVATE in help_page(guard)
    assert signals(guard) == []


@pytest.mark.parametrize("language", ["nl", "en"])
def test_with_two_counsellors_the_child_reads_first_that_they_hear_of_it(named: Guard, language: str) -> None:
    named.language = language
    text = help_page(named)
    heard, first = text.index(say("page.help.heard", language)), text.index(say("page.help.lead", language))
    assert text.index("</h1>") < heard < first < text.index("0800-0432")
    assert say("page.help.heard_person", language) in text and say("page.help.heard_not", language) in text
    assert say("page.help.private", language) not in text
    assert signals(named) == [("7", None, "sam")]


@pytest.mark.parametrize(
    ("who", "told", "heard"),
    [
        (SAMS, ("7", None, "sam"), "person"),
        (peer(name="chroom-2"), ("7", "chroom-2", None), "device"),
        (CART, ("7", "cart", None), "device"),
        (peer(port=GROUP_7), ("7", None, None), "group"),
        (STRANGERS, (None, None, None), "time"),
    ],
)
def test_the_page_says_exactly_how_much_they_hear(
    named: Guard, who: Peer, told: tuple[str | None, ...], heard: str
) -> None:
    assert say(f"page.help.heard_{heard}") in help_page(named, who)
    assert signals(named) == [told]


# --- the signal ------------------------------------------------------------------------------------------------------


def test_a_child_is_told_of_once_in_ten_minutes_and_the_page_stays_true(named: Guard) -> None:
    for minutes in (0, 3, 9, 10):
        named.clock.now = LESSON + timedelta(minutes=minutes)
        assert HEARD in help_page(named)  # a worker of its own each time
    assert signals(named) == [("7", None, "sam")] * 2


def test_in_one_worker_too(named: Guard) -> None:
    async def work(gate: Gate) -> None:
        for minutes in (0, 3, 9, 10):
            named.clock.now = LESSON + timedelta(minutes=minutes)
            for who in (SAMS, CART, peer("10.0.7.32"), STRANGERS):
                await gate.ask(exchange(SEARCH, who))

    named.run(work)
    cart, nobody = ("7", "cart", None), (None, None, None)
    assert sorted(map(str, signals(named))) == sorted(map(str, [("7", None, "sam"), cart, cart, nobody] * 2))


def test_a_seat_that_a_teacher_gave_names_the_child(named: Guard) -> None:
    named.lease("chroom-2", "noor", LESSON + timedelta(hours=1))
    help_page(named, peer(name="chroom-2"))
    assert signals(named) == [("7", None, "noor")]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (background(SEARCH), 403),
        (background(SEARCH, "image"), 403),
        (exchange(SEARCH, headers={"accept": "*/*"}), 200),
        (exchange(SEARCH, headers={"accept": "text/html", "sec-fetch-dest": "iframe"}), 200),
        (exchange(SEARCH, headers={**exchange(SEARCH).headers, "sec-purpose": "prefetch;prerender"}), 403),
        (exchange(SEARCH, headers={**exchange(SEARCH).headers, "purpose": "prefetch"}), 403),
    ],
    ids=["suggestions", "picture", "no browser", "frame", "prerender", "prefetch"],
)
def test_what_no_person_opened_is_nobodys_signal(named: Guard, asked: Exchange, status: int) -> None:
    (answer,) = answers(named, asked)
    assert answer.status == status
    assert HEARD not in answer.body.decode()
    assert signals(named) == []


def test_in_a_frame_the_page_shows_and_its_links_leave_the_frame(guard: Guard) -> None:
    (answer,) = answers(guard, exchange(SEARCH, headers={"accept": "text/html", "sec-fetch-dest": "iframe"}))
    text, headers = page(answer), dict(answer.headers)
    assert "0800-0432" in text and PRIVATE in text
    assert "X-Frame-Options" not in headers and "frame-ancestors *" in headers["Content-Security-Policy"]
    assert 'target="_top"' in text and 'data-do="back"' not in text


def test_a_search_that_was_posted_counts_too(named: Guard) -> None:
    form = {**exchange(SEARCH).headers, "content-type": "application/x-www-form-urlencoded"}
    sent = exchange("https://zoek.nl/s", method="POST", body=b"q=ik+wil+dood", headers=form)
    (answer,) = answers(named, sent)
    assert HEARD in page(answer) and signals(named) == [("7", None, "sam")]


def test_in_a_break_and_under_a_ban_they_hear_it_too(named: Guard) -> None:
    ban = Sanction("", "sam", SanctionTarget.CHROMEBOOK, LESSON, at("12:00"), "anja")
    named.store.measures.add_sanction(SCHOOL, ban, LESSON)
    named.clock.now = BREAK
    assert HEARD in help_page(named) and signals(named) == [("7", None, "sam")]


def test_outside_school_hours_nothing_is_kept_and_the_page_does_not_say_it_is(named: Guard) -> None:
    named.clock.now = EVENING
    text = help_page(named)
    assert PRIVATE in text and HEARD not in text and "0800-0432" in text
    assert signals(named) == []


def test_a_teacher_who_looks_it_up_is_not_a_child_who_asks(named: Guard) -> None:
    async def work(gate: Gate) -> None:
        await gate.ask(exchange(SEARCH, peer(name="laptop-anja")))

    named.run(work)
    assert signals(named) == []


def test_nothing_of_it_is_an_event_or_a_count_and_no_word_of_it_is_kept(
    named: Guard, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = named.store.pulse(SCHOOL).activity
    with caplog.at_level("DEBUG"):
        answers(
            named, exchange(SEARCH), background(SEARCH), exchange(HELP), call(ASK, SITE, form={"line": "ik wil dood"})
        )

    async def chat(gate: Gate) -> None:
        for one in ("https://www.kindertelefoon.nl/chat", "https://www.kindertelefoon.nl/forum"):
            assert (await gate.ask(exchange(one, method="POST", body=b"ik wil dood"))).answer is None
            assert (await gate.ask(exchange(one, websocket=True))).answer is None

    named.run(chat)
    assert named.events() == [] and named.store.events.counts(SCHOOL, LESSON - timedelta(days=1)) == ()
    assert named.store.pulse(SCHOOL).activity == before
    assert signals(named) == [("7", None, "sam")]
    with closing(sqlite3.connect(tmp_path / "klaswacht.db")) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        kept = "\n".join(db.iterdump())
    assert "dood" not in kept and "zoek.nl" not in kept
    assert "dood" not in caplog.text and "help" not in caplog.text.casefold()


# --- a line to the teacher -------------------------------------------------------------------------------------------


def test_help_asked_in_a_line_to_the_teacher_is_told_the_same_way(named: Guard) -> None:
    async def work(gate: Gate) -> str:
        answer = (await gate.ask(call(ASK, SITE, form={"why": "other", "line": "Ik wil  dood"}))).answer
        path = str(said(answer)["help"])
        return page((await gate.ask(exchange(SITE + path))).answer)

    text = named.run(work)
    assert HEARD in text and say("page.help.heard_person") in text
    assert signals(named) == [("7", None, "sam")]
    assert named.store.incidents.asks(SCHOOL, None) == ()


def test_an_ordinary_line_to_the_teacher_is_no_signal(named: Guard) -> None:
    answers(named, call(ASK, SITE + "/", form={"why": "lesson", "line": "voor mijn werkstuk"}))
    assert signals(named) == [] and len(named.store.incidents.asks(SCHOOL, None)) == 1


def _with(gate: Gate, change: Callable[[dict[str, str]], dict[str, str]]) -> Callable[[Exchange], Awaitable[str]]:
    async def again(asked: Exchange) -> str:
        path = str(said((await gate.ask(asked)).answer)["help"])
        fields = dict(pair.split("=") for pair in path.partition("?")[2].split("&"))
        return page((await gate.ask(exchange(f"{HELP}?{urlencode(change(fields))}", asked.peer))).answer)

    return again


@pytest.mark.parametrize(
    "forged",
    [
        lambda fields: {**fields, "hoort": "device"},
        lambda fields: {**fields, "hoort": "nobody"},
        lambda fields: {**fields, "merk": fields["merk"] + "9"},
        lambda fields: {**fields, "merk": "0" * 64 + ".99999999999"},
        lambda fields: {**fields, "merk": "\u00e9.9999999999"},
        lambda fields: {"hoort": "person"},
    ],
)
def test_nobody_can_make_the_page_say_that_somebody_hears(
    named: Guard, forged: Callable[[dict[str, str]], dict[str, str]]
) -> None:
    asked = call(ASK, SITE, form={"line": "ik wil dood"})
    assert PRIVATE in named.run(lambda gate: _with(gate, forged)(asked))


def test_the_pages_own_address_tells_nobody_anything(named: Guard) -> None:
    (answer,) = answers(named, exchange(HELP))
    assert PRIVATE in page(answer) and "0800-0432" in page(answer)
    assert signals(named) == []


# --- whatever breaks -------------------------------------------------------------------------------------------------


def test_the_page_is_there_when_nothing_can_be_told(named: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("dood")

    monkeypatch.setattr(Recorder, "confide", broken)
    assert PRIVATE in help_page(named)


def test_the_page_is_there_when_a_page_cannot_be_made(
    named: Guard, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(gate: Gate) -> Answer | None:
        def broken(*_: object, **__: object) -> None:
            raise RuntimeError("dood")

        monkeypatch.setattr(gate._pages, "page", broken)
        return (await gate.ask(exchange(SEARCH))).answer

    answer = named.run(work)
    assert answer is not None and answer.status == 200 and "0800-0432" in page(answer)
    assert "dood" not in caplog.text


def test_before_the_first_rules_and_when_they_cannot_be_read_a_child_gets_help_too(
    named: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = named.open()

    async def early() -> list[Answer | None]:
        return [(await gate.ask(exchange(one))).answer for one in (SEARCH, "https://zoek.nl/s?q=vulkanen")]

    helped, closed = asyncio.run(early())
    assert helped is not None and helped.status == 200 and PRIVATE in page(helped)
    assert closed is not None and closed.status == 503

    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("proxy_addons.live.decide", broken)
    assert HEARD in help_page(named)
    assert named.events() == [] and signals(named) == [("7", None, "sam")]


def test_a_browser_that_keeps_pages_may_show_another_child_none_of_them(named: Guard) -> None:
    first, second = answers(named, exchange(SEARCH), replace(exchange(SEARCH, STRANGERS)))
    assert first.body != second.body and dict(second.headers)["Cache-Control"] == "no-store"
