"""What the guard counts, as Prometheus reads it: of this machine alone.

No label holds anything but a kind that is written in this program: no name, no address, no site, no person, no group.
What a process tells that is not in this table is left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

import psutil
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from cli.gauging import Sums
from cli.life import Child
from dashboard.actions.health import PARTS, Level, Told
from policy.model import Effect
from proxy_addons.facts import Away, Door
from proxy_addons.measured import BOUNDS

STATUSES = ("2xx", "3xx", "4xx", "5xx")


@dataclass(frozen=True, slots=True)
class Count:
    """A count: what the processes call it, with the kinds behind it (none: it is one number)."""

    key: str
    name: str
    told: str
    label: str = ""
    kinds: tuple[str, ...] = ()


COUNTS = (
    Count("requests", "klaswacht_requests", "Requests, by what was answered", "effect", (*map(str, Effect), "own")),
    Count("doors", "klaswacht_connections", "Connections, by what the door did", "door", tuple(map(str, Door))),
    Count("away", "klaswacht_turned_away", "Connections that the door closed, by why", "why", tuple(map(str, Away))),
    Count("faults", "klaswacht_faults", "What broke here and was answered with a refusal"),
    Count("events.lost", "klaswacht_events_lost", "Events that were dropped because too many waited"),
    Count("desk", "klaswacht_dashboard_answers", "Answers of the dashboard", "status", STATUSES),
)


@dataclass(frozen=True, slots=True)
class Watched:
    """What the numbers are made of: the processes, their sums, and what the supervisor wrote of the machine."""

    children: Callable[[], Sequence[Child]]
    sums: Sums
    told: Callable[[], Told | None]


def kind_of(child: Child) -> str:
    """What a process is, without its number: `proxy`, `dashboard`, `names`."""
    return "proxy" if child.task.place is not None else "names" if child.task.name in ("dns", "pages") else "dashboard"


def page(watched: Watched) -> bytes:
    """All of it, as text."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(watched))
    return generate_latest(registry)


class _Collector(Collector):
    def __init__(self, watched: Watched) -> None:
        self._watched = watched

    def collect(self) -> Iterator[Metric]:
        children = self._watched.children()
        sums = self._watched.sums.all()
        about = GaugeMetricFamily("klaswacht_version_info", "Which version runs; always 1", labels=["version"])
        about.add_metric([version("klaswacht")], 1)
        yield about
        yield from _counts(sums)
        yield _answers(sums)
        yield from _processes(children)
        yield from _standing(children)
        yield _health(self._watched.told())


def _counts(sums: Mapping[str, float]) -> Iterator[Metric]:
    for one in COUNTS:
        if not one.label:
            yield CounterMetricFamily(one.name, one.told, value=sums.get(one.key, 0.0))
            continue
        family = CounterMetricFamily(one.name, one.told, labels=[one.label])
        for kind in one.kinds:
            family.add_metric([kind], sums.get(f"{one.key}.{kind}", 0.0))
        yield family


def _answers(sums: Mapping[str, float]) -> Metric:
    """How long requests waited for their answer, before anything went on to a site."""
    below, buckets = 0.0, []
    for bound in BOUNDS:
        below += sums.get(f"answers.{bound}", 0.0)
        buckets.append((str(bound), below))
    all_of_them = max(sums.get("answers", 0.0), below)
    family = HistogramMetricFamily("klaswacht_answer_seconds", "Seconds until it was known what a request gets")
    family.add_metric([], [*buckets, ("+Inf", all_of_them)], sums.get("answers.seconds", 0.0))
    return family


def _processes(children: Sequence[Child]) -> Iterator[Metric]:
    ready = GaugeMetricFamily("klaswacht_processes_ready", "Processes that listen", labels=["part"])
    wanted = GaugeMetricFamily("klaswacht_processes_wanted", "Processes that are to listen", labels=["part"])
    deaths = CounterMetricFamily("klaswacht_process_deaths", "Processes that ended unasked", labels=["part"])
    hung = CounterMetricFamily("klaswacht_processes_hung", "Processes ended because they hung", labels=["part"])
    memory = GaugeMetricFamily("klaswacht_memory_bytes", "Memory of the processes", labels=["part"], unit="bytes")
    files = GaugeMetricFamily("klaswacht_open_files", "Open descriptors of the processes", labels=["part"])
    for part in sorted({kind_of(child) for child in children}):
        of_it = [child for child in children if kind_of(child) == part]
        weighed = [_weigh(child.now.process.pid) for child in of_it if child.now is not None]
        ready.add_metric([part], sum(child.ready for child in of_it))
        wanted.add_metric([part], len(of_it))
        deaths.add_metric([part], sum(child.deaths for child in of_it))
        hung.add_metric([part], sum(child.hung for child in of_it))
        memory.add_metric([part], sum(one for one, _ in weighed))
        files.add_metric([part], sum(one for _, one in weighed))
    yield from (ready, wanted, deaths, hung, memory, files)


def _weigh(pid: int) -> tuple[int, int]:
    """Bytes in memory and open descriptors of a process and of what it started; nothing for one that is gone."""
    try:
        process = psutil.Process(pid)
        all_of_it = [process, *process.children()]
        return sum(one.memory_info().rss for one in all_of_it), sum(one.num_fds() for one in all_of_it)
    except psutil.Error:
        return 0, 0


def _standing(children: Sequence[Child]) -> Iterator[Metric]:
    proxies = [child for child in children if child.task.place is not None and child.ready]
    told = [child.now.numbers for child in proxies if child.now is not None]
    beats = [child.now.beat for child in children if child.now is not None and child.now.beat is not None]

    def summed(key: str) -> float:
        return sum(one.get(key, 0.0) for one in told)

    yield GaugeMetricFamily("klaswacht_open_connections", "Connections that are open", summed("now.connections"))
    yield GaugeMetricFamily("klaswacht_events_waiting", "Events that wait to be written", summed("now.waiting"))
    yield GaugeMetricFamily("klaswacht_workers_with_rules", "Workers that have rules", summed("now.rules"))
    yield GaugeMetricFamily("klaswacht_workers_with_store", "Workers that read the database now", summed("now.store"))
    late = max((one.get("now.late", 0.0) for one in told), default=0.0)
    yield GaugeMetricFamily("klaswacht_late_seconds", "How late the latest worker's loop is", late, unit="seconds")
    silent = max(time.monotonic() - min(beats), 0.0) if beats else 0.0
    yield GaugeMetricFamily("klaswacht_silent_seconds", "Since the oldest sign of life", silent, unit="seconds")
    oldest = min((one.get("now.revision", -1.0) for one in told), default=-1.0)
    yield GaugeMetricFamily("klaswacht_rules_revision", "The oldest revision that a worker decides by", oldest)


def _health(told: Told | None) -> Metric:
    """The worst of each part of Gezondheid: 0 all right, 1 worth a look, 2 broken, 3 nothing was told lately."""
    family = GaugeMetricFamily("klaswacht_health", _health.__doc__ or "", labels=["part"])
    fresh = told is not None and abs((datetime.now(UTC) - told.at).total_seconds()) < 60
    heavy = {Level.OK: 0, Level.LOOK: 1, Level.BROKEN: 2}
    for part in PARTS:
        of_it = [heavy[fact.level] for fact in told.facts if fact.part == part] if told and fresh else [3]
        if of_it:
            family.add_metric([part], max(of_it))
    return family
