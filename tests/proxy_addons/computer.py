"""A child at a shared computer, that taps and types: for the tests of signing in."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from html import unescape
from urllib.parse import urlencode, urlsplit

import pytest

from policy.model import Principal
from proxy_addons.facts import Answer, Exchange, Peer
from proxy_addons.gate import Gate
from store.class_codes import ClassCode
from store.sign_ins import SignIn
from tests.cast import at
from tests.proxy_addons.asking import GROUP_7, Guard, answered, device, exchange, page, peer
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
