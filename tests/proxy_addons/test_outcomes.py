"""What a school sees of what is in the way: the right page, a notice, a proposal - and never a name too many."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from policy.model import Facet
from proxy_addons import conditions
from proxy_addons.gate import Gate
from store.notices import Condition
from store.refusals import About, RefusalState
from tests.cast import LESSON
from tests.proxy_addons.asking import KEYED, NEVER, SAMS, SCHOOL, Guard, background, basic, exchange, page, peer

SECOND = timedelta(seconds=1)
SITES = ("een.nl", "twee.nl", "drie.nl", "vier.nl")
CART = tuple(peer(f"10.0.7.{last}") for last in (11, 12, 13))
APP = "api.rekenapp.nl"


def fail(guard: Guard, gate: Gate, kind: str, *sites: str) -> str:
    """Pages of some sites do not come, two seconds after each other; what the last one says."""
    text = ""
    for site in sites:
        guard.clock.now += 2 * SECOND
        text = page(gate.trouble(exchange(f"https://www.{site}/een/pad?zoek=kanarie"), kind))
    return text


def standing(guard: Guard) -> list[Condition]:
    return [one.kind for one in guard.store.notices.standing(SCHOOL, guard.clock.now)]


async def until(true) -> None:
    """Until something is true; what waits to be written is written within a moment."""
    async with asyncio.timeout(NEVER):
        while not true():
            await asyncio.sleep(0.02)


# --- pages -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "alone", "together"),
    [
        ("unreachable", "Deze site geeft geen antwoord", "Het internet doet het even niet"),
        ("timeout", "Deze site is te langzaam", "Het internet doet het even niet"),
        ("unanswered", "Deze site geeft geen antwoord", "Het internet kan even geen sites vinden"),
        ("certificate", "Deze site kan zich niet goed bewijzen", "Sites kunnen zich even niet bewijzen"),
    ],
)
def test_the_page_tells_one_broken_site_from_no_internet(guard: Guard, kind, alone, together) -> None:
    gate = guard.open()
    assert alone in fail(guard, gate, kind, *SITES[:2])
    text = fail(guard, gate, kind, SITES[2])
    assert together in text and "kanarie" not in text
    gate.reached("een.nl", secure=True)
    gate.reached("twee.nl", secure=True)
    assert alone in page(gate.trouble(exchange("https://vier.nl/"), kind))


def test_a_name_with_a_slip_in_it_stays_a_name_that_does_not_exist(guard: Guard) -> None:
    gate = guard.open()
    assert "Deze site bestaat niet" in fail(guard, gate, "dns", *SITES)
    more = fail(guard, gate, "dns", *(f"nog{n}.nl" for n in range(3)))
    assert "geen sites vinden" in more, "all of them are no slips"


def test_a_page_that_may_be_asked_again_looks_by_itself_and_a_form_does_not(guard: Guard) -> None:
    gate = guard.open()
    fail(guard, gate, "unreachable", *SITES)
    read = exchange("https://vijf.nl/")
    waits = {
        page(gate.trouble(read, "unreachable")).partition('http-equiv="refresh" content="')[2][:2] for _ in range(40)
    }
    assert len(waits) > 5 and all(30 <= int(wait) < 60 for wait in waits), "not all screens at once"
    assert 'http-equiv="refresh"' not in page(gate.trouble(replace(read, method="POST"), "unreachable"))


def test_what_a_page_loads_by_itself_tells_of_no_trouble(guard: Guard) -> None:
    gate = guard.open()
    for site in SITES * 3:
        guard.clock.now += SECOND
        gate.trouble(background(f"https://{site}/volgen.js", "script"), "unreachable")
    assert "Deze site geeft geen antwoord" in page(gate.trouble(exchange("https://een.nl/"), "unreachable"))


# --- too much at a time ----------------------------------------------------------------------------------------------


def choke(guard: Guard, gate: Gate) -> None:
    for _ in range(2):
        gate.outcomes.watch.look(conditions.CHOKED)


def test_when_it_is_too_busy_whoever_comes_is_asked_to_wait(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        choke(guard, gate)
        answer = (await gate.ask(exchange("https://leren.nl/"))).answer
        assert answer is not None and answer.status == 503 and "Het is even heel druk" in page(answer)
        wait = dict(answer.headers)["Retry-After"]
        assert f'http-equiv="refresh" content="{wait}"' in page(answer)
        sent = (await gate.ask(replace(exchange("https://leren.nl/"), method="POST"))).answer
        assert sent is not None and 'http-equiv="refresh"' not in page(sent), "a form is not sent again by itself"
        assert "vanzelf" not in page(sent) and "vanzelf" in page(answer)
        small = (await gate.ask(background("https://leren.nl/a.png", "image"))).answer
        assert small is not None and small.status == 503 and not small.body
        english = replace(exchange("https://leren.nl/"), headers={"accept": "text/html", "accept-language": "en"})
        assert "It is very busy" in page((await gate.ask(english)).answer)

    guard.run(work)
    assert guard.events() == [], "nobody did anything"


def test_when_it_gets_late_no_page_is_begun_and_what_is_under_way_goes_on(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        for _ in range(2):
            gate.outcomes.watch.look(conditions.PRESSED)
        assert "Het is even heel druk" in page((await gate.ask(exchange("https://leren.nl/"))).answer)
        part = await gate.ask(background("https://leren.nl/a.png", "image"))
        assert part.answer is None and part.decision is not None and part.decision.open
        typed = await gate.ask(replace(exchange("https://leren.nl/"), method="POST"))
        assert typed.answer is None, "what a child typed is not lost"
        helping = await gate.ask(exchange("https://www.kindertelefoon.nl/"))
        assert helping.answer is None and helping.decision is not None and helping.decision.open
        gate.outcomes.watch.look(0.0)
        assert (await gate.ask(exchange("https://leren.nl/"))).answer is None, "it is over at once"

    guard.run(work)


def test_what_is_closed_is_not_shown_when_it_gets_late(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        for _ in range(2):
            gate.outcomes.watch.look(conditions.PRESSED)
        for asked in (exchange("https://social.com/"), background("https://social.com/a.png", "image")):
            answer = (await gate.ask(asked)).answer
            assert answer is not None and answer.status in (403, 503)

    guard.run(work)


def test_help_is_not_asked_to_wait(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        choke(guard, gate)
        for host in ("www.kindertelefoon.nl", "kindertelefoon.nl"):
            ruling = await gate.ask(exchange(f"https://{host}/"))
            assert ruling.answer is None and ruling.decision is not None and ruling.decision.open
        crying = (await gate.ask(exchange("https://zoek.nl/s?q=ik+wil+dood"))).answer
        assert crying is not None and crying.status == 200 and "busy" not in page(crying)

    guard.run(work)


def test_who_was_let_in_beyond_the_bound_gets_the_page_and_help_does_not(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        full = replace(SAMS, full=True)
        answer = (await gate.ask(exchange("https://leren.nl/", full))).answer
        assert answer is not None and answer.status == 503
        assert (await gate.ask(exchange("https://www.kindertelefoon.nl/", full))).answer is None
        assert (await gate.ask(exchange("https://leren.nl/"))).answer is None

    guard.run(work)


# --- notices ---------------------------------------------------------------------------------------------------------


def test_a_notice_stands_while_it_is_so_and_no_longer(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        fail(guard, gate, "unreachable", *SITES)
        gate.outcomes.watch.look()
        await until(lambda: standing(guard) == [Condition.UPSTREAM])
        for site in ("een.nl", "twee.nl"):
            gate.reached(site, secure=False)
        gate.outcomes.watch.look()
        await until(lambda: standing(guard) == [])

    guard.run(work)
    (past,) = guard.store.notices.past(SCHOOL, LESSON - SECOND, guard.clock.now + SECOND)
    assert past.kind is Condition.UPSTREAM


def test_a_worker_that_stops_takes_its_notices_along(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        fail(guard, gate, "unanswered", *SITES)
        gate.outcomes.watch.look()
        await until(lambda: standing(guard) == [Condition.NAMES])

    guard.run(work)
    assert standing(guard) == []


def test_a_guard_without_rules_says_so(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        gate.live._snapshot = None
        for _ in range(2):
            gate.outcomes.watch.look()
            guard.clock.now += conditions.UNREAD
        await until(lambda: standing(guard) == [Condition.RULES])

    guard.run(work)


def test_faults_and_lists_and_a_crowd_are_told(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        for _ in range(5):
            gate.turned_away("too-many")
            gate.turned_away("garbage")
        for _ in range(3):
            gate.failed(None)
        gate.outcomes.watch.lists = lambda: False
        gate.outcomes.watch.look()
        await until(lambda: standing(guard) == [Condition.OVERLOADED, Condition.FAULTS, Condition.LISTS])

    guard.run(work)


def test_clients_that_send_garbage_are_no_fault_and_no_crowd(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        for _ in range(20):
            gate.turned_away("garbage")
            gate.failed(None, ours=False)
        gate.outcomes.watch.look()
        await asyncio.sleep(0.5)

    guard.run(work)
    assert guard.store.notices.past(SCHOOL, LESSON - SECOND, LESSON + SECOND) == ()


# --- our certificate -------------------------------------------------------------------------------------------------


def refusals(guard: Guard) -> list[tuple[About, str, int]]:
    return [
        (one.refusal.about, one.refusal.name, one.refusal.devices)
        for one in guard.store.refusals.open(SCHOOL, guard.clock.now)
    ]


def refused(guard: Guard, *, name: str = APP, by=(CART[0], CART[1], CART[0]), trusting=CART) -> None:
    """Devices that use other sites well refuse one name."""

    async def work(gate: Gate) -> None:
        for one in trusting:
            await gate.ask(exchange("https://leren.nl/", one))
        for one in by:
            gate.distrusted(one, name)

    guard.run(work)


def test_an_app_that_refuses_us_is_put_before_the_coordinator_by_its_host_alone(guard: Guard) -> None:
    revision = guard.store.revision(SCHOOL)
    refused(guard)
    assert refusals(guard) == [(About.HOST, APP, 2)]
    (kept,) = guard.store.refusals.open(SCHOOL, guard.clock.now)
    assert kept.state is RefusalState.OPEN
    assert guard.store.revision(SCHOOL) == revision, "nothing is opened by it"
    assert guard.events() == []


def test_one_device_and_one_pupil_force_nothing(guard: Guard) -> None:
    refused(guard, by=(CART[0],) * 30)
    refused(guard, by=(CART[0], CART[1], CART[0]), trusting=(CART[0],))
    assert refusals(guard) == []


@pytest.mark.parametrize(
    "name",
    [
        "social.com",  # closed
        "m.social.com",
        "chat.com",
        "vpn.com",  # nobody opens it
        "eigenspel.nl",  # the school closes it
        "www.google.com",  # a search engine: what is searched must be seen
        "baslspoort.nl",  # reads as another name
        "shared.film.com",  # a service: what is said there must be seen
        "archive.org",  # a relay
        "93.184.216.34",
        "nl",
        "www.kindertelefoon.nl",
        "geen naam",
    ],
)
def test_what_is_closed_or_must_be_seen_is_never_put_before_anybody(guard: Guard, name: str) -> None:
    refused(guard, name=name)
    assert refusals(guard) == []


def test_what_only_a_permission_opens_is_not_put_before_anybody(guard: Guard) -> None:
    guard.grant(sites=("social.com",), facets=frozenset({Facet.PLACE}))
    refused(guard, name="social.com")
    assert refusals(guard) == []


def test_a_device_without_the_certificate_is_told_by_its_name_until_it_has_it(guard: Guard) -> None:
    mine = replace(peer(port=KEYED), credentials=basic("chroom-1"))
    both = (mine, peer("10.0.7.2"))  # by key, and by an address of its own

    async def work(gate: Gate) -> None:
        for one in both:
            for number in range(5):
                gate.distrusted(one, f"site{number}.nl")
        await until(lambda: len(refusals(guard)) == 2)
        assert sorted(refusals(guard)) == [(About.DEVICE, "chroom-1", 1), (About.DEVICE, "chroom-2", 1)]
        await gate.ask(exchange("https://leren.nl/", mine))
        await until(lambda: refusals(guard) == [(About.DEVICE, "chroom-2", 1)])

    guard.run(work)


def test_a_cart_and_a_stranger_are_no_device_to_name(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        for one in (CART[0], peer("192.168.1.77"), peer("10.0.8.5")):
            for number in range(9):
                gate.distrusted(one, f"site{number}.nl")

    guard.run(work)
    assert refusals(guard) == []


def test_of_names_without_enough_evidence_nothing_is_written(guard: Guard) -> None:
    refused(guard, name="kanarie.nl", by=CART[:2])
    fail(guard, guard.open(), "dns", "kanarie.nl")
    with guard.store.database.read() as connection:
        from store.columns import metadata

        for table in metadata.sorted_tables:
            assert "kanarie" not in str(connection.execute(table.select()).all()), table.name
