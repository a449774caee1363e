"""Keys of the line to the school: the device's own, made here and never sent, and what the school's key has signed."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from policy import signed


class DeviceKey:
    """The Ed25519 key of this device. `repr` tells nothing of it."""

    def __init__(self, secret: str) -> None:
        """Take a key from its 32 secret bytes as text.

        Raises:
            ValueError: it is no key.
        """
        self._key = Ed25519PrivateKey.from_private_bytes(_bytes(secret))
        self.public = _text(self._key.public_key().public_bytes_raw())

    @staticmethod
    def make() -> str:
        """Return the secret text of a new key."""
        return _text(Ed25519PrivateKey.generate().private_bytes_raw())

    def sign(self, statement: bytes) -> str:
        """Return the signature under a statement, as text."""
        return _text(self._key.sign(statement))


def genuine(public: str, statement: bytes, signature: str) -> bool:
    """Whether the owner of a public key signed a statement. What cannot be read is not genuine."""
    try:
        Ed25519PublicKey.from_public_bytes(_bytes(public)).verify(_bytes(signature), statement)
    except (InvalidSignature, ValueError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the school as it was signed: enough to prove it again from a file, long after it came."""

    school: str
    device: str
    nonce: str
    now: str
    status: int
    revision: int
    body: str
    signature: str

    @classmethod
    def kept(cls, found: object) -> Self | None:
        """Read an answer from a file; None: it is none."""
        if not isinstance(found, dict):
            return None
        try:
            read = cls(**found)
        except TypeError:
            return None
        kinds = {"status": int, "revision": int}
        fits = all(type(value) is kinds.get(name, str) for name, value in asdict(read).items())
        return read if fits and read.when is not None else None

    def written(self) -> dict[str, Any]:
        """Return it as `kept` reads it."""
        return asdict(self)

    @property
    def when(self) -> datetime | None:
        """When it was signed (UTC, the school's time)."""
        try:
            found = datetime.fromisoformat(self.now)
        except ValueError:
            return None
        return found.astimezone(UTC) if found.tzinfo is not None else None

    def proved(self, school_key: str) -> bool:
        """Whether the school's key signed exactly this."""
        try:
            body = self.body.encode()
        except UnicodeEncodeError:
            return False
        statement = signed.answer(
            self.school, self.device, self.nonce, self.now, self.status, self.revision, body
        )  # fmt: skip
        return genuine(school_key, statement, self.signature)


def _bytes(text: str) -> bytes:
    """Return the bytes of base64url without padding. Raises `ValueError` (also for what is not ASCII)."""
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
