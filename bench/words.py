"""How much is recognised, part two: words. Our corpora, OpenTaal's words, Dutch HateCheck, a plain list beside.

    KLASWACHT_TEST_DATA=... .venv/bin/python -m bench.recognition [--write] [--rows even|odd]

A query counts as found when a term of any kind but help is in it; a cry for help when a term of kind help is. The
list beside ours is LDNOOBW (nl and en), once as substrings and once as whole words: a baseline, nothing of it is used.
"""

from __future__ import annotations

import csv
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from config.load import knowledge
from policy.folding import fold
from policy.terms import HELP, Lexicon

ROOT = Path(__file__).parents[1]
CORPORA = ROOT / "tests" / "corpus"
MARKS = ("<!-- bench:recognition-2 -->", "<!-- /bench:recognition-2 -->")
KINDS = ("coarse", "aggression", "sex", "discrimination")
HURTFUL = frozenset({"discrimination", "aggression"})

type Finder = Callable[[str], bool]


def queries(name: str) -> Iterator[tuple[int, list[str]]]:
    """Number (from 1) and fields of each row of `queries-<name>.txt`."""
    lines = (CORPORA / f"queries-{name}.txt").read_text("utf-8").split("\n")
    yield from enumerate((line.split("\t") for line in lines if line.strip() and not line.startswith("#")), 1)


def half(name: str, odd: int) -> list[tuple[int, list[str]]]:
    """The rows with odd, or with even, numbers."""
    return [row for row in queries(name) if row[0] % 2 == odd]


def kinds(lexicon: Lexicon, text: str) -> frozenset[str]:
    """The kinds of what is found in a text."""
    return frozenset(hit.kind for hit in lexicon.hits(text))


def baseline(data: Path) -> tuple[Finder, Finder]:
    """LDNOOBW as substrings and as whole words."""
    folded = {
        fold(line) for name in ("nl", "en") for line in (data / "profanity" / name).read_text("utf-8").split("\n")
    }
    terms = sorted(folded - {""})

    def inside(text: str) -> bool:
        folded = fold(text)
        return any(term in folded for term in terms)

    def whole(text: str) -> bool:
        folded = f" {fold(text)} "
        return any(f" {term} " in folded for term in terms)

    return inside, whole


@dataclass(frozen=True)
class Line:
    """One line of the table: how many of how many, by us and by the two baselines (None: not measured)."""

    what: str
    of: int
    ours: int
    inside: int | None = None
    whole: int | None = None

    def cells(self) -> str:
        numbers = (self.ours, self.inside, self.whole)
        shown = ("-" if n is None else f"{n} ({100 * n / self.of:.2f} %)" if self.of else "-" for n in numbers)
        return f"| {self.what} | {self.of} | {' | '.join(shown)} |"


def _line(what: str, texts: list[str], ours: Finder, plain: tuple[Finder, Finder] | None) -> Line:
    counts = [sum(map(find, texts)) for find in (ours, *(plain or ()))]
    return Line(what, len(texts), *counts)


def corpora(lexicon: Lexicon, plain: tuple[Finder, Finder] | None, show: str | None) -> Iterator[Line]:
    """Our three corpora, each half by itself."""

    def any_bad(text: str) -> bool:
        return bool(kinds(lexicon, text) - {HELP})

    for name, odd in (("even", 0), ("odd", 1)):
        school = [row[0] for _, row in half("school", odd)]
        yield _line(f"school queries stopped or answered with help, {name} rows (wanted: 0)", school,
                    lambda text: bool(kinds(lexicon, text)), plain)  # fmt: skip
        for kind in KINDS:
            bad = [row for _, row in half("bad", odd) if row[1] == kind]
            yield _line(f"bad queries found: {kind}, {name} rows", [row[0] for row in bad], any_bad, plain)
            exact = sum(kind in kinds(lexicon, row[0]) for row in bad)
            yield Line(f"- of these as {kind}", len(bad), exact)
        helped = [row[0] for _, row in half("help", odd)]
        yield _line(f"cries for help heard, {name} rows", helped, lambda text: HELP in kinds(lexicon, text), None)
        if show == name:
            _show(lexicon, odd)


def _show(lexicon: Lexicon, odd: int) -> None:
    """The rows of one half that came out otherwise."""
    for name, wrong in (
        ("school", bool),
        ("bad", lambda said: not said - {HELP}),
        ("help", lambda said: HELP not in said),
    ):
        for number, row in half(name, odd):
            said = kinds(lexicon, row[0])
            if wrong(said):
                print(f"queries-{name}.txt:{number}: {row} {sorted(said)}", file=sys.stderr)


def opentaal(data: Path) -> list[str]:
    """OpenTaal's approved words."""
    return (data / "words-nl" / "basiswoorden-gekeurd.txt").read_text("utf-8").split("\n")[:-1]


def dictionary(lexicon: Lexicon, words: Iterable[str]) -> tuple[Counter[str], int]:
    """Of words as single queries: how many each term stops, and how many are answered with help."""
    stopped: Counter[str] = Counter()
    helped = 0
    for word in words:
        hits = lexicon.hits(word)
        bad = [hit for hit in hits if hit.kind != HELP]
        if bad:
            stopped[bad[0].term_id] += 1
        elif hits:
            helped += 1
    return stopped, helped


def hatecheck(lexicon: Lexicon, data: Path) -> Iterator[tuple[str, str, int, int, int]]:
    """Functionality, label, rows, found as hurtful (discrimination or aggression), found as anything but help."""
    found: dict[tuple[str, str], list[int]] = {}
    with (data / "hatecheck-nl" / "hatecheck_cases_final_dutch.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            said = kinds(lexicon, row["test_case"])
            counts = found.setdefault((row["label_gold"], row["functionality"]), [0, 0, 0])
            for place, yes in enumerate((True, bool(said & HURTFUL), bool(said - {HELP}))):
                counts[place] += yes
    for (label, functionality), (of, hurtful, anything) in sorted(found.items()):
        yield functionality, label, of, hurtful, anything


def microseconds(lexicon: Lexicon) -> float:
    """Mean time for one school query, the best of three rounds."""
    texts = [row[0] for _, row in queries("school")]
    rounds = []
    for _ in range(3):
        start = time.perf_counter()
        for text in texts:
            lexicon.hits(text)
        rounds.append((time.perf_counter() - start) / len(texts) * 1e6)
    return min(rounds)


def tables(data: Path | None, show: str | None = None) -> str:
    """Part two of the report, as Markdown."""
    lexicon = knowledge().lexicon
    plain = baseline(data) if data else None
    lines = [
        f"{len(lexicon.terms)} forms, {len({term.id for term in lexicon.terms})} ids, {len(lexicon.frames)} frames; "
        f"{microseconds(lexicon):.0f} microseconds for a school query on this machine.",
        "",
        "| what | of | Klaswacht | LDNOOBW as substrings | LDNOOBW as whole words |",
        "|---|---|---|---|---|",
        *(line.cells() for line in corpora(lexicon, plain, show)),
    ]
    if data is None or plain is None:
        return "\n".join(lines)
    words = opentaal(data)
    stopped, helped = dictionary(lexicon, words)
    counts = Line("OpenTaal's words stopped", len(words), stopped.total(), *(sum(map(find, words)) for find in plain))
    rows = list(hatecheck(lexicon, data))
    return "\n".join((
        *lines,
        counts.cells(),
        Line("OpenTaal's words answered with help", len(words), helped).cells(),
        "",
        "OpenTaal's words by term: " + ", ".join(f"{id_} {n}" for id_, n in sorted(stopped.items())) + ".",
        "",
        "| Dutch HateCheck | rows | found as discrimination or aggression | found as anything |",
        "|---|---|---|---|",
        *(f"| {what} | {of} | {hurt} | {anything} |" for what, _, of, hurt, anything in rows),
        *(
            f"| **{label}, together** | {sum(r[2] for r in rows if r[1] == label)} "
            f"| {sum(r[3] for r in rows if r[1] == label)} | {sum(r[4] for r in rows if r[1] == label)} |"
            for label in ("hateful", "non-hateful")
        ),
    ))  # fmt: skip
