"""From what was seen to a table, and to targets met or missed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median

from bench.minute.devices import Tally
from bench.minute.good import EVERY, Times, p95
from bench.minute.phases import Beside, Minute, Overload, Use
from bench.minute.visitors import BARE, FRIENDLY, HERE
from bench.verdict import Verdict

MARKS = ("<!-- bench:minute -->", "<!-- /bench:minute -->")
DOUBLE = 2.0  # times as slow as alone, at most
BACK = 60.0  # seconds


def verdicts(told: Minute, slow: Beside, over: Overload, restarts: int) -> list[Verdict]:
    """All targets."""
    return [
        *_of_carrying(told),
        *_of_slowness(slow),
        *_of_shedding(told, over),
        Verdict("no worker restarted", restarts == 0, str(restarts)),
    ]


def _of_carrying(told: Minute) -> Iterator[Verdict]:
    kept, seen = told.tally, told.seen
    whole = kept.carried.total() == told.wanted and not kept.errors and not kept.shed
    how = (
        f"{kept.carried.total():,} of {told.wanted:,}; errors {kept.errors.total()}, asked to wait {kept.shed.total()}"
    )
    yield Verdict("the minute: every request carried, no error", whole, how)
    live = seen.screens == seen.stayed == seen.taps == len(seen.took) > 0 and not seen.errors
    how = f"{seen.stayed} of {seen.screens} screens stayed open, {len(seen.took)} of {seen.taps} taps seen on them"
    yield Verdict("the minute: dashboards live", live, how)


def _of_slowness(slow: Beside) -> Iterator[Verdict]:
    ratios = [_ratio(slow.alone, slow.beside, kind) for kind in EVERY]
    met = not slow.alone.errors and not slow.beside.errors and all(one <= DOUBLE for one in ratios)
    how = ", ".join(f"{one:.2f} x" for one in ratios) + _trouble(slow.alone, slow.beside)
    yield Verdict(f"{slow.many} slow clients do not double a good client's p95", met, how)


def _of_shedding(told: Minute, over: Overload) -> Iterator[Verdict]:
    visits, tallies = over.visits, (told.tally, over.tally)
    shown = sum(len(one.shown) for one in tallies)
    how = f"{shown} shown, {sum(one.carried['closed'] for one in tallies):,} refused"
    yield Verdict("nothing closed shown, in the minute and in the overload", not shown, how)
    how = f"of the devices' requests {over.tally.hung}, of the visitors {visits.hung}"
    yield Verdict("overload: nobody hangs", not over.tally.hung and not visits.hung, how)
    how = f"{visits.pages[HERE]} got the page, {visits.pages[FRIENDLY]} the friendly one, {visits.pages[BARE]} neither"
    yield Verdict("overload: who is asked to wait gets the friendly page", not visits.pages[BARE], how)
    how = f"{visits.helped} of {visits.helped + len(visits.not_helped)}"
    yield Verdict("overload: help stays open", visits.helped > 0 and not visits.not_helped, how)
    ratios = ", ".join(f"{_ratio(over.before, over.after, kind):.2f} x" for kind in EVERY)
    how = f"served again after {over.back:.0f} s; then p95 beside before: {ratios}"
    yield Verdict("overload: it recovers", over.back <= BACK and not over.after.errors, how)


def counts(told: Minute, slow: Beside, over: Overload, restarts: int) -> dict[str, object]:
    """What a test may look at: how many, and never how fast."""
    kept, seen, many, visits = told.tally, told.seen, over.tally, over.visits
    return {
        "wanted": told.wanted,
        "minute": {"carried": kept.carried.total(), "shed": kept.shed.total(), "errors": kept.errors.total(),
                   "shown": len(kept.shown)},
        "screens": {"open": seen.screens, "stayed": seen.stayed, "taps": seen.taps, "seen": len(seen.took)},
        "slow": {"there": min(one.total() for one in slow.there), "errors": len(slow.beside.errors),
                 "medians": [median(slow.beside.took[kind]) / median(slow.alone.took[kind]) for kind in EVERY]},
        "overload": {"carried": many.carried.total(), "shed": many.shed.total(), "shown": len(many.shown),
                     "refused": many.carried["closed"], "hung": many.hung + visits.hung, "bare": visits.pages[BARE],
                     "helped": visits.helped, "not_helped": len(visits.not_helped)},
        "back": {"seconds": over.back, "errors": len(over.after.errors)},
        "restarts": restarts,
    }  # fmt: skip


def lines(told: Minute, slow: Beside, over: Overload, judged: Sequence[Verdict], load: float) -> list[str]:
    """Everything, as Markdown. `load` is the machine's load average before the run."""
    said = [f"Load average before the run {load:.1f}.", "", "| target | seen | |", "|---|---|---|"]
    said += [verdict.row() for verdict in judged]
    said += ["", "| the minute | |", "|---|--:|", *(f"| {name} | {text} |" for name, text in _of_minute(told))]
    head = f"| a good client's p50 / p95 | alone | beside {slow.many} slow | p95 | before the overload | after |"
    said += ["", head, "|---|--:|--:|--:|--:|--:|", *(_waits(slow, over, kind) for kind in EVERY)]  # fmt: skip
    said += ["", "| slow clients | |", "|---|--:|", *(f"| {name} | {text} |" for name, text in _of_slow(slow))]
    said += ["", "| overload | |", "|---|--:|", *(f"| {name} | {text} |" for name, text in _of_overload(over))]
    for title, tally in (("the minute", told.tally), ("the overload", over.tally)):
        if tally.errors or tally.shown:
            said += ["", f"Errors of {title}: {_told(tally.errors)}. {'; '.join(tally.shown[:5])}".rstrip()]
    for other in (told.seen.errors, over.visits.other, over.visits.not_helped, over.after.errors, slow.beside.errors):
        if other:
            said += ["", f"Otherwise: {_told(Counter(other))}."]
    return said


def _of_minute(told: Minute) -> Iterator[tuple[str, str]]:
    kept, took = told.tally, told.seen.took
    yield "devices, pages, requests", f"{told.devices}, {len(kept.pages):,} whole, {kept.carried.total():,}"
    yield "of them " + ", ".join(sorted(kept.carried)), _shares(kept)
    yield "connections; requests sent again on a fresh line", f"{kept.connections:,}; {kept.again}"
    yield "last answer after", f"{told.seconds:.0f} s"
    yield "a page with its thirty requests: p50, p95, largest", _spread(kept.pages)
    yield "tap to seen on the screen: p50, p95, largest", _spread(took)
    yield from _of_use(told.use)


def _of_use(use: Use) -> Iterator[tuple[str, str]]:
    for name, used in use.cpu.items():
        what = "everything else on the machine" if name == "rest" else name
        yield f"processor: {what}", f"{used:.1f} s in {use.seconds:.0f} s"
    yield "of both cores, used by the guard, the loader and the sites", f"{use.share:.0%}"


def _of_slow(slow: Beside) -> Iterator[tuple[str, str]]:
    kinds = sorted({kind for one in slow.there for kind in one})
    for kind in kinds:
        yield f"{kind}: at the end of each window", ", ".join(str(one[kind]) for one in slow.there)
    yield "hung up by the guard, and back again", _told(slow.ended)
    yield "memory of both workers, more than without", ", ".join(f"{one / 1024:.0f} MB" for one in slow.memory)


def _of_overload(over: Overload) -> Iterator[tuple[str, str]]:
    kept, visits = over.tally, over.visits
    total = kept.carried.total() + kept.shed.total() + kept.errors.total() + len(kept.shown)
    yield "asked for, and what it can carry by the minute's processor time", f"{over.rate:.0f}/s, {over.can:.0f}/s"
    yield (
        "requests carried, asked to wait, failed",
        (f"{kept.carried.total():,}, {kept.shed.total():,}, {kept.errors.total():,} of {total:,}"),
    )
    yield (
        "carried a second, until the last answer",
        f"{kept.carried.total() / over.seconds:.0f}/s, {over.seconds:.0f} s",
    )
    yield "a page that came whole: p50, p95, largest", _spread(kept.pages)
    yield "a visitor's page or friendly page: p50, p95, largest", _spread(visits.took["page"])
    yield "a help line's page: p50, p95, largest", _spread(visits.took["help"])
    yield from _of_use(over.use)


def _waits(slow: Beside, over: Overload, kind: str) -> str:
    alone, beside = slow.alone.took[kind], slow.beside.took[kind]
    before, after = over.before.took[kind], over.after.took[kind]
    cells = [kind, _pair(alone), _pair(beside), f"{_ratio(slow.alone, slow.beside, kind):.2f} x", _pair(before),
             _pair(after)]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _pair(values: list[float]) -> str:
    return f"{_ms(median(values))} / {_ms(p95(values))} ms" if values else "-"


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.1f}" if seconds < 0.01 else f"{1000 * seconds:.0f}"


def _spread(values: list[float]) -> str:
    if not values:
        return "-"
    return ", ".join(
        f"{one:.1f} s" if one >= 1 else f"{_ms(one)} ms" for one in (median(values), p95(values), max(values))
    )


def _ratio(before: Times, after: Times, kind: str) -> float:
    return p95(after.took[kind]) / p95(before.took[kind])


def _shares(kept: Tally) -> str:
    total = kept.carried.total() or 1
    return ", ".join(f"{kept.carried[kind] / total:.1%}" for kind in sorted(kept.carried))


def _trouble(*times: Times) -> str:
    found = Counter(error for one in times for error in one.errors)
    return f"; {_told(found)}" if found else ""


def _told(found: Counter[str]) -> str:
    return "; ".join(f"{name}: {number}" for name, number in found.most_common(12)) or "none"
