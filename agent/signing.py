"""Keys of the line to the school: the device's own, made here and never sent, and what the school's key has signed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from policy import signed
from policy.proof import bytes_of, genuine, text_of


class DeviceKey:
    """The Ed25519 key of this device. `repr` tells nothing of it."""

    def __init__(self, secret: str) -> None:
        """Take a key from its 32 secret bytes as text.

        Raises:
            ValueError: it is no key.
        """
        self._key = Ed25519PrivateKey.from_private_bytes(bytes_of(secret))
        self.public = text_of(self._key.public_key().public_bytes_raw())

    @staticmethod
    def make() -> str:
        """Return the secret text of a new key."""
        return text_of(Ed25519PrivateKey.generate().private_bytes_raw())

    def sign(self, statement: bytes) -> str:
        """Return the signature under a statement, as text."""
        return text_of(self._key.sign(statement))


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
