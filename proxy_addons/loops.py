"""What this guard sent out and comes back to it: a loop, by way of another proxy or firewall, which ends at once.

An address tells a loop that is plain (`egress` goes to none of our own); behind another machine only what we sent tells
it. In a request that is a `Via` (RFC 9110, 7.6.3) whose pseudonym is made anew for every request, so that it tells
nobody but us anything, and no two of them belong together. Of TLS it is the ClientHello's own random number, which is
there anyway: remembered for as long as a handshake may take.
"""

from __future__ import annotations

import os
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2s
from hmac import compare_digest

HELLO = 30.0  # seconds that a ClientHello may be under way
_MOST_HELLOS = 4096
_MOST_STEPS = 64  # proxies in one `Via` that are looked at
_NONCE, _MAC = 6, 8  # bytes
_STEP = re.compile(rf"\s*[!-~]+\s+([0-9a-f]{{{2 * (_NONCE + _MAC)}}})(?:\s|$)", re.ASCII)
_RANDOM = 32  # bytes of a ClientHello's random, behind two of its version (RFC 8446, 4.1.2)
_RECORD_AND_HEAD = 9  # bytes before that: of a record, and of a handshake message


class Loops:
    """One for a worker. Workers with the same `secret` know each other's requests. `clock` gives seconds."""

    def __init__(self, secret: bytes, clock: Callable[[], float] = time.monotonic) -> None:
        self._key = blake2s(b"loops" + secret).digest()
        self._clock = clock
        self._hellos: OrderedDict[bytes, float] = OrderedDict()

    # --- requests ----------------------------------------------------------------------------------------------------

    def via(self, *, http2: bool = False) -> str:
        """A `Via` value for one request that goes out."""
        nonce = os.urandom(_NONCE)
        return f"{2 if http2 else '1.1'} {(nonce + self._mac(nonce)).hex()}"

    def request_back(self, via: str) -> bool:
        """Whether one of the steps in a request's `Via` (several joined by commas) is ours."""
        if not via:
            return False
        for step in via.split(",", _MOST_STEPS)[:_MOST_STEPS]:
            if found := _STEP.match(step):
                mark = bytes.fromhex(found[1])
                if compare_digest(mark[_NONCE:], self._mac(mark[:_NONCE])):
                    return True
        return False

    def _mac(self, nonce: bytes) -> bytes:
        return blake2s(nonce, digest_size=_MAC, key=self._key).digest()

    # --- TLS ---------------------------------------------------------------------------------------------------------

    def hello_out(self, random: bytes) -> None:
        """A ClientHello goes out. Without its random (empty) nothing is remembered."""
        if len(random) == _RANDOM:
            self._hellos[random] = self._clock() + HELLO
            self._hellos.move_to_end(random)
        while len(self._hellos) > _MOST_HELLOS:
            self._hellos.popitem(last=False)

    def hello_back(self, random: bytes) -> bool:
        """Whether a ClientHello with this random went out of here a moment ago."""
        return self._clock() < self._hellos.get(random, 0.0)


def random_of(data: bytes) -> bytes:
    """The random of a ClientHello that a connection begins with; empty when the first record does not hold it."""
    start = _RECORD_AND_HEAD + 2
    if len(data) < start + _RANDOM or data[0] != 0x16 or data[5] != 1:
        return b""
    held = int.from_bytes(data[3:5])
    return bytes(data[start : start + _RANDOM]) if held >= 4 + 2 + _RANDOM else b""
