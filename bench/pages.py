"""How much is recognised: sites that nobody lists, by the shape of a page (part three).

    .venv/bin/python -m bench.pages [--write] [--rows even|odd]

The pages are of our own making (`bench/pages/`), written before the weights; each is judged as on a host whose name
tells nothing. `--write` keeps the table in `docs/recognition.md`; `--rows` names the pages of that half that came out
wrong, with their points. The third set (`bench/pages/third/`) is only counted, never named.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from config import load
from policy.pageshape import PageShape
from policy.pagesigns import MOST_HTML, read_page

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "bench" / "pages"
THIRD = PAGES / "third"  # written after everything, without sight of the weights; only counted
REPORT = ROOT / "docs" / "recognition.md"
ORDINARY = "ordinary"
SECOND_ORDINARY, SECOND_ALIKE = 41, 35  # where the set begins that was written after the weights
KINDS = {"ai": "ai-chat", "files": "file-sharing"}
HOST = "www.een-site.example"
_MARKS = ("<!-- bench:recognition-3 -->", "<!-- /bench:recognition-3 -->")


@dataclass(frozen=True)
class Outcome:
    """One page: what it was made as, and what it was taken for."""

    name: str
    number: int
    wanted: str
    found: str

    @property
    def proposed(self) -> bool:
        return bool(self.found)

    @property
    def later(self) -> bool:
        return self.number >= (SECOND_ORDINARY if self.wanted == ORDINARY else SECOND_ALIKE)


def shape() -> PageShape:
    """The shape that comes with the product."""
    found = load.knowledge().pageshape
    if found is None:
        raise LookupError("no page shape comes with the product")
    return found


def outcomes(folder: Path = PAGES) -> Iterator[Outcome]:
    """Every page of our own in a folder, judged."""
    weights = shape()
    for file in sorted(folder.glob("*.html")):
        kind, number, _ = file.stem.split("-", 2)
        judged = weights.judge(read_page(file.read_text("utf-8"), HOST))
        yield Outcome(file.stem, int(number), KINDS.get(kind, kind), judged.kind if judged else "")


def cost() -> float:
    """Milliseconds for a busy page of 64 KB: reading and judging, the best of several."""
    body = (PAGES / "social-03-profile.html").read_text("utf-8").partition("<body>")[2]
    html = f"<html><body>{body * 60}"[:MOST_HTML]
    weights, best = shape(), 1e9
    for _ in range(10):
        start = perf_counter()
        weights.judge(read_page(html, HOST))
        best = min(best, perf_counter() - start)
    return best * 1000


def table(found: Iterable[Outcome], third: Iterable[Outcome] = ()) -> str:
    """The table of the report; the third set has rows of its own."""
    every, blind = list(found), list(third)
    lines = [
        f"{datetime.now(UTC):%d %B %Y}. {len(every) + len(blind)} pages, {len(shape().signs)} signs; "
        f"a page of 64 KB is read and judged in {cost():.0f} ms.",
        "",
        "| what | even rows | odd rows |",
        "|---|---|---|",
    ]
    alike = [one for one in every if one.wanted != ORDINARY]
    plain = [one for one in every if one.wanted == ORDINARY]
    lines.append(_row("imitations proposed", alike, lambda one: one.proposed))
    lines.append(_row("of these, with the kind they were made as", alike, lambda one: one.found == one.wanted))
    lines.append(
        _row("imitations of the second set proposed", [one for one in alike if one.later], lambda one: one.proposed)
    )
    for kind in dict.fromkeys(one.wanted for one in alike):
        lines.append(_row(f"{kind}: proposed", [one for one in alike if one.wanted == kind], lambda one: one.proposed))
    lines.append(_row("ordinary pages proposed (false alarms)", plain, lambda one: one.proposed))
    lines.append(_row("of these, in the second set", [one for one in plain if one.later], lambda one: one.proposed))
    if blind:
        alike = [one for one in blind if one.wanted != ORDINARY]
        plain = [one for one in blind if one.wanted == ORDINARY]
        lines.append(_row("third set: imitations proposed", alike, lambda one: one.proposed))
        lines.append(
            _row("third set: of these, with the kind they were made as", alike, lambda one: one.found == one.wanted)
        )
        lines.append(_row("third set: ordinary pages proposed (false alarms)", plain, lambda one: one.proposed))
    return "\n".join(lines)


def _row(what: str, rows: list[Outcome], right: object) -> str:
    assert callable(right)
    halves = ([one for one in rows if one.number % 2 == odd] for odd in (0, 1))
    return f"| {what} | " + " | ".join(f"{sum(map(right, half))} of {len(half)}" for half in halves) + " |"


def explain(name: str) -> str:
    """Every kind with points, for tuning."""
    page = read_page((PAGES / f"{name}.html").read_text("utf-8"), HOST)
    told = [f"{one.kind} {one.score:g}: {dict(one.parts)}" for one in shape().weigh(page) if one.parts]
    return f"{name}\n  " + "\n  ".join(told)


def main() -> int:
    """Print the table; with `--write` keep it."""
    reader = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    reader.add_argument("--write", action="store_true")
    reader.add_argument("--rows", choices=("even", "odd"))
    options = reader.parse_args()
    every = list(outcomes())
    if options.rows:
        for one in every:
            right = one.found == ("" if one.wanted == ORDINARY else one.wanted)
            if not right and one.number % 2 == ("even", "odd").index(options.rows):
                print(f"{one.wanted} taken for {one.found or 'nothing'}: {explain(one.name)}", file=sys.stderr)
    text = table(every, outcomes(THIRD))
    print(text)
    if options.write:
        before, _, rest = REPORT.read_text("utf-8").partition(_MARKS[0])
        after = re.sub(r"\A\n*", "\n", rest.partition(_MARKS[1])[2])
        REPORT.write_text(f"{before}{_MARKS[0]}\n{text}\n{_MARKS[1]}{after}", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
