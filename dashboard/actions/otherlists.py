"""Lists of others that the school subscribes to, for the coordinator: what there is, and a yes to what waits."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from config.feeds.packed import FeedError
from config.feeds.subscriptions import Subscription
from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.office import OFFICE
from policy.model import Member


class OtherLists(Protocol):
    """Where the lists are; handed in by whoever starts the dashboard."""

    def all(self) -> tuple[Subscription, ...]:
        """The subscriptions; raises `FeedError` when they cannot be read."""

    def take(self, feed: str) -> None:
        """Begin to take the version of `feed` that waits."""


def standing(lists: OtherLists | None) -> tuple[Subscription, ...] | None:
    """The subscriptions; None: they cannot be read now."""
    try:
        return lists.all() if lists is not None else ()
    except FeedError:
        return None


def take(desk: Desk, lists: OtherLists | None, who: Member, feed: str, now: datetime) -> Outcome[None]:
    """Say yes to the version that waits."""
    if who.role not in OFFICE:
        return refused("role")
    waits = any(one.id == feed and one.waits is not None for one in standing(lists) or ())
    if lists is None or not waits:
        return refused("gone")
    desk.store.audit.add(desk.school, who.id, "list.take", now, (feed,))
    lists.take(feed)
    return done("feed")
