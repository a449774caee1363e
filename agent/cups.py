"""The talk with CUPS: IPP over its local socket, where the kernel says which account is asking.

Of a job only what `_OF_A_JOB` names is asked for: its title is never fetched, so it can be told nowhere. Sources:
RFC 8010 (encoding), RFC 8011 (operations); CUPS has operations of its own (`CUPS-Move-Job`).
"""

from __future__ import annotations

import http.client
import os
import pwd
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

SOCKET = Path("/run/cups/cups.sock")
_PATIENCE = 15.0  # seconds
_AGAIN = (0.1, 0.3, 0.6, 1.0)  # seconds
_LARGEST = 64 * 1024 * 1024  # bytes of a document that are read to count its pages
_OF_A_JOB = (
    "job-id",
    "job-uuid",
    "job-state",
    "job-state-reasons",
    "job-printer-uri",
    "job-originating-user-name",
    "job-media-sheets",
    "job-impressions",
    "copies",
    "print-color-mode",
    "ColorModel",
    "time-at-creation",
    "job-printer-up-time",
    "number-of-documents",
)
_CONF = "/admin/conf/cupsd.conf"


class Operation(IntEnum):
    """What CUPS can be asked, by its number."""

    CANCEL_JOB = 0x0008
    GET_JOB = 0x0009
    GET_JOBS = 0x000A
    RELEASE_JOB = 0x000D
    PAUSE_PRINTER = 0x0010
    GET_PRINTERS = 0x4002
    ADD_MODIFY_PRINTER = 0x4003
    DELETE_PRINTER = 0x4004
    MOVE_JOB = 0x400D
    GET_DOCUMENT = 0x4027


_READS = frozenset({Operation.GET_JOB, Operation.GET_JOBS, Operation.GET_PRINTERS, Operation.GET_DOCUMENT})


class JobState(IntEnum):
    """RFC 8011, 5.3.7."""

    PENDING = 3
    HELD = 4
    PROCESSING = 5
    STOPPED = 6
    CANCELED = 7
    ABORTED = 8
    COMPLETED = 9


class Tag(IntEnum):
    """The value tags that are written here (RFC 8010, 3.5.2)."""

    INTEGER = 0x21
    BOOLEAN = 0x22
    ENUM = 0x23
    NAME = 0x42
    KEYWORD = 0x44
    URI = 0x45
    CHARSET = 0x47
    LANGUAGE = 0x48
    MIME = 0x49


class CupsError(Exception):
    """CUPS cannot be reached, or said no. `refused`: it is there and this account may not."""

    def __init__(self, problem: str, *, refused: bool = False, status: int = 0) -> None:
        super().__init__(problem)
        self.refused = refused
        self.status = status


type Value = int | bool | str | bytes
type Given = tuple[Tag, str, Value | Sequence[Value]]


@dataclass(frozen=True, slots=True)
class Attributes:
    """The attributes of one job or one printer, by name."""

    values: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)

    def number(self, name: str) -> int | None:
        """Return the first value where it is a number."""
        found = self.values.get(name, ())
        return found[0] if found and isinstance(found[0], int) and not isinstance(found[0], bool) else None

    def text(self, name: str) -> str:
        """Return the first value where it is text, else nothing."""
        found = self.values.get(name, ())
        return found[0] if found and isinstance(found[0], str) else ""

    def flag(self, name: str) -> bool:
        """Whether the first value is true."""
        return self.values.get(name, ())[:1] == (True,)


class Cups:
    """One CUPS, asked by the account that this process runs under. Every method may raise `CupsError`."""

    def __init__(self, path: Path = SOCKET) -> None:
        self.path = path
        self.user = pwd.getpwuid(os.geteuid()).pw_name

    def jobs(self, queue: str) -> tuple[Attributes, ...]:
        """Return the jobs of a queue that are not finished, oldest first."""
        groups, _ = self._ask(
            Operation.GET_JOBS,
            _queue(queue),
            (Tag.KEYWORD, "which-jobs", "not-completed"),
            (Tag.KEYWORD, "requested-attributes", _OF_A_JOB),
        )
        return tuple(groups.get(2, ()))

    def job(self, number: int) -> Attributes | None:
        """Return one job, finished ones too; None: CUPS knows no such job."""
        try:
            groups, _ = self._ask(
                Operation.GET_JOB, _job(number), (Tag.KEYWORD, "requested-attributes", _OF_A_JOB), path="/jobs/"
            )
        except CupsError as problem:
            if problem.status == _NOT_FOUND:
                return None
            raise
        return next(iter(groups.get(2, ())), None)

    def document(self, number: int, which: int = 1) -> bytes:
        """Return the bytes of a job's document (the first is 1), no more than 64 MB. It is for counting only."""
        _, data = self._ask(
            Operation.GET_DOCUMENT, _job(number), (Tag.INTEGER, "document-number", which), path="/jobs/"
        )
        return data

    def move(self, number: int, queue: str) -> None:
        """Move a job that waits to another queue. It stays the same job, with the same number and UUID."""
        self._ask(Operation.MOVE_JOB, _job(number), job=[(Tag.URI, "job-printer-uri", _uri(queue))], path="/jobs/")

    def release(self, number: int) -> None:
        """Let a held job go on."""
        self._ask(Operation.RELEASE_JOB, _job(number), path="/jobs/")

    def drop(self, number: int) -> None:
        """Take a job away, with its document."""
        self._ask(Operation.CANCEL_JOB, _job(number), (Tag.BOOLEAN, "purge-job", True), path="/jobs/")

    def printers(self) -> tuple[Attributes, ...]:
        """Return all queues."""
        wanted = (
            "printer-name",
            "printer-state",
            "printer-op-policy",
            "printer-is-accepting-jobs",
            "printer-is-shared",
            "device-uri",
            "printer-type",
        )
        try:
            groups, _ = self._ask(Operation.GET_PRINTERS, (Tag.KEYWORD, "requested-attributes", wanted))
        except CupsError as problem:
            if problem.status == _NOT_FOUND:
                return ()
            raise
        return tuple(groups.get(4, ()))

    def change(self, queue: str, attributes: Sequence[Given], ppd: bytes = b"") -> None:
        """Make a queue, or change what is named of one that is there."""
        self._ask(Operation.ADD_MODIFY_PRINTER, _queue(queue), printer=attributes, data=ppd, path="/admin/")

    def delete(self, queue: str) -> None:
        """Take a queue away, with the jobs in it; one that is not there is fine."""
        try:
            self._ask(Operation.DELETE_PRINTER, _queue(queue), path="/admin/")
        except CupsError as problem:
            if problem.status != _NOT_FOUND:
                raise

    def stop(self, queue: str) -> None:
        """Stop a queue: jobs are taken in and stay."""
        self._ask(Operation.PAUSE_PRINTER, _queue(queue), path="/admin/")

    def ppd(self, queue: str) -> bytes:
        """Return the PPD file of a queue; nothing where it has none."""
        status, body = self._http("GET", f"/printers/{queue}.ppd", b"", "")
        return body if status == http.client.OK else b""

    def configuration(self) -> str:
        """Return `cupsd.conf` as CUPS has it."""
        status, body = self._http("GET", _CONF, b"", "")
        if status != http.client.OK:
            raise _http_error(status)
        return body.decode("utf-8", "surrogateescape")

    def configure(self, text: str) -> None:
        """Give CUPS another `cupsd.conf`; it reads it by itself, and breaks off no job."""
        status, _ = self._http("PUT", _CONF, text.encode("utf-8", "surrogateescape"), "text/plain")
        if status not in {http.client.OK, http.client.CREATED, http.client.NO_CONTENT}:
            raise _http_error(status)

    def _ask(
        self,
        operation: Operation,
        *given: Given,
        job: Sequence[Given] = (),
        printer: Sequence[Given] = (),
        data: bytes = b"",
        path: str = "/",
    ) -> tuple[dict[int, list[Attributes]], bytes]:
        first: list[Given] = [
            (Tag.CHARSET, "attributes-charset", "utf-8"),
            (Tag.LANGUAGE, "attributes-natural-language", "en"),
            given[0] if given else (Tag.NAME, "requesting-user-name", self.user),
        ]
        rest = given[1:] if given else ()
        if given and given[0][0] is Tag.URI:
            first.append((Tag.NAME, "requesting-user-name", self.user))
        body = encode(operation, [(1, [*first, *rest]), (2, job), (4, printer)]) + data
        status, answer = self._http("POST", path, body, "application/ipp", reads=operation in _READS)
        if status != http.client.OK:
            raise _http_error(status)
        code, groups, left = decode(answer)
        if code >= _FAILED:
            said = next((one.text("status-message") for one in groups.get(1, ())), "")
            raise CupsError(said or f"IPP status {code:#06x}", refused=code in _REFUSED, status=code)
        return groups, left

    def _http(self, method: str, path: str, body: bytes, kind: str, *, reads: bool = False) -> tuple[int, bytes]:
        """Ask once; what only `reads` is asked again, for CUPS breaks off talks while it reads its file again."""
        for wait in _AGAIN if reads or method == "GET" else ():
            try:
                return self._once(method, path, body, kind)
            except (ConnectionError, FileNotFoundError):
                time.sleep(wait)
            except (OSError, http.client.HTTPException):
                break
        try:
            return self._once(method, path, body, kind)
        except (OSError, http.client.HTTPException) as problem:
            raise CupsError(f"CUPS does not answer at `{self.path}`: {problem}") from problem

    def _once(self, method: str, path: str, body: bytes, kind: str) -> tuple[int, bytes]:
        headers = {"Authorization": f"PeerCred {self.user}"} | ({"Content-Type": kind} if kind else {})
        connection = _Local(self.path)
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(_LARGEST)
        finally:
            connection.close()


class _Local(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_PATIENCE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_PATIENCE)
        self.sock.connect(str(self._path))


_FAILED = 0x0400
_NOT_FOUND = 0x0406
_REFUSED = frozenset({0x0401, 0x0402, 0x0403})  # forbidden, not authenticated, not authorized


def _http_error(status: int) -> CupsError:
    no = status in {http.client.UNAUTHORIZED, http.client.FORBIDDEN}
    return CupsError(f"CUPS answers HTTP {status}", refused=no)


def _uri(queue: str) -> str:
    return f"ipp://localhost/printers/{queue}"


def _queue(queue: str) -> Given:
    return (Tag.URI, "printer-uri", _uri(queue))


def _job(number: int) -> Given:
    return (Tag.URI, "job-uri", f"ipp://localhost/jobs/{number}")


def encode(operation: int, groups: Sequence[tuple[int, Sequence[Given]]]) -> bytes:
    """Write an IPP 2.0 request: groups of attributes, each `(tag, name, value or values)`."""
    out = bytearray(struct.pack(">BBHI", 2, 0, operation, 1))
    for group, attributes in groups:
        if not attributes:
            continue
        out.append(group)
        for tag, name, given in attributes:
            values = (given,) if isinstance(given, str | bytes | int) else tuple(given)
            for number, value in enumerate(values):
                key, raw = (b"" if number else name.encode()), _raw(tag, value)
                out += struct.pack(">BH", tag, len(key)) + key + struct.pack(">H", len(raw)) + raw
    out.append(3)
    return bytes(out)


def _raw(tag: Tag, value: Value) -> bytes:
    if tag is Tag.BOOLEAN:
        return bytes([bool(value)])
    if isinstance(value, int):
        return struct.pack(">i", value)
    return value.encode() if isinstance(value, str) else value


def decode(answer: bytes) -> tuple[int, dict[int, list[Attributes]], bytes]:
    """Read an IPP answer: its status, the groups by their tag, and the bytes after them.

    Raises:
        CupsError: it is no IPP, or half of it.
    """
    try:
        return _decoded(answer)
    except (struct.error, IndexError) as problem:
        raise CupsError("CUPS gave half an answer") from problem


def _decoded(answer: bytes) -> tuple[int, dict[int, list[Attributes]], bytes]:
    _, _, status, _ = struct.unpack_from(">BBHI", answer)
    groups: dict[int, list[Attributes]] = {}
    values: dict[str, tuple[Value, ...]] = {}
    at, name = 8, ""
    while (tag := answer[at]) != 3:
        at += 1
        if tag < 0x10:  # a new group
            values = {}
            groups.setdefault(tag, []).append(Attributes(values))
            continue
        key, at = _piece(answer, at)
        raw, at = _piece(answer, at)
        name = key.decode("utf-8", "replace") or name
        values[name] = (*values.get(name, ()), _value(tag, raw))
    return status, groups, answer[at + 1 :]


def _piece(answer: bytes, at: int) -> tuple[bytes, int]:
    (length,) = struct.unpack_from(">H", answer, at)
    end = at + 2 + length
    if end > len(answer):
        raise IndexError
    return answer[at + 2 : end], end


def _value(tag: int, raw: bytes) -> Value:
    if tag in {Tag.INTEGER, Tag.ENUM} and len(raw) == 4:
        return int(struct.unpack(">i", raw)[0])
    if tag == Tag.BOOLEAN:
        return raw != b"\0"
    return raw.decode("utf-8", "replace") if 0x40 <= tag < 0x60 else raw
