"""How many names a second the guard's process for names answers, and what one costs, beside a bare dnspython echo.

    .venv/bin/python -m bench.dns [--seconds 3] [--rounds 3]

The guard is the real process (`cli.worker dns`) with a school's rules; closed names are answered by itself, open ones
from what its name server said a moment ago. The echo reads a message and writes an answer with one address: what any
server in Python pays. 250 source addresses, because one may only ask so much. CPU is the process's own, from `/proc`.
"""

from __future__ import annotations

import argparse
import os
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import dns.message

from bench.permission import machine
from cli import school as running_school
from cli.home import Home
from tests.proxy_addons.nameserver import NameServer, free_ports

SOURCES = 250
OPEN = {f"les-{number}.test": {"A": ["9.9.9.9"]} for number in range(20)}
WEEK = "\n".join(
    f'    {day}: {{lessons: ["00:00-24:00"]}}' for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
)
_TICK = os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    closed, open_ = ["kletsplein.test"], list(OPEN)
    rows: dict[str, list[tuple[float, float]]] = {}
    with (
        NameServer(OPEN) as world,
        tempfile.TemporaryDirectory() as folder,
        guard(Path(folder), world.port) as ours,
        echo() as bare,
    ):
        kinds = (
            ("echo (dnspython)", bare, open_),
            ("guard, closed name", ours, closed),
            ("guard, open name", ours, open_),
        )
        for _ in range(given.rounds):
            for name, (process, port), names in kinds:
                rows.setdefault(name, []).append(load(process, port, names, given.seconds))
        resident = memory(ours[0])
    print(f"{machine()}\n\n| what | answers/s | CPU us each | x echo |\n|---|---|---|---|")
    base = statistics.median(cpu for _, cpu in rows["echo (dnspython)"])
    for name, measured in rows.items():
        rate, cpu = (statistics.median(one) for one in zip(*measured, strict=True))
        print(f"| {name} | {rate:.0f} | {cpu * 1e6:.0f} | {cpu / base:.2f} |")
    print(f"\nThe guard's process: {resident:.0f} MB resident. Asked of the name server behind it: {len(world.asked)}.")


def load(process: int, port: int, names: list[str], seconds: float) -> tuple[float, float]:
    """Answers a second, and CPU seconds an answer; one question at a time from every source."""
    queries = [dns.message.make_query(name, "A").to_wire() for name in names]
    sockets = []
    for number in range(SOURCES):
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.bind((f"127.0.7.{number + 1}", 0))
        one.connect(("127.0.0.1", port))
        one.setblocking(False)
        sockets.append(one)
    selector = selectors.DefaultSelector()
    for one in sockets:
        selector.register(one, selectors.EVENT_READ)
    waiting = 32  # at one time: some for the wire, none for a queue
    for number, one in enumerate(sockets[:waiting]):
        one.send(queries[number % len(queries)])
    done, before, begun, following = 0, cpu_of(process), time.monotonic(), waiting
    while time.monotonic() - begun < seconds:
        for key, _ in selector.select(1.0):
            sock = key.fileobj
            assert isinstance(sock, socket.socket)
            sock.recv(4096)
            done += 1
            sockets[following % SOURCES].send(queries[following % len(queries)])
            following += 1
    took, spent = time.monotonic() - begun, cpu_of(process) - before
    for one in sockets:
        one.close()
    return done / took, spent / max(done, 1)


def cpu_of(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def memory(process: int) -> float:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


@contextmanager
def guard(folder: Path, world: int) -> Iterator[tuple[int, int]]:
    """The guard's process for names: its number and port."""
    home = Home(folder)
    home.prepare()
    (port,) = free_ports(1)
    home.school_file.write_text(
        f"protocol: kalisto\nlisten: {{dns: {port}}}\ndns: {{upstream: ['127.0.0.1:{world}']}}\n"
        f"schedule:\n  days:\n{WEEK}\nlists: {{social: [kletsplein.test]}}\n"
    )
    store = running_school.opened(home)
    running_school.into_force(home, store, datetime.now(UTC), take_file=True)
    store.close()
    with started([sys.executable, "-m", "cli.worker", "dns", str(folder), "{}"], port) as process:
        yield process.pid, port


@contextmanager
def echo() -> Iterator[tuple[int, int]]:
    """A bare server: its number and port."""
    (port,) = free_ports(1)
    with started([sys.executable, "-m", "bench.dns_echo", str(port)], port) as process:
        yield process.pid, port


@contextmanager
def started(command: list[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command)
    try:
        query = dns.message.make_query("les-1.test", "A").to_wire()
        end = time.monotonic() + 60
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.2)
            while time.monotonic() < end:
                sock.sendto(query, ("127.0.0.1", port))
                try:
                    sock.recv(4096)
                    break
                except OSError:
                    continue
            else:
                raise RuntimeError(f"nothing answers: {command}")
        yield process
    finally:
        process.terminate()
        process.wait(20)


if __name__ == "__main__":
    main()
