"""What became of the self-test of a device: which of the harmless test pages stayed closed, and when. Nobody's name.

One row a device and probe: the newest takes the place of the one before. What is not in the register is one device,
with an empty id: of which one it was nothing is kept. It moves no revision.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from store.db import Database
from store.tables import self_tests as table

NO_DEVICE = ""
"""The id under which devices stand that nobody registered."""


class Probe(StrEnum):
    """What is tried on a device: whether it comes by the guard at all, and a page of each kind that must be closed."""

    WAY = "way"
    SOCIAL = "social"
    WORDS = "words"
    FLOOR = "floor"
    PLAIN = "plain"


PAGES = (Probe.SOCIAL, Probe.WORDS, Probe.FLOOR, Probe.PLAIN)
"""The four pages that must be closed, in the order in which they are tried."""


@dataclass(frozen=True, slots=True)
class Tested:
    """What a device's newest test came to. `went` says of each probe that was tried whether it went as it must."""

    device: str
    at: datetime
    went: Mapping[Probe, bool] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Whether all four pages stayed closed."""
        return all(self.went.get(one, False) for one in PAGES)


@dataclass(frozen=True, slots=True)
class SelfTests:
    """The self-tests of every school in the database."""

    database: Database

    def saw(self, school: str, device: str, probe: Probe, good: bool, now: datetime) -> None:
        """Keep how one probe of a device went."""
        row = {"school_id": school, "device_id": device, "probe": probe.value, "good": good, "at": now}
        with self.database.write(school) as change:
            change.upsert(table, ("school_id", "device_id", "probe"), [row])

    def newest(self, school: str) -> tuple[Tested, ...]:
        """Of each device what its newest test came to, the last tested first."""
        with self.database.read() as connection:
            rows = connection.execute(sa.select(table).where(table.c.school_id == school)).all()
        went: dict[str, dict[Probe, bool]] = defaultdict(dict)
        last: dict[str, datetime] = {}
        for row in rows:
            went[row.device_id][Probe(row.probe)] = row.good
            last[row.device_id] = max(row.at, last.get(row.device_id, row.at))
        found = (Tested(device, last[device], probes) for device, probes in went.items())
        return tuple(sorted(found, key=lambda one: (-one.at.timestamp(), one.device)))
