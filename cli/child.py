"""What a process that the supervisor started says and asks: it listens, and it ends when the supervisor is gone."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys

READY_FD = "KLASWACHT_READY_FD"
PARENT = "KLASWACHT_PARENT"
_PR_SET_PDEATHSIG = 1  # prctl(2)


def die_with_parent() -> None:
    """In a child: have the kernel send SIGTERM when the supervisor ends. Ends at once when it is gone already.

    On other systems than Linux nothing is asked; there a killed supervisor leaves its children.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    parent = os.environ.get(PARENT)
    if parent is not None and os.getppid() != int(parent):
        sys.exit(0)


def tell_ready() -> None:
    """In a child: say that it listens. Without a supervisor nothing happens."""
    number = os.environ.pop(READY_FD, None)
    # A server that replaces its own worker says it once more, when nobody listens for it any longer.
    with contextlib.suppress(OSError):
        if number is not None:
            with os.fdopen(int(number), "wb") as pipe:
                pipe.write(b"ready\n")
