"""The door between engines and the asking side: what an engine knows of one exchange, and what it must do.

No mitmproxy type passes here, so that what asks, answers and records does not know which engine carries it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from policy.model import AccessRequest, Decision

_WEB = frozenset({"h2", "http/1.1", "http/1.0"})  # ALPN ids (IANA) of HTTP over TCP


@dataclass(frozen=True, slots=True)
class Peer:
    """Where a connection came from: client address, listener port, and the credentials it gave, if any.

    `credentials` is the raw value of `Proxy-Authorization` (None: not given). `connection` is the engine's id of the
    client connection. `full` says that it was let in beyond the bound, only to be told so.
    """

    connection: str
    address: str
    port: int
    credentials: str | None = None
    full: bool = False


@dataclass(frozen=True, slots=True)
class Exchange:
    """One HTTP request (or WebSocket handshake) as an engine saw it, names untouched.

    `headers` has lower-case names; of doubled headers the values are joined with `, ` except `host`, where all are in
    `hosts`. `body` is None when there is none or when it was not looked into.
    """

    peer: Peer
    method: str
    scheme: str
    url: str
    hosts: tuple[str, ...]
    connect: str | None = None
    sni: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    websocket: bool = False
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A response made here; the origin is not contacted."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Hello:
    """A TLS ClientHello: the name of its CONNECT (None: there was none), the name in it, and what it offers to speak.

    `alpn` are the protocols that it offers, in its order (empty: it does not say); `ech` says that another name may be
    hidden behind `sni`.
    """

    connect: str | None
    sni: str | None
    alpn: tuple[str, ...] = ()
    ech: bool = False

    @property
    def speaks_web(self) -> bool:
        """Whether nothing but HTTP over TCP is offered, as far as it says."""
        return all(protocol in _WEB for protocol in self.alpn)


class Door(StrEnum):
    """What to do with a new connection."""

    TUNNEL = "tunnel"
    INSPECT = "inspect"
    REFUSE = "refuse"
    CHALLENGE = "challenge"


class Away(StrEnum):
    """Why the door closed a connection, or (`ECH`, `PROTOCOL`) would not tunnel it and has it looked into."""

    OUTSIDE = "outside"  # from out in the world: an open proxy is everybody's
    TOO_MANY = "too-many"  # more at a time than one address, or one device, needs
    SILENT = "silent"  # not a byte; browsers open spare connections, so some of these are nothing odd
    GARBAGE = "garbage"  # no HTTP
    TLS = "tls"  # TLS to a port that wants a request to a proxy
    SLOW_HEAD = "slow-head"
    HUGE_HEAD = "huge-head"
    BAD_HEAD = "bad-head"  # a head that can be read in two ways, or a CONNECT with a body
    PORT = "port"
    REFUSED = "refused"  # the asking side would not have it, or no key could be asked for
    HALF_HELLO = "half-hello"
    HUGE_HELLO = "huge-hello"
    BAD_HELLO = "bad-hello"
    NO_SNI = "no-sni"  # in a tunnel
    OTHER_NAME = "other-name"  # in a tunnel: not the one that it was opened for
    ECH = "ech"
    PROTOCOL = "protocol"
    STRANGER_PROXY_HEADER = "stranger-proxy-header"
    BAD_PROXY_HEADER = "bad-proxy-header"
    LOOP = "loop"  # nobody led it to the transparent port, or the guard itself did; what we sent came back


@dataclass(frozen=True, slots=True)
class Entry:
    """The word on a connection: what to do, and for a tunnel the request and decision it lives by.

    `fault` says that it could not be judged.
    """

    door: Door
    request: AccessRequest | None = None
    decision: Decision | None = None
    fault: bool = False


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What is changed in a request before it goes on.

    `target` is the path and query (None: as it was), `body` the body (None: as it was). `headers` and `cookies` are set
    in place of any of that name.
    """

    target: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    cookies: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Ruling:
    """The word on an exchange: `answer` None lets it pass, and `request` is what to ask again when things change.

    `cookie` is a `Set-Cookie` value that goes with the site's own answer (empty: none). `rewrite` is what an exchange
    that passes must be changed to first (None: nothing). `watched` says that of a body that streams the beginning must
    be shown to `Asking.sent` before any of it goes on, `kept` that a browser may keep the answer.
    `fault` says that it could not be judged.
    """

    request: AccessRequest | None
    decision: Decision | None
    answer: Answer | None = None
    cookie: str = ""
    rewrite: Rewrite | None = None
    watched: bool = True
    kept: bool = True
    fault: bool = False
