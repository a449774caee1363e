"""How a fault is told in a log: its kind and its place. Never its own words, which may hold an address or a form."""

from __future__ import annotations

import traceback


def told(error: BaseException) -> str:
    """What broke and where, as `ValueError at gate.py:98`."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    at = f"{last[0].filename.rpartition('/')[2]}:{last[0].lineno}" if last else "?"
    return f"{type(error).__name__} at {at}"
