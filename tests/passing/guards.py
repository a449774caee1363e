"""The ways that bytes go to a site: without the guard, and through each of its engines, all of them really running."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from config import load
from config.private_folder import columns_key
from policy.model import Device, DeviceClass, Group
from store import open_store
from tests.passing.client import Client1, Client2
from tests.passing.site import Site
from tests.proxy_addons.origins import SECRET, Ca
from tests.proxy_addons.rig import free_port

ROOT = Path(__file__).parents[2]
SCHOOL = "school"
LOOKED_INTO, UNSEEN, SIXTH = "open.test", "tunnel.test", "six.test"
NAMES = (LOOKED_INTO, UNSEEN, SIXTH)
COLUMNS = ("tunnel", "inspected", "plain", "mitmdump")
SETTINGS = """
protocol: kalisto
listen: {{address: 127.0.0.1, proxy: {proxy}, keyed: {keyed}, dashboard: {dashboard}}}
schedule: {{days: {{{days}}}}}
tunnels: {{tunnel.test: a test}}
egress:
  hosts: {{{hosts}}}
  trust: [world.pem]
"""


@dataclass(frozen=True)
class Way:
    """One way to a site. `guard` is the port of the guard on it, if there is one; `name` the site's."""

    column: str
    site: Site
    ca: Ca
    name: str = LOOKED_INTO
    guard: int | None = None
    secure: bool = True

    def target(self, path: bytes) -> bytes:
        """What a request line says: to a proxy the whole address."""
        whole = self.guard is not None and not self.secure
        return b"http://" + self.name.encode() + path if whole else path

    def head(self, method: bytes, path: bytes, *fields: bytes) -> bytes:
        """A request's head."""
        lines = [b"%s %s HTTP/1.1" % (method, self.target(path)), b"Host: " + self.name.encode(), *fields]
        return b"\r\n".join([*lines, b"", b""])

    def fields(self, path: bytes = b"/", method: bytes = b"GET", *more: tuple[bytes, bytes]) -> list:
        """A request's fields in HTTP/2."""
        name = self.name.encode()
        return [(b":method", method), (b":scheme", b"https"), (b":authority", name), (b":path", path), *more]

    def socket(self) -> socket.socket:
        """A connection on which the site can be spoken to, before any TLS."""
        port = self.guard or (self.site.tls if self.secure else self.site.plain)
        sock = socket.create_connection(("127.0.0.1", port), 20)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.guard is not None and self.secure:
            sock.sendall(f"CONNECT {self.name}:443 HTTP/1.1\r\nHost: {self.name}:443\r\n\r\n".encode())
            said = b""
            while b"\r\n\r\n" not in said:
                said += sock.recv(4096)
            assert said.startswith(b"HTTP/1.1 200"), said
        return sock

    def tls(self, *alpn: str, **more: object) -> ssl.SSLSocket:
        """The same with TLS."""
        context = ssl.create_default_context(cafile=str(self.ca.crt))
        if alpn:
            context.set_alpn_protocols(list(alpn))
        return context.wrap_socket(self.socket(), server_hostname=self.name, **more)

    @contextlib.contextmanager
    def first(self) -> Iterator[Client1]:
        """A client that speaks HTTP/1."""
        with contextlib.closing(Client1(self.tls("http/1.1") if self.secure else self.socket())) as client:
            yield client

    @contextlib.contextmanager
    def second(self, *, window: int | None = None) -> Iterator[Client2]:
        """A client that speaks HTTP/2."""
        with contextlib.closing(Client2(self.tls("h2"), window=window)) as client:
            yield client


@dataclass
class Ways:
    """Every way, and the two without a guard to compare with. A guard is started when its first way is asked for."""

    path: Path
    site: Site
    ca: Ca
    world: Ca
    proxy: int
    stack: contextlib.ExitStack
    known: dict[str, Way] = field(default_factory=dict)

    def through(self, column: str) -> Way:
        """The way of a column."""
        if column not in self.known:
            self._dump() if column == "mitmdump" else self._worker()
        return self.known[column]

    def beside(self, way: Way) -> Way:
        """The way without a guard that a way is compared with."""
        return Way("direct", self.site, self.world, secure=way.secure)

    def _worker(self) -> None:
        unseen = Way("tunnel", self.site, self.world, UNSEEN, self.proxy)
        looked_into = Way("inspected", self.site, self.ca, LOOKED_INTO, self.proxy)
        plain = Way("plain", self.site, self.ca, LOOKED_INTO, self.proxy, secure=False)
        command = [sys.executable, "-m", "proxy_addons.runner", "--home", str(self.path)]
        self.stack.enter_context(_started(self.path, command, plain))
        self.known |= {"tunnel": unseen, "inspected": looked_into, "plain": plain}

    def _dump(self) -> None:
        port = free_port()
        command = [str(Path(sys.executable).with_name("mitmdump")), "-s", "proxy_addons/main.py"]
        command += ["--listen-host", "127.0.0.1", "--listen-port", str(port)]
        command += ["--set", f"confdir={self.path / 'mitm'}"]
        way = Way("mitmdump", self.site, self.ca, LOOKED_INTO, port)
        self.stack.enter_context(_started(self.path, command, way))
        self.known["mitmdump"] = way


@contextlib.contextmanager
def running(path: Path) -> Iterator[Ways]:
    """A school with a site that all ways lead to."""
    ca, world = Ca(path / "ca", "Klaswacht test CA"), Ca(path / "world", "World")
    (path / "world.pem").write_bytes(world.crt.read_bytes())
    with contextlib.ExitStack() as stack:
        site = stack.enter_context(Site(world, *NAMES))
        yield Ways(path, site, ca, world, _settle(path, site), stack)


def _settle(path: Path, site: Site) -> int:
    """Write the school; the port of its proxy."""
    proxy = free_port()
    hosts = {f"{name}:443": f"127.0.0.1:{site.tls}" for name in NAMES}
    hosts |= {f"{name}:80": f"127.0.0.1:{site.plain}" for name in NAMES}
    hosts[f"{SIXTH}:443"] = f"[::1]:{site.tls6}"
    days = ", ".join(
        f'{day}: {{lessons: ["00:00-24:00"]}}' for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    )
    text = SETTINGS.format(
        proxy=proxy,
        keyed=free_port(),
        dashboard=free_port(),
        days=days,
        hosts=", ".join(f'"{name}": "{to}"' for name, to in hosts.items()),
    )
    (path / "school.yaml").write_text(text)
    now = datetime.now(UTC)
    store = open_store(f"sqlite:///{path / 'klaswacht.db'}", key=columns_key(path), migrate=True)
    file = load.read_school(path / "school.yaml")
    store.policies.add(SCHOOL, file.policy, file.digest, "school.yaml", now, based_on=0, written=file.written)
    store.people.put_group(SCHOOL, Group("7", "Groep 7", (7,)), "test", now)
    store.devices.put(
        SCHOOL, Device("cart", "kar", DeviceClass.PUPIL, group="7", addresses=("127.0.0.0/8",)), "test", now
    )
    store.close()
    return proxy


@contextlib.contextmanager
def _started(path: Path, command: list[str], way: Way) -> Iterator[None]:
    log = path / f"{Path(command[0]).name}.log"
    environment = os.environ | {"KLASWACHT_HOME": str(path)}
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + 90
        while not _answers(way):
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(way: Way) -> bool:
    try:
        with way.first() as client:
            client.send(way.head(b"GET", b"/ready"))
            return client.answer().body == SECRET
    except (OSError, AssertionError):
        return False
