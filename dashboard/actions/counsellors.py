"""The switch of the counsellors' inbox: the management switches it on when two people are there to read it.

It says nothing of what is in the inbox, nor whether anything is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dashboard.actions.desk import Desk, Outcome, done, refused
from policy.counsel import NEEDED
from policy.model import Member, Role
from store.accounts import AccountState
from store.counsel import Since

DECIDERS = frozenset({Role.MANAGEMENT})


@dataclass(frozen=True, slots=True)
class Named:
    """A counsellor: `ready` is whether they can sign in and read."""

    name: str
    ready: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """How the inbox stands: since when it is on (None: off), by whom, and who the counsellors are."""

    on: Since | None
    by: str
    named: tuple[Named, ...]

    @property
    def ready(self) -> int:
        """How many can read."""
        return sum(one.ready for one in self.named)

    @property
    def enough(self) -> bool:
        """Whether it may be on."""
        return self.ready >= NEEDED


def look(desk: Desk, who: Member, now: datetime) -> Outcome[Standing]:
    """How the inbox stands, after it went off by itself where too few can read."""
    if who.role not in DECIDERS:
        return refused("role")
    settle(desk, now)
    return done("seen", _standing(desk))


def switch_on(desk: Desk, who: Member, now: datetime) -> Outcome[None]:
    """Switch it on; refused until two counsellors have an account with which they can sign in."""
    if who.role not in DECIDERS:
        return refused("role")
    if not _standing(desk).enough:
        return refused("counsel_few")
    desk.store.counsel.switch_on(desk.school, who.id, now)
    return done("counsel_on")


def switch_off(desk: Desk, who: Member, now: datetime) -> Outcome[None]:
    """Switch it off. What is in it stays readable for the counsellors."""
    if who.role not in DECIDERS:
        return refused("role")
    desk.store.counsel.switch_off(desk.school, who.id, now)
    return done("counsel_off")


def settle(desk: Desk, now: datetime) -> bool:
    """Switch it off where fewer than two can read: an account was closed. Whether it went off.

    Who is no counsellor any more is seen by the store itself, in the same transaction.
    """
    if desk.store.counsel.on(desk.school) is None or _standing(desk).enough:
        return False
    return desk.store.counsel.switch_off(desk.school, "system", now)


def _standing(desk: Desk) -> Standing:
    persons = desk.store.people.persons(desk.school)
    usable = {
        account.person
        for account in desk.store.accounts.accounts(desk.school)
        if account.state is AccountState.ACTIVE and account.role is Role.COUNSELLOR
    }
    named = tuple(Named(one.name, one.id in usable) for one in persons if one.role is Role.COUNSELLOR)
    on = desk.store.counsel.on(desk.school)
    by = next((one.name for one in persons if on is not None and one.id == on.by), "")
    return Standing(on, by, named)
