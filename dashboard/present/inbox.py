"""The counsellors' inbox, and the one line about it that the office sees."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from dashboard.actions.inbox import Inbox
from dashboard.present.reports import ToldPage, told_page
from dashboard.present.words import Words
from policy.counsel import NEEDED
from policy.model import Role
from store.accounts import Account, AccountState
from store.people import Person
from store.signals import Kept


@dataclass(frozen=True, slots=True)
class InboxLine:
    """Somebody looked for help. `seen` is a sentence, or empty while nobody did."""

    id: str
    who: str
    group: str
    at: str
    seen: str


@dataclass(frozen=True, slots=True)
class InboxPage:
    """The inbox. `off` says what is missing, or is empty; `told` is what somebody chose to tell."""

    lines: tuple[InboxLine, ...]
    readers: str
    kept: str
    off: str
    told: ToldPage


def inbox_page(inbox: Inbox, words: Words, now: datetime) -> InboxPage:
    """The inbox as it is shown."""
    count = len(inbox.readers)
    return InboxPage(
        lines=tuple(_line(kept, inbox, words, now) for kept in inbox.signals),
        readers=words("dash.inbox.readers", names=", ".join(inbox.readers)),
        kept=words("dash.inbox.kept", days=inbox.days),
        off=_off(inbox.on, count, words),
        told=told_page(inbox.told, words, now),
    )


def _off(on: bool, count: int, words: Words) -> str:
    if count < NEEDED:
        return words("dash.inbox.off", needed=NEEDED, count=count)
    return "" if on else words("dash.inbox.switched_off", needed=NEEDED)


def _line(kept: Kept, inbox: Inbox, words: Words, now: datetime) -> InboxLine:
    signal = kept.signal
    group = inbox.groups.get(signal.group or "")
    # Where only the group is known it is in the sentence; nothing stands there twice.
    known = signal.person is not None or signal.device is not None
    seen = ""
    if kept.seen is not None:
        name = inbox.people.get(kept.by or "", words("dash.role.counsellor"))
        seen = words("dash.inbox.seen_by", name=name, at=words.day_clock(kept.seen, now))
    return InboxLine(
        kept.id,
        _who(kept, inbox, words),
        group.name if group and known else "",
        words.day_clock(signal.when, now),
        seen,
    )


def _who(kept: Kept, inbox: Inbox, words: Words) -> str:
    signal = kept.signal
    if signal.person is not None:
        return inbox.people.get(signal.person) or words("dash.inbox.pupil_gone")
    if signal.device is not None:
        return words("dash.inbox.on_device", device=inbox.devices.get(signal.device, signal.device))
    group = inbox.groups.get(signal.group or "")
    return words("dash.inbox.in_group", group=group.name) if group else words("dash.inbox.somebody")


def standing(staff: Iterable[Person], accounts: Iterable[Account], on: bool, words: Words) -> str:
    """For the office, whether the inbox is on and can be read. Nothing of what is in it."""
    named = {person.id for person in staff if person.role is Role.COUNSELLOR}
    if not on or len(named) < NEEDED:
        return words("dash.inbox.standing_off", needed=NEEDED, count=len(named))
    ready = {account.person for account in accounts if account.state is AccountState.ACTIVE} & named
    told = words("dash.inbox.standing_on", count=len(named))
    return told if len(ready) >= NEEDED else f"{told} {words('dash.inbox.standing_wait')}"
