"""How a fault is told in a log: its kind and its place. Never its own words, which may hold an address or a form."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections import Counter
from typing import Any

_log = logging.getLogger(__name__)

BROKEN = (Exception, asyncio.CancelledError)
"""What a step may break with. `CancelledError` is no `Exception`, and may come where nobody cancelled anything."""


AGAIN = 60.0
"""Seconds between two lines about the same fault of a loop."""


def is_cancelled(error: BaseException) -> bool:
    """Whether an error is the end of the task that runs now, as somebody asked, and no fault."""
    if not isinstance(error, asyncio.CancelledError):
        return False
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def told_by(loop: asyncio.AbstractEventLoop) -> None:
    """Have a loop tell what breaks in its callbacks as everything here is told: without the words of the error.

    The same is told once in `AGAIN` seconds, with how often it was: a loop that has no descriptors left breaks on every
    connection that waits, thousands of times a minute.
    """
    last: dict[str, float] = {}
    untold: Counter[str] = Counter()

    def tell(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        what = told(error) if isinstance(error, BaseException) else "no exception"
        now = time.monotonic()
        if now - last.get(what, -AGAIN) < AGAIN:
            untold[what] += 1
            return
        last[what] = now
        more = untold.pop(what, 0)
        _log.error("a callback broke: %s%s", what, f" (and {more} times since it was told last)" if more else "")

    loop.set_exception_handler(tell)


def told(error: BaseException) -> str:
    """What broke and where, as `ValueError at gate.py:98`."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    at = f"{last[0].filename.rpartition('/')[2]}:{last[0].lineno}" if last else "?"
    return f"{type(error).__name__} at {at}"
