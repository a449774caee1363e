"""A worker in a thread, with the real engine and a gate whose rules a test sets by hand (a set of open hosts)."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import httpx

from policy.model import AccessRequest, Decision, Effect, Principal, Reason, Role
from proxy_addons import runner, translate
from proxy_addons.facts import Answer, Door, Entry, Exchange, Hello, Peer, Ruling
from tests.proxy_addons.origins import SECRET, Ca, Origins

WHO = Principal(Role.PUPIL)
BLOCKED = b"<!doctype html><p>dit mag nu niet"
BROKEN = b"<!doctype html><p>wacht even"
BAD = b"what must not be sent"
NAMES = ("open.test", "other.test", "blocked.test", "tunnel.test", "help.test", "sub.help.test")


class HandGate:
    """The contract of the asking side with rules by hand: `open` hosts until `until`, `tunnels`, `keyed` ports."""

    def __init__(self) -> None:
        self.open = {
            "open.test",
            "tunnel.test",
            "ws.test",
            "stale.test",
            "gone.test",
            "nowhere.test",
            "help.test",
            "deaf.test",
        }
        self.tunnels = {"tunnel.test"}
        self.until: dict[str, datetime] = {}
        self.keyed: frozenset[int] = frozenset()
        self.asked: list[Exchange] = []
        self.begun: list[bytes] = []
        self.peers: list[Peer] = []
        self.raising: set[str] = set()
        self.faults = 0
        self.away: Counter[str] = Counter()
        self.reaches: list[tuple[str, bool]] = []
        self.distrust: list[tuple[Peer, str]] = []
        self.troubles: list[str] = []
        self._callbacks: list[tuple[asyncio.AbstractEventLoop, Callable[[], None]]] = []

    def on_change(self, callback: Callable[[], None]) -> None:
        self._callbacks.append((asyncio.get_running_loop(), callback))

    def change(self) -> None:
        for loop, callback in self._callbacks:
            loop.call_soon_threadsafe(callback)

    def decide(self, request: AccessRequest) -> Decision:
        now = datetime.now(UTC)
        ends = [self.until[host] for host in request.hosts if host in self.until]
        shut = request.unreadable or not set(request.hosts) <= self.open or any(end <= now for end in ends)
        if shut:
            return Decision(Effect.DENY, Reason.PLACE)
        return Decision(Effect.ALLOW, Reason.OPEN, valid_until=min(ends, default=None))

    def _may_raise(self, what: str) -> None:
        if what in self.raising:
            raise RuntimeError(f"{what} is broken")

    def enter(self, peer: Peer, host: str, port: int) -> Entry:
        self._may_raise("enter")
        self.peers.append(peer)
        if peer.port in self.keyed and peer.credentials is None:
            return Entry(Door.CHALLENGE)
        request = translate.of_connect(host, port, WHO)
        return Entry(Door.TUNNEL if host in self.tunnels else Door.INSPECT, request, self.decide(request))

    def hello(self, peer: Peer, hello: Hello) -> Entry:
        self._may_raise("hello")
        request = translate.of_hello(hello.connect, hello.sni, WHO)
        tunnel = hello.connect in self.tunnels
        return Entry(Door.TUNNEL if tunnel else Door.INSPECT, request, self.decide(request))

    def turned_away(self, kind: str) -> None:
        self._may_raise("turned_away")
        self.away[kind] += 1

    def reached(self, host: str, *, secure: bool) -> None:
        self._may_raise("reached")
        self.reaches.append((host, secure))

    def distrusted(self, peer: Peer, name: str) -> None:
        self._may_raise("distrusted")
        self.distrust.append((peer, name))

    async def ask(self, exchange: Exchange) -> Ruling:
        self._may_raise("ask")
        self.asked.append(exchange)
        request = translate.of_exchange(exchange, WHO, ENGINES)
        decision = self.decide(request)
        return Ruling(request, decision, None if decision.open else Answer(403, PAGE, BLOCKED))

    def sent(self, exchange: Exchange, before: AccessRequest) -> bool:
        self._may_raise("sent")
        self.begun.append(exchange.body or b"")
        return BAD not in (exchange.body or b"") and self.decide(before).open

    def reask(self, request: AccessRequest) -> Decision:
        self._may_raise("reask")
        return self.decide(request)

    def failed(self, exchange: Exchange | None, *, ours: bool = True) -> Answer:
        self._may_raise("failed")
        self.faults += ours
        return Answer(503, PAGE, BROKEN)

    def trouble(self, exchange: Exchange, kind: str) -> Answer:
        self.troubles.append(kind)
        return Answer(502, PAGE, f"<!doctype html><p>trouble: {kind}".encode())


PAGE = (("content-type", "text/html; charset=utf-8"), ("cache-control", "no-store"))


def _engines():
    from policy.search import Engines

    return Engines()


ENGINES = _engines()


class Rig:
    """Origins, a worker and its CA. `proxy` is its port; `more` goes to its `RunnerConfig`, `hosts` beside its own."""

    def __init__(
        self,
        folder: Path,
        gate: HandGate | None = None,
        listeners: int = 1,
        hosts: Mapping[str, str] | None = None,
        **more,
    ) -> None:
        self.gate = gate or HandGate()
        self.ca = Ca(folder / "ca", "Klaswacht test CA")
        self.world = Ca(folder / "world", "World")
        self.origins = Origins(self.world, *NAMES)
        self._folder, self._listeners, self._more = folder, listeners, more
        self._hosts = {} if hosts is None else hosts  # read when it starts
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self.trouble: BaseException | None = None

    def __enter__(self) -> Rig:
        origins = self.origins.__enter__()
        hosts = {f"{name}:443": f"127.0.0.1:{origins.tls}" for name in NAMES}
        hosts |= {f"{name}:80": f"127.0.0.1:{origins.plain}" for name in NAMES}
        hosts |= {"ws.test:443": f"127.0.0.1:{origins.ws}", "stale.test:443": f"127.0.0.1:{origins.stale}"}
        hosts |= {"gone.test:80": f"127.0.0.1:{free_port()}", "gone.test:443": f"127.0.0.1:{free_port()}"}
        self._deaf = contextlib.ExitStack()
        hosts |= {"deaf.test:80": f"127.0.0.1:{self._deaf.enter_context(deaf())}"}
        self.config = runner.RunnerConfig(
            listen=(("127.0.0.1", 0),) * self._listeners,
            confdir=self.ca.folder,
            hosts=hosts | self._hosts,
            trust=self.world.crt,
            help_hosts=frozenset({"help.test"}),
            grace=0.0,
            **self._more,
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
        self._deaf.close()
        self.origins.__exit__()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:
            self.trouble = error
            self._ready.set()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        await runner.serve(self.config, self.gate, self.gate, self._stop, self._listening)

    def look(self, at):
        """What `at(connections, doorway)` says, on the worker's own loop."""
        import gc

        from proxy_addons.doorway import Doorway

        async def there():
            doorway = next(one for one in gc.get_objects() if type(one) is Doorway and one.failsafe._gate is self.gate)
            return at(doorway.connections, doorway)

        gc.unfreeze()
        return asyncio.run_coroutine_threadsafe(there(), self._loop).result(5)

    def _listening(self, ports: tuple[int, ...]) -> None:
        self.ports = ports
        self._ready.set()

    @property
    def proxy(self) -> int:
        return self.ports[0]

    @property
    def seen(self):
        return self.origins.seen

    def trust(self, *, world: bool = False) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str((self.world if world else self.ca).crt))

    def trust_of_threads(self) -> ssl.SSLContext:
        """For a client that reads in one thread and writes in another.

        With TLS 1.3 the tickets that come after the handshake are read while the first request is written, and Python
        3.13.0 may then lose the request (its `ssl` lets two threads into one connection; about one in a hundred).
        """
        context = self.trust()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        return context

    @contextlib.contextmanager
    def client(self, *, http2: bool = False, world: bool = False, **more) -> Iterator[httpx.Client]:
        url = f"http://{more.pop('auth_in_url', '')}127.0.0.1:{self.proxy}"
        with httpx.Client(
            proxy=url, verify=self.trust(world=world), http2=http2, trust_env=False, timeout=10, **more
        ) as client:
            yield client

    def raw(self, data: bytes = b"", port: int | None = None, source: str = "127.0.0.1") -> socket.socket:
        """A socket to the proxy, from an address of this machine, that has sent `data`."""
        sock = socket.create_connection(("127.0.0.1", port or self.proxy), timeout=10, source_address=(source, 0))
        sock.sendall(data)
        return sock

    def connect(self, host: str, port: int = 443) -> socket.socket:
        """A socket with a CONNECT answered by 200."""
        sock = self.raw(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        assert sock.recv(4096).startswith(b"HTTP/1.1 200")
        return sock

    def tls(self, host: str, *, sni: str | None = None, world: bool = False) -> ssl.SSLSocket:
        """TLS through the proxy, HTTP/1.1."""
        return self.trust(world=world).wrap_socket(self.connect(host), server_hostname=sni or host)

    def tls2(self, host: str) -> ssl.SSLSocket:
        """TLS through the proxy, HTTP/2."""
        context = self.trust()
        context.set_alpn_protocols(["h2"])
        return context.wrap_socket(self.connect(host), server_hostname=host)


@contextlib.contextmanager
def deaf() -> Iterator[int]:
    """A port whose queue of new connections is full: it takes none, and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as one, contextlib.ExitStack() as stack:
        for _ in range(3):
            knock = stack.enter_context(socket.socket())
            knock.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                knock.connect(one.getsockname())
        yield int(one.getsockname()[1])


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def until_closed(sock: socket.socket, within: float = 5.0) -> float:
    """Read until the other side is gone; how many seconds that took."""
    start = time.monotonic()
    sock.settimeout(within)
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while sock.recv(65536):
            assert time.monotonic() - start < within, "still open"
    return time.monotonic() - start


__all__ = ["BAD", "BLOCKED", "BROKEN", "NAMES", "SECRET", "HandGate", "Rig", "free_port", "until_closed"]
