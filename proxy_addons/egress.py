"""Where the guard itself may connect to: listed ports, and only addresses out in the world.

Judged by the *resolved* address, at the moment of connecting, so that neither an odd spelling nor a changing name
server leads to the dashboard, the school's own network or a cloud's metadata (`world`, `here`). What was judged is what
is connected to: no name is looked up in between. Names that the school maps are the only exception; the dashboard and
the guard's own listeners have none.

For a pupil a search engine is looked up by the name at which it is always safe (`forcesafesearch.google.com`), while
all else of the connection stays as it was. Where what is sent is made safe as well, that name is the second lock: when
it cannot be found (a name server of the school's own, say) the ordinary one does, or searching would be gone. In a
tunnel, and for an engine that only its name makes safe, there is no other lock: then the connection fails.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextvars import ContextVar
from enum import Enum
from pathlib import Path
from typing import Any, Protocol, cast

import certifi

from config.settings import Listen
from proxy_addons.here import Here, Place
from proxy_addons.loops import Loops
from proxy_addons.world import address_of, in_world

type Infos = list[tuple[int, int, int, str, tuple[Any, ...]]]
type Resolve = Callable[..., Awaitable[Infos]]

NOWHERE = "dns"  # kinds of trouble (those of `Gate.trouble`): the name is unknown,
UNANSWERED = "unanswered"  # nobody says whether there is such a name,
UNREACHABLE = "unreachable"  # or the guard does not get there, or does not go there
_TTL = 30.0  # seconds that an answer is kept
_FAILED_TTL = 3.0  # seconds that a failure is kept
_MOST = 4096  # names kept
_AGO = {
    socket.EAI_NONAME: "name not found a moment ago",
    socket.EAI_AGAIN: "temporary failure in name resolution a moment ago",
}


class Way(Enum):
    """By which name a search engine is looked up: its own; its safe one, or its own when that fails; its safe one."""

    PLAIN = "plain"
    SAFE = "safe"
    ONLY_SAFE = "only safe"


class SafeNames(Protocol):
    """What knows under which name a search engine is always safe (`policy.search.Engines`)."""

    def safe_name(self, host: str) -> str | None:
        """The name to look up in place of a canonical host; None: the host itself."""

    def only_by_name(self, host: str) -> bool:
        """Whether a canonical host is safe by that name alone."""


_WAY: ContextVar[Way] = ContextVar("klaswacht_way", default=Way.PLAIN)


class EgressRefused(OSError):
    """The guard does not connect there. An `OSError`, because that is what a failed connect is to mitmproxy."""


class Egress:
    """Judges and resolves. `hosts` maps `host:port` to `address:port`; `own` are addresses that are never reached,
    and `own_names` names that are not, wherever they lead.

    `safe` knows the safe names of search engines (None: nobody gets them); `here` where this machine is. `loops` knows
    what was sent and comes back.
    """

    def __init__(
        self,
        ports: Iterable[int] = (80, 443),
        hosts: Mapping[str, str] | None = None,
        own: Iterable[tuple[str, int]] = (),
        own_names: Iterable[str] = (),
        clock: Callable[[], float] = time.monotonic,
        safe: SafeNames | None = None,
        here: Here | None = None,
        loops: Loops | None = None,
    ) -> None:
        self.loops = loops or Loops(os.urandom(32))
        self._safe = safe
        self._here = here or Here()
        self._ports = frozenset(ports)
        self._hosts = {_host_port(name): _host_port(to) for name, to in (hosts or {}).items()}
        self._own = {(_plain(host), port) for host, port in own}
        self._own_names = frozenset(map(_name, own_names))
        self._own_ports = {port for _, port in self._own}
        self._addresses = frozenset(found for host, _ in self._own if (found := address_of(host)) is not None)
        self._clock = clock
        self._kept: dict[tuple[Any, ...], tuple[float, Infos | int, Place | None]] = {}  # or why not
        self._asking: dict[tuple[Any, ...], asyncio.Task[Infos]] = {}
        self._resolve: Resolve | None = None

    # --- judging -----------------------------------------------------------------------------------------------------

    def port_open(self, host: str, port: int) -> bool:
        """Whether the port is listed, or the school maps this very name and port."""
        return port in self._ports or (_name(host), port) in self._hosts

    def open(self, host: str, port: int) -> bool:
        """Whether the guard may try to connect there, as far as the name and port tell."""
        return self.port_open(host, port) and self.literal_open(host) and _name(host) not in self._own_names

    def literal_open(self, host: str) -> bool:
        """Whether `host` is a name, or an address out in the world."""
        if not host[-1:].isdigit() and ":" not in host and "]" not in host:
            return True  # no address ends in a letter, but for IPv6, and that has colons
        return address_of(host) is None or self._outside(host)

    def is_here(self, address: str) -> bool:
        """Whether an address (as text) is one of this machine's own."""
        found = address_of(address)
        return found is not None and (found in self._addresses or found in self._here.now().addresses)

    def mapped(self, host: str, port: int) -> bool:
        """Whether the school itself says where a name and port are: in its own building, as a rule."""
        return (_name(host), port) in self._hosts

    def may_come_back(self, scheme: str, host: str, port: int) -> bool:
        """Whether a request that goes there may be led back here by another machine of the school, in a readable way.

        Plain http may be, wherever it goes; what is said inside TLS only by where the school itself has it go.
        """
        return scheme == "http" or self.mapped(host, port)

    async def trouble(self, host: str, port: int) -> str | None:
        """Why the guard cannot or will not connect there: one of the kinds above, or None when it can be tried."""
        if not self.open(host, port):
            return UNREACHABLE
        try:
            await self.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except EgressRefused:
            return UNREACHABLE
        except (OSError, UnicodeError) as error:
            return UNANSWERED if _is_unanswered(error) else NOWHERE
        return None

    def _outside(self, text: str) -> bool:
        """Whether an address is out in the world, whatever it hides inside, and neither here nor next door."""
        address = address_of(text)
        if address is None or not in_world(address):
            return False
        return address not in self._addresses and not self._here.now().near(address)

    def _mapped_open(self, to: tuple[str, int]) -> bool:
        """Whether a mapped target is not the dashboard or a listener of the guard, by any of this machine's names."""
        host, port = to
        address = address_of(host)
        if address is None:
            return False  # mapped to a name: not what the setting is for
        if (host, port) in self._own:
            return False
        local = address.is_loopback or address.is_unspecified or self.is_here(host)
        return not (local and port in self._own_ports)

    # --- resolving ---------------------------------------------------------------------------------------------------

    def install(self, loop: asyncio.AbstractEventLoop) -> None:
        """Put the guard on a loop's own resolving, which every outgoing connection of it goes through.

        Works on asyncio's own loops only (uvloop ignores the attribute), which is checked.
        """
        self._resolve = cast(Resolve, loop.getaddrinfo)
        setattr(loop, "getaddrinfo", self.getaddrinfo)  # noqa: B010 - a method of one object, which types cannot say
        if loop.getaddrinfo != self.getaddrinfo or not isinstance(loop, asyncio.BaseEventLoop):
            raise RuntimeError("this event loop does not let names be guarded; use asyncio's own")

    def choose(self, way: Way) -> None:
        """By which name search engines are looked up from here on, in this task and those that it starts."""
        _WAY.set(way)

    async def getaddrinfo(
        self,
        host: bytes | str | None,
        port: bytes | str | int | None,
        *,
        family: int = 0,
        type: int = 0,
        proto: int = 0,
        flags: int = 0,
    ) -> Infos:
        """As `loop.getaddrinfo`, with only the addresses that may be reached. Raises `EgressRefused` when none is."""
        resolve = self._resolve or cast(Resolve, asyncio.get_running_loop().getaddrinfo)
        if flags & socket.AI_PASSIVE:  # to listen
            return await resolve(host, port, family=family, type=type, proto=proto, flags=flags)
        if not isinstance(host, str) or not isinstance(port, int):
            raise EgressRefused("refused by the guard")  # no name at all means this machine
        options = {"family": family, "type": type, "proto": proto, "flags": flags}
        safe, alone = self._safely(host, port)
        if safe is not None:
            try:
                return await self._found(safe, port, options)
            except OSError:
                if alone:
                    raise
        return await self._found(host, port, options)

    def _safely(self, host: str, port: int) -> tuple[str | None, bool]:
        """The safe name to look up instead, and whether nothing else will do."""
        way = _WAY.get()
        name = self._safe.safe_name(_name(host)) if self._safe is not None and way is not Way.PLAIN else None
        if self._safe is None or name is None:
            return None, False
        if (_name(host), port) in self._hosts and (name, port) not in self._hosts:
            return None, False  # the school maps this very name
        return name, way is Way.ONLY_SAFE or self._safe.only_by_name(_name(host))

    async def _found(self, host: str, port: int, options: dict[str, int]) -> Infos:
        """What is known of a name, or is looked up once for all who ask now."""
        key = (host, port, *options.values())
        until, kept, place = self._kept.get(key, (0.0, socket.EAI_NONAME, None))
        if self._clock() < until:
            if isinstance(kept, int):
                raise socket.gaierror(kept, _AGO[kept])
            if place is None or place is self._here.now():
                return kept
            # This machine has moved since: another look.
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.ensure_future(self._look_up(key, host, port, options))
            task.add_done_callback(lambda done: self._asked(key, done))
        return await asyncio.shield(task)

    def _asked(self, key: tuple[Any, ...], done: asyncio.Task[Infos]) -> None:
        self._asking.pop(key, None)
        if not done.cancelled():
            done.exception()  # seen, also when whoever asked has left

    async def _look_up(self, key: tuple[Any, ...], host: str, port: int, options: dict[str, int]) -> Infos:
        resolve = self._resolve or cast(Resolve, asyncio.get_running_loop().getaddrinfo)
        if _name(host) in self._own_names:
            raise EgressRefused("refused by the guard")
        mapped = self._hosts.get((_name(host), port))
        if mapped is not None:
            if not self._mapped_open(mapped):
                raise EgressRefused("refused by the guard")
            infos = await resolve(*mapped, **options)
            self._keep(key, _TTL, infos)
            return infos
        place = self._here.now()
        try:
            infos = await resolve(host, port, **options)
        except OSError as error:
            self._keep(key, _FAILED_TTL, socket.EAI_AGAIN if _is_unanswered(error) else socket.EAI_NONAME)
            raise
        outside = [info for info in infos if self._outside(str(info[4][0]))]
        if infos and not outside:
            raise EgressRefused("refused by the guard")
        self._keep(key, _TTL, outside, place)
        return outside

    def _keep(self, key: tuple[Any, ...], seconds: float, infos: Infos | int, place: Place | None = None) -> None:
        if len(self._kept) >= _MOST:
            self._kept.pop(next(iter(self._kept)))
        self._kept[key] = (self._clock() + seconds, infos, place)


def _is_unanswered(error: Exception) -> bool:
    """Whether looking up failed because no name server gave an answer, and not because there is no such name."""
    return isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN


def own_places(listen: Listen) -> tuple[tuple[str, int], ...]:
    """Every address and port that the guard itself listens on, as `Egress` takes them for its own."""
    ports = (listen.proxy, listen.keyed, listen.dashboard, listen.transparent, listen.page, listen.dns)
    reached = (listen.address, *listen.reach)
    return tuple((host, port) for host in reached for port in (*ports, *listen.groups.values()) if port)


def own_names(listen: Listen) -> frozenset[str]:
    """Every name that leads to the guard itself."""
    return frozenset({listen.name, listen.pupils_host, *listen.reach})


def trust_bundle(folder: Path, extra: Iterable[Path]) -> Path | None:
    """One file with the public CAs and the school's extra ones, in `folder`; None when there is nothing extra.

    Raises `OSError` when a file cannot be read or written.
    """
    parts = [path.read_bytes() for path in extra]
    if not parts:
        return None
    bundle = folder / "trusted.pem"
    # Two workers may do this at once: each writes a file of its own, and the last move wins with the same bytes.
    own = folder / f".trusted.{os.getpid()}.pem"
    own.write_bytes(b"\n".join([Path(certifi.where()).read_bytes(), *parts]))
    own.replace(bundle)
    return bundle


def _host_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return _plain(host), int(port)


def _name(host: str) -> str:
    return host.rstrip(".").lower()


def _plain(host: str) -> str:
    return _name(host.strip("[]"))
