"""What the data path costs: Klaswacht beside stock mitmdump, Squid and HAProxy, in one run.

    .venv/bin/python -m bench.proxy [--rounds 3] [--write]
    .venv/bin/python -m bench.proxy --quick                                      one short round: does it all work
    .venv/bin/python -m bench.proxy --only keepalive-h1 --proxy klaswacht        one cell
    .venv/bin/python -m bench.proxy --only classmix --proxy klaswacht --pause    the same, to attach a profiler to

The proxies are pinned to core 1; the sites (nginx) and the loader to core 0. Every round puts each load to each proxy,
in another order. All of it is in a network of its own, made with `unshare` (as root, or where users may make
namespaces). What is missing of nginx, Squid and HAProxy is said, with its name in Debian; only nginx must be there.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import resource
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from bench.proxy import house, load, origin, peers, report
from bench.proxy.classmix import classmix
from bench.proxy.load import Bench, Sample
from bench.proxy.names import everything, tunnelled
from bench.proxy.school import write_names

WORK: Mapping[str, Callable[[Bench], Coroutine[Any, Any, None]]] = {
    "keepalive-h1": partial(load.keepalive, h2=False, raw=False),
    "keepalive-h2": partial(load.keepalive, h2=True, raw=False),
    "tunnel": partial(load.keepalive, h2=False, raw=True),
    "new-tls": partial(load.new_tls, raw=False),
    "new-tls-tunnel": partial(load.new_tls, raw=True),
    "download": partial(load.downloads, raw=False),
    "download-tunnel": partial(load.downloads, raw=True),
    "latency": load.latency,
    "idle": load.idle,
    "classmix": partial(classmix, share=80),
    "classmix-40": partial(classmix, share=40),
    "sharing": load.sharing,
}


def given() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="bench.proxy", description="What the data path costs beside its peers.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=tuple(WORK), metavar="LOAD", help=", ".join(WORK))
    parser.add_argument("--proxy", nargs="+", choices=tuple(peers.NAMES), metavar="PROXY", help=", ".join(peers.NAMES))
    parser.add_argument(
        "--seconds", type=float, default=load.SECONDS, help="of the loads that have no end of their own"
    )
    parser.add_argument("--quick", action="store_true", help="one short round; its numbers say little")
    parser.add_argument("--pause", action="store_true", help="wait for Enter before each measure, with the process ids")
    parser.add_argument("--write", action="store_true", help="write the tables to docs/performance.md")
    found = parser.parse_args()
    if found.write and (found.quick or found.only or found.proxy):
        parser.error("only a whole run is written down: leave out --quick, --only and --proxy")
    if found.quick:
        found.rounds, found.seconds = 1, 0.5
    return found


class Stage:
    """The proxies that run now; each is started when it is first asked for."""

    def __init__(self, ground: peers.Ground) -> None:
        self._ground = ground
        self._running: dict[str, peers.Proxy] = {}

    def proxy(self, name: str, *, fresh: bool = False) -> peers.Proxy:
        """A running proxy; `fresh` when it may have carried nothing yet. Raises `RuntimeError`."""
        kept = self._running.get(name)
        if kept is not None and (fresh or not kept.alive()):
            peers.stop(self._running.pop(name))
            kept = None
        if kept is None:
            kept = self._running[name] = peers.start(name, self._ground)
        return kept

    def close(self) -> None:
        """Stop them all."""
        while self._running:
            peers.stop(self._running.popitem()[1])


def one(stage: Stage, sites: origin.Sites, name: str, proxy_name: str, options: argparse.Namespace) -> Sample:
    """One load on one proxy."""
    proxy = stage.proxy(proxy_name, fresh=name == "idle")
    if options.pause:
        print(f"{proxy.title}: carried by {proxy.workers()}, all of it {proxy.family()}", flush=True)
        input("Enter begins the measure ")
    bench = Bench(proxy, sites, options.seconds)
    asyncio.run(WORK[name](bench))
    if not proxy.alive():
        bench.sample.errors["the proxy stopped"] += 1
    return bench.sample


def rounds(
    stage: Stage, sites: origin.Sites, options: argparse.Namespace, missing: Mapping[str, str]
) -> report.Results:
    """All rounds of what is asked for."""
    results: dict[tuple[str, str], list[Sample]] = defaultdict(list)
    began = time.monotonic()
    for number in range(options.rounds):
        for name in options.only or WORK:
            chosen = [
                proxy
                for proxy in (options.proxy if options.only and options.proxy else report.LOADS[name].proxies)
                if proxy not in missing and (not options.proxy or proxy in options.proxy)
            ]
            for proxy in peers.order(chosen, number):
                sample = one(stage, sites, name, proxy, options)
                results[name, proxy].append(sample)
                _progress(number, name, proxy, sample, time.monotonic() - began)
    return results


def _progress(number: int, name: str, proxy: str, sample: Sample, passed: float) -> None:
    more = " ".join(f"{key}={figure:.4g}" for key, figure in sample.more.items())
    errors = f" ERRORS {dict(sample.errors)}" if sample.errors else ""
    print(
        f"{passed:5.0f} s  round {number + 1}  {name:<15} {proxy:<12} {sample.each:9.0f} us each, "
        f"{100 * sample.carried / (sample.cpu or 1):.0f} % carriers, "
        f"{sample.rate:7.1f}/s, {sample.units} in {sample.seconds:.1f} s, core 0 busy {100 * sample.loader:.0f} % "
        f"{more}{errors}",
        file=sys.stderr,
        flush=True,
    )


def main() -> int:
    """Measure, print, and write when asked; 1 when something was answered wrongly."""
    options = given()
    if not origin.installed():
        sys.exit("bench.proxy needs nginx for the sites (apt install nginx-light)")
    if (os.cpu_count() or 1) < 2:
        sys.exit("bench.proxy needs two cores: one for the proxy, one for the loader and the sites")
    house.move_in("bench.proxy", sys.argv[1:])
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    missing = peers.missing()
    for name, how in missing.items():
        print(f"not measured: {peers.NAMES[name]} is not installed ({how})", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="klaswacht-bench-") as made, contextlib.ExitStack() as stack:
        folder = Path(made)
        folder.chmod(0o755)  # Squid gives up its rights and must still find its files
        house.furnish(folder, everything())
        sites = stack.enter_context(origin.running(folder / "sites", everything()))
        ground = peers.Ground(folder, sites.ca, write_names(folder), frozenset(tunnelled()))
        stage = Stage(ground)
        stack.callback(stage.close)
        os.sched_setaffinity(0, {house.LOADER_CORE})
        results = rounds(stage, sites, options, missing)
    said = report.lines(results, options.rounds, missing)
    print("\n".join(said))
    if options.write:
        report.write(said)
    return 1 if any(sample.errors for samples in results.values() for sample in samples) else 0


if __name__ == "__main__":
    sys.exit(main())
