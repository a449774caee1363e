"""What waits in a form between two pages: packed and signed, for this browser's session and for a while.

Nothing of it is kept here, and nothing that was changed on the way, or that is somebody else's, comes back.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import zlib
from datetime import datetime, timedelta
from hashlib import sha256

LARGEST = 60_000
"""Characters; a form of the dashboard may have 64 KiB together."""
VALID = timedelta(hours=1)


def park(secret: bytes, owner: str, value: object, now: datetime) -> str:
    """`value` (JSON) as text for a hidden field; `owner` is the session it belongs to. Empty: it is too much."""
    body = json.dumps([int(now.timestamp()), value], ensure_ascii=False, separators=(",", ":"))
    packed = base64.urlsafe_b64encode(zlib.compress(body.encode("utf-8", "replace"), 9)).decode()
    text = f"{_sign(secret, owner, packed)}.{packed}"
    return text if len(text) <= LARGEST else ""


def fetch(secret: bytes, owner: str, text: str, now: datetime, valid: timedelta = VALID) -> object | None:
    """What was parked; None: changed, another session's, or older than `valid`."""
    sign, _, packed = text[: LARGEST + 1].partition(".")
    # The sign first: only what we packed ourselves is unpacked.
    if not hmac.compare_digest(sign.encode("utf-8", "replace"), _sign(secret, owner, packed).encode()):
        return None
    try:
        made, value = json.loads(zlib.decompress(base64.urlsafe_b64decode(packed)))
    except (binascii.Error, zlib.error, ValueError):
        return None
    age = now.timestamp() - made
    return value if 0 <= age <= valid.total_seconds() else None


def _sign(secret: bytes, owner: str, packed: str) -> str:
    return hmac.new(secret, f"parked:{owner}:{packed}".encode("utf-8", "replace"), sha256).hexdigest()
