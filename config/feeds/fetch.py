"""Gets a feed over http or https, bounded in time and size, and only when it has changed.

Messages name an address without password and query. A redirect from https to http is refused; a password is sent to
the host that it was given for only.
"""

from __future__ import annotations

import base64
import http.client
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

import certifi

from config.feeds.packed import FeedError
from config.feeds.subscriptions import shown

LARGEST = 256 << 20  # bytes
_NOT_CHANGED = 304


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds without any byte, seconds in all, bytes in all."""

    idle: float = 30.0
    whole: float = 600.0
    size: int = LARGEST


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came: how many bytes, and what the server calls this state of it."""

    size: int
    etag: str = ""
    modified: str = ""


class _Redirects(HTTPRedirectHandler):
    """Follows to http and https, never from https to http."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> Request | None:
        scheme = urlsplit(newurl).scheme
        if scheme not in ("http", "https") or (req.type == "https" and scheme == "http"):
            raise FeedError(f"`{shown(req.full_url)}` leads to an address that is not followed (`{shown(newurl)}`)")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch(
    source: str,
    into: Path,
    etag: str = "",
    modified: str = "",
    trust: Sequence[Path] = (),
    limits: Limits = Limits(),
) -> Fetched | None:
    """Write what is at the address into a file; None when the server says that it did not change.

    `trust` are further CA files (PEM), as in `egress.trust` of the school file.

    Raises:
        FeedError: it could not be had; says why in one line.
    """
    name = shown(source)
    end = time.monotonic() + limits.whole
    try:
        request = _request(source, etag, modified)
        with _opener(trust).open(request, timeout=limits.idle) as answer:
            size = _copy(answer, into, end, limits)
            told: Message = answer.headers
            return Fetched(size, told.get("ETag", "")[:200], told.get("Last-Modified", "")[:100])
    except HTTPError as error:
        with error:
            if error.code == _NOT_CHANGED and (etag or modified):
                return None
        raise FeedError(f"`{name}` answered {error.code}", "look at the address in a browser") from None
    except URLError as error:
        raise FeedError(f"`{name}` cannot be reached ({_why(error.reason)})") from None
    except TimeoutError:
        raise FeedError(f"`{name}` did not answer in time") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise FeedError(f"`{name}` cannot be fetched ({_why(error)})") from None


def _why(reason: object) -> str:
    """What went wrong, without anything of the address: a library's own words may quote a password."""
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"its certificate is not right: {reason.verify_message}"
    if isinstance(reason, TimeoutError):
        return "no answer in time"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror.lower()
    return type(reason).__name__


def _request(source: str, etag: str, modified: str) -> Request:
    parts = urlsplit(source)
    login, _, host = parts.netloc.rpartition("@")
    if parts.scheme not in ("http", "https") or not host:
        raise FeedError(f"`{shown(source)}` is not an address of http or https")
    request = Request(urlunsplit((parts.scheme, host, parts.path or "/", parts.query, "")))  # noqa: S310 - checked above
    request.add_header("User-Agent", "Klaswacht (school filter; lists update)")
    request.add_header("Accept-Encoding", "identity")
    if etag:
        request.add_header("If-None-Match", etag)
    if modified:
        request.add_header("If-Modified-Since", modified)
    if login:
        user, _, password = login.partition(":")
        pair = base64.b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {pair}")
    return request


def _opener(trust: Sequence[Path]) -> OpenerDirector:
    """Only what is needed: no files, no ftp. A proxy of the environment is used."""
    context = ssl.create_default_context()
    context.hostname_checks_common_name = False  # as browsers: only the names that a certificate is for
    context.load_verify_locations(certifi.where())
    for file in trust:
        context.load_verify_locations(file)
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(),
        HTTPHandler(),
        HTTPSHandler(context=context),
        _Redirects(),
        HTTPDefaultErrorHandler(),
        HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def _copy(answer: Any, into: Path, end: float, limits: Limits) -> int:
    announced = answer.headers.get("Content-Length", "")
    if announced.isdigit() and int(announced) > limits.size:
        raise FeedError(f"it is more than {limits.size // 2**20} MB")
    size = 0
    with into.open("wb") as file:
        while block := answer.read1(1 << 16):
            size += len(block)
            if size > limits.size:
                raise FeedError(f"it is more than {limits.size // 2**20} MB")
            if time.monotonic() > end:
                raise FeedError(f"it was not all here after {limits.whole:.0f} seconds")
            file.write(block)
    if announced.isdigit() and size < int(announced):
        raise FeedError("the connection ended before all of it was here")
    return size
