"""The way out to a provider: over TLS, to its own hosts only, no redirects, a few seconds, a bounded answer.

What a provider answers decides who comes in, so nothing on the way may lead elsewhere: no proxy of the environment, no
cookies, no compressed bodies (a small one can be huge), and certificates that the school trusts.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import certifi
import httpx

WITHIN = 5.0  # seconds for one step of a sign-in, all its requests together
LARGEST = 256 * 1024  # bytes of one answer


class Away(Exception):
    """A provider does not answer, is slow, or answers what no provider does; `str` is for the log, without secrets."""


def trusting(extra: Iterable[Path]) -> ssl.SSLContext:
    """Verifies providers: the public roots, and the school's own in `extra` (PEM files).

    Raises:
        OSError: a file is gone, or is no certificate.
    """
    context = ssl.create_default_context(cafile=certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for file in extra:
        context.load_verify_locations(file)
    return context


def host_of(address: str) -> str:
    """`host:port` of an https address; empty where it is none."""
    try:
        parts = urlsplit(address)
        port = parts.port or 443
    except ValueError:
        return ""
    sound = parts.scheme == "https" and parts.hostname and parts.username is None and not parts.fragment
    return f"{parts.hostname}:{port}" if sound else ""


class Wire(httpx.BaseTransport):
    """What `httpx` sends its requests by, for one step of one sign-in.

    `hosts` are the only `host:port` that are asked, `detours` where a name leads in this school's network
    (`egress.hosts`). It lives `within` seconds.
    """

    def __init__(
        self,
        hosts: Collection[str],
        context: ssl.SSLContext,
        detours: Mapping[str, str] | None = None,
        within: float = WITHIN,
    ) -> None:
        self._hosts, self._detours = hosts, detours or {}
        self._until = time.monotonic() + within
        self._inner = httpx.HTTPTransport(verify=context, trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request and the whole of its answer.

        Raises:
            Away: it may not be asked, does not answer in time, answers too much, or sends us elsewhere.
        """
        at = host_of(str(request.url))
        if at not in self._hosts:
            raise Away("an address that is not the provider's")
        if at in self._detours:
            place = httpx.URL(f"https://{self._detours[at]}")
            # The name stays what is asked for and what the certificate must say.
            request.extensions["sni_hostname"] = request.url.host
            request.url = request.url.copy_with(host=place.host, port=place.port)
        left = self._left()
        request.extensions["timeout"] = dict.fromkeys(("connect", "read", "write", "pool"), left)
        try:
            return self._read(self._inner.handle_request(request))
        except (httpx.HTTPError, OSError) as error:
            raise Away(type(error).__name__) from None

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()

    def _read(self, answer: httpx.Response) -> httpx.Response:
        try:
            if answer.is_redirect or answer.has_redirect_location:
                raise Away("a redirect")
            if answer.headers.get("Content-Encoding", "identity") != "identity":
                raise Away("a compressed answer")
            data = bytearray()
            for part in answer.iter_raw():
                data += part
                self._left()
                if len(data) > LARGEST:
                    raise Away("an answer that is too long")
        finally:
            answer.close()
        kind = {"Content-Type": answer.headers.get("Content-Type", "")}
        return httpx.Response(answer.status_code, headers=kind, content=bytes(data))

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise Away("no answer in time")
        return left


def browser(wire: Wire) -> httpx.Client:
    """What asks over a wire; close it after the step."""
    headers = {"Accept-Encoding": "identity", "User-Agent": "Klaswacht"}
    return httpx.Client(transport=wire, trust_env=False, follow_redirects=False, headers=headers)
