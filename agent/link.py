"""The line to the school's dashboard: https only, and only with a certificate of the school's own CA."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agent.home import Enrolment

NOW_HEADER = "Klaswacht-Now"
_TIMEOUT = 10.0
_LARGEST = 16 * 1024 * 1024
_DEFAULT_PORT = 8443
_OK, _EMPTY = 200, 204
_TEMPORARY = frozenset({408, 425, 429})


class LinkError(Exception):
    """The school cannot be reached, or says no. `permanent`: trying again without a change is of no use."""

    def __init__(self, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server said. `now` is its time, `pause` how many seconds to wait before asking again (it is busy)."""

    body: dict[str, Any] | None
    now: datetime | None
    pause: float = 0.0


def server_address(text: str) -> str:
    """Return `host:port` of a server as people write it: `school.test`, `10.0.0.2:8443` or `https://school.test:8443/`.

    Raises:
        LinkError: it is no https address.
    """
    try:
        parts = urlsplit(text if "//" in text else f"https://{text}")
        host, port = parts.hostname, parts.port or (443 if "//" in text else _DEFAULT_PORT)
    except ValueError:
        host, port, parts = None, 0, urlsplit("")
    if parts.scheme != "https" or not host:
        raise LinkError(f"`{text}` is not an https address; use host:port of the dashboard", permanent=True)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def enrol(server: str, ca: Path, code: str, timeout: float = _TIMEOUT) -> Enrolment:
    """Trade a one-time code for the key of this device.

    Raises:
        LinkError: unreachable, another CA, or a code that is wrong, old or used.
    """
    address = server_address(server)
    reply = _ask(address, ca, "POST", "/api/agent/enroll", {"code": code}, timeout=timeout)
    body = reply.body or {}
    try:
        return Enrolment(
            address, str(body["device"]), str(body["key"]), str(body["school"]), str(body.get("language", "nl"))
        )
    except KeyError as missing:
        raise LinkError(f"the server's answer has no {missing}; is it a Klaswacht dashboard?", permanent=True) from None


class Link:
    """The line of an enrolled device. Every call is one connection; any number of threads may call."""

    def __init__(self, enrolment: Enrolment, ca: Path, timeout: float = _TIMEOUT) -> None:
        self._server = enrolment.server
        self._authorization = f"Klaswacht {enrolment.device}:{enrolment.key}"
        self._ca = ca
        self._timeout = timeout

    def fetch(self, revision: int, wait: float = 0.0) -> Reply:
        """Ask for this device's cut of the snapshot; `body` is None while `revision` is still the newest.

        Waits at most `wait` seconds (20 at most) for a change.

        Raises:
            LinkError: unreachable, or the device is not known any more (permanent).
        """
        path = f"/api/agent/snapshot?revision={revision}&wait={wait:g}"
        return self._ask("GET", path, None, self._timeout + wait)

    def push(self, events: Sequence[Mapping[str, Any]], lost: int = 0) -> Reply:
        """Hand over events. The same event twice is harmless.

        Raises:
            LinkError: as `fetch`; permanent too where the server will never take these.
        """
        return self._ask("POST", "/api/agent/events", {"events": list(events), "lost": lost}, self._timeout)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None, timeout: float) -> Reply:
        return _ask(self._server, self._ca, method, path, body, timeout=timeout, authorization=self._authorization)


def _ask(
    server: str,
    ca: Path,
    method: str,
    path: str,
    body: dict[str, Any] | None,
    *,
    timeout: float,
    authorization: str | None = None,
) -> Reply:
    """One request. No proxy, no redirect, no other CA than the school's."""
    headers = {"Accept": "application/json"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    if authorization:
        headers["Authorization"] = authorization
    connection = http.client.HTTPSConnection(server, timeout=timeout, context=_context(ca))
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        data = answer.read(_LARGEST + 1)
    except ssl.SSLCertVerificationError as problem:
        said = problem.verify_message or "unknown"
        raise LinkError(f"`{server}` has no certificate of the school's CA ({said})", permanent=False) from problem
    except (OSError, http.client.HTTPException) as problem:
        raise LinkError(f"`{server}` cannot be reached ({problem})", permanent=False) from problem
    finally:
        connection.close()
    if answer.status not in (_OK, _EMPTY):
        raise _refusal(server, answer.status, data)
    return _reply(server, answer, data)


def _context(ca: Path) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(ca))
    except (OSError, ssl.SSLError) as problem:
        raise LinkError(f"`{ca}` is not a CA certificate (PEM) that can be read", permanent=True) from problem
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _reply(server: str, answer: http.client.HTTPResponse, data: bytes) -> Reply:
    now, pause = _time(answer.getheader(NOW_HEADER)), answer.getheader("Retry-After", "")
    seconds = min(float(pause), 300.0) if pause.isdecimal() else 0.0
    if answer.status == _EMPTY:
        return Reply(None, now, seconds)
    body = _object(data) if len(data) <= _LARGEST else None
    if body is None:
        raise LinkError(f"`{server}` answers something that is not of Klaswacht", permanent=False)
    return Reply(body, now, seconds)


def _refusal(server: str, status: int, data: bytes) -> LinkError:
    said = (_object(data) or {}).get("error")
    why = said if isinstance(said, str) else f"status {status}"
    return LinkError(f"`{server}` says no: {why}", permanent=400 <= status < 500 and status not in _TEMPORARY)


def _object(data: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(data)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _time(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found.astimezone(UTC) if found is not None and found.tzinfo is not None else None
