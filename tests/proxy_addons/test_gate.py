"""What happens to a request."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from policy.model import Effect, Reason
from proxy_addons.block_page import Pages
from proxy_addons.facts import Door, Exchange, Peer
from proxy_addons.gate import Gate
from tests.cast import LESSON
from tests.proxy_addons.asking import GROUP_7, NEVER, SAMS, STRANGERS, Guard, background, exchange, page, peer


def test_an_open_site_is_let_through(guard: Guard) -> None:
    ruling = guard.ask(exchange("https://leren.nl/dieren"))
    assert ruling.answer is None and ruling.decision is not None and ruling.decision.open
    assert ruling.request is not None and ruling.request.hosts == ("leren.nl",)


@pytest.mark.evasion("E10")
@pytest.mark.parametrize(
    "changes", [{"connect": "social.com:443"}, {"sni": "social.com"}, {"hosts": ("leren.nl", "social.com")}]
)
def test_every_name_in_play_must_be_open(guard: Guard, changes: dict[str, object]) -> None:
    ruling = guard.ask(exchange("https://leren.nl/", **changes))
    assert ruling.answer is not None and ruling.answer.status == 403


@pytest.mark.evasion("E04")
def test_an_address_inside_an_address_is_judged_and_named_on_the_page(guard: Guard) -> None:
    ruling = guard.ask(exchange("https://translate.google.nl/translate?u=https://social.com/"))
    assert ruling.answer is not None and ruling.answer.status == 403
    assert "social.com" in page(ruling.answer) and "translate.google" not in page(ruling.answer)
    assert guard.events() == [("blocked", "social.com", "place")]


def test_a_request_that_says_in_a_header_what_to_fetch_is_stopped(guard: Guard) -> None:
    asked = background("https://onbekend.example/v3/")
    ruling = guard.ask(replace(asked, headers={**asked.headers, "x-bare-url": "https://leren.nl/"}))
    assert ruling.decision is not None and ruling.decision.reason is Reason.LOCKED


def test_a_permitted_film_is_led_to_by_itself(guard: Guard) -> None:
    guard.grant(items=("film:abc",))
    ruling = guard.ask(exchange("https://film.com/watch?v=abc"))
    assert ruling.answer is not None and ruling.answer.status == 302
    assert dict(ruling.answer.headers)["Location"] == "https://film.com/embed/abc"
    assert [what for what, *_ in guard.events()] == ["permission"], "being led there is no exception"
    assert guard.ask(exchange("https://film.com/embed/abc")).answer is None
    other = guard.ask(exchange("https://film.com/watch?v=xyz"))
    assert other.answer is not None and other.answer.status == 403


def test_a_permission_opens_the_site_until_its_end(guard: Guard) -> None:
    given = guard.grant(categories=("social",))

    async def work(gate: Gate) -> None:
        ruling = await gate.ask(exchange("https://social.com/"))
        assert ruling.answer is None and ruling.decision is not None and ruling.request is not None
        assert ruling.decision.valid_until is not None and ruling.decision.valid_until <= given.end
        guard.clock.now = given.end
        assert gate.reask(ruling.request).effect is Effect.DENY
        assert (await gate.ask(exchange("https://social.com/"))).answer is not None

    guard.run(work)


def test_a_revoked_permission_is_over_at_once(guard: Guard) -> None:
    given = guard.grant(categories=("social",))

    async def work(gate: Gate) -> None:
        ruling = await gate.ask(exchange("https://social.com/"))
        assert ruling.request is not None and gate.reask(ruling.request).open
        before = gate.live.revision
        await asyncio.to_thread(guard.store.grants.revoke, "school", given.id, "anja", guard.clock.now)
        await gate.live.changed(before, NEVER)
        assert not gate.reask(ruling.request).open

    guard.run(work)


def test_who_sat_down_by_a_lease_is_asked_again_when_it_ends(guard: Guard) -> None:
    end = LESSON + timedelta(minutes=5)
    guard.lease("chroom-2", "sam", end)
    guard.grant(groups=frozenset(), people=frozenset({"sam"}), categories=("social",))

    async def work(gate: Gate) -> None:
        ruling = await gate.ask(exchange("https://social.com/", peer("10.0.7.2")))
        assert ruling.answer is None and ruling.request is not None and ruling.decision is not None
        assert ruling.decision.valid_until == end
        guard.clock.now = end
        assert not gate.reask(ruling.request).open

    guard.run(work)


def test_a_stranger_has_no_part_in_the_groups_permission(guard: Guard) -> None:
    guard.grant(categories=("social",))
    assert guard.ask(exchange("https://social.com/", STRANGERS)).answer is not None
    assert guard.ask(exchange("https://social.com/", peer("192.168.1.77", GROUP_7))).answer is None


def test_who_asks_for_help_is_helped_in_a_pause_too(guard: Guard) -> None:
    guard.pause(LESSON + timedelta(minutes=10))
    ruling = guard.ask(exchange("https://zoek.nl/s?q=ik+wil+dood"))
    assert ruling.answer is not None and ruling.answer.status == 200 and "0800-0432" in page(ruling.answer)
    assert guard.ask(exchange("https://www.kindertelefoon.nl/")).answer is None
    assert guard.events() == []


def test_with_everything_broken_help_stays_open_and_the_rest_is_kindly_closed(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        guard.clock.now = None
        closed = await gate.ask(exchange("https://leren.nl/"))
        assert closed.answer is not None and closed.answer.status == 503 and "niet aan jou" in page(closed.answer)
        helped = await gate.ask(exchange("https://kindertelefoon.nl/"))
        assert helped.answer is None and helped.decision is not None and helped.decision.open
        assert gate.enter(SAMS, "leren.nl", 443).door in (Door.INSPECT, Door.REFUSE)
        guard.clock.now = LESSON

    guard.run(work)


def test_before_the_first_rules_everything_is_closed_but_help(guard: Guard) -> None:
    gate = guard.open()

    async def work() -> None:
        closed = await gate.ask(exchange("https://leren.nl/"))
        assert closed.answer is not None and closed.answer.status == 503
        assert (await gate.ask(exchange("https://kindertelefoon.nl/"))).answer is None

    asyncio.run(work())


class _Nonsense(Exchange):
    """An exchange of which nothing can be read."""

    @property
    def headers(self) -> dict[str, str]:
        raise RuntimeError("broken")


def test_the_page_for_trouble_in_the_guard_needs_nothing(guard: Guard) -> None:
    gate = guard.open()
    assert gate.failed(None).status == 503 and "mis" in page(gate.failed(None))
    broken = object.__new__(_Nonsense)
    assert gate.failed(broken).status == 503
    assert gate.failed(background("https://leren.nl/a.png", "image")).body == b""


def test_a_site_that_cannot_be_reached_gets_a_page_that_says_so(guard: Guard) -> None:
    gate = guard.open()
    asked = exchange("https://leren.nl:8443/a?b=secret")
    texts = {kind: page(gate.trouble(asked, kind)) for kind in ("unreachable", "certificate", "dns", "timeout")}
    assert len(set(texts.values())) == 4
    for text in texts.values():
        assert "leren.nl" in text and "secret" not in text
    assert gate.trouble(asked, "something new").status == 502
    assert gate.trouble(background("https://leren.nl/x"), "dns").status == 502


def test_nobody_at_home_to_make_a_page_is_still_a_page(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = guard.open()

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no page")

    monkeypatch.setattr(Pages, "trouble", broken)
    assert gate.trouble(exchange("https://leren.nl/"), "dns").status == 503
    monkeypatch.setattr(Pages, "denied", broken)

    async def work(gate: Gate) -> None:
        ruling = await gate.ask(exchange("https://social.com/"))
        assert ruling.answer is not None and ruling.answer.status == 503

    guard.run(work)


def test_what_was_decided_is_said_with_the_answer(guard: Guard) -> None:
    ruling = guard.ask(exchange("https://social.com/"))
    assert ruling.decision is not None and ruling.decision.reason is Reason.PLACE
    assert ruling.decision.rules == ("social",)


# --- asked ahead -----------------------------------------------------------------------------------------------------

AHEAD = {"sec-purpose": "prefetch;prerender"}


def ahead(url: str) -> Exchange:
    """A browser fetches a page before anybody opens it, to show it at once when somebody does."""
    made = exchange(url)
    return replace(made, headers={**made.headers, **AHEAD})


def test_what_a_browser_fetches_ahead_leads_past_no_agreement_and_no_pause(guard: Guard) -> None:
    assert guard.ask(ahead("https://nieuws.nl/")).answer is None
    guard.agree(LESSON + timedelta(minutes=20), "leren.nl")
    shut = guard.ask(ahead("https://nieuws.nl/")).answer
    assert shut is not None and shut.status == 403 and not shut.body
    assert guard.ask(ahead("https://leren.nl/")).answer is None
    guard.pause(LESSON + timedelta(minutes=5))
    assert guard.ask(ahead("https://leren.nl/")).answer is not None
    assert guard.events() == []


# --- long bodies, of which only the beginning is seen ----------------------------------------------------------------

SAYS = {"content-type": "application/json", "accept": "*/*", "sec-fetch-dest": "empty", "sec-fetch-mode": "cors"}
FILLING = '", "rest": "' + "woorden " * 20_000


async def goes_on(gate: Gate, body: str, who: Peer = SAMS, url: str = "https://unlisted.nl/api/berichten") -> bool:
    head = exchange(url, who, method="POST", headers=SAYS)
    ruling = await gate.ask(head)
    assert ruling.answer is None and ruling.request is not None
    assert ruling.watched
    return gate.sent(replace(head, body=body.encode()[: 64 * 1024]), ruling.request)


def test_a_long_text_is_judged_by_its_beginning(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        assert await goes_on(gate, '{"bericht": "wij leren over egels' + FILLING)
        assert not await goes_on(gate, '{"bericht": "bel me op 06 12345678' + FILLING)
        assert not await goes_on(gate, '{"bericht": "jij bent een kut kind' + FILLING)

    guard.run(work)


def test_a_cry_for_help_in_a_long_text_goes_on_and_is_no_exception(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        assert await goes_on(gate, '{"bericht": "ik wil dood' + FILLING)

    guard.run(work)
    assert guard.events() == []


def test_what_cannot_be_judged_is_cut(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(gate: Gate) -> None:
        head = exchange("https://unlisted.nl/api", method="POST", headers=SAYS)
        ruling = await gate.ask(head)
        assert ruling.request is not None
        monkeypatch.setattr("proxy_addons.translate.of_exchange", NEVER)
        assert not gate.sent(replace(head, body=b"{}"), ruling.request)

    guard.run(work)
