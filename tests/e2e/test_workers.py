"""Workers for real: they share the port evenly, die, are replaced one by one, and no new connection is refused."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from cli.demo import handlers
from config.texts import say
from proxy_addons.handed import PLACES
from tests.e2e.clients import Device
from tests.e2e.playground import Playground, playground

pytestmark = [pytest.mark.timeout(600), pytest.mark.full]

OPEN = "https://onzeschool.test/"
CEILING = 120.0  # seconds, on a busy machine
FILM = "https://filmpjes.test/film/1.bin"
DRILL = "wss://rekenrijk.test/oefenen"


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    with playground(tmp_path_factory.mktemp("playground"), ["open_sites: [filmpjes.test]"]) as running:
        yield running


def workers(play: Playground, kind: str = "proxy") -> set[int]:
    """The processes of the proxy, also those that come or leave."""
    found = set()
    for one in psutil.Process(play.process.pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):
            words = one.cmdline()
            if "cli.worker" in words and kind in words and one.status() != psutil.STATUS_ZOMBIE:
                found.add(one.pid)
    return found


def until(what: Callable[[], bool], told: str) -> None:
    end = time.monotonic() + CEILING
    while not what():
        assert time.monotonic() < end, told
        time.sleep(0.05)


class Pupils:
    """Pupils who each open the school's site on a new connection, again and again: moment of the start, and its end."""

    def __init__(self, device: Device, many: int = 2) -> None:
        self.good: list[tuple[float, float]] = []
        self.bad: list[tuple[float, BaseException]] = []
        self._device = device
        self._trust = device.tls()
        self._enough = threading.Event()
        self._threads = [threading.Thread(target=self._go, daemon=True) for _ in range(many)]

    def __enter__(self) -> Pupils:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join(40)

    def _go(self) -> None:
        while not self._enough.is_set():
            start = time.monotonic()
            try:
                self._visit()
            except (OSError, AssertionError) as error:
                self.bad.append((start, error))
            else:
                self.good.append((start, time.monotonic()))
            time.sleep(0.01)  # the machine has to start new workers as well

    def _visit(self) -> None:
        with (
            self._device.dial(("onzeschool.test", 443)) as raw,
            self._trust.wrap_socket(raw, server_hostname="onzeschool.test") as line,
        ):
            line.sendall(b"GET / HTTP/1.1\r\nHost: onzeschool.test\r\nConnection: close\r\n\r\n")
            answer = b""
            while piece := line.recv(65536):
                answer += piece
            assert answer.startswith(b"HTTP/1.1 200"), answer[:200]
            assert b"</html>" in answer


def first_of(play: Playground) -> int:
    """The worker that is replaced first."""
    for pid in workers(play):
        if json.loads(psutil.Process(pid).environ()[PLACES])["own"] == 0:
            return pid
    raise AssertionError("there is none")


def test_new_connections_are_spread_over_the_workers(play):
    shares = dict.fromkeys(workers(play), 0)
    with contextlib.ExitStack() as stack:
        for _ in range(400):
            stack.enter_context(socket.create_connection(("127.0.0.1", play.proxy), 20))

        def counted() -> bool:
            for pid in shares:
                lines = psutil.Process(pid).net_connections("tcp")
                shares[pid] = sum(
                    one.status == psutil.CONN_ESTABLISHED and one.laddr.port == play.proxy for one in lines
                )
            return sum(shares.values()) >= 400

        until(counted, f"not all were accepted: {shares}")
    assert len(shares) == 2
    assert all(share >= 0.3 * 400 for share in shares.values()), shares


@pytest.mark.evasion("S17")
def test_a_worker_that_is_killed_is_stood_in_for_at_once(play):
    before = workers(play)
    victim = min(before)
    with Pupils(play.device()) as pupils:
        until(lambda: len(pupils.good) > 20, "nobody gets anywhere")
        os.kill(victim, signal.SIGKILL)
        until(lambda: victim not in workers(play), "it is not dead")
        killed = time.monotonic()
        until(lambda: sum(start > killed for start, _ in pupils.good) > 20, "nobody gets anywhere")
        until(lambda: len(workers(play)) == 2, "it did not come back")
        back = time.monotonic()
        until(lambda: sum(start > back + 2 for start, _ in pupils.good) > 20, "nobody gets anywhere")
    # Only what was on its way in the worker that died is lost.
    assert [(start - killed, error) for start, error in pupils.bad if start > killed] == []
    assert len(pupils.bad) <= 3, "a pupil lost more than what it had in hand"
    assert max(end - start for start, end in pupils.good if start > killed) < 20
    assert workers(play) & before == before - {victim}


def holder(play: Playground, line: socket.socket) -> int:
    """Which worker has the other end of a connection."""
    ours = line.getsockname()
    for pid in workers(play):
        if any(one.raddr and tuple(one.raddr) == ours for one in psutil.Process(pid).net_connections("tcp")):
            return pid
    raise AssertionError("nobody has it")


def of_worker[T](play: Playground, pid: int, stack: contextlib.ExitStack, make: Callable[[], T], raw) -> T:
    """Something open at one worker: made until it is there; the others are closed again."""
    while True:
        with contextlib.ExitStack() as this:
            made = this.enter_context(make())
            if holder(play, raw(made)) == pid:
                stack.push(this.pop_all())
                return made


def keep_alive(device: Device) -> ssl.SSLSocket:
    """A connection that asked for something, got it, and stays open."""
    line = device.tunnel("onzeschool.test")
    line.sendall(b"GET / HTTP/1.1\r\nHost: onzeschool.test\r\n\r\n")
    answer = b""
    while b"</html>" not in answer:
        answer += line.recv(65536)
    return line


def reload(play: Playground) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", "from cli.main import main; main()", "reload"],
        env={**os.environ, "KLASWACHT_HOME": str(play.home.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_rolling_upgrade_refuses_nobody_and_lets_what_runs_finish(play, monkeypatch):
    monkeypatch.setattr(handlers, "FILM_PAUSE", 0.5)
    before, dashboards = workers(play), workers(play, "dashboard")
    first = first_of(play)
    device = Device(play.groups["7"], (play.ca, play.papers.ca))
    with Pupils(device) as pupils, contextlib.ExitStack() as stack:
        idle = of_worker(play, first, stack, lambda: keep_alive(device), lambda line: line)
        film = of_worker(play, first, stack, lambda: contextlib.closing(device.ask(FILM)), lambda line: line.sock)
        tunnel = of_worker(play, first, stack, lambda: device.websocket(DRILL), lambda line: line._raw)
        tunnel.recv()
        until(lambda: len(pupils.good) > 20, "nobody gets anywhere")
        reloading = reload(play)
        idle.settimeout(CEILING)
        assert idle.recv(1) == b"", "what is idle is let go of politely"
        assert first in workers(play), "it has things to finish"
        tunnel.send("1")
        assert "som" in tunnel.recv()
        handlers.FILM_PAUSE = 0.0
        assert len(film.getresponse().read()) == handlers.FILM_BYTES
        assert first in workers(play), "the tunnel is open still"
        tunnel.send("1")
        assert "som" in tunnel.recv()
        tunnel.close()
        told, _ = reloading.communicate(timeout=300)
    assert reloading.returncode == 0, told
    assert say("workers.reloaded", "nl", count=3) in told
    assert pupils.bad == [], f"of {len(pupils.good)}"
    assert len(workers(play)) == 2
    assert not workers(play) & before
    assert not workers(play, "dashboard") & dashboards


def test_a_broken_upgrade_leaves_everything_as_it_was_and_says_so(play):
    before = workers(play), workers(play, "dashboard")
    good = play.home.good_file.read_bytes()
    with Pupils(play.device()) as pupils:
        try:
            play.home.good_file.write_text("protocol: [")
            reloading = reload(play)
            told, _ = reloading.communicate(timeout=300)
        finally:
            play.home.good_file.write_bytes(good)
    assert reloading.returncode == 1
    assert "did not come up" in told
    assert "the old one stays" in play.log.read_text()
    assert (workers(play), workers(play, "dashboard")) == before
    assert pupils.good
    assert pupils.bad == []


def test_new_rules_replace_no_process(play):
    before = workers(play)
    text = play.home.school_file.read_text()
    play.home.school_file.write_text(text.replace("education: [rekenrijk.test]", "education: [rekenrijk.test, a.test]"))
    until(lambda: say("cli.up.new_rules", file=play.home.school_file, number=2) in play.log.read_text(), "not read")
    assert workers(play) == before


def test_a_stop_in_the_middle_of_a_replacement_waits_for_nobody(play):
    device = Device(play.groups["7"], (play.ca, play.papers.ca))
    first = first_of(play)
    with contextlib.ExitStack() as stack:
        idle = of_worker(play, first, stack, lambda: keep_alive(device), lambda line: line)
        tunnel = of_worker(play, first, stack, lambda: device.websocket(DRILL), lambda line: line._raw)
        tunnel.recv()
        play.process.send_signal(signal.SIGHUP)  # without a terminal: as other services take it
        idle.settimeout(CEILING)
        assert idle.recv(1) == b""
        everybody = workers(play) | workers(play, "dashboard")
        assert len(everybody) >= 3
        start = time.monotonic()
        assert play.stop() == 0
        assert time.monotonic() - start < 15
        assert not any(psutil.pid_exists(pid) for pid in everybody)
