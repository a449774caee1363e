"""Two machines with the proxy, a HAProxy before them and PostgreSQL behind them, as the handbook has it: all of it
real processes, on loopback addresses that stand for machines.

The steps are those of docs/handboek/twee-machines.md. What stands in for systemd is here: which environment a service
has, and what it is handed.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_address
from pathlib import Path

import httpx
import psutil
import psycopg

from cli.demo.certs import Papers, make_papers
from cli.demo.play import fill
from cli.demo.school import Place, all_names, pupils
from cli.demo.sites import Ports, Sites, running
from cli.home import Home
from cli.ports import answers
from store import Store, open_store
from tests.e2e.clients import Device
from tests.e2e.postgres import NAME, PASSWORDS, ROLES, Server, server
from tests.faults.school import Tripwire
from tests.store.line import Line

FRONT, FIRST, SECOND = "127.0.0.1", "127.0.0.11", "127.0.0.12"
"""HAProxy, and the two machines. HAProxy connects from `FRONT`."""
CLOSED = "fotodrop.test"
HANDBOOK = Path(__file__).parents[2] / "docs" / "handboek" / "twee-machines.md"
WITHIN = 60.0  # seconds: a ceiling on a busy machine
_ESTABLISHED = "01"
PATIENCE = 12.0  # seconds until a pupil's device gives up
_KEPT = ("ca/mitmproxy-ca.pem", "ca/klaswacht-ca.crt", "secrets/forms", "secrets/columns")
"""What systemd hands to the proxy's service."""


def until(true: Callable[[], bool], told: str, within: float = WITHIN) -> None:
    """Look until it is so."""
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end, f"never: {told}"
        time.sleep(0.05)


@dataclass(slots=True)
class Service:
    """One service of a machine: a supervisor with its processes."""

    words: tuple[str, ...]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-c", "from cli.main import main; main()", *self.words],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def processes(self) -> list[psutil.Process]:
        """The supervisor and all that it started."""
        assert self.process is not None
        try:
            first = psutil.Process(self.process.pid)
            return [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def kill(self) -> None:
        """kill -9 of all of them; the supervisor stands still first, so that it starts none again."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        for one in reversed(self.processes):
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        self.process.wait(WITHIN)

    def freeze(self) -> None:
        """They stand still, and the kernel goes on to take connections for them."""
        for one in self.processes:
            one.suspend()

    def thaw(self) -> None:
        for one in reversed(self.processes):
            one.resume()

    def stop(self) -> int:
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(WITHIN)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def said(self) -> str:
        return self.log.read_text("utf-8", "replace")


@dataclass(slots=True)
class Node:
    """A machine with the proxy."""

    name: str
    address: str
    home: Home
    line: Line
    monitor: int
    proxy: Service

    def ready(self) -> dict[str, bool]:
        """What `/readyz` says of its parts; all false where nobody answers."""
        try:
            told = httpx.get(f"http://{self.address}:{self.monitor}/readyz", timeout=5, trust_env=False).json()
        except (httpx.TransportError, ValueError):
            return dict.fromkeys(("workers", "policy", "store"), False)
        return {str(name): bool(there) for name, there in told["parts"].items()}

    def count(self, name: str, **labels: str) -> float:
        """What `/metrics` says, summed over the labels that are not named."""
        text = httpx.get(f"http://{self.address}:{self.monitor}/metrics", timeout=5, trust_env=False).text
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        lines = (line for line in text.splitlines() if line.startswith((f"{name}{{", f"{name} ")))
        return sum(float(line.rpartition(" ")[2]) for line in lines if all(one in line for one in wanted))

    def has(self, *parts: str) -> bool:
        told = self.ready()
        return all(told[part] for part in parts)

    def begin(self) -> None:
        """Start it, and wait until it listens and reads the database."""
        self.proxy.start()
        until(lambda: self.has("workers", "policy", "store"), f"node {self.name} is ready", 180)


@dataclass(slots=True)
class Pair:
    """Everything. `front` are the ports of HAProxy, by the names of `Place`."""

    server: Server
    desk: Service
    nodes: dict[str, Node]
    sites: Sites
    closed: Tripwire
    papers: Papers
    store: Store
    front: Place
    balancer: subprocess.Popen[bytes]
    folder: Path

    @property
    def first(self) -> Node:
        return self.nodes["a"]

    @property
    def second(self) -> Node:
        return self.nodes["b"]

    @property
    def ca(self) -> Path:
        return self.first.home.ca_folder / "klaswacht-ca.crt"

    @property
    def dashboard_url(self) -> str:
        return f"https://{FIRST}:{self.front.dashboard}"

    def device(self, name: str, source: str) -> Device:
        """A pupil's Chromebook with its key, on an address of its own, through HAProxy."""
        one = next(pupil for pupil in pupils() if pupil.name == name)
        trust = (self.ca, self.papers.ca)
        return Device(self.front.keyed, trust, source, f"{one.device}:{one.key}", patience=PATIENCE)

    def at(self, node: str, source: str) -> bool:
        """Whether HAProxy leads this source to that node: a connection is made, and looked for there."""
        before = self._taken()
        with socket.create_connection((FRONT, self.front.proxy), WITHIN, (source, 0)):
            until(lambda: any(now - before[name] for name, now in self._taken().items()), "a node took it", 20)
            return bool(self._taken()[node] - before[node])

    def _taken(self) -> dict[str, set[str]]:
        """The far ends of what is connected to each node."""
        return {name: _lines(node.address, self.front.proxy) for name, node in self.nodes.items()}

    def sources(self, node: str, many: int, third: int = 1) -> list[str]:
        """Addresses that HAProxy leads to that node while both are well."""
        found = []
        for last in range(1, 250):
            if len(found) == many:
                break
            if (source := f"127.0.{third}.{last}") and self.at(node, source):
                found.append(source)
        return found


def _lines(address: str, port: int) -> set[str]:
    """The far ends of what is connected to a place, as the kernel tells."""
    here = f"{int.from_bytes(ip_address(address).packed, sys.byteorder):08X}:{port:04X}"
    found = (one.split() for one in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return {far for _, near, far, state, *_ in found if near == here and state == _ESTABLISHED}


# --- making it, step by step -----------------------------------------------------------------------------------------


def command(home: Home, *words: object, said: str = "", environment: dict[str, str] | None = None) -> str:
    """The `klaswacht` command with words on stdin; what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", "from cli.main import main; main()", *map(str, words)],
        env={**_clean(), "KLASWACHT_HOME": str(home.path), **(environment or {})},
        input=said,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _clean() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KLASWACHT_")}
    return {**kept, "PYTHONUNBUFFERED": "1", "KLASWACHT_STRICT_TEXTS": "1"}


def make_roles(running: Server, home: Home) -> None:
    """The database and its roles: step 1 of the handbook."""
    running.sql(f"CREATE DATABASE {NAME} TEMPLATE template0")
    with psycopg.connect(running.url(NAME), autocommit=True) as connection:
        connection.execute(command(home, "store", "roles", "--database", NAME).encode())
        for role, word in PASSWORDS.items():
            connection.execute(f"ALTER ROLE {role} PASSWORD '{word}'".encode())


def move(running: Server, home: Home) -> str:
    """Step 3: the school to PostgreSQL."""
    both = f"{running.url_of(ROLES.desk)}\n{running.url_of(ROLES.accounts)}\n"
    return command(home, "store", "migrate", "sqlite-to-postgres", "--to", "-", said=both)


def free_ports(many: int) -> list[int]:
    """Numbers that are free on all three addresses, and that no client is given while a node is away."""
    found: list[int] = []
    while len(found) < many:
        number = random.randrange(12_000, 32_000)
        with contextlib.suppress(OSError), contextlib.ExitStack() as held:
            for address in (FRONT, FIRST, SECOND):
                held.enter_context(socket.create_server((address, number)))
            found += [number] if number not in found else []
    return found


def credentials(folder: Path, home: Home, texts: dict[str, str], names: Sequence[str] = ()) -> dict[str, str]:
    """What systemd hands to a service: files of the home folder, and lines of text."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    for name in names:
        shutil.copy2(home.path / name, folder / Path(name).name)
    for name, text in texts.items():
        (folder / name).write_text(f"{text}\n")
    return {"CREDENTIALS_DIRECTORY": str(folder)}


def desk_service(folder: Path, home: Home, line: Line, running: Server) -> Service:
    urls = {
        "database": running.url_of(ROLES.desk, line.address, line.port),
        "accounts-database": running.url_of(ROLES.accounts, line.address, line.port),
    }
    handed = credentials(folder / "credentials-desk", home, urls)
    environment = {**_clean(), **handed, "KLASWACHT_HOME": str(home.path), "KLASWACHT_ADDRESS": line.address}
    return Service(("up", "--part", "desk"), environment, folder / "desk.log")


def node_of(folder: Path, name: str, home: Home, line: Line, running: Server, monitor: int) -> Node:
    urls = {"database": running.url_of(ROLES.proxy, line.address, line.port)}
    handed = credentials(folder / f"credentials-{name}", home, urls, _KEPT)
    own = folder / f"run-{name}"
    own.mkdir(mode=0o700, exist_ok=True)
    environment = {
        **_clean(),
        **handed,
        "RUNTIME_DIRECTORY": str(own),
        "KLASWACHT_HOME": str(home.path),
        "KLASWACHT_ADDRESS": line.address,
    }
    words = ("up", "--part", "proxy", "--workers", "1", "--monitor", f"{line.address}:{monitor}")
    return Node(name, line.address, home, line, monitor, Service(words, environment, folder / f"node-{name}.log"))


def balance(folder: Path, home: Home, monitor: int) -> subprocess.Popen[bytes]:
    """The last step: the configuration, looked at by HAProxy itself, and HAProxy with it."""
    program = shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program is not None, "HAProxy is not installed"
    nodes = ("--node", f"a={FIRST}", "--node", f"b={SECOND}")
    text = command(home, "haproxy", *nodes, "--bind", FRONT, "--monitor", monitor)
    file = folder / "haproxy.cfg"
    # Where tests run a process may have fewer descriptors than under systemd; the bounds a source stay as they are.
    file.write_text(text.replace("maxconn 20000", "maxconn 4000"))
    looked = subprocess.run([program, "-c", "-f", file], capture_output=True, text=True, timeout=60, check=False)
    assert looked.returncode == 0 and "WARNING" not in looked.stderr, looked.stderr
    with (folder / "haproxy.log").open("wb") as out:
        return subprocess.Popen([program, "-db", "-f", file], stdout=out, stderr=subprocess.STDOUT)


@contextlib.contextmanager
def two_nodes(folder: Path) -> Iterator[Pair]:
    """The school on PostgreSQL with two nodes behind HAProxy, all of it ready; stopped at the end."""
    with contextlib.ExitStack() as stack:
        running_server = stack.enter_context(server())
        papers = make_papers(folder / "sites", all_names(), datetime.now(UTC))
        sites, ports = stack.enter_context(running(papers))
        proxy, keyed, dashboard, seven, eight, monitor = free_ports(6)
        place = Place(proxy, keyed, dashboard, {"7": seven, "8": eight})
        first, second = Home(folder / "first"), Home(folder / "second")
        for home in (first, second):
            home.prepare()
        fill(first, papers, ports, place, ["open_sites: [onzeschool.test, zoekmaar.test]"])
        closed = stack.enter_context(Tripwire())
        in_school_file(first, closed, ports)
        make_roles(running_server, first)
        move(running_server, first)
        lines = {address: Line(running_server.socket, address) for address in (FIRST, SECOND)}
        for line in lines.values():
            stack.callback(line.close)
        desk = desk_service(folder, first, lines[FIRST], running_server)
        stack.callback(desk.stop)
        desk.start()
        until(lambda: "curl --proxy" in desk.said(), "the desk is there", 180)
        second_machine(first, second)
        nodes = {
            "a": node_of(folder, "a", first, lines[FIRST], running_server, monitor),
            "b": node_of(folder, "b", second, lines[SECOND], running_server, monitor),
        }
        for node in nodes.values():
            stack.callback(node.proxy.stop)
            node.proxy.start()
        # HAProxy takes nodes that are not there yet for dead ones, and closes what comes until it has looked again.
        for node in nodes.values():
            until(partial(node.has, "workers", "policy", "store"), f"node {node.name} is ready", 180)
        balancer = balance(folder, first, monitor)
        stack.callback(balancer.wait, WITHIN)
        stack.callback(balancer.terminate)
        store = open_store(
            running_server.url_of(ROLES.desk), running_server.url_of(ROLES.accounts), key=first.columns_key
        )
        stack.callback(store.close)
        pair = Pair(running_server, desk, nodes, sites, closed, papers, store, place, balancer, folder)
        until(lambda: answers(FRONT, proxy), "HAProxy listens")
        until(lambda: {pair.at("a", f"127.0.99.{n}") for n in range(1, 9)} == {True, False}, "both nodes are in use")
        yield pair


def in_school_file(home: Home, closed: Tripwire, ports: Ports) -> None:
    """Step 2 of the handbook; and the closed site is one that counts who comes."""
    text = home.school_file.read_text().replace("listen:\n", f'listen:\n  balancers: ["{FRONT}"]\n', 1)
    for port, real in ((443, ports.tls), (80, ports.plain)):
        text = text.replace(f'"{CLOSED}:{port}": "127.0.0.1:{real}"', f'"{CLOSED}:{port}": "127.0.0.1:{closed.port}"')
    assert text.count(f":{closed.port}") == 2
    home.school_file.write_text(text)


def second_machine(first: Home, second: Home) -> None:
    """Step 3: what the second machine has of the first one, by the very line of the handbook."""
    for one in ("lists", "secrets", "ca", ".wachtrij"):  # as an installation has them
        for home in (first, second):
            (home.path / one).mkdir(mode=0o700, parents=True, exist_ok=True)
    (line,) = (one.strip() for one in HANDBOOK.read_text("utf-8").splitlines() if "tar -C" in one)
    here, there = line.removeprefix("sudo ").split(" | ssh root@tweede ")
    line = " | ".join(
        part.replace("/var/lib/klaswacht", str(home.path)) for part, home in ((here, first), (there, second))
    )
    subprocess.run(["sh", "-euc", line], check=True, timeout=60)
    found = {str(path.relative_to(second.path)) for path in second.path.rglob("*") if path.is_file()}
    assert {*_KEPT, ".school.in-force.yaml"} <= found
    secret = {"secrets/second-factor", "secrets/answers", "secrets/dashboard", "ca/dashboard.pem"}
    assert not found & secret and not any(name.endswith(".db") for name in found), found
    for name in _KEPT:
        assert (first.path / name).stat().st_mode == (second.path / name).stat().st_mode
