"""The agent's own folder on the device: enrolment with its keys, the school's CA, the offline copy, events.

Only the account of the agent may read it (folder 0700, files 0600): the device's private key lies in it.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agent.signing import DeviceKey

_ENROLMENT = "device.json"
_CA = "school-ca.crt"
_COPY = "snapshot.json"
_MARK = "newest.json"
_EVENTS = "events.json"
SURROUNDINGS = "surroundings.json"
"""Where `agent.tampering` keeps what is usual around the device."""
_TRIAL = "trial.json"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Which device of which school. `server` is `host:port` of the dashboard.

    `secret` is the private key that this device made itself: it signs what the agent asks and never leaves the device.
    `school_key` is what the school's answers are proved with, pinned when the device enrolled. `key` is what proves
    the device on the network (to the proxy); here it opens nothing.
    """

    server: str
    device: str
    key: str
    school: str
    secret: str
    school_key: str
    language: str = "nl"

    def __repr__(self) -> str:
        """Tell everything but the secrets, so that they never reach a log."""
        return f"Enrolment(server={self.server!r}, device={self.device!r}, school={self.school!r})"


def default_home() -> Path:
    """Return the folder named by KLASWACHT_AGENT_HOME, else the usual place for a service or for a user's program."""
    named = os.environ.get("KLASWACHT_AGENT_HOME")
    if named:
        return Path(named)
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/klaswacht-agent")
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "klaswacht-agent"


class Home:
    """The folder. What is missing or damaged reads as None; only writing raises (`OSError`)."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def ca(self) -> Path:
        """The certificate file of the school's CA."""
        return self.path / _CA

    def enrolment(self) -> Enrolment | None:
        """Return which device this is, or None when it is not enrolled."""
        found = self._read(_ENROLMENT)
        try:
            enrolment = Enrolment(**{name: str(value) for name, value in found.items()}) if found else None
            if enrolment is not None:
                DeviceKey(enrolment.secret)
        except (TypeError, ValueError):
            return None
        return enrolment

    def check(self) -> None:
        """Write and remove something, so that a code is not used up for a folder that cannot keep the key.

        Raises:
            OSError: nothing can be kept here.
        """
        self._write(_TRIAL, b"{}")
        (self.path / _TRIAL).unlink()

    def enrol(self, enrolment: Enrolment, ca: bytes) -> None:
        """Keep an enrolment; a copy and events of an earlier one are forgotten."""
        self.forget()
        self._write(_CA, ca)
        self._write(_ENROLMENT, _json(asdict(enrolment)))

    def forget(self) -> None:
        """Remove everything that the agent wrote here."""
        for name in (_ENROLMENT, _CA, _COPY, _MARK, _EVENTS, SURROUNDINGS):
            (self.path / name).unlink(missing_ok=True)

    def copy(self) -> dict[str, Any] | None:
        """Return the offline copy: the last answer of the server with its signature, as it was kept."""
        return self._read(_COPY)

    def mark(self) -> dict[str, Any] | None:
        """Return what says how new the copy must be at least."""
        return self._read(_MARK)

    def keep_copy(self, answer: dict[str, Any], mark: dict[str, Any]) -> None:
        """Keep the last answer of the server for when it is gone, and then how new it is."""
        # In this order: whoever stops in between has a copy that is newer than it must be.
        self._write(_COPY, _json(answer))
        self._write(_MARK, _json(mark))

    def events(self) -> dict[str, Any]:
        """Return the events that wait, as `agent.outbox` wrote them."""
        return self._read(_EVENTS) or {}

    def keep_events(self, waiting: dict[str, Any]) -> None:
        """Keep the events that wait."""
        self._write(_EVENTS, _json(waiting))

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            found = json.loads((self.path / name).read_bytes())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def _write(self, name: str, data: bytes) -> None:
        # Never half a file, and at no moment readable for others.
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self.path / f".{name}.{secrets.token_hex(4)}"
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
                if os.geteuid() == 0:
                    # Who enrols is root; who reads it may be a service with an account of its own, whose folder it is.
                    owner = self.path.stat()
                    os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self.path / name)
        finally:
            new.unlink(missing_ok=True)


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
