"""The name servers that the guard asks, and what they said a moment ago.

Asked over UDP with a number and a port that nobody can guess, over TCP when the answer is long, one server after the
other. The same question of many devices is asked once. Kept are answers about names, never who asked, never a decision.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping

import dns.asyncbackend
import dns.asyncquery
import dns.exception
import dns.message
import dns.name
from dns.message import Message
from dns.rcode import Rcode
from dns.rdatatype import RdataType

from policy.match import suffixes
from proxy_addons.names.found import Found, Nonsense, World, found_in
from proxy_addons.names.message import PAYLOAD

_EACH = 1.5  # seconds for one try at one server
_ALL = 4.5  # seconds for all of them: a device waits five
_ROUNDS = 2  # a packet may get lost
_MOST_KEPT = 8192
_MOST_ASKED = 1000  # questions that are out at one time
_FAILED_KEPT = 1.0  # seconds
_HEARD = frozenset({Rcode.NOERROR, Rcode.NXDOMAIN})

type Server = tuple[str, int]
type Key = tuple[str, RdataType]


class Unanswered(Exception):
    """No server gave an answer that can be used."""


class Upstream:
    """Asks and remembers. All of it on one event loop.

    `servers` are asked about the world, those of a zone about the names in it. `inside` are names whose addresses may
    be in the school's own network, as those of a zone may; `world` knows which are not.
    """

    def __init__(
        self,
        servers: Iterable[Server],
        zones: Mapping[str, Iterable[Server]],
        inside: Iterable[str],
        world: World,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._servers = tuple(servers)
        self._zones = {zone: tuple(its) for zone, its in zones.items()}
        self._inside = frozenset(inside)
        self._world = world
        self._clock = clock
        self._kept: OrderedDict[Key, tuple[float, Found]] = OrderedDict()
        self._failed: OrderedDict[Key, float] = OrderedDict()
        self._asking: dict[Key, asyncio.Task[Found]] = {}
        self._silent: dict[Server, float] = {}

    def zone_of(self, host: str) -> str | None:
        """The zone of the school's own that a host is in, the closest one."""
        return next((zone for zone in suffixes(host) if zone in self._zones), None)

    def known(self, host: str, kind: RdataType) -> Found | None:
        """What is remembered of a host, if anything is."""
        kept = self._kept.get((host, kind))
        if kept is None or kept[0] <= self._clock():
            return None
        self._kept.move_to_end((host, kind))
        return kept[1]

    async def find(self, host: str, kind: RdataType) -> Found:
        """Ask for what is not remembered. Raises `Unanswered`."""
        key = (host, kind)
        if self._failed.get(key, 0.0) > self._clock():
            raise Unanswered
        task = self._asking.get(key)
        if task is None:
            if len(self._asking) >= _MOST_ASKED:
                raise Unanswered
            task = self._asking[key] = asyncio.ensure_future(self._look_up(key))
            task.add_done_callback(lambda done: self._asked(key, done))
        return await asyncio.shield(task)

    async def stop(self) -> None:
        """Ask no further."""
        for task in tuple(self._asking.values()):
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)

    def _asked(self, key: Key, done: asyncio.Task[Found]) -> None:
        self._asking.pop(key, None)
        if not done.cancelled() and done.exception() is not None:
            _keep(self._failed, key, self._clock() + _FAILED_KEPT)

    async def _look_up(self, key: Key) -> Found:
        host, kind = key
        zone = self.zone_of(host)
        name = dns.name.from_text(host)
        query = dns.message.make_query(name, kind, use_edns=0, payload=PAYLOAD)
        answer = await self._heard(query, self._servers if zone is None else self._zones[zone])
        world = None if zone is not None or host in self._inside else self._world
        try:
            found = found_in(answer, name, kind, world)
        except Nonsense:
            raise Unanswered from None
        _keep(self._kept, key, (self._clock() + found.seconds, found))
        return found

    async def _heard(self, query: Message, servers: tuple[Server, ...]) -> Message:
        try:
            async with asyncio.timeout(_ALL):
                for _ in range(_ROUNDS):
                    for server in sorted(servers, key=self._was_silent):
                        answer = await self._said(query, server)
                        if answer is not None:
                            return answer
        except TimeoutError:
            pass
        raise Unanswered

    def _was_silent(self, server: Server) -> bool:
        return self._silent.get(server, 0.0) > self._clock()

    async def _said(self, query: Message, server: Server) -> Message | None:
        """What one server says, or None when that is nothing of use; it is asked last for a while then."""
        try:
            answer, _ = await dns.asyncquery.udp_with_fallback(
                query,
                server[0],
                timeout=_EACH,
                port=server[1],
                ignore_unexpected=True,
                ignore_errors=True,
                backend=dns.asyncbackend.get_backend("asyncio"),
            )
        except (OSError, EOFError, ValueError, dns.exception.DNSException):
            self._silent[server] = self._clock() + 10.0
            return None
        self._silent.pop(server, None)
        return answer if answer.rcode() in _HEARD else None


def _keep[V](kept: OrderedDict[Key, V], key: Key, value: V) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > _MOST_KEPT:
        kept.popitem(last=False)


def server_of(text: str) -> Server:
    """A server out of `address:port`."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)
