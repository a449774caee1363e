"""Signatures on the line to the devices: whether a question is of the device that it names, and new; the school's own.

`docs/decisions/0038-device-keys.md` says why it is so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Self
from urllib.parse import unquote

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from policy.proof import text_of
from policy.signed import moment_of

SCHEME = "klaswacht"
HEADER = "Klaswacht-Signature"
KEY_BYTES = 32
SKEW = timedelta(seconds=60)
_MOST_IN_A_WINDOW = 2000  # questions of one device in two minutes: many times what an agent can ask
_LONGEST = 1024


class SchoolKey:
    """The key with which the school signs its answers; `public` is what a device pins when it enrols."""

    def __init__(self, seed: bytes) -> None:
        """Take the key of 32 secret bytes. Raises `ValueError` where they are not 32."""
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = text_of(self._key.public_key().public_bytes_raw())

    def sign(self, statement: bytes) -> str:
        """Return the signature under a statement, as text."""
        return text_of(self._key.sign(statement))


@dataclass(frozen=True, slots=True)
class Claim:
    """What a question says of itself: which device, when it was signed (as a number and as a moment), its number."""

    device: str
    number: int
    at: datetime
    nonce: str
    signature: str

    @classmethod
    def read(cls, header: str) -> Self | None:
        """Read `Klaswacht device:microseconds:nonce:signature`; None: it is not of that form."""
        scheme, _, credentials = header[:_LONGEST].partition(" ")
        parts = credentials.strip().split(":")
        if scheme.lower() != SCHEME or len(parts) != 4:
            return None
        device, number, nonce, signature = parts
        if not (number.isascii() and number.isdecimal() and len(number) <= 17):
            return None
        if not (nonce.isascii() and nonce.isalnum() and 16 <= len(nonce) <= 64):
            return None
        return cls(unquote(device), int(number), moment_of(int(number)), nonce, signature)


class Questions:
    """Which questions were answered: each counts once, and only while it is fresh. Safe between threads.

    What is remembered is gone after a restart; therefore nothing counts that was signed before `began` (None: before
    the first question came in).
    """

    def __init__(self, began: datetime | None = None) -> None:
        self._began = began
        self._lock = Lock()
        self._seen: dict[str, dict[str, datetime]] = {}

    def new(self, claim: Claim, now: datetime) -> bool:
        """Whether this question is fresh and was not asked before; from now on it was. Only for what is genuine."""
        with self._lock:
            # The clock of the school was put right: what the wrong one said must not shut out every device.
            began = self._began = min(self._began or now, now)
            if abs(now - claim.at) > SKEW or claim.at < began:
                return False
            mine = {
                nonce: at for nonce, at in self._seen.get(claim.device, {}).items() if abs(now - at) <= SKEW
            }  # fmt: skip
            self._seen[claim.device] = mine
            if claim.nonce in mine or len(mine) >= _MOST_IN_A_WINDOW:
                return False
            mine[claim.nonce] = claim.at
            return True
