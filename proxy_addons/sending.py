"""What children send to the guard itself: not too much, and only from our own pages."""

from __future__ import annotations

import hmac
import unicodedata
from collections import deque
from hashlib import sha256
from time import monotonic, time

from policy.model import Principal
from proxy_addons.facts import Peer

LONGEST_LINE = 200
_TOKEN_LIFE = 600  # seconds
_WINDOW = 300.0  # seconds in which asks and reports are counted
_MOST_SENT = 5
_MOST_SENT_SHARED = 40  # for an address behind which a whole class may sit


class Throttle:
    """Counts what each device (or, where none is known, each address) sent in the last minutes."""

    def __init__(self) -> None:
        self._sent: dict[str, deque[float]] = {}

    def may_send(self, what: str, who: Principal, peer: Peer) -> bool:
        """Whether this device (or, where none is known, this address) did not send too much lately."""
        key, most = (who.device, _MOST_SENT) if who.device else (peer.address, _MOST_SENT_SHARED)
        now = monotonic()
        if len(self._sent) > 10_000:
            self._sent = {k: sent for k, sent in self._sent.items() if sent and now - sent[-1] < _WINDOW}
        sent = self._sent.setdefault(f"{what} {key}", deque())
        while sent and now - sent[0] >= _WINDOW:
            sent.popleft()
        if len(sent) >= most:
            return False
        sent.append(now)
        return True


class FormTokens:
    """Signs our own forms for a client address and a host: another site's page cannot send them.

    `life` is in seconds; a token is good for forms of its own `purpose` only.
    """

    def __init__(self, secret: bytes, purpose: str = "", life: int = _TOKEN_LIFE) -> None:
        self._secret = secret
        self._purpose = purpose
        self._life = life

    def make(self, address: str, host: str) -> str:
        """A token for a form that this client address gets on this host."""
        return self._signed(int(time()) + self._life, address, host)

    def fits(self, token: str, address: str, host: str) -> bool:
        """Whether a token was made here for this address and host, and is not too old."""
        expires = token.partition(".")[0]
        if not expires.isdecimal() or len(expires) > 12 or int(expires) < time():
            return False
        return hmac.compare_digest(token.encode(), self._signed(int(expires), address, host).encode())

    def _signed(self, expires: int, address: str, host: str) -> str:
        mac = hmac.new(self._secret, f"{self._purpose}{expires}|{address}|{host}".encode(), sha256)
        return f"{expires}.{mac.hexdigest()}"


def one_line(text: str) -> str:
    """Somebody's own words: one line, nothing invisible, not long."""
    seen = "".join(" " if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") else c for c in text)
    return " ".join(seen.split())[:LONGEST_LINE]
