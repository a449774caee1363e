"""What systemd hears of a service of `Type=notify`: that it is ready, and that it still looks after its processes.

Anywhere else nothing is said. The protocol is a datagram with a line (sd_notify(3)).
"""

from __future__ import annotations

import contextlib
import os
import socket

_PLACE = "NOTIFY_SOCKET"


def notify(line: str) -> None:
    """Tell systemd `READY=1`, `WATCHDOG=1` or `STOPPING=1`, where it listens. Never raises."""
    place = os.environ.get(_PLACE, "")
    if not place.startswith(("/", "@")):
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as out:
        out.sendto(line.encode(), "\0" + place[1:] if place[0] == "@" else place)
