"""Names and the categories each is in, as one block of bytes that many processes can map and share.

The block is a header, an open-addressing table, and the sets of categories. A slot is 64 bits: the upper 48 bits of
the name's seeded xxh3-64 hash and, in the lower 16, the number of its set (0: the slot is free). The hash's lower bits
say where the search begins, so all 64 take part: a name that is not there is taken for one that is about once in 10^12
look-ups. The seed is drawn for each table, so that nobody can write a list of names that all fall together.

A look-up means what `policy.match.HostIndex.categories` means. Nothing here reads or writes a file: a builder fills a
buffer that it is given, a table reads one. Numbers are in the machine's own byte order; a file of another order is
refused like one of another version.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Buffer, Iterable

from xxhash import xxh3_64_intdigest

VERSION = 1
_MAGIC = b"klswnam\n"
# magic, version, bytes of the sets, names, slots, seed, digest of the slots, digest of all of this and the sets
_HEADER = struct.Struct("=8sIIQQQQQ")
_SUM = struct.Struct("=Q")
_SET = 0xFFFF
_TAG = 0xFFFF_FFFF_FFFF_0000
_FULLEST = 0.6  # of the slots; fuller makes misses slow
_LEAST_SLOTS = 16
_LARGEST_BITS = 32
_NONE: frozenset[str] = frozenset()


class NameTableError(ValueError):
    """The bytes are no table, a damaged one, or one of another version; `str` says which, in one line."""


def _slots_for(names: int) -> int:
    slots = _LEAST_SLOTS
    while slots * _FULLEST < names:
        slots *= 2
    return slots


def size_for(names: int) -> int:
    """Bytes of the buffer that a `Builder` needs for at most `names` names (the sets come after it)."""
    return _HEADER.size + _slots_for(names) * 8


class Builder:
    """Fills a buffer of zeros, of `size_for(names)` bytes or more, with at most `names` names.

    `seed` is any 64-bit number, best a random one. Memory beside the buffer: the sets of categories only.
    """

    def __init__(self, buffer: Buffer, names: int, seed: int) -> None:
        size = size_for(names)
        self._whole = memoryview(buffer).cast("B")[:size]
        self._slots = self._whole[_HEADER.size :].cast("Q")
        self._most = names
        self._seed = seed
        self._sets: list[frozenset[str]] = [_NONE]
        self._numbers: dict[frozenset[str], int] = {_NONE: 0}
        self.names = 0

    def add(self, names: Iterable[bytes], category: str) -> int:
        """Put canonical names (ASCII) in a category, beside those they are in already; how many were new.

        Raises:
            NameTableError: more names than the buffer was made for, or more than 65,535 different sets.
        """
        slots, seed, most, before = self._slots, self._seed, self._most, self.names
        mask, digest, count = len(slots) - 1, xxh3_64_intdigest, self.names
        joined: dict[int, int] = {}
        for name in names:
            hashed = digest(name, seed)
            tag, at = hashed & _TAG, hashed & mask
            while (slot := slots[at]) and slot ^ tag > _SET:
                at = (at + 1) & mask
            if not slot and count >= most:
                raise NameTableError(f"more than the {most:,} names that there was to be room for")
            number = slot & _SET
            if number not in joined:
                joined[number] = self._number(self._sets[number], category)
            slots[at] = tag | joined[number]
            if not number:
                count += 1
                self.names = count
        return count - before

    def _number(self, found: frozenset[str], category: str) -> int:
        both = found | {category}
        number = self._numbers.get(both)
        if number is None:
            number = self._numbers[both] = len(self._sets)
            if number > _SET:
                raise NameTableError("more than 65,535 different sets of categories")
            self._sets.append(both)
        return number

    def finish(self) -> bytes:
        """Write the header; returns the bytes that must follow the buffer. The buffer is let go of."""
        sets = json.dumps([sorted(one) for one in self._sets], separators=(",", ":")).encode()
        slots = len(self._slots)
        digest = xxh3_64_intdigest(self._slots)
        head = (_MAGIC, VERSION, len(sets), self.names, slots, self._seed, digest)
        packed = _HEADER.pack(*head, 0)[: -_SUM.size]
        self._whole[: _HEADER.size] = packed + _SUM.pack(xxh3_64_intdigest(packed + sets))
        self._slots.release()
        self._whole.release()
        return sets


class NameTable:
    """A table in a buffer (bytes, or a mapped file), which is read in place and kept as long as the table is.

    Raises:
        NameTableError: the header, the sets or the size are not right. The slots are not read: see `sound`.
    """

    __slots__ = ("_digest", "_mask", "_seed", "_sets", "_slots", "names")

    def __init__(self, buffer: Buffer) -> None:
        whole = memoryview(buffer).cast("B").toreadonly()
        if len(whole) < _HEADER.size:
            raise NameTableError("too short to be a table of names")
        magic, version, length, names, slots, seed, digest, told = _HEADER.unpack_from(whole)
        if magic != _MAGIC:
            raise NameTableError("not a table of names")
        if version != VERSION:
            raise NameTableError(f"a table of version {version}; this program reads version {VERSION}")
        end = _HEADER.size + slots * 8
        if slots > 2**_LARGEST_BITS or slots.bit_count() != 1 or names >= slots or len(whole) != end + length:
            raise NameTableError("damaged: its size is not what its header says")
        sets = bytes(whole[end:])
        if xxh3_64_intdigest(bytes(whole[: _HEADER.size - _SUM.size]) + sets) != told:
            raise NameTableError("damaged: the header does not match its checksum")
        self._sets = tuple(frozenset(one) for one in json.loads(sets))
        self._slots = whole[_HEADER.size : end].cast("Q")
        self._mask, self._seed, self._digest = slots - 1, seed, digest
        self.names: int = names

    def sound(self) -> bool:
        """Whether every slot is as it was written. Reads all of it (67 MB of slots take some 10 ms)."""
        return bool(xxh3_64_intdigest(self._slots) == self._digest)

    def categories(self, host: str) -> frozenset[str]:
        """All categories of a canonical host and of its parent names; empty when it is not listed."""
        slots, mask, seed, digest = self._slots, self._mask, self._seed, xxh3_64_intdigest
        found = _NONE
        name = host.encode("utf-8", "surrogatepass")  # not a name of ours, but no reason to fail either
        while name:
            hashed = digest(name, seed)
            tag, at = hashed & _TAG, hashed & mask
            while (slot := slots[at]) and slot ^ tag > _SET:
                at = (at + 1) & mask
            if slot:
                here = self._sets[slot & _SET]
                found = found | here if found else here
            name = name.partition(b".")[2]
        return found

    def known(self) -> frozenset[str]:
        """Every category that was named when the table was made."""
        return frozenset(category for one in self._sets for category in one)

    def __len__(self) -> int:
        return self.names
