"""The one error of a database that cannot be used now."""

from __future__ import annotations


class StoreUnavailable(Exception):
    """The database cannot be reached, is locked too long, is damaged, or is not at the version this program needs."""
