"""How much of a password is its owner's own: what is left when everything is taken out that others would try first.

The words are ours and made by rule, no list of somebody else: words of a school, seasons, months, days and years, rows
of the keyboard forth and back, what stands three times or is only said again, signs in the place of letters, and the
names of the person, the school and the account.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache

_WORDS = """
wachtwoord password passwort geheim secret welkom welcome inloggen login hallo hello letmein iloveyou ikhouvanjou
klaswacht admin administrator beheer beheerder root user gast guest test computer internet chromebook basisschool
school klas groep leerkracht leraar teacher juffrouw juf meester directie directeur coordinator leerling voetbal
football ajax feyenoord nederland holland amsterdam rotterdam utrecht superman batman dragon
lente voorjaar zomer herfst najaar winter spring summer autumn januari februari maart april mei juni juli augustus
september oktober november december january february march may june july august october
maandag dinsdag woensdag donderdag vrijdag zaterdag zondag monday tuesday wednesday thursday friday saturday sunday
"""
_ROWS = (
    "qwertyuiop",
    "azertyuiop",
    "asdfghjkl",
    "qsdfghjklm",
    "zxcvbnm",
    "wxcvbn",
    "1234567890",
    "1qaz2wsx3edc4rfv",
    "1q2w3e4r5t6y7u8i9o0p",
)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_OTHER = r"(.)\1{2,}|(?:19|20)\d\d|0?123|abc|[\W_]"
_FOR_LETTERS = str.maketrans("@431!0$57", "aaeiiosst")
_SHORTEST_RUN = 4
_SHORTEST_NAME = 3


def own_characters(password: str, about: Iterable[str] = ()) -> int:
    """Count the characters that are nobody's first guess. `about`: names that belong to the account."""
    folded = _plain(password)
    names = {word for name in about for word in re.findall(r"[^\W_]+", _plain(name)) if len(word) >= _SHORTEST_NAME}
    obvious = _obvious(frozenset(names))
    return min(len(obvious.sub("", _said_once(text))) for text in (folded, folded.translate(_FOR_LETTERS)))


def _plain(text: str) -> str:
    """Return it in small letters without accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in apart if not unicodedata.combining(char))


def _said_once(text: str) -> str:
    """Return what a text says again and again; the text itself when it does not."""
    for size in range(1, len(text) // 2 + 1):
        if (text[:size] * (len(text) // size + 1))[: len(text)] == text:
            return text[:size]
    return text


@cache
def _runs() -> frozenset[str]:
    return frozenset(run for row in (*_ROWS, _LETTERS) for way in (row, row[::-1]) for run in _pieces(way))


def _pieces(row: str) -> Iterator[str]:
    for begin in range(len(row)):
        for end in range(begin + _SHORTEST_RUN, len(row) + 1):
            yield row[begin:end]


def _obvious(names: frozenset[str]) -> re.Pattern[str]:
    longest_first = sorted({*_WORDS.split(), *names, *_runs()}, key=lambda word: (-len(word), word))
    return re.compile("|".join((*map(re.escape, longest_first), _OTHER)))
