"""What a process that the supervisor started says: it listens, it lives. It ends when the supervisor is gone.

It says so on one pipe, a line each: `ready` once, then `beat {...}` every second, from the very loop that does its
work, so that one that hangs is silent. What is in a beat are numbers (`cli.metrics` knows which); never a name.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
from collections.abc import Mapping

READY_FD = "KLASWACHT_READY_FD"
PARENT = "KLASWACHT_PARENT"
_PR_SET_PDEATHSIG = 1  # prctl(2)
_PIPE_BUF = 4096  # bytes that a pipe takes whole or not at all (pipe(7))


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
    # A server that replaces its own worker says it once more.
    _tell(b"ready\n")


def tell_beat(numbers: Mapping[str, float]) -> None:
    """In a child: say that the loop that calls this still turns, with what was counted. Never waits, never raises."""
    _tell(b"beat %s\n" % json.dumps(numbers, separators=(",", ":")).encode())


def _tell(line: bytes) -> None:
    number = os.environ.get(READY_FD)
    # Nobody reads (the supervisor is gone) or the pipe is full (it hangs itself): then nothing is said.
    with contextlib.suppress(OSError):
        if number is not None and len(line) <= _PIPE_BUF:
            os.set_blocking(int(number), False)
            os.write(int(number), line)
