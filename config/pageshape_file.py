"""Reads `config/pageshape.yaml`: signs, what they weigh, thresholds."""

from __future__ import annotations

from typing import Any

from config.read import Document, Path, quoted
from policy.pageshape import ALL, PLACES, PageShape, Sign, plain_words
from policy.pagesigns import fold_page

_KEYS = frozenset({"id", "weights", "least", "needs", "unless", *PLACES})
_FOLDED = frozenset({"labels", "title", "text"})


def page_shape(document: Document) -> PageShape:
    """The signs and thresholds of the file.

    Raises:
        ConfigError: a line says something that cannot be, with what to do.
    """
    value = document.value
    if not isinstance(value, dict) or set(value) != {"thresholds", "clears_at_most", "signs"}:
        raise document.error((), "the file has not exactly thresholds, clears_at_most and signs", "write these three")
    thresholds = {
        kind: _number(document, ("thresholds", kind), points, least=0.1) for kind, points in value["thresholds"].items()
    }
    signs: dict[str, Sign] = {}
    for number, entry in enumerate(value["signs"]):
        sign = _sign(document, ("signs", number), entry, thresholds, signs)
        signs[sign.id] = sign
    clears = _number(document, ("clears_at_most",), value["clears_at_most"], least=0)
    return PageShape(tuple(signs.values()), thresholds, clears)


def _sign(document: Document, at: Path, entry: Any, thresholds: dict[str, float], before: dict[str, Sign]) -> Sign:
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
        raise document.error(at, "a sign has an `id`", "write `- id: a-name`")
    for key in entry:
        if key not in _KEYS:
            raise document.error((*at, key), f"unknown key {quoted(key)}", "correct the spelling or remove it")
    if entry["id"] in before:
        raise document.error((*at, "id"), f"the sign {quoted(entry['id'])} is here twice", "give it another name")
    weights = entry.get("weights")
    if not isinstance(weights, dict):
        raise document.error(at, f"the sign {quoted(entry['id'])} has no weights", "write `weights: {social: 1}`")
    for kind in weights:
        if kind != ALL and kind not in thresholds:
            raise document.error((*at, "weights", kind), f"{quoted(kind)} has no threshold", "see the head of the file")
    joined = {key: _strings(document, (*at, key), entry.get(key, [])) for key in ("needs", "unless")}
    for key, names in joined.items():
        for name in names:
            if name not in before:
                raise document.error((*at, key), f"there is no sign {quoted(name)} above", "move this one below it")
    look = {place: _look(document, (*at, place), place, entry[place]) for place in PLACES if place in entry}
    if not look and not joined["needs"]:
        raise document.error(at, f"the sign {quoted(entry['id'])} looks for nothing", "give it labels, text or `needs`")
    return Sign(
        id=entry["id"],
        weights={kind: _number(document, (*at, "weights", kind), points) for kind, points in weights.items()},
        look=look,
        least=int(_number(document, (*at, "least"), entry.get("least", 1), least=1)),
        needs=joined["needs"],
        unless=joined["unless"],
    )


def _look(document: Document, at: Path, place: str, value: Any) -> tuple[str, ...]:
    """What is looked for, as the page has it: `labels`, `title` and `text` without accents and signs."""
    found = []
    for one in _strings(document, at, value):
        if not one or one == "*" or one != one.lower():
            raise document.error(at, f"{quoted(one)} cannot be looked for", "write lower case, and more than a `*`")
        found.append(_plain(one) if place in _FOLDED else one)
    return tuple(found)


def _plain(text: str) -> str:
    star = "*" if text.endswith("*") else ""
    return plain_words(fold_page(text.removesuffix("*"))) + star


def _number(document: Document, at: Path, value: Any, least: float = -100) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= 100:
        raise document.error(at, f"{quoted(value)} is no number that fits here", f"write a number from {least} to 100")
    return float(value)


def _strings(document: Document, at: Path, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise document.error(at, "a list of texts was expected", "write it like `[one, two]`; numbers in quotes")
    return tuple(value)
