"""A second thought: the child releases what was held, once, for this device and host, within two minutes.

Of the same make is what says that an adult read a reminder: for this device and host, for a working day.

Nothing is kept anywhere but in the person's own browser: a signed cookie on the held site's own host, which the guard
takes off before the site can see it. Workers share the key, so any of them can read it; each remembers which ones it
saw used.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from secrets import token_urlsafe
from time import time

from policy.model import AccessRequest, Principal
from proxy_addons.facts import Peer

NAME = "klaswacht_release"
LIFE = 120
"""Seconds in which what was held can be sent again."""

READ = f"{NAME}_read"
DAY = 9 * 3600
"""Seconds that a reminder is not shown again: a school day with what comes after it, and not the next morning."""

_TOKEN = re.compile(r"([0-9]{1,12})\.([A-Za-z0-9_-]{8,32})\.([0-9a-f]{64})")
_SEPARATOR = re.compile(r"[;,]")  # of several headers (HTTP/2) the values are joined with commas
_MOST_USED = 10_000
_OURS = (f"{NAME}=", f"{READ}=")


class Releases:
    """Makes and reads the tokens; `secret` is shared by the workers on one port. `clock` gives seconds since 1970."""

    def __init__(self, secret: bytes, clock: Callable[[], float] = time) -> None:
        self._secret = secret
        self._clock = clock
        self._used: dict[str, float] = {}

    def cookie(self, device: str, host: str, *, secure: bool) -> str:
        """A `Set-Cookie` value that lets this device send once more to this host."""
        return self._made(NAME, LIFE, device, host, secure)

    def read(self, device: str, host: str, *, secure: bool) -> str:
        """A `Set-Cookie` value that says: on this device the reminder for this host was read today."""
        return self._made(READ, DAY, device, host, secure)

    def gone(self, *, secure: bool) -> str:
        """A `Set-Cookie` value that takes the token away after it was used."""
        return f"{NAME}=; Path=/; Max-Age=0; HttpOnly{_reach(secure)}"

    def given(self, cookies: str, device: str, host: str) -> str | None:
        """The nonce of a token in a `Cookie` header that still counts for this device and host; None without one."""
        nonces = self._nonces(NAME, cookies, device, host)
        return next((nonce for nonce in nonces if nonce not in self._used), None)

    def was_read(self, cookies: str, device: str, host: str) -> bool:
        """Whether a `Cookie` header says that the reminder for this host was read on this device."""
        return any(self._nonces(READ, cookies, device, host))

    def use(self, nonce: str) -> None:
        """It was used: it counts no more."""
        now = self._clock()
        if len(self._used) >= _MOST_USED:
            self._used = {one: until for one, until in self._used.items() if until >= now}
        self._used[nonce] = now + LIFE

    def _made(self, name: str, life: int, device: str, host: str, secure: bool) -> str:
        expires, nonce = int(self._clock()) + life, token_urlsafe(9)
        token = f"{expires}.{nonce}.{self._signed(name, expires, nonce, device, host)}"
        return f"{name}={token}; Path=/; Max-Age={life}; HttpOnly{_reach(secure)}"

    def _nonces(self, wanted: str, cookies: str, device: str, host: str) -> Iterator[str]:
        for part in _SEPARATOR.split(cookies):
            name, _, value = part.strip().partition("=")
            found = _TOKEN.fullmatch(value) if name == wanted else None
            if found is None or int(found[1]) < self._clock():
                continue
            if hmac.compare_digest(found[3], self._signed(wanted, int(found[1]), found[2], device, host)):
                yield found[2]

    def _signed(self, name: str, expires: int, nonce: str, device: str, host: str) -> str:
        return hmac.new(self._secret, f"{name}|{expires}|{nonce}|{device}|{host}".encode(), sha256).hexdigest()


def device_of(peer: Peer, who: Principal) -> str:
    """What stands for the device in a token: its id, or the address where none is known."""
    return who.device or peer.address


def about(request: AccessRequest) -> str:
    """The host that a token is for."""
    return request.address.host if request.address else ""


def without(cookies: str) -> str:
    """A `Cookie` header as the site may see it."""
    return "; ".join(one for part in cookies.split(";") if (one := part.strip()) and not one.startswith(_OURS))


def _reach(secure: bool) -> str:
    # A form may be sent from another site's page, and then only a cookie that says so comes along.
    return "; Secure; SameSite=None" if secure else "; SameSite=Lax"
