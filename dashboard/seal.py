"""Secrets that lie in the database but cannot be read with the database alone: AES-256-GCM with a key from outside."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from secrets import token_bytes

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE = 12  # bytes, random for every secret (NIST SP 800-38D, 8.2.2)


@dataclass(frozen=True, slots=True)
class Seal:
    """Closes and opens secrets. `key` is 32 bytes that lie outside the database; it is never shown.

    Raises:
        ValueError: the key has another length.
    """

    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """See that the key is one."""
        if len(self.key) != KEY_BYTES:
            raise ValueError("a seal needs a key of 32 bytes")

    def close(self, secret: bytes, whose: str) -> str:
        """The secret as text for the database; it opens for the same `whose` only, so rows cannot be swapped."""
        nonce = token_bytes(_NONCE)
        return base64.b64encode(nonce + AESGCM(self.key).encrypt(nonce, secret, whose.encode())).decode()

    def open(self, sealed: str, whose: str) -> bytes | None:
        """The secret. None: another key, somebody else's, or damaged."""
        try:
            raw = base64.b64decode(sealed, validate=True)
            return AESGCM(self.key).decrypt(raw[:_NONCE], raw[_NONCE:], whose.encode())
        except (InvalidTag, ValueError):
            return None
