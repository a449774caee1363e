"""The data of the v2fly project: one file a list, which may include other files by their attributes.

`domain:x`, `full:x` and a bare `x` are names; `keyword:` and `regexp:` are skipped; `include:list @a @-b` takes from
that list what has attribute a and not b. Files that include each other in a ring, or without end, are read once each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from config.feeds.lines import Tally, name_of

MOST_VISITS = 5_000
"""How many files, each with what is wanted of it, one list may pull in."""

type Wanted = tuple[str, frozenset[str], frozenset[str]]


def names(lines_of: Callable[[str], Iterable[str] | None], part: str, tally: Tally) -> Iterator[str]:
    """The names of one list; `lines_of` gives the lines of a list by its name, None when there is none."""
    waiting: list[Wanted] = [(part.lower(), frozenset(), frozenset())]
    seen = set(waiting)
    missing: set[str] = set()
    while waiting:
        wanted = waiting.pop()
        lines = lines_of(wanted[0])
        if lines is None:
            if wanted[0] not in missing:
                missing.add(wanted[0])
                tally.skip("include_missing")
            continue
        for line in lines:
            rule, attributes = _split(line)
            if not rule:
                continue
            kind, colon, value = rule.partition(":")
            if colon and kind == "include":
                more = _included(value, attributes, wanted)
                if more in seen:
                    continue
                if len(seen) >= MOST_VISITS:
                    tally.skip("include_too_many")
                    continue
                seen.add(more)
                waiting.append(more)
            elif wanted[1] <= attributes and wanted[2].isdisjoint(attributes):
                yield from _name(kind if colon else "domain", value if colon else rule, tally)


def _split(line: str) -> tuple[str, frozenset[str]]:
    """The rule of a line and its attributes (without `@`)."""
    words = line.partition("#")[0].split()
    return (words[0], frozenset(word[1:] for word in words[1:] if word.startswith("@"))) if words else ("", frozenset())


def _included(value: str, attributes: frozenset[str], wanted: Wanted) -> Wanted:
    without = frozenset(one[1:] for one in attributes if one.startswith("-"))
    return value.lower(), wanted[1] | {one for one in attributes if not one.startswith("-")}, wanted[2] | without


def _name(kind: str, value: str, tally: Tally) -> Iterator[str]:
    if kind not in ("domain", "full"):
        tally.skip(kind if kind in ("keyword", "regexp") else "other_rule")
        return
    name = name_of(value)
    if name is None:
        tally.skip("no_name")
        return
    tally.taken += 1
    yield name
