"""How fast the dashboard answers, how many screens stay live, and what a page weighs.

    .venv/bin/python -m bench.dashboard [--runs 60] [--days 200] [--write]

A real `klaswacht up` on loopback, its dashboard as it always runs, a school of 300 pupils in 12 groups with a year
behind it (`bench.year`). Every page is asked for over TLS on a connection that is open already; what is timed is the
whole answer as the client has it. Signing in is left out: it is slow on purpose. Then 60 teachers each have their
lesson open: all streams must stay open, and what changes must reach all.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import os
import re
import ssl
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from bench import permission as report
from bench import year
from bench.soak.watch import Look, Watch
from cli.demo.certs import make_papers
from cli.demo.play import fill
from cli.demo.school import Place, all_names
from cli.demo.sites import Ports
from cli.home import Home
from config import load
from dashboard.actions.desk import Desk
from policy.model import Facet, Grant, Role
from store import open_store
from tests.e2e.playground import started

TARGET, REACH, WEIGHT = 0.050, 1.0, 100_000
"""Seconds of a page at the median; seconds until a change is on every screen; bytes of a page over the line."""
MARKS = ("<!-- bench:dashboard -->", "<!-- /bench:dashboard -->")
CHANGES, APART, LONGEST, IDLE = 20, 1.0, 5.0, 20.0
COOKIE = "__Host-klaswacht"
TABS = ("groepen", "leerlingen", "medewerkers", "apparaten", "toestemming", "registers", "afspraken", "waarom", "proef")


@dataclass(frozen=True, slots=True)
class Running:
    """A guard that runs: `supervisor` is its process, `dashboard` a port."""

    ca: Path
    desk: Desk
    supervisor: int
    dashboard: int


@contextlib.contextmanager
def school(folder: Path, days: int) -> Iterator[tuple[Running, dict[str, int]]]:
    """The school with its year, `klaswacht up` in front of it; and how many there are of what."""
    home = Home(folder / "home")
    home.prepare()
    papers = make_papers(folder / "sites", all_names(), year.utc_now())
    fill(home, papers, Ports(1, 2), Place(0, 0, 0, {"7": 0, "8": 0}, 0))
    settings = load.read_school(home.school_file).settings
    with contextlib.closing(open_store(home.database_url, home.accounts_url, key=home.columns_key)) as store:
        counts = year.before(store, settings.school.id, year.utc_now(), days)
        with started(home, folder / "up.log") as (process, told):
            desk = Desk(store, load.knowledge(settings), settings.school.id, settings)
            yield Running(home.ca_folder / "klaswacht-ca.crt", desk, process.pid, int(str(told["dashboard"]))), counts


@dataclass(slots=True)
class Browser:
    """One connection of somebody who is signed in."""

    play: Running
    session: str
    line: http.client.HTTPSConnection = field(init=False)

    def __post_init__(self) -> None:
        trust = ssl.create_default_context(cafile=str(self.play.ca))
        self.line = http.client.HTTPSConnection("127.0.0.1", self.play.dashboard, context=trust, timeout=30)

    def get(self, path: str, *, packed: bool = False) -> tuple[float, bytes]:
        """Seconds and body of a page; `packed`: as the line has it, for a browser that takes gzip."""
        return self._ask("GET", path, None, 200, {"Accept-Encoding": "gzip"} if packed else {})

    def post(self, path: str, form: dict[str, str]) -> float:
        """Seconds until the dashboard answers that it was done."""
        return self._ask("POST", path, urlencode(form), 303, {})[0]

    def _ask(self, method: str, path: str, body: str | None, status: int, more: dict[str, str]) -> tuple[float, bytes]:
        origin = f"https://127.0.0.1:{self.play.dashboard}"
        headers = {"Cookie": f"{COOKIE}={self.session}", "Accept": "text/html", "Origin": origin, **more}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        for fresh in (False, True):  # a line that lay idle may have been hung up
            if fresh or self.line.sock is None:
                self.line.close()
                self.line.connect()
            began = time.perf_counter()
            try:
                self.line.request(method, path, body, headers)
                answer = self.line.getresponse()
                break
            except (http.client.RemoteDisconnected, ConnectionError):
                if fresh:
                    raise
        said = answer.read()
        took = time.perf_counter() - began
        assert answer.status == status, (method, path, answer.status)
        return took, said


# --- pages -----------------------------------------------------------------------------------------------------------


def pages(group: str) -> list[tuple[str, str, str]]:
    """What is asked for: what it is called, who asks, where."""
    made = [("Mijn les", "teacher", f"/les/{group}"), ("the form of an agreement", "teacher", f"/les/{group}/afspraak")]
    made += [
        ("Fototoestemming", "teacher", "/fototoestemming"),
        ("Aantekeningen", "teacher", "/maatregelen/aantekeningen"),
    ]
    made += [(f"Beheer: {tab}", "coordinator", f"/beheer/{tab}") for tab in TABS]
    made += [
        ("one group's answers on photos", "coordinator", f"/beheer/toestemming/foto/{group}"),
        ("Maatregelen", "management", "/maatregelen/"),
        ("one pupil", "management", "/maatregelen/leerling/l0"),
        ("Meldingen", "management", "/meldingen"),
        ("the rules", "teacher", "/regels?voor=ouder"),
    ]
    return made


type Times = dict[str, list[tuple[float, float]]]
"""By page: seconds until the answer was there, and seconds of processor time that it took the dashboard."""


def timed(play: Running, filled: year.Filled, runs: int, pid: int) -> Times:
    """Every page, in rounds over all of them; the first round is not counted. `pid` is the dashboard's process."""
    group, session = filled.sessions[0]
    who = {"teacher": session, "coordinator": filled.coordinator, "management": filled.management}
    browsers = {name: Browser(play, token) for name, token in who.items()}
    times: Times = {}
    for number in range(runs + 1):
        for name, by, path in pages(group):
            before = _used(pid)
            took, _ = browsers[by].get(path)
            if number:
                times.setdefault(name, []).append((took, _used(pid) - before))
        for name, click in _clicks(browsers["teacher"], group, pid).items():
            if number:
                times.setdefault(name, []).append(click)
        print(f"\rpages {number}/{runs}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return times


def _clicks(browser: Browser, group: str, pid: int) -> dict[str, tuple[float, float]]:
    """A permission given and stopped again."""
    page = browser.get(f"/les/{group}")[1].decode()
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None
    form = {"csrf": found[1]}
    wish = {"what": "category:video", "who": "all", "minutes": "lesson", "mode": "view", "confirmed": "1"}
    began = _used(pid)
    gave = browser.post(f"/les/{group}/toestemming", form | wish), _used(pid) - began
    page = browser.get(f"/les/{group}")[1].decode()
    stops = re.findall(rf'action="(/les/{group}/toestemming/[^"/]+/stop)"', page)
    assert len(stops) == 2, "the one of this morning and the one that was given"
    began = _used(pid)
    stopped = browser.post(stops[-1], form), _used(pid) - began
    return {"giving a permission": gave, "stopping it": stopped}


def _used(pid: int) -> float:
    """Seconds of processor time of all threads of a process, in nanoseconds' steps (Linux)."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):  # a thread that ended meanwhile
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def weighed(play: Running, filled: year.Filled) -> dict[str, tuple[int, int]]:
    """Bytes of the lesson and what it loads, by name: as a browser has it, and as they come over the line."""
    group, session = filled.sessions[0]
    browser = Browser(play, session)
    html = browser.get(f"/les/{group}")[1]
    found = re.findall(r'(?:src|href)="(/static/[^"]+\.(?:js|css))', html.decode())
    sizes = {Path(name).name: (len(browser.get(name)[1]), len(browser.get(name, packed=True)[1])) for name in found}
    return {"html": (len(html), len(html)), **sizes}


# --- screens ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Screens:
    """What was seen of the open screens: `reached` in seconds by change, processor time in seconds a second."""

    opened: int = 0
    stayed: int = 0
    reached: list[float] = field(default_factory=list)
    late: int = 0
    idle: float = 0.0
    busy: float = 0.0
    memory: Look | None = None


class Screen:
    """One teacher's open lesson. `seen` maps a word to when it came in."""

    def __init__(self, port: int, trust: ssl.SSLContext) -> None:
        self._port, self._trust = port, trust
        self.seen: dict[str, float] = {}
        self.open = False

    async def watch(self, group: str, session: str, words: tuple[str, ...]) -> None:
        """Read until the stream ends."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, ssl=self._trust, limit=1 << 22)
        head = f"GET /les/{group}/stroom HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nCookie: {COOKIE}={session}\r\n"
        writer.write(f"{head}Accept: text/event-stream\r\n\r\n".encode())
        try:
            status = await reader.readline()
            self.open = b" 200 " in status
            if not self.open:
                print(f"a screen was refused: {status!r}", file=sys.stderr)
                return
            while line := await reader.readline():
                for word in words:
                    if word not in self.seen and word.encode() in line:
                        self.seen[word] = time.perf_counter()
        finally:
            self.open = False
            writer.close()


async def watched(play: Running, filled: year.Filled, watch: Watch) -> Screens:
    """Open every screen, wait, change things, and see that all saw them."""
    told, trust = Screens(), ssl.create_default_context(cafile=str(play.ca))
    words = tuple(f"doel-nummer-{number:02}" for number in range(CHANGES))
    screens = [Screen(play.dashboard, trust) for _ in filled.sessions]
    tasks = [
        asyncio.create_task(screen.watch(group, session, words))
        for screen, (group, session) in zip(screens, filled.sessions, strict=True)
    ]
    await asyncio.sleep(5)
    told.opened = sum(screen.open for screen in screens)
    pid = watch.look().looks["dashboard"].pid
    began = _processor(pid)
    await asyncio.sleep(IDLE)
    told.idle = (_processor(pid) - began) / IDLE
    began, clock = _processor(pid), time.perf_counter()
    for word in words:
        changed = await asyncio.to_thread(_change, play, word)
        await asyncio.sleep(APART)
        while any(word not in screen.seen for screen in screens) and time.perf_counter() < changed + LONGEST:
            await asyncio.sleep(0.05)
        reached = [screen.seen.get(word, float("inf")) - changed for screen in screens]
        told.late += sum(took > REACH for took in reached)
        told.reached += reached
    told.busy = (_processor(pid) - began) / (time.perf_counter() - clock)
    told.memory = watch.look().looks["dashboard"]
    told.stayed = sum(screen.open for screen in screens)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return told


def _change(play: Running, word: str) -> float:
    """A permission for every group at once, so that all screens have something to show; when it was written."""
    now = year.utc_now()
    everybody = frozenset(group.id for group in year.groups())
    end = now + timedelta(minutes=30)
    made = Grant(
        "",
        now,
        end,
        Role.TEACHER,
        "t0",
        everybody,
        sites=(f"{word}.example.nl",),
        facets=frozenset({Facet.PLACE}),
        goal=word,
    )
    play.desk.store.grants.add(play.desk.school, made, now)
    return time.perf_counter()


def _processor(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# --- telling ---------------------------------------------------------------------------------------------------------


def p95(values: list[float]) -> float:
    """The 95th percentile by rank."""
    return sorted(values)[min(len(values) - 1, int(0.95 * len(values)))]


def rows(times: Times, screens: Screens, weight: dict[str, tuple[int, int]], counts: dict[str, int]) -> list[str]:
    """Everything, as Markdown."""
    lines = ["In the store: " + ", ".join(f"{number:,} {name}" for name, number in counts.items()) + ".", ""]
    lines += ["| page | median | p95 | largest | processor, median |", "|---|--:|--:|--:|--:|"]
    for name, pairs in times.items():
        values, used = [took for took, _ in pairs], [own for _, own in pairs]
        told = (f"{1000 * one:.0f} ms" for one in (median(values), p95(values), max(values), median(used)))
        lines.append(f"| {name} | {' | '.join(told)} |")
    lines += ["", "| open screens | |", "|---|--:|"]
    lines += [f"| {name} | {said} |" for name, said in _of_screens(screens)]
    lines += ["", "| Mijn les loads | bytes | over the line |", "|---|--:|--:|"]
    lines += [f"| {name} | {plain:,} | {packed:,} |" for name, (plain, packed) in weight.items()]
    total = [sum(pair[side] for pair in weight.values()) for side in (0, 1)]
    lines.append(f"| together | {total[0]:,} | {total[1]:,} |")
    return lines


def _of_screens(screens: Screens) -> Iterator[tuple[str, str]]:
    reached = screens.reached or [float("nan")]
    spread = (median(reached), p95(reached), max(reached))
    yield "opened, still open at the end", f"{screens.opened}, {screens.stayed}"
    yield "a change on a screen: median, p95, largest", ", ".join(f"{1000 * one:.0f} ms" for one in spread)
    yield f"later than {REACH:.0f} s", f"{screens.late} of {len(screens.reached)}"
    yield "processor of the dashboard while nothing happens", f"{100 * screens.idle:.1f} % of a core"
    yield "while every screen changes once a second", f"{100 * screens.busy:.0f} % of a core"
    if screens.memory is not None:
        size = f"{screens.memory.rss / 2**20:.0f} MB, {screens.memory.uss / 2**20:.0f} MB"
        yield "its memory: resident, its own; threads", f"{size}; {screens.memory.threads}"


def verdicts(times: Times, screens: Screens, weight: dict[str, tuple[int, int]]) -> list[str]:
    """What was not met, a line each."""
    slow = [name for name, pairs in times.items() if median(took for took, _ in pairs) > TARGET]
    missed = [f"slower than {1000 * TARGET:.0f} ms at the median: {', '.join(slow)}"] if slow else []
    if screens.opened != year.TEACHERS or screens.stayed != screens.opened:
        missed.append(f"of {year.TEACHERS} screens {screens.opened} opened and {screens.stayed} stayed so")
    if screens.late:
        missed.append(f"{screens.late} changes were on a screen after {REACH:.0f} s or never")
    total = sum(sent for _, sent in weight.values())
    if total > WEIGHT:
        missed.append(f"a page weighs {total:,} bytes")
    return missed


def main() -> int:
    """Measure, tell, and write if asked; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description="How fast the dashboard is.")
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--days", type=int, default=year.DAYS, help="school days behind it; a year has 200")
    parser.add_argument("--write", action="store_true", help="write the tables to docs/performance.md")
    parser.add_argument(
        "--pause", action="store_true", help="wait before measuring, so that a profiler can be attached"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, school(Path(folder), given.days) as (play, counts):
        filled = year.after(play.desk, year.utc_now(), given.days)
        watch = Watch(play.supervisor, frozenset({play.dashboard}))
        if given.pause:
            input(f"the dashboard is process {watch.look().looks['dashboard'].pid}; Enter goes on ")
        times = timed(play, filled, given.runs, watch.look().looks["dashboard"].pid)
        weight = weighed(play, filled)
        screens = asyncio.run(watched(play, filled, watch))
    missed = verdicts(times, screens, weight)
    told = [
        *rows(times, screens, weight, {**counts, "events": filled.events}),
        "",
        f"Missed: {'; '.join(missed) or 'nothing'}.",
    ]
    print(report.machine(), "", *told, sep="\n")
    if given.write:
        report.write(told, MARKS)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
