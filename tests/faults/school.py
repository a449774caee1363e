"""A whole school in one thread: a worker with the real gate on a real database, DNS, the page behind closed names."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from dataclasses import replace
from datetime import UTC, datetime, time
from functools import cached_property
from pathlib import Path

from config.private_folder import columns_key
from config.settings import Dns, Listen, Settings
from policy.model import DeviceClass, PeriodKind, Schedule, Slot
from proxy_addons import original, runner
from proxy_addons.names.page import PageServer
from proxy_addons.names.process import names_of
from proxy_addons.names.server import Server
from proxy_addons.unknown import Unknown
from store import open_store
from tests.cast import KNOWLEDGE, POLICY, noon_zone
from tests.proxy_addons.asking import Guard, device
from tests.proxy_addons.nameserver import NameServer, free_ports
from tests.proxy_addons.origins import SECRET, Origins
from tests.proxy_addons.rig import Rig
from tests.store.school import SCHOOL

OPEN, CLOSED, HELP, TUNNEL, SEARCH = "leren.nl", "social.com", "kindertelefoon.nl", "tunnel.leren.nl", "zoek.nl"
REAL = "9.9.9.2"  # the address of the closed site, that no device may hear
UNLISTED, CHAT = "onbekend.nl", "ws.leren.nl"
BALANCER, LED, LED_TLS = "127.0.0.9", "127.0.0.5", "127.0.0.6"
HERE = "192.168.55.5"
_WORLD = {OPEN: {"A": ["9.9.9.1"]}, CLOSED: {"A": [REAL]}, HELP: {"A": ["9.9.9.3"]}, "zoek.nl": {"A": ["9.9.9.4"]}}
_ALL_DAY = dict.fromkeys(range(7), (Slot(PeriodKind.LESSON, time(0), time(23, 59), "les"),))


class Tripwire:
    """Where the closed site is. Whoever comes here, and every byte, is one too many."""

    def __init__(self) -> None:
        self.connections = 0
        self.bytes = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Tripwire:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._come, "127.0.0.1", 0))
        self.port = int(server.sockets[0].getsockname()[1])
        self._ready.set()
        self._loop.run_forever()

    async def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(ConnectionError, TimeoutError):
            self.bytes += len(await asyncio.wait_for(reader.read(65536), 1))
        writer.close()


class _Sites(Origins):
    async def _answer1(self, path: str, writer) -> None:
        if not path.startswith("/page"):
            await super()._answer1(path, writer)
            return
        body = b"<!doctype html><title>spelletjes</title><h1>spelletjes unblocked</h1>" + SECRET
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()


class School(Rig):
    """The rig with everything real behind it; `dns` and `page` are ports, `through` that of what a firewall leads."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(folder)
        self.closed = Tripwire()
        self.origins = _Sites(self.world, OPEN, HELP, TUNNEL, SEARCH, UNLISTED, CHAT)
        self.nameserver = NameServer(_WORLD)
        self.dns, self.page = free_ports(2)
        self.store = open_store(str(folder / "klaswacht.db"), key=columns_key(folder), migrate=True)
        self._guard = Guard(self.store, _Clock())
        self._guard.settle()
        now = datetime.now(UTC)
        self.store.policies.add(
            SCHOOL, replace(POLICY, schedule=Schedule(noon_zone(now), _ALL_DAY)), "file", "cor", now
        )
        here = device("here", DeviceClass.PUPIL, addresses=("127.0.0.0/8",), key_hash=None)
        self.store.devices.put(SCHOOL, here, "cor", now)
        self._parts = contextlib.ExitStack()

    def __enter__(self) -> School:
        parts = self._parts
        parts.enter_context(self.closed)
        parts.enter_context(self.nameserver)
        origins = parts.enter_context(self.origins)
        parts.callback(self.store.close)
        hosts = {f"{CLOSED}:{port}": f"127.0.0.1:{self.closed.port}" for port in (80, 443)}
        for name in (OPEN, HELP, TUNNEL, SEARCH, UNLISTED):
            hosts |= {f"{name}:443": f"127.0.0.1:{origins.tls}", f"{name}:80": f"127.0.0.1:{origins.plain}"}
        hosts[f"{CHAT}:443"] = f"127.0.0.1:{origins.ws}"
        self.config = runner.RunnerConfig(
            listen=(("127.0.0.1", 0),),
            confdir=self.ca.folder,
            hosts=hosts,
            trust=self.world.crt,
            help_hosts=KNOWLEDGE.help_hosts,
            grace=0.0,
            transparent=(("127.0.0.1", 0),),
            balancers=(BALANCER,),
        )
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(20), "the worker did not start"
        if self.trouble:
            raise self.trouble
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._parts.close()

    @property
    def through(self) -> int:
        return self.ports[1]

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        knowledge = replace(KNOWLEDGE, tunnels={TUNNEL: "test"})
        with _open_gate(self, knowledge) as gate:
            self.gate = gate
            await gate.start()
            self.unknown = unknown = Unknown(self.store, SCHOOL, gate.live)
            settings = Settings(
                listen=Listen(dns=self.dns), dns=Dns((f"127.0.0.1:{self.nameserver.port}",), answer_with=HERE)
            )
            names, upstream = names_of(settings, gate)
            server, page = Server(names), PageServer(gate, "https://wacht.school/")
            await server.start("127.0.0.1", self.dns)
            page.start("127.0.0.1", self.page)
            try:
                await runner.serve(self.config, gate, gate.live, self._stop, self._listening, unknown)
            finally:
                await server.stop()
                await page.stop()
                await upstream.stop()
                await unknown.stop()
                await gate.stop()

    def inside(self) -> tuple[int, int]:
        """How many lines and connections there are."""
        return len(self.door.connections), self.door.inside

    @cached_property
    def door(self):
        """The worker's doorway."""
        return self.look(lambda _connections, doorway: doorway)

    def on_loop(self, work):
        """What a coroutine says on the worker's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)


class _Clock:
    """The time as it is."""

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@contextlib.contextmanager
def _open_gate(school: School, knowledge):
    from proxy_addons.gate import Options, open_gate

    yield open_gate(school.store, knowledge, Options(SCHOOL, secret=b"s" * 32))


def led(monkeypatch) -> None:
    """Have connections from two addresses be such as a firewall led here: one to port 80, one to 443."""

    def destination(sock):
        address = sock.getpeername()[0]
        return {LED: ("9.9.9.9", 80), LED_TLS: ("9.9.9.9", 443)}.get(address)

    monkeypatch.setattr(original, "destination", destination)
