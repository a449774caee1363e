"""The soak's table and its verdicts."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from bench.soak.ground import Counts
from bench.soak.permissions import Kept
from bench.soak.watch import MB, Look, Sample
from bench.verdict import Verdict

GROWTH, SLACK = 0.05, 4 * MB  # of the middle third, and bytes on top
# Descriptors more than before the first client: of a pool of five connections to each database file, two descriptors
# each, one is open from the start. A worker has one such file, the dashboard two.
FEW = {"proxy 1": 8, "proxy 2": 8, "dashboard": 16}
ERRORS = 0.001  # of all requests: on loopback hardly any fails by itself
_BROKEN = ("Traceback", "broke with")
NAMES = ("proxy 1", "proxy 2", "dashboard")
HEAD = (
    f"| minute | RSS / USS MB: {' | '.join(NAMES)} | descriptors | threads | open lines | requests | per s "
    "| page p50 / p99 ms | errors | forbidden | permissions |\n"
    f"|--:|{'--:|' * len(NAMES)}--:|--:|--:|--:|--:|--:|--:|--:|--:|"
)


def row(sample: Sample, before: Sample, counts: Counts, done_before: int, kept: Kept) -> str:
    """One line of the table; `per s` since the line before."""
    looks = [sample.looks.get(name) for name in NAMES]
    done = counts.done.total()
    seconds = sample.at - before.at
    took = sorted(counts.took) or [0.0]
    counts.took.clear()
    cells = [
        f"{sample.at / 60:.1f}",
        *(f"{one.rss / MB:.0f} / {one.uss / MB:.0f}" if one else "-" for one in looks),
        _each(looks, "descriptors"),
        _each(looks, "threads"),
        _each(looks[:2], "lines"),
        f"{done:,}",
        f"{(done - done_before) / seconds:.0f}" if seconds else "-",
        f"{1000 * statistics.median(took):.0f} / {1000 * took[int(0.99 * len(took))]:.0f}",
        str(counts.errors.total()),
        str(len(counts.forbidden)),
        str(kept.checked),
    ]
    return f"| {' | '.join(cells)} |"


def _each(looks: Sequence[Look | None], what: str) -> str:
    return " ".join(str(getattr(one, what)) if one else "-" for one in looks)


def judged(
    samples: Sequence[Sample],
    first: Sample,
    last: Sample,
    counts: Counts,
    kept: Kept,
    wanted: int,
    never: int,
    restarts: int,
    log: Path,
) -> list[Verdict]:
    """All verdicts. `samples` are those under load, `first` is from before the first client, `last` from after them.

    `never` is how many requests came to the sites that should never have.
    """
    said = log.read_text("utf-8", "replace").splitlines()
    broken = [line for line in said if any(word in line for word in _BROKEN)]
    done, failed = counts.done.total(), counts.errors.total()
    opened, closed, passed = (_spread(times) for times in (kept.opened, kept.closed, kept.last_passed))
    return [
        *(_memory(samples, name) for name in NAMES),
        *(_descriptors(first, last, name) for name in NAMES),
        Verdict(
            "no forbidden response",
            not counts.forbidden and not never,
            f"{len(counts.forbidden)} seen by pupils, {never} by the sites",
        ),
        Verdict(
            "every permission as it must",
            not kept.problems and kept.checked == wanted == len(kept.closed) // 3 and wanted > 0,
            f"{kept.checked} of {wanted} checked, {kept.revoked} taken back, {kept.ended} ran out, "
            f"{len(kept.problems)} otherwise; tap to open {opened}; end to closed {closed}; "
            f"last new request that passed after an end {passed}",
        ),
        Verdict("no worker restarted", restarts == 0, f"{restarts} restarts"),
        Verdict("nothing logged as broken", not broken, f"{len(broken)} such lines in the log of `up`"),
        Verdict(
            "next to no errors",
            failed <= ERRORS * done and done > 0,
            f"{failed} in {done:,} (at most {ERRORS:.1%})",
        ),
    ]


def _memory(samples: Sequence[Sample], name: str) -> Verdict:
    """Flat: the median of the last third of the run is not above that of the middle third; the first is warm-up.

    RSS, because what a process shares with nobody (USS) also moves when the other one lets go of a shared page, as
    happens between the dashboard and the process that it was forked from.
    """
    values = [sample.looks[name].rss for sample in samples if name in sample.looks]
    third = len(values) // 3
    if not third:
        return Verdict(f"memory of {name} flat", False, "too few samples")
    middle, end = statistics.median(values[third : 2 * third]), statistics.median(values[-third:])
    met = end <= middle * (1 + GROWTH) + SLACK
    how = f"RSS, median of the middle third {middle / MB:.1f} MB, of the last {end / MB:.1f} MB"
    return Verdict(f"memory of {name} flat", met, f"{how} (at most {GROWTH:.0%} + {SLACK // MB} MB more)")


def _descriptors(first: Sample, last: Sample, name: str) -> Verdict:
    before, after = first.looks.get(name), last.looks.get(name)
    if before is None or after is None:
        return Verdict(f"descriptors of {name} back", False, "the process was not there")
    how = f"{before.descriptors} before the first client, {after.descriptors} after the last (at most {FEW[name]} more)"
    return Verdict(f"descriptors of {name} back", after.descriptors <= before.descriptors + FEW[name], how)


def _spread(times: Sequence[float]) -> str:
    if not times:
        return "never"
    return f"median {1000 * statistics.median(times):.0f} ms, largest {1000 * max(times):.0f} ms"
