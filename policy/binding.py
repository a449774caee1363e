"""Where a device is, by its own signed beats: which address counts, until when, and when two say to be the same one.

An address is bound for a minute from when the beat was signed. Who moves has one place at once: the beat from the new
address ends the old one, of the same family (a device may have IPv4 and IPv6 side by side). Who is at A, then at B, and
within the minute at A again while B goes on is two: one of them has a copy of the key, and nothing tells which.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

LIFE = timedelta(seconds=60)
"""How long a beat counts; also how far the time in it may be off."""
STRICT = timedelta(minutes=5)
"""How long a device is nobody after two said to be it."""
_APART = timedelta(seconds=5)  # what clocks of a school's boxes may differ


@dataclass(frozen=True, slots=True)
class Bound:
    """A device at an address (as `proxy_addons.identity.plain` writes it).

    `signed` is the time in its newest beat from there. `doubled`: until when it counts as two (None: it does not).
    """

    device: str
    address: str
    signed: datetime
    since: datetime
    until: datetime
    doubled: datetime | None = None

    def live(self, now: datetime) -> bool:
        """Whether it is there. A clock that was put back makes no minute longer."""
        return now < self.until <= now + LIFE + _APART

    def is_two(self, now: datetime) -> bool:
        """Whether two say to be this device."""
        return self.doubled is not None and now < self.doubled <= now + STRICT + _APART


def after_beat(
    known: Iterable[Bound], device: str, address: str, signed: datetime, now: datetime
) -> tuple[Bound, ...] | None:
    """Return the places of a device after a beat from `address`; `known` are those before, of this device only.

    None: it is not newer than what it said before, so it may be said again by somebody else. The caller has looked at
    the signature and that `signed` is within `LIFE` of `now`.
    """
    # Signed further ahead than a beat may be: the clock was wrong then, and must not shut the device out.
    before = [one for one in known if one.signed <= now + LIFE + _APART]
    if any(signed <= one.signed for one in before):
        return None
    here = next((one for one in before if one.address == address), None)
    others = [one for one in before if one.address != address]
    elsewhere = [one for one in others if one.live(now) and _family(one.address) == _family(address)]
    back = here is not None and not here.live(now) and now - here.until <= LIFE
    strict = [one.doubled for one in before if one.doubled is not None and one.is_two(now)]
    until = max([*strict, *([now + STRICT] if back and elsewhere else [])], default=None)
    since = here.since if here is not None and here.live(now) else now
    mine = Bound(device, address, signed, since, min(signed, now) + LIFE, until)
    left = [replace(one, until=now) if one in elsewhere else one for one in others]
    kept = [replace(one, doubled=until) for one in left if one.live(now) or until or now - one.until <= LIFE]
    return (mine, *kept)


def newest(known: Iterable[Bound]) -> datetime | None:
    """Return the time in the newest beat of a device (None: there was none)."""
    return max((one.signed for one in known), default=None)


def _family(address: str) -> int:
    return 6 if ":" in address else 4
