"""The lists of others for the dashboard: what there is, and taking a version that waits, in a process of its own."""

from __future__ import annotations

import logging
import threading

from cli.home import Home
from cli.nightly import begun
from config.feeds.subscriptions import Lists, Subscription

_log = logging.getLogger(__name__)


class FeedsDesk:
    """What `klaswacht lists` does, for somebody without a command line (`dashboard.actions.otherlists.OtherLists`)."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def all(self) -> tuple[Subscription, ...]:
        """The school's subscriptions.

        Raises:
            FeedError: they cannot be read.
        """
        return tuple(Lists(self._home.path).shelf().feeds.values())

    def take(self, feed: str) -> None:
        """Begin to take the version that waits. Millions of names are no work for the process that shows the pages."""
        process = begun(self._home, "lists", "update", "--yes", feed)

        def wait() -> None:
            _, told = process.communicate()
            if process.returncode:
                _log.warning("the list `%s` was not taken: %s", feed, told.decode("utf-8", "replace").strip()[-300:])

        threading.Thread(target=wait, name="lists", daemon=True).start()
