"""The self-test of a device: green only when all four pages are closed, red when one opens or nothing comes by."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import pytest

from config import load
from config.texts import say
from policy.model import DeviceClass, Rule
from proxy_addons.facts import Answer, Door, Exchange, Hello, Peer, Ruling
from proxy_addons.gate import Gate, Options, open_gate
from proxy_addons.names.front import Place
from proxy_addons.self_test import ADDRESSES, SAID, is_probe, verdict_of
from proxy_addons.self_test_words import AWAY, OPEN, SHUT
from store.self_tests import NO_DEVICE, PAGES, Probe
from tests.cast import at
from tests.proxy_addons.asking import PROXY, SAMS, Guard, device, exchange, page, peer
from tests.store.school import SCHOOL

PUPILS = "wacht.klaswacht.internal"
PAGE = 8083
TEST = f"http://{PUPILS}/_klaswacht/test"
KNOWN = load.knowledge()
ORIGIN = f"http://{PUPILS}"
SUNDAY = "2026-09-13"
STRAIGHT = Peer("page-1", "10.0.7.2", PAGE)
ALL_SHUT = {probe.value: SHUT for probe in PAGES}
ALL_AWAY = {probe.value: AWAY for probe in PAGES}


@dataclass
class Tried:
    """A gate with the factory's lists and rules, that knows where devices find it."""

    guard: Guard

    def gate(self) -> Gate:
        place = Place("klaswacht.internal", PUPILS, "192.168.1.2", PROXY, 8081, PAGE)
        options = Options(SCHOOL, place=place, secret=b"s" * 32)
        return open_gate(self.guard.store, KNOWN, options, self.guard.clock)

    def ask(self, *asked: Exchange) -> list[Ruling]:
        async def main() -> list[Ruling]:
            gate = self.gate()
            await gate.start()
            try:
                return [await gate.ask(one) for one in asked]
            finally:
                await gate.stop()

        return asyncio.run(main())

    def answer(self, asked: Exchange) -> Answer:
        (ruling,) = self.ask(asked)
        assert ruling.answer is not None
        return ruling.answer

    def probes(self, who: Peer = SAMS) -> dict[Probe, str]:
        """What the four pages say of themselves to a device."""
        rulings = self.ask(*(exchange(ADDRESSES[probe], who) for probe in PAGES))
        return {probe: dict(one.answer.headers)[SAID] for probe, one in zip(PAGES, rulings, strict=True) if one.answer}


@pytest.fixture
def school(guard: Guard) -> Tried:
    policy = load.factory_policy("kalisto")
    assert guard.store.policies.add(SCHOOL, policy, "test", "cor", guard.clock.now)
    return Tried(guard)


def test_the_four_pages_stay_closed_for_a_pupil_with_the_page_that_a_child_would_get(school: Tried) -> None:
    assert school.probes() == dict.fromkeys(PAGES, SHUT)
    shown = page(school.answer(exchange(ADDRESSES[Probe.SOCIAL])))
    assert say("page.place.title", "nl") in shown
    assert 'data-panel="ask"' not in shown and "data-wait" not in shown  # nothing will open, nobody is asked
    assert say("page.locked.title", "nl") in page(school.answer(exchange(ADDRESSES[Probe.FLOOR])))
    assert say("page.words.title", "nl") in page(school.answer(exchange(ADDRESSES[Probe.WORDS])))


@pytest.mark.parametrize("protocol", load.protocol_names())
def test_they_are_closed_under_every_protocol(guard: Guard, protocol: str) -> None:
    assert guard.store.policies.add(SCHOOL, load.factory_policy(protocol), "test", "cor", guard.clock.now)
    assert Tried(guard).probes(peer("192.168.1.77")) == dict.fromkeys(PAGES, SHUT)


@pytest.mark.parametrize("moment", [at("12:10"), at("20:00"), at("11:00", SUNDAY)])
def test_in_a_break_in_the_evening_and_on_sunday_it_is_as_in_the_next_lesson(school: Tried, moment: object) -> None:
    school.guard.clock.now = moment
    assert school.probes() == dict.fromkeys(PAGES, SHUT)
    assert say("page.place.title", "nl") in page(school.answer(exchange(ADDRESSES[Probe.SOCIAL])))
    assert "volgende les" in page(school.answer(exchange(TEST)))


def test_what_the_school_opened_itself_loads_and_says_so_in_capitals(school: Tried) -> None:
    policy = load.factory_policy("kalisto")
    opened = replace(policy, rules=tuple(rule for rule in policy.rules if not _closes(rule, "social")))
    assert school.guard.store.policies.add(SCHOOL, opened, "test", "cor", school.guard.clock.now)
    assert school.probes()[Probe.SOCIAL] == OPEN
    answer = school.answer(exchange(ADDRESSES[Probe.SOCIAL]))
    assert answer.status == 200 and "NIET GEBLOKKEERD" in page(answer)
    (tested,) = school.guard.store.self_tests.newest(SCHOOL)
    assert tested.went[Probe.SOCIAL] is False and not tested.good


def _closes(rule: Rule, category: str) -> bool:
    return category in rule.categories


def test_a_device_of_staff_is_told_that_more_is_open_there_and_nothing_is_fetched(school: Tried) -> None:
    laptop = peer("10.0.9.1")
    assert school.probes(laptop)[Probe.FLOOR] == SHUT
    assert "medewerker" in page(school.answer(exchange(TEST, laptop)))

    async def doors(gate: Gate) -> list[Door]:
        host = ADDRESSES[Probe.SOCIAL].split("/")[2]
        printer = peer("10.0.8.5")
        entered = gate.enter(printer, host, 443).door
        return [entered, gate.hello(printer, Hello(f"{host}:443", host)).door]

    async def main() -> list[Door]:
        gate = school.gate()
        await gate.start()
        try:
            return await doors(gate)
        finally:
            await gate.stop()

    assert asyncio.run(main()) == [Door.INSPECT, Door.INSPECT]  # a tunnel would lead to nowhere


def test_without_rules_nothing_is_proved(school: Tried) -> None:
    async def main() -> list[Ruling]:
        gate = school.gate()  # never started: there is no snapshot
        return [await gate.ask(exchange(ADDRESSES[probe])) for probe in PAGES]

    answers = [ruling.answer for ruling in asyncio.run(main())]
    assert [dict(one.headers)[SAID] for one in answers if one] == ["storing"] * 4
    assert school.guard.store.self_tests.newest(SCHOOL) == ()


def test_of_a_test_is_kept_the_device_and_what_was_closed_and_nothing_else(school: Tried) -> None:
    school.probes()
    school.ask(exchange(TEST))
    (tested,) = school.guard.store.self_tests.newest(SCHOOL)
    assert tested.device == "chroom-1" and tested.good and tested.went[Probe.WAY]
    assert school.guard.store.events.latest(SCHOOL) == ()  # no exception of a child, not on any screen
    assert school.guard.store.events.counts(SCHOOL, at("00:00")) == ()


def test_devices_that_nobody_registered_are_one_line_without_an_address(school: Tried) -> None:
    school.probes(peer("192.168.1.77"))
    school.probes(peer("192.168.1.78"))
    (tested,) = school.guard.store.self_tests.newest(SCHOOL)
    assert tested.device == NO_DEVICE


def test_only_our_own_page_may_read_what_came_of_it(school: Tried) -> None:
    def readable(origin: str) -> bool:
        asked = exchange(
            ADDRESSES[Probe.SOCIAL], headers={"accept": "*/*", "sec-fetch-dest": "empty", "origin": origin}
        )
        return dict(school.answer(asked).headers).get("Access-Control-Allow-Origin") == origin

    assert readable(ORIGIN)
    assert not readable("https://klets.nl")
    policy = dict(school.answer(exchange(TEST)).headers)["Content-Security-Policy"]
    assert "connect-src 'self' https://*.klaswacht-proef.test http://*.klaswacht-proef.test" in policy


def test_the_page_has_the_four_links_and_works_without_scripts(school: Tried) -> None:
    shown = page(school.answer(exchange(TEST)))
    for probe in PAGES:
        assert f'href="{ADDRESSES[probe].replace("&", "&amp;")}"' in shown
    assert "unscripted" in shown and say("selftest.by_hand", "nl").split(".")[0] in shown
    assert 'id="untried"' in shown


def test_a_device_that_came_straight_to_the_page_and_reaches_nothing_is_red(school: Tried) -> None:
    fields = "&".join(f"{probe}={said}" for probe, said in ALL_AWAY.items())
    shown = page(school.answer(exchange(f"{TEST}?{fields}", STRAIGHT)))
    assert say("selftest.verdict.around", "nl") in shown and "verdict bad" in shown
    (tested,) = school.guard.store.self_tests.newest(SCHOOL)
    assert tested.went == {Probe.WAY: False}


def test_all_four_closed_is_green(school: Tried) -> None:
    fields = "&".join(f"{probe}={said}" for probe, said in ALL_SHUT.items())
    shown = page(school.answer(exchange(f"{TEST}?{fields}")))
    assert say("selftest.verdict.good", "nl") in shown and "verdict good" in shown


def test_below_the_pupils_host_and_on_another_site_it_leads_to_the_one_page(school: Tried) -> None:
    short = school.answer(exchange(f"http://{PUPILS}/test"))
    assert dict(short.headers)["Location"] == "/_klaswacht/test"
    elsewhere = school.answer(exchange("https://example.org/_klaswacht/test"))
    assert dict(elsewhere.headers)["Location"] == TEST


@pytest.mark.parametrize(
    ("outcomes", "straight", "verdict"),
    [
        (ALL_SHUT, False, "good"),
        (ALL_AWAY, True, "around"),
        (ALL_AWAY, False, "unclear"),
        ({**ALL_SHUT, "social": OPEN}, False, "open"),
        ({**ALL_AWAY, "plain": SHUT}, False, "certificate"),
        ({**ALL_AWAY, "plain": SHUT}, True, "names"),
        ({**ALL_SHUT, "floor": "storing"}, False, "fault"),
        ({**ALL_SHUT, "plain": ""}, False, ""),
        ({}, False, ""),
    ],
)
def test_what_the_outcomes_come_to(outcomes: dict[str, str], straight: bool, verdict: str) -> None:
    assert verdict_of(outcomes, straight=straight) == verdict


def test_made_up_pages_below_the_name_are_not_there(school: Tried) -> None:
    assert school.answer(exchange("https://iets.klaswacht-proef.test/")).status == 404
    assert school.answer(exchange(f"https://zoeken.{'klaswacht-proef.test'}/")).status == 404
    assert is_probe("iets.klaswacht-proef.test") and not is_probe("klaswacht-proef.test.evil.nl")


def test_the_digiboard_follows_its_group(school: Tried) -> None:
    board = device("board-2", DeviceClass.DIGIBOARD, addresses=("10.0.7.98",), key_hash=None)
    school.guard.store.devices.put(SCHOOL, board, "cor", school.guard.clock.now)
    assert school.probes(peer("10.0.7.98"))[Probe.FLOOR] == SHUT


def test_the_pages_have_their_place_in_the_lists() -> None:
    categories = {probe: KNOWN.categories.categories(ADDRESSES[probe].split("/")[2]) for probe in PAGES}
    assert categories[Probe.SOCIAL] == {"social"} and categories[Probe.FLOOR] == {"malware"}
    assert categories[Probe.PLAIN] == {"chat"} and not categories[Probe.WORDS]
