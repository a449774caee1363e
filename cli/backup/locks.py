"""Who can open a backup: whoever knows its passphrase, or whoever holds the private half of the school's backup key.

With a key of the school no secret lies where backups are made: a nightly backup needs the public half only, and the
private half lies in a safe. A passphrase goes through scrypt (RFC 7914), a key through X25519 (RFC 7748) and HKDF
(RFC 5869).
"""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from secrets import token_bytes
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

SHORTEST = 16
"""Signs that a passphrase must have: whoever finds the file can try for ever, and nobody can slow that down."""

_KEY = 32  # bytes
_SALT = 16  # bytes
_COST = 2**17  # scrypt's N: 128 MB and some tenths of a second for each guess
_PUBLIC, _PRIVATE = "klaswacht-backup-1 ", "KLASWACHT-BACKUP-KEY-1 "
_INFO = b"klaswacht backup 1"


class BackupError(Exception):
    """A backup cannot be made or put back. `code` is a sentence of `backup.error` with its `values`."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code, values)
        self.code, self.values = code, values


class Lock(Protocol):
    """A way to come to a file's key."""

    def close(self) -> tuple[bytes, dict[str, str]]:
        """A new key (32 bytes) for one file, and what must stand in its head to come to it again."""

    def open(self, head: Mapping[str, str]) -> bytes | None:
        """The key of the file with this head; None: it was closed in another way."""


@dataclass(frozen=True, slots=True)
class Passphrase:
    """A lock that opens with words. Raises `BackupError` when they are too few."""

    text: str = field(repr=False)

    def __post_init__(self) -> None:
        """See that it is long enough."""
        if len(self.text.strip()) < SHORTEST:
            raise BackupError("short", least=SHORTEST)

    def close(self) -> tuple[bytes, dict[str, str]]:
        """A new key; its salt goes in the head."""
        salt = token_bytes(_SALT)
        return self._key(salt), {"lock": "scrypt", "salt": _text(salt)}

    def open(self, head: Mapping[str, str]) -> bytes | None:
        """The key that these words give, right or wrong."""
        return self._key(_bytes(head["salt"])) if head.get("lock") == "scrypt" else None

    def _key(self, salt: bytes) -> bytes:
        # The same words typed on another keyboard are the same words.
        typed = unicodedata.normalize("NFKC", self.text.strip()).encode()
        return Scrypt(salt=salt, length=_KEY, n=_COST, r=8, p=1).derive(typed)


@dataclass(frozen=True, slots=True)
class Public:
    """A lock that only its private half opens."""

    key: bytes

    @classmethod
    def read(cls, text: str) -> Public:
        """The public half as it is written. Raises `BackupError`."""
        return cls(_read(text, _PUBLIC))

    def close(self) -> tuple[bytes, dict[str, str]]:
        """A new key, to which only the private half comes again."""
        once = X25519PrivateKey.generate()
        ours = once.public_key().public_bytes_raw()
        shared = once.exchange(X25519PublicKey.from_public_bytes(self.key))
        return _agreed(shared, ours, self.key), {"lock": "x25519", "once": _text(ours), "for": _mark(self.key)}

    def open(self, head: Mapping[str, str]) -> bytes | None:
        """Never: it only closes."""
        return None


@dataclass(frozen=True, slots=True)
class Private:
    """The private half. It opens, and closes as its public half does."""

    key: bytes = field(repr=False)

    @classmethod
    def made(cls) -> Private:
        """A new one."""
        return cls(X25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def read(cls, text: str) -> Private:
        """The private half as it is written. Raises `BackupError`."""
        return cls(_read(text, _PRIVATE))

    @property
    def public(self) -> Public:
        """Its public half."""
        return Public(X25519PrivateKey.from_private_bytes(self.key).public_key().public_bytes_raw())

    @property
    def written(self) -> str:
        """Both halves as they are kept, a line each."""
        return f"{_PRIVATE}{_text(self.key)}\n"

    @property
    def told(self) -> str:
        """The public half as it is kept."""
        return f"{_PUBLIC}{_text(self.public.key)}\n"

    def close(self) -> tuple[bytes, dict[str, str]]:
        """As the public half."""
        return self.public.close()

    def open(self, head: Mapping[str, str]) -> bytes | None:
        """The file's key."""
        if head.get("lock") != "x25519":
            return None
        once = _bytes(head["once"])
        try:
            shared = X25519PrivateKey.from_private_bytes(self.key).exchange(X25519PublicKey.from_public_bytes(once))
        except ValueError:
            return token_bytes(_KEY)  # not a point that anybody closed with: a key that opens nothing
        return _agreed(shared, once, self.public.key)


def _agreed(shared: bytes, once: bytes, theirs: bytes) -> bytes:
    """Bound to both public halves, so that no other pair comes to the same key."""
    return HKDF(algorithm=SHA256(), length=_KEY, salt=once + theirs, info=_INFO).derive(shared)


def _mark(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()[:16]


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, altchars=b"-_", validate=True)
    except ValueError as error:
        raise BackupError("damaged") from error


def _read(text: str, begins: str) -> bytes:
    line = next((one.strip() for one in text.splitlines() if one.strip()), "")
    try:
        key = base64.b64decode(line.removeprefix(begins), altchars=b"-_", validate=True)
    except ValueError:
        key = b""
    if not line.startswith(begins) or len(key) != _KEY:
        raise BackupError("key")
    return key
