"""Telephone numbers: written the Dutch way or with a country, valid by the numbering plans (phonenumbers)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import phonenumbers
from phonenumbers import PhoneNumberType

from policy.personal.reading import mentions

_BETWEEN = r"(?:[^\w,;:=+<>\"'\n\[\]{}]|_){0,3}"
_HERE = r"(?<![\w+])(?<!\d[.,:/\-])(?<![0-9a-f]{4}-)"
"""Where a number may start: not inside a word, a decimal, a date or a UUID."""
_END = r"(?!\w)(?![.,:/\-]\d)"
_NATIONAL = re.compile(_HERE + rf"\(?0(?:{_BETWEEN}\d){{9}}" + _END)
_COUNTRY = re.compile(
    _HERE
    + rf"(?:\+{_BETWEEN}[1-9]|00{_BETWEEN}(?:3[1-9]|4\d|90|21[2368]|59[79]|297|1868))(?:{_BETWEEN}\d){{7,13}}"
    + _END
)
_REST = re.compile(
    _HERE
    + r"06(?:[ -]?(?:nummer|nr))?(?:,|\W{0,3}(?:\bis\b|=|:))\s{0,3}((?:[1-6]|8)(?:[ .\-]?\d){7})"
    + _END
    + r"(?!\s?(?:euro|keer))"
)
"""`mijn 06 is 12345678`: what comes after the two digits that everybody has."""
_COMMAS = re.compile(r"(?<![\w,.+\-])(?<!\d\n)06(?:,\d\d){4}(?![\w]|[,.]\d|\n\d)")
_LABEL = re.compile(
    r"\b(?:tel|telefoon|phone|mobile|mobiel|gsm|whatsapp|bel|app|nummer)\w{0,7}[\"']?\W{1,4}(31\d{9}|6\d{8})" + _END
)
_LABELS = ("tel", "phone", "mobi", "gsm", "whats", "bel", "app", "nummer")
_NO_PHONE = re.compile(
    r"(?:isbn|issn|ean|barcode|order|bestel|serie|serial|artikel|factuur|klant|pakket|product|track|model|versie|version)"
    r"[\w\- &]{0,16}\W{0,3}$"
)
_OFFICE = re.compile(
    r"\b(?:politie|gemeente|dierenarts|dierenambulance|museum|winkel|klantenservice|huisarts\w*|tandarts\w*|ziekenhuis"
    r"|bibliotheek|receptie|brandweer|gemeentehuis|stadhuis|zwembad|hulplijn)\b[^.!?\n]{0,40}$"
)
"""Then a fixed line is of an office, and in every telephone book."""
_TABLE = re.compile(r"0\d(?: \d\d){4}")
_DATE = re.compile(r"\(?0\d[-./](?:0\d|1[0-2])[-./](?:19|20)\d\d|0\d[.:]\d\d ?- ?\d\d[.:]\d\d")
_ROW = re.compile(r"0(?: \d){9}")
_ONE = re.compile(r" \d(?!\d)")
_PAIR = re.compile(r" \d\d(?!\d)")
_DIGITS = re.compile(r"\d+")
_MOST = 64  # candidates in one text: more is a table of something
_PERSONS = frozenset(
    {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.VOIP,
        PhoneNumberType.PERSONAL_NUMBER,
    }
)
"""Not: free, premium, shared-cost and company-wide numbers. Those are of shops and help lines."""


def said(text: str, public: frozenset[str]) -> bool:
    """Whether a telephone number of a person is in the text; `public` are E.164 numbers that do not count."""
    low = text.lower()
    seen: set[str] = set()
    for number in _candidates(text, low):
        if number in seen:
            continue
        seen.add(number)
        whole = _valid(number)
        if whole is not None and whole not in public:
            return True
        if len(seen) >= _MOST:
            return False
    return False


def public(contacts: frozenset[str]) -> frozenset[str]:
    """The E.164 numbers among the school's own public contacts."""
    numbers = (_valid(number) for contact in contacts for number in _candidates(contact, contact.lower()))
    return frozenset(number for number in numbers if number)


def _candidates(text: str, low: str) -> Iterator[str]:
    """Everything that is written as a telephone number, as digits with `+` or 0 in front."""
    for match in _NATIONAL.finditer(text):
        written = match.group()
        before, after = low[max(0, match.start() - 72) : match.start()], text[match.end() : match.end() + 4]
        if (_TABLE.fullmatch(written) and _PAIR.match(after)) or (_ROW.fullmatch(written) and _ONE.match(after)):
            continue  # `06 12 18 24 30 36`: the table of six, or a row of numbers
        if not written.lstrip("(").startswith("06") and _OFFICE.search(before):
            continue
        if _grouped_like_one(written) and not _NO_PHONE.search(before[-32:]):
            yield "".join(_DIGITS.findall(written))
    if "+" in text or "00" in text:
        for match in _COUNTRY.finditer(text):
            yield from _with_country(match.group())
    if "06," in text:
        yield from ("".join(_DIGITS.findall(m.group())) for m in _COMMAS.finditer(text) if not _counted(m.group()))
    if "06" in low:
        yield from ("06" + "".join(_DIGITS.findall(match[1])) for match in _REST.finditer(low))
    for match in _LABEL.finditer(low) if mentions(low, _LABELS) else ():
        yield f"+{match[1]}" if match[1].startswith("31") else f"0{match[1]}"


def _counted(written: str) -> bool:
    """Whether somebody counts: `06,12,18,24,30`."""
    numbers = [int(number) for number in written.split(",")]
    return len({later - number for number, later in pairwise(numbers)}) == 1


def _grouped_like_one(written: str) -> bool:
    if _DATE.match(written):
        return False
    groups = _DIGITS.findall(written)
    if groups[0] != "0":
        return True
    # `0.612345678` is a fraction; `0 6 1 2 ...` and `0-6-12345678` are somebody who hides a number.
    after = written[written.index("0") + 1]
    return after not in "./" or all(len(group) == 1 for group in groups)


def _with_country(written: str) -> Iterator[str]:
    """The number and, because other numbers may follow it, the starts of it at each gap."""
    written = re.sub(r"\(0\)", "", written)
    groups = _DIGITS.findall(written)
    if not written.startswith("+"):
        groups[0] = groups[0].removeprefix("00")
    for end in range(len(groups), max(0, len(groups) - 4), -1):
        digits = "".join(groups[:end])
        if 8 <= len(digits) <= 15:
            yield f"+{digits}"


def _valid(number: str) -> str | None:
    """The number as E.164 when it is one of a person in some numbering plan, else None."""
    try:
        parsed = phonenumbers.parse(number, "NL")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed) or phonenumbers.number_type(parsed) not in _PERSONS:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
