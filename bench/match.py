"""How fast a host is found among the names of feeds, and what that costs: the mapped table beside a frozenset.

    .venv/bin/python -m bench.match [--names 1000000 5000000] [--write]

The names are made up but shaped like those of real lists: words and numbers, one to three labels below a suffix, many
of one site. "Lists add" is all that `klaswacht lists add` does with a file: read it, make every name canonical, guard
it, write the index. "Table alone" is only the last of it. Every look-up walks the suffixes of a host that was not asked
before (three labels and a bit on average), in a process of its own; a miss is timed one at a time. Memory is that of
a process once 200,000 hosts were asked: what it has for itself and its share of what processes share (PSS), and what
the system calls resident (RSS), both without what the process had before.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.permission import machine
from config.feeds import update
from config.feeds.guards import Kept
from config.feeds.opened import FeedIndex
from config.feeds.subscriptions import Lists, Subscription
from config.feeds.update import Conditions
from policy.nametable import Builder, size_for

SIZES = (1_000_000, 5_000_000)
ASKED = 200_000
ROUNDS = 3
TARGETS = {"compile": 60.0, "open": 0.100, "miss": 8e-6}  # for 5 million names
REPORT = Path(__file__).parents[1] / "docs" / "performance.md"
_MARKS = ("<!-- bench:match -->", "<!-- /bench:match -->")
_SYLLABLES = (
    "an",
    "ber",
    "cam",
    "dot",
    "el",
    "fun",
    "go",
    "hot",
    "in",
    "ja",
    "ko",
    "lo",
    "ma",
    "net",
    "on",
    "play",
    "qu",
    "red",
    "sex",
    "tube",
    "up",
    "vid",
    "web",
    "xx",
    "you",
    "zo",
)
_SUFFIXES = ("com",) * 50 + ("net",) * 12 + ("org", "nl", "de", "ru", "xyz", "top", "info", "co.uk", "com.br", "online")


def made_up(number: int, seed: int = 1) -> Iterator[str]:
    """Different names, in the shapes of real lists; the same seed gives the same."""
    dice = random.Random(seed)
    for count in range(number):
        word = "".join(dice.choices(_SYLLABLES, k=dice.choice((2, 3, 3, 4))))
        site = f"{word}{'-' if dice.random() < 0.2 else ''}{count:x}.{dice.choice(_SUFFIXES)}"
        below = dice.random()
        yield site if below < 0.6 else f"www.{site}" if below < 0.8 else f"{dice.choice(_SYLLABLES)}{count % 97}.{site}"


def asked(number: int, total: int, seed: int) -> tuple[list[str], list[str]]:
    """Hosts that are listed (with `www.` before some) and hosts that are not."""
    dice = random.Random(seed)
    step = max(1, total // number)
    hits = [f"www.{name}" if dice.random() < 0.5 else name for name in _every(made_up(total), step)][:number]
    dice.shuffle(hits)
    misses = [
        f"{dice.choice(('www', 'api', 'cdn'))}.{''.join(dice.choices(_SYLLABLES, k=3))}q{dice.randrange(10**9)}.nl"
        for _ in range(number)
    ]
    return hits, misses


def _every(names: Iterator[str], step: int) -> Iterator[str]:
    return (name for number, name in enumerate(names) if number % step == 0)


# --- one process ---------------------------------------------------------------------------------------------------


def found_in_set(names: frozenset[str]) -> Callable[[str], bool]:
    """The same walk over a set."""

    def look(host: str) -> bool:
        while host:
            if host in names:
                return True
            host = host.partition(".")[2]
        return False

    return look


def engine(kind: str, folder: Path) -> tuple[Callable[[str], object], float]:
    """What answers, and the seconds that it took to be ready."""
    if kind == "table":
        FeedIndex(folder).categories("warm.up")
        start = time.perf_counter()
        index = FeedIndex(folder)
        return index.categories, time.perf_counter() - start
    start = time.perf_counter()
    lines = (folder / "feed.txt").read_text().split("\n")
    if kind == "frozenset":
        names = frozenset(lines)
        return found_in_set(names), time.perf_counter() - start
    trie = importlib.import_module("marisa_trie").Trie(lines)
    return found_in_set(trie), time.perf_counter() - start


def child(kind: str, folder: Path, total: int, seed: int) -> None:
    """Ask, say what it took, and stay until told to go, so that memory of several can be looked at together."""
    hits, misses = asked(ASKED, total, seed)
    before = memory("self")
    look, opened = engine(kind, folder)
    times: list[int] = []
    clock = time.perf_counter_ns
    for host in misses[: ASKED // 2]:
        began = clock()
        look(host)
        times.append(clock() - began)
    times.sort()
    told = {
        "open": opened,
        "hits": _a_second(look, hits, True),
        "misses": _a_second(look, misses[ASKED // 2 :], False),
        "p50": times[len(times) // 2] / 1e9,
        "p99": times[int(len(times) * 0.99)] / 1e9,
        "before": before,
    }
    print(json.dumps(told), flush=True)
    sys.stdin.read()


def _a_second(look: Callable[[str], object], hosts: list[str], expected: bool) -> float:
    start = time.perf_counter()
    right = sum(bool(look(host)) is expected for host in hosts)
    took = time.perf_counter() - start
    assert right == len(hosts), f"{len(hosts) - right} wrong answers"
    return len(hosts) / took


def memory(process: int | str) -> dict[str, float]:
    """RSS and PSS of a process in MB."""
    found = {}
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:]:
        name, value, *_ = line.split()
        found[name.rstrip(":")] = int(value) / 1024
    return {"rss": found["Rss"], "pss": found["Pss"]}


# --- all of them ---------------------------------------------------------------------------------------------------


@dataclass
class Result:
    """What one engine took at one size; seconds, MB, look-ups a second."""

    told: dict[str, float] = field(default_factory=dict)
    memory: dict[int, tuple[float, float]] = field(default_factory=dict)


def measured(kind: str, folder: Path, total: int) -> Result:
    """Three rounds alone (the median of each figure), then four processes together."""
    rounds = [_together(kind, folder, total, 1, seed) for seed in range(ROUNDS)]
    result = Result()
    for name in ("open", "hits", "misses", "p50", "p99"):
        result.told[name] = sorted(one[0][0][name] for one in rounds)[ROUNDS // 2]
    for many, (_, sizes) in ((1, rounds[0]), (4, _together(kind, folder, total, 4, 9))):
        rss, pss = (sum(one[name] for one in sizes) for name in ("rss", "pss"))
        result.memory[many] = (rss, pss)
    return result


def _together(kind: str, folder: Path, total: int, many: int, seed: int) -> tuple[list[dict], list[dict[str, float]]]:
    with contextlib.ExitStack() as stack:
        command = [sys.executable, "-m", "bench.match", "--child", kind, str(folder), str(total), str(seed)]
        children = [
            stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            for _ in range(many)
        ]
        told = [json.loads(one.stdout.readline()) for one in children]
        grown = [
            {name: value - one["before"][name] for name, value in memory(process.pid).items()}
            for one, process in zip(told, children, strict=True)
        ]
        for process in children:
            process.stdin.close()
    return told, grown


def compiled(folder: Path, total: int) -> dict[str, float]:
    """Seconds of `lists add` in a process of its own and its largest memory; seconds of the table alone; its size."""
    command = [sys.executable, "-m", "bench.match", "--child", "compile", str(folder), str(total), "0"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    told = json.loads(done.stdout)
    names = [name.encode() for name in made_up(total)]
    start = time.perf_counter()
    builder = Builder(bytearray(size_for(total)), total, random.getrandbits(64))
    builder.add(names, "adult")
    builder.finish()
    told["table"] = time.perf_counter() - start
    told["size"] = sum(path.stat().st_size for path in (folder / "lists").glob("index-*")) / 2**20
    return told


def compile_here(folder: Path) -> None:
    """`lists add` of the made-up file; says what it took."""
    lists = Lists(folder)
    start = time.perf_counter()
    with lists.alone():
        by = Conditions(datetime.now(UTC), Kept(frozenset({"www.school.nl"}), frozenset({"school.nl"})))
        update.add(lists, Subscription("bench", str(folder / "feed.txt"), "adult"), by)
    took = time.perf_counter() - start
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    print(json.dumps({"add": took, "peak": int(lines["VmHWM"].split()[0]) / 1024}))


def kinds() -> list[str]:
    """The engines that are installed here."""
    found = ["table", "frozenset"]
    with contextlib.suppress(ImportError):
        importlib.import_module("marisa_trie")
        found.append("marisa-trie")
    return found


def rows_of(total: int) -> tuple[list[list[str]], dict[str, float]]:
    """The lines of the table for one size, and the figures that have a target."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / "feed.txt").open("w") as file:
            file.writelines(f"{one}\n" for one in made_up(total))
        made = compiled(folder, total)
        results = {kind: measured(kind, folder, total) for kind in kinds()}
    rows = []
    for kind, result in results.items():
        told = result.told
        ready = f"{made['table']:.1f} s ({made['add']:.1f} s)" if kind == "table" else "-"
        opened = f"{1000 * told['open']:.0f} ms"
        (rss1, pss1), (rss4, pss4) = result.memory[1], result.memory[4]
        rows.append([
            f"{total // 1_000_000} M", kind, ready, opened, f"{made['size']:.0f} MB" if kind == "table" else "-",
            f"{rss1:.0f} / {pss1:.0f} MB", f"{rss4:.0f} / {pss4:.0f} MB",
            f"{told['hits'] / 1000:.0f} k", f"{told['misses'] / 1000:.0f} k",
            f"{1e6 * told['p50']:.1f} µs", f"{1e6 * told['p99']:.1f} µs",
        ])  # fmt: skip
    table = results["table"].told
    figures = {"compile": made["add"], "open": table["open"], "miss": table["p50"], "peak": made["peak"]}
    return rows, figures


def verdict(figures: dict[str, float]) -> str:
    """Targets met or missed, in one line."""
    told = [
        f"{name} {value:.3g} s: {'met' if value < target else 'MISSED'} (below {target:g} s)"
        for name, target in TARGETS.items()
        for value in (figures[name],)
    ]
    return f"{'; '.join(told)}; largest memory while compiling {figures['peak']:.0f} MB, the mapped file included"


def write(lines: list[str]) -> None:
    """Put the table into `docs/performance.md`, in the place of the last one."""
    said = "\n".join([_MARKS[0], "", *lines, "", _MARKS[1]])
    text = REPORT.read_text(encoding="utf-8")
    before, found, rest = text.partition(_MARKS[0])
    after = rest.partition(_MARKS[1])[2] if found else "\n"
    REPORT.write_text(f"{before}{said}{after}", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description="How fast a host is found among the names of feeds.")
    parser.add_argument("--names", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--write", action="store_true", help="write the table to docs/performance.md")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        kind, folder, total, seed = given.child
        if kind == "compile":
            compile_here(Path(folder))
        else:
            child(kind, Path(folder), int(total), int(seed))
        return 0
    head = ["names", "engine", "compile: table alone (`lists add`)", "open", "file", "RSS / PSS, 1 process",
            "RSS / PSS, 4 processes", "hits/s", "misses/s", "miss p50", "miss p99"]  # fmt: skip
    lines = [machine(), "", f"| {' | '.join(head)} |", "|---|---|" + "--:|" * (len(head) - 2)]
    verdicts = []
    for total in given.names:
        rows, figures = rows_of(total)
        lines += [f"| {' | '.join(row)} |" for row in rows]
        verdicts.append(f"{total:,} names: {verdict(figures)}.")
    lines += ["", *verdicts]
    print("\n".join(lines))
    if given.write:
        write(lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
