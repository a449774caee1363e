"""What the tests of Maatregelen share: a ban of Sam, devices of children, and what somebody at one gets."""

from __future__ import annotations

from dataclasses import replace

from dashboard.actions.desk import Desk
from dashboard.actions.measures import Wish
from policy.decide import decide
from policy.model import Reason, SanctionTarget
from policy.seat import seated
from tests.cast import LESSON, at, visit
from tests.dashboard.conftest import SCHOOL

REASON = "Gooide met het apparaat."
BOOK, PHONE, PRINTER = SanctionTarget.CHROMEBOOK, SanctionTarget.PHONE, SanctionTarget.PRINTER


def wish(**changes: object) -> Wish:
    return replace(Wish("sam", BOOK, REASON), **changes)


def said(desk: Desk, host: str, clock: str, device: str = "boek-sam") -> Reason:
    """What the pupil at the device gets, by the real decision over the real rows."""
    moment = at(clock)
    snapshot = desk.store.snapshot(SCHOOL, desk.knowledge, LESSON)
    return decide(visit(host, who=seated(snapshot, snapshot.devices[device], moment)), snapshot, moment).reason
