"""The full names of a school's pupils, known without being kept: salted hashes, asked whether a text names one.

The salt is random and of one process, so what is in memory is of no use anywhere else, and two processes cannot be laid
side by side. A full name alone (`fullname`) says who a child is, not where to find it: it is written in every school
work, so what to do about it is for a rule of its own. With a class or school (`fullname-class`) it says both.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b

NAME, NAME_AND_CLASS = "fullname", "fullname-class"
_MOST_WORDS = 5
_SIZE = 16  # bytes of a hash
_SHORT = 8  # bytes of the hash of a first word, which only says where to look further
_MOST_LOOKS = 20_000
_NEAR = 200  # characters around a name in which its class may stand
_WORD = re.compile(r"[^\W\d_]+")
_BETWEEN = frozenset(
    re.findall(r"\w+", "van de der den het t ten ter te op in von da di dos la le du aan s el al vd v d")
)
"""What stands between first and last name, and is left out as often as not."""


@dataclass(frozen=True, slots=True)
class Roster:
    """Hashes of full names. `firsts` are those of first words: nearly every word of a text is done with there."""

    salt: bytes = b""
    firsts: frozenset[bytes] = frozenset()
    names: frozenset[bytes] = frozenset()

    @classmethod
    def of(cls, names: Iterable[tuple[str, tuple[str, ...]]], salt: bytes) -> Roster:
        """The roster of these full names, with the groups they are in; a name of one word is no full name.

        The groups are asked for, so that a caller hands over pupils and nobody else, and are not kept: which class a
        text says is not checked, because a wrong class with a full name is as telling. `salt` is 16 to 64 random bytes.
        """
        from policy.personal.reading import read

        firsts: set[bytes] = set()
        whole: set[bytes] = set()
        for name, _groups in names:
            words = _words(read(name).low)
            for spelling in _spellings([word for word, _, _ in words]):
                firsts.add(_hash(salt, spelling[0], _SHORT))
                whole.add(_hash(salt, "".join(spelling), _SIZE))
        return cls(salt, frozenset(firsts), frozenset(whole))

    def find(self, text: str) -> frozenset[str]:
        """`fullname-class` when a pupil's full name stands near a class or school; `fullname` when it stands alone.

        Case, accents, hyphens and what stands between first and last name do not matter.
        """
        if not self.names:
            return frozenset()
        # Only here: every program has a roster in its snapshot, and most an empty one.
        from policy.personal.names import SCHOOL
        from policy.personal.reading import read

        low = read(text).low
        found: set[str] = set()
        for start, end in self._places(_words(low)):
            near = low[max(0, start - _NEAR) : end + _NEAR]
            if SCHOOL.search(near) or _FIELD.search(near):
                return frozenset({NAME_AND_CLASS})
            found.add(NAME)
        return frozenset(found)

    def _places(self, words: list[tuple[str, int, int]]) -> Iterator[tuple[int, int]]:
        """Where a name starts and ends."""
        seen: dict[str, bool] = {}
        looks = 0
        for at, (word, start, _) in enumerate(words):
            first = seen.get(word)
            if first is None:
                first = seen[word] = _hash(self.salt, word, _SHORT) in self.firsts
            if not first:
                continue
            joined = word
            for other, _, end in words[at + 1 : at + _MOST_WORDS]:
                looks += 1
                joined += "" if other in _BETWEEN else other
                if looks > _MOST_LOOKS:
                    return
                if other not in _BETWEEN and _hash(self.salt, joined, _SIZE) in self.names:
                    yield start, end
                    break


_FIELD = re.compile(r"(?<![a-z])(?:groep|klas|grade|jaargroep)[\"']?\s{0,2}[:=]\s{0,2}[\"']?(?:groep )?[1-8]")


def _words(low: str) -> list[tuple[str, int, int]]:
    """The words of a text without marks, with where they stand. `Özdemir` and `Ozdemir` are one."""
    found = []
    for match in _WORD.finditer(low):
        word = match.group()
        if not word.isascii():
            word = "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))
        found.append((word, match.start(), match.end()))
    return found


def _spellings(words: list[str]) -> Iterator[list[str]]:
    """How a name is written: with all its names, or the first and the last alone; nothing between them."""
    names = words[:1] + [word for word in words[1:] if word not in _BETWEEN]
    if len(names) < 2:
        return
    yield names
    if len(names) > 2:
        yield [names[0], names[-1]]
        yield [names[0], *names[2:]]
        yield [names[0], names[1]]


def _hash(salt: bytes, word: str, size: int) -> bytes:
    return blake2b(word.encode("utf-8", "surrogatepass"), digest_size=size, key=salt).digest()
