"""Codes of an authenticator app: RFC 6238 as such apps have it (SHA-1, six digits, steps of thirty seconds)."""

from __future__ import annotations

import base64
import hmac
from datetime import datetime
from secrets import token_bytes
from urllib.parse import quote

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

STEP = 30  # seconds
_DIGITS = 6
_SECRET = 20  # bytes, as long as what the hash gives (RFC 4226, 4)
_DRIFT = 1  # steps that a phone's clock may be off, both ways (RFC 6238, 5.2)


def new_secret() -> bytes:
    """A new secret of 160 bits."""
    return token_bytes(_SECRET)


def typed_over(secret: bytes) -> str:
    """The secret in base32, in groups of four, for who cannot photograph it."""
    text = base64.b32encode(secret).decode()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def address(secret: bytes, issuer: str, login: str) -> str:
    """What the QR code says: the `otpauth` address that authenticator apps read."""
    label = f"{quote(issuer, safe='')}:{quote(login, safe='')}"
    return f"otpauth://totp/{label}?secret={base64.b32encode(secret).decode()}&issuer={quote(issuer, safe='')}"


def code_at(secret: bytes, moment: datetime) -> str:
    """The six digits of a moment (aware)."""
    return _codes(secret).generate(int(moment.timestamp())).decode()


def step_of(secret: bytes, code: str, now: datetime) -> int | None:
    """The number of the time step that `code` belongs to, at most one step from `now`. None: a wrong code.

    Every step is computed and compared in constant time, right or wrong.
    """
    digits = "".join(sign for sign in code if not sign.isspace())[: _DIGITS + 1].encode("utf-8", "replace")
    here = int(now.timestamp()) // STEP
    found = None
    for step in range(here - _DRIFT, here + _DRIFT + 1):
        if hmac.compare_digest(_codes(secret).generate(step * STEP), digits):
            found = step
    return found


def _codes(secret: bytes) -> TOTP:
    return TOTP(secret, _DIGITS, SHA1(), STEP)  # noqa: S303 - HMAC-SHA-1 is what every app has (RFC 6238, 1.2)
