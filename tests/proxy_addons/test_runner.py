"""The whole worker: real gate, real rules in a real database, two processes on one port, and stock mitmdump."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psutil
import pytest
import websockets.exceptions
import websockets.sync.client
from mitmproxy.certs import CertStore

from config import load
from config.feeds import update
from config.feeds.guards import Kept
from config.feeds.subscriptions import Lists, Subscription
from config.feeds.update import Conditions
from config.private_folder import columns_key
from policy.model import Device, DeviceClass, Grant, Group, Reason, Role
from proxy_addons import engine
from proxy_addons.handed import bound
from proxy_addons.runner import compose, main
from store import Store, open_store
from tests.proxy_addons.origins import SECRET, Ca, Origins
from tests.proxy_addons.rig import free_port, until_closed

ROOT = Path(__file__).parents[2]
HELP = "www.kindertelefoon.nl"
NAMES = ("open.test", "kletsplein.test", "tunnel.test", "discord.com", "ws.kletsplein.test", HELP)
SCHOOL = "school"
WITHIN = 5.0
SETTINGS = """
protocol: kalisto
listen: {{address: 127.0.0.1, proxy: {proxy}, keyed: {keyed}, dashboard: {dashboard}}}
schedule:
  days: {{{days}}}
lists: {{social: [kletsplein.test, ws.kletsplein.test]}}
tunnels: {{tunnel.test: a test}}
egress:
  hosts: {{{hosts}}}
  trust: [world.pem]
"""


@dataclass
class Home:
    path: Path
    ca: Ca
    origins: Origins
    store: Store
    proxy: int
    keyed: int

    @contextlib.contextmanager
    def client(self, **more) -> Iterator[httpx.Client]:
        port = more.pop("port", self.proxy)
        with httpx.Client(
            proxy=f"http://127.0.0.1:{port}",
            verify=ssl.create_default_context(cafile=self.ca.crt),
            trust_env=False,
            timeout=15,
            **more,
        ) as client:
            yield client

    def grant(self, seconds: float, *sites: str) -> Grant:
        now = datetime.now(UTC)
        wish = Grant(
            "", now - timedelta(seconds=1), now + timedelta(seconds=seconds), Role.TEACHER, "anja",
            groups=frozenset({"7"}), sites=sites or ("kletsplein.test",),
        )  # fmt: skip
        return self.store.grants.add(SCHOOL, wish, now)

    def open_now(self, site: str, yes: bool = True) -> None:
        """Wait until all workers have heard: the same answer several times in a row."""
        right, deadline = 0, time.monotonic() + 15
        while right < 8:
            assert time.monotonic() < deadline, "the workers did not hear of it"
            with self.client() as client:
                right = right + 1 if (client.get(f"https://{site}/").content == SECRET) is yes else 0


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Iterator[Home]:
    with settled(tmp_path_factory.mktemp("home")) as home:
        yield home


@contextlib.contextmanager
def settled(path: Path) -> Iterator[Home]:
    """A school's home folder, with its rules in the database."""
    ca, world = Ca(path / "ca", "Klaswacht test CA"), Ca(path / "world", "World")
    (path / "world.pem").write_bytes(world.crt.read_bytes())
    with Origins(world, *NAMES) as origins:
        hosts = {f"{name}:443": f"127.0.0.1:{origins.tls}" for name in NAMES}
        hosts |= {f"{name}:80": f"127.0.0.1:{origins.plain}" for name in NAMES}
        hosts |= {"ws.kletsplein.test:443": f"127.0.0.1:{origins.ws}"}
        proxy, keyed, dashboard = free_port(), free_port(), free_port()
        days = ", ".join(
            f'{day}: {{lessons: ["00:00-24:00"]}}' for day in ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        )
        text = SETTINGS.format(
            proxy=proxy, keyed=keyed, dashboard=dashboard, days=days,
            hosts=", ".join(f'"{name}": "{to}"' for name, to in hosts.items()),
        )  # fmt: skip
        (path / "school.yaml").write_text(text)
        file = load.read_school(path / "school.yaml")
        now = datetime.now(UTC)
        store = open_store(f"sqlite:///{path / 'klaswacht.db'}", key=columns_key(path), migrate=True)
        store.policies.add(SCHOOL, file.policy, file.digest, "school.yaml", now, based_on=0)
        store.people.put_group(SCHOOL, Group("7", "Groep 7", (7,)), "test", now)
        store.devices.put(
            SCHOOL, Device("cart-7", "kar", DeviceClass.PUPIL, group="7", addresses=("127.0.0.0/8",)), "test", now
        )
        yield Home(path, ca, origins, store, proxy, keyed)
        store.close()


@pytest.fixture(scope="module")
def workers(home) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Two workers on the same ports."""
    with running(home, 2) as processes:
        yield processes


@contextlib.contextmanager
def running(home: Home, many: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Workers of a home, once they listen."""
    processes = []
    try:
        pipes = []
        for _ in range(many):
            ours, its = os.pipe()
            pipes.append(ours)
            command = [sys.executable, "-m", "proxy_addons.runner", "--home", str(home.path), "--ready-fd", str(its)]
            with (home.path / "workers.log").open("ab") as log:
                processes.append(subprocess.Popen(command, cwd=ROOT, pass_fds=(its,), stderr=log))
            os.close(its)
        for ours in pipes:
            with os.fdopen(ours, "rb") as pipe:
                assert pipe.readline() == b"ready\n", (home.path / "workers.log").read_text()
        yield processes
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(20)


def test_rules_of_the_school_hold_at_both_workers(home, workers):
    for _ in range(6):
        for http2 in (False, True):
            with home.client(http2=http2) as client:
                assert client.get("https://open.test/").content == SECRET
                before = len(home.origins.seen.requests)
                page = client.get("https://kletsplein.test/", headers={"accept": "text/html"})
                assert page.status_code == 403
                assert "text/html" in page.headers["content-type"]
                assert page.headers["cache-control"] == "no-store"
                assert client.get("http://discord.com/").status_code == 403
                assert len(home.origins.seen.requests) == before


@pytest.mark.evasion("E08")
@pytest.mark.parametrize(
    ("scheme", "typed", "host"),
    [
        ("http", "[2001:db8::1]", "2001:db8::1"),
        ("http", "[2001:DB8:0::2]:80", "2001:db8::2"),
        ("http", "[::ffff:198.51.100.7]", "198.51.100.7"),
        ("https", "[2001:db8::3]", "2001:db8::3"),
        ("https", "[::ffff:198.51.100.8]", "198.51.100.8"),
    ],
)
def test_an_address_of_numbers_is_denied_as_one_however_it_is_written(home, workers, scheme, typed, host):
    with contextlib.ExitStack() as stack:
        if scheme == "http":
            sock, target = socket.create_connection(("127.0.0.1", home.proxy), 10), f"http://{typed}"
        else:
            sock, target = _tls(home, typed), ""
        stack.enter_context(sock)
        after = home.store.events.last_id(SCHOOL)
        sock.sendall(f"GET {target}/ HTTP/1.1\r\nHost: {typed}\r\nAccept: text/html\r\n\r\n".encode())
        assert sock.recv(4096).startswith(b"HTTP/1.1 403")
    deadline = time.monotonic() + 10
    # The workers are shared by the tests here: what an earlier one did may still be on its way into the store.
    while not (mine := [one for one in home.store.events.since(SCHOOL, after) if one.event.host == host]):
        assert time.monotonic() < deadline, "nothing was recorded"
        time.sleep(0.05)
    assert {(one.event.reason, one.event.category) for one in mine} == {(Reason.PLACE, "bare-ip")}


def test_two_workers_share_the_port(home, workers):
    socks = [socket.create_connection(("127.0.0.1", home.proxy), timeout=10) for _ in range(40)]
    try:
        deadline, counts = time.monotonic() + 10, [0, 0]
        while sum(counts) < 40 and time.monotonic() < deadline:
            counts = [
                sum(one.laddr.port == home.proxy and one.status == psutil.CONN_ESTABLISHED for one in connections)
                for connections in (psutil.Process(process.pid).net_connections("tcp") for process in workers)
            ]
        assert sum(counts) >= 40
        assert min(counts) > 0
    finally:
        for sock in socks:
            sock.close()


@pytest.mark.evasion("E12", "S17")
def test_a_permission_opens_and_its_end_closes_everything_at_both_workers(home, workers):
    home.grant(6)
    home.grant(6, "ws.kletsplein.test")
    home.open_now("kletsplein.test")
    streams = []
    for _ in range(8):
        tls = _tls(home, "kletsplein.test")
        tls.sendall(b"GET /sse HTTP/1.1\r\nHost: kletsplein.test\r\n\r\n")
        assert tls.recv(4096).startswith(b"HTTP/1.1 200")
        streams.append(tls)
    with _chat(home) as chat:
        chat.send("hallo")
        assert chat.recv(5) == "hallo"
        with pytest.raises(websockets.exceptions.ConnectionClosed):
            chat.recv(12)
    for stream in streams:
        assert until_closed(stream) < WITHIN
    home.open_now("kletsplein.test", yes=False)


@pytest.mark.evasion("E12", "S17")
def test_a_revoke_closes_what_runs_and_an_open_site_goes_on(home, workers):
    grant = home.grant(600)
    home.open_now("kletsplein.test")
    streams = {host: [_tls(home, host) for _ in range(4)] for host in ("kletsplein.test", "open.test")}
    tunnel = _tls(home, "tunnel.test", ca=home.path / "world" / "klaswacht-ca.crt")
    for host, ones in (*streams.items(), ("tunnel.test", [tunnel])):
        for one in ones:
            one.sendall(f"GET /sse HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            assert one.recv(4096).startswith(b"HTTP/1.1 200")
    assert home.store.grants.revoke(SCHOOL, grant.id, "anja", datetime.now(UTC))
    for stream in streams["kletsplein.test"]:
        assert until_closed(stream) < WITHIN
    for stream in (*streams["open.test"], tunnel):
        stream.settimeout(5)
        assert SECRET in stream.recv(65536) + stream.recv(65536)


def test_a_site_that_a_list_names_closes_at_both_workers_and_opens_when_the_list_is_gone(home, workers):
    lists = Lists(home.path)
    by = Conditions(datetime.now(UTC), Kept(frozenset()))
    (home.path / "games.txt").write_text("open.test\n")
    streams = {"open.test": [_tls(home, "open.test") for _ in range(6)]}
    streams["tunnel.test"] = [_tls(home, "tunnel.test", ca=home.path / "world" / "klaswacht-ca.crt") for _ in range(2)]
    for host, ones in streams.items():
        for one in ones:
            one.sendall(f"GET /sse HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            assert one.recv(4096).startswith(b"HTTP/1.1 200")
    revision = home.store.revision(SCHOOL)
    with lists.alone():
        update.add(lists, Subscription("games", str(home.path / "games.txt"), "games"), by)
    for stream in streams["open.test"]:
        assert until_closed(stream, within=10.0) < WITHIN
    home.open_now("open.test", yes=False)
    for stream in streams["tunnel.test"]:
        stream.settimeout(5)
        assert SECRET in stream.recv(65536) + stream.recv(65536)
    with lists.alone():
        update.remove(lists, "games", by)
    home.open_now("open.test")
    assert home.store.revision(SCHOOL) == revision, "a list is no rule of the school"


def test_the_dashboard_and_the_guard_itself_are_out_of_reach(home, workers):
    for host in ("127.0.0.1", "localhost", "klaswacht.internal"):
        for port in (home.proxy, home.keyed, 8443):
            with home.client() as client, contextlib.suppress(httpx.TransportError):
                assert client.get(f"http://{host}:{port}/").status_code >= 400
    with home.client() as client:
        assert "vertel." in client.get("http://127.0.0.1/").text, "not the dashboard"
        assert client.get("http://127.0.0.1/inloggen").status_code == 404


def test_a_keyed_listener_asks_for_a_key(home, workers):
    with home.client(port=home.keyed) as client:
        assert client.get("http://open.test/").status_code == 407


def test_a_worker_that_is_told_to_stop_stops(home, workers):
    process = workers.pop()
    stream = _tls(home, "open.test")
    stream.sendall(b"GET /sse HTTP/1.1\r\nHost: open.test\r\n\r\n")
    stream.recv(100)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    for _ in range(5):
        with home.client() as client:
            assert client.get("https://open.test/").content == SECRET
    assert "Traceback" not in (home.path / "workers.log").read_text()


def test_nothing_that_was_visited_is_in_the_log(home, workers):
    log = (home.path / "workers.log").read_text()
    for name in (*NAMES, "hallo"):
        assert name not in log


def test_an_answer_does_not_wait_for_the_clients_acknowledgement():
    """Nagle is off on accepted connections: small answers of two writes would each take 40 ms."""

    async def run() -> int:
        listening, found = bound("127.0.0.1", 0), asyncio.get_running_loop().create_future()

        class Look(asyncio.Protocol):
            def connection_made(self, transport):
                sock = transport.get_extra_info("socket")
                found.set_result(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

        server = await asyncio.get_running_loop().create_server(Look, sock=listening)
        _, writer = await asyncio.open_connection(*listening.getsockname())
        try:
            return await asyncio.wait_for(found, 5)
        finally:
            writer.close()
            server.close()

    assert asyncio.run(run()) == 1


def test_the_worker_never_opens_the_accounts(home, monkeypatch):
    composed = compose(home.path)
    try:
        assert ("127.0.0.1", home.keyed) in composed.config.listen
        assert composed.config.trust is not None
        assert not (home.path / "accounts.db").exists()
    finally:
        composed.store.close()


def test_a_worker_without_an_authority_or_settings_says_so_in_one_line(tmp_path, capsys):
    for made in ((), ("school.yaml",)):
        for name in made:
            load.write_template(tmp_path / name)
            open_store(f"sqlite:///{tmp_path / 'klaswacht.db'}", key=columns_key(tmp_path), migrate=True).close()
        (tmp_path / "ca").mkdir(exist_ok=True)
        assert main(["--home", str(tmp_path)]) == 1
        told = capsys.readouterr().err
        assert len(told.strip().splitlines()) == 1
        assert told.startswith("klaswacht: ")


@pytest.mark.parametrize("spoil", [lambda file: file.write_bytes(b"no database " * 999), Path.mkdir, lambda _: None])
def test_a_worker_without_a_database_keeps_help_open_and_hears_the_rules_when_it_is_back(spoil, tmp_path):
    with settled(tmp_path) as home:
        home.store.close()
        file = home.path / "klaswacht.db"
        kept = file.rename(home.path / "kept.db")
        spoil(file)
        with running(home, 1) as (process,):
            _only_help_is_open(home)
            if file.is_dir():
                file.rmdir()
            kept.replace(file)
            home.open_now("open.test")
            _help_is_open(home)
            with home.client() as client:
                assert client.get("https://kletsplein.test/").status_code == 403
            assert process.poll() is None
        told = (home.path / "workers.log").read_text()
        assert "the store cannot be read, only help is open" in told and "can be read again" in told
        assert "Traceback" not in told


def _only_help_is_open(home: Home) -> None:
    for host in ("open.test", "kletsplein.test", "tunnel.test"):
        for scheme in ("http", "https"):
            with home.client() as client:
                page = client.get(f"{scheme}://{host}/", headers={"accept": "text/html"})
            assert page.status_code >= 400 and "text/html" in page.headers["content-type"], (host, page)
            assert '<html lang="nl"' in page.text
    assert not home.origins.seen.requests
    _help_is_open(home)


def _help_is_open(home: Home) -> None:
    with home.client() as client:
        assert client.get(f"http://{HELP}/").content == SECRET
    with _tls(home, HELP, ca=home.path / "world" / "klaswacht-ca.crt") as tls:  # its own certificate: nobody looks
        tls.sendall(f"GET / HTTP/1.1\r\nHost: {HELP}\r\n\r\n".encode())
        assert tls.recv(4096).endswith(SECRET) or tls.recv(4096).endswith(SECRET)


@pytest.mark.full
def test_stock_mitmdump_gives_the_same_answers(home):
    port = free_port()
    command = [
        str(Path(sys.executable).with_name("mitmdump")), "-s", "proxy_addons/main.py",
        "--listen-host", "127.0.0.1", "--listen-port", str(port), "--set", f"confdir={home.path / 'mitm'}",
    ]  # fmt: skip
    log = (home.path / "mitmdump.log").open("wb")
    environment = os.environ | {"KLASWACHT_HOME": str(home.path)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        answer = None
        while answer is None or answer.content != SECRET:
            assert process.poll() is None, (home.path / "mitmdump.log").read_text()
            assert time.monotonic() < deadline, (answer, (home.path / "mitmdump.log").read_text())
            with contextlib.suppress(httpx.TransportError), home.client(port=port) as client:
                answer = client.get("https://open.test/")
            time.sleep(0.2)
        with home.client(port=port, http2=True) as client:
            assert client.get("https://open.test/").http_version == "HTTP/2"
            before = home.origins.seen.connections
            assert client.get("https://kletsplein.test/").status_code == 403
            assert client.get("http://discord.com/").status_code == 403
            assert client.get("https://tunnel.test/").content == SECRET  # intercepted, with our certificate
        assert home.origins.seen.connections <= before + 1
        sock = socket.create_connection(("127.0.0.1", port), timeout=10)
        sock.sendall(b"CONNECT open.test:22 HTTP/1.1\r\n\r\n")
        assert sock.recv(100).startswith(b"HTTP/1.1 403")
        tls = _tls(home, "open.test", port=port)
        tls.sendall(b"GET / HTTP/1.1\r\nHost: kletsplein.test\r\n\r\n")
        assert tls.recv(100).startswith(b"HTTP/1.1 403")
        _grant_and_end(home, port)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)
    said = (home.path / "mitmdump.log").read_text()
    assert not any(name in said for name in NAMES), said


def _grant_and_end(home: Home, port: int) -> None:
    grant = home.grant(600, "ws.kletsplein.test")
    deadline = time.monotonic() + 15
    while True:
        try:
            with _chat(home, port) as chat:
                chat.send("hallo")
                assert chat.recv(5) == "hallo"
                home.store.grants.revoke(SCHOOL, grant.id, "anja", datetime.now(UTC))
                with pytest.raises(websockets.exceptions.ConnectionClosed):
                    chat.recv(8)
                return
        except websockets.exceptions.InvalidStatus:
            assert time.monotonic() < deadline, "the permission was not heard of"


def _tls(home: Home, host: str, *, ca: Path | None = None, port: int | None = None):
    import ssl

    sock = socket.create_connection(("127.0.0.1", port or home.proxy), timeout=15)
    sock.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
    assert sock.recv(4096).startswith(b"HTTP/1.1 200")
    return ssl.create_default_context(cafile=str(ca or home.ca.crt)).wrap_socket(sock, server_hostname=host.strip("[]"))


def _chat(home: Home, port: int | None = None):
    import ssl

    trust = ssl.create_default_context(cafile=str(home.ca.crt))
    trust.maximum_version = ssl.TLSVersion.TLSv1_2  # see `Rig.trust_of_threads`
    return websockets.sync.client.connect(
        "wss://ws.kletsplein.test/chat",
        ssl=trust,
        proxy=f"http://127.0.0.1:{port or home.proxy}",
        open_timeout=15,
    )


def test_a_school_file_opens_the_transparent_port_and_names_its_balancers(tmp_path):
    listen = "listen: {proxy: 0, keyed: 0, dashboard: 0, transparent: 8082, balancers: [10.0.0.0/24]}"
    week = "schedule: {days: {mon: {lessons: ['08:30-14:00']}}}"
    (tmp_path / "school.yaml").write_text(f"protocol: kalisto\n{listen}\n{week}\n")
    composed = compose(tmp_path, {"transparent": 4000}, migrate=True)
    composed.store.close()
    assert (composed.config.transparent, composed.config.balancers) == ((("127.0.0.1", 4000),), ("10.0.0.0/24",))


def test_a_ca_that_systemd_hands_over_is_used_and_nothing_is_written_beside_it(tmp_path, monkeypatch):
    credentials, runtime = tmp_path / "credentials", tmp_path / "run"
    runtime.mkdir()
    CertStore.create_store(credentials, "mitmproxy", 2048)
    given = credentials / engine.CA_FILE
    for other in credentials.iterdir():
        if other != given:
            other.unlink()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(runtime))
    for _ in range(2):  # a second worker, or the same one again
        folder = engine.beside(given)
        store = CertStore.from_store(folder, "mitmproxy", 2048)
        assert store.default_ca.to_pem() in given.read_bytes()
    assert [one.name for one in credentials.iterdir()] == [engine.CA_FILE]
    assert folder.stat().st_mode & 0o077 == 0
