"""Pupils sign in on shared computers: with the code on the board, and as nobody but themselves."""

from __future__ import annotations

import pytest

from policy.model import Sanction, SanctionTarget, Strength
from proxy_addons.facts import Peer
from proxy_addons.gate import Gate
from tests.proxy_addons.asking import Guard, exchange, peer
from tests.proxy_addons.computer import (
    BELL,
    EVERYBODYS,
    LOOSE,
    OTHERS,
    OWN_ADDRESS,
    PORT,
    SAMS,
    SHARED,
    WIE,
    Child,
    cart_of_all,
    chosen,
    opened,
    principal,
    settled,
    signed_in,
    waiting,
)
from tests.store.school import SCHOOL

__all__ = ["cart_of_all"]


@pytest.mark.parametrize(
    ("who", "strength"),
    [
        (SHARED, Strength.PROVED),
        (OWN_ADDRESS, Strength.CLAIMED),
        (LOOSE, Strength.CLAIMED),
        (PORT, Strength.CLAIMED),
        (EVERYBODYS, Strength.CLAIMED),
    ],
    ids=["key", "own address", "range", "port", "cart of all"],
)
def test_own_pictures_let_in_and_make_no_more_sure_than_the_device_is(
    guard: Guard, who: Peer, strength: Strength
) -> None:
    chosen(guard)

    async def work(gate: Gate) -> None:
        assert principal(gate, who).person is None
        child = await signed_in(guard, gate, who)
        assert child.answer.status == 200
        assert "Hoi Sam, je bent binnen tot 10:15" in child.text
        await settled(gate, lambda: principal(gate, who).person == "sam")
        found = principal(gate, who)
        assert (found.strength, found.groups) == (strength, ("7",))
        guard.clock.now = BELL
        assert principal(gate, who).person is None, "past the bell nobody is in"

    guard.run(work)


def test_a_name_alone_is_nobody_until_the_teacher_says_so(guard: Guard) -> None:
    code = opened(guard)

    async def work(gate: Gate) -> None:
        child = await Child(gate, LOOSE).opens()
        await child.types(f" {code.code[:2]} {code.code[2:]} ")
        assert "Sam" in child.text and "Noor" in child.text and ">bo<" not in child.text
        await child.taps("sam")
        one = waiting(guard)
        assert "Even wachten, Sam" in child.text and f"<strong>{one.number}</strong>" in child.text
        assert 'http-equiv="refresh"' in child.text
        assert principal(gate, LOOSE).person is None
        await child.opens(f"{WIE}?wacht=1")
        assert "Even wachten" in child.text
        guard.store.sign_ins.confirm(SCHOOL, one.id, "7", "anja", guard.clock.now)
        await settled(gate, lambda: principal(gate, LOOSE).person == "sam")
        await child.opens(f"{WIE}?wacht=1")
        assert "Hoi Sam" in child.text and "Kies je eigen plaatjes" in child.text

    guard.run(work)


def test_on_a_device_with_its_key_the_teacher_s_word_proves_who_it_is(guard: Guard) -> None:
    code = opened(guard)

    async def work(gate: Gate) -> None:
        child = await Child(gate, SHARED).opens()
        await (await child.types(code.code)).taps("sam")
        assert principal(gate, SHARED).person is None
        guard.store.sign_ins.confirm(SCHOOL, waiting(guard).id, "7", "anja", guard.clock.now)
        await settled(gate, lambda: principal(gate, SHARED).person == "sam")
        assert principal(gate, SHARED).strength is Strength.PROVED
        assert principal(gate, OWN_ADDRESS).strength is Strength.CLAIMED

    guard.run(work)


def test_the_teacher_s_no_is_told_kindly(guard: Guard) -> None:
    code = opened(guard)

    async def work(gate: Gate) -> None:
        child = await Child(gate, LOOSE).opens()
        await (await child.types(code.code)).taps("sam")
        guard.store.sign_ins.refuse(SCHOOL, waiting(guard).id, "7", "anja", guard.clock.now)
        await child.opens(f"{WIE}?wacht=1")
        assert "zei nee" in child.text and child.answer.status == 200
        assert principal(gate, LOOSE).person is None

    guard.run(work)


def test_whom_a_teacher_let_in_chooses_own_pictures_and_needs_nobody_the_next_time(guard: Guard) -> None:
    code = opened(guard)

    async def work(gate: Gate) -> None:
        child = await Child(gate, LOOSE).opens()
        await (await child.types(code.code)).taps("sam")
        guard.store.sign_ins.confirm(SCHOOL, waiting(guard).id, "7", "anja", guard.clock.now)
        await child.opens(f"{WIE}?plaatjes=1")
        await child.picks("sun", "sun", "sun")
        assert "Kies niet drie keer hetzelfde" in child.text
        await child.picks(*SAMS, *OTHERS)
        assert "niet twee keer hetzelfde" in child.text
        await child.picks(*SAMS, *SAMS)
        assert "We bewaren je plaatjes" in child.text
        await child.sends(stap="klaar")
        assert "Tot de volgende keer" in child.text
        await settled(gate, lambda: principal(gate, LOOSE).person is None)
        again = await signed_in(guard, gate, LOOSE)
        assert "Hoi Sam" in again.text and "Kies je eigen plaatjes" not in again.text

    guard.run(work)


def test_a_permission_of_one_child_opens_for_that_child_and_closes_when_it_is_done(guard: Guard) -> None:
    chosen(guard)

    async def work(gate: Gate) -> None:
        guard.grant(groups=frozenset(), people=frozenset({"sam"}), sites=("social.com",))
        await settled(gate, lambda: bool(gate.live.snapshot and gate.live.snapshot.state.grants))
        site = exchange("https://social.com/", LOOSE)
        assert (await gate.ask(site)).answer is not None
        child = await signed_in(guard, gate, LOOSE)
        await settled(gate, lambda: principal(gate, LOOSE).person == "sam")
        open_now = await gate.ask(site)
        assert open_now.answer is None and open_now.request is not None and open_now.decision is not None
        assert (await gate.ask(exchange("https://social.com/", peer("10.0.7.32")))).answer is not None, "a neighbour"
        assert open_now.decision.valid_until is not None and open_now.decision.valid_until <= BELL
        await child.sends(stap="klaar")
        await settled(gate, lambda: principal(gate, LOOSE).person is None)
        assert not gate.reask(open_now.request).open, "what was open of it closes too"

    guard.run(work)


def test_a_ban_lands_on_the_very_child_at_a_keyed_device_and_on_nobody_by_address(guard: Guard) -> None:
    chosen(guard, "sam", "noor")

    async def work(gate: Gate) -> None:
        ban = Sanction("", "sam", SanctionTarget.CHROMEBOOK, guard.clock.now, BELL, "ria")
        guard.store.measures.add_sanction(SCHOOL, ban, guard.clock.now)

        def shut(who: Peer) -> bool:
            entry = gate.enter(who, "onbekend.example", 443)
            return entry.decision is not None and not entry.decision.open

        await signed_in(guard, gate, LOOSE)
        await settled(gate, lambda: principal(gate, LOOSE).person == "sam")
        assert not shut(LOOSE), "the address may be another child's by now"
        await signed_in(guard, gate, SHARED)
        await settled(gate, lambda: principal(gate, SHARED).person == "sam")
        assert shut(SHARED)
        await (await Child(gate, SHARED).opens()).sends(stap="klaar")
        await signed_in(guard, gate, SHARED, "noor")
        await settled(gate, lambda: principal(gate, SHARED).person == "noor")
        assert not shut(SHARED), "a ban of one child never lands on another"

    guard.run(work)


def test_who_comes_elsewhere_leaves_the_first_computer(guard: Guard) -> None:
    chosen(guard)

    async def work(gate: Gate) -> None:
        await signed_in(guard, gate, LOOSE)
        await signed_in(guard, gate, PORT)
        await settled(gate, lambda: principal(gate, PORT).person == "sam")
        assert principal(gate, LOOSE).person is None
        assert "Op het bord staan" in (await Child(gate, LOOSE).opens()).text

    guard.run(work)


@pytest.mark.evasion("E24")
def test_where_somebody_is_in_by_address_the_next_one_waits_for_the_teacher(guard: Guard) -> None:
    chosen(guard, "sam", "noor")

    async def work(gate: Gate) -> None:
        await signed_in(guard, gate, LOOSE)
        child = await Child(gate, LOOSE).opens(f"{WIE}?anders=1")
        await child.types(opened(guard).code)
        assert ">Sam<" not in child.text, "who is in here is not asked again"
        await child.taps("noor")
        assert "Even wachten, Noor" in child.text
        await settled(gate, lambda: principal(gate, LOOSE).person == "sam")
        guard.store.sign_ins.confirm(SCHOOL, waiting(guard).id, "7", "anja", guard.clock.now)
        await settled(gate, lambda: principal(gate, LOOSE).person == "noor")

    guard.run(work)
