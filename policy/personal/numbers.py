"""Numbers with a check: the citizen service number (BSN) and bank accounts (IBAN)."""

from __future__ import annotations

import re

from stdnum import iban as ibans
from stdnum.nl import bsn as bsns

from policy.personal.reading import Reading

_BSN_WORD = re.compile(
    r"(?<![a-z])(?:bsn|b\.s\.n|burger[ -]?service|sofi|onderwijs[ -]?(?:nummer|nr)"
    r"|persoons(?:gebonden)?[ -]?(?:nummer|nr)"
    r"|pgn|id[ -]?(?:kaart|bewijs|nummer|nr)|identiteits(?:kaart|bewijs)|paspoort"
    r"|citizen service)"
)
_NINE = re.compile(r"(?<![\w+])(?<!\d[.,\-])\d(?:[ .\-/]?\d){7,8}(?!\w)(?![.,\-]\d)")
_BEFORE, _AFTER = 40, 70  # characters around the word in which the number may stand
_MOST = 64

_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI NL",
        19: "MK SI",
        20: "AT BA EE LT LU XK",
        21: "CH HR LI LV",
        22: "BG DE GB GE IE ME RS",
        23: "AE GI IL",
        24: "AD CZ ES MD PK RO SA SE SK TN",
        25: "PT",
        26: "IS TR",
        27: "FR GR IT MC SM",
        28: "AL AZ CY HU LB PL",
        29: "BR EG QA UA",
        30: "JO KW",
        31: "MT",
    }.items()
    for country in countries.split()
}
"""How long an account number is (the IBAN registry): what follows it may be anything."""
_IBAN = re.compile(r"(?<![A-Za-z0-9])(?=([A-Za-z] ?[A-Za-z][ .\-]?\d[ .\-]?\d(?:[ .\-]{0,2}[A-Za-z0-9]){11,27}))")
_MOST_ACCOUNTS = 1_000
_GAPS = re.compile(r"[ .\-]+")


def bsn(reading: Reading) -> bool:
    """Whether a BSN is in the text: one in eleven numbers passes its check, so a word for it must be near."""
    for count, word in enumerate(_BSN_WORD.finditer(reading.low)):
        if count >= _MOST:
            return False
        near = reading.text[max(0, word.start() - _BEFORE) : word.end() + _AFTER]
        for number in _NINE.findall(near):
            digits = re.sub(r"\D", "", number)
            if digits.strip("0") and bsns.is_valid(digits.zfill(9)):
                return True
    return False


def iban(reading: Reading) -> bool:
    """Whether a bank account with a right check is in the text, however it is spaced."""
    seen: set[str] = set()
    for count, match in enumerate(_IBAN.finditer(reading.text)):
        compact = _GAPS.sub("", match[1]).upper()
        if count >= _MOST_ACCOUNTS:
            return False
        if compact in seen:
            continue
        seen.add(compact)
        length = _LENGTHS.get(compact[:2])
        if length is not None and len(compact) >= length and ibans.is_valid(compact[:length], check_country=False):
            return True
    return False
