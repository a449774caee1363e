"""What somebody may try who signs in: codes, forms, pictures and computers of others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from proxy_addons.facts import Door, Peer
from proxy_addons.gate import Gate
from store.class_codes import MOST_HERE
from store.pictures import MOST_WRONG
from tests.proxy_addons.asking import KEYED, PROXY, Guard, answered, basic, exchange, peer
from tests.proxy_addons.computer import (
    BELL,
    EVERYBODYS,
    LOOSE,
    OTHERS,
    PORT,
    SHARED,
    WIE,
    Child,
    cart_of_all,
    chosen,
    opened,
    principal,
    settled,
    signed_in,
)
from tests.store.school import SCHOOL

__all__ = ["cart_of_all"]


@pytest.mark.evasion("E24")
def test_codes_are_not_found_by_trying(guard: Guard) -> None:
    code = opened(guard)
    wrong = f"{(int(code.code) + 1) % 10_000:04}"

    async def work(gate: Gate) -> None:
        child = await Child(gate, LOOSE).opens()
        for _ in range(MOST_HERE):
            await child.types(wrong)
            assert child.answer.status == 403 and "kloppen niet" in child.text
            assert "Sam" not in child.text, "no names without the code"
        await child.types(code.code)
        assert child.answer.status == 429 and "Sam" not in child.text

    guard.run(work)


@pytest.mark.evasion("E24")
def test_the_code_of_another_group_opens_nothing_here(guard: Guard) -> None:
    opened(guard)
    eight = opened(guard, "8")

    async def work(gate: Gate) -> None:
        child = await Child(gate, LOOSE).opens()
        await child.types(eight.code)
        assert child.answer.status == 403 and ">bo<" not in child.text
        stranger = await Child(gate, EVERYBODYS).opens()
        await stranger.types(eight.code)
        assert ">bo<" in stranger.text and ">Sam<" not in stranger.text
        await stranger.taps("sam")
        assert "Even wachten" not in stranger.text and not guard.store.sign_ins.of_group(
            SCHOOL, "7", guard.clock.now
        ), "of that group's names only"
        await stranger.sends(stap="naam", wie="sam", groep="7")
        assert not guard.store.sign_ins.of_group(SCHOOL, "7", guard.clock.now)

    guard.run(work)


@pytest.mark.evasion("E24")
def test_a_form_is_good_for_its_own_pupil_computer_and_code_only(guard: Guard) -> None:
    chosen(guard, "sam", "noor")

    async def work(gate: Gate) -> None:
        code = opened(guard)
        child = await Child(gate, LOOSE).opens()
        await (await child.types(code.code)).taps("sam")
        pictures = child.answer
        for change in ({"wie": "noor"}, {"groep": "8"}, {"token": "9999999999.0"}):
            child.answer = pictures
            await child.sends(stap="plaatjes", gekozen="sun,fish", plaatje="key", **change)
            assert child.answer.status == 403
        child.answer = pictures
        await child.sends(who=peer("10.0.7.32"), stap="plaatjes", gekozen="sun,fish", plaatje="key")
        assert child.answer.status == 403, "at another computer"
        child.answer = pictures
        while opened(guard).code == code.code:
            pass
        await child.sends(stap="plaatjes", gekozen="sun,fish", plaatje="key")
        assert child.answer.status == 403, "with a code that is gone"
        assert not guard.store.sign_ins.of_group(SCHOOL, "7", guard.clock.now)

    guard.run(work)


@pytest.mark.evasion("E24")
def test_after_the_bell_neither_code_nor_form_is_good_for_anything(guard: Guard) -> None:
    chosen(guard)
    code = opened(guard)

    async def work(gate: Gate) -> None:
        child = await Child(gate, LOOSE).opens()
        await (await child.types(code.code)).taps("sam")
        guard.clock.now = BELL
        await child.sends(stap="plaatjes", gekozen="sun,fish", plaatje="key")
        assert child.answer.status == 403
        await (await Child(gate, LOOSE).opens()).types(code.code)
        assert principal(gate, LOOSE).person is None

    guard.run(work)


@pytest.mark.evasion("E24")
def test_another_s_pictures_are_not_guessed_and_then_the_teacher_is_asked(guard: Guard) -> None:
    chosen(guard)
    code = opened(guard)

    async def work(gate: Gate) -> None:
        child = await Child(gate, LOOSE).opens()
        await (await child.types(code.code)).taps("sam")
        for number in range(MOST_WRONG):
            await child.picks(*OTHERS)
            told = "Even wachten" if number == MOST_WRONG - 1 else "niet jouw plaatjes"
            assert told in child.text
        await (await child.opens(f"{WIE}?anders=1")).types(code.code)
        await child.taps("sam")
        assert "Even wachten" in child.text, "no pictures any more, until a teacher said who it is"
        assert principal(gate, LOOSE).person is None

    guard.run(work)


@pytest.mark.evasion("E24")
@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://spelletjes.example"},
        {"origin": "null"},
    ],
    ids=str,
)
def test_a_site_s_own_form_signs_nobody_in_or_out(guard: Guard, headers: dict[str, str]) -> None:
    chosen(guard)

    async def work(gate: Gate) -> None:
        child = await signed_in(guard, gate, LOOSE)
        child.headers = {**child.headers, **headers}
        await child.sends(stap="klaar")
        assert child.answer.status == 403
        await settled(gate, lambda: principal(gate, LOOSE).person == "sam")

    guard.run(work)


@pytest.mark.evasion("E24")
def test_a_site_s_script_reads_no_name_and_presses_no_button_on_its_own_host(guard: Guard) -> None:
    chosen(guard)

    async def work(gate: Gate) -> None:
        child = await signed_in(guard, gate, LOOSE)
        here = "https://leren.nl/_klaswacht/wie"
        told = await answered(gate, exchange(here, LOOSE))
        assert told.status == 302 and b"Sam" not in told.body, "it only leads away"
        await child.sends(stap="klaar", url=here)
        assert child.answer.status == 405
        fetched = exchange(WIE, LOOSE, headers={"accept": "*/*", "sec-fetch-dest": "empty", "sec-fetch-mode": "cors"})
        assert (await answered(gate, fetched)).status == 403
        whole = await Child(gate, LOOSE).opens()
        sent = dict(whole.answer.headers)
        assert sent["Cross-Origin-Opener-Policy"] == "same-origin" and sent["X-Frame-Options"] == "DENY"
        assert "Access-Control-Allow-Origin" not in sent and sent["Cache-Control"] == "no-store"

    guard.run(work)


@pytest.mark.evasion("E24")
@pytest.mark.parametrize(
    "who",
    [
        *(peer(name="chroom-1"), peer(name="laptop-anja"), peer(name="board")),
        *(peer("10.0.8.5"), peer("10.0.9.1"), peer("192.168.1.60")),
    ],
    ids=["own", "staff", "board", "printer", "staff by address", "a phone from home"],
)
def test_nobody_signs_in_on_what_is_somebody_s_own_or_no_pupil_s_computer(guard: Guard, who: Peer) -> None:
    opened(guard)

    async def work(gate: Gate) -> None:
        child = await Child(gate, who).opens()
        assert child.answer.status == 403 and "Hier kun je niet inloggen" in child.text
        assert "code" not in child.text.partition("<form")[2]

    guard.run(work)


@pytest.mark.evasion("E24")
def test_a_wrong_key_signs_in_nowhere_and_a_key_is_asked_for_where_there_must_be_one(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        wrong = Peer("c", "10.0.7.31", PROXY, basic("chroom-2", "wrong"))
        assert "Hier kun je niet inloggen" in (await Child(gate, wrong).opens()).text
        for who in (Peer("c", "10.0.7.31", KEYED), Peer("c", "10.0.7.31", KEYED, basic("chroom-2", "wrong"))):
            assert gate.enter(who, "wie.wacht.school", 443).door is Door.CHALLENGE
            assert (await answered(gate, exchange(WIE, who))).status == 407
        assert gate.enter(SHARED, "wie.wacht.school", 443).door is Door.INSPECT

    guard.run(work)


@pytest.mark.evasion("E24")
def test_another_port_makes_nobody_somebody_else(guard: Guard) -> None:
    chosen(guard)

    async def work(gate: Gate) -> None:
        await signed_in(guard, gate, PORT)
        await settled(gate, lambda: principal(gate, PORT).person == "sam")
        assert principal(gate, replace(PORT, port=PROXY)).person == "sam"
        assert principal(gate, replace(PORT, address="192.168.1.51")).person is None

    guard.run(work)
