"""From samples to tables and to targets met or missed."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.permission import machine
from bench.proxy.load import Sample
from bench.proxy.peers import NAMES, versions

REPORT = Path(__file__).parents[2] / "docs" / "performance.md"
_MARKS = ("<!-- bench:proxy -->", "<!-- /bench:proxy -->")
_BUSY = 0.9  # of the loader's core, from which on the rate is the loader's and not the proxy's

_NO_CPU = ("idle", "sharing")

type Results = Mapping[tuple[str, str], Sequence[Sample]]
"""The samples of every round, by load and proxy."""


@dataclass(frozen=True, slots=True)
class Load:
    """How a load is told: its title, the unit of its CPU figure, and what else it gives (key, title, unit).

    `paced`: the load sets the pace, so that a rate says nothing of the proxy.
    """

    title: str
    unit: str
    proxies: tuple[str, ...]
    more: tuple[tuple[str, str, str], ...] = ()
    paced: bool = False


_INSIDE = ("klaswacht", "mitmdump", "squid-bump")
_RAW = ("klaswacht", "squid-splice", "haproxy")
LOADS: Mapping[str, Load] = {
    "keepalive-h1": Load("keep-alive, looked into, http/1.1, 1 KB", "request", _INSIDE),
    "keepalive-h2": Load("keep-alive, looked into, h2, 1 KB", "request", ("klaswacht", "mitmdump")),
    "tunnel": Load("keep-alive, tunnelled, 1 KB", "request", _RAW),
    "new-tls": Load("new TLS connection, looked into, with one request of 1 KB", "connection", _INSIDE),
    "new-tls-tunnel": Load("new TLS connection, tunnelled, with one request of 1 KB", "connection", _RAW),
    "download": Load("5 MB, looked into", "body", _INSIDE),
    "download-tunnel": Load("5 MB, tunnelled", "body", _RAW),
    "latency": Load("50 KB, looked into, 100 requests/s", "request", _INSIDE,
                    (("p50", "p50", "ms"), ("p99", "p99", "ms")), paced=True),
    "idle": Load("idle connections", "connection", ("klaswacht", "squid-splice", "haproxy", "mitmdump", "squid-bump"),
                 (("kb", "memory each", "KB"), ("held", "of", "connections"))),
    "classmix": Load("class mix, 80 % tunnelled", "request",
                     ("klaswacht", "klaswacht2", "mitmdump", "squid-bump", "squid-splice"),
                     (("dialled", "connections", ""), ("events", "events written", "")), paced=True),
    "classmix-40": Load("class mix, 40 % tunnelled", "request", _INSIDE, (("dialled", "connections", ""),),
                        paced=True),
    "sharing": Load("400 connections over two workers", "connection", ("klaswacht2",),
                    (("share", "smaller share", "%"),)),
}  # fmt: skip
"""Every load, in the order in which it is told, with the proxies that it is put to."""


def value(results: Results, load: str, proxy: str, key: str = "each") -> float | None:
    """The median over the rounds of one figure; None when it was not measured, or when a round had errors."""
    samples = results.get((load, proxy), ())
    if not samples or any(sample.errors or not sample.units for sample in samples):
        return None
    if key in ("each", "rate", "loader"):
        return float(statistics.median(getattr(one, key) for one in samples))
    found = [one.more[key] for one in samples if key in one.more]
    return statistics.median(found) if found else None


def table(results: Results) -> list[str]:
    """Every load and proxy, as a Markdown table."""
    rows = ["| load | proxy | CPU each | range | beside Klaswacht | rate | more |", "|---|---|--:|--:|--:|--:|---|"]
    for name, load in LOADS.items():
        ours = value(results, name, "klaswacht")
        for proxy in load.proxies:
            if samples := results.get((name, proxy)):
                rows.append(_row(results, name, load, proxy, samples, ours))
    return rows


def _row(results: Results, name: str, load: Load, proxy: str, samples: Sequence[Sample], ours: float | None) -> str:
    each, rate = value(results, name, proxy), value(results, name, proxy, "rate")
    if each is None or rate is None:
        counted: Counter[str] = sum((sample.errors for sample in samples), Counter())
        told = ", ".join(f"{many} x {what}" for what, many in counted.most_common(4)) or "nothing was answered"
        return f"| {load.title} | {NAMES[proxy]} | no result: {told} | | | | |"
    spread = [sample.each for sample in samples]
    more = [
        f"{title} {_short(figure)} {unit}".rstrip()
        for key, title, unit in load.more
        if (figure := value(results, name, proxy, key)) is not None
    ]
    limited = " L" if (value(results, name, proxy, "loader") or 0) > _BUSY else ""
    said = {
        "cpu": f"{_time(each)} a {load.unit}",
        "range": f"{_time(min(spread))} - {_time(max(spread))}",
        "ratio": f"{each / ours:.2f} x" if ours else "",
        "rate": "" if load.paced else f"{rate:.4g}/s{limited}",
    }
    if name in _NO_CPU:
        said = dict.fromkeys(said, "")
    return f"| {load.title} | {NAMES[proxy]} | {' | '.join(said.values())} | {', '.join(more)} |"


def _short(figure: float) -> str:
    return f"{figure:.0f}" if figure >= 100 else f"{figure:.3g}"


def _time(microseconds: float) -> str:
    return f"{microseconds:.0f} µs" if microseconds < 1000 else f"{microseconds / 1000:.3g} ms"


# --- targets ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Target:
    """A promise: what, the figure (None: not measured), and the bound; `least` when the bound is a lower one."""

    title: str
    figure: float | None
    bound: float
    unit: str
    least: bool = False

    def told(self) -> str:
        """One row."""
        side = ">=" if self.least else "<="
        if self.figure is None:
            verdict, figure = "not measured", ""
        else:
            met = self.figure >= self.bound if self.least else self.figure <= self.bound
            verdict, figure = "met" if met else "**MISSED**", f"{_short(self.figure)} {self.unit}"
        return f"| {self.title} | {side} {self.bound:g} {self.unit} | {figure} | {verdict} |"


def targets(results: Results) -> list[Target]:
    """All of them."""

    def beside(load: str, proxy: str, key: str = "each") -> float | None:
        """How many times the proxy's figure ours is."""
        ours, its = value(results, load, "klaswacht", key), value(results, load, proxy, key)
        return ours / its if ours and its else None

    def better(load: str) -> float | None:
        found = beside(load, "mitmdump")
        return 1 / found if found else None

    one, two = value(results, "classmix", "klaswacht"), value(results, "classmix", "klaswacht2")
    return [
        Target("tunnelled keep-alive, CPU beside Squid splice", beside("tunnel", "squid-splice"), 1.1, "x"),
        Target("keep-alive looked into, h1: better than stock mitmdump", better("keepalive-h1"), 2, "x", least=True),
        Target("keep-alive looked into, h2: better than stock mitmdump", better("keepalive-h2"), 2, "x", least=True),
        Target("class mix: better than stock mitmdump", better("classmix"), 7, "x", least=True),
        Target("class mix, CPU beside Squid bumping all", beside("classmix", "squid-bump"), 3, "x"),
        Target("new TLS connection looked into, CPU beside Squid", beside("new-tls", "squid-bump"), 1.1, "x"),
        Target("5 MB in a tunnel, CPU beside Squid splice", beside("download-tunnel", "squid-splice"), 1.1, "x"),
        Target("memory of an idle tunnel", value(results, "idle", "klaswacht", "kb"), 10, "KB"),
        Target("p50 at 100 requests/s, beside stock mitmdump", beside("latency", "mitmdump", "p50"), 0.5, "x"),
        Target("two workers: CPU a request of the class mix beside one", two / one if one and two else None, 1.15, "x"),
        Target("two workers: the smaller share of connections", value(results, "sharing", "klaswacht2", "share"), 40,
               "%", least=True),
    ]  # fmt: skip


def verdicts(results: Results) -> list[str]:
    """The targets as a Markdown table; those of which nothing was measured are left out."""
    rows = ["| target | at most / at least | measured | |", "|---|--:|--:|---|"]
    return [*rows, *(one.told() for one in targets(results))]


def lines(results: Results, rounds: int, missing: Mapping[str, str]) -> list[str]:
    """The whole report."""
    gone = [f"Not measured: {NAMES[name]} is not installed (`{how}`)." for name, how in missing.items()]
    return [
        f"{machine()}; {versions()}; {rounds} rounds, medians",
        *([""] if gone else []),
        *gone,
        "",
        *verdicts(results),
        "",
        *table(results),
        "",
        "CPU is user and system time of all processes of a proxy; the range is that of the rounds. L: core 0 was busy, "
        "so the rate is the loader's; the CPU is the proxy's all the same.",
    ]


def write(said: Sequence[str], path: Path = REPORT) -> None:
    """Put the tables into `docs/performance.md`, in the place of the last ones."""
    text = path.read_text(encoding="utf-8")
    before, found, rest = text.partition(_MARKS[0])
    after = rest.partition(_MARKS[1])[2] if found else "\n"
    whole = "\n".join([_MARKS[0], "", *said, "", _MARKS[1]])
    path.write_text(f"{before}{whole}{after}", encoding="utf-8")
