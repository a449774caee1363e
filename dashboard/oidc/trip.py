"""What a browser carries while it is away at a provider: sealed, for ten minutes, and good for one return."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from cryptography.fernet import Fernet, InvalidToken

TRIP_COOKIE = "__Host-klaswacht-oidc"
LASTS = timedelta(minutes=10)
_LONGEST = 4000
_PURPOSE = b"klaswacht oidc trip"


@dataclass(frozen=True, slots=True)
class Trip:
    """One way out and back. `way` is the provider's word, `back` a path of this dashboard or empty.

    `again` is the id of the session that proves anew to be there; empty: a sign-in. `until` is a Unix time.
    """

    way: str
    state: str
    nonce: str
    verifier: str
    back: str
    until: float
    again: str = ""


def new_trip(way: str, back: str, now: datetime, again: str = "") -> Trip:
    """A trip with fresh secrets (PKCE: RFC 7636, 43 characters or more)."""
    state, nonce, verifier = (secrets.token_urlsafe(48) for _ in range(3))
    return Trip(way, state, nonce, verifier, back, (now + LASTS).timestamp(), again)


@dataclass
class Trips:
    """Sealed trips, and which of them are over. Safe to call from many threads of one process.

    `secret` is what the seal is made of (32 random bytes).
    """

    secret: bytes
    _used: dict[bytes, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def pack(self, trip: Trip) -> str:
        """The value of the cookie."""
        return self._seal().encrypt(json.dumps(asdict(trip)).encode()).decode()

    def returned(self, cookie: str, way: str, state: str, now: datetime) -> Trip | None:
        """The trip that a browser comes back from, once. None: not this browser's, not this way, over, or used."""
        try:
            raw = self._seal().decrypt(cookie[:_LONGEST])
        except InvalidToken:
            return None
        trip = Trip(**json.loads(raw))
        same = hmac.compare_digest(trip.state.encode(), state.encode()) and trip.way == way
        return trip if same and now.timestamp() < trip.until and self._first(trip, now.timestamp()) else None

    def _seal(self) -> Fernet:
        # A key of its own: what is sealed here opens nowhere else, and the other way round.
        return Fernet(base64.urlsafe_b64encode(hmac.new(self.secret, _PURPOSE, hashlib.sha256).digest()))

    def _first(self, trip: Trip, now: float) -> bool:
        mark = hashlib.sha256(trip.state.encode()).digest()
        with self._lock:
            for old in [one for one, until in self._used.items() if until <= now]:
                del self._used[old]
            if mark in self._used:
                return False
            self._used[mark] = trip.until
        return True
