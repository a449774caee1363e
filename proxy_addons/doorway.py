"""The front door: takes every new connection, and hands it to the engine that carries it.

A CONNECT to a reviewed host becomes a raw `tunnel`, everything else goes to mitmproxy with the bytes that were read
(`arrival` reads them). Everything is bounded: bytes of a head, time to send it, connections. What is turned away is
counted by kind, and is nobody's.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import ip_address, ip_network
from itertools import count

from proxy_addons.arrival import REALM, Arrival
from proxy_addons.connections import Connections, Line
from proxy_addons.crowd import Crowd, Place
from proxy_addons.egress import Egress, Way
from proxy_addons.facts import Away
from proxy_addons.failsafe import Failsafe
from proxy_addons.faults import BROKEN
from proxy_addons.loops import random_of
from proxy_addons.opening import ECH
from proxy_addons.tunnel import Tunnel

__all__ = ["ECH", "REALM", "Doorway"]

type Carry = Callable[[Line, asyncio.Transport, bytes, Callable[[Away], None], Callable[[], None]], None]
"""Carries a connection, whose first bytes were read, until it ends.

It says why it turned the client away, if it did, and when it is over.
"""


class Doorway:
    """Takes connections for one worker. `make` is the protocol factory of every listener, `make_through` of those that
    a firewall leads connections to.

    `balancers` are the addresses and networks that speak for others: they must say for whom (`proxy_protocol`), and
    nobody else may. `school` are its own networks, also with addresses of the whole world: nobody else's is let in.
    Raises `ValueError` when one of them is none.
    """

    def __init__(
        self,
        failsafe: Failsafe,
        connections: Connections,
        egress: Egress,
        carry: Carry,
        balancers: Iterable[str] = (),
        school: Iterable[str] = (),
    ) -> None:
        self.failsafe = failsafe
        self.connections = connections
        self.egress = egress
        self.crowd = Crowd(school)
        self.turned_away: Counter[Away] = Counter()
        self._carry = carry
        self._tasks: set[asyncio.Task[None]] = set()
        self._balancers = tuple(ip_network(text, strict=False) for text in balancers)
        self._is_balancer = lru_cache(maxsize=1024)(self._among_balancers)
        self._ids = count(1)
        self._mine = secrets.token_hex(6)  # what tells this worker's connections from those of another

    def make(self) -> asyncio.Protocol:
        """Return the protocol for one new connection."""
        return Arrival(self)

    def make_through(self) -> asyncio.Protocol:
        """Return the protocol for one new connection that knows of no proxy."""
        return Arrival(self, through=True)

    @property
    def inside(self) -> int:
        """How many connections there are, with those that have not said anything yet."""
        return len(self.crowd)

    def next_id(self) -> str:
        """An id that no other connection has."""
        return f"{self._mine}-{next(self._ids):x}"

    def is_balancer(self, address: str) -> bool:
        """Whether an address may speak for others."""
        return bool(self._balancers) and self._is_balancer(address)

    def turn_away(self, why: Away) -> None:
        """Count that a connection was closed here."""
        self.turned_away[why] += 1
        self.failsafe.turned_away(why)

    def inspect(self, line: Line, place: Place, transport: asyncio.Transport, data: bytes) -> None:
        """Hand a connection over to mitmproxy, with the bytes that were read from it put back."""
        ended = self._ending(line, place)
        try:
            self._carry(line, transport, data, self.turn_away, ended)
        except BROKEN as error:
            self._give_up(transport, ended, error)

    def tunnel(self, line: Line, place: Place, transport: asyncio.Transport, data: bytes) -> None:
        """Let a connection's bytes through raw, to the host of its CONNECT."""
        ended = self._ending(line, place)
        task = asyncio.ensure_future(self._tunnelled(line, transport, data, ended))
        self._tasks.add(task)

        def over(done: asyncio.Task[None]) -> None:
            self._tasks.discard(done)
            error = None if done.cancelled() else done.exception()
            if error is not None or done.cancelled():
                self._give_up(transport, ended, error or asyncio.CancelledError())

        task.add_done_callback(over)

    def _give_up(self, transport: asyncio.Transport, ended: Callable[[], None], error: BaseException) -> None:
        """It broke on its way to what carries it: closed, and its place is free."""
        transport.abort()
        ended()
        self.failsafe.note("doorway", error)

    async def _tunnelled(
        self, line: Line, transport: asyncio.Transport, data: bytes, ended: Callable[[], None]
    ) -> None:
        tunnel = Tunnel(transport, ended)
        line.end = tunnel.abort
        random = random_of(data)
        if self.egress.loops.hello_back(random):
            self.turn_away(Away.LOOP)
            transport.abort()
        elif line.connect is None or line.closed or not self.egress.literal_open(line.connect[0]):
            transport.abort()
        self.egress.loops.hello_out(random)
        # Nothing in a tunnel can be made safe: there the name must do it, or nothing passes.
        self.egress.choose(Way.ONLY_SAFE if line.safe else Way.PLAIN)
        await tunnel.open(*(line.connect or ("", 0)), data)

    def _ending(self, line: Line, place: Place) -> Callable[[], None]:
        def ended() -> None:
            try:
                self.connections.gone(line.peer.connection)
            finally:
                place.leave()

        return ended

    def _among_balancers(self, address: str) -> bool:
        try:
            ip = ip_address(address)
        except ValueError:
            return False
        return any(ip.version == network.version and ip in network for network in self._balancers)
