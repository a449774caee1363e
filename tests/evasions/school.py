"""One real guard for all tricks: a worker as `klaswacht up` starts it, in a school where it is always lesson.

It follows the protocol `kalisto`, in front of pretend sites (`sites`). Every name in `OPEN`, `CLOSED` and `MORE`
leads to them over http, https and WebSockets, so that what the guard lets through does arrive, and is counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import Any

from cli import ports as held_ports
from cli.ca import ensure_ca
from cli.demo.certs import Papers, make_papers
from config.load import factory_policy, knowledge
from config.private_folder import columns_key
from policy.model import Device as SchoolDevice
from policy.model import DeviceClass, Facet, Grant, Group, PeriodKind, Role, Schedule, Slot, State
from proxy_addons import runner
from proxy_addons.facts import Exchange, Ruling
from proxy_addons.runner import Composed, compose
from store import open_store
from store.people import Person
from tests.e2e.clients import Device
from tests.evasions.sites import Sites

SCHOOL, GROUP, PUPIL, TEACHER = "school", "7", "sam", "anja"
DEVICE, KEY = "chroom-1", "the-key-of-a-chromebook"
WITHIN = 30.0  # seconds: a ceiling on a busy machine

OPEN = ("nl.wikipedia.org", "leerles.example", "werkstuk.example", "docs.google.com", "archief.example")
"""Sites that a lesson uses."""
CLOSED = ("discord.com", "poki.com", "www.instagram.com", "instagram.com", "snapchat.com")
"""Sites that the protocol or the school's defaults close in a lesson, and that a teacher may open."""
LOCKED = ("pornhub.com", "croxyproxy.com", "nordvpn.com")
"""Sites on the safety floor."""
HELP, TUNNELLED = "www.kindertelefoon.nl", "inloggen.kennisnet.nl"
MORE = (
    HELP,
    TUNNELLED,
    "onbekend.example",
    "tweede.example",
    "sites.google.com",
    "translate.google.com",
    "translate.google.nl",
    "www.google.com",
    "www.google.nl",
    "www.bing.com",
    "duckduckgo.com",
    "html.duckduckgo.com",
    "lite.duckduckgo.com",
    "yandex.com",
    "search.brave.com",
    "www.startpage.com",
    "cdn.ampproject.org",
    "webcache.googleusercontent.com",
    "web.archive.org",
    "archive.org",
    "archive.ph",
    "archive.today",
    "12ft.io",
    "r.jina.ai",
    "www.textise.net",
    "wsrv.nl",
    "i0.wp.com",
    "pdfmyurl.com",
    "nl-wikipedia-org.translate.goog",
    "discord-com.translate.goog",
    "www-instagram-com.translate.goog",
    "unblocked-games.github.io",
    "jan.github.io",
    "unblockedgames.replit.app",
    "retro-games.pages.dev",
    "slope-unblocked.vercel.app",
    "s3.amazonaws.com",
    "storage.googleapis.com",
    "raw.githubusercontent.com",
    "cdn.jsdelivr.net",
    "unblockedgames.neocities.org",
    "groep7.neocities.org",
    "spelletjesplein.example",
)
ADDRESSES = ("8.8.4.4", "2001:4860:4860::8844")
"""Addresses out in the world that no name is asked for with."""


@dataclass(slots=True)
class Running:
    """The guard, what was asked of it, and the sites behind it.

    `asked` are all requests that it judged, in their order, with the word on each.
    """

    proxy: int
    keyed: int
    ca: Path
    papers: Papers
    sites: Sites
    composed: Composed
    asked: list[tuple[Exchange, Ruling]] = field(default_factory=list)

    @property
    def trust(self) -> tuple[Path, ...]:
        """The school's CA, and the one of the pretend sites for what is tunnelled."""
        return (self.ca, self.papers.ca)

    @property
    def pupil(self) -> Device:
        """Sam's Chromebook, which proves itself with its key."""
        return Device(self.keyed, self.trust, key=f"{DEVICE}:{KEY}")

    @property
    def stranger(self) -> Device:
        """A device that says nothing of itself: a pupil's that nobody knows."""
        return Device(self.proxy, self.trust, source="127.0.0.99")

    def forget(self) -> None:
        """As if nothing had been asked yet."""
        self.asked.clear()
        self.sites.forget()

    def grant(self, *sites: str, minutes: float = 10, **changes: Any) -> Grant:
        """The teacher permits sites to the group from now on; in force when this returns."""
        now = datetime.now(UTC)
        start, end = now - timedelta(seconds=1), now + timedelta(minutes=minutes)
        base = Grant("", start, end, Role.TEACHER, TEACHER, frozenset({GROUP}), sites=sites)
        given = self.composed.store.grants.add(SCHOOL, replace(base, facets=frozenset({Facet.PLACE}), **changes), now)
        self._until(lambda: any(one.id == given.id for one in self._snapshot.state.grants))
        return given

    def revoke(self, given: Grant) -> None:
        """The teacher takes it back; in force when this returns."""
        self.composed.store.grants.revoke(SCHOOL, given.id, TEACHER, datetime.now(UTC))
        ended = datetime.now(UTC)
        self._until(lambda: all(one.id != given.id or one.end <= ended for one in self._snapshot.state.grants))

    @contextlib.contextmanager
    def granted(self, *sites: str, **changes: Any) -> Iterator[Grant]:
        """A permission that is taken back at the end of the block, whatever happens."""
        given = self.grant(*sites, **changes)
        try:
            yield given
        finally:
            self.revoke(given)

    def sees(self, so: Callable[[State], bool]) -> None:
        """Wait until the guard knows what `so` says of the school's state."""
        self._until(lambda: so(self._snapshot.state))

    @property
    def _snapshot(self) -> Any:
        return self.composed.gate.live.snapshot

    @staticmethod
    def _until(so: Any) -> None:
        deadline = time.monotonic() + WITHIN
        while not so():
            assert time.monotonic() < deadline, "the guard never heard of it"
            time.sleep(0.02)


class Recorded:
    """The real gate, with every exchange that it is asked about written down."""

    def __init__(self, gate: Any, into: list[tuple[Exchange, Ruling]]) -> None:
        self._gate, self._into = gate, into

    async def ask(self, exchange: Exchange) -> Ruling:
        ruling: Ruling = await self._gate.ask(exchange)
        self._into.append((exchange, ruling))
        return ruling

    def __getattr__(self, name: str) -> Any:
        return getattr(self._gate, name)


def engine_hosts() -> list[str]:
    """A host of every name that the data of search engines has."""
    return [host_of(name) for engine in knowledge().engines.engines for name in engine.hosts]


def host_of(name: str) -> str:
    """A host that a name in the data stands for."""
    return f"www.{name.removesuffix('*')}nl" if name.endswith(".*") else name


@contextlib.contextmanager
def school(folder: Path) -> Iterator[Running]:
    """The school's guard, running until the end of the block."""
    names = sorted({*OPEN, *CLOSED, *LOCKED, *MORE, *engine_hosts()})
    papers = make_papers(folder / "sites", names, datetime.now(UTC))
    with Sites(papers.server_context()) as sites, contextlib.ExitStack() as stack:
        home = home_of(folder, papers, sites, names)
        held = {name: held_ports.hold("127.0.0.1", 0, name, home) for name in ("proxy", "keyed")}
        for one in held.values():
            stack.callback(one.release)
        composed = compose(home, {name: one.number for name, one in held.items()})
        ca = home / "ca" / "klaswacht-ca.crt"
        running = Running(held["proxy"].number, held["keyed"].number, ca, papers, sites, composed)
        stack.enter_context(_working(running))
        yield running


@contextlib.contextmanager
def _working(running: Running) -> Iterator[None]:
    """The worker's own composition and order (`runner._work`), on a loop in a thread."""
    composed, loop = running.composed, asyncio.new_event_loop()
    stop, ready, trouble = asyncio.Event(), threading.Event(), list[BaseException]()

    async def work() -> None:
        unknown = runner.watcher(composed)
        gate: Any = Recorded(composed.gate, running.asked)
        try:
            await composed.gate.start()
            config = replace(composed.config, grace=0.0)
            await runner.serve(config, gate, composed.gate.live, stop, lambda _: ready.set(), unknown)
        finally:
            await unknown.stop()
            composed.feeds.stop()
            await composed.gate.stop()
            composed.store.close()

    def run() -> None:
        try:
            loop.run_until_complete(work())
        except BaseException as error:
            trouble.append(error)
            ready.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(WITHIN), "the guard did not start"
    if trouble:
        raise trouble[0]
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(WITHIN)


def home_of(folder: Path, papers: Papers, sites: Sites, names: list[str]) -> Path:
    """A home folder with the school in it."""
    home = folder / "home"
    home.mkdir(mode=0o700)
    hosts = [
        f'    "{f"[{name}]" if ":" in name else name}:{port}": "127.0.0.1:{to}"'
        for name in (*names, *ADDRESSES)
        for port, to in ((80, sites.http), (443, sites.https))
    ]
    lines = [
        f"school: {{id: {SCHOOL}, name: Streken}}",
        "protocol: kalisto",
        "listen: {proxy: 0, keyed: 0, dashboard: 0}",
        "egress:",
        f'  trust: ["{papers.ca}"]',
        "  hosts:",
        *hosts,
        "schedule: {days: {mon: {lessons: ['08:30-14:00']}}}",
    ]
    (home / "school.yaml").write_text("\n".join(lines) + "\n", "utf-8")
    now = datetime.now(UTC)
    ensure_ca(home / "ca", "Streken", now)
    store = open_store(f"sqlite:///{home / 'klaswacht.db'}", key=columns_key(home), migrate=True)
    try:
        lesson = Slot(PeriodKind.LESSON, clock(0, 0), clock.max)
        policy = replace(factory_policy("kalisto"), schedule=Schedule(days=dict.fromkeys(range(7), (lesson,))))
        assert store.policies.add(SCHOOL, policy, "tricks", TEACHER, now, based_on=0) is not None
        store.people.put_group(SCHOOL, Group(GROUP, "Groep 7", (7,)), TEACHER, now)
        people = [Person(PUPIL, Role.PUPIL, "Sam", (GROUP,)), Person(TEACHER, Role.TEACHER, "Anja", (GROUP,))]
        store.people.put_people(SCHOOL, people, TEACHER, now)
        store.people.set_consent(SCHOOL, PUPIL, True, TEACHER, now)
        key = hashlib.sha256(KEY.encode()).hexdigest()
        one = SchoolDevice(DEVICE, DEVICE, DeviceClass.PUPIL, GROUP, PUPIL, key_hash=key)
        store.devices.put(SCHOOL, one, TEACHER, now)
    finally:
        store.close()
    return home
