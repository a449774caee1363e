"""How long one decision takes, with a real policy: all categories, 300 pupils, 50 permissions, 10,000 different hosts.

    .venv/bin/python -m bench.decide [--rounds 5] [--protocol regenboog] [--write]

A fifth of the hosts is on a list, a fifth below one, the rest is unknown. Every round asks all of them in another
order, each for another pupil, as the proxy does: an address, one name, the pupil of a proved device. Cold is the first
time that a process asks about a host; warm is every later time; "below" is warm for a file with a path and a query that
differ every time, as most requests of a page are. Beside it, in the same rounds, the least that any engine does: one
walk over the labels of the host in one set of the same names, which decides nothing.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.permission import machine
from config.factory import category_hosts
from config.load import factory_policy, knowledge, protocol_names
from policy.address import canonical
from policy.decide import decide
from policy.match import suffixes
from policy.model import (
    AccessRequest,
    Action,
    Care,
    Facet,
    Grant,
    Group,
    Member,
    Principal,
    Role,
    Snapshot,
    State,
    Strength,
)

HOSTS, PUPILS, GRANTS, GROUPS = 10_000, 300, 50, 12
TARGET = 20e-6  # seconds, the median of a warm decision
LESSON = datetime(2026, 11, 23, 9, 0, tzinfo=ZoneInfo("Europe/Amsterdam"))
REPORT = Path(__file__).parents[1] / "docs" / "performance.md"
_MARKS = ("<!-- bench:decide -->", "<!-- /bench:decide -->")


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds a question, sorted; `each` is the whole round divided by its questions, without the clock."""

    times: Sequence[float]
    each: float

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.times)

    @property
    def p99(self) -> float:
        """One in a hundred takes longer."""
        return self.times[len(self.times) * 99 // 100]


def listed_hosts(rng: random.Random) -> list[str]:
    """All hosts of the factory lists, in another order."""
    known = knowledge().categories.known()
    hosts = sorted({host for category in known for host in category_hosts(category)})
    rng.shuffle(hosts)
    return hosts


def some_hosts(rng: random.Random, listed: Sequence[str]) -> list[str]:
    """Different hosts, as a school asks for them."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    hosts = dict.fromkeys(listed[: HOSTS // 5])
    hosts |= dict.fromkeys(f"cdn{number}.{host}" for number, host in enumerate(listed[HOSTS // 5 : 2 * HOSTS // 5]))
    while len(hosts) < HOSTS:
        name = "".join(rng.choices(letters, k=rng.randint(4, 14)))
        hosts[f"{rng.choice(('www.', '', 'static.', 'a.b.'))}{name}.{rng.choice(('nl', 'com', 'org', 'be'))}"] = None
    found = list(hosts)
    rng.shuffle(found)
    return found


def school(protocol: str, rng: random.Random, listed: Sequence[str]) -> Snapshot:
    """A school in the middle of a lesson."""
    groups = {f"g{number}": Group(f"g{number}", f"Groep {number}") for number in range(GROUPS)}
    people = {f"p{n}": Member(f"p{n}", Role.PUPIL, (f"g{n % GROUPS}",)) for n in range(PUPILS)}
    people |= {f"t{n}": Member(f"t{n}", Role.TEACHER, (f"g{n}",)) for n in range(GROUPS)}
    start, end = LESSON - timedelta(minutes=20), LESSON + timedelta(minutes=40)
    grants = tuple(
        Grant(
            id=f"grant-{number}",
            start=start,
            end=end,
            role=Role.TEACHER,
            by=f"t{number % GROUPS}",
            groups=frozenset({f"g{number % GROUPS}"}) if number % 2 else frozenset(),
            people=frozenset() if number % 2 else frozenset(rng.sample([f"p{n}" for n in range(PUPILS)], 4)),
            sites=() if number % 10 == 0 else (rng.choice(listed),),
            categories=frozenset({"games"}) if number % 10 == 0 else frozenset(),
            facets=frozenset({Facet.PLACE, Facet.ACTION, Facet.APP}),
        )
        for number in range(GRANTS)
    )
    state = State(
        grants=grants,
        consents={f"p{n}": n % 5 != 0 for n in range(PUPILS)},
        care=tuple(Care(f"c{n}", person=f"p{n}", sites=("voorleeshulp.test",)) for n in range(5)),
    )
    return Snapshot(1, "school", factory_policy(protocol), knowledge(), groups, people, {}, state)


def requests(hosts: Sequence[str], *, below: bool = False) -> list[AccessRequest]:
    """The first page of every host, each for another pupil; `below`: a file that such a page loads."""
    found = []
    for number, host in enumerate(hosts):
        pupil = number % PUPILS
        who = Principal(Role.PUPIL, f"p{pupil}", (f"g{pupil % GROUPS}",), f"d{pupil}", strength=Strength.PROVED)
        path = f"assets/{number:x}/app.{number * 7919:x}.min.js?v={number}&lang=nl" if below else ""
        address = canonical(f"https://{host}/{path}")
        if address is not None:  # one of the lists has a bare address with a port
            found.append(AccessRequest(Action.VISIT, who, (address.host,), address=address, navigation=not below))
    return found


def timed[T](things: Sequence[T], ask: Callable[[T], object]) -> Taken:
    """Ask for each of them once."""
    clock, times = time.perf_counter, []
    for thing in things:
        begin = clock()
        ask(thing)
        times.append(clock() - begin)
    begin = clock()
    for thing in things:
        ask(thing)
    return Taken(sorted(times), (clock() - begin) / len(things))


@dataclass(frozen=True, slots=True)
class Measured:
    """The cold round, the warm ones, those of files below the first page, and those of the plain look-up."""

    cold: Taken
    warm: list[Taken]
    below: list[Taken]
    plain: list[Taken]


def measure(protocol: str, rounds: int) -> Measured:
    """Ask a school of this protocol everything, cold and warm."""
    rng = random.Random(8)
    listed = listed_hosts(rng)
    hosts = some_hosts(rng, listed)
    snapshot, asked, files = school(protocol, rng, listed), requests(hosts), requests(hosts, below=True)
    names = frozenset(listed)

    def walk(request: AccessRequest) -> bool:
        return any(name in names for name in suffixes(request.hosts[0]))

    decide(replace(asked[0], hosts=("begin.test",)), snapshot, LESSON)  # what a process builds once is no decision
    cold = timed(asked, lambda request: decide(request, snapshot, LESSON))
    timed(files, lambda request: decide(request, snapshot, LESSON))
    warm, below, plain = [], [], []
    for _ in range(rounds):
        rng.shuffle(asked)
        warm.append(timed(asked, lambda request: decide(request, snapshot, LESSON)))
        below.append(timed(files, lambda request: decide(request, snapshot, LESSON)))
        plain.append(timed(asked, walk))
    return Measured(cold, warm, below, plain)


def table(results: dict[str, Measured]) -> str:
    """The report, with medians over the rounds."""
    middle = statistics.median
    lines = [
        "| protocol | cold median / p99 us | warm median / p99 us | below median / p99 us | decisions/s warm "
        "| plain walk us | warm is |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, one in results.items():
        shown = [
            f"{middle(x.median for x in rounds) * 1e6:.1f} / {middle(x.p99 for x in rounds) * 1e6:.1f}"
            for rounds in ([one.cold], one.warm, one.below)
        ]
        each, walk = (middle(x.each for x in rounds) for rounds in (one.warm, one.plain))
        lines.append(f"| {name} | {' | '.join(shown)} | {1 / each:,.0f} | {walk * 1e6:.2f} | {each / walk:.1f} x |")
    slowest = max(middle(x.median for x in one.warm) for one in results.values())
    verdict = "met" if slowest < TARGET else "MISSED"
    lines += ["", f"Target: a warm median below {TARGET * 1e6:.0f} us: {verdict} ({slowest * 1e6:.1f})."]
    return "\n".join(lines)


def main() -> int:
    """Measure, print, and with `--write` put it in docs/performance.md."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--protocol", action="append", choices=protocol_names())
    parser.add_argument("--write", action="store_true")
    told = parser.parse_args()
    results = {name: measure(name, told.rounds) for name in told.protocol or protocol_names()}
    report = f"{machine()}\n\n{table(results)}"
    print(report)
    if told.write:
        before, _, rest = REPORT.read_text("utf-8").partition(_MARKS[0])
        after = rest.partition(_MARKS[1])[2]
        REPORT.write_text(f"{before}{_MARKS[0]}\n{report}\n{_MARKS[1]}{after}", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
