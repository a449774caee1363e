"""What happens to a connection, before there is a request: who looks into it, and what goes through unseen."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta

import pytest

from policy.address import canonical
from policy.inspection import of_page
from policy.model import Action
from proxy_addons import translate
from proxy_addons.facts import Door, Hello, Peer
from proxy_addons.gate import Gate
from tests.cast import KNOWLEDGE, LESSON
from tests.proxy_addons.asking import KEYED, NEVER, SAMS, Guard, exchange, peer

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


def test_only_what_is_on_the_list_goes_through_unseen(guard: Guard) -> None:
    assert door(guard, BANK) is Door.TUNNEL
    assert door(guard, BANK.upper() + ".") is Door.TUNNEL
    assert door(guard, "leren.nl") is Door.INSPECT
    assert door(guard, f"x.{BANK}") is Door.INSPECT
    assert door(guard, BANK, 8443) is Door.INSPECT


@pytest.mark.parametrize(
    "who", [SAMS, ANJAS, PRINTER, peer("192.168.1.77")], ids=["sam", "anja", "printer", "stranger"]
)
@pytest.mark.parametrize(
    "name",
    [BANK, f"x.{BANK}", "leren.nl", "social.com", "adult.com", "kindertelefoon.nl", "tijd.system.com", "wacht.school"],
)
@pytest.mark.parametrize("port", [443, 8443])
def test_what_is_told_about_a_page_is_what_the_door_does(guard: Guard, who: Peer, name: str, port: int) -> None:
    address = canonical(f"https://{name}:{port}/some/page?q=1")

    async def told(gate: Gate) -> tuple[Door, bool]:
        entry = gate.enter(who, name, port)
        assert entry.request is not None and gate.live.snapshot is not None
        page = replace(entry.request, action=Action.VISIT, address=address)
        said = of_page(page, gate.live.snapshot, gate.live.clock())
        return entry.door, said is not None and said.tunnelled

    door, tunnelled = guard.run(told)
    assert tunnelled is (door is Door.TUNNEL)


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


@pytest.mark.evasion("E10")
def test_a_tunnel_says_the_name_it_was_opened_for(guard: Guard) -> None:
    assert hello(guard, f"{BANK}:443", BANK) is Door.TUNNEL
    assert hello(guard, BANK, "social.com") is Door.REFUSE
    assert hello(guard, BANK, f"x.{BANK}") is Door.REFUSE
    assert hello(guard, BANK, None) is Door.REFUSE
    assert hello(guard, BANK, "a b") is Door.REFUSE


@pytest.mark.evasion("E06")
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


@pytest.mark.evasion("E10")
def test_the_name_in_the_hello_opens_nothing_that_the_connect_did_not(guard: Guard) -> None:
    assert hello(guard, "social.com", BANK) is Door.INSPECT
    assert hello(guard, f"{BANK}:8443", BANK) is Door.INSPECT
    assert hello(guard, "leren.nl", "leren.nl") is Door.INSPECT
    assert hello(guard, None, None) is Door.INSPECT


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


def test_a_log_tells_where_it_broke_but_not_what_was_asked(
    guard: Guard, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("https://social.com/geheim")

    for name in ("of_connect", "of_hello", "of_exchange"):
        monkeypatch.setattr(translate, name, broken)
    assert door(guard, "social.com") is Door.REFUSE
    assert guard.ask(exchange("https://social.com/geheim")).answer is not None
    assert caplog.text.count("RuntimeError at test_entering.py") == 2
    assert "geheim" not in caplog.text
