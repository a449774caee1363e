"""How well a child of eight reads a text: what makes it hard, by rules that anybody can follow with a pencil.

- a sentence has at most twelve words (Dutch primary schools: AVI E4 to M5, level A2 of the common framework);
- a word has at most twelve letters and three syllables, unless `EXPLAINED` says why it may stand there;
- nothing is done by nobody: no passive (Dutch `worden`, or `zijn` with a past participle; English `be` with one);
- no short forms, no words of computers, nobody is addressed as `u`, and nobody is scolded.

The rules are blunt on purpose: what they find wrongly is said in another way, or stands below with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

MOST_WORDS = 12
MOST_LETTERS = 12
MOST_SYLLABLES = 3

_DATA = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))
EXPLAINED: Mapping[str, Mapping[str, str]] = _DATA["explained"]
"""Words that are longer than the rules allow, each with why a child may meet it. One that nobody uses is taken off."""
_NOT_PASSIVE = {lang: frozenset(words.split()) for lang, words in _DATA["not_passive"].items()}
_COMPUTERS = {lang: frozenset(words.split()) for lang, words in _DATA["computers"].items()}
_BE = {
    "nl": re.compile(r"\b(?:is|zijn|was|waren|bent|ben)\b"),
    "en": re.compile(r"\b(?:is|are|was|were|be|been|being|am)\b.*"),
}
_PARTICIPLE = {
    "nl": re.compile(
        r"(?<!te )\b(?:(?:ge|be|ver|ont|her|er)\w{2,}(?:d|t|en)|gedaan|gezien)\b|\b\w{2,}ge\w{3,}(?:d|t|en)\b"
    ),
    "en": re.compile(
        r"\b\w{2,}ed\b|\b(?:sent|kept|made|said|told|seen|known|written|given|taken|found|read|shown|chosen|done|held|"
        r"lost|put|shut|stopped|brought|left|thought|asked)\b"
    ),
}
_WORDEN = re.compile(r"\b(?:word|wordt|worden|werd|werden|geworden)\b")
_CLAUSES = re.compile(r"[,;:]|\b(?:en|of|and|or|maar|but|die|dat|that|which|who|wat|what|waar|als|dan|if)\b")
_SHORT_FORMS = re.compile(
    r"\b(?:bv|bijv|enz|evt|incl|excl|max|nr|blz|resp|etc|e\.g|i\.e|o\.a|d\.w\.z|m\.b\.v|i\.p\.v|t\.o\.v|a\.u\.b)\b\.?"
    r"|\b(?!AI\b|TV\b)[A-Z]{2,}\b"
)
_ADULT = {
    "nl": re.compile(r"\b(?:u|uw|men|leerling|leerlingen)\b", re.IGNORECASE),
    "en": re.compile(r"\b(?:pupil|pupils|one must|the user)\b", re.IGNORECASE),
}
_SCOLDING = {
    "nl": re.compile(
        r"overtred|verboden|(?<!geen )straf|ongehoorz|stout|foei|betrapt|mag niet|moet je niet"
        r"|(?<!niet )jouw schuld|fout van jou",
        re.I,
    ),
    "en": re.compile(r"violat|forbidden|punish|prohibit|not allowed|naughty|caught|(?<!not )your fault", re.I),
}
_VOWELS = {
    "nl": re.compile(r"ieu|eeu|aai|ooi|oei|eau|ai|aa|ee|ie|oo|uu|oe|eu|ui|ij|ei|au|ou|[aeiouyëïöüéèêáàíó]"),
    "en": re.compile(r"[aeiouy]+"),
}
_VALUE = re.compile(r"\{[a-z_]+\}")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text; a value that is filled in counts as one word."""
    plain = _VALUE.sub("Iets", text)
    return tuple(part for part in re.split(r"(?<=[.!?])[’\"']?\s+", plain.strip()) if part)


def syllables(word: str, lang: str) -> int:
    """About how many syllables a word has."""
    plain = word.lower()
    found = len(_VOWELS[lang].findall(plain))
    if lang == "en" and found > 1 and re.search(r"[^aeiouyl]e$|[^aeioutd]ed$|[^aeiou]es$", plain):
        found -= 1
    return max(found, 1)


def hard(text: str, lang: str) -> tuple[str, ...]:
    """What makes a text too hard for a child, or unkind; nothing when it is fine."""
    return tuple(problem for sentence in sentences(text) for problem in _hard(sentence, lang)) + tuple(
        _of_all(text, lang)
    )


def _hard(sentence: str, lang: str) -> Iterator[str]:
    words = _WORD.findall(sentence)
    if len(sentence.split()) > MOST_WORDS:
        yield f"{len(sentence.split())} words: {sentence}"
    for word in words:
        plain = word.lower()
        if plain in EXPLAINED[lang]:
            continue
        if len(plain) > MOST_LETTERS or syllables(plain, lang) > MOST_SYLLABLES:
            yield f"hard word: {word}"
        if plain in _COMPUTERS[lang]:
            yield f"a word of computers: {word}"
    if passive(sentence, lang):
        yield f"passive: {sentence}"


def _of_all(text: str, lang: str) -> Iterator[str]:
    plain = _VALUE.sub("Iets", text)
    for problem, pattern in (("short form", _SHORT_FORMS), ("for adults", _ADULT[lang]), ("scolding", _SCOLDING[lang])):
        found = pattern.search(plain)
        if found:
            yield f"{problem}: {found[0]}"


def passive(sentence: str, lang: str) -> bool:
    """Whether something is done in a sentence and nobody does it."""
    plain = sentence.lower()
    for clause in re.split(
        r"[,;:]|\b(?:en|of|and|or|maar|but|die|dat|that|which|who|wat|what|waar|als|dan|if)\b", plain
    ):
        is_ = _BE[lang].search(clause) or (_WORDEN.search(clause) if lang == "nl" else None)
        # In English the verb stands before what is done; in Dutch it may stand behind it.
        rest = (is_[0] if lang == "en" else clause) if is_ is not None else ""
        if any(word not in _NOT_PASSIVE[lang] for word in _PARTICIPLE[lang].findall(rest)):
            return True
    return False
