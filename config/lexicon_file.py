"""Reads `config/lexicon/*.yaml` and `config/topics.yaml`: words, frames, topics; the rules are in `nl.yaml`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any

from config.entries import texts_at, texts_under
from config.read import Document, Path, quoted
from policy.folding import fold
from policy.frames import Frame
from policy.model import Term
from policy.terms import Lexicon, Topic

_FORMS = {"words": "{}", "starts": "{}*", "ends": "*{}", "parts": "{}", "disguised": "~{}"}
_KEYS = frozenset({"id", "joined", "frames", "firm", "together", "not", "unless", "severity", "topics", *_FORMS})
_SETS, _INNOCENT = "sets", "innocent"
_SET = re.compile(r"\{([a-z-]+)\}")
_GAP = re.compile(r"\.\.(\d?)\Z")
_USUAL_GAP = 3
_MOST_JOINED = 12_000


def lexicon(documents: Iterable[Document], topics: tuple[Topic, ...]) -> Lexicon:
    """Compile the lexicon of these files together; a set of words may be named in any of them.

    Raises:
        ConfigError: a line says something that cannot be, with what to do.
    """
    files = tuple(documents)
    sets = _sets(files)
    known = frozenset(topic.id for topic in topics)
    terms: list[Term] = []
    frames: list[Frame] = []
    innocent: set[str] = set()
    for document in files:
        for kind, entries in document.value.items():
            if kind == _INNOCENT:
                innocent.update(map(fold, texts_at(document, (kind,))))
            elif kind != _SETS:
                for number, entry in enumerate(entries):
                    at: Path = (kind, number)
                    _check(document, at, entry, known)
                    terms += _terms(document, at, kind, entry, sets)
                    frames += _frames(document, at, kind, entry, sets)
    return Lexicon(tuple(terms), tuple(frames), topics, frozenset(innocent))


def topics(document: Document) -> tuple[Topic, ...]:
    """The school topics of `config/topics.yaml`."""
    found = []
    for number, entry in enumerate(document.value["topics"]):
        at: Path = ("topics", number)
        for key in entry:
            if key not in {"id", "nl", "en", "words"}:
                raise document.error((*at, key), f"unknown key {quoted(key)}", "write id, nl, en or words")
        found.append(Topic(entry["id"], {"nl": entry["nl"], "en": entry["en"]}, texts_at(document, (*at, "words"))))
    return tuple(found)


def _sets(files: Sequence[Document]) -> dict[str, tuple[str, ...]]:
    """Every named set of words; `{name}` in a set takes in another one that was named before it."""
    sets: dict[str, tuple[str, ...]] = {}
    for document in files:
        for name in document.value.get(_SETS, {}):
            if name in sets:
                raise document.error((_SETS, name), f"the set {quoted(name)} is named twice", "give it another name")
            sets[name] = ()
            words: list[str] = []
            for place, word in enumerate(texts_at(document, (_SETS, name))):
                words += _alternatives(document, (_SETS, name, place), word, sets)
            sets[name] = tuple(dict.fromkeys(words))
    return sets


def _alternatives(document: Document, at: Path, text: str, sets: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The words of `a|b_c|{set}`; `_` is a space: two words that count as one."""
    words: list[str] = []
    for one in text.split("|"):
        named = _SET.fullmatch(one)
        if named and not sets.get(named[1]):
            raise document.error(at, f"there is no set {quoted(named[1])} yet", "name it under `sets`, above this line")
        words += sets[named[1]] if named else (one.replace("_", " "),)
    return tuple(words)


def _check(document: Document, at: Path, entry: dict[str, Any], topics: frozenset[str]) -> None:
    for key in entry:
        if key not in _KEYS:
            raise document.error((*at, key), f"unknown key {quoted(key)}", "correct the spelling or remove it")
    if entry.get("severity", 2) not in (1, 2, 3):
        raise document.error((*at, "severity"), f"{quoted(entry['severity'])} is no severity", "write 1, 2 or 3")
    for topic in texts_under(document, at, "topics"):
        if topic not in topics:
            raise document.error((*at, "topics"), f"there is no topic {quoted(topic)}", "see config/topics.yaml")


def _terms(
    document: Document, at: Path, kind: str, entry: dict[str, Any], sets: dict[str, tuple[str, ...]]
) -> Iterator[Term]:
    """Every form of one term; forms of one term share its id. `joined` writes the words of sets to each other."""
    severity, topics = entry.get("severity", 2), frozenset(texts_under(document, at, "topics"))
    exceptions = texts_under(document, at, "not")
    for form, shape in _FORMS.items():
        for text in texts_under(document, at, form):
            shaped = shape.format(text)
            part = form == "parts"
            yield Term(entry["id"], kind, shaped, part, exceptions, severity, topics)
    for number, row in enumerate(texts_under(document, at, "joined")):
        where: Path = (*at, "joined", number)
        pieces = [_alternatives(document, where, piece, sets) for piece in row.split()]
        whole = tuple(product(*pieces))
        if len(whole) > _MOST_JOINED:
            raise document.error(where, f"this makes {len(whole):,} words", f"at most {_MOST_JOINED:,}")
        for words in whole:
            yield Term(entry["id"], kind, "".join(words) + "*", False, exceptions, severity, topics)


def _frames(
    document: Document, at: Path, kind: str, entry: dict[str, Any], sets: dict[str, tuple[str, ...]]
) -> Iterator[Frame]:
    unless = frozenset(
        word
        for number, row in enumerate(texts_under(document, at, "unless"))
        for word in _alternatives(document, (*at, "unless", number), row, sets)
    )
    for form in ("frames", "firm", "together"):
        for number, row in enumerate(texts_under(document, at, form)):
            where: Path = (*at, form, number)
            slots: list[frozenset[str]] = []
            gaps: list[int] = []
            for piece in row.split():
                gap = _GAP.match(piece)
                if gap:
                    gaps[-1] = int(gap[1] or _USUAL_GAP)
                else:
                    slots.append(frozenset(_alternatives(document, where, piece, sets)))
                    gaps.append(0)
            if len(slots) < 2:
                raise document.error(where, f"{quoted(row)} is one word", "put it under `words`")
            yield Frame(
                entry["id"],
                kind,
                tuple(slots),
                tuple(gaps[:-1]),
                form == "together",
                frozenset() if form == "firm" else unless,
                entry.get("severity", 2),
                frozenset(texts_under(document, at, "topics")),
            )
