"""Firefox's own remote control (Marionette): a socket, a length, a colon and JSON. As much of it as one test needs."""

from __future__ import annotations

import json
import re
import socket
import time
from pathlib import Path
from typing import Any

WITHIN = 120.0  # seconds: a ceiling on a busy machine


class Marionette:
    """One session with a Firefox that was started with `--marionette` on this profile."""

    def __init__(self, profile: Path) -> None:
        self._wire = socket.create_connection(("127.0.0.1", _port(profile)), WITHIN)
        self._number = 0
        self._message()
        self.does("WebDriver:NewSession", {"pageLoadStrategy": "normal"})

    def does(self, command: str, values: dict[str, Any]) -> Any:
        """What Firefox answers to a command. Raises `RuntimeError` with what went wrong."""
        self._number += 1
        text = json.dumps([0, self._number, command, values])
        self._wire.sendall(f"{len(text.encode())}:{text}".encode())
        _, _, error, value = self._message()
        if error:
            raise RuntimeError(error)
        return value

    def asks(self, script: str) -> Any:
        """What a script in the page gives."""
        return self.does("WebDriver:ExecuteScript", {"script": script, "args": []})["value"]

    def _message(self) -> Any:
        length = b""
        while not length.endswith(b":"):
            length += self._wire.recv(1)
        whole = b""
        while len(whole) < int(length[:-1]):
            whole += self._wire.recv(int(length[:-1]) - len(whole))
        return json.loads(whole)


def _port(profile: Path) -> int:
    """The port that it took; it writes it in its profile."""
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline:
        for name in ("MarionetteActivePort", "prefs.js"):
            found = profile / name
            text = found.read_text("utf-8", "replace") if found.exists() else ""
            port = re.search(r"^(\d+)\s*$" if name != "prefs.js" else r'"marionette\.port", (\d+)', text, re.MULTILINE)
            if port and int(port[1]):
                return int(port[1])
        time.sleep(0.1)
    raise TimeoutError("Firefox did not start")
