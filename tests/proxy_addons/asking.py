"""A real gate on a real SQLite store with the cast's school, and a clock that a test moves."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlencode, urlsplit

from config.settings import Dhcp
from policy.model import Agreement, Device, DeviceClass, Grant, Lease, Span
from proxy_addons.facts import Answer, Exchange, Peer, Ruling
from proxy_addons.gate import Gate, Options, open_gate
from store import Store
from tests.cast import KNOWLEDGE, LESSON, grant
from tests.store.school import SCHOOL, settle

KEY = "a key of a chromebook"
PROXY, KEYED, GROUP_7 = 8080, 8081, 8107
NEVER = 5.0  # seconds: a ceiling for what should take some milliseconds


def device(name: str, kind: DeviceClass = DeviceClass.PUPIL, **changes: object) -> Device:
    """A registered device of group 7 with the key `KEY`."""
    base = Device(name, name, kind, "7", key_hash=hashlib.sha256(KEY.encode()).hexdigest())
    return replace(base, **changes)


DEVICES = (
    device("chroom-1", person="sam"),
    device("chroom-2", addresses=("10.0.7.2/32",)),
    device("cart", addresses=("10.0.7.0/24",), key_hash=None),
    device("laptop-anja", DeviceClass.STAFF, person="anja", group=None, addresses=("10.0.9.1",)),
    device("board", DeviceClass.DIGIBOARD, addresses=("10.0.7.99",)),
    device("printer", DeviceClass.INFRASTRUCTURE, group=None, addresses=("10.0.8.5",), key_hash=None),
)


def basic(name: str, key: str = KEY) -> str:
    """The credentials of a device."""
    return "Basic " + base64.b64encode(f"{name}:{key}".encode()).decode()


def peer(address: str = "127.0.0.1", port: int = PROXY, name: str | None = None, key: str = KEY) -> Peer:
    """A client connection, with a device's key when a device is named."""
    return Peer("c1", address, port, None if name is None else basic(name, key))


SAMS = peer(name="chroom-1")
STRANGERS = peer("192.168.1.77")


def exchange(url: str, who: Peer = SAMS, **changes: object) -> Exchange:
    """A browser opens a page."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    secure = parts.scheme in ("https", "wss")
    headers = {"accept": "text/html,*/*;q=0.8", "sec-fetch-dest": "document", "sec-fetch-mode": "navigate"}
    made = Exchange(who, "GET", parts.scheme, url, (parts.netloc,), headers=headers)
    made = replace(made, connect=f"{host}:{parts.port or 443}", sni=host) if secure else made
    return replace(made, **changes)


def background(url: str, destination: str = "empty", who: Peer = SAMS) -> Exchange:
    """What a page loads by itself."""
    return exchange(url, who, headers={"accept": "*/*", "sec-fetch-dest": destination, "sec-fetch-mode": "cors"})


def call(url: str, page: str, who: Peer = SAMS, form: dict[str, str] | None = None, **headers: str) -> Exchange:
    """The block page's own script calls the guard; `page` is the address it stands on."""
    sent = {"accept": "*/*", "sec-fetch-dest": "empty", "sec-fetch-site": "same-origin", "referer": page}
    sent |= {"x-klaswacht": "1", **{name.replace("_", "-"): value for name, value in headers.items()}}
    if form is None:
        return exchange(url, who, headers=sent)
    sent["content-type"] = "application/x-www-form-urlencoded"
    return exchange(url, who, method="POST", headers=sent, body=urlencode(form).encode())


def said(answer: Answer | None) -> dict[str, object]:
    """The JSON of an answer."""
    assert answer is not None
    word = json.loads(answer.body)
    assert isinstance(word, dict)
    return word


def page(answer: Answer | None) -> str:
    """The HTML of an answer."""
    assert answer is not None
    assert dict(answer.headers)["Content-Type"].startswith("text/html")
    return answer.body.decode()


@dataclass
class Clock:
    """A clock that stands still until it is set."""

    now: datetime = LESSON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Guard:
    """The school and its gate."""

    store: Store
    clock: Clock = field(default_factory=Clock)
    language: str = "nl"
    dhcp: Dhcp = field(default_factory=Dhcp)

    def settle(self) -> None:
        """Write the cast and the devices."""
        settle(self.store)
        for one in DEVICES:
            self.store.devices.put(SCHOOL, one, "cor", self.clock.now)

    def open(self) -> Gate:
        """A gate, not yet started."""
        keyed, groups = frozenset({KEYED}), {GROUP_7: "7"}
        options = Options(SCHOOL, self.language, keyed, groups, secret=b"s" * 32, dhcp=self.dhcp)
        return open_gate(self.store, KNOWLEDGE, options, self.clock)

    def run[T](self, work: Callable[[Gate], Awaitable[T]]) -> T:
        """Do something with a started gate; everything recorded is written when this returns."""

        async def main() -> T:
            gate = self.open()
            await gate.start()
            try:
                async with asyncio.timeout(4 * NEVER):
                    return await work(gate)
            finally:
                await gate.stop()

        return asyncio.run(main())

    def ask(self, asked: Exchange) -> Ruling:
        """The word on one exchange."""
        return self.run(lambda gate: gate.ask(asked))

    def grant(self, **changes: object) -> Grant:
        """The teacher of group 7 gives permission."""
        return self.store.grants.add(SCHOOL, grant("", **changes), self.clock.now)

    def lease(self, where: str, person: str, end: datetime) -> None:
        """The teacher puts somebody at a device."""
        self.store.devices.lease(SCHOOL, Lease(where, person, self.clock.now, end, "anja"), self.clock.now)

    def pause(self, end: datetime) -> None:
        """The teacher has the eyes of group 7."""
        self.store.measures.pause(SCHOOL, Span("7", self.clock.now, end, "anja"), self.clock.now)

    def agree(self, end: datetime, *sites: str, goal: str = "") -> None:
        """Group 7 agrees on a list for the lesson."""
        agreed = Agreement("", self.clock.now, end, frozenset({"7"}), sites=sites, goal=goal, by="anja")
        self.store.measures.start_agreement(SCHOOL, agreed, self.clock.now)

    def events(self) -> list[tuple[str, str | None, str]]:
        """What was recorded: what, host, reason."""
        stored = self.store.events.since(SCHOOL, 0)
        return [(s.event.what.value, s.event.host, s.event.reason.value) for s in stored]


# --- the own path, as a browser without our script sees it ------------------------------------------------------------

SITE = "https://social.com"
PAGE = f"{SITE}/groep/7?tab=1"
ASK, WAIT, REPORT = (f"{SITE}/_klaswacht/{name}" for name in ("ask", "wait", "report"))
BOARD = "https://prikbord.nl/plaats"
HURT, NUMBER = {"bericht": "jij bent een kut kind"}, {"bericht": "bel me op 06 12345678"}
FORM = {"why": "lesson", "line": "voor mijn  werkstuk"}


async def answered(gate: Gate, asked: Exchange) -> Answer:
    answer = (await gate.ask(asked)).answer
    assert answer is not None
    return answer


def plain(url: str, form: dict[str, str] | None = None, who: Peer = SAMS, **headers: str) -> Exchange:
    """A browser without JavaScript: no header of ours."""
    made = exchange(url, who)
    sent = {**made.headers, "referer": PAGE, "sec-fetch-site": "same-origin", **headers}
    if form is None:
        return replace(made, headers=sent)
    sent["content-type"] = "application/x-www-form-urlencoded"
    return replace(made, method="POST", headers=sent, body=urlencode(form).encode())


def token_of(answer: Answer) -> dict[str, str]:
    """The hidden fields of a form."""
    return dict(re.findall(r'name="(token|back)" value="([^"]*)"', page(answer)))


def sent(form: dict[str, str], cookie: str = "", url: str = BOARD) -> Exchange:
    """A form that a page sends, with what the browser kept for that host."""
    extra = {"cookie": cookie} if cookie else {}
    return plain(url, form, referer="https://prikbord.nl/", **extra)


def asks(store: Store) -> list[tuple[str, str, str, str | None]]:
    """Where, why, in which words and from which device somebody asks."""
    return [(a.wish.host, a.wish.why, a.wish.line, a.wish.device) for a in store.incidents.asks(SCHOOL, None)]
