"""What happens to a connection and to a request."""

from __future__ import annotations

import asyncio
import base64
import gzip
from dataclasses import replace
from datetime import timedelta

import pytest

from config.texts import has, say
from policy.kinds import UNSAFE_SEARCH
from policy.model import Decision, Effect, LiftableBy, Principal, Reason, Role
from policy.search import Engine, Engines, SafeSearch
from proxy_addons import translate
from proxy_addons.block_page import Pages
from proxy_addons.facts import Door, Exchange, Hello, Peer, Rewrite
from proxy_addons.gate import Gate
from proxy_addons.telling import can_ask, page_of
from tests.cast import KNOWLEDGE, LESSON
from tests.proxy_addons.asking import (
    GROUP_7,
    KEYED,
    NEVER,
    SAMS,
    STRANGERS,
    Guard,
    background,
    exchange,
    page,
    peer,
)

ANJAS = peer(name="laptop-anja")
PRINTER = peer("10.0.8.5")
BANK = "mijn.bank.nl"


@pytest.fixture
def guard(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> Guard:
    """The school, with a bank that nobody looks into."""
    monkeypatch.setattr("tests.proxy_addons.asking.KNOWLEDGE", replace(KNOWLEDGE, tunnels={BANK: "bank"}))
    return guard


def door(guard: Guard, host: str, port: int = 443, who: Peer = SAMS) -> Door:
    async def enter(gate: Gate) -> Door:
        return gate.enter(who, host, port).door

    return guard.run(enter)


def hello(
    guard: Guard,
    connect: str | None,
    sni: str | None,
    *,
    alpn: tuple[str, ...] = (),
    ech: bool = False,
    who: Peer = SAMS,
) -> Door:
    async def greet(gate: Gate) -> Door:
        return gate.hello(who, Hello(connect, sni, alpn, ech)).door

    return guard.run(greet)


# --- connections ---------------------------------------------------------------------------------------------------


def test_only_what_is_on_the_list_goes_through_unseen(guard: Guard) -> None:
    assert door(guard, BANK) is Door.TUNNEL
    assert door(guard, BANK.upper() + ".") is Door.TUNNEL
    assert door(guard, "leren.nl") is Door.INSPECT
    assert door(guard, f"x.{BANK}") is Door.INSPECT
    assert door(guard, BANK, 8443) is Door.INSPECT


def test_a_closed_site_is_let_in_so_that_the_page_can_be_shown(guard: Guard) -> None:
    assert door(guard, "social.com") is Door.INSPECT


def test_a_name_that_cannot_be_read_is_refused(guard: Guard) -> None:
    assert door(guard, "a b") is Door.REFUSE
    assert door(guard, "") is Door.REFUSE


def test_machines_and_help_and_the_guards_own_pages_are_not_listened_to(guard: Guard) -> None:
    assert door(guard, "tijd.system.com") is Door.TUNNEL
    assert door(guard, "chat.kindertelefoon.nl") is Door.TUNNEL
    assert door(guard, "wacht.school", 8443) is Door.TUNNEL
    assert door(guard, "betalen.nl", who=PRINTER) is Door.TUNNEL


def test_staff_is_not_inspected_but_for_the_page(guard: Guard) -> None:
    assert door(guard, "social.com", who=ANJAS) is Door.TUNNEL
    assert door(guard, "adult.com", who=ANJAS) is Door.INSPECT


def test_the_keyed_listener_asks_for_a_key(guard: Guard) -> None:
    assert door(guard, "leren.nl", who=peer(port=KEYED)) is Door.CHALLENGE
    assert door(guard, "leren.nl", who=peer(port=KEYED, name="chroom-1")) is Door.INSPECT
    ruling = guard.ask(exchange("http://leren.nl/", peer(port=KEYED)))
    assert ruling.answer is not None and ruling.answer.status == 407
    assert dict(ruling.answer.headers)["Proxy-Authenticate"].startswith("Basic ")


WRONG = "Basic " + base64.b64encode(b"chroom-1:geraden").decode()


def test_a_made_up_key_is_asked_for_again_and_opens_nothing(guard: Guard) -> None:
    made_up = replace(peer(port=KEYED), credentials=WRONG)
    assert door(guard, "leren.nl", who=made_up) is Door.CHALLENGE
    ruling = guard.ask(exchange("http://leren.nl/", made_up))
    assert ruling.answer is not None and ruling.answer.status == 407


@pytest.mark.parametrize("credentials", [None, WRONG])
def test_help_and_the_guards_own_pages_ask_for_no_key(guard: Guard, credentials: str | None) -> None:
    nobody = replace(peer(port=KEYED), credentials=credentials)
    assert door(guard, "chat.kindertelefoon.nl", who=nobody) is Door.TUNNEL
    assert door(guard, "wacht.school", 8443, who=nobody) is Door.TUNNEL
    ruling = guard.ask(exchange("http://www.kindertelefoon.nl/", nobody))
    assert ruling.answer is None


def test_in_a_pause_and_under_an_agreement_nothing_goes_through_unseen(guard: Guard) -> None:
    guard.agree(LESSON + timedelta(minutes=20), "leren.nl")
    assert door(guard, BANK) is Door.INSPECT
    guard.pause(LESSON + timedelta(minutes=10))
    assert door(guard, BANK) is Door.INSPECT
    assert door(guard, "kindertelefoon.nl") is Door.TUNNEL


def test_a_tunnel_says_the_name_it_was_opened_for(guard: Guard) -> None:
    assert hello(guard, f"{BANK}:443", BANK) is Door.TUNNEL
    assert hello(guard, BANK, "social.com") is Door.REFUSE
    assert hello(guard, BANK, f"x.{BANK}") is Door.REFUSE
    assert hello(guard, BANK, None) is Door.REFUSE
    assert hello(guard, BANK, "a b") is Door.REFUSE


def test_a_hidden_name_is_never_tunnelled(guard: Guard) -> None:
    assert hello(guard, BANK, BANK, ech=True) is Door.INSPECT
    assert hello(guard, "kindertelefoon.nl", "kindertelefoon.nl", ech=True) is Door.INSPECT


@pytest.mark.parametrize(
    "protocol",
    ["acme-tls/1", "dot", "doq", "xmpp-client", "stun.turn", "webrtc", "h3", "http/0.9", "H2", ""],
)
def test_what_is_no_web_is_never_tunnelled(guard: Guard, protocol: str) -> None:
    for name in (BANK, "kindertelefoon.nl"):
        assert hello(guard, name, name, alpn=("h2", "http/1.1")) is Door.TUNNEL
        assert hello(guard, name, name, alpn=("http/1.0",)) is Door.TUNNEL
        assert hello(guard, name, name, alpn=(protocol,)) is Door.INSPECT
        assert hello(guard, name, name, alpn=("h2", "http/1.1", protocol)) is Door.INSPECT


def test_the_name_in_the_hello_opens_nothing_that_the_connect_did_not(guard: Guard) -> None:
    assert hello(guard, "social.com", BANK) is Door.INSPECT
    assert hello(guard, f"{BANK}:8443", BANK) is Door.INSPECT
    assert hello(guard, "leren.nl", "leren.nl") is Door.INSPECT
    assert hello(guard, None, None) is Door.INSPECT


# --- requests ------------------------------------------------------------------------------------------------------


def test_an_open_site_is_let_through(guard: Guard) -> None:
    ruling = guard.ask(exchange("https://leren.nl/dieren"))
    assert ruling.answer is None and ruling.decision is not None and ruling.decision.open
    assert ruling.request is not None and ruling.request.hosts == ("leren.nl",)


@pytest.mark.parametrize(
    "changes", [{"connect": "social.com:443"}, {"sni": "social.com"}, {"hosts": ("leren.nl", "social.com")}]
)
def test_every_name_in_play_must_be_open(guard: Guard, changes: dict[str, object]) -> None:
    ruling = guard.ask(exchange("https://leren.nl/", **changes))
    assert ruling.answer is not None and ruling.answer.status == 403


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


def test_a_pause_does_not_break_off_what_runs_but_what_nobody_sees(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        sent = (await gate.ask(exchange("https://leren.nl/werkstuk", method="POST"))).request
        assert sent is not None and sent.navigation
        tunnel = gate.enter(peer("127.0.0.1", name="chroom-1"), BANK, 443).request
        assert tunnel is not None and gate.reask(tunnel).open
        revision = gate.live.revision
        guard.pause(LESSON + timedelta(minutes=10))
        assert await gate.live.changed(revision, NEVER) > revision
        assert gate.reask(sent).open
        assert not gate.reask(tunnel).open
        assert (await gate.ask(exchange("https://leren.nl/werkstuk"))).answer is not None

    guard.run(work)


def test_who_asks_for_help_is_helped_in_a_pause_too(guard: Guard) -> None:
    guard.pause(LESSON + timedelta(minutes=10))
    ruling = guard.ask(exchange("https://zoek.nl/s?q=ik+wil+dood"))
    assert ruling.answer is not None and ruling.answer.status == 200 and "0800-0432" in page(ruling.answer)
    assert guard.ask(exchange("https://www.kindertelefoon.nl/")).answer is None
    assert guard.events() == []


def test_with_everything_broken_help_stays_open_and_the_rest_is_kindly_closed(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        guard.clock.now = None  # type: ignore[assignment]
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
    def headers(self) -> dict[str, str]:  # type: ignore[override]
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


def test_a_log_tells_where_it_broke_but_not_what_was_asked(
    guard: Guard, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("https://social.com/geheim")

    for name in ("of_connect", "of_hello", "of_exchange"):
        monkeypatch.setattr(translate, name, broken)
    assert door(guard, "social.com") is Door.REFUSE
    assert guard.ask(exchange("https://social.com/geheim")).answer is not None
    assert caplog.text.count("RuntimeError at test_gate.py") == 2
    assert "geheim" not in caplog.text


# --- searching -----------------------------------------------------------------------------------------------------

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


def test_a_pupils_search_is_sent_on_with_the_word_that_makes_it_safe(searching: Guard) -> None:
    ruling = searching.ask(exchange("https://zoek.nl/s?q=kat&safe=off"))
    assert ruling.answer is None and ruling.rewrite == Rewrite("/s?q=kat&safe=on")
    assert searching.ask(exchange("https://leren.nl/?q=kat")).rewrite is None
    assert searching.ask(exchange("https://zoek.nl/s?q=kat&safe=off", ANJAS)).rewrite is None


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


def test_an_engine_that_cannot_be_safe_has_a_page_of_its_own(searching: Guard) -> None:
    told = page_of(Decision(Effect.DENY, Reason.PLACE, category=UNSAFE_SEARCH))
    assert told == "unsafe_search"
    for lang in ("nl", "en"):
        assert "Kiddle" in say(f"page.{told}.now", lang)


def test_a_search_for_help_is_answered_whatever_breaks(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> object:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("proxy_addons.translate.judged", broken)

    async def work(gate: Gate) -> None:
        assert "0800-0432" in page((await gate.ask(exchange("https://zoek.nl/s?q=ik+wil+dood"))).answer)
        other = (await gate.ask(exchange("https://zoek.nl/s?q=vulkaan"))).answer
        assert other is not None and other.status == 503

    guard.run(work)


def test_what_does_not_fit_the_school_has_a_page_of_its_own_and_nobody_is_asked_for_it() -> None:
    decision = Decision(Effect.DENY, Reason.PLACE, category="identity", liftable_by=LiftableBy.MANAGEMENT)
    assert page_of(decision) == "identity"
    assert not can_ask(decision, Principal(Role.PUPIL, groups=("7",)))
    for lang in ("nl", "en"):
        for part in ("title", "what", "why", "now"):
            assert has(f"page.identity.{part}", lang)


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
