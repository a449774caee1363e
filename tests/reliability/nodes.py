"""Two nodes with a class and its school at work, for what is broken between them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from policy.model import Facet, Grant, Role, Sanction, SanctionTarget
from tests.e2e.clients import Device
from tests.e2e.surfing import Pupil, Surfing
from tests.e2e.two_nodes import Pair, two_nodes, until
from tests.reliability.kept import Kept, kept
from tests.reliability.rows import Row
from tests.reliability.staff import Coordinator, Office, Teacher

SCHOOL = "school"
CEILING = 10.0  # seconds that nobody may be without an answer; what was measured is in the paper
_NAMES = ("Noor", "Sem", "Fatima", "Daan", "Sanne", "Mees")
_ALL = ("open", "closed", "help")


@dataclass
class Busy:
    """Everybody at it: pupils at both nodes, of whom Noor has a permission and Sem a ban; a teacher, a coordinator."""

    pair: Pair
    class_: Surfing
    teacher: Teacher
    coordinator: Coordinator
    home: dict[str, list[int]]
    """Which pupils each node has while both are well."""
    apart: dict[str, Device]
    """A device of group 8 at each node, that no pupil has."""
    before: Kept = field(init=False)

    def well(self, since: float) -> float:
        """Wait until everybody gets what is theirs; seconds until the last one who had to wait or click again."""
        start = time.monotonic()
        people = (self.teacher, self.coordinator)
        until(
            lambda: self.class_.steady(start) and all(one.steady(start) for one in people),
            f"all is well: {self.class_.waiting()} {[one.answers[-2:] for one in people]}",
            120,
        )
        bad = [one.end for one in self.class_.had(since) if one.before and one.end < start]
        bad += [at for one in people if (at := one.last_bad(since)) is not None]
        return max([0.0, *(at - since for at in bad)])

    def begin(self) -> float:
        """All is well, and what is kept now is looked at; the moment from which things may break."""
        self.well(time.monotonic())
        self.before = kept(self.pair.store)
        return time.monotonic()

    def look(self, row: Row, since: float, well: str, *, note: str = "") -> None:
        """What everybody saw since then, and what is kept."""
        done = tuple(self.teacher.done)  # before the look, for she goes on
        after = kept(self.pair.store)
        assert after.lost(self.before) == [], "something that was there before is gone"
        sites = after.sites()
        assert [one for one in done if sites.count(one) != 1] == [], "a confirmed permission is not there"
        assert self.class_.shown == []
        assert self.pair.closed.connections == 0, "the closed site was reached"
        row.pupil = self.class_.told(since, "open", "closed", "permitted", "banned")
        row.help = self.class_.told(since, "help")
        row.teacher = self.teacher.told(since, "permission given")
        news = self.coordinator.read(since)
        row.coordinator = self.coordinator.told(since, "Gezondheid opens") + (f"; {news}" if news else "; nothing new")
        row.well = well
        row.kept = (
            f"{len(after.grants)} grants, {len(after.bans)} bans, {len(after.events)} events: none lost or changed"
        )
        row.reached = self.pair.closed.connections
        row.asked = len(self.class_.had(since))
        row.note = note


@contextlib.contextmanager
def busy(folder: Path) -> Iterator[Busy]:
    """Two nodes, and everybody at work until the end of the block."""
    with two_nodes(folder) as pair:
        now = datetime.now(UTC)
        end = now + timedelta(hours=3)
        grant = Grant("noor", now, end, Role.TEACHER, "staff-anja", people=frozenset({"p7-1"}),
                      sites=("kletsplein.test",), facets=frozenset({Facet.PLACE}))  # fmt: skip
        pair.store.grants.add(SCHOOL, grant, now)
        ban = Sanction("ban", "p7-2", SanctionTarget.CHROMEBOOK, now, end, "staff-anja")
        pair.store.measures.add_sanction(SCHOOL, ban, now, reason="Een reden.")
        places = {node: pair.sources(node, len(_NAMES) // 2, 5) for node in pair.nodes}
        sources = [source for both in zip(*places.values(), strict=True) for source in both]
        wants = {"Noor": ("permitted", *_ALL), "Sem": ("banned", "help")}
        pupils = [Pupil(pair.device(name, at), wants.get(name, _ALL)) for name, at in zip(_NAMES, sources, strict=True)]
        home = {node: [sources.index(one) for one in mine] for node, mine in places.items()}
        teacher = Teacher(pair.dashboard_url, pair.ca, "anja")
        coordinator = Coordinator(pair.dashboard_url, pair.ca, "coordinator")
        apart = {
            node: pair.device(name, pair.sources(node, 1, 6)[0])
            for node, name in zip(pair.nodes, ("Emma", "Yusuf"), strict=True)
        }
        with Surfing(pupils) as class_, Office(teacher, coordinator):
            yield Busy(pair, class_, teacher, coordinator, home, apart)
