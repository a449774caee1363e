"""The line to the school's dashboard: https only, and only with a certificate of the school's own CA.

Every question is signed by this device, with the school's time and a number of its own; every answer is signed by the
school over that number. An answer to another question, for another device or changed on the way counts for nothing.
"""

from __future__ import annotations

import http.client
import json
import secrets
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from agent.clock import SchoolClock
from agent.home import Enrolment
from agent.signing import Answer, DeviceKey
from policy import signed

NOW_HEADER = "Klaswacht-Now"
SIGNATURE_HEADER = "Klaswacht-Signature"
_TIMEOUT = 10.0
_NO_CHECK_TIME = ssl.VerifyFlags(0x200000)  # X509_V_FLAG_NO_CHECK_TIME, openssl/x509_vfy.h: Python has no name for it
_LARGEST = 16 * 1024 * 1024
_DEFAULT_PORT = 8443
_OK, _EMPTY, _NOT_NOW = 200, 204, 425
_TEMPORARY = frozenset({408, 425, 429})


class LinkError(Exception):
    """The school cannot be reached, or says no. `permanent`: trying again without a change is of no use."""

    def __init__(self, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server said. `now` is its time, `pause` how many seconds to wait before asking again (it is busy).

    `answer` is the same as it was signed; only the answer to an enrolment has none.
    """

    body: dict[str, Any] | None
    now: datetime | None
    pause: float = 0.0
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class _Heard:
    """An answer as it came off the wire, believed by nobody yet."""

    status: int
    data: bytes
    now: str
    signature: str
    retry: str


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
    """Make a key for this device and enrol its public half with a one-time code; pin the school's.

    Raises:
        LinkError: unreachable, another CA, or a code that is wrong, old or used.
    """
    address, secret = server_address(server), DeviceKey.make()
    asked = _json({"code": code, "public_key": DeviceKey(secret).public})
    heard = _send(address, ca, "POST", "/api/agent/enroll", asked, timeout=timeout)
    body = _reply(address, heard).body or {}
    try:
        device, key, school, school_key = (str(body[name]) for name in ("device", "key", "school", "school_key"))
    except KeyError as missing:
        raise LinkError(f"the server's answer has no {missing}; is it a Klaswacht dashboard?", permanent=True) from None
    return Enrolment(address, device, key, school, secret, school_key, str(body.get("language", "nl")))


class Link:
    """The line of an enrolled device. Every call is one connection, or two where the clock was wrong.

    Any number of threads may call. `clock` is put right by what the server says; None: one of its own.
    """

    def __init__(
        self, enrolment: Enrolment, ca: Path, timeout: float = _TIMEOUT, clock: SchoolClock | None = None
    ) -> None:
        self._enrolment = enrolment
        self._key = DeviceKey(enrolment.secret)
        self._ca = ca
        self._timeout = timeout
        self._clock = clock or SchoolClock()

    def fetch(self, revision: int, wait: float = 0.0) -> Reply:
        """Ask for this device's cut of the snapshot; `body` is None while `revision` is still the newest.

        Waits at most `wait` seconds (20 at most) for a change.

        Raises:
            LinkError: unreachable, not signed by the school, or the device is not known any more (permanent).
        """
        path = f"/api/agent/snapshot?revision={revision}&wait={wait:g}"
        return self._ask("GET", path, None, self._timeout + wait)

    def push(self, events: Sequence[Mapping[str, Any]], lost: int = 0) -> Reply:
        """Hand over events. The same event twice is harmless.

        Raises:
            LinkError: as `fetch`; permanent too where the server will never take these.
        """
        return self._ask("POST", "/api/agent/events", {"events": list(events), "lost": lost}, self._timeout)

    def prints(self, jobs: Sequence[Mapping[str, Any]]) -> Reply:
        """Tell every job that waits at this print server; `body` has `no`, the UUIDs of those that somebody refused.

        Raises:
            LinkError: as `fetch`; permanent where the school does not know this device as a print server.
        """
        return self._ask("POST", "/api/agent/print", {"jobs": list(jobs)}, self._timeout)

    def leave(self) -> None:
        """Tell the school that this device forgets its keys; they open nothing there any more.

        Raises:
            LinkError: as `fetch`.
        """
        self._ask("POST", "/api/agent/unenroll", {}, self._timeout)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None, timeout: float) -> Reply:
        """Ask, and once more where the question came at the wrong time: the server told which time it is."""
        data = b"" if body is None else _json(body)
        nonce, heard = self._send(method, path, data, timeout)
        told = _time(heard.now)
        if heard.status == _NOT_NOW and told is not None:
            self._clock.hear(told)
            nonce, heard = self._send(method, path, data, timeout)
        reply = _reply(self._enrolment.server, heard)
        answer = self._proved(heard, nonce, reply)
        if reply.now is not None:
            self._clock.hear(reply.now)
        return replace(reply, answer=answer)

    def _send(self, method: str, path: str, data: bytes, timeout: float) -> tuple[str, _Heard]:
        """Sign a question and send it; return its number too."""
        mine, nonce = self._enrolment, secrets.token_hex(16)
        at = signed.moment_number(self._clock.now())
        signature = self._key.sign(signed.question(mine.school, mine.device, method, path, data, at, nonce))
        authorization = f"Klaswacht {quote(mine.device, safe='')}:{at}:{nonce}:{signature}"
        return nonce, _send(mine.server, self._ca, method, path, data, timeout=timeout, authorization=authorization)

    def _proved(self, heard: _Heard, nonce: str, reply: Reply) -> Answer:
        """Return the answer, once it is sure that the school gave it to this question of this device."""
        mine, revision = self._enrolment, _revision(reply.body)
        body = heard.data.decode(errors="replace")
        answer = Answer(mine.school, mine.device, nonce, heard.now, heard.status, revision, body, heard.signature)
        if reply.now is None or not answer.proved(mine.school_key):
            raise LinkError(f"`{mine.server}` answers what the school did not sign", permanent=False)
        return answer


def _send(
    server: str,
    ca: Path,
    method: str,
    path: str,
    data: bytes,
    *,
    timeout: float,
    authorization: str | None = None,
) -> _Heard:
    """One request. No proxy, no redirect, no other CA than the school's."""
    headers = {"Accept": "application/json"}
    if data:
        headers["Content-Type"] = "application/json"
    if authorization:
        headers["Authorization"] = authorization
    context = school_context(ca, enrolled=authorization is not None)
    connection = http.client.HTTPSConnection(server, timeout=timeout, context=context)
    try:
        connection.request(method, path, data or None, headers)
        answer = connection.getresponse()
        told = (answer.getheader(name, "") for name in (NOW_HEADER, SIGNATURE_HEADER, "Retry-After"))
        return _Heard(answer.status, answer.read(_LARGEST + 1), *told)
    except ssl.SSLCertVerificationError as problem:
        said = problem.verify_message or "unknown"
        raise LinkError(f"`{server}` has no certificate of the school's CA ({said})", permanent=False) from problem
    except (OSError, http.client.HTTPException) as problem:
        raise LinkError(f"`{server}` cannot be reached ({problem})", permanent=False) from problem
    finally:
        connection.close()


def school_context(ca: Path, *, enrolled: bool = True) -> ssl.SSLContext:
    """Return what believes the school's CA and no other.

    An enrolled device asks no certificate whether it is of today: by a clock with an empty battery none is, and the
    device would hear of no ban. What counts is signed by the school's key, which it has, over a number of now.

    Raises:
        LinkError: the file is no CA.
    """
    try:
        context = ssl.create_default_context(cafile=str(ca))
    except (OSError, ssl.SSLError) as problem:
        raise LinkError(f"`{ca}` is not a CA certificate (PEM) that can be read", permanent=True) from problem
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if enrolled:
        context.verify_flags |= _NO_CHECK_TIME
    return context


def _reply(server: str, heard: _Heard) -> Reply:
    """Read an answer. Raises `LinkError` for a refusal and for what is no answer of a dashboard."""
    if heard.status not in (_OK, _EMPTY):
        raise _refusal(server, heard.status, heard.data)
    now, seconds = _time(heard.now), min(float(heard.retry), 300.0) if heard.retry.isdecimal() else 0.0
    if heard.status == _EMPTY:
        return Reply(None, now, seconds)
    body = _object(heard.data) if len(heard.data) <= _LARGEST else None
    if body is None:
        raise LinkError(f"`{server}` answers something that is not of Klaswacht", permanent=False)
    return Reply(body, now, seconds)


def _revision(body: dict[str, Any] | None) -> int:
    """Return the revision of the snapshot in an answer; 0: it brings none."""
    snapshot = (body or {}).get("snapshot")
    found = snapshot.get("revision") if isinstance(snapshot, dict) else None
    return found if isinstance(found, int) else 0


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


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo is not None else None


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode()
