"""The desk that people's actions are done at: where the rows are, what the factory knows, which school this is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from config.settings import Settings
from policy.authority import may_act_for
from policy.model import Group, Knowledge, Member, Snapshot
from store import Store


@dataclass(frozen=True, slots=True)
class Outcome[T]:
    """How an action ended: `ok`, the code of the sentence for the person (`dash.done.*`, `dash.no.*`), what came of it.

    `value` is there whenever `ok` is true and the action makes something.
    """

    ok: bool
    code: str
    value: T | None = None


def done[T](code: str, value: T | None = None) -> Outcome[T]:
    """It was done."""
    return Outcome(True, f"dash.done.{code}", value)


def refused[T](code: str, value: T | None = None) -> Outcome[T]:
    """It was not done, and why."""
    return Outcome(False, f"dash.no.{code}", value)


class Desk:
    """Everything an action needs besides who does it and when. Safe to share between threads."""

    def __init__(self, store: Store, knowledge: Knowledge, school: str, settings: Settings) -> None:
        self.store = store
        self.knowledge = knowledge
        self.school = school
        self.settings = settings
        self._kept: Snapshot | None = None

    def snapshot(self, now: datetime) -> Snapshot:
        """The school at its newest revision; read again only when the revision moved.

        Raises:
            StoreUnavailable: the database is away, or the school has no policy yet.
        """
        kept = self._kept
        if kept is None or kept.revision != self.store.revision(self.school):
            kept = self.store.snapshot(self.school, self.knowledge, now)
            self._kept = kept
        return kept

    def may_act_for(self, who: Member, group: str, now: datetime) -> bool:
        """Whether `who` may act for a group; an intern only for its own, and where the school chose so."""
        return may_act_for(who, group, interns=self.snapshot(now).policy.interns_permit)

    def groups_of(self, who: Member, now: datetime) -> tuple[Group, ...]:
        """The groups that `who` may act for and that exist now, by name."""
        snapshot = self.snapshot(now)  # once: whether it moved is a question to the database
        interns = snapshot.policy.interns_permit
        groups = (group for group in snapshot.groups.values() if may_act_for(who, group.id, interns=interns))
        return tuple(sorted((group for group in groups if group.until is None or group.until > now), key=_by_name))


def _by_name(group: Group) -> tuple[int, str]:
    return (min(group.years, default=99), group.name.casefold())
