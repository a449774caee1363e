"""Programs that refuse our certificate, told from devices that do not have it: by failed handshakes, in memory only.

Evidence against a name is what devices say that trust us elsewhere: taking the certificate off a device makes that
device one that does not have it, and proves nothing about any name. Names are kept ten minutes, and leave this module
only when the evidence is complete.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import MutableMapping
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=10)
"""What was refused longer ago counts no more."""
FAILURES, DEVICES = 3, 2
"""So many refusals of a name, of so many devices."""
LATELY = timedelta(hours=1)
"""A name or a device that was fine within so long is fine; what was told once is not told again for so long."""
NAMES = 5
"""A device that refuses so many names, and trusts us nowhere, does not have the certificate."""
_MOST_NAMES = 256
_MOST_DEVICES = 1024
_MOST_EACH = 32


class Refusing:
    """What one worker saw. `device` is whatever tells devices apart; all of it is called on one event loop."""

    def __init__(self) -> None:
        self._refused: OrderedDict[str, deque[tuple[datetime, str]]] = OrderedDict()
        self._fine: OrderedDict[str, datetime] = OrderedDict()
        self._trusting: OrderedDict[str, datetime] = OrderedDict()
        self._told: OrderedDict[str, datetime] = OrderedDict()
        self._bare: OrderedDict[str, datetime] = OrderedDict()

    def refused(self, device: str, name: str, now: datetime) -> None:
        """A device said in the handshake for `name` that it does not trust us."""
        seen = self._refused.setdefault(name, deque(maxlen=_MOST_EACH))
        seen.append((now, device))
        self._refused.move_to_end(name)
        while len(self._refused) > _MOST_NAMES:
            self._refused.popitem(last=False)

    def trusted(self, device: str, name: str, now: datetime) -> bool:
        """A device sent a request over our certificate for `name`. Whether it was told before that it misses it."""
        _note(self._fine, name, now, _MOST_DEVICES)
        _note(self._trusting, device, now, _MOST_DEVICES)
        self._refused.pop(name, None)
        return self._bare.pop(device, None) is not None

    def pinned(self, name: str, now: datetime) -> int:
        """How many devices refuse us for `name` while they trust us elsewhere; 0: not enough evidence, or told."""
        if self._lately(self._fine, name, now) or self._lately(self._told, name, now):
            return 0
        said = [one for when, one in self._recent(name, now) if self._lately(self._trusting, one, now)]
        devices = len(set(said))
        return devices if len(said) >= FAILURES and devices >= DEVICES else 0

    def proposed(self, name: str, now: datetime) -> None:
        """It was told: not again for a while, and what is kept of it is forgotten."""
        self._refused.pop(name, None)
        _note(self._told, name, now, _MOST_NAMES)

    def misses(self, device: str, now: datetime) -> bool:
        """Whether a device refuses us everywhere; true once in a while for the same one."""
        if self._lately(self._trusting, device, now) or self._lately(self._bare, device, now):
            return False
        names = sum(any(one == device for _, one in self._recent(name, now)) for name in self._refused)
        if names < NAMES:
            return False
        _note(self._bare, device, now, _MOST_DEVICES)
        return True

    def _recent(self, name: str, now: datetime) -> list[tuple[datetime, str]]:
        return [one for one in self._refused.get(name, ()) if now - one[0] < WINDOW]

    def _lately(self, noted: OrderedDict[str, datetime], what: str, now: datetime) -> bool:
        return what in noted and now - noted[what] < LATELY

    def forget(self, now: datetime) -> None:
        """Drop names that nobody refused lately; called once in a while."""
        for name in [one for one in self._refused if not self._recent(one, now)]:
            del self._refused[name]


def _note(noted: MutableMapping[str, datetime], what: str, now: datetime, most: int) -> None:
    noted.pop(what, None)  # so that it comes last
    noted[what] = now
    if len(noted) > most:
        del noted[next(iter(noted))]
