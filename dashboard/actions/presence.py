"""Who of a group is there now, as far as its devices tell. Nothing of what anybody does, or asked help for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from policy.model import Lease, Snapshot
from policy.seat import owner_of
from store.incidents import Ask, AskState
from store.people import Person

STILL_HERE = timedelta(minutes=10)
"""A device that was heard of this lately is in use: guard and agents write it every few minutes at most."""


class Here(StrEnum):
    """What is known of one pupil."""

    WAITS = "waits"
    PRESENT = "present"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class Tile:
    """One pupil. `waits`: for the teacher's answer to a request."""

    person: str
    name: str
    here: Here


@dataclass(frozen=True, slots=True)
class Presence:
    """The pupils by name, and when a device goes out of sight (UTC). No tiles: nothing tells who is there."""

    tiles: tuple[Tile, ...] = ()
    changes: datetime | None = None

    def count(self, here: Here) -> int:
        """How many pupils are so."""
        return sum(1 for tile in self.tiles if tile.here is here)


def own_devices(snapshot: Snapshot, pupils: Collection[str]) -> dict[str, str]:
    """The devices that belong to one of these pupils, and whose each is."""
    owned = {one.id: owner_of(snapshot, one) for one in snapshot.devices.values() if one.person in pupils}
    return {device: owner.id for device, owner in owned.items() if owner is not None}


def who_is_here(
    snapshot: Snapshot, pupils: Iterable[Person], asks: Iterable[Ask], seen: Mapping[str, datetime], now: datetime
) -> Presence:
    """Tell it from who sits where (leases), and from pupils' own devices that were heard of just now (`seen`)."""
    roster = tuple(pupils)
    mine = {person.id for person in roster}
    owners = own_devices(snapshot, mine)
    seats = [lease for lease in snapshot.state.leases if lease.person in mine and lease.start <= now < lease.end]
    if not owners and not seats:
        return Presence()
    lately = {
        one: when
        for one, when in seen.items()
        if one in owners and now - when < STILL_HERE and not _lent(one, snapshot.state.leases, owners[one], now)
    }
    present = {lease.person for lease in seats} | {owners[one] for one in lately}
    waits = {ask.wish.person for ask in asks if ask.state is AskState.OPEN}
    tiles = tuple(Tile(one.id, one.name, _of(one.id, waits, present)) for one in roster)
    return Presence(tiles, min((when + STILL_HERE for when in lately.values()), default=None))


def _lent(device: str, leases: Iterable[Lease], owner: str, now: datetime) -> bool:
    """Whether somebody else sits at a pupil's own device: then it says nothing of its owner."""
    here = (lease for lease in leases if lease.device == device and lease.start <= now < lease.end)
    return any(lease.person != owner for lease in here)


def _of(person: str, waits: set[str | None], present: set[str]) -> Here:
    if person in waits:
        return Here.WAITS
    return Here.PRESENT if person in present else Here.UNSEEN
