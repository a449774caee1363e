"""Answers that were given before: the same question of the same kind of asker, while nothing has moved.

Most of what a class asks is the same few sites over and over. An answer is remembered with the snapshot, until the
moment that it says it may change; a new revision starts empty. Only questions about a site are remembered, nothing with
words, forms or programs in it and no path. What is kept is which kind of asker (role, group, how sure) asked: a child
is told apart only where a permission, ban, exception or agreement names that very child.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from datetime import datetime, timedelta

from policy.asking import Asking
from policy.model import Action, Decision, State

MOST = 12_000
"""Answers in one generation; a snapshot remembers two, so that what is asked often is never all forgotten at once."""
_SITES = frozenset({Action.VISIT, Action.CONNECT})
_ROOT = "/"
_OLDEST = timedelta(hours=1)
"""How long an answer without an end is remembered: the timetable looks only so many days ahead."""

type _Kept = dict[Hashable, tuple[datetime, Decision]]


class _Generations:
    """What was answered by the lists of one edition. Never given another edition: threads that hold it may go on."""

    __slots__ = ("answers", "edition", "older")

    def __init__(self, edition: Hashable, older: _Kept) -> None:
        self.edition = edition
        self.answers: _Kept = {}
        self.older = older


class Answers:
    """The remembered answers of one snapshot. Lists of others may change under it: `edition` says which they were.

    Any number of threads may ask; who loses a race only thinks an answer out again.
    """

    __slots__ = ("_now",)

    def __init__(self) -> None:
        self._now = _Generations(None, {})

    def __iter__(self) -> Iterator[Hashable]:
        """What is remembered: for tests and reports."""
        return iter({**self._now.older, **self._now.answers})

    def get(self, key: Hashable, now: datetime, edition: Hashable) -> Decision | None:
        """The answer that still holds at `now`, or None."""
        kept = self._now
        if edition != kept.edition:
            self._now = _Generations(edition, {})
            return None
        found = kept.answers.get(key) or kept.older.get(key)
        if found is None or now < found[0]:
            return None
        until = found[1].valid_until or found[0] + _OLDEST
        return found[1] if now < until else None

    def keep(self, key: Hashable, now: datetime, edition: Hashable, decision: Decision) -> None:
        """Remember an answer that was given at `now` by the lists of `edition`."""
        kept = self._now
        if edition != kept.edition:
            return  # another thread met newer lists meanwhile
        if len(kept.answers) >= MOST:
            kept = self._now = _Generations(edition, kept.answers)
        kept.answers[key] = (now, decision)


def key_of(asking: Asking) -> Hashable:
    """What the answer depends on besides the snapshot and the time, or None for a question that is not remembered."""
    request = asking.request
    if (
        request.action not in _SITES
        or not request.hosts
        or request.websocket
        or request.search is not None
        or request.app is not None
        or request.unreadable
        or request.released
        or request.relay
        or request.media
        or request.personal
        or request.said
    ):
        return None
    about: Hashable = None
    address = request.address
    if address is not None:
        if asking.snapshot.items_permitted:
            return None  # what one film needs is told by its address
        if address.path == _ROOT and not address.query:
            about = (address.host, address.scheme, address.port)
        else:
            here = _told_by_address(asking)
            if here is None:
                return None
            about = (address.host, *here)
    # Which page asks says something in a test alone.
    page = request.asker if asking.snapshot.tested else ""
    return (_kind_of_asker(asking), request.hosts, about, request.action, request.navigation, page)


def _told_by_address(asking: Asking) -> tuple[Hashable, ...] | None:
    """What the path and the query give away; None when other addresses stand in them."""
    inside, address = asking.inside, asking.request.address
    if address is None or inside.found or inside.asked or not inside.complete:
        return None
    knowledge = asking.snapshot.knowledge
    return (
        "page",
        knowledge.names.of_page(address),
        knowledge.services.action(address, sending=False),
        asking.relay_tool,
    )


def _kind_of_asker(asking: Asking) -> Hashable:
    who, snapshot = asking.who, asking.snapshot
    named = snapshot.singled_out
    consent = snapshot.state.consents.get(who.person or "") if snapshot.asks_consent else None
    return (
        who.role,
        who.groups,
        who.strength,
        who.device_class,
        who.person if who.person in named else who.person is not None,
        who.device if who.device in named else None,
        consent,
    )


def singled_out(state: State) -> frozenset[str]:
    """The ids of persons and devices that anything in force names one by one."""
    found: set[str | None] = set()
    for grant in state.grants:
        found |= grant.people | grant.without
    for ban in state.sanctions:
        found.add(ban.person)
    for care in state.care:
        found |= {care.person, care.device}
    for agreement in state.agreements:
        found |= agreement.people
    return frozenset(one for one in found if one)
