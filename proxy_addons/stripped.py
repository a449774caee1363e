"""The header fields of a request as an origin may see them: nothing of who asks here, and nothing between hops."""

from __future__ import annotations

type Fields = tuple[tuple[bytes, bytes], ...]

_WHO = frozenset(
    b"forwarded x-real-ip x-client-ip client-ip true-client-ip x-cluster-client-ip x-originating-ip x-remote-ip "
    b"x-remote-addr cf-connecting-ip fastly-client-ip x-proxyuser-ip".split()
)
"""Who asks, as caches and programs say it in many ways: no site's business, and easily made up."""
_WHERE = frozenset(b"x-host x-original-host x-http-host-override x-original-url x-rewrite-url x-override-url".split())
"""What some servers take for the host or path that is asked for, whatever was judged."""
_NEAR = frozenset(b"proxy keep-alive http2-settings".split())  # between us and the client alone
_BEGINS = (b"proxy-", b"x-forwarded-")
_NOT_ON = _WHO | _WHERE | _NEAR
_NOT_ON_EITHER = _NOT_ON | {b"upgrade"}  # an upgrade to anything but a WebSocket would be a raw tunnel
_HOPS = frozenset({b"keep-alive", b"close", b"upgrade", b"te"})  # what `Connection` may say
_STAYS = frozenset({b"host", b"content-length", b"transfer-encoding"})  # whatever it says: they say where a body ends


def stripped(fields: Fields, *, websocket: bool) -> Fields:
    """The fields that go on; the very same object when all do. `websocket`: the request is for one.

    A name with `_` counts as one with `-`: servers that hand fields on as variables read it so.
    """
    drop = _NOT_ON if websocket else _NOT_ON_EITHER
    names = b"\n".join([name for name, _ in fields]).lower().replace(b"_", b"-").split(b"\n")
    named = _named(fields) if b"connection" in names else frozenset()
    if not named and drop.isdisjoint(names) and not any(name.startswith(_BEGINS) for name in names):
        return fields  # nearly always
    if named:
        drop = drop | (named - _STAYS) | {b"connection"}
    both = zip(names, fields, strict=True)
    kept = tuple(field for name, field in both if name not in drop and not name.startswith(_BEGINS))
    rest = _hops(fields) if named else b""
    return (*kept, (b"Connection", rest)) if rest else kept


def _words(fields: Fields) -> list[bytes]:
    said = [value for name, value in fields if name.lower() == b"connection"]
    return [word for value in said for one in value.split(b",") if (word := one.strip().lower())]


def _named(fields: Fields) -> frozenset[bytes]:
    """The fields that `Connection` names (RFC 9110, 7.6.1).

    Whoever takes the request next takes them off: also one that we add, like the word for a safe search, if a client
    may name it. So they end here, and the next one is not told.
    """
    return frozenset(_words(fields)) - _HOPS


def _hops(fields: Fields) -> bytes:
    return b", ".join(word for word in _words(fields) if word in _HOPS)
