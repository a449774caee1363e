"""Whether a signature is of whom it says: Ed25519 over what `policy.signed` writes, the same for every side."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


def genuine(public: str, statement: bytes, signature: str) -> bool:
    """Whether the owner of a public key signed a statement. What cannot be read is not genuine."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes_of(public)).verify(bytes_of(signature), statement)
    except (InvalidSignature, ValueError):
        return False
    return True


def is_public_key(text: object) -> bool:
    """Whether a device may hand this in as its public key."""
    if not isinstance(text, str) or len(text) > 64:
        return False
    try:
        return text_of(Ed25519PublicKey.from_public_bytes(bytes_of(text)).public_bytes_raw()) == text
    except ValueError:
        return False


def bytes_of(text: str) -> bytes:
    """Return the bytes of base64url without padding. Raises `ValueError` (also for what is not ASCII)."""
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))


def text_of(data: bytes) -> str:
    """Return bytes as base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


NOBODY = text_of(Ed25519PrivateKey.generate().public_key().public_bytes_raw())
"""For a device that is not known: its signature is looked at all the same, so that time does not tell which ids there
are. Nobody has the other half of this key."""
