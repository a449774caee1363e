"""Pupils sign in on shared computers: with the code on the board, and as nobody but themselves."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from policy.model import Principal, Sanction, SanctionTarget, Strength
from proxy_addons.facts import Answer, Door, Exchange, Peer
from proxy_addons.gate import Gate
from store.class_codes import MOST_HERE, ClassCode
from store.pictures import MOST_WRONG
from store.sign_ins import SignIn
from tests.cast import at
from tests.proxy_addons.asking import (
    ASK,
    FORM,
    GROUP_7,
    KEYED,
    PAGE,
    PROXY,
    SITE,
    Guard,
    answered,
    basic,
    call,
    device,
    exchange,
    page,
    peer,
)
from tests.store.school import SCHOOL

WIE = "https://wie.wacht.school/_klaswacht/wie"
BELL = at("10:15")
SHARED = peer(name="chroom-2")  # registered, with a key, of nobody
OWN_ADDRESS = peer("10.0.7.2")  # the same, known by its address alone
LOOSE = peer("10.0.7.31")  # somewhere in the cart
PORT = peer("192.168.1.50", GROUP_7)  # only the listener port tells the group
EVERYBODYS = peer("10.0.50.9")  # in a cart that no group has for itself
SAMS, OTHERS = ("sun", "fish", "key"), ("key", "fish", "sun")


@dataclass
class Child:
    """A child at a computer, which taps and types: a browser without a script."""

    gate: Gate
    who: Peer
    answer: Answer = field(default_factory=lambda: Answer(0, (), b""))
    headers: dict[str, str] = field(default_factory=lambda: {"sec-fetch-site": "same-origin"})

    @property
    def text(self) -> str:
        return page(self.answer)

    async def opens(self, url: str = WIE, **headers: str) -> Child:
        made = exchange(url, self.who)
        self.answer = await answered(self.gate, replace(made, headers={**made.headers, **headers}))
        return await self._follows(url)

    async def sends(self, who: Peer | None = None, url: str = WIE, **fields: str) -> Child:
        """Every hidden field of the form that has the step, with what was typed or tapped."""
        form = {**self.hidden(fields.get("stap", "")), **fields}
        made = exchange(url, who or self.who)
        sent = {**made.headers, **self.headers, "content-type": "application/x-www-form-urlencoded"}
        asked: Exchange = replace(made, method="POST", headers=sent, body=urlencode(form).encode())
        self.answer = await answered(self.gate, asked)
        return await self._follows(url)

    def hidden(self, step: str) -> dict[str, str]:
        for form in re.findall(r"<form.*?</form>", self.answer.body.decode(), re.DOTALL):
            found = dict(re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', form))
            if found.get("stap") == step:
                return {name: unescape(value) for name, value in found.items()}
        return {"stap": step}

    async def _follows(self, url: str) -> Child:
        where = dict(self.answer.headers).get("Location", "")
        if self.answer.status == 303 and where.startswith("/"):
            parts = urlsplit(url)
            return await self.opens(f"{parts.scheme}://{parts.netloc}{where}")
        return self

    async def types(self, code: str) -> Child:
        return await self.sends(stap="code", code=code)

    async def taps(self, person: str) -> Child:
        return await self.sends(stap="naam", wie=person)

    async def picks(self, *pictures: str) -> Child:
        for one in pictures:
            await self.sends(stap="plaatjes", plaatje=one)
        return self


@pytest.fixture(autouse=True)
def cart_of_all(guard: Guard) -> None:
    cart = device("cart-of-all", group=None, addresses=("10.0.50.0/24",), key_hash=None)
    guard.store.devices.put(SCHOOL, cart, "cor", guard.clock.now)


def principal(gate: Gate, who: Peer) -> Principal:
    return gate._who(who)


def opened(guard: Guard, group: str = "7") -> ClassCode:
    code = guard.store.class_codes.open(SCHOOL, group, BELL, "anja", guard.clock.now)
    assert code is not None
    return code


def chosen(guard: Guard, *persons: str) -> None:
    for person in persons or ("sam",):
        assert guard.store.pictures.choose(SCHOOL, person, SAMS, person, guard.clock.now)


def waiting(guard: Guard, group: str = "7") -> SignIn:
    (one,) = (one for one in guard.store.sign_ins.of_group(SCHOOL, group, guard.clock.now) if one.state == "waits")
    return one


async def settled(gate: Gate, true: Callable[[], bool]) -> None:
    """The guard hears of it by itself."""
    for _ in range(200):
        if true():
            return
        stirs = gate.live.stirs
        await gate.live.stirred(stirs, 0.05)
    raise AssertionError("the guard did not hear of it")


async def signed_in(guard: Guard, gate: Gate, who: Peer, person: str = "sam") -> Child:
    """With the code of the lesson and own pictures."""
    code = guard.store.class_codes.of(SCHOOL, "7", guard.clock.now) or opened(guard)
    child = await Child(gate, who).opens()
    await child.types(code.code)
    await child.taps(person)
    return await child.picks(*SAMS)


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


# --- what somebody may try --------------------------------------------------------------------------------------------


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


# --- there and back ---------------------------------------------------------------------------------------------------


def test_from_a_site_one_comes_to_the_page_and_back_to_where_one_was(guard: Guard) -> None:
    chosen(guard)

    async def work(gate: Gate) -> None:
        made = exchange(f"{SITE}/_klaswacht/wie", LOOSE)
        came = replace(made, headers={**made.headers, "referer": f"{SITE}/groep/7?tab=1"})
        where = dict((await answered(gate, came)).headers)["Location"]
        assert where.startswith("https://wie.wacht.school/_klaswacht/wie?")
        child = await Child(gate, LOOSE).opens(where)
        await child.types(opened(guard).code)
        await child.taps("sam")
        await child.picks(*SAMS)
        assert f'href="{SITE}/groep/7?tab=1"' in child.text and "Verder naar social.com" in child.text
        told = parse_qs(urlsplit(where).query)
        long = f"{SITE}/{'a' * 3000}"
        far = dict((await answered(gate, replace(came, headers={**came.headers, "referer": long}))).headers)["Location"]
        assert parse_qs(urlsplit(far).query)["terug"] == [f"{SITE}/"]
        forged = urlencode({"terug": "https://kwaad.example/", "merk": told["merk"][0]})
        assert "kwaad.example" not in (await child.opens(f"{WIE}?{forged}")).text

    guard.run(work)


def test_it_says_so_when_it_does_not_work_now(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    from store import StoreUnavailable

    async def work(gate: Gate) -> None:
        def away(*_: object) -> None:
            raise StoreUnavailable("gone")

        monkeypatch.setattr(type(guard.store.sign_ins), "here", away)
        child = await Child(gate, LOOSE).opens()
        assert child.answer.status == 503 and "werkt nu even niet" in child.text

    guard.run(work)


def test_nothing_of_it_is_an_event(guard: Guard) -> None:
    chosen(guard)

    async def work(gate: Gate) -> None:
        child = await Child(gate, LOOSE).opens()
        await child.types("0000")
        await signed_in(guard, gate, LOOSE)

    guard.run(work)
    assert guard.events() == []


def test_an_ask_of_who_is_in_says_who_asks(guard: Guard) -> None:
    chosen(guard)

    async def work(gate: Gate) -> None:
        await signed_in(guard, gate, LOOSE)
        await settled(gate, lambda: principal(gate, LOOSE).person == "sam")
        await answered(gate, call(ASK, PAGE, LOOSE, form=FORM))

    guard.run(work)
    (ask,) = guard.store.incidents.asks(SCHOOL, ("7",))
    assert ask.wish.person == "sam"


def test_whatever_breaks_there_signs_nobody_in_and_says_no_word_of_it(
    guard: Guard, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    chosen(guard)
    code = opened(guard)

    async def work(gate: Gate) -> None:
        def breaks(*_: object, **__: object) -> None:
            raise RuntimeError("sun fish key")

        child = await Child(gate, LOOSE).opens()
        await (await child.types(code.code)).taps("sam")
        monkeypatch.setattr(type(guard.store.pictures), "fit", breaks)
        await child.picks(*SAMS)
        assert child.answer.status == 503 and "fish" not in child.text
        monkeypatch.setattr("proxy_addons.signing.Signing.about", breaks)
        assert (await answered(gate, exchange(WIE, LOOSE))).status == 503
        helps = await gate.ask(exchange("https://www.kindertelefoon.nl/", LOOSE))
        assert helps.answer is None, "help is there"
        assert principal(gate, LOOSE).person is None

    guard.run(work)
    assert "fish" not in caplog.text and code.code not in caplog.text
