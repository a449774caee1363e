"""A school's worst minute: twelve classes at half past eight, on two cores with the loader and the sites.

    .venv/bin/python -m bench.minute [--write]
    .venv/bin/python -m bench.minute --share 0.1 --faster 4       a tenth of the devices, in a quarter of the time

Behind the minute come 500 slow clients beside a good one, and twice as much as can be carried. All of it is in a
network of its own (`bench.proxy.house`): as root, or where users may make namespaces. The exit code is 1 when a target
is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import resource
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.minute import phases, report
from bench.minute.script import GROUPS, script
from bench.minute.slow import SLOW
from bench.minute.teachers import Teachers, sessions
from bench.minute.visitors import HELP
from bench.permission import machine
from bench.permission import write as write_down
from bench.proxy import house, origin, peers
from bench.proxy.classmix import warm
from bench.proxy.load import Bench
from bench.proxy.names import everything, tunnelled
from bench.proxy.school import LISTED, write_names
from cli.home import Home

BOTH = (house.LOADER_CORE, house.PROXY_CORE)
CALM = 0.05  # of both cores: the least that a minute is thought to have used
TWICE, OVERLOAD = 2.0, 20.0  # times what can be carried, and for about how many seconds


def given() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="bench.minute", description="A school's worst minute on a real guard.")
    parser.add_argument("--share", type=float, default=1.0, help="of the devices and of the slow clients")
    parser.add_argument("--faster", type=float, default=1.0, help="so many times as fast as a minute")
    parser.add_argument("--overload", type=float, default=0.0, help="times as fast as the minute (0: by what it used)")
    parser.add_argument("--rounds", type=int, default=phases.ROUNDS, help="with and without slow clients")
    parser.add_argument("--window", type=float, default=phases.WINDOW, help="seconds that a good client is timed")
    parser.add_argument("--names", type=int, default=LISTED, help="in the list of closed names")
    parser.add_argument("--json", type=Path, help="where what was counted is written, for a test")
    parser.add_argument("--pause", action="store_true", help="wait for Enter with the process ids, for a profiler")
    parser.add_argument("--write", action="store_true", help="write the tables to docs/performance.md")
    found = parser.parse_args()
    if found.write and (found.share != 1.0 or found.faster != 1.0):
        parser.error("only the whole minute is written down: leave out --share and --faster")
    return found


@dataclass(frozen=True, slots=True)
class Ran:
    """All that a run came to."""

    minute: phases.Minute
    slow: phases.Beside
    overload: phases.Overload


async def run(bench: Bench, meter: phases.Meter, teachers: Teachers, options: argparse.Namespace) -> Ran:
    """The three parts, one after another."""
    await warm(bench)
    if bench.sample.errors:
        raise SystemExit(f"what is measured does not stand: {dict(bench.sample.errors)}")
    devices = script(bench.pupils)[:: round(1 / options.share)]
    told = await phases.minute(bench, meter, teachers, devices, options.faster)
    _say(f"the minute: {told.tally.carried.total():,} of {told.wanted:,} in {told.seconds:.0f} s, {told.use.share:.0%}")
    slow = await phases.beside_slow(bench, round(SLOW * options.share), options.rounds, options.window)
    _say(f"beside slow clients: {slow.there[-1].total()} there")
    can = told.tally.carried.total() / told.seconds / max(told.use.share, CALM)
    whole = told.wanted / len(devices) * len(bench.pupils) / 60.0  # requests a second of the overload's script
    faster = options.overload or TWICE * can / whole
    over = await phases.overload(bench, meter, faster, can, max(1, round(faster * OVERLOAD / 60.0)), options.window)
    _say(f"overload: {over.tally.carried.total():,} carried, {over.tally.shed.total():,} asked to wait")
    return Ran(told, slow, over)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def measured(folder: Path, options: argparse.Namespace) -> tuple[Ran, int]:
    """Sites and guard, and the run in front of them; how many workers were started anew."""
    names = [*everything(), HELP]
    with contextlib.ExitStack() as stack:
        house.furnish(folder, names)
        sites = stack.enter_context(origin.running(folder / "sites", names, BOTH))
        listed, tunnels = write_names(folder, options.names), frozenset({*tunnelled(), HELP})
        ground = peers.Ground(folder, sites.ca, listed, tunnels, GROUPS)
        proxy = peers.start("klaswacht2", ground)
        stack.callback(peers.stop, proxy)
        assert proxy.home is not None
        home = Home(proxy.home)
        teachers = Teachers(home.ca_folder / "klaswacht-ca.crt", proxy.port + 2, sessions(home, GROUPS))
        bench = Bench(proxy, sites, groups=GROUPS)
        workers = set(proxy.workers())
        if options.pause:
            input(f"workers {sorted(workers)}, all {proxy.family()}; Enter begins ")
        meter = phases.Meter(bench, int((folder / "sites" / "nginx.pid").read_text()))
        ran = asyncio.run(run(bench, meter, teachers, options))
        restarts = len(set(proxy.workers()) - workers)
    return ran, restarts


def main() -> int:
    """Measure, print, and write when asked; 1 when a target is missed."""
    options = given()
    if not origin.installed():
        sys.exit("bench.minute needs nginx for the sites (apt install nginx-light)")
    house.move_in("bench.minute", sys.argv[1:])
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="klaswacht-bench-") as made:
        ran, restarts = measured(Path(made), options)
    parts = (ran.minute, ran.slow, ran.overload)
    judged = report.verdicts(*parts, restarts)
    said = report.lines(*parts, judged, load)
    print(machine(), "", *said, sep="\n")
    if options.json:
        options.json.write_text(json.dumps(report.counts(*parts, restarts)))
    if options.write:
        write_down(said, report.MARKS)
    return 0 if all(verdict.met for verdict in judged) else 1


if __name__ == "__main__":
    sys.exit(main())
