"""The day somebody was born: a date where a child speaks of itself or its family, not of history."""

from __future__ import annotations

import re

from policy.personal.reading import Reading, mentions

_MONTHS = (
    "januari|februari|maart|april|mei|juni|juli|augustus|september|oktober|november|december|january|february|march|may"
    "|june|july|august|october|jan|feb|mrt|apr|jun|jul|aug|sept|sep|okt|oct|nov|dec"
)
_YEAR = r"(?P<{}>(?:19|20)\d\d|'?\d\d)"
_DATE = re.compile(
    r"(?<![\d.])(?:"
    rf"(?:[0-3]?\d) ?[-/. ] ?(?:[01]?\d) ?[-/. ] ?{_YEAR.format('a')}(?!\d)"
    rf"|(?P<b>(?:19|20)\d\d)[-/.][01]?\d[-/.][0-3]?\d(?!\d)"
    rf"|[0-3]?\d ?(?:e|ste|de|th|st|nd|rd)? (?:of )?(?:{_MONTHS})\b\.?(?:,? {_YEAR.format('c')}(?!\d))?"
    r"|[0-3]\d[01]\d(?P<e>(?:19|20)\d\d|[012]\d)(?!\d)"
    r")"
    rf"|\b(?:{_MONTHS})\.? [0-3]?\d(?:th|st|nd|rd)?\b(?:,? {_YEAR.format('d')}(?!\d))?"
)
_DAY_MONTH = re.compile(r"(?<![\d.,/-])[0-3]?\d ?[-/] ?[01]?\d(?![\d]|[-/.,]\d| ?(?:deel|=|x|liter))")
_KEY = r"[\"']?\s{0,2}[:=]\s{0,2}[\"']?"
_WORD = re.compile(
    r"(?P<label>(?<![a-z])(?:geboorte_?-? ?(?:datum|dag|dd)|geb\.? ?-?_?datum|geb\.?|geboren|born"
    r"|birth_?-? ?(?:date|day)|date_?-? ?of_?-?"
    r" ?birth|dob|bday|verjaardag\w{0,3}|jarig)"
    rf"{_KEY})"
    r"|(?P<date>\b(?:geboortedatum|geboortedag|geb\. ?datum|gebdatum|geb\.|geb(?= [0-3]?\d)"
    r"|date of birth|birthdate|dob|bday)(?![a-z]))"
    r"|(?P<born>\b(?:geboren|born)\b|\bik ben van(?= [0-3]?\d))"
    r"|(?P<feast>\b(?:jarig|verjaardag|verjaar|birthday)\b)"
)
_PARTS = re.compile(
    rf"(?:geboorte|birth|bday|dob)[_\- ]?(?:dag|day)\w{{0,4}}{_KEY}\d{{1,2}}\b"
    rf".{{0,80}}(?:maand|month)\w{{0,4}}{_KEY}\w",
    re.DOTALL,
)
_MINE = re.compile(
    r"\b(?:ik|ikke|mijn|m'n|mn|me|mij|wij|we|ons|onze|opa|oma|papa|mama|pap|mam|vader|moeder|broer(?:tje)?|zus(?:je)?"
    r"|vriend(?:je|in|innetje)?|neef(?:je)?|nicht(?:je)?|tweeling(?:zus|broer)?|bestie|i|my|i'm|im)\b"
)
_SELF = re.compile(r"\b(?:ik|wij|we|i|broer(?:tje)?|zus(?:je)?)\b")
_SOMEBODY = re.compile(r"^\s{0,2}(?:van|of) (?!mij\b|mijn\b|me\b|my\b|ons\b)")
_WORK = re.compile(r"\b(?:spreekbeurt|werkstuk|boek\w*|presentatie|held|idool|favoriet\w*|lievelings\w+|film|over)\b")
"""Then it is about somebody whom one reads about."""
_PET = re.compile(
    r"\b(?:konijn|hond|kat|poes|kater|cavia|hamster|muis|rat|paard|pony|kip|haan|puppy|pup|kitten|vogel|parkiet|kanarie"
    r"|papegaai|schildpad|geit|schaap|lam|kalf|koe|veulen|vis|hagedis|slang|fret|ezel|huisdier)(?:je|tje|jes|en|s|etje)?\b"
)
"""A pet has no secrets."""
_PRONOUN = re.compile(r"\s{0,2}(?:hij|zij|ze|he|she|deze|die)\b")
_FAMOUS = re.compile(
    r"\b(?:voetbal(?:ler|ster|speler)|speler|speelster|zanger(?:es)?|acteur|actrice|artiest|rapper|dj|youtuber|streamer"
    r"|tiktokker|influencer|coureur|schaatser|wielrenner|turnster|atlete?|kampioen\w*|beroemd\w*|prins(?:es)?|koning(?:in)?"
    r"|singer|actor|actress|player|famous|schrijver|schrijfster|dichter|schilder|uitvinder|president|team|elftal)\b"
)
_EARLIER = 160  # characters before the sentence in which it may stand of whom it speaks
_ANY = ("geb", "birth", "born", "jarig", "verjaar", "dob", "bday", "ik ben van")
_SENTENCE = re.compile(r"[.!?\n;](?=\s|$)")
_BEFORE, _AFTER = 80, 48
_LIVING = 1930
"""Somebody born before this year is history, or no part of a child's life."""
_CHILD = 2010
"""Somebody born from this year on is a child: of whomever the text speaks."""
_GROWN = 2024
"""Nobody who was born after this year is named by a child as a friend; a later year is a date of now."""
_MOST = 64


def said(reading: Reading) -> bool:
    """Whether a birthday is in the text, of the writer, its family or another child."""
    low = reading.low
    if not mentions(low, _ANY):
        return False
    for count, word in enumerate(_WORD.finditer(low)):
        if count >= _MOST:
            return False
        if _told(low, word):
            return True
    return "birth" in low or "geboorte" in low or "bday" in low or "dob" in low if _PARTS.search(low) else False


def _told(low: str, word: re.Match[str]) -> bool:
    kind = word.lastgroup or ""
    before = _SENTENCE.split(low[max(0, word.start() - _BEFORE) : word.start()])[-1]
    after = low[word.end() : word.end() + _AFTER]
    if kind in ("born", "feast"):
        after = _SENTENCE.split(after)[0]
    if kind == "label":
        return any(year is None or year >= _LIVING for year in _years(after[:16]))
    if _PET.search(before) and not _SELF.search(before):
        return False
    earlier = low[max(0, word.start() - _EARLIER) : word.start()]
    if kind == "born" and (_FAMOUS.search(before) or (_PRONOUN.match(before) and _FAMOUS.search(earlier))):
        return False
    mine = (_MINE.search(before) is not None and _WORK.search(before) is None) or (
        kind != "date" and _MINE.search(after[:32]) is not None
    )
    somebody = _SOMEBODY.match(after) is not None
    years = [*_years(after), *(_years(before[-32:]) if kind in ("born", "feast") else ())]
    if kind == "feast" and mine and not somebody:
        return bool(years) or _DAY_MONTH.search(after) is not None or _DAY_MONTH.search(before[-24:]) is not None
    if kind == "date" and not somebody:
        return any(year is None or year >= _LIVING for year in years)
    if kind == "born" and (mine or not before.strip(" ,-\"'")):
        return any(year is None or year >= (_LIVING if mine else _CHILD) for year in years)
    return any(year is not None and _CHILD <= year <= _GROWN for year in years)


def _years(text: str) -> list[int | None]:
    """The year of each date in the text; None for a date without one."""
    found: list[int | None] = []
    for match in _DATE.finditer(text):
        written = next((year for year in match.group("a", "b", "c", "d", "e") if year), None)
        if written is None:
            found.append(None)
            continue
        year = int(written.strip("'"))
        # Two digits: a child's year, or a parent's.
        found.append(year if year >= 100 else 2000 + year if year < 30 else 1900 + year)
    return found
