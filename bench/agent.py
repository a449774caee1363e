"""What the agent costs a laptop: its share of one processor core, and its memory.

    .venv/bin/python -m bench.agent [--seconds 60] [--processes 300] [--rounds 3] [--write]

A real `python -m agent`, enrolled at a real dashboard over TLS, among `--processes` programs that do nothing. Two
loads: a laptop where nothing happens, and one where a program starts and ends every second. CPU is the process's own,
from `/proc`, after the first twenty seconds; memory at the end. Linux only, in a process namespace of its own
(`unshare` of util-linux): so it sees and ends nothing of who tries this, and how many processes there are is certain.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.home import Home
from bench.permission import machine, write
from tests.agent.school import Dashboard, prepare

MB = 1024.0
_TICK = os.sysconf("SC_CLK_TCK")
_MARKS = ("<!-- bench:agent -->", "<!-- /bench:agent -->")
_SETTLED = 20.0  # seconds from the start: by then all is read, enrolled and looked at once
_CPU, _RSS = 1.0, 60.0  # the targets: percent of a core, MB


@dataclass(frozen=True, slots=True)
class Cost:
    """What a load cost: percent of one core; resident and proportional memory (MB)."""

    cpu: float
    rss: float
    pss: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--processes", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write the table to docs/performance.md")
    parser.add_argument("--apart", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if not given.apart:
        rights = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        again = [sys.executable, "-m", "bench.agent", "--apart", *sys.argv[1:]]
        sys.exit(
            subprocess.run(["unshare", *rights, "--pid", "--fork", "--mount-proc", *again], check=False).returncode
        )
    costs: dict[str, list[Cost]] = {"nothing happens": [], "a program starts and ends each second": []}
    with tempfile.TemporaryDirectory() as folder, laptop(Path(folder)) as home, idle(given.processes):
        for _ in range(given.rounds):
            # In pairs, so that what else the machine does is the same for both.
            for name, found in costs.items():
                found.append(load(home, given.seconds, busy=name.startswith("a program")))
        there = sum(one.name.isdecimal() for one in Path("/proc").iterdir())
    rows = [
        machine(),
        "",
        f"{there} processes in all.",
        "",
        "| load | share of one core | RSS | PSS |",
        "|---|--:|--:|--:|",
    ]
    for name, found in costs.items():
        cpu, rss, pss = (statistics.median(getattr(one, part) for one in found) for part in ("cpu", "rss", "pss"))
        rows.append(f"| {name} | {cpu:.2f} % | {rss:.0f} MB | {pss:.0f} MB |")
    print("\n".join(rows))
    if given.write:
        write(rows[2:], _MARKS)  # which begins with the machine by itself
    met = all(one.cpu < _CPU and one.rss < _RSS for one in costs["nothing happens"])
    sys.exit(0 if met else 1)


def load(home: Home, seconds: float, *, busy: bool) -> Cost:
    """Run the agent for so long and measure it."""
    command = [sys.executable, "-m", "agent", "--home", str(home.path)]
    agent = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        _go_on(_SETTLED, busy=busy)
        before, begun = cpu_of(agent.pid), time.monotonic()
        _go_on(seconds, busy=busy)
        share = (cpu_of(agent.pid) - before) / (time.monotonic() - begun)
        memory = memory_of(agent.pid)
    finally:
        agent.terminate()
        agent.wait()
    return Cost(share * 100, memory["Rss"] / MB, memory["Pss"] / MB)


def _go_on(seconds: float, *, busy: bool) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if busy:
            subprocess.run(["/bin/sleep", "1"], check=False)
        else:
            time.sleep(1.0)


def cpu_of(process: int) -> float:
    """Seconds of processor that a process used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def memory_of(process: int) -> dict[str, int]:
    """`Rss` and `Pss` of a process in kB."""
    lines = (line.split() for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines())
    return {words[0].rstrip(":"): int(words[1]) for words in lines if words[0] in {"Rss:", "Pss:"}}


@contextmanager
def laptop(folder: Path) -> Iterator[Home]:
    """A dashboard in this process, and the folder of a laptop that is enrolled there."""
    school, home = folder / "school", Home(folder / "laptop")
    school.mkdir()
    prepare(school)
    dashboard = Dashboard(school)
    try:
        dashboard.enrol(home)
        yield home
    finally:
        dashboard.close()


@contextmanager
def idle(number: int) -> Iterator[None]:
    """So many programs that do nothing."""
    running = [subprocess.Popen(["/bin/sleep", "86400"]) for _ in range(number)]
    try:
        yield
    finally:
        for one in running:
            one.kill()
        for one in running:
            one.wait()


if __name__ == "__main__":
    main()
