"""Two nodes behind a real HAProxy: who is served by which, who hears for whom, and what becomes of a node that dies."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cli.haproxy import HEALTH, Node, configuration, nodes
from cli.home import Trouble
from config import load
from config.settings import Settings
from config.texts import say
from proxy_addons import proxy_protocol
from proxy_addons.crowd import PER_ADDRESS

GENEROUS = 40.0  # seconds
FEW = 20  # connections of one address, in place of the many of a school
HAPROXY = shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin")
real = pytest.mark.skipif(HAPROXY is None, reason="needs HAProxy (setup/machine.sh)")
TWO = (Node("a", "10.0.0.11"), Node("b", "fd00::12"))


def settings_of(folder: Path, **listen: Any) -> Settings:
    file = folder / "school.yaml"
    load.write_template(file)
    settings = load.read_school(file).settings
    return replace(settings, listen=replace(settings.listen, **{"balancers": ("10.0.0.5",), **listen}))


def written(folder: Path, text: str) -> Path:
    """The configuration in a file; where the package's own user is not, as who runs this."""
    try:
        pwd.getpwnam("haproxy")
    except KeyError:
        text = text.replace("user haproxy", f"user {pwd.getpwuid(os.getuid()).pw_name}")
        text = text.replace("group haproxy", f"group {grp.getgrgid(os.getgid()).gr_name}")
    file = folder / "haproxy.cfg"
    file.write_text(text)
    return file


def ready_within(is_so: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + GENEROUS
    while time.monotonic() < deadline:
        if is_so():
            return True
        time.sleep(0.05)
    return False


@real
@pytest.mark.parametrize("lang", ["nl", "en"])
def test_haproxy_itself_finds_nothing_wrong_with_it(tmp_path: Path, lang: str) -> None:
    settings = settings_of(tmp_path, groups={"7": 8107, "groep-8": 8108}, page=80, dns=53, transparent=8082)
    file = written(tmp_path, configuration(settings, TWO, bind="10.0.0.5", monitor=9464, lang=lang))
    done = subprocess.run([str(HAPROXY), "-c", "-f", file], capture_output=True, text=True, timeout=GENEROUS)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr


def test_devices_find_every_port_that_a_balancer_can_serve_and_no_other(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, groups={"7": 8107}, page=80, dns=53, transparent=8082)
    text = configuration(settings, TWO, bind="::", monitor=9999, lang="nl")
    binds = [line.split()[1] for line in text.splitlines() if line.startswith("    bind ")]
    assert binds == ["[::]:8080", "[::]:8081", "[::]:8107"]
    servers = [line for line in text.splitlines() if line.startswith("    server ")]
    assert len(servers) == 6
    assert all(" send-proxy-v2 check port 9999 " in line for line in servers)
    assert "server b [fd00::12]:8080 " in text


def test_nodes_that_believe_no_balancer_are_told_before_pupils_notice(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="balancers"):
        configuration(settings_of(tmp_path, balancers=()), TWO, bind="*", monitor=9464, lang="nl")


@pytest.mark.parametrize(
    "given",
    [[], ["a=10.0.0.1"], ["a=10.0.0.1", "a=10.0.0.2"], ["a=10.0.0.1", "b=10.0.0.1"],
     ["a=10.0.0.1", "b"], ["a=10.0.0.1", "b=nergens"], ["a=10.0.0.1", "b c=10.0.0.2"], ["a=10.0.0.1", "=10.0.0.2"]],
)  # fmt: skip
def test_what_is_no_pair_of_nodes_is_one_line(given: list[str]) -> None:
    with pytest.raises(Trouble):
        nodes(given, "nl")


def test_an_address_that_is_none_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="--bind"):
        configuration(settings_of(tmp_path), TWO, bind="x\n    stats", monitor=9464, lang="nl")


class Pretend:
    """A node: tells everybody its name and for whom it is connected to, and answers whether it is well."""

    def __init__(self, name: str, address: str, port: int, monitor: int) -> None:
        self.name, self.well, self.asked = name, True, 0
        self.taken = socket.create_server((address, port))
        node = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                node.asked += self.path == HEALTH
                self.send_response(200 if node.well and self.path == HEALTH else 503)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.monitor = ThreadingHTTPServer((address, monitor), Answer)
        threading.Thread(target=self.monitor.serve_forever, daemon=True).start()
        threading.Thread(target=self._serve, daemon=True).start()
        self._open: list[socket.socket] = []

    @property
    def port(self) -> int:
        return int(self.taken.getsockname()[1])

    def _serve(self) -> None:
        while True:
            try:
                one, _ = self.taken.accept()
            except OSError:
                return
            self._open.append(one)
            threading.Thread(target=self._tell, args=(one,), daemon=True).start()

    def _tell(self, one: socket.socket) -> None:
        data, header = b"", None
        with suppress(OSError):
            while header is None and (more := one.recv(1000)):
                data += more
                header = proxy_protocol.read(data)
        if header is not None:
            with suppress(OSError):
                one.sendall(f"{self.name} {header.source}\n".encode())
                while one.recv(1000):
                    pass
        one.close()

    def die(self) -> None:
        """As a killed process: nobody listens any more, and every connection is gone."""
        self.taken.shutdown(socket.SHUT_RDWR)
        self.taken.close()
        self.monitor.shutdown()
        self.monitor.server_close()
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[dict[str, Pretend], int]]:
    """Two nodes on addresses of this machine, and the port of a HAProxy before them."""
    with ExitStack() as stack:
        first = Pretend("a", "127.0.0.11", 0, 0)
        port, monitor = first.port, int(first.monitor.server_address[1])
        second = Pretend("b", "127.0.0.12", port, monitor)
        settings = settings_of(tmp_path, proxy=port, keyed=0)
        known = (Node("a", "127.0.0.11"), Node("b", "127.0.0.12"))
        text = configuration(settings, known, bind="127.0.0.1", monitor=monitor, lang="nl")
        door = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        os.set_inheritable(door.fileno(), True)
        # The port is handed over open, so that nobody else can have it.
        text = text.replace(f"bind 127.0.0.1:{port}", f"bind fd@{door.fileno()}")
        assert text.count(f"conn_cur gt {PER_ADDRESS} ") == 1
        text = text.replace("maxconn 20000", "maxconn 1000").replace(
            f"conn_cur gt {PER_ADDRESS} ", f"conn_cur gt {FEW} "
        )
        file = written(tmp_path, text)
        balancer = subprocess.Popen([str(HAPROXY), "-db", "-f", file], pass_fds=[door.fileno()])
        stack.callback(balancer.wait, GENEROUS)
        stack.callback(balancer.terminate)
        assert ready_within(lambda: first.asked > 1 and second.asked > 1), "nobody asks the nodes whether they are well"
        yield {"a": first, "b": second}, int(door.getsockname()[1])


def ask(port: int, source: str) -> tuple[str, str]:
    """Connect from an address: which node answers, and for whom it thinks that it does."""
    with socket.create_connection(("127.0.0.1", port), GENEROUS, source_address=(source, 0)) as one:
        name, _, told = one.makefile().readline().strip().partition(" ")
    return name, told


def answered(port: int, source: str) -> str:
    """Which node answers; empty when the connection is broken off."""
    try:
        return ask(port, source)[0]
    except ConnectionError:
        return ""


@pytest.mark.evasion("S17")
@real
def test_a_device_stays_at_one_node_is_known_by_its_own_address_and_moves_on_when_that_node_dies(
    pair: tuple[dict[str, Pretend], int],
) -> None:
    running, port = pair
    sources = [f"127.0.1.{number}" for number in range(1, 25)]
    homes = {source: ask(port, source) for source in sources}
    assert all(told == source for source, (_, told) in homes.items())
    assert {name for name, _ in homes.values()} == {"a", "b"}, "both nodes have work"
    assert {source: ask(port, source) for source in sources} == homes
    # A node without rules gets nobody, and its devices come back when it is well again.
    running["b"].well = False
    assert ready_within(lambda: {answered(port, source) for source in sources} == {"a"})
    running["b"].well = True
    assert ready_within(lambda: all(answered(port, source) == home for source, (home, _) in homes.items()))
    # A killed one: the very next connection is answered by the other one.
    running["a"].die()
    assert {ask(port, source)[0] for source in sources} == {"b"}


@pytest.mark.evasion("S11")
@real
def test_who_has_too_many_connections_is_stopped_and_the_others_are_not(
    pair: tuple[dict[str, Pretend], int],
) -> None:
    _, port = pair
    with ExitStack() as stack:
        for _ in range(FEW):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", port), GENEROUS, ("127.0.2.1", 0)))
            assert one.recv(100)
        assert not answered(port, "127.0.2.1")
        assert ask(port, "127.0.2.2")[1] == "127.0.2.2"
    assert ready_within(lambda: bool(answered(port, "127.0.2.1"))), "who went on less than that is let in again"


def test_every_sentence_of_the_configuration_is_a_comment(tmp_path: Path) -> None:
    text = configuration(settings_of(tmp_path), TWO, bind="*", monitor=9464, lang="nl")
    for code in ("header", "no_log", "killed", "sticky", "health", "sources"):
        for line in say(f"haproxy.{code}", "nl").splitlines():
            assert f"# {line}\n" in text
