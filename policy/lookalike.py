"""Names that pretend to be another name: letters of two scripts in one label, or letters that only look alike.

What may stand beside each other in one label follows the highly restrictive level of Unicode's security rules
(UTS 39, 5.2); a name is a look-alike when its letters read the same as those of a protected name and are not the same.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from policy.address import is_ip, name_without_suffix

_LEAST_PLAIN = 5  # letters: shorter names in plain letters are alike by chance
_LEAST_ACCENTED = 7  # accents are ordinary spelling in many a language
_LEAST_FOREIGN = 3
_EAST_ASIAN = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
)
# Letters that read as another one, by the letter they are read as. Small letters only: names have no others.
READ_AS = {
    "a": "аαɑаạ@",
    "b": "ьƅḃЬв",
    "c": "сϲⅽᴄ",
    "d": "ԁɗⅾđð",
    "e": "еҽεєə",
    "f": "ƒſ",
    "g": "ɡցԍ",
    "h": "һհнн",
    "i": "іıɩιǐ¡јӏlΙ1|ا",
    "k": "κкҝ",
    "m": "мⅿʍ",
    "n": "ոпηи",
    "o": "оοօσօ0ჿᴏөѳ",
    "p": "рρþ",
    "q": "ԛգ",
    "r": "гᴦɼꭇ",
    "s": "ѕʂꜱ",
    "t": "тτŧ",
    "u": "υսцμ",
    "v": "νѵⅴᴠ",
    "w": "ԝщшωᴡ",
    "x": "хχⅹ",
    "y": "уүγʏỿ",
    "z": "ᴢʐ",
    "3": "зӡ",
}
_TABLE = str.maketrans({char: letter for letter, chars in READ_AS.items() for char in chars})


@lru_cache(maxsize=65_536)
def reading(label: str) -> str:
    """How a label reads to somebody in a hurry: marks gone, look-alike letters as the plain ones, `rn` as `m`."""
    return _without_marks(label).translate(_TABLE).replace("rn", "m").replace("vv", "w")


def _without_marks(label: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", label.casefold()) if not unicodedata.combining(c))


def shown(label: str) -> str:
    """A label as a browser may show it: the Unicode behind `xn--`, or the label itself."""
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError):
        return label


def mixed_scripts(label: str) -> bool:
    """Whether letters of scripts that never stand together stand in one (Unicode) label."""
    scripts = {unicodedata.name(char, "?").partition(" ")[0] for char in label if char.isalpha()}
    return len(scripts) > 1 and not any(scripts <= allowed for allowed in _EAST_ASIAN)


@dataclass(frozen=True)
class Protected:
    """Names that others pretend to be: how each reads, and the names that really read so. Not slotted: it remembers."""

    _real: dict[str, frozenset[str]]

    @classmethod
    def of(cls, hosts: Iterable[str]) -> Protected:
        """Protect the one name before the public suffix of each canonical host."""
        real: dict[str, frozenset[str]] = {}
        for host in hosts:
            name = name_without_suffix(host)
            if name:
                read = reading(shown(name))
                real[read] = real.get(read, frozenset()) | {name}
        return cls(real)

    def pretended(self, host: str) -> str | None:
        """The name that a canonical host pretends to be, `mixed scripts` when only that is wrong, or None."""
        return self._told(host)

    @cached_property
    def _told(self) -> Callable[[str], str | None]:
        """Remembered: the same hosts come by all day."""
        return lru_cache(maxsize=16_384)(self._pretended)

    @staticmethod
    def _least(name: str, read: str) -> int:
        """From how many letters on a name is no look-alike by chance: letters of another alphabet tell the most."""
        if not name.startswith("xn--"):
            return _LEAST_PLAIN
        return _LEAST_ACCENTED if _without_marks(shown(name)) == read else _LEAST_FOREIGN

    def _pretended(self, host: str) -> str | None:
        if is_ip(host) or not ("xn--" in host or len(name_without_suffix(host)) >= _LEAST_PLAIN):
            return None
        name = name_without_suffix(host)
        read = reading(shown(name))
        real = self._real.get(read, frozenset())
        if real and name not in real and len(read) >= self._least(name, read):
            return min(real)
        if "xn--" in host and any(mixed_scripts(shown(label)) for label in host.split(".")):
            return "mixed scripts"
        return None
