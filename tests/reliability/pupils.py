"""Pupils that keep asking while something is broken, and what each of them got."""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import dns.exception
import dns.message
import dns.query
import dns.rdatatype

from tests.e2e.clients import Device, Refused
from tests.proxy_addons.origins import SECRET

SITE, LOST = "site", "lost"
GOOD = {"open": SITE, "help": SITE, "permitted": SITE, "closed": "page", "banned": "page"}
"""What each kind of question gets of a guard that is well."""
_H1 = re.compile(r"<h1[^>]*>(.*?)</h1>", re.DOTALL)
PATIENCE = 20.0  # seconds that a pupil waits for anything


@dataclass(frozen=True, slots=True)
class Saw:
    """One question: when it was asked and answered (monotonic), its kind and way, and what came.

    `got` is `site` (what only the site says), `page` (one of the guard's, called `said`) or `lost` (no answer).
    """

    began: float
    ended: float
    kind: str
    way: str
    got: str
    said: str = ""

    @property
    def good(self) -> bool:
        """Whether it is what should come."""
        return self.got == GOOD[self.kind]


@dataclass(frozen=True, slots=True)
class Errand:
    """A question that is asked again and again; `ask` says what came and what it was called."""

    kind: str
    way: str
    ask: Callable[[], tuple[str, str]]


def by_proxy(device: Device, url: str) -> Callable[[], tuple[str, str]]:
    """A page, as a browser asks for it, on a new connection."""

    def ask() -> tuple[str, str]:
        try:
            reply = device.fetch(url)
        except Refused as refused:
            return "page" if refused.status else LOST, f"{refused.status}"
        except (OSError, http.client.HTTPException, ValueError):
            return LOST, ""
        if SECRET in reply.body:
            return SITE, ""
        title = _H1.search(reply.text)
        said = re.sub(r"<[^>]+>|\s+", " ", title[1]).strip() if title else f"{reply.status}"
        return ("page" if title or reply.status in (403, 503) else LOST), said

    return ask


def by_name(port: int, host: str, here: str) -> Callable[[], tuple[str, str]]:
    """The address of a name, asked of the guard; `here` is what it says for a closed one."""

    def ask() -> tuple[str, str]:
        try:
            answer = dns.query.udp(dns.message.make_query(host, "A"), "127.0.0.1", 2.0, port)
        except (dns.exception.DNSException, OSError):
            return LOST, ""
        found = [one.to_text() for rows in answer.answer if rows.rdtype == dns.rdatatype.A for one in rows]
        if here in found or not found:
            return ("page", "") if found else (LOST, "")
        return SITE, ""

    return ask


@dataclass
class Pupils:
    """Threads that each go round their errands until the block ends."""

    rounds: tuple[tuple[Errand, ...], ...]
    pause: float = 0.3  # seconds between two questions of one pupil
    _saw: list[Saw] = field(default_factory=list)
    _enough: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Pupils:
        self._threads = [threading.Thread(target=self._go, args=(one,), daemon=True) for one in self.rounds]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join(PATIENCE * 5)

    def _go(self, errands: tuple[Errand, ...]) -> None:
        while True:
            for errand in errands:
                if self._enough.wait(self.pause):
                    return
                began = time.monotonic()
                got, said = errand.ask()
                self._saw.append(Saw(began, time.monotonic(), errand.kind, errand.way, got, said))

    def saw(self, since: float = 0.0) -> list[Saw]:
        """What was answered after `since` (so also what was asked before it)."""
        return [one for one in tuple(self._saw) if one.ended >= since]

    def forbidden(self) -> list[Saw]:
        """Everything that should have been a page and was a site."""
        return [one for one in self.saw() if GOOD[one.kind] == "page" and one.got == SITE]

    def steady(self, since: float, times: int = 4) -> bool:
        """Whether every errand went well the last `times` times, all asked after `since`."""
        last: dict[tuple[str, str], list[Saw]] = {}
        for one in self.saw(since):
            if one.began >= since:
                last.setdefault((one.kind, one.way), []).append(one)
        wanted = {(one.kind, one.way) for errands in self.rounds for one in errands}
        return wanted <= last.keys() and all(
            len(mine) >= times and all(one.good for one in mine[-times:]) for mine in last.values()
        )

    def last_bad(self, since: float, *kinds: str) -> float | None:
        """When the last answer came that was not as usual; None: there was none."""
        bad = [one.ended for one in self.saw(since) if not one.good and (not kinds or one.kind in kinds)]
        return max(bad, default=None)

    def told(self, since: float, *kinds: str) -> str:
        """What came of the questions of some kinds, in a few words each."""
        return "; ".join(_told(kind, [one for one in self.saw(since) if one.kind == kind]) for kind in kinds)


_CALLED = {
    "open": "open site",
    "closed": "closed site",
    "help": "help line",
    "permitted": "site with permission",
    "banned": "pupil with a ban",
}


def _told(kind: str, mine: list[Saw]) -> str:
    good = sum(one.good for one in mine)
    what = "opened" if GOOD[kind] == SITE else "page"
    text = f"{_CALLED[kind]}: {what} {good} of {len(mine)} times" if good < len(mine) else (
        f"{_CALLED[kind]}: {what} every time ({len(mine)})"
    )  # fmt: skip
    others: Counter[str] = Counter()
    for one in mine:
        if not one.good:
            others[f"page *{one.said}*" if one.got == "page" else "no answer" if one.got == LOST else "OPENED"] += 1
    if "name" in {one.way for one in mine if one.got == LOST} and all(
        one.way == "name" for one in mine if one.got == LOST
    ):
        others["no answer, by name only"] = others.pop("no answer")
    return text + "".join(f", {count} × {what}" for what, count in others.most_common(3))


def rounds(
    group: Device, noor: Device, sem: Device, names: int, here: str, sites: dict[str, str], schemes: tuple[str, ...]
) -> tuple[tuple[Errand, ...], ...]:
    """Who asks for what. `sites` are `open`, `closed`, `help` and `permitted`."""

    def of(device: Device, *kinds: tuple[str, str]) -> tuple[Errand, ...]:
        return tuple(
            Errand(kind, f"{scheme} {site}", by_proxy(device, f"{scheme}://{sites[site]}/"))
            for kind, site in kinds
            for scheme in schemes
        )

    class_ = of(group, ("open", "open"), ("closed", "closed"), ("help", "help"), ("closed", "permitted"))
    named = tuple(Errand(kind, "name", by_name(names, sites[kind], here)) for kind in ("open", "closed", "help"))
    other = replace(group, source="127.0.0.2")
    return (
        class_,
        of(other, ("help", "help"), ("open", "open"), ("closed", "closed")),
        of(noor, ("permitted", "permitted"), ("closed", "closed"), ("help", "help")),
        of(sem, ("banned", "open"), ("help", "help")),
        named,
    )
