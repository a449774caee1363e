"""New ids, secrets and their hashes."""

from __future__ import annotations

import hashlib
import secrets

# Without letters and digits that a child's or a hurried teacher's eye mixes up (0 O, 1 I L, U V).
TYPABLE = "23456789ABCDEFGHJKMNPQRSTWXYZ"


def new_id() -> str:
    """A new opaque id that cannot be guessed (96 bits)."""
    return secrets.token_urlsafe(12)


def new_secret() -> str:
    """A new token or device key (256 bits)."""
    return secrets.token_urlsafe(32)


def new_code() -> str:
    """A code for people to type: eight signs in two halves (38 bits, so it must be short-lived and single-use)."""
    signs = "".join(secrets.choice(TYPABLE) for _ in range(8))
    return f"{signs[:4]}-{signs[4:]}"


def typed(code: str) -> str:
    """What somebody typed, without the differences that do not matter: case, spaces and hyphens."""
    return "".join(sign for sign in code.upper() if sign.isalnum())


def hashed(secret: str) -> str:
    """Hex SHA-256: enough for long random secrets, which cannot be found by trying."""
    return hashlib.sha256(secret.encode()).hexdigest()
