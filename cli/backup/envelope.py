"""The sealed file: a head that says how to come to its key, and after it chunks of AES-256-GCM.

Each chunk's nonce is its number and whether it is the last one, so that none can be left out, moved or cut off (STREAM,
as in age: Hoang, Reyhanitabar, Rogaway and Vizár 2015). A file's key is used for one file. Nothing is given to the
reader before its chunk was proved.

    magic | length of the head (4 bytes) | head (JSON) | SHA-256 of all before | mark of the key (16 bytes) | chunks
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cli.backup.locks import BackupError, Lock

MAGIC = b"KLASWACHT-BACKUP\n"
_VERSION = 1
_CHUNK = 64 * 1024
_TAG = 16
_LONGEST_HEAD = 4096
_NONCE = 11  # bytes of a chunk's number; the twelfth says whether it is the last


class Sealer:
    """Writes into `file`; what is written is closed chunk by chunk. `close` ends it and leaves `file` open."""

    def __init__(self, file: BinaryIO, lock: Lock) -> None:
        self.key, how = lock.close()
        head = json.dumps({"version": _VERSION, **how}, sort_keys=True).encode()
        start = MAGIC + len(head).to_bytes(4, "big") + head
        self._file, self._bound = file, hashlib.sha256(start).digest()
        self._cipher, self._number, self._rest = AESGCM(self.key), 0, bytearray()
        file.write(start + self._bound + _mark(self.key, self._bound))

    def write(self, data: bytes) -> int:
        """Take data in."""
        self._rest += data
        # The last chunk must be known as such, so a full one waits until there is more.
        while len(self._rest) > _CHUNK:
            self._chunk(bytes(self._rest[:_CHUNK]), last=False)
            del self._rest[:_CHUNK]
        return len(data)

    def flush(self) -> None:
        """Nothing: a chunk is written when it is full."""

    def close(self) -> None:
        """Write the last chunk."""
        self._chunk(bytes(self._rest), last=True)
        self._file.flush()

    def _chunk(self, data: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last), data, self._bound))
        self._number += 1


class Opener:
    """Reads what a `Sealer` wrote. Every `read` may raise `BackupError`; what it gave before that was proved.

    With `key` the lock is not asked: whoever made the file reads it over.
    """

    def __init__(self, file: BinaryIO, lock: Lock | None, key: bytes | None = None) -> None:
        self._file = file
        head, self._bound = _head(file)
        found = key if key is not None else None if lock is None else lock.open(head)
        if found is None:
            raise BackupError("other_lock" if head.get("lock") == "scrypt" else "other_key")
        if not hmac.compare_digest(_exactly(file, _TAG), _mark(found, self._bound)):
            raise BackupError("wrong_words" if head.get("lock") == "scrypt" else "wrong_key")
        self._cipher, self._number, self._rest = AESGCM(found), 0, b""
        self._next = file.read(_CHUNK + _TAG)
        self._ended = False

    def read(self, size: int) -> bytes:
        """Up to `size` bytes (at least one, until the end)."""
        while not self._rest and not self._ended:
            self._open_next()
        given, self._rest = self._rest[:size], self._rest[size:]
        return given

    def drain(self) -> None:
        """Prove all the rest."""
        while self.read(_CHUNK):
            pass

    def _open_next(self) -> None:
        chunk, self._next = self._next, self._file.read(_CHUNK + _TAG)
        self._ended = not self._next
        try:
            self._rest = self._cipher.decrypt(_nonce(self._number, self._ended), chunk, self._bound)
        except (InvalidTag, ValueError) as error:
            raise BackupError("damaged") from error
        self._number += 1


def _head(file: BinaryIO) -> tuple[dict[str, str], bytes]:
    if file.read(len(MAGIC)) != MAGIC:
        raise BackupError("no_backup")
    size = _exactly(file, 4)
    length = int.from_bytes(size, "big")
    if length > _LONGEST_HEAD:
        raise BackupError("damaged")
    raw = _exactly(file, length)
    bound = hashlib.sha256(MAGIC + size + raw).digest()
    if _exactly(file, len(bound)) != bound:
        raise BackupError("damaged")
    head = json.loads(raw)
    if head.get("version") != _VERSION:
        raise BackupError("newer")
    return {"lock": "", "salt": "", "once": ""} | head, bound


def _exactly(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise BackupError("damaged")
    return data


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(_NONCE, "big") + (b"\1" if last else b"\0")


def _mark(key: bytes, bound: bytes) -> bytes:
    """What tells a wrong key from a damaged file, before anything is opened; it says nothing of the key."""
    return hmac.digest(key, b"mark" + bound, "sha256")[:_TAG]
