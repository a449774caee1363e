"""How long what is kept at this school: the one answer for the purge and for whoever asks."""

from __future__ import annotations

from config.settings import Settings
from store.retention import Refused, Terms, shorten

_SAME_NAME = ("blocked", "noted", "reports", "signals", "audit")


def terms(settings: Settings) -> Terms | Refused:
    """The terms by the school's own wishes; the first wish that is longer than may be is refused."""
    wished = settings.retention
    wishes = {name: wished[name] for name in _SAME_NAME if name in wished}
    wishes["asks"] = wished["requests"]
    # Bans and grants share a family of rows, so the shorter wish holds for both.
    wishes["measures"] = min(wished["bans"], wished["grants"])
    return shorten(wishes)
